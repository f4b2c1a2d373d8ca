use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::header::IF_NONE_MATCH;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use headwater_event::Domain;
use headwater_log::service::http::Problem;
use jiff::SignedDuration;

use super::params::Params;
use super::problems::invalid;
use crate::Positions;

/// How new an answer must be: `?min_position=flights:1234&timeout=5s`, and `If-None-Match`; and of how much of the state, when instances share
/// its partitions: `?partitions=here`.
#[derive(Debug, Clone, Default)]
pub struct Freshness {
    /// What the query says, of which only a projection knows what it means.
    min_positions: Vec<String>,
    pub(super) timeout: Option<Duration>,
    /// The entity tags that the client has.
    known: Vec<String>,
    /// Whether a part of the state will do: the partitions that are here.
    pub(super) takes_parts: bool,
}

impl Freshness {
    /// What is there now will do.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// The parameters that say it.
    pub(super) const PARAMETERS: &'static str = "min_position, timeout, partitions";

    pub(super) fn take(params: &mut Params, headers: &HeaderMap) -> Result<Self, Problem> {
        let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let known = known.flat_map(|value| value.split(',')).map(|tag| tag.trim().to_owned()).collect();
        let timeout = params.text("timeout")?.map(|text| duration(&text)).transpose()?;
        let takes_parts = takes_parts(params)?;
        Ok(Self { min_positions: params.all("min_position"), timeout, known, takes_parts })
    }

    /// The same of the partitions that are here, if there are others.
    pub(super) fn of_parts(mut self) -> Self {
        self.takes_parts = true;
        self
    }

    /// The positions to be reached, by domain, of those that are read.
    pub(super) fn wanted(&self, read: &Positions) -> Result<Positions, Problem> {
        let mut all = Positions::default();
        for part in self.min_positions.iter().flat_map(|text| text.split(',')) {
            let (domain, sequence) = wanted(part.trim(), read)?;
            all.set(&domain, sequence.max(all.of(domain.as_str())));
        }
        Ok(all)
    }

    /// Whether the client has what has this tag. That it has anything at all, which `*` says, is of no use to it: it may be
    /// anything, and there may be nothing now.
    pub(super) fn knows(&self, tag: &str) -> bool {
        self.known.iter().any(|known| known.strip_prefix("W/").unwrap_or(known) == tag)
    }
}

/// In a handler of a service's own: it passes over parameters that aren't of it.
impl<S: Sync> FromRequestParts<S> for Freshness {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of(&parts.uri, &parts.headers)
    }
}

impl Freshness {
    fn of(uri: &Uri, headers: &HeaderMap) -> Result<Self, Problem> {
        Self::take(&mut Params::of(uri)?, headers)
    }
}

/// Whether the client wants what is here: `?partitions=here`.
pub(super) fn takes_parts(params: &mut Params) -> Result<bool, Problem> {
    match params.text("partitions")?.as_deref() {
        None => Ok(false),
        Some("here") => Ok(true),
        Some(other) => Err(invalid(format!(
            "`partitions={other}` can't be read; write it as in `partitions=here`, or leave it out for all of them"
        ))),
    }
}

fn wanted(text: &str, read: &Positions) -> Result<(Domain, u64), Problem> {
    let domains: Vec<_> = read.iter().map(|(domain, _)| domain).collect();
    let (domain, sequence) = match (text.split_once(':'), domains.as_slice()) {
        (Some((name, sequence)), _) => {
            let domain = domains.iter().copied().find(|domain| domain.as_str() == name);
            let domain = domain.ok_or_else(|| {
                let domains = domains.iter().map(|domain| domain.as_str()).collect::<Vec<_>>().join(", ");
                invalid(format!(
                    "`min_position={text}`: the projection doesn't read {name:?}; it reads {domains}"
                ))
            })?;
            (domain, sequence)
        }
        (None, [domain]) => (*domain, text),
        (None, _) => {
            let example = domains.first().map_or("flights", |domain| domain.as_str());
            let detail = format!("`min_position={text}` names no domain; write it as in `{example}:1234`");
            return Err(invalid(detail));
        }
    };
    // `parse` alone would take a sign.
    let plain = sequence.bytes().all(|byte| byte.is_ascii_digit());
    let sequence = if plain { sequence.parse().ok() } else { None };
    let sequence = sequence.ok_or_else(|| {
        invalid(format!("`min_position={text}` is no position; write it as in `{}:1234`", domain.as_str()))
    })?;
    Ok((domain.clone(), sequence))
}

fn duration(text: &str) -> Result<Duration, Problem> {
    let read = text.parse::<SignedDuration>().ok().and_then(|duration| Duration::try_from(duration).ok());
    read.ok_or_else(|| invalid(format!("`timeout={text}` is no duration; write it as in `5s` or `500ms`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<String, Problem> {
        let uri: Uri = format!("/?{query}").parse().unwrap();
        let read = Positions::from_iter([("orders".parse().unwrap(), 7)]);
        Ok(Freshness::of(&uri, &HeaderMap::new())?.wanted(&read)?.to_string())
    }

    #[test]
    fn a_position_names_its_domain_and_need_not_where_there_is_one() {
        assert_eq!(read("min_position=orders:12").unwrap(), "orders=12");
        assert_eq!(read("min_position=12").unwrap(), "orders=12");
        assert_eq!(read("min_position=1,orders:3&min_position=2").unwrap(), "orders=3");
        assert_eq!(read("").unwrap(), "");
    }

    #[test]
    fn what_is_no_position_or_duration_is_refused() {
        for query in [
            "min_position=",
            "min_position=%2B1",
            "min_position=-1",
            "min_position=x",
            "min_position=weather:1",
            "min_position=orders:",
            "min_position=99999999999999999999",
            "timeout=5",
            "timeout=-5s",
            "timeout=soon",
            "timeout=1s&timeout=2s",
        ] {
            assert!(read(query).is_err(), "{query}");
        }
    }

    #[test]
    fn a_client_has_what_one_of_its_tags_names() {
        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, "\"a\", W/\"b\"".parse().unwrap());
        let freshness = Freshness::of(&"/".parse().unwrap(), &headers).unwrap();
        assert!(freshness.knows("\"a\"") && freshness.knows("\"b\"") && !freshness.knows("\"c\""));
    }
}
