//! What the feed makes of records: all commands in the order of their time, and every bad row by its place.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::collections::{BTreeMap, HashMap};

use flight_events::FlightId;
use flight_ops::{BUILT_IN, FeedItem, Flight, FlightCommand, FlightFeed, FlightOutbox, record_source};
use headwater_event::{Decider, Outbox};
use headwater_publisher::records::RecordSource;
use jiff::ToSpan;

const HEADER: &str = "year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,\
    carrier,flight,tailnum,origin,dest,air_time,distance,hour,minute,time_hour";

/// The records with these rows of flights, and the real airports.
fn source(rows: &[&str]) -> RecordSource {
    source_of_file(&format!("{HEADER}\n{}\n", rows.join("\n")))
}

fn source_of_file(flights: &str) -> RecordSource {
    let flights: &'static [u8] = flights.as_bytes().to_vec().leak();
    let mut files = BUILT_IN.to_vec();
    files[0] = ("flights.csv", flights);
    RecordSource::built_in(files.leak())
}

/// Everything that the feed yields, and the errors.
fn run(source: &RecordSource) -> (Vec<FeedItem>, Vec<String>) {
    let mut feed = FlightFeed::open(source).unwrap();
    let items = feed.by_ref().map(Result::unwrap).collect();
    let errors = feed.errors().first().iter().map(ToString::to_string).collect();
    (items, errors)
}

/// The verbs and times of the only flight in `row`.
fn times(row: &str) -> Vec<String> {
    let (items, errors) = run(&source(&[row]));
    assert!(errors.is_empty(), "{errors:?}");
    items.iter().map(|item| format!("{} {}", item.command.verb(), item.at)).collect()
}

#[test]
fn yields_every_event_of_the_week() {
    let (items, errors) = run(&record_source(None));
    let mut counts = BTreeMap::new();
    for item in &items {
        *counts.entry(item.command.verb()).or_insert(0) += 1;
    }
    let expected =
        [("arrive", 6_043), ("cancel", 35), ("depart", 6_064), ("divert", 21), ("schedule", 6_099)];
    assert_eq!(counts, BTreeMap::from(expected));
    assert!(errors.is_empty(), "{errors:?}");
}

#[test]
fn is_in_the_order_of_time_and_the_same_at_every_run() {
    let (items, _) = run(&record_source(None));
    assert!(items.is_sorted_by_key(|item| item.at));
    assert_eq!(run(&record_source(None)).0, items);
}

#[test]
fn no_flight_refuses_any_command_of_the_week() {
    let outbox = FlightOutbox::new();
    let mut flights: HashMap<FlightId, Flight> = HashMap::new();
    for item in run(&record_source(None)).0 {
        let flight = flights.entry(item.flight).or_default();
        let events = flight.decide(&item.command, &outbox).unwrap();
        events.iter().for_each(|event| flight.evolve(event));
    }
    assert_eq!(flights.len(), 6_099);
}

#[test]
fn a_command_has_an_id_of_its_own() {
    let (items, _) = run(&record_source(None));
    let ids: HashMap<&str, &FeedItem> = items.iter().map(|item| (item.command_id.as_str(), item)).collect();
    assert_eq!(ids.len(), items.len());
    assert!(ids.contains_key("2013-01-01-UA-1545-EWR-0515/depart"));
}

#[test]
fn a_flight_is_scheduled_a_day_ahead_and_departs_and_arrives_with_its_delays() {
    let row = "2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z";
    let (items, _) = run(&source(&[row]));
    let commands: Vec<_> = items.into_iter().map(|item| item.command).collect();
    assert_eq!(
        commands,
        [
            FlightCommand::Schedule {
                flight: "2013-01-01-UA-1545-EWR-0515".parse().unwrap(),
                destination: "IAH".parse().unwrap(),
                scheduled_departure: "2013-01-01T10:15:00Z".parse().unwrap(),
                scheduled_arrival: "2013-01-01T14:19:00Z".parse().unwrap(),
                tail_number: Some("N14228".to_owned()),
            },
            FlightCommand::Depart { at: "2013-01-01T10:17:00Z".parse().unwrap(), delay_minutes: 2 },
            FlightCommand::Arrive { at: "2013-01-01T14:30:00Z".parse().unwrap(), delay_minutes: 11 },
        ]
    );
}

