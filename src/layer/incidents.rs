//! Single incidents. Sexual, domestic, child and unmapped offenses are never among them.

use geo::{Geometry, Point};
use jiff::Timestamp;

use super::choose::Choice;
use super::fields::{Field, ID};
use super::filter::{Cell, Row};
use super::made::made;
use super::{Ask, Feature, Layer, Legend, LegendClass, Value};
use crate::engine::params::table::INCIDENTS;
use crate::engine::query::{Query, Selection};
use crate::engine::snapshot::Snapshot;
use crate::model::areas::AreaKind;
use crate::model::class::UnknownCategory;
use crate::model::dataset::Dataset;
use crate::model::period::local_time;
use crate::model::report::Status;
use crate::space::bbox::LonLatBox;
use crate::space::printed::{PRINTED, Sought};

/// Incidents with a place, in the order of the data set, none of them sensitive by any of its classes.
///
/// The period takes in what reaches into it: an incident whose interval begins before and ends in it.
///
/// # Errors
///
/// [`UnknownCategory`] if there is no such category here.
pub fn incidents(snapshot: &Snapshot, ask: &Ask) -> Result<Layer, UnknownCategory> {
    chosen(snapshot, ask, &Choice::all(&INCIDENTS, snapshot.dataset()))
}

/// Those of them that are chosen: conditions are looked at in the columns, and features are made for the page alone.
pub(super) fn chosen(snapshot: &Snapshot, ask: &Ask, choice: &Choice) -> Result<Layer, UnknownCategory> {
    let data = snapshot.dataset();
    let during = choice.during.or_else(|| ask.query.period.map(Into::into));
    let plain = snapshot.select(&ask.query)?;
    let selection = match during {
        Some(during) => plain.during(during, data),
        None => plain,
    };
    let fields = choice.fields();
    let row = |at: usize| IncidentRow { data, at, fields, selection: &selection };
    // All of them have a place: what a condition puts elsewhere need not be looked at.
    let around = choice.around().map(|around| LonLatBox {
        west: around.min().x,
        south: around.min().y,
        east: around.max().x,
        north: around.max().y,
    });
    // The index has the places as they are kept: as they are printed they may lie a little beside.
    let found = snapshot.incidents(&selection, ask.page.bbox.or(around).map(|area| area.padded(PRINTED)));
    let inner = ask.page.bbox.and_then(LonLatBox::inner);
    let well_inside =
        |at: usize| data.incidents.mercator(at).zip(inner).is_some_and(|(place, box_)| box_.has(place));
    let in_box = |at: usize| {
        ask.page.bbox.is_none()
            || well_inside(at)
            || place(data, at).is_some_and(|place| ask.page.touches(&place))
    };
    let matching: Vec<usize> =
        found.into_iter().filter(|&at| shown(data, at) && in_box(at) && choice.holds(&row(at))).collect();
    let matched = matching.len();
    let page = choice.page(matching, ask.page, row);
    let mut parameters = vec![(
        "left_out",
        Value::text("sexual, domestic, child and unmapped offenses; incidents without a place"),
    )];
    parameters.extend(during.map(|during| ("datetime", Value::text(during.to_string()))));
    let features = page.into_iter().map(|at| feature(snapshot, &selection, at)).collect();
    Ok(made("incidents", snapshot, ask, &selection, (matched, features), legend(), parameters))
}

/// All incidents look alike.
#[must_use]
pub fn legend() -> Legend {
    Legend {
        property: None,
        title: "Incidents".to_owned(),
        unit: "incidents",
        classes: vec![LegendClass { from: None, to: None, color: "#0072b2", label: "incident".to_owned() }],
        none: None,
    }
}

/// The incident of an id, if this layer may show it.
pub(super) fn one(snapshot: &Snapshot, id: &str) -> Option<Feature> {
    let data = snapshot.dataset();
    let statuses = vec![Status::Confirmed, Status::Unreviewed];
    let selection = snapshot.select(&Query { statuses, ..Query::default() }).ok()?;
    let named = |at: usize| {
        let source = &data.sources[usize::from(data.incidents.source(at))].name;
        let rest = id.strip_prefix(source.as_str()).and_then(|rest| rest.strip_prefix(':'));
        rest == Some(data.incidents.id(at))
    };
    let found = (0..data.incidents.len()).find(|&at| named(at) && selection.has(data, at) && shown(data, at));
    found.map(|at| feature(snapshot, &selection, at))
}

