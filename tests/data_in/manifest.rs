//! Every file at hand and what becomes of it: `fixtures/manifest.toml`, which other programs wrote, row by row.

use crate::common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use common::repository;
use geo::CoordsIter;
use hotblocks::ingest::blocks::{self, Purpose, Shapes};
use hotblocks::ingest::incidents::{self, Options};
use hotblocks::ingest::input::Input;
use hotblocks::ingest::refused::Account;
use hotblocks::model::ledger::resolve;
use hotblocks::model::report::Place;
use hotblocks::model::reports::Ledger;
use hotblocks::space::crs::Crs;
use rayon::prelude::*;

/// What the manifest says of one file.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Expected {
    /// Below `fixtures`, or below `../shared/data` where it begins with `shared:`; `file.gpkg:layer` is a layer.
    path: String,
    /// `incidents`, `blocks`, or the kind of the areas.
    read: String,
    /// `--crs`.
    crs: Option<String>,
    /// `--layout`.
    layout_file: Option<String>,
    /// Files that are read before it and behind it, in the same call.
    after: Vec<String>,
    with: Vec<String>,
    /// What it may unpack to.
    limit: Option<u64>,

    /// The beginning of the message, if the file is refused whole, and a part of what lies behind it.
    error: Option<String>,
    cause: Option<String>,

    layout: Option<String>,
    in_crs: Option<String>,
    rows: usize,
    kept: usize,
    /// Refused rows by reason, and where all of them stand.
    refused: BTreeMap<String, usize>,
    lines: Option<Vec<u64>>,
    /// Parts of reasons.
    reasons: Vec<String>,
    no_place: usize,
    /// Reports without coordinates.
    unlocated: usize,
    /// West, south, east, north of what has coordinates.
    bbox: Option<[f64; 4]>,
    /// First second in UTC and length of each report.
    times: Option<Vec<(i64, u32)>>,
    addresses: Option<Vec<String>>,
    classes: Option<Vec<String>>,
    incidents: Option<usize>,
    cancelled: Option<usize>,
    unmatched: Option<usize>,
    superseded: Option<usize>,
    withdrawn: Option<usize>,
    merged: Option<usize>,
    /// Parts of notes.
    notes: Vec<String>,
    /// What must come out nowhere, or in no note, refusal or message.
    never: Vec<String>,
    never_noted: Vec<String>,
}

/// What came of it.
struct Found {
    account: Account,
    layout: Option<String>,
    places: Vec<(f64, f64)>,
    ledger: Option<Ledger>,
    /// Everything of it that could come out.
    all: String,
}

#[derive(serde::Deserialize)]
struct Manifest {
    file: Vec<Expected>,
}

fn manifest() -> Vec<Expected> {
    let text = std::fs::read_to_string(repository("fixtures/manifest.toml")).expect("committed");
    toml::from_str::<Manifest>(&text).expect("as the script writes it").file
}

fn shared() -> Option<PathBuf> {
    let folder = repository("../shared/data");
    let there = folder.join("README.md").exists();
    if !there {
        eprintln!("SKIPPED: the shared data is not beside the repository");
    }
    there.then_some(folder)
}

fn place(path: &str) -> PathBuf {
    match path.strip_prefix("shared:") {
        Some(rest) => repository("../shared/data").join(rest),
        None => repository("fixtures").join(path),
    }
}

/// A message with its causes; names of files as the manifest has them.
fn chain(error: &dyn std::error::Error) -> String {
    let text = common::chain(error);
    let shared = format!("{}/", repository("../shared/data").display());
    let root = format!("{}/", env!("CARGO_MANIFEST_DIR"));
    text.replace(&shared, "shared:").replace(&root, "")
}

fn input(path: &str, e: &Expected) -> Result<Input, String> {
    let input = Input::at(&place(path)).map_err(|error| chain(&error))?;
    Ok(match e.limit {
        Some(limit) => input.with_limit(limit),
        None => input,
    })
}

