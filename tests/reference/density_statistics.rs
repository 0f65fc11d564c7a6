//! The checks of density statistics.

use std::collections::HashMap;

use geo::{LineString, MultiPolygon, Polygon, line_string};
use hotblocks::analysis::density::adaptive::{abramson, kde_adaptive, minimum_sample};
use hotblocks::analysis::density::bandwidth::{Rule, bandwidth};
use hotblocks::analysis::density::cross_validation::{cronie_scores, diggle_scores, likelihood_scores};
use hotblocks::analysis::density::dual::{Comparison, compare};
use hotblocks::analysis::density::edge::{Edge, kde_within};
use hotblocks::analysis::density::kde::{KdeParams, kde};
use hotblocks::analysis::density::kernel::Kernel;
use hotblocks::analysis::density::levels::{level_of_area, level_of_mean};
use hotblocks::analysis::density::mask::Mask;
use hotblocks::analysis::density::network::density::{NetworkParams, Split, network_density_at};
use hotblocks::analysis::density::network::streets::{OnStreet, StreetNetwork};
use hotblocks::analysis::density::standard_error::standard_error;
use hotblocks::space::bbox::LocalBox;
use hotblocks::space::coord::{Local, Metres, SquareKm};
use hotblocks::space::grid::Grid;

use crate::common;
use crate::table::Check;

/// The columns of a file of numbers.
struct Columns(HashMap<String, Vec<f64>>);

