use std::borrow::Cow;

/// How long a sentence of an answer may be, in bytes.
const SENTENCE_BYTES_MAX: usize = 2048;

/// How long a JSON pointer of an answer may be, in bytes.
const POINTER_BYTES_MAX: usize = 2048;

/// The sentence, without its middle if it is long: that is where it repeats what was sent, and its end says what to do.
pub(super) fn sentence(text: &str) -> Cow<'_, str> {
    if text.len() <= SENTENCE_BYTES_MAX {
        return Cow::Borrowed(text);
    }
    let half = (SENTENCE_BYTES_MAX - "…".len()) / 2;
    let (begin, end) = (text.floor_char_boundary(half), text.ceil_char_boundary(text.len() - half));
    Cow::Owned(format!("{}…{}", &text[..begin], &text[end..]))
}

/// The pointer, or the place around it if it is long: cut in a name, it would point elsewhere.
pub(super) fn pointer(text: &str) -> &str {
    if text.len() <= POINTER_BYTES_MAX {
        return text;
    }
    let short = &text[..text.floor_char_boundary(POINTER_BYTES_MAX)];
    short.rfind('/').map_or("", |end| &short[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_sentence_keeps_its_begin_and_its_end() {
        assert_eq!(sentence("the source \"é\" is unknown"), "the source \"é\" is unknown");
        let long = format!("the source {:?} is unknown; known is /a", "é".repeat(10_000));
        let short = sentence(&long);
        assert!(short.len() <= SENTENCE_BYTES_MAX, "{}", short.len());
        assert!(
            short.starts_with("the source \"éé") && short.ends_with("éé\" is unknown; known is /a"),
            "{short}"
        );
    }

    #[test]
    fn a_long_pointer_points_to_what_is_around_the_place() {
        assert_eq!(pointer("/data/a~1b"), "/data/a~1b");
        assert_eq!(pointer(&format!("/3/data/{}/x", "é".repeat(10_000))), "/3/data");
        assert_eq!(pointer(&"x".repeat(10_000)), "");
    }
}
