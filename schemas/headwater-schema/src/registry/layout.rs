use std::path::{Path, PathBuf};

use headwater_contract::{EventName, EventRef};

use super::Side;

/// Where a document lies: `flights/flight/departed/v2.1.ser.json` is what writers of version 2 produce
/// since its first compatible change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Location {
    pub(super) event: EventRef,
    pub(super) revision: u32,
    pub(super) side: Side,
}

impl Location {
    /// The path below the registry's directory.
    pub(super) fn path(&self) -> PathBuf {
        let EventRef { name, version } = &self.event;
        let revision = if self.revision == 0 { String::new() } else { format!(".{}", self.revision) };
        let file = format!("v{version}{revision}.{}.json", self.side.suffix());
        [name.domain(), name.aggregate(), name.event(), &file].iter().collect()
    }

    /// Reads a path below the registry's directory; `None` when no document lies there.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let parts: Vec<&str> = path.iter().map(|part| part.to_str()).collect::<Option<_>>()?;
        let [domain, aggregate, event, file] = parts[..] else { return None };
        let name = EventName::new(domain, aggregate, event).ok()?;
        let mut parts = file.strip_suffix(".json")?.split('.');
        let version = parts.next()?.strip_prefix('v')?.parse().ok()?;
        let (revision, side) = match (parts.next()?, parts.next(), parts.next()) {
            (side, None, _) => (0, side),
            (revision, Some(side), None) => (revision.parse().ok()?, side),
            _ => return None,
        };
        let location = Self { event: EventRef { name, version }, revision, side: side.parse().ok()? };
        // One way to write it: not `v01`, not `v1.0`.
        (version > 0 && location.path() == path).then_some(location)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_path_and_back() {
        for path in [
            "flights/flight/departed/v2.ser.json",
            "flights/flight/departed/v2.de.json",
            "flights/flight/departed/v2.11.de.json",
        ] {
            let location = Location::of(Path::new(path)).unwrap();
            assert_eq!(location.path(), Path::new(path));
        }
    }

    #[test]
    fn other_names_are_no_locations() {
        for path in [
            "registry.toml",
            "flights/flight/departed.json",
            "flights/flight/departed/v2.json",
            "flights/flight/departed/v0.ser.json",
            "flights/flight/departed/v02.ser.json",
            "flights/flight/departed/v2.0.ser.json",
            "flights/flight/departed/v2.1.1.ser.json",
            "flights/flight/departed/v2.both.json",
            "flights/flight/departed/v2.ser.yaml",
            "flights/flight/departed/more/v2.ser.json",
        ] {
            assert_eq!(Location::of(Path::new(path)), None, "{path}");
        }
    }
}
