//! How large a cell and how far a neighbor: Esri's steps, each told.

use rayon::prelude::*;
use rstar::RTree;

use super::moran::{Weighting, moran};
use super::values::HotSpotError;
use super::weights::{Neighbors, NeighborsError};
use crate::space::coord::{Local, Metres};

/// Fewer incidents or units than this say nothing of distances.
pub const LEAST: usize = 30;
/// Bands that are tried.
const TRIED: usize = 10;
/// A peak counts where z is above the 5 % level.
const SIGNIFICANT: f64 = 1.96;

/// Why no cell or band can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BandError {
    /// Too few to tell distances from.
    #[error("{given} are too few to choose from; give at least {LEAST}, or a length of your own")]
    Few {
        /// How many incidents or units.
        given: usize,
    },
    /// All lie at one place.
    #[error("all {given} lie at one place; give a length of your own")]
    OnePlace {
        /// How many incidents or units.
        given: usize,
    },
    /// A coordinate is no number.
    #[error("place {index} has no finite coordinates")]
    Coordinates {
        /// Position of the place, from 0.
        index: usize,
    },
    /// The values cannot be compared.
    #[error(transparent)]
    Values(#[from] HotSpotError),
    /// So many lie within a band that was tried that their links do not fit.
    #[error("a band cannot be tried; give one of your own")]
    Neighbors(#[from] NeighborsError),
}

/// Distances to the nearest other place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spacing {
    /// Incidents or units.
    pub given: usize,
    /// Different places among them.
    pub places: usize,
    /// Places farther from the nearest other one than three standard deviations above the mean of all: left out.
    pub outliers: usize,
    /// Mean distance to the nearest other place, without outliers.
    pub mean: Metres,
    /// Median of the same.
    pub median: Metres,
    /// Largest of the same.
    pub largest: Metres,
}

/// A size of cell, and what it follows from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CellChoice {
    /// Distances between the places of the incidents.
    pub spacing: Spacing,
    /// Twice the larger of their mean and median.
    pub cell: Metres,
}

/// A band that was tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tried {
    /// How far a neighbor may be.
    pub band: Metres,
    /// z of global Moran's I with it.
    pub z: f64,
}

/// Which step decided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BandRule {
    /// The first band whose z is above those beside it, and above 1.96.
    Peak,
    /// No peak: the mean distance to the `k`-th nearest place.
    Nearest {
        /// 5 % of the units, at least 3 and at most 30.
        k: usize,
        /// That distance.
        distance: Metres,
    },
    /// No peak, and that distance is longer than the standard distance, which is taken.
    StandardDistance {
        /// As above.
        k: usize,
        /// As above.
        distance: Metres,
    },
}

/// A band, and every step on the way to it.
#[derive(Clone, Debug, PartialEq)]
pub struct BandChoice {
    /// Distances between the units.
    pub spacing: Spacing,
    /// The bands in the order in which they were tried.
    pub tried: Vec<Tried>,
    /// Root of the mean squared distance of the units to their middle.
    pub standard_distance: Metres,
    /// Which step decided.
    pub rule: BandRule,
    /// How far a neighbor may be.
    pub band: Metres,
}

/// Chooses the size of cells that incidents are counted in.
///
/// ```text
/// cell = 2 max(mean, median) of the distance from each place to the nearest other one
/// ```
///
/// Steps: incidents at one place are one; places are left out whose distance is more than three standard deviations
/// above the mean of all. Every number on the way is in the answer. Time O(n log n).
/// Source: Esri, *How Optimized Hot Spot Analysis works*; the meaning of an outlier is our reading of it.
///
/// # Errors
///
/// [`BandError::Few`] below [`LEAST`] incidents, [`BandError::OnePlace`], [`BandError::Coordinates`].
pub fn optimized_cell(incidents: &[Local]) -> Result<CellChoice, BandError> {
    let spacing = Distances::of(incidents)?.spacing;
    Ok(CellChoice { spacing, cell: Metres(2.0 * spacing.mean.0.max(spacing.median.0)) })
}

