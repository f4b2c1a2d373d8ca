use std::time::{Duration, Instant};

use headwater_event::{Aggregate, CommandContext, Envelope};
use headwater_log::Append;
use headwater_log::testkit::{Baseline, BaselineHeaders, BaselineMessage, Server};

use crate::till::{AT, Sold};

/// The raw client, with the messages that the commands would make.
pub(crate) struct Raw(Baseline);

/// The largest window with which the raw client still gains.
pub(crate) const WINDOW: usize = 4096;

impl Raw {
    pub(crate) async fn connect(server: &Server) -> Self {
        Self(Baseline::connect(&server.url(), WINDOW).await.unwrap())
    }

    /// Publishes messages, with so many unacknowledged ones.
    pub(crate) async fn pipelined(&self, messages: Vec<BaselineMessage>, window: usize) -> Duration {
        let baseline = self.0.clone();
        let begin = Instant::now();
        tokio::spawn(async move { baseline.pipelined(messages, window).await.unwrap() }).await.unwrap();
        begin.elapsed()
    }

    /// Commands of which each is one message with all its events.
    pub(crate) async fn whole(&self, name: &str, commands: u64, events: u32, window: usize) -> Duration {
        let whole = |number| {
            let mut append = append(&format!("{name}-{number}"));
            let event = String::from_utf8(append.events[0].data().to_vec()).unwrap();
            let all = format!("[{}]", vec![event; events as usize].join(","));
            let (id, source, type_name) =
                (append.events[0].id(), append.events[0].source(), append.events[0].type_name());
            let commit = Envelope::builder(id, source, type_name).subject(append.aggregate.id()).time(AT);
            append.events = vec![commit.data("application/json", all).build().unwrap()];
            append
        };
        let messages = Baseline::messages((0..commands).map(whole), BaselineHeaders::Log).unwrap();
        self.pipelined(messages, window).await
    }

    /// Callers who each wait for the acknowledgement before they publish again, each message to a till of its own.
    pub(crate) async fn concurrent(
        &self,
        name: &str,
        callers: u64,
        each: u64,
        headers: BaselineHeaders,
    ) -> Duration {
        let of = |caller: u64| messages(&format!("{name}-{caller}"), each, headers);
        let call = |messages: Vec<BaselineMessage>| {
            let baseline = self.0.clone();
            tokio::spawn(async move {
                for message in messages {
                    baseline.publish(message).await.unwrap();
                }
            })
        };
        let messages: Vec<_> = (0..callers).map(of).collect();
        let begin = Instant::now();
        let calling: Vec<_> = messages.into_iter().map(call).collect();
        for caller in calling {
            caller.await.unwrap();
        }
        begin.elapsed()
    }
}

/// Messages of as many tills, each its first.
pub(crate) fn messages(name: &str, count: u64, headers: BaselineHeaders) -> Vec<BaselineMessage> {
    let appends = (0..count).map(|number| append(&format!("{name}-{number}")));
    Baseline::messages(appends, headers).unwrap()
}

/// A till's first event.
fn append(till: &str) -> Append {
    let aggregate = Aggregate::new("shop".parse().unwrap(), "till", till).unwrap();
    let sold = Sold { till: till.to_owned(), sold_at: AT, cents: 420, sales: 1 };
    let context = CommandContext::new(format!("raw-{till}"));
    Append { aggregate, expected: 0, events: vec![context.envelope(&sold, 0, "/speed", AT).unwrap()] }
}
