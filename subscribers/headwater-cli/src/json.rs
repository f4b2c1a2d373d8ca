//! JSON text with other whitespace. Members keep their order and numbers their digits, which they would
//! lose if they were read into a map of values: an operator wants to see what is stored.

/// The JSON text in one line.
pub(crate) fn compact(json: &str) -> String {
    significant(json).map(|(character, _)| character).collect()
}

/// The JSON text with a line for each member and element.
pub(crate) fn pretty(json: &str) -> String {
    let mut pretty = String::with_capacity(json.len() * 2);
    let mut depth = 0;
    let new_line = |pretty: &mut String, depth: usize| {
        pretty.push('\n');
        pretty.extend(std::iter::repeat_n("  ", depth));
    };
    let mut characters = significant(json).peekable();
    while let Some((character, in_string)) = characters.next() {
        match character {
            _ if in_string => pretty.push(character),
            '{' | '[' => {
                pretty.push(character);
                // Nothing in it: both brackets in one line.
                match characters.next_if(|(next, in_string)| !in_string && matches!(next, '}' | ']')) {
                    Some((closing, _)) => pretty.push(closing),
                    None => {
                        depth += 1;
                        new_line(&mut pretty, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut pretty, depth);
                pretty.push(character);
            }
            ',' => {
                pretty.push(character);
                new_line(&mut pretty, depth);
            }
            ':' => pretty.push_str(": "),
            _ => pretty.push(character),
        }
    }
    pretty
}

/// The characters of a JSON text without the whitespace around its tokens, and whether they are part of
/// a string.
fn significant(json: &str) -> impl Iterator<Item = (char, bool)> {
    let (mut in_string, mut escaped) = (false, false);
    json.chars().filter_map(move |character| {
        if !in_string {
            in_string = character == '"';
            return (!character.is_ascii_whitespace()).then_some((character, in_string));
        }
        let ends = character == '"' && !escaped;
        escaped = character == '\\' && !escaped;
        in_string = !ends;
        Some((character, true))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = "{ \"b\" : [ 1.10 ,\n 1e400, { } , [ ] ], \"a\":\"{ \\\"x\\\\\" , \"c\": null }";

    #[test]
    fn compact_json_has_no_whitespace_but_in_strings() {
        assert_eq!(compact(JSON), "{\"b\":[1.10,1e400,{},[]],\"a\":\"{ \\\"x\\\\\",\"c\":null}");
    }

    #[test]
    fn pretty_json_keeps_order_and_digits() {
        let pretty = pretty(JSON);
        insta::assert_snapshot!(pretty, @r#"
        {
          "b": [
            1.10,
            1e400,
            {},
            []
          ],
          "a": "{ \"x\\",
          "c": null
        }
        "#);
        assert_eq!(compact(&pretty), compact(JSON));
    }
}
