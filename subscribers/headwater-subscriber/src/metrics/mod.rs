//! What is measured, for Prometheus: one registry, in which each part of the process registers its own figures.

mod commit_metrics;
mod registry;

pub(crate) use commit_metrics::CommitMetrics;
pub(crate) use registry::{Measured, Metrics};
