//! Three servers, and the one that leads the stream dies, or stands still and comes back.

use std::time::{Duration, Instant};

use headwater_log::JetStreamConfig;
use headwater_log::testkit::{Cluster, Random};
use tokio::time::sleep;

use crate::bed::bank;
use crate::crowd::Crowd;
use crate::rounds::rounds;

const WRITERS: u64 = 50;
const SERVICES: u64 = 10;
const ACCOUNTS: u64 = 10;

/// What is done to the leader.
#[derive(Debug, Clone, Copy)]
enum Blow {
    /// It dies, and comes back when another leads.
    Kill,
    /// It stands still until another leads, and then goes on where it was: for a moment there are two.
    Pause,
    /// It dies and comes back at once.
    KillBriefly,
    /// It stands still for a moment, and still leads, or doesn't.
    PauseBriefly,
}

const BLOWS: [Blow; 6] =
    [Blow::Kill, Blow::Pause, Blow::PauseBriefly, Blow::Pause, Blow::KillBriefly, Blow::Kill];

#[tokio::test(flavor = "multi_thread")]
async fn fifty_writers_outlive_their_leaders() {
    let mut cluster = Cluster::start().await.unwrap();
    let mut crowd = Crowd::new();
    for service in 0..SERVICES {
        // Some give up soon, and their callers have to come again.
        let deadline = Duration::from_secs(if service % 3 == 0 { 3 } else { 30 });
        let answer_timeout = Duration::from_secs(1);
        let config = JetStreamConfig { replicas: 3, answer_timeout, deadline, ..JetStreamConfig::default() };
        crowd.add_service(&cluster.url(), config).await;
    }
    crowd.begin(WRITERS, ACCOUNTS);
    let mut random = Random::new(3);
    let mut leaders = Leaders::default();
    let begin = Instant::now();
    let blows: Vec<_> = BLOWS.iter().cycle().take(rounds(6).try_into().unwrap()).collect();
    for &&blow in &blows {
        crowd.ledger.more(100).await;
        let leader = leaders.of(&cluster).await;
        strike(&mut cluster, leader, blow, &mut random).await;
        leaders.of(&cluster).await;
    }
    crowd.ledger.more(200).await;
    let (took, changes) = (begin.elapsed(), leaders.changes);
    println!(
        "{took:.0?} of bad weather, {} blows, {changes} changes of the leader that were seen",
        blows.len()
    );
    let report = crowd.prove(&cluster.url()).await;
    assert!(changes > 0 && report.conflicts() > 0, "the weather was too good");
}

async fn strike(cluster: &mut Cluster, leader: usize, blow: Blow, random: &mut Random) {
    let begin = Instant::now();
    let stream = bank().stream();
    match blow {
        Blow::Kill => {
            cluster.kill(leader).await.unwrap();
            cluster.leader_of(&stream).await.unwrap();
            cluster.restart(leader).await.unwrap();
        }
        Blow::Pause => {
            cluster.pause(leader).await.unwrap();
            cluster.leader_of(&stream).await.unwrap();
            cluster.resume(leader).unwrap();
            cluster.agreed().await.unwrap();
        }
        Blow::KillBriefly => {
            cluster.kill(leader).await.unwrap();
            cluster.restart(leader).await.unwrap();
        }
        Blow::PauseBriefly => {
            cluster.pause(leader).await.unwrap();
            sleep(Duration::from_millis(500 + random.below(4000))).await;
            cluster.resume(leader).unwrap();
            cluster.agreed().await.unwrap();
        }
    }
    println!("{blow:?} of server {leader}: {:.1?} until the servers agreed again", begin.elapsed());
}

/// Who leads the stream, and how often that has changed.
#[derive(Default)]
struct Leaders {
    last: Option<usize>,
    changes: usize,
}

impl Leaders {
    async fn of(&mut self, cluster: &Cluster) -> usize {
        let leader = cluster.leader_of(&bank().stream()).await.unwrap();
        self.changes += usize::from(self.last.is_some_and(|last| last != leader));
        self.last = Some(leader);
        leader
    }
}
