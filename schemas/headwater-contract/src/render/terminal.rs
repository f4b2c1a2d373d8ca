use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use annotate_snippets::{
    Annotation, AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str,
};

use super::in_order;
use crate::code::Severity;
use crate::finding::Finding;
use crate::place::{Excerpt, Place};

/// Findings as rustc shows its own: with an excerpt of the file and a caret.
pub fn terminal(findings: &[Finding], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for finding in in_order(findings) {
        text.push_str(&renderer.render(&[group(finding)]));
        text.push_str("\n\n");
    }
    text
}

fn group(finding: &Finding) -> Group<'_> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(finding.message.as_str()).id(finding.code.id());
    Group::with_title(title)
        .elements(excerpts(finding))
        .elements(finding.notes.iter().map(|note| Level::NOTE.message(normalize_untrusted_str(note))))
        .elements(finding.help.iter().map(|help| Level::HELP.message(normalize_untrusted_str(help))))
}

/// The primary place and the related ones, one excerpt for each file: rustc's way to show what belongs
/// together.
fn excerpts(finding: &Finding) -> Vec<Element<'_>> {
    let mut elements: Vec<Element<'_>> = Vec::new();
    let mut snippets: BTreeMap<&Path, usize> = BTreeMap::new();
    let mut order: Vec<(&Place, Vec<Annotation<'_>>)> = Vec::new();
    let primary = finding.place.iter().map(|place| (place, AnnotationKind::Primary));
    let related = finding.related.iter().map(|place| (place, AnnotationKind::Context));
    for (place, kind) in primary.chain(related) {
        let index = *snippets.entry(&place.path).or_insert(order.len());
        if index == order.len() {
            order.push((place, Vec::new()));
        }
        if order[index].0.excerpt.is_none() {
            order[index].0 = place;
        }
        if let Some(excerpt) = &place.excerpt {
            order[index].1.push(kind.span(within(excerpt)).label(place.label.as_deref()));
        }
    }
    for (place, annotations) in order {
        match &place.excerpt {
            Some(excerpt) => elements.push(
                Snippet::source(excerpt.source.as_ref())
                    .path(place.path_shown())
                    .annotations(annotations)
                    .into(),
            ),
            None => {
                elements.push(Origin::path(place.path_shown()).into());
                let label =
                    place.label.iter().map(|label| Level::NOTE.message(normalize_untrusted_str(label)));
                elements.extend(label.map(Element::from));
            }
        }
    }
    elements
}

/// The stretch as far as it lies in the text: an excerpt may come from anywhere, and rendering it must not
/// panic.
fn within(excerpt: &Excerpt) -> Range<usize> {
    let boundary = |mut byte: usize| {
        byte = byte.min(excerpt.source.len());
        while !excerpt.source.is_char_boundary(byte) {
            byte -= 1;
        }
        byte
    };
    let start = boundary(excerpt.span.start);
    start..boundary(excerpt.span.end).max(start)
}
