//! Clusters of blocks that touch, drawn as their blocks.

use geo::algorithm::bool_ops::unary_union;
use geo::{Geometry, LineString, MultiLineString, MultiPoint, Point, Polygon};

use super::answer::AnswerError;
use super::clusters::legend;
use super::made::{made, on_page};
use super::{Ask, Feature, Layer, Value};
use crate::analysis::clusters::hot_blocks::{HotBlocksError, HotBlocksParams};
use crate::engine::hot_blocks::{HotCluster, HotClustersError};
use crate::engine::params::clusters::{HOT_BLOCKS, LEAST, MAX_BLOCKS, METHOD};
use crate::engine::params::table::MIN_POINTS;
use crate::engine::params::values::Values;
use crate::engine::snapshot::Snapshot;
use crate::model::block::Block;
use crate::space::crs::CrsError;

/// Whether clusters of blocks are asked for.
pub(super) fn is_hot_blocks(values: &Values) -> bool {
    values.word(&METHOD) == Some(HOT_BLOCKS)
}

/// Answers with clusters of blocks.
pub(super) fn hot_blocks_answer(
    snapshot: &Snapshot,
    ask: &Ask,
    values: &Values,
) -> Result<Layer, AnswerError> {
    let count = |param| values.count(&param).ok_or(AnswerError::NotGiven(param));
    let max_blocks = values.count(&MAX_BLOCKS);
    let params = HotBlocksParams {
        least: count(LEAST)? as f64,
        max_blocks: max_blocks.map(|most| usize::try_from(most).unwrap_or(usize::MAX)),
        min_total: count(MIN_POINTS)? as f64,
    };
    hot_blocks(snapshot, ask, &params)
}

/// Clusters of blocks with at least so many incidents that touch, the one with the hottest block first.
///
/// A cluster is drawn as the union of its polygons, or as its street segments; one of intersections alone as points.
///
/// # Errors
///
/// [`AnswerError`] for an unknown category or bounds that cannot be used.
pub fn hot_blocks(snapshot: &Snapshot, ask: &Ask, params: &HotBlocksParams) -> Result<Layer, AnswerError> {
    let selection = snapshot.select(&ask.query)?;
    let found = snapshot.hot_blocks(&selection, params).map_err(refused)?;
    let features = (1..)
        .zip(&found.clusters)
        .map(|(number, cluster)| feature(snapshot, number, cluster))
        .collect::<Result<Vec<_>, _>>();
    let features =
        features.map_err(|source| AnswerError::Inside { layer: "clusters", source: Box::new(source) })?;
    let clustered = found.clusters.iter().map(|cluster| cluster.incidents).sum();
    let parameters = vec![
        ("method", Value::text("contiguous hot blocks")),
        (LEAST.wire, Value::incidents(params.least, 4)),
        (MIN_POINTS.wire, Value::incidents(params.min_total, 4)),
        (MAX_BLOCKS.wire, params.max_blocks.map_or(Value::Null, Value::count)),
        ("blocks", Value::count(found.blocks)),
        ("hot_blocks", Value::count(found.hot)),
        ("clusters", Value::count(found.clusters.len())),
        ("clustered", Value::incidents(clustered, 4)),
        ("noise", Value::incidents(found.incidents - clustered, 4)),
    ];
    Ok(made("clusters", snapshot, ask, &selection, on_page(ask, features), legend(), parameters))
}

fn refused(error: HotClustersError) -> AnswerError {
    let parameter = match &error {
        HotClustersError::HotBlocks(HotBlocksError::Bounds) => LEAST.wire,
        _ => METHOD.wire,
    };
    AnswerError::Unusable { parameter, why: Box::new(error) }
}

fn feature(snapshot: &Snapshot, number: usize, cluster: &HotCluster) -> Result<Feature, CrsError> {
    let data = snapshot.dataset();
    let blocks: Vec<&Block> =
        cluster.blocks.iter().map(|(block, _)| &data.block_set.blocks[block.0 as usize]).collect();
    let text = |of: fn(&Block) -> &str| Value::List(blocks.iter().map(|b| Value::text(of(b))).collect());
    let sum = |of: fn(&Block) -> Option<f64>, decimals| {
        let known: Vec<f64> = blocks.iter().filter_map(|block| of(block)).collect();
        if known.is_empty() { Value::Null } else { Value::rounded(known.iter().sum(), decimals) }
    };
    let properties = vec![
        ("cluster", Value::count(number)),
        ("incidents", Value::incidents(cluster.incidents, 4)),
        ("blocks", Value::count(blocks.len())),
        ("length_m", sum(|block| block.length.map(|length| length.0), 3)),
        ("area_km2", sum(|block| block.area.map(|area| area.0), 6)),
        ("hottest", Value::text(blocks[0].name.clone())),
        ("hottest_incidents", Value::incidents(cluster.blocks[0].1, 4)),
        ("block_ids", text(|block| &block.id)),
        ("names", text(|block| &block.name)),
    ];
    let shape = data.crs.shape_from_local(&shape(&blocks))?;
    Ok(Feature { id: format!("cluster-{number}"), geometry: Some(shape.into()), properties })
}

/// All of one kind, so that any map can draw it: what has an area, else what has a length, else points.
fn shape(blocks: &[&Block]) -> Geometry {
    let mut parts = Parts::default();
    blocks.iter().for_each(|block| parts.add(&block.local));
    if !parts.polygons.is_empty() {
        unary_union(&parts.polygons).into()
    } else if !parts.lines.is_empty() {
        MultiLineString(parts.lines).into()
    } else {
        MultiPoint(parts.points).into()
    }
}

#[derive(Default)]
struct Parts {
    polygons: Vec<Polygon>,
    lines: Vec<LineString>,
    points: Vec<Point>,
}

impl Parts {
    fn add(&mut self, shape: &Geometry) {
        match shape {
            Geometry::Polygon(polygon) => self.polygons.push(polygon.clone()),
            Geometry::MultiPolygon(several) => self.polygons.extend(several.iter().cloned()),
            Geometry::LineString(line) => self.lines.push(line.clone()),
            Geometry::MultiLineString(lines) => self.lines.extend(lines.iter().cloned()),
            Geometry::Point(at) => self.points.push(*at),
            Geometry::MultiPoint(several) => self.points.extend(several.iter().copied()),
            Geometry::GeometryCollection(several) => several.iter().for_each(|each| self.add(each)),
            _ => {}
        }
    }
}
