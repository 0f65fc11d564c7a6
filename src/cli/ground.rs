//! Files of blocks and of areas, read and told.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::{load, say};
use crate::config::{ADDRESSES, Config, Files};
use crate::engine::build::{BuildError, Ground};
use crate::engine::context::set_context;
use crate::ingest::blocks::{self, Purpose, Shapes};
use crate::ingest::context;
use crate::ingest::input::Input;
use crate::ingest::refused::Account;
use crate::model::areas::{Area, AreaKind, extent, polygons};
use crate::model::block::{BlockKind, HUNDRED_BLOCKS};
use crate::model::context::{ContextFeature, ContextKind};
use crate::model::dataset::Dataset;
use crate::model::doubles::without_doubles;
use crate::model::streets::{self, segments_and_nodes};
use crate::space::crs::Crs;

/// Areas by kind, as many files as were given.
pub(super) type AreaFiles = Vec<(AreaKind, Vec<Area>)>;

/// Files of blocks by their names; none where the word `addresses` stands for them.
pub(super) fn block_files(paths: &[PathBuf]) -> Result<Vec<Input>, Failure> {
    match paths {
        [word] if word.as_os_str() == ADDRESSES => Ok(Vec::new()),
        files => load::inputs(files),
    }
}

/// Reads files of blocks into one ground; without any, blocks are made from addresses. Of several: a region's
/// may come in two state planes, and a block that two of them have is there once. Streets that lie on each other become one segment when they are cut.
pub(super) fn blocks(inputs: &[Input], crs: Option<&Crs>) -> Result<(Ground, Account), Failure> {
    if inputs.is_empty() {
        return Ok((Ground::Addresses, Account::default()));
    }
    let (mut streets, mut areas, mut account) = (Vec::new(), Vec::new(), Account::default());
    for input in inputs {
        let (shapes, of_file) = blocks::read(input, crs)?;
        account.add(of_file);
        match shapes {
            Shapes::Streets(more) => streets.extend(more),
            Shapes::Areas(more) => areas.extend(more),
        }
    }
    if !streets.is_empty() && !areas.is_empty() {
        return Err(Failure::Mixed);
    }
    if areas.is_empty() {
        return Ok((Ground::Streets(streets), account));
    }
    if inputs.len() > 1 {
        let (once, doubles) = without_doubles(areas);
        areas = once;
        account
            .notes
            .push(format!("{} polygons stand in two files and are one block each", say::thousands(doubles)));
    }
    Ok((Ground::Areas(areas), account))
}

/// Whether blocks can be made of it, before anything is built on that.
pub(super) fn usable(ground: &Ground) -> Result<(), Failure> {
    let extent = match ground {
        Ground::Streets(streets) => streets::extent(streets),
        Ground::Areas(areas) => extent(areas),
        Ground::Addresses => return Ok(()),
    };
    let local = Crs::local_for(extent.ok_or(BuildError::NoBlocks)?)?;
    let set = match ground {
        Ground::Streets(streets) => segments_and_nodes(streets, &local)?,
        Ground::Areas(areas) => polygons(areas, &local)?,
        Ground::Addresses => return Ok(()),
    };
    say::tell(&format!("block set `{}`: {} blocks in {local}", set.name, say::thousands(set.blocks.len())));
    Ok(())
}

/// Files of areas as they were named: in the configuration by kind, or as `KIND=FILE` or `FILE`.
pub(super) fn area_files(
    config: &Config,
    given: &[String],
) -> Result<Vec<(Option<AreaKind>, PathBuf)>, Failure> {
    if given.is_empty() {
        let files = config.areas.iter().flat_map(|(kind, files)| files.0.iter().map(move |f| (kind, f)));
        return files.map(|(kind, file)| Ok((Some(kind.parse()?), file.clone()))).collect();
    }
    let one = |text: &String| match text.split_once('=') {
        // A file may have a `=` in its name.
        Some((kind, file)) if !Path::new(text).exists() => Ok((Some(kind.parse()?), PathBuf::from(file))),
        _ => Ok((None, PathBuf::from(text))),
    };
    given.iter().map(one).collect()
}

/// Reads the areas of a data set.
pub(super) fn areas(
    files: &[(Option<AreaKind>, PathBuf)],
    crs: Option<&Crs>,
) -> Result<(AreaFiles, Account), Failure> {
    let (mut all, mut account) = (Vec::new(), Account::default());
    for (kind, path) in files {
        let input = Input::at(path)?;
        let (kind, areas, of_file) = read_areas(&input, *kind, crs)?;
        account.add(of_file);
        all.push((kind, areas));
    }
    Ok((all, account))
}

