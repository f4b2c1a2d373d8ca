/// A media type, for comparing: its essence in lower case, and its character set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MediaType {
    essence: String,
    charset: Option<String>,
}

impl MediaType {
    /// Reads the value of a `Content-Type`. What isn't one is like nothing that is looked for.
    pub(crate) fn of(text: &str) -> Self {
        let mut parts = text.split(';').map(|part| part.trim().to_ascii_lowercase());
        let essence = parts.next().unwrap_or_default();
        let charset =
            parts.find_map(|part| Some(part.strip_prefix("charset=")?.trim_matches('"').to_owned()));
        Self { essence, charset }
    }

    pub(crate) fn is(&self, essence: &str) -> bool {
        self.essence == essence
    }

    /// Whether it is one of the formats in which a body holds whole events.
    pub(crate) fn is_cloudevents(&self) -> bool {
        self.essence.starts_with("application/cloudevents")
    }

    /// Whether it is JSON, in the encoding that JSON has.
    pub(crate) fn is_json(&self) -> bool {
        let json = self.is("application/json") || self.is("text/json") || self.essence.ends_with("+json");
        json && self.is_utf_8()
    }

    /// Whether no other encoding is claimed. ASCII is UTF-8 too.
    pub(crate) fn is_utf_8(&self) -> bool {
        self.charset.as_deref().is_none_or(|charset| matches!(charset, "utf-8" | "utf8" | "us-ascii"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_case_make_no_difference() {
        for text in
            ["application/json", "Application/JSON ; charset=\"UTF-8\"", "text/json;charset=utf-8;x=y"]
        {
            assert!(MediaType::of(text).is_json(), "{text}");
        }
        assert!(MediaType::of("application/vnd.orders+json").is_json());
        assert!(MediaType::of("Application/CloudEvents+JSON; v=1").is("application/cloudevents+json"));
        for text in ["", "text/plain", "application/jsonl", "application/json; charset=utf-16", "json"] {
            assert!(!MediaType::of(text).is_json(), "{text}");
        }
    }
}
