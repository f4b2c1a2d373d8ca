use super::PostgresStoreError;
use super::failure::Failure;
use super::session::Session;
use super::site::{Site, quoted};
use super::stable;
use crate::StoreError;
use crate::state::{CHECKPOINT, CHECKPOINTS_END};

/// The version of the store's own tables that this program knows.
const LAYOUT: i32 = 1;

/// Names the lock under which two processes that start at once make the tables one after the other.
const MAKING: i64 = 0x6865_6164_7374_6f72;

/// Makes the schema and the store's own tables, unless they are there.
pub(super) async fn make(session: &Session, site: &Site) -> Result<(), Failure> {
    if !is_made(session, site).await? {
        session.simple(&format!("BEGIN; SELECT pg_advisory_xact_lock({MAKING})")).await?;
        // Another one may have been faster.
        if !is_made(session, site).await? {
            make_now(session, site).await?;
        }
        session.simple("COMMIT").await?;
    }
    let layout = session.simple(&format!("SELECT layout FROM {}", site.writer())).await?;
    let layout = layout.first().and_then(|row| row.get(0)?.parse::<i32>().ok()).unwrap_or_default();
    if layout != LAYOUT {
        let place = site.place.clone();
        let reason =
            format!("its tables have the layout {layout}, and this program knows {LAYOUT}; upgrade it");
        return Err(PostgresStoreError::Unfit { place, reason }.into());
    }
    Ok(())
}

/// Whether the store's own tables are there.
pub(super) async fn is_made(session: &Session, site: &Site) -> Result<bool, Failure> {
    let made = "SELECT to_regclass($1::text) IS NOT NULL";
    Ok(session.query(made, &[&site.writer()]).await?.first().is_some_and(|row| row.get(0)))
}

async fn make_now(session: &Session, site: &Site) -> Result<(), Failure> {
    let look = "SELECT relname::text FROM pg_namespace AS schema
        LEFT JOIN pg_class AS relation ON relnamespace = schema.oid
        WHERE nspname = $1 ORDER BY relname LIMIT 1";
    match session.query(look, &[&site.schema]).await?.first() {
        None => drop(session.simple(&format!("CREATE SCHEMA {}", quoted(&site.schema))).await?),
        Some(row) => {
            if let Some(entry) = row.get::<_, Option<String>>(0) {
                return Err(StoreError::Foreign { place: site.place.clone(), entry }.into());
            }
        }
    }
    session
        .simple(&format!(
            "CREATE TABLE {writer} (
                one boolean PRIMARY KEY DEFAULT true CHECK (one),
                layout integer NOT NULL,
                writer text NOT NULL,
                commits bigint NOT NULL
            );
            INSERT INTO {writer} (layout, writer, commits) VALUES ({LAYOUT}, '', 0);
            CREATE TABLE {names} (name text COLLATE \"C\" PRIMARY KEY);
            CREATE TABLE {entries} (head bytea NOT NULL, tail bytea NOT NULL, value bytea NOT NULL);
            -- The key of an index is short, and one of ours needn't be.
            CREATE UNIQUE INDEX headwater_entries_key ON {entries} (head, sha256(tail));
            -- Whatever is asked of the view, only checkpoints are read as such.
            CREATE VIEW {checkpoint} AS
                SELECT domain, (checkpoint->>'sequence')::bigint AS sequence, checkpoint
                FROM (
                    SELECT convert_from(substr(head, {domain_at}), 'UTF8') AS domain,
                        convert_from(value, 'UTF8')::jsonb AS checkpoint
                    FROM {entries}
                    WHERE head >= {checkpoints_begin} AND head < {checkpoints_end} AND tail = ''
                    OFFSET 0
                ) AS checkpoints",
            domain_at = CHECKPOINT.len() + 1,
            checkpoints_begin = bytes(CHECKPOINT),
            checkpoints_end = bytes(CHECKPOINTS_END),
            writer = site.writer(),
            names = site.names(),
            entries = site.entries(),
            checkpoint = site.table("headwater_checkpoint"),
        ))
        .await?;
    Ok(())
}

/// Bytes, as a statement has them.
fn bytes(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("'\\x{digits}'::bytea")
}

/// Makes a table of the projection, in the transaction that first writes to it. False when its view has to be made later.
pub(super) async fn make_table(session: &Session, site: &Site, table: &str) -> Result<bool, Failure> {
    // The name of its index is one that no table has.
    let look = "SELECT 'headwater_' || md5($2), EXISTS (
        SELECT FROM pg_class JOIN pg_namespace AS schema ON relnamespace = schema.oid
        WHERE nspname = $1 AND relname = $2
    )";
    let found = session.query(look, &[&site.schema, &table]).await?;
    let Some(row) = found.first() else { return Ok(true) };
    // Whatever it is, it isn't ours, and its rows aren't either.
    if row.get(1) {
        return Err(StoreError::Foreign { place: site.place.clone(), entry: table.to_owned() }.into());
    }
    let create = format!(
        "CREATE TABLE {} (key text COLLATE \"C\" NOT NULL, value jsonb NOT NULL, exact bytea,
        CONSTRAINT {} PRIMARY KEY (key))",
        site.table(table),
        quoted(row.get(0))
    );
    session.simple(&create).await?;
    let insert = format!("INSERT INTO {} (name) VALUES ($1)", site.names());
    session.query(&insert, &[&table]).await?;
    stable::show_new(session, site, table).await
}

/// Removes the schema with all that is in it.
pub(super) async fn remove(session: &Session, site: &Site) -> Result<(), Failure> {
    session.simple(&format!("DROP SCHEMA {} CASCADE", quoted(&site.schema))).await.map(drop)
}
