use tokio::io::AsyncWrite;

use super::digest::Digest;
use super::info::Info;
use super::pace::{flush, write};
use super::{BucketError, JetStreamBucket, Object};
use crate::retry::Backoff;
use crate::side_stream::{Entry, Failure};

/// How many chunks are asked for at a time, and about how many bytes: what is in memory.
const PAGE: (usize, usize) = (16, 4 * 1024 * 1024);

impl JetStreamBucket {
    pub(super) async fn download(
        &self,
        name: &str,
        target: &mut (dyn AsyncWrite + Send + Unpin),
    ) -> Result<Object, BucketError> {
        let (Some((info, put_at)), _) = self.info(name).await? else { return Err(self.no_object(name)) };
        if info.is_link() {
            return Err(self.damaged(name, "it is only a link to another object"));
        }
        let failed = |source| BucketError::Target { name: name.to_owned(), source };
        let (mut chunks, mut next, mut digest) = (0, 1, Digest::default());
        while chunks < info.chunks {
            let page = self.chunks_from(&info, next).await?;
            let missing = usize::try_from(info.chunks - chunks).unwrap_or(usize::MAX);
            for chunk in page.into_iter().take(missing) {
                digest.update(&chunk.payload);
                write(target, &chunk.payload, self.config.patience).await.map_err(failed)?;
                next = chunk.sequence + 1;
                chunks += 1;
            }
        }
        if digest.size != info.size {
            let problem = format!("it has {} bytes instead of {}", digest.size, info.size);
            return Err(self.damaged(name, problem));
        }
        let digest = digest.finish();
        if digest != info.digest {
            return Err(self.damaged(name, format!("its digest is {digest} instead of {}", info.digest)));
        }
        flush(target, self.config.patience).await.map_err(failed)?;
        Ok(info.object(put_at))
    }

    /// The next chunks, at least one.
    async fn chunks_from(&self, info: &Info, next: u64) -> Result<Vec<Entry>, BucketError> {
        let subject = self.config.chunks(&info.nuid);
        let mut backoff = Backoff::within(self.config.patience);
        loop {
            let failure = match self.stream.page(&subject, next, PAGE.0, PAGE.1).await {
                Ok((chunks, _)) if !chunks.is_empty() => return Ok(chunks),
                // It may be a server that lags; the leader knows.
                Ok(_) => match self.stream.last(&subject).await {
                    Ok(Some(last)) if last.sequence >= next => {
                        Failure::unavailable("the server that answers doesn't have all chunks yet")
                    }
                    Ok(_) => return Err(self.missing(info).await),
                    Err(failure) => failure,
                },
                Err(failure) => failure,
            };
            match failure {
                Failure::Unavailable(error) if backoff.wait().await => {
                    tracing::debug!(bucket = self.config.name, %error, "reading chunks again");
                }
                failure => return Err(self.failed(failure)),
            }
        }
    }

    /// What it means that chunks aren't there.
    async fn missing(&self, info: &Info) -> BucketError {
        match self.info(&info.name).await {
            Ok((Some((now, _)), _)) if now.nuid == info.nuid => {
                self.damaged(&info.name, "chunks are missing")
            }
            Ok(_) => self.no_object(&info.name),
            Err(error) => error,
        }
    }
}
