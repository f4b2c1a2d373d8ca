use crate::graph::network::Graph;

impl Graph {
    /// The graph for a program: services, events and edges, with every key always there.
    ///
    /// # Errors
    ///
    /// What `serde_json` reports, which has no reason to.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|json| json + "\n")
    }
}
