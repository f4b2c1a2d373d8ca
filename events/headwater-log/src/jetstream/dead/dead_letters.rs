use std::collections::BTreeMap;
use std::sync::Arc;

use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use headwater_event::Fingerprint;
use jiff::Timestamp;

use super::super::broker::Broker;
use super::super::records::{Failure, Records};
use super::{Ask, AskedFor, DeadLetterError, Discarded, Letter, ParkedLetter, Reason};
use crate::{JetStreamConfig, JetStreamLog, WorkKey};

/// The dead letters of all reactors.
#[derive(Clone)]
pub struct DeadLetters {
    records: Records,
    broker: Arc<Broker>,
}

impl JetStreamLog {
    /// The dead letters beside the events.
    #[must_use]
    pub fn dead_letters(&self) -> DeadLetters {
        let records = Records::new(self.broker.clone(), dead_stream(&self.broker.config));
        DeadLetters { records, broker: self.broker.clone() }
    }
}

impl DeadLetters {
    /// Parks an event. When it returns, the letter is as durable as events are. `attempt` tells one parking of an event from
    /// another one; the same is stored once.
    ///
    /// # Errors
    ///
    /// [`DeadLetterError::Park`]: it may be parked, or not.
    pub async fn park(&self, letter: &Letter, attempt: &str) -> Result<ParkedLetter, DeadLetterError> {
        let parked = async {
            let subject = format!("dead.{}.{}", token(&letter.reactor)?, letter.key);
            let id = Fingerprint::new(&subject, &format!("{} {attempt}", letter.sequence)).to_string();
            let place = self.records.store(&subject, &id, json(letter)?, self.broker.deadline()).await?;
            Ok(ParkedLetter { place, letter: letter.clone() })
        };
        parked.await.map_err(|source| DeadLetterError::Park {
            reactor: letter.reactor.clone(),
            sequence: letter.sequence,
            source,
        })
    }

    /// The letters of one reactor, or of all, in the order of their reactors, keys and events: of one event the newest letter.
    /// Second, older letters of the same events, which can be removed.
    ///
    /// A letter that this version can't read is among them, with what can be read of it: its key is parked, whatever it says.
    ///
    /// # Errors
    ///
    /// [`DeadLetterError::Read`].
    pub async fn letters(
        &self,
        reactor: Option<&str>,
    ) -> Result<(Vec<ParkedLetter>, Vec<u64>), DeadLetterError> {
        let mut letters = BTreeMap::new();
        let mut replaced = Vec::new();
        for message in self.read("dead", reactor).await? {
            let Some(letter) = letter(&message) else { continue };
            let name = (letter.reactor.clone(), letter.key.clone(), letter.sequence);
            // Of which events they are isn't known, so that none of them replaces another one.
            if letter.sequence == 0 && letters.contains_key(&name) {
                continue;
            }
            let parked = ParkedLetter { place: message.sequence, letter };
            replaced.extend(letters.insert(name, parked).map(|older| older.place));
        }
        Ok((letters.into_values().collect(), replaced))
    }

    /// The letters that operators have dropped, of one reactor or of all, oldest first.
    ///
    /// # Errors
    ///
    /// [`DeadLetterError::Read`].
    pub async fn discarded(&self, reactor: Option<&str>) -> Result<Vec<Discarded>, DeadLetterError> {
        Ok(self.read("discarded", reactor).await?.iter().filter_map(parse).collect())
    }

    /// Removes a letter, or what was asked for: its effect is done.
    ///
    /// # Errors
    ///
    /// [`DeadLetterError::Remove`].
    pub async fn remove(&self, place: u64) -> Result<(), DeadLetterError> {
        let removed = self.records.remove(place, self.broker.deadline()).await;
        removed.map_err(|source| DeadLetterError::Remove { place, source })
    }

    /// Removes a letter, and keeps why.
    ///
    /// # Errors
    ///
    /// [`DeadLetterError::Park`] and [`DeadLetterError::Remove`].
    pub async fn discard(&self, parked: &ParkedLetter, why: &str, by: &str) -> Result<(), DeadLetterError> {
        let letter = &parked.letter;
        let kept = async {
            let subject = format!("discarded.{}.{}", token(&letter.reactor)?, letter.key);
            let id = Fingerprint::new(&subject, &parked.place.to_string()).to_string();
            let discarded = Discarded {
                letter: letter.clone(),
                why: why.to_owned(),
                by: by.to_owned(),
                discarded_at: Timestamp::now(),
            };
            self.records.store(&subject, &id, json(&discarded)?, self.broker.deadline()).await
        };
        kept.await.map_err(|source| DeadLetterError::Park {
            reactor: letter.reactor.clone(),
            sequence: letter.sequence,
            source,
        })?;
        self.remove(parked.place).await
    }

