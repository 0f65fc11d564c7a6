//! Patrol plans of a snapshot: areas with what is expected in each hour of the week, and where shifts may go.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::areas::{WithinError, blocks_within, named};
use super::query::{Query, Selection};
use super::ranking::{Ranking, RankingError, Scoring};
use super::sites::middle;
use super::snapshot::Snapshot;
use crate::aggregate::aoristic::{self, HOURS};
use crate::model::areas::AreaKind;
use crate::model::block::{BlockId, Share};
use crate::model::exposure::DAYS_A_YEAR;
use crate::model::shift::{DAY, Shift};
use crate::plan::patrol::plan::PatrolArea;
use crate::plan::patrol::profile::hour_profiles;
use crate::space::coord::Local;
use crate::space::shape::Shape;

/// Weeks of a mean year.
pub(super) const WEEKS_A_YEAR: f64 = DAYS_A_YEAR / 7.0;

/// What is patrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patrolled {
    /// So many blocks of the ranking, the first first.
    Blocks(usize),
    /// The areas that are named.
    Areas,
}

/// What is known of a patrol area besides its hours.
#[derive(Clone, Debug, PartialEq)]
pub struct AboutArea {
    /// In words.
    pub name: String,
    /// `segment`, `node`, `neighborhood` and so on.
    pub kind: &'static str,
    /// Shape in degrees.
    pub shape: Shape,
}

/// Patrol areas with what is expected in them.
#[derive(Clone, Debug, PartialEq)]
pub struct PatrolGround {
    /// The areas.
    pub areas: Vec<PatrolArea>,
    /// What they are, in the same order.
    pub about: Vec<AboutArea>,
    /// Names of those that cannot be driven to, since nobody knows where they lie.
    pub without_place: Vec<String>,
    /// How strongly hours are drawn towards the city's, see [`hour_profiles`].
    pub strength: Option<f64>,
    /// Harm expected in a week in all blocks that were ranked.
    pub expected: f64,
    /// The ranking behind it.
    pub ranking: Ranking,
}

/// Why there are no patrol areas.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PatrolGroundError {
    /// Blocks cannot be ranked so.
    #[error(transparent)]
    Ranking(#[from] RankingError),
    /// No area is named.
    #[error(
        "patrol=areas patrols the areas that `within` names, and none is named; give e.g. within=neighborhood:Penrose"
    )]
    NoNames,
    /// Nothing can be patrolled.
    #[error(
        "no block has a scored incident and a place, so there is nothing to patrol; choose a longer period, other categories or a larger area"
    )]
    NoBlocks,
}

impl Snapshot {
    /// Shifts whose beats are known here, each by its kind and name.
    ///
    /// # Errors
    ///
    /// [`WithinError`] for a beat that no area is.
    pub fn shifts_here(&self, shifts: &[Shift]) -> Result<Vec<Shift>, WithinError> {
        let here = |shift: &Shift| {
            let Some(beat) = &shift.beat else { return Ok(shift.clone()) };
            let found = named(self.dataset(), std::slice::from_ref(beat))?;
            let beat = found.first().map(|(kind, name)| format!("{kind}:{name}"));
            Ok(Shift { beat, ..shift.clone() })
        };
        shifts.iter().map(here).collect()
    }

