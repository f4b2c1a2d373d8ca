//! One server, behind a network that fails in every way, or on a machine that fails.

use std::time::Duration;

use headwater_log::testkit::{Proxy, Random, Server};
use headwater_log::{Flush, JetStreamConfig};
use tokio::time::sleep;

use crate::crowd::Crowd;
use crate::rounds::rounds;

const WRITERS: u64 = 8;
const ACCOUNTS: u64 = 3;

/// A log that asks again soon, and some of whose callers have to.
fn impatient(service: u64) -> JetStreamConfig {
    let deadline = if service.is_multiple_of(2) { Duration::from_secs(1) } else { Duration::from_secs(30) };
    JetStreamConfig { answer_timeout: Duration::from_millis(300), deadline, ..JetStreamConfig::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_network_loses_nothing_and_repeats_nothing() {
    let server = Server::start().await.unwrap();
    let proxy = Proxy::start(server.port()).await.unwrap();
    let mut crowd = Crowd::new();
    for service in 0..WRITERS {
        crowd.add_service(&proxy.url(), impatient(service)).await;
    }
    crowd.begin(WRITERS, ACCOUNTS);
    let mut random = Random::new(1);
    for _ in 0..rounds(60) {
        disturb(&proxy, &mut random).await;
        crowd.ledger.more(random.below(20)).await;
    }
    let report = crowd.prove(&server.url()).await;
    assert!(report.unknown() > 0, "the network was too good");
}

/// One disturbance, from its beginning to its end.
async fn disturb(proxy: &Proxy, random: &mut Random) {
    let short = Duration::from_millis(20 + random.below(80));
    let long = Duration::from_millis(200 + random.below(1500));
    match random.below(7) {
        0 => proxy.cut(),
        1 | 2 => proxy.lose_acknowledgement(),
        3 => {
            proxy.delay(short / 4, short);
            sleep(long).await;
            proxy.delay(Duration::ZERO, Duration::ZERO);
        }
        4 => {
            proxy.stall();
            sleep(long).await;
            proxy.resume();
        }
        5 => {
            proxy.drop_replies();
            sleep(long).await;
            proxy.restore();
        }
        _ => {
            proxy.refuse();
            proxy.cut();
            sleep(short).await;
            proxy.accept();
        }
    }
}

/// Each service has so many callers at once that it gathers their commands into batches, some of which conflict.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_flushes_and_is_killed_loses_nothing() {
    const SERVICES: u64 = 3;
    let mut server = Server::builder().sync_always().start().await.unwrap();
    let mut crowd = Crowd::new();
    for service in 0..SERVICES {
        let gathering = JetStreamConfig { flush: Flush::Always, ..impatient(service) };
        crowd.add_service(&server.url(), gathering).await;
    }
    crowd.begin(30 * SERVICES, 60);
    let mut random = Random::new(2);
    for round in 0..rounds(6) {
        crowd.ledger.more(200 + random.below(1000)).await;
        if round % 3 == 2 {
            server.pause().await.unwrap();
            sleep(Duration::from_millis(random.below(1500))).await;
        }
        server.kill().await.unwrap();
        server.restart().await.unwrap();
    }
    crowd.ledger.more(500).await;
    let report = crowd.prove(&server.url()).await;
    assert!(report.conflicts() > 0, "nobody was in another's way");
}
