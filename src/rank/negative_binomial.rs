//! The negative binomial: its likelihood for blocks of unequal exposure, and its quantiles.

use super::special::{digamma, ln_gamma, trigamma};
use crate::model::elementary::{exp, ln, ln_1p};

/// Blocks of one count and one exposure, and how many they are.
#[derive(Clone, Copy, Debug)]
struct Cell {
    count: f64,
    exposure: f64,
    blocks: f64,
}

/// Sums over 1/(α+k) are taken term by term up to here, and by Stirling's series beyond.
const TERMS: u32 = 4096;

/// What the likelihood needs of the counts: made once, in an order that is the counts' own.
#[derive(Clone, Debug)]
pub(crate) struct Likelihood {
    cells: Vec<Cell>,
    /// How many blocks have more than k incidents.
    above: Vec<f64>,
    /// Counts beyond [`TERMS`] with their blocks.
    beyond: Vec<(f64, f64)>,
    incidents: f64,
    exposure: f64,
}

/// ln L above that of the Poisson, with its slopes in ln α and ln m, m the mean.
#[derive(Clone, Copy, Debug)]
struct Slopes {
    value: f64,
    by_alpha: f64,
    by_mean: f64,
    twice_alpha: f64,
    twice_mean: f64,
    both: f64,
}

impl Likelihood {
    /// Of counts and exposures above 0.
    pub(crate) fn new(pairs: impl Iterator<Item = (u32, f64)>) -> Self {
        let mut pairs: Vec<(u32, f64)> = pairs.collect();
        pairs.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let cells: Vec<Cell> = pairs
            .chunk_by(|a, b| a == b)
            .map(|same| Cell { count: f64::from(same[0].0), exposure: same[0].1, blocks: same.len() as f64 })
            .collect();
        let most = pairs.last().map_or(0, |pair| pair.0.min(TERMS)) as usize;
        let mut above = vec![0.0; most];
        for &(count, _) in &pairs {
            if count > 0 {
                above[count.min(TERMS) as usize - 1] += 1.0;
            }
        }
        for k in (1..most).rev() {
            above[k - 1] += above[k];
        }
        let sum = |of: fn(&Cell) -> f64| cells.iter().map(|cell| cell.blocks * of(cell)).sum::<f64>();
        let (incidents, exposure) = (sum(|cell| cell.count), sum(|cell| cell.exposure));
        let far = cells.iter().filter(|cell| cell.count > f64::from(TERMS));
        let beyond = far.map(|cell| (cell.count, cell.blocks)).collect();
        Self { cells, above, beyond, incidents, exposure }
    }

    pub(crate) fn incidents(&self) -> f64 {
        self.incidents
    }

    pub(crate) fn exposure(&self) -> f64 {
        self.exposure
    }

    /// Shape and rate by moments, weighted by exposure; `None` where blocks vary no more than chance.
    pub(crate) fn moments(&self) -> Option<(f64, f64)> {
        let mean = self.incidents / self.exposure;
        let blocks: f64 = self.cells.iter().map(|cell| cell.blocks).sum();
        let square = |cell: &Cell| {
            let off = cell.count / cell.exposure - mean;
            cell.blocks * cell.exposure * off * off
        };
        let spread = self.cells.iter().map(square).sum::<f64>() / self.exposure;
        let between = spread - mean * blocks / self.exposure;
        let (alpha, beta) = (mean * mean / between, mean / between);
        (between > 0.0 && alpha.is_normal() && beta.is_normal()).then_some((alpha, beta))
    }

