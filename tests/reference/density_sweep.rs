//! Kernel density: every kernel at cell centers and at incidents, plain and weighed; the binned way within its bound.

use hotblocks::analysis::density::binned::binned;
use hotblocks::analysis::density::kde::{KdeParams, kde, kde_at};
use hotblocks::analysis::density::kernel::Kernel;
use hotblocks::space::coord::{Local, Metres};
use hotblocks::space::grid::Grid;

use crate::table::Check;

const GRIDS: &str = include_str!("../../fixtures/reference/density_sweep/grids.csv");
const NUMPY: &str = include_str!("../../fixtures/reference/density_sweep/numpy.csv");
const SPATSTAT: &str = include_str!("../../fixtures/reference/density_sweep/spatstat.csv");
const VERSIONS: &str = include_str!("../../fixtures/reference/density_sweep/versions.csv");
const GOLD: &str = include_str!("../../fixtures/golden/gold_points.csv");
const NEW_HAVEN: &str = include_str!("../../fixtures/reference/density_sweep/new_haven.csv");

/// Cells of the fixtures' lattice in each direction, and how many of ours one of them holds so.
const LATTICE: usize = 12;
const FINER: usize = 9;

/// One of the two sets of points, with its bandwidth and a grid whose every ninth cell is a center of the lattice.
struct Set {
    name: &'static str,
    points: Vec<Local>,
    weights: Vec<f64>,
    bandwidth: Metres,
    grid: Grid,
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no number"))
}

fn rows(csv: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    csv.lines().skip(1).map(|line| line.split(',').collect())
}

fn version(package: &str) -> String {
    let row = rows(VERSIONS).find(|row| row[0] == package).expect("the script noted it");
    format!("{package} {}", row[1])
}

fn sets() -> Vec<Set> {
    let set = |row: Vec<&'static str>| {
        let points: Vec<Local> = rows(if row[0] == "gold" { GOLD } else { NEW_HAVEN })
            .map(|row| Local { x: number(row[0]), y: number(row[1]) })
            .collect();
        let weights = (0..points.len()).map(|i| 0.5 + (i % 5) as f64 / 4.0).collect();
        let grid = Grid {
            origin: Local { x: number(row[2]), y: number(row[3]) },
            cell: Metres(number(row[4]) / FINER as f64),
            n_cols: LATTICE * FINER,
            n_rows: LATTICE * FINER,
        };
        Set { name: row[0], points, weights, bandwidth: Metres(number(row[1])), grid }
    };
    rows(GRIDS).map(set).collect()
}

/// A column of a fixture for a set and a kernel.
fn column(csv: &'static str, set: &Set, kernel: Kernel, column: usize) -> Vec<f64> {
    let of = |row: &Vec<&str>| row[0] == set.name && row[1] == kernel.name();
    rows(csv).filter(of).map(|row| number(row[column])).collect()
}

/// Largest difference of two lists, each in parts of their largest value, over both sets.
fn check(
    method: &'static str,
    reference: String,
    bound: f64,
    mut pair: impl FnMut(&Set) -> (Vec<f64>, Vec<f64>),
) -> Check {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for set in sets() {
        let (one, other) = pair(&set);
        let peak = other.iter().copied().fold(0.0, f64::max);
        ours.extend(one.iter().map(|v| v / peak));
        theirs.extend(other.iter().map(|v| v / peak));
    }
    Check::new(method, reference, (&ours, &theirs), |_| 1.0, (bound, "of the peak"))
}

/// Our surface at the centers of the lattice.
fn at_centers(set: &Set, kernel: Kernel) -> Vec<f64> {
    let params = KdeParams { kernel, bandwidth: set.bandwidth };
    let found = kde(&set.points, None, &set.grid, &params).expect("good input");
    let of = |i: usize| {
        let (col, row) = (i % LATTICE * FINER + FINER / 2, i / LATTICE * FINER + FINER / 2);
        found.per_km2[row * set.grid.n_cols + col]
    };
    (0..LATTICE * LATTICE).map(of).collect()
}

