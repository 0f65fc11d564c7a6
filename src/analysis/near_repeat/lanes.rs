//! Many permutations of the times at once: one lane each of a line of the cache, so that a pair is looked up once.

use std::ops::Range;

use multiversion::multiversion;
use rayon::prelude::*;

use super::bands::Metric;
use super::pairs::Sorted;
use crate::progress::checkpoint;
use crate::space::coord::Local;

/// A time as a whole number of units, and the type in which its lane counts.
pub(super) trait Tick: Copy + Ord + Default + Send + Sync + 'static {
    /// The largest.
    const MOST: u64;
    fn from_units(units: u64) -> Self;
    fn count(self) -> u64;
    fn apart(self, other: Self) -> Self;
    fn plus(self, one: bool) -> Self;
}

macro_rules! tick {
    ($($number:ty),*) => {$(
        impl Tick for $number {
            const MOST: u64 = <$number>::MAX as u64;
            fn from_units(units: u64) -> Self {
                units.min(Self::MOST) as $number
            }
            fn count(self) -> u64 {
                u64::from(self)
            }
            #[inline(always)]
            fn apart(self, other: Self) -> Self {
                self.abs_diff(other)
            }
            #[inline(always)]
            fn plus(self, one: bool) -> Self {
                self.wrapping_add(<$number>::from(one))
            }
        }
    )*};
}
tick!(u16, u32);

/// One line of the cache: a number for each of `L` permutations.
#[repr(align(64))]
#[derive(Clone, Copy)]
pub(super) struct Line<T, const L: usize>([T; L]);

/// The times of each place in each permutation, and with what pairs are counted.
pub(super) struct Lanes<'a, T, const L: usize> {
    /// Places in their cells.
    pub(super) sorted: &'a Sorted,
    /// How distance is measured.
    pub(super) metric: Metric,
    /// Upper edges of the bands of distance, as [`Metric::size`] has them.
    pub(super) limits: &'a [f64],
    /// Longest difference of time up to each band and in it, in units.
    pub(super) most: &'a [T],
    /// For each place `lines` lines.
    pub(super) rows: Vec<Line<T, L>>,
    /// Lines of a place.
    pub(super) lines: usize,
}

impl<T: Tick, const L: usize> Lanes<'_, T, L> {
    /// Permutations that are counted at once.
    pub(super) fn width(&self) -> usize {
        L * self.lines
    }

    /// Puts in the times of permutations: `lane[p]` has one time for each place.
    pub(super) fn fill(&mut self, lane: &[Vec<T>]) {
        // So many places at a time that what is read of each lane is one line.
        const TOGETHER: usize = 32;
        let lines = self.lines;
        self.rows.par_chunks_mut(TOGETHER * lines).enumerate().for_each(|(chunk, rows)| {
            let from = chunk * TOGETHER;
            for (p, times) in lane.iter().enumerate() {
                for (row, &time) in rows.chunks_mut(lines).zip(&times[from..]) {
                    row[p / L].0[p % L] = time;
                }
            }
        });
    }

    /// Pairs no longer apart in time than each of `most`, for each band of distance and each permutation; and pairs in
    /// each band of distance, however far apart in time.
    ///
    /// The former are `bands × times × width` numbers.
    pub(super) fn count(&self) -> (Vec<u64>, Vec<u64>) {
        let (bands, size) = (self.limits.len(), self.limits.len() * self.most.len() * self.width());
        let parts = parts(self.sorted);
        // A thread's counter is to be worth its making, and no thread to wait for another.
        let least = (parts.len() / 64).clamp(1, 64);
        let counted = parts.into_par_iter().with_min_len(least).fold(
            || Counter::new(self),
            |mut counter, (cell, places)| {
                checkpoint();
                counter.places(self, cell, places);
                counter
            },
        );
        counted.map(|counter| counter.finish(self)).reduce(
            || (vec![0; size], vec![0; bands]),
            |(mut total, mut pairs), (more, more_pairs)| {
                total.iter_mut().zip(more).for_each(|(a, b)| *a += b);
                pairs.iter_mut().zip(more_pairs).for_each(|(a, b)| *a += b);
                (total, pairs)
            },
        )
    }
}

