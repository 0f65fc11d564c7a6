//! `docs/validation.md`: our numbers beside those of others, and accounts that must agree.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::path::Path;

use geo::{BoundingRect, Intersects};
use hotblocks::analysis::clusters::dbscan::{Clusters, DbscanParams, dbscan};
use hotblocks::analysis::clusters::hull::hull;
use hotblocks::analysis::density::contour::{contour, threshold_for_share};
use hotblocks::analysis::density::kde::{KdeParams, kde, kde_at};
use hotblocks::engine::query::{Query, Tally};
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::space::coord::{Local, Metres};
use rayon::prelude::*;

use crate::common::grid_of_cells;
use crate::machine::{heading, thousands};
use crate::{calibration, load, st_louis};

const EXPECTED: &str = include_str!("../../fixtures/golden/expected.csv");
const POINTS: &str = include_str!("../../fixtures/golden/gold_points.csv");
const DBSCAN: &str = include_str!("../../fixtures/golden/dbscan.csv");

/// A document as it grows, and whether all its bounds hold so far.
pub(crate) struct Page {
    pub(crate) text: String,
    pub(crate) holds: bool,
}

impl Default for Page {
    fn default() -> Self {
        Self { text: String::new(), holds: true }
    }
}

impl Page {
    /// Adds text.
    pub(crate) fn say(&mut self, text: &str) {
        self.text += text;
    }

    /// Adds a row of a table.
    pub(crate) fn row(&mut self, cells: &[String]) {
        let _ = writeln!(self.text, "| {} |", cells.join(" | "));
    }

    /// `yes` or `no`, which also marks the document.
    pub(crate) fn check(&mut self, holds: bool) -> String {
        self.holds &= holds;
        if holds { "yes" } else { "**no**" }.to_owned()
    }
}

/// The document, and whether everything in it holds.
pub(crate) fn document(root: &Path) -> (String, bool) {
    let mut page = Page { text: heading("Validation"), holds: true };
    page.say("Numbers from outside, with their deviation and its bound; and accounts, in which nothing may be lost. The tests check the same bounds. ");
    page.say("`make evidence` fails if a cell of *holds* or *agrees* is **no**.\n\n");
    golden(&mut page);
    calibration::section(&mut page);
    new_haven(&mut page);
    st_louis::section(&mut page, root);
    (page.text, page.holds)
}

/// All that is compared with golden numbers.
pub(crate) fn golden(page: &mut Page) {
    let points = points(POINTS);
    numbers(page, &points);
    labels(page);
    integrals(page, &points);
    page.say("## Contours of the 100 golden points\n\nQuartic, h 150 m, cells of 15 m. *Asked* is the share rounded up to whole points, *we say* what the result says, *held* is counted in the drawn polygons.\n\n");
    contour_head(page);
    let grid = grid_of_cells(&points, Metres(150.0), Metres(15.0));
    let density = kde(&points, None, &grid, &KdeParams::quartic(Metres(150.0))).expect("good input");
    for share in [0.1, 0.5, 0.75, 0.9, 1.0] {
        let found = threshold_for_share(&density, &points, share).expect("all points are on the grid");
        let region = contour(&density, found.threshold).expect("a good threshold");
        contour_row(page, "golden", share, found.inside, &region, &points);
    }
    page.say("\n");
}

fn number(text: &str) -> f64 {
    text.parse().expect("a number in a fixture")
}

fn rows(csv: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    csv.lines().skip(1).map(|line| line.split(',').collect())
}

fn points(csv: &'static str) -> Vec<Local> {
    rows(csv).map(|row| Local { x: number(row[0]), y: number(row[1]) }).collect()
}

fn members(clusters: &Clusters, points: &[Local], wanted: Option<u32>) -> Vec<Local> {
    clusters.label.iter().zip(points).filter(|(label, _)| **label == wanted).map(|(_, &at)| at).collect()
}

