//! Who was shot near the blocks that a team has, in the last days: counts and bands of distance, never a place.

use geo::{BoundingRect, Distance, Euclidean, Geometry, Point};

use crate::space::bbox::apart;
use crate::space::coord::{Local, Metres};

/// Days that a brief looks back, the shorter first.
pub const DAYS: [u32; 2] = [3, 14];

/// How near is near: 400 feet, as outreach agencies have it.
pub const NEAR: Metres = Metres(400.0 * 0.3048);

/// Half of it.
pub const HALF: Metres = Metres(200.0 * 0.3048);

/// How far from a block something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Band {
    /// It belongs to the block, or lies on it.
    OnBlock,
    /// Within [`HALF`] of it.
    Half,
    /// Within [`NEAR`] of it.
    Near,
}

impl Band {
    /// All bands, the nearest first.
    pub const ALL: [Self; 3] = [Self::OnBlock, Self::Half, Self::Near];

    /// As people read it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::OnBlock => "on the block",
            Self::Half => "within 200 ft",
            Self::Near => "200 to 400 ft away",
        }
    }

    /// The band of a distance; `None` beyond [`NEAR`].
    #[must_use]
    pub fn of(distance: Metres) -> Option<Self> {
        // Coordinates are kept to 9 mm; what lies on a line by its file lies on it here.
        match distance.0 {
            d if d <= 0.01 => Some(Self::OnBlock),
            d if d <= HALF.0 => Some(Self::Half),
            d if d <= NEAR.0 => Some(Self::Near),
            _ => None,
        }
    }
}

/// Something that happened: its place, its block by position and when it began.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Happening {
    /// Where; `None` where only the block is known.
    pub at: Option<Local>,
    /// The block of occurrence.
    pub block: Option<u32>,
    /// Whether it is of the last [`DAYS`], each.
    pub recent: [bool; 2],
}

/// The instants between which events count, in seconds of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// First seconds of the last [`DAYS`].
    pub from: [i64; 2],
    /// The first second that is kept back.
    pub end: i64,
}

impl Windows {
    /// Whether an event `[from, to)` is of the last days, each: it begins within them, and is over before what is kept back.
    #[must_use]
    pub fn hold(&self, from: i64, to: i64) -> [bool; 2] {
        self.from.map(|first| from >= first && to <= self.end)
    }
}

/// What happened near one block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NearBlock {
    /// How many in the last [`DAYS`].
    pub counts: [u32; 2],
    /// The same by band, in the order of [`Band::ALL`].
    pub by_band: [[u32; 2]; 3],
    /// The same by block of occurrence and band, the nearest first; `None` for what has no block.
    pub by_block: Vec<(Band, Option<u32>, [u32; 2])>,
}

/// Counts what happened within 400 feet of each of some shapes in the last 3 and 14 days.
///
/// | | what | unit |
/// |---|---|---|
/// | `units` | shapes in the local plane, each with the position of its block if it is one | m |
/// | `happenings` | in any order; those of neither window count nowhere | – |
/// | returns | in the order of `units`; one that is near two of them counts in both | – |
///
/// Distance is from the place to the nearest point of the shape, 0 within a polygon; what belongs to the block itself is on it,
/// however far its address was drawn. Time O(units × happenings), with a look at the boxes first.
///
/// # Limits
///
/// What has neither a place nor the very block counts nowhere; the caller tells how many.
#[must_use]
pub fn near_blocks(units: &[(Option<u32>, &Geometry)], happenings: &[Happening]) -> Vec<NearBlock> {
    let recent: Vec<&Happening> = happenings.iter().filter(|h| h.recent.contains(&true)).collect();
    units.iter().map(|(block, shape)| near_block(*block, shape, &recent)).collect()
}

