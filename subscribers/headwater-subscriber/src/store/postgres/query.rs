use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::bounds::conditions;
use super::layout::{Slot, halves, part, row_key, slot};
use super::site::Site;
use crate::{Entry, Order};

/// A statement that reads rows of a table, or entries.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) statement: String,
    parameters: Vec<Parameter>,
    /// The table; `None` reads entries.
    table: Option<String>,
}

#[derive(Debug)]
pub(super) enum Parameter {
    Text(String),
    Bytes(Vec<u8>),
    Number(i64),
}

impl Query {
    /// What is at the key.
    pub(super) fn get(site: &Site, key: &[u8]) -> Self {
        match slot(key) {
            Slot::Row { table, key } => Self {
                statement: format!(
                    "SELECT key, value::text, exact FROM {} WHERE key = $1",
                    site.table(table)
                ),
                parameters: vec![Parameter::Text(key.to_owned())],
                table: Some(table.to_owned()),
            },
            Slot::Entry { head, tail } => Self {
                statement: format!(
                    "SELECT head, tail, value FROM {} WHERE head = $1 AND sha256(tail) = sha256($2)",
                    site.entries()
                ),
                parameters: vec![Parameter::Bytes(head.to_owned()), Parameter::Bytes(tail.to_owned())],
                table: None,
            },
        }
    }

    /// The first rows of a table whose keys are in the range; `None` when none can be.
    pub(super) fn rows(
        site: &Site,
        table: &str,
        (from, to): (&[u8], &[u8]),
        order: Order,
        max: i64,
    ) -> Option<Self> {
        let (from, to) = part(table, from, to)?;
        let (conditions, mut parameters) = conditions(from, to);
        parameters.push(Parameter::Number(max));
        let statement = format!(
            "SELECT key, value::text, exact FROM {} {conditions} ORDER BY key {} LIMIT ${}",
            site.table(table),
            direction(order),
            parameters.len()
        );
        Some(Self { statement, parameters, table: Some(table.to_owned()) })
    }

    /// The first entries in the range.
    pub(super) fn entries(site: &Site, (from, to): (&[u8], &[u8]), order: Order, max: i64) -> Self {
        let halves = |bound| {
            let (head, tail) = halves(bound);
            [Parameter::Bytes(head.to_owned()), Parameter::Bytes(tail.to_owned())]
        };
        let direction = direction(order);
        let statement = format!(
            "SELECT head, tail, value FROM {} WHERE (head, tail) >= ($1, $2) AND (head, tail) < ($3, $4)
            ORDER BY head {direction}, tail {direction} LIMIT $5",
            site.entries()
        );
        let mut parameters: Vec<_> = halves(from).into_iter().chain(halves(to)).collect();
        parameters.push(Parameter::Number(max));
        Self { statement, parameters, table: None }
    }

    pub(super) fn parameters(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.parameters.iter().map(Parameter::as_sql).collect()
    }

    /// What a row that was read says.
    pub(super) fn entry(&self, row: &Row) -> Result<Entry, tokio_postgres::Error> {
        let Some(table) = &self.table else {
            let (head, tail): (&[u8], &[u8]) = (row.try_get(0)?, row.try_get(1)?);
            return Ok(([head, tail].concat(), row.try_get(2)?));
        };
        let key = row_key(table, row.try_get(0)?);
        let exact: Option<Vec<u8>> = row.try_get(2)?;
        match exact {
            Some(exact) => Ok((key, exact)),
            None => Ok((key, row.try_get::<_, String>(1)?.into_bytes())),
        }
    }
}

impl Parameter {
    fn as_sql(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Text(text) => text,
            Self::Bytes(bytes) => bytes,
            Self::Number(number) => number,
        }
    }
}

fn direction(order: Order) -> &'static str {
    match order {
        Order::Ascending => "ASC",
        Order::Descending => "DESC",
    }
}
