//! Circles around places: who lies in them, the nearest first, and those at one distance together.

use crate::space::coord::Local;

/// The places around a center, nearest first.
#[derive(Default)]
pub(super) struct Circles {
    /// Squared distance and position.
    pub(super) near: Vec<(f64, u32)>,
}

impl Circles {
    /// Puts in the places no farther from a center than the root of `most`, by distance, then by position.
    pub(super) fn around(&mut self, center: Local, places: &[Local], most: f64) {
        self.near.clear();
        let squared = |p: &Local| (p.x - center.x) * (p.x - center.x) + (p.y - center.y) * (p.y - center.y);
        let all = (0..).zip(places).map(|(at, place)| (squared(place), at));
        self.near.extend(all.filter(|(square, _)| *square <= most));
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

/// The best windows that share no place, in the order given. The places of a window are asked for only where its center
/// is in none before.
pub(super) fn apart<W>(
    windows: Vec<W>,
    n_places: usize,
    center: impl Fn(&W) -> u32,
    places: impl Fn(&W) -> Vec<u32>,
) -> Vec<(W, Vec<u32>)> {
    let mut taken = vec![false; n_places];
    let mut kept = Vec::new();
    for window in windows {
        if taken[center(&window) as usize] {
            continue;
        }
        let inside = places(&window);
        if inside.iter().any(|&place| taken[place as usize]) {
            continue;
        }
        inside.iter().for_each(|&place| taken[place as usize] = true);
        kept.push((window, inside));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_that_share_a_place_are_left_out_and_those_of_a_taken_center_not_even_looked_into() {
        let asked = std::cell::RefCell::new(Vec::new());
        let inside = |window: &u32| {
            asked.borrow_mut().push(*window);
            match window {
                0 => vec![0, 1],
                2 => vec![2, 1],
                _ => vec![*window],
            }
        };
        let kept = apart(vec![0, 1, 2, 3], 4, |window| *window, inside);
        assert_eq!(kept, [(0, vec![0, 1]), (3, vec![3])]);
        assert_eq!(asked.into_inner(), [0, 2, 3]);
    }

    #[test]
    fn a_circle_holds_its_farthest_place() {
        let places: Vec<Local> = (0..100).map(|i| Local { x: 0.1 * f64::from(i), y: 0.3 }).collect();
        let mut all = Circles::default();
        all.around(Local::default(), &places, f64::INFINITY);
        for &(square, _) in &all.near {
            let mut some = Circles::default();
            some.around(Local::default(), &places, square);
            assert_eq!(some.near.last().map(|near| near.0), Some(square));
        }
    }
}
