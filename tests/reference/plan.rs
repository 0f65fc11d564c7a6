//! The checks of plans: optima by an integer program (pulp, spopt), and of target areas by networkx over every set.

use std::collections::BTreeMap;

use hotblocks::analysis::hotspots::weights::Neighbors;
use hotblocks::plan::max_covering::max_covering;
use hotblocks::plan::p_median::p_median;
use hotblocks::plan::targets::{EXACT_BLOCKS, Ground, ROUNDS, TargetParams, targets};
use hotblocks::space::coord::{Local, Metres};

use crate::common;
use crate::table::Check;

/// Rows of a file under the names of its header.
fn rows(name: &str) -> Vec<BTreeMap<String, String>> {
    let path = common::repository(&format!("fixtures/reference/plan/{name}.csv"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let row = |line: &str| {
        header
            .iter()
            .zip(line.split(','))
            .map(|(name, value)| ((*name).to_owned(), value.to_owned()))
            .collect()
    };
    lines.map(row).collect()
}

fn number(row: &BTreeMap<String, String>, name: &str) -> f64 {
    row[name].parse().unwrap_or_else(|_| panic!("`{}` is no number", row[name]))
}

fn of_case(rows: &[BTreeMap<String, String>], case: &str) -> Vec<BTreeMap<String, String>> {
    rows.iter().filter(|row| row["case"] == case).cloned().collect()
}

fn version(names: &[&str]) -> String {
    let all = rows("versions");
    let of = |name: &&str| {
        let row = all.iter().find(|row| row["package"] == **name).expect("a package of the script");
        format!("{name} {}", row["version"])
    };
    names.iter().map(of).collect::<Vec<_>>().join(", ")
}

fn site_checks() -> [Check; 2] {
    let (places, answers) = (rows("places"), rows("sites"));
    let check = |method: &'static str, name: &str| {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for answer in answers.iter().filter(|row| row["method"] == name) {
            let mine = of_case(&places, &answer["case"]);
            let of = |kind: &str| {
                let rows: Vec<_> = mine.iter().filter(|row| row["kind"] == kind).collect();
                let at = |row: &&BTreeMap<String, String>| Local { x: number(row, "x"), y: number(row, "y") };
                let weights: Vec<f64> = rows.iter().map(|row| number(row, "weight")).collect();
                (rows.iter().map(at).collect::<Vec<_>>(), weights)
            };
            let ((demands, weights), (sites, _)) = (of("demand"), of("site"));
            let (p, radius) = (number(answer, "p") as usize, number(answer, "radius"));
            let found = match name {
                "p_median" => p_median(&weights, &demands, &sites, p),
                _ => max_covering(&weights, &demands, &sites, p, Metres(radius)),
            };
            ours.push(found.expect("good input").value);
            theirs.push(number(answer, "value"));
        }
        Check::new(
            method,
            version(&["pulp", "spopt"]),
            (&ours, &theirs),
            |value| value.abs().max(1.0),
            (1e-9, "relative"),
        )
    };
    [
        check("p-median, 5 sets of 8 to 60 sites, the optimum", "p_median"),
        check("maximal covering, the same, the optimum", "max_covering"),
    ]
}

fn target_check() -> Check {
    let (blocks, links) = (rows("blocks"), rows("links"));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for answer in rows("targets") {
        let mine = of_case(&blocks, &answer["case"]);
        let mut near = vec![Vec::new(); mine.len()];
        for link in of_case(&links, &answer["case"]) {
            let (a, b) = (number(&link, "a") as usize, number(&link, "b") as usize);
            near[a].push(b as u32);
            near[b].push(a as u32);
        }
        let column = |name: &str| mine.iter().map(|row| number(row, name)).collect::<Vec<f64>>();
        let ground = Ground {
            value: &column("value"),
            cost: &column("cost"),
            size: &vec![1.0; mine.len()],
            neighbors: &Neighbors::from_lists(near).expect("links of blocks"),
            joints: &[],
            corners: &vec![vec![Local::default()]; mine.len()],
        };
        let count = |name: &str| number(&answer, name) as u32;
        let params = TargetParams {
            budget: number(&answer, "budget"),
            places: count("least_places"),
            most_places: Some(count("most_places")),
            least_size: number(&answer, "least_size"),
            diameter: None,
            seed: 1,
            rounds: ROUNDS,
            exact_blocks: EXACT_BLOCKS,
        };
        ours.push(targets(&ground, &params).map_or(-1.0, |found| found.value));
        theirs.push(number(&answer, "value"));
    }
    let reference = format!("every set, parts by {}", version(&["networkx"]));
    Check::new(
        "target areas, 24 sets of 9 to 15 blocks, the optimum",
        reference,
        (&ours, &theirs),
        |_| 1.0,
        (0.0, "value"),
    )
}

pub(crate) fn checks() -> Vec<Check> {
    let mut checks = vec![target_check()];
    checks.extend(site_checks());
    checks
}
