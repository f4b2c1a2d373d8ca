use std::fmt;
use std::time::Duration;

/// The rates, or the times, of several rounds of a measurement. As text: the median, the least and the greatest.
#[derive(Debug, Clone, Default)]
pub struct Rounds(Vec<f64>);

impl Rounds {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a round.
    pub fn add(&mut self, rate: f64) {
        self.0.push(rate);
    }

    /// How the medians compare; not a number while one of them is missing.
    #[must_use]
    pub fn ratio(&self, baseline: &Self) -> f64 {
        self.median().unwrap_or(f64::NAN) / baseline.median().unwrap_or(f64::NAN)
    }

    /// The middle one.
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        self.sorted().get(self.0.len() / 2).copied()
    }

    fn sorted(&self) -> Vec<f64> {
        let mut rates = self.0.clone();
        rates.sort_by(f64::total_cmp);
        rates
    }
}

impl fmt::Display for Rounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.median(), self.sorted().as_slice()) {
            (Some(median), [least, .., greatest]) => {
                write!(f, "{median:>8.0} (from {least:.0} to {greatest:.0})")
            }
            (Some(only), _) => write!(f, "{only:>8.0}"),
            (None, _) => f.write_str("not measured"),
        }
    }
}

/// How fast one way of doing something is, and what it costs this process.
#[derive(Debug, Clone, Default)]
pub struct Way {
    /// Events a second.
    pub rate: Rounds,
    /// Processor time per event, in microseconds.
    cpu: Rounds,
}

impl Way {
    /// Not measured yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Measures a round, which says how long it took.
    #[allow(clippy::cast_precision_loss, reason = "a time needs no more digits")]
    pub async fn add(&mut self, events: u64, round: impl Future<Output = Duration>) {
        let before = cpu_us();
        self.rate.add(per_second(events, round.await));
        if let (Some(before), Some(after)) = (before, cpu_us()) {
            self.cpu.add((after - before) / events as f64);
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.rate)?;
        match self.cpu.median() {
            Some(cpu) => write!(f, ", {cpu:.1} microseconds of processor time each"),
            None => Ok(()),
        }
    }
}

/// A rate: so many in that time, a second.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "a rate needs no more digits")]
pub fn per_second(events: u64, elapsed: Duration) -> f64 {
    events as f64 / elapsed.as_secs_f64()
}

/// How long each of so many took that took so long together.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "a time needs no more digits")]
pub fn nanoseconds(elapsed: Duration, times: u32) -> f64 {
    elapsed.as_nanos() as f64 / f64::from(times)
}

/// How much processor time this process has used, in microseconds; none where the system doesn't say it as Linux does.
fn cpu_us() -> Option<f64> {
    /// `USER_HZ`, which every Linux has at 100.
    const TICK_US: f64 = 10_000.0;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The 14th and 15th field (proc_pid_stat(5)); the second one is in brackets, and may hold anything.
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) * TICK_US)
}
