use std::time::Duration;

use axum::http::Uri;
use clap::Args;
use headwater_log::LeaseConfig;

use crate::Partitioning;
use crate::service::parse_time;

/// How instances of a service share the partitions of its projection.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Partitions")]
pub(crate) struct SharingArgs {
    /// Divide the projection's state into so many partitions by the keys of events, and work on them side by side. Another number is another
    /// build
    #[arg(long, value_name = "N", default_value_t, env = "HEADWATER_PARTITIONS")]
    pub(crate) partitions: Partitioning,

    /// Share the partitions with the other instances that are started so: they share again when one comes or goes
    #[arg(long, env = "HEADWATER_SHARE")]
    pub(crate) share: bool,

    /// Where other instances and clients find this one's HTTP API, such as http://10.0.0.7:8081
    #[arg(long, value_name = "URL", requires = "share", env = "HEADWATER_ADVERTISE", value_parser = parse_url)]
    advertise: Option<String>,

    /// After how long without a sign of life the others take an instance's partitions, such as `3s`; longer than an election of the
    /// broker's cluster, if partitions shouldn't move in one
    #[arg(long, value_name = "TIME", default_value = "3s", env = "HEADWATER_LEASE_TIME", value_parser = parse_lease)]
    lease_time: Duration,
}

fn parse_lease(text: &str) -> Result<Duration, String> {
    let time = Duration::try_from(parse_time(text)?).map_err(|error| error.to_string())?;
    if !LeaseConfig::TIMES.contains(&time) {
        let (least, most) = LeaseConfig::TIMES.into_inner();
        return Err(format!("a lease takes from {least:?} to {most:?}"));
    }
    Ok(time)
}

fn parse_url(text: &str) -> Result<String, String> {
    const REMEDY: &str = "write it as http://10.0.0.7:8081";
    let url: Uri = text.parse().map_err(|error| format!("{error}; {REMEDY}"))?;
    match url.scheme_str() {
        Some("http" | "https") if url.authority().is_some() => Ok(text.to_owned()),
        _ => Err(format!("it is no address of HTTP; {REMEDY}")),
    }
}

impl SharingArgs {
    /// Where others find this instance; empty when they can't.
    pub(crate) fn address(&self) -> String {
        self.advertise.clone().unwrap_or_default()
    }

    /// What is wrong with the options.
    pub(crate) fn check(&self) -> Result<(), SharingArgsError> {
        if self.share && self.partitions == Partitioning::default() {
            return Err(SharingArgsError::Whole);
        }
        Ok(())
    }

    /// How leases are kept, by so many servers.
    pub(crate) fn leases(&self, replicas: usize) -> LeaseConfig {
        LeaseConfig { replicas, time: self.lease_time }
    }
}

/// Why the options don't say how to share.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SharingArgsError {
    /// There is nothing to share.
    #[error(
        "--share needs partitions to share; say how many with --partitions, at least as many as there will be instances"
    )]
    Whole,
}
