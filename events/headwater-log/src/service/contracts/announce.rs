use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::path::Path;

use async_nats::Client;
use headwater_contract::{Contract, EventName};
use headwater_event::{ContractText, Contracted, EventSchema};
use headwater_schema::deploy::{AnnouncedSchema, Announcement};

use super::{AnnounceError, Announced, ContractCheck, Contracts};
use crate::service::Denials;

/// Announces a service with the contract and the schemas that it was compiled with, if it fits what is running.
///
/// # Errors
///
/// As [`Contracts::announce`].
pub async fn announce<C: Contracted>(
    client: Client,
    denials: Denials,
    check: ContractCheck,
) -> Result<Announced, AnnounceError> {
    Contracts::new(client, denials).announce(announcement::<C>()?, check).await
}

fn announcement<C: Contracted>() -> Result<Announcement, AnnounceError> {
    let ContractText { service, version, path, text } = C::CONTRACT;
    // Of all the files of that name, this is the service's.
    let path = Path::new(service).join(path);
    let contract =
        Contract::parse(&path, text).map_err(|_| AnnounceError::Contract { service: service.to_owned() })?;
    Ok(Announcement::of(&contract, version, instance(), C::schemas().into_iter().filter_map(schema)))
}

fn schema(schema: EventSchema) -> Option<AnnouncedSchema> {
    let EventSchema { event_type, upcasts, serialize, deserialize, .. } = schema;
    // The macros take no name that this refuses.
    let name = EventName::new(event_type.domain, event_type.aggregate, event_type.name).ok()?;
    Some(AnnouncedSchema {
        event: name.at(event_type.version),
        upcasts,
        serialize: Some(serialize),
        deserialize: Some(deserialize),
    })
}

/// A name for this process that no other one has, in which an operator sees where it runs.
#[must_use]
pub fn instance() -> String {
    // Containers have the variable, and services of systemd the file.
    let host = std::env::var("HOSTNAME").or_else(|_| std::fs::read_to_string("/etc/hostname"));
    let host = host.ok().map(|host| host.trim().to_owned()).filter(|host| !host.is_empty());
    let host = host.unwrap_or_else(|| "process".to_owned());
    // Every new hasher of the standard library has its own random key.
    let random = RandomState::new().build_hasher().finish() >> 32;
    format!("{host}-{}-{random:08x}", std::process::id())
}
