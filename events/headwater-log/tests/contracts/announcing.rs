use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use headwater_log::testkit::{Server, Victim};

use super::bed::{contracts, eventually_running, publisher, reader, start};

#[tokio::test]
async fn shows_who_is_running_and_what_they_say() {
    let server = Server::start().await.unwrap();
    let contracts = contracts(&server.url()).await;
    assert!(contracts.running().await.unwrap().services.is_empty(), "there is no bucket yet");

    let said = publisher("p1", "integer");
    let announced = start(&server.url(), said.clone()).await.unwrap();
    let running = contracts.running().await.unwrap();
    assert_eq!(running.services[0].announcement, said);
    announced.close().await;
    eventually_running(&contracts, &[]).await;
}

#[tokio::test]
async fn withdraws_an_announcement_that_is_dropped() {
    let server = Server::start().await.unwrap();
    let contracts = contracts(&server.url()).await;
    drop(start(&server.url(), publisher("p1", "integer")).await.unwrap());
    eventually_running(&contracts, &[]).await;
}

#[tokio::test]
async fn each_process_of_a_service_announces_itself_and_withdraws_itself() {
    let server = Server::start().await.unwrap();
    let contracts = contracts(&server.url()).await;
    let first = start(&server.url(), reader("r1", "integer")).await.unwrap();
    let _second = start(&server.url(), reader("r2", "integer")).await.unwrap();
    eventually_running(&contracts, &["delay-stats.r1", "delay-stats.r2"]).await;
    first.close().await;
    // The other one still speaks for the service.
    eventually_running(&contracts, &["delay-stats.r2"]).await;
    assert!(start(&server.url(), publisher("p1", "string")).await.is_err());
}

#[tokio::test]
async fn keeps_an_announcement_for_as_long_as_its_service_runs() {
    let server = Server::start().await.unwrap();
    let contracts = contracts(&server.url()).await;
    let _announced = start(&server.url(), publisher("p1", "integer")).await.unwrap();
    let first = contracts.running().await.unwrap().services[0].refreshed_at;
    // Three times as long as an announcement lives.
    for _ in 0..60 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let running = contracts.running().await.unwrap();
        assert_eq!(running.services.len(), 1);
        if running.services[0].refreshed_at > first + jiff::SignedDuration::from_secs(4) {
            return;
        }
    }
    panic!("it isn't refreshed");
}

const CHILD: &str = "HEADWATER_CONTRACTS_TEST_CHILD";

#[tokio::test]
#[ignore = "it is the child of another test, and runs until it is killed"]
async fn a_child_that_announces_a_publisher() {
    let url = std::env::var(CHILD).unwrap();
    let _announced = start(&url, publisher("killed", "integer")).await.unwrap();
    println!("ready");
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn forgets_a_service_that_was_killed_and_lets_others_start() {
    let server = Server::start().await.unwrap();
    let mut command = Victim::of_test("announcing::a_child_that_announces_a_publisher").unwrap();
    command.arg("--ignored").env(CHILD, server.url()).stdout(Stdio::piped());
    let mut child = Victim::start(&mut command).unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with("ready")));

    let contracts = contracts(&server.url()).await;
    assert!(start(&server.url(), reader("r1", "string")).await.is_err());
    drop(child);
    eventually_running(&contracts, &[]).await;
    let _reader = start(&server.url(), reader("r1", "string")).await.unwrap();
}