/// Chooses how far a neighbor may be.
///
/// Steps: z of global Moran's I (rows standardised, randomisation) for ten bands, from the distance at which each unit
/// has a neighbor (outliers left out) on, in steps of the mean distance to the nearest one. The first band with a z
/// above both beside it and above 1.96 is taken. Without one, the mean distance to the K-th nearest place is, with K 5 %
/// of the units, at least 3 and at most 30; but no more than the standard distance. Every number on the way is in the
/// answer.
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `units` | middles of the cells or blocks, those without incidents included | `n` | m |
/// | `values` | counts or rates | `n` | any |
/// | returns | the band, and the steps | | m |
///
/// Time that of ten times [`Neighbors::within`] and [`moran`].
/// Source: Esri, *How Optimized Hot Spot Analysis works* and *How Incremental Spatial Autocorrelation works*; that a
/// peak must be above 1.96 is our reading of "significant".
///
/// # Errors
///
/// [`BandError::Few`] below [`LEAST`] units, [`BandError::OnePlace`], [`BandError::Coordinates`];
/// [`BandError::Values`] if the values cannot be compared, [`BandError::Neighbors`] if a band has too many links.
pub fn optimized_band(units: &[Local], values: &[f64]) -> Result<BandChoice, BandError> {
    let distances = Distances::of(units)?;
    let spacing = distances.spacing;
    let tried: Vec<Tried> = (0..TRIED)
        .map(|step| Metres(spacing.largest.0 + step as f64 * spacing.mean.0))
        .map(|band| {
            let near = Neighbors::within(units, band)?;
            Ok(Tried { band, z: moran(values, &near, Weighting::RowStandardized)?.z })
        })
        .collect::<Result<_, BandError>>()?;
    let standard_distance = standard_distance(units);
    let is_peak =
        |three: &[Tried]| three[1].z > three[0].z && three[1].z > three[2].z && three[1].z > SIGNIFICANT;
    let (rule, band) = match tried.windows(3).find(|three| is_peak(three)) {
        Some(three) => (BandRule::Peak, three[1].band),
        None => {
            let k = (units.len() / 20).clamp(3, 30).min(spacing.places - 1);
            let distance = distances.mean_to(k);
            if distance.0 > standard_distance.0 {
                (BandRule::StandardDistance { k, distance }, standard_distance)
            } else {
                (BandRule::Nearest { k, distance }, distance)
            }
        }
    };
    Ok(BandChoice { spacing, tried, standard_distance, rule, band })
}

/// Root of the mean squared distance to the middle, summed from west to east so that the order changes nothing.
fn standard_distance(at: &[Local]) -> Metres {
    let spread = |mut along: Vec<f64>| {
        along.sort_unstable_by(f64::total_cmp);
        let mean = along.iter().sum::<f64>() / along.len() as f64;
        along.iter().map(|one| (one - mean) * (one - mean)).sum::<f64>() / along.len() as f64
    };
    let (x, y) = (at.iter().map(|p| p.x).collect(), at.iter().map(|p| p.y).collect());
    Metres((spread(x) + spread(y)).sqrt())
}

/// Different places, from west to east, in a tree.
struct Distances {
    tree: RTree<[f64; 2]>,
    places: Vec<[f64; 2]>,
    spacing: Spacing,
}

impl Distances {
    fn of(at: &[Local]) -> Result<Self, BandError> {
        let given = at.len();
        if given < LEAST {
            return Err(BandError::Few { given });
        }
        if let Some(index) = at.iter().position(|at| !(at.x.is_finite() && at.y.is_finite())) {
            return Err(BandError::Coordinates { index });
        }
        let mut places: Vec<[f64; 2]> = at.iter().map(|at| [at.x + 0.0, at.y + 0.0]).collect();
        places.par_sort_unstable_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
        places.dedup();
        if places.len() < 2 {
            return Err(BandError::OnePlace { given });
        }
        let tree = RTree::bulk_load(places.clone());
        let mut nearest = to_nearest(&tree, &places, 1);
        nearest.sort_unstable_by(f64::total_cmp);
        let mean = |some: &[f64]| some.iter().sum::<f64>() / some.len() as f64;
        let all = mean(&nearest);
        let deviation =
            (nearest.iter().map(|d| (d - all) * (d - all)).sum::<f64>() / nearest.len() as f64).sqrt();
        let kept = &nearest[..nearest.partition_point(|&d| d <= all + 3.0 * deviation)];
        let half = kept.len() / 2;
        let median = if kept.len() % 2 == 1 { kept[half] } else { f64::midpoint(kept[half - 1], kept[half]) };
        let spacing = Spacing {
            given,
            places: places.len(),
            outliers: nearest.len() - kept.len(),
            mean: Metres(mean(kept)),
            median: Metres(median),
            largest: Metres(kept[kept.len() - 1]),
        };
        Ok(Self { tree, places, spacing })
    }

    /// The mean distance to the `k`-th nearest place.
    fn mean_to(&self, k: usize) -> Metres {
        let mut all = to_nearest(&self.tree, &self.places, k);
        all.sort_unstable_by(f64::total_cmp);
        Metres(all.iter().sum::<f64>() / all.len() as f64)
    }
}