/// Every row of `expected.csv`, in its order.
fn numbers(page: &mut Page, points: &[Local]) {
    page.say("## Golden numbers\n\n`fixtures/golden/expected.csv`, from NumPy, SciPy, scikit-learn and R (see the README there). Densities per km², areas in m²; a bound of 0 means equal.\n\n");
    page.say("| quantity | at | expected | ours | relative deviation | bound | holds |\n|---|---|--:|--:|--:|--:|---|\n");
    let clusters = dbscan(points, &DbscanParams { eps: Metres(40.0), min_points: 8 }).expect("good input");
    let area = |points: &[Local]| {
        use geo::Area;
        hull(points).expect("a cluster has points").polygon.unsigned_area()
    };
    let (mut sizes, mut areas) = (0.., 0..);
    for row in rows(EXPECTED) {
        let place = (!row[1].is_empty()).then(|| Local { x: number(row[1]), y: number(row[2]) });
        let (ours, bound) = match (row[0], place) {
            ("quartic_150", Some(at)) => {
                let params = KdeParams::quartic(Metres(150.0));
                (kde_at(points, None, &[at], &params).expect("good input")[0], 1e-12)
            }
            ("dbscan_40_8_noise", _) => (members(&clusters, points, None).len() as f64, 0.0),
            ("dbscan_40_8_cluster", _) => (members(&clusters, points, sizes.next()).len() as f64, 0.0),
            ("hull_area", _) => (area(&members(&clusters, points, areas.next())), 1e-12),
            ("hull_area_all", _) => (area(points), 1e-12),
            (other, _) => panic!("`{other}` in expected.csv is not known here"),
        };
        let expected = number(row[3]);
        let deviation = (ours / expected - 1.0).abs();
        let holds = page.check(deviation <= bound);
        let at = place.map_or_else(String::new, |at| format!("{}, {}", at.x, at.y));
        page.row(&[
            row[0].to_owned(),
            at,
            expected.to_string(),
            ours.to_string(),
            format!("{deviation:.1e}"),
            bound.to_string(),
            holds,
        ]);
    }
    page.say("\n");
}

/// A small number: `1e-12`, `2.2e-16`, or 0.
fn short(value: f64) -> String {
    if value == 0.0 { "0".to_owned() } else { format!("{value:.1e}").replace(".0e", "e") }
}

/// The labels of scikit-learn.
fn labels(page: &mut Page) {
    page.say("## Clusters of 2,000 points\n\n`fixtures/golden/dbscan.csv`: scikit-learn's label and core mark of every point.\n\n");
    page.say("| eps | min points | clusters, scikit-learn | ours | noise, scikit-learn | ours | labels that differ | holds |\n|--:|--:|--:|--:|--:|--:|--:|---|\n");
    let points = points(DBSCAN);
    for (column, eps, min_points) in [(2, 25.0, 5), (3, 40.0, 12), (4, 100.0, 30)] {
        let ours = dbscan(&points, &DbscanParams { eps: Metres(eps), min_points }).expect("good input");
        let theirs: Vec<&str> = rows(DBSCAN).map(|row| row[column]).collect();
        let noise = theirs.iter().filter(|label| **label == "-1").count();
        let distinct: HashSet<&str> =
            theirs.iter().map(|label| label.trim_end_matches('*')).filter(|label| *label != "-1").collect();
        let written = |at: usize| {
            let label = ours.label[at].map_or_else(|| "-1".to_owned(), |label| label.to_string());
            if ours.core[at] { label + "*" } else { label }
        };
        let differ = (0..points.len()).filter(|&at| written(at) != theirs[at]).count();
        let our_noise = members(&ours, &points, None).len();
        let holds = page.check(differ == 0 && distinct.len() == ours.n_clusters && noise == our_noise);
        page.row(&[
            format!("{eps} m"),
            min_points.to_string(),
            distinct.len().to_string(),
            ours.n_clusters.to_string(),
            noise.to_string(),
            our_noise.to_string(),
            differ.to_string(),
            holds,
        ]);
    }
    page.say("\n");
}

