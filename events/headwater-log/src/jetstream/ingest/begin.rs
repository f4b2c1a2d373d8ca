use std::error::Error;

use headwater_event::Domain;
use tokio::time::timeout_at;

use super::bulk_load::StreamAtBegin;
use super::{BulkLoad, BulkLoadError};
use crate::jetstream::JetStreamLog;
use crate::jetstream::broker::created;
use crate::retry::Backoff;
use crate::{OpenError, ReadError};

impl JetStreamLog {
    /// Begins a bulk load into the stream of a domain, which must be open.
    ///
    /// It is for histories and imports: see [`BulkLoad`] for what it promises.
    ///
    /// # Errors
    ///
    /// [`BulkLoadError::NotAllowed`] when the stream was made without `allow_batched`, and
    /// [`BulkLoadError::Unavailable`] when there is no stream, or the log can't be reached in time.
    pub async fn bulk_load(&self, domain: &Domain) -> Result<BulkLoad, BulkLoadError> {
        let broker = self.broker.clone();
        let info = broker.existing_stream_info(domain, broker.deadline()).await;
        let unavailable = |source| BulkLoadError::Unavailable { source };
        let info = info.map_err(unavailable)?;
        if !info.config.allow_batch_publish {
            return Err(BulkLoadError::NotAllowed { stream: domain.stream() });
        }
        let created = created(&info);
        let created = created.map_err(|error| unavailable(ReadError::unavailable(domain, error)))?;
        let stream = StreamAtBegin {
            domain: domain.clone(),
            created,
            last: info.state.last_sequence,
            replicated: info.config.num_replicas > 1,
        };
        Ok(BulkLoad::new(broker, stream))
    }

    /// Lets a stream that was made without it take bulk loads. Streams that this log creates take them anyway.
    ///
    /// It changes the stream's configuration, so it needs the right to update streams.
    ///
    /// # Errors
    ///
    /// [`OpenError::Unavailable`] when the log can't be reached in time, and [`OpenError::Unfit`] when the
    /// server is older than 2.14.
    pub async fn allow_bulk_loads(&self, domain: &Domain) -> Result<(), OpenError> {
        let deadline = self.broker.deadline();
        let mut backoff = Backoff::until(deadline);
        loop {
            let allowed = timeout_at(deadline, self.try_allow_bulk_loads(domain)).await;
            match allowed.unwrap_or_else(|elapsed| Err(elapsed.into())) {
                Ok(true) => return Ok(()),
                Ok(false) => {
                    let problem = "its server takes no bulk loads, because it is older than 2.14".to_owned();
                    return Err(OpenError::Unfit { stream: domain.stream(), problem });
                }
                Err(source) if !backoff.wait().await => {
                    return Err(OpenError::Unavailable { stream: domain.stream(), source });
                }
                Err(error) => tracing::debug!(%domain, %error, "allowing bulk loads again"),
            }
        }
    }

    async fn try_allow_bulk_loads(&self, domain: &Domain) -> Result<bool, Box<dyn Error + Send + Sync>> {
        let info = self.broker.stream_info(domain).await?;
        let mut config = info.ok_or_else(|| ReadError::NoStream { domain: domain.clone() })?.config;
        if config.allow_batch_publish {
            return Ok(true);
        }
        config.allow_batch_publish = true;
        Ok(self.broker.context.update_stream(&config).await?.config.allow_batch_publish)
    }
}
