use std::collections::BTreeMap;

use async_nats::HeaderMap;
use bytes::Bytes;
use tokio::io::AsyncRead;

use super::digest::Digest;
use super::info::{Info, Options};
use super::object::INFO_BYTES_MAX;
use super::pace::read;
use super::{BucketError, JetStreamBucket, Object};
use crate::retry::Backoff;
use crate::side_stream::{Failure, Stored};

/// How large a chunk is, in bytes, where the server takes messages of that size.
const CHUNK_BYTES: usize = 256 * 1024;

impl JetStreamBucket {
    pub(super) async fn upload(
        &self,
        name: &str,
        metadata: BTreeMap<String, String>,
        content: &mut (dyn AsyncRead + Send + Unpin),
    ) -> Result<Object, BucketError> {
        let inbox = self.stream.client.new_inbox();
        let nuid = inbox.rsplit('.').next().unwrap_or(&inbox).to_owned();
        let subject = self.config.chunks(&nuid);
        let mut info = Info {
            name: name.to_owned(),
            bucket: self.config.name.clone(),
            nuid,
            size: 0,
            chunks: 0,
            digest: String::new(),
            metadata,
            deleted: false,
            options: None,
        };
        let bytes = info.json().len();
        if bytes > INFO_BYTES_MAX {
            return Err(BucketError::MetadataTooLarge { name: name.to_owned(), bytes });
        }
        let kept = async {
            self.upload_chunks(&subject, &mut info, content).await?;
            self.publish(name, &info).await
        };
        let (object, replaced) = match kept.await {
            Ok(kept) => kept,
            Err(error) => {
                // Whether the description is stored may be unknown; then the chunks stay, and are swept later if it isn't.
                if !error.is_unavailable() {
                    self.stream.purge(&subject, None).await.ok();
                }
                return Err(error);
            }
        };
        if let Err(error) = self.tidy(replaced, &object).await {
            tracing::warn!(bucket = self.config.name, %error, "what is no longer needed stays in the bucket, for now");
        }
        Ok(object)
    }

    /// Removes an object, with its chunks.
    pub(super) async fn delete(&self, name: &str) -> Result<(), BucketError> {
        let subject = self.info_subject(name);
        let mut backoff = Backoff::within(self.config.patience);
        loop {
            let (there, sequence) = match self.info(name).await {
                // Its chunks are swept later.
                Err(BucketError::Damaged { .. }) => {
                    return self.tried(|| self.stream.purge(&subject, None)).await;
                }
                info => info?,
            };
            let Some((mut info, _)) = there else { return Ok(()) };
            let chunks = self.config.chunks(&info.nuid);
            (info.deleted, info.size, info.chunks) = (true, 0, 0);
            let deleted = info.json();
            let failure = match self.stream.store(&subject, rollup(), deleted.into(), Some(sequence)).await {
                Ok(Stored::At(marker)) => {
                    self.tried(|| self.stream.purge(&chunks, None)).await?;
                    // The marker itself, and not what somebody may have put since.
                    return self.tried(|| self.stream.purge(&subject, Some(marker + 1))).await;
                }
                // Somebody else was faster, or an answer was lost.
                Ok(Stored::Conflict) => Failure::unavailable("the object changes all the time"),
                Err(failure @ Failure::Unavailable(_)) => failure,
                Err(failure) => return Err(self.failed(failure)),
            };
            if !backoff.wait().await {
                return Err(self.failed(failure));
            }
        }
    }

    /// Stores the chunks, each after the one before it: its sequence is expected, so none is lost, doubled or displaced when answers are
    /// lost.
    async fn upload_chunks(
        &self,
        subject: &str,
        info: &mut Info,
        content: &mut (dyn AsyncRead + Send + Unpin),
    ) -> Result<(), BucketError> {
        let bytes = CHUNK_BYTES.min(self.stream.payload_max() / 2).max(1024);
        info.options = Some(Options { link: None, max_chunk_size: Some(bytes) });
        let (mut last, mut digest) = (0, Digest::default());
        loop {
            let chunk = read(content, bytes, self.config.patience).await;
            let chunk = chunk.map_err(|source| BucketError::Source { name: info.name.clone(), source })?;
            if chunk.is_empty() {
                break;
            }
            digest.update(&chunk);
            info.chunks += 1;
            last = self.tried(|| self.store_chunk(subject, chunk.clone(), last)).await?;
        }
        info.size = digest.size;
        info.digest = digest.finish();
        Ok(())
    }

    async fn store_chunk(&self, subject: &str, chunk: Bytes, last: u64) -> Result<u64, Failure> {
        match self.stream.store(subject, HeaderMap::new(), chunk.clone(), Some(last)).await? {
            Stored::At(sequence) => Ok(sequence),
            Stored::Conflict => match self.stream.last(subject).await? {
                // An earlier attempt's answer was lost.
                Some(entry) if entry.sequence > last && entry.payload == chunk => Ok(entry.sequence),
                Some(entry) if entry.sequence == last => Err(Failure::unavailable("an old leader answers")),
                _ => Err(Failure::refused("somebody has removed or changed chunks of this upload")),
            },
        }
    }

    /// Makes the object visible, and tells what it replaces.
    async fn publish(&self, name: &str, info: &Info) -> Result<(Object, Option<Info>), BucketError> {
        let (subject, mut backoff) = (self.info_subject(name), Backoff::within(self.config.patience));
        let mut replaced = None;
        loop {
            let (there, sequence) = match self.info(name).await {
                Err(BucketError::Damaged { .. }) => {
                    self.tried(|| self.stream.purge(&subject, None)).await?;
                    (None, 0)
                }
                info => info?,
            };
            if let Some((there, put_at)) = there {
                if there.nuid == info.nuid {
                    return Ok((there.object(put_at), replaced));
                }
                replaced = Some(there);
            }
            let stored = self.stream.store(&subject, rollup(), info.json().into(), Some(sequence)).await;
            let failure = match stored {
                // Looked at again, for its time; and then it is known to be there.
                Ok(_) => Failure::unavailable("the object changes all the time"),
                Err(failure @ Failure::Unavailable(_)) => failure,
                Err(failure) => return Err(self.failed(failure)),
            };
            if !backoff.wait().await {
                return Err(self.failed(failure));
            }
        }
    }

    /// Removes what the object replaces, and what others have left behind.
    async fn tidy(&self, replaced: Option<Info>, object: &Object) -> Result<(), BucketError> {
        if let Some(replaced) = replaced {
            let chunks = self.config.chunks(&replaced.nuid);
            self.tried(|| self.stream.purge(&chunks, None)).await?;
        }
        // The servers' clock, for what was stored by it.
        self.sweep(object.put_at).await.map(drop)
    }
}

/// The headers of a message that replaces what its subject has.
fn rollup() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Rollup", "sub");
    headers
}
