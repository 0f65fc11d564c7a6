//! From shifts to crews: who is on duty when, for how many minutes of patrol, in which areas.

use std::collections::BTreeMap;

use super::error::PatrolError;
use super::travel::Territory;
use super::week::{Piece, WEEK, Windows, clock, missing_minutes};
use crate::model::shift::{DAY, Shift};
use crate::space::coord::Local;

/// The officers of one shift on one day.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct OnDuty {
    /// The shift, by its place among the sorted ones.
    pub(super) shift: usize,
    /// First minute of the week.
    pub(super) begin: u32,
    /// Minutes that truly pass.
    pub(super) minutes: u32,
    /// Minutes of each officer for the plan.
    pub(super) free: u32,
    /// Its territory.
    pub(super) territory: usize,
    /// Its windows.
    pub(super) pieces: Vec<Piece>,
}

/// Shifts in an order of their own, whatever that of the file: by name, beat, days and hours.
pub(super) fn sorted(shifts: &[Shift]) -> Vec<Shift> {
    let mut sorted = shifts.to_vec();
    sorted.sort();
    sorted
}

/// The phase that most hours on duty begin with, of equal ones the smallest.
///
/// Officers do not count: with one more of them, windows would move and a plan could be present for less.
pub(super) fn windows(shifts: &[Shift], every: u32) -> Windows {
    let mut weight: BTreeMap<u32, u64> = BTreeMap::new();
    for shift in shifts {
        let days = shift.days.iter().filter(|day| **day).count() as u64;
        *weight.entry(shift.from % every).or_default() += days * u64::from(shift.minutes());
    }
    let phase = weight.iter().max_by_key(|(phase, weight)| (**weight, std::cmp::Reverse(**phase)));
    Windows { every, phase: phase.map_or(0, |(phase, _)| *phase) }
}

/// Everyone who is on duty in a week, in the order of their begin.
pub(super) fn on_duty(
    shifts: &[Shift],
    territories: &[Option<String>],
    windows: Windows,
    free: f64,
    missing: &[(u32, u32)],
) -> Vec<OnDuty> {
    let mut all = Vec::new();
    for (at, shift) in shifts.iter().enumerate() {
        let territory = territories.iter().position(|beat| *beat == shift.beat).unwrap_or(0);
        for (day, _) in (0..).zip(shift.days).filter(|(_, on)| *on) {
            let begin = day * DAY + shift.from;
            let minutes = shift.minutes() - missing_minutes(begin, shift.minutes(), missing);
            all.push(OnDuty {
                shift: at,
                begin,
                minutes,
                // A share of 0.4 of 480 is 192 and not a little less.
                free: (free * f64::from(minutes) + 1e-9) as u32,
                territory,
                pieces: windows.cut(begin, shift.minutes(), missing),
            });
        }
    }
    all.sort_by_key(|duty| (duty.begin, duty.shift));
    all
}

/// Refuses shifts that nobody could work.
pub(super) fn check(shifts: &[Shift], stop: u32) -> Result<(), PatrolError> {
    if shifts.is_empty() {
        return Err(PatrolError::NoShifts);
    }
    for shift in shifts {
        let name = || shift.name.clone();
        if shift.officers == 0 {
            return Err(PatrolError::NoOfficers { shift: name() });
        }
        if !shift.days.contains(&true) {
            return Err(PatrolError::NoDays { shift: name() });
        }
        if shift.from >= DAY || shift.to > DAY || shift.from == shift.to % DAY {
            return Err(PatrolError::NoLength { shift: name() });
        }
        if shift.minutes() < stop {
            return Err(PatrolError::StopTooLong { shift: name(), minutes: shift.minutes(), stop });
        }
    }
    // Of one name and beat, the officers are the same.
    let mut busy: BTreeMap<_, Vec<(u32, u32)>> = BTreeMap::new();
    for shift in shifts {
        let of = busy.entry((&shift.name, shift.beat.as_deref())).or_default();
        for (day, _) in (0..).zip(shift.days).filter(|(_, on)| *on) {
            let begin = day * DAY + shift.from;
            let end = begin + shift.minutes();
            let meets = |&(from, to): &(u32, u32)| {
                [0, WEEK].iter().any(|turn| {
                    (begin < to + turn && from + turn < end) || (begin + turn < to && from < end + turn)
                })
            };
            if of.iter().any(meets) {
                return Err(PatrolError::Overlap { shift: shift.name.clone(), at: clock(begin) });
            }
            of.push((begin, end));
        }
    }
    Ok(())
}

/// Stops of one officer in a piece and in the whole shift, where each takes so many minutes with its travel.
pub(super) fn stops_of(duty: &OnDuty, free: f64, takes: u32) -> (u32, Vec<u32>) {
    let takes = takes.max(1);
    let piece = |piece: &Piece| {
        let share = (free * f64::from(piece.minutes) / f64::from(takes) - 1e-9).ceil().max(0.0) as u32;
        share.min(piece.minutes / takes)
    };
    (duty.free / takes, duty.pieces.iter().map(piece).collect())
}

/// A number that grows with the direction of a place from another as its angle does, from the west round by the south, the
/// east and the north to the west; 0 due east.
///
/// No angle, since the platform's arc tangent is not alike on every processor.
pub(super) fn direction(from: Local, to: Local) -> f64 {
    let (east, north) = (to.x - from.x, to.y - from.y);
    let sum = east.abs() + north.abs();
    match north {
        _ if sum == 0.0 => 0.0,
        north if north >= 0.0 => 1.0 - east / sum,
        _ => east / sum - 1.0,
    }
}

