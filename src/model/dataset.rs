//! A data set: incidents, blocks, who belongs where, in one fixed local CRS.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use super::areas::AreaLayer;
use super::block::{Assignment, BlockId, BlockSet, Intersections};
use super::category::Flags;
use super::class::Classes;
use super::context::ContextLayer;
use super::harm::HarmTable;
use super::horizon::Horizon;
use super::incident::Incidents;
use super::ledger::Resolution;
use super::observed::{DayCounts, covered};
use super::period::local_date;
use super::report::Source;
use super::street_words::Words;
use crate::space::bbox::{LocalBox, LonLatBox};
use crate::space::coord::{LonLat, Metres};
use crate::space::crs::Crs;

/// A place where incidents pile up because they are booked there, not because they happen there.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldPlace {
    /// Its address, or its coordinates.
    pub name: String,
    /// Where.
    pub at: LonLat,
    /// Its block, if any.
    pub block: Option<BlockId>,
    /// Incidents there.
    pub incidents: usize,
    /// Reports of them: rows of the files.
    pub reports: usize,
    /// Those of them that are held: all but homicide, robbery and gun crime.
    pub held: usize,
    /// Why, in a sentence.
    pub reason: String,
}

/// How incidents come to places and blocks; decided once a data set, and named in every result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placing {
    /// Whether incidents without coordinates get a place from their address, where blocks are streets.
    ///
    /// On by default: what police leave blank is seldom spread evenly, so leaving it out tilts ranks.
    pub geocode: bool,
    /// What becomes of incidents at intersections, where blocks are streets.
    pub intersections: Intersections,
}

impl Default for Placing {
    fn default() -> Self {
        Self { geocode: true, intersections: Intersections::default() }
    }
}

/// How far beside the blocks a place is still of this city, in degrees of latitude: about a kilometre.
const BESIDE: f64 = 0.009;

impl Dataset {
    /// Whether a place lies outside the study area: more than about a kilometre beside the box of all blocks.
    #[must_use]
    pub fn is_outside(&self, at: LonLat) -> bool {
        let LonLatBox { west, south, east, north } = self.extent;
        let (shrinks, mut off) = (at.lat().to_radians().cos().max(0.01), 360.0_f64);
        // Also around the globe, and over the line where days begin.
        for turn in [-360.0, 0.0, 360.0] {
            let east = if east < west { east + 360.0 } else { east };
            off = off.min((west - at.lon() - turn).max(at.lon() + turn - east));
        }
        let off = (off * shrinks).max(south - at.lat()).max(at.lat() - north);
        off > BESIDE
    }
}

/// How the assignment went. `in blocks + unassigned + unlocated = all`; held ones lie among those in blocks or unassigned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssignmentReport {
    /// The rule, in a sentence.
    pub rule: String,
    /// Incidents that belong to a block.
    pub in_blocks: usize,
    /// Incidents whose place was found from their address; they lie among those in blocks or unassigned.
    pub geocoded: usize,
    /// Incidents with a place but without a block.
    pub unassigned: usize,
    /// Incidents without a usable place, by the word for the reason.
    pub unlocated: BTreeMap<&'static str, usize>,
    /// Incidents within 10 m of a polygon's edge or, where distance decided, a rival segment: a nudge would move them.
    pub near_boundary: usize,
    /// How many each rule of streets decided; all 0 for polygons.
    pub by_rule: ByRule,
}

/// How many incidents each rule of streets decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByRule {
    /// At the intersection that the address names.
    pub node_by_name: usize,
    /// At the nearest intersection.
    pub node_by_distance: usize,
    /// On the segment whose street and house numbers the address names.
    pub name_and_number: usize,
    /// On the nearest segment of the street that the address names.
    pub name: usize,
    /// On the street of the nearest alley.
    pub alley: usize,
    /// On the nearest segment.
    pub nearest: usize,
    /// At an intersection, and left out by the option; they are among the unassigned.
    pub excluded: usize,
}

impl AssignmentReport {
    /// Adds (`sign` 1) or takes back (-1) how some incidents went that `other` tells of.
    pub(crate) fn count(&mut self, other: &Self, sign: isize) {
        let add = |own: &mut usize, n: usize| *own = own.wrapping_add_signed(sign * n.cast_signed());
        add(&mut self.in_blocks, other.in_blocks);
        add(&mut self.geocoded, other.geocoded);
        add(&mut self.unassigned, other.unassigned);
        add(&mut self.near_boundary, other.near_boundary);
        for (reason, &n) in &other.unlocated {
            add(self.unlocated.entry(reason).or_default(), n);
        }
        self.unlocated.retain(|_, n| *n > 0);
        let ByRule { node_by_name, node_by_distance, name_and_number, name, alley, nearest, excluded } =
            &mut self.by_rule;
        add(node_by_name, other.by_rule.node_by_name);
        add(node_by_distance, other.by_rule.node_by_distance);
        add(name_and_number, other.by_rule.name_and_number);
        add(name, other.by_rule.name);
        add(alley, other.by_rule.alley);
        add(nearest, other.by_rule.nearest);
        add(excluded, other.by_rule.excluded);
    }
}

