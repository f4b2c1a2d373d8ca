//! What the short upper-case codes of aviation have in common.

/// Makes a `Copy` newtype of a fixed-length code whose JSON is its text.
///
/// The bytes are checked when the value is made and are ASCII ever after.
macro_rules! code {
    (
        $(#[$meta:meta])*
        $name:ident, $error:ident, $length:literal, $allowed:expr, $pattern:literal, $what:literal
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $length]);

        impl $name {
            /// The code's text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                // Only ASCII gets in, so the empty string is never seen.
                std::str::from_utf8(&self.0).unwrap_or_default()
            }
        }

        #[doc = concat!("Text that is not ", $what, ".")]
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        #[error("{text:?} is not {}", $what)]
        pub struct $error {
            /// What was given.
            pub text: String,
        }

        impl std::str::FromStr for $name {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match <[u8; $length]>::try_from(text.as_bytes()) {
                    Ok(code) if code.iter().all($allowed) => Ok(Self(code)),
                    _ => Err($error { text: text.to_owned() }),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        $crate::code::json_as_text!($name, $what, $pattern);
    };
}

/// Makes a type's JSON its text: `Display` to write it, `FromStr` to read it, `pattern` to check it.
macro_rules! json_as_text {
    ($name:ident, $what:literal, $pattern:literal) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;

                impl serde::de::Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($what)
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }

                deserializer.deserialize_str(Text)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn schema_id() -> std::borrow::Cow<'static, str> {
                concat!(module_path!(), "::", stringify!($name)).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

pub(crate) use {code, json_as_text};
