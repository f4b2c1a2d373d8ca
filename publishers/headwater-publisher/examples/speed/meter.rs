use std::fmt;
use std::time::Duration;

/// The rates, or the times, of several rounds.
pub(crate) struct Rounds(Vec<f64>);

impl Rounds {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn add(&mut self, rate: f64) {
        self.0.push(rate);
    }

    pub(crate) fn ratio(&self, baseline: &Self) -> f64 {
        self.median().unwrap() / baseline.median().unwrap()
    }

    fn median(&self) -> Option<f64> {
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
        let rates = self.sorted();
        write!(f, "{:>8.0} (from {:.0} to {:.0})", rates[rates.len() / 2], rates[0], rates[rates.len() - 1])
    }
}

/// How fast one way is, and what it costs this process.
pub(crate) struct Way {
    pub(crate) rate: Rounds,
    /// Processor time per event, in microseconds.
    cpu: Rounds,
}

impl Way {
    pub(crate) fn new() -> Self {
        Self { rate: Rounds::new(), cpu: Rounds::new() }
    }

    /// Measures a round.
    #[allow(clippy::cast_precision_loss, reason = "a time needs no more digits")]
    pub(crate) async fn add(&mut self, events: u64, round: impl Future<Output = Duration>) {
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

#[allow(clippy::cast_precision_loss, reason = "a rate needs no more digits")]
pub(crate) fn per_second(events: u64, elapsed: Duration) -> f64 {
    events as f64 / elapsed.as_secs_f64()
}

#[allow(clippy::cast_precision_loss, reason = "a time needs no more digits")]
pub(crate) fn nanoseconds(elapsed: Duration, times: u32) -> f64 {
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