#[test]
fn takes_2400_for_midnight() {
    assert_eq!(
        times("2013,10,30,2400,2359,1,327,337,-10,B6,839,N661JB,JFK,BQN,182,1576,23,59,2013-10-31T03:00:00Z"),
        ["schedule 2013-10-30T03:59:00Z", "depart 2013-10-31T04:00:00Z", "arrive 2013-10-31T07:27:00Z"]
    );
    assert_eq!(
        times("2013,1,1,2209,2155,14,2400,2337,23,B6,1109,N216JB,JFK,RDU,86,427,21,55,2013-01-02T02:00:00Z"),
        ["schedule 2013-01-01T02:55:00Z", "depart 2013-01-02T03:09:00Z", "arrive 2013-01-02T05:00:00Z"]
    );
}

#[test]
fn arrives_on_the_next_day_and_in_the_destinations_zone() {
    for (row, arrival) in [
        // San Juan, which airports.csv lacks, after midnight.
        (
            "2013,1,1,2102,2108,-6,146,158,-12,UA,1180,N78511,EWR,SJU,199,1608,21,8,2013-01-02T02:00:00Z",
            "2013-01-02T05:46:00Z",
        ),
        // Phoenix, which has no summer time.
        (
            "2013,1,1,622,630,-8,1017,1014,3,US,245,N807AW,EWR,PHX,342,2133,6,30,2013-01-01T11:00:00Z",
            "2013-01-01T17:17:00Z",
        ),
        // Honolulu.
        (
            "2013,1,1,857,900,-3,1516,1530,-14,HA,51,N380HA,JFK,HNL,659,4983,9,0,2013-01-01T14:00:00Z",
            "2013-01-02T01:16:00Z",
        ),
        // St Thomas.
        (
            "2013,1,1,909,810,59,1331,1315,16,AA,655,N5EXAA,JFK,STT,184,1623,8,10,2013-01-01T13:00:00Z",
            "2013-01-01T17:31:00Z",
        ),
        // Los Angeles.
        (
            "2013,1,1,558,600,-2,924,917,7,UA,194,N29129,JFK,LAX,345,2475,6,0,2013-01-01T11:00:00Z",
            "2013-01-01T17:24:00Z",
        ),
    ] {
        assert_eq!(times(row)[2], format!("arrive {arrival}"), "{row}");
    }
}

#[test]
fn an_early_start_may_be_on_the_day_before() {
    let row = "2013,1,2,2355,10,-15,448,503,-15,B6,739,N1,JFK,PSE,200,1617,0,10,2013-01-02T05:00:00Z";
    assert_eq!(
        times(row),
        ["schedule 2013-01-01T05:10:00Z", "depart 2013-01-02T04:55:00Z", "arrive 2013-01-02T08:48:00Z"]
    );
}

#[test]
fn flies_through_the_night_in_which_summer_time_begins() {
    for (row, arrival) in [
        // Before and after the change.
        (
            "2013,3,9,2230,2159,31,114,56,18,B6,11,N598JB,JFK,FLL,140,1069,21,59,2013-03-10T02:00:00Z",
            "2013-03-10T06:14:00Z",
        ),
        // The record goes on with winter time, in an hour that summer time skips.
        (
            "2013,3,9,2306,2145,81,203,34,89,B6,35,N658JB,JFK,PBI,141,1028,21,45,2013-03-10T02:00:00Z",
            "2013-03-10T07:03:00Z",
        ),
        // To a place without summer time.
        (
            "2013,3,9,2214,2055,79,229,146,43,B6,701,N656JB,JFK,SJU,175,1598,20,55,2013-03-10T01:00:00Z",
            "2013-03-10T06:29:00Z",
        ),
    ] {
        assert_eq!(times(row)[2], format!("arrive {arrival}"), "{row}");
    }
}

#[test]
fn flies_through_the_night_in_which_summer_time_ends() {
    for (row, departure, arrival) in [
        (
            "2013,11,2,2245,2250,-5,5,8,-3,B6,2002,N358JB,JFK,BUF,54,301,22,50,2013-11-03T02:00:00Z",
            "2013-11-03T02:45:00Z",
            "2013-11-03T04:05:00Z",
        ),
        (
            "2013,11,2,2346,2359,-13,353,345,8,B6,745,N621JB,JFK,PSE,228,1617,23,59,2013-11-03T03:00:00Z",
            "2013-11-03T03:46:00Z",
            "2013-11-03T07:53:00Z",
        ),
        (
            "2013,11,3,519,520,-1,751,800,-9,UA,322,N563UA,EWR,IAH,188,1400,5,20,2013-11-03T10:00:00Z",
            "2013-11-03T10:19:00Z",
            "2013-11-03T13:51:00Z",
        ),
    ] {
        assert_eq!(times(row)[1..], [format!("depart {departure}"), format!("arrive {arrival}")], "{row}");
    }
}

