//! What serde and schemars mean by their schemas, written out as plain JSON Schema.
//!
//! | Said by | Meant | Done by |
//! |---|---|---|
//! | a writer's object with `properties` | holds these and no others | `closed` |
//! | a reader's object with `properties` | other properties are ignored, unless they are refused as written | as written |
//! | `x-serde-alias` on a reader's property or variant | is also read under these names, but not under two at once | `tolerant` |
//! | `x-serde-other` on a reader's variant or enum | any other tag is taken | `tolerant` |
//! | `format: int32`, `uint64`, `float`, ... | bounds | `numbers` |
//! | a `format` that no validator knows, such as `ip` | fits itself, and nothing is known of it otherwise | `opaque` |
//!
//! What can't be told from two schemas stays untold: schemars writes a map by `u32` as it writes one by `u8`.

mod closed;
mod integer_keys;
mod numbers;
mod opaque;
mod reference;
mod samples;
mod standing;
mod subschemas;
mod tolerant;

use serde_json::Value;

use super::subset::{Decision, is_document};

pub(super) use self::reference::resolve;

/// Whether the reader takes every document that the writer writes.
pub(super) fn decide(serialize: &Value, deserialize: &Value) -> Decision {
    match decide_plain(&writer(serialize), &reader(deserialize)) {
        // Where alternatives overlap, to close one makes room for another, and so for more than is written.
        Decision::NotSubset { witness } if !is_document(serialize, &witness) => Decision::Unknown {
            reason: format!("the alternatives of the writer's schema overlap, so {witness} shows nothing"),
        },
        decided => decided,
    }
}

/// The same of schemas that are plain already.
pub(super) fn decide_plain(writer: &Value, reader: &Value) -> Decision {
    opaque::decide(writer, reader)
}

/// What a writer of this schema writes, as plain JSON Schema: its objects hold the properties that are named for them and
/// no others, and the widths of numbers are bounds. Every verdict of [`compare`](fn@super::compare) takes it for granted, so whoever lets
/// events in that no Rust type has written asks this schema, and the one as it is written too.
#[must_use]
pub fn written(serialize: &Value) -> Value {
    writer(serialize)
}

/// What a writer writes.
pub(super) fn writer(serialize: &Value) -> Value {
    let mut schema = closed::closed(serialize);
    numbers::bound(&mut schema);
    schema
}

/// What a reader takes.
pub(super) fn reader(deserialize: &Value) -> Value {
    let mut schema = deserialize.clone();
    tolerant::tolerate(&mut schema);
    integer_keys::spell_out(&mut schema);
    numbers::bound(&mut schema);
    schema
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_that_only_a_closed_schema_allows_is_no_witness() {
        let overlapping = json!({"oneOf": [{"type": "object"}, {"const": {"a": "a"}}]});
        assert!(!matches!(decide(&overlapping, &overlapping), Decision::NotSubset { .. }));
    }
}
