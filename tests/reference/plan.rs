//! The checks of plans: optima by an integer program (pulp, spopt), and of target areas by networkx over every set.

use hotblocks::analysis::hotspots::weights::Neighbors;
use hotblocks::plan::max_covering::max_covering;
use hotblocks::plan::p_median::p_median;
use hotblocks::plan::targets::{EXACT_BLOCKS, Ground, ROUNDS, TargetParams, targets};
use hotblocks::space::coord::{Local, Metres};

use crate::rows::{Room, Row, number};
use crate::table::Check;

const ROOM: Room = Room("plan");

fn of_case(rows: &[Row], case: &str) -> Vec<Row> {
    rows.iter().filter(|row| row["case"] == case).cloned().collect()
}

fn site_checks() -> [Check; 2] {
    let (places, answers) = (ROOM.rows("places"), ROOM.rows("sites"));
    let check = |method: &'static str, name: &str| {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for answer in answers.iter().filter(|row| row["method"] == name) {
            let mine = of_case(&places, &answer["case"]);
            let of = |kind: &str| {
                let rows: Vec<_> = mine.iter().filter(|row| row["kind"] == kind).collect();
                let at = |row: &&Row| Local { x: number(row, "x"), y: number(row, "y") };
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
            ROOM.versions(&["pulp", "spopt"]),
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
    let (blocks, links) = (ROOM.rows("blocks"), ROOM.rows("links"));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for answer in ROOM.rows("targets") {
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
    let reference = format!("every set, parts by {}", ROOM.versions(&["networkx"]));
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