#[test]
fn the_hour_in_utc_says_which_of_two_local_hours_is_meant() {
    let row = |hour| {
        format!("2013,11,3,130,130,0,700,700,0,B6,1,NA,JFK,SJU,200,1598,1,30,2013-11-03T{hour}:00:00Z")
    };
    assert_eq!(times(&row("05"))[1], "depart 2013-11-03T05:30:00Z");
    assert_eq!(times(&row("06"))[1], "depart 2013-11-03T06:30:00Z");
}

#[test]
fn a_flight_without_a_departure_is_cancelled_at_its_scheduled_departure() {
    let row = "2013,1,1,NA,1630,NA,NA,1815,NA,EV,4308,N18120,EWR,RDU,NA,416,16,30,2013-01-01T21:00:00Z";
    assert_eq!(times(row), ["schedule 2012-12-31T21:30:00Z", "cancel 2013-01-01T21:30:00Z"]);
}

#[test]
fn a_diversion_is_known_at_its_arrival_or_else_when_the_flight_was_expected() {
    for (row, diversion) in [
        // It arrived after all.
        (
            "2013,1,1,1525,1530,-5,1934,1805,NA,MQ,4525,N719MQ,LGA,XNA,NA,1147,15,30,2013-01-01T20:00:00Z",
            "2013-01-02T01:34:00Z",
        ),
        // It is not known to have arrived.
        (
            "2013,1,1,2016,1930,46,NA,2220,NA,EV,4204,N14168,EWR,OKC,NA,1325,19,30,2013-01-02T00:00:00Z",
            "2013-01-02T04:20:00Z",
        ),
        // It departed after it was expected.
        (
            "2013,3,3,2018,1510,308,NA,1745,NA,MQ,4309,N821MQ,JFK,IND,NA,665,15,10,2013-03-03T20:00:00Z",
            "2013-03-04T01:19:00Z",
        ),
    ] {
        assert_eq!(times(row)[2], format!("divert {diversion}"), "{row}");
    }
}