fn weighed(set: &Set, kernel: Kernel) -> Vec<f64> {
    let center = |i: usize| set.grid.center(i % LATTICE * FINER + FINER / 2, i / LATTICE * FINER + FINER / 2);
    let at: Vec<Local> = (0..LATTICE * LATTICE).map(center).collect();
    let params = KdeParams { kernel, bandwidth: set.bandwidth };
    kde_at(&set.points, Some(&set.weights), &at, &params).expect("good input")
}

pub(crate) fn checks() -> Vec<Check> {
    let mut checks = Vec::new();
    let numpy = format!("{}, direct sums", version("numpy"));
    for (kernel, grid, at, kdepy) in [
        (Kernel::Uniform, "Density, uniform, grid", "Density, uniform, places, weighed", "Density, uniform"),
        (
            Kernel::Triangular,
            "Density, triangular, grid",
            "Density, triangular, places, weighed",
            "Density, triangular",
        ),
        (
            Kernel::Epanechnikov,
            "Density, Epanechnikov, grid",
            "Density, Epanechnikov, places, weighed",
            "Density, Epanechnikov",
        ),
        (Kernel::Quartic, "Density, quartic, grid", "Density, quartic, places, weighed", "Density, quartic"),
        (
            Kernel::Triweight,
            "Density, triweight, grid",
            "Density, triweight, places, weighed",
            "Density, triweight",
        ),
        (
            Kernel::Gaussian,
            "Density, Gaussian, grid",
            "Density, Gaussian, places, weighed",
            "Density, Gaussian",
        ),
    ] {
        checks.push(check(grid, numpy.clone(), 1e-9, |set| {
            (at_centers(set, kernel), column(NUMPY, set, kernel, 3))
        }));
        checks.push(check(at, numpy.clone(), 1e-9, |set| {
            (weighed(set, kernel), column(NUMPY, set, kernel, 4))
        }));
        // KDEpy adds a little to every kernel's support.
        checks.push(check(kdepy, format!("{} NaiveKDE", version("KDEpy")), 1e-7, |set| {
            (at_centers(set, kernel), column(NUMPY, set, kernel, 5))
        }));
    }
    for (kernel, method) in [
        (Kernel::Uniform, "Density, uniform, at incidents"),
        (Kernel::Epanechnikov, "Density, Epanechnikov, at incidents"),
        (Kernel::Quartic, "Density, quartic, at incidents"),
        (Kernel::Gaussian, "Density, Gaussian, at incidents"),
    ] {
        checks.push(check(method, version("spatstat.explore"), 1e-9, |set| {
            let theirs = column(SPATSTAT, set, kernel, 3);
            let params = KdeParams { kernel, bandwidth: set.bandwidth };
            let at = &set.points[..theirs.len()];
            (kde_at(&set.points, None, at, &params).expect("good input"), theirs)
        }));
    }
    checks.push(within_its_bound());
    checks
}

/// What the binned surfaces of both sets and all kernels are off, in parts of the bound that they come with.
fn within_its_bound() -> Check {
    let (mut ours, mut exact) = (Vec::new(), Vec::new());
    for set in sets() {
        for kernel in Kernel::ALL {
            let params = KdeParams { kernel, bandwidth: set.bandwidth };
            let found = binned(&set.points, None, &set.grid, &params).expect("good input");
            let sums = kde(&set.points, None, &set.grid, &params).expect("good input");
            ours.extend(found.density.per_km2.iter().map(|v| v / found.error.worst));
            exact.extend(sums.per_km2.iter().map(|v| v / found.error.worst));
        }
    }
    Check::new(
        "Density, binned, six kernels",
        "our exact sums",
        (&ours, &exact),
        |_| 1.0,
        (1.0, "of its own bound"),
    )
}
