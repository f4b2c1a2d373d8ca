//! Schemas and contracts, from the first type to a change that is refused. No broker is there.

use std::fs;

use serde_json::Value;

use crate::command::run;
use crate::schema_system::System;

const REGISTERED: &str = "schemas/registry/orders/order/paid/v1.ser.json";

/// In one test, because each step builds on the one before, and all of them on what cargo has built.
#[test]
fn a_system_is_registered_checked_changed_and_refused() {
    let system = System::new();

    // The first registration.
    let check = system.schema(&["check"]);
    assert_eq!(check.code, Some(1), "{check:?}");
    assert!(check.out.contains("error[HW0005]: there is no schema registry"), "{check:?}");
    let dry = system.schema(&["accept", "--dry-run"]).done();
    assert!(!system.root.join("schemas").exists());
    let accepted = system.schema(&["accept"]).done();
    insta::assert_snapshot!(accepted);
    assert_eq!(dry.lines().count() + 1, accepted.lines().count());
    assert_eq!(system.schema(&["accept"]).done(), "everything is registered as it is\n");
    assert_eq!(
        system.schema(&["check"]).done(),
        "checked 1 version of events and 2 contracts: nothing is wrong\n"
    );
    assert_eq!(system.schema(&["check", "--format", "json"]).done(), "[]\n");
    system.commit("Register the events");

    // What can be seen.
    insta::assert_snapshot!(system.schema(&["graph"]).done());
    let graph: Value = serde_json::from_str(&system.schema(&["graph", "--format", "json"]).done()).unwrap();
    assert_eq!(graph["services"].as_array().map(Vec::len), Some(2));
    let bundle: Value = serde_json::from_str(&system.schema(&["export"]).done()).unwrap();
    assert_eq!(bundle["events"][0]["event"], "orders.order.paid@1");
    system.schema(&["export", "--output", "bundle.json"]).done();
    assert_eq!(serde_json::from_str::<Value>(&system.read("bundle.json")).unwrap(), bundle);
    fs::remove_file(system.root.join("bundle.json")).unwrap();

    // What another workspace has built into the same directory is not taken for this one's.
    let notes = system.root.join("../target/headwater");
    fs::remove_dir_all(&notes).unwrap();
    system.schema(&["check"]).done();
    assert!(notes.join("gate.json").exists());

    // A compatible change.
    system.event("pub cents: i64,\n    pub tip: Option<i64>");
    let check = system.schema(&["check"]);
    assert_eq!(check.code, Some(1), "{check:?}");
    insta::assert_snapshot!(check.out);
    system.schema(&["accept", "orders.order.paid@1"]).done();
    insta::assert_snapshot!(system.schema(&["diff", "orders.order.paid@1.0", "orders.order.paid@1"]).done());
    system.commit("Add tips");

    // An incompatible one.
    let before = system.read(REGISTERED);
    system.event("pub cents: String");
    let refused = system.schema(&["accept"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    insta::assert_snapshot!(refused.out);
    let refused = system.schema(&["accept", "--format", "json"]);
    let refused: Value = serde_json::from_str(&refused.out).unwrap();
    assert_eq!(refused["refused"][0]["code"], "HW0301");
    assert_eq!(system.read(REGISTERED), before);

    // A type that doesn't compile.
    system.event("pub cents: Cents");
    let check = system.schema(&["check"]);
    assert_eq!((check.code, check.out.as_str()), (Some(3), ""), "{check:?}");
    assert!(check.err.contains("the gate gate doesn't compile") && check.err.contains("Cents"), "{check:?}");

    // A history that is to be rewritten: registered anew, so that the digests fit.
    system.event("pub cents: String");
    fs::remove_dir_all(system.root.join("schemas/registry/orders")).unwrap();
    let refused = system.schema(&["accept"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.out.contains("[HW0003]: a registered schema was removed since HEAD"), "{refused:?}");
    system.git(&["checkout", "--quiet", "-b", "rewrite"]);
    system.commit("Forget what was registered");
    system.schema(&["accept"]).done();
    system.commit("Rewrite");
    system.schema(&["check"]).done();
    let check = system.schema(&["check", "--against", "main"]);
    assert_eq!(check.code, Some(1), "{check:?}");
    for what in ["v1.ser.json\n", "was changed since main", "v1.1.de.json\n", "was removed since main"] {
        assert!(check.out.contains(what), "{what}: {check:?}");
    }

    // What was named wrongly, and what can't be known.
    let unknown = system.schema(&["accept", "orders.order.piad"]).failed(2);
    assert!(unknown.contains("did you mean orders.order.paid"), "{unknown}");
    let unknown = system.schema(&["diff", "orders.order.paid@1.7", "orders.order.paid@1"]).failed(2);
    assert!(unknown.contains("its newest revision is orders.order.paid@1.0"), "{unknown}");
    let unknown = system.schema(&["check", "--against", "mian"]).failed(3);
    assert!(unknown.contains("git can't tell what has changed since mian"), "{unknown}");
    let unknown = system.schema(&["check", "--gate", "gaet"]).failed(2);
    assert!(unknown.contains("there is gate"), "{unknown}");
}

#[test]
fn a_code_is_explained() {
    let page = run(["explain", "HW0301"]).done();
    assert!(page.starts_with("# HW0301"), "{page}");
    assert_eq!(run(["explain", "hw0301"]).done(), page);
    assert_eq!(run(["explain", "HW0310"]).code, Some(0));
    let unknown = run(["explain", "HW0199"]).failed(2);
    assert!(unknown.contains("did you mean HW01"), "{unknown}");
}

#[test]
fn help_shows_no_options_of_a_connection() {
    let help = run(["schema", "check", "--help"]).done();
    assert!(
        help.contains("--against") && help.contains("Exit codes") && !help.contains("--server"),
        "{help}"
    );
    assert!(run(["events", "tail", "--help"]).done().contains("--server"));
}
