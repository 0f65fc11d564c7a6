//! The blocks of a plan in an order of their own, so that the order of input changes nothing, and its limits checked.

use geo::{ConvexHull, MultiPoint, Point};

use super::error::TargetsError;
use super::{Ground, TargetParams};
use crate::space::coord::{Local, Metres};

/// Blocks, joints and links, checked and in order: by value, cost and place.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) value: Vec<f64>,
    pub(super) cost: Vec<f64>,
    pub(super) size: Vec<f64>,
    pub(super) joint_value: Vec<f64>,
    /// The blocks that meet in each joint.
    pub(super) legs: Vec<Vec<u32>>,
    /// Where each block stood in the input.
    pub(super) given: Vec<u32>,
    /// Where each joint stood in the input.
    pub(super) joint_given: Vec<u32>,
    links: Rows,
    joints: Rows,
    corners: Vec<Vec<Local>>,
}

/// Lists of numbers, one after the other.
#[derive(Debug, Default)]
struct Rows {
    start: Vec<u32>,
    list: Vec<u32>,
}

impl Rows {
    fn of(lists: Vec<Vec<u32>>) -> Self {
        let mut rows = Self { start: vec![0], list: Vec::new() };
        for mut list in lists {
            list.sort_unstable();
            list.dedup();
            rows.list.append(&mut list);
            rows.start.push(rows.list.len() as u32);
        }
        rows
    }

    fn row(&self, at: u32) -> &[u32] {
        &self.list[self.start[at as usize] as usize..self.start[at as usize + 1] as usize]
    }
}

