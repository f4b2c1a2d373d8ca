use crate::code::code;

code! {
    /// An airline's IATA code: two capital letters or digits, as in `UA` or `9E`.
    Carrier, CarrierError, 2, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit(), "^[A-Z0-9]{2}$",
    "an airline's IATA code (two capital letters or digits, as in UA)"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn may_hold_a_digit() {
        assert_eq!("9E".parse::<Carrier>().unwrap().to_string(), "9E");
    }

    #[test]
    fn says_what_a_code_looks_like() {
        let message = "ua".parse::<Carrier>().unwrap_err().to_string();
        assert_eq!(message, "\"ua\" is not an airline's IATA code (two capital letters or digits, as in UA)");
    }
}
