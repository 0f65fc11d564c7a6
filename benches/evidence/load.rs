//! Files to a data set, with the accounts of their rows.

use std::path::{Path, PathBuf};

use hotblocks::engine::build::{About, Ground, build};
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::ingest::blocks;
use hotblocks::ingest::incidents::{Options, read};
use hotblocks::ingest::input::Input;
use hotblocks::ingest::refused::Account;
use hotblocks::model::report::Sign;

/// A data set and what became of the rows behind it.
pub(crate) struct Loaded {
    pub(crate) account: Account,
    /// Reports that add, less those that take back.
    pub(crate) net: i64,
    pub(crate) snapshot: Snapshot,
}

/// The shipped sample: blocks and incidents.
pub(crate) fn new_haven() -> (Account, Loaded) {
    let shipped = |file: &str| Input::shipped(&format!("new-haven/{file}")).expect("a known ending");
    let (ground, account) = ground(&shipped("newhaven_nework.shp"));
    (account, load(&[shipped("new_haven_merged.shp")], &ground))
}

/// Blocks from a file.
pub(crate) fn ground(input: &Input) -> (Ground, Account) {
    let (shapes, account) = blocks::read(input, None).expect("blocks that can be read");
    let ground = Ground::from(shapes);
    (ground, account)
}

/// Incidents over blocks.
pub(crate) fn load(inputs: &[Input], ground: &Ground) -> Loaded {
    let (ledger, account) = read(inputs, &Options::default(), &|| ()).expect("incidents that can be read");
    let net = ledger.reports.iter().map(|report| if report.sign == Sign::Adds { 1 } else { -1 }).sum();
    let dataset = build(ledger, ground, About::default()).expect("incidents lie on blocks");
    Loaded { account, net, snapshot: Snapshot::new(dataset, 1) }
}

/// The outside data of St. Louis, where they lie beside the repository.
pub(crate) fn st_louis_folder(root: &Path) -> Option<PathBuf> {
    Some(root.join("../shared/data/st-louis")).filter(|folder| folder.join("incidents").is_dir())
}

/// Its years with their monthly files.
pub(crate) fn st_louis_files(folder: &Path) -> Vec<(String, Vec<PathBuf>)> {
    let list = |folder: &Path| {
        let entries = std::fs::read_dir(folder).expect("a folder that can be read");
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        paths
    };
    let year = |folder: PathBuf| {
        let name = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let files = list(&folder).into_iter().filter(|path| path.extension().is_some_and(|e| e == "csv"));
        (name, files.collect())
    };
    list(&folder.join("incidents")).into_iter().filter(|path| path.is_dir()).map(year).collect()
}
