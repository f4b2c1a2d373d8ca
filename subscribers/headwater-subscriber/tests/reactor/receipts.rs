use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use headwater_subscriber::{Effect, React, ReactError, Reactor, Recorded};
use tokio::sync::Semaphore;

use crate::common::shop::OrderPaid;

/// Sends a receipt for each payment.
#[derive(Reactor)]
#[reactor(name = "receipts", version = 3, handles(OrderPaid))]
pub(crate) struct Receipts {
    pub(crate) mail: Arc<Mail>,
}

/// The world outside, which notes what it is asked for.
#[derive(Default)]
pub(crate) struct Mail {
    /// What was sent: order, number, idempotency key.
    pub(crate) sent: Mutex<Vec<(String, u64, String)>>,
    /// What is wrong with these orders.
    pub(crate) faults: Mutex<HashMap<String, Fault>>,
    pub(crate) is_down: AtomicBool,
    pub(crate) is_silent: AtomicBool,
    pub(crate) attempts: AtomicU64,
    /// The highest attempt number that was seen.
    pub(crate) attempt_max: AtomicU64,
    /// When there is one, each receipt needs a permit.
    pub(crate) gate: Mutex<Option<Arc<Semaphore>>>,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    Fails,
    /// With more words than the broker takes in one message.
    FailsAtLength,
    Refused,
    Panics,
    Hangs,
}

impl React<OrderPaid> for Receipts {
    async fn react(&self, event: &Recorded<'_, OrderPaid>, effect: &Effect) -> Result<(), ReactError> {
        let OrderPaid { order, cents, .. } = &event.data;
        let mail = &self.mail;
        mail.attempts.fetch_add(1, Ordering::SeqCst);
        mail.attempt_max.fetch_max(effect.attempt.into(), Ordering::SeqCst);
        let gate = mail.gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.acquire().await.unwrap().forget();
        }
        if mail.is_down.load(Ordering::SeqCst) {
            return Err(ReactError::unavailable("connection refused"));
        }
        if mail.is_silent.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let fault = mail.faults.lock().unwrap().get(order).copied();
        match fault {
            Some(Fault::Fails) => return Err(ReactError::failed("the mailbox is full")),
            Some(Fault::FailsAtLength) => return Err(ReactError::failed("too long ".repeat(300_000))),
            Some(Fault::Refused) => return Err(ReactError::refused("there is no such address")),
            Some(Fault::Panics) => panic!("this order is too much"),
            Some(Fault::Hangs) => tokio::time::sleep(Duration::from_secs(3600)).await,
            None => {}
        }
        mail.sent.lock().unwrap().push((order.clone(), *cents, effect.key.to_string()));
        Ok(())
    }
}

impl Mail {
    /// The numbers of the receipts that were sent for an order, in their order.
    pub(crate) fn of(&self, order: &str) -> Vec<u64> {
        let sent = self.sent.lock().unwrap();
        sent.iter().filter(|(of, ..)| of == order).map(|(_, number, _)| *number).collect()
    }

    pub(crate) fn count(&self) -> usize {
        self.sent.lock().unwrap().len()
    }

    pub(crate) fn fault(&self, order: &str, fault: Option<Fault>) {
        let mut faults = self.faults.lock().unwrap();
        match fault {
            Some(fault) => faults.insert(order.to_owned(), fault),
            None => faults.remove(order),
        };
    }
}
