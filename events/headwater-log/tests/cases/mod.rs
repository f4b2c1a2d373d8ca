//! Cases that share a broker, each reported by its own name.

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use tokio::runtime::Runtime;

/// What the cases run on. Dropping it ends what the brokers need to live.
pub(crate) struct Cases {
    runtime: Arc<Runtime>,
    trials: Vec<Trial>,
}

impl Cases {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        Self { runtime: Arc::new(runtime), trials: Vec::new() }
    }

    pub(crate) fn add<F: Future<Output = ()>>(
        &mut self,
        name: String,
        case: impl FnOnce() -> F + Send + 'static,
    ) {
        let runtime = self.runtime.clone();
        self.trials.push(Trial::test(name, move || {
            runtime.block_on(case());
            Ok(())
        }));
    }

    /// Runs what the command line selects. When it returns, no case holds a broker any more.
    pub(crate) fn run(self) -> ExitCode {
        libtest_mimic::run(&Arguments::from_args(), self.trials).exit_code()
    }
}
