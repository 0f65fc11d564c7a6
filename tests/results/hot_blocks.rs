//! Contiguous hot blocks of the sample: clusters of streets and of polygons, recomputed from counts and shapes.

use crate::common;

use std::collections::{BTreeSet, HashMap};

use common::answers::{ask, get};
use geo::{Distance, Euclidean, Geometry};
use hotblocks::analysis::clusters::hot_blocks::HotBlocksParams;
use hotblocks::engine::params::clusters::CLUSTERS;
use hotblocks::engine::params::ranking::RANK;
use hotblocks::engine::query::Query;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::layer::{Feature, Value};

fn int(feature: &Feature, name: &str) -> i64 {
    match get(&feature.properties, name) {
        Value::Int(n) => *n,
        other => panic!("{name} is {other:?}"),
    }
}

fn ids(feature: &Feature) -> Vec<String> {
    let Value::List(ids) = get(&feature.properties, "block_ids") else { panic!("no list of blocks") };
    let text = |id: &Value| match id {
        Value::Text(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    ids.iter().map(text).collect()
}

/// Whether the shapes hang together: any two are joined by steps between shapes that touch.
fn connected(shapes: &[&Geometry]) -> bool {
    let mut reached = BTreeSet::from([0]);
    let mut open = vec![0];
    while let Some(at) = open.pop() {
        for other in 0..shapes.len() {
            if !reached.contains(&other) && Euclidean.distance(shapes[at], shapes[other]) < 0.02 {
                reached.insert(other);
                open.push(other);
            }
        }
    }
    reached.len() == shapes.len()
}

#[test]
fn every_hot_block_is_in_one_cluster_that_hangs_together_and_has_the_incidents_of_its_ranked_blocks() {
    for (snapshot, ..) in [common::new_haven(), common::new_haven_polygons()] {
        let category = ("category", "all");
        let ranked = ask(&snapshot, &RANK, &[category]).expect("a rank");
        let count: HashMap<String, i64> =
            ranked.features.iter().map(|row| (row.id.clone(), int(row, "incidents"))).collect();
        let with = [category, ("method", "hot-blocks"), ("least", "3"), ("min_points", "3")];
        let made = ask(&snapshot, &CLUSTERS, &with).expect("clusters");
        let blocks = &snapshot.dataset().block_set.blocks;
        let shape: HashMap<&str, &Geometry> = blocks.iter().map(|b| (b.id.as_str(), &b.local)).collect();
        let mut seen = BTreeSet::new();
        let mut hottest = i64::MAX;
        for cluster in &made.features {
            use geo::Validation;
            let ids = ids(cluster);
            let counts: Vec<i64> = ids.iter().map(|id| count[id]).collect();
            assert!(ids.iter().all(|id| seen.insert(id.clone())), "{}: a block twice", cluster.id);
            assert!(counts.iter().all(|&n| n >= 3) && counts[0] == *counts.iter().max().expect("some"));
            assert!(counts[0] <= hottest, "the hottest block opens the first cluster");
            hottest = counts[0];
            assert_eq!(int(cluster, "incidents"), counts.iter().sum::<i64>(), "{}", cluster.id);
            assert_eq!(int(cluster, "blocks") as usize, ids.len());
            let shapes: Vec<&Geometry> = ids.iter().map(|id| shape[id.as_str()]).collect();
            assert!(connected(&shapes), "{}", cluster.id);
            assert!(cluster.geometry.as_deref().is_some_and(Validation::is_valid), "{}", cluster.id);
        }
        let hot: BTreeSet<String> =
            count.iter().filter(|(_, n)| **n >= 3).map(|(id, _)| id.clone()).collect();
        assert_eq!(seen, hot, "without a bound of size each hot block is in a cluster");
        let largest = made.features.iter().map(|cluster| int(cluster, "blocks")).max();
        assert!(largest > Some(2), "{largest:?} blocks in the largest of {} clusters", made.features.len());
        // No two clusters touch: they would be one.
        let first: Vec<Vec<&Geometry>> =
            made.features.iter().map(|c| ids(c).iter().map(|id| shape[id.as_str()]).collect()).collect();
        for (a, b) in (0..first.len()).flat_map(|a| (0..a).map(move |b| (a, b))) {
            let apart = first[a].iter().all(|x| first[b].iter().all(|y| !touch(x, y)));
            assert!(apart, "clusters {} and {} touch", a + 1, b + 1);
        }
        let again = ask(&snapshot, &CLUSTERS, &with).expect("clusters");
        assert_eq!(made, again);
    }
}

/// Whether streets share an end, or polygons a point.
fn touch(a: &Geometry, b: &Geometry) -> bool {
    let ends = |shape: &Geometry| match shape {
        Geometry::Point(at) => Some(vec![at.0]),
        Geometry::LineString(line) => Some(vec![line.0[0], line.0[line.0.len() - 1]]),
        _ => None,
    };
    match (ends(a), ends(b)) {
        (Some(a), Some(b)) => a.iter().any(|at| b.contains(at)),
        _ => Euclidean.distance(a, b) < 0.005,
    }
}

#[test]
fn a_bound_of_blocks_cuts_clusters_and_a_total_drops_the_small_ones() {
    let (snapshot, ..) = common::new_haven();
    let selection = snapshot.select(&Query::default()).expect("all");
    let find = |max_blocks, min_total| {
        let params = HotBlocksParams { least: 5.0, max_blocks, min_total };
        snapshot.hot_blocks(&selection, &params).expect("clusters")
    };
    let (whole, cut, large) = (find(None, 0.0), find(Some(3), 0.0), find(None, 40.0));
    assert!(whole.clusters.iter().any(|cluster| cluster.blocks.len() > 3));
    assert!(cut.clusters.iter().all(|cluster| cluster.blocks.len() <= 3));
    assert!(cut.clusters.len() > whole.clusters.len());
    let blocks = |found: &hotblocks::engine::hot_blocks::HotClusters| {
        found.clusters.iter().map(|cluster| cluster.blocks.len()).sum::<usize>()
    };
    assert_eq!((blocks(&whole), blocks(&cut)), (whole.hot, whole.hot));
    let kept: Vec<_> = whole.clusters.iter().filter(|c| c.incidents >= 40.0).cloned().collect();
    assert!(!kept.is_empty() && kept.len() < whole.clusters.len());
    assert_eq!(large.clusters, kept);
}

#[test]
fn the_answer_echoes_the_bounds_and_what_lies_in_no_cluster() {
    let (snapshot, ..) = common::new_haven();
    let with = [("method", "hot-blocks"), ("least", "6"), ("min_points", "20"), ("max_blocks", "5")];
    let made = ask(&snapshot, &CLUSTERS, &with).expect("clusters");
    let Value::Map(told) = get(&made.provenance, "parameters") else { panic!("parameters") };
    for (name, value) in [("least", 6), ("min_points", 20), ("max_blocks", 5)] {
        assert_eq!(get(told, name), &Value::Int(value), "{name}");
    }
    let clustered: i64 = made.features.iter().map(|cluster| int(cluster, "incidents")).sum();
    assert_eq!(get(told, "clustered"), &Value::Int(clustered));
    let selection = snapshot.select(&Query::default()).expect("all");
    let all: u64 = snapshot.rank(&selection).iter().map(|row| row.count.incidents()).sum();
    assert_eq!(get(told, "noise"), &Value::Int(all as i64 - clustered));
    let none =
        ask(&snapshot, &CLUSTERS, &[("method", "hot-blocks"), ("least", "100000"), ("min_points", "5")]);
    assert!(none.expect("no clusters are an answer").features.is_empty());
}

#[test]
fn blocks_made_from_addresses_are_refused_with_the_mend() {
    use hotblocks::engine::build::{About, Ground, build};
    use hotblocks::ingest::incidents::{Options, read};
    use hotblocks::ingest::input::Input;
    let file = Input::at(&common::repository("data/new-haven/new_haven_merged.shp")).expect("known");
    let (ledger, _) = read(&[file], &Options::default(), &|| ()).expect("readable");
    let snapshot = Snapshot::new(build(ledger, &Ground::Addresses, About::default()).expect("built"), 1);
    let with = [("method", "hot-blocks"), ("least", "5"), ("min_points", "5")];
    let refused = ask(&snapshot, &CLUSTERS, &with).expect_err("was answered");
    assert_eq!(refused.parameter(), Some("method"));
    assert!(refused.to_string().contains("streets or polygons"), "{refused}");
}
