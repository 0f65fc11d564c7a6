//! The steps of a patrol plan: from areas and shifts to crews, from the best choice to officers, times and minutes.

use std::collections::BTreeMap;

use super::allocate::{Allocation, Crew, Slot};
use super::error::{MOST_AREAS, PatrolError};
use super::plan::{AreaPlan, Duty, Next, Patrol, PatrolArea, PatrolParams, Stop, Unserved};
use super::roster::{self, OnDuty};
use super::schedule::{apart, draw};
use super::travel::Territory;
use super::week::{Piece, WEEK, mean_a_minute};
use crate::aggregate::aoristic::HOURS;
use crate::analysis::chance::Chance;
use crate::model::shift::Shift;
use crate::space::coord::Local;

pub(super) fn check(areas: &[PatrolArea], params: &PatrolParams) -> Result<(), PatrolError> {
    let PatrolParams { stop, every, free, speed, detour, .. } = *params;
    if !(10..=16).contains(&stop) {
        return Err(PatrolError::Stop { given: stop, nearest: stop.clamp(10, 16) });
    }
    if ![60, 120, 180, 240].contains(&every) {
        return Err(PatrolError::Every { given: every });
    }
    if !(free > 0.0 && free <= 1.0) {
        return Err(PatrolError::Free { given: free });
    }
    if !(1.0..=150.0).contains(&speed) {
        return Err(PatrolError::Speed { given: speed });
    }
    if !(1.0..=3.0).contains(&detour) {
        return Err(PatrolError::Detour { given: detour });
    }
    if !(1..=MOST_AREAS).contains(&areas.len()) {
        return Err(PatrolError::Areas { given: areas.len() });
    }
    let mut ids = std::collections::BTreeSet::new();
    for area in areas {
        if !ids.insert(&area.id) {
            return Err(PatrolError::Twice { id: area.id.clone() });
        }
        let usable = |n: &f64| n.is_finite() && *n >= 0.0;
        if area.hours.len() != HOURS || !area.hours.iter().all(usable) {
            return Err(PatrolError::Hours { id: area.id.clone() });
        }
    }
    let none = areas.iter().flat_map(|area| &area.hours).all(|harm| *harm == 0.0);
    if none { Err(PatrolError::NoHarm) } else { Ok(()) }
}

/// Areas with most harm first, of equal ones by id, and where each was given.
pub(super) fn in_order(areas: &[PatrolArea]) -> (Vec<usize>, Vec<PatrolArea>) {
    let harm: Vec<f64> = areas.iter().map(|area| area.hours.iter().sum()).collect();
    let mut places: Vec<usize> = (0..areas.len()).collect();
    places.sort_by(|&a, &b| harm[b].total_cmp(&harm[a]).then_with(|| areas[a].id.cmp(&areas[b].id)));
    let sorted = places.iter().map(|&at| areas[at].clone()).collect();
    (places, sorted)
}

pub(super) fn territories(
    areas: &[PatrolArea],
    beats: &[Option<String>],
    params: &PatrolParams,
) -> Result<Vec<Territory>, PatrolError> {
    let centers: Vec<Local> = areas.iter().map(|area| area.center).collect();
    let minutes_a_metre = params.detour * 60.0 / (params.speed * 1000.0);
    let of = |beat: &Option<String>| {
        let lies = |&at: &usize| beat.as_ref().is_none_or(|beat| areas[at].beats.contains(beat));
        let inside: Vec<usize> = (0..areas.len()).filter(lies).collect();
        match beat {
            Some(beat) if inside.is_empty() => Err(PatrolError::EmptyBeat { beat: beat.clone() }),
            _ => Ok(Territory::new(inside, &centers, minutes_a_metre)),
        }
    };
    beats.iter().map(of).collect()
}

/// The stops of one duty: for each of the crew's officers and pieces, the areas.
pub(super) type Dealt = Vec<Vec<Vec<usize>>>;