    /// Asks a reactor to do something. It does it when it runs.
    ///
    /// # Errors
    ///
    /// [`DeadLetterError::Name`] and [`DeadLetterError::Ask`].
    pub async fn ask(&self, reactor: &str, ask: &Ask) -> Result<u64, DeadLetterError> {
        token(reactor).map_err(|_| DeadLetterError::Name { name: reactor.to_owned() })?;
        let subject = format!("asked.{reactor}");
        let asked = async {
            let json = json(ask)?;
            let id = Fingerprint::new(&subject, &String::from_utf8_lossy(&json)).to_string();
            self.records.store(&subject, &id, json, self.broker.deadline()).await
        };
        asked.await.map_err(|source| DeadLetterError::Ask { reactor: reactor.to_owned(), source })
    }

    /// What a reactor was asked to do, and hasn't done, from the place `from` on.
    ///
    /// # Errors
    ///
    /// [`DeadLetterError::Read`].
    pub async fn asked(&self, reactor: &str, from: u64) -> Result<Vec<AskedFor>, DeadLetterError> {
        let asked = self.records.all(&format!("asked.{reactor}"), from.max(1)).await;
        let asked = asked.map_err(DeadLetterError::Read)?;
        Ok(asked.iter().map(|message| AskedFor { place: message.sequence, ask: parse(message) }).collect())
    }

    /// Makes sure that there is a place for letters.
    ///
    /// # Errors
    ///
    /// [`DeadLetterError::Read`].
    pub async fn open(&self) -> Result<(), DeadLetterError> {
        self.records.open(self.broker.deadline()).await.map_err(DeadLetterError::Read)
    }

    async fn read(&self, kind: &str, reactor: Option<&str>) -> Result<Vec<StreamMessage>, DeadLetterError> {
        let subjects = match reactor {
            Some(reactor) => {
                token(reactor).map_err(|_| DeadLetterError::Name { name: reactor.to_owned() })?;
                format!("{kind}.{reactor}.>")
            }
            None => format!("{kind}.>"),
        };
        let read = self.records.all(&subjects, 1).await;
        read.map_err(DeadLetterError::Read)
    }
}

/// A letter is removed when its effect is done, and never by its age or number.
fn dead_stream(config: &JetStreamConfig) -> Config {
    Config {
        name: "DEAD".to_owned(),
        description: Some("dead letters of reactors, and what operators ask to be done with them".to_owned()),
        subjects: vec!["dead.>".to_owned(), "asked.*".to_owned(), "discarded.>".to_owned()],
        storage: StorageType::File,
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::New,
        duplicate_window: config.duplicate_window,
        num_replicas: config.replicas,
        ..Config::default()
    }
}

fn token(name: &str) -> Result<&str, Failure> {
    let is_token = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
    if is_token { Ok(name) } else { Err(format!("{name:?} can't be a token of a subject").into()) }
}

fn json<T: serde::Serialize>(value: &T) -> Result<bytes::Bytes, Failure> {
    Ok(serde_json::to_vec(value)?.into())
}

/// A letter, or what stands for one that can't be read; none when no event can have such a key.
fn letter(message: &StreamMessage) -> Option<Letter> {
    let (reactor, key) = message.subject.strip_prefix("dead.")?.split_once('.')?;
    key.parse::<WorkKey>().ok()?;
    let letter = parse::<Letter>(message).unwrap_or_else(|| unread(message, key));
    // What it is found by.
    Some(Letter { reactor: reactor.to_owned(), key: key.to_owned(), ..letter })
}

fn unread(message: &StreamMessage, key: &str) -> Letter {
    let json = serde_json::from_slice::<serde_json::Value>(&message.payload).unwrap_or_default();
    let text = |name: &str| json[name].as_str().map(str::to_owned);
    let place = message.sequence;
    Letter {
        reactor: String::new(),
        handler_version: 0,
        key: key.to_owned(),
        domain: key.split('.').next().unwrap_or_default().to_owned(),
        sequence: json["sequence"].as_u64().unwrap_or(0),
        event: text("event"),
        source: text("source"),
        event_type: text("event_type"),
        reason: Reason::Unknown,
        errors: vec![format!("this version can't read the letter at {place} of the stream DEAD")],
        attempts: 0,
        parked_at: Timestamp::from_nanosecond(message.time.unix_timestamp_nanos()).unwrap_or_default(),
    }
}

/// What can't be read is left alone: it may be a newer version's.
fn parse<T: serde::de::DeserializeOwned>(message: &StreamMessage) -> Option<T> {
    match serde_json::from_slice(&message.payload) {
        Ok(value) => Some(value),
        Err(error) => {
            tracing::warn!(place = message.sequence, subject = %message.subject, %error, "a record of the stream DEAD can't be read");
            None
        }
    }
}
