use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use super::SchemaError;
use super::cargo::text;
use super::subprocess::output;

const GIT_LIMIT: Duration = Duration::from_secs(60);

/// Where the history of what is checked out left a commit: what was added there since is not missing here.
pub(super) fn fork_point(root: &Path, reference: &str) -> Result<String, SchemaError> {
    let failed = |output: &Output| {
        let stderr = text(&output.stderr);
        match is_shallow(root) {
            true => SchemaError::Shallow { reference: reference.to_owned() },
            false if stderr.is_empty() => {
                let stderr = "it has no commit in common with what is checked out".to_owned();
                SchemaError::Git { reference: reference.to_owned(), stderr }
            }
            false => SchemaError::Git { reference: reference.to_owned(), stderr },
        }
    };
    let commit =
        git(root, &["rev-parse", "--verify", "--end-of-options", &format!("{reference}^{{commit}}")])?;
    if !commit.status.success() {
        return Err(failed(&commit));
    }
    let base = git(root, &["merge-base", &text(&commit.stdout), "HEAD"])?;
    if !base.status.success() {
        return Err(failed(&base));
    }
    Ok(text(&base.stdout))
}

/// What has happened to the files of a directory since a commit: a letter, the path, and the new path of a
/// renamed one.
pub(super) fn changes(
    root: &Path,
    commit: &str,
    directory: &Path,
) -> Result<Vec<(char, String, Option<String>)>, SchemaError> {
    let directory = directory.to_string_lossy();
    let arguments = ["diff", "--name-status", "--find-renames", "--relative", "-z", commit, "--", &directory];
    let output = git(root, &arguments)?;
    if !output.status.success() {
        let (reference, stderr) = (commit.to_owned(), text(&output.stderr));
        return Err(SchemaError::Git { reference, stderr });
    }
    let output = String::from_utf8_lossy(&output.stdout);
    let mut fields = output.split('\0').filter(|field| !field.is_empty());
    let mut changes = Vec::new();
    while let (Some(status), Some(path)) = (fields.next(), fields.next()) {
        let letter = status.chars().next().unwrap_or('M');
        let new_path = if letter == 'R' || letter == 'C' { fields.next() } else { None };
        changes.push((letter, path.to_owned(), new_path.map(str::to_owned)));
    }
    Ok(changes)
}

fn is_shallow(root: &Path) -> bool {
    git(root, &["rev-parse", "--is-shallow-repository"]).is_ok_and(|output| text(&output.stdout) == "true")
}

fn git(root: &Path, arguments: &[&str]) -> Result<Output, SchemaError> {
    Ok(output(Command::new("git").arg("-C").arg(root).args(arguments), GIT_LIMIT)?)
}
