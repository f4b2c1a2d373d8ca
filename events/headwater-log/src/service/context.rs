use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::ConnectError;
use super::connect_error::in_words;

/// A file of the `nats` command's `context` subcommand: where a server is, and who connects.
///
/// Fields that aren't here are ignored, as are empty ones.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Context {
    pub(super) url: String,
    pub(super) token: String,
    pub(super) user: String,
    pub(super) password: String,
    pub(super) creds: String,
    pub(super) nkey: String,
    pub(super) cert: String,
    pub(super) key: String,
    pub(super) ca: String,
    pub(super) inbox_prefix: String,
    pub(super) tls_first: bool,
}

impl Context {
    /// The context of that name, or in that file when it looks like a path.
    pub(super) async fn load(name: &str) -> Result<Self, ConnectError> {
        let path = path_of(name, env::var_os("XDG_CONFIG_HOME"), env::home_dir());
        let text = tokio::fs::read_to_string(&path)
            .await
            .map_err(|error| ConnectError::context(&path, in_words(&error)))?;
        // serde's own message may quote a value, and any value here may be a secret.
        serde_json::from_str(&text).map_err(|error| {
            let place =
                format!("no JSON object of texts, at line {} column {}", error.line(), error.column());
            ConnectError::context(&path, place)
        })
    }
}

/// A path from a context, in which `~/` is the home directory.
pub(super) fn expand_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

fn path_of(name: &str, config_home: Option<OsString>, home: Option<PathBuf>) -> PathBuf {
    if name.contains(std::path::is_separator) || Path::new(name).extension().is_some_and(|end| end == "json")
    {
        return PathBuf::from(name);
    }
    let config = config_home
        .filter(|dir| !dir.is_empty())
        .map(PathBuf::from)
        .unwrap_or_else(|| home.unwrap_or_default().join(".config"));
    config.join("nats/context").join(format!("{name}.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_context_where_the_nats_command_keeps_it() {
        let home = || Some(PathBuf::from("/home/ana"));
        assert_eq!(path_of("prod", None, home()), Path::new("/home/ana/.config/nats/context/prod.json"));
        assert_eq!(
            path_of("prod", Some("/etc/x".into()), home()),
            Path::new("/etc/x/nats/context/prod.json")
        );
    }

    #[test]
    fn takes_a_path_as_it_is() {
        for path in ["./prod", "prod.json", "/etc/nats/prod"] {
            assert_eq!(path_of(path, None, None), Path::new(path));
        }
    }

    #[test]
    fn ignores_what_it_does_not_know() {
        let context: Context = serde_json::from_str(
            r#"{"description":"x","url":"nats://a","jetstream_domain":"","socks_proxy":""}"#,
        )
        .unwrap();
        assert_eq!(context.url, "nats://a");
    }
}
