//! The decision: a document that tells the schemas apart, or a proof that there is none.

use serde_json::Value;

use super::{
    decision::{Decision, Formats},
    dialect::draft_of,
    goal::{Outcome, Solver},
    guarded::refuse_unguarded,
    load::load,
    load_error::LoadError,
    refute::Refuter,
    schema::{Lit, Store},
    validator::Judge,
};

/// Candidates that are tried before a proof is believed.
const CANDIDATES_FIRST: usize = 400;
/// Candidates that are tried when there is no proof.
const CANDIDATES_LAST: usize = 4_000;

/// Decides whether every document of `narrow` is a document of `wide`, both open as they are written.
#[must_use]
pub fn decide(narrow: &Value, wide: &Value, formats: Formats) -> Decision {
    match Question::new(narrow, wide, formats) {
        Ok(question) => question.answer(),
        Err(reason) => Decision::Unknown { reason },
    }
}

/// Whether a validator that checks formats certainly takes the document.
pub(in super::super) fn is_document(schema: &Value, document: &Value) -> bool {
    let judge = draft_of(schema).and_then(|draft| Judge::new(schema, draft, Formats::Checked));
    judge.is_ok_and(|judge| judge.verdict(document) == Some(true))
}

/// Two schemas that could be loaded.
struct Question<'a> {
    store: Store,
    narrow: (&'a Value, Lit, Judge),
    wide: (&'a Value, Lit, Judge),
    formats: Formats,
}

impl<'a> Question<'a> {
    fn new(narrow: &'a Value, wide: &'a Value, formats: Formats) -> Result<Self, String> {
        let mut store = Store::default();
        let narrow_lit =
            load(&mut store, narrow, "narrow").map_err(|error| format!("the writer's schema: {error}"))?;
        let wide_lit =
            load(&mut store, wide, "wide").map_err(|error| format!("the reader's schema: {error}"))?;
        refuse_unguarded(&store).map_err(|error| error.to_string())?;
        let judge = |schema: &Value, which: &str| -> Result<Judge, String> {
            let said = |error: LoadError| format!("the {which}'s schema: {error}");
            Judge::new(schema, draft_of(schema).map_err(said)?, formats).map_err(said)
        };
        let narrow = (narrow, narrow_lit, judge(narrow, "writer")?);
        let wide = (wide, wide_lit, judge(wide, "reader")?);
        Ok(Self { store, narrow, wide, formats })
    }

    fn answer(mut self) -> Decision {
        let goal = [self.narrow.1, !self.wide.1];
        let mut refuter = Refuter::new(self.narrow.0, self.wide.0);
        if let Some(witness) =
            refuter.search(CANDIDATES_FIRST, |candidate| tells_apart(&self.narrow.2, &self.wide.2, candidate))
        {
            return Decision::NotSubset { witness };
        }
        let mut solver = Solver::new(&mut self.store, self.formats);
        if let Some(values) = solver.few_values(&goal[..1])
            && values.iter().all(|value| certainly_in(&self.narrow.2, &self.wide.2, value))
        {
            return Decision::Subset;
        }
        let outcome = solver.solve(goal);
        let exhausted = solver.exhausted();
        let mut models = std::mem::take(&mut solver.doubtful);
        let mut reason = "neither a proof nor a document that tells them apart was found".to_owned();
        match outcome {
            Outcome::Empty => return Decision::Subset,
            Outcome::Model(model) => {
                reason = format!("a document that may tell them apart can't be confirmed: {model}");
                models.push(model);
            }
            Outcome::Open if exhausted => {
                reason = "the schemas are too large to be compared within the limits".to_owned();
            }
            Outcome::Open => {}
        }
        models.sort_by_cached_key(|model| model.to_string().len());
        if let Some(witness) =
            models.into_iter().find(|model| tells_apart(&self.narrow.2, &self.wide.2, model))
        {
            return Decision::NotSubset { witness };
        }
        match refuter
            .search(CANDIDATES_LAST, |candidate| tells_apart(&self.narrow.2, &self.wide.2, candidate))
        {
            Some(witness) => Decision::NotSubset { witness },
            None => Decision::Unknown { reason },
        }
    }
}

fn tells_apart(narrow: &Judge, wide: &Judge, document: &Value) -> bool {
    narrow.verdict(document) == Some(true) && wide.verdict(document) == Some(false)
}

/// Whether validators leave no doubt that the value is no reason against an inclusion.
///
/// In draft 4 what holds for 1 may not hold for 1.0, so there numbers stay in doubt.
fn certainly_in(narrow: &Judge, wide: &Judge, value: &Value) -> bool {
    let one_spelling = !(narrow.is_draft4() || wide.is_draft4()) || !has_number(value);
    let included = wide.sees_all() && wide.verdict(value) == Some(true);
    let left_out = narrow.sees_all() && narrow.verdict(value) == Some(false);
    one_spelling && (included || left_out)
}

fn has_number(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::Array(items) => items.iter().any(has_number),
        Value::Object(members) => members.values().any(has_number),
        _ => false,
    }
}
