//! The code of the guide "Test a service without a broker": all that it shows is here, and runs.

use std::sync::Arc;

use headwater_log::{AppendFault, MemoryLog, Recording};
use headwater_publisher::Aggregates;
use headwater_publisher::testkit::{given, given_recorded, overtaken_by, published};

use crate::account::{
    Account, AccountEvent, AccountRejection, Deposited, Withdrawn, deposit, freeze, withdraw,
};

const GUIDE: &str = include_str!("../../../../docs/guides/testing.md");

#[test]
fn every_piece_of_code_in_the_guide_is_tested_here() {
    let blocks: Vec<_> =
        GUIDE.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() > 5, "the guide has {} pieces of code", blocks.len());
    for block in blocks {
        assert!(include_str!("guide.rs").contains(block), "the guide shows what isn't tested:\n{block}");
    }
}

fn deposited(account: &str, cents: u64) -> AccountEvent {
    AccountEvent::Deposited(Deposited { account: account.into(), cents, balance: cents, note: String::new() })
}

fn withdrawn(account: &str, cents: u64, balance: u64) -> AccountEvent {
    AccountEvent::Withdrawn(Withdrawn { account: account.into(), cents, balance })
}

#[test]
fn an_account_is_not_overdrawn() {
    given::<Account>([deposited("ann", 5)])
        .when(&withdraw("c1", "ann", 6).command)
        .rejects(AccountRejection::Overdrawn { balance: 5 });
}

#[tokio::test]
async fn what_comes_in_and_goes_out_is_published() {
    let log = Arc::new(MemoryLog::new());
    let bank = Aggregates::<Account>::open(log.clone(), "/bank").await.unwrap();
    bank.handle(deposit("c1", "ann", &[5])).await.unwrap();
    bank.handle(withdraw("c2", "ann", 3)).await.unwrap();
    assert_eq!(published::<AccountEvent>(&log), [deposited("ann", 5), withdrawn("ann", 3, 2)]);
}

#[tokio::test]
async fn a_deposit_whose_answer_is_lost_is_paid_in_once() {
    let log = Arc::new(MemoryLog::new());
    let bank = Aggregates::<Account>::open(log.clone(), "/bank").await.unwrap();
    log.fail_next_append(AppendFault::AnswerLost);
    let lost = bank.handle(deposit("c1", "ann", &[5])).await.unwrap_err();
    assert!(lost.is_unavailable());
    let receipt = bank.handle(deposit("c1", "ann", &[5])).await.unwrap();
    assert!(receipt.repeated);
    assert_eq!(published::<AccountEvent>(&log), [deposited("ann", 5)]);
}

#[tokio::test]
async fn of_two_withdrawals_at_once_the_second_is_decided_on_what_the_first_left() {
    let log = Arc::new(MemoryLog::new());
    let bank = Aggregates::<Account>::open(log.clone(), "/bank").await.unwrap();
    bank.handle(deposit("c1", "ann", &[5])).await.unwrap();
    log.fail_next_append(overtaken_by(&log, "/bank", withdraw("rival", "ann", 4)).await);
    assert!(bank.handle(withdraw("c2", "ann", 4)).await.unwrap_err().is_rejected());
    assert_eq!(published::<AccountEvent>(&log), [deposited("ann", 5), withdrawn("ann", 4, 1)]);
}

#[tokio::test]
async fn a_bank_without_a_log_says_so() {
    let log = Arc::new(MemoryLog::new());
    let bank = Aggregates::<Account>::open(log.clone(), "/bank").await.unwrap();
    log.disconnect();
    assert!(bank.handle(deposit("c1", "ann", &[5])).await.unwrap_err().is_unavailable());
    log.reconnect();
    assert!(bank.handle(deposit("c1", "ann", &[5])).await.is_ok());
}

#[test]
fn ann_s_last_withdrawal_is_refused() {
    let history: Recording = include_str!("recorded/ann.jsonl").parse().unwrap();
    given_recorded::<Account>(&history)
        .when(&withdraw("pay-4", "ann", 60).command)
        .rejects(AccountRejection::Overdrawn { balance: 50 });
}

#[tokio::test]
async fn ann_s_withdrawal_is_not_repeated() {
    let history: Recording = include_str!("recorded/ann.jsonl").parse().unwrap();
    let log = Arc::new(MemoryLog::from_recording(&history));
    let bank = Aggregates::<Account>::open(log.clone(), "/bank").await.unwrap();
    assert!(bank.handle(withdraw("pay-3", "ann", 450)).await.unwrap().repeated);
    assert_eq!(log.recording(), history);
}

#[tokio::test]
async fn a_history_that_a_test_made_is_kept() {
    let log = Arc::new(MemoryLog::new());
    let bank = Aggregates::<Account>::open(log.clone(), "/bank").await.unwrap();
    bank.handle(deposit("c1", "ann", &[5])).await.unwrap();
    bank.handle(freeze("c2", "ann", true)).await.unwrap();

    let path = std::env::temp_dir().join(format!("frozen-{}.jsonl", std::process::id()));
    std::fs::write(&path, log.recording().to_string()).unwrap();
    let history = Recording::load(&path).unwrap();
    given_recorded::<Account>(&history).when(&freeze("c3", "ann", true).command).changes_nothing();
    std::fs::remove_file(path).unwrap();
}
