use axum::http::HeaderMap;
use axum::http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};

use crate::commit::Expectation;
use crate::problem::{Problem, ProblemKind};

/// The version that the client expects, if it decided on one.
pub(crate) fn expectation(headers: &HeaderMap) -> Result<Expectation, Problem> {
    match (only(headers, IF_MATCH)?, only(headers, IF_NONE_MATCH)?) {
        (None, None) => Ok(Expectation::Any),
        (Some("*"), None) => Ok(Expectation::Exists),
        (Some(tag), None) => version(tag).map(Expectation::Version).ok_or_else(|| {
            invalid(format!("`If-Match: {tag}` names no version; write one in quotes, as in the `ETag` of a receipt: \"42\""))
        }),
        (None, Some("*")) => Ok(Expectation::Version(0)),
        (None, Some(other)) => {
            Err(invalid(format!("`If-None-Match: {other}` has no meaning here; write `*` for a new aggregate")))
        }
        (Some(_), Some(_)) => Err(invalid("`If-Match` and `If-None-Match` exclude each other".to_owned())),
    }
}

fn only(headers: &HeaderMap, name: HeaderName) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(&name).iter();
    let (first, second) = (values.next(), values.next());
    if second.is_some() {
        return Err(invalid(format!("there are two headers `{name}`")));
    }
    first
        .map(|value| value.to_str().map(str::trim))
        .transpose()
        .map_err(|_| invalid(format!("the header `{name}` isn't text")))
}

fn version(tag: &str) -> Option<u64> {
    let digits = tag.strip_prefix('"')?.strip_suffix('"')?;
    // `parse` alone would take a sign, and then one version would have two names.
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

fn invalid(detail: String) -> Problem {
    Problem::new(ProblemKind::INVALID_PRECONDITION, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(HeaderName, &'static str)]) -> Option<Expectation> {
        let headers = pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.append(name, value);
        }
        expectation(&all).ok()
    }

    #[test]
    fn a_version_is_the_entity_tag_of_a_receipt() {
        assert_eq!(read(&[]), Some(Expectation::Any));
        assert_eq!(read(&[(IF_MATCH, "\"42\"")]), Some(Expectation::Version(42)));
        assert_eq!(read(&[(IF_MATCH, "*")]), Some(Expectation::Exists));
        assert_eq!(read(&[(IF_NONE_MATCH, "*")]), Some(Expectation::Version(0)));
    }

    #[test]
    fn what_names_no_single_version_is_refused() {
        for tag in ["42", "\"x\"", "W/\"42\"", "\"1\", \"2\"", "\"+1\"", "\"\"", "\"99999999999999999999\""] {
            assert_eq!(read(&[(IF_MATCH, tag)]), None, "{tag}");
        }
        assert_eq!(read(&[(IF_NONE_MATCH, "\"1\"")]), None);
        assert_eq!(read(&[(IF_MATCH, "\"1\""), (IF_MATCH, "\"1\"")]), None);
        assert_eq!(read(&[(IF_MATCH, "\"1\""), (IF_NONE_MATCH, "*")]), None);
    }
}
