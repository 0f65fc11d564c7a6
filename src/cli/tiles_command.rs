//! `hotblocks export tiles`: all layers as an archive of vector tiles.

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::commands::Opened;
use super::failure::Failure;
use super::{flags, load, say};
use crate::encode::mvt::{TILED, Tiled};
use crate::encode::pmtiles::pmtiles;
use crate::engine::View;
use crate::layer::answer::AnswerError;

/// The deepest zoom where none is given: a unit of a tile is 30 cm there.
const MOST_ZOOM: &str = "15";

pub(super) fn command() -> Command {
    let command = Command::new("tiles")
        .about("Write all layers as vector tiles into one file, for maps on a plain file server")
        .after_help("Example:\n  hotblocks export tiles --pmtiles -o tiles.pmtiles --incidents crimes.csv --blocks streets.shp --bandwidth 250m --cell 50m")
        .arg(
            Arg::new("pmtiles")
                .long("pmtiles")
                .action(ArgAction::SetTrue)
                .required(true)
                .help("Write PMTiles, version 3"),
        )
        .arg(
            Arg::new("max-zoom")
                .long("max-zoom")
                .value_name("N")
                .value_parser(value_parser!(u8).range(0..=18))
                .default_value(MOST_ZOOM)
                .help("Deepest zoom of the tiles; maps draw deeper ones from these"),
        )
        .arg(flags::written_file().required(true));
    flags::inputs(flags::with_params(command, flags::all_params().into_iter()))
}

pub(super) fn run(matches: &ArgMatches) -> Result<u8, Failure> {
    let given = flags::values(matches, flags::all_params().into_iter())?;
    let opened = Opened::new(matches, &given, &[])?;
    let snapshot = opened.engine().open(&View::all());
    let mut layers = Vec::new();
    for operation in TILED {
        match Tiled::of(&snapshot, &operation, opened.values()) {
            Ok(layer) => layers.push(layer),
            Err(why @ (AnswerError::NotGiven(_) | AnswerError::Unusable { .. })) => {
                say::tell(&format!("{} is left out: {why}", operation.collection));
            }
            Err(why) => return Err(why.into()),
        }
    }
    let most_zoom = matches.get_one::<u8>("max-zoom").copied().unwrap_or_default();
    let file = load::path(matches, "output").unwrap_or_default();
    let all: Vec<&Tiled> = layers.iter().collect();
    let archived = load::write_with(&file, |out| {
        pmtiles(&snapshot, &all, most_zoom, out).map_err(std::io::Error::other)
    })?;
    let names: Vec<&str> = layers.iter().map(|layer| layer.name).collect();
    let cut = match archived.cut {
        0 => String::new(),
        n => format!("; from {n} of them something is left out, which their layer _truncated tells"),
    };
    say::tell(&format!("{}: {} tiles of {}{cut}", file.display(), archived.tiles, names.join(", ")));
    Ok(opened.code())
}
