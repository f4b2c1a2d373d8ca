use std::fmt;

use super::Finding;

/// How many findings are shown; the first ones tell the story.
const SHOWN_MAX: usize = 20;

/// What a check of a stream came to.
///
/// `Display` shows how much was checked, and what was found.
#[derive(Debug, Clone)]
pub struct StreamReport {
    pub(super) figures: Figures,
    pub(super) findings: Vec<Finding>,
}

/// How much was checked.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Figures {
    pub(super) events: usize,
    pub(super) aggregates: usize,
    /// Decisions whose version the stored message itself names.
    pub(super) guarded: usize,
    /// Decisions whose version their writer names.
    pub(super) claimed: usize,
    pub(super) acknowledged: usize,
    pub(super) conflicts: usize,
    pub(super) refused: usize,
    pub(super) unknown: usize,
    pub(super) unknown_stored: usize,
}

impl StreamReport {
    /// What must not be; none when the stream is as it should be.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How many events the stream holds.
    #[must_use]
    pub fn events(&self) -> usize {
        self.figures.events
    }

    /// How many decisions were checked by the guard that the stored message itself keeps.
    #[must_use]
    pub fn guarded_decisions(&self) -> usize {
        self.figures.guarded
    }

    /// How many decisions were checked by the version that their writer has named.
    #[must_use]
    pub fn claimed_decisions(&self) -> usize {
        self.figures.claimed
    }

    /// How many appends met a conflict.
    #[must_use]
    pub fn conflicts(&self) -> usize {
        self.figures.conflicts
    }

    /// How many appends were told nothing.
    #[must_use]
    pub fn unknown(&self) -> usize {
        self.figures.unknown
    }

    /// Fails the test unless the stream is as it should be.
    ///
    /// # Panics
    ///
    /// With all that was found.
    #[track_caller]
    pub fn assert_clean(&self) {
        assert!(self.findings.is_empty(), "{self}");
    }
}

impl fmt::Display for StreamReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figures { events, aggregates, guarded, claimed, acknowledged, conflicts, refused, .. } =
            self.figures;
        let Figures { unknown, unknown_stored, .. } = self.figures;
        write!(
            f,
            "{events} events of {aggregates} aggregates; {guarded} decisions checked by their guards and {claimed} by \
             their writers; of the claims, {acknowledged} acknowledged, {conflicts} conflicts, {refused} refused, \
             {unknown} without an answer ({unknown_stored} of them stored); {} findings",
            self.findings.len()
        )?;
        for finding in self.findings.iter().take(SHOWN_MAX) {
            write!(f, "\n  - {finding}")?;
        }
        Ok(())
    }
}
