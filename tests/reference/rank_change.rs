//! The checks of rankings over time: Gini, Lorenz, chance, change, overlap, trends and predictive laws, beside others.

use std::collections::BTreeMap;

use hotblocks::rank::change::changes;
use hotblocks::rank::concentration::{Concentration, Reallocation, concentration};
use hotblocks::rank::predict::{Drift, Predictive, fit_drift};
use hotblocks::rank::rate_ratio::rate_ratio;
use hotblocks::rank::stability::{inclusion, jaccard, rbo};
use hotblocks::rank::trend::trends;

use crate::rows::{Room, Row, number};
use crate::table::Check;

const ROOM: Room = Room("rank_change");

fn whole(row: &Row, name: &str) -> u32 {
    row[name].parse().unwrap_or_else(|_| panic!("`{}` is no whole number", row[name]))
}

fn list(row: &Row, name: &str) -> Vec<u32> {
    row[name].split(' ').map(|n| n.parse().expect("whole numbers")).collect()
}

fn relative(theirs: f64) -> f64 {
    theirs.abs().max(1e-3)
}

fn counts(set: &str, when: &str) -> Vec<u32> {
    ROOM.rows("counts").iter().filter(|row| row["set"] == set).map(|row| whole(row, when)).collect()
}

const SETS: [&str; 3] = ["busy", "quiet", "few"];

fn concentrated(counts: &[u32], draws: u32) -> Concentration {
    concentration(counts, &[0.25, 0.5, 0.8], Reallocation { draws, seed: 1 }).expect("incidents")
}

fn ginis() -> Vec<Check> {
    let all = ROOM.rows("gini");
    let found: Vec<Concentration> = all.iter().map(|row| concentrated(&list(row, "counts"), 1)).collect();
    let ours: Vec<f64> = found.iter().map(|f| f.gini).collect();
    let theirs: Vec<f64> = all.iter().map(|row| number(row, "gini")).collect();
    let general: Vec<f64> = found.iter().map(|f| f.generalized_gini).collect();
    let fractions: Vec<f64> = all.iter().map(|row| number(row, "generalized")).collect();
    let (mut curve, mut numpy) = (Vec::new(), Vec::new());
    for set in SETS {
        curve.extend(concentrated(&counts(set, "before"), 1).lorenz.iter().flat_map(|&(x, y)| [x, y]));
        let points = ROOM.rows("lorenz").into_iter().filter(|row| row["set"] == set);
        numpy.extend(points.flat_map(|row| [number(&row, "blocks"), number(&row, "incidents")]));
    }
    vec![
        Check::new(
            "Gini of incidents per block",
            ROOM.versions(&["inequality"]),
            (&ours, &theirs),
            |_| 1.0,
            (1e-12, "absolute"),
        ),
        Check::new(
            "generalized Gini",
            "the formula of Bernasco & Steenbeek in fractions",
            (&general, &fractions),
            |_| 1.0,
            (1e-12, "absolute"),
        ),
        Check::new(
            "Lorenz curves of blocks",
            ROOM.versions(&["numpy"]),
            (&curve, &numpy),
            |_| 1.0,
            (1e-12, "absolute"),
        ),
    ]
}

fn by_chance() -> Check {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for row in ROOM.rows("by_chance") {
        // Any counts of so many incidents and blocks: only their numbers matter.
        let mut counts = vec![0; whole(&row, "blocks") as usize];
        counts[0] = whole(&row, "incidents");
        let found = concentrated(&counts, 40_000);
        ours.extend(found.holding.iter().map(|h| h.by_chance));
        ours.push(found.generalized_gini_by_chance);
        theirs.extend(["quarter", "half", "eighty", "generalized"].map(|name| number(&row, name)));
    }
    let method = "concentration by chance, 40,000 re-allocations beside all outcomes";
    Check::new(method, "brute force", (&ours, &theirs), |_| 1.0, (0.006, "absolute"))
}

