use std::path::Path;
use std::sync::Arc;

use headwater_contract::{Code, Finding, Place};
use serde::Deserialize;

use crate::compat::Mode;

/// The file that makes a directory a registry.
pub(super) const FILE: &str = "registry.toml";

/// What is asked of a new registry: readers must be able to read all that was ever written, because
/// streams are replayed from their beginning.
pub(super) const DEFAULT_MODE: Mode = Mode::BackwardTransitive;

/// What `registry.toml` says.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) compatibility: Mode,
    pub(super) namespace: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    compatibility: toml::Spanned<String>,
    namespace: toml::Spanned<String>,
}

impl Settings {
    /// Reads the file's text; `path` is as it is to be shown.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, Box<Finding>> {
        let source: Arc<str> = text.into();
        let problem = |span, message: String| {
            Finding::new(Code::HW0005, message).at(Place::span(path, Arc::clone(&source), span))
        };
        let written: Written = toml::from_str(text).map_err(|error| {
            problem(
                error.span().unwrap_or(0..0),
                format!("{} can't be read: {}", path.display(), error.message()),
            )
            .help(format!("a registry begins with\n{}", Self::text(DEFAULT_MODE, "org.example")))
        })?;
        let compatibility = written.compatibility.get_ref().parse().map_err(|error| {
            let message = format!("{:?} is no compatibility", written.compatibility.get_ref());
            problem(written.compatibility.span(), message).help(format!("{error}"))
        })?;
        let namespace = written.namespace.get_ref().clone();
        if !is_reverse_dns(&namespace) {
            let message = format!("{namespace:?} can't begin an event type");
            return Err(problem(written.namespace.span(), message)
                .help("write your organisation's reverse domain name, as in \"org.example\"")
                .into());
        }
        Ok(Self { compatibility, namespace })
    }

    /// The file of a new registry.
    pub(super) fn text(compatibility: Mode, namespace: &str) -> String {
        format!("compatibility = \"{compatibility}\"\nnamespace = \"{namespace}\"\n")
    }
}

fn is_reverse_dns(namespace: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    namespace.split('.').all(is_label)
}
