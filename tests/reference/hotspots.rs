//! The checks of hot spots: neighbors by libpysal, Gi* and Moran by spdep and esda, q-values by statsmodels and SciPy.

use std::collections::BTreeMap;

use geo::{Geometry, MapCoords};
use hotblocks::analysis::hotspots::band::{BandChoice, BandRule, optimized_band};
use hotblocks::analysis::hotspots::contiguity::of_polygons;
use hotblocks::analysis::hotspots::emerging::{EmergingParams, emerging};
use hotblocks::analysis::hotspots::fdr::{Fdr, q_values};
use hotblocks::analysis::hotspots::gistar::{gi_star, gi_star_permuted};
use hotblocks::analysis::hotspots::local_moran::{local_moran, local_moran_permuted};
use hotblocks::analysis::hotspots::mann_kendall::mann_kendall;
use hotblocks::analysis::hotspots::moran::{Weighting, moran};
use hotblocks::analysis::hotspots::permute::Permutations;
use hotblocks::analysis::hotspots::values::two_sided_p;
use hotblocks::analysis::hotspots::weights::{Contiguity, Neighbors};
use hotblocks::analysis::hotspots::window::{Lattice, Window, gi_star_on_grid, gi_star_on_grid_permuted};
use hotblocks::space::coord::{Local, LonLat, Metres};
use hotblocks::space::crs::Crs;

use crate::common::repository;
use crate::table::Check;

/// The 5 × 5 grid of the golden numbers.
const FIVE: [u32; 25] = [0, 1, 0, 2, 1, 1, 3, 2, 0, 0, 0, 4, 9, 3, 1, 0, 1, 5, 2, 0, 1, 0, 0, 1, 0];

fn text(file: &str) -> String {
    std::fs::read_to_string(repository("fixtures/reference/hotspots").join(file)).expect("a fixture")
}

fn rows(file: &str) -> Vec<Vec<String>> {
    text(file).lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

fn number(text: &str) -> f64 {
    text.parse().expect("a number")
}

/// What others found: units and values by what was asked.
struct Theirs(BTreeMap<String, Vec<(usize, f64)>>);

impl Theirs {
    fn read(file: &str) -> Self {
        let mut all: BTreeMap<String, Vec<(usize, f64)>> = BTreeMap::new();
        for row in rows(file) {
            all.entry(row[0].clone()).or_default().push((number(&row[1]) as usize, number(&row[2])));
        }
        Self(all)
    }

    /// Ours of the same units beside theirs, one set after the other.
    fn beside(&self, asked: &[(&str, &[f64])]) -> (Vec<f64>, Vec<f64>) {
        let of = |&(what, ours): &(&str, &[f64])| {
            self.0[what].iter().map(|&(unit, theirs)| (ours[unit], theirs)).collect::<Vec<_>>()
        };
        asked.iter().flat_map(of).unzip()
    }
}

fn versions() -> BTreeMap<String, String> {
    rows("versions.csv").into_iter().map(|row| (row[0].clone(), format!("{} {}", row[0], row[1]))).collect()
}

/// The units of New Haven, and the golden grid.
struct Ground {
    cells: Vec<u32>,
    mask: Vec<bool>,
    n_cols: usize,
    n_rows: usize,
    middle: Vec<Local>,
    counts: Vec<f64>,
    steps: Vec<Vec<f64>>,
    shapes: Vec<Geometry>,
}

impl Ground {
    fn read() -> Self {
        let cells = rows("cells.csv");
        let size =
            |column: usize| cells.iter().map(|row| number(&row[column]) as usize).max().unwrap_or(0) + 1;
        let blocks = rows("blocks.csv");
        let column = |at: usize| blocks.iter().map(|row| number(&row[at])).collect::<Vec<_>>();
        let (x, y) = (column(0), column(1));
        Self {
            cells: cells.iter().map(|row| number(&row[2]) as u32).collect(),
            mask: cells.iter().map(|row| row[3] == "1").collect(),
            n_cols: size(0),
            n_rows: size(1),
            middle: x.into_iter().zip(y).map(|(x, y)| Local { x, y }).collect(),
            counts: column(2),
            steps: (3..18).map(column).collect(),
            shapes: shapes(),
        }
    }

    fn lattice(&self) -> Lattice<'_> {
        Lattice { n_cols: self.n_cols, n_rows: self.n_rows, mask: Some(&self.mask) }
    }

    /// Counts of the cells inside.
    fn inside(&self) -> Vec<f64> {
        let inside = self.cells.iter().zip(&self.mask).filter(|(_, inside)| **inside);
        inside.map(|(count, _)| f64::from(*count)).collect()
    }

    fn contiguous(&self, contiguity: Contiguity) -> Neighbors {
        of_polygons(&self.shapes.iter().collect::<Vec<_>>(), contiguity).expect("polygons")
    }
}