fn change() -> Vec<Check> {
    let (mut prior, mut their_prior, mut ratios, mut theirs) = (vec![], vec![], vec![], vec![]);
    for row in ROOM.rows("prior") {
        let set = &row["set"];
        let (before, now) = (counts(set, "before"), counts(set, "now"));
        let days = (number(&row, "days_before"), number(&row, "days"));
        let found = changes(&before, &now, days, 0.9).expect("two periods");
        let (a, b) = found.prior.expect("ratios differ");
        prior.extend([a, b]);
        their_prior.extend([number(&row, "a"), number(&row, "b")]);
        let mut seen: BTreeMap<(u32, u32), [f64; 3]> = BTreeMap::new();
        for ((&y0, &y1), ratio) in before.iter().zip(&now).zip(&found.blocks) {
            if let Some(r) = ratio {
                seen.insert((y0, y1), [r.ratio, r.lo, r.hi]);
            }
        }
        ratios.extend(seen.into_values().flatten());
        let of_set = ROOM.rows("change").into_iter().filter(|row| row["set"] == *set);
        theirs.extend(of_set.flat_map(|row| ["ratio", "lo", "hi"].map(|name| number(&row, name))));
    }
    vec![
        Check::new(
            "change of blocks: beta–binomial prior of three cities",
            ROOM.versions(&["scipy"]),
            (&prior, &their_prior),
            relative,
            (1e-5, "relative"),
        ),
        Check::new(
            "change of blocks: shrunk ratios with their intervals",
            ROOM.versions(&["scipy"]),
            (&ratios, &theirs),
            relative,
            (1e-5, "relative"),
        ),
    ]
}

fn rate_ratios() -> Check {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for row in ROOM.rows("rate_ratio") {
        let count = |name: &str| u64::from(whole(&row, name));
        let days = (number(&row, "days_before"), number(&row, "days"));
        let found =
            rate_ratio(count("before"), count("now"), days, number(&row, "level")).expect("incidents");
        ours.push(found.lo);
        theirs.push(number(&row, "lo"));
        assert_eq!(found.hi.is_none(), row["hi"].is_empty(), "{row:?}");
        if let Some(hi) = found.hi {
            ours.push(hi);
            theirs.push(number(&row, "hi"));
        }
    }
    Check::new(
        "rates of two counts: exact intervals of their ratio, counts up to 100,000",
        ROOM.versions(&["scipy"]),
        (&ours, &theirs),
        |theirs| if theirs == 0.0 { 1.0 } else { theirs },
        (1e-12, "relative"),
    )
}

fn overlap() -> Vec<Check> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for row in ROOM.rows("overlap") {
        let (a, b) = (list(&row, "a"), list(&row, "b"));
        ours.push(rbo(&a, &b, number(&row, "p")).expect("lists").expect("not empty"));
        ours.push(jaccard(&a, &b).expect("lists").expect("not empty"));
        theirs.extend([number(&row, "rbo"), number(&row, "jaccard")]);
    }
    let (mut often, mut enumerated) = (Vec::new(), Vec::new());
    for row in ROOM.rows("inclusion") {
        let top = whole(&row, "top") as usize;
        often.extend(inclusion(&list(&row, "counts"), top, 40_000, 1).expect("a list"));
        enumerated.extend(row["often"].split(' ').map(|f| f.parse::<f64>().expect("a frequency")));
    }
    vec![
        Check::new(
            "rank-biased overlap and Jaccard of lists",
            ROOM.versions(&["rbo"]),
            (&ours, &theirs),
            |_| 1.0,
            (1e-12, "absolute"),
        ),
        Check::new(
            "event bootstrap, 40,000 resamples beside all outcomes",
            "brute force",
            (&often, &enumerated),
            |_| 1.0,
            (0.01, "absolute"),
        ),
    ]
}

