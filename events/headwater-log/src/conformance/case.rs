use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::timeout;

use super::{
    Bench, Subject, batches, commits, duplicates, expected_versions, following, ids, loading, notes, order,
    reading, resuming, sizes, streams,
};

/// How long a case may take, on a busy machine. What hangs must fail with a name.
const LIMIT: Duration = Duration::from_secs(60);

/// One promise, put to the test.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    group: &'static str,
    name: &'static str,
    run: Run,
}

pub(super) type Run = fn(Bench) -> BoxFuture<'static, ()>;

impl Case {
    /// What is promised, as a sentence, after the part of the suite to which it belongs:
    /// `batches::a_conflict_stores_none_of_a_batch`.
    pub fn name(&self) -> String {
        format!("{}::{}", self.group, self.name)
    }

    /// Runs the case in a domain of its own.
    ///
    /// # Panics
    ///
    /// When the log breaks the promise, and when the case takes longer than a minute.
    pub async fn run(&self, subject: &Arc<dyn Subject>) {
        let domain = format!("{}-{}", self.group, self.name).parse().unwrap();
        let case = async { (self.run)(Bench::new(subject.clone(), domain).await).await };
        timeout(LIMIT, case).await.expect("the case takes too long");
    }
}

/// All cases.
pub fn cases() -> impl Iterator<Item = Case> {
    let groups = [
        ("order", order::CASES),
        ("expected_versions", expected_versions::CASES),
        ("duplicates", duplicates::CASES),
        ("batches", batches::CASES),
        ("commits", commits::CASES),
        ("reading", reading::CASES),
        ("loading", loading::CASES),
        ("following", following::CASES),
        ("resuming", resuming::CASES),
        ("sizes", sizes::CASES),
        ("ids", ids::CASES),
        ("streams", streams::CASES),
        ("notes", notes::CASES),
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
            &[$((stringify!($case), |bench| Box::pin($case(bench)))),*];
    };
}

pub(super) use group;
