//! What several tests need: the sample, the St. Louis files where they are, a way to load either.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod answers;
pub(crate) mod command;
pub(crate) mod lots;
pub(crate) mod town;
pub(crate) mod wire;

use std::path::{Path, PathBuf};

use hotblocks::engine::build::{About, Ground, build};
use hotblocks::engine::query::Selection;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::ingest::blocks;
use hotblocks::ingest::incidents::{self, Options};
use hotblocks::ingest::input::Input;
use hotblocks::ingest::refused::Account;
use hotblocks::space::coord::Local;

/// A path in the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The St. Louis data beside the repository; `None`, said aloud, where it is absent.
pub(crate) fn st_louis() -> Option<PathBuf> {
    let folder = repository("../shared/data/st-louis");
    let there = folder.join("streets.parquet").exists();
    if !there {
        eprintln!("SKIPPED: the St. Louis data is not beside the repository");
    }
    there.then_some(folder)
}

/// The 84 monthly files, by name.
pub(crate) fn st_louis_months(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = (2012..=2018)
        .flat_map(|year| {
            std::fs::read_dir(folder.join(format!("incidents/{year}"))).expect("a folder a year")
        })
        .map(|entry| entry.expect("readable").path())
        .collect();
    files.sort();
    files
}

/// Loads files as the command line does.
pub(crate) fn load(incident_files: &[PathBuf], block_file: &Path) -> (Snapshot, Account, Account) {
    let inputs: Vec<Input> = incident_files.iter().map(|f| Input::at(f).expect("a known ending")).collect();
    let (ledger, incident_account) =
        incidents::read(&inputs, &Options::default(), &|| ()).expect("readable incidents");
    let (shapes, block_account) =
        blocks::read(&Input::at(block_file).expect("a known ending"), None).expect("readable blocks");
    let ground = Ground::from(shapes);
    let dataset = build(ledger, &ground, About::default()).expect("a data set");
    (Snapshot::new(dataset, 1), incident_account, block_account)
}

/// The sample over its streets.
pub(crate) fn new_haven() -> (Snapshot, Account, Account) {
    load(
        &[repository("data/new-haven/new_haven_merged.shp")],
        &repository("data/new-haven/newhaven_nework.shp"),
    )
}

/// The sample over polygons.
pub(crate) fn new_haven_polygons() -> (Snapshot, Account, Account) {
    load(
        &[repository("data/new-haven/new_haven_merged.shp")],
        &repository("data/new-haven/derived_newhaven_blocks.geojson"),
    )
}

/// Places of the selected incidents that density and clusters draw: located in the study area, not held, not protected.
pub(crate) fn drawn(snapshot: &Snapshot, selection: &Selection) -> Vec<Local> {
    let incidents = &snapshot.dataset().incidents;
    drawn_at(snapshot, selection).into_iter().filter_map(|at| incidents.local(at)).collect()
}

/// The same incidents, by position.
pub(crate) fn drawn_at(snapshot: &Snapshot, selection: &Selection) -> Vec<usize> {
    let data = snapshot.dataset();
    let protected =
        |at: usize| data.incidents.classes(at).any(|class| data.classes.get(class).flags.protected());
    (0..data.incidents.len())
        .filter(|&at| !data.held[at] && selection.has(data, at) && !protected(at))
        .filter(|&at| data.incidents.local(at).is_some_and(|at| data.study_area.contains(at)))
        .collect()
}

/// An error with its causes, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
