//! The patrol plan: which area gets a stop in which window, by whom, and when.

use std::fmt;

use super::allocate::{Crew, allocate};
use super::error::PatrolError;
use super::roster;
use super::steps::{Week, check, in_order, territories};
use super::travel::Territory;
use super::week::Windows;
use crate::model::shift::Shift;
use crate::space::coord::Local;

/// An area that can be patrolled.
#[derive(Clone, Debug, PartialEq)]
pub struct PatrolArea {
    /// Its id, unlike any other's.
    pub id: String,
    /// Its middle.
    pub center: Local,
    /// Harm expected in each hour of the week, in the unit of the score.
    pub hours: Vec<f64>,
    /// The beats that it lies in, in the words in which shifts name them.
    pub beats: Vec<String>,
}

/// How patrols are planned.
#[derive(Clone, Debug, PartialEq)]
pub struct PatrolParams {
    /// Minutes of a stop, 10 to 16.
    pub stop: u32,
    /// Minutes of a window, in which an area gets one stop at most: 60, 120, 180 or 240.
    pub every: u32,
    /// Share of a shift that is free for the plan, the rest going to calls.
    pub free: f64,
    /// Speed between areas, km/h.
    pub speed: f64,
    /// How much longer a way is than the crow flies.
    pub detour: f64,
    /// What orders and times are drawn by.
    pub seed: u64,
    /// Spans of minutes of the week that no clock shows, where the plan is for a week in which clocks change.
    pub missing: Vec<(u32, u32)>,
}

/// One stop.
#[derive(Clone, Debug, PartialEq)]
pub struct Stop {
    /// The officer's duty, by its place in [`Patrol::duties`].
    pub duty: usize,
    /// The area, by its place in [`Patrol::areas`].
    pub area: usize,
    /// First minute of the week, below 10,080.
    pub begin: u32,
    /// Minutes of travel just before.
    pub travel: u32,
    /// Harm expected in its minutes.
    pub present: f64,
}

/// One officer in one shift on one day: `calls + stops × minutes + travel + rest = minutes`.
#[derive(Clone, Debug, PartialEq)]
pub struct Duty {
    /// The shift, by its place in [`Patrol::shifts`].
    pub shift: usize,
    /// Which officer of the shift, from 1.
    pub officer: u32,
    /// First minute of the week.
    pub begin: u32,
    /// Minutes that pass.
    pub minutes: u32,
    /// Of them for calls and other work.
    pub calls: u32,
    /// Stops.
    pub stops: u32,
    /// Minutes of travel.
    pub travel: u32,
    /// Minutes for the plan that are left.
    pub rest: u32,
}

/// Why an area gets no stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unserved {
    /// It lies in no beat that has a shift.
    NoOfficer,
    /// Nothing is expected there while somebody is on duty.
    NoHarm,
    /// Those who may enter have less time than a stop with its travel takes.
    NoTime,
    /// The stops that there is time for go to areas where more is expected.
    Outbid,
}

impl fmt::Display for Unserved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoOfficer => "no shift may enter it: it lies in no beat that has one",
            Self::NoHarm => "no harm is expected there while somebody is on duty",
            Self::NoTime => "a stop and the travel to it take longer than its officers have",
            Self::Outbid => {
                "the stops that its officers have time for go to areas and hours where more harm is expected"
            }
        })
    }
}

/// What a plan does for an area.
#[derive(Clone, Debug, PartialEq)]
pub struct AreaPlan {
    /// Its place among the areas that were given.
    pub given: usize,
    /// Harm expected there in a week.
    pub expected: f64,
    /// Stops a week.
    pub stops: u32,
    /// Of the harm, that in the minutes of the stops.
    pub present: f64,
    /// Minutes of presence in each hour of the week.
    pub minutes: Vec<u32>,
    /// Why it has none.
    pub unserved: Option<Unserved>,
}

/// What more time in a shift would add.
#[derive(Clone, Debug, PartialEq)]
pub struct Next {
    /// The shift, by its place in [`Patrol::shifts`].
    pub shift: usize,
    /// First minute of the week of the day that is meant.
    pub begin: u32,
    /// Further harm where present, from one more officer-hour that is spent on the plan alone.
    pub hour: f64,
    /// The same from one more officer, calls and all.
    pub officer: f64,
}

