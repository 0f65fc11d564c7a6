//! Room that is written over: how much of it is kept, and what for.
//!
//! Large columns are made anew again and again. Writing over those of the time before the last keeps memory at one level and
//! asks the system for nothing, as long as no more than a sixteenth came in the two times between.

/// How much room is made for so many values: some more, since the next time there may be.
pub(crate) fn with_more(n: usize) -> usize {
    n + n / 16 + 16
}

/// Whether so many values are too few for some room, which would be held for nothing.
pub(crate) fn too_large(room: usize, n: usize) -> bool {
    room > n + n / 4 + 1024
}

/// Whether so many values find room, and not far more than they need.
pub(crate) fn fits(room: usize, n: usize) -> bool {
    n <= room && !too_large(room, n)
}

/// A vector without values and with room for so many: the given one, if it fits.
pub(crate) fn emptied<T>(mut values: Vec<T>, n: usize) -> Vec<T> {
    values.clear();
    if !fits(values.capacity(), n) {
        // Let go first, so that there are never two.
        drop(values);
        values = Vec::with_capacity(with_more(n));
    }
    values
}

/// A vector of so many values that are to be written over, whatever they are: the given one, if it fits.
pub(crate) fn resized<T: Clone>(values: Vec<T>, n: usize, value: T) -> Vec<T> {
    let mut values = if fits(values.capacity(), n) { values } else { emptied(values, n) };
    values.resize(n, value);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_is_taken_over_unless_it_is_too_small_or_far_too_large() {
        let capacity = with_more(100_000);
        let vector = || {
            let mut values = Vec::with_capacity(capacity);
            values.extend(0..100_000);
            values
        };
        for (n, same) in
            [(100_000, true), (capacity, true), (90_000, true), (capacity + 1, false), (70_000, false)]
        {
            let room = if same { capacity } else { with_more(n) };
            let empty = emptied(vector(), n);
            assert_eq!((empty.capacity(), empty.len()), (room, 0), "{n}");
            let full = resized(vector(), n, 7);
            assert_eq!((full.capacity(), full.len()), (room, n));
            assert!(same || full.iter().all(|value| *value == 7));
        }
    }
}
