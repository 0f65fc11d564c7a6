//! The checks of ranking with uncertainty: beside SciPy's fits, quantiles and draws.

use hotblocks::rank::draws::{DrawParams, Drawing, Part, Position, positions};
use hotblocks::rank::gamma_poisson::{Fit, Posterior, fit, moments, predictive_interval};
use hotblocks::rank::power_prior::{Lender, borrow};

use crate::rows::{Room, Row, column, number};
use crate::table::Check;

const ROOM: Room = Room("rank");

fn relative(value: f64) -> f64 {
    value.abs()
}

/// Counts and exposures of a set.
fn counts(set: &str) -> (Vec<u32>, Vec<f64>) {
    let of_set: Vec<Row> = ROOM.rows("counts").into_iter().filter(|row| row["set"] == set).collect();
    (column(&of_set, "count").iter().map(|&count| count as u32).collect(), column(&of_set, "exposure"))
}

fn fit_checks() -> Vec<Check> {
    type By = fn(&[u32], &[f64]) -> Fit;
    let one = |method, file: &str, by: By, bound| {
        let theirs = ROOM.rows(file);
        let ours: Vec<f64> = theirs
            .iter()
            .flat_map(|row| {
                let (counts, exposure) = counts(&row["set"]);
                let fit = by(&counts, &exposure);
                [fit.alpha, fit.beta]
            })
            .collect();
        let others: Vec<f64> =
            theirs.iter().flat_map(|row| [number(row, "alpha"), number(row, "beta")]).collect();
        Check::new(method, ROOM.versions(&["scipy"]), (&ours, &others), relative, (bound, "relative"))
    };
    vec![
        one(
            "Gamma–Poisson by likelihood, 6 cities, α and β",
            "fits",
            |counts, exposure| fit(counts, exposure).expect("good input"),
            1e-5,
        ),
        one(
            "Gamma–Poisson by moments, 6 cities, α and β",
            "moments",
            |counts, exposure| moments(counts, exposure).expect("good input").expect("blocks differ"),
            1e-12,
        ),
    ]
}

fn interval_check() -> Check {
    let theirs = ROOM.rows("intervals");
    let ours: Vec<f64> = theirs
        .iter()
        .map(|row| {
            let posterior = Posterior { shape: number(row, "shape"), rate: 1.0 };
            let (low, high) = posterior.interval(number(row, "level"));
            if row["side"] == "lower" { low } else { high }
        })
        .collect();
    let method = "posterior intervals, shapes from 0.001 to a million";
    Check::new(
        method,
        ROOM.versions(&["scipy"]),
        (&ours, &column(&theirs, "value")),
        relative,
        (1e-9, "relative"),
    )
}

fn predictive_check() -> Check {
    let theirs = ROOM.rows("predictive");
    let one = |row: &Row| {
        let shape = number(row, "shape");
        let posterior = Posterior { shape, rate: shape / number(row, "mean") };
        let (low, high) = predictive_interval(&posterior, 1.0, number(row, "level"));
        [f64::from(low), f64::from(high)]
    };
    let ours: Vec<f64> = theirs.iter().flat_map(one).collect();
    let others: Vec<f64> = theirs.iter().flat_map(|row| [number(row, "low"), number(row, "high")]).collect();
    let method = "predictive intervals of counts";
    Check::new(method, ROOM.versions(&["scipy"]), (&ours, &others), |_| 1.0, (0.0, "incidents"))
}

fn gold() -> Vec<Vec<Part>> {
    let (counts, exposure) = counts("gold");
    let fit = fit(&counts, &exposure).expect("good input");
    let one = |(&y, &e)| vec![Part { weight: 1.0, posterior: fit.posterior(y, e) }];
    counts.iter().zip(&exposure).map(one).collect()
}

fn three_classes() -> Vec<Vec<Part>> {
    let parts = ROOM.rows("parts");
    let one = |row: &Row| Part {
        weight: number(row, "weight"),
        posterior: Posterior { shape: number(row, "shape"), rate: number(row, "rate") },
    };
    parts.chunks(3).map(|block| block.iter().map(one).collect()).collect()
}

fn draw_checks() -> Vec<Check> {
    let theirs = ROOM.rows("tops");
    // P has a standard error of 0.0022 at most, of 50,000 draws here; theirs are two million.
    let drawn = |blocks: &[Vec<Part>], top_n, how| -> Vec<Position> {
        positions(blocks, &DrawParams { top_n, draws: 50_000, seed: 11, how }).expect("good input")
    };
    let (mut plain, mut pruned, mut chances) = (Vec::new(), Vec::new(), Vec::new());
    let (mut means, mut others) = (Vec::new(), Vec::new());
    for (set, blocks) in [("gold", gold()), ("three", three_classes())] {
        let of_set: Vec<Row> = theirs.iter().filter(|row| row["set"] == set).cloned().collect();
        for top_n in [1, 3, 5] {
            chances.extend(column(&of_set, &format!("top_{top_n}")));
            let found = drawn(&blocks, top_n, Drawing::Plain);
            plain.extend(found.iter().map(|one| one.p_top_n));
            pruned.extend(drawn(&blocks, top_n, Drawing::Pruned).iter().map(|one| one.p_top_n));
            if top_n == 1 {
                means.extend(found.iter().map(|one| one.mean));
                others.extend(column(&of_set, "mean"));
            }
        }
    }
    let by = format!("{}, two million draws of numpy", ROOM.versions(&["scipy"]));
    let check = |method, ours: &[f64], theirs: &[f64], bound, of| {
        Check::new(method, by.clone(), (ours, theirs), |_| 1.0, (bound, of))
    };
    vec![
        check("P(top 1, 3, 5), 25 blocks and 60 of three classes", &plain, &chances, 0.01, "P"),
        check("the same by the shortcut", &pruned, &chances, 0.01, "P"),
        check("expected ranks of the same", &means, &others, 0.25, "ranks"),
    ]
}

fn lender_check() -> Check {
    let theirs = ROOM.rows("borrowed");
    let killings: Vec<u32> = column(&theirs, "killings").iter().map(|&count| count as u32).collect();
    let (assaults, exposure) = (column(&theirs, "assaults"), column(&theirs, "exposure"));
    let lender = Lender { counts: &assaults, exposure: &exposure };
    let found = borrow(&killings, &exposure, &[lender]).expect("good input");
    let mut ours: Vec<f64> = found.posteriors.iter().map(Posterior::mean).collect();
    ours.extend([found.alpha, found.shares[0]]);
    let mut others = column(&theirs, "posterior");
    let fitted = ROOM.rows("shares").remove(0);
    others.extend([number(&fitted, "alpha"), number(&fitted, "share")]);
    let method = "killings that learn from gun assaults: α, share and posterior means";
    Check::new(method, ROOM.versions(&["scipy"]), (&ours, &others), relative, (1e-3, "relative"))
}

pub(crate) fn checks() -> Vec<Check> {
    let mut checks = fit_checks();
    checks.extend([interval_check(), predictive_check()]);
    checks.extend(draw_checks());
    checks.push(lender_check());
    checks
}
