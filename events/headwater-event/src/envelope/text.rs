use super::EnvelopeError;

/// The text of an event's attributes, one after another in one piece of memory: a reader of millions of events spends its time
/// on such pieces.
#[derive(Debug, Clone, Default)]
pub(super) struct Text(String);

/// Where an attribute is in the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Text {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(String::with_capacity(bytes))
    }

    /// Adds the value of the attribute `name`.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError::Attribute`] when it is too long.
    pub(super) fn add(&mut self, name: &str, value: &str) -> Result<Span, EnvelopeError> {
        let place = |bytes| {
            u32::try_from(bytes).map_err(|_| EnvelopeError::attribute(name, "must not take gigabytes"))
        };
        let start = place(self.0.len())?;
        let end = place(self.0.len().saturating_add(value.len()))?;
        self.0.push_str(value);
        Ok(Span { start, end })
    }

    pub(super) fn get(&self, span: Span) -> &str {
        // Only `add` makes spans.
        self.0.get(span.start as usize..span.end as usize).unwrap_or_default()
    }
}
