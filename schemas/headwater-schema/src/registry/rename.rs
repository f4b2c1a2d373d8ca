use super::Delta;

/// A property that is gone beside a new one of the same kind: mostly a field that was renamed in Rust.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rename {
    from: String,
    to: String,
}

impl Rename {
    /// What looks renamed. Only pairs that nothing else could be are named.
    pub(super) fn among(deltas: &[Delta]) -> Vec<Self> {
        let gone = deltas.iter().filter(|delta| delta.after.is_none());
        gone.filter_map(|gone| {
            let (object, from) = property(gone)?;
            let is_like = |delta: &&Delta| {
                delta.before.is_none()
                    && delta.after == gone.before
                    && property(delta).is_some_and(|(other, _)| other == object)
            };
            let mut new = deltas.iter().filter(is_like);
            let (_, to) = property(new.next()?)?;
            new.next().is_none().then(|| Self { from: name(from), to: name(to) })
        })
        .collect()
    }

    /// What its author should do.
    pub(super) fn help(&self) -> String {
        let Self { from, to } = self;
        format!("if `{from}` is called `{to}` now, keep its name in JSON: `#[serde(rename = \"{from}\")]`")
    }
}

/// The object of which the difference is a property, and the property.
fn property(delta: &Delta) -> Option<(&str, &str)> {
    let (object, name) = delta.pointer.rsplit_once('/')?;
    object.ends_with("/properties").then_some((object, name))
}

fn name(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::registry::deltas;

    #[test]
    fn a_field_of_the_same_kind_in_place_of_another_was_renamed() {
        let before = json!({"properties": {"a": {"type": "string"}, "b": {"type": "integer"}}});
        let after = json!({"properties": {"c": {"type": "string"}, "b": {"type": "integer"}}});
        let renamed = [Rename { from: "a".into(), to: "c".into() }];
        assert_eq!(Rename::among(&deltas(&before, &after)), renamed);
    }

    #[test]
    fn nothing_is_guessed() {
        let before = json!({"properties": {"a": {"type": "string"}}});
        let two = json!({"properties": {"c": {"type": "string"}, "d": {"type": "string"}}});
        let other = json!({"properties": {"c": {"type": "integer"}}});
        let nested = json!({"properties": {}, "$defs": {"A": {"properties": {"a": {"type": "string"}}}}});
        for after in [two, other, nested] {
            assert_eq!(Rename::among(&deltas(&before, &after)), []);
        }
    }
}