fn read(e: &Expected) -> Result<Found, String> {
    let crs = e.crs.as_deref().map(|code| Crs::new(code).expect("a code"));
    if e.read == "incidents" {
        let layout = e.layout_file.as_deref().map(|file| {
            (file.to_owned(), std::fs::read_to_string(repository("fixtures").join(file)).expect("a layout"))
        });
        let files = e.after.iter().chain([&e.path]).chain(&e.with);
        let inputs = files.map(|path| input(path, e)).collect::<Result<Vec<_>, _>>()?;
        let options = Options { crs, layout, ..Options::default() };
        let (ledger, account) = incidents::read(&inputs, &options, &|| ()).map_err(|error| chain(&error))?;
        let mut places = Vec::new();
        for report in ledger.reports.iter() {
            if let Place::At(at) = report.place {
                places.push((at.lon(), at.lat()));
            }
        }
        let layout = ledger.sources.first().map(|source| source.name.clone());
        let all = if e.never.is_empty() { String::new() } else { format!("{ledger:?}") };
        return Ok(Found { account, layout, places, ledger: Some(ledger), all });
    }
    let purpose = match e.read.as_str() {
        "blocks" => Purpose::Blocks,
        kind => Purpose::Areas(kind.parse().expect("a kind of area")),
    };
    let (shapes, account) =
        blocks::read_for(&input(&e.path, e)?, crs.as_ref(), purpose).map_err(|error| chain(&error))?;
    let places = match &shapes {
        Shapes::Streets(all) => all.iter().flat_map(|s| &s.line).map(|at| (at.lon(), at.lat())).collect(),
        Shapes::Areas(all) => all.iter().flat_map(|a| a.shape.coords_iter()).map(|at| (at.x, at.y)).collect(),
    };
    let layout = account.notes.iter().find_map(|note| note.split("by layout `").nth(1)?.split('`').next());
    let layout = layout.map(str::to_owned);
    let all = if e.never.is_empty() { String::new() } else { format!("{shapes:?}") };
    Ok(Found { layout, places, ledger: None, all, account })
}

/// A millionth of a degree, 11 cm.
const NEAR: f64 = 1e-6;

/// What is not as expected.
fn faults(e: &Expected) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault = |what: &str, found: &dyn std::fmt::Debug, expected: &dyn std::fmt::Debug| {
        faults.push(format!("{} as {}: {what} {found:?}, not {expected:?}", e.path, e.read));
    };
    let found = match (read(e), &e.error) {
        (Err(message), Some(expected)) => {
            if !message.starts_with(expected.as_str()) {
                fault("refused", &message, expected);
            }
            for cause in e.cause.iter().filter(|cause| !message.contains(cause.as_str())) {
                fault("because", &message, cause);
            }
            for never in e.never.iter().filter(|never| message.contains(never.as_str())) {
                fault("says", &message, never);
            }
            return faults;
        }
        (Err(message), None) => {
            fault("refused", &message, &"read");
            return faults;
        }
        (Ok(found), Some(expected)) => {
            fault("read", &found.account, expected);
            return faults;
        }
        (Ok(found), None) => found,
    };
    let account = &found.account;
    let said = (account.read, account.kept, account.refused.len());
    if said != (e.rows, e.kept, e.refused.values().sum()) {
        fault("read, kept, refused", &said, &(e.rows, e.kept, e.refused.values().sum::<usize>()));
    }
    let reasons: BTreeMap<String, usize> = account.reasons().into_iter().collect();
    if reasons != e.refused {
        fault("refused", &account.refused.iter().take(20).collect::<Vec<_>>(), &e.refused);
    }
    let mut lines: Vec<u64> = account.refused.iter().map(|refused| refused.line).collect();
    lines.sort_unstable();
    if e.lines.as_ref().is_some_and(|expected| *expected != lines) {
        fault("lines", &lines, &e.lines);
    }
    for reason in &e.reasons {
        if !account.refused.iter().any(|refused| refused.reason.contains(reason.as_str())) {
            fault("reasons", &account.refused, reason);
        }
    }
    if account.flags.no_place != e.no_place {
        fault("no place", &account.flags.no_place, &e.no_place);
    }
    if e.layout.is_some() && found.layout != e.layout {
        fault("layout", &found.layout, &e.layout);
    }
    let of_crs = e.in_crs.iter().map(|crs| format!("coordinates in {crs}"));
    for note in of_crs.chain(e.notes.iter().cloned()) {
        if !account.notes.iter().any(|text| text.contains(&note)) {
            fault("notes", &account.notes, &note);
        }
    }
    let least = |of: fn(&(f64, f64)) -> f64| found.places.iter().map(of).min_by(f64::total_cmp);
    let most = |of: fn(&(f64, f64)) -> f64| found.places.iter().map(of).max_by(f64::total_cmp);
    let bbox = least(|at| at.0).zip(least(|at| at.1)).zip(most(|at| at.0).zip(most(|at| at.1)));
    let bbox = bbox.map(|((west, south), (east, north))| [west, south, east, north]);
    let near = |(a, b): ([f64; 4], [f64; 4])| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= NEAR);
    if bbox.is_some() != e.bbox.is_some() || !bbox.zip(e.bbox).is_none_or(near) {
        fault("box", &bbox, &e.bbox);
    }
    let told = format!("{:?} {:?}", account.notes, account.refused);
    for never in e.never.iter().chain(&e.never_noted).filter(|never| told.contains(never.as_str())) {
        fault("tells", &told, never);
    }
    for never in e.never.iter().filter(|never| found.all.contains(never.as_str())) {
        fault("holds", &"in what is kept", never);
    }
    if let Some(ledger) = &found.ledger {
        of_reports(e, ledger, &mut fault);
    }
    faults
}

