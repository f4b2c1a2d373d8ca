//! What is read as a recording, and what is said of a text that is none.

use std::error::Error as _;
use std::fs;

use headwater_log::Recording;

/// A line as `headwater events tail --format json` prints it.
fn line(id: &str, aggregate: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"/till","type":"org.example.orders.order.paid.v1","subject":"{aggregate}","time":"2013-01-01T10:00:00Z","correlationid":"c1","data":{{"cents":300}}}}"#
    )
}

/// The same with a sequence.
fn numbered(sequence: &str, id: &str) -> String {
    line(id, "7").replacen('{', &format!(r#"{{"streamsequence":{sequence},"#), 1)
}

fn refused(lines: &[String]) -> String {
    lines.join("\n").parse::<Recording>().unwrap_err().to_string()
}

#[test]
fn what_the_command_prints_is_numbered_from_1() {
    let text = format!("\n{}\n\n  {}  \n", line("c1", "7"), line("c2", "8"));
    let recording: Recording = text.parse().unwrap();
    let events: Vec<_> = recording.events().collect();
    assert_eq!([events[0].sequence, events[1].sequence], [1, 2]);
    assert_eq!(events[1].envelope.id(), "c2");
    assert_eq!(Some(events[1].stored_at), events[1].envelope.time());
}

#[test]
fn sequences_may_be_text_or_numbers_with_gaps_and_anywhere_on_the_line() {
    let last = line("c3", "7").replacen("\"data\"", "\"streamsequence\":\"9007199254740993\",\"data\"", 1);
    let text = [numbered("3", "c1"), numbered("\"7\"", "c2"), last].join("\n");
    let recording: Recording = text.parse().unwrap();
    let sequences: Vec<_> = recording.events().map(|event| event.sequence).collect();
    assert_eq!(sequences, [3, 7, 9_007_199_254_740_993]);
    assert!(recording.events().all(|event| event.envelope.extension("streamsequence").is_none()));
}

#[test]
fn no_text_is_a_recording_of_nothing() {
    assert_eq!("".parse::<Recording>().unwrap(), Recording::default());
}

#[test]
fn a_line_that_is_not_right_is_named_by_its_number() {
    let fine = || numbered("1", "c1");
    let shown = [
        refused(&[line("c1", "7"), String::new(), "{".to_owned()]),
        refused(&["[]".to_owned()]),
        refused(&[line("", "7")]),
        refused(&[line("c1", "7").replace("org.example.orders.order.paid.v1", "paid")]),
        refused(&[line("c1", "7").replace(r#""subject":"7","#, "")]),
        refused(&[line("c1", "7").replace("orders.order", "Orders.order")]),
        refused(&[numbered("0", "c1")]),
        refused(&[numbered("null", "c1")]),
        refused(&[fine(), numbered("1", "c2")]),
        refused(&[fine(), line("c2", "7")]),
        refused(&[line("c1", "7"), numbered("2", "c2")]),
        refused(&[fine(), numbered("2", "c1")]),
    ]
    .join("\n");
    insta::assert_snapshot!(shown, @r#"
    line 3: the line is not a CloudEvent as `headwater events tail --format json` prints it
    line 1: the line is not a CloudEvent as `headwater events tail --format json` prints it
    line 1: the line is not a CloudEvent as `headwater events tail --format json` prints it
    line 1: the event is not one of an aggregate: "paid" is not an event type like `org.example.orders.order.paid.v1`
    line 1: the event is not one of an aggregate: it has no `subject`
    line 1: the event is not one of an aggregate: "Orders" can't name the domain: use a lower-case letter, then letters, digits, `-` and `_`
    line 1: `streamsequence` is 0, and must be a number from 1
    line 1: `streamsequence` is null, and must be a number from 1
    line 2: `streamsequence` is 1 and follows 1; sequences of a domain rise from line to line
    line 2: some events of the domain orders have a `streamsequence`, and some have none; give it to all of them, or take it from all
    line 2: some events of the domain orders have a `streamsequence`, and some have none; give it to all of them, or take it from all
    line 2: the event "c1" is on line 1 already
    "#);
}

#[test]
fn what_is_wrong_with_the_json_is_the_error_s_source() {
    let error = "{\"id\":".parse::<Recording>().unwrap_err();
    let mut chain = vec![error.to_string()];
    let mut source = error.source();
    while let Some(error) = source {
        chain.push(error.to_string());
        source = error.source();
    }
    insta::assert_snapshot!(chain.join("\n"), @r#"
    line 1: the line is not a CloudEvent as `headwater events tail --format json` prints it
    the structured event is not valid JSON
    EOF while parsing a value at line 1 column 6
    "#);
}

#[test]
fn a_file_is_named_and_its_line() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("seven.jsonl");
    let missing = Recording::load(&path).unwrap_err();
    assert_eq!(missing.to_string(), format!("{}: the recording can't be read", path.display()));

    fs::write(&path, format!("{}\n{}\n", line("c1", "7"), line("c1", "7"))).unwrap();
    let twice = Recording::load(&path).unwrap_err();
    let expected = format!("{}:2: the event \"c1\" is on line 1 already", path.display());
    assert_eq!(twice.to_string(), expected);

    fs::write(&path, line("c1", "7")).unwrap();
    assert_eq!(Recording::load(&path).unwrap().events().count(), 1);
}
