//! What the server promises in a fast batch, and bulk loads rely on. When one of these fails with another version
//! of the server, `docs/adr/0003-bulk-loads-by-fast-ingest.md` is to be read again.

use async_nats::{Client, HeaderMap, Subscriber};
use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::bed::{Bed, PATIENCE, group};

group![
    the_first_answer_says_how_fast_to_go_and_nothing_of_what_is_stored,
    messages_are_acknowledged_at_intervals_and_the_end_says_how_many_are_stored,
    a_ping_repeats_the_last_acknowledgement,
    a_wrong_version_ends_the_batch_before_its_message,
    a_message_that_is_lost_ends_the_batch_before_it,
    a_message_with_a_known_id_is_dropped_without_a_word,
    what_expects_a_message_on_its_way_is_refused_by_replicas_alone,
    a_batch_goes_on_under_another_leader,
];

struct Batch {
    client: Client,
    answers: Subscriber,
    inbox: String,
    domain: String,
    sent: u64,
}

const BEGIN: u8 = 0;
const APPEND: u8 = 1;
const END: u8 = 3;
const PING: u8 = 4;

impl Batch {
    async fn new(bed: &Bed) -> Self {
        bed.log().await;
        let client = bed.client().await;
        let inbox = client.new_inbox();
        let answers = client.subscribe(format!("{inbox}.>")).await.unwrap();
        Self { client, answers, inbox, domain: bed.domain.to_string(), sent: 0 }
    }

    async fn publish(&self, id: &str, number: u64, operation: u8, headers: HeaderMap) {
        let subject = format!("evt.{}.order.event-{number}.{id}", self.domain);
        let batch = self.inbox.rsplit('.').next().unwrap();
        let reply = format!("{}.{batch}.10.fail.{number}.{operation}.$FI", self.inbox);
        self.client.publish_with_reply_and_headers(subject, reply, headers, "x".into()).await.unwrap();
    }

    async fn send(&mut self, id: &str, headers: HeaderMap) {
        self.sent += 1;
        let operation = if self.sent == 1 { BEGIN } else { APPEND };
        self.publish(id, self.sent, operation, headers).await;
    }

    async fn answer(&mut self) -> Value {
        let answer = timeout(PATIENCE, self.answers.next()).await.expect("no answer").unwrap();
        serde_json::from_slice(&answer.payload).unwrap()
    }

    /// The next answer that is no acknowledgement.
    async fn verdict(&mut self) -> Value {
        loop {
            let answer = self.answer().await;
            if answer["type"] != "ack" {
                return answer;
            }
        }
    }

    async fn end(&mut self) -> (u64, u64) {
        self.publish("end", self.sent + 1, END, HeaderMap::new()).await;
        let answer = self.verdict().await;
        (answer["count"].as_u64().unwrap(), answer["seq"].as_u64().unwrap())
    }

    fn guard(&self, id: &str, expected: u64) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Expected-Last-Subject-Sequence", expected.to_string());
        let filter = format!("evt.{}.order.*.{id}", self.domain);
        headers.insert("Nats-Expected-Last-Subject-Sequence-Subject", filter);
        headers
    }
}

async fn stored(bed: &Bed) -> u64 {
    bed.stream().await.cached_info().state.messages
}

async fn the_first_answer_says_how_fast_to_go_and_nothing_of_what_is_stored(bed: Bed) {
    let mut batch = Batch::new(&bed).await;
    batch.send("1", HeaderMap::new()).await;
    assert_eq!(batch.answer().await, json!({ "type": "ack", "seq": 0, "msgs": 10 }));
}

async fn messages_are_acknowledged_at_intervals_and_the_end_says_how_many_are_stored(bed: Bed) {
    let mut batch = Batch::new(&bed).await;
    for _ in 0..25 {
        batch.send("1", HeaderMap::new()).await;
    }
    for number in [0, 10, 20] {
        assert_eq!(batch.answer().await, json!({ "type": "ack", "seq": number, "msgs": 10 }));
    }
    assert_eq!(batch.end().await, (25, 25));
    assert_eq!(stored(&bed).await, 25);
}