/// Travel that is charged for each stop of those who may enter the same areas.
#[derive(Clone, Debug, PartialEq)]
pub struct Charge {
    /// Their beat.
    pub beat: Option<String>,
    /// Areas they may enter.
    pub areas: usize,
    /// Mean leg between two of them, in minutes.
    pub mean_leg: f64,
    /// What is charged to each crew, in the order of their begin: as little as their stops fit with.
    pub minutes: Vec<u32>,
}

/// A week of patrols.
#[derive(Clone, Debug, PartialEq)]
pub struct Patrol {
    /// Shifts in their own order.
    pub shifts: Vec<Shift>,
    /// Areas, the one with most harm first.
    pub areas: Vec<AreaPlan>,
    /// Officers on duty, in the order of their begin.
    pub duties: Vec<Duty>,
    /// Stops, duty by duty in the order of their begin.
    pub stops: Vec<Stop>,
    /// Windows.
    pub windows: Windows,
    /// Travel by territory.
    pub charges: Vec<Charge>,
    /// What more time would add, shift by shift and day by day.
    pub next: Vec<Next>,
    /// Harm expected in all areas in a week.
    pub expected: f64,
    /// Of it, that in the windows in which an area gets a stop, while its crew is on duty.
    pub reached: f64,
    /// Of it, that in the minutes of the stops.
    pub present: f64,
    /// What no plan of these officers could exceed, if travel took no time.
    pub bound: f64,
    /// Least minutes between the begins of two stops in one area.
    pub least_apart: Option<u32>,
}

/// Plans a week of stops so that as much harm as possible is expected while an officer is present.
///
/// ```text
/// max Σ stops  m × mean over the crew's minutes in the window of (harm expected a minute)
/// s.t. an area at most one stop a window;  an officer at most ⌊free minutes / (m + t)⌋ stops a shift,
///      in a window at most its share of them, rounded up;  t = mean leg between two of the officer's areas, rounded up
/// ```
///
/// | | what | unit |
/// |---|---|---|
/// | `areas` | harm expected by hour of the week, middle, beats | score a week |
/// | `shifts` | officers by day and hour; of one name and beat they are the same | – |
/// | `params` | m, window, free share, speed, detour, seed | min, –, km/h |
/// | returns | stops with their times, minutes of every officer, what more time would add | |
///
/// The choice is the best there is for these t (see [`allocate`]). Orders are random within a window and times too; that
/// what is chosen fits is checked in expectation over all orders and to the minute for the one that is drawn. Each t
/// begins with the mean way from an area to the nearest other one; where the chosen stops of an officer
/// would not fit, that of the crew rises by a minute and all is solved anew. So the seed changes orders and times, and
/// never who stops where in which window. Time O(stops × areas × windows) each time.
///
/// Source: Koper (1995), *Justice Quarterly* 12(4); stops about every two hours: Telep, Mitchell & Weisburd (2014),
/// *Justice Quarterly* 31(5).
///
/// # Limits
///
/// 'Present' is not 'prevented'. Windows begin with the shifts of most hours; in one that a shift cuts, the hours of
/// the part on duty count. Two stops in one area may lie close at the border of two windows; orders that keep half a
/// window between them are preferred, and [`Patrol::least_apart`] tells what came of it.
///
/// # Errors
///
/// [`PatrolError`] for what nobody could work, with the mend.
///
/// # Examples
///
/// One officer, one hour, 60 % of it free: two stops of 15 minutes, in the two areas where most is expected.
///
/// ```
/// use hotblocks::model::shift::Shift;
/// use hotblocks::plan::patrol::plan::{PatrolArea, PatrolParams, patrol};
/// use hotblocks::space::coord::Local;
///
/// let area = |id: &str, x: f64, harm: f64| PatrolArea {
///     id: id.to_owned(),
///     center: Local { x, y: 0.0 },
///     hours: vec![harm / 168.0; 168],
///     beats: Vec::new(),
/// };
/// let areas = [area("a", 0.0, 1.0), area("b", 500.0, 3.0), area("c", 1000.0, 2.0)];
/// let days = [false, false, false, false, true, false, false];
/// let shift = Shift { name: "late".to_owned(), beat: None, days, from: 1320, to: 1380, officers: 1 };
/// let params =
///     PatrolParams { stop: 15, every: 120, free: 0.6, speed: 30.0, detour: 1.0, seed: 1, missing: Vec::new() };
/// let plan = patrol(&areas, &[shift], &params)?;
/// let served: Vec<usize> = plan.areas.iter().filter(|a| a.stops > 0).map(|a| a.given).collect();
/// assert_eq!(served, [1, 2]);
/// // 15 minutes of a week of 10,080, and 15 more.
/// assert!((plan.present - (3.0 + 2.0) * 15.0 / 10_080.0).abs() < 1e-12);
/// # Ok::<(), hotblocks::plan::patrol::error::PatrolError>(())
/// ```
pub fn patrol(areas: &[PatrolArea], shifts: &[Shift], params: &PatrolParams) -> Result<Patrol, PatrolError> {
    check(areas, params)?;
    roster::check(shifts, params.stop)?;
    let (places, areas) = in_order(areas);
    let shifts = roster::sorted(shifts);
    let beats: Vec<Option<String>> = shifts
        .iter()
        .map(|s| s.beat.clone())
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    let territories = territories(&areas, &beats, params)?;
    let windows = roster::windows(&shifts, params.every);
    let on_duty = roster::on_duty(&shifts, &beats, windows, params.free, &params.missing);
    let week = Week { areas: &areas, shifts: &shifts, territories: &territories, on_duty: &on_duty, params };
    let least: Vec<u32> = territories.iter().map(Territory::nearest_leg).collect();
    let mut travel: Vec<u32> = on_duty.iter().map(|duty| least[duty.territory]).collect();
    let (best, dealt) = loop {
        let crews = week.crews(&travel);
        if crews.iter().all(|crew| crew.stops == 0) {
            return Err(week.nothing_fits(&travel));
        }
        check_work(&crews)?;
        let best = allocate(&crews);
        let dealt = week.deal(&best);
        let over = week.does_not_fit(&dealt);
        if !over.contains(&true) {
            break (best, dealt);
        }
        travel.iter_mut().zip(&over).for_each(|(minutes, over)| *minutes += u32::from(*over));
    };
    let charges = beats
        .into_iter()
        .zip(territories.iter().enumerate())
        .map(|(beat, (at, t))| {
            let of = on_duty.iter().zip(&travel).filter(|(duty, _)| duty.territory == at);
            let minutes = of.map(|(_, &minutes)| minutes).collect();
            Charge { beat, areas: t.areas.len(), mean_leg: t.mean_leg(), minutes }
        })
        .collect();
    let scale = week.scale();
    let bound = allocate(&week.crews(&vec![0; on_duty.len()])).gain as f64 / scale;
    let next = week.next(&best, &travel, scale);
    let mut plan = Patrol {
        areas: week.unserved(&places, &travel),
        expected: areas.iter().flat_map(|area| &area.hours).sum(),
        duties: Vec::new(),
        stops: Vec::new(),
        windows,
        charges,
        next,
        reached: 0.0,
        present: 0.0,
        bound,
        least_apart: None,
        shifts: Vec::new(),
    };
    week.schedule(&dealt, &mut plan);
    plan.bound = plan.bound.max(plan.present);
    plan.shifts = shifts;
    Ok(plan)
}

