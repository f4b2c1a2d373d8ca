use serde_json::{Value, json};

/// What all messages have in common: the attributes of a CloudEvent in binary mode.
pub(super) fn message_trait() -> Value {
    json!({
        "description": "A CloudEvents 1.0 event in the binary mode of the NATS protocol binding.",
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "required": ["ce-specversion", "ce-id", "ce-source", "ce-type"],
            "properties": {
                "ce-specversion": { "type": "string", "const": "1.0" },
                "ce-id": text("Unique for each source."),
                "ce-source": { "type": "string", "format": "uri-reference", "description": "The service that published it, such as `/flight-ops`." },
                "ce-type": text("The event and its version."),
                "ce-subject": text("The id of the aggregate that it happened to."),
                "ce-time": { "type": "string", "format": "date-time", "description": "When it happened." },
                "ce-datacontenttype": { "type": "string", "const": "application/json" },
                "ce-dataschema": { "type": "string", "format": "uri", "description": "The registered schema of the payload." },
                "ce-correlationid": text("The same for all that one command led to."),
                "ce-causationid": text("The id of the command or event that caused it."),
                "ce-traceparent": text("The trace that it belongs to (W3C Trace Context)."),
                "ce-tracestate": text("What tracing systems add to that."),
                "Nats-Msg-Id": text("By which the broker recognises an event that is sent again."),
            },
        },
    })
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "minLength": 1, "description": description })
}
