//! The legend of ranked blocks: classes of their counts or scores.

use super::{Legend, LegendClass};
use crate::engine::ranking::Ranking;
use crate::rank::score::{By, Gun};

/// Colors from few to many: ColorBrewer YlOrRd, the upper three a little apart, so that those who see no red or no green can tell all from each other
/// (`tests/colors.rs`).
const COLORS: [&str; 5] = ["#ffffb2", "#fecc5c", "#fc8438", "#ea2f1d", "#ae0026"];

/// Classes of incidents, or of scores that are no counts.
pub(super) fn legend(ranking: &Ranking) -> Legend {
    let scoring = &ranking.scoring;
    if scoring.divided() {
        let scores: Vec<f64> =
            ranking.rows.iter().filter(|row| row.rank.is_some()).map(|row| row.score).collect();
        return of_scores(&scores, scoring.by, scoring.per.unit());
    }
    let (title, unit) = match (scoring.by, scoring.gun) {
        (By::Gun, Gun::Crime) => ("Gun crimes per block", "gun crimes"),
        (By::Gun, Gun::Shooting) => ("Shootings per block", "shootings"),
        _ => ("Incidents per block", "incidents"),
    };
    let most = ranking.rows.first().map_or(0, |row| row.count.incidents());
    Legend {
        property: Some("incidents"),
        title: title.to_owned(),
        unit,
        classes: of_counts(most),
        none: Some(none()),
    }
}

fn none() -> LegendClass {
    LegendClass { from: None, to: None, color: "#c9ced6", label: "0".to_owned() }
}

/// Up to five classes in geometric steps up to the largest count, since few blocks have many
/// incidents and many have few: of 1 to 9 incidents 1, 2, 3, 4–5, 6–9.
fn of_counts(most: u64) -> Vec<LegendClass> {
    let mut bounds: Vec<u64> = Vec::new();
    for step in 1..=COLORS.len() {
        let bound = (most as f64).powf(step as f64 / COLORS.len() as f64).floor() as u64;
        let next = bounds.last().map_or(1, |last| last + 1);
        if next <= most {
            bounds.push(if step == COLORS.len() { most } else { bound.clamp(next, most) });
        }
    }
    let n = bounds.len();
    let classes = bounds.iter().enumerate().map(|(at, &to)| {
        let from = if at == 0 { 1 } else { bounds[at - 1] + 1 };
        LegendClass {
            from: Some(from as f64),
            to: Some(to as f64),
            // Fewer classes are spread over the same colors; the hottest is always the darkest.
            color: COLORS[if n == 1 { 2 } else { at * (COLORS.len() - 1) / (n - 1) }],
            label: if from == to { from.to_string() } else { format!("{from}–{to}") },
        }
    });
    classes.collect()
}

/// Five classes in geometric steps from the smallest score with a rank to the largest.
fn of_scores(scores: &[f64], by: By, unit: &'static str) -> Legend {
    let least = scores.iter().copied().filter(|score| *score > 0.0).fold(f64::INFINITY, f64::min);
    let most = scores.iter().copied().fold(0.0, f64::max);
    let n = if least < most { COLORS.len() } else { usize::from(most > 0.0) };
    let edge = |step: usize| least * (most / least).powf(step as f64 / n as f64);
    let classes = (0..n).map(|at| {
        let (from, to) =
            (if at == 0 { least } else { edge(at) }, if at + 1 == n { most } else { edge(at + 1) });
        let short = |number: f64| super::significant(number, 2).to_string();
        LegendClass {
            from: Some(super::significant(from, 6)),
            to: Some(super::significant(to, 6)),
            color: COLORS[if n == 1 { 2 } else { at }],
            label: if n == 1 { short(most) } else { format!("{}–{}", short(from), short(to)) },
        }
    });
    let title = if by == By::Harm { "Harm of a block" } else { "Rate of a block" };
    Legend {
        property: Some("score"),
        title: title.to_owned(),
        unit,
        classes: classes.collect(),
        none: Some(none()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(most: u64) -> Vec<(f64, f64)> {
        of_counts(most).iter().map(|c| (c.from.unwrap_or(-1.), c.to.unwrap_or(-1.))).collect()
    }

    #[test]
    fn classes_cover_every_count_once_from_few_to_many() {
        assert_eq!(bounds(9), [(1., 1.), (2., 2.), (3., 3.), (4., 5.), (6., 9.)]);
        for most in [1, 2, 7, 14, 100] {
            let classes = bounds(most);
            assert!(classes.len() <= 5 && classes.windows(2).all(|w| w[0].1 < w[1].0), "{classes:?}");
            for n in (1..=most).map(|n| n as f64) {
                let holding = classes.iter().filter(|(from, to)| (*from..=*to).contains(&n));
                assert_eq!(holding.count(), 1, "{n} in {classes:?}");
            }
        }
    }

    #[test]
    fn without_incidents_there_is_no_class() {
        assert!(bounds(0).is_empty());
        assert!(of_scores(&[], By::Rate, "").classes.is_empty());
    }

    #[test]
    fn scores_have_classes_that_meet_from_the_least_to_the_most() {
        let classes = of_scores(&[32.0, 1.0, 5.0], By::Harm, "").classes;
        let froms: Vec<f64> = classes.iter().filter_map(|class| class.from).collect();
        assert_eq!(froms, [1.0, 2.0, 4.0, 8.0, 16.0]);
        assert_eq!(classes[4].to, Some(32.0));
        assert_eq!(of_scores(&[0.25, 0.25], By::Rate, "").classes.len(), 1);
    }
}
