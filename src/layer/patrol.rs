//! The patrol plan as a layer: stops, what each area gets hour by hour, the minutes of every officer.

use jiff::ToSpan;

use super::made::{made, on_page};
use super::patrol_told::told;
use super::{Ask, Feature, Layer, Legend, LegendClass, Value};
use crate::engine::areas::{WithinError, named};
use crate::engine::patrol::{AboutArea, PatrolGround, PatrolGroundError, Patrolled, WeekClock, week_clock};
use crate::engine::ranking::Scoring;
use crate::engine::snapshot::Snapshot;
use crate::model::class::UnknownCategory;
use crate::model::shift::{DAY, DAYS, Shift, time_text};
use crate::plan::patrol::error::PatrolError;
use crate::plan::patrol::plan::{AreaPlan, Duty, Patrol, PatrolParams, Stop, patrol};
use crate::plan::patrol::week::{WEEK, clock};

/// What of a plan is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sheet {
    /// One row a stop.
    Stops,
    /// One row an area.
    Areas,
    /// One row an officer and shift.
    Officers,
}

/// What a patrol plan is made with.
#[derive(Clone, Debug, PartialEq)]
pub struct PatrolAsk {
    /// How blocks are ranked, and so what harm is.
    pub scoring: Scoring,
    /// What is patrolled.
    pub patrolled: Patrolled,
    /// Who is on duty when; beats in the user's words.
    pub shifts: Vec<Shift>,
    /// Stops, speed, seed.
    pub params: PatrolParams,
    /// A date in the week that is meant.
    pub week: Option<jiff::civil::Date>,
    /// What is shown.
    pub sheet: Sheet,
}

