//! From reports and shapes to a data set: resolve, project, index, assign, hold.

use std::sync::Arc;

use super::addressed;
use super::make::make;
use super::placed::{HandOut, Known, key};
use super::places::{Found, geocode};
use crate::assign::blocks::{Assigning, assign_with, legs};
use crate::assign::{geocode::Geocoder, piles::held_places};
use crate::index::addresses::AddressIndex;
use crate::index::blocks::BlockIndex;
use crate::ingest::blocks::Shapes;
use crate::ingest::shipped;
use crate::model::areas::{self, Area, polygons};
use crate::model::block::{BlockSet, HUNDRED_BLOCKS};
use crate::model::dataset::{Dataset, Placing};
use crate::model::horizon::horizons;
use crate::model::identity::Ids;
use crate::model::incident::{Incidents, Located};
use crate::model::ledger::resolve;
use crate::model::link::{LinkRule, link};
use crate::model::reports::{Ledger, Reports};
use crate::model::street_words::Words;
use crate::model::streets::{self, Street, segments_and_nodes};
use crate::space::bbox::{LocalBox, LonLatBox};
use crate::space::coord::Local;
use crate::space::crs::{Crs, CrsError};

/// What the blocks are made from.
#[derive(Clone, Debug)]
pub enum Ground {
    /// Street lines: segments and nodes.
    Streets(Vec<Street>),
    /// Polygons.
    Areas(Vec<Area>),
    /// The addresses of the incidents themselves: hundred-blocks.
    Addresses,
}

impl From<Shapes> for Ground {
    fn from(shapes: Shapes) -> Self {
        match shapes {
            Shapes::Streets(streets) => Self::Streets(streets),
            Shapes::Areas(areas) => Self::Areas(areas),
        }
    }
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
    /// How events of different feeds become one; `None` to let them stand apart.
    pub link: Option<LinkRule>,
    /// How incidents come to places and blocks.
    pub placing: Placing,
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
    /// Blocks cannot be made from addresses.
    #[error(
        "none of the incidents has an address that can be read and may be; give a file of streets or polygons with --blocks, or name the column of addresses in a layout given with --layout"
    )]
    NoAddresses,
    /// Blocks of a live engine cannot follow its incidents.
    #[error(
        "blocks that are made from the addresses of incidents change with every incident, and the blocks of a live engine do not; give a file of streets or polygons with --blocks"
    )]
    LiveAddresses,
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

/// Makes a data set. The local CRS and the study area come from the blocks; incidents never move them,
/// but where blocks are made from their addresses.
///
/// # Errors
///
/// [`BuildError`] if there are no blocks, or if no incident belongs to any: a wrong CRS, mostly.
pub fn build(ledger: Ledger, ground: &Ground, about: About) -> Result<Dataset, BuildError> {
    build_placed(ledger, ground, about, None)
}

/// The same with what is kept of the places of the reports, if anything is; then they are all of a store in its order. The data
/// set is the same to the bit.
///
/// # Errors
///
/// As [`build`].
pub fn build_placed(
    mut ledger: Ledger,
    ground: &Ground,
    about: About,
    places: Option<HandOut<'_>>,
) -> Result<Dataset, BuildError> {
    let (events, resolution) = resolve(&ledger);
    let extent = match ground {
        Ground::Addresses => addressed::extent(&events, &ledger),
        ground => extent(ground).ok_or(BuildError::NoBlocks)?,
    };
    let crs = Crs::local_for(extent)?;
    let block_set = match ground {
        Ground::Streets(streets) => segments_and_nodes(streets, &crs)?,
        Ground::Areas(areas) => polygons(areas, &crs)?,
        // They are made once the incidents are.
        Ground::Addresses => BlockSet { name: HUNDRED_BLOCKS, blocks: Vec::new(), alleys: Vec::new() },
    };
    let (events, linked) = match about.link {
        Some(rule) => link(events, &ledger, rule),
        None => (events, 0),
    };
    let horizons = horizons(&ledger);
    let text = shipped::text("street_words.csv");
    let words = Words::parse(&text).expect("a test reads the shipped words");
    let placing = about.placing;
    let found = match ground {
        Ground::Streets(streets) if placing.geocode => {
            geocode(&events, &ledger, || Geocoder::new(streets, &crs, &words))
        }
        _ => Found::default(),
    };
    let ids = Ids::of(&events, &ledger);
    let taken = Arc::new(ledger.reports.take_addresses());
    // Blocks that are made of the incidents are not known before them.
    let places = places.filter(|_| !matches!(ground, Ground::Addresses));
    let known = |order: &[u32]| {
        places.map_or_else(Known::default, |places| {
            Known::of(&events, order, &ledger.reports, block_set.blocks.len(), |take| {
                places(&key(&crs, &block_set, &text, placing), take);
            })
        })
    };
    let (mut incidents, _, known) = make(&events, &ids, &ledger, &taken, &crs, &found, known);
    drop((events, ids, taken));
    ledger.reports = Reports::default();
    // What is behind a base is read more slowly; not before the reports have made room.
    incidents.share();
    let index = BlockIndex::build(&block_set.blocks);
    let addresses = AddressIndex::build(&block_set, &index, &words);
    let (block_set, mut assignment, assigned) = match ground {
        Ground::Addresses => addressed::assign(&incidents, extent, &ledger.classes, &crs, &words)?,
        _ => {
            let intersections = placing.intersections;
            let assigning =
                Assigning { set: &block_set, index: &index, addresses: &addresses, intersections };
            let (assignment, assigned) = assign_with(&incidents, &assigning, known, || legs(&block_set));
            (block_set, assignment, assigned)
        }
    };
    assignment.share();
    let study_area = match ground {
        Ground::Addresses => Some(addressed::study_area(&block_set, extent, &crs)?),
        _ => study_area(&block_set),
    };
    let study_area = study_area.ok_or(BuildError::NoBlocks)?;
    // What was geocoded lies on the streets whatever the CRS of the others.
    let located = assigned.in_blocks + assigned.unassigned - assigned.geocoded;
    let own = |&at: &usize| incidents.located(at) == Located::Yes;
    let any = || (0..incidents.len()).filter(own).any(|at| assignment.main(at).is_some());
    if located > 0 && assigned.by_rule.excluded == 0 && block_set.name != HUNDRED_BLOCKS && !any() {
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
        block_set: Arc::new(block_set),
        placing,
        words: Arc::new(words),
        assignment,
        assigned,
        held,
        held_places,
        resolution,
        linked,
        link_rule: about.link.map(|rule| rule.sentence()),
        horizons,
        areas: Arc::default(),
        context: Arc::default(),
        harm: None,
    })
}

pub(super) fn extent(ground: &Ground) -> Option<LonLatBox> {
    match ground {
        Ground::Streets(streets) => streets::extent(streets),
        Ground::Areas(areas) => areas::extent(areas),
        Ground::Addresses => None,
    }
}

pub(super) fn study_area(set: &BlockSet) -> Option<LocalBox> {
    use geo::CoordsIter;
    LocalBox::around(set.blocks.iter().flat_map(|b| b.local.coords_iter()).map(Local::from))
}

/// Longitude and latitude of the incident in the middle, by each alone.
fn median(incidents: &Incidents) -> (f64, f64) {
    let places = (0..incidents.len()).filter_map(|at| incidents.lonlat(at));
    crate::space::middle::middle(places.map(|at| (at.lon(), at.lat()))).unwrap_or_default()
}
