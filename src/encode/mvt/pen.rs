//! Shapes as the commands that draw them.

use super::wire::{put, varint, zigzag};

/// The commands that draw a shape.
#[derive(Debug, Default)]
pub(super) struct Pen {
    out: Vec<u8>,
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
    fn step(&mut self, to: (i32, i32)) {
        varint(&mut self.out, zigzag(to.0 - self.at.0));
        varint(&mut self.out, zigzag(to.1 - self.at.1));
        self.at = to;
    }

    /// Begins anew with a shape of its own.
    pub(super) fn clear(&mut self) {
        self.out.clear();
        self.at = (0, 0);
    }

    pub(super) fn drawn(&self) -> &[u8] {
        &self.out
    }

    /// Does something that needs room for points.
    pub(super) fn with_room<T>(&mut self, what: impl FnOnce(&mut Self, &mut Room) -> T) -> T {
        let mut room = std::mem::take(&mut self.room);
        let done = what(self, &mut room);
        self.room = room;
        done
    }

    pub(super) fn points(&mut self, points: &[(i32, i32)]) {
        varint(&mut self.out, 1 | (points.len() as u64) << 3);
        points.iter().for_each(|&at| self.step(at));
    }

    /// A line of at least two points.
    pub(super) fn line(&mut self, line: &[(i32, i32)]) {
        self.points(&line[..1]);
        varint(&mut self.out, 2 | (line.len() as u64 - 1) << 3);
        // Room for the longest numbers first, then no step needs to ask for it.
        let begin = self.out.len();
        self.out.resize(begin + 10 * (line.len() - 1), 0);
        let (mut end, mut last) = (begin, self.at);
        for &at in &line[1..] {
            for step in [at.0 - last.0, at.1 - last.1] {
                end += put(&mut self.out[end..], zigzag(step));
            }
            last = at;
        }
        self.at = last;
        self.out.truncate(end);
    }

    /// A ring of at least three points, the first of which is not said again.
    pub(super) fn ring(&mut self, ring: &[(i32, i32)]) {
        self.line(ring);
        self.out.push(7 | 1 << 3);
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
