//! The one command of the installed program, timed from outside.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::clock::memory_in;
use crate::load::st_louis_files;

/// What one run of the command took.
pub(crate) struct Run {
    pub(crate) seconds: f64,
    pub(crate) cpu: f64,
    /// Peak memory, MiB.
    pub(crate) peak: f64,
    pub(crate) files: usize,
    /// Bytes written.
    pub(crate) bytes: u64,
}

/// What is added to the command for the files.
pub(crate) const PARAMETERS: &str = "--bandwidth 250m --cell 50m --eps 100m --min-points 100";

/// All layers of St. Louis 2012–2018 from its files.
pub(crate) fn st_louis(folder: &Path) -> Run {
    let inputs: Vec<PathBuf> = st_louis_files(folder).into_iter().flat_map(|(_, files)| files).collect();
    let output = tempfile::tempdir().expect("a folder for the layers");
    let begin = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_hotblocks"))
        .arg("export")
        .arg("--incidents")
        .args(&inputs)
        .arg("--blocks")
        .arg(folder.join("streets.parquet"))
        .args(PARAMETERS.split(' '))
        .arg("-o")
        .arg(output.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("cargo builds the program with the benches");
    let (mut peak, mut cpu) = (0.0_f64, 0.0_f64);
    let status = loop {
        let look =
            |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", child.id())).unwrap_or_default();
        peak = peak.max(memory_in(&look("status"), "VmHWM:"));
        cpu = cpu.max(ticks(&look("stat")) / 100.0);
        if let Some(status) = child.try_wait().expect("our own child") {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let seconds = begin.elapsed().as_secs_f64();
    // 3 says that some rows were refused.
    assert!(matches!(status.code(), Some(0 | 3)), "the command failed: {status}");
    let written = std::fs::read_dir(output.path()).expect("the folder of the layers");
    let sizes: Vec<u64> = written.flatten().filter_map(|file| Some(file.metadata().ok()?.len())).collect();
    Run { seconds, cpu, peak, files: inputs.len(), bytes: sizes.iter().sum() }
}

/// Seconds from the start of `hotblocks demo` to its ten ranked blocks and to the address of its map.
pub(crate) fn demo() -> (f64, f64) {
    let begin = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_hotblocks"))
        .args(["demo", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("cargo builds the program with the benches");
    let mut ranked = f64::NAN;
    let mut serving = f64::NAN;
    for line in BufReader::new(child.stdout.take().expect("piped")).lines().map_while(Result::ok) {
        if line.trim_start().starts_with("10 ") {
            ranked = begin.elapsed().as_secs_f64();
        }
        if line.contains("http://") {
            serving = begin.elapsed().as_secs_f64();
            break;
        }
    }
    child.kill().expect("our own child");
    child.wait().expect("our own child");
    (ranked, serving)
}

/// User and system time in the text of a process's stat, in hundredths of a second (as Linux has them everywhere).
fn ticks(stat: &str) -> f64 {
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let field = |at: usize| {
        after_name.split(' ').nth(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or_default()
    };
    field(11) + field(12)
}
