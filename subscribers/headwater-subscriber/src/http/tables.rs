use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use headwater_log::service::http::Problem;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::answer::json;
use super::cursor::Cursor;
use super::params::Params;
use super::problems::{NO_ROW, NOT_FOUND, at};
use super::range::{Page, Range};
use super::reader::{ReadProblem, ReadUntil};
use super::source::Source;
use super::{Answer, Freshness, QueryLimits};
use crate::index::entries_between;
use crate::state::row_key;
use crate::{IndexInfo, Order, Positions, Row, StoreError, TableInfo, View};

/// How many rows are read between two looks at the clock.
const ROWS_PER_LOOK: usize = 512;

/// `GET /v1/tables/{table}/rows/{key}`
pub(super) async fn row(
    State(source): State<Arc<Source>>,
    Path((table, key)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let table = source.table(&table)?.clone();
    let mut params = Params::of(&uri)?;
    let freshness = Freshness::take(&mut params, &headers)?;
    params.finish(Freshness::PARAMETERS)?;
    let (stored, takes_parts, here) = (table.key.stored(&key), freshness.takes_parts, Arc::clone(&source));
    // A row that is here is all that there is of it. One that isn't may be elsewhere.
    let read = move |view: &View, _| match view.get(table.name, &stored)? {
        None if !takes_parts && !view.is_whole()? => Err(here.elsewhere().into()),
        row => Ok(row),
    };
    let answer = source.read(&freshness.of_parts(), read).await?;
    Ok(answer.render(|row, positions| match row {
        Some(row) => json(StatusCode::OK, &OneRow { key: row.key, value: row.value, positions }),
        None => {
            let part = if takes_parts { " in the partitions that are here" } else { "" };
            at(Problem::new(NO_ROW, format!("the table has no row {key:?}{part}")), positions).into_response()
        }
    }))
}

/// `GET /v1/tables/{table}/rows` and `GET /v1/tables/{table}/by/{index}`
pub(super) async fn rows(
    State(source): State<Arc<Source>>,
    found: Found,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut params = Params::of(&uri)?;
    let freshness = Freshness::take(&mut params, &headers)?;
    let (range, page) = (Range::take(&mut params)?, Page::take(&mut params, &source.limits)?);
    params.finish(&[Range::PARAMETERS, Page::PARAMETERS, Freshness::PARAMETERS].join(", "))?;
    let limits = source.limits.clone();
    let answer =
        source.read(&freshness, move |view, until| page_of(view, until, &found, &range, &page, &limits));
    let answer: Answer<PageRows> = answer.await?;
    Ok(answer.render(|PageRows { rows, next }, positions| {
        json(StatusCode::OK, &PageAnswer { rows, next, positions })
    }))
}

/// `GET /v1/tables/{table}/count` and `GET /v1/tables/{table}/by/{index}/count`
pub(super) async fn count(
    State(source): State<Arc<Source>>,
    found: Found,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut params = Params::of(&uri)?;
    let freshness = Freshness::take(&mut params, &headers)?;
    let range = Range::take(&mut params)?;
    params.finish(&[Range::PARAMETERS, Freshness::PARAMETERS].join(", "))?;
    let answer = source.read(&freshness, move |view, until| {
        let mut count = 0;
        for row in found.read(view, found.between(&range), Order::Ascending) {
            row?;
            count += 1;
            look(count, until)?;
        }
        Ok(count)
    });
    Ok(answer.await?.render(|count, positions| json(StatusCode::OK, &CountAnswer { count, positions })))
}

/// Where rows are looked for: in the table that the path names, or in its index.
pub(super) enum Found {
    Rows(TableInfo),
    Index(TableInfo, IndexInfo),
}

/// The names in the path.
#[derive(Deserialize)]
struct Names {
    table: String,
    index: Option<String>,
}

impl FromRequestParts<Arc<Source>> for Found {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, source: &Arc<Source>) -> Result<Self, Problem> {
        let names = Path::<Names>::from_request_parts(parts, source).await;
        let Path(names) = names.map_err(|error| Problem::new(NOT_FOUND, error.body_text()))?;
        let table = source.table(&names.table)?;
        Ok(match names.index {
            Some(index) => Self::Index(table.clone(), index_of(table, &index)?.clone()),
            None => Self::Rows(table.clone()),
        })
    }
}

