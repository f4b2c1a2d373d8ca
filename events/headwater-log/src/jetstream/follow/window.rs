/// What a reader asks the server for: so many messages, of so many bytes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) messages: usize,
    pub(super) bytes: usize,
}

/// How much the server may send before it hears from the reader again, which bounds what waits in memory.
///
/// Two requests are under way, so that the server has one to serve while the other one is renewed. It serves them by turns, so
/// the first one is half as large: else both would end at once. The server tells that a request has ended behind its last
/// message, and only then comes the next one: what was sent and isn't read yet is never more than what both ask for.
#[derive(Debug)]
pub(super) struct Window {
    /// What one request asks for.
    each: Request,
    under_way: usize,
    /// What they may still be answered with.
    bytes: usize,
    /// Whether the next message is larger than a request.
    is_next_large: bool,
    is_first: bool,
}

const REQUESTS: usize = 2;

/// How many messages a request asks for. The client takes some kilobytes for each, however small it is.
const MESSAGES: usize = 2000;

/// More than any server takes as a message.
const LARGE: usize = 1 << 30;

impl Window {
    /// Lets the server send so many bytes.
    pub(super) fn new(bytes_max: usize) -> Self {
        // A server takes 0 for no limit.
        let each = Request { messages: MESSAGES, bytes: (bytes_max / REQUESTS).clamp(1, LARGE) };
        Self { each, under_way: 0, bytes: 0, is_next_large: false, is_first: true }
    }

    /// What is to be asked for now, if anything is.
    pub(super) fn next(&mut self) -> Option<Request> {
        if self.under_way >= REQUESTS {
            return None;
        }
        let each = self.each;
        let request = if std::mem::take(&mut self.is_next_large) {
            // It comes alone.
            Request { messages: 1, bytes: LARGE }
        } else if std::mem::take(&mut self.is_first) {
            Request { messages: each.messages / 2, bytes: each.bytes.div_ceil(2) }
        } else {
            each
        };
        self.under_way += 1;
        self.bytes += request.bytes;
        Some(request)
    }

    /// A message has come.
    pub(super) fn received(&mut self, bytes: usize) {
        self.take(bytes);
    }

    /// A request has ended with so many bytes to spare.
    pub(super) fn ended(&mut self, spare: usize) {
        self.under_way = self.under_way.saturating_sub(1);
        self.take(spare);
        if self.under_way == 0 {
            // Whatever the server counts in another way.
            self.bytes = 0;
        }
    }

    /// A request has ended with so many bytes to spare, because the next message is larger.
    pub(super) fn ended_before_larger(&mut self, spare: usize) {
        self.ended(spare);
        // The next request is larger than what was left of this one, and that may be enough.
        self.is_next_large = spare >= self.each.bytes;
    }

    fn take(&mut self, bytes: usize) {
        if self.bytes == bytes {
            // Of a request that is used up to the last byte, the server doesn't say that it has ended.
            self.under_way = 0;
        }
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EACH: Request = Request { messages: MESSAGES, bytes: 500 };

    /// A window whose two first requests are sent.
    fn window() -> Window {
        let mut window = Window::new(1000);
        assert_eq!(window.next(), Some(Request { messages: MESSAGES / 2, bytes: 250 }));
        assert_eq!(window.next(), Some(EACH));
        assert_eq!(window.next(), None);
        window
    }

    #[test]
    fn a_request_follows_when_one_has_ended() {
        let mut window = window();
        window.received(100);
        assert_eq!(window.next(), None);
        window.ended(50);
        assert_eq!(window.next(), Some(EACH));
        assert_eq!(window.next(), None);
    }

    #[test]
    fn requests_that_are_used_up_to_the_last_byte_have_ended() {
        let mut window = window();
        window.received(750);
        assert_eq!((window.next(), window.next(), window.next()), (Some(EACH), Some(EACH), None));
    }

    #[test]
    fn one_of_two_that_is_used_up_to_the_last_byte_is_noticed_when_the_other_one_has_ended() {
        let mut window = window();
        window.received(250);
        window.received(460);
        window.ended_before_larger(40);
        assert_eq!((window.next(), window.next(), window.next()), (Some(EACH), Some(EACH), None));
    }

    #[test]
    fn a_message_that_no_request_has_room_for_comes_alone() {
        let alone = Request { messages: 1, bytes: LARGE };
        let mut window = window();
        window.ended_before_larger(250);
        assert_eq!(window.next(), Some(EACH), "it may have room");
        window.ended_before_larger(500);
        assert_eq!((window.next(), window.next()), (Some(alone), None));
        window.received(2000);
        window.ended(LARGE - 2000);
        assert_eq!((window.next(), window.next()), (Some(EACH), None));
    }

    #[test]
    fn a_request_always_has_room_for_something() {
        let mut window = Window::new(0);
        assert_eq!(window.next(), Some(Request { messages: MESSAGES / 2, bytes: 1 }));
    }
}
