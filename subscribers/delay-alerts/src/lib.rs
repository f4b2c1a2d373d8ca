//! Tells a webhook of departures that were late: the reference reactor.

mod alert;
mod alert_args;
mod delay_alerts;
mod webhook;
mod webhook_error;

pub use alert::Alert;
pub use alert_args::AlertArgs;
pub use delay_alerts::DelayAlerts;
pub use webhook::Webhook;
pub use webhook_error::WebhookError;
