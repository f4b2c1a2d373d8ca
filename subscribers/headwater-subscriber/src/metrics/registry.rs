use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

/// All figures of a process. Cloning yields another handle.
///
/// A part of the process keeps its figures itself, as [`Measured`], and registers them once; nobody else need know of it.
/// All names begin with `headwater_`, and all figures say whose they are, with a label such as `projection`.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    registry: Arc<Mutex<Registry>>,
}

/// A part of the process with figures of its own.
pub(crate) trait Measured {
    /// Registers them, with names that say their units.
    fn register(&self, registry: &mut Registry);
}

impl Metrics {
    /// The media type of the text.
    pub(crate) const MEDIA_TYPE: &'static str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// No figures yet, of the projection or reactor of this name.
    pub(crate) fn of(kind: &'static str, name: &'static str) -> Self {
        let labels = [(Cow::Borrowed(kind), Cow::Borrowed(name))];
        let registry = Registry::with_prefix_and_labels("headwater", labels.into_iter());
        Self { registry: Arc::new(Mutex::new(registry)) }
    }

    pub(crate) fn register(&self, part: &impl Measured) {
        part.register(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The figures as they are now, as OpenMetrics text.
    pub(crate) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry.lock().unwrap_or_else(PoisonError::into_inner))?;
        Ok(text)
    }
}
