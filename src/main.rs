//! Opens the door: sets the two things that must be set before any thread starts, then runs the command line.
#![expect(unsafe_code, reason = "the environment and the allocator are set here, before any thread starts")]

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
    // What is large goes back to the system when it is freed. Left to itself, the C library keeps it after the first time and cuts
    // it up: rows that are put in order again every minute would take half as much memory once more.
    // SAFETY: a number is set, and no other thread runs yet.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 20);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 4 << 20);
    }
    hotblocks::cli::run()
}
