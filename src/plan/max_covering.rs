//! Maximal covering: the sites from which most is within reach.

use rayon::prelude::*;

use super::cover::{Chosen, CoverError, Sites, check, choose, distances};
use crate::progress::checkpoint;
use crate::space::coord::{Local, Metres};

/// Steps of the bound.
const STEPS: u32 = 200;

/// Chooses `p` sites so that as much weight as can be lies no farther than a radius from one of them.
///
/// ```text
/// max Σᵢ aᵢ zᵢ   with zᵢ ≤ Σ_{j within the radius of i} yⱼ,   Σ yⱼ = p,   y, z ∈ {0, 1}
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `weights` | what each place is worth, 0 or more | `n` | any |
/// | `demands` | the places, which are covered whole or not | `n` | m |
/// | `sites` | where something can stand | `m` | m |
/// | returns | `p` sites ascending, the weight covered, no choice covers more than `bound` | – | as the weights |
///
/// Up to [`MOST_CHOICES`](super::cover::MOST_CHOICES) choices are all looked at; beyond that greedy (at least 1 − 1/e of the best) and interchange from it and from choices of chance,
/// with the Lagrangian of the covering constraints as a bound: Σ max(0, aᵢ − uᵢ) + the `p` largest Σ uᵢ of a site, by
/// subgradients. Time O(n m p) a round. The order of sites decides between equally good ones and nothing else.
///
/// Source: Church & ReVelle (1974), *Papers of the Regional Science Association* 32; the interchange Teitz & Bart (1968),
/// *Operations Research* 16.
///
/// # Limits
///
/// Distance is as the crow flies. **Covered is not prevented**: it says where one is near, not what that does.
///
/// # Errors
///
/// [`CoverError`] with what can be given.
///
/// # Examples
///
/// Five places in a row; one site in the middle of the first three covers them, two cover all:
///
/// ```
/// use hotblocks::plan::max_covering::max_covering;
/// use hotblocks::space::coord::{Local, Metres};
///
/// let at: Vec<Local> = [0.0, 100.0, 200.0, 900.0, 1000.0].map(|x| Local { x, y: 0.0 }).to_vec();
/// let weights = [2.0, 1.0, 2.0, 3.0, 1.0];
/// let one = max_covering(&weights, &at, &at, 1, Metres(100.0))?;
/// assert_eq!((one.sites, one.value, one.bound), (vec![1], 5.0, 5.0));
/// assert_eq!(max_covering(&weights, &at, &at, 2, Metres(100.0))?.value, 9.0);
/// # Ok::<(), hotblocks::plan::cover::CoverError>(())
/// ```
pub fn max_covering(
    weights: &[f64],
    demands: &[Local],
    sites: &[Local],
    p: usize,
    radius: Metres,
) -> Result<Sites, CoverError> {
    check(weights, demands, sites, p)?;
    if !(radius.0.is_finite() && radius.0 >= 0.0) {
        return Err(CoverError::Radius { radius: radius.0 });
    }
    let n = demands.len();
    let table = distances(demands, sites);
    let near: Vec<Vec<u32>> = (0..sites.len())
        .into_par_iter()
        .map(|site| (0..n as u32).filter(|&i| table[site * n + i as usize] <= radius.0).collect())
        .collect();
    drop(table);
    // What is not covered yet, and what a site adds to it.
    let without = |chosen: &[usize]| {
        let mut open = weights.to_vec();
        open.push(0.0);
        for &i in chosen.iter().flat_map(|&site| &near[site]) {
            open[n] += std::mem::take(&mut open[i as usize]);
        }
        open
    };
    let with =
        |open: &[f64], site: usize| open[n] + near[site].iter().map(|&i| open[i as usize]).sum::<f64>();
    let value = |chosen: &[usize]| {
        let mut covered = vec![false; n];
        chosen.iter().flat_map(|&site| &near[site]).for_each(|&i| covered[i as usize] = true);
        (0..n).filter(|&i| covered[i]).map(|i| weights[i]).sum::<f64>()
    };
    let better = |other: f64, best: f64| other > best * (1.0 + 1e-12);
    let Chosen { sites: chosen, value: found, exact } =
        choose((sites.len(), n), p, (without, with), value, better);
    let bound = if exact { found } else { bound(weights, &near, p, found) };
    let optimum = exact || bound <= found * (1.0 + 1e-9);
    Ok(Sites { sites: chosen, value: found, bound: if optimum { found } else { bound }, optimum })
}

/// No choice covers more.
fn bound(weights: &[f64], near: &[Vec<u32>], p: usize, found: f64) -> f64 {
    let total: f64 = weights.iter().sum();
    let mut price: Vec<f64> = weights.iter().map(|a| a / 2.0).collect();
    let (mut lowest, mut scale, mut still) = (total, 1.0, 0);
    for _ in 0..STEPS {
        checkpoint();
        let mut worth: Vec<(f64, usize)> = near
            .par_iter()
            .enumerate()
            .map(|(site, of)| (of.iter().map(|&i| price[i as usize]).sum(), site))
            .collect();
        worth.sort_by(|a: &(f64, usize), b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let rest: f64 = weights.iter().zip(&price).map(|(a, u)| (a - u).max(0.0)).sum();
        let now = rest + worth[..p].iter().map(|(worth, _)| worth).sum::<f64>();
        if now < lowest * (1.0 - 1e-9) {
            (lowest, still) = (now, 0);
        } else {
            still += 1;
            if still == 5 {
                (scale, still) = (scale / 2.0, 0);
            }
        }
        let mut slope = vec![-1.0; weights.len()];
        worth[..p].iter().flat_map(|&(_, site)| &near[site]).for_each(|&i| slope[i as usize] += 1.0);
        let length: f64 = slope.iter().map(|s| s * s).sum();
        if length <= 0.0 || lowest <= found {
            break;
        }
        let step = scale * (now - found).max(lowest * 1e-6) / length;
        for ((u, s), a) in price.iter_mut().zip(&slope).zip(weights) {
            *u = (*u - step * s).clamp(0.0, *a);
        }
    }
    lowest.max(found) * (1.0 + 1e-12)
}
