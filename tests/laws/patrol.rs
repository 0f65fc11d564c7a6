//! What must hold for every patrol plan: minutes add up, nobody is in two places, more officers are never present for less.

use crate::cases;

use cases::cases;
use hotblocks::analysis::chance::Chance;
use hotblocks::model::shift::Shift;
use hotblocks::plan::patrol::plan::{Patrol, PatrolArea, PatrolParams, patrol};
use hotblocks::plan::patrol::week::{WEEK, mean_a_minute};
use hotblocks::space::coord::Local;
use proptest::prelude::*;

/// Up to eight areas in a town of 3 km, in the west, the east or both, some at one place, some without harm.
fn areas() -> impl Strategy<Value = Vec<PatrolArea>> {
    let one = (0..30_i32, 0..30_i32, 0..6_u32, any::<u64>(), 1..4_u8);
    prop::collection::vec(one, 1..9).prop_map(|all| {
        let area = |(at, (x, y, harm, seed, beats)): (usize, (i32, i32, u32, u64, u8))| {
            let mut chance = Chance::new(seed, 0);
            // Few incidents, each at an hour of chance, over an even ground.
            let mut hours = vec![f64::from(harm) / 500.0; 168];
            (0..harm).for_each(|_| hours[chance.below(168) as usize] += 1.0);
            let of = [(1, "west"), (2, "east")].into_iter().filter(|(bit, _)| beats & bit != 0);
            PatrolArea {
                id: format!("area-{at}"),
                center: Local { x: f64::from(x) * 100.0, y: f64::from(y) * 100.0 },
                hours,
                beats: of.map(|(_, name)| name.to_owned()).collect(),
            }
        };
        all.into_iter().enumerate().map(area).collect()
    })
}

/// Up to three shifts, of any hours and days, some across midnight, some in a beat.
fn shifts() -> impl Strategy<Value = Vec<Shift>> {
    let one = (prop::array::uniform7(any::<bool>()), 0..288_u32, 4..144_u32, 1..4_u32, 0..4_u8);
    prop::collection::vec(one, 1..4).prop_map(|all| {
        let shift =
            |(at, (mut days, from, length, officers, beat)): (usize, ([bool; 7], u32, u32, u32, u8))| {
                days[at] = true;
                let (from, to) = (from * 5, (from + length) * 5 % 1440);
                let beat = match beat {
                    0 => Some("west".to_owned()),
                    1 => Some("east".to_owned()),
                    _ => None,
                };
                Shift { name: format!("shift-{at}"), beat, days, from, to, officers }
            };
        all.into_iter().enumerate().map(shift).collect()
    })
}

fn params() -> impl Strategy<Value = PatrolParams> {
    (10..17_u32, 0..4_usize, 1..11_u32, 5..60_u32, any::<u64>()).prop_map(
        |(stop, every, free, speed, seed)| PatrolParams {
            stop,
            every: [60, 120, 180, 240][every],
            free: f64::from(free) / 10.0,
            speed: f64::from(speed),
            detour: 1.3,
            seed,
            missing: Vec::new(),
        },
    )
}

/// Who stops where in which window, whatever the order and the times.
fn chosen(plan: &Patrol) -> Vec<(usize, usize, u32)> {
    let mut all: Vec<_> = plan
        .stops
        .iter()
        .map(|stop| (stop.duty, plan.areas[stop.area].given, plan.windows.of(stop.begin)))
        .collect();
    all.sort_unstable();
    all
}

