use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use super::query::Query;
use super::site::Site;
use super::snapshot::Reading;
use crate::span::after;
use crate::{Entry, Order, StoreError};

/// What is in a range of keys, read page by page: the rows of one table after another, and between them the entries.
pub(super) struct Pages {
    reading: Arc<Reading>,
    order: Order,
    tables: Stream,
    entries: Stream,
    failed: bool,
}

/// One of the two, each in the order of keys.
struct Stream {
    /// What wasn't read yet, next first. The parts of a stream are apart.
    parts: VecDeque<Part>,
    page: VecDeque<Entry>,
}

/// What wasn't read of a table, or of the entries.
struct Part {
    table: Option<String>,
    from: Vec<u8>,
    to: Vec<u8>,
    /// How much is read next: little at first, for often no more is asked for.
    max: i64,
}

const PAGE_FIRST: i64 = 32;
const PAGE_FACTOR: i64 = 4;
const PAGE_MAX: i64 = 1_000;

impl Pages {
    pub(super) fn new(reading: Arc<Reading>, range: Range<&[u8]>, order: Order) -> Self {
        let part =
            |table| Part { table, from: range.start.to_owned(), to: range.end.to_owned(), max: PAGE_FIRST };
        // A table's rows have its name and a zero byte before their keys, so they are in the order of the names.
        let mut tables: VecDeque<Part> =
            reading.tables().iter().map(|table| part(Some(table.clone()))).collect();
        if order == Order::Descending {
            tables.make_contiguous().reverse();
        }
        let tables = Stream { parts: tables, page: VecDeque::new() };
        let entries = Stream { parts: VecDeque::from([part(None)]), page: VecDeque::new() };
        Self { reading, order, tables, entries, failed: false }
    }

    /// Reads until each stream has a page, or no more.
    fn fill(&mut self) -> Result<(), StoreError> {
        loop {
            let site = self.reading.pool().site();
            let mut streams = [&mut self.tables, &mut self.entries];
            let queries = streams.each_mut().map(|stream| stream.next_query(site, self.order));
            if queries.iter().all(Option::is_none) {
                return Ok(());
            }
            let asked = queries.each_ref().map(Option::is_some);
            let mut found = self.reading.read(queries.into_iter().flatten().collect())?.into_iter();
            for (stream, asked) in streams.into_iter().zip(asked) {
                if asked {
                    stream.take(found.next().unwrap_or_default(), self.order);
                }
            }
        }
    }
}

impl Iterator for Pages {
    type Item = Result<Entry, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        if let Err(error) = self.fill() {
            self.failed = true;
            return Some(Err(error));
        }
        let first = match (self.tables.page.front(), self.entries.page.front()) {
            (Some((row, _)), Some((entry, _))) if self.order.is_before(entry, row) => &mut self.entries,
            (Some(_), _) => &mut self.tables,
            (None, _) => &mut self.entries,
        };
        first.page.pop_front().map(Ok)
    }
}

impl Stream {
    /// What is to be read now.
    fn next_query(&mut self, site: &Site, order: Order) -> Option<Query> {
        if !self.page.is_empty() {
            return None;
        }
        loop {
            let part = self.parts.front()?;
            let range = (part.from.as_slice(), part.to.as_slice());
            let query = match &part.table {
                Some(table) => Query::rows(site, table, range, order, part.max),
                None => Some(Query::entries(site, range, order, part.max)),
            };
            if query.is_some() {
                return query;
            }
            // None of the range is in this table.
            self.parts.pop_front();
        }
    }

    fn take(&mut self, found: Vec<Entry>, order: Order) {
        let Some(part) = self.parts.front_mut() else { return };
        let is_full = i64::try_from(found.len()).is_ok_and(|len| len == part.max);
        match (found.last(), order) {
            (Some((last, _)), Order::Ascending) if is_full => part.from = after(last.clone()),
            (Some((last, _)), Order::Descending) if is_full => part.to.clone_from(last),
            _ => drop(self.parts.pop_front()),
        }
        if let Some(part) = self.parts.front_mut()
            && is_full
        {
            part.max = (part.max * PAGE_FACTOR).min(PAGE_MAX);
        }
        self.page = found.into();
    }
}
