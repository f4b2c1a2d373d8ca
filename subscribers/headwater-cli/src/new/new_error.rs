use std::io;
use std::path::PathBuf;

use headwater_schema::EventRef;

use super::crate_name::CrateNameError;

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NewError {
    /// The name isn't one.
    #[error("{name:?} can't be the name of a crate")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        source: CrateNameError,
    },
    /// There is something of that name.
    #[error("there is {what} already; choose another name")]
    Taken {
        /// What.
        what: String,
    },
    /// The new type would be called as an event's type.
    #[error("{name} would call its main type {type_name}, as {event} is called; choose another name")]
    TypeName {
        /// The new crate.
        name: String,
        /// The type.
        type_name: String,
        /// The event.
        event: Box<EventRef>,
    },
    /// An event isn't there, or not so.
    #[error("{0}")]
    Event(String),
    /// An event was named twice.
    #[error("{first} and {second} are one event; name one version of it")]
    Versions {
        /// One version.
        first: Box<EventRef>,
        /// The other.
        second: Box<EventRef>,
    },
    /// Events that can't be in one service.
    #[error("{0}")]
    Apart(String),
    /// A type can't be found by its path.
    #[error(
        "the gate tells no path of the type of {event}; build this command and the gate from the same version of Headwater"
    )]
    RustType {
        /// The event.
        event: Box<EventRef>,
    },
    /// A library isn't known to the workspace.
    #[error("{package} is not in [workspace.dependencies] of {}; add it there, with its path or its version", manifest.display())]
    Dependency {
        /// The library.
        package: String,
        /// The workspace's manifest.
        manifest: PathBuf,
    },
    /// A manifest can't be read as one.
    #[error("{} can't be understood", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<toml_edit::TomlError>,
    },
    /// Code can't be read.
    #[error("{} can't be understood; it must compile before an event can be added", path.display())]
    Code {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: syn::Error,
    },
    /// Something can't be read or written.
    #[error("{} can't be {verb}; nothing was changed", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What should have been done.
        verb: &'static str,
        /// What the operating system reports.
        source: io::Error,
    },
    /// Something would be overwritten.
    #[error("{} is there already and is not overwritten; move it away, or choose another name", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A template can't be filled in.
    #[error("a template can't be filled in; report this")]
    Template(#[from] askama::Error),
}

impl NewError {
    /// Whether something else has to be asked for.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Name { .. }
                | Self::Taken { .. }
                | Self::TypeName { .. }
                | Self::Event(_)
                | Self::Versions { .. }
                | Self::Apart(_)
                | Self::Exists { .. }
        )
    }
}
