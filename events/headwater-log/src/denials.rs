use async_nats::{Event, ServerError};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// What the server doesn't allow this connection to do.
///
/// The server answers a denied request with silence, and says why in a message of its own that belongs to no request. This is where
/// the two come together, so that nobody waits for an answer that will never come.
#[derive(Debug, Clone)]
pub struct Denials {
    sender: broadcast::Sender<Denial>,
}

/// A subject on which the server doesn't let this connection publish, or that it doesn't let it read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the NATS server denies {} {subject}", if *.subscription { "reading" } else { "publishing to" })]
pub struct Denial {
    /// The subject.
    pub subject: String,
    /// Whether it is about reading.
    pub subscription: bool,
}

/// Denials that arrive in one moment; more are of no use to anybody.
const KEPT: usize = 64;

impl Denials {
    /// Denials that nobody has reported yet.
    #[must_use]
    pub fn new() -> Self {
        Self { sender: broadcast::channel(KEPT).0 }
    }

    /// Takes in what happens to the connection: what its event callback is called with.
    pub fn observe(&self, event: &Event) {
        if let Event::ServerError(ServerError::Other(text)) = event
            && let Some(denial) = Denial::from_server(text)
        {
            // Most of the time nobody waits for one.
            self.sender.send(denial).ok();
        }
    }

    /// What will be denied from now on: to be called before something is asked.
    pub(crate) fn watch(&self) -> Denied {
        Denied(self.sender.subscribe())
    }

    /// Waits for what is asked on such subjects, or for the server's denial of one of them, or of the answer.
    ///
    /// # Errors
    ///
    /// The denial.
    pub(crate) async fn or_denied<T>(
        &self,
        is_asked: impl Fn(&str) -> bool,
        asked: impl Future<Output = T>,
    ) -> Result<T, Denial> {
        let mut denied = self.watch();
        tokio::select! {
            biased;
            answer = asked => Ok(answer),
            denial = denied.any_of(is_asked) => Err(denial),
        }
    }
}

impl Default for Denials {
    fn default() -> Self {
        Self::new()
    }
}

/// What was denied since somebody began to watch.
#[derive(Debug)]
pub(crate) struct Denied(broadcast::Receiver<Denial>);

impl Denied {
    /// Waits for the denial of such a subject, or of any answer.
    async fn any_of(&mut self, is_asked: impl Fn(&str) -> bool) -> Denial {
        loop {
            let denial = self.next().await;
            if denial.hides_answers() || (!denial.subscription && is_asked(&denial.subject)) {
                return denial;
            }
        }
    }

    /// Waits for the next denial.
    pub(crate) async fn next(&mut self) -> Denial {
        loop {
            match self.0.recv().await {
                Ok(denial) => return denial,
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

impl Denial {
    /// Whether it is about reading what requests are answered; who shares the connection may have other subscriptions.
    fn hides_answers(&self) -> bool {
        self.subscription && self.subject.starts_with("_INBOX.")
    }

    /// From `Permissions Violation for Publish to "orders.new"`.
    fn from_server(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once("ermissions Violation for ")?.1.split_once(" to \"")?;
        let (subject, _) = rest.split_once('"')?;
        Some(Self { subject: subject.to_owned(), subscription: kind == "Subscription" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_server_says() {
        let denial = |subject: &str, subscription| Some(Denial { subject: subject.to_owned(), subscription });
        for (text, read) in [
            ("Permissions Violation for Publish to \"a.b\"", denial("a.b", false)),
            ("Permissions Violation for Subscription to \"_INBOX.x.*\"", denial("_INBOX.x.*", true)),
            ("Permissions Violation for Subscription to \"a\" using queue \"q\"", denial("a", true)),
            ("Authorization Violation", None),
        ] {
            assert_eq!(Denial::from_server(text), read);
        }
    }

    #[tokio::test]
    async fn a_denial_of_something_else_disturbs_nobody() {
        let denials = Denials::new();
        let asked = async {
            for subject in ["theirs", "mine"] {
                let text = format!("Permissions Violation for Publish to \"{subject}\"");
                denials.observe(&Event::ServerError(ServerError::Other(text)));
                tokio::task::yield_now().await;
            }
            std::future::pending::<()>().await;
        };
        let denial = denials.or_denied(|denied| denied == "mine", asked).await.unwrap_err();
        assert_eq!(denial.to_string(), "the NATS server denies publishing to mine");
    }
}
