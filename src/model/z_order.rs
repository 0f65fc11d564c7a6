//! The order of places along a space-filling curve: neighbors on the map are neighbors in memory.

use rayon::prelude::*;

use crate::space::coord::Mercator;

/// A key and where it came from.
type Entry = (u64, u32);

/// So few are sorted by comparing them; more are dealt out first.
const FEW: usize = 1 << 9;

/// Heaps that one deal makes at most: their ends stay in the cache.
const HEAPS: usize = 1 << 12;

/// The order of incidents along the Z-order curve; those without a place come last, equal ones as they came.
///
/// Time O(n) where places are spread, O(n log n) at worst.
#[must_use]
pub fn z_sorted(n: usize, place: impl Fn(usize) -> Option<Mercator> + Sync) -> Vec<u32> {
    let mut entries: Vec<Entry> = (0..n)
        .into_par_iter()
        .map(|at| (place(at).map_or(u64::MAX, z_order), u32::try_from(at).expect("fewer than 2³² incidents")))
        .collect();
    let mut order = vec![0; n];
    sort(&mut entries, &mut order);
    order
}

/// Interleaves the bits of both coordinates, so that neighbors on the map are neighbors in memory.
#[must_use]
pub fn z_order(at: Mercator) -> u64 {
    let spread = |v: i32| {
        let mut v = u64::from(v.cast_unsigned() ^ 0x8000_0000);
        v = (v | (v << 16)) & 0x0000_ffff_0000_ffff;
        v = (v | (v << 8)) & 0x00ff_00ff_00ff_00ff;
        v = (v | (v << 4)) & 0x0f0f_0f0f_0f0f_0f0f;
        v = (v | (v << 2)) & 0x3333_3333_3333_3333;
        (v | (v << 1)) & 0x5555_5555_5555_5555
    };
    spread(at.x) | (spread(at.y) << 1)
}

/// Writes where entries came from in the order of their keys, equal ones as they stand. Entries are in no order afterwards.
fn sort(entries: &mut [Entry], order: &mut [u32]) {
    // What has no place has no part in the range of the others, which would become too wide.
    let (mut low, mut high, mut last) = (u64::MAX, 0, 0);
    for &(key, _) in &*entries {
        (low, last) = (low.min(key), last.max(key));
        high = high.max(if key == u64::MAX { 0 } else { key });
    }
    // None, or all equal.
    if low >= last {
        return write(entries, order);
    }
    if entries.len() <= FEW {
        return sort_few(entries, low, high, order);
    }
    let wanted = (entries.len() / (FEW / 4)).next_power_of_two().min(HEAPS);
    let bits = u64::BITS - (high - low).leading_zeros();
    let shift = bits.saturating_sub(wanted.trailing_zeros());
    let heaps = ((high - low) >> shift) as usize + 2;
    let heap = |key: u64| if key == u64::MAX { heaps - 1 } else { ((key - low) >> shift) as usize };
    let mut ends = vec![0_usize; heaps];
    entries.iter().for_each(|entry| ends[heap(entry.0)] += 1);
    let mut next = 0;
    for end in &mut ends {
        next += std::mem::replace(end, next);
    }
    let mut dealt = vec![(0, 0); entries.len()];
    for &entry in &*entries {
        let to = &mut ends[heap(entry.0)];
        dealt[*to] = entry;
        *to += 1;
    }
    let (mut from, mut rest, mut to) = (0, &mut dealt[..], order);
    let mut parts = Vec::with_capacity(heaps);
    for end in ends {
        let (heap, others) = rest.split_at_mut(end - from);
        let (part, beyond) = to.split_at_mut(end - from);
        (from, rest, to) = (end, others, beyond);
        if !heap.is_empty() {
            parts.push((heap, part));
        }
    }
    parts.into_par_iter().with_min_len(1 << 5).for_each(|(heap, part)| sort(heap, part));
}

/// The same for few entries, by comparing them: key and origin in one number where they fit.
fn sort_few(entries: &mut [Entry], low: u64, high: u64, order: &mut [u32]) {
    if high - low >= u64::from(u32::MAX) {
        entries.sort_unstable();
        return write(entries, order);
    }
    let mut whole = [0_u64; FEW];
    let whole = &mut whole[..entries.len()];
    for (whole, &(key, at)) in whole.iter_mut().zip(&*entries) {
        *whole = (key - low).min(u64::from(u32::MAX)) << 32 | u64::from(at);
    }
    whole.sort_unstable();
    for (to, whole) in order.iter_mut().zip(whole) {
        *to = (*whole & u64::from(u32::MAX)) as u32;
    }
}

fn write(entries: &[Entry], order: &mut [u32]) {
    order.iter_mut().zip(entries).for_each(|(to, entry)| *to = entry.1);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a plain sort has it.
    fn plain(keys: &[u64]) -> Vec<u32> {
        let mut entries: Vec<Entry> = keys.iter().copied().zip(0..).collect();
        entries.sort_unstable();
        entries.into_iter().map(|entry| entry.1).collect()
    }

    fn sorted(keys: &[u64]) -> Vec<u32> {
        let mut entries: Vec<Entry> = keys.iter().copied().zip(0..).collect();
        let mut order = vec![0; keys.len()];
        sort(&mut entries, &mut order);
        order
    }

    #[test]
    fn the_order_is_that_of_a_plain_sort() {
        let mut state = 1_u64;
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state ^ state >> 31
        };
        for n in [0, 1, 2, 3, FEW - 1, FEW, FEW + 1, 5_000, 70_000] {
            // Spread, all in two far corners, nearly all at one place, all equal, with and without a place.
            let spreads: [&dyn Fn(u64) -> u64; 8] = [
                &|r| r,
                &|r| r % 1_000,
                &|r| if r & 1 == 0 { r % 77 } else { (1 << 63) + r % 7_777_777 },
                &|r| if r % 500 == 0 { r >> 3 } else { 1 << 40 },
                &|_| 5,
                &|_| u64::MAX,
                &|r| if r % 3 == 0 { u64::MAX } else { (1 << 50) + r % (1 << 30) },
                &|r| if r % 3 == 0 { u64::MAX } else { u64::MAX - 1 - r % 2 },
            ];
            for (kind, spread) in spreads.iter().enumerate() {
                let keys: Vec<u64> = (0..n).map(|_| spread(draw())).collect();
                assert_eq!(sorted(&keys), plain(&keys), "{n} of kind {kind}");
            }
            // Differences that just fit beside the origin, and that just do not.
            for high in [u64::from(u32::MAX) - 1, u64::from(u32::MAX), 1 << 32] {
                let few = |at: usize| [0, high, u64::MAX, high - 1][at % 4];
                let keys: Vec<u64> = (0..n.min(400)).map(few).collect();
                assert_eq!(sorted(&keys), plain(&keys), "{n} up to {high}");
            }
        }
    }
}
