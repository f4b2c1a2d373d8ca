use headwater_log::service::http::{Problem, ProblemType};
use headwater_log::service::report;

use crate::Positions;
use crate::StoreError;

/// Where every type has a section.
const GUIDE: &str = "https://github.com/headwater-rs/headwater/blob/main/docs/guides/queries.md";

/// The types of problems with which a projection answers over HTTP.
#[must_use]
pub fn problems() -> &'static [ProblemType] {
    &ALL
}

const fn problem(slug: &'static str, status: u16, title: &'static str, retryable: bool) -> ProblemType {
    ProblemType { service: "queries", guide: GUIDE, slug, status, title, retryable }
}

// The table. A new type takes a line here, a line in the list, and a section in the guide.
pub(super) const INVALID_QUERY: ProblemType =
    problem("invalid-query", 400, "The query makes no sense", false);
pub(super) const NOT_FOUND: ProblemType = problem("not-found", 404, "There is nothing here", false);
pub(super) const NO_ROW: ProblemType = problem("no-row", 404, "The table has no such row", false);
pub(super) const METHOD_NOT_ALLOWED: ProblemType =
    problem("method-not-allowed", 405, "The method doesn't apply here", false);
pub(super) const ELSEWHERE: ProblemType =
    problem("elsewhere", 421, "Other instances have a part of the state", true);
pub(super) const FAILED: ProblemType = problem("failed", 500, "The state can't be read", false);
pub(super) const OVERLOADED: ProblemType = problem("overloaded", 503, "Too much is under way", true);
pub(super) const TOO_LONG: ProblemType = problem("too-long", 503, "The read takes too long", false);
pub(super) const STOPPING: ProblemType = problem("stopping", 503, "The process ends", true);
pub(super) const HALTED: ProblemType = problem("halted", 503, "The projection has halted", false);
pub(super) const NOT_REACHED: ProblemType =
    problem("not-reached", 504, "The position isn't reached yet", true);

const ALL: [ProblemType; 11] = [
    INVALID_QUERY,
    NOT_FOUND,
    NO_ROW,
    METHOD_NOT_ALLOWED,
    ELSEWHERE,
    FAILED,
    OVERLOADED,
    TOO_LONG,
    STOPPING,
    HALTED,
    NOT_REACHED,
];

pub(super) fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(INVALID_QUERY, detail)
}

/// The state can't be read; why is for the operator, and no client learns of paths.
pub(super) fn unreadable(error: &StoreError) -> Problem {
    tracing::error!(error = report(error), "a query can't be answered");
    Problem::new(FAILED, "the projection's state can't be read; the process's log says why")
}

/// Says with the problem where the projection is.
pub(super) fn at(problem: Problem, positions: &Positions) -> Problem {
    let problem = problem.with("positions", serde_json::to_value(positions).unwrap_or_default());
    match positions.to_string().try_into() {
        Ok(value) => problem.with_header(super::answer::POSITION, value),
        Err(_) => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_section_in_the_guide_and_a_slug_of_its_own() {
        let guide = include_str!("../../../../docs/guides/queries.md");
        for (index, problem) in problems().iter().enumerate() {
            assert!(problems()[..index].iter().all(|other| other.slug != problem.slug), "{}", problem.slug);
            let heading = format!("\n### {}\n", problem.slug);
            assert!(guide.contains(&heading), "the guide has no section {:?}", problem.slug);
            assert_eq!(problem.status().as_u16(), problem.status);
        }
    }
}
