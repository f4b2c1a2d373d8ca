/// A piece of documentation, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) text: String,
    pub(super) is_code: bool,
}

/// Documentation as paragraphs.
pub(super) fn paragraphs(text: &str) -> Vec<String> {
    let paragraphs = text.split("\n\n").map(|paragraph| paragraph.trim().to_owned());
    paragraphs.filter(|paragraph| !paragraph.is_empty()).collect()
}

/// A paragraph of a doc comment: what is code is told apart, and of links to other items the names are left, because the
/// catalogue has no pages for those. Everything else stays as it was written.
pub(super) fn runs(paragraph: &str) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut rest = paragraph;
    while let Some(start) = rest.find(['`', '[']) {
        let (before, from) = rest.split_at(start);
        push(&mut runs, before, false);
        rest = match code(from) {
            Some((code, after)) => {
                push(&mut runs, code, true);
                after
            }
            None => match link(from) {
                Some((label, after)) => {
                    runs.extend(self::runs(label));
                    after
                }
                None => {
                    push(&mut runs, &from[..1], false);
                    &from[1..]
                }
            },
        };
    }
    push(&mut runs, rest, false);
    runs
}

fn push(runs: &mut Vec<Run>, text: &str, is_code: bool) {
    match runs.last_mut() {
        _ if text.is_empty() => {}
        Some(last) if last.is_code == is_code => last.text += text,
        _ => runs.push(Run { text: text.to_owned(), is_code }),
    }
}

/// `` `code` ``, and what comes after it.
fn code(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('`')?.split_once('`')
}

/// `[label](target)` or ``[`Item`]``, and what comes after it.
fn link(text: &str) -> Option<(&str, &str)> {
    let (label, after) = text.strip_prefix('[')?.split_once(']')?;
    let target = after.strip_prefix('(').and_then(|target| target.split_once(')'));
    match target {
        Some((_, after)) => Some((label, after)),
        None => code(label).filter(|(_, left)| left.is_empty()).map(|_| (label, after)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_told_apart_and_links_are_their_names() {
        for (text, shown) in [
            ("A `u8` and `u16`.", "A <u8> and <u16>."),
            ("[`FlightDeparted`](crate::FlightDeparted) is", "<FlightDeparted> is"),
            ("see [`Flight`], or [the guide](https://example.org)", "see <Flight>, or the guide"),
            ("a[0] and [b] and `", "a[0] and [b] and `"),
            ("[", "["),
            ("an [open `link`](", "an [open <link>]("),
            ("", ""),
        ] {
            let wrap = |run: Run| if run.is_code { format!("<{}>", run.text) } else { run.text };
            assert_eq!(runs(text).into_iter().map(wrap).collect::<String>(), shown, "{text}");
        }
    }
}
