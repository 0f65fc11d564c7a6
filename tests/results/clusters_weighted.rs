//! Clusters of incidents that weigh, as both edges give them.

use crate::common;

use common::answers::{ask, get, number, parameter};
use hotblocks::engine::params::clusters::CLUSTERS;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::layer::{Layer, Value};

fn with_table(text: &str) -> Snapshot {
    let (plain, ..) = common::new_haven();
    let mut dataset = plain.dataset().clone();
    let table = format!("category,weight,source,note\n{text}");
    let read = hotblocks::ingest::harm::read("own.csv", table.as_bytes(), &dataset.classes);
    dataset.harm = Some(read.expect("a table"));
    Snapshot::new(dataset, 1)
}

fn of(snapshot: &Snapshot, pairs: &[(&str, &str)]) -> Layer {
    ask(snapshot, &CLUSTERS, pairs).expect("clusters")
}

/// Incidents in clusters, by cluster.
fn sizes(layer: &Layer) -> Vec<f64> {
    layer.features.iter().map(|feature| number(get(&feature.properties, "incidents"))).collect()
}

#[test]
fn twice_the_weight_is_the_same_clusters_at_twice_the_least_and_more_at_the_same() {
    let categories = ("category", "property,person");
    let twice = with_table("property,2,ours,\nperson,2,ours,\n");
    let dbscan = [categories, ("min_points", "12"), ("eps_m", "100")];
    let one = of(&twice, &dbscan);
    let weighted =
        |least| of(&twice, &[categories, ("min_points", least), ("eps_m", "100"), ("weights", "harm")]);
    let two = weighted("24");
    assert_eq!(sizes(&one), sizes(&two));
    assert!(sizes(&weighted("12")).iter().sum::<f64>() > sizes(&one).iter().sum::<f64>() + 20.0);
    check(&two);
    assert!(one.features.iter().all(|f| f.properties.iter().all(|(name, _)| *name != "weight")));
    let mut met = 0;
    for (least, samples) in [("8", "2"), ("24", "2"), ("24", "6"), ("48", "12"), ("96", "24")] {
        let tree =
            [("method", "hdbscan"), ("min_points", least), ("min_samples", samples), ("weights", "harm")];
        let tree = of(&twice, &[&[categories][..], &tree].concat());
        check(&tree);
        met += tree.matched;
    }
    assert!(met > 0);
}

/// All weigh twice what they are.
fn check(layer: &Layer) {
    for feature in &layer.features {
        let [incidents, weight] = ["incidents", "weight"].map(|name| number(get(&feature.properties, name)));
        let least = number(get(&feature.properties, "min_points"));
        assert!(weight == 2.0 * incidents && weight >= least, "{weight} {incidents}");
    }
    let Value::Map(told) = parameter(layer, "weights") else { panic!("no weights") };
    assert_eq!((get(told, "by"), get(told, "table")), (&Value::text("harm"), &Value::text("own.csv")));
}

#[test]
fn one_heavy_incident_is_no_cluster_of_its_own() {
    let heavy = with_table("property,1000,ours,\nperson,0,ours,\n");
    let layer =
        of(&heavy, &[("category", "property"), ("eps_m", "15"), ("min_points", "1000"), ("weights", "harm")]);
    assert!(layer.matched > 0 && sizes(&layer).iter().all(|incidents| *incidents >= 3.0));
    assert!(number(parameter(&layer, "clusters_of_fewer")) > 10.0);
    let clustered: f64 = sizes(&layer).iter().sum();
    assert_eq!(number(parameter(&layer, "clustered")), clustered);
}

#[test]
fn what_cannot_be_weighed_is_refused_or_said() {
    let (plain, ..) = common::new_haven();
    let base = [("eps_m", "100"), ("min_points", "12")];
    let refused = |snapshot: &Snapshot, pairs: &[(&str, &str)]| {
        let error = ask(snapshot, &CLUSTERS, &[&base[..], pairs].concat()).expect_err("accepted");
        assert_eq!(error.parameter(), Some("weights"), "{error}");
        common::chain(&error)
    };
    assert!(refused(&plain, &[("weights", "harm")]).contains("--harm"));
    let parts = with_table("property,2.5,ours,\n");
    assert!(refused(&parts, &[("weights", "harm"), ("method", "hdbscan")]).contains("2.5"));
    assert!(refused(&parts, &[("weights", "harm"), ("category", "person")]).contains("own.csv"));
    let stac = of(&plain, &[&base[..], &[("method", "stac"), ("weights", "reports")]].concat());
    assert!(stac.warnings().any(|said| said.contains("counts as one")));
    let reports = of(&plain, &[&base[..], &[("weights", "reports")]].concat());
    assert!(!reports.warnings().any(|said| said.contains("counts as one")));
}
