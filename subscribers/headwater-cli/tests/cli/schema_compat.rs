//! Two files with a schema each: what is said of them, and how the command ends.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::command::{Ran, headwater};

const OLD: &str =
    r#"{"type": "object", "properties": {"cents": {"type": "integer"}}, "required": ["cents"]}"#;
const WIDER: &str =
    r#"{"type": "object", "properties": {"cents": {"type": "number"}, "tip": {"type": "integer"}}}"#;
const NARROWER: &str = r#"{"type": "object", "properties": {"cents": {"type": "integer", "minimum": 1}}, "required": ["cents"]}"#;

#[test]
fn a_new_schema_that_takes_everything_old_is_compatible_and_ends_with_0() {
    for mode in ["backward", "BACKWARD_TRANSITIVE", "backward-transitive"] {
        let compared = compared(OLD, WIDER, &["--mode", mode]);
        assert_eq!((compared.code, compared.err.as_str()), (Some(0), ""), "{compared:?}");
        assert!(compared.out.starts_with("compatible: BACKWARD"), "{compared:?}");
    }
}

#[test]
fn a_new_schema_that_refuses_a_document_is_incompatible_and_ends_with_1() {
    let compared = compared(OLD, NARROWER, &["--format", "json"]);
    assert_eq!((compared.code, compared.err.as_str()), (Some(1), ""), "{compared:?}");
    let report: Value = serde_json::from_str(&compared.out).unwrap();
    assert_eq!(report["verdict"], "incompatible");
    assert_eq!(report["mode"], "BACKWARD");
    assert_eq!(report["direction"], "backward");
    assert_eq!(report["witness"], json!({"cents": 0}));
    assert_eq!(report["differences"][0]["code"], "HW0306");
    assert_eq!(report["differences"][0]["pointer"], "/cents");
    assert_eq!(report["reason"], Value::Null);
}

#[test]
fn open_schemas_are_not_closed_in_the_subset_mode() {
    assert_eq!(compared(OLD, WIDER, &["--mode", "backward"]).code, Some(0));
    let compared = compared(OLD, WIDER, &["--mode", "subset"]);
    assert_eq!(compared.code, Some(1), "{compared:?}");
    assert!(
        compared.out.contains("witness, which the old schema allows and the new one refuses"),
        "{compared:?}"
    );
}

#[test]
fn what_is_not_decided_is_unknown_and_ends_with_2() {
    let cases = [
        (r#"{"pattern": "^(?=a)"}"#, r#"{"pattern": "^(?!b)"}"#, "neither a proof nor a document"),
        (OLD, r#"{"$ref": "http://example.org/elsewhere.json"}"#, "leads outside of the document"),
        (OLD, r#"{"$schema": "http://example.org/dialect"}"#, "which isn't known"),
        (OLD, r#"{"maximum": 123456789012345678901}"#, "can't be held exactly"),
    ];
    for (old, new, reason) in cases {
        let compared = compared(old, new, &["--mode", "subset", "--format", "json"]);
        assert_eq!((compared.code, compared.err.as_str()), (Some(2), ""), "{compared:?}");
        let report: Value = serde_json::from_str(&compared.out).unwrap();
        assert_eq!((&report["verdict"], &report["witness"]), (&json!("unknown"), &Value::Null));
        assert!(report["reason"].as_str().unwrap().contains(reason), "{report}");
    }
}

#[test]
fn what_is_no_schema_or_no_option_could_not_be_compared_and_ends_with_3() {
    for (new, complaint) in [
        ("{", "it isn't JSON"),
        (r#"{"type": "strnig"}"#, "at /type"),
        ("[]", "it isn't a JSON Schema"),
        (r#"{"type": "string", "type": "null"}"#, "is there twice"),
    ] {
        let complained = compared(OLD, new, &[]).failed(3);
        assert!(complained.contains("new.json") && complained.contains(complaint), "{complained}");
    }
    let wrong = compared(OLD, WIDER, &["--mode", "backwards"]);
    assert_eq!((wrong.code, wrong.out.as_str()), (Some(3), ""), "{wrong:?}");
    assert!(wrong.err.contains("no mode is named \"backwards\""), "{wrong:?}");

    let missing: Ran = headwater(["schema", "compat", "missing.json", "-"]).output().unwrap().into();
    assert!(missing.failed(3).contains("missing.json can't be read"));
    let both: Ran = headwater(["schema", "compat", "-", "-"]).output().unwrap().into();
    assert!(both.failed(3).contains("name a file for the other"));
}

#[test]
fn a_schema_can_come_from_standard_input() {
    let directory = TempDir::new().unwrap();
    let new = directory.path().join("new.json");
    fs::write(&new, WIDER).unwrap();
    let mut command = headwater(["schema", "compat", "-"]);
    let mut child = command
        .arg(&new)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(OLD.as_bytes()).unwrap();
    let compared: Ran = child.wait_with_output().unwrap().into();
    assert_eq!(compared.done(), "compatible: BACKWARD holds\n");
}

fn compared(old: &str, new: &str, options: &[&str]) -> Ran {
    let directory = TempDir::new().unwrap();
    for (name, schema) in [("old.json", old), ("new.json", new)] {
        fs::write(directory.path().join(name), schema).unwrap();
    }
    let mut command = headwater(["schema", "compat", "old.json", "new.json"]);
    command.args(options).current_dir(&directory).output().unwrap().into()
}
