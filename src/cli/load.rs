//! From flags and configuration to a data set, with everything said that a person should know.

use std::path::{Path, PathBuf};

use clap::ArgMatches;

use super::failure::Failure;
use super::say;
use crate::config::Config;
use crate::engine::build::{About, Ground, build};
use crate::ingest::blocks::{self, Shapes};
use crate::ingest::incidents::{self, Options};
use crate::ingest::input::Input;
use crate::ingest::refused::Refused;
use crate::ingest::shipped;
use crate::model::dataset::Dataset;
use crate::space::crs::Crs;

/// A data set, and whether every row of its files was kept.
pub(super) struct Loaded {
    pub(super) dataset: Dataset,
    pub(super) all_kept: bool,
    pub(super) config: Config,
}

/// The configuration that the flags name, with the flags' own values over it.
pub(super) fn config(matches: &ArgMatches) -> Result<Config, Failure> {
    let mut config = match path(matches, "config") {
        Some(file) => Config::open(&file)?,
        None => Config::default(),
    };
    if let Ok(Some(files)) = matches.try_get_many::<PathBuf>("incidents") {
        config.incidents = files.cloned().collect();
    }
    config.blocks = path(matches, "blocks").or(config.blocks);
    config.layout = path(matches, "layout").or(config.layout);
    config.crs = text(matches, "crs").or(config.crs);
    config.source = text(matches, "source").or(config.source);
    Ok(config)
}

/// The value of a flag that is a word, if the command has it and it was given.
pub(super) fn text(matches: &ArgMatches, flag: &str) -> Option<String> {
    matches.try_get_one::<String>(flag).ok().flatten().cloned()
}

/// The value of a flag that is a file, if the command has it and it was given.
pub(super) fn path(matches: &ArgMatches, flag: &str) -> Option<PathBuf> {
    matches.try_get_one::<PathBuf>(flag).ok().flatten().cloned()
}

/// Loads what a configuration names on the disk.
pub(super) fn load(config: Config, rejects: Option<&Path>) -> Result<Loaded, Failure> {
    if config.incidents.is_empty() {
        return Err(Failure::NotGiven { flag: "incidents", example: "--incidents crimes.csv" });
    }
    let Some(blocks) = &config.blocks else {
        return Err(Failure::NotGiven { flag: "blocks", example: "--blocks streets.shp" });
    };
    let inputs = config.incidents.iter().map(|path| Input::at(path)).collect::<Result<Vec<_>, _>>()?;
    let blocks = Input::at(blocks)?;
    let layout = match &config.layout {
        None => None,
        Some(path) => {
            let file = path.display().to_string();
            let text = std::fs::read_to_string(path)
                .map_err(|source| Failure::Read { file: file.clone(), source })?;
            Some((file, text))
        }
    };
    assemble(config, &inputs, &blocks, layout, rejects)
}

/// Loads the sample that ships.
pub(super) fn load_sample() -> Result<Loaded, Failure> {
    const FOLDER: &str = "new-haven";
    let bytes = shipped::file(&format!("{FOLDER}/hotblocks.toml")).unwrap_or_default();
    let config = Config::parse("data/new-haven/hotblocks.toml", &String::from_utf8_lossy(&bytes))?;
    let shipped = |file: &PathBuf| Input::shipped(&format!("{FOLDER}/{}", file.display()));
    let inputs = config.incidents.iter().map(shipped).collect::<Result<Vec<_>, _>>()?;
    let blocks = shipped(&config.blocks.clone().unwrap_or_default())?;
    assemble(config, &inputs, &blocks, None, None)
}

fn assemble(
    config: Config,
    inputs: &[Input],
    blocks: &Input,
    layout: Option<(String, String)>,
    rejects: Option<&Path>,
) -> Result<Loaded, Failure> {
    let crs = config.crs.as_deref().map(Crs::new).transpose()?;
    let bar = say::progress(inputs.len());
    let options = Options { source: config.source.clone(), crs: crs.clone(), layout };
    let (ledger, incident_account) = incidents::read(inputs, &options, &|| bar.inc(1))?;
    let (shapes, block_account) = blocks::read(blocks, crs.as_ref())?;
    bar.finish_and_clear();
    let rejects_name = rejects.map(|path| path.display().to_string());
    say::account("blocks", &block_account, rejects_name.as_deref());
    say::account("incidents", &incident_account, rejects_name.as_deref());
    let all_kept = incident_account.refused.is_empty() && block_account.refused.is_empty();
    if let Some(path) = rejects {
        write_rejects(path, incident_account.refused.iter().chain(&block_account.refused))?;
    }
    let ground = match shapes {
        Shapes::Streets(streets) => Ground::Streets(streets),
        Shapes::Areas(areas) => Ground::Areas(areas),
    };
    let about = About {
        title: config.title.clone().unwrap_or_else(|| "Incidents".to_owned()),
        notice: config.notice.clone(),
        released: config.released.clone(),
    };
    let dataset = build(ledger, &ground, about)?;
    say::resolution(&dataset.resolution, dataset.incidents.len());
    say::assigned(&dataset.assigned);
    Ok(Loaded { dataset, all_kept, config })
}

fn write_rejects<'a>(path: &Path, refused: impl Iterator<Item = &'a Refused>) -> Result<(), Failure> {
    let lines: String = refused.map(|row| serde_json::json!(row).to_string() + "\n").collect();
    std::fs::write(path, lines).map_err(|source| Failure::Write { file: path.display().to_string(), source })
}
