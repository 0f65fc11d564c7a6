//! What must be known of a ranking: what was scored and how, by whom it was brought up, what was left out.

use super::Value;
use super::block_fields::digits;
use crate::engine::query::Selection;
use crate::engine::ranking::{Barred, Group, Proactive, Ranking, RankingError, Scoring, split};
use crate::engine::snapshot::Snapshot;
use crate::model::block::BlockId;
use crate::model::report::Origin;
use crate::quality::share::LEAST_LOCATED;
use crate::rank::gamma_poisson::How;
use crate::rank::order::TIE_RULE;
use crate::rank::score::{By, Gun, Per, Sharing};

/// The parameters of a ranking as they were truly used, with its shares and warnings.
pub(super) fn told(snapshot: &Snapshot, ranking: &Ranking, days: i64) -> Vec<(&'static str, Value)> {
    let scoring = &ranking.scoring;
    let draws = scoring.draws.filter(|_| ranking.groups.iter().any(|group| group.fit.is_some()));
    let mut told = vec![
        ("score", Value::text(score(snapshot, ranking))),
        ("by", Value::text(scoring.by.word())),
        ("ties", Value::text(TIE_RULE)),
        ("observed_days", Value::count(days)),
        ("rate_unit", Value::text(unit(ranking))),
        ("fit", Value::List(ranking.groups.iter().map(group).collect())),
        ("draws", draws.map_or(Value::Null, Value::count)),
    ];
    if draws.is_some() {
        told.push(("top_n", Value::count(scoring.top_n)));
        told.push(("seed", seed(scoring.seed)));
    }
    told.extend(counted(snapshot, ranking));
    if scoring.share != Sharing::None {
        told.push(("share", Value::text(scoring.share.word())));
    }
    if let Some(half_life) = scoring.half_life {
        told.push(("half_life_days", digits(half_life)));
        told.push(("discounted_years", digits(ranking.discounted_years)));
    }
    if scoring.per == Per::Time && ranking.without_exposure > 0 {
        told.push(("without_exposure", Value::count(ranking.without_exposure)));
    }
    if scoring.per != Per::Time {
        told.push(("per", Value::text(scoring.per.word())));
        told.push(("without_exposure", Value::count(ranking.without_exposure)));
        told.push(("thin", Value::count(ranking.thin)));
    }
    told.push(("warnings", Value::List(warnings(snapshot, ranking).into_iter().map(Value::Text).collect())));
    told
}

/// What was counted: how many incidents, by whom they were brought up, and the classes that harm leaves out.
pub(super) fn counted(snapshot: &Snapshot, ranking: &Ranking) -> Vec<(&'static str, Value)> {
    let mut told = vec![
        ("scored", Value::count(ranking.incidents)),
        ("origin_shares", shares(ranking.origins)),
        ("proactive_share", share(ranking.proactive, ranking.incidents)),
        ("proactive", Value::text(proactive(ranking))),
    ];
    if ranking.scoring.by == By::Harm {
        let table = snapshot.dataset().harm.as_ref().map(|table| table.name().to_owned());
        told.extend(harm(table, &ranking.barred, &ranking.without_weight));
    }
    told
}

/// The table of weights, and what it leaves out.
pub(super) fn harm(
    table: Option<String>,
    barred: &[Barred],
    without_weight: &[String],
) -> [(&'static str, Value); 3] {
    let without = without_weight.iter().cloned().map(Value::Text);
    [
        ("harm", table.into()),
        ("barred", Value::List(barred.iter().map(self::barred).collect())),
        ("without_weight", Value::List(without.collect())),
    ]
}

/// The part of the counted incidents that each origin brought up, where nothing is ranked.
///
/// # Errors
///
/// [`RankingError`] for a scoring that these data cannot give.
pub(super) fn origin_shares(
    snapshot: &Snapshot,
    selection: &Selection,
    scoring: &Scoring,
    among: Option<&[BlockId]>,
) -> Result<Value, RankingError> {
    Ok(shares(snapshot.origins(selection, scoring, among)?))
}

/// A seed, as text where it is beyond what a JSON reader holds.
fn seed(seed: u64) -> Value {
    i64::try_from(seed).map_or_else(|_| Value::Text(seed.to_string()), Value::Int)
}

/// What decides, in words.
fn score(snapshot: &Snapshot, ranking: &Ranking) -> String {
    let scoring = &ranking.scoring;
    let what = match (scoring.by, scoring.gun) {
        (By::Count, _) if split(snapshot.dataset()) => {
            return "incidents, those at intersections in equal parts to the segments that meet".to_owned();
        }
        (By::Count | By::Rate, _) => "incidents",
        (By::Gun, Gun::Crime) => {
            "gun crimes (homicide, robbery and assault by firearm, homicide by a weapon not named)"
        }
        (By::Gun, Gun::Shooting) => "shootings",
        (By::Harm, _) => "harm (each incident with the weight of its weightiest class)",
    };
    if scoring.divided() {
        format!("{what} {}, as expected from what was observed (empirical Bayes)", scoring.per.unit())
    } else if scoring.half_life.is_some() {
        format!("{what}, each counting half for every half-life that it lies back")
    } else {
        what.to_owned()
    }
}

/// What `rate_mean`, `rate_lo` and `rate_hi` are in.
fn unit(ranking: &Ranking) -> String {
    let what = match (ranking.scoring.by, ranking.scoring.gun) {
        (By::Count | By::Rate, _) => "incidents",
        (By::Gun, Gun::Crime) => "gun crimes",
        (By::Gun, Gun::Shooting) => "shootings",
        (By::Harm, _) => "harm",
    };
    format!("{what} {}; mean and 90 % interval (empirical Bayes)", ranking.scoring.per.unit())
}

fn proactive(ranking: &Ranking) -> &'static str {
    match (ranking.scoring.proactive, ranking.scoring.by) {
        (Proactive::Exclude, _) | (Proactive::NotInHarm, By::Harm) => "excluded",
        _ => "included",
    }
}

