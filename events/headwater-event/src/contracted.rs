use crate::EventSchema;

/// Code that was compared with its service's `contract.toml` when it was compiled.
///
/// `#[outbox(contract = "contract.toml")]`, `#[projection(contract = "contract.toml", ...)]` and
/// `#[reactor(contract = "contract.toml", ...)]` implement it. The runtimes' `main` takes nothing else, so no service runs
/// that says less, or more, than its contract.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no contract, and a service needs one",
    label = "add `contract = \"contract.toml\"` to its #[outbox(...)], #[projection(...)] or #[reactor(...)]",
    note = "contract.toml lies beside the service's Cargo.toml and says what the service publishes and subscribes to"
)]
pub trait Contracted {
    /// The contract.
    const CONTRACT: ContractText;

    /// The JSON Schemas of the events that the contract names, and of the older versions that they upcast.
    fn schemas() -> Vec<EventSchema>;
}

/// A service's contract, as the service was compiled with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContractText {
    /// The service's name.
    pub service: &'static str,
    /// The version of the service's crate.
    pub version: &'static str,
    /// The file, relative to the service's crate.
    pub path: &'static str,
    /// All of its text.
    pub text: &'static str,
}
