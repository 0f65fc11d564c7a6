//! Seven years of St. Louis: predictive intervals hold what they say in years that they have not seen, and
//! `docs/ranking.md` tells it as it is. No block is named.

mod common;
#[path = "common/st_louis_ranking.rs"]
mod st_louis_ranking;

use st_louis_ranking::{Coverage, What, Years, coverage, coverage_rows, overlap_rows};

fn years() -> Option<Years> {
    let folder = common::st_louis()?;
    let (snapshot, ..) = common::load(&common::st_louis_months(&folder), &folder.join("streets.parquet"));
    assert_eq!(snapshot.complete_until(), Some(jiff::civil::date(2018, 10, 3)));
    Some(Years::of(&snapshot))
}

#[test]
fn intervals_from_2012_to_2016_hold_85_to_95_percent_of_the_counts_of_2017_and_2018() {
    let Some(years) = years() else { return };
    assert_eq!((years.days[&2017], years.days[&2018]), (365.0, 276.0), "only days that are complete count");
    let found = coverage(&years);
    let holds = |share: f64| (0.85..=0.95).contains(&share);
    let of = |what: What, drift: bool| found.iter().filter(move |c| c.what == what && c.drift == drift);
    // All incidents, whole counts, both ends included: the plain negative binomial law.
    let whole: Vec<&Coverage> = of(What::All, false).filter(|c| c.group.is_none()).collect();
    assert!(whole.len() == 2 && whole.iter().all(|c| holds(c.closed)), "{whole:?}");
    // It hides that the busiest blocks, those that are ranked, stray much farther.
    assert!(of(What::All, false).any(|c| c.group == Some((50, u32::MAX)) && c.fair < 0.75));
    // With drift every group of blocks is held, quiet ones and busy ones, gun crime too.
    for what in What::BOTH {
        for each in of(what, true).filter(|c| c.blocks >= 100) {
            assert!(holds(each.fair), "{each:?}");
        }
    }
    assert_eq!(of(What::All, true).filter(|c| c.blocks >= 100).count(), 12);
    told(&coverage_rows(&found));
    told(&overlap_rows(&years));
}

/// Each of these lines stands in the document.
fn told(rows: &[String]) {
    let text = std::fs::read_to_string(common::repository("docs/ranking.md")).expect("it is written");
    let absent: Vec<&String> = rows.iter().filter(|row| !text.lines().any(|line| line == *row)).collect();
    assert!(absent.is_empty(), "docs/ranking.md is stale, run `make evidence`: {absent:#?}");
}
