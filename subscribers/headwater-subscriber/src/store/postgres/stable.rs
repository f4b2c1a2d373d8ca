//! The schema that query services read, whichever build is live: a view of each of its tables.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::failure::Failure;
use super::session::Session;
use super::site::{Site, quoted};
use crate::StoreError;

/// Together with the hash of the projection's name, names the lock under which its views change.
const LOCK: i32 = 0x7669_6577;

/// Keeps others from changing the views until the transaction ends.
pub(super) async fn lock(session: &Session, site: &Site) -> Result<(), Failure> {
    let Some(stable) = &site.stable else { return Ok(()) };
    let lock = format!("SELECT pg_advisory_xact_lock({LOCK}, hashtext($1::text))");
    session.query(&lock, &[&stable.schema]).await.map(drop)
}

/// The same, unless others change them now.
async fn try_lock(session: &Session, stable: &Stable) -> Result<bool, Failure> {
    let lock = format!("SELECT pg_try_advisory_xact_lock({LOCK}, hashtext($1::text))");
    Ok(session.query(&lock, &[&stable.schema]).await?.first().is_some_and(|row| row.get(0)))
}

/// The schema of the build that is shown.
pub(super) async fn shown(session: &Session, site: &Site) -> Result<Option<String>, Failure> {
    let Some(stable) = &site.stable else { return Ok(None) };
    let made = "SELECT to_regclass($1::text) IS NOT NULL";
    let made = session.query(made, &[&stable.relation(BUILD)]).await?;
    if !made.first().is_some_and(|row| row.get(0)) {
        return Ok(None);
    }
    let shown = session.simple(&format!("SELECT schema FROM {}", stable.relation(BUILD))).await?;
    Ok(shown.first().and_then(|row| row.get(0).map(str::to_owned)))
}

/// Shows the build of the site, in the transaction that has begun. Readers are waited for no longer than `limit`, for all
/// views together.
///
/// A view is replaced and never dropped, so the rights and other views that a team has given it stay. That of a table
/// which the build doesn't have has no rows.
pub(super) async fn show(session: &Session, site: &Site, limit: Duration) -> Result<(), Failure> {
    let Some(stable) = &site.stable else { return Ok(()) };
    let shown = shown(session, site).await?;
    if shown.is_none() {
        make(session, stable, site).await?;
    }
    let tables = names(session, &site.names()).await?;
    let until = Instant::now() + limit;
    if shown.as_ref() == Some(&site.schema) {
        let views = views_of(session, stable, site).await?;
        for table in tables.difference(&views) {
            show_table(session, stable, site, table, true, Some(until)).await?;
        }
        return Ok(());
    }
    let views = names(session, &stable.relation(VIEWS)).await?;
    for table in tables.union(&views) {
        show_table(session, stable, site, table, tables.contains(table), Some(until)).await?;
    }
    let build = format!(
        "{}; CREATE OR REPLACE VIEW {} AS SELECT {}::text AS build, {}::text AS schema;
        CREATE OR REPLACE VIEW {} AS SELECT domain, sequence, checkpoint FROM {}",
        lock_timeout(until)?,
        stable.relation(BUILD),
        literal(&stable.build),
        literal(&site.schema),
        stable.relation(CHECKPOINT),
        site.table(CHECKPOINT),
    );
    session.simple(&build).await.map(drop)
}

/// Shows a new table of the site's build, if that is shown, in the transaction that makes the table. It waits for nobody:
/// false when the view is there already, so that it may have readers, or when others change the views.
pub(super) async fn show_new(session: &Session, site: &Site, table: &str) -> Result<bool, Failure> {
    let Some(stable) = &site.stable else { return Ok(true) };
    if !try_lock(session, stable).await? {
        return Ok(false);
    }
    if shown(session, site).await?.as_ref() != Some(&site.schema) {
        return Ok(true);
    }
    let look = "SELECT to_regclass($1::text) IS NULL";
    let is_new = session.query(look, &[&stable.relation(table)]).await?.first().is_some_and(|row| row.get(0));
    if is_new {
        show_table(session, stable, site, table, true, None).await?;
    }
    Ok(is_new)
}

