//! A server that stood still knows less than the others for a moment, and is asked in that moment.

use std::time::Duration;

use headwater_log::JetStreamConfig;
use headwater_log::testkit::Cluster;
use tokio::time::{sleep, timeout};

use crate::account::{deposit, freeze, open, withdraw};
use crate::bed::{PATIENCE, bank, jetstream, service};

/// How long a request may lie in the buffers of a server that stands still.
const BURIED: Duration = Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_a_server_that_stood_still_is_answered_on_what_others_were_told() {
    let mut cluster = Cluster::start().await.unwrap();
    let config = JetStreamConfig { replicas: 3, ..JetStreamConfig::default() };
    let direct = service(&jetstream(&cluster.url(), config.clone()).await).await;
    direct.handle(open("first", "bob")).await.unwrap();
    cluster.agreed().await.unwrap();
    let leader = cluster.leader_of(&bank().stream()).await.unwrap();
    let urls = cluster.urls();
    let ours = service(&jetstream(&urls[leader], config.clone()).await).await;
    let follower = (leader + 1) % urls.len();

    for round in 0..5 {
        // It has nothing in its cache.
        let late = service(&jetstream(&urls[follower], config.clone()).await).await;
        let (rich, frozen) = (format!("rich-{round}"), format!("frozen-{round}"));
        cluster.pause(follower).await.unwrap();
        ours.handle(deposit(&format!("in-{round}"), &rich, &[10, 20])).await.unwrap();
        ours.handle(freeze(&format!("on-{round}"), &frozen, true)).await.unwrap();
        // These wait for the server to go on.
        let withdrawing = {
            let (late, command) = (late.clone(), withdraw(&format!("out-{round}"), &rich, 30));
            tokio::spawn(async move { late.handle(command).await })
        };
        let thawing = {
            let (late, command) = (late.clone(), freeze(&format!("off-{round}"), &frozen, false));
            tokio::spawn(async move { late.handle(command).await })
        };
        sleep(BURIED).await;
        cluster.resume(follower).unwrap();
        let withdrawn = timeout(PATIENCE, withdrawing).await.unwrap().unwrap().unwrap();
        assert_eq!(withdrawn.events.len(), 1, "{withdrawn:?}");
        let thawed = timeout(PATIENCE, thawing).await.unwrap().unwrap().unwrap();
        assert_eq!(thawed.events.len(), 1, "{thawed:?}");
        cluster.agreed().await.unwrap();
    }
}