/// The blocks of the sample in the local plane.
fn shapes() -> Vec<Geometry> {
    let file = repository("data/new-haven/derived_newhaven_blocks.geojson");
    let text = std::fs::read_to_string(file).expect("the sample");
    let collection: geojson::FeatureCollection = text.parse().expect("GeoJSON");
    let crs = Crs::new("EPSG:32618").expect("UTM");
    let local =
        |at: geo::Coord| crs.to_local(LonLat::new(at.x, at.y).expect("degrees")).expect("near").into();
    let shape = |feature: geojson::Feature| {
        let shape: Geometry = feature.geometry.expect("a shape").try_into().expect("a shape geo knows");
        shape.map_coords(local)
    };
    collection.features.into_iter().map(shape).collect()
}

pub(crate) fn checks() -> Vec<Check> {
    let (ground, python, r, versions) =
        (Ground::read(), Theirs::read("python.csv"), Theirs::read("r.csv"), versions());
    let (esda, spdep) = (&versions["esda"], &versions["spdep"]);
    let mut checks = links(&ground, &python, &versions["libpysal"]);
    let z = scores(&ground);
    let asked: Vec<(&str, &[f64])> = z.iter().map(|(name, z)| (*name, &z[..])).collect();
    for (theirs, who) in [(&python, esda), (&r, spdep)] {
        checks.push(Check::new(
            "Gi*: 5 × 5 grid; New Haven, cells (queen, 1 km) and blocks (queen, 300 m, 8 nearest)",
            who.clone(),
            pair(&theirs.beside(&asked)),
            |_| 1.0,
            (1e-11, "z"),
        ));
    }
    checks.extend(morans(&ground, &python, &r, (esda, spdep)));
    checks.extend(rates(&z, &python, &versions));
    checks.extend(permuted(&ground, &python));
    checks.extend(through_time(&ground, &python, esda));
    checks.extend(bands(&ground, &python));
    checks
}

fn pair((ours, theirs): &(Vec<f64>, Vec<f64>)) -> (&[f64], &[f64]) {
    (ours, theirs)
}

/// Links that one side has and the other has not.
fn links(ground: &Ground, python: &Theirs, libpysal: &str) -> Vec<Check> {
    let lists = rows("links.csv");
    let check = |name: &str, near: &Neighbors, method: &'static str| {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for row in lists.iter().filter(|row| row[0] == name) {
            let list: Vec<u32> =
                row[2].split_whitespace().map(|unit| unit.parse().expect("a unit")).collect();
            let all: std::collections::BTreeSet<u32> =
                list.iter().chain(near.of(number(&row[1]) as usize)).copied().collect();
            let has = |list: &[u32], unit: &u32| f64::from(u8::from(list.contains(unit)));
            ours.extend(all.iter().map(|unit| has(near.of(number(&row[1]) as usize), unit)));
            theirs.extend(all.iter().map(|unit| has(&list, unit)));
        }
        Check::new(method, libpysal, (&ours, &theirs), |_| 1.0, (0.0, "links"))
    };
    let band = Neighbors::within(&ground.middle, Metres(300.0)).expect("a band");
    let sizes: Vec<f64> = (0..band.n_units()).map(|unit| band.of(unit).len() as f64).collect();
    let nearest = Neighbors::nearest(&ground.middle, 8).expect("8 nearest");
    vec![
        check("blocks queen", &ground.contiguous(Contiguity::Queen), "Neighbors: New Haven, blocks, queen"),
        check("blocks rook", &ground.contiguous(Contiguity::Rook), "Neighbors: New Haven, blocks, rook"),
        check("blocks nearest", &nearest, "Neighbors: New Haven, blocks, 8 nearest"),
        Check::new(
            "Neighbors: New Haven, blocks, within 300 m, how many",
            libpysal,
            pair(&python.beside(&[("links blocks band", &sizes)])),
            |_| 1.0,
            (0.0, "links"),
        ),
    ]
}

