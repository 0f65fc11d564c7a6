//! Target areas: one or several contiguous sets of blocks under a budget, with the most expected harm.

mod anneal;
mod ascent;
mod bound;
mod choice;
mod closure;
mod cuts;
pub mod error;
mod exact;
mod graph;
mod greedy;
mod local_search;
mod prize;
mod relax;
mod room;
mod sides;
mod steps;

use crate::analysis::hotspots::weights::Neighbors;
use crate::space::coord::{Local, Metres};

use bound::Searched;
use choice::Choice;
use error::TargetsError;
use graph::{Graph, Limits};
use prize::Key;

/// Blocks with what they are worth and what they cost.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    /// What a block is worth: expected harm, 0 or more.
    pub value: &'a [f64],
    /// What it costs in the unit of the budget, above 0.
    pub cost: &'a [f64],
    /// How much it adds to the size of a place, in the unit of the least size, 0 or more.
    pub size: &'a [f64],
    /// Which blocks touch.
    pub neighbors: &'a Neighbors,
    /// Intersections, which cost nothing and come with any of their legs.
    pub joints: &'a [Joint],
    /// Places of each block whose farthest pair is its extent: its ends, its corners.
    pub corners: &'a [Vec<Local>],
}

/// An intersection: worth something, without a cost of its own, part of a place as soon as one of its legs is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Joint {
    /// What it is worth, 0 or more.
    pub value: f64,
    /// The blocks that meet in it, by position; they touch one another.
    pub legs: Vec<u32>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TargetParams {
    /// The most that all places together may cost.
    pub budget: f64,
    /// The fewest places, 1 or more.
    pub places: u32,
    /// The most places; any number where absent.
    pub most_places: Option<u32>,
    /// The least size of a place.
    pub least_size: f64,
    /// The greatest distance between two corners of a place.
    pub diameter: Option<Metres>,
    /// What the search follows from.
    pub seed: u64,
    /// Rounds of the local search.
    pub rounds: u32,
    /// Up to so many blocks all sets are searched; [`EXACT_BLOCKS`], and 64 at the most.
    pub exact_blocks: usize,
}

/// Rounds of the local search where nothing else is asked for.
pub const ROUNDS: u32 = 100;

/// Up to so many blocks every set is looked at, or shown not to be needed, where nothing else is asked for.
pub const EXACT_BLOCKS: usize = 40;

/// One place: blocks that hang together and touch no other place.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Its blocks, by position, ascending.
    pub blocks: Vec<u32>,
    /// Its intersections, by position, ascending.
    pub joints: Vec<u32>,
    /// What it is worth.
    pub value: f64,
    /// What it costs.
    pub cost: f64,
    /// Its size in the unit of the least size.
    pub size: f64,
    /// The greatest distance between two of its corners.
    pub diameter: Metres,
}

/// What was found, and how near to the best it is known to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Targets {
    /// The places, the one of the greatest value first.
    pub places: Vec<Place>,
    /// What they are worth together.
    pub value: f64,
    /// What they cost together.
    pub cost: f64,
    /// No choice within the limits is worth more.
    pub bound: f64,
    /// What the plain greedy way alone would have found; `None` if it finds nothing.
    pub greedy: Option<f64>,
    /// Which method found it.
    pub how: How,
}

impl Targets {
    /// How far the best can be above what was found, as a part of the bound: 0 for an optimum.
    #[must_use]
    pub fn gap(&self) -> f64 {
        if self.bound > 0.0 { ((self.bound - self.value) / self.bound).max(0.0) } else { 0.0 }
    }
}

/// Which method found the places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Branch and bound, or a search whose value meets the bound: nothing is better.
    Optimum,
    /// Greedy, Lagrangian and local search; the gap says how far the best may be.
    Search,
}

impl How {
    /// As it stands in results.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Optimum => "optimum",
            Self::Search => "search",
        }
    }
}