proptest! {
    #![proptest_config(cases(300, 71))]

    #[test]
    fn minutes_add_up_and_nobody_is_in_two_places(areas in areas(), shifts in shifts(), params in params()) {
        let Ok(plan) = patrol(&areas, &shifts, &params) else { return Ok(()) };
        let mut by_officer: std::collections::BTreeMap<(usize, u32), Vec<(u32, u32)>> = Default::default();
        for (at, duty) in plan.duties.iter().enumerate() {
            let shift = &plan.shifts[duty.shift];
            prop_assert_eq!(duty.calls + duty.stops * params.stop + duty.travel + duty.rest, duty.minutes);
            prop_assert_eq!(duty.minutes, shift.minutes());
            prop_assert!(f64::from(duty.minutes - duty.calls) <= params.free * f64::from(duty.minutes) + 1e-6);
            let mut stops: Vec<_> = plan.stops.iter().filter(|stop| stop.duty == at).collect();
            stops.sort_by_key(|stop| (stop.begin + WEEK - duty.begin) % WEEK);
            let mut free_from = 0;
            for stop in &stops {
                let into = (stop.begin + WEEK - duty.begin) % WEEK;
                prop_assert!(into >= free_from + stop.travel, "travels while stopping");
                free_from = into + params.stop;
                let area = &areas[plan.areas[stop.area].given];
                prop_assert!(shift.beat.as_ref().is_none_or(|beat| area.beats.contains(beat)), "outside the beat");
                by_officer.entry((duty.shift, duty.officer)).or_default().push((stop.begin, stop.begin + params.stop));
            }
            prop_assert!(free_from <= duty.minutes, "longer than the shift");
            prop_assert_eq!((stops.len(), stops.iter().map(|s| s.travel).sum()), (duty.stops as usize, duty.travel));
        }
        prop_assert!((10..=16).contains(&params.stop));
    }

    #[test]
    fn an_area_has_one_stop_a_window_at_most_and_what_is_told_is_what_is_done(
        areas in areas(), shifts in shifts(), params in params(),
    ) {
        let Ok(plan) = patrol(&areas, &shifts, &params) else { return Ok(()) };
        let mut seen = std::collections::BTreeSet::new();
        prop_assert!(plan.stops.iter().all(|stop| seen.insert((stop.area, plan.windows.of(stop.begin)))));
        for (at, area) in plan.areas.iter().enumerate() {
            let own: Vec<_> = plan.stops.iter().filter(|stop| stop.area == at).collect();
            prop_assert_eq!(area.stops as usize, own.len());
            prop_assert_eq!(area.minutes.iter().sum::<u32>(), area.stops * params.stop);
            prop_assert_eq!(area.unserved.is_none(), area.stops > 0);
            let present: f64 = own.iter().map(|stop| stop.present).sum();
            prop_assert!((present - area.present).abs() < 1e-9);
            // A stop is worth the mean of its crew's minutes in the window, which the hours of the area bound.
            let hours = &areas[area.given].hours;
            let most = hours.iter().copied().fold(0.0, f64::max) / 60.0 * f64::from(params.stop);
            prop_assert!(own.iter().all(|stop| stop.present > 0.0 && stop.present <= most + 1e-12));
            prop_assert!((area.expected - mean_a_minute(hours, 0, WEEK) * f64::from(WEEK)).abs() < 1e-9);
        }
        prop_assert!(plan.present <= plan.reached + 1e-9 && plan.reached <= plan.expected + 1e-9);
        prop_assert!(plan.present <= plan.bound + 1e-9 * plan.bound);
        let mut begins: Vec<(usize, u32)> = plan.stops.iter().map(|stop| (stop.area, stop.begin)).collect();
        begins.sort_unstable();
        let apart = |a: u32, b: u32| ((a + WEEK - b) % WEEK).min((b + WEEK - a) % WEEK);
        let least = begins.iter().enumerate().flat_map(|(at, a)| {
            begins[..at].iter().filter(move |b| a.0 == b.0).map(move |b| apart(a.1, b.1))
        }).min();
        prop_assert_eq!(plan.least_apart, least);
    }

    #[test]
    fn the_order_of_areas_and_shifts_and_the_seed_do_not_choose(
        areas in areas(), shifts in shifts(), params in params(), seed in any::<u64>(),
    ) {
        let Ok(plan) = patrol(&areas, &shifts, &params) else { return Ok(()) };
        let (mut turned, mut others) = (areas.clone(), shifts.clone());
        turned.reverse();
        others.reverse();
        let mut again = patrol(&turned, &others, &params).expect("the same");
        again.areas.iter_mut().for_each(|area| area.given = areas.len() - 1 - area.given);
        prop_assert_eq!(&plan, &again);
        let another = patrol(&areas, &shifts, &PatrolParams { seed, ..params }).expect("the same");
        prop_assert_eq!(chosen(&plan), chosen(&another));
        prop_assert_eq!((plan.present, plan.reached, plan.bound), (another.present, another.reached, another.bound));
    }

    #[test]
    fn one_more_officer_or_hour_is_never_present_for_less(
        areas in areas(), shifts in shifts(), params in params(), which in 0..3_usize,
    ) {
        let Ok(plan) = patrol(&areas, &shifts, &params) else { return Ok(()) };
        let mut more = shifts.clone();
        let at = which % shifts.len();
        more[at].officers += 1;
        let with = patrol(&areas, &more, &params).expect("more is no hindrance");
        // What travel is charged is told; where it stays, the larger choice holds the smaller one.
        if with.charges == plan.charges {
            prop_assert!(with.present >= plan.present * (1.0 - 1e-9), "{} {}", plan.present, with.present);
        }
        prop_assert!(with.bound >= plan.bound * (1.0 - 1e-9));
        prop_assert!(plan.next.iter().all(|next| next.hour >= 0.0 && next.officer >= 0.0));
    }
}

