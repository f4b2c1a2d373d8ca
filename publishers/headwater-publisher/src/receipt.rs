use headwater_event::Domain;

/// What a service knows when its command was handled: the events are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The domain whose stream holds the events.
    pub domain: Domain,
    /// The sequence of the command's last event; of the aggregate's last event, when the command yielded none.
    pub sequence: u64,
    /// The ids of the events, in their order; none when the command changed nothing.
    pub events: Vec<String>,
    /// Whether the command had been handled before, and nothing was stored this time.
    pub repeated: bool,
}
