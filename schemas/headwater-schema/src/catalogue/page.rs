use std::path::PathBuf;

use askama::Template;
use headwater_contract::EventName;

/// One page of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Where it lies below the catalogue's directory.
    pub path: PathBuf,
    /// All of it; styles and drawings included.
    pub html: String,
}

/// Why a page can't be written.
#[derive(Debug, thiserror::Error)]
#[error("the page {path} can't be written", path = path.display())]
pub struct PageError {
    /// The page.
    pub path: PathBuf,
    /// What the template reports.
    source: askama::Error,
}

impl Page {
    pub(super) fn render(path: String, template: &impl Template) -> Result<Self, PageError> {
        let path = PathBuf::from(path);
        match template.render() {
            Ok(html) => Ok(Self { path, html }),
            Err(source) => Err(PageError { path, source }),
        }
    }
}

/// Where the page of an event lies.
pub(super) fn event_path(name: &EventName) -> String {
    format!("events/{}.html", file_name(&name.to_string()))
}

/// Where the page of a service lies.
pub(super) fn service_path(name: &str) -> String {
    format!("services/{}.html", file_name(name))
}

/// A text as the name of a file and as a part of a URL: what neither may hold is written as its hex digits.
fn file_name(text: &str) -> String {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let mut name = String::new();
    for byte in text.bytes() {
        match byte {
            byte if legal(byte) => name.push(char::from(byte)),
            byte => name += &format!("_{byte:02x}"),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_services_have_different_pages_whatever_they_are_called() {
        assert_eq!(service_path("delay-stats"), "services/delay-stats.html");
        assert_eq!(service_path("../a b"), "services/.._2fa_20b.html");
        assert_ne!(service_path("a_20b"), service_path("a b"));
    }
}
