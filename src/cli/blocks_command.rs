//! `hotblocks blocks`: block sets that are made, cells, the polygons between streets and hundred-blocks.

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use geo::MultiPolygon;

use super::failure::Failure;
use super::ground::read_areas;
use super::{exit, flags, load, say};
use crate::config::{ADDRESSES, Files};
use crate::encode;
use crate::engine::params::table::CELL;
use crate::engine::params::values::{BadValue, Values};
use crate::ingest::blocks::{Purpose, Shapes, read_for};
use crate::ingest::input::Input;
use crate::model::areas::{Area, AreaKind, POLYGONS, extent, polygons, to_local};
use crate::model::cells::{h3_cells, hexagon_cells, square_cells};
use crate::model::polygonize::{Faces, SAME_PLACE, SLIVER, between, polygonize};
use crate::model::streets::{self, Street, in_words};
use crate::space::coord::Local;
use crate::space::crs::Crs;

/// The command with its ways to make blocks.
pub(super) fn command() -> Command {
    let within = |help: &'static str| {
        Arg::new("within")
            .long("within")
            .value_name("FILE")
            .value_parser(value_parser!(std::path::PathBuf))
            .help(help)
    };
    let cells = Command::new("cells")
        .about("Square, hexagonal or H3 cells that cover a place, as GeoJSON for --blocks")
        .arg(
            Arg::new("kind")
                .long("kind")
                .value_name("KIND")
                .required(true)
                .value_parser(["square", "hexagon", "h3"])
                .help("Shape of the cells; hexagons have flat sides north and south"),
        )
        .arg(
            Arg::new("cell")
                .long("cell")
                .value_name("LENGTH")
                .help("Side of a square, width of a hexagon from side to side [example: 200m]"),
        )
        .arg(
            Arg::new("resolution")
                .long("resolution")
                .value_name("N")
                .value_parser(value_parser!(u8))
                .help("H3's resolution, 0 to 15 [example: 9, cells of about 0.1 km²]"),
        )
        .arg(within("Polygons to cover; every cell that touches them is made whole").required(true));
    let streets = Command::new("from-streets")
        .about("The polygons between streets, as GeoJSON for --blocks")
        .arg(flags::file("STREETS", "File of street lines: .geojson, .shp, .gpkg, .fgb, .parquet"))
        .arg(within("Outline that closes what the streets leave open; what lies outside is left out"))
        .arg(
            Arg::new("alleys")
                .long("alleys")
                .action(ArgAction::SetTrue)
                .help("Alleys split blocks too; by default they do not, since they are no streets"),
        );
    let addresses = Command::new("from-addresses")
        .about("Hundred-blocks from the addresses of incidents, as GeoJSON for a map; --blocks addresses ranks them")
        .arg(flags::path("incidents", flags::INCIDENT_FILES).num_args(1..).required(true))
        .arg(flags::layout());
    Command::new("blocks")
        .about("Make a block set: cells, the polygons between streets, or hundred-blocks from addresses")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(flags::writes(cells))
        .subcommand(flags::writes(streets))
        .subcommand(flags::writes(addresses))
}

/// Runs what was asked for.
pub(super) fn run(matches: &ArgMatches) -> Result<u8, Failure> {
    match matches.subcommand() {
        Some(("cells", matches)) => cells(matches),
        Some(("from-streets", matches)) => from_streets(matches),
        Some(("from-addresses", matches)) => from_addresses(matches),
        // The command requires one of those above.
        _ => Ok(exit::USAGE),
    }
}

fn cells(matches: &ArgMatches) -> Result<u8, Failure> {
    let kind = load::text(matches, "kind").unwrap_or_default();
    let mut values = Values::default();
    if let Some(text) = load::text(matches, "cell") {
        values.set_flag(&CELL, &text)?;
    }
    let resolution = matches.get_one::<u8>("resolution").copied();
    let unused = |flag: &str, value: String, mend: &str| {
        Failure::Value(BadValue { name: flag.to_owned(), value, mend: mend.to_owned() })
    };
    if let (true, Some(size)) = (kind == "h3", values.length(&CELL)) {
        return Err(unused("--cell", size.to_string(), "H3 cells have a --resolution instead"));
    }
    if let (false, Some(resolution)) = (kind == "h3", resolution) {
        return Err(unused("--resolution", resolution.to_string(), "only H3 cells have one; give a --cell"));
    }
    let size = || values.length(&CELL).ok_or(Failure::NotGiven { flag: "cell", example: CELL.example });
    let level = || resolution.ok_or(Failure::NotGiven { flag: "resolution", example: "9" });
    let (mask, crs, refused) = mask(matches)?;
    let set = match kind.as_str() {
        "h3" => h3_cells(&mask, level()?, &crs),
        "hexagon" => hexagon_cells(&mask, size()?, &crs),
        _ => square_cells(&mask, size()?, &crs),
    }?;
    load::write_text(matches, &encode::shapes::block_set(&set, &crs.to_string()))?;
    let area = set.blocks.iter().filter_map(|block| block.area).map(|a| a.0).sum::<f64>()
        / set.blocks.len().max(1) as f64;
    say::tell(&format!(
        "{} {kind} cells of {area:.4} km² touch the place; laid out in {crs}, block set `{}`",
        say::thousands(set.blocks.len()),
        set.name
    ));
    Ok(if refused { exit::SOME_REFUSED } else { exit::DONE })
}

