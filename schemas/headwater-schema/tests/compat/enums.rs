pair!(a_unit_variant_may_be_added_for_readers, Compatible, Incompatible,
    {enum T { A, B }} [T::A, T::B],
    {enum T { A, B, C }} [T::C]);
pair!(an_external_variant_may_be_added_for_readers, Compatible, Incompatible,
    {enum T { A, B(i32) }} [T::A, T::B(1)],
    {enum T { A, B(i32), C { x: String } }} [T::C { x: s("") }]);
pair!(
    the_content_of_an_external_variant_counts,
    Incompatible,
    Compatible,
    {
        enum T {
            A,
            B(i32),
            C { x: i64 },
        }
    }[T::C { x: i64::MAX }],
    {
        enum T {
            A,
            B(i32),
            C { x: i32 },
        }
    }[T::C { x: 1 }]
);
pair!(
    a_field_may_be_added_to_an_external_variant,
    Compatible,
    Compatible,
    {
        enum T {
            C { x: i64 },
        }
    }[T::C { x: i64::MAX }],
    {
        enum T {
            C { x: i64, y: Option<String> },
        }
    }[T::C { x: 1, y: None }]
);
pair!(a_unit_variant_is_not_one_with_content, Incompatible, Incompatible,
    {enum T { A, B }} [T::A, T::B],
    {enum T { A, B(String) }} [T::B(s(""))]);
