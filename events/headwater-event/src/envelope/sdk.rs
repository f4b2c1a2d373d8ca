//! From and into the CloudEvents SDK's event, for code that talks to other bindings.
//!
//! Both ways go through the JSON format, which both sides know: it costs microseconds, and the SDK's
//! type stays at the edges.

use super::{Envelope, EnvelopeError};

impl TryFrom<&cloudevents::Event> for Envelope {
    type Error = EnvelopeError;

    /// Checks what the SDK lets pass: empty ids, bad attribute names, integers of more than 32 bits.
    fn try_from(event: &cloudevents::Event) -> Result<Self, Self::Error> {
        let json = serde_json::to_vec(event).map_err(|source| EnvelopeError::Json { source })?;
        Self::from_json(&json.into())
    }
}

impl TryFrom<&Envelope> for cloudevents::Event {
    type Error = EnvelopeError;

    /// The SDK wants an absolute URL as `dataschema` where CloudEvents takes any URI.
    fn try_from(envelope: &Envelope) -> Result<Self, Self::Error> {
        serde_json::from_slice(&envelope.to_json()?).map_err(|source| EnvelopeError::Json { source })
    }
}
