//! `docs/performance.md`: every case in a child process, ours beside the naive way.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use crate::cases::{Case, TABLES, Table, same, write_csv};
use crate::common::clock::median;
use crate::export::{self, Run};
use crate::load::st_louis_folder;
use crate::machine::{digits, heading, load, machine, seconds, thousands};
use crate::measure::Measured;

/// Runs of the one command.
const RUNS: usize = 3;

/// The document, and whether ours and the naive way always found the same.
pub(crate) fn document(root: &Path) -> (String, bool) {
    let load_before = load();
    let folder = tempfile::tempdir().expect("a folder for the files");
    let (mut tables, mut agree) = (String::new(), true);
    for n in [1_000, 10_000, 100_000, 1_000_000] {
        write_csv(n, folder.path());
    }
    for shown in TABLES {
        tables += &table(shown, folder.path(), &mut agree);
    }
    let command = command(root);
    let mut text = heading("Performance");
    let _ = writeln!(
        text,
        "Machine: {}. Load of the machine over a minute: {load_before} before, {} after.\n",
        machine(),
        load()
    );
    text += "Data: a made-up city of 9,940 street segments (`benches/common/city.rs`), the same on every machine. **Compare ratios within a table, \
        not times between runs.** Each case runs in a process of its own, at least three times and for half a second; \
        *median* is time on the clock, *CPU* what all cores spent on one run (the sum of all threads), *peak* the memory of the whole process, its inputs included, \
        *before* what it had before the case began. One core may have been taken by others: where CPU is about the median, the second core was not there or not used. The naive ways run on one thread; the ratio is their CPU time by ours, so it does not count cores. \
        Where both ran, *same* says whether they found the same.\n\n";
    text += &tables;
    text += &command;
    (text, agree)
}

fn table(table: &Table, folder: &Path, agree: &mut bool) -> String {
    let mut text = format!("## {}\n\n{} *Found*: {}.\n\n", table.title, table.about, table.found);
    text += &format!(
        "| case | {} | median | CPU | peak MiB | before MiB | found | naive CPU | naive ÷ ours | same |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|---|\n",
        table.sizes
    );
    for case in table.cases {
        for &n in case.sizes {
            text += &row(case, n, folder, agree);
        }
    }
    text + "\n"
}

fn row(case: &Case, n: usize, folder: &Path, agree: &mut bool) -> String {
    let ours = child(case, false, n, folder);
    let naive = case.naive.contains(&n).then(|| child(case, true, n, folder));
    let compared = naive.map_or_else(
        || " | | ".to_owned(),
        |naive| {
            let equal = same(&ours, &naive);
            *agree &= equal;
            format!(
                "{} | {} | {}",
                seconds(naive.cpu),
                digits(naive.cpu / ours.cpu),
                if equal { "yes" } else { "**no**" }
            )
        },
    );
    eprintln!("{}, {n}: {}", case.name, seconds(ours.seconds));
    format!(
        "| {} | {} | {} | {} | {:.0} | {:.0} | {} | {compared} |\n",
        case.name,
        thousands(n),
        seconds(ours.seconds),
        seconds(ours.cpu),
        ours.peak,
        ours.before,
        digits(ours.found),
    )
}

/// Runs a case in a process of its own.
fn child(case: &Case, naively: bool, n: usize, folder: &Path) -> Measured {
    let this = std::env::current_exe().expect("a running program has a file");
    let way = if naively { "naive" } else { "ours" };
    let output = Command::new(this).args(["--case", case.name, way, &n.to_string()]).arg(folder).output();
    let text = output.map(|out| String::from_utf8_lossy(&out.stdout).into_owned()).unwrap_or_default();
    Measured::parse(text.trim()).unwrap_or_else(|| panic!("`{}` at {n} ({way}) failed", case.name))
}

/// The sample, from the start of the program.
fn demo() -> String {
    let runs: Vec<(f64, f64)> = (0..5).map(|_| export::demo()).collect();
    let middle = |of: fn(&(f64, f64)) -> f64| median(&mut runs.iter().map(of).collect::<Vec<_>>());
    format!(
        "## The demo\n\n`hotblocks demo`, from the start of the program; median of 5 runs. Asked for: ranked in under 2 s.\n\n| ten blocks ranked after, s | map served after, s |\n|--:|--:|\n| {} | {} |\n\n",
        digits(middle(|r| r.0)),
        digits(middle(|r| r.1))
    )
}

fn command(root: &Path) -> String {
    let mut text = demo() + "## One command: St. Louis 2012–2018\n\n";
    let Some(folder) = st_louis_folder(root) else {
        return text + "Not measured: the St. Louis files were not there in this run.\n";
    };
    let runs: Vec<Run> = (0..RUNS).map(|_| export::st_louis(&folder)).collect();
    let middle = |of: fn(&Run) -> f64| median(&mut runs.iter().map(of).collect::<Vec<_>>());
    let _ = writeln!(
        text,
        "`hotblocks export --incidents *.csv --blocks streets.parquet {} -o layers`: {} monthly files in; four layers and the ranked list out, {:.0} MB. Median of {RUNS} runs, files in the page cache.\n",
        export::PARAMETERS,
        runs[0].files,
        runs[0].bytes as f64 / 1e6,
    );
    text += "| seconds | CPU seconds | peak MiB |\n|--:|--:|--:|\n";
    let _ = writeln!(
        text,
        "| {} | {} | {} |",
        digits(middle(|r| r.seconds)),
        digits(middle(|r| r.cpu)),
        digits(middle(|r| r.peak))
    );
    text
}