pair!(
    a_tuple_variant_fits_itself,
    Compatible,
    Compatible,
    {
        enum T {
            A(i32, String),
        }
    }[T::A(1, s(""))],
    {
        enum T {
            A(i32, String),
        }
    }[T::A(1, s(""))]
);
pair!(an_internal_enum_fits_itself, Compatible, Compatible,
    {#[serde(tag = "t")] enum T { A, B { x: i32 }, C(Inner) } struct Inner { y: String }} [T::A, T::B { x: 1 }, T::C(Inner { y: s("") })],
    {#[serde(tag = "t")] enum T { A, B { x: i32 }, C(Inner) } struct Inner { y: String }} [T::A, T::B { x: 1 }, T::C(Inner { y: s("") })]);
pair!(an_internal_variant_may_be_added_for_readers, Compatible, Incompatible,
    {#[serde(tag = "t")] enum T { A, B { x: i32 } }} [T::A, T::B { x: 1 }],
    {#[serde(tag = "t")] enum T { A, B { x: i32 }, C { y: i32 } }} [T::C { y: 1 }]);
pair!(a_field_may_be_added_to_an_internal_variant, Compatible, Compatible,
    {#[serde(tag = "t")] enum T { A, B { x: i32 } }} [T::A, T::B { x: 1 }],
    {#[serde(tag = "t")] enum T { A, B { x: i32, y: Option<bool> } }} [T::B { x: 1, y: Some(true) }]);
pair!(
    another_tag_breaks_both_ways,
    Incompatible,
    Incompatible,
    {
        #[serde(tag = "t")]
        enum T {
            A,
            B { x: i32 },
        }
    }[T::A],
    {
        #[serde(tag = "kind")]
        enum T {
            A,
            B { x: i32 },
        }
    }[T::A]
);
pair!(
    an_internal_struct_variant_is_an_internal_newtype_of_it,
    Compatible,
    Compatible,
    {
        #[serde(tag = "t")]
        enum T {
            B { x: i32 },
        }
    }[T::B { x: 1 }],
    {
        #[serde(tag = "t")]
        enum T {
            B(Inner),
        }
        struct Inner {
            x: i32,
        }
    }[T::B(Inner { x: 1 })]
);
pair!(
    a_tagged_struct_has_a_constant,
    Compatible,
    Incompatible,
    {
        #[serde(tag = "t")]
        enum T {
            B { x: i32 },
        }
    }[T::B { x: 1 }],
    {
        #[serde(tag = "t")]
        enum T {
            B { x: i32 },
            A,
        }
    }[T::A]
);
pair!(an_internal_other_takes_what_is_new, Incompatible, Compatible,
    {#[serde(tag = "t")] #[schemars(extend("x-serde-tag" = "t"))] enum T { A { x: i32 }, #[serde(other)] #[schemars(extend("x-serde-other" = true))] Other }} [T::A { x: 1 }],
    {#[serde(tag = "t")] enum T { A { x: i32 }, B { x: String } }} [T::A { x: 1 }, T::B { x: s("") }]);
pair!(an_internal_other_that_may_be_adjacent_is_not_trusted_with_content, Incompatible, Lossy,
    {#[serde(tag = "t")] enum T { A { x: i32 }, #[serde(other)] #[schemars(extend("x-serde-other" = true))] Other }} [T::A { x: 1 }, T::Other],
    {#[serde(tag = "t")] enum T { A { x: i32 }, B { x: String } }} [T::A { x: 1 }, T::B { x: s("") }]);
pair!(an_internal_other_with_more_than_one_field_is_no_adjacent_one, Incompatible, Compatible,
    {#[serde(tag = "t")] enum T { A { x: i32, y: i32 }, #[serde(other)] #[schemars(extend("x-serde-other" = true))] Other }} [T::A { x: 1, y: 1 }, T::Other],
    {#[serde(tag = "t")] enum T { A { x: i32, y: i32 }, B { x: String } }} [T::A { x: 1, y: 2 }, T::B { x: s("") }]);
pair!(an_other_holds_known_tags_to_their_variants, Incompatible, Incompatible,
    {#[serde(tag = "t")] enum T { A { x: i32, y: i32 }, #[serde(other)] #[schemars(extend("x-serde-other" = true))] Other }} [T::A { x: 1, y: 1 }, T::Other],
    {#[serde(tag = "t")] enum T { A { x: String, y: i32 } }} [T::A { x: s(""), y: 2 }]);
pair!(an_adjacent_other_takes_new_variants_without_content, Incompatible, Compatible,
    {#[serde(tag = "t", content = "c")] enum T { A(i32), #[serde(other)] #[schemars(extend("x-serde-other" = true))] Other }} [T::A(1), T::Other],
    {#[serde(tag = "t", content = "c")] enum T { A(i32), B }} [T::A(1), T::B]);
pair!(an_adjacent_other_takes_no_new_content, Incompatible, Incompatible,
    {#[serde(tag = "t", content = "c")] enum T { A(i32), #[serde(other)] #[schemars(extend("x-serde-other" = true))] Other }} [T::A(1), T::Other],
    {#[serde(tag = "t", content = "c")] enum T { A(i32), B(String) }} [T::A(1), T::B(s(""))]);
pair!(an_external_other_takes_new_unit_variants, Incompatible, Compatible,
    {enum T { A, B(i32), #[serde(other)] #[schemars(extend("x-serde-other" = true))] Other }} [T::A, T::B(1), T::Other],
    {enum T { A, B(i32), C, D }} [T::C, T::D]);
pair!(an_external_other_takes_no_new_content, Incompatible, Incompatible,
    {enum T { A, B(i32), #[serde(other)] #[schemars(extend("x-serde-other" = true))] Other }} [T::A, T::B(1), T::Other],
    {enum T { A, B(i32), C(i32) }} [T::C(1)]);
pair!(a_unit_enum_with_other_takes_any_string, Incompatible, Compatible,
    {enum T { A, B, #[serde(other)] #[schemars(extend("x-serde-other" = true))] Other }} [T::A, T::Other],
    {enum T { A, B, C, D }} [T::C, T::D]);
pair!(
    an_alias_of_a_unit_variant_is_taken,
    Compatible,
    Incompatible,
    {
        enum T {
            Old,
            B,
        }
    }[T::Old],
    {
        enum T {
            #[serde(alias = "Old")]
            #[schemars(extend("x-serde-alias" = ["Old"]))]
            New,
            B,
        }
    }[T::New]
);
pair!(
    an_alias_of_an_external_variant_is_taken,
    Compatible,
    Incompatible,
    {
        enum T {
            Old(i32),
            B,
        }
    }[T::Old(1)],
    {
        enum T {
            #[serde(alias = "Old")]
            #[schemars(extend("x-serde-alias" = ["Old"]))]
            New(i32),
            B,
        }
    }[T::New(1)]
);
pair!(
    an_alias_of_an_internal_variant_is_taken,
    Compatible,
    Incompatible,
    {
        #[serde(tag = "t")]
        enum T {
            Old { x: i32 },
            B,
        }
    }[T::Old { x: 1 }],
    {
        #[serde(tag = "t")]
        enum T {
            #[serde(alias = "Old")]
            #[schemars(extend("x-serde-alias" = ["Old"]))]
            New {
                x: i32,
            },
            B,
        }
    }[T::New { x: 1 }]
);
pair!(an_adjacent_enum_fits_itself, Compatible, Compatible,
    {#[serde(tag = "t", content = "c")] enum T { A, B(i32), C { x: i32 }, D(i32, String) }} [T::A, T::B(1), T::C { x: 1 }, T::D(1, s(""))],
    {#[serde(tag = "t", content = "c")] enum T { A, B(i32), C { x: i32 }, D(i32, String) }} [T::A, T::B(1), T::C { x: 1 }, T::D(1, s(""))]);
pair!(an_adjacent_variant_may_be_added_for_readers, Compatible, Incompatible,
    {#[serde(tag = "t", content = "c")] enum T { A, B(i32) }} [T::A, T::B(1)],
    {#[serde(tag = "t", content = "c")] enum T { A, B(i64), C(String) }} [T::C(s(""))]);
pair!(an_untagged_enum_fits_itself, Compatible, Compatible,
    {#[serde(untagged)] enum T { A(i32), B { x: i32 }, C(String) }} [T::A(1), T::B { x: 1 }, T::C(s(""))],
    {#[serde(untagged)] enum T { A(i32), B { x: i32 }, C(String) }} [T::A(1), T::B { x: 1 }, T::C(s(""))]);
pair!(
    a_plain_type_is_an_untagged_variant,
    Compatible,
    Incompatible,
    {
        struct T {
            a: i32,
        }
    }[T { a: 1 }],
    {
        struct T {
            a: E,
        }
        #[serde(untagged)]
        enum E {
            Number(i32),
            Text(String),
        }
    }[T { a: E::Text(s("")) }]
);
pair!(an_untagged_variant_may_be_added_for_readers, Compatible, Incompatible,
    {#[serde(untagged)] enum T { A(i32), B { x: i32 } }} [T::A(1), T::B { x: 1 }],
    {#[serde(untagged)] enum T { A(i32), B { x: i32 }, C { y: String } }} [T::C { y: s("") }]);
pair!(an_optional_enum_may_be_widened, Compatible, Incompatible,
    {struct T { e: Option<E> } enum E { A, B(i32) }} [T { e: None }, T { e: Some(E::B(1)) }],
    {struct T { e: Option<E> } enum E { A, B(i64), C }} [T { e: Some(E::C) }]);
pair!(
    an_external_enum_is_not_an_internal_one,
    Incompatible,
    Incompatible,
    {
        enum T {
            A { x: i32 },
        }
    }[T::A { x: 1 }],
    {
        #[serde(tag = "t")]
        enum T {
            A { x: i32 },
        }
    }[T::A { x: 1 }]
);
pair!(
    a_recursive_enum_fits_itself,
    Compatible,
    Compatible,
    {
        enum T {
            Leaf(i32),
            Node { left: Box<T>, right: Box<T> },
        }
    }[T::Node { left: Box::new(T::Leaf(1)), right: Box::new(T::Leaf(2)) }],
    {
        enum T {
            Leaf(i32),
            Node { left: Box<T>, right: Box<T> },
        }
    }[T::Leaf(1)]
);
pair!(
    a_recursive_enum_is_compared_within_itself,
    Incompatible,
    Compatible,
    {
        enum T {
            Leaf(i32),
            Node { left: Box<T>, right: Box<T> },
            Empty,
        }
    }[T::Node { left: Box::new(T::Leaf(1)), right: Box::new(T::Empty) }],
    {
        enum T {
            Leaf(i32),
            Node { left: Box<T>, right: Box<T> },
        }
    }[T::Leaf(1)]
);
pair!(
    a_unit_enum_is_a_string,
    Compatible,
    Incompatible,
    {
        struct T {
            e: E,
        }
        enum E {
            A,
            B,
        }
    }[T { e: E::A }],
    {
        struct T {
            e: String,
        }
    }[T { e: s("") }]
);
pair!(
    renamed_variants_are_other_values,
    Incompatible,
    Incompatible,
    {
        enum T {
            FirstClass,
            Economy,
        }
    }[T::FirstClass],
    {
        #[serde(rename_all = "snake_case")]
        enum T {
            FirstClass,
            Economy,
        }
    }[T::FirstClass]
);
