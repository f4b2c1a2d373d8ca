mod text {
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &i32, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<i32, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

plain! { a_char_is_a_string, Compatible, Incompatible, char ['x', '😀'], String [s(""), s("ab")] }
plain! { a_path_is_a_string, Compatible, Compatible, std::path::PathBuf ["/a".into()], String [s("")] }
plain! { a_boxed_str_is_a_string, Compatible, Compatible, Box<str> ["a".into()], String [s("")] }
plain! { a_cow_is_a_string, Compatible, Compatible,
std::borrow::Cow<'static, str> ["a".into()],
String [s("")] }
plain! { an_ipv4_address_is_a_string, Compatible, Incompatible,
std::net::Ipv4Addr [std::net::Ipv4Addr::LOCALHOST],
String [s("")] }
plain! { ipv4_and_ipv6_differ, Incompatible, Incompatible,
std::net::Ipv4Addr [std::net::Ipv4Addr::LOCALHOST],
std::net::Ipv6Addr [std::net::Ipv6Addr::LOCALHOST] }
plain! { an_unknown_format_fits_itself, Compatible, Compatible,
std::net::IpAddr [std::net::Ipv4Addr::LOCALHOST.into()],
std::net::IpAddr [std::net::Ipv4Addr::LOCALHOST.into()] }
plain! { of_an_unknown_format_nothing_is_known, Compatible, Unknown,
std::net::IpAddr [std::net::Ipv4Addr::LOCALHOST.into()],
String [s("")] }
plain! { an_unknown_format_within_a_list_fits_itself, Compatible, Compatible,
Vec<Option<std::net::IpAddr>> [vec![None]],
Vec<Option<std::net::IpAddr>> [vec![None]] }
plain! { a_duration_is_a_struct, Compatible, Compatible,
std::time::Duration [std::time::Duration::MAX],
std::time::Duration [std::time::Duration::ZERO] }

pair!(
    a_timestamp_fits_itself,
    Compatible,
    Compatible,
    {
        struct T {
            #[schemars(extend("format" = "date-time"))]
            at: String,
        }
    }[T { at: s("2013-01-01T10:00:00Z") }],
    {
        struct T {
            #[schemars(extend("format" = "date-time"))]
            at: String,
        }
    }[T { at: s("2013-01-01T10:00:00Z") }]
);
pair!(
    serde_with_a_string_is_a_string,
    Compatible,
    Incompatible,
    {
        struct T {
            #[serde(with = "crate::strings::text")]
            #[schemars(with = "String", regex(pattern = "^-?[0-9]+$"))]
            a: i32,
        }
    }[T { a: -1 }],
    {
        struct T {
            a: String,
        }
    }[T { a: s("x") }]
);
