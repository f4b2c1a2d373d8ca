use std::collections::BTreeMap;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Response, StatusCode};
use serde_json::{Value, json};

/// What the edge has answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) async fn of(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        Self { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The events' sequences, if this is a receipt.
    #[track_caller]
    pub(crate) fn sequences(&self) -> Vec<u64> {
        assert!(self.status.is_success(), "{self:?}");
        self.body["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["sequence"].as_u64().unwrap())
            .collect()
    }

    /// That it is a receipt of events that were stored now.
    #[track_caller]
    pub(crate) fn is_stored(&self) -> &Self {
        assert_eq!((self.status, &self.body["repeated"]), (StatusCode::CREATED, &json!(false)), "{self:?}");
        self
    }

    /// That it is a receipt of events that were stored before.
    #[track_caller]
    pub(crate) fn is_repeated(&self) -> &Self {
        assert_eq!((self.status, &self.body["repeated"]), (StatusCode::OK, &json!(true)), "{self:?}");
        self
    }

    /// That it is a problem of this kind, and a whole one.
    #[track_caller]
    pub(crate) fn is_problem(&self, slug: &str) -> &Self {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let kind = self.body["type"].as_str().unwrap();
        assert_eq!(kind.rsplit('#').next(), Some(slug), "{self:?}");
        assert_eq!(self.body["status"], self.status.as_u16());
        let retryable = self.body["retryable"] == true;
        assert_eq!(self.headers.contains_key("retry-after"), retryable, "{self:?}");
        self
    }

    /// Status, headers and document, without what differs from run to run.
    pub(crate) fn snapshot(&self) -> Value {
        let mut body = self.body.clone();
        if let Some(instance) = body.get_mut("instance") {
            assert!(instance.as_str().unwrap().starts_with("urn:headwater:edge:"), "{instance}");
            *instance = json!("urn:headwater:edge:[occurrence]");
        }
        let names =
            ["accept", "accept-encoding", "allow", "content-type", "etag", "retry-after", "www-authenticate"];
        let headers: serde_json::Map<_, _> =
            names.iter().filter_map(|name| Some(((*name).to_owned(), self.header(name)?.into()))).collect();
        sorted(json!({ "status": self.status.as_u16(), "headers": headers, "body": body }))
    }
}

/// Another crate of the build may let maps keep another order.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<_, _> =
                members.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            Value::Object(members.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}
