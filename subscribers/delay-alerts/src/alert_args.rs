use clap::Args;
use hyper::Uri;

/// Whom to tell, and of what.
#[derive(Debug, Args)]
pub struct AlertArgs {
    /// Send alerts to this address, as in `https://example.org/alerts`; it may hold a secret
    #[arg(long, value_name = "URL", env = "DELAY_ALERTS_WEBHOOK", hide_env_values = true, value_parser = webhook)]
    pub webhook: Uri,

    /// Tell of departures that were late by more than so many minutes
    #[arg(long, value_name = "MINUTES", default_value_t = 60, env = "DELAY_ALERTS_LATE_MINUTES")]
    pub late_minutes: u16,
}

fn webhook(text: &str) -> Result<Uri, String> {
    const REMEDY: &str = "write it as https://example.org/alerts";
    let address: Uri = text.parse().map_err(|error| format!("{error}; {REMEDY}"))?;
    match (address.scheme_str(), address.host()) {
        (Some("http" | "https"), Some(_)) => Ok(address),
        _ => Err(format!("it is no address of the web; {REMEDY}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_has_a_scheme_and_a_host() {
        assert!(webhook("http://127.0.0.1:8080/alerts?token=7").is_ok());
        for wrong in ["example.org", "/alerts", "ftp://example.org/", "https://", ""] {
            let refused = webhook(wrong).unwrap_err();
            assert!(refused.ends_with("write it as https://example.org/alerts"), "{wrong:?}: {refused}");
        }
    }
}
