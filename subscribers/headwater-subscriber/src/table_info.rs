/// What a projection's table is called, for those who don't know its type.
#[derive(Debug, Clone)]
pub struct TableInfo {
    /// Its name.
    pub name: &'static str,
    /// Its indexes.
    pub indexes: Vec<IndexInfo>,
    pub(crate) key: KeyText,
}

impl TableInfo {
    /// Its name, and those of its indexes.
    pub(crate) fn names(&self) -> (&'static str, Vec<&'static str>) {
        (self.name, self.indexes.iter().map(|index| index.name).collect())
    }
}

/// What an index is called.
#[derive(Debug, Clone)]
pub struct IndexInfo {
    /// Its name, unique in its table.
    pub name: &'static str,
    pub(crate) key: KeyText,
}

/// Reads a key as its own type does, and says how it is stored: `60` as `0000000060`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyText(fn(&str) -> Option<String>);

impl KeyText {
    pub(crate) fn of<K: std::fmt::Display + std::str::FromStr>() -> Self {
        Self(|text| text.parse::<K>().ok().map(|key| key.to_string()))
    }

    /// The text as it is stored. What is no key, such as the beginning of one, stays as it is.
    pub(crate) fn stored(self, text: &str) -> String {
        self.0(text).unwrap_or_else(|| text.to_owned())
    }
}
