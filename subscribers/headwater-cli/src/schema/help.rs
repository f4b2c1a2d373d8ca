use std::process::ExitCode;

use clap::Command;

/// The one that asks a broker all the same.
const CAN_DEPLOY: &str = "can-deploy";
/// The one that ends in another way.
const COMPAT: &str = "compat";
/// Commands that only read files.
const ON_FILES: [&str; 3] = ["schema", "new", "explain"];
/// What such a command doesn't need, by the headings of the options.
const HEADINGS: [&str; 2] = ["Connection", "Logs"];

const EXIT_CODES: &str = "\
Exit codes:
  0  nothing is wrong
  1  a violation was found
  2  the options, or what they name, are wrong
  3  it could not be found out; standard error says why";

const EXIT_CODES_OF_COMPAT: &str = "\
Exit codes:
  0  compatible
  1  incompatible
  2  unknown
  3  it could not be found out; standard error says why";

/// Says what is wrong with the options, or prints the help that was asked for.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    // There is nobody left to tell when standard error is closed.
    let _ = error.print();
    let compares =
        std::env::args().skip_while(|argument| argument != "schema").nth(1).as_deref() == Some(COMPAT);
    ExitCode::from(match error.exit_code() {
        // There, 2 is an answer.
        2 if compares => 3,
        code => u8::try_from(code).unwrap_or(2),
    })
}

/// Leaves the options of a connection out of the help of commands that have none, and says how they end.
pub(crate) fn without_broker(mut command: Command) -> Command {
    // Only now the options of all commands are also those of each.
    command.build();
    ON_FILES.into_iter().fold(command, |command, name| command.mut_subcommand(name, quiet))
}

fn quiet(command: Command) -> Command {
    let asks_a_broker = command.get_name() == CAN_DEPLOY;
    let is_needless = |heading: Option<&str>| heading.is_some_and(|heading| HEADINGS.contains(&heading));
    let exit_codes = if command.get_name() == COMPAT { EXIT_CODES_OF_COMPAT } else { EXIT_CODES };
    command
        .mut_args(|option| {
            let hidden = !asks_a_broker && is_needless(option.get_help_heading());
            option.hide(hidden)
        })
        .mut_subcommands(quiet)
        .after_help(exit_codes)
}