/// Why there is no such layer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PatrolLayerError {
    /// There is no such category here.
    #[error(transparent)]
    Category(#[from] UnknownCategory),
    /// There is no such area here.
    #[error(transparent)]
    Within(#[from] WithinError),
    /// There is no such beat here.
    #[error(transparent)]
    Beat(WithinError),
    /// Nothing to patrol.
    #[error(transparent)]
    Ground(#[from] PatrolGroundError),
    /// Nobody could work it.
    #[error(transparent)]
    Plan(#[from] PatrolError),
    /// A date that no calendar has.
    #[error("the week of {date} cannot be told; give a date from 1900 to 9000")]
    Week {
        /// The date.
        date: jiff::civil::Date,
    },
}

/// A week of patrols over these incidents.
///
/// # Errors
///
/// [`PatrolLayerError`] for names that are not here, and for plans that nobody could work.
pub fn patrol_plan(snapshot: &Snapshot, ask: &Ask, plan: &PatrolAsk) -> Result<Layer, PatrolLayerError> {
    let selection = snapshot.select(&ask.query)?;
    let within = named(snapshot.dataset(), &ask.within)?;
    let shifts = snapshot.shifts_here(&plan.shifts).map_err(PatrolLayerError::Beat)?;
    let zone = snapshot.dataset().sources.first().map(|source| source.zone.clone());
    let zone = zone.unwrap_or(jiff::tz::TimeZone::UTC);
    let week =
        plan.week.map(|date| week_clock(date, &zone).ok_or(PatrolLayerError::Week { date })).transpose()?;
    let mut params = plan.params.clone();
    params.missing = week.as_ref().map_or_else(Vec::new, |week| week.missing.clone());
    let ground =
        snapshot.patrol_ground(&ask.query, &selection, &plan.scoring, &within, plan.patrolled, &shifts)?;
    let made_plan = patrol(&ground.areas, &shifts, &params)?;
    let page = Sheets { ground: &ground, plan: &made_plan, params: &params, week: week.as_ref() };
    let features = match plan.sheet {
        Sheet::Stops => (1..).zip(&made_plan.stops).map(|(number, stop)| page.stop(number, stop)).collect(),
        Sheet::Areas => made_plan.areas.iter().map(|area| page.area(area)).collect(),
        Sheet::Officers => {
            (1..).zip(&made_plan.duties).map(|(number, duty)| page.duty(number, duty)).collect()
        }
    };
    let told = told(snapshot, &ground, &made_plan, plan, &params, week.as_ref());
    Ok(made("plan", snapshot, ask, &selection, on_page(ask, features), legend(plan.sheet), told))
}

/// Rows of the sheets.
struct Sheets<'a> {
    ground: &'a PatrolGround,
    plan: &'a Patrol,
    params: &'a PatrolParams,
    week: Option<&'a WeekClock>,
}

impl Sheets<'_> {
    fn about(&self, area: usize) -> (&str, &AboutArea) {
        let given = self.plan.areas[area].given;
        (&self.ground.areas[given].id, &self.ground.about[given])
    }

    /// The local date of a minute of the week, where a week is given.
    fn date(&self, minute: u32) -> Value {
        let day = i64::from(minute % WEEK / DAY);
        let date = self.week.and_then(|week| week.monday.checked_add(day.days()).ok());
        date.map(|date| date.to_string()).into()
    }

    fn shift(&self, duty: &Duty) -> [(&'static str, Value); 5] {
        let shift = &self.plan.shifts[duty.shift];
        [
            ("shift", Value::text(shift.name.clone())),
            ("beat", shift.beat.clone().into()),
            ("date", self.date(duty.begin)),
            ("begins", Value::text(clock(duty.begin))),
            ("ends", Value::text(clock(duty.begin + shift.minutes()))),
        ]
    }

    fn stop(&self, number: usize, stop: &Stop) -> Feature {
        let duty = &self.plan.duties[stop.duty];
        let (id, about) = self.about(stop.area);
        let mut properties: Vec<(&'static str, Value)> = self.shift(duty).into();
        properties.extend([
            ("officer", Value::count(duty.officer)),
            ("start", Value::text(clock(stop.begin))),
            ("end", Value::text(time_text(stop.begin + self.params.stop))),
            ("name", Value::text(about.name.clone())),
            ("area", Value::text(id)),
            ("minutes", Value::count(self.params.stop)),
            ("travel_minutes", Value::count(stop.travel)),
            ("present", Value::rounded(stop.present, 9)),
        ]);
        Feature { id: format!("stop-{number}"), geometry: Some(about.shape.clone()), properties }
    }

    fn area(&self, area: &AreaPlan) -> Feature {
        let (id, about) = (&self.ground.areas[area.given].id, &self.ground.about[area.given]);
        let beats = self.ground.areas[area.given].beats.iter().cloned().map(Value::Text).collect();
        let share = if area.expected > 0.0 { area.present / area.expected } else { 0.0 };
        Feature {
            id: id.clone(),
            geometry: Some(about.shape.clone()),
            properties: vec![
                ("name", Value::text(about.name.clone())),
                ("kind", Value::text(about.kind)),
                ("beats", Value::List(beats)),
                ("stops", Value::count(area.stops)),
                ("minutes", Value::count(area.stops * self.params.stop)),
                ("expected_per_week", Value::rounded(area.expected, 6)),
                ("present_per_week", Value::rounded(area.present, 6)),
                ("present_share", Value::rounded(share, 6)),
                ("peak_hours", Value::text(self.peak(area.given))),
                ("hours", self.hours(&area.minutes)),
                ("unserved", area.unserved.map(|why| why.to_string()).into()),
            ],
        }
    }

    /// The two hours in which most is expected.
    fn peak(&self, given: usize) -> String {
        let hours = &self.ground.areas[given].hours;
        let both = |at: usize| hours[at] + hours[(at + 1) % hours.len()];
        let most = (0..hours.len()).fold(0, |best, at| if both(at) > both(best) { at } else { best });
        let from = u32::try_from(most).unwrap_or(0) * 60;
        format!("{}–{}", clock(from), time_text(from + 120))
    }

    /// Minutes of presence by day and hour: `Fri 18 (15), 21 (12)`.
    fn hours(&self, minutes: &[u32]) -> Value {
        let day = |(day, hours): (&str, &[u32])| {
            let there = hours.iter().enumerate().filter(|(_, minutes)| **minutes > 0);
            let texts: Vec<String> = there.map(|(hour, minutes)| format!("{hour:02} ({minutes})")).collect();
            (!texts.is_empty()).then(|| Value::Text(format!("{day} {}", texts.join(", "))))
        };
        Value::List(DAYS.into_iter().zip(minutes.chunks(24)).filter_map(day).collect())
    }

    fn duty(&self, number: usize, duty: &Duty) -> Feature {
        let next = self.plan.next.iter().find(|next| (next.shift, next.begin) == (duty.shift, duty.begin));
        let mut properties: Vec<(&'static str, Value)> = self.shift(duty).into();
        properties.extend([
            ("officer", Value::count(duty.officer)),
            ("minutes", Value::count(duty.minutes)),
            ("calls_minutes", Value::count(duty.calls)),
            ("stops", Value::count(duty.stops)),
            ("stop_minutes", Value::count(duty.stops * self.params.stop)),
            ("travel_minutes", Value::count(duty.travel)),
            ("rest_minutes", Value::count(duty.rest)),
            ("next_hour_adds", next.map_or(Value::Null, |next| Value::rounded(next.hour, 9))),
            ("next_officer_adds", next.map_or(Value::Null, |next| Value::rounded(next.officer, 9))),
        ]);
        Feature { id: format!("duty-{number}"), geometry: None, properties }
    }
}

fn legend(sheet: Sheet) -> Legend {
    let class = LegendClass { from: None, to: None, color: "#0072b2", label: "patrol area".to_owned() };
    let classes = if sheet == Sheet::Officers { Vec::new() } else { vec![class] };
    Legend { property: None, title: "Patrol plan".to_owned(), unit: "stops", classes, none: None }
}
