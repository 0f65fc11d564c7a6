//! Zones where the last incidents make another one likelier, as levels of risk.

use geo::Area;

use super::near_repeat::{Named, NearRepeatLayerError, NearRepeatParams, longest, seconds};
use super::{Ask, Feature, Legend, LegendClass, Value};
use crate::analysis::density::contour::contour;
use crate::analysis::density::kde::Density;
use crate::analysis::near_repeat::bands::DAY;
use crate::analysis::near_repeat::zones::ZonesParams;
use crate::engine::near_repeat::Timed;
use crate::engine::snapshot::Snapshot;
use crate::space::coord::{Metres, SquareKm};

/// Levels of risk that zones are drawn for, the lowest first, so that it is drawn below: a fresh incident has 1 at its place.
pub const RISKS: [f64; 3] = [0.25, 0.5, 1.0];

const COLORS: [&str; 3] = ["#fee6ce", "#fdae6b", "#e6550d"];

/// Zones for the day after the last one, the lowest risk first.
pub(super) fn all_zones(
    snapshot: &Snapshot,
    timed: &Timed,
    params: &NearRepeatParams,
    ask: &Ask,
) -> Result<(Vec<Feature>, Named), NearRepeatLayerError> {
    let (range, days) = longest(params);
    let esri = ZonesParams::ESRI;
    let risk = ZonesParams {
        range,
        half_distance: Metres(range.0 * (esri.half_distance.0 / esri.range.0)),
        duration: seconds(days),
        half_life: (seconds(days) as f64 * (esri.half_life as f64 / esri.duration as f64)).round().max(1.0)
            as i64,
        cumulative: true,
    };
    // The midnight after the last day that is asked about, or else that has an incident.
    let last = timed.times.iter().max().copied().unwrap_or(0);
    let asked = ask.query.period.and_then(|period| period.last());
    let asked =
        asked.and_then(|day| day.at(0, 0, 0, 0).in_tz("UTC").ok()).map(|day| day.timestamp().as_second());
    let now = asked.unwrap_or(last.div_euclid(DAY) * DAY) + DAY;
    let found = snapshot.zones(timed, now, &risk)?;
    let mut features = Vec::new();
    let recent = found.as_ref().map_or(0, |zones| zones.recent.len());
    let cell = found.as_ref().map_or(Value::Null, |zones| Value::rounded(zones.grid.cell.0, 3));
    if let Some(zones) = found {
        let surface = Density { grid: zones.grid, per_km2: zones.risk };
        for (level, risk) in (1..).zip(RISKS) {
            let shape = contour(&surface, risk)?;
            if shape.0.is_empty() {
                continue;
            }
            let area = SquareKm::from_square_metres(shape.unsigned_area());
            features.push(Feature {
                id: format!("zone-{level}"),
                geometry: Some(snapshot.dataset().crs.shape_from_local(&shape)?.into()),
                properties: vec![
                    ("risk", Value::Float(risk)),
                    ("area_km2", Value::rounded(area.0, 6)),
                    ("incidents", Value::count(recent)),
                ],
            });
        }
    }
    let midnight = jiff::Timestamp::from_second(now)
        .map_or(Value::Null, |at| Value::text(at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()));
    let told = vec![
        (
            "method",
            Value::text(
                "risk halves with distance and age, added up; 1 at the place and instant of an incident",
            ),
        ),
        ("from", midnight),
        ("range_m", Value::rounded(risk.range.0, 3)),
        ("half_distance_m", Value::rounded(risk.half_distance.0, 3)),
        ("duration_days", Value::rounded(days, 6)),
        ("half_life_days", Value::rounded(risk.half_life as f64 / DAY as f64, 6)),
        ("cell_m", cell),
        ("recent", Value::count(recent)),
    ];
    Ok((features, told))
}

/// What the colors of zones mean.
pub(super) fn zones_legend() -> Legend {
    let class = |(risk, color): (&f64, &'static str)| LegendClass {
        from: Some(*risk),
        to: None,
        color,
        label: format!("from {risk} of a fresh incident"),
    };
    Legend {
        property: Some("risk"),
        title: "Risk of a near repeat".to_owned(),
        unit: "of a fresh incident",
        classes: RISKS.iter().zip(COLORS).map(class).collect(),
        none: None,
    }
}
