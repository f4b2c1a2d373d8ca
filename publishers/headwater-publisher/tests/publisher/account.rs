//! A bank account. Its events say which balance they were decided to lead to, so that a decision on a wrong
//! state is seen in the log.

use headwater_event::{CommandContext, Decider, Event, EventSet, Events, Publishes, outbox};
use headwater_publisher::Command;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "bank", aggregate = "account", name = "opened", version = 1)]
pub(crate) struct Opened {
    #[event(key)]
    pub(crate) account: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "bank", aggregate = "account", name = "deposited", version = 1)]
pub(crate) struct Deposited {
    #[event(key)]
    pub(crate) account: String,
    pub(crate) cents: u64,
    pub(crate) balance: u64,
    pub(crate) note: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "bank", aggregate = "account", name = "withdrawn", version = 1)]
pub(crate) struct Withdrawn {
    #[event(key)]
    pub(crate) account: String,
    pub(crate) cents: u64,
    pub(crate) balance: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "bank", aggregate = "account", name = "frozen", version = 1)]
pub(crate) struct Frozen {
    #[event(key)]
    pub(crate) account: String,
    pub(crate) frozen: bool,
}

#[derive(Debug, Clone, PartialEq, EventSet)]
pub(crate) enum AccountEvent {
    Opened(Opened),
    Deposited(Deposited),
    Withdrawn(Withdrawn),
    Frozen(Frozen),
}

#[derive(Debug)]
pub(crate) enum AccountCommand {
    /// Open it; only once.
    Open,
    /// Pay in several amounts, an event each, with a note on the last one. It needn't have been opened.
    Deposit {
        cents: Vec<u64>,
        note: String,
    },
    Withdraw {
        cents: u64,
    },
    /// Make it frozen, or not; nothing happens when it is so already.
    Freeze {
        frozen: bool,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AccountRejection {
    #[error("the account is open already")]
    Open,
    #[error("the account holds {balance} cents only")]
    Overdrawn { balance: u64 },
}

#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Account {
    open: bool,
    balance: u64,
    frozen: bool,
}

#[outbox]
pub(crate) struct AccountOutbox {
    opened: Publishes<Opened>,
    deposited: Publishes<Deposited>,
    withdrawn: Publishes<Withdrawn>,
    frozen: Publishes<Frozen>,
}

impl Decider for Account {
    /// The account's name, which a new one doesn't know, and what is asked of it.
    type Command = (String, AccountCommand);
    type Event = AccountEvent;
    type Outbox = AccountOutbox;
    type Rejection = AccountRejection;

    fn decide(
        &self,
        (account, command): &Self::Command,
        outbox: &AccountOutbox,
    ) -> Result<Events<AccountEvent>, AccountRejection> {
        let account = account.clone();
        match command {
            AccountCommand::Open if self.open => Err(AccountRejection::Open),
            AccountCommand::Open => Ok(outbox.opened.emit(Opened { account })),
            AccountCommand::Deposit { cents, note } => {
                let last = cents.len().saturating_sub(1);
                let deposited = |balance: &mut u64, (index, cents): (usize, &u64)| {
                    *balance += cents;
                    let note = if index == last { note.clone() } else { String::new() };
                    let account = account.clone();
                    Some(outbox.deposited.emit(Deposited { account, cents: *cents, balance: *balance, note }))
                };
                Ok(cents.iter().enumerate().scan(self.balance, deposited).collect())
            }
            AccountCommand::Withdraw { cents } => match self.balance.checked_sub(*cents) {
                Some(balance) => Ok(outbox.withdrawn.emit(Withdrawn { account, cents: *cents, balance })),
                None => Err(AccountRejection::Overdrawn { balance: self.balance }),
            },
            AccountCommand::Freeze { frozen } if *frozen == self.frozen => Ok(Events::none()),
            AccountCommand::Freeze { frozen } => Ok(outbox.frozen.emit(Frozen { account, frozen: *frozen })),
        }
    }

    fn evolve(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::Opened(_) => self.open = true,
            AccountEvent::Deposited(deposited) => self.balance += deposited.cents,
            AccountEvent::Withdrawn(withdrawn) => self.balance -= withdrawn.cents,
            AccountEvent::Frozen(frozen) => self.frozen = frozen.frozen,
        }
    }
}

pub(crate) fn command(id: &str, account: &str, command: AccountCommand) -> Command<Account> {
    Command {
        key: account.to_owned(),
        command: (account.to_owned(), command),
        context: CommandContext::new(id),
        at: Timestamp::UNIX_EPOCH,
    }
}

pub(crate) fn open(id: &str, account: &str) -> Command<Account> {
    command(id, account, AccountCommand::Open)
}

pub(crate) fn deposit(id: &str, account: &str, cents: &[u64]) -> Command<Account> {
    command(id, account, AccountCommand::Deposit { cents: cents.to_vec(), note: String::new() })
}

/// A deposit whose last event is larger than any log takes.
pub(crate) fn oversized(id: &str, account: &str, cents: &[u64]) -> Command<Account> {
    let note = "long".repeat(1024 * 1024);
    command(id, account, AccountCommand::Deposit { cents: cents.to_vec(), note })
}

pub(crate) fn withdraw(id: &str, account: &str, cents: u64) -> Command<Account> {
    command(id, account, AccountCommand::Withdraw { cents })
}

pub(crate) fn freeze(id: &str, account: &str, frozen: bool) -> Command<Account> {
    command(id, account, AccountCommand::Freeze { frozen })
}
