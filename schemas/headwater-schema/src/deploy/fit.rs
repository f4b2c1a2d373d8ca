use headwater_contract::EventRef;
use serde_json::Value;

use super::Announcement;
use crate::compat::{Contracts, Mode, Verdict, compare};

/// Why a reader can't read what a writer publishes.
pub(super) enum Misfit {
    /// The reader is older than the event.
    TooNew,
    /// The reader is newer than the event, and nothing leads from one to the other.
    NotUpcast,
    /// The reader doesn't take what is written, or it isn't known whether it does.
    Schema {
        /// What stands in the way, each in a line.
        reasons: Vec<String>,
        /// What to do, if the comparison knows.
        help: Option<String>,
    },
}

/// Whether `reader`, which knows the event as `read`, can read what `writer` publishes as `published`.
pub(super) fn misfit(
    writer: &Announcement,
    published: &EventRef,
    reader: &Announcement,
    read: &EventRef,
) -> Option<Misfit> {
    if published.version > read.version {
        return Some(Misfit::TooNew);
    }
    let unknown = |service: &Announcement, side: &str| {
        let reason = format!("{} doesn't say how it {side} {published}", service.title());
        Some(Misfit::Schema { reasons: vec![reason], help: None })
    };
    let Some(read_as) = reader.read(published) else {
        return if published.version < read.version {
            Some(Misfit::NotUpcast)
        } else {
            unknown(reader, "reads")
        };
    };
    let Some(written_as) = writer.written(published) else { return unknown(writer, "writes") };
    schemas(written_as, read_as)
}

fn schemas(written: &Value, read: &Value) -> Option<Misfit> {
    // What is written and read alike needs no rules.
    if written == read {
        return None;
    }
    let [writer, reader] = [written, read].map(|schema| Contracts::same(schema.clone()));
    // As if the writer were registered, and the reader wanted to take its place.
    let report = compare(Mode::Backward, &[writer], &reader);
    let differences: Vec<_> = report.breaks.iter().flat_map(|found| &found.differences).collect();
    let mut reasons: Vec<_> = differences.iter().map(ToString::to_string).collect();
    reasons.extend(report.breaks.iter().map(|found| format!("for example {}", found.witness)));
    reasons.extend(
        report.undecided.iter().map(|undecided| format!("it can't be decided: {}", undecided.reason)),
    );
    let help = differences.first().map(|difference| difference.help.clone());
    (report.verdict() != Verdict::Compatible).then_some(Misfit::Schema { reasons, help })
}
