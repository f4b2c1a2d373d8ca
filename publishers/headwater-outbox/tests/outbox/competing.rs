use crate::bank::{Random, joined, write};
use crate::bed::{Bed, eventually};
use crate::cases::group;
use crate::relay_process::{RelayProcess, working};

group![
    one_relay_works_and_another_takes_over_when_it_is_killed,
    a_relay_that_was_stopped_and_has_lost_its_lock_does_no_harm,
    a_relay_that_is_stopped_loses_its_lock_by_itself,
];

const TAKE_OVERS: usize = 12;
const ZOMBIES: usize = 8;

async fn one_relay_works_and_another_takes_over_when_it_is_killed() {
    let bed = Bed::new().await;
    let (client, mut random) = (bed.client().await, Random::default());
    let mut relays = vec![RelayProcess::spawn(&bed, "relay-0"), RelayProcess::spawn(&bed, "relay-1")];
    for kill in 0..TAKE_OVERS {
        for relay in &relays {
            relay.is_connected(&bed).await;
        }
        let before = bed.last().await;
        let writers = write(&bed.config(), &bed.outbox, &format!("k{kill}"), 4, 15);
        bed.reaches(before + 1 + random.below(40) as u64).await;
        let name = working(&client).await.unwrap();
        let place = relays.iter().position(|relay| relay.name == name).unwrap();
        relays.remove(place).kill();
        relays[0].works(&bed).await;
        relays.push(RelayProcess::spawn(&bed, &format!("relay-{}", kill + 2)));
        joined(writers).await;
        bed.drained().await;
    }
    println!("{TAKE_OVERS} working relays killed; {:?}", bed.audit().await);
}

async fn a_relay_that_was_stopped_and_has_lost_its_lock_does_no_harm() {
    let bed = Bed::new().await;
    let (client, mut random) = (bed.client().await, Random::default());
    for round in 0..ZOMBIES {
        let zombie = RelayProcess::spawn(&bed, &format!("zombie-{round}"));
        zombie.works(&bed).await;
        let before = bed.last().await;
        let writers = write(&bed.config(), &bed.outbox, &format!("z{round}"), 4, 25);
        bed.reaches(before + 1 + random.below(60) as u64).await;
        zombie.pause();
        let lose = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1";
        client.execute(lose, &[&zombie.name]).await.unwrap();

        // Another relay does its work, and others go on where it was.
        let relay = bed.relay();
        joined(writers).await;
        bed.drained().await;
        for account in 0..12 {
            bed.interfere(&format!("x{round}-{account}"), &format!("account-{account}")).await;
        }
        let writers = write(&bed.config(), &bed.outbox, &format!("y{round}"), 2, 10);
        zombie.wake();
        joined(writers).await;
        // It is back when it has noticed, and waits for the lock.
        zombie.is_connected(&bed).await;
        bed.drained().await;
        relay.stop().await.unwrap();
    }
    println!("{ZOMBIES} relays stopped and woken; {:?}", bed.audit().await);
}

async fn a_relay_that_is_stopped_loses_its_lock_by_itself() {
    let bed = Bed::new().await;
    let client = bed.client().await;
    let zombie = RelayProcess::spawn(&bed, "zombie");
    zombie.works(&bed).await;
    zombie.pause();
    bed.book("c1", &["a"]).await;
    let summary = bed.drain().await;
    assert_eq!((summary.events, summary.terms), (1, 1));
    zombie.wake();
    eventually("the zombie works again", async || working(&client).await.as_ref() == Some(&zombie.name))
        .await;
    bed.book("c2", &["a"]).await;
    bed.drained().await;
    bed.audit().await;
}
