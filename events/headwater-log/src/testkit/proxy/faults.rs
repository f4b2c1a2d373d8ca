use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::pattern::Seen;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    TowardServer,
    TowardClient,
}

/// What the proxy does wrong, changed by the test and watched by every connection.
#[derive(Debug)]
pub(super) struct Faults(watch::Sender<Now>);

/// What it does wrong at the moment.
#[derive(Debug)]
pub(super) struct Now {
    pub(super) refuse: bool,
    pub(super) swallow: bool,
    pub(super) stalled: bool,
    pub(super) toward_server: OneWay,
    pub(super) toward_client: OneWay,
    /// Cancelled when the proxy is dropped.
    running: CancellationToken,
    /// Cancelled when the connections of now are cut.
    connections: CancellationToken,
}

/// What it does to the bytes that go one way.
#[derive(Debug, Default)]
pub(super) struct OneWay {
    pub(super) delay: Duration,
    pattern: Option<Vec<u8>>,
}

impl Faults {
    pub(super) fn none(running: CancellationToken) -> Self {
        let now = Now {
            refuse: false,
            swallow: false,
            stalled: false,
            toward_server: OneWay::default(),
            toward_client: OneWay::default(),
            connections: running.child_token(),
            running,
        };
        Self(watch::Sender::new(now))
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Now)) {
        self.0.send_modify(change);
    }

    /// What ends a new connection; none when there must be no new one.
    pub(super) fn admit(&self) -> Option<CancellationToken> {
        let now = self.0.borrow();
        (!now.refuse).then(|| now.connections.child_token())
    }

    pub(super) fn delay(&self, direction: Direction) -> Duration {
        self.0.borrow().one_way(direction).delay
    }

    pub(super) fn swallows(&self, direction: Direction) -> bool {
        direction == Direction::TowardClient && self.0.borrow().swallow
    }

    /// Where in `bytes`, which come after those that were seen, the connection must be cut: once for each pattern.
    pub(super) fn cut_at(&self, direction: Direction, seen: &mut Seen, bytes: &[u8]) -> Option<usize> {
        let mut found = None;
        self.0.send_if_modified(|now| {
            let one_way = now.one_way_mut(direction);
            found = one_way.pattern.as_deref().and_then(|pattern| seen.find(pattern, bytes));
            if found.is_some() {
                one_way.pattern = None;
            }
            // Nobody waits for a change of a pattern.
            false
        });
        found
    }

    /// Waits until bytes may move.
    pub(super) async fn wait_until_moving(&self) {
        // The sender is here, so it can't be gone.
        self.0.subscribe().wait_for(|now| !now.stalled).await.ok();
    }
}

impl Now {
    pub(super) fn cut(&mut self) {
        std::mem::replace(&mut self.connections, self.running.child_token()).cancel();
    }

    fn one_way(&self, direction: Direction) -> &OneWay {
        match direction {
            Direction::TowardServer => &self.toward_server,
            Direction::TowardClient => &self.toward_client,
        }
    }

    fn one_way_mut(&mut self, direction: Direction) -> &mut OneWay {
        match direction {
            Direction::TowardServer => &mut self.toward_server,
            Direction::TowardClient => &mut self.toward_client,
        }
    }
}

impl OneWay {
    /// The bytes before which the connection is cut; empty ones match nothing.
    pub(super) fn set_pattern(&mut self, pattern: &[u8]) {
        self.pattern = Some(pattern.to_vec()).filter(|pattern| !pattern.is_empty());
    }
}