    fn slopes(&self, ln_alpha: f64, ln_mean: f64) -> Slopes {
        let (a, mean) = (exp(ln_alpha), exp(ln_mean));
        let poisson = self.incidents / self.exposure;
        let mut value = self.incidents * (ln_mean - ln(poisson)) + self.incidents;
        let (mut one, mut two) = (0.0, 0.0);
        for (k, blocks) in (0u32..).zip(&self.above) {
            let k = f64::from(k);
            value += blocks * ln_1p(k / a);
            one += blocks / (a + k);
            two -= blocks / ((a + k) * (a + k));
        }
        for &(count, blocks) in &self.beyond {
            let (from, to) = (a + f64::from(TERMS), a + count);
            value += blocks * (ln_gamma(to) - ln_gamma(from) - (count - f64::from(TERMS)) * ln(a));
            one += blocks * (digamma(to) - digamma(from));
            two += blocks * (trigamma(to) - trigamma(from));
        }
        let (mut by_mean, mut twice_mean, mut both) = (0.0, 0.0, 0.0);
        for &Cell { count: y, exposure, blocks } in &self.cells {
            let mu = mean * exposure;
            let sum = a + mu;
            let log = ln_1p(mu / a);
            value -= blocks * (a + y) * log;
            one += blocks * ((mu - y) / sum - log);
            two += blocks * (mu / (a * sum) - (mu - y) / (sum * sum));
            by_mean += blocks * a * (y - mu) / sum;
            twice_mean -= blocks * a * mu * (a + y) / (sum * sum);
            both += blocks * a * mu * (y - mu) / (sum * sum);
        }
        Slopes { value, by_alpha: a * one, by_mean, twice_alpha: a * a * two + a * one, twice_mean, both }
    }

    /// The shape and mean of greatest likelihood from a start, with ln L above that of the Poisson; `None` where the
    /// search does not settle. It stops at `most`, from where on the shape is as good as infinite.
    ///
    /// Newton's steps in ln α and ln m, turned uphill where the surface is not a hill, shortened to 2 and halved until
    /// they climb.
    pub(crate) fn climb(&self, (alpha, mean): (f64, f64), most: f64) -> Option<(f64, f64, f64)> {
        let (mut s, mut t) = (ln(alpha), ln(mean));
        let mut here = self.slopes(s, t);
        for _ in 0..200 {
            // The surface bends down where both eigenvalues of its bend are below 0; push them there.
            let (h11, h22, h12) = (here.twice_alpha, here.twice_mean, here.both);
            let middle = 0.5 * (h11 + h22);
            let radius = (0.25 * (h11 - h22) * (h11 - h22) + h12 * h12).sqrt();
            let push = (middle + radius + 1e-10 * (1.0 + radius)).max(0.0) * 2.0;
            let (h11, h22) = (h11 - push, h22 - push);
            let determinant = h11 * h22 - h12 * h12;
            let mut ds = -(h22 * here.by_alpha - h12 * here.by_mean) / determinant;
            let mut dt = -(h11 * here.by_mean - h12 * here.by_alpha) / determinant;
            if !(ds.is_finite() && dt.is_finite()) {
                return None;
            }
            let shorten = (2.0 / ds.abs().max(dt.abs())).min(1.0);
            (ds, dt) = (ds * shorten, dt * shorten);
            if ds.abs().max(dt.abs()) < 1e-11 {
                return Some((exp(s), exp(t), here.value));
            }
            let slack = 1e-13 * (1.0 + self.incidents);
            let mut there = self.slopes(s + ds, t + dt);
            let mut halvings = 0;
            while there.value.is_nan() || there.value < here.value - slack {
                (ds, dt) = (0.5 * ds, 0.5 * dt);
                halvings += 1;
                if halvings > 60 {
                    return None;
                }
                there = self.slopes(s + ds, t + dt);
            }
            (s, t, here) = (s + ds, t + dt, there);
            if s > ln(most) {
                return Some((exp(s), exp(t), here.value));
            }
        }
        None
    }
}

/// Means from here on are taken as continuous by [`quantile`].
const MANY: f64 = 1e6;