/// Whether an incident may be shown by itself.
fn shown(data: &Dataset, at: usize) -> bool {
    data.incidents.mercator(at).is_some() && !data.sensitive(at)
}

/// An incident as a row, read from the columns.
struct IncidentRow<'a> {
    data: &'a Dataset,
    at: usize,
    fields: &'a [Field],
    selection: &'a Selection,
}

impl Row for IncidentRow<'_> {
    fn cell(&self, field: usize) -> Cell<'_> {
        let (data, at) = (self.data, self.at);
        let incidents = &data.incidents;
        let text = |text: &'static str| Cell::Text(text.into());
        let time = |second| Timestamp::from_second(second).map_or(Cell::Null, Cell::Time);
        let class = || data.classes.get(self.selection.class_of(data, at));
        let block = || data.assignment.main(at).map(|block| &data.block_set.blocks[block.0 as usize]);
        match self.fields[field].name {
            name if name == ID.name => Cell::Text(id(data, at).into()),
            "category" => class()
                .category
                .map_or(Cell::Null, |row| Cell::Text(data.classes.tree().rows()[row].name.as_str().into())),
            "label" => Cell::Text(class().label.as_str().into()),
            "from" => time(incidents.when(at).from),
            "to" => time(incidents.when(at).to()),
            "source" => Cell::Text(data.sources[usize::from(incidents.source(at))].name.as_str().into()),
            "origin" => text(incidents.origin(at).word()),
            "status" => text(incidents.status(at).word()),
            "reports" => Cell::Number(incidents.reports(at).into()),
            "located" => text(incidents.located(at).word()),
            "block" => block().map_or(Cell::Null, |block| Cell::Text(block.id.as_str().into())),
            "held" => Cell::Bool(data.held[at]),
            name => {
                let kind = AreaKind::ALL.into_iter().find(|kind| kind.word() == name);
                let names = kind.zip(block()).and_then(|(kind, block)| block.areas.get(&kind));
                Cell::Texts(names.into_iter().flatten().map(String::as_str).collect())
            }
        }
    }

    fn day(&self, field: usize) -> Cell<'_> {
        let zone = &self.data.sources[usize::from(self.data.incidents.source(self.at))].zone;
        match self.cell(field) {
            Cell::Time(at) => Cell::Date(at.to_zoned(zone.clone()).date()),
            _ => Cell::Null,
        }
    }

    fn has_shape(&self) -> bool {
        self.data.incidents.lonlat(self.at).is_some()
    }

    fn touches(&self, sought: &Sought) -> Option<bool> {
        place(self.data, self.at).map(|place| sought.touched_by(&place))
    }
}

/// Where an incident was, if that is known.
fn place(data: &Dataset, at: usize) -> Option<Geometry> {
    data.incidents.lonlat(at).map(|place| Point::new(place.lon(), place.lat()).into())
}

fn id(data: &Dataset, at: usize) -> String {
    format!("{}:{}", data.sources[usize::from(data.incidents.source(at))].name, data.incidents.id(at))
}

fn feature(snapshot: &Snapshot, selection: &Selection, at: usize) -> Feature {
    let data = snapshot.dataset();
    let incidents = &data.incidents;
    let source = &data.sources[usize::from(incidents.source(at))];
    let class = data.classes.get(selection.class_of(data, at));
    let when = incidents.when(at);
    let block = data.assignment.main(at).map(|b| data.block_set.blocks[b.0 as usize].id.clone());
    let category = class.category.map(|row| data.classes.tree().rows()[row].name.clone());
    Feature {
        id: id(data, at),
        geometry: place(data, at).map(Into::into),
        properties: vec![
            ("category", category.into()),
            ("label", Value::text(class.label.clone())),
            ("from", Value::text(local_time(when.from, &source.zone))),
            ("to", Value::text(local_time(when.to(), &source.zone))),
            ("source", Value::text(source.name.clone())),
            ("origin", Value::text(incidents.origin(at).word())),
            ("status", Value::text(incidents.status(at).word())),
            ("reports", Value::count(incidents.reports(at))),
            ("located", Value::text(incidents.located(at).word())),
            ("block", block.into()),
            ("held", Value::Bool(data.held[at])),
        ],
    }
}
