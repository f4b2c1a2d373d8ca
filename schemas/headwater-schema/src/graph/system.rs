use headwater_contract::Contract;
use jiff::civil::Date;

use crate::snapshot::TypeSchemas;

/// Everything that has to fit together, on a day.
#[derive(Debug, Clone)]
pub struct System {
    /// The contracts of this repository's services.
    pub contracts: Vec<Contract>,
    /// What the events crates declare; `None` when it isn't known, and then nothing is said about it.
    pub events: Option<Vec<TypeSchemas>>,
    /// The contracts that were copied from other repositories.
    pub imported: Vec<Bundle>,
    /// The day on which the sunsets and exemptions are judged.
    pub today: Date,
}

/// The contracts of another repository: its services exist, as publishers and as readers, and their faults
/// are its own.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// How the repository is called.
    pub repository: String,
    /// The contracts of its services.
    pub contracts: Vec<Contract>,
}