/// The least whole number that a negative binomial of this shape and mean stays at or below with probability `p`.
///
/// Its probabilities are summed outward from the mode, in multiples of the mode's; time O(standard deviation).
pub(crate) fn quantiles<const N: usize>(shape: f64, mean: f64, p: [f64; N]) -> [u32; N] {
    if mean <= 0.0 || shape <= 0.0 {
        return [0; N];
    }
    if mean > MANY {
        // Chance within the block adds nothing that the gamma distribution does not have: match its spread.
        let fitted = mean / (1.0 + mean / shape);
        return p.map(|p| {
            let (tail, side) = if p <= 0.5 {
                (p, super::special::Tail::Lower)
            } else {
                (1.0 - p, super::special::Tail::Upper)
            };
            let x = exp(super::special::ln_gamma_quantile(fitted, tail, side)) * mean / fitted;
            x.ceil().min(f64::from(u32::MAX)) as u32
        });
    }
    let q = mean / (shape + mean);
    let mode = ((shape - 1.0) * mean / shape).floor().max(0.0);
    let mut below = Vec::new();
    let (mut k, mut term) = (mode, 1.0);
    while k > 0.0 && term > 1e-20 {
        term *= k / ((shape + k - 1.0) * q);
        k -= 1.0;
        below.push(term);
    }
    let first = k;
    let mut terms: Vec<f64> = below.into_iter().rev().collect();
    terms.push(1.0);
    let (mut k, mut term) = (mode, 1.0);
    loop {
        let ratio = (shape + k) / (k + 1.0) * q;
        term *= ratio;
        k += 1.0;
        terms.push(term);
        // What is still to come is less than a geometric row with this ratio or the last one.
        let worst = ratio.max(q);
        if (worst < 1.0 && term / (1.0 - worst) < 1e-17) || terms.len() > 50_000_000 {
            break;
        }
    }
    let total: f64 = terms.iter().sum();
    p.map(|p| {
        let mut sum = 0.0;
        let at = terms.iter().position(|term| {
            sum += term;
            sum >= p * total
        });
        (first + at.unwrap_or(terms.len() - 1) as f64) as u32
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_those_of_the_value() {
        let counts = [0, 3, 1, 0, 9, 2, 5000, 1, 40];
        let exposure = [1.0, 2.0, 0.5, 3.0, 1.0, 0.25, 8.0, 1.0, 4.0];
        let likelihood = Likelihood::new(counts.into_iter().zip(exposure));
        for (s, t) in [(0.3, 1.0), (-2.0, 3.0), (4.0, -1.0)] {
            let at = likelihood.slopes(s, t);
            let h = 1e-5;
            let (right, left) = (likelihood.slopes(s + h, t), likelihood.slopes(s - h, t));
            let (up, down) = (likelihood.slopes(s, t + h), likelihood.slopes(s, t - h));
            let near = |ours: f64, a: f64, b: f64| {
                let by_steps = (a - b) / (2.0 * h);
                (ours - by_steps).abs() < 1e-5 * by_steps.abs().max(1.0)
            };
            assert!(near(at.by_alpha, right.value, left.value), "{at:?}");
            assert!(near(at.by_mean, up.value, down.value), "{at:?}");
            assert!(near(at.twice_alpha, right.by_alpha, left.by_alpha), "{at:?}");
            assert!(near(at.twice_mean, up.by_mean, down.by_mean), "{at:?}");
            assert!(near(at.both, up.by_alpha, down.by_alpha), "{at:?}");
        }
    }

    #[test]
    fn quantiles_of_a_geometric_distribution_are_its_formula() {
        // Shape 1: P(Y ≤ k) = 1 − q^(k+1).
        for mean in [0.3, 2.0, 50.0, 4000.0] {
            let q: f64 = mean / (1.0 + mean);
            for p in [0.05_f64, 0.5, 0.9, 0.975] {
                let exact = (((1.0 - p).ln() / q.ln()) - 1.0).ceil().max(0.0) as u32;
                assert_eq!(quantiles(1.0, mean, [p]), [exact], "{mean} {p}");
            }
        }
    }

    #[test]
    fn counts_by_the_million_are_taken_as_continuous_without_a_jump() {
        let [below] = quantiles(50.0, MANY * 0.999_999, [0.95]);
        let [above] = quantiles(50.0, MANY * 1.000_001, [0.95]);
        assert!(above.abs_diff(below) < 30, "{below} {above}");
    }
}
