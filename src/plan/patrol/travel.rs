//! Travel between areas in whole minutes, and what stops in random order are expected to need of it.

use crate::space::coord::Local;

/// The areas that one officer may enter, with the minutes between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Territory {
    /// The areas, ascending.
    pub areas: Vec<usize>,
    /// Their middles' mean, where a shift's first leg begins.
    pub middle: Local,
    /// From the middle to each.
    base: Vec<u32>,
    /// From each to each, row by row.
    legs: Vec<u32>,
}

impl Territory {
    /// Areas by their place among `centers`, a metre taking so many minutes.
    #[must_use]
    pub fn new(areas: Vec<usize>, centers: &[Local], minutes_a_metre: f64) -> Self {
        let n = areas.len().max(1) as f64;
        let mean = |of: &dyn Fn(&Local) -> f64| areas.iter().map(|&area| of(&centers[area])).sum::<f64>() / n;
        let middle = Local { x: mean(&|at| at.x), y: mean(&|at| at.y) };
        let minutes = |a: Local, b: Local| {
            let exact = a.distance(b).0 * minutes_a_metre;
            (exact - 1e-9).ceil().clamp(0.0, 1e6) as u32
        };
        let base = areas.iter().map(|&area| minutes(middle, centers[area])).collect();
        let row = |&a: &usize| areas.iter().map(move |&b| (a, b));
        let legs = areas.iter().flat_map(row).map(|(a, b)| minutes(centers[a], centers[b])).collect();
        Self { areas, middle, base, legs }
    }

    /// Minutes into an area from another, or from the middle.
    #[must_use]
    pub fn leg(&self, from: Option<usize>, to: usize) -> u32 {
        let place = |area| self.areas.binary_search(&area).unwrap_or(0);
        let to = place(to);
        from.map_or(self.base[to], |from| self.legs[place(from) * self.areas.len() + to])
    }

    /// The mean leg between two different areas, in minutes; 0 where there is but one.
    #[must_use]
    pub fn mean_leg(&self) -> f64 {
        let n = self.areas.len();
        let pairs = (n * n.saturating_sub(1)).max(1);
        self.legs.iter().map(|&leg| f64::from(leg)).sum::<f64>() / pairs as f64
    }

    /// The mean way from an area to the nearest other one, in whole minutes; 0 where there is but one.
    #[must_use]
    pub fn nearest_leg(&self) -> u32 {
        let n = self.areas.len();
        let nearest = |(at, row): (usize, &[u32])| {
            (0..n).filter(|&to| to != at).map(|to| u64::from(row[to])).min().unwrap_or(0)
        };
        let sum: u64 = self.legs.chunks_exact(n.max(1)).enumerate().map(nearest).sum();
        u32::try_from(sum / n.max(1) as u64).unwrap_or(u32::MAX)
    }

    /// The longest leg, that from the middle among them.
    #[must_use]
    pub fn longest(&self) -> u32 {
        self.base.iter().chain(&self.legs).copied().max().unwrap_or(0)
    }

    /// Expected travel of a shift whose stops come in random order within each window, in minutes.
    ///
    /// ```text
    /// E = mean leg from the middle into the first window
    ///   + Σ_w (n_w − 1) × mean leg within window w + Σ_w mean leg from window w into the next
    /// ```
    ///
    /// All orders within a window are equally likely and windows are drawn apart from each other, so this is exact.
    /// Time O(stops²).
    #[must_use]
    pub fn expected(&self, windows: &[Vec<usize>]) -> f64 {
        let mut before: Option<&Vec<usize>> = None;
        let mut sum = 0.0;
        for window in windows.iter().filter(|window| !window.is_empty()) {
            let n = window.len() as f64;
            let into =
                |from: Option<usize>| window.iter().map(|&to| f64::from(self.leg(from, to))).sum::<f64>();
            sum += match before {
                None => into(None) / n,
                Some(before) => {
                    before.iter().map(|&from| into(Some(from))).sum::<f64>() / (n * before.len() as f64)
                }
            };
            if window.len() > 1 {
                // (n − 1) legs, each the mean over n (n − 1) ordered pairs; a leg to oneself is 0.
                sum += window.iter().map(|&from| into(Some(from))).sum::<f64>() / n;
            }
            before = Some(window);
        }
        sum
    }