#[test]
fn skips_every_bad_row_by_file_line_and_column() {
    let good = "2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z";
    let with = |from: &str, to: &str| {
        assert!(good.contains(from));
        good.replacen(from, to, 1)
    };
    let cancelled = "2013,1,1,NA,515,NA,NA,819,NA,UA,7,NA,EWR,IAH,NA,1400,5,15,2013-01-01T10:00:00Z";
    for (row, error) in [
        (with(",517,", ",25x7,"), r#"dep_time: "25x7" is not a time between 0000 and 2400"#),
        (with(",515,", ",2401,"), r#"sched_dep_time: "2401" is not a time between 0000 and 2400"#),
        (with(",515,", ",NA,"), r#"sched_dep_time: "NA" is not a time between 0000 and 2400"#),
        (with(",830,", ",860,"), r#"arr_time: "860" is not a time between 0000 and 2400"#),
        (with("1,1,", "2,30,"), "day: 2013-2-30 is not a date"),
        (with(",2,", ",soon,"), r#"dep_delay: "soon" is not a whole number from -2147483648 to 2147483647"#),
        (with(",2,", ",3,"), "dep_delay: 3 minutes after 0515 it is not 0517, the dep_time"),
        (with(",2,", ",-1440,"), "dep_delay: -1440 is not a delay from -1439 to 14400 minutes"),
        (with(",2,", ",14402,"), "dep_delay: 14402 is not a delay from -1439 to 14400 minutes"),
        (with(",2,", ",NA,"), "dep_delay: a flight that departed has a delay, if only 0"),
        (with(",517,", ",NA,"), "dep_delay: a flight that didn't depart has no delay"),
        (with(",11,", ",12,"), "arr_delay: 12 minutes, but arr_time is 11 minutes after sched_arr_time"),
        (with(",830,", ",NA,"), "arr_delay: a flight without an arr_time has no delay"),
        (cancelled.replace("NA,819", "830,819"), "arr_time: a flight that didn't depart can't arrive"),
        (with("EWR", "XXX"), "origin: XXX is not in airports.csv, or has no time zone there"),
        (with("IAH", "EEN"), "dest: EEN is not in airports.csv, or has no time zone there"),
        (
            with("IAH", "Houston"),
            r#"dest: "Houston" is not an airport's IATA code (three capital letters, as in EWR)"#,
        ),
        (
            with(",UA,", ",United,"),
            "carrier: \"United\" is not an airline's IATA code (two capital letters or digits, as in UA)",
        ),
        (with(",1545,", ",65536,"), r#"flight: "65536" is not a whole number from 0 to 65535"#),
        (
            with("T10:00", "T11:00"),
            "time_hour: 2013-01-01T11:00:00Z is not the hour of 0515 local time at EWR on that day",
        ),
        (with(",227,", ","), "18 fields where the first line has 19"),
    ] {
        let other = good.replace(",UA,1545,", ",UA,1546,");
        let (items, errors) = run(&source(&[&row, &other]));
        assert_eq!(errors, [format!("flights.csv:2: {error}")], "{row}");
        assert_eq!(items.len(), 3, "the other flight goes on");
    }
}

#[test]
fn a_flight_that_is_there_twice_is_taken_once() {
    let row = "2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z";
    let (items, errors) = run(&source(&[row, row]));
    assert_eq!(items.len(), 3);
    assert_eq!(errors, ["flights.csv:3: flight: 2013-01-01-UA-1545-EWR-0515 is in line 2 already"]);
}

#[test]
fn a_row_that_is_not_true_does_not_stand_in_the_way_of_one_that_is() {
    let good = "2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z";
    let (items, errors) = run(&source(&[&good.replace(",11,", ",12,"), good]));
    assert_eq!(items.len(), 3);
    assert_eq!(errors.len(), 1);
}

#[test]
fn a_renamed_column_is_named() {
    let renamed = HEADER.replace("dep_delay", "delay");
    let error = FlightFeed::open(&source_of_file(&renamed)).err().unwrap().to_string();
    assert!(error.starts_with("flights.csv (built in) has no column \"dep_delay\""), "{error}");
}

#[test]
fn a_missing_airports_file_is_named() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("flights.csv"), HEADER).unwrap();
    let error = FlightFeed::open(&RecordSource::Directory(directory.path().to_owned())).err().unwrap();
    assert!(error.to_string().contains("airports.csv does not exist"), "{error}");
}

#[test]
fn a_file_without_flights_is_an_empty_feed() {
    assert_eq!(run(&source(&[])), (vec![], vec![]));
}

/// The days in which the month files were put together: 1, 10, 11, 12, 2, ..., 9.
#[test]
fn a_file_in_the_wrong_order_yields_what_one_in_order_does() {
    let days: Vec<_> = (1..=12)
        .flat_map(|month| [(month, 1), (month, 28)])
        .map(|(month, day)| jiff::civil::date(2013, month, day))
        .collect();
    let row = |date: &jiff::civil::Date, number| {
        let hour = date.at(15, 0, 0, 0).in_tz("America/New_York").unwrap().timestamp();
        let (month, day) = (date.month(), date.day());
        format!("2013,{month},{day},NA,1530,NA,NA,1700,NA,EV,{number},NA,EWR,RDU,NA,416,15,30,{hour}")
    };
    let in_order: Vec<_> = days.iter().flat_map(|date| [row(date, 1), row(date, 2)]).collect();

    let mut by_name = days.clone();
    by_name.sort_by_key(|date| (date.month().to_string(), date.day()));
    let shuffled: Vec<_> = by_name.iter().rev().flat_map(|date| [row(date, 2), row(date, 1)]).collect();
    assert_ne!(in_order, shuffled);

    let run_rows = |rows: &[String]| run(&source(&rows.iter().map(String::as_str).collect::<Vec<_>>()));
    let (items, errors) = run_rows(&shuffled);
    assert_eq!(items.len(), 2 * 24 * 2);
    assert!(items.is_sorted_by_key(|item| item.at));
    assert!(errors.is_empty());
    assert_eq!(items, run_rows(&in_order).0);
}

#[test]
fn a_schedule_of_a_later_day_goes_before_a_departure_of_an_earlier_one() {
    let (items, _) = run(&record_source(None));
    let position = |id: &str| items.iter().position(|item| item.command_id == id).unwrap();
    let departs = position("2013-01-01-UA-1545-EWR-0515/depart");
    let of_the_day_after = items[..departs]
        .iter()
        .filter(|item| item.flight.date == jiff::civil::date(2013, 1, 1).saturating_add(1.day()))
        .count();
    assert!(of_the_day_after > 0);
}
