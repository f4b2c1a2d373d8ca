use std::time::Duration;

use flight_events::FlightDeparted;
use headwater_subscriber::{Effect, React, ReactError, Reactor, ReactorOptions, Recorded};

use crate::{Alert, AlertArgs, Webhook, WebhookError};

/// The reactor: an alert for each departure that was late by more than a set time.
#[derive(Reactor)]
#[reactor(contract = "contract.toml", version = 1, handles(FlightDeparted))]
pub struct DelayAlerts {
    webhook: Webhook,
    late_minutes: i32,
}

impl DelayAlerts {
    /// The reactor that these options ask for.
    ///
    /// # Errors
    ///
    /// [`WebhookError`] when this machine can't check whom it talks to.
    pub fn new(args: &AlertArgs) -> Result<Self, WebhookError> {
        Ok(Self { webhook: Webhook::new(args.webhook.clone())?, late_minutes: args.late_minutes.into() })
    }

    /// How it works: a webhook that takes longer than 10 s has failed.
    #[must_use]
    pub fn options() -> ReactorOptions {
        ReactorOptions { attempt_time_max: Duration::from_secs(10), ..ReactorOptions::default() }
    }
}

impl React<FlightDeparted> for DelayAlerts {
    async fn react(&self, event: &Recorded<'_, FlightDeparted>, effect: &Effect) -> Result<(), ReactError> {
        if event.data.delay_minutes <= self.late_minutes {
            return Ok(());
        }
        let alert = serde_json::to_string(&Alert::from(&event.data)).map_err(ReactError::refused)?;
        self.webhook.post(alert, &effect.key).await.map_err(|error| {
            if error.says_nothing_of_the_alert() {
                ReactError::unavailable(error)
            } else if error.may_pass() {
                ReactError::failed(error)
            } else {
                ReactError::refused(error)
            }
        })
    }
}
