//! Even coverage as a layer: one feature a site, with what it serves.

use super::answer::{AnswerError, at_fault};
use super::blocks_answer::unusable;
use super::made::{made, on_page};
use super::ranking_told;
use super::{Ask, Feature, Layer, Legend, LegendClass, Value};
use crate::engine::areas::named;
use crate::engine::params::patrol::{NOT_WITH_SITES, REACH, SITES};
use crate::engine::params::table::WITHIN;
use crate::engine::params::values::Values;
use crate::engine::sites::{SitesError, SitesFound};
use crate::engine::snapshot::Snapshot;
use crate::plan::cover::CoverError;
use crate::plan::even::{Coverage, Even, Served};

/// What even coverage does not say.
const LIMITS: &str =
    "sites are near to what is expected as the crow flies; near is not present, and present is not prevented";

/// A parameter that contradicts another.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    #[error(
        "`{given}` belongs to a week of patrols and changes nothing with `sites`; leave one of the two out"
    )]
    Patrol { given: &'static str },
    #[error(
        "`reach_m` says how far a site reaches, and no sites are asked for; give `sites` too, e.g. sites=6"
    )]
    Alone,
}

/// Whether sites are asked for, and not a week of patrols.
///
/// # Errors
///
/// [`AnswerError`] for a reach without sites.
pub(super) fn asks_sites(values: &Values) -> Result<bool, AnswerError> {
    if values.has(&REACH) && !values.has(&SITES) {
        Err(at_fault(REACH, Unfit::Alone))
    } else {
        Ok(values.has(&SITES))
    }
}

/// Answers with the sites that the values ask for.
pub(super) fn sites_answer(snapshot: &Snapshot, ask: &Ask, values: &Values) -> Result<Layer, AnswerError> {
    let unfit = NOT_WITH_SITES.iter().find(|param| values.has(param));
    if let Some(param) = unfit {
        return Err(at_fault(*param, Unfit::Patrol { given: param.wire }));
    }
    let sites = values.count(&SITES).map_or(1, |n| usize::try_from(n).unwrap_or(usize::MAX));
    let aim = values.length(&REACH).map_or(Even::Near, Even::Within);
    let selection = snapshot.select(&ask.query)?;
    let within = named(snapshot.dataset(), &ask.within)?;
    let found = snapshot.sites(&ask.query, &selection, &values.scoring(), &within, (sites, aim)).map_err(
        |error| match error {
            SitesError::Ranking(error) => unusable(error),
            SitesError::Nothing => at_fault(WITHIN, error),
            SitesError::Cover(CoverError::Radius { .. }) => at_fault(REACH, error),
            SitesError::Cover(_) => at_fault(SITES, error),
        },
    )?;
    let features = found.coverage.sites.iter().map(|site| feature(snapshot, &found, site, aim)).collect();
    let told = told(snapshot, &found, aim);
    Ok(made("plan", snapshot, ask, &selection, on_page(ask, features), legend(), told))
}

fn share(part: f64, whole: f64) -> Value {
    Value::rounded(if whole > 0.0 { part / whole } else { 0.0 }, 6)
}

fn feature(snapshot: &Snapshot, found: &SitesFound, site: &Served, aim: Even) -> Feature {
    let block = &snapshot.dataset().block_set.blocks[found.blocks[site.site].0 as usize];
    let mut properties = vec![
        ("name", Value::text(block.name.clone())),
        ("kind", Value::text(block.kind.word())),
        ("blocks", Value::count(site.blocks.len())),
        ("expected_per_week", Value::rounded(site.weight, 6)),
        ("share", share(site.weight, found.expected)),
        ("mean_distance_m", Value::rounded(site.mean_m, 1)),
        ("furthest_m", Value::rounded(site.furthest_m, 1)),
    ];
    if let Even::Within(_) = aim {
        properties.push(("covered_per_week", Value::rounded(site.covered, 6)));
    }
    Feature { id: block.id.clone(), geometry: Some(block.lonlat.clone()), properties }
}

fn told(snapshot: &Snapshot, found: &SitesFound, aim: Even) -> Vec<(&'static str, Value)> {
    let Coverage { sites, candidates, gathered_m, gap, optimum } = &found.coverage;
    let sum = |of: &dyn Fn(&Served) -> f64| sites.iter().map(of).sum::<f64>();
    let mut told = vec![
        ("method", Value::text(if aim == Even::Near { "p-median" } else { "maximal covering" })),
        ("by", Value::text(found.ranking.scoring.by.word())),
        ("sites", Value::count(sites.len())),
        ("candidates", Value::count(*candidates)),
        ("gathered_m", gathered_m.map_or(Value::Null, |cell| Value::rounded(cell, 1))),
        ("expected_per_week", Value::rounded(found.expected, 6)),
        ("mean_distance_m", Value::rounded(sum(&|site| site.mean_m * site.weight) / found.expected, 1)),
        ("optimum", Value::text(if *optimum { "yes" } else { "not shown" })),
        ("gap", Value::rounded(*gap, 6)),
    ];
    if let Even::Within(reach) = aim {
        told.push(("reach_m", Value::rounded(reach.0, 3)));
        told.push(("covered_per_week", Value::rounded(sum(&|site| site.covered), 6)));
        told.push(("covered_share", share(sum(&|site| site.covered), found.expected)));
    }
    let mut warnings = vec![LIMITS.to_owned()];
    if let Some(cell) = gathered_m {
        warnings.push(format!(
            "blocks within cells of {cell:.0} m were taken together to choose the sites; optimum and gap are of these cells"
        ));
    }
    if found.without_place.0 > 0 {
        let (blocks, expected) = found.without_place;
        warnings.push(format!(
            "{blocks} blocks, where {expected:.3} a week are expected, have no shape, so no site can be near to them"
        ));
    }
    warnings.extend(ranking_told::warnings(snapshot, &found.ranking));
    told.extend(ranking_told::counted(snapshot, &found.ranking));
    told.push(("warnings", Value::List(warnings.into_iter().map(Value::Text).collect())));
    told
}

fn legend() -> Legend {
    let class = LegendClass { from: None, to: None, color: "#0072b2", label: "site".to_owned() };
    Legend {
        property: None,
        title: "Even coverage".to_owned(),
        unit: "sites",
        classes: vec![class],
        none: None,
    }
}
