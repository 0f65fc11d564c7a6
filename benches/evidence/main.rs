//! Writes `docs/validation.md`, `docs/ranking.md` and `docs/performance.md` from what it measures in this one run:
//! `cargo bench --bench evidence -- --write`, or with `--validation` or `--ranking` one of the first two alone. As a test it goes through every case once and writes nothing.

#[path = "../common/mod.rs"]
mod common;

mod calibration;
mod cases;
mod export;
mod geocoding;
mod load;
mod machine;
mod measure;
mod performance;
mod ranking;
mod st_louis;
#[path = "../../tests/common/st_louis_ranking.rs"]
mod st_louis_ranking;
mod validation;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| args.iter().any(|arg| arg == flag);
    if let [flag, case, way, n, folder] = &args[..]
        && flag == "--case"
    {
        let n = n.parse().expect("a number of incidents");
        println!("{}", cases::run(case, way == "naive", n, Path::new(folder)).line());
        return ExitCode::SUCCESS;
    }
    if has("--validation") {
        return if write_validation(Path::new(env!("CARGO_MANIFEST_DIR"))) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
    }
    if has("--ranking") {
        return if write_ranking(Path::new(env!("CARGO_MANIFEST_DIR"))) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
    }
    if has("--write") {
        return write();
    }
    if !has("--bench") {
        smoke();
    } else {
        eprintln!("evidence is written by `cargo bench --bench evidence -- --write`");
    }
    ExitCode::SUCCESS
}

/// Writes all documents; fails if a number is out of its bound.
fn write() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let holds = write_validation(root) & write_ranking(root);
    let (performance, agree) = performance::document(root);
    rewrite(&root.join("docs/performance.md"), &performance);
    if holds && agree { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Writes the one that needs no quiet machine; whether every number is within its bound.
fn write_validation(root: &Path) -> bool {
    let docs = root.join("docs");
    std::fs::create_dir_all(&docs).expect("the repository can be written to");
    let (validation, holds) = validation::document(root);
    rewrite(&docs.join("validation.md"), &validation);
    holds
}

/// Writes the one on rankings, where its data are there; else the old one stays.
fn write_ranking(root: &Path) -> bool {
    let Some((ranking, holds)) = ranking::document(root) else {
        eprintln!("docs/ranking.md is left as it is: the St. Louis files are not there");
        return true;
    };
    rewrite(&root.join("docs/ranking.md"), &ranking);
    holds
}

/// Writes a document anew, but for its part that others write: from `<!-- kept: ` on.
fn rewrite(path: &Path, text: &str) {
    let old = std::fs::read_to_string(path).unwrap_or_default();
    let kept = old.find("<!-- kept: ").map_or("", |at| &old[at..]);
    let text = format!("{}\n{}{kept}", text.trim_end(), if kept.is_empty() { "" } else { "\n" });
    std::fs::write(path, text).expect("the repository can be written to");
}

/// Every case once at its smallest, ours and the naive way, with the same answer; and the golden numbers.
fn smoke() {
    measure::ONCE.store(true, std::sync::atomic::Ordering::Relaxed);
    let folder = tempfile::tempdir().expect("a folder for the file");
    cases::write_csv(1_000, folder.path());
    for case in cases::TABLES.iter().flat_map(|table| table.cases) {
        let ours = cases::run(case.name, false, 1_000, folder.path());
        if !case.naive.is_empty() {
            let naive = cases::run(case.name, true, 1_000, folder.path());
            assert!(cases::same(&ours, &naive), "{}: {} and {}", case.name, ours.found, naive.found);
        }
    }
    let mut page = validation::Page::default();
    validation::golden(&mut page);
    assert!(page.holds, "{}", page.text);
}
