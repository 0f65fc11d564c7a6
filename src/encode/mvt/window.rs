//! One tile as a window on the map: lines and rings simplified by zoom, cut at the buffer, in whole units.

use geo::{LineString, Simplify};

use super::pen::{Pen, Room};
use super::ring::{FEW, Unit, in_order, polygons, tidy_into};
use super::shape::{At, Run};
use super::{BUFFER, EXTENT};
use crate::space::tile::Tile;

/// How far a simplified line may be off, in units of the tile: an eighth of a pixel where tiles are drawn 512 pixels wide.
const OFF: f64 = 1.0;

/// A line whose points stand closer together than this many units, on average, is simplified.
const CROWDED: f64 = 8.0;

/// Where a tile lies in the world.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// Units along the world.
    scale: f64,
    /// The tile's north-west corner, in units.
    corner: At,
}

const SIDE: f64 = EXTENT as f64;
/// From where to where shapes reach along each axis.
const LOW: f64 = -(BUFFER as f64);
const HIGH: f64 = SIDE + BUFFER as f64;

impl Window {
    pub(super) fn of(tile: Tile) -> Self {
        let scale = SIDE * f64::from(1_u32 << tile.z());
        Self { scale, corner: [f64::from(tile.x()) * SIDE, f64::from(tile.y()) * SIDE] }
    }

    /// The box of the tile with its buffer, in parts of the world.
    pub(super) fn reach(self) -> (At, At) {
        let world = |by: f64| self.corner.map(|corner| (corner + by) / self.scale);
        (world(LOW), world(HIGH))
    }

    pub(super) fn place(self, at: At) -> At {
        [at[0] * self.scale - self.corner[0], at[1] * self.scale - self.corner[1]]
    }

    /// Whether a place in units lies in this tile: each lies in one, which owns its northern and its western edge.
    pub(super) fn owns(self, at: At) -> bool {
        let within = |axis: usize| {
            let beyond = if self.corner[axis] + SIDE >= self.scale { f64::INFINITY } else { SIDE };
            (0.0..beyond).contains(&at[axis])
        };
        within(0) && within(1)
    }

    /// The first point of a line, if it lies in this tile; a unit beside it lies in reach as well.
    pub(super) fn first(self, of: Run<'_>) -> Option<Unit> {
        let at = self.place(*of.points.first()?);
        self.owns(at).then(|| unit(at))
    }

    /// The points of a line in units, fewer where they crowd. It follows from zoom and shape alone, so tiles agree.
    fn thinned(self, line: Run<'_>, is_ring: bool) -> Vec<At> {
        let places: Vec<At> = line.points.iter().map(|&at| self.place(at)).collect();
        let n = places.len();
        if !self.crowds(line) {
            return places;
        }
        let thin = |part: &[At]| {
            let line: LineString = part.iter().map(|at| geo::Coord { x: at[0], y: at[1] }).collect();
            line.simplify(OFF).0.into_iter().map(|at| [at.x, at.y]).collect::<Vec<At>>()
        };
        if !is_ring {
            return thin(&places);
        }
        // In two halves, so that a ring keeps its first point and the one across.
        let mut kept = thin(&places[..=n / 2]);
        kept.pop();
        let back: Vec<At> = places[n / 2..].iter().chain(&places[..1]).copied().collect();
        kept.extend(thin(&back));
        kept.pop();
        kept
    }

    /// Whether the points of a line stand so close together that it is simplified.
    fn crowds(self, line: Run<'_>) -> bool {
        let n = line.points.len();
        n > 4 && line.length * self.scale < CROWDED * n as f64
    }

