use crate::bank::{Random, joined, write};
use crate::bed::Bed;
use crate::cases::group;
use crate::relay_process::RelayProcess;

group![
    a_killed_relay_loses_nothing_and_repeats_nothing,
    a_killed_broker_loses_nothing_and_repeats_nothing,
    a_killed_database_loses_nothing_and_repeats_nothing,
];

const RELAY_KILLS: usize = 40;
const BROKER_KILLS: usize = 12;
const DATABASE_KILLS: usize = 12;

async fn a_killed_relay_loses_nothing_and_repeats_nothing() {
    let bed = Bed::new().await;
    let (mut random, mut repeated) = (Random::default(), 0);
    for kill in 0..RELAY_KILLS {
        let before = bed.last().await;
        let writers = write(&bed.config(), &bed.outbox, &format!("k{kill}"), 4, 12);
        let mut relay = RelayProcess::spawn(&bed, "victim");
        bed.reaches(before + 1 + random.below(40) as u64).await;
        relay.kill();
        joined(writers).await;
        repeated += bed.drain().await.repeated;
    }
    let audit = bed.audit().await;
    println!("{RELAY_KILLS} relays killed; {audit:?}; {repeated} appends were stored and not written down");
    assert!(repeated > 0, "no relay was killed between the two");
}

async fn a_killed_broker_loses_nothing_and_repeats_nothing() {
    let mut bed = Bed::new().await;
    let mut random = Random::default();
    let relay = bed.relay();
    for kill in 0..BROKER_KILLS {
        let before = bed.last().await;
        let writers = write(&bed.config(), &bed.outbox, &format!("k{kill}"), 4, 30);
        bed.reaches(before + 1 + random.below(60) as u64).await;
        bed.broker.kill().await.unwrap();
        bed.broker.restart().await.unwrap();
        joined(writers).await;
        bed.drained().await;
    }
    let summary = relay.stop().await.unwrap();
    println!("{BROKER_KILLS} brokers killed; {:?}; {summary:?}", bed.audit().await);
}

async fn a_killed_database_loses_nothing_and_repeats_nothing() {
    let mut bed = Bed::new().await;
    let mut random = Random::default();
    let relay = bed.relay();
    for kill in 0..DATABASE_KILLS {
        let before = bed.last().await;
        let writers = write(&bed.config(), &bed.outbox, &format!("k{kill}"), 4, 30);
        bed.reaches(before + 1 + random.below(60) as u64).await;
        bed.postgres.kill().await.unwrap();
        bed.postgres.restart().await.unwrap();
        joined(writers).await;
        bed.drained().await;
    }
    let summary = relay.stop().await.unwrap();
    println!("{DATABASE_KILLS} databases killed; {:?}; {summary:?}", bed.audit().await);
    assert!(summary.terms > 1, "{summary:?}");
}
