use super::RowError;

/// How many bad rows are logged and kept. A file that is wrong throughout must not fill the log or the memory.
const KEPT_MAX: usize = 100;

/// The rows that couldn't be read: all are counted; the first hundred are logged and kept.
#[derive(Debug, Clone, Default)]
pub struct RowErrors {
    count: u64,
    first: Vec<RowError>,
}

impl RowErrors {
    /// Counts a bad row, and logs it if it is among the first hundred.
    pub fn push(&mut self, error: RowError) {
        self.count += 1;
        if self.first.len() < KEPT_MAX {
            tracing::warn!(%error, "skipped a row");
            self.first.push(error);
        } else if self.first.len() + 1 == usize::try_from(self.count).unwrap_or(usize::MAX) {
            tracing::warn!("further bad rows of {} are only counted", error.file);
        }
    }

    /// Adds what another file's rows have come to. They are not logged again.
    pub fn append(&mut self, other: &Self) {
        self.count += other.count;
        let room = KEPT_MAX.saturating_sub(self.first.len());
        self.first.extend(other.first.iter().take(room).cloned());
    }

    /// How many rows couldn't be read.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The first hundred of them, in the order in which they were found.
    #[must_use]
    pub fn first(&self) -> &[RowError] {
        &self.first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_all_and_keeps_a_hundred() {
        let mut errors = RowErrors::default();
        for line in 0..1_000 {
            errors.push(RowError { file: "a.csv".into(), line, column: None, message: String::new() });
        }
        assert_eq!(errors.count(), 1_000);
        assert_eq!(errors.first().len(), KEPT_MAX);
        assert_eq!(errors.first()[99].line, 99);

        let mut both = errors.clone();
        both.append(&errors);
        assert_eq!((both.count(), both.first().len()), (2_000, KEPT_MAX));
    }
}
