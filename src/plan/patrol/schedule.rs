//! Orders and times of stops by chance, the same for the same seed.

use super::roster::{OnDuty, order_fits};
use super::travel::Territory;
use super::week::WEEK;
use crate::analysis::chance::Chance;

/// Orders that are drawn for a shift before the best of them is taken.
const DRAWS: u32 = 64;

/// One stop of one officer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timed {
    /// The area.
    pub(super) area: usize,
    /// First minute of the week.
    pub(super) begin: u32,
    /// Minutes of travel just before.
    pub(super) travel: u32,
    /// Which of the officer's pieces.
    pub(super) piece: usize,
}

/// Draws an order and times for one officer's stops.
///
/// Of [`DRAWS`] random orders that fit to the minute the first whose stops begin `apart` minutes or more from every
/// other stop in their area is taken, else the one whose least distance is greatest, else the nearest order. The time
/// of a window that is left is shared out at random before, between and after its stops.
pub(super) fn draw(
    territory: &Territory,
    stops: &[Vec<usize>],
    duty: &OnDuty,
    stop: u32,
    apart: u32,
    begun: &[Vec<u32>],
    chance: &mut Chance,
) -> Vec<Timed> {
    let mut best: Option<(u32, Vec<Timed>)> = None;
    for _ in 0..DRAWS {
        let mut order = stops.to_vec();
        order.iter_mut().for_each(|window| chance.shuffle(window));
        let legs = territory.legs(&order);
        if !order_fits(&legs, duty, stop) {
            continue;
        }
        let timed = times(&order, &legs, duty, stop, chance);
        let least = least_apart(&timed, begun);
        if best.as_ref().is_none_or(|(before, _)| least > *before) {
            best = Some((least, timed));
        }
        if least >= apart {
            break;
        }
    }
    best.map(|(_, timed)| timed).unwrap_or_else(|| {
        let order = territory.nearest_order(stops);
        times(&order, &territory.legs(&order), duty, stop, chance)
    })
}

fn times(
    order: &[Vec<usize>],
    legs: &[Vec<u32>],
    duty: &OnDuty,
    stop: u32,
    chance: &mut Chance,
) -> Vec<Timed> {
    let mut timed = Vec::new();
    for (at, ((areas, legs), piece)) in order.iter().zip(legs).zip(&duty.pieces).enumerate() {
        let used: u32 = legs.iter().map(|leg| leg + stop).sum();
        let idle = piece.minutes.saturating_sub(used);
        let mut waits: Vec<u32> = areas.iter().map(|_| chance.below(idle + 1)).collect();
        waits.sort_unstable();
        let mut spent = 0;
        for ((&area, &travel), wait) in areas.iter().zip(legs).zip(waits) {
            timed.push(Timed { area, begin: piece.begin + wait + spent + travel, travel, piece: at });
            spent += travel + stop;
        }
    }
    timed
}

/// Minutes between two minutes of the week, the week being a circle.
pub(super) fn apart(a: u32, b: u32) -> u32 {
    let ahead = (a % WEEK + WEEK - b % WEEK) % WEEK;
    ahead.min(WEEK - ahead)
}

/// The least distance of stops to others in the same area, those before and their own; a week where there is none.
fn least_apart(timed: &[Timed], begun: &[Vec<u32>]) -> u32 {
    let others = |at: usize| {
        let of = &timed[at];
        let own = timed[..at].iter().filter(move |other| other.area == of.area).map(|other| other.begin);
        own.chain(begun[of.area].iter().copied()).map(move |other| apart(of.begin, other))
    };
    (0..timed.len()).flat_map(others).min().unwrap_or(WEEK)
}
