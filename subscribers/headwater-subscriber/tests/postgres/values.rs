use crate::bed::{Bed, cases, now, put};

cases![
    what_jsonb_changes_or_refuses_comes_back_as_it_was,
    what_is_the_same_in_jsonb_is_kept_once,
    a_value_that_is_replaced_leaves_nothing_of_the_last_one,
];

/// The value as the projection writes it, and as SQL sees it.
const VALUES: &[(&str, &str)] = &[
    // The order of members and white space are changed.
    (r#"{"departed":3,"at":"x","a":[1,2]}"#, r#"{"a": [1, 2], "at": "x", "departed": 3}"#),
    (" 1 ", "1"),
    // The last one stays.
    (r#"{"a":1,"a":2}"#, r#"{"a": 2}"#),
    // numeric has no negative zero, and no exponents.
    ("-0.0", "0.0"),
    ("1e16", "10000000000000000"),
    ("[-0.0,5e-324]", ""),
    (r#""\u00e9\ud83d\ude00\/""#, "\"é😀/\""),
    // What jsonb refuses is null.
    (r#""a\u0000b""#, "null"),
    (r#"{"\u0000":1}"#, "null"),
    (r#""\ud800""#, "null"),
    ("1e999999999", "null"),
    ("", "null"),
    ("no json", "null"),
];

fn what_jsonb_changes_or_refuses_comes_back_as_it_was(bed: &Bed) {
    let (store, schema) = bed.store();
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    let values: Vec<_> = VALUES.iter().copied().chain([(deep.as_str(), "null")]).collect();
    let key = |index| format!("values\0{index:02}");
    store
        .commit(values.iter().enumerate().map(|(index, (value, _))| put(key(index), value)).collect())
        .unwrap();
    store.commit(vec![put("values\0bytes", b"\xff\xfe")]).unwrap();
    let sql = bed.sql(&format!(r#"SELECT value::text, exact IS NULL FROM "{schema}"."values" ORDER BY key"#));
    for (index, (value, expected)) in values.iter().enumerate() {
        assert_eq!(now(&store, key(index)).as_deref(), Some(*value));
        assert_eq!(sql[index][1].as_deref(), Some("f"), "{value}");
        if !expected.is_empty() {
            assert_eq!(sql[index][0].as_deref(), Some(*expected), "{value}");
        }
    }
    assert_eq!(store.snapshot().unwrap().get(b"values\0bytes").unwrap().unwrap(), b"\xff\xfe");
}

fn what_is_the_same_in_jsonb_is_kept_once(bed: &Bed) {
    let (store, schema) = bed.store();
    let values =
        ["0", "-17", "1.50", "null", "true", "[]", "{}", r#""Ada \"é\" \n""#, "18446744073709551615"];
    store.commit(values.iter().map(|value| put(format!("values\0{value}"), value)).collect()).unwrap();
    for value in values {
        assert_eq!(now(&store, format!("values\0{value}")).as_deref(), Some(value));
    }
    let twice = format!(r#"SELECT count(*) FROM "{schema}"."values" WHERE exact IS NOT NULL"#);
    assert_eq!(bed.one(&twice), "0");
}

fn a_value_that_is_replaced_leaves_nothing_of_the_last_one(bed: &Bed) {
    let (store, schema) = bed.store();
    for (value, sql) in [("1", "1"), ("-0.0", "0.0"), ("2", "2"), ("", "null"), ("3", "3")] {
        store.commit(vec![put("values\0a", value)]).unwrap();
        assert_eq!(now(&store, "values\0a").as_deref(), Some(value));
        assert_eq!(bed.one(&format!(r#"SELECT value::text FROM "{schema}"."values""#)), sql);
    }
}
