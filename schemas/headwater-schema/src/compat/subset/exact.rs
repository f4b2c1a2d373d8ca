//! JSON numbers as exact rationals, and JSON values in a form where equal means mathematically equal.

use num::{BigInt, BigRational, One, Signed, ToPrimitive};
use serde_json::{Map, Number, Value};

/// An exact number.
pub(super) type Exact = BigRational;

/// An `f64` gives back every decimal of this many digits; a longer one may have been written differently.
const FAITHFUL_DIGITS: usize = 15;

/// The number that was written, or nothing when an `f64` may have lost some of it.
pub(super) fn exact(number: &Number) -> Option<Exact> {
    if let Some(integer) = number.as_i64() {
        return Some(Exact::from_integer(integer.into()));
    }
    if let Some(integer) = number.as_u64() {
        return Some(Exact::from_integer(integer.into()));
    }
    decimal(&number.to_string())
}

fn decimal(text: &str) -> Option<Exact> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.trim_start_matches('+').parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('-').trim_matches('0').len();
    if significant > FAITHFUL_DIGITS || exponent.unsigned_abs() > 400 {
        return None;
    }
    let places = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let scale = Exact::from_integer(BigInt::from(10).pow(places.unsigned_abs()));
    let digits = Exact::from_integer(digits.parse().ok()?);
    Some(if places < 0 { digits / scale } else { digits * scale })
}

/// The JSON number that is read back as exactly this one, if there is one.
pub(super) fn number(exact_value: &Exact) -> Option<Number> {
    if exact_value.is_integer() {
        let integer = exact_value.to_integer();
        if let Some(integer) = integer.to_i64() {
            return Some(integer.into());
        }
        if let Some(integer) = integer.to_u64() {
            return Some(integer.into());
        }
    }
    let number = Number::from_f64(exact_value.to_f64()?)?;
    (exact(&number).as_ref() == Some(exact_value)).then_some(number)
}

/// A length or a count: a whole number that is not negative.
pub(super) fn count(number: &Number) -> Option<u64> {
    let exact = exact(number)?;
    (exact.is_integer() && !exact.is_negative()).then(|| exact.to_integer().to_u64()).flatten()
}

/// The value with every number in one form, or nothing when it has a number that may have lost digits.
pub(super) fn canonical(value: &Value) -> Option<Value> {
    Some(match value {
        Value::Number(raw) => Value::Number(number(&exact(raw)?)?),
        Value::Array(items) => Value::Array(items.iter().map(canonical).collect::<Option<_>>()?),
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| name.as_str());
            let mut object = Map::new();
            for (name, member) in sorted {
                object.insert(name.clone(), canonical(member)?);
            }
            Value::Object(object)
        }
        other => other.clone(),
    })
}

/// The smallest number that is a whole multiple of both.
pub(super) fn common_multiple(a: &Exact, b: &Exact) -> Exact {
    let numer = num::integer::lcm(a.numer() * b.denom(), b.numer() * a.denom());
    Exact::new(numer, a.denom() * b.denom()).abs()
}

/// Whether `value` is a whole multiple of `divisor`, which is not zero.
pub(super) fn is_multiple(value: &Exact, divisor: &Exact) -> bool {
    (value / divisor).is_integer()
}

/// Whether all validators see that every multiple of one number is one of the other, if that is so.
///
/// Some compute with binary fractions, in which 0.5 is exact, and 0.3 isn't: they say that 3, or that a large multiple of
/// it, is no multiple of 0.3.
pub(super) fn is_seen_by_all(multiple: &Exact, divisor: &Exact) -> bool {
    let is_binary = divisor.denom().magnitude().count_ones() == 1;
    is_binary || !multiple.is_integer()
}

/// One, the divisor of the whole numbers.
pub(super) fn one() -> Exact {
    Exact::one()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_point_zero_and_one_are_the_same_value() {
        assert_eq!(canonical(&json!({"b": [1.0], "a": -0.0})), canonical(&json!({"a": 0, "b": [1]})));
    }

    #[test]
    fn a_number_that_may_have_lost_digits_is_not_trusted() {
        assert_eq!(canonical(&json!(0.300_000_000_000_000_04)), None);
        assert_eq!(canonical(&json!(18_446_744_073_709_551_616.0)), None);
        assert!(canonical(&json!(1e20)).is_some());
        assert!(canonical(&json!(9_007_199_254_740_993_u64)).is_some());
    }

    #[test]
    fn decimals_are_what_was_written() {
        let tenth = exact(json!(0.1).as_number().expect("a number"));
        assert_eq!(tenth, Some(Exact::new(1.into(), 10.into())));
        assert_eq!(
            common_multiple(&tenth.expect("exact"), &Exact::new(1.into(), 4.into())),
            Exact::new(1.into(), 2.into())
        );
    }
}
