use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Puts items in order that are read in batches, while batches overlap.
///
/// Each unread batch has a bound that none of its items is before. An item is released when it is
/// before the bound of every unread batch, so no more waits than the batches overlap.
#[derive(Debug)]
pub struct TimeOrder<T> {
    waiting: BinaryHeap<Reverse<T>>,
}

impl<T: Ord> TimeOrder<T> {
    /// Adds an item of a batch.
    pub fn push(&mut self, item: T) {
        self.waiting.push(Reverse(item));
    }

    /// Takes the first item if `is_before_unread` says that no item of an unread batch can precede it.
    pub fn pop_if(&mut self, is_before_unread: impl FnOnce(&T) -> bool) -> Option<T> {
        let Reverse(first) = self.waiting.peek()?;
        if is_before_unread(first) { self.waiting.pop().map(|Reverse(first)| first) } else { None }
    }

    /// How many items wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

impl<T: Ord> Default for TimeOrder<T> {
    fn default() -> Self {
        Self { waiting: BinaryHeap::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_back_what_an_unread_batch_may_precede() {
        let mut order = TimeOrder::default();
        for item in [30, 10, 20] {
            order.push(item);
        }
        let unread_begins_at = 20;
        assert_eq!(order.pop_if(|item| *item < unread_begins_at), Some(10));
        assert_eq!(order.pop_if(|item| *item < unread_begins_at), None);
        order.push(25);
        let rest: Vec<_> = std::iter::from_fn(|| order.pop_if(|_| true)).collect();
        assert_eq!(rest, [20, 25, 30]);
        assert!(order.is_empty());
    }
}
