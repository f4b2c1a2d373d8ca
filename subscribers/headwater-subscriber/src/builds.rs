use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{BuildId, Standing, StoreError, StoreKind};

/// The builds of one projection in a directory, and which of them answers queries.
///
/// Each build has a directory of its own, so a new one grows beside the one that is live. Which one is live stands
/// in the file `builds.json`, which is replaced as a whole, so it changes from one moment to the next.
#[derive(Debug, Clone)]
pub struct Builds {
    name: String,
    directory: PathBuf,
}

/// What is known of a projection's builds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Register {
    /// The build that answers queries.
    pub live: Option<BuildId>,
    /// Builds that were live before, the last one last. They are kept for a roll back.
    #[serde(default)]
    pub kept: Vec<KeptBuild>,
    /// Builds that were rolled back: they don't take over by themselves again.
    #[serde(default)]
    pub held: BTreeSet<BuildId>,
    /// When builds were open last that are neither live nor kept.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub seen: BTreeMap<BuildId, Timestamp>,
}

/// A build that was live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptBuild {
    /// Which one.
    pub build: BuildId,
    /// Until when it was live.
    pub until: Timestamp,
}

const REGISTER: &str = "builds.json";
const LOCK: &str = "builds.lock";

impl Builds {
    /// The builds of the projection `name` below `data`.
    #[must_use]
    pub fn new(data: &Path, name: &str) -> Self {
        Self { name: name.to_owned(), directory: data.join(name) }
    }

    /// The projection's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where a build keeps its state, or says where it does.
    #[must_use]
    pub fn directory(&self, build: &BuildId) -> PathBuf {
        self.directory.join(build.as_str())
    }

    /// Where the process answers that has a build open.
    #[must_use]
    pub fn socket(&self, build: &BuildId) -> PathBuf {
        self.directory.join(format!("{build}.sock"))
    }

    /// Says that a process wants to work on a build, until what is returned is dropped: who only shows its state lets go of it.
    pub(crate) fn want(&self, build: &BuildId) -> Result<Wish, BuildsError> {
        fs::create_dir_all(&self.directory).map_err(|source| self.error(source))?;
        let path = self.wish(build);
        File::create(&path).map_err(|source| self.error(source))?;
        Ok(Wish { path })
    }

