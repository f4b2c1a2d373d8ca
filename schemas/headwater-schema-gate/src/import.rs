use headwater_schema::registry::Registry;
use headwater_schema::{Bundle, BundleError, Finding, TypeSchemas, graph};

/// What another repository has told: its contracts, its registry, and the types that it has registered.
#[derive(Debug)]
pub(crate) struct Import {
    pub(crate) graph: graph::Bundle,
    pub(crate) registry: Registry,
    pub(crate) types: Vec<TypeSchemas>,
}

impl Import {
    /// Reads a bundle; findings are about contracts in it that this version of Headwater can't read.
    pub(crate) fn read(json: &str, findings: &mut Vec<Finding>) -> Result<Self, BundleError> {
        let bundle = Bundle::parse(json)?;
        let graph = bundle.graph().unwrap_or_else(|wrong| {
            findings.extend(wrong);
            graph::Bundle { repository: bundle.repository.clone(), contracts: Vec::new() }
        });
        Ok(Self { graph, registry: bundle.registry()?, types: bundle.types()? })
    }
}
