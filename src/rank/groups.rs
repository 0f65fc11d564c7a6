//! Which blocks of a list cannot be told apart.

/// Numbers the groups of a list, 1 first: blocks whose place may be that of the first of their group.
///
/// Goes down the list. A block opens a new group where the best rank that it may have lies behind the worst that the
/// first of the current group may have; until then their intervals overlap, and which of the two is ahead is open.
///
/// | | what | shape | unit |
/// |---|---|---|---|
/// | `intervals` | 5 and 95 % of the rank, in the order of the list | `n` | ranks |
/// | returns | the group of each | `n` | – |
///
/// Time O(n).
///
/// # Limits
///
/// Two neighbors in different groups may overlap each other; only the first of a group is compared. Intervals hold for one
/// block each and not for all at once.
///
/// # Examples
///
/// ```
/// use hotblocks::rank::groups::groups;
///
/// assert_eq!(groups(&[(1, 3), (1, 4), (3, 9), (4, 12), (10, 20), (13, 30)]), [1, 1, 1, 2, 2, 3]);
/// ```
#[must_use]
pub fn groups(intervals: &[(u32, u32)]) -> Vec<u32> {
    let (mut group, mut worst) = (0, 0);
    let number = |&(lo, hi): &(u32, u32)| {
        if group == 0 || lo > worst {
            (group, worst) = (group + 1, hi);
        }
        group
    };
    intervals.iter().map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certain_places_are_groups_of_their_own_and_chance_is_one_group() {
        assert_eq!(groups(&[(1, 1), (2, 2), (3, 3)]), [1, 2, 3]);
        assert_eq!(groups(&[(1, 40); 40]), [1; 40]);
        assert!(groups(&[]).is_empty());
    }
}
