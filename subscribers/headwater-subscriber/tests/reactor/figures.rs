use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use headwater_log::service::http::ConnectionLimits;
use headwater_subscriber::http::ReadyWithin;
use headwater_subscriber::{BreakerState, ReactorHttp, ReactorRunner};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use headwater_log::testkit::PATIENCE;

use crate::bed::{Bed, connect, options};
use crate::common::client::{Answer, get};
use crate::common::figures::figures;
use crate::receipts::{Fault, Receipts};

/// An instance, as its orchestrator and Prometheus see it.
struct Watched {
    http: ReactorHttp,
    address: String,
}

impl Watched {
    /// It doesn't work yet.
    async fn start(runner: &ReactorRunner<Receipts>, ready_within: ReadyWithin) -> Self {
        let (limits, stop) = (ConnectionLimits::default(), CancellationToken::new());
        let http = ReactorHttp::new(runner, ready_within, limits, stop);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(http.serve(listener));
        Self { http, address }
    }

    async fn get(&self, path: &str) -> Answer {
        get(&self.address, path).await
    }

    async fn figures(&self) -> BTreeMap<String, f64> {
        figures(&self.get("/metrics").await, ("reactor", "receipts"))
    }

    /// Asks until the answer is as it should be.
    async fn comes(&self, path: &str, wanted: impl Fn(&Answer) -> bool) -> Answer {
        let asking = async {
            loop {
                let answer = self.get(path).await;
                if wanted(&answer) {
                    return answer;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, asking).await.expect("it doesn't come")
    }

    /// Asks until the reactor is known to be so many events behind.
    async fn is_behind(&self, events: u64) {
        let wanted =
            format!("headwater_reactor_lag_events{{reactor=\"receipts\",domain=\"orders\"}} {events}\n");
        self.comes("/metrics", |metrics| metrics.body.contains(&wanted)).await;
    }
}

fn within(events: u64) -> ReadyWithin {
    ReadyWithin { events, age: Duration::from_secs(3600) }
}

fn holds(figures: &BTreeMap<String, f64>, wanted: &[(&str, f64)]) {
    for (name, value) in wanted {
        let name = format!("headwater_{name}");
        assert_eq!(figures.get(&name), Some(value), "{name} in {figures:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_say_what_was_done_and_what_is_parked() {
    let bed = Bed::new().await;
    bed.mail.fault("bad", Some(Fault::Fails));
    bed.mail.fault("refused", Some(Fault::Refused));
    let runner = bed.runner(options(), bed.directory.path());
    let watched = Watched::start(&runner, within(0)).await;
    let reactor = bed.run(runner).await;
    watched.http.working(bed.log.clone());
    bed.pay("good", 1).await;
    reactor.until("the first one is done", |health| health.handled == 1).await;
    holds(
        &watched.figures().await,
        &[("reactor_events_handled_total", 1.0), ("reactor_letters", 0.0), ("reactor_active", 1.0)],
    );

    for (order, number) in [("good", 2), ("bad", 1), ("bad", 2), ("refused", 1)] {
        bed.pay(order, number).await;
    }
    reactor.until("two keys are parked", |health| health.letters == 3 && health.handled == 2).await;
    watched.is_behind(0).await;
    let figures = watched.figures().await;
    holds(
        &figures,
        &[
            ("reactor_events_handled_total", 2.0),
            ("reactor_events_redriven_total", 0.0),
            ("reactor_letters_written_total", 3.0),
            ("reactor_letters", 3.0),
            ("reactor_parked_keys", 2.0),
            ("reactor_attempt_failures_total kind=failed", 3.0),
            ("reactor_attempt_failures_total kind=refused", 1.0),
            ("reactor_attempt_failures_total kind=unavailable", 0.0),
            ("reactor_attempt_failures_total kind=timed-out", 0.0),
            ("reactor_attempt_duration_seconds outcome=done", 2.0),
            ("reactor_attempt_duration_seconds outcome=failed", 3.0),
            ("reactor_breaker_state state=closed", 1.0),
            ("reactor_breaker_state state=half-open", 0.0),
            ("reactor_breaker_state state=open", 0.0),
            ("reactor_breaker_openings_total", 0.0),
            ("reactor_lag_seconds domain=orders", 0.0),
            ("reactor_lag_failures_total", 0.0),
            ("reactor_build_info version=3", 1.0),
        ],
    );
    let route = "headwater_http_requests_total method=GET,route=/metrics,status=200";
    assert!(figures[route] >= 2.0, "{figures:#?}");
    let ready = watched.comes("/readyz", |answer| answer.status == 200).await.json();
    assert_eq!(
        (&ready["standing"], &ready["breaker"], &ready["parked_keys"], &ready["letters"]),
        (&json!("active"), &json!("closed"), &json!(2), &json!(3))
    );
    reactor.stop().await;
    assert_eq!(watched.get("/readyz").await.json()["standing"], "standby");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_breaker_is_open_the_instance_says_so_and_is_ready() {
    let bed = Bed::new().await;
    bed.mail.is_down.store(true, Ordering::SeqCst);
    bed.pay_many(20).await;
    let runner = bed.runner(options(), bed.directory.path());
    let watched = Watched::start(&runner, within(5)).await;
    let reactor = bed.run(runner).await;
    watched.http.working(bed.log.clone());
    reactor.until("the breaker is open", |health| health.breaker == BreakerState::Open).await;
    watched.is_behind(20).await;
    let open = watched.get("/readyz").await;
    assert_eq!(open.status, 200, "{open:?}");
    assert_ne!(open.json()["breaker"], "closed");
    assert_eq!(open.json()["lag"][0]["events"], 20);
    let figures = watched.figures().await;
    holds(
        &figures,
        &[
            ("reactor_breaker_state state=closed", 0.0),
            ("reactor_breaker_openings_total", 1.0),
            ("reactor_in_hand_events", 20.0),
            ("reactor_events_handled_total", 0.0),
        ],
    );
    let (open, half_open) = ("reactor_breaker_state state=open", "reactor_breaker_state state=half-open");
    assert_eq!(figures[&format!("headwater_{open}")] + figures[&format!("headwater_{half_open}")], 1.0);
    assert!(figures["headwater_reactor_lag_seconds domain=orders"] > 0.0);
    assert!(figures["headwater_reactor_attempt_failures_total kind=unavailable"] >= 5.0);

    // Somebody answers again, and takes one at first: now what is behind is this instance's.
    let gate = Arc::new(Semaphore::new(1));
    *bed.mail.gate.lock().unwrap() = Some(gate.clone());
    bed.mail.is_down.store(false, Ordering::SeqCst);
    let behind = watched.comes("/readyz", |answer| answer.status == 503).await.json();
    let reason = behind["reasons"][0].as_str().unwrap();
    assert!(reason.ends_with("events behind; ready is at most 5"), "{reason}");
    assert_eq!(behind["breaker"], "closed");
    gate.add_permits(100);
    watched.comes("/readyz", |answer| answer.status == 200).await;
    watched.is_behind(0).await;
    holds(
        &watched.figures().await,
        &[
            ("reactor_breaker_state state=closed", 1.0),
            ("reactor_breaker_state state=open", 0.0),
            ("reactor_breaker_openings_total", 1.0),
            ("reactor_in_hand_events", 0.0),
            ("reactor_events_handled_total", 20.0),
            ("reactor_lag_seconds domain=orders", 0.0),
        ],
    );
    reactor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_is_ready_however_far_the_active_one_is_behind_and_its_figures_say_when_it_takes_over() {
    let bed = Bed::new().await;
    let gate = Arc::new(Semaphore::new(0));
    *bed.mail.gate.lock().unwrap() = Some(gate.clone());
    let runner = bed.runner(options(), bed.directory.path());
    let first_watched = Watched::start(&runner, within(2)).await;
    let first = bed.run(runner).await;
    first_watched.http.working(bed.log.clone());
    first.until("the first one works", |health| health.active).await;

    let other_directory = TempDir::new().unwrap();
    let runner = bed.runner(options(), other_directory.path());
    let second_watched = Watched::start(&runner, within(2)).await;
    let second = bed.run(runner).await;
    second_watched.http.working(bed.log.clone());
    for number in 1..=5 {
        bed.pay("1", number).await;
    }
    for watched in [&first_watched, &second_watched] {
        watched.is_behind(5).await;
    }
    assert_eq!(first_watched.get("/readyz").await.status, 503);
    let ready = second_watched.get("/readyz").await;
    assert_eq!((ready.status, &ready.json()["standing"]), (200, &json!("standby")), "{ready:?}");
    holds(
        &second_watched.figures().await,
        &[
            ("reactor_active", 0.0),
            ("reactor_in_hand_events", 0.0),
            ("reactor_lag_events domain=orders", 5.0),
        ],
    );

    first.crash().await;
    second.until("the second one has them in hand", |health| health.in_hand == 5).await;
    let behind = second_watched.comes("/readyz", |answer| answer.status == 503).await.json();
    assert_eq!(behind["standing"], "active");
    holds(&second_watched.figures().await, &[("reactor_active", 1.0), ("reactor_in_hand_events", 5.0)]);
    gate.add_permits(100);
    second_watched.comes("/readyz", |answer| answer.status == 200).await;
    holds(&second_watched.figures().await, &[("reactor_active", 1.0), ("reactor_events_handled_total", 5.0)]);
    second.stop().await;
    holds(&second_watched.figures().await, &[("reactor_active", 0.0)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_not_ready_before_it_works_nor_when_the_broker_does_not_answer() {
    let mut bed = Bed::new().await;
    let runner = bed.runner(options(), bed.directory.path());
    let within = ReadyWithin { events: 0, age: Duration::from_secs(1) };
    let watched = Watched::start(&runner, within).await;
    let starting = watched.get("/readyz").await;
    assert_eq!((starting.status, &starting.json()["standing"]), (503, &json!("starting")));
    assert_eq!(watched.get("/livez").await.status, 200);
    assert_eq!(watched.get("/v1").await.status, 404);

    let reactor = bed.run(runner).await;
    watched.http.working(connect(&bed.server.url()).await);
    watched.comes("/readyz", |answer| answer.status == 200).await;
    bed.server.kill().await.unwrap();
    let unknown = watched.comes("/readyz", |answer| answer.status == 503).await.json();
    assert!(unknown["reasons"][0].as_str().unwrap().contains("known for"), "{unknown}");
    assert_eq!(watched.get("/livez").await.status, 200);
    bed.server.restart().await.unwrap();
    watched.comes("/readyz", |answer| answer.status == 200).await;
    reactor.stop().await;
}
