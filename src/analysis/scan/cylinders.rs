//! Cylinders around every place and the last days, with the days that incidents have and with permuted ones.

use rayon::prelude::*;

use super::circles::Circles;
use super::likelihood::{Maxima, log_likelihood_ratio, may_exceed};
use super::space_time::SpaceTimeParams;
use crate::analysis::chance::Chance;
use crate::progress::steps;
use crate::space::coord::Local;

/// Memory for the ages of the incidents in the simulations that are at hand at once.
const AGES_BYTES: usize = 64 << 20;

/// The age of an incident that is older than every cylinder.
pub(super) const OLD: u8 = u8::MAX;

/// Where is scanned.
pub(super) struct Ground<'a> {
    /// Distinct places.
    pub(super) places: &'a [Local],
    /// The first incident of each place, in the order of the places.
    pub(super) start: &'a [u32],
    /// All incidents of the last day, of the last two, and so on.
    pub(super) recent: &'a [f64],
    /// All incidents.
    pub(super) total: f64,
    /// What is asked for.
    pub(super) params: &'a SpaceTimeParams,
}

/// The best cylinder around a center.
#[derive(Clone, Copy)]
pub(super) struct Window {
    /// Its place.
    pub(super) center: u32,
    /// Squared radius.
    pub(super) square: f64,
    /// Age of the oldest day.
    pub(super) age: usize,
    /// Incidents to expect.
    pub(super) expected: f64,
    /// Logarithm of the likelihood ratio.
    pub(super) llr: f64,
}

/// A place of a circle: its incidents as a range, and whether a circle may end here.
type Step = (u32, u32, bool);

/// Durations in lines, so that one step is some instructions for all of them.
const LINE: usize = 16;

/// Incidents of the last day, the last two and so on, and what is to be compared with them.
struct Days {
    counts: Vec<[f64; LINE]>,
    /// All incidents, wherever they are.
    recent: Vec<[f64; LINE]>,
    /// Their part of those of any day: rounded, so only to tell what is worth a look.
    part: Vec<[f64; LINE]>,
}

impl Days {
    fn new(recent: &[f64], total: f64) -> Self {
        let line = |chunk: &[f64]| {
            // Beyond the last duration all is expected, so that no cylinder of it is worth a look.
            let mut line = [total; LINE];
            line[..chunk.len()].copy_from_slice(chunk);
            line
        };
        let recent: Vec<[f64; LINE]> = recent.chunks(LINE).map(line).collect();
        let part = recent.iter().map(|line| line.map(|recent| recent / total)).collect();
        Self { counts: vec![[0.0; LINE]; recent.len()], recent, part }
    }
}

impl Ground<'_> {
    /// The places around a center up to the largest circle.
    fn around(&self, center: usize, circles: &mut Circles, steps: &mut Vec<Step>) {
        let most = self.params.radius.0 * self.params.radius.0;
        circles.around(self.places[center], self.places, most);
        steps.clear();
        let (mut inside, mut whole) = (0, 0);
        for (at, &(_, place)) in circles.near.iter().enumerate() {
            let (from, to) = (self.start[place as usize], self.start[place as usize + 1]);
            inside += to - from;
            if f64::from(inside) > self.params.share * self.total {
                break;
            }
            let ends = circles.ends_at(at);
            steps.push((from, to, ends));
            whole = if ends { steps.len() } else { whole };
        }
        steps.truncate(whole);
    }

    /// Incidents met on one walk from each center.
    pub(super) fn steps(&self) -> u64 {
        let one = |(circles, steps): &mut (Circles, Vec<Step>), center: usize| {
            self.around(center, circles, steps);
            steps.iter().map(|(from, to, _)| u64::from(to - from)).sum::<u64>()
        };
        (0..self.places.len()).into_par_iter().map_init(Default::default, one).sum()
    }

    /// The best cylinder of each center, the largest ratio first.
    pub(super) fn best(&self, ages: &[u8]) -> Vec<Window> {
        let one = |(circles, steps, days): &mut (Circles, Vec<Step>, Days), center: usize| {
            self.around(center, circles, steps);
            let mut best = None::<Window>;
            walk(steps, ages, days, (self.total, self.params.least), 0.0, |step, age, expected, llr| {
                if llr > best.map_or(0.0, |best| best.llr) {
                    best = Some(Window {
                        center: center as u32,
                        square: circles.near[step].0,
                        age,
                        expected,
                        llr,
                    });
                }
                // All that are larger are to be seen, so the bar is the best of this center.
                best.map_or(0.0, |best| best.llr)
            });
            best
        };
        let begin = || (Circles::default(), Vec::new(), Days::new(self.recent, self.total));
        let mut best: Vec<Window> =
            (0..self.places.len()).into_par_iter().map_init(begin, one).flatten_iter().collect();
        // Of equal ratios the smaller circle, the fewer days, then the place that comes first.
        best.sort_by(|a, b| {
            let by_size = a.square.total_cmp(&b.square).then(a.age.cmp(&b.age));
            b.llr.total_cmp(&a.llr).then(by_size).then(a.center.cmp(&b.center))
        });
        best
    }

    /// The largest ratio of each permutation.
    pub(super) fn permute(&self, ages: &[u8]) -> Maxima {
        let mut ascending = ages.to_vec();
        ascending.sort_unstable();
        let together = (AGES_BYTES / ages.len().max(1)).max(1);
        let all: Vec<u64> = (1..=u64::from(self.params.permutations)).collect();
        let mut largest = Vec::with_capacity(all.len());
        let centers = steps(self.places.len() * all.len().div_ceil(together));
        for numbers in all.chunks(together) {
            let permuted: Vec<Vec<u8>> = numbers
                .par_iter()
                .map(|&number| {
                    let mut ages = ascending.clone();
                    Chance::new(self.params.seed, number).shuffle(&mut ages);
                    ages
                })
                .collect();
            let begin = || {
                (Circles::default(), Vec::new(), Days::new(self.recent, self.total), vec![0.0; numbers.len()])
            };
            let found =
                (0..self.places.len()).into_par_iter().with_min_len(16).fold(begin, |mut state, center| {
                    let (circles, steps, days, best) = &mut state;
                    self.around(center, circles, steps);
                    for (ages, best) in permuted.iter().zip(best) {
                        let bar = *best;
                        walk(steps, ages, days, (self.total, self.params.least), bar, |_, _, _, llr| {
                            *best = best.max(llr);
                            *best
                        });
                    }
                    centers.done(1);
                    state
                });
            largest.extend(found.map(|(.., best)| best).reduce(
                || vec![0.0; numbers.len()],
                |all, some| all.iter().zip(&some).map(|(a, b): (&f64, &f64)| a.max(*b)).collect(),
            ));
        }
        Maxima::new(largest)
    }
}

