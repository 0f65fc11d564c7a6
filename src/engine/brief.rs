//! Today's brief of a snapshot: which shootings count, from which instant back, and near which blocks or areas.

use geo::Geometry;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::areas::{WithinError, named};
use super::query::Query;
use super::snapshot::Snapshot;
use crate::model::areas::NamedArea;
use crate::model::block::BlockId;
use crate::model::period::Period;
use crate::plan::outreach::brief::{DAYS, Happening, NearBlock, Windows, near_blocks};
use crate::plan::outreach::register::{Entry, Status, Version};

/// What a brief counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Of {
    /// Someone was shot, and a source says so.
    #[default]
    Shootings,
    /// Homicide, robbery and assault by firearm.
    Gun,
}

/// What is asked of a brief.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BriefAsk {
    /// Its day; until when the data are complete where not given.
    pub as_of: Option<Date>,
    /// How long the agency keeps events back, in hours.
    pub delay_hours: f64,
    /// What is counted.
    pub of: Of,
    /// Names of areas that are units too.
    pub within: Vec<String>,
}

/// Why there is no brief.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BriefError {
    /// Neither a list nor an area.
    #[error(
        "there is no outreach list here and no area is given; give one with --list FILE, or areas with --within"
    )]
    NoUnits,
    /// No day to speak of.
    #[error("these data do not say until when they are complete; give the day of the brief")]
    NoDate,
    /// A delay that is none.
    #[error("the delay is {hours} hours; give 0 or more")]
    Delay {
        /// What was given.
        hours: f64,
    },
    /// There is no such area here.
    #[error(transparent)]
    Within(#[from] WithinError),
}

/// Where a team works.
#[derive(Clone, Debug)]
pub enum Unit<'a> {
    /// A block of the list.
    Block(BlockId, &'a Entry),
    /// An area, with the word for its kind.
    Area(&'static str, &'a NamedArea),
}

/// What a brief says.
#[derive(Clone, Debug)]
pub struct Brief<'a> {
    /// Its day.
    pub as_of: Date,
    /// What it counts.
    pub of: Of,
    /// How long events are kept back, in hours.
    pub delay_hours: f64,
    /// The version of the list whose blocks are meant.
    pub version: Option<&'a Version>,
    /// Whether any class of the data says that someone was shot; without it there are no units.
    pub known: bool,
    /// Blocks and areas with what happened near them, the most recent and most first.
    pub units: Vec<(Unit<'a>, NearBlock)>,
    /// All events of the last [`DAYS`] that may be told, near a unit or not.
    pub counted: [usize; 2],
    /// Those of the longer time by who brought them up, in the order of [`Origin::ALL`](crate::model::report::Origin::ALL).
    pub origins: [u64; 4],
    /// Those of them that have neither a place nor a block.
    pub unplaced: [usize; 2],
}

