use headwater_schema::compat::{Break, Contracts, Direction, Mode, Verdict, compare};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What is expected of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    Compatible,
    /// serde refuses the witness, too.
    Incompatible,
    /// serde takes the witness, but not for what it is: it drops items, or rounds a number to infinity.
    Lossy,
    Unknown,
}

pub(crate) trait Type: Serialize + DeserializeOwned + JsonSchema {}
impl<T: Serialize + DeserializeOwned + JsonSchema> Type for T {}

pub(crate) fn contracts<T: JsonSchema>() -> Contracts {
    let of = |settings: SchemaSettings| settings.into_generator().into_root_schema_for::<T>().to_value();
    Contracts {
        serialize: of(SchemaSettings::draft2020_12().for_serialize()),
        deserialize: of(SchemaSettings::draft2020_12().for_deserialize()),
    }
}

pub(crate) fn check<O: Type, N: Type>(old: &[O], new: &[N], backward: Expected, forward: Expected) {
    let (old, new) = (Side::of(old), Side::of(new));
    let registered = [old.contracts.clone()];
    let report = compare(Mode::Full, &registered, &new.contracts);
    let broken = |direction| report.breaks.iter().find(|each: &&Break| each.direction == direction);
    hold(&old, &new, broken(Direction::Backward), Mode::Backward, backward);
    hold(&new, &old, broken(Direction::Forward), Mode::Forward, forward);
}

/// What is to be known of a type, without the type: the tests are many, and each type is compiled for itself.
struct Side {
    contracts: Contracts,
    samples: Vec<Value>,
    read: fn(&str) -> Result<(), serde_json::Error>,
}

impl Side {
    fn of<T: Type>(samples: &[T]) -> Self {
        let samples = samples.iter().map(|sample| serde_json::to_value(sample).unwrap()).collect();
        let read = |text: &str| serde_json::from_str::<T>(text).map(drop);
        Self { contracts: contracts::<T>(), samples, read }
    }
}

fn hold(writer: &Side, reader: &Side, broken: Option<&Break>, mode: Mode, expected: Expected) {
    let (registered, candidate) = if mode == Mode::Backward { (writer, reader) } else { (reader, writer) };
    let report = compare(mode, std::slice::from_ref(&registered.contracts), &candidate.contracts);
    for document in &writer.samples {
        if report.verdict() == Verdict::Compatible {
            let read = (reader.read)(&document.to_string());
            assert!(read.is_ok(), "{mode} is said to hold, but serde refuses {document}: {read:?}");
        }
    }
    let verdict = match expected {
        Expected::Compatible => Verdict::Compatible,
        Expected::Incompatible | Expected::Lossy => Verdict::Incompatible,
        Expected::Unknown => Verdict::Unknown,
    };
    assert_eq!(
        report.verdict(),
        verdict,
        "{mode}: {report:#?}\nwriter {}\nreader {}",
        writer.contracts.serialize,
        reader.contracts.deserialize
    );

    if let Some(Break { witness, differences, .. }) = broken {
        let text = witness.to_string();
        // A number beyond 64 bits is shown as a double is written, and no integer is read from that.
        // And the pattern that schemars writes for keys that are integers allows -0.
        if witness.as_f64().is_none_or(|number| number.abs() < 1.8e19) && !text.contains("\"-0\"") {
            let written = (writer.read)(&text);
            assert!(written.is_ok(), "{mode}: no writer writes {witness}: {written:?}");
        }
        let read = (reader.read)(&text).is_ok();
        assert_eq!(read, expected == Expected::Lossy, "{mode}: {witness} {differences:#?}");
        assert!(!differences.is_empty(), "{mode}: nothing explains {witness}");
        for difference in differences {
            assert!(difference.code != "HW0301", "{mode}: no rule explains {witness}: {difference:?}");
        }
    }
}

pub(crate) mod prelude {
    pub(crate) use std::collections::*;

    pub(crate) use schemars::JsonSchema;
    pub(crate) use serde::{Deserialize, Serialize};
    pub(crate) use serde_json::json;

    pub(crate) fn s(text: &str) -> String {
        text.to_owned()
    }
}

/// Two modules with a type `T` each, samples of both, and what is expected when the new reads the old, and the reverse.
macro_rules! pair {
    ($name:ident, $backward:ident, $forward:ident, {$($old:item)*} [$($old_sample:expr),* $(,)?], {$($new:item)*} [$($new_sample:expr),* $(,)?]) => {
        #[test]
        fn $name() {
            mod old {
                #[allow(unused_imports)]
                use crate::pair::prelude::*;
                $(#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)] $old)*
                pub(crate) fn samples() -> Vec<impl crate::pair::Type> { Vec::<T>::from([$($old_sample),*]) }
            }
            mod new {
                #[allow(unused_imports)]
                use crate::pair::prelude::*;
                $(#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)] $new)*
                pub(crate) fn samples() -> Vec<impl crate::pair::Type> { Vec::<T>::from([$($new_sample),*]) }
            }
            crate::pair::check(
                &old::samples(),
                &new::samples(),
                crate::pair::Expected::$backward,
                crate::pair::Expected::$forward,
            );
        }
    };
}

/// Types that need no module.
macro_rules! plain {
    ($name:ident, $backward:ident, $forward:ident, $old:ty [$($old_sample:expr),* $(,)?], $new:ty [$($new_sample:expr),* $(,)?]) => {
        #[test]
        fn $name() {
            #[allow(unused_imports)]
            use crate::pair::prelude::*;
            crate::pair::check::<$old, $new>(
                &[$($old_sample),*],
                &[$($new_sample),*],
                crate::pair::Expected::$backward,
                crate::pair::Expected::$forward,
            );
        }
    };
}
