use std::fmt::{self, Display};

use serde::{Serialize, Serializer};

/// Whether a finding fails the build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It does.
    Error,
    /// It doesn't: it is shown only.
    Warning,
}

/// A kind of finding, such as `HW0101`: an entry of the table of codes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(&'static Entry);

impl Code {
    /// The code itself: `HW0101`.
    pub fn id(self) -> &'static str {
        self.0.id
    }

    /// What it is about, in a few words.
    pub fn title(self) -> &'static str {
        self.0.title
    }

    /// Whether such a finding fails the build.
    pub fn severity(self) -> Severity {
        self.0.severity
    }

    /// What it means, in one sentence.
    pub fn meaning(self) -> &'static str {
        self.0.meaning
    }

    /// Its page under `docs/errors/`, in Markdown: meaning, example, fix.
    pub fn page(self) -> &'static str {
        self.0.page
    }

    /// Every code there is, in order.
    pub fn all() -> &'static [Self] {
        ALL
    }

    /// The code of this name, in any case and with or without the `HW`.
    pub fn find(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_uppercase();
        let digits = name.strip_prefix("HW").unwrap_or(&name);
        ALL.iter().copied().find(|code| &code.id()[2..] == digits)
    }
}

impl Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

/// What is known about a code.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Entry {
    // First, because entries are compared field by field, and it alone tells them apart.
    id: &'static str,
    title: &'static str,
    severity: Severity,
    meaning: &'static str,
    page: &'static str,
}

macro_rules! codes {
    ($($code:ident $severity:ident $title:literal, $meaning:literal;)*) => {
        impl Code {
            $(
                #[doc = $meaning]
                pub const $code: Self = Self(&Entry {
                    id: stringify!($code),
                    title: $title,
                    severity: Severity::$severity,
                    meaning: $meaning,
                    page: include_str!(concat!(
                        env!("CARGO_MANIFEST_DIR"),
                        "/../../docs/errors/",
                        stringify!($code),
                        ".md"
                    )),
                });
            )*
        }

        const ALL: &[Code] = &[$(Code::$code),*];
    };
}

// The table. A new code takes a line here, in order, and a page under `docs/errors/`.
codes! {
    HW0001 Error "event without a registered schema",
        "An events crate declares an event whose schema nobody has registered.";
    HW0002 Error "type differs from its registered schema",
        "A type has changed, compatibly, and its registered schema hasn't followed.";
    HW0003 Error "registered schema edited by hand",
        "A registered schema isn't what was registered: its digest doesn't fit its content.";
    HW0004 Error "two types for one event",
        "Two Rust types claim the same event and version.";
    HW0005 Error "registry file that can't be used",
        "A file of the registry is at the wrong place or can't be read.";

    HW0101 Error "subscription that nobody publishes",
        "A service subscribes to an event, or to a version of it, that nobody publishes.";
    HW0102 Error "published version newer than the reader's",
        "A service publishes a version of an event that a subscriber is too old to read.";
    HW0103 Error "event that no type declares",
        "A contract names an event, or a version of it, that no events crate declares.";
    HW0104 Error "event of two domains",
        "Services of two domains publish the same event.";
    HW0105 Error "publisher outside its domain",
        "A service publishes an event of a domain that isn't its own.";
    HW0106 Error "versions that no upcaster connects",
        "A subscriber reads a newer version than is published, and no upcaster leads from one to the other.";
    HW0107 Error "service name taken or wrong",
        "Two services have one name, or a service's name isn't its crate's.";
    HW0108 Error "crate without a contract",
        "A crate depends on the gate and has no contract.toml.";
    HW0109 Error "contract without a gate",
        "A crate has a contract.toml and doesn't depend on the gate, so its build wouldn't notice a misfit.";
    HW0110 Error "events crate that the gate doesn't know",
        "The gate knows no type of a workspace's events crate, so it checks none of them.";

    HW0201 Error "published and read by nobody",
        "An event is published, and no service subscribes to it.";
    HW0202 Error "declared and never published",
        "An events crate declares an event that no service publishes.";
    HW0203 Warning "exemption that isn't needed",
        "A publication is marked as unused or as read outside, and it is read here.";
    HW0204 Warning "two services that do the same work",
        "Two services subscribe to the same events and keep the same tables.";

    HW0301 Error "change that breaks compatibility",
        "A type can't be exchanged for its registered schema in the way that the registry's mode asks.";
    HW0302 Error "type changed",
        "A value is written with a JSON type that the reader doesn't take.";
    HW0303 Error "field required that writers leave out",
        "A reader requires a field that a writer may leave out.";
    HW0304 Error "value removed",
        "A value may be written that isn't among the reader's any more.";
    HW0305 Error "constant changed",
        "A reader asks for a constant that isn't the one that is written.";
    HW0306 Error "number narrowed",
        "A number may be written that is out of the reader's range.";
    HW0307 Error "string narrowed",
        "A text may be written whose length or form the reader doesn't take.";
    HW0308 Error "format changed",
        "A text may be written that hasn't the format that the reader asks for.";
    HW0309 Error "array narrowed",
        "A list may be written whose length or elements the reader doesn't take.";
    HW0310 Error "field refused",
        "A field may be written that is unknown to a reader which refuses what it doesn't know.";
    HW0311 Error "map narrowed",
        "A map may be written whose keys or size the reader doesn't take.";
    HW0312 Error "no variant matches",
        "A value may be written that none of the reader's variants takes.";
    HW0313 Error "variants overlap",
        "A value may be written that more than one of the reader's variants takes, where only one may.";
    HW0314 Error "value excluded",
        "A value may be written that the reader excludes.";
    HW0315 Error "not decided",
        "It couldn't be decided whether the reader takes all that is written, and that counts as no.";

    HW0401 Error "subscription past the sunset",
        "A service subscribes to a version of an event after the day on which it was to retire.";
    HW0402 Error "publication past the sunset",
        "A service publishes a version of an event after the day on which it was to retire.";
    HW0403 Warning "subscription to what will retire",
        "A service subscribes to a version of an event that has a day on which it retires.";
    HW0404 Error "unused_ok that has expired",
        "A publication was allowed to have no reader until a day that is past.";
    HW0405 Error "external that has expired",
        "A reader outside this repository was vouched for until a day that is past.";

    HW0501 Error "contract that isn't TOML",
        "A contract.toml can't be parsed.";
    HW0502 Error "unknown key",
        "A contract.toml has a key that means nothing.";
    HW0503 Error "missing key",
        "A contract.toml lacks a key that it needs.";
    HW0504 Error "wrong value",
        "A value in a contract.toml is of the wrong type or out of range.";
    HW0505 Error "event named twice",
        "A contract.toml names the same event, or the same version of it, twice.";
}
