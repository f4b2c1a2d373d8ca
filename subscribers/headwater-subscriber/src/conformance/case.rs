use super::{Bench, Subject, commits, directories, ranges, reopening, snapshots};

/// One promise, put to the test.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    group: &'static str,
    name: &'static str,
    run: Run,
}

const DIRECTORIES: &str = "directories";

pub(super) type Run = fn(&Bench<'_>);

impl Case {
    /// What is promised, as a sentence, after the part of the suite to which it belongs:
    /// `commits::a_reader_never_sees_a_part_of_a_commit`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}::{}", self.group, self.name)
    }

    /// Whether it is about what else may be in a directory: nothing that a store elsewhere could promise.
    #[must_use]
    pub fn is_of_directories(&self) -> bool {
        self.group == DIRECTORIES
    }

    /// Runs the case in a directory of its own.
    ///
    /// # Panics
    ///
    /// When the store breaks the promise.
    pub fn run(&self, subject: &dyn Subject) {
        (self.run)(&Bench::new(subject));
    }
}

/// All cases.
pub fn cases() -> impl Iterator<Item = Case> {
    let groups = [
        ("commits", commits::CASES),
        ("snapshots", snapshots::CASES),
        ("ranges", ranges::CASES),
        ("reopening", reopening::CASES),
        (DIRECTORIES, directories::CASES),
    ];
    groups
        .into_iter()
        .flat_map(|(group, cases)| cases.iter().map(move |&(name, run)| Case { group, name, run }))
}

/// The cases of a group, by the names of their functions. A function that is missing here is dead code,
/// and the compiler says so.
macro_rules! group {
    ($($case:ident),* $(,)?) => {
        pub(super) const CASES: &[(&str, $crate::conformance::case::Run)] =
            &[$((stringify!($case), $case)),*];
    };
}

pub(super) use group;
