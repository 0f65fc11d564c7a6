//! Near repeats of a snapshot: which incidents take part, and at what instant.

use super::query::Selection;
use super::snapshot::Snapshot;
use crate::analysis::near_repeat::bands::{BandsError, DAY};
use crate::analysis::near_repeat::chains::{Chains, ChainsParams, chains};
use crate::analysis::near_repeat::knox::{Knox, KnoxError, KnoxParams, knox};
use crate::analysis::near_repeat::zones::{Zones, ZonesError, ZonesParams, zones};
use crate::model::period::clock_seconds;
use crate::space::bbox::LocalBox;
use crate::space::coord::{Local, Metres};
use crate::space::grid::{Grid, GridError};

/// Incidents with a place and an instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timed {
    /// The incidents, by position.
    pub incidents: Vec<usize>,
    /// Their places.
    pub places: Vec<Local>,
    /// Their first instants by the clock of their source, in seconds.
    pub times: Vec<i64>,
    /// How many of them are stated as more than a day.
    pub longer_than_a_day: usize,
}

/// A zone's surface is computed on cells of this part of its range.
const CELLS_OF_RANGE: f64 = 16.0;

/// And on cells of this part of it at the least, where the grid would be too large.
const FEWEST_CELLS_OF_RANGE: f64 = 4.0;

/// Why there are no zones.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotZonesError {
    /// The parameters cannot be used.
    #[error(transparent)]
    Zones(#[from] ZonesError),
    /// No grid around the incidents is fine enough for the range.
    #[error(
        "a range of {range} is too short for incidents this far apart; give {least} or more, or a smaller area"
    )]
    Range {
        /// What was given.
        range: Metres,
        /// What would be accepted.
        least: Metres,
    },
    /// The cells cannot be laid.
    #[error(transparent)]
    Grid(#[from] GridError),
}

impl Snapshot {
    /// Selected incidents that may be drawn one by one, with the first instant that their source states.
    ///
    /// The instant is what the source's clock shows: then dates lie whole days apart also where clocks change between
    /// them, and a pair exactly a week apart by the calendar is so in seconds.
    #[must_use]
    pub fn timed(&self, selection: &Selection) -> Timed {
        let data = self.dataset();
        let mut timed = Timed::default();
        for (at, place) in self.drawn(selection).filter(|(at, _)| !data.sensitive(*at)) {
            let when = data.incidents.when(at);
            let zone = &data.sources[usize::from(data.incidents.source(at))].zone;
            let Some(time) = clock_seconds(when.from, zone) else { continue };
            timed.incidents.push(at);
            timed.places.push(place);
            timed.times.push(time);
            // A day on which clocks go back has an hour more.
            timed.longer_than_a_day += usize::from(i64::from(when.seconds) > DAY + 3_600);
        }
        timed
    }

    /// A Knox table of incidents.
    ///
    /// # Errors
    ///
    /// [`KnoxError`] for parameters that cannot be used.
    pub fn knox(&self, timed: &Timed, params: &KnoxParams) -> Result<Knox, KnoxError> {
        knox(&timed.places, &timed.times, params)
    }

    /// The chains of incidents.
    ///
    /// # Errors
    ///
    /// [`BandsError`] for parameters that cannot be used.
    pub fn chains(&self, timed: &Timed, params: &ChainsParams) -> Result<Chains, BandsError> {
        chains(&timed.places, &timed.times, params)
    }

    /// The risk around incidents at an instant by the sources' clock; `None` where none is recent.
    ///
    /// # Errors
    ///
    /// [`SnapshotZonesError`] for parameters that cannot be used.
    pub fn zones(
        &self,
        timed: &Timed,
        now: i64,
        params: &ZonesParams,
    ) -> Result<Option<Zones>, SnapshotZonesError> {
        let recent = |time: i64| (0..params.duration).contains(&now.saturating_sub(time));
        let places = timed.places.iter().zip(&timed.times).filter(|(_, time)| recent(**time));
        let Some(around) = LocalBox::around(places.map(|(place, _)| *place)) else { return Ok(None) };
        let area = around.padded(params.range);
        let grid = match Grid::over(area, Metres(params.range.0 / CELLS_OF_RANGE)) {
            Err(GridError::TooMany { least, .. }) => {
                if least.0 * FEWEST_CELLS_OF_RANGE > params.range.0 {
                    let least = Metres(least.0 * FEWEST_CELLS_OF_RANGE);
                    return Err(SnapshotZonesError::Range { range: params.range, least });
                }
                Grid::over(area, least)?
            }
            grid => grid?,
        };
        Ok(Some(zones(&timed.places, &timed.times, now, &grid, params)?))
    }
}
