use super::stable::Stable;
use super::{PostgresConfig, PostgresStoreError};
use crate::{BuildId, StorePlace};

/// The database and the schema of a store, and what its own tables are called.
pub(super) struct Site {
    pub(super) config: PostgresConfig,
    pub(super) schema: String,
    pub(super) place: StorePlace,
    /// Where it is shown when it is a build that is live.
    pub(super) stable: Option<Stable>,
}

/// What begins the names of the store's own tables. A projection's table whose name begins so is no table of SQL.
pub(super) const OWN: &str = "headwater_";

/// A longer name would be cut off.
pub(super) const NAME_BYTES_MAX: usize = 63;

impl Site {
    pub(super) fn new(config: &PostgresConfig, schema: &str) -> Result<Self, PostgresStoreError> {
        let place = StorePlace::Schema { schema: schema.to_owned(), database: config.database() };
        if schema.is_empty() || schema.len() > NAME_BYTES_MAX || schema.contains('\0') {
            let reason = format!("a schema's name has 1 to {NAME_BYTES_MAX} bytes, none of them zero");
            return Err(PostgresStoreError::Unfit { place, reason });
        }
        Ok(Self { config: config.clone(), schema: schema.to_owned(), place, stable: None })
    }

    /// Where the build of a projection is.
    pub(super) fn of_build(
        config: &PostgresConfig,
        name: &str,
        build: &BuildId,
    ) -> Result<Self, PostgresStoreError> {
        let site = Self::new(config, &schema_of_build(name, build))?;
        let stable = Stable { schema: name.to_owned(), build: build.to_string() };
        Ok(Self { stable: Some(stable), ..site })
    }

    /// Who writes, and how often it has: one row.
    pub(super) fn writer(&self) -> String {
        self.table("headwater_writer")
    }

    /// Which tables are the projection's.
    pub(super) fn names(&self) -> String {
        self.table("headwater_tables")
    }

    /// All that is in no table of the projection.
    pub(super) fn entries(&self) -> String {
        self.table("headwater_entries")
    }

    /// A table's name, as a statement has it.
    pub(super) fn table(&self, name: &str) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(name))
    }
}

/// The schema of a build.
pub(super) fn schema_of_build(name: &str, build: &BuildId) -> String {
    format!("{name}_{build}")
}

/// The build that is in a schema.
pub(super) fn build_of_schema(name: &str, schema: &str) -> Option<BuildId> {
    schema.strip_prefix(name)?.strip_prefix('_')?.parse().ok()
}

pub(super) fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}