/// Shares the areas of each window out among officers: neighbors by their direction from the middle, turns going on
/// from window to window, so that no two officers differ by more than one stop.
///
/// Source of the sweep: Gillett & Miller (1974), *Operations Research* 22.
pub(super) fn deal(
    stops: &[Vec<usize>],
    officers: u32,
    territory: &Territory,
    direction: &[f64],
) -> Vec<Vec<Vec<usize>>> {
    let officers = officers as usize;
    let mut dealt = vec![vec![Vec::new(); stops.len()]; officers];
    let mut turn = 0;
    for (at, window) in stops.iter().enumerate() {
        debug_assert!(window.iter().all(|area| territory.areas.contains(area)));
        let mut round: Vec<usize> = window.clone();
        round.sort_by(|&a, &b| direction[a].total_cmp(&direction[b]).then(a.cmp(&b)));
        let mut counts = vec![window.len() / officers; officers];
        for _ in 0..window.len() % officers {
            counts[turn % officers] += 1;
            turn += 1;
        }
        let mut areas = round.into_iter();
        for (officer, count) in counts.into_iter().enumerate() {
            dealt[officer][at] = areas.by_ref().take(count).collect();
        }
    }
    dealt
}

/// Whether stops fit into an officer's minutes: in expectation over random orders, and by the nearest order in every
/// window and in all. Then an order of chance that fits can be found, whatever the seed.
pub(super) fn fits(territory: &Territory, stops: &[Vec<usize>], duty: &OnDuty, stop: u32) -> bool {
    let count =
        |stops: &[Vec<usize>]| u32::try_from(stops.iter().map(Vec::len).sum::<usize>()).unwrap_or(u32::MAX);
    let needed = (territory.expected(stops) - 1e-9).ceil().max(0.0) as u32 + count(stops) * stop;
    needed <= duty.free && order_fits(&territory.legs(&territory.nearest_order(stops)), duty, stop)
}

/// Whether legs and stops fit into each window and into the officer's minutes.
pub(super) fn order_fits(legs: &[Vec<u32>], duty: &OnDuty, stop: u32) -> bool {
    let used = |legs: &Vec<u32>| legs.iter().map(|leg| leg + stop).sum::<u32>();
    legs.iter().zip(&duty.pieces).all(|(legs, piece)| used(legs) <= piece.minutes)
        && legs.iter().map(used).sum::<u32>() <= duty.free
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shift(name: &str, days: [u8; 7], from: u32, to: u32) -> Shift {
        Shift { name: name.to_owned(), beat: None, days: days.map(|d| d > 0), from, to, officers: 2 }
    }

    #[test]
    fn the_same_officers_are_not_on_duty_twice_at_once() {
        let weekend = [0, 0, 0, 0, 1, 1, 0];
        let check = |shifts: &[Shift]| check(shifts, 15).is_ok();
        assert!(check(&[shift("a", weekend, 1080, 120), shift("a", [1, 0, 0, 0, 0, 0, 0], 420, 900)]));
        assert!(!check(&[shift("a", weekend, 1080, 120), shift("a", weekend, 1140, 1200)]));
        assert!(check(&[shift("a", weekend, 1080, 120), shift("b", weekend, 1140, 1200)]));
        // From Sunday night into Monday, the week being a circle.
        let sunday = shift("a", [0, 0, 0, 0, 0, 0, 1], 1320, 360);
        assert!(!check(&[sunday.clone(), shift("a", [1, 0, 0, 0, 0, 0, 0], 300, 700)]));
        assert!(check(&[sunday, shift("a", [1, 0, 0, 0, 0, 0, 0], 360, 700)]));
    }

    #[test]
    fn directions_have_the_order_of_their_angles() {
        let middle = Local { x: 30.0, y: -7.0 };
        let at = |degrees: i32, far: f64| {
            let angle = f64::from(degrees).to_radians();
            direction(middle, Local { x: middle.x + far * angle.cos(), y: middle.y + far * angle.sin() })
        };
        let round: Vec<f64> =
            (-179..180).map(|degrees| at(degrees, f64::from(degrees.abs() % 7 + 1))).collect();
        assert!(round.is_sorted_by(|a, b| a < b), "{round:?}");
        assert_eq!((direction(middle, middle), at(0, 5.0)), (0.0, 0.0));
    }

    #[test]
    fn windows_begin_with_the_shifts() {
        let all = [1; 7];
        assert_eq!(windows(&[shift("a", all, 420, 900), shift("b", all, 900, 1380)], 120).phase, 60);
        assert_eq!(windows(&[shift("a", all, 405, 900)], 120).phase, 45);
        assert_eq!(windows(&[], 120), Windows { every: 120, phase: 0 });
    }

    #[test]
    fn no_officer_has_more_than_a_stop_more_than_another() {
        let territory =
            Territory::new((0..9).collect(), &[crate::space::coord::Local { x: 0., y: 0. }; 9], 1.0);
        let direction: Vec<f64> = (0..9).map(f64::from).collect();
        let stops = vec![vec![0, 1, 2, 3], vec![4, 5], Vec::new(), vec![0, 1, 2, 3, 4, 5, 6, 7, 8]];
        for officers in 1..6 {
            let dealt = deal(&stops, officers, &territory, &direction);
            let totals: Vec<usize> = dealt.iter().map(|windows| windows.iter().map(Vec::len).sum()).collect();
            assert_eq!(totals.iter().sum::<usize>(), 15);
            assert!(
                totals.iter().max().expect("some") - totals.iter().min().expect("some") <= 1,
                "{totals:?}"
            );
            for (at, window) in stops.iter().enumerate() {
                let mut all: Vec<usize> = dealt.iter().flat_map(|windows| windows[at].clone()).collect();
                all.sort_unstable();
                assert_eq!(&all, window);
            }
        }
    }
}
