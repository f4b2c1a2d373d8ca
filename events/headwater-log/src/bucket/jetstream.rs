use std::collections::{BTreeMap, HashMap, HashSet};

use async_nats::Client;
use async_trait::async_trait;
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::config::problem;
use super::digest::token;
use super::info::Info;
use super::object::is_name;
use super::{Bucket, BucketConfig, BucketError, Object};
use crate::Denials;
use crate::retry::Backoff;
use crate::side_stream::{Entry, Failure, SideStream};

/// A bucket in a JetStream object store, in the layout that every client of NATS knows: `nats object ls` shows what is in it.
///
/// It is written and read without consumers, so a user needs only subjects with the bucket's name in them: the API's `STREAM.INFO`,
/// `STREAM.CREATE`, `STREAM.MSG.GET`, `STREAM.PURGE` and `DIRECT.GET` of `OBJ_<name>`, and `$O.<name>.>`. It is made when something is put.
#[derive(Debug, Clone)]
pub struct JetStreamBucket {
    pub(super) stream: SideStream,
    pub(super) config: BucketConfig,
}

/// How much of what is there is read with one request: messages and bytes.
const PAGE: (usize, usize) = (500, 4 * 1024 * 1024);

impl JetStreamBucket {
    /// The bucket behind a connection whose event callback feeds these denials.
    ///
    /// # Errors
    ///
    /// [`BucketError::Name`].
    pub fn new(client: Client, denials: Denials, config: BucketConfig) -> Result<Self, BucketError> {
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if config.name.is_empty() || config.name.len() > 64 || !config.name.bytes().all(is_token) {
            return Err(BucketError::Name { name: config.name });
        }
        let stream = SideStream::new(client, denials, config.stream(), config.answer_timeout);
        Ok(Self { stream, config })
    }

    /// Tries until nothing has moved for too long.
    pub(super) async fn tried<T, F: Future<Output = Result<T, Failure>>>(
        &self,
        attempt: impl Fn() -> F,
    ) -> Result<T, BucketError> {
        let mut backoff = Backoff::within(self.config.patience);
        loop {
            match attempt().await {
                Err(Failure::Unavailable(error)) if backoff.wait().await => {
                    tracing::debug!(bucket = self.config.name, %error, "asking the NATS server again");
                }
                done => return done.map_err(|failure| self.failed(failure)),
            }
        }
    }

    /// What is stored under a name, and with which sequence (0: nothing).
    pub(super) async fn info(&self, name: &str) -> Result<(Option<(Info, Timestamp)>, u64), BucketError> {
        if !is_name(name) {
            return Err(BucketError::Name { name: name.to_owned() });
        }
        let subject = self.info_subject(name);
        let Some(entry) = self.tried(|| self.stream.last(&subject)).await? else { return Ok((None, 0)) };
        let info = read(&entry).map_err(|problem| self.damaged(name, problem))?;
        let there = (!info.deleted).then(|| (info, stored_at(&entry)));
        Ok((there, entry.sequence))
    }

    pub(super) fn info_subject(&self, name: &str) -> String {
        format!("$O.{}.M.{}", self.config.name, token(name))
    }

    pub(super) fn failed(&self, failure: Failure) -> BucketError {
        BucketError::of(failure, &self.config.name)
    }

    pub(super) fn damaged(&self, name: &str, problem: impl Into<String>) -> BucketError {
        BucketError::Damaged {
            bucket: self.config.name.clone(),
            name: name.to_owned(),
            problem: problem.into(),
        }
    }

    pub(super) fn no_object(&self, name: &str) -> BucketError {
        BucketError::NoObject { bucket: self.config.name.clone(), name: name.to_owned() }
    }

    async fn is_there(&self) -> Result<bool, BucketError> {
        Ok(self.tried(|| self.stream.info()).await?.is_some())
    }

    async fn open(&self) -> Result<(), BucketError> {
        let opened = self.stream.open(Instant::now() + self.config.patience).await;
        let info = opened.map_err(|failure| self.failed(failure))?;
        match problem(&info.config, &self.config.stream()) {
            Some(problem) => Err(BucketError::Unfit { bucket: self.config.name.clone(), problem }),
            None => Ok(()),
        }
    }

