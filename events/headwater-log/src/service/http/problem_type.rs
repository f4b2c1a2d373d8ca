use axum::http::StatusCode;

/// A kind of problem. Its URI, status and title stay as they are, so that programs can go by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProblemType {
    /// The short name of the service that answers, which names each occurrence.
    pub service: &'static str,
    /// The page where each type has a section.
    pub guide: &'static str,
    /// The heading of its section.
    pub slug: &'static str,
    /// The status of the answer.
    pub status: u16,
    /// What it is, in a few words.
    pub title: &'static str,
    /// Whether the same request may succeed later, and changes nothing twice.
    pub retryable: bool,
}

impl ProblemType {
    /// The URI that is its `type`: its section in the guide.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("{}#{}", self.guide, self.slug)
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}