/// z of every set of units, the cells by windows and the rest by lists.
fn scores(ground: &Ground) -> Vec<(&'static str, Vec<f64>)> {
    let five = Lattice { n_cols: 5, n_rows: 5, mask: None };
    let blocks = |near: &Neighbors| gi_star(&ground.counts, near).expect("z");
    let cells = |window| gi_star_on_grid(&ground.cells, &ground.lattice(), window).expect("z");
    let band = Window::within(Metres(1000.0), Metres(250.0));
    vec![
        ("gi* five queen", gi_star_on_grid(&FIVE, &five, Window::Square { steps: 1 }).expect("z")),
        ("gi* cells queen", cells(Window::Square { steps: 1 })),
        ("gi* cells band", cells(band)),
        ("gi* blocks queen", blocks(&ground.contiguous(Contiguity::Queen))),
        ("gi* blocks band", blocks(&Neighbors::within(&ground.middle, Metres(300.0)).expect("a band"))),
        ("gi* blocks nearest", blocks(&Neighbors::nearest(&ground.middle, 8).expect("8 nearest"))),
    ]
}

/// The sets with local and global Moran.
fn sets(ground: &Ground) -> [(&'static str, Vec<f64>, Neighbors); 3] {
    let grid = |cols, rows, mask| Neighbors::on_grid(cols, rows, mask, Contiguity::Queen).expect("a grid");
    [
        ("five queen", FIVE.map(f64::from).to_vec(), grid(5, 5, None)),
        ("cells queen", ground.inside(), grid(ground.n_cols, ground.n_rows, Some(&ground.mask))),
        ("blocks queen", ground.counts.clone(), ground.contiguous(Contiguity::Queen)),
    ]
}

fn morans(ground: &Ground, python: &Theirs, r: &Theirs, (esda, spdep): (&str, &str)) -> Vec<Check> {
    let (mut i, mut z, mut global) = (Vec::new(), Vec::new(), (Vec::new(), Vec::new()));
    for (name, values, near) in sets(ground) {
        let local = local_moran(&values, &near).expect("local Moran");
        i.push((format!("local moran {name}"), local.i));
        z.push((format!("local moran z {name}"), local.z));
    }
    let queen = ground.contiguous(Contiguity::Queen);
    let steps = ground.steps.iter().enumerate();
    let steps = steps.map(|(step, counts)| (format!("step {step}"), counts.clone(), queen.clone()));
    let whole = sets(ground).into_iter().map(|(name, values, near)| (name.to_owned(), values, near));
    for (name, values, near) in whole.chain(steps) {
        for (weighting, word, letter) in
            [(Weighting::RowStandardized, "W", "R"), (Weighting::Binary, "B", "B")]
        {
            let found = moran(&values, &near, weighting).expect("Moran");
            let numbers =
                vec![found.i, found.expected, found.variance, found.normal_variance, found.z, found.normal_z];
            global.0.push((format!("moran {letter} {name}"), numbers.clone()));
            global.1.push((format!("moran {word} {name}"), numbers));
        }
    }
    let borrowed = |some: &[(String, Vec<f64>)], theirs: &Theirs| {
        theirs.beside(&some.iter().map(|(name, values)| (&name[..], &values[..])).collect::<Vec<_>>())
    };
    let check = |method, who: &str, (ours, theirs): (Vec<f64>, Vec<f64>), bound| {
        Check::new(method, who, (&ours, &theirs), |theirs| theirs.abs().max(1e-3), bound)
    };
    let what = "Local Moran: 5 × 5 grid; New Haven, cells and blocks, queen";
    let relative = (1e-9, "relative, from 0.001 on");
    vec![
        check(what, esda, borrowed(&i, python), relative),
        check(what, spdep, borrowed(&i, r), relative),
        check("Local Moran, conditional z: the same", spdep, borrowed(&z, r), relative),
        check(
            "Moran with both variances and z, W and B: the same, and the blocks in fifteen steps",
            esda,
            borrowed(&global.0, python),
            relative,
        ),
        check(
            "Moran with both variances and z, W and B: the same, and the blocks in fifteen steps",
            spdep,
            borrowed(&global.1, r),
            relative,
        ),
    ]
}

fn rates(z: &[(&'static str, Vec<f64>)], python: &Theirs, versions: &BTreeMap<String, String>) -> Vec<Check> {
    let (mut p, mut bh, mut by) = (Vec::new(), Vec::new(), Vec::new());
    for (name, z) in z.iter().filter(|(name, _)| name.ends_with("queen")) {
        let name = name.trim_start_matches("gi* ");
        let ours: Vec<f64> = z.iter().map(|&z| two_sided_p(z)).collect();
        bh.push((format!("bh {name}"), q_values(&ours, Fdr::BenjaminiHochberg).expect("q")));
        by.push((format!("by {name}"), q_values(&ours, Fdr::BenjaminiYekutieli).expect("q")));
        p.push((format!("p {name}"), ours));
    }
    let check = |method, who: &str, ours: &[(String, Vec<f64>)]| {
        let asked: Vec<(&str, &[f64])> = ours.iter().map(|(name, values)| (&name[..], &values[..])).collect();
        Check::new(method, versions[who].clone(), pair(&python.beside(&asked)), f64::abs, (1e-11, "relative"))
    };
    vec![
        check("Two-sided p of Gi*: 5 × 5 grid; New Haven, cells and blocks", "scipy", &p),
        check("q, Benjamini–Hochberg: the same", "statsmodels", &bh),
        check("q, Benjamini–Yekutieli: the same", "scipy", &by),
    ]
}

/// Monte-Carlo p-values beside exact ones: 99,999 permutations are within 0.012 but for one time in 10¹⁰.
fn permuted(ground: &Ground, python: &Theirs) -> Vec<Check> {
    let permutations = Permutations { count: 99_999, seed: 7 };
    let square = Window::Square { steps: 1 };
    let five = Lattice { n_cols: 5, n_rows: 5, mask: None };
    let nearest = Neighbors::nearest(&ground.middle, 8).expect("8 nearest");
    let grid = |counts, lattice: &Lattice<'_>| {
        gi_star_on_grid_permuted(counts, lattice, square, &permutations).expect("p")
    };
    let (five, cells) = (grid(&FIVE, &five), grid(&ground.cells, &ground.lattice()));
    let blocks = gi_star_permuted(&ground.counts, &nearest, &permutations).expect("p");
    let local = local_moran_permuted(&ground.counts, &nearest, &permutations).expect("p");
    let exact = "exact null from all sets of neighbors, in our script";
    let check = |method, asked: &[(&str, &[f64])]| {
        Check::new(method, exact, pair(&python.beside(asked)), |_| 1.0, (0.012, "p"))
    };
    vec![
        check(
            "Conditional permutation of Gi*, R = 99,999: 5 × 5 grid; New Haven, cells and blocks",
            &[
                ("exact p five queen", &five),
                ("exact p cells queen", &cells),
                ("exact p blocks nearest", &blocks),
            ],
        ),
        check(
            "Conditional permutation of local Moran, R = 99,999: New Haven, blocks, 8 nearest",
            &[("exact p blocks nearest", &local)],
        ),
    ]
}

fn through_time(ground: &Ground, python: &Theirs, esda: &str) -> Vec<Check> {
    let params = EmergingParams {
        steps_back: 1,
        fdr: Fdr::BenjaminiHochberg,
        q_at_most: 0.05,
        trend_p_at_most: 0.05,
        normal_from: 0.0,
    };
    let found = emerging(&ground.steps, &ground.contiguous(Contiguity::Queen), &params).expect("a cube");
    let (z, q) = (found.z.concat(), found.q.concat());
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for number in 0..40 {
        let series: Vec<f64> =
            python.0[&format!("series {number}")].iter().map(|(_, value)| *value).collect();
        let trend = mann_kendall(&series).expect("a trend");
        ours.extend([trend.s as f64, trend.variance, trend.z]);
        theirs.extend(python.0[&format!("mann-kendall {number}")].iter().map(|(_, value)| *value));
    }
    let (mut of_blocks, mut of_theirs) = (Vec::new(), Vec::new());
    for unit in (0..ground.counts.len()).step_by(25) {
        of_blocks.extend([found.trend[unit].s as f64, found.trend[unit].variance, found.trend[unit].z]);
        of_theirs.extend(python.0[&format!("trend {unit}")].iter().map(|(_, value)| *value));
    }
    let larger = |theirs: f64| theirs.abs().max(1.0);
    vec![
        Check::new(
            "Emerging hot spots, z of bins: New Haven, blocks, fifteen steps of two days",
            esda,
            pair(&python.beside(&[("cube z", &z)])),
            |_| 1.0,
            (1e-11, "z"),
        ),
        Check::new(
            "Emerging hot spots, q of bins: the same",
            "statsmodels on esda",
            pair(&python.beside(&[("cube q", &q)])),
            f64::abs,
            (1e-11, "relative"),
        ),
        Check::new(
            "Mann–Kendall, S, variance and z: 40 series with ties",
            "brute force in our script",
            (&ours, &theirs),
            larger,
            (1e-12, "relative"),
        ),
        Check::new(
            "Mann–Kendall, S, variance and z: z of the blocks' bins",
            "brute force in our script, on esda",
            (&of_blocks, &of_theirs),
            larger,
            (1e-12, "relative"),
        ),
    ]
}

fn bands(ground: &Ground, python: &Theirs) -> Vec<Check> {
    let inside = (0..ground.cells.len()).filter(|&cell| ground.mask[cell]);
    let at = |cell: usize| Local {
        x: (cell % ground.n_cols) as f64 * 250.0,
        y: (cell / ground.n_cols) as f64 * 250.0,
    };
    let centers: Vec<Local> = inside.map(at).collect();
    let told = |found: BandChoice, name: &str| {
        let theirs: Vec<f64> = python.0[name].iter().map(|(_, value)| *value).collect();
        let spacing = found.spacing;
        let mut ours = vec![spacing.places as f64, spacing.outliers as f64, spacing.mean.0, spacing.median.0];
        ours.extend(found.tried.iter().map(|tried| tried.band.0));
        ours.extend(found.tried.iter().map(|tried| tried.z));
        // A peak was found, so the distances of the other rule were not needed.
        assert_eq!(found.rule, BandRule::Peak);
        ours.extend([found.standard_distance.0, found.band.0]);
        let asked = (0..theirs.len()).filter(|&at| at != 24 && at != 25).map(|at| theirs[at]);
        (ours, asked.collect::<Vec<f64>>())
    };
    let blocks = told(optimized_band(&ground.middle, &ground.counts).expect("a band"), "band blocks");
    let cells = told(optimized_band(&centers, &ground.inside()).expect("a band"), "band cells");
    let (ours, theirs) = ([blocks.0, cells.0].concat(), [blocks.1, cells.1].concat());
    vec![Check::new(
        "Optimized band, every step: New Haven, cells and blocks",
        "esda's Moran and SciPy's tree, in our script",
        (&ours, &theirs),
        |theirs| theirs.abs().max(1.0),
        (1e-9, "relative"),
    )]
}