/// All that the steps of a plan lean on.
pub(super) struct Week<'a> {
    pub(super) areas: &'a [PatrolArea],
    pub(super) shifts: &'a [Shift],
    pub(super) territories: &'a [Territory],
    pub(super) on_duty: &'a [OnDuty],
    pub(super) params: &'a PatrolParams,
}

impl Week<'_> {
    fn value(&self, area: usize, begin: u32, minutes: u32) -> f64 {
        mean_a_minute(&self.areas[area].hours, begin, minutes) * f64::from(self.params.stop)
    }

    fn officers(&self, duty: &OnDuty) -> u32 {
        self.shifts[duty.shift].officers
    }

    /// Values become whole numbers, so that sums do not depend on their order.
    pub(super) fn scale(&self) -> f64 {
        let most = self.areas.iter().flat_map(|area| &area.hours).copied().fold(0.0, f64::max);
        (1_u64 << 40) as f64 / (most / 60.0 * f64::from(self.params.stop)).max(f64::MIN_POSITIVE)
    }

    pub(super) fn crews(&self, travel: &[u32]) -> Vec<Crew> {
        let scale = self.scale();
        let crew = |(duty, &travel): (&OnDuty, &u32)| {
            let (stops, pieces) = self.stops_of(duty, travel);
            self.crew(duty, self.officers(duty), stops, &pieces, scale)
        };
        self.on_duty.iter().zip(travel).map(crew).collect()
    }

    /// Stops of one officer on duty, in all and in each piece.
    fn stops_of(&self, duty: &OnDuty, travel: u32) -> (u32, Vec<u32>) {
        roster::stops_of(duty, self.params.free, self.params.stop + travel)
    }

    fn crew(&self, duty: &OnDuty, officers: u32, stops: u32, in_pieces: &[u32], scale: f64) -> Crew {
        let areas = &self.territories[duty.territory].areas;
        let slot = |(piece, most): (&Piece, &u32)| {
            let gain = |&area: &usize| (self.value(area, piece.begin, piece.minutes) * scale).round() as i64;
            let gains = areas.iter().map(|area| (*area, gain(area))).collect();
            Slot { window: piece.window, stops: most * officers, gains }
        };
        Crew { stops: stops * officers, slots: duty.pieces.iter().zip(in_pieces).map(slot).collect() }
    }

    pub(super) fn nothing_fits(&self, travel: &[u32]) -> PatrolError {
        let longest = self.on_duty.iter().zip(travel).max_by_key(|(duty, _)| duty.free);
        let (free, minutes, travel) =
            longest.map_or((0, 1, 0), |(duty, &travel)| (duty.free, duty.minutes, travel));
        let takes = self.params.stop + travel;
        let enough = (f64::from(takes) / f64::from(minutes.max(1)) * 100.0).ceil() / 100.0;
        PatrolError::NothingFits { stop: self.params.stop, travel, takes, free, enough }
    }

    pub(super) fn deal(&self, best: &Allocation) -> Vec<Dealt> {
        let direction: Vec<Vec<f64>> = self
            .territories
            .iter()
            .map(|t| self.areas.iter().map(|a| roster::direction(t.middle, a.center)).collect())
            .collect();
        let of = |(duty, stops): (&OnDuty, &Vec<Vec<usize>>)| {
            let territory = duty.territory;
            roster::deal(stops, self.officers(duty), &self.territories[territory], &direction[territory])
        };
        self.on_duty.iter().zip(&best.stops).map(of).collect()
    }

    /// Whether the stops of an officer of each crew do not fit.
    pub(super) fn does_not_fit(&self, dealt: &[Dealt]) -> Vec<bool> {
        let over = |(duty, officers): (&OnDuty, &Dealt)| {
            let territory = &self.territories[duty.territory];
            !officers.iter().all(|stops| roster::fits(territory, stops, duty, self.params.stop))
        };
        self.on_duty.iter().zip(dealt).map(over).collect()
    }

    pub(super) fn next(&self, best: &Allocation, travel: &[u32], scale: f64) -> Vec<Next> {
        let one = |(duty, &travel): (&OnDuty, &u32)| {
            let takes = self.params.stop + travel;
            let (stops, pieces) = self.stops_of(duty, travel);
            let in_hour: Vec<u32> = duty.pieces.iter().map(|piece| piece.minutes.min(60) / takes).collect();
            let adds =
                |stops, pieces: &[u32]| best.more(&self.crew(duty, 1, stops, pieces, scale)) as f64 / scale;
            Next {
                shift: duty.shift,
                begin: duty.begin,
                hour: adds(60 / takes, &in_hour),
                officer: adds(stops, &pieces),
            }
        };
        self.on_duty.iter().zip(travel).map(one).collect()
    }

    /// Areas without stops yet, each with the reason for which it would have none.
    pub(super) fn unserved(&self, places: &[usize], travel: &[u32]) -> Vec<AreaPlan> {
        let reason = |area: usize| {
            let may = |(duty, _): &(&OnDuty, &u32)| {
                self.territories[duty.territory].areas.binary_search(&area).is_ok()
            };
            let mut reason = Unserved::NoOfficer;
            for (duty, &travel) in self.on_duty.iter().zip(travel).filter(may) {
                let (stops, pieces) = self.stops_of(duty, travel);
                let harm = duty.pieces.iter().any(|piece| self.value(area, piece.begin, piece.minutes) > 0.0);
                match (harm, stops.min(pieces.iter().sum()) > 0) {
                    (true, true) => return Unserved::Outbid,
                    (true, false) => reason = Unserved::NoTime,
                    (false, _) if reason == Unserved::NoOfficer => reason = Unserved::NoHarm,
                    (false, _) => {}
                }
            }
            reason
        };
        let plan = |(area, &given): (usize, &usize)| AreaPlan {
            given,
            expected: self.areas[area].hours.iter().sum(),
            stops: 0,
            present: 0.0,
            minutes: vec![0; HOURS],
            unserved: Some(reason(area)),
        };
        places.iter().enumerate().map(plan).collect()
    }

    pub(super) fn schedule(&self, dealt: &[Dealt], plan: &mut Patrol) {
        let stop = self.params.stop;
        let mut begun = vec![Vec::new(); self.areas.len()];
        // Sums by area do not depend on the order of chance.
        let mut sums: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
        for (duty, officers) in self.on_duty.iter().zip(dealt) {
            let territory = &self.territories[duty.territory];
            for (officer, stops) in (1..).zip(officers) {
                let lane = plan.duties.len() as u64;
                let mut chance = Chance::new(self.params.seed, lane);
                let timed = draw(territory, stops, duty, stop, self.params.every / 2, &begun, &mut chance);
                let travel = timed.iter().map(|stop| stop.travel).sum();
                let n = u32::try_from(timed.len()).unwrap_or(u32::MAX);
                for one in timed {
                    let piece = duty.pieces[one.piece];
                    let value = self.value(one.area, piece.begin, piece.minutes);
                    let sum = sums.entry(one.area).or_default();
                    sum.0 += value;
                    sum.1 += value / f64::from(stop) * f64::from(piece.minutes);
                    let area = &mut plan.areas[one.area];
                    (area.stops, area.unserved) = (area.stops + 1, None);
                    (one.begin..one.begin + stop).for_each(|m| area.minutes[(m % WEEK / 60) as usize] += 1);
                    let nearest = begun[one.area].iter().map(|&other| apart(one.begin, other)).min();
                    plan.least_apart = plan.least_apart.into_iter().chain(nearest).min();
                    begun[one.area].push(one.begin);
                    plan.stops.push(Stop {
                        duty: plan.duties.len(),
                        area: one.area,
                        begin: one.begin % WEEK,
                        travel: one.travel,
                        present: value,
                    });
                }
                plan.duties.push(Duty {
                    shift: duty.shift,
                    officer,
                    begin: duty.begin,
                    minutes: duty.minutes,
                    calls: duty.minutes - duty.free,
                    stops: n,
                    travel,
                    rest: duty.free - n * stop - travel,
                });
            }
        }
        for (area, (present, reached)) in sums {
            plan.areas[area].present = present;
            plan.present += present;
            plan.reached += reached;
        }
    }
}
