//! The one-line checks find the mistakes that they are for, and none in a projection that is right.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

use std::collections::BTreeSet;
use std::panic::{UnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use headwater_event::{Event, JsonSchema};
use headwater_subscriber::testkit::{
    accepts_every_registered_version, order_across_keys_does_not_matter, partitions_share_no_rows,
    replay_twice_is_idempotent,
};
use headwater_subscriber::{Apply, ApplyError, Projection, Recorded, Table, Tx};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Money comes to an account.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "bank", aggregate = "account", name = "paid", version = 1)]
struct Paid {
    #[event(key)]
    account: String,
    cents: u64,
}

fn paid(account: &str, cents: u64) -> Paid {
    Paid { account: account.to_owned(), cents }
}

fn payments() -> Vec<Paid> {
    let accounts = ["ben", "cem", "ann"].into_iter().cycle();
    (1..=9).zip(accounts).map(|(cents, account)| paid(account, cents)).collect()
}

/// A projection of payments: its code is a function of the table, the event and the transaction.
macro_rules! projection {
    ($name:ident, |$self:ident, $event:ident, $tx:ident| $apply:expr) => {
        #[derive(Projection)]
        #[projection(name = "accounts", partitioned, applies(Paid))]
        struct $name {
            accounts: Table<String, u64>,
        }

        impl Apply<Paid> for $name {
            fn apply(&self, event: &Recorded<'_, Paid>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
                let ($self, $event, $tx) = (self, event, tx);
                $apply
            }
        }
    };
}

projection!(Right, |this, event, tx| this
    .accounts
    .update(tx, &event.data.account, |sum| *sum += event.data.cents));

static APPLIED: AtomicU64 = AtomicU64::new(0);
projection!(Counts, |this, event, tx| {
    this.accounts.put(tx, &event.data.account, APPLIED.fetch_add(1, Ordering::Relaxed))
});

projection!(LooksAtTheClock, |this, event, tx| {
    let now = Timestamp::now().as_nanosecond().unsigned_abs() % 1_000_000_000_000;
    let now = u64::try_from(now).unwrap();
    this.accounts.put(tx, &event.data.account, now)
});

/// Which accounts this process has seen.
static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
projection!(Remembers, |this, event, tx| {
    if SEEN.lock().unwrap().insert(event.data.account.clone()) {
        this.accounts.update(tx, &event.data.account, |sum| *sum += event.data.cents)
    } else {
        Ok(())
    }
});

projection!(NumbersAccounts, |this, event, tx| {
    let next = "next".to_owned();
    if this.accounts.get(tx, &event.data.account)?.is_some() {
        return Ok(());
    }
    let number = this.accounts.get(tx, &next)?.copied().unwrap_or_default();
    this.accounts.put(tx, &event.data.account, number)?;
    this.accounts.put(tx, &next, number + 1)
});

projection!(NeedsAnnFirst, |this, event, tx| {
    if event.data.account != "ann" && this.accounts.get(tx, &"ann".to_owned())?.is_none() {
        return Err(ApplyError::refused("there is no ann"));
    }
    this.accounts.update(tx, &event.data.account, |sum| *sum += event.data.cents)
});

projection!(KeepsThePosition, |this, event, tx| this.accounts.put(tx, &event.data.account, event.sequence()));

/// What the check says when it fails.
fn finds(check: impl FnOnce() + UnwindSafe) -> String {
    let panic = catch_unwind(check).expect_err("the check finds nothing");
    match panic.downcast::<String>() {
        Ok(found) => *found,
        Err(panic) => (*panic.downcast::<&str>().expect("the check says what it has found")).to_owned(),
    }
}

#[test]
fn nothing_is_found_in_a_projection_that_is_right() {
    replay_twice_is_idempotent::<Right>(payments());
    order_across_keys_does_not_matter::<Right>(payments());
    partitions_share_no_rows::<Right>(payments());
}

#[test]
fn rows_that_partitions_share_are_found() {
    let found = finds(|| partitions_share_no_rows::<NumbersAccounts>(payments()));
    assert!(found.starts_with("accounts makes something else of its events in "), "{found}");
    assert!(found.contains("accounts \"next\"\n    expected: 3\n    got:      "), "{found}");
    assert!(found.contains(" in one partition, "), "{found}");

    // Also those that are only read.
    let found = finds(|| partitions_share_no_rows::<NeedsAnnFirst>(vec![paid("ann", 1), paid("ben", 2)]));
    assert!(found.contains("got:      ") && found.contains("there is no ann"), "{found}");
}

#[test]
fn a_counter_outside_of_the_state_is_found() {
    let found = finds(|| replay_twice_is_idempotent::<Counts>(payments()));
    assert!(
        found.starts_with("accounts makes something else of the same events when they are delivered"),
        "{found}"
    );
    assert!(
        found.contains("event 1 of 9, dev.headwater.bank.account.paid.v1 {\"account\":\"ben\",\"cents\":1}"),
        "{found}"
    );
    assert!(
        found.contains("accounts \"ben\"\n    expected: ") && found.contains("\n    got:      "),
        "{found}"
    );
}

