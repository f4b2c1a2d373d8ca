use headwater_event::Fingerprint;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A snapshot as it is kept.
#[derive(Serialize, Deserialize)]
pub(crate) struct Snapshot {
    /// What has made it.
    pub(crate) code: String,
    /// The event after which the aggregate had this state, and where it is stored.
    #[serde(with = "fingerprint")]
    pub(crate) event: Fingerprint,
    pub(crate) sequence: u64,
    /// The notes that it relies on, if it does.
    pub(crate) root: Option<String>,
    /// Up to which sequence these notes say where events are stored, 0 when it relies on none.
    pub(crate) noted: u64,
    /// Where each later event is stored.
    pub(crate) events: Vec<Stored>,
    pub(crate) state: Box<RawValue>,
}

/// Where an event is stored.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Stored(#[serde(with = "fingerprint")] pub(crate) Fingerprint, pub(crate) u64);

/// The name of the note that holds the snapshot.
pub(crate) const STATE: &str = "state";

/// The name of the note that all others of an aggregate come after. Who removes notes removes it too, and what relies on others
/// that came after another root isn't used.
pub(crate) const ROOT: &str = "root";

/// The name of the note that says where an event is stored.
pub(crate) fn stored(event: Fingerprint) -> String {
    format!("event-{event}")
}

mod fingerprint {
    use std::borrow::Cow;

    use headwater_event::Fingerprint;
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(event: &Fingerprint, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(event)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Fingerprint, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let bits = u128::from_str_radix(&text, 16).map_err(de::Error::custom)?;
        Ok(Fingerprint::from_bytes(bits.to_be_bytes()))
    }
}
