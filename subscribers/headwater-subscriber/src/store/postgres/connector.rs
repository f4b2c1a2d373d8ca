use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Client, Config, Error, Socket};

/// What makes connections, with or without TLS.
#[derive(Clone)]
pub(super) struct Connector(Arc<dyn Fn(Config) -> Connecting + Send + Sync>);

/// A client, and what moves its bytes until the connection ends.
type Connecting = BoxFuture<'static, Result<(Client, BoxFuture<'static, ()>), Error>>;

impl Connector {
    pub(super) fn new<T>(tls: T) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send + 'static,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        Self(Arc::new(move |config: Config| {
            let tls = tls.clone();
            async move {
                let (client, connection) = config.connect(tls).await?;
                // Its errors are also those of the client's next statement.
                Ok((client, connection.map(drop).boxed()))
            }
            .boxed()
        }))
    }

    pub(super) fn connect(&self, config: Config) -> Connecting {
        (self.0)(config)
    }
}
