//! Numbers from outside: NumPy, SciPy, scikit-learn and R, see `fixtures/golden/README.md`.

use geo::{Area, Contains};
use hotblocks::analysis::clusters::dbscan::{Clusters, DbscanParams, dbscan};
use hotblocks::analysis::clusters::hull::hull;
use hotblocks::analysis::density::contour::{contour, threshold_for_share};
use hotblocks::analysis::density::kde::{KdeParams, kde, kde_at};
use hotblocks::analysis::density::kernel::Kernel;
use hotblocks::space::bbox::LocalBox;
use hotblocks::space::coord::{Local, Metres};
use hotblocks::space::grid::Grid;

const EXPECTED: &str = include_str!("../../fixtures/golden/expected.csv");
const POINTS: &str = include_str!("../../fixtures/golden/gold_points.csv");
const DBSCAN: &str = include_str!("../../fixtures/golden/dbscan.csv");

fn number(text: &str) -> f64 {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no number"))
}

fn rows(csv: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    csv.lines().skip(1).map(|line| line.split(',').collect())
}

fn points(csv: &'static str) -> Vec<Local> {
    rows(csv).map(|r| Local { x: number(r[0]), y: number(r[1]) }).collect()
}

fn expected(quantity: &str) -> Vec<f64> {
    rows(EXPECTED).filter(|r| r[0] == quantity).map(|r| number(r[3])).collect()
}

fn grid_around(points: &[Local], bandwidth: f64, cell: f64) -> Grid {
    let area = LocalBox::around(points.iter().copied()).expect("points").padded(Metres(bandwidth));
    Grid::over(area, Metres(cell)).expect("a small grid")
}

fn members(clusters: &Clusters, points: &[Local], number: u32) -> Vec<Local> {
    let pairs = clusters.label.iter().zip(points);
    pairs.filter(|(label, _)| **label == Some(number)).map(|(_, &p)| p).collect()
}

#[test]
fn quartic_density_equals_r_and_numpy() {
    let points = points(POINTS);
    assert_eq!(points.len(), 100);
    let at: Vec<Local> = rows(EXPECTED)
        .filter(|r| r[0] == "quartic_150")
        .map(|r| Local { x: number(r[1]), y: number(r[2]) })
        .collect();
    let density = kde_at(&points, None, &at, &KdeParams::quartic(Metres(150.0))).expect("good input");
    // From R, in events per m².
    let r = [0.00140967915375, 0.000890025784337, 1.58001695837e-05, 1.06622661375e-05, 1.31894821798e-05];
    for ((ours, theirs), r) in density.iter().zip(expected("quartic_150")).zip(r) {
        assert!((ours / theirs - 1.0).abs() < 1e-12, "{ours} is not {theirs}");
        assert!((ours / (r * 1e6) - 1.0).abs() < 1e-9, "{ours} is not {r} per m²");
    }
}

#[test]
fn a_grid_gives_the_golden_densities_at_its_centers() {
    let points = points(POINTS);
    for (row, value) in rows(EXPECTED).filter(|r| r[0] == "quartic_150").zip(expected("quartic_150")) {
        let at = Local { x: number(row[1]), y: number(row[2]) };
        // 5 × 5 cells with the place in the middle of the center one.
        let origin = Local { x: at.x - 50.0, y: at.y - 50.0 };
        let grid = Grid { origin, cell: Metres(20.0), n_cols: 5, n_rows: 5 };
        let density = kde(&points, None, &grid, &KdeParams::quartic(Metres(150.0))).expect("good input");
        assert!((density.per_km2[12] / value - 1.0).abs() < 1e-9, "{} is not {value}", density.per_km2[12]);
    }
}

#[test]
fn a_density_over_a_padded_grid_integrates_to_the_incidents() {
    let points = points(POINTS);
    for h in [40.0, 150.0, 400.0] {
        let grid = grid_around(&points, h, h / 10.0);
        let density = kde(&points, None, &grid, &KdeParams::quartic(Metres(h))).expect("good input");
        assert!((density.integral() / 100.0 - 1.0).abs() < 1e-3, "h = {h}: {}", density.integral());
    }
}

#[test]
fn sigma_is_what_spatstat_calls_the_bandwidth() {
    assert!((Kernel::Quartic.sigma(Metres(150.0)).0 - 53.033_008_588_991_064).abs() < 1e-12);
}

#[test]
fn a_share_contour_of_the_golden_points_holds_the_share() {
    let points = points(POINTS);
    let grid = grid_around(&points, 150.0, 15.0);
    let density = kde(&points, None, &grid, &KdeParams::quartic(Metres(150.0))).expect("good input");
    for (share, wanted) in [(0.1, 10), (0.5, 50), (0.75, 75), (0.9, 90), (1.0, 100)] {
        let found = threshold_for_share(&density, &points, share).expect("all on the grid");
        let region = contour(&density, found.threshold).expect("a good threshold");
        let held = points.iter().filter(|&&p| region.contains(&geo::Coord::from(p))).count();
        assert_eq!((found.inside, held), (wanted, wanted));
    }
}

#[test]
fn dbscan_and_hulls_of_the_golden_points_equal_scikit_learn_and_scipy() {
    let points = points(POINTS);
    let clusters = dbscan(&points, &DbscanParams { eps: Metres(40.0), min_points: 8 }).expect("good input");
    let noise = clusters.label.iter().filter(|label| label.is_none()).count();
    assert_eq!(noise, 37);
    assert_eq!(expected("dbscan_40_8_noise"), [noise as f64]);
    let mut sizes = Vec::new();
    for (k, area) in expected("hull_area").into_iter().enumerate() {
        let members = members(&clusters, &points, k as u32);
        sizes.push(members.len() as f64);
        let hull = hull(&members).expect("a cluster has points");
        assert!(!hull.widened && (hull.polygon.signed_area() / area - 1.0).abs() < 1e-12);
    }
    assert_eq!(sizes, [41.0, 22.0]);
    assert_eq!(sizes, expected("dbscan_40_8_cluster"));
    let all = hull(&points).expect("100 points").polygon.unsigned_area();
    assert!((all / expected("hull_area_all")[0] - 1.0).abs() < 1e-12);
}

#[test]
fn dbscan_labels_2000_clustered_points_as_scikit_learn_does() {
    let points = points(DBSCAN);
    assert_eq!(points.len(), 2000);
    for (column, eps, min_points, n_clusters) in [(2, 25.0, 5, 39), (3, 40.0, 12, 22), (4, 100.0, 30, 15)] {
        let clusters = dbscan(&points, &DbscanParams { eps: Metres(eps), min_points }).expect("good input");
        assert_eq!(clusters.n_clusters, n_clusters);
        for (i, row) in rows(DBSCAN).enumerate() {
            let label = row[column].trim_end_matches('*');
            let ours = clusters.label[i].map_or("-1".to_owned(), |k| k.to_string());
            assert_eq!((ours.as_str(), clusters.core[i]), (label, row[column].ends_with('*')), "point {i}");
        }
    }
}
