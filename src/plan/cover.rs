//! What even coverage needs: who is near which site, the search by interchange, small cases by looking at all.

use rayon::prelude::*;

use crate::analysis::chance::Chance;
use crate::progress::checkpoint;
use crate::space::coord::Local;

/// Choices of sites up to so many are all looked at.
pub const MOST_CHOICES: u64 = 100_000;

/// Why sites cannot be chosen.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CoverError {
    /// There is nothing to serve, or nowhere to serve it from.
    #[error("there are {demands} places to serve and {sites} sites; give at least one of each")]
    Nothing {
        /// Places to serve.
        demands: usize,
        /// Sites.
        sites: usize,
    },
    /// Not as many weights as places.
    #[error("{given} weights for {demands} places; give one for each")]
    Length {
        /// Weights.
        given: usize,
        /// Places.
        demands: usize,
    },
    /// A weight or a place that cannot be used.
    #[error("the {what} {index} is no number that can be used; give finite ones, weights 0 or more")]
    Number {
        /// `weight`, `place` or `site`.
        what: &'static str,
        /// Which one, from 0.
        index: usize,
    },
    /// No site is to be chosen, or more than there are.
    #[error("{p} sites cannot be chosen; give from 1 to {most}")]
    Sites {
        /// How many were asked for.
        p: usize,
        /// How many there are.
        most: usize,
    },
    /// The radius is no length.
    #[error("a radius of {radius} m covers nothing; give one of 0 m or more")]
    Radius {
        /// What was asked for.
        radius: f64,
    },
    /// The table of distances would not fit.
    #[error(
        "{demands} places and {sites} sites make {pairs} distances, more than {most}; give fewer sites, or larger places"
    )]
    Pairs {
        /// Places.
        demands: usize,
        /// Sites.
        sites: usize,
        /// Their product.
        pairs: u64,
        /// What fits.
        most: u64,
    },
}

/// The most distances in a table: half a gigabyte.
pub const MOST_PAIRS: u64 = 1 << 26;

/// Interchange begins anew so often at the most, and less often where distances are many.
const MOST_RESTARTS: usize = 50;

/// Distances times sites, over all restarts.
const RESTART_WORK: usize = 50_000_000;

/// Whether each place has a weight, and both are numbers that can be used.
pub(super) fn usable(weights: &[f64], demands: &[Local]) -> Result<(), CoverError> {
    if weights.len() != demands.len() {
        return Err(CoverError::Length { given: weights.len(), demands: demands.len() });
    }
    whole("weight", weights.iter().position(|w| !(w.is_finite() && *w >= 0.0)))?;
    whole("place", demands.iter().position(nowhere))
}

fn nowhere(at: &Local) -> bool {
    !(at.x.is_finite() && at.y.is_finite())
}

/// Refuses the first number that cannot be used, where there is one.
fn whole(what: &'static str, bad: Option<usize>) -> Result<(), CoverError> {
    bad.map_or(Ok(()), |index| Err(CoverError::Number { what, index }))
}

/// Checks what both problems are given.
pub(super) fn check(weights: &[f64], demands: &[Local], sites: &[Local], p: usize) -> Result<(), CoverError> {
    if demands.is_empty() || sites.is_empty() {
        return Err(CoverError::Nothing { demands: demands.len(), sites: sites.len() });
    }
    usable(weights, demands)?;
    whole("site", sites.iter().position(nowhere))?;
    if p == 0 || p > sites.len() {
        return Err(CoverError::Sites { p, most: sites.len() });
    }
    let pairs = demands.len() as u64 * sites.len() as u64;
    if pairs > MOST_PAIRS {
        return Err(CoverError::Pairs {
            demands: demands.len(),
            sites: sites.len(),
            pairs,
            most: MOST_PAIRS,
        });
    }
    Ok(())
}

/// The distance from each site to each place, site by site.
pub(super) fn distances(demands: &[Local], sites: &[Local]) -> Vec<f64> {
    sites.par_iter().flat_map_iter(|site| demands.iter().map(move |at| site.distance(*at).0)).collect()
}

/// Sites that were chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Sites {
    /// Which ones, ascending.
    pub sites: Vec<usize>,
    /// What they are worth: weight covered, or weighted distance.
    pub value: f64,
    /// No choice is better than this: as high for coverage, as low for distance.
    pub bound: f64,
    /// Whether no choice is better than this one.
    pub optimum: bool,
}

impl Sites {
    /// How far the best can be from what was found, as a part of the larger of the two.
    #[must_use]
    pub fn gap(&self) -> f64 {
        let most = self.bound.max(self.value);
        if most > 0.0 { (self.bound - self.value).abs() / most } else { 0.0 }
    }
}

/// Chosen sites in ascending order, with their value.
pub(super) struct Chosen {
    pub(super) sites: Vec<usize>,
    pub(super) value: f64,
    /// Whether every choice was looked at.
    pub(super) exact: bool,
}

