use headwater_log::service::http::Problem;

use super::Freshness;
use super::phase::Phase;
use super::problems::{HALTED, NOT_REACHED, STOPPING, at, invalid};
use super::source::Source;
use crate::Positions;

impl Source {
    /// Waits until the projection is as far as the client wants it to be.
    pub(super) async fn reach(&self, freshness: &Freshness) -> Result<(), Problem> {
        let wanted = freshness.wanted(&self.positions())?;
        let limit = freshness.timeout.unwrap_or(self.limits.wait);
        if limit > self.limits.wait_max {
            let max = self.limits.wait_max;
            return Err(invalid(format!("`timeout` is {limit:?}, and a request waits at most {max:?}")));
        }
        if self.has_reached(&wanted) {
            return Ok(());
        }
        let mut phase = self.phase.subscribe();
        let (mut position, mut passed) = (self.position.clone(), self.passed.subscribe());
        let reached = async {
            while !self.has_reached(&wanted) {
                let changed = tokio::select! {
                    changed = position.changed() => changed,
                    changed = passed.changed() => changed,
                };
                // Only when it has ended there is nobody left who says where it is.
                if changed.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        let halted = async {
            match phase.wait_for(|phase| matches!(phase, Phase::Halted(_))).await {
                Ok(phase) => match &*phase {
                    Phase::Halted(reason) => reason.clone(),
                    _ => String::new(),
                },
                Err(_) => String::new(),
            }
        };
        let ended = tokio::select! {
            biased;
            () = reached => None,
            reason = halted => Some(Problem::new(HALTED, format!("the position will not be reached, for {reason}"))),
            () = self.stop.cancelled() => Some(Problem::new(STOPPING, "the process ends, and the position isn't reached")),
            // A timer is part of the wait, so that none is left behind.
            () = tokio::time::sleep(limit) => Some(Problem::new(
                NOT_REACHED,
                format!("the projection isn't there after {limit:?}; `positions` says where it is"),
            )),
        };
        match ended {
            // It may have come at the last moment.
            Some(_) if self.has_reached(&wanted) => Ok(()),
            Some(problem) => Err(at(problem, &self.positions())),
            None => Ok(()),
        }
    }

    fn has_reached(&self, wanted: &Positions) -> bool {
        self.passed.reaches(&self.position.borrow(), wanted)
    }
}
