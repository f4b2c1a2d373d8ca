//! Strings that have a format of the standard, and strings that have none.

/// A string of each format that is a string of few others.
pub(in super::super) const SAMPLES: [(&str, &str); 17] = [
    ("date", "2013-01-01"),
    ("date-time", "2013-01-01T10:00:00Z"),
    ("duration", "PT10M"),
    ("email", "ops@example.org"),
    ("hostname", "example.org"),
    ("ipv4", "192.0.2.1"),
    ("ipv6", "2001:db8::1"),
    ("iri", "https://example.org/é"),
    ("iri-reference", "/é"),
    ("json-pointer", "/a/b"),
    ("regex", "^[a-z]{2,}$"),
    ("relative-json-pointer", "1/a"),
    ("time", "10:00:00Z"),
    ("uri", "https://example.org/"),
    ("uri-reference", "../a"),
    ("uri-template", "/a/{id}"),
    ("uuid", "00000000-0000-4000-8000-000000000000"),
];

/// Strings that even the formats refuse that refuse little.
const REFUSED: [&str; 4] = ["^(", "{", "\\", " "];

/// Strings that are worth a try where a format is mentioned.
pub(super) fn examples(format: &str) -> impl Iterator<Item = &'static str> {
    // The name may be followed by what tells it apart from the same format of another draft.
    let name = format.split(' ').next().unwrap_or_default().to_owned();
    let samples = SAMPLES.into_iter().filter(move |(sampled, _)| *sampled == name);
    samples.map(|(_, sample)| sample).chain(REFUSED)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_sample_has_its_format() {
        for (format, sample) in SAMPLES {
            let options = jsonschema::draft202012::options().should_validate_formats(true);
            let validator = options.build(&json!({ "format": format })).unwrap();
            assert!(validator.is_valid(&json!(sample)), "{sample} is no {format}");
        }
    }
}
