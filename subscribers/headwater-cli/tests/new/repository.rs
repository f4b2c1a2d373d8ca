use std::collections::BTreeSet;
use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::built::Built;
use crate::command::{Ran, headwater};

/// This repository, as it is.
const ORIGINAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// What a workspace consists of.
const FILES: [&str; 6] =
    ["Cargo.lock", "README.md", "clippy.toml", "rust-toolchain.toml", "rustfmt.toml", "compose.yaml"];
const FOLDERS: [&str; 5] = ["docs/errors", "events", "publishers", "schemas", "subscribers"];

/// With this file, cargo marks what it has fetched.
pub(crate) const FETCHED: &str = ".cargo-ok";

/// Everything that is made here, and what is built for it, is in the same place, so there is one at a time.
static ONLY: Mutex<()> = Mutex::new(());

/// A copy of this repository, to be changed.
pub(crate) struct Repository {
    folder: Folder,
    _only: MutexGuard<'static, ()>,
}

/// A workspace.
pub(crate) struct Folder {
    pub(crate) root: PathBuf,
}

/// Where everything is built; the tests of the gate build the same there.
fn shared() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("gate")
}

impl Repository {
    /// Makes the copy, or makes one that is there equal. What is equal isn't touched: cargo would build it anew.
    pub(crate) fn copy() -> Self {
        let only = ONLY.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = Folder { root: shared().join("reference-workspace") };
        let repository = Self { folder, _only: only };
        let mut files: BTreeSet<PathBuf> = FILES.iter().map(PathBuf::from).collect();
        FOLDERS.iter().for_each(|folder| add_files(Path::new(ORIGINAL), Path::new(folder), &mut files));
        for file in &files {
            repository.write_bytes(file, &fs::read(Path::new(ORIGINAL).join(file)).unwrap());
        }
        repository.write_bytes(Path::new("Cargo.toml"), manifest().as_bytes());
        fs::remove_file(repository.root.join(FETCHED)).ok();
        let mut others = BTreeSet::new();
        FOLDERS.iter().for_each(|folder| add_files(&repository.root, Path::new(folder), &mut others));
        for file in others.difference(&files) {
            fs::remove_file(repository.root.join(file)).unwrap();
            // A folder without files is no package.
            for folder in file.ancestors().skip(1) {
                if fs::remove_dir(repository.root.join(folder)).is_err() {
                    break;
                }
            }
        }
        repository
    }

    /// An empty folder beside the copy, for another repository.
    pub(crate) fn beside(&self, name: &str) -> Folder {
        let root = shared().join(name);
        if root.exists() {
            fs::remove_dir_all(&root).unwrap();
        }
        Folder { root }
    }
}

impl Deref for Repository {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.folder
    }
}

impl Folder {
    #[track_caller]
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        self.write_bytes(Path::new(path), text.as_bytes());
    }

    /// Replaces a text, wherever it is in the file.
    #[track_caller]
    pub(crate) fn edit(&self, path: &str, old: &str, new: &str) {
        let text = self.read(path);
        assert!(text.contains(old), "{path} has no {old:?}:\n{text}");
        self.write(path, &text.replace(old, new));
    }

    /// `cargo check`, as an author runs it for one service.
    pub(crate) fn check(&self, package: &str) -> Built {
        self.cargo(&["check", "--package", package])
    }

    pub(crate) fn cargo(&self, arguments: &[&str]) -> Built {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(arguments).current_dir(&self.root).env("CARGO_TARGET_DIR", shared().join("target"));
        Built::of(&mut cargo)
    }

    /// The `headwater` command in this folder.
    pub(crate) fn headwater(&self, arguments: &[&str]) -> Ran {
        let mut command = headwater(arguments);
        command
            .current_dir(&self.root)
            .env("CARGO", env!("CARGO"))
            .env("CARGO_TARGET_DIR", shared().join("target"));
        command.env("CARGO_NET_OFFLINE", "true");
        // Cargo and rustfmt need to know where they are.
        for variable in
            ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "RUSTUP_AUTO_INSTALL"]
        {
            if let Some(value) = std::env::var_os(variable) {
                command.env(variable, value);
            }
        }
        command.output().unwrap().into()
    }

    fn write_bytes(&self, path: &Path, bytes: &[u8]) {
        let path = self.root.join(path);
        if fs::read(&path).is_ok_and(|before| before == bytes) {
            return;
        }
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// The workspace's manifest. Nothing that is built here is debugged or fast, and libraries are built once for this
/// workspace and those of the other tests.
fn manifest() -> String {
    let manifest = fs::read_to_string(Path::new(ORIGINAL).join("Cargo.toml")).unwrap();
    let (manifest, _) = manifest.split_once("[profile.").unwrap();
    format!("{manifest}[profile.dev]\ndebug = false\nincremental = false\n")
}

fn add_files(root: &Path, folder: &Path, files: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(root.join(folder)).into_iter().flatten() {
        let entry = entry.unwrap();
        let path = folder.join(entry.file_name());
        if !entry.path().is_dir() {
            files.insert(path);
        } else if entry.file_name() != "node_modules" {
            add_files(root, &path, files);
        }
    }
}