/// What is called the same whichever build is live.
pub(super) struct Stable {
    /// The projection's name.
    pub(super) schema: String,
    /// The build of the site.
    pub(super) build: String,
}

/// Which build is shown.
const BUILD: &str = "headwater_build";
const CHECKPOINT: &str = "headwater_checkpoint";
/// Which views are the projection's: there may be others.
const VIEWS: &str = "headwater_views";

impl Stable {
    fn relation(&self, name: &str) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(name))
    }
}

async fn make(session: &Session, stable: &Stable, site: &Site) -> Result<(), Failure> {
    let look = "SELECT relname::text FROM pg_namespace AS schema
        LEFT JOIN pg_class AS relation ON relnamespace = schema.oid
        WHERE nspname = $1 ORDER BY relname LIMIT 1";
    match session.query(look, &[&stable.schema]).await?.first() {
        None => drop(session.simple(&format!("CREATE SCHEMA {}", quoted(&stable.schema))).await?),
        Some(row) => {
            if let Some(entry) = row.get::<_, Option<String>>(0) {
                let place = crate::StorePlace::Schema {
                    schema: stable.schema.clone(),
                    database: site.config.database(),
                };
                return Err(StoreError::Foreign { place, entry }.into());
            }
        }
    }
    let views = format!("CREATE TABLE {} (name text COLLATE \"C\" PRIMARY KEY)", stable.relation(VIEWS));
    session.simple(&views).await.map(drop)
}

async fn show_table(
    session: &Session,
    stable: &Stable,
    site: &Site,
    table: &str,
    is_there: bool,
    until: Option<Instant>,
) -> Result<(), Failure> {
    let rows = if is_there {
        format!("SELECT key, value, exact FROM {}", site.table(table))
    } else {
        "SELECT NULL::text COLLATE \"C\" AS key, NULL::jsonb AS value, NULL::bytea AS exact WHERE false"
            .to_owned()
    };
    let limit = until.map(lock_timeout).transpose()?.unwrap_or_default();
    session.simple(&format!("{limit}; CREATE OR REPLACE VIEW {} AS {rows}", stable.relation(table))).await?;
    let known = format!("INSERT INTO {} (name) VALUES ($1) ON CONFLICT DO NOTHING", stable.relation(VIEWS));
    session.query(&known, &[&table]).await.map(drop)
}

/// The statement by which the next ones wait for a lock until then.
fn lock_timeout(until: Instant) -> Result<String, Failure> {
    match until.saturating_duration_since(Instant::now()).as_millis() {
        0 => Err(Failure::Lost("readers are in the way".into())),
        left => Ok(format!("SET LOCAL lock_timeout = {left}")),
    }
}

/// The tables of the site's build that views show. That a view has the name of a table doesn't say that it shows it.
async fn views_of(session: &Session, stable: &Stable, site: &Site) -> Result<BTreeSet<String>, Failure> {
    let look = "SELECT DISTINCT shown.relname::text
        FROM pg_class AS view
        JOIN pg_rewrite AS rule ON rule.ev_class = view.oid
        JOIN pg_depend AS uses ON uses.classid = 'pg_rewrite'::regclass AND uses.objid = rule.oid
        JOIN pg_class AS shown ON uses.refclassid = 'pg_class'::regclass AND uses.refobjid = shown.oid
        WHERE view.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)
            AND shown.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $2)
            AND view.relname = shown.relname";
    let rows = session.query(look, &[&stable.schema, &site.schema]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

async fn names(session: &Session, relation: &str) -> Result<BTreeSet<String>, Failure> {
    let names = session.simple(&format!("SELECT name FROM {relation}")).await?;
    Ok(names.iter().filter_map(|row| row.get(0).map(str::to_owned)).collect())
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
