//! Circles around places: who lies in them, the nearest first, and those at one distance together.

use crate::space::coord::Local;

/// The places around a center, nearest first.
#[derive(Default)]
pub(super) struct Circles {
    /// Squared distance and position.
    pub(super) near: Vec<(f64, u32)>,
}

impl Circles {
    /// Puts in the places no farther from a center than a radius, by distance, then by position.
    pub(super) fn around(&mut self, center: Local, places: &[Local], radius: f64) {
        self.near.clear();
        let squared = |p: &Local| (p.x - center.x) * (p.x - center.x) + (p.y - center.y) * (p.y - center.y);
        let all = (0..).zip(places).map(|(at, place)| (squared(place), at));
        self.near.extend(all.filter(|(square, _)| *square <= radius * radius));
        self.near.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    }

    /// Whether the next place is farther than this one, so that a circle can end here.
    pub(super) fn ends_at(&self, at: usize) -> bool {
        self.near.get(at + 1).is_none_or(|next| next.0 > self.near[at].0)
    }
}

/// Positions in the order of their places, those of one place as `then` has it; and where each place begins.
///
/// The order of the input plays no part where `then` tells equal ones apart by what they are.
pub(super) fn by_place(
    points: &[Local],
    then: impl Fn(&u32, &u32) -> std::cmp::Ordering,
) -> (Vec<u32>, Vec<Local>, Vec<u32>) {
    // Adding 0 turns -0 into 0, which `total_cmp` would tell apart.
    let at = |i: &u32| Local { x: points[*i as usize].x + 0.0, y: points[*i as usize].y + 0.0 };
    let mut order: Vec<u32> = (0..points.len() as u32).collect();
    order.sort_unstable_by(|a, b| {
        let (p, q) = (at(a), at(b));
        p.x.total_cmp(&q.x).then(p.y.total_cmp(&q.y)).then_with(|| then(a, b)).then(a.cmp(b))
    });
    let (mut places, mut start) = (Vec::new(), Vec::new());
    for (number, i) in (0..).zip(&order) {
        if places.last() != Some(&at(i)) {
            places.push(at(i));
            start.push(number);
        }
    }
    start.push(order.len() as u32);
    (order, places, start)
}

/// The best windows that share no place, in the order given.
pub(super) fn apart<W>(
    windows: Vec<W>,
    n_places: usize,
    places: impl Fn(&W) -> Vec<u32>,
) -> Vec<(W, Vec<u32>)> {
    let mut taken = vec![false; n_places];
    let mut kept = Vec::new();
    for window in windows {
        let inside = places(&window);
        if inside.iter().any(|&place| taken[place as usize]) {
            continue;
        }
        inside.iter().for_each(|&place| taken[place as usize] = true);
        kept.push((window, inside));
    }
    kept
}
