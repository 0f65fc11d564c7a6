//! Circles around every place, with the incidents that there are and with simulated ones.

use rayon::prelude::*;

use super::circles::Circles;
use super::likelihood::{Maxima, log_likelihood_ratio, may_exceed};
use super::spatial::{MOST_STEPS, ScanParams};
use crate::analysis::chance::Chance;
use crate::progress::steps;
use crate::space::coord::Local;

/// Simulations that are scanned at once.
const LANES: usize = 16;

/// Memory for the simulated counts: 64 bytes a place for each 16 simulations that are at hand at once.
const ROWS_BYTES: usize = 64 << 20;

/// Where is scanned, without the incidents.
pub(super) struct Ground<'a> {
    /// Distinct places.
    pub(super) places: &'a [Local],
    /// Exposure of each.
    pub(super) exposed: &'a [f64],
    /// All incidents.
    pub(super) incidents: f64,
    /// All exposure.
    pub(super) all: f64,
    /// What is asked for.
    pub(super) params: &'a ScanParams,
}

/// The best circle around a center.
#[derive(Clone, Copy)]
pub(super) struct Window {
    /// Its place.
    pub(super) center: u32,
    /// Squared radius.
    pub(super) square: f64,
    /// Incidents in it.
    pub(super) observed: u64,
    /// Incidents to expect.
    pub(super) expected: f64,
    /// Logarithm of the likelihood ratio.
    pub(super) llr: f64,
}

impl Window {
    /// The places in it, nearest first.
    pub(super) fn places(&self, places: &[Local]) -> Vec<u32> {
        let mut circles = Circles::default();
        circles.around(places[self.center as usize], places, self.square);
        circles.near.iter().map(|near| near.1).collect()
    }
}

/// A circle's place and, if the circle may end there, the incidents expected in it; else 0.
type Step = (u32, f64);

impl Ground<'_> {
    /// The places around a center up to the largest circle.
    fn steps(&self, center: usize, circles: &mut Circles, steps: &mut Vec<Step>) {
        let most = self.params.radius.map_or(f64::INFINITY, |radius| radius.0 * radius.0);
        circles.around(self.places[center], self.places, most);
        steps.clear();
        let (mut exposed, mut whole) = (0.0, 0);
        for (at, &(_, place)) in circles.near.iter().enumerate() {
            exposed += self.exposed[place as usize];
            if exposed > self.params.share * self.all * (1.0 + 1e-12) {
                break;
            }
            let ends = circles.ends_at(at);
            steps.push((place, if ends { self.incidents * exposed / self.all } else { 0.0 }));
            whole = if ends { steps.len() } else { whole };
        }
        steps.truncate(whole);
    }

    /// Steps of one simulation: incidents drawn, and places passed, 16 at once; counted only where it matters.
    pub(super) fn steps_of_one(&self) -> f64 {
        let of = |passed: f64| self.incidents + passed / LANES as f64;
        let most = of((self.places.len() * self.places.len()) as f64);
        if most * f64::from(self.params.permutations) <= MOST_STEPS {
            return most;
        }
        let one = |(circles, steps): &mut (Circles, Vec<Step>), center: usize| {
            self.steps(center, circles, steps);
            steps.len() as u64
        };
        of((0..self.places.len()).into_par_iter().map_init(Default::default, one).sum::<u64>() as f64)
    }

    /// The best circle of each center, the largest ratio first.
    pub(super) fn best(&self, observed: &[u64]) -> Vec<Window> {
        let one = |(circles, steps): &mut (Circles, Vec<Step>), center: usize| {
            self.steps(center, circles, steps);
            let (mut count, mut best) = (0, None::<Window>);
            for (at, &(place, expected)) in steps.iter().enumerate() {
                count += observed[place as usize];
                if expected > 0.0 && count >= self.params.least {
                    let llr = log_likelihood_ratio(count as f64, expected, self.incidents);
                    if llr > best.map_or(0.0, |best| best.llr) {
                        let square = circles.near[at].0;
                        best = Some(Window { center: center as u32, square, observed: count, expected, llr });
                    }
                }
            }
            best
        };
        let mut best: Vec<Window> =
            (0..self.places.len()).into_par_iter().map_init(Default::default, one).flatten_iter().collect();
        // Of equal ratios the smaller circle, then the place that comes first.
        best.sort_by(|a, b| {
            b.llr.total_cmp(&a.llr).then(a.square.total_cmp(&b.square)).then(a.center.cmp(&b.center))
        });
        best
    }

    /// The largest ratio of each simulation.
    pub(super) fn simulate(&self, incidents: u32) -> Maxima {
        let n = self.places.len();
        let guide = Guide::new(self.exposed);
        let together = (ROWS_BYTES / (n * LANES * 4)).max(1) * LANES;
        let simulations = self.params.permutations as usize;
        let mut largest = Vec::with_capacity(simulations);
        let centers = steps(n * simulations.div_ceil(together));
        for begin in (0..simulations).step_by(together) {
            let numbers: Vec<usize> = (begin..simulations.min(begin + together)).collect();
            let rows: Vec<Vec<[u32; LANES]>> = numbers
                .par_chunks(LANES)
                .map(|numbers| {
                    let mut rows = vec![[0; LANES]; n];
                    for (lane, &number) in numbers.iter().enumerate() {
                        let mut chance = Chance::new(self.params.seed, number as u64 + 1);
                        for _ in 0..incidents {
                            rows[guide.place(chance.unit())][lane] += 1;
                        }
                    }
                    rows
                })
                .collect();
            let nothing = || (Circles::default(), Vec::new(), vec![[0.0; LANES]; rows.len()]);
            let found = (0..n).into_par_iter().with_min_len(16).fold(nothing, |mut state, center| {
                let (circles, steps, best) = &mut state;
                self.steps(center, circles, steps);
                for (rows, best) in rows.iter().zip(best) {
                    walk(rows, steps, self.incidents, self.params.least, best);
                }
                centers.done(1);
                state
            });
            let best = found.map(|(.., best)| best).reduce(
                || vec![[0.0; LANES]; rows.len()],
                |mut all, some| {
                    for (a, b) in all.iter_mut().flatten().zip(some.iter().flatten()) {
                        *a = a.max(*b);
                    }
                    all
                },
            );
            largest.extend(best.into_iter().flatten().take(numbers.len()));
        }
        Maxima::new(largest)
    }
}

