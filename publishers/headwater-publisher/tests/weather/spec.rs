use headwater_log::testkit::Random;
use headwater_publisher::Command;

use crate::account::{Account, deposit, freeze, open, withdraw};

/// A command that can be sent again: the same id always asks for the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spec {
    pub(crate) id: String,
    pub(crate) account: String,
    pub(crate) ask: Ask,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    Open,
    Deposit(Vec<u64>),
    Withdraw(u64),
    Freeze(bool),
}

impl Spec {
    /// Any command, on one of so many accounts. A third of the deposits are several events.
    pub(crate) fn random(id: String, accounts: u64, random: &mut Random) -> Self {
        let account = format!("account-{}", random.below(accounts));
        let ask = match random.below(20) {
            0 => Ask::Open,
            1 | 2 => Ask::Freeze(random.below(2) == 0),
            3..12 => {
                let events = if random.below(3) == 0 { 2 + random.below(4) } else { 1 };
                Ask::Deposit((0..events).map(|_| 1 + random.below(50)).collect())
            }
            _ => Ask::Withdraw(1 + random.below(60)),
        };
        Self { id, account, ask }
    }

    pub(crate) fn command(&self) -> Command<Account> {
        let Self { id, account, ask } = self;
        match ask {
            Ask::Open => open(id, account),
            Ask::Deposit(cents) => deposit(id, account, cents),
            Ask::Withdraw(cents) => withdraw(id, account, *cents),
            Ask::Freeze(frozen) => freeze(id, account, *frozen),
        }
    }
}