/// The places of each cell in pieces, so that wide bands, whose cells are few, keep all threads busy too.
fn parts(sorted: &Sorted) -> Vec<(usize, Range<usize>)> {
    const TOGETHER: usize = 256;
    let of_cell = |cell: usize| {
        let Range { start, end } = sorted.places(cell);
        (start..end).step_by(TOGETHER).map(move |from| (cell, from..end.min(from + TOGETHER)))
    };
    (0..sorted.n_cells()).flat_map(of_cell).collect()
}

/// What one thread counts with.
struct Counter<T, const L: usize> {
    /// For each band, line and time: what was counted since the last flush.
    lines: Vec<Line<T, L>>,
    /// Pairs counted since then, for each band.
    since: Vec<u64>,
    total: Vec<u64>,
    /// Pairs in each band, however far apart in time.
    pairs: Vec<u64>,
    /// Places near the one that is looked at, band after band.
    near: Vec<u32>,
    len: Vec<usize>,
    capacity: usize,
}

impl<T: Tick, const L: usize> Counter<T, L> {
    fn new(lanes: &Lanes<'_, T, L>) -> Self {
        let (bands, times) = (lanes.limits.len(), lanes.most.len());
        Self {
            lines: vec![Line([T::default(); L]); bands * lanes.lines * times],
            since: vec![0; bands],
            total: vec![0; bands * times * lanes.width()],
            pairs: vec![0; bands],
            near: Vec::new(),
            len: vec![0; bands],
            capacity: 0,
        }
    }

    /// Counts the pairs of some of a cell's places with those after them.
    fn places(&mut self, lanes: &Lanes<'_, T, L>, cell: usize, places: Range<usize>) {
        // No list gets longer than the shortest lane can count; in tests short enough that lists are cut.
        const LONGEST: usize = if cfg!(test) { 100 } else { u16::MAX as usize };
        let after = lanes.sorted.after(cell);
        // One more: the last of a full list is followed by what is written over.
        let needed = after.iter().map(ExactSizeIterator::len).sum::<usize>().min(LONGEST) + 1;
        if needed > self.capacity {
            self.capacity = needed;
            self.near.resize(self.len.len() * needed, 0);
        }
        for at in places {
            for range in &after {
                let mut from = range.start.max(at + 1);
                while from < range.end {
                    let to = range.end.min(from + LONGEST);
                    self.sort_into_bands(lanes, at, from..to);
                    from = to;
                }
            }
            self.add_all(lanes, at);
        }
    }

    /// Adds places of a range to the list of their band.
    fn sort_into_bands(&mut self, lanes: &Lanes<'_, T, L>, at: usize, range: Range<usize>) {
        if self.len.iter().copied().max().unwrap_or(0) + range.len() >= self.capacity {
            self.add_all(lanes, at);
        }
        let (x, y) = (&lanes.sorted.x, &lanes.sorted.y);
        let from = (lanes.metric, Local { x: x[at], y: y[at] });
        let (near, len) = (&mut self.near, &mut self.len);
        into_lists(from, (&x[range.clone()], &y[range.clone()]), range.start as u32, lanes.limits, near, len);
    }

    /// Counts the pairs in the lists and empties them.
    fn add_all(&mut self, lanes: &Lanes<'_, T, L>, at: usize) {
        let times = lanes.most.len();
        for band in 0..lanes.limits.len() {
            let len = std::mem::take(&mut self.len[band]);
            if len == 0 {
                continue;
            }
            if self.since[band] + len as u64 > T::MOST {
                self.flush(lanes, band);
            }
            self.since[band] += len as u64;
            self.pairs[band] += len as u64;
            let near = &self.near[band * self.capacity..][..len];
            let lines = &mut self.lines[band * lanes.lines * times..][..lanes.lines * times];
            add(&lanes.rows, lanes.lines, at, near, lanes.most, lines);
        }
    }

    /// Brings what a band's lines hold to the total, before they overflow.
    fn flush(&mut self, lanes: &Lanes<'_, T, L>, band: usize) {
        let (times, width) = (lanes.most.len(), lanes.width());
        self.since[band] = 0;
        for line in 0..lanes.lines {
            for time in 0..times {
                let counted = &mut self.lines[(band * lanes.lines + line) * times + time].0;
                let total = &mut self.total[(band * times + time) * width + line * L..][..L];
                for (total, counted) in total.iter_mut().zip(counted) {
                    *total += std::mem::take(counted).count();
                }
            }
        }
    }

    fn finish(mut self, lanes: &Lanes<'_, T, L>) -> (Vec<u64>, Vec<u64>) {
        (0..lanes.limits.len()).for_each(|band| self.flush(lanes, band));
        (self.total, self.pairs)
    }
}

