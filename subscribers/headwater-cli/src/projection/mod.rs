mod get;
mod ls;

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use tokio_util::sync::CancellationToken;

use self::get::Get;
use crate::command_error::CommandError;
use crate::format::Format;

#[derive(Debug, Subcommand)]
pub(crate) enum ProjectionCommand {
    /// List the projections in a directory
    Ls {
        #[command(flatten)]
        data: Data,

        /// How the projections are printed
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Print the rows of a projection
    Get(Get),
}

/// Where projections are.
#[derive(Debug, Args)]
pub(crate) struct Data {
    /// The directory that the projection's service was started with
    #[arg(long, value_name = "DIR", default_value = "headwater-data", env = "HEADWATER_DATA")]
    data: PathBuf,
}

impl Data {
    /// Where the projections themselves are: the all-in-one keeps its log beside them.
    fn projections(&self) -> PathBuf {
        let nested = self.data.join("projections");
        if nested.is_dir() { nested } else { self.data.clone() }
    }
}

impl ProjectionCommand {
    pub(crate) fn run(&self, stop: &CancellationToken, out: &mut impl Write) -> Result<(), CommandError> {
        match self {
            Self::Ls { data, format } => ls::ls(&data.projections(), *format, out),
            Self::Get(get) => get.run(stop, out),
        }
    }
}
