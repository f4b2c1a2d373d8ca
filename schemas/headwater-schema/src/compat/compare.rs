use super::subset::{Decision, Formats, decide};
use super::{Break, Contracts, Direction, Mode, Report, Undecided, explain, semantics};

/// Holds a candidate against the registered versions, of which the oldest comes first.
///
/// With nothing registered, everything is compatible.
#[must_use]
pub fn compare(mode: Mode, registered: &[Contracts], candidate: &Contracts) -> Report {
    let mut report = Report { mode, breaks: Vec::new(), undecided: Vec::new() };
    let others = if mode.is_transitive() { registered.len() } else { registered.len().min(1) };
    for direction in mode.directions() {
        // The latest first: what breaks against the nearest version is what its author can see.
        for (version, other) in registered.iter().enumerate().rev().take(others) {
            let (writer, reader) = match direction {
                Direction::Backward => (other, candidate),
                Direction::Forward => (candidate, other),
            };
            let decision = match mode {
                Mode::Subset => decide(&writer.serialize, &reader.deserialize, Formats::Either),
                _ => semantics::decide(&writer.serialize, &reader.deserialize),
            };
            match decision {
                Decision::Subset => {}
                Decision::NotSubset { witness } => {
                    let differences = match mode {
                        Mode::Subset => explain::open(writer, reader, &witness),
                        _ => explain::with_serde(writer, reader, &witness),
                    };
                    report.breaks.push(Break { direction: *direction, version, witness, differences });
                    break;
                }
                Decision::Unknown { reason } => {
                    report.undecided.push(Undecided { direction: *direction, version, reason });
                }
            }
        }
    }
    report
}
