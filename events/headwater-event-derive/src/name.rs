use syn::{Error, LitStr};

/// Checks that a name can be a subject's token, so that a bad one is an error where it is written.
pub(crate) fn check(what: &str, name: &LitStr) -> Result<(), Error> {
    let text = name.value();
    let valid = text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
    if valid {
        return Ok(());
    }
    let message =
        format!("{text:?} can't name the {what}: use a lower-case letter, then letters, digits, `-` and `_`");
    Err(Error::new_spanned(name, message))
}

/// Checks that a namespace is a reverse-DNS name, so that the event's type can be read again.
pub(crate) fn check_namespace(namespace: &LitStr) -> Result<(), Error> {
    let text = namespace.value();
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    if text.split('.').all(label) {
        return Ok(());
    }
    let message = format!("{text:?} can't be the namespace: use a reverse-DNS name like `org.example`");
    Err(Error::new_spanned(namespace, message))
}

/// Collects errors, so that a person sees all of them at once.
#[derive(Default)]
pub(crate) struct Errors(Option<Error>);

impl Errors {
    pub(crate) fn push(&mut self, error: Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    pub(crate) fn keep<T>(&mut self, result: Result<T, Error>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    pub(crate) fn finish(self) -> Result<(), Error> {
        self.0.map_or(Ok(()), Err)
    }
}