impl Columns {
    fn read(name: &str) -> Self {
        let path = common::repository(&format!("fixtures/reference/density_statistics/{name}.csv"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
        let mut columns: HashMap<String, Vec<f64>> =
            header.iter().map(|name| ((*name).to_owned(), Vec::new())).collect();
        for line in lines {
            for (name, value) in header.iter().zip(line.split(',')) {
                // A word is no number, and an infinity of R is written as one.
                let value = value.trim_matches('"').replace("Inf", "inf").parse().unwrap_or(f64::NAN);
                columns.get_mut(*name).expect("a column").push(value);
            }
        }
        Self(columns)
    }

    fn get(&self, name: &str) -> &[f64] {
        &self.0[name]
    }

    fn points(&self) -> Vec<Local> {
        self.get("x").iter().zip(self.get("y")).map(|(&x, &y)| Local { x, y }).collect()
    }

    fn whole(&self, name: &str) -> Vec<usize> {
        self.get(name).iter().map(|v| *v as usize).collect()
    }
}

fn version(package: &str) -> String {
    let path = common::repository("fixtures/reference/density_statistics/versions.csv");
    let text = std::fs::read_to_string(path).expect("the versions");
    let found = text.lines().filter_map(|line| line.split_once(',')).find(|(name, _)| *name == package);
    format!("{package} {}", found.expect("a version").1)
}

/// One of the two sets of points, in a square.
struct Set {
    name: &'static str,
    side: f64,
}

const SETS: [Set; 2] = [Set { name: "gold", side: 1000.0 }, Set { name: "new_haven", side: 4000.0 }];

impl Set {
    fn read(&self, what: &str) -> Columns {
        Columns::read(&format!("{}_{what}", self.name))
    }

    fn grid(&self) -> Grid {
        Grid { origin: Local { x: 0.0, y: 0.0 }, cell: Metres(self.side / 100.0), n_cols: 100, n_rows: 100 }
    }

    fn window(&self) -> LocalBox {
        LocalBox { min: Local { x: 0.0, y: 0.0 }, max: Local { x: self.side, y: self.side } }
    }

    /// The concave study area of the script.
    fn mask(&self) -> Mask {
        let corners = [
            (0.0413, 0.0611),
            (0.6137, 0.0227),
            (0.9721, 0.3319),
            (0.9218, 0.9623),
            (0.5529, 0.9337),
            (0.4331, 0.5213),
            (0.3117, 0.9729),
            (0.0223, 0.7127),
        ];
        let ring: LineString = corners.map(|(x, y)| (x * self.side, y * self.side)).to_vec().into();
        Mask::of_area(&self.grid(), &MultiPolygon(vec![Polygon::new(ring, Vec::new())]))
    }

    fn sigma(&self) -> Metres {
        Metres(self.side / 25.0)
    }
}

/// Ours and theirs of both sets, one after the other, each divided by the peak of its set's.
#[derive(Default)]
struct Pairs {
    ours: Vec<f64>,
    theirs: Vec<f64>,
}

impl Pairs {
    fn add(&mut self, ours: &[f64], theirs: &[f64], scale: f64) {
        assert_eq!(ours.len(), theirs.len());
        self.ours.extend(ours.iter().map(|v| v / scale));
        self.theirs.extend(theirs.iter().map(|v| v / scale));
    }

    fn of_peak(&mut self, ours: &[f64], theirs: &[f64]) {
        self.add(ours, theirs, theirs.iter().copied().fold(0.0, f64::max));
    }

    fn check(&self, method: &'static str, reference: String, bound: f64, of: &'static str) -> Check {
        Check::new(method, reference, (&self.ours, &self.theirs), |_| 1.0, (bound, of))
    }

    fn relative(&self, method: &'static str, reference: String, bound: f64) -> Check {
        Check::new(method, reference, (&self.ours, &self.theirs), f64::abs, (bound, "relative"))
    }
}

pub(crate) fn checks() -> Vec<Check> {
    let mut checks = edges();
    checks.extend(errors());
    checks.extend(adaptive());
    checks.extend(relative_risk());
    checks.extend(rules());
    checks.push(levels());
    checks.extend(networks());
    checks
}

/// The sum over cells of a kernel with nothing but area around it. Uniform correction takes parts of that; theirs of 1.
fn whole(params: &KdeParams, cell: Metres) -> f64 {
    let ratio = cell.0 / params.bandwidth.0;
    let far = (params.kernel.reach() / ratio).ceil() as i32;
    let cells = (-far..=far).flat_map(|dx| (-far..=far).map(move |dy| f64::from(dx * dx + dy * dy)));
    let sum: f64 = cells.map(|d2| params.kernel.shape(d2 * ratio * ratio)).sum();
    sum * params.kernel.constant() * ratio * ratio
}

fn edges() -> Vec<Check> {
    let kernels = [Kernel::Quartic, Kernel::Gaussian, Kernel::Epanechnikov];
    let mut checks = Vec::new();
    for (edge, column, method) in [
        (Edge::Uniform, "uniform", "edge correction, uniform, three kernels"),
        (Edge::JonesDiggle, "jones_diggle", "edge correction, Jones–Diggle, three kernels"),
    ] {
        let mut pairs = Pairs::default();
        for set in SETS {
            let (points, answers, mask) = (set.read("snapped").points(), set.read("edge"), set.mask());
            for kernel in kernels {
                let params = KdeParams { kernel, bandwidth: kernel.bandwidth(set.sigma()) };
                let within = kde_within(&points, None, &mask, &params, edge).expect("good input");
                assert_eq!(within.left_out, 0);
                let whole = if edge == Edge::Uniform { whole(&params, set.grid().cell) } else { 1.0 };
                let ours: Vec<f64> =
                    answers.whole("cell").iter().map(|&i| within.density.per_km2[i] / whole).collect();
                pairs.of_peak(&ours, answers.get(&format!("{}_{column}", kernel.name())));
            }
        }
        checks.push(pairs.check(method, version("spatstat.explore"), 1e-12, "of the peak"));
    }
    checks
}

fn errors() -> Vec<Check> {
    let (mut plain, mut edged) = (Pairs::default(), Pairs::default());
    for set in SETS {
        let (points, answers, mask) = (set.read("snapped").points(), set.read("edge"), set.mask());
        let error = |kernel: Kernel, edge| {
            let params = KdeParams { kernel, bandwidth: kernel.bandwidth(set.sigma()) };
            let found = standard_error(&points, None, &mask, &params, edge).expect("good input");
            answers.whole("cell").iter().map(|&i| found.per_km2[i]).collect::<Vec<f64>>()
        };
        let square = |v: &[f64]| v.iter().map(|v| v * v).collect::<Vec<f64>>();
        plain.of_peak(&square(&error(Kernel::Gaussian, Edge::None)), &square(answers.get("se_none")));
        let params = KdeParams { kernel: Kernel::Quartic, bandwidth: Kernel::Quartic.bandwidth(set.sigma()) };
        let whole = whole(&params, set.grid().cell);
        let uniform: Vec<f64> = error(Kernel::Quartic, Edge::Uniform).iter().map(|se| se / whole).collect();
        edged.of_peak(&uniform, answers.get("se_uniform"));
        edged.of_peak(&error(Kernel::Quartic, Edge::JonesDiggle), answers.get("se_jones_diggle"));
    }
    vec![
        plain.check("standard error, squared, Gaussian", version("spatstat.explore"), 1e-10, "of the peak"),
        edged.check(
            "standard error with edge correction",
            "brute force in R".to_owned(),
            1e-12,
            "of the peak",
        ),
    ]
}

fn adaptive() -> Vec<Check> {
    let [mut radii, mut surface, mut near, mut sampled] = [(); 4].map(|()| Pairs::default());
    for set in SETS {
        let points = set.read("snapped").points();
        let global = Kernel::Gaussian.bandwidth(set.sigma());
        let pilot = KdeParams { kernel: Kernel::Gaussian, bandwidth: global };
        let found = abramson(&points, None, &pilot, global, 5.0).expect("good input");
        let sigmas: Vec<f64> = found.iter().map(|h| Kernel::Gaussian.sigma(*h).0).collect();
        radii.add(&sigmas, set.read("abramson_radii").get("sigma"), 1.0);
        let answers = set.read("abramson");
        let density = kde_adaptive(&points, None, &found, &set.grid(), Kernel::Gaussian).expect("good input");
        let at = |values: &[f64]| answers.whole("cell").iter().map(|&i| values[i]).collect::<Vec<f64>>();
        surface.of_peak(&at(&density.per_km2), answers.get("per_km2"));

        let points = set.read("points").points();
        let found = minimum_sample(&points, 10, Metres(2.0 * set.grid().cell.0)).expect("good input");
        near.add(
            &found.iter().map(|h| h.0).collect::<Vec<f64>>(),
            set.read("sample_radii").get("radius"),
            1.0,
        );
        let density = kde_adaptive(&points, None, &found, &set.grid(), Kernel::Quartic).expect("good input");
        sampled.of_peak(&at(&density.per_km2), set.read("sample").get("per_km2"));
    }
    vec![
        radii.relative("Abramson's bandwidths", version("sparr"), 1e-12),
        surface.check("density with Abramson's bandwidths", version("sparr"), 1e-12, "of the peak"),
        near.relative("minimum-sample radii, N = 10", version("spatstat.geom"), 1e-12),
        sampled.check(
            "density with minimum-sample radii",
            "brute force in R".to_owned(),
            1e-12,
            "of the peak",
        ),
    ]
}

fn relative_risk() -> Vec<Check> {
    let mut pairs = Pairs::default();
    for set in SETS {
        let (points, answers, mask) = (set.read("snapped").points(), set.read("risk"), set.mask());
        let params = KdeParams {
            kernel: Kernel::Gaussian,
            bandwidth: Kernel::Gaussian.bandwidth(Metres(2.0 * set.sigma().0)),
        };
        let of = |cases: bool| {
            let some: Vec<Local> =
                points.iter().enumerate().filter(|(i, _)| (i % 3 == 0) == cases).map(|(_, p)| *p).collect();
            kde_within(&some, None, &mask, &params, Edge::Uniform).expect("good input").density
        };
        let (cases, controls) = (of(true), of(false));
        let cells = answers.whole("cell");
        for (comparison, floor, column) in
            [(Comparison::LogRelativeRisk, 0.0, "log_0"), (Comparison::LogRelativeRisk, 0.01, "log_1")]
        {
            let found =
                compare(&cases, &controls, Some(mask.inside()), comparison, floor).expect("good input");
            let ours: Vec<f64> = cells.iter().map(|&i| found[i].unwrap_or(f64::NAN)).collect();
            pairs.add(&ours, answers.get(column), 1.0);
        }
        let found = compare(&cases, &controls, Some(mask.inside()), Comparison::LogRelativeRisk, 0.01)
            .expect("good input");
        let ours: Vec<f64> = cells.iter().map(|&i| found[i].map_or(f64::NAN, f64::exp)).collect();
        pairs.add(&ours, answers.get("ratio_1"), 1.0);
    }
    vec![pairs.check("log relative risk, floors 0 and 1 %", version("sparr"), 1e-10, "absolute")]
}

fn rules() -> Vec<Check> {
    let [mut chosen, mut diggle, mut likelihood, mut cronie] = [(); 4].map(|()| Pairs::default());
    for set in SETS {
        let points = set.read("points").points();
        let rules = [Rule::Scott, Rule::Silverman, Rule::Diggle, Rule::Likelihood, Rule::CronieVanLieshout];
        let ours = rules.map(|rule| bandwidth(&points, set.window(), rule).expect("good input").sigma.0);
        chosen.add(&ours, set.read("rules").get("sigma"), 1.0);

        let mut sorted = points;
        sorted.sort_by(|a, b| a.x.total_cmp(&b.x));
        let (answers, (sigmas, scores)) =
            (set.read("diggle"), diggle_scores(&sorted, set.window()).expect("good input"));
        chosen.add(&sigmas, answers.get("sigma"), 1.0);
        diggle.add(&scores, answers.get("score"), 1.0);
        let answers = set.read("searched");
        let sigmas = answers.get("sigma");
        let theirs = |column| answers.get(column).iter().zip(sigmas).filter(|(v, _)| f64::is_finite(**v));
        let finite = |column| theirs(column).map(|(v, s)| (*v, *s)).unzip::<f64, f64, Vec<f64>, Vec<f64>>();
        let some = |scores: Vec<Option<f64>>| {
            scores.into_iter().map(|s| s.unwrap_or(f64::NAN)).collect::<Vec<f64>>()
        };
        let (values, sigmas) = finite("likelihood");
        likelihood.add(
            &some(likelihood_scores(&sorted, set.window(), &sigmas).expect("good input")),
            &values,
            1.0,
        );
        let (values, sigmas) = finite("cronie");
        cronie.add(&some(cronie_scores(&sorted, set.window(), &sigmas).expect("good input")), &values, 1.0);
    }
    vec![
        chosen.relative(
            "bandwidth rules: σ chosen and tried",
            format!("{}, R's nrd0", version("spatstat.explore")),
            1e-12,
        ),
        diggle.relative("Diggle's M(r)", version("spatstat.explore"), 1e-12),
        likelihood.relative("likelihood of bandwidths", version("spatstat.explore"), 1e-10),
        cronie.relative("Cronie & van Lieshout's score", version("spatstat.explore"), 1e-9),
    ]
}

fn levels() -> Check {
    let mut pairs = Pairs::default();
    let answers = Columns::read("levels");
    for (number, set) in SETS.iter().enumerate() {
        let points = set.read("points").points();
        let grid = Grid { cell: Metres(set.side / 50.0), n_cols: 50, n_rows: 50, ..set.grid() };
        let density =
            kde(&points, None, &grid, &KdeParams::quartic(Metres(set.side / 8.0))).expect("good input");
        let mask = Mask::whole(&grid);
        let (mut ours, mut theirs) = ([const { Vec::new() }; 2], [const { Vec::new() }; 2]);
        let rows = answers.whole("set").into_iter().zip(answers.whole("kind"));
        for (i, (_, kind)) in rows.enumerate().filter(|(_, (of, _))| *of == number) {
            let (level, answer) = (answers.get("level")[i], answers.get("answer")[i]);
            ours[kind].push(match kind {
                0 => level_of_area(&density, &mask, SquareKm(level)).expect("a good budget").threshold,
                _ => level_of_mean(&density, &mask, level).expect("a good multiple").area.0,
            });
            theirs[kind].push(answer);
        }
        for (ours, theirs) in ours.iter().zip(&theirs) {
            pairs.of_peak(ours, theirs);
        }
    }
    pairs.check(
        "thresholds of areas, areas of thresholds",
        "brute force in numpy".to_owned(),
        1e-6,
        "of the largest",
    )
}

fn networks() -> Vec<Check> {
    let [mut discontinuous, mut continuous] = [(); 2].map(|()| Pairs::default());
    for (name, bandwidths) in [("small", [60.0, 150.0]), ("new_haven", [60.0, 120.0])] {
        let read = |what: &str| Columns::read(&format!("{name}_{what}"));
        let (lines, answers) = (read("lines"), read("network"));
        let [x0, y0, x1, y1] = ["x0", "y0", "x1", "y1"].map(|name| lines.get(name));
        let strings: Vec<LineString> =
            (0..x0.len()).map(|i| line_string![(x: x0[i], y: y0[i]), (x: x1[i], y: y1[i])]).collect();
        let net = StreetNetwork::new(&strings, Metres(0.01)).expect("good lines");
        let place =
            |(&line, &part): (&usize, &f64)| OnStreet { line, along: Metres(part * net.length(line).0) };
        let at: Vec<OnStreet> = answers.whole("line").iter().zip(answers.get("part")).map(place).collect();
        for bandwidth in bandwidths.map(Metres) {
            for (kernel, theirs) in [(Kernel::Epanechnikov, "epanechnikov"), (Kernel::Quartic, "biweight")] {
                for (split, pairs) in
                    [(Split::Discontinuous, &mut discontinuous), (Split::Continuous, &mut continuous)]
                {
                    let params = NetworkParams { kernel, bandwidth, split, lixel: None };
                    let ours = network_density_at(&net, &at, None, &at, &params).expect("good input");
                    pairs.of_peak(&ours, answers.get(&format!("{theirs}_{}_{}", bandwidth.0, split.word())));
                }
            }
        }
    }
    let reference = version("spatstat.linnet");
    vec![
        discontinuous.check(
            "network density, equal split, discontinuous",
            reference.clone(),
            1e-9,
            "of the peak",
        ),
        continuous.check("network density, equal split, continuous", reference, 1e-9, "of the peak"),
    ]
}
