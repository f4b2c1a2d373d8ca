use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A file that is written and not yet where it belongs. Dropped, it leaves nothing behind.
///
/// What becomes visible is all of it or nothing, whenever the process or the machine stops.
#[derive(Debug)]
pub struct Staged {
    temporary: PathBuf,
    target: PathBuf,
}

impl Staged {
    /// Writes a text next to where it belongs, and makes the directories on the way.
    ///
    /// # Errors
    ///
    /// What the operating system reports.
    pub fn write(target: &Path, text: &[u8]) -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = target.file_name().ok_or(io::ErrorKind::InvalidFilename)?.to_string_lossy();
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        // A dotfile: a registry that is read in the meantime doesn't mind it.
        let temporary = target.with_file_name(format!(".{name}.{}-{number}", std::process::id()));
        fs::create_dir_all(directory(target))?;
        let mut file = OpenOptions::new().write(true).create_new(true).open(&temporary)?;
        let staged = Self { temporary, target: target.to_owned() };
        file.write_all(text)?;
        file.sync_all()?;
        Ok(staged)
    }

    /// Puts the file where it belongs, instead of the one that may be there.
    ///
    /// # Errors
    ///
    /// What the operating system reports.
    pub fn replace(self) -> io::Result<()> {
        fs::rename(&self.temporary, &self.target)?;
        self.flush_directory()
    }

    /// Puts the file where it belongs if there is none.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`] when there is one; otherwise what the operating system reports.
    pub fn place(self) -> io::Result<()> {
        // A rename would replace; a link doesn't. Some file systems have no links.
        match fs::hard_link(&self.temporary, &self.target) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists && !self.target.exists() => {
                fs::rename(&self.temporary, &self.target)?;
            }
            linked => linked?,
        }
        self.flush_directory()
    }

    fn flush_directory(&self) -> io::Result<()> {
        // Only Unix opens directories, and only there a name is lost without.
        if cfg!(unix) { File::open(directory(&self.target))?.sync_all() } else { Ok(()) }
    }
}

/// Where a file is: `.` if its path is its name alone.
fn directory(file: &Path) -> &Path {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

impl Drop for Staged {
    fn drop(&mut self) {
        // Gone already when it was renamed.
        let _ = fs::remove_file(&self.temporary);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_alone_is_in_the_current_directory() {
        assert_eq!(directory(Path::new("bundle.json")), Path::new("."));
        assert_eq!(directory(Path::new("/bundle.json")), Path::new("/"));
        assert_eq!(directory(Path::new("a/bundle.json")), Path::new("a"));
    }

    #[test]
    fn a_file_that_is_there_is_not_placed_over() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("a/b.json");
        Staged::write(&target, b"one").unwrap().place().unwrap();
        let error = Staged::write(&target, b"two").unwrap().place().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&target).unwrap(), b"one");
        Staged::write(&target, b"three").unwrap().replace().unwrap();
        drop(Staged::write(&target, b"four").unwrap());
        assert_eq!(fs::read(&target).unwrap(), b"three");
        assert_eq!(fs::read_dir(directory.path().join("a")).unwrap().count(), 1);
    }
}