    /// The descriptions of all objects, in the order in which they were put.
    async fn infos(&self) -> Result<Vec<Entry>, BucketError> {
        let mut entries: Vec<Entry> = Vec::new();
        let subjects = self.config.infos();
        loop {
            let from = entries.last().map_or(1, |last| last.sequence + 1);
            let (page, more) = self.tried(|| self.stream.page(&subjects, from, PAGE.0, PAGE.1)).await?;
            let empty = page.is_empty();
            entries.extend(page);
            if !more || empty {
                break;
            }
        }
        // What replaces a description removes it; who only appends one, as other programs may, leaves the old one there.
        let last: HashMap<_, _> =
            entries.iter().map(|entry| (entry.subject.clone(), entry.sequence)).collect();
        entries.retain(|entry| last.get(&entry.subject) == Some(&entry.sequence));
        Ok(entries)
    }

    /// Removes the chunks of uploads that ended in the middle. What is being uploaded has a chunk that is younger than that.
    pub(super) async fn sweep(&self, now: Timestamp) -> Result<usize, BucketError> {
        let all = self.config.chunks(">");
        let chunks = self.tried(|| self.stream.subjects(&all)).await?;
        // Read after the chunks: an upload that ends meanwhile is known here.
        let known: HashSet<_> = self
            .infos()
            .await?
            .iter()
            .filter_map(|entry| Some(self.config.chunks(&read(entry).ok()?.nuid)))
            .collect();
        let mut swept = 0;
        for subject in chunks.into_iter().filter(|subject| !known.contains(subject)) {
            let last = self.tried(|| self.stream.last(&subject)).await?;
            let Some(last) = last else { continue };
            let age = now.as_microsecond() - stored_at(&last).as_microsecond();
            if u128::try_from(age).unwrap_or(0) >= self.config.abandoned_after.as_micros() {
                // Up to the last one that was seen: should it go on after all, its next chunk finds another one missing.
                let before = Some(last.sequence + 1);
                self.tried(|| self.stream.purge(&subject, before)).await?;
                tracing::info!(bucket = self.config.name, subject, "an abandoned upload is removed");
                swept += 1;
            }
        }
        Ok(swept)
    }
}

#[async_trait]
impl Bucket for JetStreamBucket {
    async fn put(
        &self,
        name: &str,
        metadata: BTreeMap<String, String>,
        content: &mut (dyn AsyncRead + Send + Unpin),
    ) -> Result<Object, BucketError> {
        if !is_name(name) {
            return Err(BucketError::Name { name: name.to_owned() });
        }
        self.open().await?;
        self.upload(name, metadata, content).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Object>, BucketError> {
        if !self.is_there().await? {
            return Ok(Vec::new());
        }
        let object = |entry: &Entry| {
            let info = read(entry).inspect_err(|problem| {
                tracing::warn!(subject = entry.subject, problem, "an object is left out")
            });
            let info =
                info.ok().filter(|info| !info.deleted && !info.is_link() && info.name.starts_with(prefix))?;
            Some(info.object(stored_at(entry)))
        };
        let mut objects: Vec<_> = self.infos().await?.iter().filter_map(object).collect();
        objects.reverse();
        Ok(objects)
    }

    async fn get(
        &self,
        name: &str,
        target: &mut (dyn AsyncWrite + Send + Unpin),
    ) -> Result<Object, BucketError> {
        if !is_name(name) {
            return Err(BucketError::Name { name: name.to_owned() });
        }
        if !self.is_there().await? {
            return Err(self.no_object(name));
        }
        self.download(name, target).await
    }

    async fn remove(&self, name: &str) -> Result<(), BucketError> {
        if !is_name(name) {
            return Err(BucketError::Name { name: name.to_owned() });
        }
        if !self.is_there().await? {
            return Ok(());
        }
        self.delete(name).await
    }
}

fn read(entry: &Entry) -> Result<Info, String> {
    serde_json::from_slice(&entry.payload).map_err(|error| format!("its description can't be read: {error}"))
}

pub(super) fn stored_at(entry: &Entry) -> Timestamp {
    let us = entry.stored_us.and_then(|us| i64::try_from(us).ok()).unwrap_or(0);
    Timestamp::from_microsecond(us).unwrap_or_default()
}
