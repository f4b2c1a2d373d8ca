use super::site::{NAME_BYTES_MAX, OWN};

/// Where a key is kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Slot<'a> {
    /// As a row of a table of the projection.
    Row { table: &'a str, key: &'a str },
    /// Among the entries: the checkpoint, indexes, and what no table of SQL can hold.
    Entry { head: &'a [u8], tail: &'a [u8] },
}

/// The greatest key of an index has some 2,700 bytes.
const KEY_BYTES_MAX: usize = 2_000;

/// How much of an entry's key is indexed as it is; of the rest it is a hash.
const HEAD_BYTES: usize = 1_000;

/// Where the key is kept. It depends on the key alone, so that it is always the same place.
pub(super) fn slot(key: &[u8]) -> Slot<'_> {
    row(key).unwrap_or_else(|| {
        let (head, tail) = halves(key);
        Slot::Entry { head, tail }
    })
}

/// The parts of an entry's key.
pub(super) fn halves(key: &[u8]) -> (&[u8], &[u8]) {
    key.split_at(key.len().min(HEAD_BYTES))
}

/// A name of a table, a zero byte, and a text without one.
fn row(key: &[u8]) -> Option<Slot<'_>> {
    let zero = key.iter().position(|&byte| byte == 0)?;
    let table = std::str::from_utf8(&key[..zero]).ok()?;
    let key = std::str::from_utf8(&key[zero + 1..]).ok()?;
    let fits = (1..=NAME_BYTES_MAX).contains(&table.len())
        && !table.starts_with(OWN)
        && key.len() <= KEY_BYTES_MAX
        && !key.contains('\0');
    fits.then_some(Slot::Row { table, key })
}

/// The key of a row.
pub(super) fn row_key(table: &str, key: &str) -> Vec<u8> {
    [table.as_bytes(), b"\0", key.as_bytes()].concat()
}

/// The part of a range of keys that is in a table: from which bytes, and before which, if not to its end.
pub(super) fn part<'a>(table: &str, from: &'a [u8], to: &'a [u8]) -> Option<(&'a [u8], Option<&'a [u8]>)> {
    let (begin, end) = ([table.as_bytes(), b"\0"].concat(), [table.as_bytes(), b"\x01"].concat());
    if to <= begin.as_slice() || from >= end.as_slice() {
        return None;
    }
    let inner = |bound: &'a [u8]| bound.get(begin.len()..).unwrap_or_default();
    let from = if from > begin.as_slice() { inner(from) } else { &[] };
    let to = (to < end.as_slice()).then(|| inner(to));
    Some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_what_a_table_of_sql_can_hold() {
        let long = [b"stock\0".as_slice(), &[b'k'; 2001]].concat();
        assert_eq!(slot(b"stock\0pears"), Slot::Row { table: "stock", key: "pears" });
        assert_eq!(slot("Über \"\0".as_bytes()), Slot::Row { table: "Über \"", key: "" });
        for key in [
            b"stock".as_slice(),
            b"",
            b"\0checkpoint",
            b"stock\0\xff",
            b"stock\0a\0b",
            b"st\xffock\0a",
            b"headwater_tables\0a",
            &[&[b't'; 64], b"\0a".as_slice()].concat(),
            &long,
        ] {
            let Slot::Entry { head, tail } = slot(key) else { panic!("{key:?}") };
            assert_eq!([head, tail].concat(), key);
        }
    }

    #[test]
    fn a_range_has_a_part_in_a_table() {
        assert_eq!(part("b", b"a\0x", b"c\0x"), Some((b"".as_slice(), None)));
        assert_eq!(part("b", b"b\0x", b"b\0y"), Some((b"x".as_slice(), Some(b"y".as_slice()))));
        assert_eq!(part("b", b"b", b"b\0y"), Some((b"".as_slice(), Some(b"y".as_slice()))));
        assert_eq!(part("b", b"b\0x", b"b\x01"), Some((b"x".as_slice(), None)));
        assert_eq!(part("b", b"b\0x\0", b"\xff"), Some((b"x\0".as_slice(), None)));
        for (from, to) in
            [(b"b\x01".as_slice(), b"c".as_slice()), (b"a", b"b\0"), (b"a", b"b"), (b"bb\0", b"c")]
        {
            assert_eq!(part("b", from, to), None, "{from:?}");
        }
    }
}
