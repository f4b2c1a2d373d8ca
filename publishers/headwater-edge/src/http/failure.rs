use axum::http::header::ETAG;
use headwater_log::service::report;
use headwater_log::{AppendError, OpenError, ReadError};

use super::answer::entity_tag;
use crate::commit::StoreError;
use crate::problem::{Problem, ProblemKind};

/// What a client is told when its events weren't stored, or may not have been.
pub(super) fn problem(error: &StoreError) -> Problem {
    let problem = Problem::new(kind(error), report(error));
    match error {
        StoreError::Version { aggregate, expected, actual } => {
            let problem = problem.with("subject", aggregate.id()).with("actual", *actual);
            let problem = match expected {
                Some(expected) => problem.with("expected", *expected),
                None => problem,
            };
            match entity_tag(*actual) {
                Some(tag) => problem.with_header(ETAG, tag),
                None => problem,
            }
        }
        StoreError::Contended { aggregate, .. } => problem.with("subject", aggregate.id()),
        StoreError::Reused { sequence, .. } => problem.with("sequence", *sequence),
        StoreError::Append(error) => match error {
            AppendError::Duplicate { sequence, .. } => problem.with("sequence", *sequence),
            AppendError::TooLarge { aggregate, bytes, max } => problem
                .with("subject", aggregate.id())
                .with("bytes", *bytes as u64)
                .with("bytes_max", *max as u64),
            AppendError::Denied { aggregate, .. } => problem.with("subject", aggregate.id()),
            _ => problem,
        },
        _ => problem,
    }
}

fn kind(error: &StoreError) -> ProblemKind {
    match error {
        StoreError::Version { .. } => ProblemKind::VERSION_CONFLICT,
        StoreError::SeveralAggregates { .. } => ProblemKind::INVALID_PRECONDITION,
        StoreError::SeveralDomains { .. } => ProblemKind::SEVERAL_DOMAINS,
        StoreError::Twice { .. } => ProblemKind::MALFORMED_EVENT,
        StoreError::Reused { .. } => ProblemKind::DUPLICATE_ID,
        StoreError::Contended { .. } => ProblemKind::CONTENDED,
        StoreError::Replaced { .. } | StoreError::Late => ProblemKind::UNAVAILABLE,
        StoreError::Unseen { .. } | StoreError::Unanswered => ProblemKind::UNKNOWN_OUTCOME,
        StoreError::Read(error) => kind_of_read(error),
        StoreError::Open(OpenError::Unavailable { .. }) => ProblemKind::UNAVAILABLE,
        StoreError::Open(OpenError::Unfit { .. }) => ProblemKind::LOG_FAILURE,
        StoreError::Append(error) => kind_of_append(error),
    }
}

fn kind_of_read(error: &ReadError) -> ProblemKind {
    if error.is_unavailable() { ProblemKind::UNAVAILABLE } else { ProblemKind::LOG_FAILURE }
}

fn kind_of_append(error: &AppendError) -> ProblemKind {
    match error {
        AppendError::Conflict { .. } => ProblemKind::CONTENDED,
        AppendError::TooLarge { .. } => ProblemKind::TOO_LARGE,
        AppendError::Invalid { .. } => ProblemKind::UNSTORABLE,
        AppendError::Refused { .. } => ProblemKind::LOG_FAILURE,
        AppendError::Duplicate { .. } => ProblemKind::DUPLICATE_ID,
        AppendError::Denied { .. } => ProblemKind::DENIED,
        AppendError::NoStream { .. } | AppendError::Unavailable { .. } => ProblemKind::UNAVAILABLE,
        AppendError::Unknown { .. } => ProblemKind::UNKNOWN_OUTCOME,
    }
}