fn trend() -> Vec<Check> {
    let (mut ours, mut theirs, mut q, mut their_q) = (vec![], vec![], vec![], vec![]);
    let all = ROOM.rows("trends");
    for set in all.chunk_by(|a, b| a["set"] == b["set"]) {
        let series: Vec<Vec<u32>> = set.iter().map(|row| list(row, "series")).collect();
        let periods: Vec<Vec<u32>> =
            (0..series[0].len()).map(|at| series.iter().map(|one| one[at]).collect()).collect();
        let found = trends(&periods, whole(&set[0], "seasons") as usize).expect("enough periods");
        for (trend, row) in found.iter().zip(set) {
            ours.extend([trend.s as f64, trend.p]);
            theirs.extend([number(row, "s"), number(row, "p")]);
        }
        if !set[0]["set"].starts_with("golden") {
            q.extend(found.iter().map(|trend| trend.q));
            let of_set = ROOM.rows("q").into_iter().filter(|row| row["set"] == set[0]["set"]);
            their_q.extend(of_set.map(|row| number(&row, "q")));
        }
    }
    vec![
        Check::new(
            "trends of blocks: Mann–Kendall, plain and within seasons, S and p",
            ROOM.versions(&["pymannkendall"]),
            (&ours, &theirs),
            relative,
            (1e-9, "relative"),
        ),
        Check::new(
            "trends of blocks: Benjamini–Hochberg",
            ROOM.versions(&["statsmodels"]),
            (&q, &their_q),
            relative,
            (1e-9, "relative"),
        ),
    ]
}

fn predictive() -> Vec<Check> {
    let (mut ours, mut theirs, mut ends, mut their_ends) = (vec![], vec![], vec![], vec![]);
    for row in ROOM.rows("predictive") {
        let drift = Drift { ratio: number(&row, "ratio"), variance: number(&row, "variance") };
        let law =
            Predictive::new(number(&row, "shape"), number(&row, "rate"), number(&row, "exposure"), drift)
                .expect("usable");
        let count = whole(&row, "count");
        ours.extend([law.ln_chance(count), law.below_and_upto(count).1, law.fair_part(0.9, count)]);
        theirs.extend(["ln_chance", "upto", "part"].map(|name| number(&row, name)));
        let (lo, hi) = law.interval(0.9);
        ends.extend([f64::from(lo), f64::from(hi)]);
        their_ends.extend(["lo", "hi"].map(|name| number(&row, name)));
    }
    let (mut drift, mut their_drift) = (Vec::new(), Vec::new());
    for row in ROOM.rows("drift") {
        let (a, b) = (number(&row, "a"), number(&row, "b"));
        let (years_before, years) = (number(&row, "days_before") / 365.25, number(&row, "days") / 365.25);
        let posteriors: Vec<(f64, f64)> =
            counts(&row["set"], "before").iter().map(|&n| (a + f64::from(n), b + years_before)).collect();
        let found = fit_drift(&posteriors, &counts(&row["set"], "now"), years).expect("incidents");
        drift.extend([found.ratio, found.variance]);
        their_drift.extend([number(&row, "ratio"), number(&row, "variance")]);
    }
    let scipy = ROOM.versions(&["scipy"]);
    vec![
        Check::new(
            "predictive law with drift: chances, fair parts of the interval",
            scipy.clone(),
            (&ours, &theirs),
            relative,
            (1e-5, "relative"),
        ),
        Check::new(
            "predictive law with drift: ends of the 90 % interval",
            scipy.clone(),
            (&ends, &their_ends),
            |_| 1.0,
            (0.0, "incidents"),
        ),
        Check::new(
            "predictive law: drift of three cities",
            scipy,
            (&drift, &their_drift),
            relative,
            (1e-4, "relative"),
        ),
    ]
}

pub(crate) fn checks() -> Vec<Check> {
    [ginis(), vec![by_chance()], change(), vec![rate_ratios()], overlap(), trend(), predictive()].concat()
}
