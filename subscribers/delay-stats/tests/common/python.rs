use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use headwater_event::Fingerprint;

const REQUIREMENTS: &str = include_str!("../python/requirements.txt");

/// What a developer reads whose machine lacks something.
const NEEDED: &str = "this test needs Python 3.10 or newer as `python3`, with pip (on Debian: apt-get install \
                      python3 python3-pip), and PyPI to be reachable once, to fill the cache";

/// Runs the foreign service, and returns the line of JSON that it prints.
pub(crate) fn foreign_service(arguments: &[&str]) -> serde_json::Value {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python");
    let mut command = Command::new("python3");
    command.arg(here.join("foreign_service.py")).args(arguments).env("PYTHONPATH", packages());
    // No bytecode beside the sources.
    let output = run(command.env("PYTHONDONTWRITEBYTECODE", "1"));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The directory of the pinned packages, installed first unless it is there.
fn packages() -> PathBuf {
    let name = format!("python-{}", Fingerprint::new("requirements.txt", REQUIREMENTS));
    let cache = cache();
    let packages = cache.join(&name);
    if packages.is_dir() {
        return packages;
    }
    fs::create_dir_all(&cache).unwrap();
    // Tests run in parallel: the first one installs, the others wait and find it.
    let lock = File::create(cache.join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();
    if !packages.is_dir() {
        // In the same file system as its destination, so that the move is atomic.
        let scratch = tempfile::tempdir_in(&cache).unwrap();
        let requirements = scratch.path().join("requirements.txt");
        fs::write(&requirements, REQUIREMENTS).unwrap();
        let target = scratch.path().join("packages");
        let pip =
            ["-m", "pip", "install", "--require-hashes", "--no-deps", "--only-binary=:all:", "--no-input"];
        let mut command = Command::new("python3");
        command.args(pip).arg("--disable-pip-version-check").arg("--requirement").arg(&requirements);
        run(command.arg("--target").arg(&target));
        fs::rename(target, &packages).unwrap();
    }
    packages
}

/// Where the testkit keeps the NATS server too.
fn cache() -> PathBuf {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("HEADWATER_CACHE")
        .or_else(|| Some(set("XDG_CACHE_HOME")?.join("headwater")))
        .or_else(|| Some(env::home_dir()?.join(".cache/headwater")))
        .expect("HOME or HEADWATER_CACHE must be set, to keep Python packages")
}

fn run(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("python3 can't be run ({error}); {NEEDED}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed; {NEEDED}; it says:\n{errors}");
    output
}
