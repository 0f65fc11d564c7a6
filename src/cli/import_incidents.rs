//! `hotblocks import incidents`: what is understood of files, how good they are, and the incidents checked.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::failure::Failure;
use super::{exit, flags, ground, import_store, load, say};
use crate::encode::incidents::{Form, write};
use crate::encode::quality;
use crate::engine::build::{About, build};
use crate::ingest::incidents::{self, Options};
use crate::ingest::input::Input;
use crate::ingest::refused::Account;
use crate::model::events::Events;
use crate::model::ledger::{Resolution, resolve};
use crate::model::link::LinkRule;
use crate::model::reports::Ledger;
use crate::quality::{places, reports};

/// Reports that a dry run shows.
const SHOWN: usize = 10;

/// The command, for `import`.
pub(super) fn command() -> Command {
    let command = Command::new("incidents")
        .about("Check files of incidents: what is understood of them, how good they are; write the incidents")
        .after_help("Examples:\n  hotblocks import incidents crimes.csv --dry-run\n  hotblocks import incidents crimes.csv --store city.hotblocks --rejects refused.ndjson\n  hotblocks import incidents 2018/*.csv --quality quality.json --rejects refused.ndjson -o checked.geojsonl")
        .arg(
            flags::file("FILE", flags::INCIDENT_FILES)
                .num_args(1..),
        )
        .arg(
            Arg::new("dry-run")
                .long("dry-run")
                .action(ArgAction::SetTrue)
                .help("Print which column stands for what, the CRS and ten parsed rows of each file, and stop"),
        )
        .args([flags::source(), flags::layout(), flags::rejects()])
        .arg(flags::store().conflicts_with("output").help("File of a store to bring the reports into, as `hotblocks init` makes it"))
        .arg(flags::path("quality", "Write the whole quality report to this file, as JSON; - is stdout"))
        .arg(flags::path("blocks", "File of blocks: the last sentence and the report then tell of places too").num_args(1..).action(ArgAction::Append));
    flags::writes(command)
}

/// `import incidents`.
pub(super) fn incidents(matches: &ArgMatches) -> Result<u8, Failure> {
    let crs = load::crs(matches)?;
    let layout = load::layout(load::path(matches, "layout").as_deref())?;
    let options = Options { source: load::text(matches, "source"), crs, layout };
    load::once_to_stdout(matches, &["output", "quality", "rejects"])?;
    let inputs = load::inputs(matches.get_many("FILE").into_iter().flatten())?;
    if matches.get_flag("dry-run") {
        return dry_run(&inputs, &options);
    }
    if load::path(matches, "store").is_some() {
        return import_store::import(matches, &inputs, &options);
    }
    let form = match load::path(matches, "output") {
        Some(file) => Some(form(&file)?),
        None => None,
    };
    let bar = say::progress(inputs.len());
    let (ledger, account) = incidents::read(&inputs, &options, &|| bar.inc(1))?;
    bar.finish_and_clear();
    for note in &account.notes {
        say::tell(note);
    }
    if let Some(path) = load::path(matches, "rejects") {
        load::write_rejects(&path, account.refused.iter())?;
    }
    let (events, resolution) = resolve(&ledger);
    if let Some(form) = form {
        if ledger.sources.len() > 1 {
            let names = ledger.sources.iter().map(|source| source.name.as_str()).collect::<Vec<_>>();
            return Err(Failure::Sources { names: names.join(", ") });
        }
        load::write_text(matches, &write(&ledger, &events, form))?;
    }
    tell(matches, ledger, &events, &resolution, &account)?;
    Ok(if account.refused.is_empty() { exit::DONE } else { exit::SOME_REFUSED })
}

/// Whether more than a sentence about rows is asked for.
pub(super) fn wants_report(matches: &ArgMatches) -> bool {
    ["quality", "blocks"].iter().any(|flag| matches.contains_id(flag))
}

/// Says the sentence, with places where blocks are given, and writes the whole report where it is wanted.
pub(super) fn tell(
    matches: &ArgMatches,
    ledger: Ledger,
    events: &Events,
    resolution: &Resolution,
    account: &Account,
) -> Result<(), Failure> {
    let sources = reports::of(&ledger, resolution);
    let blocks: Vec<PathBuf> = matches.get_many::<PathBuf>("blocks").into_iter().flatten().cloned().collect();
    let (classes, incidents) = (ledger.classes.clone(), events.len());
    let dataset = if blocks.is_empty() {
        None
    } else {
        let (ground, account) = ground::blocks(&ground::block_files(&blocks)?, load::crs(matches)?.as_ref())?;
        say::account("blocks", &account, None);
        let link = Some(LinkRule::default());
        Some(build(ledger, &ground, About { link, ..About::default() })?)
    };
    let found = dataset.as_ref().map(|dataset| (places::of(dataset), dataset));
    let places = found.as_ref().map(|(quality, dataset)| (quality, *dataset));
    if let Some(path) = load::path(matches, "quality") {
        let json = quality::json(account, resolution, incidents, &sources, &classes, places);
        load::write_or_print(&path, &format!("{json:#}\n"))?;
    }
    let rejects = load::path(matches, "rejects").map(|path| path.display().to_string());
    let rejects = rejects.as_deref();
    say::tell(&quality::sentence(account, resolution, incidents, &sources, &classes, places, rejects));
    Ok(())
}

fn dry_run(inputs: &[Input], options: &Options) -> Result<u8, Failure> {
    let mut all_kept = true;
    for input in inputs {
        let seen = incidents::preview(input, options, SHOWN)?;
        let mut text = format!("{}\n", input.name);
        for line in seen.account.notes.iter().chain(&seen.columns).chain(&seen.reports) {
            text.push_str(&format!("  {line}\n"));
        }
        let refused = seen.account.refused.len();
        text.push_str(&format!(
            "  {} rows read, {} understood, {refused} refused",
            seen.account.read, seen.account.kept
        ));
        for row in seen.account.refused.iter().take(SHOWN) {
            text.push_str(&format!("\n  line {}: {} `{}`: {}", row.line, row.column, row.value, row.reason));
        }
        text.push('\n');
        load::print(&text)?;
        all_kept &= refused == 0;
    }
    Ok(if all_kept { exit::DONE } else { exit::SOME_REFUSED })
}

/// How a file is written, by its ending; a sequence of features to stdout.
fn form(file: &std::path::Path) -> Result<Form, Failure> {
    if file.as_os_str() == "-" {
        return Ok(Form::GeoJsonLines);
    }
    let ending = file.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    match ending.as_deref() {
        Some("csv") => Ok(Form::Csv),
        Some("geojson" | "json") => Ok(Form::GeoJson),
        Some("geojsonl" | "geojsons" | "ndjson" | "jsonl") => Ok(Form::GeoJsonLines),
        _ => Err(Failure::Ending { file: file.display().to_string() }),
    }
}
