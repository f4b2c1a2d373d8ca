use axum::extract::FromRequestParts;
use axum::extract::Query;
use axum::http::request::Parts;
use headwater_log::service::http::Problem;
use serde::Deserialize;

use super::problems::invalid_moment;

/// What a request for a board names in its query.
#[derive(Debug, Default, Deserialize)]
pub(super) struct BoardQuery {
    pub(super) airport: Option<String>,
    pub(super) at: Option<String>,
}

/// A query that can't be read is a problem document like any other.
impl<S: Sync> FromRequestParts<S> for BoardQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = Query::try_from_uri(&parts.uri);
        query.map(|Query(query)| query).map_err(|_| invalid_moment(parts.uri.query().unwrap_or_default()))
    }
}
