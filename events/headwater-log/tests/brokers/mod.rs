//! The brokers that cases share: started when the first case asks, ended when the last one has dropped them.

use std::time::Duration;

use async_trait::async_trait;
use headwater_log::testkit::{Cluster, Server};
use headwater_log::{Flush, JetStreamConfig};
use tokio::sync::OnceCell;

#[async_trait]
pub(crate) trait Broker: Send + Sync + 'static {
    /// Where clients connect.
    async fn urls(&self) -> Vec<String>;

    /// How a log uses it.
    fn config(&self) -> JetStreamConfig;
}

/// One server, and so one replica.
#[derive(Default)]
pub(crate) struct ServerBroker(OnceCell<Server>);

#[async_trait]
impl Broker for ServerBroker {
    async fn urls(&self) -> Vec<String> {
        vec![self.0.get_or_init(|| async { Server::start().await.unwrap() }).await.url()]
    }

    fn config(&self) -> JetStreamConfig {
        JetStreamConfig { replicas: 1, ..short() }
    }
}

/// One server that flushes always, and logs that gather commits.
#[derive(Default)]
pub(crate) struct FlushingBroker(OnceCell<Server>);

#[async_trait]
impl Broker for FlushingBroker {
    async fn urls(&self) -> Vec<String> {
        let started = || async { Server::builder().sync_always().start().await.unwrap() };
        vec![self.0.get_or_init(started).await.url()]
    }

    fn config(&self) -> JetStreamConfig {
        JetStreamConfig { flush: Flush::Always, ..short() }
    }
}

/// Three servers with three replicas.
#[derive(Default)]
pub(crate) struct ClusterBroker(OnceCell<Cluster>);

#[async_trait]
impl Broker for ClusterBroker {
    async fn urls(&self) -> Vec<String> {
        self.0.get_or_init(|| async { Cluster::start().await.unwrap() }).await.urls()
    }

    fn config(&self) -> JetStreamConfig {
        JetStreamConfig { replicas: 3, ..short() }
    }
}

/// What fails should fail soon.
fn short() -> JetStreamConfig {
    JetStreamConfig {
        answer_timeout: Duration::from_secs(2),
        deadline: Duration::from_secs(10),
        ..JetStreamConfig::default()
    }
}
