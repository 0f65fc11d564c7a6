//! From reports and shapes to a data set: resolve, project, index, assign, hold.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use rayon::prelude::*;

use crate::assign::{blocks::assign, piles::held_places};
use crate::index::addresses::AddressIndex;
use crate::index::blocks::BlockIndex;
use crate::ingest::shipped;
use crate::model::areas::{self, Area, polygons};
use crate::model::block::{BlockSet, Intersections};
use crate::model::dataset::Dataset;
use crate::model::events::{Event, Events};
use crate::model::incident::{Incidents, Located, Told, z_sorted};
use crate::model::ledger::resolve;
use crate::model::report::{Place, Report};
use crate::model::reports::{Ledger, Reports};
use crate::model::street_words::Words;
use crate::model::streets::{Street, StreetUse, segments_and_nodes};
use crate::model::texts::Texts;
use crate::space::bbox::{LocalBox, LonLatBox};
use crate::space::coord::{Local, LonLat, Mercator};
use crate::space::crs::{Crs, CrsError};

/// What the blocks are made from.
#[derive(Clone, Debug)]
pub enum Ground {
    /// Street lines: segments and nodes.
    Streets(Vec<Street>),
    /// Polygons.
    Areas(Vec<Area>),
}

/// What is said of a data set, beside its data.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// For people.
    pub title: String,
    /// What must be said with every answer.
    pub notice: Option<String>,
    /// Held places that someone has looked at and let go, by name.
    pub released: Vec<String>,
}

/// Why no data set can be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The blocks are empty.
    #[error("there is no block to assign incidents to")]
    NoBlocks,
    /// The blocks cannot be brought to local metres.
    #[error("the blocks cannot be brought to a local CRS in metres")]
    Crs(#[from] CrsError),
    /// Incidents and blocks are not in one place.
    #[error(
        "none of the {located} located incidents belongs to a block: they lie around {incidents_at}, the blocks around {blocks_at}; is the CRS of the incidents right? Name it with --crs, or in a layout given with --layout"
    )]
    NothingNear {
        /// Incidents with coordinates.
        located: usize,
        /// The middle one of them.
        incidents_at: String,
        /// The middle of the blocks.
        blocks_at: String,
    },
}

/// Makes a data set. The local CRS and the study area come from the blocks; incidents never move them.
///
/// # Errors
///
/// [`BuildError`] if there are no blocks, or if no incident belongs to any: a wrong CRS, mostly.
pub fn build(ledger: Ledger, ground: &Ground, about: About) -> Result<Dataset, BuildError> {
    let extent = extent(ground).ok_or(BuildError::NoBlocks)?;
    let crs = Crs::local_for(extent)?;
    let block_set = match ground {
        Ground::Streets(streets) => segments_and_nodes(streets, &crs)?,
        Ground::Areas(areas) => polygons(areas, &crs)?,
    };
    let study_area = study_area(&block_set).ok_or(BuildError::NoBlocks)?;
    let (events, resolution) = resolve(&ledger);
    let (incidents, ledger) = incidents(&events, ledger, &crs);
    drop(events);
    let index = BlockIndex::build(&block_set.blocks);
    let words = Words::parse(&shipped::text("street_words.csv")).expect("a test reads the shipped words");
    let addresses = AddressIndex::build(&block_set, &index, &words);
    let (assignment, assigned) = assign(&incidents, &block_set, &index, &addresses, Intersections::default());
    let located = assigned.in_blocks + assigned.unassigned;
    if located > 0 && assigned.in_blocks == 0 {
        let middle = |(lon, lat): (f64, f64)| format!("longitude {lon:.3}, latitude {lat:.3}");
        return Err(BuildError::NothingNear {
            located,
            incidents_at: middle(median(&incidents)),
            blocks_at: middle(extent.center()),
        });
    }
    let (held, held_places) = held_places(&incidents, &ledger.classes, &assignment, &about.released);
    Ok(Dataset {
        title: about.title,
        notice: about.notice,
        crs,
        study_area,
        extent,
        sources: ledger.sources,
        classes: ledger.classes,
        incidents,
        block_set,
        assignment,
        assigned,
        held,
        held_places,
        resolution,
        areas: Vec::new(),
    })
}

fn extent(ground: &Ground) -> Option<LonLatBox> {
    match ground {
        Ground::Streets(streets) => {
            let open = streets.iter().filter(|s| s.used_as == StreetUse::Open);
            LonLatBox::around(open.flat_map(|s| s.line.iter().copied()))
        }
        Ground::Areas(areas) => areas::extent(areas),
    }
}

fn study_area(set: &BlockSet) -> Option<LocalBox> {
    use geo::CoordsIter;
    LocalBox::around(set.blocks.iter().flat_map(|b| b.local.coords_iter()).map(Local::from))
}