impl ByRule {
    /// The counts under their words in results, in the order in which the rules are tried.
    #[must_use]
    pub fn named(&self) -> [(&'static str, usize); 7] {
        // Taken apart whole, so that a new rule cannot be forgotten here.
        let Self { node_by_name, node_by_distance, name_and_number, name, alley, nearest, excluded } = *self;
        [
            ("node_by_name", node_by_name),
            ("name_and_number", name_and_number),
            ("node_by_distance", node_by_distance),
            ("name", name),
            ("alley", alley),
            ("nearest", nearest),
            ("excluded", excluded),
        ]
    }
}

/// Everything that one snapshot is made of.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// For people.
    pub title: String,
    /// What must be said with every answer.
    pub notice: Option<String>,
    /// The local metric CRS, chosen from the blocks.
    pub crs: Crs,
    /// Box around the blocks, in local metres: the study area.
    pub study_area: LocalBox,
    /// Box around the blocks, in degrees.
    pub extent: LonLatBox,
    /// The feeds.
    pub sources: Vec<Source>,
    /// What can have happened.
    pub classes: Classes,
    /// What happened.
    pub incidents: Incidents,
    /// The units to be ranked.
    pub block_set: Arc<BlockSet>,
    /// How incidents came to places and blocks.
    pub placing: Placing,
    /// How addresses are read.
    pub words: Arc<Words>,
    /// Who belongs where.
    pub assignment: Assignment,
    /// How that went.
    pub assigned: AssignmentReport,
    /// Incidents that are out of ranks until someone confirms or releases their place.
    pub held: Vec<bool>,
    /// Those places, largest first.
    pub held_places: Vec<HeldPlace>,
    /// What became of the reports.
    pub resolution: Resolution,
    /// Events of one feed that were joined to one of a firmer feed.
    pub linked: usize,
    /// The rule by which that was done, in a sentence; `None` where it was not to be.
    pub link_rule: Option<String>,
    /// Until when each source is complete, in the order of the sources.
    pub horizons: Vec<Option<Horizon>>,
    /// Named territories, one layer a kind; blocks know by name those that they lie in.
    pub areas: Arc<Vec<AreaLayer>>,
    /// Places around blocks, one layer a kind.
    pub context: Arc<Vec<ContextLayer>>,
    /// What incidents weigh where blocks are ranked by harm; `None` where nobody gave a table.
    pub harm: Option<HarmTable>,
}

impl Dataset {
    /// Whether any class of an incident keeps it out of layers of single incidents.
    #[must_use]
    pub fn sensitive(&self, at: usize) -> bool {
        self.incidents.classes(at).any(|class| self.classes.get(class).flags.sensitive())
    }

    /// Whether the source says that someone was shot.
    #[must_use]
    pub fn shooting(&self, at: usize) -> bool {
        self.incidents.classes(at).any(|class| self.classes.get(class).flags.has(Flags::SHOOTING))
    }

    /// Whether any class of an incident is gun crime.
    #[must_use]
    pub fn gun_crime(&self, at: usize) -> bool {
        self.incidents.classes(at).any(|class| self.classes.gun_crime(class))
    }

    /// Whether an incident has a place, or a block that its address told.
    #[must_use]
    pub fn placed(&self, at: usize) -> bool {
        self.incidents.located(at).has_place() || self.assignment.main(at).is_some()
    }

    /// First and last local date on which each source had data, in its own zone; those without incidents have none.
    ///
    /// Months at either end with less than [`FULL_MONTH`](super::observed::FULL_MONTH) of the fullest one's incidents do not count:
    /// a file of one month names crimes that happened years before and were told in it.
    #[must_use]
    pub fn coverage(&self) -> Vec<(Date, Date)> {
        let zones = self.sources.iter().map(|source| &source.zone);
        let counts = zones.zip(self.ends()).map(|(zone, ends)| ends.map(|ends| DayCounts::new(zone, ends)));
        let mut counts: Vec<Option<DayCounts>> = counts.collect();
        for at in (0..self.incidents.len()).filter(|&at| !self.incidents.gone(at)) {
            if let Some(counts) = &mut counts[usize::from(self.incidents.source(at))] {
                counts.add(self.incidents.when(at));
            }
        }
        counts.into_iter().flatten().filter_map(|counts| covered(counts.days())).collect()
    }

    /// First and last second of the incidents of each source; `None` where it has none.
    fn ends(&self) -> Vec<Option<(i64, i64)>> {
        let mut ends: Vec<Option<(i64, i64)>> = vec![None; self.sources.len()];
        for at in (0..self.incidents.len()).filter(|&at| !self.incidents.gone(at)) {
            let when = self.incidents.when(at);
            let (from, last) = (when.from, when.to() - 1);
            let end = &mut ends[usize::from(self.incidents.source(at))];
            *end = Some(end.map_or((from, last), |(a, b)| (a.min(from), b.max(last))));
        }
        ends
    }

    /// The local date on which an incident began, in its source's zone.
    #[must_use]
    pub fn local_date(&self, at: usize) -> Option<Date> {
        local_date(self.incidents.when(at).from, &self.sources[usize::from(self.incidents.source(at))].zone)
    }

    /// First and last local date of all incidents, each in its own source's zone.
    #[must_use]
    pub fn dates(&self) -> Option<(Date, Date)> {
        span(self.ends().into_iter().zip(&self.sources))
    }
}

/// First and last local date of sources, from the first and last second of each.
pub(crate) fn span<'a>(ends: impl Iterator<Item = (Option<(i64, i64)>, &'a Source)>) -> Option<(Date, Date)> {
    let dates: Vec<(Date, Date)> = ends
        .filter_map(|(end, source)| {
            let (from, last) = end?;
            Some((local_date(from, &source.zone)?, local_date(last, &source.zone)?))
        })
        .collect();
    Some((dates.iter().map(|d| d.0).min()?, dates.iter().map(|d| d.1).max()?))
}

/// How far from an edge an incident must lie to belong to its block without doubt.
pub const BOUNDARY: Metres = Metres(10.0);
