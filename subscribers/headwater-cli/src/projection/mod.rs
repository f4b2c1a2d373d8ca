mod get;
mod ls;

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use headwater_subscriber::{BuildId, Builds, RolledBack, StoreError, View, running_builds};
use tokio_util::sync::CancellationToken;

use self::get::Get;
use crate::command_error::CommandError;
use crate::format::Format;

#[derive(Debug, Subcommand)]
pub(crate) enum ProjectionCommand {
    /// List the projections in a directory, with the build that is live and those beside it
    Ls {
        #[command(flatten)]
        data: Data,

        /// How the projections are printed
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Print the rows of a projection
    Get(Get),
    /// Let the build answer queries again that did before the one that is live
    Rollback {
        /// The projection's name, such as `delay-stats`
        name: String,

        #[command(flatten)]
        data: Data,
    },
    /// Let this build answer queries
    Promote {
        /// The projection's name, such as `delay-stats`
        name: String,

        /// The build, as `headwater projection ls` shows it
        build: BuildId,

        #[command(flatten)]
        data: Data,
    },
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

    fn builds(&self, name: &str) -> Builds {
        Builds::new(&self.projections(), name)
    }

    /// What SQL sees of a projection follows its processes, so somebody has to start one.
    fn say_who_follows(&self, name: &str, live: &BuildId, out: &mut impl Write) -> Result<(), CommandError> {
        let opened = View::open_build(&self.builds(name), live);
        if let Err(StoreError::Elsewhere { .. }) = opened
            && running_builds(&self.projections(), name)?.is_empty()
        {
            writeln!(out, "no process of it runs, so its views in the database follow when one is started")?;
        }
        Ok(())
    }
}

impl ProjectionCommand {
    pub(crate) fn run(&self, stop: &CancellationToken, out: &mut impl Write) -> Result<(), CommandError> {
        match self {
            Self::Ls { data, format } => ls::ls(&data.projections(), *format, out),
            Self::Get(get) => get.run(stop, out),
            Self::Rollback { name, data } => {
                let builds = data.builds(name);
                let RolledBack { from, to } = builds.roll_back().map_err(StoreError::from)?;
                writeln!(out, "{name}: build {to} is live again, and {from} is held back")?;
                writeln!(out, "to go on from there, start the version of the service that has built it")?;
                writeln!(out, "`headwater projection promote {name} {from}` undoes this")?;
                data.say_who_follows(name, &to, out)
            }
            Self::Promote { name, build, data } => {
                data.builds(name).promote(build).map_err(StoreError::from)?;
                writeln!(out, "{name}: build {build} is live")?;
                data.say_who_follows(name, build, out)
            }
        }
    }
}