    /// Each window's stops by the nearest next one: short, and the same for every seed.
    #[must_use]
    pub fn nearest_order(&self, windows: &[Vec<usize>]) -> Vec<Vec<usize>> {
        let mut at = None;
        let mut ordered = Vec::with_capacity(windows.len());
        for window in windows {
            let (mut left, mut order) = (window.clone(), Vec::with_capacity(window.len()));
            while let Some(place) =
                (0..left.len()).min_by_key(|&place| (self.leg(at, left[place]), left[place]))
            {
                at = Some(left.remove(place));
                order.extend(at);
            }
            ordered.push(order);
        }
        ordered
    }

    /// The minutes of each leg of an order, window by window.
    #[must_use]
    pub fn legs(&self, windows: &[Vec<usize>]) -> Vec<Vec<u32>> {
        let mut at = None;
        let mut leg = |&to: &usize| {
            let minutes = self.leg(at, to);
            at = Some(to);
            minutes
        };
        windows.iter().map(|window| window.iter().map(&mut leg).collect()).collect()
    }
}

/// Kilometres an hour from `30km/h` or `20mph`; a bare number is refused, since its unit would be a guess.
#[must_use]
pub fn parse_speed(text: &str) -> Option<f64> {
    const UNITS: [(&str, f64); 3] = [("km/h", 1.0), ("kmh", 1.0), ("mph", 1.609_344)];
    let text = text.trim().to_ascii_lowercase();
    let (unit, km) = UNITS.iter().find(|(unit, _)| text.ends_with(unit))?;
    let number: f64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
    Some(number * km)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn territory() -> Territory {
        let at = |x: f64, y: f64| Local { x, y };
        let centers = [at(0., 0.), at(1000., 0.), at(0., 2000.), at(3000., 1000.), at(500., 500.)];
        // 500 m a minute.
        Territory::new((0..5).collect(), &centers, 1.0 / 500.0)
    }

    /// All orders of a list.
    fn orders(items: &[usize]) -> Vec<Vec<usize>> {
        if items.is_empty() {
            return vec![Vec::new()];
        }
        let mut all = Vec::new();
        for first in 0..items.len() {
            let mut rest = items.to_vec();
            let head = rest.remove(first);
            all.extend(orders(&rest).into_iter().map(|tail| [vec![head], tail].concat()));
        }
        all
    }

    #[test]
    fn the_expected_travel_is_the_mean_over_all_orders() {
        let territory = territory();
        for windows in [
            vec![vec![0, 1, 2], vec![1, 3]],
            vec![vec![4]],
            vec![Vec::new(), vec![0, 3], Vec::new(), vec![0, 3, 4, 2]],
        ] {
            let mut all: Vec<Vec<Vec<usize>>> = vec![Vec::new()];
            for window in &windows {
                let each = orders(window);
                all = all
                    .iter()
                    .flat_map(|head| each.iter().map(move |tail| [head.clone(), vec![tail.clone()]].concat()))
                    .collect();
            }
            let travel = |order: &Vec<Vec<usize>>| territory.legs(order).concat().iter().sum::<u32>();
            let mean = all.iter().map(|order| f64::from(travel(order))).sum::<f64>() / all.len() as f64;
            assert!((territory.expected(&windows) - mean).abs() < 1e-9, "{windows:?}");
            let nearest = travel(&territory.nearest_order(&windows));
            assert!(f64::from(nearest) <= mean + 1e-9, "{nearest} {mean}");
        }
    }

    #[test]
    fn legs_are_whole_minutes_rounded_up_and_exact_ones_stay() {
        let territory = territory();
        assert_eq!(
            (territory.leg(Some(0), 1), territory.leg(Some(0), 2), territory.leg(Some(0), 4)),
            (2, 4, 2)
        );
        assert_eq!((territory.leg(Some(1), 1), territory.longest()), (0, 7));
        assert_eq!(Territory::new(vec![0], &[Local { x: 1., y: 1. }], 1.0).mean_leg(), 0.0);
    }

    #[test]
    fn a_speed_needs_its_unit() {
        assert_eq!((parse_speed("30km/h"), parse_speed(" 30 KM/H ")), (Some(30.0), Some(30.0)));
        assert!((parse_speed("20mph").expect("a speed") - 32.186_88).abs() < 1e-9);
        for bad in ["30", "km/h", "", "fast", "30 m/s"] {
            assert_eq!(parse_speed(bad), None, "{bad}");
        }
    }
}