/// Every choice of one officer over windows and areas, by hand.
fn by_enumeration(
    areas: &[PatrolArea],
    windows: &[(u32, u32)],
    per_window: usize,
    in_all: usize,
    stop: u32,
) -> f64 {
    fn from(values: &[Vec<f64>], per_window: usize, left: usize) -> f64 {
        let Some((window, rest)) = values.split_first() else { return 0.0 };
        let mut best: f64 = 0.0;
        for set in 0..1_u32 << window.len() {
            let n = set.count_ones() as usize;
            if n <= per_window.min(left) {
                let value: f64 =
                    (0..window.len()).filter(|at| set & (1 << at) != 0).map(|at| window[at]).sum();
                best = best.max(value + from(rest, per_window, left - n));
            }
        }
        best
    }
    let value = |begin, minutes| {
        areas
            .iter()
            .map(|area| mean_a_minute(&area.hours, begin, minutes) * f64::from(stop))
            .collect::<Vec<f64>>()
    };
    let values: Vec<Vec<f64>> = windows.iter().map(|&(begin, minutes)| value(begin, minutes)).collect();
    from(&values, per_window, in_all)
}

proptest! {
    #![proptest_config(cases(200, 72))]

    /// One officer on Friday from 18:00 to midnight, 40 % free: 144 minutes, at most 48 rounded up to whole stops in two hours.
    #[test]
    fn a_small_plan_is_the_best_of_all_choices(areas in areas()) {
        let areas = &areas[..areas.len().min(4)];
        let days = [false, false, false, false, true, false, false];
        let shift = Shift { name: "late".to_owned(), beat: None, days, from: 1080, to: 0, officers: 1 };
        let params =
            PatrolParams { stop: 15, every: 120, free: 0.4, speed: 40.0, detour: 1.3, seed: 1, missing: Vec::new() };
        let Ok(plan) = patrol(areas, &[shift], &params) else { return Ok(()) };
        let takes = 15 + plan.charges[0].minutes[0];
        let begin = 4 * 1440 + 1080;
        let windows = [0, 120, 240].map(|after| (begin + after, 120));
        let per_window = (48_u32.div_ceil(takes)).min(120 / takes) as usize;
        let best = by_enumeration(areas, &windows, per_window, (144 / takes) as usize, 15);
        prop_assert!((plan.present - best).abs() < 1e-9 * best.max(1.0), "{} {best}", plan.present);
    }
}