fn near_block(block: Option<u32>, shape: &Geometry, recent: &[&Happening]) -> NearBlock {
    let around = shape.bounding_rect();
    let mut near = NearBlock::default();
    for happening in recent {
        let own = block.is_some() && happening.block == block;
        let band =
            if own { Some(Band::OnBlock) } else { distance(shape, around, happening.at).and_then(Band::of) };
        let Some(band) = band else { continue };
        let now = happening.recent.map(u32::from);
        let add = |counts: &mut [u32; 2]| *counts = [counts[0] + now[0], counts[1] + now[1]];
        add(&mut near.counts);
        add(&mut near.by_band[band as usize]);
        match near.by_block.iter_mut().find(|(b, of, _)| (*b, *of) == (band, happening.block)) {
            Some((.., counts)) => add(counts),
            None => near.by_block.push((band, happening.block, now)),
        }
    }
    near.by_block.sort_unstable();
    near
}

/// From a place to a shape; `None` without a place, or if the box of the shape alone is too far.
fn distance(shape: &Geometry, around: Option<geo::Rect>, at: Option<Local>) -> Option<Metres> {
    let (at, around) = (at?, around?);
    let place = Point::new(at.x, at.y);
    if apart(around, geo::Rect::new(place, place)) > NEAR.0 {
        return None;
    }
    Some(Metres(Euclidean.distance(shape, &Geometry::Point(place))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn happening(x: f64, y: f64, days: f64, block: Option<u32>) -> Happening {
        Happening { at: Some(Local { x, y }), block, recent: [days <= 3.0, days <= 14.0] }
    }

    #[test]
    fn distances_are_to_the_nearest_point_and_fall_into_their_bands() {
        let street: Geometry = geo::LineString::from(vec![(0.0, 0.0), (100.0, 0.0)]).into();
        let all = [
            happening(50.0, 60.95, 1.0, Some(7)),
            happening(50.0, 60.97, 1.0, Some(7)),
            happening(50.0, 121.9, 2.9, None),
            happening(50.0, 121.95, 1.0, None),
            happening(221.9, 0.0, 13.9, Some(7)),
            happening(50.0, 0.0, 14.1, Some(0)),
            happening(9e9, 9e9, 5.0, Some(0)),
        ];
        let near = &near_blocks(&[(Some(0), &street)], &all)[0];
        assert_eq!(near.counts, [3, 5]);
        assert_eq!(near.by_band, [[0, 1], [1, 1], [2, 3]]);
        assert_eq!(
            near.by_block,
            [
                (Band::OnBlock, Some(0), [0, 1]),
                (Band::Half, Some(7), [1, 1]),
                (Band::Near, None, [1, 1]),
                (Band::Near, Some(7), [1, 2]),
            ]
        );
    }

    #[test]
    fn what_begins_in_the_window_and_is_over_before_what_is_kept_back_counts() {
        let windows = Windows { from: [1_100, 1_000], end: 1_200 };
        for (from, to, held) in [
            (1_100, 1_101, [true, true]),
            (1_099, 1_100, [false, true]),
            (1_000, 1_001, [false, true]),
            (999, 1_001, [false, false]),
            (1_199, 1_200, [true, true]),
            (1_199, 1_201, [false, false]),
            (1_200, 1_201, [false, false]),
        ] {
            assert_eq!(windows.hold(from, to), held, "{from} {to}");
        }
    }

    #[test]
    fn inside_a_polygon_is_on_it_and_without_a_place_only_the_block_itself_tells() {
        let square = geo::Rect::new((0.0, 0.0), (100.0, 100.0)).to_polygon();
        let square: Geometry = square.into();
        let inside = happening(50.0, 50.0, 1.0, None);
        let nowhere = Happening { at: None, ..happening(0.0, 0.0, 1.0, Some(3)) };
        let near =
            near_blocks(&[(Some(3), &square), (Some(4), &square), (None, &square)], &[inside, nowhere]);
        assert_eq!(near.iter().map(|n| n.counts[1]).collect::<Vec<_>>(), [2, 1, 1]);
        assert!(near.iter().all(|n| n.by_band[0][1] == n.counts[1]));
        assert!(near_blocks(&[], &[inside]).is_empty());
        let empty: Geometry = geo::LineString(vec![]).into();
        assert_eq!(near_blocks(&[(None, &empty)], &[inside])[0], NearBlock::default());
    }
}
