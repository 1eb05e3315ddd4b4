//! The `ambidex` command: arguments → what to do → exit code.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;

use ambidex::cli::{Arguments, CliError};

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are not mistakes; clap knows where each belongs.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
    match ambidex::cli::run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to tell when standard error is closed.
            let _ = writeln!(io::stderr().lock(), "{}", error.text());
            ExitCode::from(match error {
                CliError::Settings(_) => 2,
                CliError::Failed(_) => 1,
                CliError::Widens(_) => 3,
            })
        }
    }
}