    /// Draws a ring that has few corners, is not simplified and is in order once it is cut; tells whether anything was
    /// drawn, `None` of any other ring.
    ///
    /// The bytes are those that the long way round gives.
    pub(super) fn quick_ring(self, ring: Run<'_>, bounds: (At, At), pen: &mut Pen) -> Option<bool> {
        if self.crowds(ring) {
            return None;
        }
        let (least, most) = (self.place(bounds.0), self.place(bounds.1));
        let is_inside = least.iter().all(|&v| v >= LOW) && most.iter().all(|&v| v <= HIGH);
        pen.with_room(|pen, room| {
            let Room { places, spare, units, tidy } = room;
            let mut few = [(0, 0); FEW];
            let units = match few.get_mut(..ring.points.len()) {
                Some(units) if is_inside => {
                    units
                        .iter_mut()
                        .zip(ring.points)
                        .for_each(|(unit, &at)| *unit = near_unit(self.place(at)));
                    units
                }
                _ => {
                    places.clear();
                    places.extend(ring.points.iter().map(|&at| self.place(at)));
                    for Bound { axis, bound, sign } in BOUNDS {
                        let furthest = if sign > 0.0 { least[axis] } else { most[axis] };
                        if (furthest - bound) * sign < 0.0 {
                            cut(places, spare, axis, bound, sign);
                            std::mem::swap(places, spare);
                        }
                    }
                    if places.is_empty() {
                        return self.first(ring).is_none().then_some(false);
                    }
                    units.clear();
                    units.extend(places.iter().map(|&at| near_unit(at)));
                    &mut units[..]
                }
            };
            let (units, area) = match in_order(units) {
                Some(area) => (units, area),
                // Many have but a point that lies on the way now.
                None => {
                    tidy_into(units, tidy);
                    let area = in_order(tidy)?;
                    (&mut tidy[..], area)
                }
            };
            if area < 0 {
                units.reverse();
            }
            pen.ring(units);
            Some(true)
        })
    }

    /// Draws polygons of rings, the outer ones marked.
    pub(super) fn rings(self, rings: &[(bool, Run<'_>)], pen: &mut Pen) {
        let parts = rings.iter().map(|&(is_outer, ring)| (is_outer, self.ring(ring)));
        let mut parts = polygons(parts.collect());
        let first = rings.first().and_then(|&(_, ring)| self.first(ring));
        if let (true, Some((x, y))) = (parts.is_empty(), first) {
            parts.push(vec![vec![(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)]]);
        }
        parts.iter().flatten().for_each(|ring| pen.ring(ring));
    }

    /// A ring as far as the tile reaches, in whole units.
    fn ring(self, ring: Run<'_>) -> Vec<Unit> {
        let mut places = self.thinned(ring, true);
        for Bound { axis, bound, sign } in BOUNDS {
            let beyond = |at: &At| (at[axis] - bound) * sign < 0.0;
            if places.iter().any(beyond) {
                let mut kept = Vec::with_capacity(places.len() + 4);
                cut(&places, &mut kept, axis, bound, sign);
                places = kept;
            }
        }
        places.into_iter().map(unit).collect()
    }

    /// The parts of a line that lie as far as the tile reaches, in whole units, each of two points or more.
    pub(super) fn line(self, line: Run<'_>, parts: &mut Vec<Vec<Unit>>) {
        let places = self.thinned(line, false);
        let mut part: Vec<Unit> = Vec::with_capacity(places.len());
        let mut last: Option<At> = None;
        let mut end = |part: &mut Vec<Unit>| {
            if part.len() > 1 {
                parts.push(std::mem::take(part));
            }
            part.clear();
        };
        for two in places.windows(2) {
            let Some((from, to)) = within(two[0], two[1]) else {
                end(&mut part);
                last = None;
                continue;
            };
            if last != Some(from) {
                end(&mut part);
                part.push(unit(from));
            }
            if part.last() != Some(&unit(to)) {
                part.push(unit(to));
            }
            last = Some(to);
        }
        end(&mut part);
    }
}

/// A side of the frame that shapes are cut at: what lies below it, or above where the sign is negative, is beyond.
struct Bound {
    axis: usize,
    bound: f64,
    sign: f64,
}

const BOUNDS: [Bound; 4] = [
    Bound { axis: 0, bound: LOW, sign: 1.0 },
    Bound { axis: 0, bound: HIGH, sign: -1.0 },
    Bound { axis: 1, bound: LOW, sign: 1.0 },
    Bound { axis: 1, bound: HIGH, sign: -1.0 },
];

/// The part of a ring on this side of a bound (Sutherland and Hodgman 1974), instead of what was kept.
fn cut(ring: &[At], kept: &mut Vec<At>, axis: usize, bound: f64, sign: f64) {
    kept.clear();
    let beyond = |at: &At| (at[axis] - bound) * sign < 0.0;
    let Some(mut from) = ring.last().copied() else { return };
    for &to in ring {
        if beyond(&from) != beyond(&to) {
            kept.push(crossing(from, to, axis, bound));
        }
        if !beyond(&to) {
            kept.push(to);
        }
        from = to;
    }
}

fn crossing(from: At, to: At, axis: usize, bound: f64) -> At {
    let part = (bound - from[axis]) / (to[axis] - from[axis]);
    let other = 1 - axis;
    let mut at = [bound; 2];
    at[other] = from[other] + part * (to[other] - from[other]);
    at
}

/// The part of a segment as far as a tile reaches (Liang and Barsky 1984).
fn within(from: At, to: At) -> Option<(At, At)> {
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for axis in 0..2 {
        let step = to[axis] - from[axis];
        for (toward, room) in [(-step, from[axis] - LOW), (step, HIGH - from[axis])] {
            if toward == 0.0 {
                if room < 0.0 {
                    return None;
                }
            } else if toward < 0.0 {
                enter = enter.max(room / toward);
            } else {
                leave = leave.min(room / toward);
            }
        }
    }
    let at = |part: f64| [from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1])];
    let end = |part: f64, whole: At| if part == 0.0 || part == 1.0 { whole } else { at(part) };
    (enter <= leave).then(|| (end(enter, from), end(leave, to)))
}

