//! Entries sorted by their cells.

/// Where each cell's entries begin once they are sorted by cell; and the end of the last.
pub(super) fn starts(cells: impl Iterator<Item = u32>, n: usize) -> Vec<u32> {
    let mut starts = vec![0; n + 1];
    for cell in cells {
        starts[cell as usize + 1] += 1;
    }
    for at in 0..n {
        starts[at + 1] += starts[at];
    }
    starts
}

/// Entries in the order of their cells, of each cell in the order that they came.
pub(super) fn sorted(entries: impl Iterator<Item = (u32, u32)>, starts: &[u32]) -> Vec<u32> {
    let mut next = starts.to_vec();
    let mut sorted = vec![0; starts.last().map_or(0, |&n| n as usize)];
    for (cell, entry) in entries {
        sorted[next[cell as usize] as usize] = entry;
        next[cell as usize] += 1;
    }
    sorted
}
