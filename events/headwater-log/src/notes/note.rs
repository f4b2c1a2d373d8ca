use std::collections::HashSet;

use bytes::Bytes;
use headwater_event::Aggregate;

use super::NoteError;

/// What was derived from an aggregate's events, and is kept beside them under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What it is called: letters, digits, `-` and `_`, at most [`NAME_BYTES_MAX`](Self::NAME_BYTES_MAX).
    pub name: String,
    /// What it says, which may be nothing.
    pub content: Bytes,
}

impl Note {
    /// How long a name may be. It shares a subject with an aggregate's id, and a subject's length is limited.
    pub const NAME_BYTES_MAX: usize = 128;

    /// A note with this content. What is wrong with its name, the log tells.
    #[must_use]
    pub fn new(name: impl Into<String>, content: impl Into<Bytes>) -> Self {
        Self { name: name.into(), content: content.into() }
    }
}

/// A note on its way into a log.
#[derive(Debug)]
pub(crate) struct NewNote {
    pub(crate) subject: String,
    pub(crate) content: Bytes,
}

/// What the frame around the headers, the name of the stream and the place in a batch take, the domain's name aside. Both logs
/// count alike, so that what fits into one fits into the other.
const LOG_HEADER_BYTES: usize = 160;

/// Whether something can be noted under this name.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=Note::NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// The notes as both logs keep them, after every check that needs no log. Of two with one name, the later one is kept.
///
/// # Errors
///
/// [`NoteError::Name`] and [`NoteError::TooLarge`].
pub(crate) fn new_notes(
    aggregate: &Aggregate,
    notes: Vec<Note>,
    bytes_max: usize,
) -> Result<Vec<NewNote>, NoteError> {
    let header_bytes = LOG_HEADER_BYTES + aggregate.domain().as_str().len();
    let (mut names, mut kept) = (HashSet::new(), Vec::with_capacity(notes.len()));
    for Note { name, content } in notes.into_iter().rev() {
        let bytes = header_bytes + content.len();
        if !is_name(&name) {
            return Err(NoteError::Name { aggregate: aggregate.clone(), name });
        }
        if bytes > bytes_max {
            return Err(NoteError::TooLarge { aggregate: aggregate.clone(), name, bytes, max: bytes_max });
        }
        let subject = aggregate.note_subject(&name);
        if names.insert(name) {
            kept.push(NewNote { subject, content });
        }
    }
    kept.reverse();
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(notes: &[(&str, &'static str)]) -> Vec<(String, Bytes)> {
        let aggregate = Aggregate::new("orders".parse().unwrap(), "order", "7").unwrap();
        let notes = notes.iter().map(|&(name, content)| Note::new(name, content)).collect();
        let kept = new_notes(&aggregate, notes, 1000).unwrap();
        kept.into_iter().map(|note| (note.subject, note.content)).collect()
    }

    #[test]
    fn notes_keep_their_order_and_the_later_one_of_a_name_its_place() {
        let kept = kept(&[("state", "1"), ("a", "2"), ("state", "3"), ("b", "4")]);
        let subject = |name: &str| format!("note.orders.order.7.{name}");
        let expected = [("a", "2"), ("state", "3"), ("b", "4")];
        assert_eq!(kept, expected.map(|(name, content)| (subject(name), Bytes::from(content))));
    }

    #[test]
    fn a_name_is_a_token() {
        let longest = "x".repeat(Note::NAME_BYTES_MAX);
        for name in ["state", "done-0123456789abcdef0123456789abcdef", "State_2", "7", &longest] {
            assert!(is_name(name), "{name:?}");
        }
        let longer = format!("{longest}x");
        for name in ["", "a.b", "*", ">", "a b", "a/b", "é", "a\n", &longer] {
            assert!(!is_name(name), "{name:?}");
        }
    }
}
