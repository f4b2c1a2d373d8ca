use std::collections::{BTreeMap, BTreeSet};

use futures::FutureExt as _;
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

use super::document::document;
use super::failure::Failure;
use super::layout::{Slot, slot};
use super::session::Session;
use super::site::Site;
use crate::Write;

/// What a commit writes, as a few statements have it.
pub(super) struct Batch {
    rows: BTreeMap<String, Rows>,
    entries: Entries,
}

/// What is written to a table.
#[derive(Default)]
struct Rows {
    keys: Vec<String>,
    /// What the value is to SQL, if jsonb can hold it.
    documents: Vec<Option<String>>,
    /// Else its bytes.
    exact: Vec<Option<Vec<u8>>>,
    removed: Vec<String>,
}

/// Heads, tails, and values.
#[derive(Default)]
struct Entries {
    written: [Vec<Vec<u8>>; 3],
    removed: [Vec<Vec<u8>>; 2],
}

impl Batch {
    pub(super) fn new(writes: Vec<Write>) -> Self {
        let mut batch = Self { rows: BTreeMap::new(), entries: Entries::default() };
        for Write { key, value } in writes {
            match slot(&key) {
                Slot::Row { table, key } => batch.row(table, key, value),
                Slot::Entry { head, tail } => batch.entries.write(head, tail, value),
            }
        }
        batch
    }

    /// The tables that get rows.
    pub(super) fn tables(&self) -> impl Iterator<Item = &str> {
        let written = self.rows.iter().filter(|(_, rows)| !rows.keys.is_empty());
        written.map(|(table, _)| table.as_str())
    }

    /// Writes all of it to the tables that are known, and commits.
    pub(super) async fn commit(
        &self,
        session: &mut Session,
        site: &Site,
        known: &BTreeSet<String>,
    ) -> Result<(), Failure> {
        let mut writes: Vec<(Statement, Vec<&(dyn ToSql + Sync)>)> = Vec::new();
        // What is removed from a table that isn't there was never there.
        for (table, rows) in self.rows.iter().filter(|(table, _)| known.contains(*table)) {
            if !rows.keys.is_empty() {
                let upsert = session.prepared(&upsert_rows(&site.table(table))).await?;
                writes.push((upsert, vec![&rows.keys, &rows.documents, &rows.exact]));
            }
            if !rows.removed.is_empty() {
                let delete = format!("DELETE FROM {} WHERE key = ANY ($1)", site.table(table));
                writes.push((session.prepared(&delete).await?, vec![&rows.removed]));
            }
        }
        let Entries { written, removed } = &self.entries;
        if !written[0].is_empty() {
            let upsert = session.prepared(&upsert_entries(&site.entries())).await?;
            writes.push((upsert, vec![&written[0], &written[1], &written[2]]));
        }
        if !removed[0].is_empty() {
            let delete = session.prepared(&delete_entries(&site.entries())).await?;
            writes.push((delete, vec![&removed[0], &removed[1]]));
        }
        let client = &session.client;
        let sent = writes.iter().map(|(statement, parameters)| {
            client.execute(statement, parameters).map(|answer| answer.map(drop)).boxed()
        });
        // After a statement that has failed it rolls back.
        let sent = sent.chain([client.batch_execute("COMMIT").boxed()]);
        session.pipelined(sent).await.map(drop)
    }

    fn row(&mut self, table: &str, key: &str, value: Option<Vec<u8>>) {
        if !self.rows.contains_key(table) {
            self.rows.insert(table.to_owned(), Rows::default());
        }
        let Some(rows) = self.rows.get_mut(table) else { return };
        let Some(value) = value else { return rows.removed.push(key.to_owned()) };
        let document = document(&value).map(str::to_owned);
        if document.is_none() {
            tracing::warn!(table, key, "jsonb can't hold a value of this row; it is null to SQL");
        }
        rows.keys.push(key.to_owned());
        rows.exact.push(document.is_none().then_some(value));
        rows.documents.push(document);
    }
}

impl Entries {
    fn write(&mut self, head: &[u8], tail: &[u8], value: Option<Vec<u8>>) {
        let key = [head, tail].map(<[u8]>::to_owned);
        match value {
            Some(value) => self
                .written
                .iter_mut()
                .zip(key.into_iter().chain([value]))
                .for_each(|(all, one)| all.push(one)),
            None => self.removed.iter_mut().zip(key).for_each(|(all, one)| all.push(one)),
        }
    }
}

/// The exact bytes are kept beside a value that jsonb would print otherwise, or can't hold.
fn upsert_rows(table: &str) -> String {
    format!(
        "INSERT INTO {table} AS known (key, value, exact)
        SELECT key, value, CASE
            WHEN document IS NULL THEN exact
            WHEN value::text = document THEN NULL
            ELSE convert_to(document, 'UTF8')
        END
        FROM (
            SELECT key, document, exact, coalesce(document, 'null')::jsonb AS value
            FROM unnest($1::text[], $2::text[], $3::bytea[]) AS given (key, document, exact)
            OFFSET 0
        ) AS given
        ON CONFLICT (key) DO UPDATE SET value = excluded.value, exact = excluded.exact"
    )
}

fn upsert_entries(entries: &str) -> String {
    format!(
        "INSERT INTO {entries} AS known (head, tail, value)
        SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[])
        ON CONFLICT (head, sha256(tail)) DO UPDATE SET value = excluded.value"
    )
}

fn delete_entries(entries: &str) -> String {
    format!(
        "DELETE FROM {entries} AS known USING unnest($1::bytea[], $2::bytea[]) AS gone (head, tail)
        WHERE known.head = gone.head AND sha256(known.tail) = sha256(gone.tail)"
    )
}
