//! Opens the door: sets the one thing that must be set before any thread starts, then runs the command line.
#![expect(unsafe_code, reason = "the environment is set here, before any thread starts")]

use std::process::ExitCode;

fn main() -> ExitCode {
    // An older proj.db on the host would come before the one inside this binary and stop every projection.
    // SAFETY: no other thread runs yet.
    unsafe {
        std::env::set_var("PROJ_DATA", "/nonexistent");
        std::env::remove_var("PROJ_LIB");
        std::env::set_var("PROJ_SKIP_READ_USER_WRITABLE_DIRECTORY", "YES");
        // What PROJ has to say stands in our own messages, a line each with its mend.
        if std::env::var_os("PROJ_DEBUG").is_none() {
            std::env::set_var("PROJ_DEBUG", "0");
        }
    }
    hotblocks::cli::run()
}
