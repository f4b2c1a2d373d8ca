use tokio_postgres::GenericClient;

/// Where the outbox's tables are: in a schema of their own, or where the connection's `search_path` finds them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Schema(Option<String>);

/// The statements that make the tables, in the schema that comes first in the search path.
pub(crate) const MIGRATION: &str = include_str!("migration.sql");

/// The version of the tables that this program knows.
pub(crate) const VERSION: i32 = 1;

/// Names the lock under which two services that start at once migrate one after the other.
const MIGRATING: i64 = 0x6865_6164_7761_7472;

impl Schema {
    pub(crate) fn named(name: impl Into<String>) -> Self {
        Self(Some(name.into()))
    }

    /// The name of a table, as a statement has it.
    pub(crate) fn table(&self, name: &str) -> String {
        match &self.0 {
            Some(schema) => format!("{}.{name}", quoted(schema)),
            None => name.to_owned(),
        }
    }

    pub(crate) async fn migrate(&self, client: &mut impl GenericClient) -> Result<(), MigrateError> {
        let transaction = client.transaction().await?;
        transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATING]).await?;
        let path: String = transaction.query_one("SELECT current_setting('search_path')", &[]).await?.get(0);
        if let Some(schema) = &self.0 {
            let exists =
                transaction.query_opt("SELECT FROM pg_namespace WHERE nspname = $1", &[schema]).await?;
            if exists.is_none() {
                transaction.batch_execute(&format!("CREATE SCHEMA {}", quoted(schema))).await?;
            }
            set_search_path(&transaction, &quoted(schema)).await?;
        }
        if let Some(found) = version(&transaction, &Self::default()).await?
            && found > VERSION
        {
            return Err(MigrateError::Newer { found, known: VERSION });
        }
        transaction.batch_execute(MIGRATION).await?;
        set_search_path(&transaction, &path).await?;
        Ok(transaction.commit().await?)
    }
}

/// The version of the tables; none when there are none.
pub(crate) async fn version(
    client: &impl GenericClient,
    schema: &Schema,
) -> Result<Option<i32>, tokio_postgres::Error> {
    let table = schema.table("headwater_outbox_version");
    let exists: bool = client.query_one("SELECT to_regclass($1::text) IS NOT NULL", &[&table]).await?.get(0);
    if !exists {
        return Ok(None);
    }
    Ok(client.query_one(&format!("SELECT max(version) FROM {table}"), &[]).await?.get(0))
}

async fn set_search_path(client: &impl GenericClient, path: &str) -> Result<(), tokio_postgres::Error> {
    client.execute("SELECT set_config('search_path', $1::text, true)", &[&path]).await.map(drop)
}

fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

/// Why the outbox's tables couldn't be made.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A newer version of this crate has made them.
    #[error("the outbox's tables have version {found}, and this program knows {known}; upgrade it")]
    Newer {
        /// The tables' version.
        found: i32,
        /// The newest that this program knows.
        known: i32,
    },
    /// The database failed, or refused.
    #[error("the outbox's tables can't be made; the role needs the right to create tables in their schema")]
    Database {
        /// What it said.
        #[from]
        source: tokio_postgres::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schemas_name_is_quoted_whatever_it_holds() {
        assert_eq!(Schema::named("a\"b").table("headwater_outbox"), "\"a\"\"b\".headwater_outbox");
        assert_eq!(Schema::default().table("headwater_outbox"), "headwater_outbox");
    }
}
