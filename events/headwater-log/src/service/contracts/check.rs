use clap::ValueEnum;

/// What becomes of a service that doesn't fit the services that are running.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ContractCheck {
    /// It doesn't start
    #[default]
    Refuse,
    /// It starts, and says in its log what doesn't fit
    Warn,
    /// Nothing is compared, and the service doesn't announce its own contract
    Off,
}
