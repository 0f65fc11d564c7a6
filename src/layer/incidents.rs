//! Single incidents. Sexual, domestic, child and unmapped offenses are never among them.

use super::made::made;
use super::{Ask, Feature, Layer, Legend, LegendClass, Value};
use crate::engine::snapshot::Snapshot;
use crate::model::class::UnknownCategory;
use crate::model::period::local_time;

/// Incidents with a place, in the order of the data set, none of them sensitive by any of its classes.
///
/// # Errors
///
/// [`UnknownCategory`] if there is no such category here.
pub fn incidents(snapshot: &Snapshot, ask: &Ask) -> Result<Layer, UnknownCategory> {
    let data = snapshot.dataset();
    let selection = snapshot.select(&ask.query)?;
    let shown = |at: &usize| data.incidents.lonlat(*at).is_some() && !snapshot.dataset().sensitive(*at);
    let matching = snapshot.incidents(&selection, ask.page.bbox).into_iter().filter(shown).collect();
    let (matched, page) = ask.page.cut(matching);
    let parameters = vec![(
        "left_out",
        Value::text("sexual, domestic, child and unmapped offenses; incidents without a place"),
    )];
    let features = page.into_iter().map(|at| feature(snapshot, at)).collect();
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

fn feature(snapshot: &Snapshot, at: usize) -> Feature {
    let data = snapshot.dataset();
    let incidents = &data.incidents;
    let source = &data.sources[usize::from(incidents.source(at))];
    let class = data.classes.get(incidents.class(at));
    let when = incidents.when(at);
    let place = incidents.lonlat(at).map(|p| geo::Point::new(p.lon(), p.lat()).into());
    let block = data.assignment.main(at).map(|b| data.block_set.blocks[b.0 as usize].id.clone());
    let category = class.category.map(|row| data.classes.tree().rows()[row].name.clone());
    Feature {
        id: format!("{}:{}", source.name, incidents.id(at)),
        geometry: place,
        properties: vec![
            ("category", category.into()),
            ("label", Value::text(class.label.clone())),
            ("from", Value::text(local_time(when.from, &source.zone))),
            ("to", Value::text(local_time(when.to(), &source.zone))),
            ("source", Value::text(source.name.clone())),
            ("reports", Value::count(incidents.reports(at))),
            ("located", Value::text(incidents.located(at).word())),
            ("block", block.into()),
            ("held", Value::Bool(data.held[at])),
        ],
    }
}
