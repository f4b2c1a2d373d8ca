use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

#[cfg(any(feature = "memory", feature = "testkit"))]
use futures::future::BoxFuture;
use headwater_event::Aggregate;
use tokio::sync::oneshot;

use super::AppendError;

/// Where the events of a commit are stored. Those that are stored together follow one another without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The sequence of the last event: the new version of the last aggregate.
    pub last: u64,
    /// Whether the events were there already: this was a retry.
    pub duplicate: bool,
}

/// The answer to an append that is under way.
///
/// Dropping it doesn't take the append back.
#[must_use = "without its answer nobody knows whether an append was stored"]
pub struct PendingAppend(Pending);

enum Pending {
    /// Whoever has the sender knows the answer; nobody does when the sender is dropped.
    Answered(Aggregate, oneshot::Receiver<Result<Appended, AppendError>>),
    #[cfg(any(feature = "memory", feature = "testkit"))]
    Other(BoxFuture<'static, Result<Appended, AppendError>>),
}

impl PendingAppend {
    #[cfg(any(feature = "memory", feature = "testkit"))]
    pub(crate) fn new(answer: impl Future<Output = Result<Appended, AppendError>> + Send + 'static) -> Self {
        Self(Pending::Other(Box::pin(answer)))
    }

    /// The answer that comes from whoever has the sender, or that nobody knows, when the sender is dropped.
    pub(crate) fn answered(
        aggregate: &Aggregate,
        answer: oneshot::Receiver<Result<Appended, AppendError>>,
    ) -> Self {
        Self(Pending::Answered(aggregate.clone(), answer))
    }
}

impl Future for PendingAppend {
    type Output = Result<Appended, AppendError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Pending::Answered(aggregate, answer) => Pin::new(answer).poll(cx).map(|answer| {
                answer.unwrap_or_else(|gone| {
                    Err(AppendError::Unknown { aggregate: aggregate.clone(), source: gone.into() })
                })
            }),
            #[cfg(any(feature = "memory", feature = "testkit"))]
            Pending::Other(answer) => answer.as_mut().poll(cx),
        }
    }
}
