//! p-median: the sites from which all is near on average.

use rayon::prelude::*;

use super::cover::{Chosen, CoverError, Sites, check, choose, distances};
use crate::progress::checkpoint;
use crate::space::coord::Local;

/// Steps of the bound.
const STEPS: u32 = 200;

/// Chooses `p` sites so that the weighted distance of all places to the nearest one is as small as can be.
///
/// ```text
/// min Σᵢ wᵢ minⱼ dᵢⱼ over the chosen sites j
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `weights` | what each place weighs, 0 or more | `n` | any |
/// | `demands` | the places | `n` | m |
/// | `sites` | where something can stand | `m` | m |
/// | returns | `p` sites ascending, the weighted distance, no choice is below `bound` | – | weight · m |
///
/// Up to [`MOST_CHOICES`](super::cover::MOST_CHOICES) choices are all looked at; beyond that greedy and interchange, from it and from choices of chance, with the Lagrangian of the
/// assignment as a bound: Σ uᵢ + the `p` least Σᵢ min(0, wᵢ dᵢⱼ − uᵢ), by subgradients. Time O(n m p) a round.
///
/// Source: Hakimi (1964), *Operations Research* 12; Teitz & Bart (1968), *Operations Research* 16; the bound Cornuéjols,
/// Fisher & Nemhauser (1977), *Management Science* 23.
///
/// # Limits
///
/// Distance is as the crow flies, and sites have no capacity: the workload of one can be many times that of another.
///
/// # Errors
///
/// [`CoverError`] with what can be given.
///
/// # Examples
///
/// One site for four places in a row stands where the weight is halved:
///
/// ```
/// use hotblocks::plan::p_median::p_median;
/// use hotblocks::space::coord::Local;
///
/// let at: Vec<Local> = [0.0, 100.0, 200.0, 1000.0].map(|x| Local { x, y: 0.0 }).to_vec();
/// let one = p_median(&[1.0, 3.0, 1.0, 1.0], &at, &at, 1)?;
/// assert_eq!((one.sites, one.value, one.bound), (vec![1], 1100.0, 1100.0));
/// # Ok::<(), hotblocks::plan::cover::CoverError>(())
/// ```
pub fn p_median(weights: &[f64], demands: &[Local], sites: &[Local], p: usize) -> Result<Sites, CoverError> {
    check(weights, demands, sites, p)?;
    let n = demands.len();
    let table = distances(demands, sites);
    let row = |site: usize| &table[site * n..(site + 1) * n];
    // The distance to the nearest of the others; before there is one it is far beyond all.
    let far = 4.0 * table.iter().copied().fold(1.0, f64::max);
    let without = |chosen: &[usize]| {
        let mut nearest = vec![far; n];
        for &site in chosen {
            nearest.iter_mut().zip(row(site)).for_each(|(d, &other)| *d = d.min(other));
        }
        nearest
    };
    let with = |nearest: &[f64], site: usize| {
        -nearest.iter().zip(row(site)).zip(weights).map(|((d, other), w)| w * d.min(*other)).sum::<f64>()
    };
    let value = |chosen: &[usize]| without(chosen).iter().zip(weights).map(|(d, w)| w * d).sum::<f64>();
    let better = |other: f64, best: f64| other < best * (1.0 - 1e-12);
    let Chosen { sites: chosen, value: found, exact } =
        choose((sites.len(), n), p, (without, with), value, better);
    let bound = if exact { found } else { bound(weights, &table, sites.len(), p, found) };
    let optimum = exact || bound >= found * (1.0 - 1e-9);
    Ok(Sites { sites: chosen, value: found, bound: if optimum { found } else { bound }, optimum })
}

/// No choice has a smaller weighted distance.
fn bound(weights: &[f64], table: &[f64], n_sites: usize, p: usize, found: f64) -> f64 {
    let n = weights.len();
    let row = |site: usize| &table[site * n..(site + 1) * n];
    // What a place would pay: at first as if all sites stood.
    let nearest = |i: usize| (0..n_sites).map(|site| table[site * n + i]).fold(f64::INFINITY, f64::min);
    let mut price: Vec<f64> = (0..n).into_par_iter().map(|i| weights[i] * nearest(i)).collect();
    let (mut highest, mut scale, mut still) = (0.0f64, 1.0, 0);
    for _ in 0..STEPS {
        checkpoint();
        let mut gain: Vec<(f64, usize)> = (0..n_sites)
            .into_par_iter()
            .map(|site| {
                let of = row(site).iter().zip(weights).zip(&price);
                (of.map(|((d, w), u)| (w * d - u).min(0.0)).sum(), site)
            })
            .collect();
        gain.sort_by(|a: &(f64, usize), b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let now = price.iter().sum::<f64>() + gain[..p].iter().map(|(gain, _)| gain).sum::<f64>();
        if now > highest * (1.0 + 1e-9) {
            (highest, still) = (now, 0);
        } else {
            still += 1;
            if still == 5 {
                (scale, still) = (scale / 2.0, 0);
            }
        }
        let mut slope = vec![1.0; n];
        for &(_, site) in &gain[..p] {
            for (i, d) in row(site).iter().enumerate() {
                slope[i] -= f64::from(u8::from(weights[i] * d < price[i]));
            }
        }
        let length: f64 = slope.iter().map(|s| s * s).sum();
        if length <= 0.0 || highest >= found {
            break;
        }
        let step = scale * (found - now).max(found * 1e-6) / length;
        price.iter_mut().zip(&slope).for_each(|(u, s)| *u = (*u + step * s).max(0.0));
    }
    highest.min(found) * (1.0 - 1e-12)
}
