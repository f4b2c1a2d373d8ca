use std::ops::Bound;

use headwater_log::service::http::Problem;

use super::QueryLimits;
use super::cursor::Cursor;
use super::params::Params;
use super::problems::invalid;
use crate::index::{entries_between, entries_with_prefix};
use crate::span::after;
use crate::state::{row_key, table_end};
use crate::table_info::KeyText;
use crate::{IndexInfo, Order, TableInfo};

/// Which rows are asked for: `?from=&to=&prefix=`.
#[derive(Debug, Default)]
pub(super) struct Range {
    from: Option<String>,
    to: Option<String>,
    prefix: Option<String>,
}

/// Which of them are on the page: `?order=&limit=&after=`.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) order: Order,
    pub(super) limit: usize,
    pub(super) after: Option<Cursor>,
}

/// From where and until before where in the store. It may end before it begins.
pub(super) type Between = (Vec<u8>, Vec<u8>);

impl Range {
    pub(super) const PARAMETERS: &'static str = "from, to, prefix";

    pub(super) fn take(params: &mut Params) -> Result<Self, Problem> {
        Ok(Self { from: params.text("from")?, to: params.text("to")?, prefix: params.text("prefix")? })
    }

    pub(super) fn of_rows(&self, table: &TableInfo) -> Between {
        let at = |key: &String| row_key(table.name, &table.key.stored(key));
        let from = self.from.as_ref().map_or_else(|| row_key(table.name, &""), at);
        let to = self.to.as_ref().map_or_else(|| table_end(table.name), at);
        let prefix = self.prefix.as_ref().map(|prefix| {
            let begin = row_key(table.name, prefix);
            // No text has this byte.
            let end = [begin.as_slice(), b"\xff"].concat();
            (begin, end)
        });
        narrowed((from, to), prefix)
    }

    pub(super) fn of_index(&self, table: &TableInfo, index: &IndexInfo) -> Between {
        let stored = |text: &Option<String>, key: KeyText| text.as_ref().map(|text| key.stored(text));
        let from = stored(&self.from, index.key).map_or(Bound::Unbounded, Bound::Included);
        let to = stored(&self.to, index.key).map_or(Bound::Unbounded, Bound::Excluded);
        let between = entries_between::<String>(table.name, index.name, &(from, to));
        let prefix = self.prefix.as_ref().map(|prefix| entries_with_prefix(table.name, index.name, prefix));
        narrowed(between, prefix)
    }
}

impl Page {
    pub(super) const PARAMETERS: &'static str = "order, limit, after";

    pub(super) fn take(params: &mut Params, limits: &QueryLimits) -> Result<Self, Problem> {
        let order = match params.text("order")?.as_deref() {
            None | Some("asc") => Order::Ascending,
            Some("desc") => Order::Descending,
            Some(other) => {
                return Err(invalid(format!("`order={other}` is no order; write `asc` or `desc`")));
            }
        };
        let limit = params.parsed("limit", "limit=100")?.unwrap_or(limits.page_rows);
        let max = limits.page_rows_max;
        if !(1..=max).contains(&limit) {
            return Err(invalid(format!(
                "`limit={limit}`: a page has from 1 to {max} rows; `next` leads to more"
            )));
        }
        let after = params.text("after")?.map(|text| Cursor::parse(&text)).transpose()?;
        Ok(Self { order, limit, after })
    }

    /// What is left of the range after the page before, whose keys all begin with `base`.
    pub(super) fn rest(&self, (from, to): Between, base: &[u8]) -> Between {
        let Some(cursor) = &self.after else { return (from, to) };
        let last = [base, cursor.bytes()].concat();
        match self.order {
            Order::Ascending => (from.max(after(last)), to),
            Order::Descending => (from, to.min(last)),
        }
    }
}

fn narrowed((from, to): Between, other: Option<Between>) -> Between {
    match other {
        None => (from, to),
        Some((other_from, other_to)) => (from.max(other_from), to.min(other_to)),
    }
}
