//! Generated pairs of types, written as schemars writes them: what is said of them is held against what serde would do.

// What a test can't do, it says by failing.
#![allow(clippy::unwrap_used)]

#[path = "compat/model.rs"]
mod model;

use headwater_schema::compat::{Contracts, Mode, Verdict, compare};
use proptest::prelude::*;

use self::model::{Change, Type, arbitrary_change, arbitrary_type};

/// The contracts of a type.
fn contracts(of: &Type) -> Contracts {
    Contracts { serialize: of.schema(true), deserialize: of.schema(false) }
}

fn changed(old: &Type, changes: &[Change]) -> Type {
    changes.iter().fold(old.clone(), |changed, change| change.apply(&changed))
}

/// Few enough for every run of the tests, unless `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: asked.unwrap_or(128), failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_compatible_is_read_and_what_is_not_is_refused(
        old in arbitrary_type(),
        changes in prop::collection::vec(arbitrary_change(), 0..4),
        seeds in prop::collection::vec(any::<u64>(), 24),
    ) {
        let new = changed(&old, &changes);
        let report = compare(Mode::Backward, &[contracts(&old)], &contracts(&new));
        match report.verdict() {
            Verdict::Compatible => {
                for seed in seeds {
                    let document = old.sample(seed);
                    prop_assert!(old.writes(&document), "{document} is no sample of {old:?}");
                    prop_assert!(new.reads(&document), "{document} is refused\n{old:?}\n{new:?}");
                }
            }
            Verdict::Incompatible => {
                let witness = &report.breaks[0].witness;
                prop_assert!(old.writes(witness), "{witness} is never written\n{old:?}\n{new:?}");
                prop_assert!(!new.reads(witness), "{witness} is read\n{old:?}\n{new:?}");
                prop_assert!(!report.breaks[0].differences.is_empty(), "nothing explains {witness}");
            }
            Verdict::Unknown => {
                prop_assert!(false, "{:?}\n{old:?}\n{new:?}", report.undecided);
            }
        }
    }

    #[test]
    fn a_type_reads_what_it_writes(same in arbitrary_type()) {
        let report = compare(Mode::Full, &[contracts(&same)], &contracts(&same));
        prop_assert_eq!(report.verdict(), Verdict::Compatible, "{:?}", report);
    }

    #[test]
    fn an_unrelated_type_is_judged_rightly(
        old in arbitrary_type(),
        new in arbitrary_type(),
        seeds in prop::collection::vec(any::<u64>(), 12),
    ) {
        let report = compare(Mode::Backward, &[contracts(&old)], &contracts(&new));
        match report.verdict() {
            Verdict::Compatible => {
                for seed in seeds {
                    let document = old.sample(seed);
                    prop_assert!(new.reads(&document), "{document} is refused\n{old:?}\n{new:?}");
                }
            }
            Verdict::Incompatible => {
                let witness = &report.breaks[0].witness;
                prop_assert!(old.writes(witness) && !new.reads(witness), "{witness}\n{old:?}\n{new:?}");
            }
            Verdict::Unknown => prop_assert!(false, "{:?}\n{old:?}\n{new:?}", report.undecided),
        }
    }
}
