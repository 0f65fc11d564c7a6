//! The tree of shortest links over mutual reachability, by Borůvka's rounds over a static tree of places.

use rayon::prelude::*;

use super::bounds::squared;
use super::kd_tree::{KdTree, Search};
use crate::progress::{checkpoint, steps};

/// A link between two places.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Link {
    /// Mutual reachability, squared.
    pub(super) reach2: f64,
    /// Distance, squared.
    pub(super) d2: f64,
    /// The place with the lower position in the tree.
    pub(super) a: u32,
    /// The other one.
    pub(super) b: u32,
}

impl Link {
    const NONE: Self = Self { reach2: f64::INFINITY, d2: f64::INFINITY, a: u32::MAX, b: u32::MAX };

    /// Shorter first: by mutual reachability, among equals by distance, then by place.
    pub(super) fn order(&self, other: &Self) -> std::cmp::Ordering {
        let lengths = self.reach2.total_cmp(&other.reach2).then(self.d2.total_cmp(&other.d2));
        lengths.then_with(|| (self.a, self.b).cmp(&(other.a, other.b)))
    }
}

/// Neighbors remembered for each place: with them most links of the first rounds are found without a search.
const REMEMBERED: usize = 12;

/// The nearest neighbors of every place.
pub(super) struct Near {
    /// Squared distance to the neighbor of the wanted rank.
    pub(super) core2: Vec<f64>,
    /// The nearest places, nearest first, and then `u32::MAX`.
    nearest: Vec<[u32; REMEMBERED]>,
}

struct Nearest {
    from: usize,
    /// How many points are wanted.
    wanted: u64,
    found: Vec<(f64, u32, u64)>,
    /// Points at the places found, without those at the farthest.
    nearer: u64,
    bound: f64,
}

struct Neighbors<'a> {
    list: &'a mut Nearest,
    weight: &'a [u64],
}

impl Search for Neighbors<'_> {
    #[inline]
    fn skips(&self, _: usize, d2: f64) -> bool {
        d2 >= self.list.bound
    }

    #[inline]
    fn take(&mut self, place: usize, d2: f64) {
        let list = &mut *self.list;
        if d2 >= list.bound || place == list.from {
            return;
        }
        let weight = self.weight[place];
        let mut at = list.found.len();
        list.found.push((d2, place as u32, weight));
        // Equal distances stay in the order of the tree.
        while at > 0 && list.found[at - 1].0 > d2 {
            list.found[at] = list.found[at - 1];
            at -= 1;
        }
        list.found[at] = (d2, place as u32, weight);
        list.nearer += weight;
        while let Some(&(last, _, weight)) = list.found.last() {
            if list.nearer < list.wanted {
                return;
            }
            list.bound = last;
            if list.nearer - weight < list.wanted {
                return;
            }
            list.nearer -= weight;
            list.found.pop();
        }
    }
}

impl Near {
    /// For each place the distance at which `rank` other points are reached, those at the place itself first.
    pub(super) fn of(tree: &KdTree, weight: &[u64], rank: u64) -> Self {
        let one = |list: &mut Nearest, from: usize| {
            if from.is_multiple_of(1024) {
                checkpoint();
            }
            let here = weight[from] - 1;
            let wanted = rank.saturating_sub(here);
            (list.from, list.wanted, list.nearer, list.bound) = (from, wanted.max(1), 0, f64::INFINITY);
            list.found.clear();
            tree.walk(tree.at[from], &mut Neighbors { list, weight });
            let mut nearest = [u32::MAX; REMEMBERED];
            nearest.iter_mut().zip(&list.found).for_each(|(to, found)| *to = found.1);
            let core2 = if wanted == 0 { 0.0 } else { list.found.last().map_or(0.0, |last| last.0) };
            (core2, nearest)
        };
        let empty = || Nearest { from: 0, wanted: 0, found: Vec::new(), nearer: 0, bound: 0.0 };
        let places = (0..tree.at.len()).into_par_iter().with_min_len(512);
        let (core2, nearest) = places.map_init(empty, one).unzip();
        Self { core2, nearest }
    }
}

/// Looks for the shortest link of a place to another group.
struct Stranger<'a> {
    spanning: &'a Spanning<'a>,
    from: u32,
    best: Link,
}

impl Search for Stranger<'_> {
    #[inline]
    fn skips(&self, node: usize, d2: f64) -> bool {
        let Self { spanning, from, best } = self;
        let reach2 = spanning.near.core2[*from as usize].max(spanning.least_core2[node]).max(d2);
        reach2 > best.reach2
            || (reach2 == best.reach2 && d2 > best.d2)
            || spanning.group_of_node[node] == spanning.group[*from as usize]
    }

    #[inline]
    fn take(&mut self, place: usize, d2: f64) {
        let Self { spanning, from, .. } = *self;
        if spanning.group[place] != spanning.group[from as usize] {
            let link = spanning.link(from, place as u32, d2);
            if link.order(&self.best).is_lt() {
                self.best = link;
            }
        }
    }
}