/// Chooses `p` of `n_sites` sites for `n_demands` places: all choices are looked at where these are few, else the best of
/// a search; `without` and `with` are those of [`interchange`].
pub(super) fn choose<W, F, V>(
    (n_sites, n_demands): (usize, usize),
    p: usize,
    (without, with): (W, F),
    value: V,
    better: impl Fn(f64, f64) -> bool,
) -> Chosen
where
    W: Fn(&[usize]) -> Vec<f64> + Sync + Copy,
    F: Fn(&[f64], usize) -> f64 + Sync + Copy,
    V: Fn(&[usize]) -> f64,
{
    let exact = choices(n_sites, p) <= MOST_CHOICES;
    // Where all choices are looked at, no search needs to begin anew.
    let pairs = if exact { usize::MAX } else { n_demands * n_sites };
    let mut sites = search(n_sites, p, pairs, without, with);
    if exact {
        let mut best = value(&sites);
        every(n_sites, p, |choice| {
            let other = value(choice);
            if better(other, best) {
                best = other;
                sites = choice.to_vec();
            }
        });
    }
    sites.sort_unstable();
    Chosen { value: value(&sites), sites, exact }
}

/// How many choices of `p` out of `n` there are, as far as [`MOST_CHOICES`] and one.
fn choices(n: usize, p: usize) -> u64 {
    let p = p.min(n - p) as u64;
    let mut choices = 1u64;
    for k in 1..=p {
        choices = choices * (n as u64 - p + k) / k;
        if choices > MOST_CHOICES {
            return MOST_CHOICES + 1;
        }
    }
    choices
}

/// Every choice of `p` out of `n`, in order.
fn every(n: usize, p: usize, mut look: impl FnMut(&[usize])) {
    let mut choice: Vec<usize> = (0..p).collect();
    loop {
        look(&choice);
        let Some(at) = (0..p).rev().find(|&at| choice[at] < n - p + at) else { return };
        choice[at] += 1;
        for later in at + 1..p {
            choice[later] = choice[later - 1] + 1;
        }
    }
}

/// Swaps one chosen site for another as long as that is better (Teitz & Bart 1968): the best swap of each round.
///
/// `without` says what the others do alone, `with` how good they are with one more; more is better. Of equally good
/// swaps the first.
fn interchange(
    n: usize,
    chosen: &mut [usize],
    without: &(impl Fn(&[usize]) -> Vec<f64> + Sync),
    with: &(impl Fn(&[f64], usize) -> f64 + Sync),
) {
    let mut best = f64::NEG_INFINITY;
    loop {
        let swap = |out: usize| {
            let others: Vec<usize> = (0..chosen.len()).filter(|&at| at != out).map(|at| chosen[at]).collect();
            checkpoint();
            let alone = without(&others);
            let sites = (0..n).filter(|site| !others.contains(site));
            sites.map(|site| (with(&alone, site), out, site)).collect::<Vec<_>>()
        };
        let tried: Vec<(f64, usize, usize)> = (0..chosen.len()).into_par_iter().flat_map_iter(swap).collect();
        let better = |a: &&(f64, usize, usize), b: &&(f64, usize, usize)| {
            a.0.total_cmp(&b.0).then((b.1, b.2).cmp(&(a.1, a.2)))
        };
        match tried.iter().max_by(better) {
            Some(&(worth, out, site)) if worth > best + best.abs().min(1e300) * 1e-12 => {
                chosen[out] = site;
                best = worth;
            }
            _ => return,
        }
    }
}

/// Greedy: each time the site that is best with those chosen before, of equally good ones the first.
fn greedy(
    n: usize,
    p: usize,
    without: &impl Fn(&[usize]) -> Vec<f64>,
    with: &(impl Fn(&[f64], usize) -> f64 + Sync),
) -> Vec<usize> {
    let mut chosen = Vec::with_capacity(p);
    while chosen.len() < p {
        checkpoint();
        let alone = without(&chosen);
        let tried: Vec<(f64, usize)> = (0..n)
            .into_par_iter()
            .filter(|site| !chosen.contains(site))
            .map(|site| (with(&alone, site), site))
            .collect();
        let best = tried.iter().max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        let Some(&(_, site)) = best else { break };
        chosen.push(site);
    }
    chosen
}

/// Greedy and interchange, then interchange from choices of chance; the best of them, of equally good ones the first.
fn search(
    n: usize,
    p: usize,
    pairs: usize,
    without: impl Fn(&[usize]) -> Vec<f64> + Sync,
    with: impl Fn(&[f64], usize) -> f64 + Sync,
) -> Vec<usize> {
    let mut best = greedy(n, p, &without, &with);
    interchange(n, &mut best, &without, &with);
    let worth = |chosen: &[usize]| with(&without(&chosen[1..]), chosen[0]);
    let mut most = worth(&best);
    for lane in 0..(RESTART_WORK / pairs.saturating_mul(p).max(1)).min(MOST_RESTARTS) {
        let mut other: Vec<usize> = (0..n).collect();
        Chance::new(0, lane as u64).shuffle(&mut other);
        other.truncate(p);
        interchange(n, &mut other, &without, &with);
        let value = worth(&other);
        if value > most + most.abs() * 1e-12 {
            (most, best) = (value, other);
        }
    }
    best
}
