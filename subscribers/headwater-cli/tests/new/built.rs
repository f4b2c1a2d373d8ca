//! What cargo said.

use std::process::{Command, Output};

/// How a build went.
#[derive(Debug)]
pub(crate) struct Built {
    success: bool,
    output: String,
}

impl Built {
    /// Runs cargo, which is told nothing by the environment of this test that changes what it says.
    pub(crate) fn of(cargo: &mut Command) -> Self {
        for variable in ["HEADWATER_GATE", "CI", "SOURCE_DATE_EPOCH", "RUSTFLAGS"] {
            cargo.env_remove(variable);
        }
        cargo.env("CARGO_TERM_COLOR", "never").env("CARGO_NET_OFFLINE", "true");
        let Output { status, stdout, stderr } = cargo.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { success: status.success(), output: text(stderr) + &text(stdout) }
    }

    #[track_caller]
    pub(crate) fn passes(&self) {
        assert!(self.success, "{}", self.output);
    }

    /// Each of these lines is part of what a build said that failed.
    #[track_caller]
    pub(crate) fn fails_with(&self, lines: &[&str]) {
        assert!(!self.success, "{}", self.output);
        for line in lines {
            assert!(self.output.contains(line), "{line}\nis not in\n{}", self.output);
        }
    }
}
