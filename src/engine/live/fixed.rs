//! What incidents never change: the blocks, and the indexes by which incidents come to them.

use std::sync::Arc;

use crate::assign::blocks::{Assigning, Legs, assign_with, legs};
use crate::assign::found::Found;
use crate::assign::geocode::Geocoder;
use crate::engine::build::{About, BuildError, Ground, extent, study_area};
use crate::engine::placed::{self, Key};
use crate::index::addresses::AddressIndex;
use crate::index::blocks::BlockIndex;
use crate::ingest::shipped;
use crate::model::areas::polygons;
use crate::model::block::{Assignment, BlockSet, Intersections};
use crate::model::class::Classes;
use crate::model::dataset::{AssignmentReport, Dataset, Placing};
use crate::model::incident::Incidents;
use crate::model::ledger::Resolution;
use crate::model::link::{LinkRule, several_feeds};
use crate::model::report::Source;
use crate::model::reports::Reports;
use crate::model::street_words::Words;
use crate::model::streets::segments_and_nodes;
use crate::space::bbox::{LocalBox, LonLatBox};
use crate::space::crs::Crs;

/// The ground with its indexes, and the rules by which incidents come to it.
#[derive(Debug)]
pub(super) struct Fixed {
    pub(super) crs: Crs,
    pub(super) extent: LonLatBox,
    pub(super) study_area: LocalBox,
    pub(super) block_set: Arc<BlockSet>,
    pub(super) words: Arc<Words>,
    pub(super) placing: Placing,
    pub(super) link: Option<LinkRule>,
    pub(super) released: Vec<String>,
    /// Where incidents without coordinates get a place.
    pub(super) geocoder: Option<Geocoder>,
    index: BlockIndex,
    addresses: AddressIndex,
    legs: Legs,
}

impl Fixed {
    /// Makes blocks and indexes as [`build`] does.
    ///
    /// [`build`]: crate::engine::build::build
    pub(super) fn new(ground: &Ground, about: &About) -> Result<Self, BuildError> {
        if matches!(ground, Ground::Addresses) {
            return Err(BuildError::LiveAddresses);
        }
        let extent = extent(ground).ok_or(BuildError::NoBlocks)?;
        let crs = Crs::local_for(extent)?;
        let words = Words::parse(&shipped::text("street_words.csv")).expect("a test reads the shipped words");
        let (block_set, geocoder) = match ground {
            Ground::Streets(streets) => {
                let geocoder = about.placing.geocode.then(|| Geocoder::new(streets, &crs, &words));
                (segments_and_nodes(streets, &crs)?, geocoder)
            }
            Ground::Areas(areas) => (polygons(areas, &crs)?, None),
            Ground::Addresses => return Err(BuildError::LiveAddresses),
        };
        let index = BlockIndex::build(&block_set.blocks);
        let addresses = AddressIndex::build(&block_set, &index, &words);
        let split = about.placing.intersections == Intersections::Split;
        Ok(Self {
            study_area: study_area(&block_set).ok_or(BuildError::NoBlocks)?,
            legs: if split { legs(&block_set) } else { Legs::new() },
            crs,
            extent,
            block_set: Arc::new(block_set),
            words: Arc::new(words),
            placing: about.placing,
            link: about.link,
            released: about.released.clone(),
            geocoder,
            index,
            addresses,
        })
    }

    /// Whether incidents of these sources can be linked.
    pub(super) fn links(&self, sources: &[Source]) -> bool {
        self.link.is_some() && several_feeds(sources)
    }

    /// A data set without incidents.
    pub(super) fn empty(&self, about: About) -> Dataset {
        Dataset {
            title: about.title,
            notice: about.notice,
            crs: self.crs.clone(),
            study_area: self.study_area,
            extent: self.extent,
            sources: Vec::new(),
            classes: Classes::default(),
            incidents: Incidents::default(),
            block_set: Arc::clone(&self.block_set),
            placing: self.placing,
            words: Arc::clone(&self.words),
            assignment: Assignment::default(),
            assigned: AssignmentReport::default(),
            held: Vec::new(),
            held_places: Vec::new(),
            resolution: Resolution::default(),
            linked: 0,
            link_rule: self.link.map(|rule| rule.sentence()),
            horizons: Vec::new(),
            areas: Arc::default(),
            context: Arc::default(),
            harm: None,
        }
    }

    fn assigning(&self) -> Assigning<'_> {
        Assigning {
            set: &self.block_set,
            index: &self.index,
            addresses: &self.addresses,
            intersections: self.placing.intersections,
        }
    }

    /// The blocks of some incidents; `known` are those that are known, of each or of none.
    pub(super) fn assign(
        &self,
        incidents: &Incidents,
        known: Vec<Option<Found>>,
    ) -> (Assignment, AssignmentReport) {
        assign_with(incidents, &self.assigning(), known, || &self.legs)
    }

    /// What kept places follow from.
    pub(super) fn key(&self) -> Key {
        placed::key(&self.crs, &self.block_set, &shipped::text("street_words.csv"), self.placing)
    }

    /// The places of the reports of one segment as bytes.
    pub(super) fn places(&self, reports: &Reports) -> Vec<u8> {
        placed::places(reports, &self.crs, &self.assigning())
    }
}
