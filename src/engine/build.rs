//! From reports and shapes to a data set: resolve, project, index, assign, hold.

use std::collections::HashSet;

use rayon::prelude::*;

use crate::assign::{blocks::assign, piles::held_places};
use crate::index::addresses::AddressIndex;
use crate::index::blocks::BlockIndex;
use crate::ingest::shipped;
use crate::model::areas::{Area, polygons};
use crate::model::block::{BlockSet, Intersections};
use crate::model::dataset::Dataset;
use crate::model::incident::{Incident, Incidents, Located};
use crate::model::ledger::{Event, resolve};
use crate::model::report::{Ledger, Place, Report};
use crate::model::street_words::Words;
use crate::model::streets::{Street, StreetUse, segments_and_nodes};
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
    let incidents = Incidents::store(incidents(&events, &ledger, &crs));
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
    })
}

fn extent(ground: &Ground) -> Option<LonLatBox> {
    match ground {
        Ground::Streets(streets) => {
            let open = streets.iter().filter(|s| s.used_as == StreetUse::Open);
            LonLatBox::around(open.flat_map(|s| s.line.iter().copied()))
        }
        Ground::Areas(areas) => {
            use geo::CoordsIter;
            let coords = areas.iter().flat_map(|area| area.shape.exterior_coords_iter());
            LonLatBox::around(coords.filter_map(|at| LonLat::new(at.x, at.y).ok()))
        }
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

fn incidents(events: &[Event], ledger: &Ledger, crs: &Crs) -> Vec<Incident> {
    let mut rows: Vec<Incident> =
        events.par_iter().map(|event| incident(event, &ledger.reports[event.told_by], ledger, crs)).collect();
    let name = |row: &Incident| ledger.sources[usize::from(row.source)].name.as_str();
    let mut seen: HashSet<(&str, String)> = HashSet::with_capacity(rows.len());
    for row in &mut rows {
        let given = row.id.len();
        let mut repeat = 1u32;
        while !seen.insert((name(row), row.id.clone())) {
            repeat += 1;
            row.id.truncate(given);
            row.id.push_str(&format!("-{repeat}"));
        }
    }
    rows
}

fn incident(event: &Event, told: &Report, ledger: &Ledger, crs: &Crs) -> Incident {
    let place = if event.withheld { Place::Withheld } else { told.place };
    let (located, mercator, local) = match place {
        Place::At(at) => match crs.to_local(at) {
            Ok(local) => (Located::Yes, at.into(), local),
            Err(_) => (Located::Elsewhere, at.into(), Local::default()),
        },
        Place::Missing => (Located::Missing, Mercator { x: 0, y: 0 }, Local::default()),
        Place::Withheld => (Located::Withheld, Mercator { x: 0, y: 0 }, Local::default()),
    };
    Incident {
        source: told.source,
        id: told.id.as_ref().map_or_else(|| content_id(told, ledger), |id| id.to_string()),
        when: told.when,
        classes: event.classes.clone(),
        reports: event.reports,
        located,
        mercator,
        local,
        address: told.address.clone(),
        intersection: told.intersection,
    }
}

/// An id for a report without one, from what it says: the same content has the same id everywhere.
fn content_id(report: &Report, ledger: &Ledger) -> String {
    let place = match report.place {
        Place::At(at) => format!("{:.7},{:.7}", at.lon(), at.lat()),
        Place::Missing | Place::Withheld => String::new(),
    };
    let class = &ledger.classes.get(report.class).code;
    let address = report.address.as_deref().unwrap_or_default();
    let content = format!("{}|{class}|{place}|{address}", report.when.from);
    format!("c{:016x}", fnv1a(content.as_bytes()))
}

/// FNV-1a, 64 bit: the same on every machine and in every version.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}
