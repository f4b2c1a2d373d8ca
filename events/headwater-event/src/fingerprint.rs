use std::fmt;

use sha2::{Digest, Sha256};

/// A deterministic 128-bit name for an event: a hash of its CloudEvents `source` and `id`, which
/// together are unique (CloudEvents 1.0, section "id").
///
/// It is the broker's `Nats-Msg-Id`, so a retry is recognised as the same event.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// The fingerprint of the event `id` of `source`.
    #[must_use]
    pub fn new(source: &str, id: &str) -> Self {
        // The length keeps ("ab", "c") and ("a", "bc") apart.
        Self::hash(&[&source.len().to_be_bytes(), source.as_bytes(), id.as_bytes()])
    }

    /// The fingerprint as bytes, for a store's key.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// The fingerprint that [`Fingerprint::to_bytes`] gave.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub(crate) fn hash(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        let digest: [u8; 32] = hasher.finalize().into();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self(bytes)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