    /// Keeps other processes from sharing partitions with this directory as their own, until what is returned is dropped.
    ///
    /// # Errors
    ///
    /// [`StoreError::InUse`] when another process does.
    pub(crate) fn occupy(&self, build: &BuildId) -> Result<File, StoreError> {
        let path = self.directory.join(format!("{build}.shared.lock"));
        let io = |source| StoreError::from(self.error(source));
        fs::create_dir_all(&self.directory).map_err(io)?;
        let lock = File::create(path).map_err(io)?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(fs::TryLockError::WouldBlock) => {
                Err(StoreError::InUse { place: self.directory(build).as_path().into() })
            }
            Err(fs::TryLockError::Error(source)) => Err(io(source)),
        }
    }

    /// Whether a process wants to work on a build. One that was killed doesn't for long.
    pub(crate) fn is_wanted(&self, build: &BuildId) -> bool {
        let wished = fs::metadata(self.wish(build)).and_then(|wish| wish.modified());
        wished.is_ok_and(|at| at.elapsed().is_ok_and(|age| age < WISH_AGE_MAX))
    }

    fn wish(&self, build: &BuildId) -> PathBuf {
        self.directory.join(format!("{build}.wanted"))
    }

    /// Refuses a directory in which there is something else than builds.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match StoreKind::holds(&self.directory)? {
            true => Err(StoreError::Unbuilt { directory: self.directory.clone() }),
            false => Ok(()),
        }
    }

    /// The builds whose state is here, in the order of their names.
    ///
    /// # Errors
    ///
    /// [`BuildsError`] when the directory can't be read. One that isn't there holds no builds.
    pub fn present(&self) -> Result<Vec<BuildId>, BuildsError> {
        let entries = match fs::read_dir(&self.directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|source| self.error(source))?,
        };
        let mut builds = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|source| self.error(source))?;
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            builds.extend(
                entry.file_name().to_str().filter(|_| is_directory).and_then(|name| name.parse().ok()),
            );
        }
        builds.sort();
        Ok(builds)
    }

    /// What is known of the builds.
    ///
    /// # Errors
    ///
    /// [`BuildsError`] when it can't be read.
    pub fn register(&self) -> Result<Register, BuildsError> {
        let path = self.directory.join(REGISTER);
        match fs::read(&path) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map_err(|source| BuildsError::Register { path, source })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Register::default()),
            Err(error) => Err(self.error(error)),
        }
    }

    /// Makes `build` the live one, unless it was before, or was rolled back.
    pub(crate) fn take_over(&self, build: &BuildId) -> Result<(), BuildsError> {
        self.change(|register| {
            if register.standing(build) == Standing::Building {
                register.go_live(build);
            }
            Ok(())
        })
    }

    /// Makes `build` the live one, also when it was rolled back before.
    ///
    /// # Errors
    ///
    /// [`BuildsError`] when there is no such build, or the register can't be written.
    pub fn promote(&self, build: &BuildId) -> Result<(), BuildsError> {
        self.exists(build)?;
        self.change(|register| {
            register.held.remove(build);
            register.go_live(build);
            Ok(())
        })
    }

    /// Makes the build live again that was live before this one, which doesn't take over by itself again.
    ///
    /// # Errors
    ///
    /// [`BuildsError::NothingKept`] when there is none, and [`BuildsError`] when the register can't be written.
    pub fn roll_back(&self) -> Result<RolledBack, BuildsError> {
        self.change(|register| {
            register.kept.retain(|kept| self.directory(&kept.build).is_dir());
            let nothing = || BuildsError::NothingKept { directory: self.directory.clone() };
            let from = register.live.clone().ok_or_else(nothing)?;
            let to = register.kept.pop().ok_or_else(nothing)?.build;
            register.held.insert(from.clone());
            register.seen.insert(from.clone(), Timestamp::now());
            register.live = Some(to.clone());
            Ok(RolledBack { from, to })
        })
    }

    /// Says that a process has the build open, so that it isn't taken for one that was given up.
    pub(crate) fn see(&self, build: &BuildId) -> Result<(), BuildsError> {
        self.change(|register| {
            register.see(build, Timestamp::now());
            Ok(())
        })
    }

    /// Removes the state of builds that were live until longer ago than `keep`, and of those that were rolled back or given up
    /// and haven't been open for as long, unless a process has one open. Says which it has removed. `remove` says whether the
    /// state is gone. A build that was rolled back doesn't take over by itself afterwards, either.
    pub(crate) fn remove_older_than(
        &self,
        keep: SignedDuration,
        remove: impl Fn(&BuildId) -> Result<bool, StoreError>,
    ) -> Result<Vec<BuildId>, BuildsError> {
        let now = Timestamp::now();
        self.change(|register| {
            let (old, kept) =
                register.kept.drain(..).partition::<Vec<_>, _>(|kept| now.duration_since(kept.until) > keep);
            register.kept = kept;
            let remove = |build: &BuildId| {
                let failed = |source| BuildsError::Remove { build: build.clone(), source: Box::new(source) };
                remove(build).map_err(failed)
            };
            let mut removed = Vec::new();
            for old in old {
                match remove(&old.build)? {
                    true => removed.push(old.build),
                    false => register.kept.push(old),
                }
            }
            register.kept.sort_by_key(|kept| kept.until);
            let present = self.present()?;
            register.seen.retain(|build, _| present.contains(build));
            for build in present {
                // Nobody has said of one that is new here when it was open.
                let seen = register.see_if_new(&build, now);
                if seen.is_some_and(|seen| now.duration_since(seen) > keep) && remove(&build)? {
                    register.seen.remove(&build);
                    removed.push(build);
                }
            }
            Ok(removed)
        })
    }

    fn exists(&self, build: &BuildId) -> Result<(), BuildsError> {
        let present = self.present()?;
        if present.contains(build) {
            return Ok(());
        }
        let present = present.iter().map(BuildId::to_string).collect::<Vec<_>>().join(", ");
        let present = if present.is_empty() { "none".to_owned() } else { present };
        Err(BuildsError::NoBuild { directory: self.directory.clone(), build: build.clone(), present })
    }

    /// Changes the register. One process at a time does, and whoever reads it sees all of the change or nothing.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Register) -> Result<T, BuildsError>,
    ) -> Result<T, BuildsError> {
        let io = |source| self.error(source);
        fs::create_dir_all(&self.directory).map_err(io)?;
        let lock = File::create(self.directory.join(LOCK)).map_err(io)?;
        lock.lock().map_err(io)?;
        let before = self.register()?;
        let mut register = before.clone();
        let changed = change(&mut register)?;
        if register != before {
            self.write(&register).map_err(io)?;
        }
        Ok(changed)
    }

    fn write(&self, register: &Register) -> io::Result<()> {
        let new = self.directory.join(format!("{REGISTER}.new"));
        let mut file = File::create(&new)?;
        serde_json::to_writer_pretty(&mut file, register)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&new, self.directory.join(REGISTER))?;
        File::open(&self.directory)?.sync_all()
    }

    fn error(&self, source: io::Error) -> BuildsError {
        BuildsError::Directory { directory: self.directory.clone(), source }
    }
}