/// Chooses contiguous sets of blocks worth the most within a budget.
///
/// ```text
/// max Σ value(b) over the chosen blocks + Σ value(j) over the intersections j with a chosen leg
///   Σ cost(b) ≤ budget;  places = the contiguous parts of what is chosen, so no two of them touch
///   least ≤ number of places ≤ most;  size of each ≥ least size;  extent of each ≤ diameter
/// ```
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `ground` | blocks with value, cost, size and who touches whom; joints that join their legs | `n` | any, and m |
/// | `params` | the limits | – | as the cost, as the size, m |
/// | returns | places, their value, an upper bound that no choice exceeds | – | as the value |
///
/// Up to [`EXACT_BLOCKS`] blocks: branch and bound over all sets; with more, or where that takes too long,
/// the best of a greedy search and of the sets that the Lagrangian bound suggests, improved by seeded
/// searches: block by block while they cool, at first with a leaning to what the linear relaxation chooses, then by taking
/// out and refilling (drop, add, swap, split, merge). Time of the search
/// O((n + links) log n) a round. The order of the blocks changes nothing: they are put in an order of their own.
///
/// Source: the problem is a node-weighted, budgeted form of Duque, Church & Middleton (2011), *Geographical Analysis*
/// 43(1); its bound is the Lagrangian of the budget with a dual ascent after Wong (1984), *Mathematical Programming* 28,
/// for node weights (Álvarez-Miranda, Ljubić & Mutzel 2013), lowered by a first-order search over the
/// linear relaxation's dual (Chambolle & Pock 2011) with cuts that are found by flows (Picard 1976).
///
/// # Limits
///
/// Beyond the exact size a larger budget may by chance give a slightly lower value. Of the diameter the bound uses only that
/// what is farther apart is in no place together. Of the least size it uses that around each chosen block or intersection
/// a place is large enough within a part of the city, or leaves that part; not which block belongs to which place.
/// It is loosest for places of some ten blocks each, and for few places that must be large.
///
/// # Errors
///
/// [`TargetsError`] with what would be accepted; [`TargetsError::Nothing`] where limits contradict each other only together.
///
/// # Examples
///
/// A street of five blocks; with two of them the best pair is at the end, with two places the ends are apart:
///
/// ```
/// use hotblocks::analysis::hotspots::weights::Neighbors;
/// use hotblocks::plan::targets::{EXACT_BLOCKS, Ground, ROUNDS, TargetParams, targets};
/// use hotblocks::space::coord::Local;
///
/// let neighbors = Neighbors::from_lists(vec![vec![1], vec![0, 2], vec![1, 3], vec![2, 4], vec![3]])?;
/// let corners: Vec<Vec<Local>> = (0..5).map(|x| vec![Local { x: f64::from(x), y: 0.0 }]).collect();
/// let ground = Ground {
///     value: &[5.0, 0.0, 1.0, 2.0, 4.0],
///     cost: &[1.0; 5],
///     size: &[1.0; 5],
///     neighbors: &neighbors,
///     joints: &[],
///     corners: &corners,
/// };
/// let params = TargetParams {
///     budget: 2.0,
///     places: 1,
///     most_places: Some(1),
///     least_size: 0.0,
///     diameter: None,
///     seed: 1,
///     rounds: ROUNDS,
///     exact_blocks: EXACT_BLOCKS,
/// };
/// assert_eq!(targets(&ground, &params)?.places[0].blocks, [3, 4]);
/// let two = targets(&ground, &TargetParams { places: 2, most_places: None, ..params })?;
/// assert_eq!((two.value, two.bound, two.places.len()), (9.0, 9.0, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn targets(ground: &Ground<'_>, params: &TargetParams) -> Result<Targets, TargetsError> {
    let graph = Graph::of(ground)?;
    let limits = Limits::of(&graph, params).map_err(|refused| mend(&graph, params, refused))?;
    let greedy = greedy::greedy(&graph, &limits);
    let greedy_value = greedy.as_ref().map(|found| found.exact_value(&graph));
    if graph.len() <= params.exact_blocks
        && let Some(found) = exact::exact(&graph, &limits, greedy.as_ref())
    {
        let best = found.ok_or_else(|| why_nothing(&graph, params))?;
        let best = Choice::of(&graph, &best);
        let value = best.exact_value(&graph);
        return Ok(told(&graph, &best, value, greedy_value, How::Optimum));
    }
    let Searched { bound, choices, price, point } = bound::search(&graph, &limits);
    let mut starts: Vec<Choice> = greedy.into_iter().chain(choices).collect();
    let best = starts.iter().rev().max_by_key(|choice| Key(choice.exact_value(&graph))).cloned();
    if let Some(best) = best.filter(|best| best.exact_value(&graph) < bound * (1.0 - 1e-9)) {
        starts.extend(anneal::anneal(&graph, &limits, &best, (price, &point), params.seed, params.rounds));
    }
    let starts = starts.into_iter();
    let best = local_search::local_search(&graph, &limits, starts, bound, params.seed, params.rounds)
        .ok_or_else(|| why_nothing(&graph, params))?;
    let value = best.exact_value(&graph);
    // Both are sums of the same numbers in another order.
    let met = bound <= value * (1.0 + 1e-9);
    let how = if met { How::Optimum } else { How::Search };
    Ok(told(&graph, &best, if met { value } else { bound }, greedy_value, how))
}

