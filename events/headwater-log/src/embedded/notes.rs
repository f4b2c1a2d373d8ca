use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use headwater_event::{Aggregate, Domain};
use sled::{Batch, Db, Tree};
use tokio::task::spawn_blocking;

use super::log::blocking;
use crate::append::MESSAGE_BYTES_MAX;
use crate::notes::{NewNote, is_name, new_notes};
use crate::{Note, NoteError, ReadError};

/// The notes beside the events: a tree for each domain that has some. Cloning is cheap.
#[derive(Clone)]
pub(super) struct Notes {
    db: Db,
    /// By the names of their streams.
    trees: Arc<Mutex<BTreeMap<String, Tree>>>,
}

impl Notes {
    /// The notes that a store has.
    pub(super) fn open(db: &Db) -> sled::Result<Self> {
        let names = db.tree_names().into_iter().filter_map(|name| String::from_utf8(name.to_vec()).ok());
        let trees = names
            .filter(|name| name.starts_with("NOTES_"))
            .map(|name| db.open_tree(&name).map(|tree| (name, tree)))
            .collect::<sled::Result<_>>()?;
        Ok(Self { db: db.clone(), trees: Arc::new(Mutex::new(trees)) })
    }

    pub(super) async fn read(&self, aggregate: &Aggregate, name: &str) -> Result<Option<Bytes>, ReadError> {
        let domain = aggregate.domain();
        let tree = self.lock().get(&domain.notes_stream()).cloned();
        let (Some(tree), true) = (tree, is_name(name)) else { return Ok(None) };
        let subject = aggregate.note_subject(name);
        let content = blocking(domain, move || tree.get(subject)).await?;
        let content = content.map_err(|error| ReadError::unavailable(domain, error))?;
        Ok(content.map(|content| Bytes::copy_from_slice(&content)))
    }

    pub(super) async fn keep(&self, aggregate: &Aggregate, notes: Vec<Note>) -> Result<(), NoteError> {
        let new = new_notes(aggregate, notes, MESSAGE_BYTES_MAX)?;
        if new.is_empty() {
            return Ok(());
        }
        let (store, domain) = (self.clone(), aggregate.domain().clone());
        let kept = spawn_blocking(move || store.apply_and_flush(&domain, new)).await;
        kept.map_err(|error| NoteError::unavailable(aggregate, error))?
            .map_err(|error| NoteError::unavailable(aggregate, error))
    }

    /// All of them in one batch, or none.
    fn apply_and_flush(&self, domain: &Domain, notes: Vec<NewNote>) -> sled::Result<()> {
        let tree = self.tree(domain)?;
        let mut batch = Batch::default();
        for NewNote { subject, content } in notes {
            batch.insert(subject.into_bytes(), content.as_ref());
        }
        tree.apply_batch(batch)?;
        self.db.flush()?;
        Ok(())
    }

    /// The tree of a domain, created if it isn't there.
    fn tree(&self, domain: &Domain) -> sled::Result<Tree> {
        let (mut trees, name) = (self.lock(), domain.notes_stream());
        if let Some(tree) = trees.get(&name) {
            return Ok(tree.clone());
        }
        let tree = self.db.open_tree(&name)?;
        trees.insert(name, tree.clone());
        Ok(tree)
    }

    /// A panic elsewhere can't have left the map half-changed: it is only inserted into.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Tree>> {
        self.trees.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