/// A process wants to work on a build.
#[derive(Debug)]
pub(crate) struct Wish {
    path: PathBuf,
}

/// After this time a wish is forgotten.
const WISH_AGE_MAX: Duration = Duration::from_secs(30);

impl Drop for Wish {
    fn drop(&mut self) {
        // Without it, who shows the build's state would stop for a while, and no more.
        fs::remove_file(&self.path).ok();
    }
}

impl Register {
    /// What a build is beside the others. One that was never live is yet to catch up.
    #[must_use]
    pub fn standing(&self, build: &BuildId) -> Standing {
        match () {
            () if self.live.as_ref() == Some(build) => Standing::Live,
            () if self.held.contains(build) => Standing::Held,
            () if self.kept.iter().any(|kept| kept.build == *build) => Standing::Kept,
            () => Standing::Building,
        }
    }

    /// Whether it may have been given up.
    fn is_aside(&self, build: &BuildId) -> bool {
        matches!(self.standing(build), Standing::Building | Standing::Held)
    }

    fn see(&mut self, build: &BuildId, now: Timestamp) {
        if self.is_aside(build) {
            self.seen.insert(build.clone(), now);
        }
    }

    /// When a build that is aside was open last.
    fn see_if_new(&mut self, build: &BuildId, now: Timestamp) -> Option<Timestamp> {
        self.is_aside(build).then(|| *self.seen.entry(build.clone()).or_insert(now))
    }

    fn go_live(&mut self, build: &BuildId) {
        self.seen.remove(build);
        self.kept.retain(|kept| kept.build != *build);
        let before = self.live.replace(build.clone()).filter(|before| before != build);
        self.kept.extend(before.map(|build| KeptBuild { build, until: Timestamp::now() }));
    }
}

/// What a roll back has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolledBack {
    /// The build that was live.
    pub from: BuildId,
    /// The build that is live now.
    pub to: BuildId,
}

