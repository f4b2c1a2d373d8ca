use headwater_subscriber::PostgresStore;

use crate::bed::{Bed, cases, put};

cases![
    a_table_of_the_projection_is_a_table_of_sql,
    the_view_of_checkpoints_has_a_row_for_each_domain_and_nothing_else,
];

fn a_table_of_the_projection_is_a_table_of_sql(bed: &Bed) {
    let (store, schema) = bed.store();
    store.commit(vec![put("by-carrier\0UA", r#"{"departed":3}"#), put("by-carrier\0é", "1")]).unwrap();
    let columns = format!(
        "SELECT column_name, data_type, is_nullable, collation_name FROM information_schema.columns
        WHERE table_schema = '{schema}' AND table_name = 'by-carrier' ORDER BY ordinal_position"
    );
    let text = |columns: [&str; 3], collation: Option<&str>| {
        columns
            .map(|column| Some(column.to_owned()))
            .into_iter()
            .chain([collation.map(str::to_owned)])
            .collect::<Vec<_>>()
    };
    let expected = [
        text(["key", "text", "NO"], Some("C")),
        text(["value", "jsonb", "NO"], None),
        text(["exact", "bytea", "YES"], None),
    ];
    assert_eq!(bed.sql(&columns), expected);
    // What a team adds of its own stays, and is no table of the projection.
    bed.sql(&format!(
        r#"CREATE INDEX ON "{schema}"."by-carrier" ((value->'departed'));
        CREATE VIEW "{schema}".busy AS SELECT key FROM "{schema}"."by-carrier" WHERE value->'departed' > '2'"#
    ));
    store.commit(vec![put("by-carrier\0AA", r#"{"departed":9}"#)]).unwrap();
    assert_eq!(bed.sql(&format!(r#"SELECT key FROM "{schema}".busy ORDER BY key"#)).len(), 2);
    drop(store);
    PostgresStore::connect(&bed.config(), &schema).unwrap();
}

fn the_view_of_checkpoints_has_a_row_for_each_domain_and_nothing_else(bed: &Bed) {
    let (store, schema) = bed.store();
    let select = format!(r#"SELECT domain, sequence FROM "{schema}".headwater_checkpoint ORDER BY domain"#);
    assert!(bed.sql(&select).is_empty());
    store
        .commit(vec![
            put("\0builder", "no checkpoint"),
            put("\0checkpoint\0weather", r#"{"sequence":9007199254740993}"#),
            put("\0checkpoint\0flights", r#"{"sequence":7}"#),
            // Beside the checkpoints, on either side.
            put("\0checkpoint", "none either"),
            put("\0checkpoint\x01", "nor this"),
        ])
        .unwrap();
    let rows = [("flights", "7"), ("weather", "9007199254740993")];
    assert_eq!(bed.sql(&select), rows.map(|(domain, at)| vec![Some(domain.to_owned()), Some(at.to_owned())]));
}
