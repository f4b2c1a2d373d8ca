pair!(
    the_same_struct_fits,
    Compatible,
    Compatible,
    {
        struct T {
            a: i32,
            b: String,
        }
    }[T { a: -1, b: s("x") }],
    {
        struct T {
            a: i32,
            b: String,
        }
    }[T { a: 1, b: s("") }]
);
pair!(an_optional_field_may_be_added, Compatible, Compatible,
    {struct T { a: i32 }} [T { a: 1 }],
    {struct T { a: i32, b: Option<String> }} [T { a: 1, b: None }, T { a: 1, b: Some(s("x")) }]);
pair!(the_first_field_of_an_empty_struct_may_be_optional, Compatible, Compatible,
    {struct T {}} [T {}],
    {struct T { b: Option<String> }} [T { b: None }, T { b: Some(s("x")) }]);
pair!(
    a_required_field_may_not_be_added,
    Incompatible,
    Compatible,
    {
        struct T {
            a: i32,
        }
    }[T { a: 1 }],
    {
        struct T {
            a: i32,
            b: String,
        }
    }[T { a: 1, b: s("") }]
);
pair!(
    a_field_with_a_default_may_be_added,
    Compatible,
    Compatible,
    {
        struct T {
            a: i32,
        }
    }[T { a: 1 }],
    {
        struct T {
            a: i32,
            #[serde(default)]
            b: Vec<i32>,
        }
    }[T { a: 1, b: vec![] }]
);
pair!(
    a_default_for_the_whole_struct_counts,
    Compatible,
    Compatible,
    {
        struct T {
            a: i32,
        }
    }[T { a: 1 }],
    {
        #[derive(Default)]
        #[serde(default)]
        struct T {
            a: i32,
            b: String,
        }
    }[T { a: 1, b: s("") }]
);
pair!(
    a_required_field_may_be_removed_but_then_old_readers_miss_it,
    Compatible,
    Incompatible,
    {
        struct T {
            a: i32,
            b: String,
        }
    }[T { a: 1, b: s("") }],
    {
        struct T {
            a: i32,
        }
    }[T { a: 1 }]
);
pair!(an_option_that_is_always_written_is_not_one_that_may_be_missing, Compatible, Incompatible,
    {struct T { a: i32 }} [T { a: 1 }],
    {struct T { #[serde(default, skip_serializing_if = "Option::is_none")] a: Option<i32> }} [T { a: None }, T { a: Some(1) }]);
pair!(a_field_may_become_optional_for_readers, Compatible, Incompatible,
    {struct T { a: i32 }} [T { a: 1 }],
    {struct T { a: Option<i32> }} [T { a: None }, T { a: Some(1) }]);
pair!(a_skipped_field_is_read_as_none, Compatible, Compatible,
    {struct T { #[serde(skip_serializing_if = "Option::is_none")] a: Option<i32> }} [T { a: None }, T { a: Some(1) }],
    {struct T { a: Option<i32> }} [T { a: None }, T { a: Some(1) }]);
pair!(
    a_renamed_field_breaks_both_ways,
    Incompatible,
    Incompatible,
    {
        struct T {
            old: i32,
        }
    }[T { old: 1 }],
    {
        struct T {
            new: i32,
        }
    }[T { new: 1 }]
);
pair!(
    a_rename_in_rust_only_changes_nothing,
    Compatible,
    Compatible,
    {
        struct T {
            old: i32,
        }
    }[T { old: 1 }],
    {
        struct T {
            #[serde(rename = "old")]
            new: i32,
        }
    }[T { new: 1 }]
);
pair!(
    an_alias_takes_the_old_name,
    Compatible,
    Incompatible,
    {
        struct T {
            old: i32,
        }
    }[T { old: 1 }],
    {
        struct T {
            #[serde(alias = "old")]
            #[schemars(extend("x-serde-alias" = ["old"]))]
            new: i32,
        }
    }[T { new: 1 }]
);
pair!(
    an_alias_that_no_annotation_carries_is_not_seen,
    Lossy,
    Incompatible,
    {
        struct T {
            old: i32,
        }
    }[T { old: 1 }],
    {
        struct T {
            #[serde(alias = "old")]
            new: i32,
        }
    }[T { new: 1 }]
);
pair!(
    two_names_at_once_are_a_duplicate,
    Incompatible,
    Incompatible,
    {
        struct T {
            old: i32,
            new: i32,
        }
    }[T { old: 1, new: 2 }],
    {
        struct T {
            #[serde(alias = "old")]
            #[schemars(extend("x-serde-alias" = ["old"]))]
            new: i32,
        }
    }[T { new: 1 }]
);
pair!(an_alias_of_an_option_may_be_missing, Compatible, Compatible,
    {struct T { #[serde(skip_serializing_if = "Option::is_none")] old: Option<i32> }} [T { old: None }, T { old: Some(1) }],
    {struct T { #[serde(alias = "old", alias = "older")] #[schemars(extend("x-serde-alias" = ["old", "older"]))] new: Option<i32> }} [T { new: None }]);
pair!(
    an_alias_of_another_type_is_not_taken,
    Incompatible,
    Incompatible,
    {
        struct T {
            old: String,
        }
    }[T { old: s("") }],
    {
        struct T {
            #[serde(alias = "old")]
            #[schemars(extend("x-serde-alias" = ["old"]))]
            new: i32,
        }
    }[T { new: 1 }]
);
pair!(
    an_alias_counts_where_unknown_fields_are_denied,
    Compatible,
    Incompatible,
    {
        struct T {
            old: i32,
        }
    }[T { old: 1 }],
    {
        #[serde(deny_unknown_fields)]
        struct T {
            #[serde(alias = "old")]
            #[schemars(extend("x-serde-alias" = ["old"]))]
            new: i32,
        }
    }[T { new: 1 }]
);
pair!(
    an_alias_of_a_struct_is_taken,
    Compatible,
    Incompatible,
    {
        struct T {
            old: Inner,
        }
        struct Inner {
            x: u8,
        }
    }[T { old: Inner { x: 1 } }],
    {
        struct T {
            #[serde(alias = "old")]
            #[schemars(extend("x-serde-alias" = ["old"]))]
            new: Inner,
        }
        struct Inner {
            x: u8,
        }
    }[T { new: Inner { x: 1 } }]
);
pair!(
    denied_fields_are_refused,
    Incompatible,
    Incompatible,
    {
        struct T {
            a: i32,
            b: i32,
        }
    }[T { a: 1, b: 1 }],
    {
        #[serde(deny_unknown_fields)]
        struct T {
            a: i32,
        }
    }[T { a: 1 }]
);
pair!(
    denying_what_nobody_writes_changes_nothing,
    Compatible,
    Compatible,
    {
        struct T {
            a: i32,
        }
    }[T { a: 1 }],
    {
        #[serde(deny_unknown_fields)]
        struct T {
            a: i32,
        }
    }[T { a: 1 }]
);
pair!(
    a_reader_that_denies_can_not_take_a_later_field,
    Compatible,
    Incompatible,
    {
        #[serde(deny_unknown_fields)]
        struct T {
            a: i32,
        }
    }[T { a: 1 }],
    {
        struct T {
            a: i32,
            b: Option<i32>,
        }
    }[T { a: 1, b: None }]
);
pair!(
    a_change_deep_within_is_found,
    Incompatible,
    Compatible,
    {
        struct T {
            a: A,
        }
        struct A {
            b: Vec<B>,
        }
        struct B {
            c: i64,
        }
    }[T { a: A { b: vec![B { c: -5 }] } }],
    {
        struct T {
            a: A,
        }
        struct A {
            b: Vec<B>,
        }
        struct B {
            c: i32,
        }
    }[T { a: A { b: vec![B { c: 5 }] } }]
);
pair!(
    a_field_may_be_added_deep_within,
    Compatible,
    Compatible,
    {
        struct T {
            a: Vec<A>,
        }
        struct A {
            b: i32,
        }
    }[T { a: vec![A { b: 1 }] }],
    {
        struct T {
            a: Vec<A>,
        }
        struct A {
            b: i32,
            c: Option<A2>,
        }
        struct A2 {
            d: i32,
        }
    }[T { a: vec![A { b: 1, c: Some(A2 { d: 1 }) }] }]
);
pair!(
    a_recursive_type_fits_itself,
    Compatible,
    Compatible,
    {
        struct T {
            v: i32,
            kids: Vec<T>,
            next: Option<Box<T>>,
        }
    }[T { v: 1, kids: vec![T { v: 2, kids: vec![], next: None }], next: None }],
    {
        struct T {
            v: i32,
            kids: Vec<T>,
            next: Option<Box<T>>,
        }
    }[T { v: 1, kids: vec![], next: Some(Box::new(T { v: 2, kids: vec![], next: None })) }]
);
pair!(
    a_recursive_type_may_be_widened,
    Compatible,
    Incompatible,
    {
        struct T {
            v: i32,
            kids: Vec<T>,
        }
    }[T { v: 1, kids: vec![T { v: 2, kids: vec![] }] }],
    {
        struct T {
            v: i64,
            kids: Vec<T>,
            note: Option<String>,
        }
    }[T { v: 1, kids: vec![], note: None }]
);
pair!(
    a_type_that_two_fields_share_is_compared_for_both,
    Incompatible,
    Compatible,
    {
        struct T {
            a: P,
            b: P,
        }
        struct P {
            x: i64,
        }
    }[T { a: P { x: 1 }, b: P { x: i64::MAX } }],
    {
        struct T {
            a: P,
            b: Q,
        }
        struct P {
            x: i64,
        }
        struct Q {
            x: i8,
        }
    }[T { a: P { x: 1 }, b: Q { x: 1 } }]
);
pair!(
    a_newtype_is_what_it_holds,
    Compatible,
    Compatible,
    {
        struct T {
            a: String,
        }
    }[T { a: s("x") }],
    {
        struct T {
            a: Id,
        }
        struct Id(String);
    }[T { a: Id(s("x")) }]
);
pair!(
    a_transparent_struct_is_what_it_holds,
    Compatible,
    Compatible,
    {
        struct T {
            a: String,
        }
    }[T { a: s("x") }],
    {
        struct T {
            a: Id,
        }
        #[serde(transparent)]
        struct Id {
            text: String,
        }
    }[T { a: Id { text: s("x") } }]
);
pair!(
    a_boxed_field_is_what_it_holds,
    Compatible,
    Compatible,
    {
        struct T {
            a: Inner,
        }
        struct Inner {
            b: i32,
        }
    }[T { a: Inner { b: 1 } }],
    {
        struct T {
            a: Box<Inner>,
        }
        struct Inner {
            b: i32,
        }
    }[T { a: Box::new(Inner { b: 1 }) }]
);
pair!(
    a_field_that_is_never_written_may_be_read,
    Compatible,
    Incompatible,
    {
        struct T {
            a: i32,
            b: i32,
        }
    }[T { a: 1, b: 2 }],
    {
        struct T {
            a: i32,
            #[serde(skip_serializing, default)]
            b: i32,
        }
    }[T { a: 1, b: 2 }]
);
pair!(
    another_case_is_another_name,
    Incompatible,
    Incompatible,
    {
        struct T {
            flight_number: i32,
        }
    }[T { flight_number: 1 }],
    {
        #[serde(rename_all = "camelCase")]
        struct T {
            flight_number: i32,
        }
    }[T { flight_number: 1 }]
);
pair!(
    a_struct_is_not_its_field,
    Incompatible,
    Incompatible,
    {
        struct T {
            a: Inner,
        }
        struct Inner {
            b: i32,
        }
    }[T { a: Inner { b: 1 } }],
    {
        struct T {
            a: i32,
        }
    }[T { a: 1 }]
);
pair!(
    a_unit_struct_is_null,
    Compatible,
    Compatible,
    {
        struct T {
            a: Unit,
        }
        struct Unit;
    }[T { a: Unit }],
    {
        struct T {
            a: (),
        }
    }[T { a: () }]
);
pair!(
    anything_takes_everything,
    Compatible,
    Incompatible,
    {
        struct T {
            a: Inner,
        }
        struct Inner {
            b: i32,
        }
    }[T { a: Inner { b: 1 } }],
    {
        struct T {
            a: serde_json::Value,
        }
    }[T { a: json!([1]) }]
);
