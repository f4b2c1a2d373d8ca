use syn::Ident;

/// `sent-back` as a name in Rust: `sent_back`.
pub(super) fn snake(name: &str) -> String {
    let snake = name.replace('-', "_");
    // A keyword isn't a name; nor is one with an underscore after it a keyword.
    if syn::parse_str::<Ident>(&snake).is_ok() { snake } else { format!("{snake}_") }
}

/// `sent-back` as a type's name: `SentBack`.
pub(super) fn pascal(name: &str) -> String {
    let words = name.split(['-', '_']);
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>())
    };
    words.filter_map(capital).collect()
}

/// `sent-back` as people write it: `sent back`.
pub(super) fn spaced(name: &str) -> String {
    name.replace(['-', '_'], " ")
}

/// The article in front of a word.
pub(super) fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_what_rust_and_people_call_it() {
        assert_eq!((snake("sent-back"), pascal("sent-back"), spaced("sent-back")), {
            ("sent_back".to_owned(), "SentBack".to_owned(), "sent back".to_owned())
        });
        assert_eq!((snake("move"), pascal("gate_2")), ("move_".to_owned(), "Gate2".to_owned()));
        assert_eq!(list(&["a".into(), "b".into(), "c".into()]), "a, b and c");
    }
}
