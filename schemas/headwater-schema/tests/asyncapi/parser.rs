use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::node::Node;

const LOCK: &str = include_str!("package-lock.json");
const PACKAGE: &str = include_str!("package.json");

/// What the official parser makes of a document.
pub(crate) fn parse(document: &Value) -> Value {
    static INSTALLED: OnceLock<(Node, PathBuf)> = OnceLock::new();
    let (node, packages) = INSTALLED.get_or_init(|| {
        let node = Node::find();
        let packages = install(&node);
        (node, packages)
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), document.to_string()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/asyncapi/validate.mjs");
    let output = node.command().arg(script).arg(file.path()).current_dir(packages).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The parser and all that it needs, exactly as the lock file says, in the cache directory.
fn install(node: &Node) -> PathBuf {
    let digest: String = Sha256::digest(LOCK).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let home = node.cache().join(format!("asyncapi-parser-{digest}"));
    fs::create_dir_all(&home).unwrap();
    // Tests run in parallel, and so do test binaries: the first one fetches.
    let lock = File::create(home.join("lock")).unwrap();
    lock.lock().unwrap();
    let packages = home.join("packages");
    if packages.join("node_modules").is_dir() {
        return packages;
    }
    let scratch = tempfile::tempdir_in(&home).unwrap();
    fs::write(scratch.path().join("package.json"), PACKAGE).unwrap();
    fs::write(scratch.path().join("package-lock.json"), LOCK).unwrap();
    // npm compares each package with the hash in the lock file, and runs none of their scripts.
    let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    let output =
        node.npm().args(arguments).current_dir(scratch.path()).stdin(Stdio::null()).output().unwrap();
    assert!(
        output.status.success(),
        "`npm ci` could not fetch @asyncapi/parser; this test needs the npm registry once:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    fs::rename(scratch.keep(), &packages).unwrap();
    packages
}

/// Runs a command to its end, or says what became of it.
pub(crate) fn succeed(command: &mut Command) -> Result<String, String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{command:?} could not be run: {error}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        false => Err(format!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr))),
    }
}
