use std::str::FromStr;

use axum::extract::Query;
use axum::http::Uri;
use headwater_log::service::http::Problem;

use super::problems::invalid;

/// The parameters of a query. Each is taken once, and one that nobody takes is an error: a misspelt limit is none.
#[derive(Debug)]
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    pub(super) fn of(uri: &Uri) -> Result<Self, Problem> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri);
        pairs
            .map(|Query(pairs)| Self(pairs))
            .map_err(|error| invalid(format!("the query can't be read: {error}")))
    }

    /// The parameter's text, if it is there.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Problem> {
        let mut all = self.all(name);
        let last = all.pop();
        if all.is_empty() { Ok(last) } else { Err(invalid(format!("`{name}` is there more than once"))) }
    }

    /// The same as a type of its own, of which there is an `example`.
    pub(super) fn parsed<T: FromStr>(&mut self, name: &str, example: &str) -> Result<Option<T>, Problem> {
        self.text(name)?
            .map(|text| {
                text.parse().map_err(|_| {
                    invalid(format!("`{name}={text}` can't be read; write it as in `{example}`"))
                })
            })
            .transpose()
    }

    /// Every value of a parameter that may be there several times.
    pub(super) fn all(&mut self, name: &str) -> Vec<String> {
        let (taken, left) = std::mem::take(&mut self.0).into_iter().partition(|(other, _)| other == name);
        self.0 = left;
        let taken: Vec<(String, String)> = taken;
        taken.into_iter().map(|(_, value)| value).collect()
    }

    /// Says that all parameters are taken.
    pub(super) fn finish(self, known: &str) -> Result<(), Problem> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => {
                Err(invalid(format!("there is no parameter `{name}` here; there are: {known}")))
            }
        }
    }
}
