use super::query::Parameter;

/// The condition that the key of a row is at or after `from`, and before `to`.
///
/// A bound may be any bytes, and a key is a text: what the bound has up to its first byte that no key has is compared
/// in the index.
pub(super) fn conditions(from: &[u8], to: Option<&[u8]>) -> (String, Vec<Parameter>) {
    let mut conditions = Vec::new();
    let mut parameters = Vec::new();
    let mut add = |condition: &str, parameter| {
        parameters.push(parameter);
        conditions.push(format!("{condition} ${}", parameters.len()));
    };
    if !from.is_empty() {
        let (text, rest) = divided(from);
        match rest {
            Rest::Nothing => add("key >=", Parameter::Text(text)),
            // No key has a zero byte, so whatever begins with the text is greater than the bound, but for the text.
            Rest::Zero => add("key >", Parameter::Text(text)),
            Rest::Invalid => {
                add("key >=", Parameter::Text(text));
                add("convert_to(key, 'UTF8') >=", Parameter::Bytes(from.to_owned()));
            }
        }
    }
    if let Some(to) = to {
        let (text, rest) = divided(to);
        match rest {
            Rest::Nothing => add("key <", Parameter::Text(text)),
            Rest::Zero => add("key <=", Parameter::Text(text)),
            Rest::Invalid => add("convert_to(key, 'UTF8') <", Parameter::Bytes(to.to_owned())),
        }
    }
    if conditions.is_empty() {
        return (String::new(), parameters);
    }
    (format!("WHERE {}", conditions.join(" AND ")), parameters)
}

/// What comes after the text that a bound begins with.
enum Rest {
    Nothing,
    /// A zero byte, and whatever comes after it.
    Zero,
    /// Bytes that are no text.
    Invalid,
}

fn divided(bound: &[u8]) -> (String, Rest) {
    let valid = match std::str::from_utf8(bound) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bound[..error.valid_up_to()]).unwrap_or_default(),
    };
    let text = valid.split('\0').next().unwrap_or_default();
    let rest = match bound.get(text.len()) {
        None => Rest::Nothing,
        Some(0) => Rest::Zero,
        Some(_) => Rest::Invalid,
    };
    (text.to_owned(), rest)
}
