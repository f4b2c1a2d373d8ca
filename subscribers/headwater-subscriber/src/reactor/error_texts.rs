use std::any::Any;
use std::error::Error;

/// How long the text of one error may be, in bytes: it may be the body of an answer, and a letter must be small enough for the broker.
const TEXT_MAX: usize = 4096;

/// How many errors of a chain are kept.
const ERRORS_MAX: usize = 8;

/// An error and what caused it, each once. Of a chain that is too long the first ones are kept, and the last one.
pub(super) fn chain(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut errors = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        // Some errors print their causes themselves.
        if !errors.iter().any(|said| said.contains(&text)) {
            errors.push(text);
        }
        cause = error.source();
    }
    if errors.len() > ERRORS_MAX {
        errors.drain(ERRORS_MAX - 1..errors.len() - 1);
    }
    errors.into_iter().map(bounded).collect()
}

/// What a panic says.
pub(super) fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    bounded(text.unwrap_or("without a message").to_owned())
}

/// A text that is cut where it gets too long, and says so.
pub(super) fn bounded(mut text: String) -> String {
    let length = text.len();
    if length <= TEXT_MAX {
        return text;
    }
    text.truncate(text.floor_char_boundary(TEXT_MAX));
    format!("{text}... ({length} bytes)")
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    /// An error that is caused by one more, and so on.
    #[derive(Debug)]
    struct Deep(u32, Option<Box<Deep>>);

    impl Deep {
        fn of(depth: u32) -> Self {
            (0..depth).rev().fold(Self(depth, None), |cause, number| Self(number, Some(Box::new(cause))))
        }
    }

    impl fmt::Display for Deep {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "error {:03}", self.0)
        }
    }

    impl Error for Deep {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|cause| cause as _)
        }
    }

    #[test]
    fn a_long_chain_keeps_its_first_errors_and_the_last_one() {
        let errors = chain(&Deep::of(100));
        assert_eq!(errors.len(), ERRORS_MAX);
        assert_eq!((errors[0].as_str(), errors[6].as_str()), ("error 000", "error 006"));
        assert_eq!(errors[7], "error 100");
        assert_eq!(chain(&Deep::of(7)).len(), 8);
    }

    #[test]
    fn a_long_text_is_cut_between_two_characters_and_says_how_long_it_was() {
        let text = bounded("ä".repeat(5_000) + "x");
        assert!(text.starts_with('ä') && text.len() < TEXT_MAX + 30, "{}", text.len());
        assert!(text.ends_with("ä... (10001 bytes)"), "{text}");
        assert_eq!(bounded("short".to_owned()), "short");
    }
}
