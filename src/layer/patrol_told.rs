//! What must be known of a patrol plan: its evidence and limits, its minutes, what it is present for, what more would add.

use std::collections::BTreeMap;

use geo::ChamberlainDuquetteArea;

use super::Value;
use super::patrol::PatrolAsk;
use super::ranking_told::{self, counted};
use crate::engine::patrol::{AboutArea, PatrolGround, Patrolled, WeekClock};
use crate::engine::snapshot::Snapshot;
use crate::plan::patrol::plan::{Charge, Next, Patrol, PatrolParams};
use crate::plan::patrol::week::clock;
use crate::plan::patrol::{EVIDENCE, LIMITS};

/// Why an area without a shape has no stop.
const NOWHERE: &str = "nobody knows where it lies";

/// Beyond so many m² a patrol area is more than an officer on foot or in a car sees of a stop: about six street blocks.
const WIDE: f64 = 100_000.0;

/// The most areas without a stop that a sentence names; all stand in the list.
const NAMED: usize = 5;

/// The parameters that were used, and the plan in figures.
pub(super) fn told(
    snapshot: &Snapshot,
    ground: &PatrolGround,
    plan: &Patrol,
    ask: &PatrolAsk,
    params: &PatrolParams,
    week: Option<&WeekClock>,
) -> Vec<(&'static str, Value)> {
    let stops = plan.stops.len();
    let sum = |of: &dyn Fn(&crate::plan::patrol::plan::Duty) -> u32| {
        Value::count(plan.duties.iter().map(|duty| u64::from(of(duty))).sum::<u64>())
    };
    let share = |part: f64, whole: f64| Value::rounded(if whole > 0.0 { part / whole } else { 0.0 }, 6);
    let patrolled = match ask.patrolled {
        Patrolled::Blocks(_) => "blocks",
        Patrolled::Areas => "areas",
    };
    let best = |of: &dyn Fn(&Next) -> f64| {
        plan.next.iter().fold(None::<&Next>, |best, next| match best {
            Some(before) if of(before) >= of(next) => best,
            _ => Some(next),
        })
    };
    let when = |next: Option<&Next>| -> Value {
        next.map(|next| format!("{}, {}", plan.shifts[next.shift].name, clock(next.begin))).into()
    };
    let (hour, officer) = (best(&|next| next.hour), best(&|next| next.officer));
    let gain = |next: Option<&Next>, of: &dyn Fn(&Next) -> f64| {
        next.map_or(Value::Null, |next| Value::rounded(of(next), 9))
    };
    let mut told = vec![
        ("patrol", Value::text(patrolled)),
        ("areas", Value::count(plan.areas.len())),
        ("by", Value::text(ask.scoring.by.word())),
        ("shifts", Value::count(plan.shifts.len())),
        ("officer_shifts", Value::count(plan.duties.len())),
        ("stop_minutes", Value::count(params.stop)),
        ("every_minutes", Value::count(params.every)),
        ("windows_from", Value::text(clock(plan.windows.phase))),
        ("free", Value::rounded(params.free, 6)),
        ("speed_km_h", Value::rounded(params.speed, 6)),
        ("detour", Value::rounded(params.detour, 6)),
        ("travel_per_stop", Value::List(plan.charges.iter().map(charge).collect())),
        (
            "hours_strength",
            ground.strength.map_or_else(|| Value::text("the city's hours"), |k| Value::rounded(k, 0)),
        ),
        ("stops", Value::count(stops)),
        ("minutes", sum(&|duty| duty.minutes)),
        ("calls_minutes", sum(&|duty| duty.calls)),
        ("stops_minutes", sum(&|duty| duty.stops * params.stop)),
        ("travel_minutes", sum(&|duty| duty.travel)),
        ("rest_minutes", sum(&|duty| duty.rest)),
        ("expected_everywhere_per_week", Value::rounded(ground.expected, 6)),
        ("expected_per_week", Value::rounded(plan.expected, 6)),
        ("reached_per_week", Value::rounded(plan.reached, 6)),
        ("present_per_week", Value::rounded(plan.present, 6)),
        ("present_share", share(plan.present, plan.expected)),
        ("present_share_everywhere", share(plan.present, ground.expected)),
        ("bound_per_week", Value::rounded(plan.bound, 6)),
        ("gap", share(plan.bound - plan.present, plan.bound)),
        ("next_hour_adds", gain(hour, &|next| next.hour)),
        ("next_hour", when(hour)),
        ("next_officer_adds", gain(officer, &|next| next.officer)),
        ("next_officer", when(officer)),
        ("least_apart_minutes", plan.least_apart.map_or(Value::Null, Value::count)),
        ("week", week.map(|week| week.monday.to_string()).into()),
        (
            "seed",
            i64::try_from(params.seed).map_or_else(|_| Value::Text(params.seed.to_string()), Value::Int),
        ),
        ("unserved", unserved(ground, plan)),
    ];
    told.extend(counted(snapshot, &ground.ranking));
    let mut warned = warnings(ground, plan, week);
    warned.extend(ranking_told::warnings(snapshot, &ground.ranking));
    told.push(("warnings", Value::List(warned.into_iter().map(Value::Text).collect())));
    told
}

