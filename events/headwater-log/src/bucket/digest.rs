use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use sha2::{Digest as _, Sha256};

/// The SHA-256 of what has passed.
#[derive(Default)]
pub(super) struct Digest {
    sha: Sha256,
    pub(super) size: u64,
}

impl Digest {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.sha.update(bytes);
        self.size += bytes.len() as u64;
    }

    /// As object stores write it.
    pub(super) fn finish(self) -> String {
        format!("SHA-256={}", URL_SAFE.encode(self.sha.finalize()))
    }
}

/// A name as a token of a subject, or the name of a file.
pub(super) fn token(name: &str) -> String {
    URL_SAFE.encode(name)
}