/// What of a limit that is refused would be accepted.
fn mend(graph: &Graph, params: &TargetParams, refused: TargetsError) -> TargetsError {
    match refused {
        TargetsError::Places { .. } | TargetsError::LeastSize { .. } => why_nothing(graph, params),
        other => other,
    }
}

/// Which limit to mend where nothing meets them all; what is said to be accepted was found.
fn why_nothing(graph: &Graph, params: &TargetParams) -> TargetsError {
    let with = |places: u32, least_size: f64| {
        let other = TargetParams { places, least_size, most_places: None, ..*params };
        Limits::of(graph, &other).ok().filter(|limits| greedy::greedy(graph, limits).is_some())
    };
    if with(1, params.least_size).is_none() {
        let Some(limits) = with(1, 0.0) else { return TargetsError::Nothing };
        let most = greedy::largest(graph, &limits);
        return if most < params.least_size {
            TargetsError::LeastSize { least_size: params.least_size, most }
        } else {
            TargetsError::Nothing
        };
    }
    // More places are harder to have than fewer, so the most are found by halving.
    let blocks = u32::try_from(graph.len()).unwrap_or(u32::MAX);
    let (mut have, mut beyond) = (1, if params.places == 0 { blocks } else { params.places.min(blocks) } + 1);
    while beyond - have > 1 {
        let places = have + (beyond - have) / 2;
        if with(places, params.least_size).is_some() { have = places } else { beyond = places }
    }
    if have < params.places || params.places == 0 {
        TargetsError::Places { places: params.places, most: have }
    } else {
        TargetsError::Nothing
    }
}

fn told(graph: &Graph, best: &Choice, bound: f64, greedy: Option<f64>, how: How) -> Targets {
    let mut places: Vec<Place> = best.places().map(|blocks| one(graph, blocks)).collect();
    places.sort_by(|a, b| b.value.total_cmp(&a.value).then_with(|| a.blocks.cmp(&b.blocks)));
    let cost = places.iter().map(|place| place.cost).sum();
    Targets { places, value: best.exact_value(graph), cost, bound, greedy, how }
}

fn one(graph: &Graph, blocks: &[u32]) -> Place {
    let mut joints: Vec<u32> = blocks.iter().flat_map(|&b| graph.joints(b)).copied().collect();
    joints.sort_unstable();
    joints.dedup();
    let mut own: Vec<u32> = blocks.to_vec();
    own.sort_unstable();
    let sum = |of: &[f64]| own.iter().map(|&b| of[b as usize]).sum::<f64>();
    let worth: f64 = joints.iter().map(|&j| graph.joint_value[j as usize]).sum();
    let given = |list: &[u32], of: &[u32]| {
        let mut all: Vec<u32> = list.iter().map(|&at| of[at as usize]).collect();
        all.sort_unstable();
        all
    };
    Place {
        value: sum(&graph.value) + worth,
        cost: sum(&graph.cost),
        size: sum(&graph.size),
        diameter: Metres(graph.extent(&own)),
        blocks: given(&own, &graph.given),
        joints: given(&joints, &graph.joint_given),
    }
}