    /// The areas to patrol, with the harm that is expected in each hour of the week.
    ///
    /// What is expected a week is the posterior mean of the ranking; its hours are those of the scored incidents,
    /// aoristic by the clock of their source and drawn towards the city's. Incidents at held places do not count. Of
    /// areas that overlap a block belongs to the first one named.
    ///
    /// # Errors
    ///
    /// [`PatrolGroundError`] if nothing can be ranked or patrolled.
    pub fn patrol_ground(
        &self,
        query: &Query,
        selection: &Selection,
        scoring: &Scoring,
        within: &[(AreaKind, String)],
        patrolled: Patrolled,
        shifts: &[Shift],
    ) -> Result<PatrolGround, PatrolGroundError> {
        let data = self.dataset();
        let among = (!within.is_empty()).then(|| blocks_within(data, within));
        let ranking = self.ranking(query, selection, scoring, among.as_deref())?;
        let mut weekly = vec![0.0; data.block_set.blocks.len()];
        ranking.rows.iter().for_each(|row| weekly[row.block.0 as usize] = row.expected / WEEKS_A_YEAR);
        let mut ground = PatrolGround {
            areas: Vec::new(),
            about: Vec::new(),
            without_place: Vec::new(),
            strength: None,
            expected: weekly.iter().sum(),
            ranking,
        };
        let members = match patrolled {
            Patrolled::Blocks(top) => self.first_blocks(&mut ground, top)?,
            Patrolled::Areas if within.is_empty() => return Err(PatrolGroundError::NoNames),
            Patrolled::Areas => self.named_areas(&mut ground, within),
        };
        let (hours, all) = self.hours(selection, &ground.ranking, &members);
        let profiles = hour_profiles(&hours, &all);
        ground.strength = profiles.strength;
        let beats: BTreeSet<&String> = shifts.iter().filter_map(|shift| shift.beat.as_ref()).collect();
        for ((area, blocks), profile) in ground.areas.iter_mut().zip(&members).zip(profiles.areas) {
            let a_week: f64 = blocks.iter().map(|block| weekly[block.0 as usize]).sum();
            area.hours = profile.into_iter().map(|share| a_week * share).collect();
            area.beats =
                beats.iter().filter(|beat| self.lie_in(blocks, beat)).map(|beat| (*beat).clone()).collect();
        }
        Ok(ground)
    }

    fn first_blocks(
        &self,
        ground: &mut PatrolGround,
        top: usize,
    ) -> Result<Vec<Vec<BlockId>>, PatrolGroundError> {
        let blocks = &self.dataset().block_set.blocks;
        let mut members = Vec::new();
        for row in ground.ranking.rows.iter().filter(|row| row.rank.is_some()).take(top) {
            let block = &blocks[row.block.0 as usize];
            match middle(&block.local) {
                Some(center) => {
                    ground.areas.push(area(block.id.clone(), center));
                    let (name, kind) = (block.name.clone(), block.kind.word());
                    ground.about.push(AboutArea { name, kind, shape: block.lonlat.clone() });
                    members.push(vec![row.block]);
                }
                None => ground.without_place.push(block.name.clone()),
            }
        }
        if members.is_empty() { Err(PatrolGroundError::NoBlocks) } else { Ok(members) }
    }

    fn named_areas(&self, ground: &mut PatrolGround, within: &[(AreaKind, String)]) -> Vec<Vec<BlockId>> {
        let data = self.dataset();
        let mut taken = vec![false; data.block_set.blocks.len()];
        let mut members = Vec::new();
        for (at, (kind, name)) in within.iter().enumerate().filter(|(at, one)| !within[..*at].contains(one)) {
            let layer = data.areas.iter().filter(|layer| layer.kind == *kind);
            let Some(found) = layer.flat_map(|layer| &layer.areas).find(|area| area.name == *name) else {
                continue;
            };
            let Some(center) = middle(&found.local.clone().into()) else {
                ground.without_place.push(name.clone());
                continue;
            };
            let mut own = blocks_within(data, &within[at..=at]);
            own.retain(|block| !std::mem::replace(&mut taken[block.0 as usize], true));
            ground.areas.push(area(format!("{kind}-{}", found.id), center));
            let shape = found.lonlat.clone().into();
            ground.about.push(AboutArea { name: name.clone(), kind: kind.word(), shape });
            members.push(own);
        }
        members
    }

    /// Whether at least half of the blocks lie in a beat, of which `kind:name` is the text.
    fn lie_in(&self, blocks: &[BlockId], beat: &str) -> bool {
        let Some((kind, name)) = beat.split_once(':') else { return false };
        let Ok(kind) = kind.parse::<AreaKind>() else { return false };
        let all = &self.dataset().block_set.blocks;
        let lies = |block: &&BlockId| {
            all[block.0 as usize]
                .areas
                .get(&kind)
                .is_some_and(|names| names.iter().any(|known| known == name))
        };
        let inside = blocks.iter().filter(lies).count();
        inside > 0 && 2 * inside >= blocks.len()
    }

