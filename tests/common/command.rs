//! The command line, run as a program of its own.

use assert_cmd::Command;

use super::repository;

/// Incidents and streets of the sample, as flags.
pub(crate) const SAMPLE: [&str; 4] =
    ["--incidents", "data/new-haven/new_haven_merged.shp", "--blocks", "data/new-haven/newhaven_nework.shp"];

/// The command in the repository, on a host whose own, older proj.db would come first.
pub(crate) fn hotblocks() -> Command {
    let mut command = Command::cargo_bin("hotblocks").expect("the binary is built");
    command.current_dir(repository("")).env("PROJ_DATA", "/usr/share/proj").env_remove("PROJ_LIB");
    command
}

/// Exit code, stdout and stderr of a command.
pub(crate) fn told(command: &mut Command) -> (i32, String, String) {
    let out = command.output().expect("runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (out.status.code().unwrap_or(-1), text(out.stdout), text(out.stderr))
}

/// Sends a signal to a process that a test has started; the shell has its own `kill` where the system has none.
pub(crate) fn signal(name: &str, id: u32) -> bool {
    let kill = format!("kill -s {name} {id}");
    std::process::Command::new("sh").args(["-c", &kill]).status().is_ok_and(|status| status.success())
}

/// The same of these arguments.
pub(crate) fn run(args: &[&str]) -> (i32, String, String) {
    told(hotblocks().args(args))
}
