plain! { a_list_fits_itself, Compatible, Compatible,
Vec<String> [vec![], vec![s("a")]],
Vec<String> [vec![]] }
plain! { the_items_of_a_list_count, Incompatible, Compatible, Vec<i32> [vec![-1]], Vec<u8> [vec![1]] }
plain! { a_set_is_a_list, Compatible, Lossy, BTreeSet<i32> [BTreeSet::from([1, 2])], Vec<i32> [vec![1, 1]] }
plain! { two_kinds_of_sets_are_alike, Compatible, Compatible,
HashSet<i32> [HashSet::from([1])],
BTreeSet<i32> [BTreeSet::from([1])] }
plain! { a_deque_is_a_list, Compatible, Compatible, VecDeque<i32> [VecDeque::from([1])], Vec<i32> [vec![1]] }
plain! { an_array_is_a_list_of_one_length, Compatible, Incompatible, [i32; 3] [[1, 2, 3]], Vec<i32> [vec![]] }
plain! { arrays_of_different_lengths_differ, Incompatible, Incompatible,
[i32; 3][[1, 2, 3]],
[i32; 2][[1, 2]] }
plain! { a_tuple_of_one_type_is_an_array, Compatible, Compatible, (i32, i32)[(1, 2)], [i32; 2][[1, 2]] }
plain! { a_tuple_may_be_widened, Compatible, Incompatible,
(u8, String) [(1, s(""))],
(i32, Option<String>) [(-1, None)] }
plain! { tuples_of_different_lengths_differ, Incompatible, Incompatible,
(i32, i32)[(1, 2)],
(i32, i32, i32)[(1, 2, 3)] }
plain! { a_tuple_in_another_order_differs, Incompatible, Incompatible,
(i32, String)[(1, s(""))],
(String, i32)[(s(""), 1)] }
plain! { a_map_fits_itself, Compatible, Compatible,
BTreeMap<String, i32> [BTreeMap::from([(s("a"), 1)])],
HashMap<String, i32> [HashMap::new()] }
plain! { the_values_of_a_map_count, Incompatible, Compatible,
BTreeMap<String, i64> [BTreeMap::from([(s("a"), i64::MAX)])],
BTreeMap<String, i32> [BTreeMap::new()] }
plain! { a_map_by_numbers_is_a_map_by_strings, Compatible, Incompatible,
BTreeMap<i32, i32> [BTreeMap::from([(-1, 1)])],
BTreeMap<String, i32> [BTreeMap::from([(s("x"), 1)])] }
plain! { a_map_by_unsigned_is_a_map_by_signed, Compatible, Incompatible,
BTreeMap<u32, i32> [BTreeMap::from([(1, 1)])],
BTreeMap<i64, i32> [BTreeMap::from([(-1, 1)])] }
plain! { a_map_is_a_map_of_anything, Compatible, Incompatible,
BTreeMap<String, i32> [BTreeMap::from([(s("a"), 1)])],
serde_json::Map<String, serde_json::Value> [serde_json::Map::new()] }
plain! { a_list_is_no_map, Incompatible, Incompatible,
Vec<i32> [vec![1]],
BTreeMap<String, i32> [BTreeMap::new()] }
plain! { a_result_may_be_widened, Compatible, Incompatible,
Result<i32, String> [Ok(1), Err(s(""))],
Result<i64, String> [Ok(1)] }
plain! { a_range_is_a_struct, Compatible, Incompatible,
std::ops::Range<i32> [0..1],
std::ops::Range<i64> [0..1] }

pair!(
    a_struct_is_a_map,
    Compatible,
    Incompatible,
    {
        struct T {
            a: i32,
            b: i32,
        }
    }[T { a: 1, b: 2 }],
    {
        #[serde(transparent)]
        struct T {
            all: BTreeMap<String, i32>,
        }
    }[T { all: BTreeMap::new() }]
);
pair!(
    a_map_by_an_enum_may_get_another_key,
    Compatible,
    Incompatible,
    {
        struct T {
            a: BTreeMap<K, i32>,
        }
        #[derive(Eq, PartialOrd, Ord)]
        enum K {
            A,
            B,
        }
    }[T { a: BTreeMap::from([(K::A, 1)]) }],
    {
        struct T {
            a: BTreeMap<K, i32>,
        }
        #[derive(Eq, PartialOrd, Ord)]
        enum K {
            A,
            B,
            C,
        }
    }[T { a: BTreeMap::from([(K::C, 1)]) }]
);
pair!(
    a_list_of_structs_may_be_widened,
    Compatible,
    Incompatible,
    {
        struct T {
            a: Vec<P>,
        }
        struct P {
            x: u8,
        }
    }[T { a: vec![P { x: 1 }] }],
    {
        struct T {
            a: Vec<P>,
        }
        struct P {
            x: u16,
            y: Option<u8>,
        }
    }[T { a: vec![P { x: 1, y: None }] }]
);
pair!(
    a_tuple_struct_is_a_tuple,
    Compatible,
    Compatible,
    {
        struct T(i32, String);
    }[T(1, s(""))],
    {
        #[serde(transparent)]
        struct T {
            pair: (i32, String),
        }
    }[T { pair: (1, s("")) }]
);