/// Adds places, numbered from `first` on, to the list of the band that their distance from a place lies in.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl+avx512dq", "x86_64+avx2"))]
fn into_lists(
    (metric, at): (Metric, Local),
    (x, y): (&[f64], &[f64]),
    first: u32,
    limits: &[f64],
    near: &mut [u32],
    len: &mut [usize],
) {
    const TOGETHER: usize = 64;
    let capacity = near.len() / limits.len();
    let mut band = [0_u8; TOGETHER];
    for (first, (x, y)) in (first..).step_by(TOGETHER).zip(x.chunks(TOGETHER).zip(y.chunks(TOGETHER))) {
        let mut size = [f64::INFINITY; TOGETHER];
        for ((size, x), y) in size.iter_mut().zip(x).zip(y) {
            *size = metric.size(x - at.x, y - at.y);
        }
        band.fill(0);
        for &limit in limits {
            for (band, size) in band.iter_mut().zip(&size) {
                *band = band.wrapping_add(u8::from(*size >= limit));
            }
        }
        // Written without a branch: what is not in the wanted band is written over by the next that is.
        for ((wanted, list), len) in (0_u8..).zip(near.chunks_mut(capacity)).zip(len.iter_mut()) {
            let (mut found, mut end) = ([0_u32; TOGETHER], 0);
            for (k, &band) in band.iter().enumerate() {
                found[end % TOGETHER] = first.wrapping_add(k as u32);
                end = end.wrapping_add(usize::from(band == wanted));
            }
            list[*len..*len + end].copy_from_slice(&found[..end]);
            *len += end;
        }
    }
}

/// Counts the pairs of one place with those near it: for each line, one pass for up to four bands of time.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl+avx512dq", "x86_64+avx2"))]
fn add<T: Tick, const L: usize>(
    rows: &[Line<T, L>],
    n_lines: usize,
    at: usize,
    near: &[u32],
    most: &[T],
    counted: &mut [Line<T, L>],
) {
    for line in 0..n_lines {
        let mine = rows[at * n_lines + line];
        let lines = &mut counted[line * most.len()..][..most.len()];
        for (most, lines) in most.chunks(4).zip(lines.chunks_mut(4)) {
            match most.len() {
                1 => pass::<T, L, 1>(mine, rows, (n_lines, line), near, most, lines),
                2 => pass::<T, L, 2>(mine, rows, (n_lines, line), near, most, lines),
                3 => pass::<T, L, 3>(mine, rows, (n_lines, line), near, most, lines),
                _ => pass::<T, L, 4>(mine, rows, (n_lines, line), near, most, lines),
            }
        }
    }
}

/// The innermost loop. Its arrays have a length known to the compiler, so the sums stay in registers.
#[inline(always)]
fn pass<T: Tick, const L: usize, const K: usize>(
    mine: Line<T, L>,
    rows: &[Line<T, L>],
    (n_lines, line): (usize, usize),
    near: &[u32],
    most: &[T],
    counted: &mut [Line<T, L>],
) {
    let mut sums = [[T::default(); L]; K];
    let mut longest = [T::default(); K];
    for k in 0..K {
        sums[k] = counted[k].0;
        longest[k] = most[k];
    }
    for &other in near {
        let other = &rows[other as usize * n_lines + line].0;
        let mut apart = [T::default(); L];
        for l in 0..L {
            apart[l] = mine.0[l].apart(other[l]);
        }
        for k in 0..K {
            for l in 0..L {
                sums[k][l] = sums[k][l].plus(apart[l] <= longest[k]);
            }
        }
    }
    for k in 0..K {
        counted[k].0 = sums[k];
    }
}

impl<T: Tick, const L: usize> Line<T, L> {
    /// All zeros.
    pub(super) fn zero() -> Self {
        Self([T::default(); L])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cell_with_many_places_is_work_for_many_threads() {
        let mut points = vec![Local::default(); 1_000];
        points.push(Local { x: 1e6, y: 0.0 });
        let parts = parts(&Sorted::new(&points, 10.0));
        let places: Vec<usize> = parts.iter().flat_map(|(_, places)| places.clone()).collect();
        assert_eq!(places, (0..1_001).collect::<Vec<_>>());
        let sizes: Vec<usize> = parts.iter().map(|(_, places)| places.len()).collect();
        assert_eq!(sizes, [256, 256, 256, 232, 1]);
    }
}
