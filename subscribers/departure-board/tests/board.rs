//! What a traveller sees at a moment: what is known then, and nothing that is known only later.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod common;

use common::{JFK_0900, arrived, at, cancelled, departed, diverted, scheduled};
use departure_board::{Board, DepartureBoard, Status};
use headwater_subscriber::testkit::{Given, Projected, project};

/// The flights on the board of an airport at a moment, and how they stand.
fn lines(state: Projected<DepartureBoard>, airport: &str, time: &str) -> Vec<(String, Status)> {
    let mut lines = Vec::new();
    state.expects(|projection, view| {
        let board = Board::read(projection, view, airport.parse().unwrap(), at(time)).unwrap();
        assert_eq!((board.airport.as_str(), board.at), (airport, at(time)));
        lines = board.lines.into_iter().map(|line| (line.flight.to_string(), line.status)).collect();
    });
    lines
}

/// How the nine o'clock flight (14:00 in UTC) stands at each moment; `None` when it isn't on the board.
fn assert_stands<const N: usize>(events: impl Fn() -> [Given; N], expected: &[(&str, Option<Status>)]) {
    for (time, status) in expected {
        let status = status.map(|status| (JFK_0900.to_owned(), status));
        let seen = lines(project(events()), "JFK", time);
        assert_eq!(seen, Vec::from_iter(status), "at {time}");
    }
}

#[test]
fn a_flight_is_listed_two_hours_ahead_and_is_delayed_when_its_time_has_passed() {
    assert_stands(
        || [scheduled(JFK_0900)],
        &[
            ("2013-01-01T11:59:59Z", None),
            ("2013-01-01T12:00Z", Some(Status::OnTime)),
            ("2013-01-01T14:00Z", Some(Status::OnTime)),
            ("2013-01-01T14:00:01Z", Some(Status::Delayed)),
            ("2013-01-01T23:00Z", Some(Status::Delayed)),
        ],
    );
}

#[test]
fn a_departure_and_an_arrival_show_from_their_moment_on() {
    let departure = Status::Departed(at("2013-01-01T14:10Z"));
    assert_stands(
        || {
            let departed = departed(JFK_0900, "2013-01-01T14:10Z", 10);
            [scheduled(JFK_0900), departed, arrived(JFK_0900, "2013-01-01T14:20Z", 0)]
        },
        &[
            ("2013-01-01T14:00Z", Some(Status::OnTime)),
            ("2013-01-01T14:09:59Z", Some(Status::Delayed)),
            ("2013-01-01T14:10Z", Some(departure)),
            ("2013-01-01T14:19:59Z", Some(departure)),
            ("2013-01-01T14:20Z", Some(Status::Arrived(at("2013-01-01T14:20Z")))),
            ("2013-01-01T14:40Z", Some(Status::Arrived(at("2013-01-01T14:20Z")))),
            ("2013-01-01T14:40:01Z", None),
        ],
    );
}

#[test]
fn an_early_departure_shows_before_its_time() {
    assert_stands(
        || [scheduled(JFK_0900), departed(JFK_0900, "2013-01-01T13:45Z", -15)],
        &[
            ("2013-01-01T13:44Z", Some(Status::OnTime)),
            ("2013-01-01T13:45Z", Some(Status::Departed(at("2013-01-01T13:45Z")))),
        ],
    );
}

#[test]
fn a_departure_that_is_hours_late_is_still_shown_for_half_an_hour() {
    assert_stands(
        || [scheduled(JFK_0900), departed(JFK_0900, "2013-01-01T18:00Z", 240)],
        &[
            ("2013-01-01T17:59Z", Some(Status::Delayed)),
            ("2013-01-01T18:30Z", Some(Status::Departed(at("2013-01-01T18:00Z")))),
            ("2013-01-01T18:30:01Z", None),
        ],
    );
}