async fn a_ping_repeats_the_last_acknowledgement(bed: Bed) {
    let mut batch = Batch::new(&bed).await;
    for _ in 0..15 {
        batch.send("1", HeaderMap::new()).await;
    }
    while batch.answer().await["seq"] != 10 {}
    batch.publish("1", 15, PING, HeaderMap::new()).await;
    assert_eq!(batch.answer().await, json!({ "type": "ack", "seq": 10, "msgs": 10 }));
    assert_eq!(batch.end().await, (15, 15));
}

async fn a_wrong_version_ends_the_batch_before_its_message(bed: Bed) {
    let mut batch = Batch::new(&bed).await;
    for (id, expected) in [("1", 0), ("2", 0), ("3", 7), ("4", 0)] {
        let guard = batch.guard(id, expected);
        batch.send(id, guard).await;
    }
    let refused = batch.verdict().await;
    assert_eq!((refused["type"].as_str(), refused["seq"].as_u64()), (Some("err"), Some(3)));
    assert_eq!(refused["error"]["err_code"], 10071);
    // What comes later finds no batch, and may be told so before the end.
    let end = loop {
        let answer = batch.verdict().await;
        match answer["error"]["err_code"].as_u64() {
            Some(code) => assert_eq!(code, 10208),
            None => break answer,
        }
    };
    assert_eq!((end["count"].as_u64(), end["seq"].as_u64()), (Some(2), Some(2)));
    assert_eq!(stored(&bed).await, 2);
}

async fn a_message_that_is_lost_ends_the_batch_before_it(bed: Bed) {
    let mut batch = Batch::new(&bed).await;
    batch.send("1", HeaderMap::new()).await;
    batch.send("2", HeaderMap::new()).await;
    batch.sent += 1;
    batch.send("4", HeaderMap::new()).await;
    let mut answers = [batch.verdict().await, batch.verdict().await];
    answers.sort_by_key(|answer| answer["type"] == "gap");
    assert_eq!((answers[0]["count"].as_u64(), answers[0]["seq"].as_u64()), (Some(2), Some(2)));
    assert_eq!(answers[1], json!({ "type": "gap", "last_seq": 3, "seq": 4 }));
    assert_eq!(stored(&bed).await, 2);
}

/// Also when it is another one, of another aggregate. So bulk loads send no ids.
async fn a_message_with_a_known_id_is_dropped_without_a_word(bed: Bed) {
    let mut batch = Batch::new(&bed).await;
    for (id, message_id) in [("1", "a"), ("2", "b"), ("3", "b"), ("4", "c")] {
        let mut headers = batch.guard(id, 0);
        headers.insert("Nats-Msg-Id", message_id);
        batch.send(id, headers).await;
    }
    assert_eq!(batch.end().await, (4, 3));
    assert_eq!(stored(&bed).await, 3);
}

async fn what_expects_a_message_on_its_way_is_refused_by_replicas_alone(bed: Bed) {
    let mut batch = Batch::new(&bed).await;
    for expected in 0..50 {
        let guard = batch.guard("1", expected);
        batch.send("1", guard).await;
    }
    if bed.broker.config().replicas == 1 {
        assert_eq!(batch.end().await, (50, 50));
    } else {
        let refused = batch.verdict().await;
        assert_eq!((refused["type"].as_str(), &refused["error"]["err_code"]), (Some("err"), &json!(10164)));
    }
}

async fn a_batch_goes_on_under_another_leader(bed: Bed) {
    if bed.broker.config().replicas == 1 {
        return;
    }
    let mut batch = Batch::new(&bed).await;
    for _ in 0..35 {
        batch.send("1", HeaderMap::new()).await;
    }
    while batch.answer().await["seq"] != 30 {}
    let leader = |stream: &async_nats::jetstream::stream::Stream| {
        stream.cached_info().cluster.as_ref().and_then(|cluster| cluster.leader.clone())
    };
    let before = leader(&bed.stream().await);
    let step_down = format!("$JS.API.STREAM.LEADER.STEPDOWN.{}", bed.domain.stream());
    batch.client.request(step_down, "".into()).await.unwrap();
    super::bed::eventually("another server leads", || async {
        let leader = leader(&bed.stream().await);
        leader.is_some() && leader != before
    })
    .await;
    for _ in 0..15 {
        batch.send("1", HeaderMap::new()).await;
    }
    assert_eq!(batch.end().await, (50, 50));
    assert_eq!(stored(&bed).await, 50);
}