fn charge(charge: &Charge) -> Value {
    Value::Map(vec![
        ("beat", charge.beat.clone().into()),
        ("areas", Value::count(charge.areas)),
        ("mean_leg_minutes", Value::rounded(charge.mean_leg, 3)),
        ("least_minutes", charge.minutes.iter().min().map_or(Value::Null, |&minutes| Value::count(minutes))),
        ("most_minutes", charge.minutes.iter().max().map_or(Value::Null, |&minutes| Value::count(minutes))),
    ])
}

/// Areas without a stop, and those that nobody can drive to.
fn unserved(ground: &PatrolGround, plan: &Patrol) -> Value {
    let one =
        |name: &str, why: String| Value::Map(vec![("name", Value::text(name)), ("why", Value::Text(why))]);
    let without_stop = plan
        .areas
        .iter()
        .filter_map(|area| Some(one(&ground.about[area.given].name, area.unserved?.to_string())));
    let nowhere = ground.without_place.iter().map(|name| one(name, NOWHERE.to_owned()));
    Value::List(without_stop.chain(nowhere).collect())
}

fn warnings(ground: &PatrolGround, plan: &Patrol, week: Option<&WeekClock>) -> Vec<String> {
    let mut told = vec![EVIDENCE.to_owned(), LIMITS.to_owned()];
    let mut left: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for area in &plan.areas {
        if let Some(why) = area.unserved {
            left.entry(why.to_string()).or_default().push(&ground.about[area.given].name);
        }
    }
    left.entry(NOWHERE.to_owned()).or_default().extend(ground.without_place.iter().map(String::as_str));
    for (why, names) in left.iter().filter(|(_, names)| !names.is_empty()) {
        let more = names.len().saturating_sub(NAMED);
        let and_more = if more > 0 { format!("; and {more} more") } else { String::new() };
        let (n, named) = (names.len(), names[..names.len().min(NAMED)].join("; "));
        let areas = if n == 1 { "patrol area gets" } else { "patrol areas get" };
        told.push(format!("{n} {areas} no stop, since {why}: {named}{and_more}"));
    }
    let is_wide = |about: &&AboutArea| about.shape.chamberlain_duquette_unsigned_area() > WIDE;
    let wide = ground.about.iter().filter(is_wide).count();
    if wide > 0 {
        told.push(format!(
            "a stop counts as presence in the whole of its patrol area, and an officer sees a few blocks of it: {wide} of them are larger than {:.1} km², so less is covered there than told; patrol their blocks instead",
            WIDE / 1e6
        ));
    }
    for charge in plan.charges.iter().filter(|charge| charge.mean_leg > 10.0) {
        told.push(format!(
            "{:.0} minutes of travel for each stop {}; beats that are smaller leave more time for stops",
            charge.mean_leg.ceil(),
            charge
                .beat
                .as_ref()
                .map_or_else(|| "of officers without a beat".to_owned(), |beat| format!("in {beat}")),
        ));
    }
    if let Some(week) = week.filter(|week| week.twice > 0) {
        told.push(format!(
            "clocks go back in this week: the {} minutes that come twice are planned once",
            week.twice
        ));
    }
    told
}
