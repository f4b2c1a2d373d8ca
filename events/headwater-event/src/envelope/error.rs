/// Why something is not a CloudEvent.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// A required attribute is not there.
    #[error("attribute `{name}`: is required and missing")]
    Missing {
        /// The attribute.
        name: &'static str,
    },
    /// An attribute's value breaks a rule.
    #[error("attribute `{name}`: {rule}")]
    Attribute {
        /// The attribute.
        name: String,
        /// The rule, as a sentence about the value.
        rule: String,
    },
    /// An attribute stands there twice.
    #[error("attribute `{name}`: is given twice")]
    Twice {
        /// The attribute.
        name: String,
    },
    /// `data` and `data_base64` exclude each other.
    #[error("both `data` and `data_base64` are given; an event has one payload")]
    TwoPayloads,
    /// The structured event isn't a JSON object, or its values have the wrong types.
    #[error("the structured event is not valid JSON")]
    Json {
        /// Where and why.
        source: serde_json::Error,
    },
    /// The data can't be written as JSON.
    #[error("the event's data have no JSON form")]
    Data {
        /// Why.
        source: serde_json::Error,
    },
    /// The data aren't what the content type says.
    #[error("the data are not {expected}, as the content type {content_type:?} asks for")]
    Payload {
        /// What the bytes should be.
        expected: &'static str,
        /// The `datacontenttype`.
        content_type: String,
    },
}

impl EnvelopeError {
    pub(super) fn attribute(name: &str, rule: impl Into<String>) -> Self {
        Self::Attribute { name: name.to_owned(), rule: rule.into() }
    }
}
