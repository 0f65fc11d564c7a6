//! As what single incidents are told, and what is not told of a few protected ones.

use crate::common;

use common::town::town_of;
use hotblocks::engine::params::ranking::RANK;
use hotblocks::engine::params::table::{CATEGORY, INCIDENTS};
use hotblocks::engine::params::values::Values;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::layer::answer::answer;
use hotblocks::layer::{Feature, Page, Value};

const HEADER: &str = "incidentid,date,category,longitude,latitude,origin,firearm,shooting";

fn features(
    snapshot: &Snapshot,
    operation: &hotblocks::engine::params::table::Operation,
    category: &str,
) -> Vec<Feature> {
    let mut values = Values::default();
    values.set_wire(&CATEGORY, category).expect("a category");
    answer(snapshot, operation, &values, Page::ALL).expect("a layer").features
}

fn property<'a>(feature: &'a Feature, name: &str) -> &'a Value {
    &feature.properties.iter().find(|(known, _)| *known == name).expect("a property").1
}

#[test]
fn an_incident_of_several_classes_is_told_as_the_one_that_is_asked_for() {
    let rows = "\
1,2018-01-01 10:00,homicide,-90.205,38.6,,,
1,2018-01-01 10:00,robbery,-90.205,38.6,,,
2,2018-01-02 10:00,robbery,-90.205,38.6,,,
";
    let town = town_of(&format!("{HEADER}\n{rows}"), None);
    let told = |category: &str| {
        let mut told: Vec<(String, Value)> = features(&town, &INCIDENTS, category)
            .iter()
            .map(|feature| {
                (
                    feature.id.rsplit(':').next().unwrap_or_default().to_owned(),
                    property(feature, "category").clone(),
                )
            })
            .collect();
        told.sort_by(|a, b| a.0.cmp(&b.0));
        told
    };
    let (killing, robbery) = (Value::text("homicide"), Value::text("robbery"));
    let one = |id: &str, category: &Value| (id.to_owned(), category.clone());
    assert_eq!(told("robbery"), [one("1", &robbery), one("2", &robbery)]);
    assert_eq!(told("homicide"), [one("1", &killing)]);
    assert_eq!(told("person"), [one("1", &killing), one("2", &robbery)]);
}

#[test]
fn the_day_of_one_of_a_few_protected_offenses_is_not_told() {
    let row = |id: usize, category: &str, place: &str| {
        format!("{id},2018-01-{id:02} 10:00,{category},{place},,,\n")
    };
    let mut rows = String::new();
    (1..=4).for_each(|id| rows += &row(id, "child_offense", "-90.205,38.6"));
    (5..=9).for_each(|id| rows += &row(id, "child_offense", "-90.195,38.6"));
    rows += &row(10, "robbery", "-90.2,38.595");
    let town = town_of(&format!("{HEADER}\n{rows}"), None);
    let latest = |category: &str| {
        let mut told: Vec<(Value, Value)> = features(&town, &RANK, category)
            .iter()
            .map(|block| (property(block, "incidents").clone(), property(block, "latest").clone()))
            .filter(|(incidents, _)| *incidents != Value::Int(0))
            .collect();
        told.sort_by_key(|told| format!("{told:?}"));
        told
    };
    let few = (Value::Int(4), Value::Null);
    let five = (Value::Int(5), Value::text("2018-01-09"));
    assert_eq!(latest("child_offense"), [few, five]);
    assert_eq!(latest("robbery"), [(Value::Int(1), Value::text("2018-01-10"))]);
    assert_eq!(latest("child_offense,robbery").len(), 3);
    assert!(latest("child_offense,robbery").iter().all(|(_, day)| *day != Value::Null));
}