fn of_reports(
    e: &Expected,
    ledger: &Ledger,
    fault: &mut dyn FnMut(&str, &dyn std::fmt::Debug, &dyn std::fmt::Debug),
) {
    let all = || ledger.reports.iter();
    let unlocated = all().filter(|r| !matches!(r.place, Place::At(_))).count();
    if unlocated != e.unlocated {
        fault("without coordinates", &unlocated, &e.unlocated);
    }
    let times: Vec<(i64, u32)> = all().map(|r| (r.when.from, r.when.seconds)).collect();
    if e.times.as_ref().is_some_and(|expected| *expected != times) {
        fault("times", &times, &e.times);
    }
    let addresses: Vec<&str> = all().map(|r| r.address.unwrap_or_default()).collect();
    if e.addresses.as_ref().is_some_and(|expected| *expected != addresses) {
        fault("addresses", &addresses, &e.addresses);
    }
    let classes: Vec<&str> = all().map(|r| ledger.classes.get(r.class).code.as_str()).collect();
    if e.classes.as_ref().is_some_and(|expected| *expected != classes) {
        fault("classes", &classes, &e.classes);
    }
    let (events, resolution) = resolve(ledger);
    for (what, found, expected) in [
        ("incidents", events.len(), e.incidents),
        ("cancelled", resolution.cancelled, e.cancelled),
        ("unmatched", resolution.unmatched.len(), e.unmatched),
        ("superseded", resolution.superseded, e.superseded),
        ("withdrawn", resolution.withdrawn, e.withdrawn),
        ("merged", resolution.merged, e.merged),
    ] {
        if expected.is_some_and(|expected| expected != found) {
            fault(what, &found, &expected);
        }
    }
}

#[track_caller]
fn check(rows: &[Expected]) {
    let faults: Vec<String> = rows.par_iter().flat_map_iter(faults).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn every_made_up_file_is_read_or_refused_as_the_manifest_says() {
    let rows: Vec<Expected> = manifest().into_iter().filter(|e| !e.path.starts_with("shared:")).collect();
    assert!(rows.len() > 80, "{}", rows.len());
    check(&rows);
}

#[test]
fn every_file_of_the_shared_data_is_read_or_refused_as_the_manifest_says() {
    let Some(_) = shared() else { return };
    let rows: Vec<Expected> = manifest().into_iter().filter(|e| e.path.starts_with("shared:")).collect();
    assert!(rows.len() > 100, "{}", rows.len());
    check(&rows);
}

fn files_under(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() { files_under(&path, found) } else { found.push(path) }
    }
}

/// Files that belong to another one, or tell a person something.
const PARTS: [&str; 7] = ["dbf", "shx", "prj", "qpj", "txt", "md", "py"];

#[test]
fn no_file_is_missing_from_the_manifest() {
    let listed: BTreeSet<PathBuf> = manifest()
        .iter()
        .map(|e| place(&e.path))
        .map(|path| match path.to_string_lossy().split_once(".gpkg:") {
            Some((file, _)) => PathBuf::from(format!("{file}.gpkg")),
            None => path,
        })
        .collect();
    let mut there = Vec::new();
    files_under(&repository("fixtures/nasty"), &mut there);
    there.retain(|path| !path.to_string_lossy().contains("nasty/layouts/"));
    if let Some(folder) = shared() {
        files_under(&folder, &mut there);
    }
    let part = |path: &PathBuf| path.extension().is_some_and(|e| PARTS.contains(&&*e.to_string_lossy()));
    let missing: Vec<&PathBuf> = there.iter().filter(|path| !part(path) && !listed.contains(*path)).collect();
    assert!(missing.is_empty(), "fixtures/manifest.toml does not say what becomes of {missing:?}");
}
