use std::time::Duration;

use delay_stats::DelayRow;
use indicatif::{ProgressBar, ProgressStyle};

/// A bar on standard error, where that is a terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar for the events of these flights. The weather's are a fortieth more, and lengthen it.
    pub(crate) fn new(flights: &DelayRow) -> Self {
        let DelayRow { scheduled, departed, arrived, cancelled, diverted, .. } = flights;
        let bar = ProgressBar::new(scheduled + departed + arrived + cancelled + diverted);
        let template = "{bar:40} {human_pos} of {human_len} events  {per_sec}  {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar }
    }

    pub(crate) fn add(&self, events: u64) {
        self.bar.inc(events);
        let position = self.bar.position();
        if self.bar.length().is_some_and(|length| length < position) {
            self.bar.set_length(position);
        }
    }

    pub(crate) fn message(&self, text: &'static str) {
        self.bar.set_message(text);
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