fn integrals(page: &mut Page, points: &[Local]) {
    page.say("## A density holds its incidents\n\nDensity × area of a cell, summed over a grid that reaches one bandwidth beyond the points.\n\n");
    page.say("| points | bandwidth | cell | integral | relative deviation | bound | holds |\n|--:|--:|--:|--:|--:|--:|---|\n");
    for h in [40.0, 150.0, 400.0] {
        let grid = grid_of_cells(points, Metres(h), Metres(h / 10.0));
        let density = kde(points, None, &grid, &KdeParams::quartic(Metres(h))).expect("good input");
        integral_row(page, points.len(), h, h / 10.0, density.integral(), 1e-3);
    }
    page.say("\n");
}

fn integral_row(page: &mut Page, points: usize, h: f64, cell: f64, integral: f64, bound: f64) {
    let deviation = (integral / points as f64 - 1.0).abs();
    let holds = page.check(deviation <= bound);
    page.row(&[
        thousands(points),
        format!("{h} m"),
        format!("{cell} m"),
        format!("{integral:.4}"),
        short(deviation),
        short(bound),
        holds,
    ]);
}

fn contour_head(page: &mut Page) {
    page.say("| data | share | asked | we say | held | off by | holds |\n|---|--:|--:|--:|--:|--:|---|\n");
}

/// One contour. Incidents that share a density with the last one asked for go in together, so `inside` may be more.
fn contour_row(
    page: &mut Page,
    data: &str,
    share: f64,
    inside: usize,
    region: &geo::MultiPolygon,
    points: &[Local],
) {
    let asked = (share * points.len() as f64 * (1.0 - 4.0 * f64::EPSILON)).ceil() as usize;
    let held = held(region, points);
    let holds = page.check(held == inside && inside >= asked);
    page.row(&[
        data.to_owned(),
        format!("{:.0} %", share * 100.0),
        thousands(asked),
        thousands(inside),
        thousands(held),
        (held as i64 - asked as i64).to_string(),
        holds,
    ]);
}

/// How many points lie in the polygons, each place looked at once.
fn held(region: &geo::MultiPolygon, points: &[Local]) -> usize {
    let mut places: HashMap<(u64, u64), usize> = HashMap::new();
    for at in points {
        *places.entry((at.x.to_bits(), at.y.to_bits())).or_default() += 1;
    }
    let boxed: Vec<(geo::Rect, &geo::Polygon)> =
        region.iter().filter_map(|p| Some((p.bounding_rect()?, p))).collect();
    let inside = |x: u64, y: u64| {
        let at = geo::Coord { x: f64::from_bits(x), y: f64::from_bits(y) };
        boxed.iter().any(|(bounds, polygon)| bounds.intersects(&at) && polygon.intersects(&at))
    };
    places.par_iter().map(|(&(x, y), &n)| if inside(x, y) { n } else { 0 }).sum()
}

/// The density and the contours of a data set: the same for every one.
pub(crate) fn surface(
    page: &mut Page,
    name: &str,
    snapshot: &Snapshot,
    query: &Query,
    bandwidth: f64,
    cell: f64,
) {
    let data = snapshot.dataset();
    let selection = snapshot.select(query).expect("known categories");
    let protected =
        |at: usize| data.incidents.classes(at).any(|class| data.classes.get(class).flags.protected());
    let counted =
        (0..data.incidents.len()).filter(|&at| !data.held[at] && selection.has(data, at) && !protected(at));
    let points: Vec<Local> = counted
        .filter_map(|at| data.incidents.local(at))
        .filter(|&at| data.study_area.contains(at))
        .collect();
    let params = KdeParams::quartic(Metres(bandwidth));
    let found = snapshot.density(&selection, &params, Metres(cell)).expect("good parameters");
    page.say("Density over the study area, padded by the bandwidth:\n\n| points | bandwidth | cell | integral | relative deviation | bound | holds |\n|--:|--:|--:|--:|--:|--:|---|\n");
    integral_row(page, found.incidents, bandwidth, cell, found.density.integral(), 1e-3);
    page.say("\nIts contours. They are off by the incidents that have the same density as the last one asked for, mostly at its address, which no line can part:\n\n");
    contour_head(page);
    for region in &found.contours {
        contour_row(page, name, region.level, region.inside, &region.shape, &points);
    }
    page.say("\n");
}

