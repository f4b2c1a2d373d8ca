use std::fmt::{self, Display};
use std::num::ParseIntError;
use std::str::FromStr;

/// A key whose texts are in the order of the keys, so that a range of keys is a range of rows:
/// `one < other` exactly when `one.to_string() < other.to_string()`.
///
/// Implement it for a type of yours of which that is true, such as an id that begins with a date. It isn't
/// true of numbers, for `"10" < "9"`; write [`Padded`] for these.
pub trait OrderedKey: Display + FromStr + Ord {}

impl OrderedKey for String {}

/// A number as a key of a table: its text has as many digits as the greatest number of its type, so that
/// texts are in the order of numbers.
///
/// # Example
///
/// ```
/// use headwater_subscriber::Padded;
///
/// assert_eq!(Padded(7_u32).to_string(), "0000000007");
/// assert_eq!("0000000007".parse(), Ok(Padded(7_u32)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Padded<N>(pub N);

macro_rules! padded {
    ($($number:ty: $digits:literal),* $(,)?) => {$(
        impl OrderedKey for Padded<$number> {}

        impl Display for Padded<$number> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("{:0", $digits, "}"), self.0)
            }
        }

        impl FromStr for Padded<$number> {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, ParseIntError> {
                text.parse().map(Self)
            }
        }
    )*};
}

padded!(u8: 3, u16: 5, u32: 10, u64: 20);

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_ordered<K: OrderedKey + Copy + fmt::Debug>(keys: &[K])
    where
        K::Err: fmt::Debug,
    {
        for one in keys {
            assert_eq!(one.to_string().parse::<K>().ok(), Some(*one));
            for other in keys {
                assert_eq!(one.cmp(other), one.to_string().cmp(&other.to_string()), "{one} and {other}");
            }
        }
    }

    #[test]
    fn texts_of_padded_numbers_are_in_the_order_of_the_numbers() {
        assert_ordered(&[0, 1, 9, 10, 99, 100, u8::MAX].map(Padded));
        assert_ordered(&[0, 9, 10, 9999, 10_000, u16::MAX].map(Padded));
        assert_ordered(&[0, 9, 10, 999_999_999, 1_000_000_000, u32::MAX].map(Padded));
        assert_ordered(&[0, 9, 10, u64::MAX / 2, u64::MAX - 1, u64::MAX].map(Padded));
    }
}
