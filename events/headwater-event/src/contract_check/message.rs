use crate::EventType;

/// A message that is put together in a constant.
pub struct Message {
    bytes: [u8; Self::BYTES_MAX],
    len: usize,
}

impl Message {
    /// Longer messages are cut off.
    const BYTES_MAX: usize = 2048;

    /// Begins with this text.
    #[must_use]
    pub const fn new(text: &str) -> Self {
        Self { bytes: [0; Self::BYTES_MAX], len: 0 }.text(text)
    }

    /// Goes on with this text.
    #[must_use]
    pub const fn text(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        let mut index = 0;
        while index < text.len() && self.len < Self::BYTES_MAX {
            self.bytes[self.len] = text[index];
            self.len += 1;
            index += 1;
        }
        self
    }

    /// Goes on with this number.
    #[must_use]
    pub const fn number(mut self, number: usize) -> Self {
        if number >= 10 {
            self = self.number(number / 10);
        }
        let digits = "0123456789";
        self.text(digits.split_at(number % 10).1.split_at(1).0)
    }

    /// Goes on with the event's name, as contracts write it.
    #[must_use]
    pub const fn name(self, event: &EventType<'_>) -> Self {
        self.text(event.domain).text(".").text(event.aggregate).text(".").text(event.name)
    }

    /// Goes on with the event's name and version.
    #[must_use]
    pub const fn event(self, event: &EventType<'_>) -> Self {
        self.name(event).text("@").number(event.version as usize)
    }

    /// Goes on with the contract's line for the event.
    #[must_use]
    pub const fn entry(self, event: &EventType<'_>) -> Self {
        self.text("`\"").name(event).text("\" = ").number(event.version as usize).text("`")
    }

    /// All of it.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        match str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            // Only a character that was cut in two.
            Err(error) => match str::from_utf8(self.bytes.split_at(error.valid_up_to()).0) {
                Ok(text) => text,
                Err(_) => "",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPARTED: EventType<'static> =
        EventType { namespace: "", domain: "flights", aggregate: "flight", name: "departed", version: 12 };

    #[test]
    fn a_message_names_events_as_contracts_do() {
        const MESSAGE: Message = Message::new("ä ").event(&DEPARTED).text(": ").entry(&DEPARTED).number(0);
        assert_eq!(MESSAGE.as_str(), "ä flights.flight.departed@12: `\"flights.flight.departed\" = 12`0");
    }

    #[test]
    fn a_message_that_is_too_long_is_cut_between_characters() {
        let message = Message::new("a").text(&"ä".repeat(Message::BYTES_MAX));
        assert_eq!(message.as_str(), format!("a{}", "ä".repeat(Message::BYTES_MAX / 2 - 1)));
    }
}
