use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

use super::limited::succeed;
use super::node::Node;

const LOCK: &str = include_str!("package-lock.json");
const PACKAGE: &str = include_str!("package.json");

/// What the official parser makes of a document.
pub(crate) fn parse(document: &Value) -> Value {
    static INSTALLED: OnceLock<(Node, PathBuf)> = OnceLock::new();
    let (node, packages) = INSTALLED.get_or_init(|| {
        let node = Node::find();
        let packages = node.install("asyncapi-parser", PACKAGE, LOCK);
        (node, packages)
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), document.to_string()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/asyncapi/validate.mjs");
    let said = succeed(node.command().arg(script).arg(file.path()).current_dir(packages));
    serde_json::from_str(&said.unwrap_or_else(|reason| panic!("{reason}"))).unwrap()
}
