//! `hotblocks list` and `hotblocks brief`: the outreach list from one review to the next, its notes and sheets; what is new near it.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::Value as Json;

use super::commands::{Opened, loaded};
use super::failure::Failure;
use super::{exit, flags, formats, load, say};
use crate::encode;
use crate::engine::params::outreach::{AS_OF, BRIEF, CAPACITY, LIST};
use crate::engine::params::values::BadValue;
use crate::engine::snapshot::Snapshot;
use crate::layer::answer::answer;
use crate::layer::outreach_answer::{asks_review, list_ask, review_error};
use crate::layer::{Layer, Page, list};
use crate::plan::outreach::register::{Register, Version};
use crate::plan::outreach::words::NOTES;

/// The commands.
pub(super) fn commands() -> [Command; 2] {
    let list = flags::operation(&LIST)
        .after_help("Examples:\n  hotblocks list --config city.toml --capacity 25blocks --as-of 2024-01-02 -o list.json\n  hotblocks list --config city.toml --previous list.json --review scheduled --as-of 2024-07-02 -o list.json\n  hotblocks list --config city.toml --previous list.json --as-of 2024-07-09 --note segment-12=visited -o list.json\n  hotblocks list --config city.toml --previous list.json -o sheets.html")
        .arg(
            Arg::new("format")
                .long("format")
                .value_name("FORMAT")
                .value_parser(["json", "html", "geojson", "csv", "table"])
                .help("How to write it: json is the list itself with all its versions, html one page for paper [default: by the ending of -o, else table]"),
        )
        .arg(flags::path("previous", "The list as `hotblocks list` wrote it; without --capacity or --review it stays as it is"))
        .arg(
            Arg::new("note")
                .long("note")
                .value_name("BLOCK=WORD")
                .num_args(1..)
                .action(ArgAction::Append)
                .help(format!(
                    "Note a word of a block on the list, by its id and for --as-of; no text of one's own is taken: {}",
                    NOTES.words.join(", ")
                )),
        );
    let brief = flags::analysis(&BRIEF, "table").arg(list_file());
    [list, brief]
}

/// `--list`.
pub(super) fn list_file() -> Arg {
    flags::path("list", "An outreach list as `hotblocks list` wrote it")
}

/// The list of a flag, if it was given.
pub(super) fn read(matches: &ArgMatches, flag: &str) -> Result<Option<Register>, Failure> {
    let Some(path) = load::path(matches, flag) else { return Ok(None) };
    let (file, text) = load::text_at(&path)?;
    Ok(Some(encode::list_file::read(&text).map_err(|source| Failure::List { file, source })?))
}

/// `hotblocks list`.
pub(super) fn list(matches: &ArgMatches) -> Result<u8, Failure> {
    let given = flags::values(matches, LIST.params.iter())?;
    let previous = read(matches, "previous")?;
    if previous.is_none() {
        keeps_no_list(matches)?;
    }
    let notes = load::texts(matches, "note");
    if previous.is_none() && !notes.is_empty() {
        return Err(Failure::NotGiven { flag: "previous", example: "--previous list.json" });
    }
    if !notes.is_empty() && given.date(&AS_OF).is_none() {
        return Err(Failure::NotGiven { flag: "as-of", example: "--as-of 2024-07-09" });
    }
    let (loaded, values) = loaded(matches, &given, &[&LIST])?;
    let code = if loaded.all_kept { exit::DONE } else { exit::SOME_REFUSED };
    let snapshot = with(Snapshot::new(loaded.dataset, 1), previous)?;
    let mut kept = snapshot.outreach().cloned();
    if let (Some(kept), Some(date)) = (&mut kept, given.date(&AS_OF)) {
        for note in &notes {
            let (block, word) = note.split_once('=').ok_or_else(|| not_a_note(note))?;
            kept.note(block.trim(), word.trim(), date)?;
        }
    }
    let next = match kept {
        Some(kept) if !asks_review(&given) => kept,
        kept => {
            let mut ask = list_ask(&values);
            // A configured capacity makes the first list; later ones keep theirs unless another is given.
            ask.capacity = given.capacity(&CAPACITY).or(ask.capacity.filter(|_| kept.is_none()));
            snapshot.review(kept.as_ref(), &ask).map_err(review_error)?
        }
    };
    tell(next.last());
    if (asks_review(&given) || !notes.is_empty()) && format(matches) != "json" {
        say::tell(
            "this version is not kept: write it with -o list.json, then print from there with --previous",
        );
    }
    let snapshot = with(snapshot, Some(next))?;
    // What is shown is the list that is kept now, whatever was asked.
    let layer = || Ok::<_, Failure>(answer(&snapshot, &LIST, &Default::default(), Page::ALL)?);
    let text = match format(matches).as_str() {
        "json" => encode::list_file::write(snapshot.outreach().expect("given just now")),
        "html" => {
            let paper = list::paper(&snapshot, snapshot.outreach().expect("given just now"));
            let paper = paper.map_err(crate::layer::answer::AnswerError::from)?;
            paper.as_ref().map_or_else(String::new, encode::sheets::page)
        }
        "geojson" => encode::geojson::collection(&layer()?, Json::Null) + "\n",
        "csv" => encode::csv::rows(&layer()?),
        _ => encode::table::table(&narrow(layer()?)),
    };
    load::write_text(matches, &text)?;
    Ok(code)
}

