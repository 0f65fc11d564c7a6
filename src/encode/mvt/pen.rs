//! Shapes as the commands that draw them.

use super::wire::{TWO, put, put_two, zigzag};

/// The commands that draw a shape.
#[derive(Debug, Default)]
pub(super) struct Pen {
    /// Commands as they are written, and how many bytes of these count.
    out: Vec<u8>,
    end: usize,
    at: (i32, i32),
    room: Room,
}

/// Room for the points of a shape, used again and again.
#[derive(Debug, Default)]
pub(super) struct Room {
    pub(super) places: Vec<[f64; 2]>,
    pub(super) spare: Vec<[f64; 2]>,
    pub(super) units: Vec<(i32, i32)>,
    pub(super) tidy: Vec<(i32, i32)>,
}

impl Pen {
    /// Draws so many points at once: one command, and the step to each.
    fn steps(&mut self, command: u64, points: &[(i32, i32)]) {
        // Room for the longest numbers first, then no step needs to ask for it.
        let most = self.end + TWO * (points.len() + 1);
        if self.out.len() < most {
            self.out.resize(most, 0);
        }
        let mut end = self.end + put(&mut self.out[self.end..], command | (points.len() as u64) << 3);
        let mut last = self.at;
        for &at in points {
            let (x, y) = (at.0.wrapping_sub(last.0), at.1.wrapping_sub(last.1));
            end += put_two(&mut self.out[end..], zigzag(x), zigzag(y));
            last = at;
        }
        (self.at, self.end) = (last, end);
    }

    /// Begins anew with a shape of its own.
    pub(super) fn clear(&mut self) {
        self.end = 0;
        self.at = (0, 0);
    }

    pub(super) fn drawn(&self) -> &[u8] {
        &self.out[..self.end]
    }

    /// Does something that needs room for points.
    pub(super) fn with_room<T>(&mut self, what: impl FnOnce(&mut Self, &mut Room) -> T) -> T {
        let mut room = std::mem::take(&mut self.room);
        let done = what(self, &mut room);
        self.room = room;
        done
    }

    pub(super) fn points(&mut self, points: &[(i32, i32)]) {
        self.steps(1, points);
    }

    /// A line of at least two points.
    pub(super) fn line(&mut self, line: &[(i32, i32)]) {
        self.points(&line[..1]);
        self.steps(2, &line[1..]);
    }

    /// A ring of at least three points, the first of which is not said again.
    pub(super) fn ring(&mut self, ring: &[(i32, i32)]) {
        self.line(ring);
        // A step before it takes less than its room.
        self.out[self.end] = 7 | 1 << 3;
        self.end += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_drawn_as_in_the_specification_of_vector_tiles() {
        // Vector tile specification 2.1, section 4.3.5: examples of a line, a polygon and two points.
        let mut pen = Pen::default();
        pen.line(&[(2, 2), (2, 10), (10, 10)]);
        assert_eq!(pen.drawn(), [9, 4, 4, 18, 0, 16, 16, 0]);
        pen.clear();
        pen.ring(&[(3, 6), (8, 12), (20, 34)]);
        assert_eq!(pen.drawn(), [9, 6, 12, 18, 10, 12, 24, 44, 15]);
        pen.clear();
        pen.points(&[(5, 7), (3, 2)]);
        assert_eq!(pen.drawn(), [17, 10, 14, 3, 9]);
    }
}
