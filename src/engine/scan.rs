//! Scans of a snapshot: blocks by their exposure, or the last days of incidents by place and day.

use geo::{BoundingRect, Centroid};

use super::query::Selection;
use super::snapshot::Snapshot;
use crate::analysis::near_repeat::bands::DAY;
use crate::analysis::scan::space_time::{SpaceTimeError, SpaceTimeParams, SpaceTimeScan, space_time_scan};
use crate::analysis::scan::spatial::{Scan, ScanError, ScanParams, scan};
use crate::model::block::{Block, BlockId};
use crate::model::period::Period;
use crate::space::coord::Local;

/// What explains incidents where risk is even.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// Each block as much as any other.
    Even,
    /// Length of street.
    Length,
    /// Area.
    Area,
}

impl Exposure {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Even, Self::Length, Self::Area];

    /// As it stands in results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Even => "even",
            Self::Length => "length",
            Self::Area => "area",
        }
    }

    fn of(self, block: &Block) -> f64 {
        let exposure = match self {
            Self::Even => Some(1.0),
            Self::Length => block.length.map(|length| length.0),
            Self::Area => block.area.map(|area| area.0),
        };
        exposure.filter(|exposure| *exposure > 0.0 && exposure.is_finite()).unwrap_or(0.0)
    }
}

/// A scan of blocks.
#[derive(Clone, Debug)]
pub struct BlockScan {
    /// What was found; members are positions in `blocks`.
    pub scan: Scan,
    /// The blocks that were scanned.
    pub blocks: Vec<BlockId>,
    /// Selected incidents in blocks without exposure, as intersections are by length; they took no part.
    pub without_exposure: usize,
}

/// A scan of space and time.
#[derive(Clone, Debug)]
pub struct LateScan {
    /// What was found; members are positions in `incidents`.
    pub scan: SpaceTimeScan,
    /// The incidents that were scanned, by position.
    pub incidents: Vec<usize>,
    /// First and last day that were looked at, counted from 1970.
    pub days: (i64, i64),
}

impl Snapshot {
    /// Scans blocks for circles with more of the selected incidents than their exposure explains.
    ///
    /// Incidents that may not be drawn take no part.
    ///
    /// # Errors
    ///
    /// [`ScanError`] for parameters that cannot be used, or where no block has exposure.
    pub fn scan(
        &self,
        selection: &Selection,
        exposure: Exposure,
        params: &ScanParams,
    ) -> Result<BlockScan, ScanError> {
        let data = self.dataset();
        let mut counts = vec![0_u64; data.block_set.blocks.len()];
        for block in self.drawn(selection).filter_map(|(at, _)| data.assignment.main(at)) {
            counts[block.0 as usize] += 1;
        }
        let (mut blocks, mut points, mut inside, mut exposed) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let heard = self.heard(selection);
        let mut without_exposure = 0;
        for ((number, block), count) in (0..).zip(&data.block_set.blocks).zip(counts) {
            let part = exposure.of(block);
            let Some(middle) = middle(block).filter(|_| part > 0.0 && heard.has(BlockId(number))) else {
                without_exposure += count as usize;
                continue;
            };
            blocks.push(BlockId(number));
            points.push(middle);
            inside.push(count);
            exposed.push(part);
        }
        let scan = scan(&points, &inside, &exposed, params)?;
        Ok(BlockScan { scan, blocks, without_exposure })
    }

    /// Scans the last days of a period, or of all incidents, for more of them than place and day explain.
    ///
    /// Incidents that may not be drawn one by one take no part; the others with the day of their first instant.
    ///
    /// # Errors
    ///
    /// [`SpaceTimeError`] for parameters that cannot be used.
    pub fn space_time_scan(
        &self,
        selection: &Selection,
        period: Option<Period>,
        params: &SpaceTimeParams,
    ) -> Result<LateScan, SpaceTimeError> {
        let timed = self.timed(selection);
        let days: Vec<i64> = timed.times.iter().map(|time| time.div_euclid(DAY)).collect();
        let day = |date: jiff::civil::Date| {
            let midnight = date.at(0, 0, 0, 0).in_tz("UTC").ok()?;
            Some(midnight.timestamp().as_second().div_euclid(DAY))
        };
        let observed = self.observed();
        let first = period.and_then(Period::first).or(observed.map(|(first, _)| first)).and_then(day);
        let last = period.and_then(Period::last).or(observed.map(|(_, last)| last)).and_then(day);
        let looked = (first.unwrap_or(0), last.unwrap_or(0));
        // Strays from before the data begin, and what is not complete yet, take no part.
        let kept = || (0..days.len()).filter(|&at| (looked.0..=looked.1).contains(&days[at]));
        let places: Vec<Local> = kept().map(|at| timed.places[at]).collect();
        let incidents = kept().map(|at| timed.incidents[at]).collect();
        let days: Vec<i64> = kept().map(|at| days[at]).collect();
        let scan = space_time_scan(&places, &days, looked, params)?;
        Ok(LateScan { scan, incidents, days: looked })
    }
}

/// The middle of a block: its centroid, or that of its box where it has none.
fn middle(block: &Block) -> Option<Local> {
    let of_box = || block.local.bounding_rect().map(|area| geo::Point::from(area.center()));
    block.local.centroid().or_else(of_box).map(|at| Local { x: at.x(), y: at.y() })
}
