pair!(
    a_flattened_struct_is_its_fields,
    Compatible,
    Compatible,
    {
        struct T {
            a: i32,
            x: i32,
            y: Option<u16>,
        }
    }[T { a: 1, x: 1, y: None }],
    {
        struct T {
            a: i32,
            #[serde(flatten)]
            i: Inner,
        }
        struct Inner {
            x: i32,
            y: Option<u16>,
        }
    }[T { a: 1, i: Inner { x: 1, y: None } }]
);
pair!(
    a_flattened_struct_may_get_an_optional_field,
    Compatible,
    Compatible,
    {
        struct T {
            a: i32,
            #[serde(flatten)]
            i: Inner,
        }
        struct Inner {
            x: i32,
        }
    }[T { a: 1, i: Inner { x: 1 } }],
    {
        struct T {
            a: i32,
            #[serde(flatten)]
            i: Inner,
        }
        struct Inner {
            x: i32,
            y: Option<u16>,
        }
    }[T { a: 1, i: Inner { x: 1, y: Some(2) } }]
);
pair!(
    the_fields_of_a_flattened_struct_count,
    Incompatible,
    Compatible,
    {
        struct T {
            a: i32,
            #[serde(flatten)]
            i: Inner,
        }
        struct Inner {
            x: i64,
        }
    }[T { a: 1, i: Inner { x: 1 } }],
    {
        struct T {
            a: i32,
            #[serde(flatten)]
            i: Inner,
        }
        struct Inner {
            x: i8,
        }
    }[T { a: 1, i: Inner { x: 1 } }]
);
pair!(a_flattened_external_enum_fits_itself, Compatible, Compatible,
    {struct T { a: i32, #[serde(flatten)] e: E } enum E { A, B(i32), C { x: i32 } }} [T { a: 1, e: E::B(1) }, T { a: 1, e: E::C { x: 1 } }],
    {struct T { a: i32, #[serde(flatten)] e: E } enum E { A, B(i32), C { x: i32 } }} [T { a: 1, e: E::B(1) }]);
pair!(a_flattened_external_enum_may_be_widened, Compatible, Incompatible,
    {struct T { a: i32, #[serde(flatten)] e: E } enum E { B(i32), C { x: i32 } }} [T { a: 1, e: E::B(1) }, T { a: 1, e: E::C { x: 1 } }],
    {struct T { a: i32, #[serde(flatten)] e: E } enum E { B(i64), C { x: i32 }, D(String) }} [T { a: 1, e: E::D(s("")) }]);
pair!(a_flattened_internal_enum_fits_itself, Compatible, Compatible,
    {struct T { a: i32, #[serde(flatten)] e: E } #[serde(tag = "t")] enum E { A, B(Inner), C { x: i32 } } struct Inner { y: String }}
        [T { a: 1, e: E::A }, T { a: 1, e: E::B(Inner { y: s("") }) }, T { a: 1, e: E::C { x: 1 } }],
    {struct T { a: i32, #[serde(flatten)] e: E } #[serde(tag = "t")] enum E { A, B(Inner), C { x: i32 } } struct Inner { y: String }}
        [T { a: 1, e: E::A }]);
pair!(
    a_field_beside_a_flattened_enum_may_be_added,
    Compatible,
    Compatible,
    {
        struct T {
            a: i32,
            #[serde(flatten)]
            e: E,
        }
        #[serde(tag = "t")]
        enum E {
            A,
            C { x: i32 },
        }
    }[T { a: 1, e: E::C { x: 1 } }],
    {
        struct T {
            a: i32,
            b: Option<String>,
            #[serde(flatten)]
            e: E,
        }
        #[serde(tag = "t")]
        enum E {
            A,
            C { x: i32 },
        }
    }[T { a: 1, b: Some(s("")), e: E::A }]
);
pair!(a_field_of_another_variant_is_not_this_ones, Compatible, Incompatible,
    {#[serde(tag = "t")] enum T { A, C { x: i32 } }} [T::A, T::C { x: 1 }],
    {#[serde(tag = "t")] enum T { A { x: Option<String> }, C { x: i32 } , D }} [T::A { x: Some(s("")) }]);
pair!(two_flattened_enums_fit_themselves, Compatible, Compatible,
    {struct T { #[serde(flatten)] a: A, #[serde(flatten)] b: B } #[serde(tag = "a")] enum A { X { p: i32 }, Y } #[serde(tag = "b")] enum B { Z { q: i32 }, W }}
        [T { a: A::X { p: 1 }, b: B::Z { q: 1 } }, T { a: A::Y, b: B::W }],
    {struct T { #[serde(flatten)] a: A, #[serde(flatten)] b: B } #[serde(tag = "a")] enum A { X { p: i32 }, Y } #[serde(tag = "b")] enum B { Z { q: i32 }, W }}
        [T { a: A::Y, b: B::Z { q: 1 } }]);
pair!(
    a_flattened_map_fits_itself,
    Compatible,
    Compatible,
    {
        struct T {
            a: String,
            #[serde(flatten)]
            m: BTreeMap<String, i32>,
        }
    }[T { a: s(""), m: BTreeMap::from([(s("k"), 1)]) }],
    {
        struct T {
            a: String,
            #[serde(flatten)]
            m: BTreeMap<String, i32>,
        }
    }[T { a: s(""), m: BTreeMap::new() }]
);
pair!(a_flattened_map_may_hold_what_becomes_a_field, Incompatible, Incompatible,
    {struct T { a: String, #[serde(flatten)] m: BTreeMap<String, i64> }} [T { a: s(""), m: BTreeMap::from([(s("b"), 1)]) }],
    {struct T { a: String, b: Option<i32> }} []);
pair!(
    a_flattened_map_takes_fields_that_are_gone,
    Compatible,
    Incompatible,
    {
        struct T {
            a: String,
            b: i32,
        }
    }[T { a: s(""), b: 1 }],
    {
        struct T {
            a: String,
            #[serde(flatten)]
            m: BTreeMap<String, i32>,
        }
    }[T { a: s(""), m: BTreeMap::new() }]
);
pair!(
    a_flattened_map_does_not_take_fields_of_other_types,
    Incompatible,
    Incompatible,
    {
        struct T {
            a: String,
            b: String,
        }
    }[T { a: s(""), b: s("") }],
    {
        struct T {
            a: String,
            #[serde(flatten)]
            m: BTreeMap<String, i32>,
        }
    }[T { a: s(""), m: BTreeMap::new() }]
);
pair!(
    a_flattened_value_takes_everything,
    Compatible,
    Incompatible,
    {
        struct T {
            a: String,
            b: String,
        }
    }[T { a: s(""), b: s("") }],
    {
        struct T {
            a: String,
            #[serde(flatten)]
            rest: serde_json::Map<String, serde_json::Value>,
        }
    }[T { a: s(""), rest: serde_json::Map::new() }]
);
pair!(a_flattened_enum_beside_a_map_fits_itself, Compatible, Compatible,
    {struct T { a: String, #[serde(flatten)] e: E, #[serde(flatten)] m: BTreeMap<String, serde_json::Value> } #[serde(tag = "t")] enum E { A, B { x: String } }}
        [T { a: s(""), e: E::A, m: BTreeMap::new() }, T { a: s(""), e: E::B { x: s("") }, m: BTreeMap::from([(s("k"), json!(1))]) }],
    {struct T { a: String, #[serde(flatten)] e: E, #[serde(flatten)] m: BTreeMap<String, serde_json::Value> } #[serde(tag = "t")] enum E { A, B { x: String } }}
        [T { a: s(""), e: E::A, m: BTreeMap::new() }]);
pair!(an_optional_flattened_struct_may_be_missing, Compatible, Incompatible,
    {struct T { a: i32, x: i32 }} [T { a: 1, x: 1 }],
    {struct T { a: i32, #[serde(flatten)] i: Option<Inner> } struct Inner { x: i32 }} [T { a: 1, i: None }, T { a: 1, i: Some(Inner { x: 1 }) }]);
pair!(an_optional_flattened_enum_fits_itself, Compatible, Compatible,
    {struct T { a: i32, #[serde(flatten)] e: Option<E> } #[serde(tag = "t")] enum E { A { x: i32 }, B }} [T { a: 1, e: None }, T { a: 1, e: Some(E::A { x: 1 }) }],
    {struct T { a: i32, #[serde(flatten)] e: Option<E> } #[serde(tag = "t")] enum E { A { x: i32 }, B }} [T { a: 1, e: Some(E::B) }]);
pair!(
    denied_fields_beside_a_flattened_struct_are_refused,
    Incompatible,
    Incompatible,
    {
        struct T {
            a: i32,
            b: i32,
            #[serde(flatten)]
            i: Inner,
        }
        struct Inner {
            x: i32,
        }
    }[T { a: 1, b: 1, i: Inner { x: 1 } }],
    {
        #[serde(deny_unknown_fields)]
        struct T {
            a: i32,
            #[serde(flatten)]
            i: Inner,
            c: i32,
        }
        struct Inner {
            x: i32,
        }
    }[T { a: 1, i: Inner { x: 1 }, c: 1 }]
);