type Rows = Box<dyn Iterator<Item = Result<(Vec<u8>, Row), StoreError>>>;

impl Found {
    /// The bytes with which every key in the store begins.
    fn base(&self) -> Vec<u8> {
        match self {
            Self::Rows(table) => row_key(table.name, &""),
            Self::Index(table, index) => entries_between::<String>(table.name, index.name, &..).0,
        }
    }

    fn between(&self, range: &Range) -> (Vec<u8>, Vec<u8>) {
        match self {
            Self::Rows(table) => range.of_rows(table),
            Self::Index(table, index) => range.of_index(table, index),
        }
    }

    /// The rows, each with its key in the store, or its entry's.
    fn read(&self, view: &View, (from, to): (Vec<u8>, Vec<u8>), order: Order) -> Rows {
        match self {
            Self::Rows(table) => {
                let name = table.name;
                let rows = view.rows_between(name, from, to);
                in_order(rows.map(move |row| row.map(|row| (row_key(name, &row.key), row))), order)
            }
            Self::Index(table, index) => {
                in_order(view.index_entries_between(table.name, index.name, (from, to)), order)
            }
        }
    }
}

fn in_order<I>(rows: I, order: Order) -> Rows
where
    I: DoubleEndedIterator<Item = Result<(Vec<u8>, Row), StoreError>> + 'static,
{
    match order {
        Order::Ascending => Box::new(rows),
        Order::Descending => Box::new(rows.rev()),
    }
}

impl Source {
    pub(super) fn table(&self, name: &str) -> Result<&TableInfo, Problem> {
        self.tables.iter().find(|table| table.name == name).ok_or_else(|| {
            let names: Vec<_> = self.tables.iter().map(|table| table.name).collect();
            let names = names.join(", ");
            Problem::new(NOT_FOUND, format!("{} has no table {name:?}; it has: {names}", self.name))
        })
    }
}

fn index_of<'a>(table: &'a TableInfo, name: &str) -> Result<&'a IndexInfo, Problem> {
    table.indexes.iter().find(|index| index.name == name).ok_or_else(|| {
        let names: Vec<_> = table.indexes.iter().map(|index| index.name).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let table = table.name;
        Problem::new(NOT_FOUND, format!("the table {table} has no index {name:?}; it has: {names}"))
    })
}

fn page_of(
    view: &View,
    until: ReadUntil,
    found: &Found,
    range: &Range,
    page: &Page,
    limits: &QueryLimits,
) -> Result<PageRows, ReadProblem> {
    let base = found.base();
    let mut rows = Vec::new();
    let (mut bytes, mut last) = (0, None);
    for row in found.read(view, page.rest(found.between(range), &base), page.order) {
        let (key, row) = row?;
        if rows.len() == page.limit || bytes >= limits.page_bytes_max {
            return Ok(PageRows { rows, next: last.map(|cursor: Cursor| cursor.text()) });
        }
        bytes += row.key.len() + row.value.get().len();
        last = Some(Cursor::new(key.get(base.len()..).unwrap_or_default()));
        rows.push(row.into());
        look(rows.len(), until)?;
    }
    Ok(PageRows { rows, next: None })
}

fn look(rows: usize, until: ReadUntil) -> Result<(), Problem> {
    if rows.is_multiple_of(ROWS_PER_LOOK) { until.check() } else { Ok(()) }
}

struct PageRows {
    rows: Vec<RowAnswer>,
    next: Option<String>,
}

#[derive(Serialize)]
struct RowAnswer {
    key: String,
    value: Box<RawValue>,
}

impl From<Row> for RowAnswer {
    fn from(Row { key, value, .. }: Row) -> Self {
        Self { key, value }
    }
}

#[derive(Serialize)]
struct OneRow<'a> {
    key: String,
    value: Box<RawValue>,
    positions: &'a Positions,
}

#[derive(Serialize)]
struct PageAnswer<'a> {
    rows: Vec<RowAnswer>,
    next: Option<String>,
    positions: &'a Positions,
}

#[derive(Serialize)]
struct CountAnswer<'a> {
    count: usize,
    positions: &'a Positions,
}