/// Accounts of what became of the selected incidents, as a row.
pub(crate) fn tally_row(page: &mut Page, name: &str, tally: &Tally) {
    let unlocated: usize = tally.unlocated.values().sum();
    let agrees = page.check(tally.incidents == tally.in_blocks + tally.unassigned + tally.held + unlocated);
    let reasons: Vec<String> =
        tally.unlocated.iter().map(|(reason, &n)| format!("{} {reason}", thousands(n))).collect();
    let unlocated = if reasons.is_empty() { "0".to_owned() } else { reasons.join(", ") };
    let counts = [tally.incidents, tally.in_blocks, tally.unassigned, tally.held].map(thousands);
    let geocoded = thousands(tally.geocoded);
    page.row(&[&[name.to_owned()], &counts[..], &[unlocated, agrees, geocoded]].concat());
}

/// The head of those rows.
pub(crate) fn tally_head(page: &mut Page) {
    page.say("Where incidents are; *agrees*: incidents = in blocks + unassigned + held + unlocated. *Geocoded* are those of the first three whose place was found from their address.\n\n");
    page.say("| selection | incidents | in blocks | unassigned | held | unlocated | agrees | geocoded |\n|---|--:|--:|--:|--:|--:|---|--:|\n");
}

fn new_haven(page: &mut Page) {
    page.say("## New Haven, September 2014 (the sample)\n\nOne month, capped sample: not a statement about New Haven. *Agrees*: read = kept + refused.\n\n| rows of | read | kept | refused | agrees |\n|---|--:|--:|--:|---|\n");
    let (blocks, loaded) = load::new_haven();
    for (what, account) in [("blocks", &blocks), ("incidents", &loaded.account)] {
        let agrees = page.check(account.read == account.kept + account.refused.len());
        let counts = [account.read, account.kept, account.refused.len()].map(thousands);
        page.row(&[&[what.to_owned()], &counts[..], &[agrees]].concat());
    }
    let data = loaded.snapshot.dataset();
    let resolved = &data.resolution;
    let all = page.check(
        loaded.account.kept == resolved.reports && resolved.reports == resolved.merged + data.incidents.len(),
    );
    let _ = write!(
        page.text,
        "\n{} reports kept, {} of them a repeat of or an addition to an earlier one, the rest {} incidents; agrees: {all}.\n\n",
        thousands(resolved.reports),
        thousands(resolved.merged),
        thousands(data.incidents.len()),
    );
    let demo: toml::Table =
        include_str!("../../data/new-haven/hotblocks.toml").parse().expect("the sample's configuration");
    let categories = demo.get("category").and_then(toml::Value::as_array).into_iter().flatten();
    let categories = categories.filter_map(|name| name.as_str().map(str::to_owned)).collect();
    let demo_query = Query { categories, ..Query::default() };
    tally_head(page);
    for (name, query) in [("all", &Query::default()), ("the demo's categories", &demo_query)] {
        tally_row(
            page,
            name,
            &loaded.snapshot.tally(&loaded.snapshot.select(query).expect("known categories")),
        );
    }
    let metres = |key: &str| demo.get(key).and_then(toml::Value::as_integer).map_or(f64::NAN, |m| m as f64);
    page.say("\n");
    surface(
        page,
        "the demo's categories",
        &loaded.snapshot,
        &demo_query,
        metres("bandwidth_m"),
        metres("cell_m"),
    );
}
