//! Who may publish: with tokens, each service under its own name only.

use std::fs;

use headwater_edge::{Limits, Tokens, TokensError};
use serde_json::json;
use tempfile::NamedTempFile;

use super::answer::Answer;
use super::bed::{Bed, FLIGHT, admission, departed, with};

const GATE_AGENT: &str = "gate-agent-token-0123456789abcdef";
/// Of `buoy-token-0123456789abcdef`.
const BUOY_SHA256: &str = "sha256:3a6b613b68e39337d5f69056de4e0dafdf6cf97ad030a33aecb2a79e244d4593";

fn load(text: &str) -> Result<Tokens, TokensError> {
    let file = NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    Tokens::load(file.path(), &admission())
}

async fn bed() -> Bed {
    let text = format!("# who may publish\n\ngate-agent {GATE_AGENT}\nbuoy  {BUOY_SHA256}\n");
    Bed::with(Limits::default(), Some(load(&text).unwrap())).await
}

async fn send(bed: &Bed, authorization: &str) -> Answer {
    bed.structured_with(&[("authorization", authorization)], &departed("1", FLIGHT)).await
}

#[tokio::test]
async fn a_service_publishes_with_its_token() {
    let bed = bed().await;
    send(&bed, &format!("Bearer {GATE_AGENT}")).await.is_stored();
    send(&bed, &format!("bearer  {GATE_AGENT}")).await.is_repeated();
}

#[tokio::test]
async fn without_a_token_or_with_a_wrong_one_nobody_publishes() {
    let bed = bed().await;
    let without = bed.structured(&departed("1", FLIGHT)).await;
    insta::assert_json_snapshot!("without_a_token", without.is_problem("unauthenticated").snapshot());
    let wrong = send(&bed, "Bearer gate-agent-token-0123456789abcdeF").await;
    insta::assert_json_snapshot!("with_a_wrong_token", wrong.is_problem("unauthenticated").snapshot());
    for authorization in ["", "Bearer", "Bearer ", "Basic Z2F0ZS1hZ2VudA==", GATE_AGENT] {
        send(&bed, authorization).await.is_problem("unauthenticated");
    }
    assert_eq!(bed.count().await, 0);
}

#[tokio::test]
async fn a_service_cannot_speak_for_another() {
    let bed = bed().await;
    let answer = send(&bed, "Bearer buoy-token-0123456789abcdef").await;
    insta::assert_json_snapshot!(answer.is_problem("foreign-source").snapshot());
    let unknown = with(departed("1", FLIGHT), json!({ "source": "/nobody" }));
    let authorization = format!("Bearer {GATE_AGENT}");
    bed.structured_with(&[("authorization", &authorization)], &unknown).await.is_problem("foreign-source");
    assert_eq!(bed.count().await, 0);
}

#[test]
fn a_file_of_tokens_with_a_mistake_is_refused_and_shows_no_secret() {
    for (text, told) in [
        ("gate-agent", "line 1 is no service and token"),
        ("\ngate-agent a secret-word-that-is-long", "line 2 is no service and token"),
        ("gate-agent secret", "the token on line 1 is too short"),
        ("gate-agent sha256:secret", "line 1 is no service and token"),
        ("gate-agent secret-0123456789\nbuoy secret-0123456789", "the token on line 2 is there before"),
        ("nobody secret-0123456789", "line 1 has a token for nobody"),
        ("# only a comment", "there is no token"),
    ] {
        let error = load(text).unwrap_err().to_string();
        assert!(error.starts_with(told) && !error.contains("secret"), "{text:?}: {error}");
    }
}
