use std::pin::Pin;
use std::time::Duration;

use async_nats::Client;
use headwater_log::service::Connection;
pub(crate) use headwater_log::testkit::{eventually, soon};
use headwater_log::{Denials, LeaseConfig, Leases};

pub(crate) type Case = fn() -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// The cases of a group, by the names of their functions.
macro_rules! group {
    ($($case:ident),* $(,)?) => {
        pub(crate) const CASES: &[(&str, $crate::bed::Case)] = &[$((stringify!($case), || Box::pin($case()))),*];
    };
}

pub(crate) use group;

/// Short, so that tests are, and long enough for a busy machine to renew.
pub(crate) const TIME: Duration = Duration::from_millis(1500);

/// For cases in which no lease must be lost.
pub(crate) const CALM: Duration = Duration::from_secs(5);

pub(crate) async fn client(url: &str) -> (Client, Denials) {
    Connection::to(url).unwrap().connect_watched("leases-test").await.unwrap()
}

/// Leases over a connection of their own.
pub(crate) async fn leases(url: &str) -> Leases {
    leases_for(url, TIME).await
}

pub(crate) async fn leases_for(url: &str, time: Duration) -> Leases {
    let (client, denials) = client(url).await;
    Leases::new(client, denials, LeaseConfig { replicas: 1, time })
}
