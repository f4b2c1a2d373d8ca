use std::sync::Arc;
use std::time::Duration;

use super::failure::Failure;
use super::io_thread::IoThread;
use super::session::Session;
use super::site::{Site, build_of_schema, schema_of_build};
use super::writer::lock;
use super::{PostgresConfig, PostgresStore, schema, stable};
use crate::{BuildId, Builds, Store, StoreError, StorePlace};

/// How long readers are waited for when other views are to be shown, for all views together, for new readers wait as well
/// meanwhile. It is shorter than the time after which the database looks for deadlocks, so no reader is ended.
const READERS_LIMIT: Duration = Duration::from_millis(300);

/// The builds of a projection, each in a schema of its own.
impl PostgresStore {
    /// Where the store of a build is.
    pub(crate) fn place_of_build(config: &PostgresConfig, name: &str, build: &BuildId) -> StorePlace {
        StorePlace::Schema { schema: schema_of_build(name, build), database: config.database() }
    }

    /// Opens the store of a build, and creates it if it isn't there.
    pub(crate) fn connect_build(
        config: &PostgresConfig,
        name: &str,
        build: &BuildId,
    ) -> Result<Arc<dyn Store>, StoreError> {
        Ok(Arc::new(Self::open(Site::of_build(config, name, build)?)?))
    }

    /// Opens the store of a build if it is there, at once or not at all.
    pub(crate) fn connect_existing(
        config: &PostgresConfig,
        name: &str,
        build: &BuildId,
    ) -> Result<Option<Arc<dyn Store>>, StoreError> {
        let store = Self::open_existing(Site::of_build(config, name, build)?)?;
        Ok(store.map(|store| Arc::new(store) as Arc<dyn Store>))
    }

    /// Removes the schema of a build, unless a process has it open or it is shown; says whether it is gone.
    pub(crate) fn remove_build(
        config: &PostgresConfig,
        name: &str,
        build: &BuildId,
    ) -> Result<bool, StoreError> {
        let site = Arc::new(Site::of_build(config, name, build)?);
        let removed = IoThread::start()?.run(remove(Arc::clone(&site)))?;
        removed.map_err(|failure| failure.into_error(&site.place, Duration::ZERO))
    }

    /// The build that the schema with the projection's name shows, if it is there. `any` build names the projection.
    pub(crate) fn shown_build(
        config: &PostgresConfig,
        name: &str,
        any: &BuildId,
    ) -> Result<Option<BuildId>, StoreError> {
        let site = Arc::new(Site::of_build(config, name, any)?);
        let shown = IoThread::start()?.run(shown_build(Arc::clone(&site), name.to_owned()))?;
        shown.map_err(|failure| failure.into_error(&site.place, Duration::ZERO))
    }

    /// Whether the live build has a table that isn't shown yet, as far as this process knows.
    pub(crate) fn has_unshown(config: &PostgresConfig, name: &str) -> bool {
        config.unshown.contains(name)
    }

    /// Shows the live build in the schema with the projection's name; says whether it is shown. If it isn't, readers or the
    /// database are in the way.
    pub(crate) fn publish(config: &PostgresConfig, builds: &Builds) -> Result<bool, StoreError> {
        let Some(live) = builds.register()?.live else { return Ok(true) };
        let site = Arc::new(Site::of_build(config, builds.name(), &live)?);
        let was_unshown = config.unshown.remove(builds.name());
        let published = IoThread::start()?.run(publish(Arc::clone(&site), builds.clone()))?;
        if published.is_err() && was_unshown {
            config.unshown.add(builds.name());
        }
        match published {
            Ok(()) => Ok(true),
            Err(Failure::Lost(cause)) => {
                tracing::debug!(projection = builds.name(), %cause, "the live build can't be shown now");
                Ok(false)
            }
            Err(failure) => Err(failure.into_error(&site.place, Duration::ZERO)),
        }
    }
}

async fn remove(site: Arc<Site>) -> Result<bool, Failure> {
    let session = Session::open(&site, site.config.answer_limit).await?;
    if !schema::is_made(&session, &site).await? {
        return Ok(true);
    }
    session.simple("BEGIN").await?;
    stable::lock(&session, &site).await?;
    let is_shown = stable::shown(&session, &site).await?.as_ref() == Some(&site.schema);
    // Without a commit, nothing comes of it.
    if is_shown || !lock(&session, &site).await? {
        return Ok(false);
    }
    schema::remove(&session, &site).await?;
    session.simple("COMMIT").await?;
    Ok(true)
}

async fn shown_build(any: Arc<Site>, name: String) -> Result<Option<BuildId>, Failure> {
    let session = Session::open(&any, any.config.answer_limit).await?;
    let shown = stable::shown(&session, &any).await?;
    let Some(build) = shown.as_deref().and_then(|schema| build_of_schema(&name, schema)) else {
        return Ok(None);
    };
    let site = Site::of_build(&any.config, &name, &build)?;
    Ok(schema::is_made(&session, &site).await?.then_some(build))
}

async fn publish(any: Arc<Site>, builds: Builds) -> Result<(), Failure> {
    let session = Session::open(&any, any.config.answer_limit).await?;
    let limit = READERS_LIMIT.as_millis();
    session.simple(&format!("BEGIN; SET LOCAL lock_timeout = {limit}")).await?;
    stable::lock(&session, &any).await?;
    // Read only now: whoever comes last shows what was live last.
    let Some(live) = builds.register().map_err(StoreError::from)?.live else { return Ok(()) };
    let live = Site::of_build(&any.config, builds.name(), &live)?;
    if schema::is_made(&session, &live).await? {
        stable::show(&session, &live, READERS_LIMIT).await?;
    }
    session.simple("COMMIT").await?;
    Ok(())
}
