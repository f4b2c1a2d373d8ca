use serde::{Deserialize, Serialize};

/// How late a number of flights were, in minutes; early ones count as negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delay {
    /// How many flights.
    pub count: u64,
    /// All their delays together.
    pub sum: i64,
    /// The smallest delay; none when there is no flight.
    pub min: Option<i32>,
    /// The largest delay; none when there is no flight.
    pub max: Option<i32>,
}

impl Delay {
    /// Counts a flight.
    pub fn add(&mut self, minutes: i32) {
        self.count += 1;
        self.sum += i64::from(minutes);
        self.min = Some(self.min.map_or(minutes, |min| min.min(minutes)));
        self.max = Some(self.max.map_or(minutes, |max| max.max(minutes)));
    }

    /// The average, in minutes; none when there is no flight.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "an average for people; 2^53 minutes are never reached")]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_early_flight_lowers_the_sum_and_the_minimum() {
        let mut delay = Delay::default();
        assert_eq!(delay.mean(), None);
        for minutes in [10, -4, 0] {
            delay.add(minutes);
        }
        assert_eq!(delay, Delay { count: 3, sum: 6, min: Some(-4), max: Some(10) });
        assert_eq!(delay.mean(), Some(2.0));
    }
}
