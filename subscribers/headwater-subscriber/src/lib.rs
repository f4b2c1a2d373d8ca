//! The runtime for services that build projections from events.
