use headwater_event::{CommandContext, Decider, Event, Events, Publishes, outbox};
use headwater_publisher::Command;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something was sold at a till. With its attributes it takes about as much as an event of the reference system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "shop", aggregate = "till", name = "sold", version = 1)]
pub(crate) struct Sold {
    #[event(key)]
    pub(crate) till: String,
    pub(crate) sold_at: Timestamp,
    #[schemars(range(min = 1))]
    pub(crate) cents: u32,
    pub(crate) sales: u32,
}

#[outbox]
pub(crate) struct TillOutbox {
    sold: Publishes<Sold>,
}

#[derive(Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Till {
    sales: u32,
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("nothing is free")]
pub(crate) struct Free;

pub(crate) struct Sell {
    till: String,
    cents: u32,
    times: u32,
}

impl Decider for Till {
    type Command = Sell;
    type Event = Sold;
    type Outbox = TillOutbox;
    type Rejection = Free;

    fn decide(&self, command: &Sell, outbox: &TillOutbox) -> Result<Events<Sold>, Free> {
        let Sell { till, cents, times } = command;
        if *cents == 0 {
            return Err(Free);
        }
        let sold = |time| Sold { till: till.clone(), sold_at: AT, cents: *cents, sales: self.sales + time };
        Ok((1..=*times).map(|time| outbox.sold.emit(sold(time))).collect())
    }

    fn evolve(&mut self, event: &Sold) {
        self.sales = event.sales;
    }
}

pub(crate) const AT: Timestamp = Timestamp::constant(1_357_000_000, 0);

pub(crate) fn sale(id: &str, till: &str) -> Command<Till> {
    sales(id, till, 1)
}

/// A command that yields so many events.
pub(crate) fn sales(id: &str, till: &str, times: u32) -> Command<Till> {
    sell(id, till, 420, times)
}

/// A command that the till refuses.
pub(crate) fn free(till: &str) -> Command<Till> {
    sell("free", till, 0, 1)
}

fn sell(id: &str, till: &str, cents: u32, times: u32) -> Command<Till> {
    Command {
        key: till.to_owned(),
        command: Sell { till: till.to_owned(), cents, times },
        context: CommandContext::new(id),
        at: AT,
    }
}
