//! The command line: commands from the one table of parameters, data to stdout, talk to stderr.

mod blocks_command;
mod commands;
mod explain_command;
mod failure;
mod flags;
mod formats;
mod ground;
mod harm;
mod import_command;
mod import_incidents;
mod import_store;
mod kept_places;
mod load;
mod outreach_command;
mod say;
mod serve_command;
mod store_command;
mod tiles_command;

use std::process::ExitCode;

/// Exit codes, as the documentation has them.
pub(crate) mod exit {
    pub(crate) const DONE: u8 = 0;
    pub(crate) const FAILED: u8 = 1;
    pub(crate) const USAGE: u8 = 2;
    pub(crate) const SOME_REFUSED: u8 = 3;
    pub(crate) const NOT_FOUND: u8 = 4;
    pub(crate) const NOT_PERMITTED: u8 = 5;
}

/// Runs one command; a usage error ends with 2.
#[must_use]
pub fn run() -> ExitCode {
    let matches = flags::command().get_matches();
    match commands::run(&matches) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => ExitCode::from(say::failure(&failure)),
    }
}

/// The command with all its flags, for tests and documentation.
#[must_use]
pub fn command() -> clap::Command {
    flags::command()
}