/// Why a projection's builds can't be looked at or changed.
#[derive(Debug, thiserror::Error)]
pub enum BuildsError {
    /// The directory can't be used.
    #[error("the projection's directory {} can't be used", directory.display())]
    Directory {
        /// The projection's directory.
        directory: PathBuf,
        /// What the operating system reports.
        source: io::Error,
    },
    /// The register isn't what this version writes.
    #[error(
        "{} can't be read; remove it, and the build of the service that is started next will be live",
        path.display()
    )]
    Register {
        /// The register.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// There is no such build.
    #[error("there is no build {build} in {}; there are: {present}", directory.display())]
    NoBuild {
        /// The projection's directory.
        directory: PathBuf,
        /// The build.
        build: BuildId,
        /// The builds that are there.
        present: String,
    },
    /// A build can't be removed.
    #[error("the state of the build {build} can't be removed")]
    Remove {
        /// The build.
        build: BuildId,
        /// Why.
        source: Box<StoreError>,
    },
    /// No earlier build is kept.
    #[error("no earlier build is kept in {}, so there is nothing to roll back to", directory.display())]
    NothingKept {
        /// The projection's directory.
        directory: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::slice;

    use tempfile::TempDir;

    use super::*;

    const KEEP: SignedDuration = SignedDuration::from_hours(24);

    /// Four builds: the first was live, the second is, the third was rolled back, and the last was given up half-way.
    struct Shop {
        builds: Builds,
        ids: [BuildId; 4],
        _directory: TempDir,
    }

    impl Shop {
        fn new() -> Self {
            let directory = TempDir::new().unwrap();
            let builds = Builds::new(directory.path(), "shop");
            let ids = ["000000000001", "000000000002", "000000000003", "000000000004"];
            let ids = ids.map(|id| id.parse::<BuildId>().unwrap());
            ids.iter().for_each(|id| fs::create_dir_all(builds.directory(id)).unwrap());
            let [first, second, third, _] = &ids;
            builds.take_over(first).unwrap();
            builds.take_over(second).unwrap();
            builds.take_over(third).unwrap();
            builds.roll_back().unwrap();
            Self { builds, ids, _directory: directory }
        }

        /// Removes what is old after the time, but for what is open.
        fn remove(&self, open: &[&BuildId]) -> Vec<BuildId> {
            let tried = RefCell::new(BTreeSet::new());
            let remove = |build: &BuildId| {
                tried.borrow_mut().insert(build.clone());
                let is_closed = !open.contains(&build);
                if is_closed {
                    fs::remove_dir(self.builds.directory(build)).unwrap();
                }
                Ok(is_closed)
            };
            let removed = self.builds.remove_older_than(KEEP, remove).unwrap();
            assert!(!tried.borrow().contains(&self.ids[1]), "the live build is to be removed");
            removed
        }

        /// Lets what is known of the builds be so much older.
        fn pass(&self, time: SignedDuration) {
            let passed = self.builds.change(|register| {
                register.seen.values_mut().for_each(|seen| *seen -= time);
                register.kept.iter_mut().for_each(|kept| kept.until -= time);
                Ok(())
            });
            passed.unwrap();
        }
    }

    #[test]
    fn builds_that_were_rolled_back_or_given_up_are_removed_after_a_time() {
        let shop = Shop::new();
        let [first, live, held, given_up] = &shop.ids;
        assert_eq!(shop.remove(&[]), []);
        shop.pass(KEEP / 2);
        assert_eq!(shop.remove(&[]), []);
        shop.pass(KEEP);
        assert_eq!(shop.remove(&[held]), [first.clone(), given_up.clone()]);
        assert_eq!(shop.remove(&[]), slice::from_ref(held));
        assert_eq!(shop.builds.present().unwrap(), slice::from_ref(live));
        let register = shop.builds.register().unwrap();
        assert!(register.seen.is_empty() && register.kept.is_empty(), "{register:?}");
        // What an operator has decided lasts longer than the state.
        assert_eq!(register.standing(held), Standing::Held);
    }

    #[test]
    fn a_build_that_was_open_of_late_is_not_given_up() {
        let shop = Shop::new();
        let [_, live, held, catching_up] = &shop.ids;
        shop.remove(&[]);
        shop.pass(KEEP * 2);
        shop.builds.see(catching_up).unwrap();
        shop.builds.see(live).unwrap();
        let removed = shop.remove(&[]);
        assert!(removed.contains(held) && !removed.contains(catching_up), "{removed:?}");
        let register = shop.builds.register().unwrap();
        assert_eq!(register.seen.keys().collect::<Vec<_>>(), [catching_up]);
        // One that is live, and later not, isn't old because it was aside before.
        shop.pass(KEEP * 2);
        shop.builds.take_over(catching_up).unwrap();
        assert_eq!(shop.remove(&[]), []);
    }

    #[test]
    fn a_register_of_an_earlier_version_is_read() {
        let shop = Shop::new();
        let register = r#"{ "live": "000000000002", "kept": [], "held": ["000000000003"] }"#;
        fs::write(shop.builds.directory.join(REGISTER), register).unwrap();
        assert_eq!(shop.remove(&[]), []);
        assert_eq!(shop.builds.register().unwrap().seen.len(), 3);
    }
}
