use std::collections::BTreeMap;

use headwater_subscriber::{Order, Write};

use crate::bed::{Bed, cases};

cases![any_keys_are_read_in_the_order_of_their_bytes_from_anywhere_to_anywhere];

/// Keys of tables, keys that no table can hold, and what is between them, against a map.
fn any_keys_are_read_in_the_order_of_their_bytes_from_anywhere_to_anywhere(bed: &Bed) {
    let (store, _) = bed.store();
    let mut random = Random(20_130_101);
    let mut map: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    for round in 0..12 {
        let mut writes = BTreeMap::new();
        for number in 0..60 {
            let key = random.key();
            let value = (random.below(4) > 0).then(|| format!("{round}{number}").into_bytes());
            writes.insert(key, value);
        }
        for (key, value) in &writes {
            match value {
                Some(value) => map.insert(key.clone(), value.clone()),
                None => map.remove(key),
            };
        }
        store.commit(writes.into_iter().map(|(key, value)| Write { key, value }).collect()).unwrap();
    }
    assert!(map.len() > 300, "{}", map.len());
    let snapshot = store.snapshot().unwrap();
    for (key, value) in &map {
        assert_eq!(snapshot.get(key).unwrap().as_ref(), Some(value), "{key:?}");
    }
    let mut found = 0;
    for _ in 0..150 {
        let (from, to) = (random.key(), random.key());
        let mut expected: Vec<_> = map.iter().filter(|(key, _)| **key >= from && **key < to).collect();
        for order in [Order::Ascending, Order::Descending] {
            let read: Vec<_> = snapshot.range(&from..&to, order).map(Result::unwrap).collect();
            let read: Vec<_> = read.iter().map(|(key, value)| (key, value)).collect();
            assert_eq!(read, expected, "{from:?} to {to:?}");
            expected.reverse();
        }
        assert_eq!(snapshot.get(&from).unwrap(), map.get(&from).cloned());
        found += expected.len();
    }
    assert!(found > 10_000, "{found}");
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 40).unwrap() % limit
    }

    /// A few pieces, so that keys share beginnings, and some end in the middle of a character.
    fn key(&mut self) -> Vec<u8> {
        const PIECES: [&[u8]; 16] = [
            b"a",
            b"b",
            b"Z",
            b"\0",
            b"\0",
            b"\x01",
            b"\x7f",
            "é".as_bytes(),
            "\u{10ffff}".as_bytes(),
            b"\xff",
            b"\xc3",
            b" ",
            b"\"",
            b"'",
            b"headwater_",
            b"%",
        ];
        let mut key = match self.below(4) {
            0 => Vec::new(),
            1 => b"flights\0".to_vec(),
            2 => b"a\0".to_vec(),
            _ => "é\0".as_bytes().to_vec(),
        };
        for _ in 0..self.below(5) {
            key.extend_from_slice(PIECES[self.below(PIECES.len())]);
        }
        if self.below(12) == 0 {
            // No index of a database takes it as it is, and only the end tells two of them apart.
            let mut noise = Random(7);
            key.extend((0..3000).map(|_| u8::try_from(noise.below(255)).unwrap()));
            key.push(u8::try_from(self.below(3)).unwrap());
        }
        key
    }
}