pub(super) fn unit(at: At) -> Unit {
    // Nothing is left that lies further out than the buffer, or than the first point of a shape in the tile.
    (at[0].round() as i32, at[1].round() as i32)
}

/// The same of a place in reach.
fn near_unit(at: At) -> Unit {
    // Added to this, a number has no room for a fraction: what is left at the end is the nearest whole one, of two the even.
    const NO_FRACTION: f64 = 6_755_399_441_055_744.0;
    let [x, y] = at.map(|v| {
        let even = (v + NO_FRACTION).to_bits() as i32;
        let off = v - f64::from(even);
        // A half goes away from 0.
        even.wrapping_add(i32::from(off == 0.5 && v > 0.0)).wrapping_sub(i32::from(off == -0.5 && v < 0.0))
    });
    (x, y)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::encode::mvt::shape::Line;

    pub(in crate::encode::mvt) const TILE: (u64, u64, u64) = (14, 4082, 6278);

    pub(in crate::encode::mvt) fn tile((z, x, y): (u64, u64, u64)) -> Tile {
        Tile::new(z, x, y).expect("a tile")
    }

    /// A place in units of the tile, as parts of the world.
    pub(in crate::encode::mvt) fn at(x: f64, y: f64) -> At {
        let Window { scale, corner } = Window::of(tile(TILE));
        [(x + corner[0]) / scale, (y + corner[1]) / scale]
    }

    /// Points as one line.
    fn run(points: &[At]) -> Run<'_> {
        Run { points, length: Line::store(points, &mut Vec::new()).length }
    }

    fn lines(line: &[(f64, f64)]) -> Vec<Vec<Unit>> {
        let mut parts = Vec::new();
        let line: Vec<At> = line.iter().map(|&(x, y)| at(x, y)).collect();
        Window::of(tile(TILE)).line(run(&line), &mut parts);
        parts
    }

    #[test]
    fn a_line_is_cut_at_the_buffer_and_comes_back_as_a_part_of_its_own() {
        let parts = lines(&[(100.0, 100.0), (5000.0, 100.0), (5000.0, 300.0), (100.0, 300.0)]);
        assert_eq!(parts, [vec![(100, 100), (4160, 100)], vec![(4160, 300), (100, 300)]]);
        assert_eq!(lines(&[(-500.0, 10.0), (5000.0, 10.0)]), [[(-64, 10), (4160, 10)]]);
        assert!(lines(&[(-500.0, -500.0), (5000.0, -65.0)]).is_empty());
        assert!(lines(&[(7.1, 7.1), (7.3, 7.2)]).is_empty(), "less than a unit");
    }

    #[test]
    fn a_ring_around_the_tile_becomes_its_frame() {
        let ring = [(-9e3, -9e3), (9e3, -9e3), (9e3, 9e3), (-9e3, 9e3)].map(|(x, y)| at(x, y));
        let mut cut = Window::of(tile(TILE)).ring(run(&ring));
        super::super::ring::tidy(&mut cut);
        cut.sort_unstable();
        assert_eq!(cut, [(-64, -64), (-64, 4160), (4160, -64), (4160, 4160)]);
    }

    #[test]
    fn crowded_points_go_and_corners_stay() {
        let circle = |n: usize| -> Vec<At> {
            let turn = |k: usize| k as f64 / n as f64 * std::f64::consts::TAU;
            (0..n).map(|k| at(1000.0 + 30.0 * turn(k).cos(), 1000.0 + 30.0 * turn(k).sin())).collect()
        };
        let window = Window::of(tile(TILE));
        let thin = window.thinned(run(&circle(2000)), true);
        assert!((8..60).contains(&thin.len()), "{} points", thin.len());
        for at in thin {
            let off = ((at[0] - 1000.0).hypot(at[1] - 1000.0) - 30.0).abs();
            assert!(off < 1e-3, "kept points are points of the ring: {off}");
        }
        assert_eq!(window.thinned(run(&circle(12)), true).len(), 12, "these stand far apart");
    }

    #[test]
    fn the_nearest_unit_is_the_same_either_way() {
        let numbers = (-9000..9000).map(|n| f64::from(n) / 2.0);
        for v in numbers.flat_map(|v| [v, v.next_up(), v.next_down(), v + 0.3]) {
            assert_eq!(near_unit([v, -v]), unit([v, -v]), "{v}");
        }
    }

    #[test]
    fn a_ring_is_drawn_the_same_quickly_and_the_long_way_round() {
        use rand_chacha::ChaCha8Rng;
        use rand_core::{Rng, SeedableRng};
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut part = |of: f64| (rng.next_u32() as f64 / f64::from(u32::MAX) - 0.5) * of;
        let (mut quick, mut slow) = (Pen::default(), Pen::default());
        let window = Window::of(tile(TILE));
        let (mut n_quick, mut n_drawn) = (0, 0);
        for nth in 0..6_000 {
            // Stars, most of them in order, around a place in the tile, on its edge or beyond; large ones and tiny ones.
            let size = [3.0, 60.0, 400.0, 9_000.0][nth % 4];
            let middle = [2048.0 + part(5_000.0), 2048.0 + part(5_000.0)];
            let n = 3 + nth % 21;
            let ring = (0..n).map(|k| {
                let turn =
                    k as f64 / n as f64 * std::f64::consts::TAU * if nth % 3 == 0 { 1.0 } else { -1.0 };
                let reach = size * (1.0 + part(if nth % 5 == 0 { 3.0 } else { 0.8 }));
                at(middle[0] + reach * turn.cos(), middle[1] + reach * turn.sin())
            });
            let ring: Vec<At> = ring.collect();
            let axis = |axis: usize, pick: fn(f64, f64) -> f64| {
                ring.iter().map(|at| at[axis]).reduce(pick).expect("points")
            };
            let bounds = ([axis(0, f64::min), axis(1, f64::min)], [axis(0, f64::max), axis(1, f64::max)]);
            quick.clear();
            let told = window.quick_ring(run(&ring), bounds, &mut quick);
            slow.clear();
            window.rings(&[(true, run(&ring))], &mut slow);
            if let Some(drawn) = told {
                n_quick += 1;
                n_drawn += usize::from(drawn);
                assert_eq!(
                    (drawn, quick.drawn()),
                    (!slow.drawn().is_empty(), slow.drawn()),
                    "{nth}: {ring:?}"
                );
            } else {
                assert!(quick.drawn().is_empty());
            }
        }
        assert!(n_quick > 3_000 && n_drawn > 2_000, "{n_quick} were quick, {n_drawn} drawn");
    }
}
