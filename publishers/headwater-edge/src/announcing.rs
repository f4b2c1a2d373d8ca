use headwater_contract::Contract;
use headwater_log::service::{
    AnnounceError, Announced, AnnouncedSchema, Announcement, ContractCheck, Contracts, instance,
};
use headwater_schema::registry::{Registry, Side};

/// The announcements of the services that publish through the edge.
///
/// They have no process that Headwater knows of, and through the edge they may publish at any time. So whoever asks what is running
/// must find them: a subscriber that would read what they don't write, and an operator who retires a version.
pub(crate) struct Announcements(Vec<Announced>);

impl Announcements {
    /// Announces all of them, if each fits what is running.
    pub(crate) async fn announce(
        contracts: &Contracts,
        announcements: Vec<Announcement>,
        check: ContractCheck,
    ) -> Result<Self, AnnounceError> {
        let mut all = Self(Vec::with_capacity(announcements.len()));
        for announcement in announcements {
            match contracts.announce(announcement, check).await {
                Ok(announced) => all.0.push(announced),
                Err(error) => {
                    all.close().await;
                    return Err(error);
                }
            }
        }
        Ok(all)
    }

    /// Withdraws them.
    pub(crate) async fn close(self) {
        futures::future::join_all(self.0.into_iter().map(Announced::close)).await;
    }
}

/// What is announced of a service: its contract, and the newest registered schema of each event that it publishes.
pub(crate) fn announcement(registry: &Registry, contract: &Contract) -> Announcement {
    let schemas = contract.publishes.iter().filter_map(|publication| {
        let newest = registry.events.get(&publication.event)?.last()?;
        // One that can't be read has kept the edge from starting.
        let serialize = Some(newest.document(Side::Serialize).schema().ok()?);
        Some(AnnouncedSchema {
            event: publication.event.clone(),
            upcasts: false,
            serialize,
            deserialize: None,
        })
    });
    Announcement::of(contract, concat!("via headwater-edge ", env!("CARGO_PKG_VERSION")), instance(), schemas)
}
