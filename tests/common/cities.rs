//! Seeded cities whose true rates are known: from the model of ranking, and from four that it does not assume.

use hotblocks::analysis::chance::Chance;
use hotblocks::rank::draws::{DrawParams, Drawing, Part, positions};
use hotblocks::rank::gamma_poisson::fit;
use rayon::prelude::*;

/// How true rates come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    /// Gamma, as the model has it.
    Model,
    /// Lognormal: a heavier tail.
    Lognormal,
    /// Half of the blocks never have an incident, the others are Gamma.
    ZeroInflated,
    /// The logarithms are averages over a row of blocks beside each other.
    Spatial,
    /// Rates change by a quarter, up or down, between the years that are counted and the one that is foretold.
    Drifting,
}

impl Truth {
    pub(crate) const ALL: [Self; 5] =
        [Self::Model, Self::Lognormal, Self::ZeroInflated, Self::Spatial, Self::Drifting];

    /// What the table says.
    pub(crate) fn told(self) -> &'static str {
        match self {
            Self::Model => "the model: Gamma",
            Self::Lognormal => "lognormal, σ 1.2",
            Self::ZeroInflated => "half of the blocks without any, the others Gamma",
            Self::Spatial => "lognormal, averaged over five blocks in a row",
            Self::Drifting => "Gamma, then each block by a lognormal factor of σ 0.25",
        }
    }
}

/// Blocks of a city, places in its top, draws.
const BLOCKS: usize = 240;
const TOP: usize = 30;
const DRAWS: u32 = 500;

fn normal(chance: &mut Chance) -> f64 {
    let (u, angle) = (1.0 - chance.unit(), chance.unit() * std::f64::consts::TAU);
    (-2.0 * u.ln()).sqrt() * angle.cos()
}

/// Mean 1. Marsaglia & Tsang (2000).
fn gamma(shape: f64, chance: &mut Chance) -> f64 {
    if shape < 1.0 {
        return gamma(shape + 1.0, chance) * chance.unit().powf(1.0 / shape) * (shape + 1.0) / shape;
    }
    let d = shape - 1.0 / 3.0;
    loop {
        let x = normal(chance);
        let v = (1.0 + x / (9.0 * d).sqrt()).powi(3);
        if v > 0.0 && (1.0 - chance.unit()).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v / shape;
        }
    }
}

fn poisson(mean: f64, chance: &mut Chance) -> u32 {
    // In steps, so that no product comes to nothing.
    let (mut left, mut n) = (mean, 0);
    while left > 0.0 {
        let step = left.min(30.0);
        let mut product = chance.unit();
        while product > (-step).exp() {
            product *= chance.unit();
            n += 1;
        }
        left -= step;
    }
    n
}

/// True rates while counting and after, exposures, counts.
fn city(truth: Truth, lane: u64) -> (Vec<f64>, Vec<f64>, Vec<u32>) {
    let mut chance = Chance::new(2026, lane);
    let mean = 3.0;
    let rates: Vec<f64> = match truth {
        Truth::Model | Truth::Drifting => (0..BLOCKS).map(|_| mean * gamma(0.8, &mut chance)).collect(),
        Truth::Lognormal => (0..BLOCKS).map(|_| mean * (1.2 * normal(&mut chance) - 0.72).exp()).collect(),
        Truth::ZeroInflated => (0..BLOCKS)
            .map(|_| if chance.below(2) == 0 { 0.0 } else { 2.0 * mean * gamma(1.5, &mut chance) })
            .collect(),
        Truth::Spatial => {
            let noise: Vec<f64> = (0..BLOCKS + 4).map(|_| normal(&mut chance)).collect();
            noise.windows(5).map(|five| mean * (0.5 * five.iter().sum::<f64>() - 0.6).exp()).collect()
        }
    };
    // From a fifth of a year to two years.
    let exposure: Vec<f64> = (0..BLOCKS).map(|_| 0.2 + 1.8 * chance.unit()).collect();
    let counts = rates.iter().zip(&exposure).map(|(rate, over)| poisson(rate * over, &mut chance)).collect();
    let later = match truth {
        Truth::Drifting => rates.iter().map(|rate| rate * (0.25 * normal(&mut chance)).exp()).collect(),
        _ => rates,
    };
    (later, exposure, counts)
}

/// One tenth of the scale of P.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Tenth {
    /// Blocks of all cities whose P lies in it.
    pub(crate) blocks: u32,
    /// Sum of what was stated.
    pub(crate) stated: f64,
    /// How many were truly in the top.
    pub(crate) truly: u32,
}

impl Tenth {
    /// The share that truly was in the top less the mean P; `None` where fewer than 500 blocks say it.
    pub(crate) fn off(&self) -> Option<f64> {
        let n = f64::from(self.blocks);
        (self.blocks >= 500).then(|| (f64::from(self.truly) - self.stated) / n)
    }
}

/// Stated P(top N) beside the truth, over seeded cities of unequal exposure.
pub(crate) fn calibration(truth: Truth, cities: u64, how: Drawing) -> [Tenth; 10] {
    let one = |lane: u64| {
        let (rates, exposure, counts) = city(truth, lane);
        let fit = fit(&counts, &exposure).expect("a city has exposure");
        let part = |(&y, &e)| vec![Part { weight: 1.0, posterior: fit.for_ranks(y, e) }];
        let blocks: Vec<Vec<Part>> = counts.iter().zip(&exposure).map(part).collect();
        let params = DrawParams { top_n: TOP as u32, draws: DRAWS, seed: lane, how };
        let found = positions(&blocks, &params).expect("good input");
        let mut order: Vec<usize> = (0..BLOCKS).collect();
        order.sort_by(|&a, &b| rates[b].total_cmp(&rates[a]));
        let mut tenths = [Tenth::default(); 10];
        for (place, at) in order.into_iter().enumerate() {
            let p = found[at].p_top_n;
            let tenth = &mut tenths[((p * 10.0) as usize).min(9)];
            tenth.blocks += 1;
            tenth.stated += p;
            tenth.truly += u32::from(place < TOP);
        }
        tenths
    };
    let all: Vec<[Tenth; 10]> = (0..cities).into_par_iter().map(one).collect();
    let mut sum = [Tenth::default(); 10];
    for tenths in all {
        for (sum, one) in sum.iter_mut().zip(tenths) {
            sum.blocks += one.blocks;
            sum.stated += one.stated;
            sum.truly += one.truly;
        }
    }
    sum
}
