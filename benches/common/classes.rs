//! A made-up city of five classes, from killings to thefts, for ranking.

use hotblocks::analysis::chance::Chance;
use hotblocks::rank::draws::Part;
use hotblocks::rank::gamma_poisson::fit;

/// Weight of an incident, mean incidents in a block, and shape of the blocks' rates: from killings to thefts.
const CLASSES: [(f64, f64, f64); 5] =
    [(5475.0, 0.01, 0.15), (1500.0, 0.08, 0.2), (365.0, 0.6, 0.5), (20.0, 2.0, 0.9), (3.0, 5.0, 1.2)];

/// A Gamma of mean 1 by Marsaglia and Tsang (2000), for the naive way and for making cities.
pub(crate) fn gamma(shape: f64, chance: &mut Chance) -> f64 {
    if shape < 1.0 {
        return gamma(shape + 1.0, chance) * chance.unit().powf(1.0 / shape) * (shape + 1.0) / shape;
    }
    let d = shape - 1.0 / 3.0;
    loop {
        let (u, angle) = (1.0 - chance.unit(), chance.unit() * std::f64::consts::TAU);
        let x = (-2.0 * u.ln()).sqrt() * angle.cos();
        let v = (1.0 + x / (9.0 * d).sqrt()).powi(3);
        if v > 0.0 && (1.0 - chance.unit()).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v / shape;
        }
    }
}

fn poisson(mean: f64, chance: &mut Chance) -> u32 {
    let (mut product, mut n) = (chance.unit(), 0);
    while product > (-mean).exp() {
        product *= chance.unit();
        n += 1;
    }
    n
}

/// Counts and exposures of each class; exposures differ from block to block where asked.
pub(crate) fn city(n: usize, unequal: bool) -> Vec<(Vec<u32>, Vec<f64>)> {
    let mut chance = Chance::new(11, 0);
    let exposure: Vec<f64> = (0..n).map(|_| if unequal { 0.3 + 2.0 * chance.unit() } else { 1.0 }).collect();
    let class = |(_, mean, shape): (f64, f64, f64)| {
        let count =
            |exposure: &f64| poisson((mean * exposure * gamma(shape, &mut chance)).min(500.0), &mut chance);
        (exposure.iter().map(count).collect(), exposure.clone())
    };
    CLASSES.map(class).into()
}

/// The classes of each block, each with its posterior.
pub(crate) fn blocks(n: usize, unequal: bool) -> Vec<Vec<Part>> {
    fitted(&city(n, unequal))
}

/// The same of counts and exposures that are there.
pub(crate) fn fitted(city: &[(Vec<u32>, Vec<f64>)]) -> Vec<Vec<Part>> {
    let mut blocks = vec![Vec::new(); city[0].0.len()];
    for ((counts, exposure), (weight, ..)) in city.iter().zip(CLASSES) {
        let fit = fit(counts, exposure).expect("a city has blocks");
        for ((block, &count), &exposure) in blocks.iter_mut().zip(counts).zip(exposure) {
            block.push(Part { weight, posterior: fit.for_ranks(count, exposure) });
        }
    }
    blocks
}
