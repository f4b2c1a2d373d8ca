//! A few writers, and the order in which they act is given: whatever the order, one writer alone could have done it.

use headwater_log::Log;
use headwater_log::testkit::{StreamCheck, Witness};
use headwater_publisher::{Aggregates, HandleError};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use tokio::runtime;

use crate::account::Account;
use crate::bed::{bank, last, memory, service, stored};
use crate::ledger::Outcome;
use crate::model::audit;
use crate::spec::{Ask, Spec};
use crate::turns::{Fate, TakingTurns, Turn, Turns};

/// Who does what, and in which order.
#[derive(Debug)]
struct Play {
    /// The commands of each writer, in his order. Writers may have the same command.
    parts: Vec<Vec<Spec>>,
    /// Whether a writer takes an account that he doesn't know for a new one.
    assuming_new: Vec<bool>,
    turns: Vec<Turn>,
}

fn plays() -> impl Strategy<Value = Play> {
    let writers = 2..=4_usize;
    (
        vec((0..2_u8, asks()), 1..10),
        vec((any::<bool>(), vec(any::<Index>(), 1..6)), writers),
        vec(turns(), 0..60),
    )
        .prop_map(|(asked, parts, turns)| {
            let spec = |(number, (account, ask)): (usize, (u8, Ask))| Spec {
                id: format!("c{number}"),
                account: format!("account-{account}"),
                ask,
            };
            let specs: Vec<_> = asked.into_iter().enumerate().map(spec).collect();
            let (assuming_new, parts): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
            let part = |indices: Vec<Index>| indices.iter().map(|index| index.get(&specs).clone()).collect();
            Play { parts: parts.into_iter().map(part).collect(), assuming_new, turns }
        })
}

fn asks() -> impl Strategy<Value = Ask> {
    prop_oneof![
        1 => Just(Ask::Open),
        4 => vec(1..20_u64, 1..4).prop_map(Ask::Deposit),
        4 => (1..30_u64).prop_map(Ask::Withdraw),
        2 => any::<bool>().prop_map(Ask::Freeze),
    ]
}

fn turns() -> impl Strategy<Value = Turn> {
    let fates = prop_oneof![
        8 => Just(Fate::Passes),
        1 => Just(Fate::IsLost),
        1 => Just(Fate::AnswerIsLost),
        1 => Just(Fate::IsLate),
    ];
    (0..8_usize, fates).prop_map(|(who, fate)| Turn { who, fate })
}

proptest! {
    #[test]
    fn any_order_of_writers_comes_to_what_one_writer_comes_to(play in plays()) {
        // One thread, and a clock that jumps: what happens follows from the play alone.
        let runtime = runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(perform(play));
    }
}

async fn perform(play: Play) {
    let log = memory();
    let witness = Witness::of(log.clone());
    let turns = Turns::new();
    let mut writers = Vec::new();
    for (part, assume_new) in play.parts.into_iter().zip(play.assuming_new) {
        let own: Log = std::sync::Arc::new(TakingTurns { log: witness.clone(), player: turns.join() });
        let service = service(&own).await;
        let service = if assume_new { service.assuming_new() } else { service };
        writers.push(tokio::spawn(act(log.clone(), service, part)));
    }
    turns.give(play.turns).await;
    let mut outcomes = Vec::new();
    for writer in writers {
        outcomes.extend(writer.await.unwrap());
    }
    let check = StreamCheck::of_log(&log, &bank()).await.unwrap();
    let claims = outcomes.iter().filter_map(Outcome::claim);
    check.with_claims(witness.claims()).with_claims(claims).report().assert_clean();
    audit(&stored(&log).await, &outcomes);
}

/// Has each command handled, and again until it is answered.
async fn act(log: Log, service: Aggregates<Account>, part: Vec<Spec>) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for spec in part {
        let (answer, begun_after) = loop {
            let begun_after = last(&log).await;
            match service.handle(spec.command()).await {
                Ok(receipt) => break (Ok(receipt), begun_after),
                Err(HandleError::Rejected(rejection)) => break (Err(rejection), begun_after),
                Err(error) => assert!(error.is_retryable(), "{error:?}"),
            }
        };
        outcomes.push(Outcome { spec, answer, begun_after, ended_at: Some(last(&log).await) });
    }
    outcomes
}