    /// The hours of the week of scored incidents: of each group of blocks, and of all blocks together. A time that stands
    /// for 'unknown' is the whole day.
    fn hours(
        &self,
        selection: &Selection,
        ranking: &Ranking,
        members: &[Vec<BlockId>],
    ) -> (Vec<Vec<f64>>, Vec<f64>) {
        let (data, piles) = (self.dataset(), self.time_piles());
        let area_of: BTreeMap<BlockId, usize> = members
            .iter()
            .enumerate()
            .flat_map(|(area, blocks)| blocks.iter().map(move |block| (*block, area)))
            .collect();
        let (mut hours, mut all) = (vec![vec![0.0; HOURS]; members.len()], vec![0.0; HOURS]);
        let scored = self.counted_by(ranking);
        let chosen = |at: &usize| !data.held[*at] && selection.has(data, *at) && scored(*at);
        for at in data.incidents.standing().filter(chosen) {
            let Some(when) = piles.clocked(data, at) else { continue };
            let mut bins = [0.0; HOURS];
            aoristic::add(&mut bins, when.begin, when.seconds);
            for (block, share) in data.assignment.shares(at) {
                let part = f64::from(share.0) / f64::from(Share::WHOLE.0);
                all.iter_mut().zip(bins).for_each(|(sum, bin)| *sum += part * bin);
                if let Some(&area) = area_of.get(&block) {
                    hours[area].iter_mut().zip(bins).for_each(|(sum, bin)| *sum += part * bin);
                }
            }
        }
        (hours, all)
    }
}

fn area(id: String, center: Local) -> PatrolArea {
    PatrolArea { id, center, hours: Vec::new(), beats: Vec::new() }
}

/// The Monday of a date's week, and what a change of clocks does to that week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeekClock {
    /// Its Monday.
    pub monday: Date,
    /// Minutes of the week that no clock shows.
    pub missing: Vec<(u32, u32)>,
    /// Minutes that the clock shows twice; shifts are planned as if they came once.
    pub twice: u32,
}

/// How clocks go in the week of a date; `None` beyond the years that can be told.
#[must_use]
pub fn week_clock(date: Date, zone: &TimeZone) -> Option<WeekClock> {
    let monday = date.checked_sub(i64::from(date.weekday().to_monday_zero_offset()).days()).ok()?;
    let begin = |day: Date| Some(day.to_zoned(zone.clone()).ok()?.timestamp());
    let (from, to) = (begin(monday)?, begin(monday.checked_add(7.days()).ok()?)?);
    let offset = |at: Timestamp| zone.to_offset(at).seconds();
    let mut clock = WeekClock { monday, missing: Vec::new(), twice: 0 };
    for change in zone.following(from).take_while(|change| change.timestamp() < to) {
        let at = change.timestamp();
        let (before, after) = (offset(at.checked_sub(1.second()).ok()?), offset(at));
        // The old clock's time at the change, in minutes of the week.
        let seconds = at.as_second() - from.as_second() + i64::from(before - offset(from));
        let minute = u32::try_from(seconds / 60).ok()?.min(7 * DAY);
        let minutes = (after - before).unsigned_abs() / 60;
        if after > before {
            clock.missing.push((minute, minute + minutes));
        } else {
            clock.twice += minutes;
        }
    }
    Some(clock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_week_of_a_change_of_clocks_has_an_hour_less_or_one_twice() {
        let zone = TimeZone::get("America/Chicago").expect("a zone of the bundled database");
        let of =
            |text: &str| week_clock(text.parse().expect("a date"), &zone).expect("a year that can be told");
        let spring = of("2026-03-04");
        assert_eq!(spring.monday.to_string(), "2026-03-02");
        assert_eq!((spring.missing, spring.twice), (vec![(6 * DAY + 120, 6 * DAY + 180)], 0));
        let autumn = of("2026-11-01");
        assert_eq!(
            (autumn.monday.to_string(), autumn.missing, autumn.twice),
            ("2026-10-26".to_owned(), vec![], 60)
        );
        let usual = of("2026-06-01");
        assert_eq!(
            (usual.monday.to_string(), usual.missing.len(), usual.twice),
            ("2026-06-01".to_owned(), 0, 0)
        );
    }
}