/// Walks outwards from a center and shows every cylinder whose ratio may exceed the bar: position of its last place, age
/// of its oldest day, expected incidents, ratio. What is shown answers with the next bar.
///
/// Between two incidents of the last days a circle only gets to expect more: it is looked at where one comes in.
#[multiversion::multiversion(targets("x86_64+avx512f+avx512bw+avx512vl+avx512dq", "x86_64+avx2"))]
fn walk(
    steps: &[Step],
    ages: &[u8],
    days: &mut Days,
    (total, least): (f64, u64),
    mut bar: f64,
    mut show: impl FnMut(usize, usize, f64, f64) -> f64,
) {
    days.counts.iter_mut().for_each(|line| *line = [0.0; LINE]);
    let (mut inside, mut met) = (0_u32, false);
    for (step, &(from, to, ends)) in steps.iter().enumerate() {
        inside += to - from;
        for &age in &ages[from as usize..to as usize] {
            if age != OLD {
                met = true;
                count(&mut days.counts, age);
            }
        }
        if !(ends && met) {
            continue;
        }
        met = false;
        for (at, ((counts, recent), part)) in days.counts.iter().zip(&days.recent).zip(&days.part).enumerate()
        {
            if !may_any_exceed(bar, counts, part, f64::from(inside), total) {
                continue;
            }
            for (k, (&observed, &recent)) in counts.iter().zip(recent).enumerate() {
                // The product is whole, so one rounding: cylinders that expect the same have the same ratio to the last digit.
                let expected = f64::from(inside) * recent / total;
                if observed >= least as f64 && may_exceed(bar, observed, expected, total) {
                    bar =
                        show(step, at * LINE + k, expected, log_likelihood_ratio(observed, expected, total));
                }
            }
        }
    }
}

/// Counts an incident in all durations that reach back to its day.
#[inline(always)]
fn count(counts: &mut [[f64; LINE]], age: u8) {
    for (line, counts) in counts.iter_mut().enumerate() {
        let age = i32::from(age) - (line * LINE) as i32;
        for (k, count) in (0..).zip(counts) {
            *count += f64::from(u8::from(k >= age));
        }
    }
}

/// Whether any of a line's cylinders may exceed the bar.
#[inline(always)]
fn may_any_exceed(bar: f64, counts: &[f64; LINE], part: &[f64; LINE], inside: f64, total: f64) -> bool {
    let mut any = false;
    for (&observed, &part) in counts.iter().zip(part) {
        any |= may_exceed(bar, observed, inside * part, total);
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_that_are_not_asked_for_are_never_worth_a_look() {
        let mut days = Days::new(&[10.0, 20.0], 100.0);
        (0..5).for_each(|_| count(&mut days.counts, 0));
        // 5 of 10 incidents are to be expected on two days, 1 on one.
        assert!(may_any_exceed(0.0, &days.counts[0], &days.part[0], 10.0, 100.0));
        assert!(!may_any_exceed(99.0, &days.counts[0], &days.part[0], 10.0, 100.0));
        assert_eq!(days.recent[0][LINE - 1] * 10.0 / 100.0, 10.0);
    }
}
