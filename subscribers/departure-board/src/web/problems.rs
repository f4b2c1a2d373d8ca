use headwater_log::service::http::{Problem, ProblemType};

/// Where every type has a section.
const GUIDE: &str = "https://github.com/headwater-rs/headwater/blob/main/docs/guides/queries.md";

/// The types of problems that only the board has.
#[must_use]
pub fn problems() -> &'static [ProblemType] {
    &[NO_AIRPORT, INVALID_MOMENT, NO_CLOCK]
}

const fn problem(slug: &'static str, status: u16, title: &'static str, retryable: bool) -> ProblemType {
    ProblemType { service: "departure-board", guide: GUIDE, slug, status, title, retryable }
}

const NO_AIRPORT: ProblemType = problem("no-airport", 404, "There is no board of this airport", false);
const INVALID_MOMENT: ProblemType = problem("invalid-moment", 400, "This is no moment", false);
const NO_CLOCK: ProblemType = problem("no-clock", 503, "Nobody knows yet what time it is", true);

pub(super) fn no_airport(code: &str) -> Problem {
    Problem::new(NO_AIRPORT, format!("there is no board of {code:?}; there are boards of EWR, JFK and LGA"))
}

pub(super) fn invalid_moment(text: &str) -> Problem {
    let detail = format!(
        "{text:?} is no moment; write it as in 2013-01-01T14:00Z, or 2013-01-01T09:00 by New York's clocks"
    );
    Problem::new(INVALID_MOMENT, detail)
}

pub(super) fn no_clock() -> Problem {
    Problem::new(NO_CLOCK, "no event has been applied yet whose time is the board's; name a moment with `at`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_section_in_the_guide() {
        let guide = include_str!("../../../../docs/guides/queries.md");
        for problem in problems() {
            let heading = format!("\n### {}\n", problem.slug);
            assert!(guide.contains(&heading), "the guide has no section {:?}", problem.slug);
        }
    }
}
