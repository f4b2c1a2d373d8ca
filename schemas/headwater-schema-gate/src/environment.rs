use std::env;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::gate_error::GateError;

/// Whether findings fail the build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// They do.
    Fail,
    /// They are warnings: an editor that can't build shows nothing at all any more.
    Warn,
}

impl Mode {
    /// What `HEADWATER_GATE` asks for.
    pub(crate) fn from_environment() -> Result<Self, GateError> {
        Self::of(&text("HEADWATER_GATE"), &text("CI"))
    }

    fn of(gate: &str, ci: &str) -> Result<Self, GateError> {
        match gate {
            "" => Ok(Self::Fail),
            "warn" if ["", "0", "false"].contains(&ci) => Ok(Self::Warn),
            "warn" => Err(GateError::WarnInCi),
            value => Err(GateError::Mode { value: value.to_owned() }),
        }
    }
}

/// The variables that make a difference. `CI` makes one only beside another: to name it always would build
/// everything anew for whoever tries something as CI does.
pub(crate) fn variables() -> Vec<&'static str> {
    let mut variables = vec!["HEADWATER_GATE", "SOURCE_DATE_EPOCH"];
    if !text("HEADWATER_GATE").is_empty() {
        variables.push("CI");
    }
    variables
}

/// A value of `SOURCE_DATE_EPOCH` from which no day can be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("SOURCE_DATE_EPOCH={value:?} is no number of seconds since 1970")]
pub struct SourceDateEpochError {
    value: String,
}

/// The day on which sunsets and exemptions are judged: today in UTC, or the day of `SOURCE_DATE_EPOCH`.
///
/// # Errors
///
/// [`SourceDateEpochError`] when it is set to something else.
pub fn today() -> Result<Date, SourceDateEpochError> {
    let value = text("SOURCE_DATE_EPOCH");
    let now = match value.as_str() {
        "" => Some(Timestamp::now()),
        seconds => seconds.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok()),
    };
    let now = now.ok_or(SourceDateEpochError { value })?;
    Ok(now.to_zoned(TimeZone::UTC).date())
}

fn text(variable: &str) -> String {
    env::var_os(variable).map(|value| value.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_warnings_only_for_editors() {
        assert!(matches!(Mode::of("", "true"), Ok(Mode::Fail)));
        assert!(matches!(Mode::of("warn", ""), Ok(Mode::Warn)));
        assert!(matches!(Mode::of("warn", "false"), Ok(Mode::Warn)));
        assert!(matches!(Mode::of("warn", "true"), Err(GateError::WarnInCi)));
    }

    #[test]
    fn another_value_names_the_allowed_one() {
        let error = Mode::of("off", "").unwrap_err().to_string();
        assert!(error.contains("\"off\"") && error.contains("`warn`"), "{error}");
    }
}
