use headwater_schema::deploy::{Announcement, AnnouncementError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::registry::RunningService;

/// An announcement as it is stored: refreshed, but never younger than it is.
#[derive(Serialize)]
pub(super) struct Entry<'a> {
    /// The sequence of the first message of this announcement. The first message itself has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<u64>,
    #[serde(flatten)]
    pub(super) announcement: &'a Announcement,
}

#[derive(Deserialize)]
struct Since {
    #[serde(default)]
    since: Option<u64>,
}

/// A stored message, as it comes from the server.
pub(super) struct Stored {
    pub(super) key: String,
    pub(super) sequence: u64,
    pub(super) refreshed_at: Timestamp,
    pub(super) payload: bytes::Bytes,
}

impl Stored {
    pub(super) fn read(&self) -> Result<RunningService, String> {
        let announcement = Announcement::from_json(&self.payload).map_err(|error| match error {
            AnnouncementError::Json(json) => format!("it is no announcement: {json}"),
            error => error.to_string(),
        })?;
        // Whoever may write only its own key must not speak for others.
        if self.key.split('.').next() != Some(&*token(&announcement.service)) {
            return Err(format!("it claims to be by {}", announcement.service));
        }
        let Since { since } = serde_json::from_slice(&self.payload).map_err(|error| error.to_string())?;
        let since = match since {
            None => self.sequence,
            Some(since) if since <= self.sequence => since,
            // The bucket was made anew since, and counts from the beginning; this one was there before.
            Some(_) => 0,
        };
        Ok(RunningService { key: self.key.clone(), since, refreshed_at: self.refreshed_at, announcement })
    }
}

/// The key of an announcement: by service first, so that a service can be allowed to write its own only.
pub(super) fn key(announcement: &Announcement) -> String {
    format!("{}.{}", token(&announcement.service), token(&announcement.instance))
}

/// A text as a part of a key.
fn token(text: &str) -> String {
    let legal = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    if text.is_empty() {
        return "_".to_owned();
    }
    text.chars().map(|character| if legal(character) { character } else { '_' }).collect()
}