/// The part that each origin brought up; null where there is none.
pub(super) fn shares(origins: [u64; 4]) -> Value {
    let all = origins.iter().sum();
    Value::Map(Origin::ALL.into_iter().zip(origins).map(|(o, n)| (o.word(), share(n, all))).collect())
}

/// A part of some, 0 to 1; null of none.
pub(super) fn share(part: u64, of: u64) -> Value {
    if of == 0 { Value::Null } else { Value::rounded(part as f64 / of as f64, 3) }
}

fn group(group: &Group) -> Value {
    let fit = group.fit.as_ref();
    let how = fit.map(|fit| match fit.how {
        How::Likelihood => "maximum likelihood",
        How::Moments => "moments",
        How::NoEvidence => "no evidence that blocks differ",
    });
    Value::Map(vec![
        ("group", Value::text(group.name.clone())),
        ("weight", digits(group.weight)),
        ("source", group.source.clone().into()),
        ("note", group.note.clone().into()),
        ("incidents", Value::count(group.incidents)),
        ("alpha", fit.map_or(Value::Null, |fit| digits(fit.alpha))),
        ("beta", fit.map_or(Value::Null, |fit| digits(fit.beta))),
        ("how", how.map(str::to_owned).into()),
        ("learns_from", Value::List(group.shares.iter().map(lender).collect())),
        ("gain", group.gain.map_or(Value::Null, digits)),
    ])
}

fn lender((name, share): &(String, f64)) -> Value {
    Value::Map(vec![("lender", Value::text(name.clone())), ("share", Value::rounded(*share, 4))])
}

fn barred(class: &Barred) -> Value {
    Value::Map(vec![
        ("class", Value::text(class.code.clone())),
        ("label", Value::text(class.label.clone())),
        ("category", Value::text(class.category.clone())),
        ("incidents", Value::count(class.incidents)),
        ("located_share", Value::rounded(class.located_share(), 3)),
    ])
}

/// What must be said in sentences.
pub(super) fn warnings(snapshot: &Snapshot, ranking: &Ranking) -> Vec<String> {
    let mut said = ranking.warnings.clone();
    let scoring = &ranking.scoring;
    if ranking.incidents == 0 {
        said.push("no incident is scored, so no block has a rank".to_owned());
    }
    if ranking.no_evidence {
        said.push(
            "there is no evidence that blocks differ: these counts are what chance alone would give, and so is their order"
                .to_owned(),
        );
    }
    let unknown = ranking.origins[Origin::ALL.len() - 1];
    if ranking.incidents > 0 && unknown == ranking.incidents {
        said.push("who brought incidents up is unknown for 100 % of them".to_owned());
    }
    if scoring.per != Per::Time {
        let of = match scoring.per {
            Per::Length => "length",
            Per::Area => "area",
            Per::Households | Per::Time => "households",
        };
        if ranking.without_exposure > 0 {
            said.push(format!(
                "{} blocks with {} scored incidents have no rank, since they have no {of}",
                ranking.without_exposure, ranking.incidents_without_exposure
            ));
        }
        if ranking.thin > 0 {
            said.push(format!(
                "{} blocks have less than a quarter of the middle block's exposure (stubs, almost empty blocks): one incident gives them a high rate",
                ranking.thin
            ));
        }
    }
    if scoring.share == Sharing::Classes && ranking.groups.len() > 1 {
        said.push(
            "classes that learn from each other lean on the same incidents: intervals of their sum are too short"
                .to_owned(),
        );
    }
    if scoring.by == By::Harm {
        for class in &ranking.barred {
            said.push(format!(
                "class {} ({}) is left out of harm: {:.0} % of its {} incidents have a place, and it takes {:.0} %",
                class.code,
                class.category,
                100.0 * class.located_share(),
                class.incidents,
                100.0 * LEAST_LOCATED
            ));
        }
        if !ranking.without_weight.is_empty() {
            said.push(format!(
                "without a weight and left out of harm: {}",
                ranking.without_weight.join(", ")
            ));
        }
    }
    if split(snapshot.dataset()) {
        said.push(
            "places and rates are of whole incidents, and those at intersections are shared out here"
                .to_owned(),
        );
    }
    said
}
