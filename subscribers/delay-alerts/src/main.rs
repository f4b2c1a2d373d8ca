//! Tells a webhook of departures that were late.

use delay_alerts::{AlertArgs, DelayAlerts};
use headwater_subscriber::{Exit, reactor_main_with};

fn main() -> Exit {
    let about = "Tells a webhook of departures that were late";
    reactor_main_with(about, DelayAlerts::options(), |args: AlertArgs| Ok(DelayAlerts::new(&args)?))
}