fn from_streets(matches: &ArgMatches) -> Result<u8, Failure> {
    let crs = load::crs(matches)?;
    let alleys = matches.get_flag("alleys");
    let input = Input::at(&load::path(matches, "STREETS").unwrap_or_default())?;
    let (shapes, account) = read_for(&input, crs.as_ref(), Purpose::Bounds { alleys })?;
    say::account("streets", &account, None);
    let Shapes::Streets(streets) = shapes else {
        return Err(Failure::NoStreets { file: input.name.clone() });
    };
    let (outline, local, refused) = match load::path(matches, "within") {
        None => (None, local_of(&streets)?, false),
        Some(_) => {
            let (mask, crs, refused) = mask(matches)?;
            (Some(mask), crs, refused)
        }
    };
    let lines = streets.iter().map(|street| street.line.iter().map(|&at| local.to_local(at)).collect());
    let lines: Vec<Vec<Local>> = lines.collect::<Result<_, _>>()?;
    let faces = polygonize(&lines, outline.as_ref(), SAME_PLACE);
    let areas = named(&faces, &streets, &local)?;
    let set = polygons(&areas, &local)?;
    load::write_text(matches, &encode::shapes::block_set(&set, &local.to_string()))?;
    let total: f64 = set.blocks.iter().filter_map(|block| block.area).map(|a| a.0).sum();
    say::tell(&format!(
        "{} polygons between {} street lines, {total:.3} km² in {local}; {} slivers below {:.0} m² left out ({:.4} km²), {} pieces of street bound nothing; alleys {}",
        say::thousands(set.blocks.len()),
        say::thousands(streets.len()),
        say::thousands(faces.slivers),
        SLIVER.0 * 1e6,
        faces.sliver_area.0,
        say::thousands(faces.dangling),
        if alleys { "split blocks" } else { "do not split blocks (--alleys: they do)" },
    ));
    Ok(if refused || !account.refused.is_empty() { exit::SOME_REFUSED } else { exit::DONE })
}

fn from_addresses(matches: &ArgMatches) -> Result<u8, Failure> {
    let mut config = load::config(matches)?;
    config.blocks = Files(vec![ADDRESSES.into()]);
    let loaded = load::load(config, &[], None)?;
    let data = &loaded.dataset;
    load::write_text(matches, &encode::shapes::block_set(&data.block_set, &data.crs.to_string()))?;
    Ok(if loaded.all_kept { exit::DONE } else { exit::SOME_REFUSED })
}

/// Faces in degrees under the names of the streets around them.
fn named(faces: &Faces, streets: &[Street], local: &Crs) -> Result<Vec<Area>, Failure> {
    let area = |(number, face): (usize, &crate::model::polygonize::Face)| {
        let shape = local.shape_from_local(&face.shape)?;
        let name = between(face, |at| in_words(&streets[at].name));
        Ok(Area {
            id: Some(number.to_string()),
            name: Some(name),
            block_set: Some(POLYGONS.to_owned()),
            shape: MultiPolygon(vec![shape]),
            ..Area::default()
        })
    };
    (1..).zip(&faces.faces).map(area).collect()
}

/// The polygons of `--within` in local metres, the CRS of that plane, and whether one was refused.
fn mask(matches: &ArgMatches) -> Result<(MultiPolygon, Crs, bool), Failure> {
    let crs = load::crs(matches)?;
    let input = Input::at(&load::path(matches, "within").unwrap_or_default())?;
    let (_, areas, account) = read_areas(&input, Some(AreaKind::StudyArea), crs.as_ref())?;
    say::account("within", &account, None);
    let extent = extent(&areas).ok_or_else(|| Failure::NoStreets { file: input.name.clone() })?;
    let local = Crs::local_for(extent)?;
    let mut mask = MultiPolygon(Vec::new());
    for area in &areas {
        mask.0.extend(to_local(&area.shape, &local)?);
    }
    Ok((mask, local, !account.refused.is_empty()))
}

fn local_of(streets: &[Street]) -> Result<Crs, Failure> {
    let extent =
        streets::extent(streets).ok_or_else(|| Failure::NoStreets { file: "the streets".to_owned() })?;
    Ok(Crs::local_for(extent)?)
}