impl Graph {
    /// Checks blocks and puts them in order.
    ///
    /// # Errors
    ///
    /// [`TargetsError`] for lists of different lengths or numbers that cannot be used.
    pub(super) fn of(ground: &Ground<'_>) -> Result<Self, TargetsError> {
        let n = ground.value.len();
        check(ground, n)?;
        let first = |b: usize| ground.corners[b].first().copied().unwrap_or_default();
        let mut given: Vec<u32> = (0..n as u32).collect();
        given.sort_by(|&a, &b| {
            let (a, b) = (a as usize, b as usize);
            let place = |p: Local, q: Local| p.x.total_cmp(&q.x).then(p.y.total_cmp(&q.y));
            (ground.value[b].total_cmp(&ground.value[a]))
                .then(ground.cost[a].total_cmp(&ground.cost[b]))
                .then(ground.size[b].total_cmp(&ground.size[a]))
                .then_with(|| place(first(a), first(b)))
                .then(a.cmp(&b))
        });
        let mut now = vec![0u32; n];
        given.iter().zip(0..).for_each(|(&was, at)| now[was as usize] = at);
        let mut links: Vec<Vec<u32>> = given
            .iter()
            .map(|&was| ground.neighbors.of(was as usize).iter().map(|&to| now[to as usize]).collect())
            .collect();
        // Who touches is mutual, even where a list is not.
        for at in 0..n as u32 {
            for to in links[at as usize].clone() {
                links[to as usize].push(at);
            }
        }
        let mut joints: Vec<(Vec<u32>, u32)> = (ground.joints.iter().zip(0..))
            .map(|(joint, number)| {
                let mut legs: Vec<u32> = joint.legs.iter().map(|&leg| now[leg as usize]).collect();
                legs.sort_unstable();
                legs.dedup();
                (legs, number)
            })
            .filter(|(legs, _)| !legs.is_empty())
            .collect();
        joints.sort_by(|(a, i), (b, j)| {
            let worth = |number: u32| ground.joints[number as usize].value;
            a.cmp(b).then(worth(*j).total_cmp(&worth(*i)))
        });
        let mut of_block: Vec<Vec<u32>> = vec![Vec::new(); n];
        for ((legs, _), number) in joints.iter().zip(0..) {
            for &leg in legs {
                of_block[leg as usize].push(number);
                links[leg as usize].extend(legs.iter().filter(|&&other| other != leg));
            }
        }
        let pick = |of: &[f64]| given.iter().map(|&was| of[was as usize]).collect();
        Ok(Self {
            value: pick(ground.value),
            cost: pick(ground.cost),
            size: pick(ground.size),
            joint_value: joints.iter().map(|(_, number)| ground.joints[*number as usize].value).collect(),
            joint_given: joints.iter().map(|(_, number)| *number).collect(),
            legs: joints.into_iter().map(|(legs, _)| legs).collect(),
            links: Rows::of(links),
            joints: Rows::of(of_block),
            corners: given.iter().map(|&was| ground.corners[was as usize].clone()).collect(),
            given,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.value.len()
    }

    /// The blocks that touch a block.
    pub(super) fn near(&self, block: u32) -> &[u32] {
        self.links.row(block)
    }

    /// The joints at a block.
    pub(super) fn joints(&self, block: u32) -> &[u32] {
        self.joints.row(block)
    }

    /// The greatest distance between two corners of some blocks.
    pub(super) fn extent(&self, blocks: &[u32]) -> f64 {
        let all = blocks
            .iter()
            .flat_map(|&b| &self.corners[b as usize])
            .map(|&at| Point::from(geo::Coord::from(at)));
        let hull = MultiPoint::from_iter(all).convex_hull();
        let around: Vec<Local> = hull.exterior().0.iter().map(|&at| at.into()).collect();
        (0..around.len())
            .flat_map(|i| (0..i).map(move |j| (i, j)))
            .map(|(i, j)| around[i].distance(around[j]).0)
            .fold(0.0, f64::max)
    }

    /// Whether some blocks lie within a distance of all corners of others.
    pub(super) fn within(&self, some: &[u32], others: &[u32], diameter: f64) -> bool {
        diameter.is_infinite()
            || some.iter().all(|&a| {
                let mine = &self.corners[a as usize];
                others.iter().all(|&b| {
                    self.corners[b as usize].iter().all(|p| mine.iter().all(|q| p.distance(*q).0 <= diameter))
                })
            })
    }
}

fn check(ground: &Ground<'_>, blocks: usize) -> Result<(), TargetsError> {
    let lengths = [
        ("cost", ground.cost.len()),
        ("size", ground.size.len()),
        ("neighbors", ground.neighbors.n_units()),
        ("corners", ground.corners.len()),
    ];
    if let Some(&(what, given)) = lengths.iter().find(|(_, given)| *given != blocks) {
        return Err(TargetsError::Length { what, given, blocks });
    }
    let bad = |what, of: &[f64], least, good: fn(f64) -> bool| match of
        .iter()
        .position(|&x| !(x.is_finite() && good(x)))
    {
        Some(index) => Err(TargetsError::Number { what, index, given: of[index], least }),
        None => Ok(()),
    };
    bad("value", ground.value, "0 or more", |x| x >= 0.0)?;
    bad("cost", ground.cost, "above 0", |x| x > 0.0)?;
    bad("size", ground.size, "0 or more", |x| x >= 0.0)?;
    let joints: Vec<f64> = ground.joints.iter().map(|joint| joint.value).collect();
    bad("intersection value", &joints, "0 or more", |x| x >= 0.0)?;
    for (joint, index) in ground.joints.iter().zip(0..) {
        if let Some(&leg) = joint.legs.iter().find(|&&leg| leg as usize >= blocks) {
            return Err(TargetsError::Number {
                what: "leg",
                index,
                given: f64::from(leg),
                least: "the number of a block",
            });
        }
    }
    for (corners, index) in ground.corners.iter().zip(0..) {
        if let Some(at) = corners.iter().find(|at| !(at.x.is_finite() && at.y.is_finite())) {
            return Err(TargetsError::Number {
                what: "corner",
                index,
                given: at.x + at.y,
                least: "in metres",
            });
        }
    }
    if blocks == 0 { Err(TargetsError::NoBlocks) } else { Ok(()) }
}

/// The limits of a plan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Limits {
    pub(super) budget: f64,
    pub(super) least_places: usize,
    /// No more than the budget allows of the least size.
    pub(super) most_places: usize,
    pub(super) least_size: f64,
    pub(super) diameter: f64,
}

impl Limits {
    /// Checks each limit by itself.
    ///
    /// # Errors
    ///
    /// [`TargetsError`]; how many places or how large ones would be accepted is for the caller to find out.
    pub(super) fn of(graph: &Graph, params: &TargetParams) -> Result<Self, TargetsError> {
        let blocks = u32::try_from(graph.len()).unwrap_or(u32::MAX);
        let least = graph.cost.iter().copied().fold(f64::INFINITY, f64::min);
        if !(params.budget.is_finite() && params.budget >= least) {
            return Err(TargetsError::Budget { budget: params.budget, least });
        }
        if !(1..=blocks).contains(&params.places) {
            return Err(TargetsError::Places { places: params.places, most: blocks });
        }
        if let Some(most) = params.most_places.filter(|&most| most < params.places) {
            return Err(TargetsError::MostPlaces { places: params.places, most });
        }
        if !params.least_size.is_finite() {
            return Err(TargetsError::LeastSize { least_size: params.least_size, most: 0.0 });
        }
        let diameter = params.diameter.map_or(f64::INFINITY, |d| d.0);
        if diameter.is_finite() || diameter.is_nan() {
            let shortest = (0..blocks).map(|b| graph.extent(&[b])).fold(f64::INFINITY, f64::min);
            if diameter.is_nan() || diameter < shortest {
                return Err(TargetsError::Diameter { diameter: Metres(diameter), least: Metres(shortest) });
            }
        }
        let by_size = by_size(graph, params);
        if by_size == 0 {
            return Err(TargetsError::LeastSize { least_size: params.least_size, most: 0.0 });
        }
        let most = params.most_places.map_or(usize::MAX, |most| most as usize).min(by_size);
        if most < params.places as usize {
            return Err(TargetsError::Places { places: params.places, most: most as u32 });
        }
        Ok(Self {
            budget: params.budget,
            least_places: params.places as usize,
            most_places: most,
            least_size: params.least_size,
            // What no two corners of the ground reach is no limit.
            diameter: if diameter >= graph.extent(&(0..blocks).collect::<Vec<_>>()) {
                f64::INFINITY
            } else {
                diameter
            },
        })
    }

    /// Whether a cost is within the budget, but for rounding.
    pub(super) fn affords(&self, cost: f64) -> bool {
        cost <= self.budget * (1.0 + 1e-12)
    }
}

/// How many places of the least size the budget could pay at the most: the cheapest block by size sets the price.
fn by_size(graph: &Graph, params: &TargetParams) -> usize {
    if params.least_size <= 0.0 {
        return usize::MAX;
    }
    let sized = graph.cost.iter().zip(&graph.size).filter(|(_, size)| **size > 0.0);
    let price = sized.map(|(cost, size)| cost / size).fold(f64::INFINITY, f64::min);
    let most = params.budget / (price * params.least_size) * (1.0 + 1e-9);
    if most.is_finite() { most as usize } else { usize::MAX }
}