/// Refuses to write a first list over one that is kept: its stays, notes and reasons would be lost.
fn keeps_no_list(matches: &ArgMatches) -> Result<(), Failure> {
    let out = load::path(matches, "output").filter(|path| path.is_file());
    let kept = out.filter(|path| {
        std::fs::read_to_string(path).is_ok_and(|text| encode::list_file::read(&text).is_ok())
    });
    kept.map_or(Ok(()), |path| Err(Failure::KeptList { file: path.display().to_string() }))
}

/// The word after `=` is not repeated: it may name a person.
fn not_a_note(note: &str) -> Failure {
    Failure::Value(BadValue {
        name: "--note".to_owned(),
        value: note.split('=').next().unwrap_or_default().chars().take(20).collect(),
        mend: format!("give a block and a word, as segment-12=visited; words are {}", NOTES.words.join(", ")),
    })
}

/// A snapshot with a list, or as it is.
pub(super) fn with(snapshot: Snapshot, list: Option<Register>) -> Result<Snapshot, Failure> {
    match list {
        Some(list) => Ok(snapshot.with_outreach(list)?),
        None => Ok(snapshot),
    }
}

/// `hotblocks brief`.
pub(super) fn brief(matches: &ArgMatches) -> Result<u8, Failure> {
    let given = flags::values(matches, BRIEF.params.iter())?;
    let kept = read(matches, "list")?;
    let opened = Opened::with_list(matches, &given, &[&BRIEF], kept)?;
    load::write_answer(matches, &formats::written(matches, &opened.layer(&BRIEF, Page::ALL)?)?)?;
    Ok(opened.code())
}

/// The form that is asked for, or the one that the file's ending names.
fn format(matches: &ArgMatches) -> String {
    let ending = |path: PathBuf| {
        let ending = Path::new(&path).extension()?.to_str()?.to_ascii_lowercase();
        ["json", "html", "geojson", "csv"].contains(&ending.as_str()).then_some(ending)
    };
    let given = load::text(matches, "format");
    given.or_else(|| load::path(matches, "output").and_then(ending)).unwrap_or_else(|| "table".to_owned())
}

/// What fits a terminal.
fn narrow(mut layer: Layer) -> Layer {
    const SHOWN: [&str; 8] =
        ["place", "status", "name", "p_top_n", "incidents", "change", "since", "at_least_until"];
    for feature in &mut layer.features {
        feature.properties.retain(|(name, _)| SHOWN.contains(name));
    }
    layer
}

/// Says what the last review did.
fn tell(version: Option<&Version>) {
    let Some(version) = version else { return };
    let all = || version.entries.iter().chain(&version.left);
    let n = |group: &str| all().filter(|entry| entry.change.group() == group).count();
    say::tell(&format!(
        "outreach list, version {} of {} ({} review): {} of {} {} taken; {} entered, {} stayed, {} in aftercare, {} left; next review from {}",
        version.number,
        version.date,
        version.review,
        version.taken(),
        version.rules.capacity.amount(),
        version.rules.capacity.unit(),
        n("entered"),
        n("stayed"),
        n("aftercare"),
        n("left"),
        version.next_review(),
    ));
}
