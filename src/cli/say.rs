//! Talk to stderr: errors with their causes, the account of an import, progress where a person waits.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::exit;
use super::failure::Failure;
use crate::encode::quality;
pub(super) use crate::encode::quality::thousands;
use crate::ingest::refused::Account;
use crate::model::dataset::{AssignmentReport, ByRule};
use crate::model::ledger::Resolution;
use crate::progress::{self, Progress};

/// Says a line to stderr; whoever closed it does not want to hear.
pub(super) fn tell(line: &str) {
    let _closed = writeln!(std::io::stderr(), "{line}");
}

macro_rules! tell {
    ($($part:tt)*) => { tell(&format!($($part)*)) };
}

/// Prints an error and its causes, once each; returns the exit code.
pub(super) fn failure(failure: &Failure) -> u8 {
    if failure.is_broken_pipe() {
        return exit::DONE;
    }
    tell!("error: {failure}");
    let mut cause = std::error::Error::source(failure);
    let mut said = failure.to_string();
    while let Some(error) = cause {
        let text = error.to_string();
        if !said.contains(&text) {
            tell!("because: {text}");
        }
        said = text;
        cause = error.source();
    }
    failure.code()
}

/// A bar over so many files; hidden where no person waits.
pub(super) fn progress(files: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() || files < 2 {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len} files, {elapsed}");
    let bar = ProgressBar::new(files as u64).with_message("reading");
    style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))
}

/// Has an analysis done, with a bar of how far it is where a person waits for more than a moment.
pub(super) fn watched<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    if !std::io::stderr().is_terminal() {
        return work();
    }
    let progress = Arc::<Progress>::default();
    let (ended, end) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let shown = Arc::clone(&progress);
        scope.spawn(move || show(&shown, &end));
        let done = progress::run(&progress, work);
        drop(ended);
        done.expect("nobody stops it")
    })
}

/// Shows a bar until the end, if any steps are told by then.
fn show(progress: &Progress, end: &mpsc::Receiver<()>) {
    const PERCENT: u64 = 100;
    let look = Duration::from_millis(250);
    let mut bar = None;
    while end.recv_timeout(look) == Err(mpsc::RecvTimeoutError::Timeout) {
        let done = (progress.share() * PERCENT as f64) as u64;
        if done > 0 {
            let bar = bar.get_or_insert_with(|| {
                let style = ProgressStyle::with_template("{msg} [{bar:30}] {pos} %, {elapsed}");
                let bar = ProgressBar::new(PERCENT).with_message("analyzing");
                style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))
            });
            bar.set_position(done);
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
}

/// What became of a file's rows, in one sentence with the commonest reasons.
pub(super) fn account(what: &str, account: &Account, rejects: Option<&str>) {
    for note in &account.notes {
        tell!("{note}");
    }
    tell!(
        "{what}: {} read · {} kept · {}",
        thousands(account.read),
        thousands(account.kept),
        quality::refused(account, rejects),
    );
}

/// How reports became incidents.
pub(super) fn resolution(resolution: &Resolution, incidents: usize) {
    tell!(
        "{} reports: {} taken back by {} corrections, {} corrections match nothing; the rest are {} incidents ({} reports repeat or add to one)",
        thousands(resolution.reports),
        thousands(resolution.cancelled),
        thousands(resolution.cancelled),
        thousands(resolution.unmatched.len()),
        thousands(incidents),
        thousands(resolution.merged),
    );
}

/// How incidents found their blocks.
pub(super) fn assigned(report: &AssignmentReport) {
    let located = report.in_blocks + report.unassigned;
    let by = rules(&report.by_rule);
    let left_out = report.by_rule.excluded;
    let part = |n: usize, what: &str| {
        if n == 0 { String::new() } else { format!(" · {} {what}", thousands(n)) }
    };
    let share = 100.0 * report.near_boundary as f64 / located.max(1) as f64;
    let near = if report.near_boundary == 0 {
        String::new()
    } else {
        format!("; {share:.1} % of the located lie within 10 m of another block")
    };
    let unlocated = report.unlocated.iter().map(|(reason, n)| format!(" · {} {reason}", thousands(*n)));
    tell!(
        "{} in blocks{by} · {} too far from any{}{}{}{near} ({})",
        thousands(report.in_blocks),
        thousands(report.unassigned - left_out),
        part(left_out, "at intersections left out"),
        part(report.geocoded, "of these geocoded from their address"),
        unlocated.collect::<String>(),
        report.rule,
    );
}

/// How many each rule of streets assigned, the most first; nothing over areas.
fn rules(by: &ByRule) -> String {
    let of = |rule: &str| match rule {
        "node_by_name" => "at intersections by name",
        "node_by_distance" => "at the nearest intersection",
        "name_and_number" => "by street and number",
        "name" => "by street",
        "alley" => "by the street of an alley",
        _ => "at the nearest segment",
    };
    let mut rules = by.named().to_vec();
    rules.retain(|&(rule, n)| n > 0 && rule != "excluded");
    rules.sort_by_key(|&(_, n)| std::cmp::Reverse(n));
    let told: Vec<String> =
        rules.into_iter().map(|(rule, n)| format!("{} {}", thousands(n), of(rule))).collect();
    if told.is_empty() { String::new() } else { format!(" ({})", told.join(", ")) }
}
