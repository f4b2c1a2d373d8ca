//! One file for each thing that is asked of every system.

mod declared_unpublished;
mod domain_shared;
mod exemption_unneeded;
mod external_expired;
mod name_taken;
mod outside_domain;
mod publication_past_sunset;
mod publication_unread;
mod same_work;
mod subscription_past_sunset;
mod subscription_to_retiring;
mod subscription_unpublished;
mod unconnected_versions;
mod undeclared;
mod unused_ok_expired;
mod version_too_new;

pub use name_taken::misnamed;

use super::check::Check;

pub(super) static CHECKS: &[Check] = &[
    subscription_unpublished::CHECK,
    version_too_new::CHECK,
    undeclared::CHECK,
    domain_shared::CHECK,
    outside_domain::CHECK,
    unconnected_versions::CHECK,
    name_taken::CHECK,
    publication_unread::CHECK,
    declared_unpublished::CHECK,
    exemption_unneeded::CHECK,
    same_work::CHECK,
    subscription_past_sunset::CHECK,
    publication_past_sunset::CHECK,
    subscription_to_retiring::CHECK,
    unused_ok_expired::CHECK,
    external_expired::CHECK,
];
