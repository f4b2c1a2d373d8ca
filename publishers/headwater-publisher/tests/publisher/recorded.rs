//! A case that failed is kept as text, and decided again.

use std::panic::{UnwindSafe, catch_unwind};

use headwater_event::{Decider, Events};
use headwater_log::Recording;
use headwater_publisher::testkit::{given, given_recorded};

use crate::account::{
    Account, AccountEvent, AccountOutbox, AccountRejection, Deposited, Frozen, deposit, freeze, withdraw,
};

fn deposited(cents: u64) -> AccountEvent {
    AccountEvent::Deposited(Deposited { account: "ann".into(), cents, balance: cents, note: String::new() })
}

fn ann() -> Recording {
    include_str!("recorded/ann.jsonl").parse().unwrap()
}

/// What a test that fails says.
fn message(test: impl FnOnce() + UnwindSafe) -> String {
    *catch_unwind(test).unwrap_err().downcast::<String>().unwrap()
}

#[test]
fn a_failed_assertion_shows_the_history_that_led_to_it() {
    let message = message(|| {
        given::<Account>([deposited(5)]).when(&withdraw("c1", "ann", 6).command).yields([deposited(1)]);
    });
    insta::assert_snapshot!(message, @r#"
    the command is rejected: the account holds 5 cents only; expected: [Deposited(Deposited { account: "ann", cents: 1, balance: 1, note: "" })]
    the history; keep it in a file, and replay it with `given_recorded`:
    {"streamsequence":"1","specversion":"1.0","id":"given/0","source":"/test","type":"dev.headwater.bank.account.deposited.v1","subject":"ann","datacontenttype":"application/json","dataschema":"urn:headwater:schema:dev.headwater.bank.account.deposited.v1","data":{"account":"ann","cents":5,"balance":5,"note":""}}
    "#);
}

#[test]
fn a_failed_assertion_shows_what_was_decided() {
    let message = message(|| {
        given::<Account>([deposited(5)]).when(&withdraw("c1", "ann", 5).command).changes_nothing();
    });
    insta::assert_snapshot!(message, @r#"
    the command yields [Withdrawn(Withdrawn { account: "ann", cents: 5, balance: 0 })]; expected: []
    the history; keep it in a file, and replay it with `given_recorded`:
    {"streamsequence":"1","specversion":"1.0","id":"given/0","source":"/test","type":"dev.headwater.bank.account.deposited.v1","subject":"ann","datacontenttype":"application/json","dataschema":"urn:headwater:schema:dev.headwater.bank.account.deposited.v1","data":{"account":"ann","cents":5,"balance":5,"note":""}}
    the decision, as it would follow:
    {"streamsequence":"2","specversion":"1.0","id":"decided/0","source":"/test","type":"dev.headwater.bank.account.withdrawn.v1","subject":"ann","datacontenttype":"application/json","dataschema":"urn:headwater:schema:dev.headwater.bank.account.withdrawn.v1","data":{"account":"ann","cents":5,"balance":0}}
    "#);
}

#[test]
fn what_a_failed_assertion_shows_can_be_replayed() {
    let message = message(|| {
        let overdrawn = AccountRejection::Overdrawn { balance: 0 };
        given::<Account>([deposited(5)]).when(&withdraw("c1", "ann", 5).command).rejects(overdrawn);
    });
    let kept: Vec<_> = message.lines().filter(|line| line.starts_with('{')).collect();
    let [history, decision] = kept[..] else { panic!("{message}") };
    let history: Recording = history.parse().unwrap();
    given_recorded::<Account>(&history).when(&withdraw("c2", "ann", 6).command).rejects(overdrawn_by(5));
    let both: Recording = kept.join("\n").parse().unwrap();
    given_recorded::<Account>(&both).when(&withdraw("c2", "ann", 1).command).rejects(overdrawn_by(0));
    assert!(decision.contains("withdrawn"), "{decision}");
}

fn overdrawn_by(balance: u64) -> AccountRejection {
    AccountRejection::Overdrawn { balance }
}

#[test]
fn a_failed_assertion_about_a_recording_shows_the_recording_itself() {
    let message = message(|| {
        given_recorded::<Account>(&ann()).when(&withdraw("c1", "ann", 60).command).changes_nothing();
    });
    assert!(message.ends_with(&ann().to_string()), "{message}");
}

#[test]
fn a_recorded_account_decides_as_it_did() {
    let given = || given_recorded::<Account>(&ann());
    given().when(&withdraw("c1", "ann", 51).command).rejects(overdrawn_by(50));
    given().when(&freeze("c1", "ann", false).command).changes_nothing();
    let frozen = AccountEvent::Frozen(Frozen { account: "ann".into(), frozen: true });
    given().when(&freeze("c1", "ann", true).command).yields([frozen]);
    given_recorded::<Account>(&Recording::default())
        .when(&deposit("c1", "ann", &[]).command)
        .changes_nothing();
}

/// An account that doesn't stand a withdrawal.
#[derive(Default)]
struct Fragile {
    withdrawals: usize,
}

impl Decider for Fragile {
    type Command = ();
    type Event = AccountEvent;
    type Outbox = AccountOutbox;
    type Rejection = AccountRejection;

    fn decide(&self, (): &(), _: &AccountOutbox) -> Result<Events<AccountEvent>, AccountRejection> {
        assert_eq!(self.withdrawals, 0, "it can't cope with a withdrawal");
        Ok(Events::none())
    }

    fn evolve(&mut self, event: &AccountEvent) {
        self.withdrawals += usize::from(matches!(event, AccountEvent::Withdrawn(_)));
    }
}

#[test]
#[should_panic(expected = "it can't cope with a withdrawal")]
fn a_decider_that_panicked_panics_again() {
    given_recorded::<Fragile>(&ann()).when(&()).changes_nothing();
}

#[test]
fn a_recording_that_the_decider_can_t_read_says_which_event_it_is() {
    let replay = |text: String| message(move || drop(given_recorded::<Account>(&text.parse().unwrap())));
    let text = ann().to_string();
    let other = text.replacen("\"subject\":\"ann\"", "\"subject\":\"bob\"", 1);
    let unknown = text.replace("account.opened.v1", "account.audited.v1");
    let broken = text.replace("\"cents\":500", "\"cents\":\"many\"");
    let newer = text.replace("withdrawn.v1", "withdrawn.v2");
    insta::assert_snapshot!([other, unknown, broken, newer].map(replay).join("\n"), @r#"
    the recording has events of bank.account "bob" and of bank.account "ann"; take one's with `Recording::of_aggregate`
    the recorded event "pay-1/0" has the type dev.headwater.bank.account.audited.v1, which the decider doesn't know
    the event "pay-2/0" at sequence 2 can't be read: the data of dev.headwater.bank.account.deposited.v1 can't be read: invalid type: string "many", expected u64 at line 1 column 31
    the event "pay-3/0" at sequence 3 can't be read: dev.headwater.bank.account.withdrawn.v2 is newer than version 1, the newest that this program knows; upgrade it
    "#);
}
