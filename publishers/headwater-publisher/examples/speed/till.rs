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

#[derive(Default)]
pub(crate) struct Till {
    sales: u32,
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("nothing is free")]
pub(crate) struct Free;

pub(crate) struct Sell {
    till: String,
    cents: u32,
}

impl Decider for Till {
    type Command = Sell;
    type Event = Sold;
    type Outbox = TillOutbox;
    type Rejection = Free;

    fn decide(&self, command: &Sell, outbox: &TillOutbox) -> Result<Events<Sold>, Free> {
        let Sell { till, cents } = command;
        if *cents == 0 {
            return Err(Free);
        }
        let sold = Sold { till: till.clone(), sold_at: AT, cents: *cents, sales: self.sales + 1 };
        Ok(outbox.sold.emit(sold))
    }

    fn evolve(&mut self, event: &Sold) {
        self.sales = event.sales;
    }
}

pub(crate) const AT: Timestamp = Timestamp::constant(1_357_000_000, 0);

pub(crate) fn sale(id: &str, till: &str) -> Command<Till> {
    Command {
        key: till.to_owned(),
        command: Sell { till: till.to_owned(), cents: 420 },
        context: CommandContext::new(id),
        at: AT,
    }
}