/// Reads one file of areas. Without a kind the file itself must name one, the same for all.
pub(super) fn read_areas(
    input: &Input,
    kind: Option<AreaKind>,
    crs: Option<&Crs>,
) -> Result<(AreaKind, Vec<Area>, Account), Failure> {
    // Any kind does to see what the file says of itself; the names follow from the kind.
    let purpose = Purpose::Areas(kind.unwrap_or(AreaKind::StudyArea));
    let (shapes, account) = blocks::read_for(input, crs, purpose).map_err(Failure::Areas)?;
    let Shapes::Areas(areas) = shapes else { return Err(Failure::Mixed) };
    if let Some(kind) = kind {
        return Ok((kind, areas, account));
    }
    let words: std::collections::BTreeSet<&str> =
        areas.iter().map(|area| area.kind.as_deref().unwrap_or_default()).collect();
    let word = words.first().copied().filter(|word| words.len() == 1 && !word.is_empty());
    let Some(word) = word else { return Err(Failure::NoKind { file: input.name.clone() }) };
    let kind: AreaKind = word.parse()?;
    if kind == AreaKind::StudyArea { Ok((kind, areas, account)) } else { read_areas(input, Some(kind), crs) }
}

/// Places around blocks by kind, as many files as were given.
pub(super) type ContextFiles = Vec<(ContextKind, Vec<ContextFeature>)>;

/// Puts the files that flags name as `KIND=FILE` into the configuration, in the place of its own.
pub(super) fn name_context(config: &mut Config, given: &[String]) -> Result<(), Failure> {
    if given.is_empty() {
        return Ok(());
    }
    config.context.clear();
    for text in given {
        let (kind, file) = text.split_once('=').ok_or_else(|| Failure::NoContext { text: text.clone() })?;
        let kind: ContextKind = kind.parse()?;
        config.context.entry(kind.to_string()).or_default().0.push(PathBuf::from(file));
    }
    Ok(())
}

/// Reads the files of places around blocks.
pub(super) fn context(
    files: &BTreeMap<String, Files>,
    crs: Option<&Crs>,
) -> Result<(ContextFiles, Account), Failure> {
    let (mut all, mut account) = (Vec::new(), Account::default());
    for (kind, files) in files {
        let kind: ContextKind = kind.parse()?;
        for path in &files.0 {
            let (places, of_file) = context::read(&Input::at(path)?, crs)?;
            account.add(of_file);
            all.push((kind.clone(), places));
        }
    }
    Ok((all, account))
}

/// Puts places around blocks into a data set, and says how many are too far from it.
pub(super) fn put_context(dataset: &mut Dataset, context: ContextFiles) {
    for (kind, n) in set_context(dataset, context) {
        say::tell(&format!(
            "{kind}: {} of the places lie so far from the blocks that their CRS cannot hold them, and are left out",
            say::thousands(n)
        ));
    }
}

/// Says what blocks were made from addresses, and whether there is a place at all.
pub(super) fn tell_hundreds(dataset: &Dataset) {
    let set = &dataset.block_set;
    if set.name != HUNDRED_BLOCKS {
        return;
    }
    use geo::CoordsIter;
    let of = |kind: BlockKind| set.blocks.iter().filter(|block| block.kind == kind).count();
    let shapeless = set.blocks.iter().filter(|block| block.lonlat.coords_count() == 0).count();
    let plane = if shapeless == set.blocks.len() {
        format!("; nothing has a place, and {} stands for none", dataset.crs)
    } else {
        format!(" in {}", dataset.crs)
    };
    say::tell(&format!(
        "block set `{}`: {} hundred-blocks and streets and {} crossings from addresses, {} of them without a shape{plane}",
        set.name,
        say::thousands(of(BlockKind::HundredBlock)),
        say::thousands(of(BlockKind::Node)),
        say::thousands(shapeless),
    ));
}

/// Says how the blocks lie in the areas, kind by kind.
pub(super) fn tell_areas(dataset: &Dataset) {
    for layer in dataset.areas.iter() {
        let lie = |wanted: &dyn Fn(usize) -> bool| {
            let names = |block: &crate::model::block::Block| block.areas.get(&layer.kind).map_or(0, Vec::len);
            say::thousands(dataset.block_set.blocks.iter().filter(|block| wanted(names(block))).count())
        };
        say::tell(&format!(
            "{} areas of kind {}: {} blocks lie in one, {} on the border of two, {} in three or more, {} in none",
            say::thousands(layer.areas.len()),
            layer.kind,
            lie(&|n| n == 1),
            lie(&|n| n == 2),
            lie(&|n| n > 2),
            lie(&|n| n == 0),
        ));
    }
}
