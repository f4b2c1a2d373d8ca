use crate::problem::{Problem, ProblemKind, Violation};

/// Why an event doesn't get in.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) kind: ProblemKind,
    /// The sentence for a person.
    pub(crate) detail: String,
    /// The places that are wrong, as pointers into the event's JSON form.
    pub(crate) violations: Vec<Violation>,
}

impl Refusal {
    /// A refusal for one place.
    pub(crate) fn at(kind: ProblemKind, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let violation = Violation { pointer: pointer.into(), detail: detail.clone() };
        Self { kind, detail, violations: vec![violation] }
    }

    /// The same for the event at `index` of a batch.
    pub(crate) fn in_batch(mut self, index: usize) -> Self {
        for violation in &mut self.violations {
            violation.pointer = format!("/{index}{}", violation.pointer);
        }
        self
    }

    /// One problem for all that is wrong with a request; none when nothing is.
    pub(crate) fn problem(refusals: Vec<Self>) -> Option<Problem> {
        let violations: Vec<_> = refusals.iter().flat_map(|refusal| &refusal.violations).cloned().collect();
        let refused = refusals.len();
        let Self { kind, detail, .. } = refusals.into_iter().next()?;
        let detail = match refused {
            1 => detail,
            _ => format!("{refused} events are refused; the first: {detail}"),
        };
        Some(Problem::new(kind, detail).with_errors(&violations))
    }
}
