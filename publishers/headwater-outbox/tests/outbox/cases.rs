//! Cases of a binary that is also the relay that is killed, each reported by its own name.

use std::pin::Pin;
use std::process::ExitCode;
use std::time::Duration;

use libtest_mimic::{Arguments, Trial};
use tokio::time::timeout;

pub(crate) type Case = (&'static str, fn() -> Pin<Box<dyn Future<Output = ()>>>);

/// The cases of a group, by the names of their functions.
macro_rules! group {
    ($($case:ident),* $(,)?) => {
        pub(crate) const CASES: &[$crate::cases::Case] = &[$((stringify!($case), || Box::pin($case()))),*];
    };
}

pub(crate) use group;

/// How long a case may take, on a busy machine.
const LIMIT: Duration = Duration::from_secs(300);

#[derive(Default)]
pub(crate) struct Cases(Vec<Trial>);

impl Cases {
    pub(crate) fn add(&mut self, group: &[Case]) {
        self.0.extend(group.iter().map(|&(name, case)| {
            Trial::test(name, move || {
                let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
                runtime.block_on(async { timeout(LIMIT, case()).await })?;
                Ok(())
            })
        }));
    }

    pub(crate) fn run(self) -> ExitCode {
        libtest_mimic::run(&Arguments::from_args(), self.0).exit_code()
    }
}
