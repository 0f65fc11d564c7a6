//! `hotblocks import areas` and `import blocks`: what is understood of a file, and the file written anew.

use std::collections::BTreeMap;

use clap::{Arg, ArgMatches, Command};

use super::failure::Failure;
use super::ground::{self, read_areas};
use super::{exit, flags, load, say};
use crate::encode;
use crate::engine::build::Ground;
use crate::ingest::context;
use crate::ingest::input::Input;
use crate::model::areas::{AreaKind, AreaLayer, CELLS, extent, polygons};
use crate::model::block::BlockKind;
use crate::model::context::ContextKind;
use crate::model::coverage::coverage;
use crate::model::streets::{self, segments_and_nodes};
use crate::space::crs::Crs;

/// The commands, for `import`.
pub(super) fn commands() -> [Command; 3] {
    let areas = Command::new("areas")
        .about("Say what is understood of a file of areas, and write it as GeoJSON with its kind")
        .arg(flags::file("FILE", "File of polygons: .geojson, .shp, .gpkg, .fgb, .parquet"))
        .arg(Arg::new("kind").long("kind").value_name("KIND").help(format!(
            "What they are: {} [default: what the file says]",
            AreaKind::ALL.map(AreaKind::word).join(", ")
        )));
    let blocks = Command::new("blocks")
        .about("Say what is understood of files of blocks, and write them as one GeoJSON")
        .arg(
            flags::file("FILE", "Files of street lines or polygons: .geojson, .shp, .gpkg, .fgb, .parquet")
                .num_args(1..),
        );
    let context = Command::new("context")
        .about("Say what is understood of a file of places around blocks, and write it as GeoJSON with their names alone")
        .arg(flags::file("FILE", "File of points, lines or polygons: .geojson, .shp, .gpkg, .fgb, .parquet"))
        .arg(
            Arg::new("kind")
                .long("kind")
                .value_name("KIND")
                .required(true)
                .help("A word for what they are [example: vacant-lots]"),
        );
    [flags::writes(areas), flags::writes(blocks), flags::writes(context)]
}

/// `import context`.
pub(super) fn context(matches: &ArgMatches) -> Result<u8, Failure> {
    let crs = load::crs(matches)?;
    let kind: ContextKind = load::text(matches, "kind").unwrap_or_default().parse()?;
    let input = Input::at(&load::path(matches, "FILE").unwrap_or_default())?;
    let (places, account) = context::read(&input, crs.as_ref())?;
    say::account("context", &account, None);
    let nameless = places.iter().filter(|place| place.name.is_none()).count();
    say::tell(&format!(
        "{} places, {} of them without a name; give them as --context {kind}=FILE",
        say::thousands(places.len()),
        say::thousands(nameless)
    ));
    if load::path(matches, "output").is_some() {
        load::write_text(matches, &encode::shapes::context(&kind, &places))?;
    }
    Ok(if account.refused.is_empty() { exit::DONE } else { exit::SOME_REFUSED })
}

/// `import areas`.
pub(super) fn areas(matches: &ArgMatches) -> Result<u8, Failure> {
    let crs = load::crs(matches)?;
    let kind = load::text(matches, "kind").map(|word| word.parse()).transpose()?;
    let input = Input::at(&load::path(matches, "FILE").unwrap_or_default())?;
    // Here the kind has a flag of its own.
    let here = |failure| match failure {
        Failure::NoKind { file } => Failure::NoKindHere { file },
        other => other,
    };
    let (kind, areas, account) = read_areas(&input, kind, crs.as_ref()).map_err(here)?;
    say::account("areas", &account, None);
    let local = Crs::local_for(extent(&areas).ok_or(Failure::Mixed)?)?;
    let layer = AreaLayer::new(kind, &areas, &local)?;
    tell(&layer, areas.iter().filter(|area| area.name.is_none()).count(), &local);
    if load::path(matches, "output").is_some() {
        load::write_text(matches, &encode::shapes::areas(&layer))?;
    }
    Ok(if account.refused.is_empty() { exit::DONE } else { exit::SOME_REFUSED })
}

/// Says names, overlaps and gaps of a layer.
fn tell(layer: &AreaLayer, nameless: usize, local: &Crs) {
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for area in &layer.areas {
        *names.entry(&area.name).or_default() += 1;
    }
    let first: Vec<&str> = names.keys().take(3).copied().collect();
    let shared = names.values().filter(|n| **n > 1).count();
    say::tell(&format!(
        "{} areas of kind {}, {} names ({}{}); {nameless} without a name, {shared} names that several have",
        layer.areas.len(),
        layer.kind,
        names.len(),
        first.join(", "),
        if names.len() > 3 { ", …" } else { "" },
    ));
    let found = coverage(layer);
    let worst = found.worst.map_or_else(String::new, |(a, b, common)| {
        format!(
            ", the most between {} and {} ({:.4} km²)",
            layer.areas[a].name, layer.areas[b].name, common.0
        )
    });
    say::tell(&format!(
        "{:.3} km² covered in {local}; overlaps {:.4} km², {:.3} %{worst}; gaps enclosed by areas {:.4} km²",
        found.covered.0,
        found.overlap.0,
        100.0 * found.overlap_share(),
        found.gaps.0,
    ));
}

/// `import blocks`.
pub(super) fn blocks(matches: &ArgMatches) -> Result<u8, Failure> {
    let crs = load::crs(matches)?;
    let inputs = load::inputs(matches.get_many("FILE").into_iter().flatten())?;
    let (ground, account) = ground::blocks(&inputs, crs.as_ref())?;
    say::account("blocks", &account, None);
    let (set, local, text) = match &ground {
        Ground::Streets(streets) => {
            let local = Crs::local_for(streets::extent(streets).ok_or(Failure::Mixed)?)?;
            (segments_and_nodes(streets, &local)?, local, encode::shapes::streets(streets))
        }
        Ground::Areas(areas) => {
            let local = Crs::local_for(extent(areas).ok_or(Failure::Mixed)?)?;
            (polygons(areas, &local)?, local, encode::shapes::polygons(areas))
        }
        // The command requires a file.
        Ground::Addresses => return Err(Failure::Mixed),
    };
    let of = |kind| set.blocks.iter().filter(|block| block.kind == kind).count();
    let length: f64 = set.blocks.iter().filter_map(|block| block.length).map(|l| l.0 / 1000.0).sum();
    let area: f64 = set.blocks.iter().filter_map(|block| block.area).map(|a| a.0).sum();
    say::tell(&match of(BlockKind::Polygon) {
        0 => format!(
            "block set `{}`: {} segments of {length:.1} km and {} nodes in {local}",
            set.name,
            say::thousands(of(BlockKind::Segment)),
            say::thousands(of(BlockKind::Node))
        ),
        n => format!(
            "block set `{}`: {} {} of {area:.3} km² in {local}",
            set.name,
            say::thousands(n),
            if set.name == CELLS { "cells" } else { "polygons" }
        ),
    });
    if load::path(matches, "output").is_some() {
        load::write_text(matches, &text)?;
    }
    Ok(if account.refused.is_empty() { exit::DONE } else { exit::SOME_REFUSED })
}
