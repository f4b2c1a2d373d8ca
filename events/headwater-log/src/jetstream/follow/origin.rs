use jiff::Timestamp;

/// Where a message is from, as the consumer says in its reply subject (NATS ADR-15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Origin {
    /// The message's place in its stream.
    pub(super) sequence: u64,
    /// The message's place in what the consumer has delivered, from 1.
    pub(super) delivered: u64,
    pub(super) stored_at: Timestamp,
    /// How many messages the consumer has still to deliver.
    pub(super) pending: u64,
}

impl Origin {
    /// Reads `$JS.ACK.<stream>.<consumer>.<attempts>.<sequence>.<delivered>.<nanoseconds>.<pending>`, or the same with the
    /// domain and the account before the stream, and whatever servers may add at the end.
    pub(super) fn parse(reply: &str) -> Option<Self> {
        let tokens = reply.strip_prefix("$JS.ACK.")?;
        let before = match tokens.bytes().filter(|&byte| byte == b'.').count() {
            6 => 3,
            8.. => 5,
            _ => return None,
        };
        let mut tokens = tokens.split('.').skip(before);
        let mut number = || tokens.next()?.parse().ok();
        let (sequence, delivered, nanoseconds, pending) = (number()?, number()?, number()?, number()?);
        Some(Self { sequence, delivered, stored_at: at(nanoseconds)?, pending })
    }
}

/// So long after 1970.
fn at(nanoseconds: u64) -> Option<Timestamp> {
    const SECOND: u64 = 1_000_000_000;
    let second = i64::try_from(nanoseconds / SECOND).ok()?;
    let nanosecond = i32::try_from(nanoseconds % SECOND).ok()?;
    Timestamp::new(second, nanosecond).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> Origin {
        Origin {
            sequence: 1028,
            delivered: 17,
            stored_at: "2013-01-01T10:15:00.000000007Z".parse().unwrap(),
            pending: 3,
        }
    }

    #[test]
    fn reads_where_a_message_is_from_in_every_form() {
        for reply in [
            "$JS.ACK.EVT_orders.x7.1.1028.17.1357035300000000007.3",
            "$JS.ACK._.hash.EVT_orders.x7.1.1028.17.1357035300000000007.3",
            "$JS.ACK.hub.hash.EVT_orders.x7.1.1028.17.1357035300000000007.3.random",
            "$JS.ACK.hub.hash.EVT_orders.x7.1.1028.17.1357035300000000007.3.random.more",
        ] {
            assert_eq!(Origin::parse(reply), Some(origin()), "{reply}");
        }
    }

    #[test]
    fn refuses_what_no_consumer_says() {
        for reply in [
            "",
            "_INBOX.7",
            "$JS.ACK.EVT_orders.x7.1.1028.17.1357035300000000007",
            "$JS.ACK.EVT_orders.x7.1.1028.17.1357035300000000007.3.more",
            "$JS.ACK.EVT_orders.x7.1.-1.17.1357035300000000007.3",
            "$JS.ACK.EVT_orders.x7.1.1028.17.now.3",
        ] {
            assert_eq!(Origin::parse(reply), None, "{reply}");
        }
    }
}