/// Longitude and latitude of the incident in the middle, by each alone.
fn median(incidents: &Incidents) -> (f64, f64) {
    let places: Vec<LonLat> = (0..incidents.len()).filter_map(|at| incidents.lonlat(at)).collect();
    let middle = |of: fn(LonLat) -> f64| {
        let mut values: Vec<f64> = places.iter().map(|&at| of(at)).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or_default()
    };
    (middle(LonLat::lon), middle(LonLat::lat))
}

/// Makes incidents of events, in columns.
fn incidents(events: &Events, mut ledger: Ledger, crs: &Crs) -> (Incidents, Ledger) {
    let repeats = repeats(events, &ledger);
    let place = |event: usize| {
        let event = events.get(event);
        match ledger.reports.place(event.told_by) {
            Place::At(at) if !event.withheld => Some(Mercator::from(at)),
            _ => None,
        }
    };
    let mercators: Vec<Option<Mercator>> = (0..events.len()).into_par_iter().map(place).collect();
    let order = z_sorted(events.len(), |event| mercators[event]);
    let addresses = Arc::new(ledger.reports.take_addresses());
    let incidents = Incidents::gather(&order, Arc::clone(&addresses), |part| {
        // What lies far apart is fetched first, one kind at a time, so that no projection waits for memory.
        let some: Vec<Event> = part.iter().map(|&at| events.get(at as usize)).collect();
        let reports: Vec<Report> = some.iter().map(|event| ledger.reports.get(event.told_by)).collect();
        let places: Vec<Option<Mercator>> = part.iter().map(|&at| mercators[at as usize]).collect();
        let told = |(((at, event), report), mercator)| {
            told(event, &report, mercator, repeats.get(at).copied(), &addresses, &ledger, crs)
        };
        part.iter().zip(some).zip(reports).zip(places).map(told).collect()
    });
    ledger.reports = Reports::default();
    (incidents, ledger)
}

fn told<'a>(
    event: Event<'a>,
    report: &Report<'a>,
    mercator: Option<Mercator>,
    repeat: Option<u32>,
    addresses: &Texts,
    ledger: &Ledger,
    crs: &Crs,
) -> Told<'a> {
    let place = if event.withheld { Place::Withheld } else { report.place };
    let (located, local) = match place {
        Place::At(at) => match crs.to_local(at) {
            Ok(local) => (Located::Yes, local),
            Err(_) => (Located::Elsewhere, Local::default()),
        },
        Place::Missing => (Located::Missing, Local::default()),
        Place::Withheld => (Located::Withheld, Local::default()),
    };
    let address = ledger.reports.address(event.told_by);
    let made = || content(report, address.map(|n| addresses.get(n as usize)), ledger);
    let id = report.id.map_or_else(|| Cow::Owned(format!("c{:016x}", made())), Cow::Borrowed);
    let id = match repeat {
        Some(n) => Cow::Owned(format!("{id}-{n}")),
        None => id,
    };
    Told {
        source: report.source,
        id,
        when: report.when,
        classes: event.classes,
        reports: event.reports,
        located,
        mercator: mercator.unwrap_or(Mercator { x: 0, y: 0 }),
        local,
        address,
        intersection: report.intersection,
        origin: report.origin,
        status: report.status,
    }
}

/// Events whose id is that of an earlier one of the source: 2 for the second, 3 for the third.
///
/// Own ids differ within a source; ids made from the content may not, nor may those of two sources of one name.
fn repeats(events: &Events, ledger: &Ledger) -> HashMap<u32, u32> {
    let names: Vec<&str> = ledger.sources.iter().map(|source| source.name.as_str()).collect();
    let name = |source: u16| names.iter().position(|name| *name == names[usize::from(source)]).unwrap_or(0);
    let shared = (0..names.len()).any(|at| names[..at].contains(&names[at]));
    let key = |event: usize| {
        let told_by = events.get(event).told_by;
        if !shared && ledger.reports.id(told_by).is_some() {
            return None;
        }
        let report = ledger.reports.get(told_by);
        let hash = match report.id {
            Some(id) => fnv1a(id.as_bytes()),
            None => content(&report, report.address, ledger),
        };
        Some((name(report.source), hash, u32::try_from(event).ok()?))
    };
    let mut keys: Vec<(usize, u64, u32)> = (0..events.len()).into_par_iter().filter_map(key).collect();
    keys.par_sort_unstable();
    let runs = keys.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1));
    runs.flat_map(|run| run.iter().zip(1..).skip(1)).map(|(&(_, _, event), nth)| (event, nth)).collect()
}

/// What a report without an id says, as a number: the same content has the same everywhere.
fn content(report: &Report<'_>, address: Option<&str>, ledger: &Ledger) -> u64 {
    let place = match report.place {
        Place::At(at) => format!("{:.7},{:.7}", at.lon(), at.lat()),
        Place::Missing | Place::Withheld => String::new(),
    };
    let class = &ledger.classes.get(report.class).code;
    let content = format!("{}|{class}|{place}|{}", report.when.from, address.unwrap_or_default());
    fnv1a(content.as_bytes())
}

/// FNV-1a, 64 bit: the same on every machine and in every version.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}
