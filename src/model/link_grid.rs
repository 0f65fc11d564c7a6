//! Where an event of another feed may lie that is near enough in time and place to be the same one.

use super::link::{Group, LONGEST, LinkRule, Linkable, METRES_A_DEGREE};
use super::report::Feed;

/// By which events that may be linked are kept in order: kind, feed, a span of time, then a cell of the ground.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    group: Group,
    feed: Feed,
    span: i32,
    row: i32,
    column: i32,
    /// So that events of one cell are apart.
    event: u32,
}

/// Spans of time and cells of the ground, as large as a rule reaches: what is near lies in the same or the next one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    /// Seconds of a span.
    span: i64,
    /// Seconds that a rule reaches.
    reach: i64,
    /// Degrees of latitude of a row.
    height: f64,
}

/// Events of a span that are looked at one by one; of more only those of the cells around.
pub(crate) const FEW: usize = 32;

fn cell(at: f64) -> i32 {
    // Beyond its bounds a cast stays at them, so that order is kept.
    at.floor() as i32
}

impl Grid {
    /// The grid of a rule.
    pub(crate) fn new(rule: &LinkRule) -> Self {
        let reach = i64::from(rule.seconds);
        // A little more than the rule reaches, since numbers are rounded; at least a metre.
        let height = rule.distance.0.clamp(1.0, 1e8) / METRES_A_DEGREE * 1.000_001;
        Self { span: reach + LONGEST, reach, height: if height.is_nan() { 180.0 } else { height } }
    }

    /// Where an event is kept.
    pub(crate) fn key(&self, one: &Linkable) -> Key {
        let row = cell(one.at.lat() / self.height);
        Key {
            group: one.group,
            feed: one.feed,
            span: self.span_of(one.from),
            row,
            column: cell(one.at.lon() / self.width(row)),
            event: u32::try_from(one.event).unwrap_or(u32::MAX),
        }
    }

    fn span_of(&self, from: i64) -> i32 {
        i32::try_from(from.div_euclid(self.span)).unwrap_or(if from < 0 { i32::MIN } else { i32::MAX })
    }

    /// Degrees of longitude that a rule reaches between any two places of which one lies in a row: never less.
    fn width(&self, row: i32) -> f64 {
        let farthest = (f64::from(row).abs() + 2.0) * self.height;
        let shrinks = farthest.min(90.0).to_radians().cos();
        if shrinks * 360.0 > self.height { self.height / shrinks } else { 360.0 }
    }

    /// The first and the last key of each span of time in which events of a feed may be near.
    pub(crate) fn spans(&self, one: &Linkable, feed: Feed) -> impl Iterator<Item = (Key, Key)> + use<> {
        let group = one.group;
        let first = self.span_of(one.from.saturating_sub(self.reach + LONGEST));
        let last = self.span_of(one.to.saturating_add(self.reach));
        (first..=last).map(move |span| {
            let key = |end: i32, event: u32| Key { group, feed, span, row: end, column: end, event };
            (key(i32::MIN, 0), key(i32::MAX, u32::MAX))
        })
    }

    /// Of one span the first and the last key of each row of cells in which events may be near.
    pub(crate) fn rows(&self, one: &Linkable, span: Key) -> impl Iterator<Item = (Key, Key)> + use<> {
        let (grid, lon) = (*self, one.at.lon());
        let middle = cell(one.at.lat() / self.height);
        (middle - 1..=middle + 1).map(move |row| {
            // The width of a row holds for the places of the rows beside it as well.
            let width = grid.width(row);
            let column = cell(lon / width);
            let key = |column: i32, event: u32| Key { row, column, event, ..span };
            (key(column - 1, 0), key(column + 1, u32::MAX))
        })
    }
}
