use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};
use std::{error, fmt, fs};

use clap::{Args, ValueEnum};
use headwater_schema::compat::{DocumentError, FilesReport, Mode, Verdict, compare_files, read_schema};
use serde_json::Value;

/// Says whether a new JSON Schema is compatible with an old one; both are files of any draft since 4.
#[derive(Debug, Args)]
pub(crate) struct CompatArgs {
    /// The old schema; `-` is standard input
    #[arg(value_name = "OLD")]
    old: PathBuf,

    /// The new schema; `-` is standard input
    #[arg(value_name = "NEW")]
    new: PathBuf,

    /// What the new schema owes to the old one: backward, forward, full, or subset, which knows nothing of serde
    #[arg(long, default_value = "backward")]
    mode: Mode,

    /// The draft of a file that doesn't name its own with `$schema`
    #[arg(long, value_enum)]
    draft: Option<Draft>,

    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Draft {
    #[value(name = "4")]
    Draft4,
    #[value(name = "6")]
    Draft6,
    #[value(name = "7")]
    Draft7,
    #[value(name = "2019-09")]
    Draft201909,
    #[value(name = "2020-12")]
    Draft202012,
}

/// How the command ends when it could be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Conclusion {
    Compatible = 0,
    Incompatible = 1,
    Unknown = 2,
}

/// Why nothing could be found out; the exit code is 3.
#[derive(Debug)]
pub(crate) enum CompatError {
    /// Both files are standard input.
    BothStandardInput,
    /// A file can't be read.
    Read { path: PathBuf, source: io::Error },
    /// A file holds no schema.
    Document { path: PathBuf, source: DocumentError },
    /// The result can't be written.
    Output(io::Error),
}

impl CompatArgs {
    pub(crate) fn run(&self, out: &mut impl Write) -> Result<Conclusion, CompatError> {
        if is_standard_input(&self.old) && is_standard_input(&self.new) {
            return Err(CompatError::BothStandardInput);
        }
        let report = match (self.schema(&self.old), self.schema(&self.new)) {
            (Ok(old), Ok(new)) => compare_files(self.mode, &old, &new),
            (Err(error), _) | (_, Err(error)) => match &error {
                CompatError::Document { path, source } if source.is_inexact() => {
                    FilesReport::unknown(self.mode, format!("{}: {source}", path.display()))
                }
                _ => return Err(error),
            },
        };
        match self.format {
            Format::Text => write!(out, "{report}")?,
            Format::Json => {
                serde_json::to_writer_pretty(&mut *out, &report).map_err(io::Error::from)?;
                out.write_all(b"\n")?;
            }
        }
        Ok(match report.verdict {
            Verdict::Compatible => Conclusion::Compatible,
            Verdict::Incompatible => Conclusion::Incompatible,
            Verdict::Unknown => Conclusion::Unknown,
        })
    }

    fn schema(&self, path: &Path) -> Result<Value, CompatError> {
        let read = || {
            if is_standard_input(path) {
                let mut text = String::new();
                io::stdin().lock().read_to_string(&mut text).map(|_| text)
            } else {
                fs::read_to_string(path)
            }
        };
        let text = read().map_err(|source| CompatError::Read { path: path.to_owned(), source })?;
        let schema = read_schema(&text);
        let mut schema = schema.map_err(|source| CompatError::Document { path: path.to_owned(), source })?;
        if let (Some(draft), Value::Object(keywords)) = (self.draft, &mut schema) {
            keywords.entry("$schema").or_insert_with(|| draft.uri().into());
        }
        Ok(schema)
    }
}

impl Draft {
    const fn uri(self) -> &'static str {
        match self {
            Self::Draft4 => "http://json-schema.org/draft-04/schema#",
            Self::Draft6 => "http://json-schema.org/draft-06/schema#",
            Self::Draft7 => "http://json-schema.org/draft-07/schema#",
            Self::Draft201909 => "https://json-schema.org/draft/2019-09/schema",
            Self::Draft202012 => "https://json-schema.org/draft/2020-12/schema",
        }
    }
}

fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

impl fmt::Display for CompatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BothStandardInput => {
                f.write_str("standard input holds one schema; name a file for the other")
            }
            Self::Read { path, .. } => write!(f, "{} can't be read", path.display()),
            Self::Document { path, .. } => write!(f, "{} holds no schema that could be used", path.display()),
            Self::Output(_) => f.write_str("the result can't be written to standard output"),
        }
    }
}

impl error::Error for CompatError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::BothStandardInput => None,
            Self::Read { source, .. } | Self::Output(source) => Some(source),
            Self::Document { source, .. } => Some(source),
        }
    }
}

impl From<io::Error> for CompatError {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
