//! What doesn't fit its schema, or can't be sent, is refused before anything is sent.

use headwater_event::{CommandContext, Decider, Event, Events, Publishes, outbox};
use headwater_publisher::{Aggregates, Command, HandleError, InvalidEvents};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bed::embedded;
use crate::watched::Watched;

/// Rust's type allows more than the schema does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "bank", aggregate = "rate", name = "set", version = 1)]
struct RateSet {
    #[event(key)]
    name: String,
    #[schemars(range(min = 0, max = 20))]
    percent: i32,
    #[schemars(regex(pattern = "^[A-Z]{3}$"))]
    currency: String,
}

#[outbox]
struct RateOutbox {
    set: Publishes<RateSet>,
}

#[derive(Default)]
struct Rate;

#[derive(Debug, thiserror::Error)]
#[error("never")]
struct Never;

impl Decider for Rate {
    type Command = RateSet;
    type Event = RateSet;
    type Outbox = RateOutbox;
    type Rejection = Never;

    fn decide(&self, command: &RateSet, outbox: &RateOutbox) -> Result<Events<RateSet>, Never> {
        Ok(outbox.set.emit(command.clone()))
    }

    fn evolve(&mut self, _: &RateSet) {}
}

fn set(percent: i32, currency: &str) -> Command<Rate> {
    let (name, currency) = ("base".to_owned(), currency.to_owned());
    Command {
        key: name.clone(),
        command: RateSet { name, percent, currency },
        context: CommandContext::new(format!("{percent} {currency}", currency = "c")),
        at: Timestamp::UNIX_EPOCH,
    }
}

#[tokio::test]
async fn data_that_does_not_fit_the_declared_schema_is_never_sent() {
    let (log, _directory) = embedded();
    let watched = Watched::new(&log).await;
    let rates = Aggregates::<Rate>::open(watched.clone(), "/bank").await.unwrap();
    rates.handle(set(7, "EUR")).await.unwrap();
    watched.loads_and_appends();
    for (command, pointer, word) in
        [(set(21, "EUR"), "/percent", "maximum"), (set(8, "euro"), "/currency", "match")]
    {
        let error = rates.handle(command).await.unwrap_err();
        let HandleError::Invalid(InvalidEvents::Schema(violation)) = &error else { panic!("{error:?}") };
        assert_eq!(violation.pointer, pointer);
        assert_eq!(violation.type_name, "dev.headwater.bank.rate.set.v1");
        assert!(violation.problem.contains(word), "{violation}");
        assert!(!error.is_retryable());
    }
    assert_eq!(watched.loads_and_appends().1, 0, "something was handed over to the log");
}

#[tokio::test]
async fn an_id_that_can_not_be_an_attribute_is_never_sent() {
    let (log, _directory) = embedded();
    let rates = Aggregates::<Rate>::open(log, "/bank").await.unwrap();
    let command = Command { context: CommandContext::new("new\nline"), ..set(7, "EUR") };
    let error = rates.handle(command).await.unwrap_err();
    assert!(matches!(error, HandleError::Invalid(InvalidEvents::Envelope(_))), "{error:?}");
}