/// Walks outwards from a center in 16 simulations at once and keeps the largest ratio of each.
#[multiversion::multiversion(targets("x86_64+avx512f+avx512bw+avx512vl+avx512dq", "x86_64+avx2"))]
fn walk(rows: &[[u32; LANES]], steps: &[Step], total: f64, least: u64, best: &mut [f64; LANES]) {
    let mut counts = [0_u32; LANES];
    for &(place, expected) in steps {
        let row = &rows[place as usize];
        for (count, more) in counts.iter_mut().zip(row) {
            *count = count.wrapping_add(*more);
        }
        if expected == 0.0 {
            continue;
        }
        let mut larger = false;
        for (&count, &best) in counts.iter().zip(best.iter()) {
            larger |= may_exceed(best, f64::from(count), expected, total);
        }
        if larger {
            for (&count, best) in
                counts.iter().zip(best.iter_mut()).filter(|(count, _)| u64::from(**count) >= least)
            {
                *best = best.max(log_likelihood_ratio(f64::from(count), expected, total));
            }
        }
    }
}

/// A table to draw places by their exposure: a guide says where to begin to look (Chen & Asau 1974).
struct Guide {
    up_to: Vec<f64>,
    first: Vec<u32>,
}

impl Guide {
    fn new(exposed: &[f64]) -> Self {
        let mut sum = 0.0;
        let mut up_to: Vec<f64> = exposed
            .iter()
            .map(|&e| {
                sum += e;
                sum
            })
            .collect();
        up_to.iter_mut().for_each(|part| *part /= sum);
        // What rounding leaves of 1 belongs to the last place that has any.
        if let Some(last) = exposed.iter().rposition(|&e| e > 0.0) {
            up_to[last..].iter_mut().for_each(|part| *part = 1.0);
        }
        let n = up_to.len();
        let first =
            (0..n).map(|k| up_to.partition_point(|&part| part <= k as f64 / n as f64) as u32).collect();
        Self { up_to, first }
    }

    /// The place at a part of all exposure, from 0 up to but without 1.
    fn place(&self, part: f64) -> usize {
        let n = self.first.len();
        let mut at = self.first[((part * n as f64) as usize).min(n - 1)] as usize;
        // Rounding may have put the beginning one too far.
        while at > 0 && self.up_to[at - 1] > part {
            at -= 1;
        }
        while self.up_to[at] <= part {
            at += 1;
        }
        at
    }
}
