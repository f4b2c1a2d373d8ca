use async_nats::Client;
use headwater_event::Contracted;

use super::{Announced, ContractCheck, announce};
use crate::service::{Connection, Denials, Failure, Shutdown};

/// A service among those that are running: it is connected, and its contract is announced.
#[derive(Debug)]
pub struct Joined {
    /// Its connection.
    pub client: Client,
    /// What the server denies it.
    pub denials: Denials,
    /// What keeps its contract announced.
    pub announced: Announced,
}

impl Joined {
    /// Connects under this name, and announces the service with the contract and the schemas that it was compiled with.
    ///
    /// A server that is down may come back, so this may take a while. When the process is to end meanwhile, that is
    /// logged, and there is nothing.
    ///
    /// # Errors
    ///
    /// [`Failure`], with what [`Connection::connect_watched`] or [`announce`] says.
    pub async fn join<C: Contracted>(
        name: &str,
        connection: &Connection,
        check: ContractCheck,
        shutdown: &Shutdown,
    ) -> Result<Option<Self>, Failure> {
        let joining = async {
            let (client, denials) = connection.connect_watched(name).await?;
            let announced = announce::<C>(client.clone(), denials.clone(), check).await?;
            Ok(Self { client, denials, announced })
        };
        let joined = shutdown.token().run_until_cancelled(joining).await;
        if joined.is_none() {
            tracing::info!("stopped before its contract was announced");
        }
        joined.transpose()
    }
}
