use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use headwater_log::service::http::Problem;

use super::problems::invalid;

/// Where the next page begins: the key in the store of this one's last row, without what all of them begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cursor(Vec<u8>);

impl Cursor {
    pub(super) fn new(key: &[u8]) -> Self {
        Self(key.to_owned())
    }

    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let bytes = URL_SAFE_NO_PAD.decode(text);
        bytes
            .map(Self)
            .map_err(|_| invalid(format!("`after={text}` is no cursor; take the `next` of the page before")))
    }

    pub(super) fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.0)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}
