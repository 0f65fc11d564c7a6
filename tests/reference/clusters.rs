//! The checks of clusters.

use std::collections::HashMap;

use geo::Area;
use hotblocks::analysis::clusters::dbscan::{
    Clusters, DbscanParams, WeightedDbscanParams, dbscan, dbscan_weighted,
};
use hotblocks::analysis::clusters::ellipse::standard_ellipse;
use hotblocks::analysis::clusters::hdbscan::{HdbscanParams, Hierarchical, hdbscan};
use hotblocks::analysis::clusters::hot_blocks::{BlockCluster, HotBlocksParams, hot_blocks};
use hotblocks::analysis::clusters::nnh::{NnhOrder, NnhParams, NnhThreshold, nnh};
use hotblocks::analysis::clusters::outline::eps_outline;
use hotblocks::analysis::clusters::space_time::{SpaceTimeParams, space_time_dbscan};
use hotblocks::analysis::clusters::stac::{Lattice, StacParams, stac};
use hotblocks::space::bbox::LocalBox;
use hotblocks::space::coord::{Local, Metres};

use crate::common;
use crate::table::Check;

/// A file of numbers by column.
struct Table(HashMap<String, Vec<f64>>);

impl Table {
    fn read(name: &str) -> Self {
        let path = common::repository(&format!("fixtures/reference/clusters/{name}.csv"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let mut lines = text.lines();
        let names: Vec<&str> =
            lines.next().expect("a header").split(',').map(|n| n.trim_matches('"')).collect();
        let rows: Vec<Vec<f64>> =
            lines.map(|line| line.split(',').map(|v| v.parse().unwrap_or(f64::NAN)).collect()).collect();
        let column =
            |(at, name): (usize, &&str)| ((*name).to_owned(), rows.iter().map(|row| row[at]).collect());
        Self(names.iter().enumerate().map(column).collect())
    }

    fn get(&self, name: &str) -> &[f64] {
        self.0.get(name).unwrap_or_else(|| panic!("no column `{name}`"))
    }

    /// The rows where some columns have these values.
    fn rows(&self, wanted: &[(&str, f64)]) -> Vec<usize> {
        let n = self.get(wanted[0].0).len();
        (0..n).filter(|&row| wanted.iter().all(|(name, value)| self.get(name)[row] == *value)).collect()
    }
}

/// Points with their labels by others.
struct Set {
    name: &'static str,
    points: Vec<Local>,
    seconds: Vec<i64>,
    weights: Vec<f64>,
    python: Table,
    r: Table,
}

impl Set {
    fn read(name: &'static str) -> Self {
        let data = Table::read(name);
        let mut python = Table::read(&format!("{name}_labels"));
        python.0.extend(Table::read(&format!("{name}_hdbscan")).0);
        Self {
            name,
            points: data.get("x").iter().zip(data.get("y")).map(|(&x, &y)| Local { x, y }).collect(),
            seconds: data.get("seconds").iter().map(|&s| s as i64).collect(),
            weights: data.get("weight").to_vec(),
            python,
            r: Table::read(&format!("{name}_r")),
        }
    }

    fn dbscan(&self, eps: f64, min_points: usize) -> Clusters {
        dbscan(&self.points, &DbscanParams { eps: Metres(eps), min_points }).expect("good input")
    }

    fn hdbscan(&self, min_cluster_size: usize, min_samples: usize) -> Hierarchical {
        hdbscan(&self.points, &HdbscanParams { min_cluster_size, min_samples }).expect("good input")
    }
}

fn version(package: &str) -> String {
    let path = common::repository("fixtures/reference/clusters/versions.csv");
    let text = std::fs::read_to_string(path).expect("the versions");
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{package},")));
    format!("{package} {}", line.unwrap_or_else(|| panic!("no version of {package}")))
}

fn numbers(label: &[Option<u32>]) -> Vec<f64> {
    label.iter().map(|l| l.map_or(-1.0, f64::from)).collect()
}

/// Labels renumbered in the order in which they come, so that only who is together counts.
fn renumbered(label: &[f64]) -> Vec<f64> {
    let mut seen = HashMap::new();
    let mut one = |label: f64| {
        let next = seen.len() as f64;
        if label < 0.0 { -1.0 } else { *seen.entry(label as i64).or_insert(next) }
    };
    label.iter().map(|&label| one(label)).collect()
}

/// How many labels differ, as one number of so many values.
fn labels(method: &'static str, reference: &str, pairs: &[(Vec<f64>, &[f64])]) -> Check {
    let ours: Vec<f64> = pairs.iter().flat_map(|(ours, _)| ours.clone()).collect();
    let theirs: Vec<f64> = pairs.iter().flat_map(|(_, theirs)| theirs.to_vec()).collect();
    Check::new(method, reference, (&ours, &theirs), |_| 1.0, (0.0, "label"))
}

fn of_points(sets: &[Set]) -> Vec<Check> {
    const SETTINGS: [(f64, usize); 3] = [(50.0, 5), (100.0, 10), (200.0, 30)];
    let (mut sklearn, mut cores, mut r) = (Vec::new(), Vec::new(), Vec::new());
    for set in sets {
        for (eps, least) in SETTINGS {
            let ours = set.dbscan(eps, least);
            let core = ours.core.iter().map(|&core| f64::from(u8::from(core))).collect();
            sklearn.push((numbers(&ours.label), set.python.get(&format!("dbscan_{eps}_{least}"))));
            cores.push((core, set.python.get(&format!("dbscan_core_{eps}_{least}"))));
            r.push((numbers(&ours.label), set.r.get(&format!("dbscan_{eps}_{least}"))));
        }
    }
    let weighted = |set: &Set| {
        let params = WeightedDbscanParams { eps: Metres(100.0), min_weight: 25.0 };
        numbers(&dbscan_weighted(&set.points, &set.weights, &params).expect("good input").label)
    };
    let (mut by_sklearn, mut by_r, mut in_time) = (Vec::new(), Vec::new(), Vec::new());
    for set in sets {
        by_sklearn.push((weighted(set), set.python.get("weighted_100_25")));
        by_r.push((weighted(set), set.r.get("weighted_100_25")));
        for (eps, days, min_points) in [(100.0, 2.0, 3), (200.0, 7.0, 6)] {
            let params = SpaceTimeParams { eps: Metres(eps), days, min_points };
            let ours = space_time_dbscan(&set.points, &set.seconds, &params).expect("good input");
            in_time.push((
                numbers(&ours.label),
                set.python.get(&format!("space_time_{eps}_{days}_{min_points}")),
            ));
        }
    }
    let (learn, in_r) = (version("scikit-learn"), version("dbscan (R)"));
    let in_both = format!("{learn}, `precomputed` from both distances");
    vec![
        labels("DBSCAN, 700 made points and New Haven, 3 settings", &learn, &sklearn),
        labels("DBSCAN, core points of the same", &learn, &cores),
        labels("DBSCAN, the same", &in_r, &r),
        labels("DBSCAN with weights 1 to 4, made points and New Haven", &learn, &by_sklearn),
        labels("DBSCAN with weights 1 to 4, made points and New Haven", &in_r, &by_r),
        labels("DBSCAN in space and time, made points and New Haven, 2 settings", &in_both, &in_time),
    ]
}

fn hierarchical(sets: &[Set]) -> Vec<Check> {
    let (mut exact, mut sure, mut theirs) = (Vec::new(), (Vec::new(), Vec::new()), Vec::new());
    let (mut fit, mut in_r) = ((0, 0), (0, 0));
    for set in sets {
        for (size, samples) in [(5, 5), (15, 5), (30, 10)] {
            let ours = set.hdbscan(size, samples);
            let label = renumbered(&numbers(&ours.label));
            exact.push(label.clone());
            theirs.push(renumbered(set.python.get(&format!("hdbscan_{size}_{samples}"))));
            sure.0.extend(ours.probability);
            sure.1.extend_from_slice(set.python.get(&format!("hdbscan_probability_{size}_{samples}")));
            add(&mut fit, &label, set.python.get(&format!("hdbscan_fit_{size}_{samples}")));
        }
        for k in [6, 15] {
            // One point of each place, the others have no label there.
            let labeled = set.r.get(&format!("hdbscan_{k}")).iter().zip(&set.points);
            let (theirs, points): (Vec<f64>, Vec<Local>) =
                labeled.filter(|(label, _)| !label.is_nan()).map(|(&label, &at)| (label, at)).unzip();
            let params = HdbscanParams { min_cluster_size: k, min_samples: k - 1 };
            let ours = numbers(&hdbscan(&points, &params).expect("good input").label);
            add(&mut in_r, &ours, &theirs);
        }
    }
    let pairs: Vec<(Vec<f64>, &[f64])> = exact.into_iter().zip(theirs.iter().map(Vec::as_slice)).collect();
    let reference = format!("{}, its tree routines on links in our order", version("hdbscan"));
    let method = "HDBSCAN, made points and New Haven, 3 settings";
    // Links of one length are in no order there; shuffling the points changes as many of their own labels.
    let tied = |method, reference, (differ, values): (usize, usize), bound| Check {
        method,
        reference,
        values,
        difference: differ as f64 / values as f64,
        bound,
        of: "share of labels, by ties",
    };
    vec![
        tied("HDBSCAN, the same from end to end", version("hdbscan"), fit, 0.02),
        tied("HDBSCAN, their distinct places, 2 settings", version("dbscan (R)"), in_r, 0.03),
        labels(method, &reference, &pairs),
        Check::new("HDBSCAN, probabilities of the same", reference, (&sure.0, &sure.1), |_| 1.0, (1e-6, "1")),
    ]
}

/// Adds how many labels differ when each cluster is called what most of its points are called by the other; the larger
/// of both directions, so that neither clusters split in pieces nor clusters run together pass for the same.
fn add(sum: &mut (usize, usize), ours: &[f64], theirs: &[f64]) {
    let differ = differing(ours, theirs).max(differing(theirs, ours));
    *sum = (sum.0 + differ, sum.1 + ours.len());
}

/// How many labels differ when each cluster of one is called what most of its points are called by the other.
fn differing(one: &[f64], other: &[f64]) -> usize {
    let mut called: HashMap<i64, HashMap<i64, usize>> = HashMap::new();
    for (a, b) in one.iter().zip(other) {
        *called.entry(*a as i64).or_default().entry(*b as i64).or_default() += 1;
    }
    let same: usize = called.values().filter_map(|names| names.values().max()).sum();
    one.len() - same
}

#[test]
fn clusters_split_or_run_together_are_told_from_the_same() {
    let (split, whole) = ([0.0, 1.0, 2.0, 3.0], [0.0; 4]);
    for (ours, theirs, expected) in [(split, whole, 3), (whole, split, 3), (whole, whole, 0)] {
        let mut sum = (0, 0);
        add(&mut sum, &ours, &theirs);
        assert_eq!(sum, (expected, 4));
    }
}

fn shapes(sets: &[Set]) -> Vec<Check> {
    let (mut area, mut holes, mut axes, mut angle) = (
        (Vec::new(), Vec::new()),
        (Vec::new(), Vec::new()),
        (Vec::new(), Vec::new()),
        (Vec::new(), Vec::new()),
    );
    for set in sets {
        let (outlines, ellipses) =
            (Table::read(&format!("{}_outlines", set.name)), Table::read(&format!("{}_ellipses", set.name)));
        for (eps, least) in [(50.0, 5), (100.0, 10), (200.0, 30)] {
            let clusters = set.dbscan(eps, least);
            for k in 0..clusters.n_clusters {
                let mine = |i: &usize| clusters.label[*i] == Some(k as u32);
                let members: Vec<Local> = (0..set.points.len()).filter(mine).map(|i| set.points[i]).collect();
                let core: Vec<Local> = (0..set.points.len())
                    .filter(|i| mine(i) && clusters.core[*i])
                    .map(|i| set.points[i])
                    .collect();
                let wanted = [("eps", eps), ("min", least as f64), ("cluster", k as f64)];
                let row = outlines.rows(&wanted)[0];
                let outline = eps_outline(&core, Metres(eps)).expect("core points");
                area.0.push(outline.unsigned_area());
                area.1.push(outlines.get("area")[row]);
                holes.0.push(outline.iter().map(|p| p.interiors().len()).sum::<usize>() as f64);
                holes.1.push(outlines.get("holes")[row]);
                let ellipse = standard_ellipse(&members, None).expect("at least five points");
                let row = ellipses.rows(&wanted)[0];
                axes.0.extend([ellipse.major.0, ellipse.minor.0]);
                axes.1.extend([ellipses.get("major")[row], ellipses.get("minor")[row]]);
                // Of a cluster that is nearly round the angle says little.
                if ellipse.minor.0 < 0.99 * ellipse.major.0 {
                    angle.0.push((2.0 * ellipse.angle).cos());
                    angle.0.push((2.0 * ellipse.angle).sin());
                    angle.1.push((2.0 * ellipses.get("angle")[row]).cos());
                    angle.1.push((2.0 * ellipses.get("angle")[row]).sin());
                }
            }
        }
    }
    let (shapely, pointpats) = (version("shapely"), version("pointpats"));
    let relative = |theirs: f64| theirs;
    vec![
        Check::new(
            "Outlines of core points, areas, 16 pieces a quarter",
            &shapely,
            (&area.0, &area.1),
            relative,
            (1e-6, "relative"),
        ),
        Check::new("Outlines, holes", &shapely, (&holes.0, &holes.1), |_| 1.0, (0.0, "holes")),
        Check::new(
            "Standard deviational ellipse, axes",
            &pointpats,
            (&axes.0, &axes.1),
            |b| 1.0 + b,
            (1e-8, "1 m or relative"),
        ),
        Check::new(
            "Standard deviational ellipse, direction",
            &pointpats,
            (&angle.0, &angle.1),
            |_| 1.0,
            (1e-9, "1"),
        ),
    ]
}

fn by_hand(sets: &[Set]) -> Vec<Check> {
    let (mut near, mut circles) = (Vec::new(), Vec::new());
    let mut orders = (Vec::new(), Vec::new());
    let text = std::fs::read_to_string(common::repository("fixtures/reference/clusters/nnh_orders.csv"));
    let text = text.expect("the orders");
    for set in sets {
        let label = |clusters: &mut dyn Iterator<Item = Vec<usize>>| {
            let mut label = vec![-1.0; set.points.len()];
            for (members, k) in clusters.zip(0..) {
                members.iter().for_each(|&i| label[i] = f64::from(k));
            }
            label
        };
        for (distance, min_points) in [(50.0, 5), (100.0, 10), (120.0, 3), (150.0, 3)] {
            let params = NnhParams { threshold: NnhThreshold::Fixed(Metres(distance)), min_points };
            let ours: Vec<NnhOrder> = nnh(&set.points, &params).expect("good input");
            let mut members = ours[0].clusters.iter().map(|cluster| cluster.members.clone());
            near.push((label(&mut members), set.python.get(&format!("nnh_{distance}_{min_points}"))));
            orders.0.extend(ours.iter().map(|order| order.clusters.len() as f64));
            let mine = format!("{},{distance},{min_points},", set.name);
            let counts = text.lines().filter(|line| line.starts_with(&mine));
            orders.1.extend(
                counts.map(|line| line.rsplit(',').next().and_then(|n| n.parse().ok()).unwrap_or(f64::NAN)),
            );
        }
        for (radius, triangular) in [(100.0, 1), (60.0, 0)] {
            let lattice = if triangular == 1 { Lattice::Triangular } else { Lattice::Rectangular };
            let params = StacParams { radius: Metres(radius), min_points: 5, lattice };
            let area = LocalBox::around(set.points.iter().copied()).expect("points");
            let ours = stac(&set.points, area, &params).expect("good input");
            let found = label(&mut ours.into_iter().map(|cluster| cluster.members));
            circles.push((found, set.python.get(&format!("stac_{radius}_{triangular}"))));
        }
    }
    let renumber = |pairs: Vec<(Vec<f64>, &[f64])>| -> Vec<(Vec<f64>, Vec<f64>)> {
        pairs.into_iter().map(|(ours, theirs)| (renumbered(&ours), renumbered(theirs))).collect()
    };
    let circles = renumber(circles);
    let circles: Vec<(Vec<f64>, &[f64])> = circles.iter().map(|(a, b)| (a.clone(), b.as_slice())).collect();
    vec![
        labels("Nnh, first order, made points and New Haven, 4 settings", "brute force", &near),
        Check::new(
            "Nnh, clusters of every order",
            "brute force",
            (&orders.0, &orders.1),
            |_| 1.0,
            (0.0, "clusters"),
        ),
        labels("STAC, both lattices, made points and New Haven", "brute force", &circles),
    ]
}

fn of_blocks() -> Vec<Check> {
    let table = Table::read("blocks");
    let values = table.get("count");
    let n_columns = table.get("column").iter().fold(0.0, |most: f64, &c| most.max(c)) as usize + 1;
    let at: Vec<Local> =
        table.get("column").iter().zip(table.get("row")).map(|(&x, &y)| Local { x, y }).collect();
    let neighbors: Vec<Vec<u32>> = (0..values.len())
        .map(|k| {
            let east = ((k + 1) % n_columns != 0).then_some(k + 1);
            let north = (k + n_columns < values.len()).then_some(k + n_columns);
            east.into_iter().chain(north).map(|k| k as u32).collect()
        })
        .collect();
    let label = |clusters: Vec<BlockCluster>| {
        let mut label = vec![-1.0; values.len()];
        for (cluster, k) in clusters.iter().zip(0..) {
            cluster.blocks.iter().for_each(|&block| label[block] = f64::from(k));
        }
        label
    };
    let grow = |max_blocks| {
        let params = HotBlocksParams { least: 10.0, max_blocks, min_total: 0.0 };
        label(hot_blocks(values, &neighbors, &at, &params).expect("good input"))
    };
    let theirs = renumbered(table.get("connected"));
    vec![
        labels(
            "Contiguous hot blocks, cells of New Haven",
            &format!("{} `connected_components`", version("scipy")),
            &[(renumbered(&grow(None)), &theirs)],
        ),
        labels("Contiguous hot blocks, at most 6", "brute force", &[(grow(Some(6)), table.get("grown"))]),
    ]
}

pub(crate) fn checks() -> Vec<Check> {
    let sets = [Set::read("made"), Set::read("new_haven")];
    let mut checks = of_points(&sets);
    checks.extend(hierarchical(&sets));
    checks.extend(shapes(&sets));
    checks.extend(by_hand(&sets));
    checks.extend(of_blocks());
    checks
}