/// Steps of the search for the best stops at most: some seconds.
const MOST_STEPS: u64 = 1_000_000_000;

/// Refuses what would keep a machine busy for minutes: each stop looks at every area of every window once.
fn check_work(crews: &[Crew]) -> Result<(), PatrolError> {
    let stops: u64 = crews.iter().map(|crew| u64::from(crew.stops)).sum();
    let choices: u64 = crews.iter().flat_map(|crew| &crew.slots).map(|slot| slot.gains.len() as u64).sum();
    if stops.min(choices).saturating_mul(choices) > MOST_STEPS {
        return Err(PatrolError::TooLarge { stops, choices });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::aoristic::HOURS;
    use crate::plan::patrol::week::clock;

    const ALL: [bool; 7] = [true; 7];

    fn params() -> PatrolParams {
        PatrolParams {
            stop: 15,
            every: 120,
            free: 0.4,
            speed: 30.0,
            detour: 1.3,
            seed: 1,
            missing: Vec::new(),
        }
    }

    fn shift(name: &str, days: [bool; 7], from: u32, to: u32, officers: u32) -> Shift {
        Shift { name: name.to_owned(), beat: None, days, from, to, officers }
    }

    /// Areas along a street, each with its harm spread evenly but for a peak hour.
    fn areas(harm: &[(f64, usize)]) -> Vec<PatrolArea> {
        let area = |(at, &(harm, peak)): (usize, &(f64, usize))| {
            let mut hours = vec![harm / 336.0; HOURS];
            hours[peak] += harm / 2.0;
            PatrolArea {
                id: format!("area-{at}"),
                center: Local { x: at as f64 * 400.0, y: (at % 3) as f64 * 300.0 },
                hours,
                beats: vec![if at % 2 == 0 { "even".to_owned() } else { "odd".to_owned() }],
            }
        };
        harm.iter().enumerate().map(area).collect()
    }

    fn refused(areas: &[PatrolArea], shifts: &[Shift], params: &PatrolParams) -> String {
        patrol(areas, shifts, params).expect_err("was planned").to_string()
    }

    #[test]
    fn the_plan_is_at_the_peak_hour_of_the_area_with_most_harm() {
        // Most harm on Friday from 22:00 in area 2.
        let areas = areas(&[(1.0, 10), (2.0, 50), (9.0, 4 * 24 + 22)]);
        let evening = [shift("evening", ALL, 18 * 60, 2 * 60, 1)];
        let plan = patrol(&areas, &evening, &params()).expect("a plan");
        let first = &plan.areas[0];
        assert_eq!((first.given, first.unserved), (2, None));
        let at_peak = plan.stops.iter().filter(|stop| {
            stop.area == 0 && plan.windows.of(stop.begin) == plan.windows.of(4 * 1440 + 22 * 60)
        });
        assert_eq!(at_peak.count(), 1, "one stop in the window of the peak");
        assert!(plan.present < plan.reached && plan.reached < plan.expected && plan.present <= plan.bound);
    }

    #[test]
    fn every_minute_of_every_officer_is_told() {
        let areas = areas(&[(5.0, 3), (4.0, 100), (3.0, 120), (2.0, 140), (6.0, 166), (1.0, 20), (0.5, 60)]);
        let shifts = [
            shift("late", ALL, 15 * 60 + 30, 60, 3),
            shift("short", [true, false, false, false, false, true, false], 600, 650, 2),
        ];
        let plan = patrol(&areas, &shifts, &params()).expect("a plan");
        assert_eq!(plan.duties.len(), 7 * 3 + 2 * 2);
        for (at, duty) in plan.duties.iter().enumerate() {
            assert_eq!(duty.calls + duty.stops * 15 + duty.travel + duty.rest, duty.minutes, "{duty:?}");
            assert_eq!(duty.minutes - duty.calls, (0.4 * f64::from(duty.minutes) + 1e-9) as u32);
            let stops: Vec<&Stop> = plan.stops.iter().filter(|stop| stop.duty == at).collect();
            assert_eq!(stops.len(), duty.stops as usize);
            assert_eq!(stops.iter().map(|stop| stop.travel).sum::<u32>(), duty.travel);
            let mut free_from = 0;
            for stop in stops {
                let into = (stop.begin + 10_080 - duty.begin) % 10_080;
                assert!(
                    into >= free_from + stop.travel && into + 15 <= duty.minutes,
                    "{} in {duty:?}",
                    clock(stop.begin)
                );
                free_from = into + 15;
            }
        }
    }

    #[test]
    fn another_seed_gives_another_order_and_the_same_minutes() {
        let areas = areas(&[(5.0, 3), (4.0, 100), (3.0, 120), (2.0, 140), (6.0, 166), (1.0, 20)]);
        let shifts = [shift("late", ALL, 16 * 60, 0, 2)];
        let plan = |seed| patrol(&areas, &shifts, &PatrolParams { seed, ..params() }).expect("a plan");
        let (one, again, two) = (plan(1), plan(1), plan(2));
        assert_eq!(one, again);
        assert_ne!(one.stops, two.stops);
        let who = |plan: &Patrol| {
            let mut all: Vec<(usize, usize, u32)> =
                plan.stops.iter().map(|s| (s.duty, s.area, plan.windows.of(s.begin))).collect();
            all.sort_unstable();
            all
        };
        assert_eq!(who(&one), who(&two));
        assert_eq!((one.present, one.reached), (two.present, two.reached));
        let orders = (1..=20).map(|seed| plan(seed).stops.iter().map(|s| s.area).collect::<Vec<_>>());
        assert!(orders.collect::<std::collections::BTreeSet<_>>().len() > 15, "orders are of chance");
    }

    #[test]
    fn an_officer_stays_in_the_beat_and_what_nobody_may_enter_is_named() {
        let areas = areas(&[(5.0, 3), (4.0, 100), (3.0, 120)]);
        let shift = Shift { beat: Some("odd".to_owned()), ..shift("late", ALL, 16 * 60, 0, 1) };
        let plan = patrol(&areas, std::slice::from_ref(&shift), &params()).expect("a plan");
        let of =
            |given: usize| plan.areas.iter().find(|area| area.given == given).expect("each is told").unserved;
        assert_eq!((of(0), of(1), of(2)), (Some(Unserved::NoOfficer), None, Some(Unserved::NoOfficer)));
        let nowhere = Shift { beat: Some("north".to_owned()), ..shift };
        assert!(refused(&areas, &[nowhere], &params()).contains("no patrol area lies in `north`"));
    }

    #[test]
    fn officers_who_stay_in_their_town_are_not_charged_the_way_to_the_other() {
        // Two towns 10 km apart, a minute between the areas of one.
        let area = |at: usize| PatrolArea {
            id: format!("area-{at}"),
            center: Local { x: if at < 4 { 0.0 } else { 10_000.0 } + (at % 4) as f64 * 100.0, y: 0.0 },
            hours: vec![1.0; HOURS],
            beats: Vec::new(),
        };
        let areas: Vec<PatrolArea> = (0..8).map(area).collect();
        let friday = [false, false, false, false, true, false, false];
        let params = PatrolParams { free: 0.5, detour: 1.0, ..params() };
        let plan = patrol(&areas, &[shift("late", friday, 960, 0, 2)], &params).expect("a plan");
        assert!(plan.charges[0].mean_leg > 10.0 && plan.charges[0].minutes[0] < 5, "{:?}", plan.charges);
        for duty in &plan.duties {
            // 240 minutes, and ten to the first stop.
            assert!(duty.stops >= 13 && duty.rest < 15 + 10, "{duty:?}");
        }
    }

    #[test]
    fn areas_without_a_stop_say_why() {
        let mut areas = areas(&[(5.0, 3), (4.0, 100), (0.0, 0)]);
        // Only on Monday morning.
        areas.push(PatrolArea {
            id: "mornings".to_owned(),
            hours: (0..HOURS).map(|h| if h == 6 { 9.0 } else { 0.0 }).collect(),
            ..areas[0].clone()
        });
        let friday = [false, false, false, false, true, false, false];
        let plan = patrol(&areas, &[shift("late", friday, 18 * 60, 20 * 60, 1)], &params()).expect("a plan");
        let of =
            |given: usize| plan.areas.iter().find(|area| area.given == given).expect("each is told").unserved;
        // 48 minutes are two stops; both areas with harm have one.
        assert_eq!(
            (of(0), of(1), of(2), of(3)),
            (None, None, Some(Unserved::NoHarm), Some(Unserved::NoHarm))
        );
        let plan = patrol(&areas, &[shift("late", friday, 18 * 60, 19 * 60, 1)], &params()).expect("a plan");
        let told: Vec<Option<Unserved>> = plan.areas.iter().map(|area| area.unserved).collect();
        assert_eq!(told.iter().filter(|told| **told == Some(Unserved::Outbid)).count(), 1, "{told:?}");
    }

    #[test]
    fn the_next_hour_adds_what_solving_with_one_more_hour_adds() {
        // No area has its peak on Friday evening, so that both halves of the window are alike.
        let mut areas = areas(&(0..12).map(|at| (9.0 - 0.5 * at as f64, at)).collect::<Vec<_>>());
        // All in one place, so that every crew is charged the same.
        areas.iter_mut().for_each(|area| area.center = Local { x: 0.0, y: 0.0 });
        // All time is free, so that one more officer for an hour is an hour for the plan.
        let params = PatrolParams { free: 1.0, ..params() };
        let friday = [false, false, false, false, true, false, false];
        let before = patrol(&areas, &[shift("late", friday, 1200, 1320, 1)], &params).expect("a plan");
        for from in [1200, 1260] {
            let shifts = [shift("late", friday, 1200, 1320, 1), shift("more", friday, from, from + 60, 1)];
            let with = patrol(&areas, &shifts, &params).expect("a plan");
            assert_eq!(
                (&with.charges[0].minutes[..], &before.charges[0].minutes[..]),
                (&[0, 0][..], &[0][..])
            );
            let adds = with.present - before.present;
            assert!(
                adds > 0.0 && (before.next[0].hour / adds - 1.0).abs() < 1e-9,
                "{} {adds}",
                before.next[0].hour
            );
        }
        let two = patrol(&areas, &[shift("late", friday, 1200, 1320, 2)], &params).expect("a plan");
        assert_eq!(two.charges, before.charges);
        assert!((before.next[0].officer - (two.present - before.present)).abs() < 1e-9 * before.expected);
    }

    #[test]
    fn the_next_hour_has_its_travel_too() {
        // Every stop is worth the same wherever and whenever it is.
        let place = |at: usize| PatrolArea {
            id: format!("area-{at:02}"),
            center: Local { x: (at % 4) as f64 * 2_000.0, y: (at / 4) as f64 * 2_000.0 },
            hours: vec![1.0; HOURS],
            beats: Vec::new(),
        };
        let areas: Vec<PatrolArea> = (0..12).map(place).collect();
        let plan = patrol(&areas, &[shift("late", ALL, 16 * 60, 0, 1)], &params()).expect("a plan");
        let takes = 15 + plan.charges[0].minutes[0];
        assert!((21..30).contains(&takes), "{takes}");
        let stop = 15.0 / 60.0;
        assert!(
            (plan.next[0].hour - f64::from(60 / takes) * stop).abs() < 1e-9,
            "{takes}: {:?}",
            plan.next[0]
        );
        assert!(plan.next[0].hour < plan.next[0].officer);
    }

    #[test]
    fn what_nobody_could_work_is_refused_with_the_mend() {
        let areas = areas(&[(5.0, 3), (4.0, 100)]);
        let late = shift("late", ALL, 16 * 60, 0, 1);
        let one = std::slice::from_ref(&late);
        for (params, says) in [
            (PatrolParams { stop: 17, ..params() }, "nearest is 16"),
            (PatrolParams { stop: 5, ..params() }, "nearest is 10"),
            (PatrolParams { every: 90, ..params() }, "60, 120, 180 or 240"),
            (PatrolParams { free: 0.0, ..params() }, "above 0"),
            (PatrolParams { free: f64::NAN, ..params() }, "above 0"),
            (PatrolParams { free: 0.01, ..params() }, "larger share"),
            (PatrolParams { speed: 0.0, ..params() }, "from 1 to 150"),
            (PatrolParams { speed: f64::INFINITY, ..params() }, "from 1 to 150"),
            (PatrolParams { detour: 0.5, ..params() }, "from 1 to 3"),
        ] {
            let why = refused(&areas, one, &params);
            assert!(why.contains(says), "{why}");
        }
        for (shifts, says) in [
            (Vec::new(), "no shift"),
            (vec![Shift { officers: 0, ..late.clone() }], "no officers"),
            (vec![Shift { days: [false; 7], ..late.clone() }], "no day"),
            (vec![Shift { to: 16 * 60, ..late.clone() }], "ends when it begins"),
            (vec![Shift { to: 16 * 60 + 14, ..late.clone() }], "fewer than a stop"),
            (vec![late.clone(), Shift { from: 17 * 60, ..late.clone() }], "on duty twice"),
        ] {
            let why = refused(&areas, &shifts, &params());
            assert!(why.contains(says), "{why}");
        }
        assert!(refused(&[], one, &params()).contains("0 patrol areas"));
        assert!(refused(&[areas[0].clone(), areas[0].clone()], one, &params()).contains("`area-0`"));
        let never = PatrolArea { hours: vec![f64::NAN; HOURS], ..areas[0].clone() };
        assert!(refused(&[never], one, &params()).contains("168 numbers"));
        let quiet = PatrolArea { hours: vec![0.0; HOURS], ..areas[0].clone() };
        assert!(refused(&[quiet], one, &params()).contains("no harm"));
    }

    #[test]
    fn nobody_is_on_patrol_in_an_hour_that_no_clock_shows() {
        let areas = areas(&[(5.0, 6 * 24 + 2), (4.0, 6 * 24 + 2), (3.0, 6 * 24 + 2)]);
        let night = [shift("night", ALL, 22 * 60, 6 * 60, 2)];
        let missing = vec![(6 * 1440 + 120, 6 * 1440 + 180)];
        let plan = patrol(&areas, &night, &PatrolParams { missing, ..params() }).expect("a plan");
        let saturday = plan.duties.iter().filter(|duty| duty.begin == 5 * 1440 + 22 * 60);
        assert!(saturday.clone().count() == 2 && saturday.clone().all(|duty| duty.minutes == 420));
        assert!(plan.areas.iter().all(|area| area.minutes[6 * 24 + 2] == 0));
        let usual = patrol(&areas, &night, &params()).expect("a plan");
        assert!(usual.areas.iter().any(|area| area.minutes[6 * 24 + 2] > 0));
    }
}