#[test]
fn a_clock_is_found() {
    let found = finds(|| replay_twice_is_idempotent::<LooksAtTheClock>(payments()));
    assert!(found.contains("once more, to an empty store"), "{found}");
}

#[test]
fn what_is_remembered_outside_of_the_state_is_found() {
    let found = finds(|| replay_twice_is_idempotent::<Remembers>(payments()));
    assert!(found.contains("got:      no row"), "{found}");
}

#[test]
fn what_depends_on_the_order_of_aggregates_is_found_with_the_two_events_and_the_seed() {
    let found = finds(|| order_across_keys_does_not_matter::<NumbersAccounts>(payments()));
    assert!(found.contains("(seed "), "{found}");
    assert!(
        found.contains("before dev.headwater.bank.account.paid.v1 {") && found.contains("expected: 0"),
        "{found}"
    );
    replay_twice_is_idempotent::<NumbersAccounts>(payments());

    let found = finds(|| order_across_keys_does_not_matter::<KeepsThePosition>(payments()));
    assert!(found.contains("accounts \""), "{found}");
}

#[test]
fn a_projection_that_halts_in_another_order_is_found() {
    let given = [paid("ann", 1), paid("ben", 2), paid("cem", 3)];
    let found = finds(move || order_across_keys_does_not_matter::<NeedsAnnFirst>(given));
    assert!(found.contains("expected: it doesn't halt") && found.contains("there is no ann"), "{found}");
}

#[test]
fn a_check_that_could_find_nothing_fails() {
    assert!(finds(|| replay_twice_is_idempotent::<Right>(Vec::<Paid>::new())).contains("without events"));
    let one = || vec![paid("ann", 1), paid("ann", 2)];
    let found = finds(|| order_across_keys_does_not_matter::<Right>(one()));
    assert!(found.contains("only one order"), "{found}");
    let found = finds(|| partitions_share_no_rows::<Right>(one()));
    assert!(found.contains("all events are of one partition"), "{found}");
    let found = finds(accepts_every_registered_version::<Right>);
    assert!(found.contains("bank.account.paid@1 is not registered in"), "{found}");
}

/// Departures as the registry has them, each with another mistake in how version 1 is read.
macro_rules! departures {
    ($module:ident, $old:ty, |$delay:ident| $upcast:expr) => {
        mod $module {
            use super::*;

            #[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
            #[event(domain = "flights", aggregate = "flight", name = "departed", version = 1)]
            pub(super) struct DepartedV1 {
                #[event(key)]
                flight: String,
                delay_minutes: $old,
            }

            #[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
            #[event(domain = "flights", aggregate = "flight", name = "departed", version = 2, upcasts = DepartedV1)]
            pub(super) struct Departed {
                #[event(key)]
                flight: String,
                departed_at: Timestamp,
                delay_minutes: i32,
            }

            impl From<DepartedV1> for Departed {
                fn from(old: DepartedV1) -> Self {
                    let $delay = old.delay_minutes;
                    Self { flight: old.flight, departed_at: Timestamp::UNIX_EPOCH, delay_minutes: $upcast }
                }
            }

            #[derive(Projection)]
            #[projection(name = "departures", applies(Departed))]
            pub(super) struct Departures {
                delays: Table<String, i32>,
            }

            impl Apply<Departed> for Departures {
                fn apply(&self, event: &Recorded<'_, Departed>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
                    let Departed { flight, departed_at, delay_minutes } = &event.data;
                    if *departed_at < Timestamp::UNIX_EPOCH {
                        return Err(ApplyError::refused("there were no flights then"));
                    }
                    self.delays.put(tx, flight, *delay_minutes)
                }
            }
        }
    };
}

departures!(right, i32, |delay| delay);
departures!(refuses_early_departures, u16, |delay| delay.into());
departures!(panics_at_long_delays, i32, |delay| i16::try_from(delay).unwrap().into());
departures!(has_another_type, String, |delay| delay.parse().unwrap());

#[test]
fn a_projection_that_reads_all_versions_may_refuse_what_can_not_be_right() {
    accepts_every_registered_version::<right::Departures>();
}

#[test]
fn a_version_that_is_not_read_any_more_is_found_with_the_document() {
    let found = finds(accepts_every_registered_version::<refuses_early_departures::Departures>);
    assert!(
        found.contains("flights.flight.departed@1 (") && found.contains("departed/v1.ser.json"),
        "{found}"
    );
    assert!(
        found.contains("\"delay_minutes\":-1") && found.contains("invalid value: integer `-1`"),
        "{found}"
    );
    assert!(!found.contains("departed@2"), "{found}");

    let found = finds(accepts_every_registered_version::<has_another_type::Departures>);
    assert!(found.contains("expected a string"), "{found}");
}

#[test]
fn an_upcaster_that_panics_at_an_edge_is_found() {
    let found = finds(accepts_every_registered_version::<panics_at_long_delays::Departures>);
    assert!(found.contains("2147483647") && found.contains("has panicked"), "{found}");
}
