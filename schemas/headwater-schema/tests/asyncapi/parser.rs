use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::limited::succeed;
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
    let said = succeed(node.command().arg(script).arg(file.path()).current_dir(packages));
    serde_json::from_str(&said.unwrap_or_else(|reason| panic!("{reason}"))).unwrap()
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
    succeed(node.npm().args(arguments).current_dir(scratch.path())).unwrap_or_else(|reason| {
        panic!("@asyncapi/parser could not be fetched; this test needs the npm registry once: {reason}")
    });
    fs::rename(scratch.keep(), &packages).unwrap();
    packages
}