struct Spanning<'a> {
    tree: &'a KdTree,
    near: &'a Near,
    /// The least core distance of each box, squared.
    least_core2: Vec<f64>,
    /// The group of each place: its lowest member.
    group: Vec<u32>,
    /// The group of all places in a box; `u32::MAX` if there are several.
    group_of_node: Vec<u32>,
}

impl Spanning<'_> {
    fn link(&self, a: u32, b: u32, d2: f64) -> Link {
        let core2 = &self.near.core2;
        Link { reach2: core2[a as usize].max(core2[b as usize]).max(d2), d2, a: a.min(b), b: a.max(b) }
    }

    /// For each box what its places have in common, from the smallest boxes up.
    fn over_boxes<T: Copy>(tree: &KdTree, of: &[T], both: impl Fn(T, T) -> T) -> Vec<T> {
        let mut over: Vec<T> = tree.nodes.iter().map(|node| of[node.from as usize]).collect();
        for (at, node) in tree.nodes.iter().enumerate().rev() {
            over[at] = match node.second {
                0 => of[node.from as usize + 1..node.to as usize]
                    .iter()
                    .fold(over[at], |all, &one| both(all, one)),
                second => both(over[at + 1], over[second as usize]),
            };
        }
        over
    }

    /// The nearest of the remembered neighbors in another group, if no place beyond them can be nearer.
    fn remembered(&self, from: u32) -> Option<Link> {
        let (core2, tree) = (&self.near.core2, self.tree);
        let (own, group) = (core2[from as usize], self.group[from as usize]);
        let known = self.near.nearest[from as usize].into_iter().take_while(|&to| to != u32::MAX);
        let to =
            known.into_iter().find(|&to| self.group[to as usize] != group && core2[to as usize] <= own)?;
        Some(self.link(from, to, squared(tree.at[from as usize], tree.at[to as usize])))
    }
}

/// The links of the shortest spanning tree, shortest first.
///
/// In each round every group of places takes its shortest link out. What was found for a place stays true while its
/// other end is in another group, and a bound from below after that.
pub(super) fn spanning_tree(tree: &KdTree, near: &Near) -> Vec<Link> {
    let n = tree.at.len();
    let mut links = Vec::with_capacity(n.saturating_sub(1));
    let mut spanning = Spanning {
        tree,
        near,
        least_core2: Spanning::over_boxes(tree, &near.core2, f64::min),
        group: (0..n as u32).collect(),
        group_of_node: Vec::new(),
    };
    let mut found = vec![Link::NONE; n];
    // No link of a place to another group is shorter.
    let mut at_least = near.core2.clone();
    let linked = steps(n.saturating_sub(1));
    while links.len() + 1 < n {
        let before = links.len();
        let both = |a: u32, b: u32| if a == b { a } else { u32::MAX };
        spanning.group_of_node = Spanning::over_boxes(tree, &spanning.group, both);
        let mut best = vec![Link::NONE; n];
        let mut open = Vec::new();
        for from in 0..n as u32 {
            let group = spanning.group[from as usize];
            let known = found[from as usize];
            let is_true = known.a != u32::MAX && {
                spanning.group[known.a as usize] != spanning.group[known.b as usize]
            };
            let link = if is_true { Some(known) } else { spanning.remembered(from) };
            let Some(link) = link else {
                open.push(from);
                continue;
            };
            found[from as usize] = link;
            if link.order(&best[group as usize]).is_lt() {
                best[group as usize] = link;
            }
        }
        for from in open {
            let group = spanning.group[from as usize] as usize;
            if at_least[from as usize] > best[group].reach2 {
                continue;
            }
            let mut search = Stranger { spanning: &spanning, from, best: best[group] };
            tree.walk(tree.at[from as usize], &mut search);
            let link = search.best;
            at_least[from as usize] = link.reach2;
            if link.order(&best[group]).is_lt() {
                best[group] = link;
                found[from as usize] = link;
            }
        }
        for link in best.into_iter().filter(|link| link.a != u32::MAX) {
            let (a, b) = (root(&mut spanning.group, link.a), root(&mut spanning.group, link.b));
            if a != b {
                spanning.group[a.max(b) as usize] = a.min(b);
                links.push(link);
            }
        }
        for place in 0..n as u32 {
            spanning.group[place as usize] = root(&mut spanning.group, place);
        }
        linked.done(links.len() - before);
    }
    links.sort_unstable_by(Link::order);
    links
}

/// The lowest member of a group, to which it then points.
pub(super) fn root(group: &mut [u32], mut v: u32) -> u32 {
    while group[v as usize] != v {
        let up = group[group[v as usize] as usize];
        group[v as usize] = up;
        v = up;
    }
    v
}
