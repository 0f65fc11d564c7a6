//! A static tree over distinct places that always halves the wider side: nearest neighbors, and nearest strangers.

use super::bounds::{Bounds, squared};
use crate::space::coord::Local;

/// Places in a leaf at most.
const LEAF: usize = 8;

/// The places, and boxes around halves of halves of them.
pub(super) struct KdTree {
    /// The places in the order of the tree.
    pub(super) at: Vec<Local>,
    /// Where each of them was in the list that was given.
    pub(super) given: Vec<u32>,
    /// Each box before the boxes inside it; the first half follows at once.
    pub(super) nodes: Vec<Node>,
}

/// A box and the places inside it.
pub(super) struct Node {
    pub(super) bounds: Bounds,
    pub(super) from: u32,
    pub(super) to: u32,
    /// The box around the second half; 0 where there are no halves.
    pub(super) second: u32,
}

/// What a walk through the tree looks for.
pub(super) trait Search {
    /// Whether nothing that matters lies in a box at this squared distance.
    fn skips(&self, node: usize, d2: f64) -> bool;
    /// A place at this squared distance.
    fn take(&mut self, place: usize, d2: f64);
}

impl KdTree {
    /// A tree over places in an order of their own, so that the tree depends on the places alone.
    pub(super) fn new(places: &[Local]) -> Self {
        let mut given: Vec<u32> = (0..places.len() as u32).collect();
        let mut nodes = Vec::with_capacity(2 * places.len() / LEAF + 1);
        if !places.is_empty() {
            divide(places, &mut given, 0, &mut nodes);
        }
        Self { at: given.iter().map(|&place| places[place as usize]).collect(), given, nodes }
    }

    /// Walks to all places that the search does not skip, nearer boxes first.
    #[inline]
    pub(super) fn walk(&self, at: Local, search: &mut impl Search) {
        // As deep as a tree of 2³² places.
        let mut open = [(0_u32, 0.0_f64); 40];
        let mut n_open = usize::from(!self.nodes.is_empty());
        while n_open > 0 {
            n_open -= 1;
            let (mut node, mut d2) = open[n_open];
            while !search.skips(node as usize, d2) {
                let Node { from, to, second, .. } = self.nodes[node as usize];
                if second == 0 {
                    for place in from as usize..to as usize {
                        search.take(place, squared(at, self.at[place]));
                    }
                    break;
                }
                let away = |node: u32| (node, Bounds::at(at).nearest(self.nodes[node as usize].bounds));
                let (mut near, mut far) = (away(node + 1), away(second));
                if far.1 < near.1 {
                    (near, far) = (far, near);
                }
                open[n_open] = far;
                n_open += 1;
                (node, d2) = near;
            }
        }
    }
}

fn divide(places: &[Local], given: &mut [u32], from: u32, nodes: &mut Vec<Node>) {
    let at = |&place: &u32| places[place as usize];
    let bounds = Bounds::of(given.iter().map(at));
    let node = nodes.len();
    nodes.push(Node { bounds, from, to: from + given.len() as u32, second: 0 });
    if given.len() <= LEAF {
        return;
    }
    let middle = given.len() / 2;
    if bounds.is_wide() {
        given.select_nth_unstable_by(middle, |a, b| {
            at(a).x.total_cmp(&at(b).x).then(at(a).y.total_cmp(&at(b).y))
        });
    } else {
        given.select_nth_unstable_by(middle, |a, b| {
            at(a).y.total_cmp(&at(b).y).then(at(a).x.total_cmp(&at(b).x))
        });
    }
    let (first, second) = given.split_at_mut(middle);
    divide(places, first, from, nodes);
    nodes[node].second = nodes.len() as u32;
    divide(places, second, from + middle as u32, nodes);
}
