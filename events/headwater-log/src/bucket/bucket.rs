use std::collections::BTreeMap;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{BucketError, Object};

/// Where large things are kept under names, each of them whole or not at all.
///
/// Contents are streamed: an object of any size takes some megabytes of memory, in both directions. Time limits are about progress, and not
/// about the whole: what moves on may take as long as it takes.
///
/// # Example: the newest snapshot
///
/// ```
/// use headwater_log::{Bucket, DirectoryBucket};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// let bucket = DirectoryBucket::open(directory.path()).await?;
/// let position = [("position".to_owned(), "4711".to_owned())].into();
/// bucket.put("delay-stats/0", position, &mut &b"rows"[..]).await?;
///
/// let newest = bucket.newest("delay-stats/").await?.unwrap();
/// assert_eq!(newest.metadata["position"], "4711");
/// let mut rows = Vec::new();
/// bucket.get(&newest.name, &mut rows).await?;
/// assert_eq!(rows, b"rows");
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait Bucket: Send + Sync {
    /// Keeps what the reader yields up to its end, in the place of what has this name. Until it returns, nobody sees any of it.
    ///
    /// # Errors
    ///
    /// [`BucketError`]. What was there before stays, unless the error [may be wrong](BucketError::Unavailable).
    async fn put(
        &self,
        name: &str,
        metadata: BTreeMap<String, String>,
        content: &mut (dyn AsyncRead + Send + Unpin),
    ) -> Result<Object, BucketError>;

    /// What there is under names that begin so, the newest first. Another server than the one that took them may not know the last ones yet.
    ///
    /// # Errors
    ///
    /// [`BucketError`].
    async fn list(&self, prefix: &str) -> Result<Vec<Object>, BucketError>;

    /// The one that was put last.
    ///
    /// # Errors
    ///
    /// [`BucketError`].
    async fn newest(&self, prefix: &str) -> Result<Option<Object>, BucketError> {
        Ok(self.list(prefix).await?.into_iter().next())
    }

    /// Writes an object's content, and flushes it. **Believe in nothing of it before this has returned**: its digest is known to be right
    /// only then. So write to a place of its own, and use it afterwards.
    ///
    /// # Errors
    ///
    /// [`BucketError::NoObject`], [`BucketError::Damaged`] when it isn't what was put, and others.
    async fn get(
        &self,
        name: &str,
        target: &mut (dyn AsyncWrite + Send + Unpin),
    ) -> Result<Object, BucketError>;

    /// Removes an object, if it is there. Who is reading it fails.
    ///
    /// # Errors
    ///
    /// [`BucketError`].
    async fn remove(&self, name: &str) -> Result<(), BucketError>;
}