#[test]
fn a_cancellation_shows_from_the_moment_at_which_it_is_known() {
    assert_stands(
        || [scheduled(JFK_0900), cancelled(JFK_0900, "2013-01-01T13:00Z")],
        &[
            ("2013-01-01T12:59Z", Some(Status::OnTime)),
            ("2013-01-01T13:00Z", Some(Status::Cancelled(at("2013-01-01T13:00Z")))),
            ("2013-01-01T14:31Z", None),
        ],
    );
}

#[test]
fn a_flight_that_was_cancelled_long_before_is_listed_no_earlier_than_others() {
    let cancellation = Status::Cancelled(at("2012-12-31T20:00Z"));
    assert_stands(
        || [scheduled(JFK_0900), cancelled(JFK_0900, "2012-12-31T20:00Z")],
        &[
            ("2012-12-31T21:00Z", None),
            ("2013-01-01T11:59Z", None),
            ("2013-01-01T12:00Z", Some(cancellation)),
        ],
    );
}

#[test]
fn a_diversion_shows_from_the_moment_at_which_it_is_known() {
    let departure = Status::Departed(at("2013-01-01T14:00Z"));
    assert_stands(
        || {
            let departed = departed(JFK_0900, "2013-01-01T14:00Z", 0);
            [scheduled(JFK_0900), departed, diverted(JFK_0900, "2013-01-01T14:25Z")]
        },
        &[
            ("2013-01-01T14:24Z", Some(departure)),
            ("2013-01-01T14:25Z", Some(Status::Diverted(at("2013-01-01T14:25Z")))),
        ],
    );
}

#[test]
fn midnight_in_new_york_or_in_utc_hides_no_flight() {
    // 23:59 on the 1st and 00:05 on the 2nd, in New York, are 04:59 and 05:05 on the 2nd in UTC; 19:05 on
    // the 1st is 00:05 on the 2nd. 2400 is the midnight at which the day of its name ends.
    let names = [
        "2013-01-01-B6-1-JFK-1905",
        "2013-01-01-B6-2-JFK-2359",
        "2013-01-01-B6-3-JFK-2400",
        "2013-01-02-B6-4-JFK-0005",
    ];
    let listed = |time: &str, expected: &[(usize, Status)]| {
        let expected: Vec<_> =
            expected.iter().map(|&(index, status)| (names[index].to_owned(), status)).collect();
        assert_eq!(lines(project(names.map(scheduled)), "JFK", time), expected, "at {time}");
    };
    listed("2013-01-01T23:59Z", &[(0, Status::OnTime)]);
    listed("2013-01-02T00:05Z", &[(0, Status::OnTime)]);
    listed("2013-01-02T03:00Z", &[(0, Status::Delayed), (1, Status::OnTime), (2, Status::OnTime)]);
    let all = [(0, Status::Delayed), (1, Status::Delayed), (2, Status::OnTime), (3, Status::OnTime)];
    listed("2013-01-02T05:00Z", &all);
}

#[test]
fn a_flight_that_has_not_left_within_a_day_is_no_longer_listed() {
    assert_stands(
        || [scheduled(JFK_0900)],
        &[
            ("2013-01-02T14:00Z", Some(Status::Delayed)),
            ("2013-01-02T14:00:01Z", None),
            ("2013-01-03T14:00Z", None),
        ],
    );
}

#[test]
fn each_airport_has_its_own_board_in_the_order_of_departure() {
    let names = [
        "2013-01-01-B6-9-JFK-0930",
        "2013-01-01-AA-1-JFK-0900",
        "2013-01-01-B6-1-JFK-0900",
        "2013-01-01-UA-1-LGA-0900",
    ];
    let seen = |airport| -> Vec<String> {
        let lines = lines(project(names.map(scheduled)), airport, "2013-01-01T13:30Z");
        lines.into_iter().map(|(flight, _)| flight).collect()
    };
    assert_eq!(seen("JFK"), [names[1], names[2], names[0]]);
    assert_eq!(seen("LGA"), [names[3]]);
    assert_eq!(seen("EWR"), [""; 0]);
}