impl Snapshot {
    /// What happened near assigned blocks, and near areas, in the last 3 and 14 days before the end of a day less the delay.
    ///
    /// Confirmed events alone; none that is domestic, sexual, against a child or in no category, and none at a held place. An
    /// event counts once it is over by the source's own statement: one of which only the date is known ends with that day.
    ///
    /// # Errors
    ///
    /// [`BriefError`] without a list, an area or a day.
    pub fn brief(&self, ask: &BriefAsk) -> Result<Brief<'_>, BriefError> {
        let data = self.dataset();
        if !(0.0..f64::MAX).contains(&ask.delay_hours) {
            return Err(BriefError::Delay { hours: ask.delay_hours });
        }
        let areas = named(data, &ask.within)?;
        let version = self.outreach().and_then(|list| match ask.as_of {
            Some(day) => list.on(day).or(list.versions.first()),
            None => list.last(),
        });
        if version.is_none() && areas.is_empty() {
            return Err(BriefError::NoUnits);
        }
        let as_of = ask.as_of.or_else(|| self.complete_until()).ok_or(BriefError::NoDate)?;
        let known = ask.of == Of::Gun || data.classes.tell_shootings();
        let mut brief = Brief {
            as_of,
            of: ask.of,
            delay_hours: ask.delay_hours,
            version,
            known,
            units: Vec::new(),
            counted: [0; 2],
            origins: [0; 4],
            unplaced: [0; 2],
        };
        if !known {
            return Ok(brief);
        }
        let (happenings, origins) = self.happenings(ask, as_of);
        brief.origins = origins;
        for happening in &happenings {
            let nowhere = happening.at.is_none() && happening.block.is_none();
            for (at, recent) in happening.recent.into_iter().enumerate() {
                brief.counted[at] += usize::from(recent);
                brief.unplaced[at] += usize::from(recent && nowhere);
            }
        }
        let position = |id: &str| data.block_set.blocks.iter().position(|block| block.id == id);
        let assigned = version.into_iter().flat_map(|version| &version.entries);
        let assigned = assigned.filter(|entry| entry.status() == Status::Assigned).filter_map(|entry| {
            let at = BlockId(u32::try_from(position(&entry.block)?).ok()?);
            Some((Unit::Block(at, entry), Some(at.0), data.block_set.blocks[at.0 as usize].local.clone()))
        });
        let wanted = data.areas.iter().flat_map(|layer| layer.areas.iter().map(|area| (layer.kind, area)));
        let wanted = wanted
            .filter(|(kind, area)| areas.iter().any(|(of, name)| of == kind && *name == area.name))
            .map(|(kind, area)| (Unit::Area(kind.word(), area), None, Geometry::from(area.local.clone())));
        let units: Vec<(Unit<'_>, Option<u32>, Geometry)> = assigned.chain(wanted).collect();
        let shapes: Vec<(Option<u32>, &Geometry)> =
            units.iter().map(|(_, block, shape)| (*block, shape)).collect();
        let near = near_blocks(&shapes, &happenings);
        brief.units = units.into_iter().map(|(unit, ..)| unit).zip(near).collect();
        brief.units.sort_by_key(|(_, near)| std::cmp::Reverse(near.counts));
        Ok(brief)
    }

    /// Events that may be told, of the last days before the end of a day less the delay, and how many each origin brought up.
    fn happenings(&self, ask: &BriefAsk, as_of: Date) -> (Vec<Happening>, [u64; 4]) {
        let data = self.dataset();
        let Ok(selection) = self.select(&Query::default()) else { return (Vec::new(), [0; 4]) };
        let selection = selection.without_sensitive();
        let windows: Vec<Windows> =
            data.sources.iter().map(|source| windows(as_of, ask.delay_hours, &source.zone)).collect();
        let counts = |at: usize| match ask.of {
            Of::Shootings => data.shooting(at),
            Of::Gun => data.gun_crime(at),
        };
        let told = |at: usize| {
            let when = data.incidents.when(at);
            let windows = windows[usize::from(data.incidents.source(at))];
            let recent = windows.hold(when.from, when.to());
            let (place, block) = (data.incidents.local(at), data.assignment.main(at).map(|block| block.0));
            recent.contains(&true).then_some((Happening { at: place, block, recent }, at))
        };
        let may = |at: &usize| !data.held[*at] && selection.has(data, *at) && counts(*at);
        let told: Vec<(Happening, usize)> = data.incidents.standing().filter(may).filter_map(told).collect();
        let mut origins = [0; 4];
        told.iter().for_each(|(_, at)| origins[data.incidents.origin(*at) as usize] += 1);
        (told.into_iter().map(|(happening, _)| happening).collect(), origins)
    }
}

/// The last days before the end of a local day, each moved back by the delay.
fn windows(as_of: Date, delay_hours: f64, zone: &TimeZone) -> Windows {
    let delay = (delay_hours * 3_600.0).round() as i64;
    let begin = |day: Date| Period::new(Some(day), Some(day)).map_or(i64::MAX, |day| day.seconds_in(zone).0);
    let back = |days: u32| as_of.checked_sub((i64::from(days) - 1).days()).unwrap_or(Date::MIN);
    let end = as_of.tomorrow().map_or(i64::MAX, begin);
    Windows { from: DAYS.map(|days| begin(back(days)).saturating_sub(delay)), end: end.saturating_sub(delay) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_days_are_local_days_also_where_clocks_change() {
        let zone = TimeZone::get("America/Chicago").expect("bundled");
        // Clocks went forward on 2018-03-11.
        let of = windows(jiff::civil::date(2018, 3, 12), 0.0, &zone);
        assert_eq!((of.end - of.from[0], of.end - of.from[1]), (71 * 3_600, (14 * 24 - 1) * 3_600));
        let delayed = windows(jiff::civil::date(2018, 3, 12), 24.0, &zone);
        assert_eq!((of.end - delayed.end, of.from[0] - delayed.from[0]), (86_400, 86_400));
    }
}
