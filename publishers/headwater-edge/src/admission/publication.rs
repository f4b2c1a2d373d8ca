use headwater_contract::EventRef;
use headwater_event::{Aggregate, Domain, Envelope, EventType};

use super::Refusal;
use super::data_check::DataCheck;
use crate::problem::ProblemKind;
use crate::request::MediaType;

/// One version of an event that a service publishes.
#[derive(Debug)]
pub(super) struct Publication {
    pub(super) event: EventRef,
    pub(super) domain: Domain,
    pub(super) data: DataCheck,
}

impl Publication {
    /// The aggregate that the event happened to, unless something is wrong with the event.
    pub(super) fn check(&self, event: &Envelope) -> Result<Aggregate, Refusal> {
        self.check_attributes(event)?;
        let subject = event.subject().ok_or_else(|| {
            let detail = "attribute `subject`: is missing; it names the aggregate that the event happened to";
            Refusal::at(ProblemKind::MALFORMED_EVENT, "/subject", detail)
        })?;
        let aggregate = Aggregate::new(self.domain.clone(), self.event.name.aggregate(), subject)
            .map_err(|error| Refusal::at(ProblemKind::MALFORMED_EVENT, "/subject", error.to_string()))?;
        self.data.check(event.data_bytes().map(AsRef::as_ref))?;
        Ok(aggregate)
    }

    fn check_attributes(&self, event: &Envelope) -> Result<(), Refusal> {
        if let Some(content_type) = event.data_content_type().filter(|name| !MediaType::of(name).is_json()) {
            let detail = format!("the data have the content type {content_type:?}, and must be JSON");
            return Err(Refusal::at(ProblemKind::UNSUPPORTED_MEDIA_TYPE, "/datacontenttype", detail));
        }
        // The type is a registered one, so it has the form of one.
        let wanted = event.event_type().as_ref().map(EventType::data_schema).unwrap_or_default();
        match event.data_schema() {
            Some(given) if given != wanted => {
                let detail = format!("`dataschema` names {given:?}; leave it out, or name {wanted:?}");
                Err(Refusal::at(ProblemKind::SCHEMA_VIOLATION, "/dataschema", detail))
            }
            _ => Ok(()),
        }
    }
}
