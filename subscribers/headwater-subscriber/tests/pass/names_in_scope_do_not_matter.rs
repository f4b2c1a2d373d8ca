//! What the macro writes needs no import and is not confused by names that shadow the prelude's.
#![allow(dead_code)]

struct Result;
struct Table;
struct Tx;
trait Event {}
trait Apply {}

mod events {
    #[derive(serde::Serialize, serde::Deserialize, headwater_event::JsonSchema, headwater_event::Event)]
    #[event(domain = "orders", aggregate = "order", name = "paid", version = 1)]
    pub(crate) struct OrderPaid {
        #[event(key)]
        order: String,
    }

    /// The same name in another aggregate of the domain is another event.
    #[derive(serde::Serialize, serde::Deserialize, headwater_event::JsonSchema, headwater_event::Event)]
    #[event(domain = "orders", aggregate = "invoice", name = "paid", version = 1)]
    pub(crate) struct InvoicePaid {
        #[event(key)]
        invoice: String,
    }
}

#[derive(headwater_subscriber::Projection)]
#[projection(name = "revenue", version = 2, applies(events::OrderPaid, events::InvoicePaid))]
struct Revenue {
    r#type: headwater_subscriber::Table<String, u64>,
    by_order: headwater_subscriber::Table<String, u64>,
}

impl headwater_subscriber::Apply<events::OrderPaid> for Revenue {
    fn apply(
        &self,
        _: &headwater_subscriber::Recorded<'_, events::OrderPaid>,
        _: &mut headwater_subscriber::Tx<'_>,
    ) -> std::result::Result<(), headwater_subscriber::ApplyError> {
        Ok(())
    }
}

impl headwater_subscriber::Apply<events::InvoicePaid> for Revenue {
    fn apply(
        &self,
        _: &headwater_subscriber::Recorded<'_, events::InvoicePaid>,
        _: &mut headwater_subscriber::Tx<'_>,
    ) -> std::result::Result<(), headwater_subscriber::ApplyError> {
        Ok(())
    }
}

fn main() {
    assert_eq!(<Revenue as headwater_subscriber::Projection>::NAME, "revenue");
    assert_eq!(<Revenue as headwater_subscriber::Projection>::VERSION, 2);
    let revenue = <Revenue as headwater_subscriber::Projection>::new();
    assert!(format!("{:?}", revenue.r#type).contains("\"type\""));
    assert!(format!("{:?}", revenue.by_order).contains("\"by-order\""));
}
