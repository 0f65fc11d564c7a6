//! A city to plan in: a warped grid of streets with what three years of counts let one expect of each, and its intersections.
#![allow(dead_code, reason = "the tests and the bench use a part of it each")]

use hotblocks::analysis::chance::Chance;
use hotblocks::analysis::hotspots::weights::Neighbors;
use hotblocks::plan::targets::{Ground, Joint};
use hotblocks::space::coord::Local;

/// Blocks with what they are worth a year, their ground in km², their links and ends.
pub(crate) struct PlanCity {
    pub(crate) value: Vec<f64>,
    pub(crate) area: Vec<f64>,
    pub(crate) length: Vec<f64>,
    pub(crate) neighbors: Neighbors,
    pub(crate) joints: Vec<Joint>,
    pub(crate) corners: Vec<Vec<Local>>,
}

/// Metres between two streets.
const APART: f64 = 120.0;
/// Years of counts.
const YEARS: f64 = 3.0;

/// A count with this mean (Knuth).
fn poisson(chance: &mut Chance, mean: f64) -> f64 {
    let (limit, mut product, mut n) = ((-mean).exp(), chance.unit(), 0.0);
    while product > limit {
        product *= chance.unit();
        n += 1.0;
    }
    n
}

/// What is expected a year where counts come from rates that differ as they do: shrunk to the mean by moments.
fn expected(counts: &[f64]) -> Vec<f64> {
    let n = counts.len() as f64;
    let mean = counts.iter().sum::<f64>() / n / YEARS;
    let spread = counts.iter().map(|y| (y / YEARS - mean).powi(2)).sum::<f64>() / n - mean / YEARS;
    let beta = mean / spread.max(1e-9);
    counts.iter().map(|y| (mean * beta + y) / (beta + YEARS)).collect()
}

impl PlanCity {
    /// A city of `2 · streets · (streets − 1)` blocks; 101 streets each way make 20,200.
    pub(crate) fn new(streets: usize, seed: u64) -> Self {
        let mut chance = Chance::new(seed, 0x9c17);
        let side = APART * (streets - 1) as f64;
        let centers: Vec<(f64, f64, f64)> = (0..12)
            .map(|_| (chance.unit() * side, chance.unit() * side, 400.0 + 900.0 * chance.unit()))
            .collect();
        let node = |col: usize, row: usize| {
            let (u, v) = (col as f64 * APART, row as f64 * APART);
            Local { x: u + 25.0 * (v / 300.0).sin(), y: v + 25.0 * (u / 400.0).sin() }
        };
        let mut rate = |at: Local, base: f64| {
            let near = centers
                .iter()
                .map(|(x, y, s)| (-((at.x - x).powi(2) + (at.y - y).powi(2)) / (2.0 * s * s)).exp());
            // Streets beside each other differ: most are quiet, few are not.
            let own = -(1.0 - chance.unit()).ln() * -(1.0 - chance.unit()).ln();
            let mean = base * (0.25 + 4.0 * near.sum::<f64>()) * own * YEARS;
            poisson(&mut chance, mean.min(200.0))
        };
        let (mut ends, mut counts) = (Vec::new(), Vec::new());
        let mut legs: Vec<Vec<u32>> = vec![Vec::new(); streets * streets];
        for row in 0..streets {
            for col in 0..streets {
                for (to_col, to_row) in [(col + 1, row), (col, row + 1)] {
                    if to_col < streets && to_row < streets {
                        let (a, b) = (node(col, row), node(to_col, to_row));
                        legs[row * streets + col].push(ends.len() as u32);
                        legs[to_row * streets + to_col].push(ends.len() as u32);
                        counts.push(rate(
                            Local { x: f64::midpoint(a.x, b.x), y: f64::midpoint(a.y, b.y) },
                            0.5,
                        ));
                        ends.push(vec![a, b]);
                    }
                }
            }
        }
        let at_nodes: Vec<f64> =
            (0..streets * streets).map(|at| rate(node(at % streets, at / streets), 0.3)).collect();
        let mut links: Vec<Vec<u32>> = vec![Vec::new(); ends.len()];
        for meeting in &legs {
            for &a in meeting {
                links[a as usize].extend(meeting.iter().filter(|&&b| b != a));
            }
        }
        let length: Vec<f64> = ends.iter().map(|pair| pair[0].distance(pair[1]).0).collect();
        let joint = |(value, legs)| Joint { value, legs };
        Self {
            value: expected(&counts),
            area: length.iter().map(|l| l * APART / 2.0 / 1e6).collect(),
            length,
            neighbors: Neighbors::from_lists(links).expect("links of blocks"),
            joints: expected(&at_nodes).into_iter().zip(legs).map(joint).collect(),
            corners: ends,
        }
    }

    /// The city with its ground as cost and size.
    pub(crate) fn ground(&self) -> Ground<'_> {
        Ground {
            value: &self.value,
            cost: &self.area,
            size: &self.area,
            neighbors: &self.neighbors,
            joints: &self.joints,
            corners: &self.corners,
        }
    }
}
