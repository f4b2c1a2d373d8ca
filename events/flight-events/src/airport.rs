use crate::code::code;

code! {
    /// An airport's IATA code: three capital letters, as in `EWR`.
    Airport, AirportError, 3, u8::is_ascii_uppercase, "^[A-Z]{3}$",
    "an airport's IATA code (three capital letters, as in EWR)"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_three_letters() {
        assert_eq!("EWR".parse::<Airport>().unwrap().to_string(), "EWR");
        assert_eq!(serde_json::from_str::<Airport>("\"EWR\"").unwrap().as_str(), "EWR");
    }

    #[test]
    fn refuses_anything_else() {
        for text in ["", "EW", "EWRX", "ewr", "04G", "É1", "E\u{fffd}"] {
            assert_eq!(text.parse::<Airport>(), Err(AirportError { text: text.to_owned() }));
        }
    }
}
