use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value, json};

/// The format `date-time` as readers take it: RFC 3339, and an instant that a Rust reader can hold.
///
/// The last hours of the year 9999 are RFC 3339 and no instant of a reader, which would halt at such an event.
pub(super) fn is_instant(text: &str) -> bool {
    static RFC_3339: LazyLock<Option<Validator>> = LazyLock::new(|| {
        let options = jsonschema::draft202012::options().should_validate_formats(true);
        options.build(&json!({ "format": "date-time" })).ok()
    });
    let is_date_time = RFC_3339.as_ref().is_some_and(|format| format.is_valid(&Value::from(text)));
    is_date_time && text.parse::<jiff::Timestamp>().is_ok()
}
