/// The end of what has passed, in which a pattern may have begun.
#[derive(Debug, Default)]
pub(super) struct Seen(Vec<u8>);

impl Seen {
    /// Where in `bytes` the pattern begins: 0 when it began before them.
    pub(super) fn find(&mut self, pattern: &[u8], bytes: &[u8]) -> Option<usize> {
        let seen_before = self.0.len();
        self.0.extend_from_slice(bytes);
        let found = self.0.windows(pattern.len()).position(|window| window == pattern);
        // Keep what may be the beginning of a pattern, and no more.
        self.0.drain(..self.0.len().saturating_sub(pattern.len() - 1));
        found.map(|start| start.saturating_sub(seen_before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_pattern_inside_one_packet() {
        assert_eq!(Seen::default().find(b"cut", b"PUB a cut me"), Some(6));
    }

    #[test]
    fn finds_a_pattern_that_is_split_over_packets() {
        let mut seen = Seen::default();
        assert_eq!(seen.find(b"cut", b"PUB a c"), None);
        assert_eq!(seen.find(b"cut", b"u"), None);
        assert_eq!(seen.find(b"cut", b"t me"), Some(0));
    }

    #[test]
    fn finds_no_pattern_where_there_is_none() {
        let mut seen = Seen::default();
        assert_eq!(seen.find(b"cut", b"cu"), None);
        assert_eq!(seen.find(b"cut", b"-t cu"), None);
    }
}
