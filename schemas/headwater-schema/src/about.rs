/// What the exports say about the system as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// How the system is called.
    pub title: String,
    /// The version of the system, not of the export's format.
    pub version: String,
    /// What it does, in Markdown.
    pub description: String,
    /// Where its source is, if that is public.
    pub url: Option<String>,
    /// Its licence, as an SPDX expression.
    pub license: Option<String>,
    /// The broker's host and port.
    pub server: String,
}
