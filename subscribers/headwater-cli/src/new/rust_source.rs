use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Formats code as the workspace's `rustfmt.toml` says. Without rustfmt it stays as it is.
pub(super) fn formatted(code: String, root: &Path) -> String {
    run_rustfmt(&code, root).unwrap_or(code)
}

fn run_rustfmt(code: &str, root: &Path) -> Option<String> {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout", "--quiet"])
        .current_dir(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    // It reads everything before it writes anything.
    let written = rustfmt.stdin.take()?.write_all(code.as_bytes());
    let output = rustfmt.wait_with_output().ok()?;
    let formatted = String::from_utf8(output.stdout).ok()?;
    (written.is_ok() && output.status.success() && !formatted.is_empty()).then_some(formatted)
}
