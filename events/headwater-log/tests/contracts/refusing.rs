use headwater_contract::Code;
use headwater_log::service::{AnnounceError, ContractCheck, Exit, Failure};
use headwater_log::testkit::Server;

use super::bed::{contracts, eventually_running, keys, publisher, reader, start};

#[tokio::test]
async fn starts_what_fits_and_refuses_what_does_not() {
    let server = Server::start().await.unwrap();
    let _publisher = start(&server.url(), publisher("p1", "integer")).await.unwrap();
    let _fits = start(&server.url(), reader("r1", "integer")).await.unwrap();

    let error = start(&server.url(), reader("r2", "string")).await.unwrap_err();
    let details = error.details(false).unwrap();
    for wanted in
        ["HW0301", "flights.flight.departed@1", "subscribers/delay-stats/contract.toml:6:1", "instance p1"]
    {
        assert!(details.contains(wanted), "{wanted}: {details}");
    }
    let line = "delay-stats doesn't fit the services that are running, and was not started; change what is said above, \
                or start it all the same with --contract-check warn";
    assert_eq!(error.to_string(), line);
    assert!(format!("{:?}", Failure::from(error)).contains(&format!("{:?}", Exit::Misfit)));

    // What was refused has left no trace, and disturbs nobody.
    let running = contracts(&server.url()).await.running().await.unwrap();
    assert_eq!(keys(&running), ["delay-stats.r1", "flight-ops.p1"]);
}

#[tokio::test]
async fn refuses_a_publisher_whose_readers_could_not_read_it() {
    let server = Server::start().await.unwrap();
    let _reader = start(&server.url(), reader("r1", "integer")).await.unwrap();
    let error = start(&server.url(), publisher("p1", "string")).await.unwrap_err();
    let AnnounceError::Misfit { service, findings } = error else { panic!("{error:?}") };
    assert_eq!((service.as_str(), findings[0].code), ("flight-ops", Code::HW0301));
}

#[tokio::test]
async fn the_order_in_which_services_start_does_not_matter() {
    let server = Server::start().await.unwrap();
    let _reader = start(&server.url(), reader("r1", "integer")).await.unwrap();
    let _publisher = start(&server.url(), publisher("p1", "integer")).await.unwrap();
}

#[tokio::test]
async fn a_rolling_deployment_of_one_service_is_no_conflict() {
    let server = Server::start().await.unwrap();
    let _before = start(&server.url(), reader("r1", "integer")).await.unwrap();
    let _after = start(&server.url(), reader("r2", "string")).await.unwrap();
}

#[tokio::test]
async fn starts_all_the_same_when_told_to_warn_and_says_nothing_when_switched_off() {
    let server = Server::start().await.unwrap();
    let _publisher = start(&server.url(), publisher("p1", "integer")).await.unwrap();
    let contracts = contracts(&server.url()).await;
    let _warned = contracts.announce(reader("r1", "string"), ContractCheck::Warn).await.unwrap();
    let _silent = contracts.announce(reader("r2", "string"), ContractCheck::Off).await.unwrap();
    eventually_running(&contracts, &["delay-stats.r1", "flight-ops.p1"]).await;
}

#[tokio::test]
async fn of_two_that_start_in_one_moment_exactly_one_starts() {
    let server = Server::start().await.unwrap();
    let url = server.url();
    for round in 0..10 {
        // The bucket isn't there in the first round, and both make it.
        let instance = format!("{round}");
        let (publisher, reader) = tokio::join!(
            start(&url, publisher(&instance, "integer")),
            start(&url, reader(&instance, "string"))
        );
        assert_eq!(
            usize::from(publisher.is_ok()) + usize::from(reader.is_ok()),
            1,
            "{publisher:?} {reader:?}"
        );
        for announced in [publisher, reader].into_iter().flatten() {
            announced.close().await;
        }
        assert_eq!(keys(&contracts(&url).await.running().await.unwrap()), [""; 0]);
    }
}
