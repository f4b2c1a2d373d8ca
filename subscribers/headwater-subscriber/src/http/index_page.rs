use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use headwater_log::service::http::Problem;
use serde::Serialize;

use super::Freshness;
use super::answer::json;
use super::params::Params;
use super::source::{Partitions, Source};
use crate::Positions;

/// `GET /v1`: what this is, and where it is, once it is as far as the client wants it to be.
pub(super) async fn index_page(
    State(source): State<Arc<Source>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut params = Params::of(&uri)?;
    let freshness = Freshness::take(&mut params, &headers)?;
    params.finish(Freshness::PARAMETERS)?;
    source.reach(&freshness).await?;
    let tables = source.tables.iter().map(|table| Table {
        name: table.name,
        indexes: table.indexes.iter().map(|index| index.name).collect(),
    });
    let about = About {
        projection: source.name,
        version: source.version,
        tables: tables.collect(),
        positions: source.positions(),
        partitions: Some(&*source.partitions.borrow()).filter(|map| map.is_divided()).map(Partitions::of),
    };
    Ok(json(StatusCode::OK, &about))
}

#[derive(Serialize)]
struct About {
    projection: &'static str,
    version: u32,
    tables: Vec<Table>,
    positions: Positions,
    /// Of a divided state.
    #[serde(skip_serializing_if = "Option::is_none")]
    partitions: Option<Partitions>,
}

#[derive(Serialize)]
struct Table {
    name: &'static str,
    indexes: Vec<&'static str>,
}