/// The distance from each place to its `k`-th nearest other one.
fn to_nearest(tree: &RTree<[f64; 2]>, places: &[[f64; 2]], k: usize) -> Vec<f64> {
    let one = |at: &[f64; 2]| {
        // The first is the place itself.
        let squared =
            tree.nearest_neighbor_iter_with_distance_2(at).nth(k).map_or(0.0, |(_, squared)| squared);
        // A root may be rounded down: then a band of it would leave out those that lie at its end.
        let root = squared.sqrt();
        if root * root < squared { root.next_up() } else { root }
    };
    places.par_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lattice(n: usize, side: f64) -> Vec<Local> {
        (0..n * n).map(|cell| Local { x: (cell % n) as f64 * side, y: (cell / n) as f64 * side }).collect()
    }

    #[test]
    fn a_cell_is_twice_the_spacing_without_doubles_and_outliers() {
        let mut at = lattice(8, 30.0);
        at.extend(lattice(3, 30.0));
        at.push(Local { x: 9000.0, y: 0.0 });
        let found = optimized_cell(&at).expect("usable");
        assert_eq!((found.spacing.given, found.spacing.places, found.spacing.outliers), (74, 65, 1));
        assert_eq!(
            (found.spacing.mean, found.spacing.median, found.cell),
            (Metres(30.0), Metres(30.0), Metres(60.0))
        );
    }

    #[test]
    fn the_first_band_gives_each_unit_a_neighbor() {
        for (x, y) in [(60.0, 30.0), (10.0, 20.0), (70.0, 10.0), (0.1, 0.3), (1.0, 1.0)] {
            let at: Vec<Local> = (0..64)
                .map(|cell| (f64::from(cell % 8), f64::from(cell / 8)))
                .map(|(i, j)| Local { x: i * x - j * y, y: i * y + j * x })
                .collect();
            let values: Vec<f64> = (0..64).map(|cell| f64::from(cell * 31 % 17)).collect();
            let band = optimized_band(&at, &values).expect("good input").tried[0].band;
            assert_eq!(
                Neighbors::within(&at, band).expect("good input").islands(),
                Vec::<usize>::new(),
                "{x}, {y}"
            );
        }
    }

    #[test]
    fn a_peak_lies_at_the_size_of_the_patches() {
        // Patches of 4 × 4 cells, in turn high and low.
        let at = lattice(24, 100.0);
        let values: Vec<f64> = (0..24 * 24)
            .map(|cell: usize| {
                ((cell % 24 / 4 + cell / 24 / 4) % 2) as f64 + (cell * 7919 % 13) as f64 * 0.01
            })
            .collect();
        let found = optimized_band(&at, &values).expect("usable");
        let best = found.tried.iter().position(|tried| tried.band == found.band).expect("one that was tried");
        assert_eq!((found.rule, found.tried.len()), (BandRule::Peak, 10));
        assert!((1..=3).contains(&best), "{found:?}");
        assert!(
            found.tried[best].z > found.tried[best - 1].z && found.tried[best].z > found.tried[best + 1].z
        );
        assert_eq!((found.tried[0].band, found.tried[1].band), (Metres(100.0), Metres(200.0)));
    }

    #[test]
    fn without_a_peak_the_nearest_neighbors_decide() {
        // A slope: the longer the band, the stronger.
        let at = lattice(16, 50.0);
        let values: Vec<f64> = at.iter().map(|at| at.x + at.y).collect();
        let found = optimized_band(&at, &values).expect("usable");
        let BandRule::Nearest { k, distance } = found.rule else { panic!("{found:?}") };
        assert_eq!((k, distance), (12, found.band));
        assert!(distance.0 > 50.0 && distance.0 < found.standard_distance.0);
    }

    #[test]
    fn too_few_or_one_place_are_refused() {
        assert_eq!(optimized_cell(&lattice(5, 1.0)), Err(BandError::Few { given: 25 }));
        assert_eq!(optimized_cell(&[Local { x: 1.0, y: 2.0 }; 40]), Err(BandError::OnePlace { given: 40 }));
        let values = vec![3.0; 36];
        let constant = BandError::Values(HotSpotError::Constant { units: 36, value: 3.0 });
        assert_eq!(optimized_band(&lattice(6, 1.0), &values), Err(constant));
    }

    #[test]
    fn the_order_of_the_units_changes_nothing() {
        let at = lattice(9, 37.3);
        let values: Vec<f64> = (0..81).map(|cell| f64::from(cell * 31 % 17)).collect();
        let turn = |some: &[f64]| some.iter().rev().copied().collect::<Vec<_>>();
        let turned: Vec<Local> = at.iter().rev().copied().collect();
        let (there, back) = (
            optimized_band(&at, &values).expect("usable"),
            optimized_band(&turned, &turn(&values)).expect("usable"),
        );
        assert_eq!((there.band, there.rule, there.spacing), (back.band, back.rule, back.spacing));
    }
}
