use axum::http::StatusCode;
use headwater_log::service::http::ProblemType;

/// A kind of problem of the edge. Its URI, status and title stay as they are, so that programs can go by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProblemKind(ProblemType);

/// Where every kind has a section.
const GUIDE: &str = "https://github.com/headwater-rs/headwater/blob/main/docs/guides/http-edge.md";

impl ProblemKind {
    /// The URI that is its `type`: its section in the guide.
    #[must_use]
    pub fn uri(self) -> String {
        self.0.uri()
    }

    /// The last part of its URI: the heading of its section.
    #[must_use]
    pub fn slug(self) -> &'static str {
        self.0.slug
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(self) -> StatusCode {
        self.0.status()
    }

    /// What it is, in a few words.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.0.title
    }

    /// Whether the same request may succeed later. It stores nothing twice.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        self.0.retryable
    }

    /// Every kind there is.
    #[must_use]
    pub fn all() -> &'static [Self] {
        ALL
    }
}

impl From<ProblemKind> for ProblemType {
    fn from(ProblemKind(kind): ProblemKind) -> Self {
        kind
    }
}

macro_rules! kinds {
    ($($name:ident $slug:literal $status:literal $retry:ident $title:literal, $doc:literal;)*) => {
        impl ProblemKind {
            $(
                #[doc = $doc]
                pub const $name: Self = Self(ProblemType {
                    service: "edge",
                    guide: GUIDE,
                    slug: $slug,
                    status: $status,
                    title: $title,
                    retryable: kinds!(@ $retry),
                });
            )*
        }

        const ALL: &[ProblemKind] = &[$(ProblemKind::$name),*];
    };
    (@ retryable) => { true };
    (@ final) => { false };
}

// The table. A new kind takes a line here and a section in the guide.
kinds! {
    MALFORMED_EVENT "malformed-event" 400 final "This is no valid CloudEvent",
        "The request is no CloudEvent, or one without what every event of Headwater has.";
    INVALID_PRECONDITION "invalid-precondition" 400 final "The expected version makes no sense",
        "`If-Match` or `If-None-Match` can't be understood, or can't apply to these events.";
    UNAUTHENTICATED "unauthenticated" 401 final "The caller is unknown",
        "There is no bearer token, or nobody has this one.";
    FOREIGN_SOURCE "foreign-source" 403 final "The source is another service",
        "The caller is one service, and the event's `source` names another.";
    DENIED "denied" 403 final "The broker doesn't allow it",
        "The broker's permissions don't let the edge publish this event.";
    NOT_FOUND "not-found" 404 final "There is nothing here",
        "The path names nothing.";
    METHOD_NOT_ALLOWED "method-not-allowed" 405 final "The method doesn't apply here",
        "The path takes other methods.";
    REQUEST_TIMEOUT "request-timeout" 408 retryable "The request took too long to arrive",
        "The body wasn't there in time. Nothing was stored.";
    DUPLICATE_ID "duplicate-id" 409 final "Another event has this id",
        "The log has another event of the same source and id.";
    CONTENDED "contended" 409 retryable "Others were first each time",
        "Other writers were first, as often as it was tried. Nothing was stored.";
    VERSION_CONFLICT "version-conflict" 412 final "The aggregate is at another version",
        "The aggregate isn't at the version that the client expects. Nothing was stored.";
    TOO_LARGE "too-large" 413 final "The request is too large",
        "The body, an event or a batch is larger than the edge or the log takes.";
    UNSUPPORTED_MEDIA_TYPE "unsupported-media-type" 415 final "The content isn't JSON",
        "The body isn't of a media type that the edge takes, or the event's data aren't JSON.";
    UNDECLARED_EVENT "undeclared-event" 422 final "No contract declares the event",
        "No contract is known for the source, or it doesn't declare the event's type and version.";
    SCHEMA_VIOLATION "schema-violation" 422 final "The data don't fit the registered schema",
        "The event's data aren't what the registered schema of its type says.";
    SEVERAL_DOMAINS "several-domains" 422 final "The events are of several domains",
        "A batch is stored as a whole, and so in the stream of one domain.";
    UNSTORABLE "unstorable" 422 final "The log doesn't store such events",
        "The events break a rule of the log, such as the size of an event's attributes.";
    LOG_FAILURE "log-failure" 502 final "The log refuses to work",
        "The broker refused the events, or what it has stored can't be read. An operator must look.";
    OVERLOADED "overloaded" 503 retryable "Too much is under way",
        "The edge has as many requests under way as it takes. Nothing was stored.";
    UNAVAILABLE "unavailable" 503 retryable "The log can't be reached",
        "The broker can't be reached. Nothing was stored.";
    UNKNOWN_OUTCOME "unknown-outcome" 504 retryable "Nobody knows whether it was stored",
        "The broker didn't answer in time. The events may be stored; sent again, they are stored once.";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_kind_has_a_section_in_the_guide_and_a_slug_of_its_own() {
        let guide = include_str!("../../../../docs/guides/http-edge.md");
        let mut slugs = HashSet::new();
        for kind in ProblemKind::all() {
            assert!(slugs.insert(kind.slug()), "{} is there twice", kind.slug());
            let heading = format!("\n### {}\n", kind.slug());
            assert!(guide.contains(&heading), "the guide has no section {:?}", kind.slug());
            assert_eq!(kind.status().as_u16(), kind.0.status, "{}", kind.slug());
        }
    }
}
