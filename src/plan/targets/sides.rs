//! What of a place hangs on one block: the sides that fall off if it is taken out.

/// Beyond so many blocks on a way around a block nobody looks.
const FAR: usize = 400;

/// So many are looked at first: mostly the way around a block is short.
const NEAR: usize = 40;

/// A search that marks blocks, and keeps the memory of its marks.
pub(super) struct Sides {
    seen: Vec<u32>,
    clock: u32,
}

/// Where the search from some blocks ended.
enum Ended {
    /// Nothing else is connected with them: a side.
    Side(Vec<u32>),
    /// At the group of this number among those that wait, or among those that were too long.
    Waiting(usize),
    Open(usize),
    /// Too long to be followed to its end.
    TooLong,
}

impl Sides {
    /// Of so many blocks.
    pub(super) fn of(n: usize) -> Self {
        Self { seen: vec![0; n], clock: 0 }
    }

    /// The sides of a place that hang on a block alone, but for the one that is found last, which is the largest where
    /// their sizes differ much; `None` where the way around it is too long to be seen.
    pub(super) fn sides<'g>(
        &mut self,
        block: u32,
        near: impl Fn(u32) -> &'g [u32],
        chosen: impl Fn(u32) -> bool,
    ) -> Option<Vec<Vec<u32>>> {
        let mut groups = groups(block, &near, &chosen);
        let mut sides: Vec<Vec<u32>> = Vec::new();
        if groups.len() < 2 {
            return Some(sides);
        }
        for limit in [NEAR, FAR] {
            let mut open: Vec<Vec<u32>> = Vec::new();
            while let Some(group) = groups.pop() {
                if groups.is_empty() && open.is_empty() {
                    return Some(sides);
                }
                match self.follow(block, &group, limit, (&near, &chosen), (&groups, &open)) {
                    Ended::Side(side) => sides.push(side),
                    Ended::Waiting(other) => groups[other].extend(group),
                    Ended::Open(other) => {
                        let mut met = open.swap_remove(other);
                        met.extend(group);
                        groups.push(met);
                    }
                    Ended::TooLong => open.push(group),
                }
            }
            if open.len() < 2 {
                return Some(sides);
            }
            groups = open;
        }
        None
    }

    /// Goes from some blocks to those around them, never over the one in the middle.
    fn follow<'g>(
        &mut self,
        block: u32,
        from: &[u32],
        limit: usize,
        (near, chosen): (impl Fn(u32) -> &'g [u32], impl Fn(u32) -> bool),
        (waiting, open): (&[Vec<u32>], &[Vec<u32>]),
    ) -> Ended {
        self.clock += 1;
        let clock = self.clock;
        let mut part = from.to_vec();
        part.iter().chain([&block]).for_each(|&b| self.seen[b as usize] = clock);
        let mut at = 0;
        while at < part.len() {
            if part.len() > limit {
                return Ended::TooLong;
            }
            for &to in near(part[at]) {
                if !chosen(to) || self.seen[to as usize] == clock {
                    continue;
                }
                if let Some(other) = waiting.iter().position(|group| group.contains(&to)) {
                    return Ended::Waiting(other);
                }
                if let Some(other) = open.iter().position(|group| group.contains(&to)) {
                    return Ended::Open(other);
                }
                self.seen[to as usize] = clock;
                part.push(to);
            }
            at += 1;
        }
        Ended::Side(part)
    }
}

/// The chosen blocks beside one, those together that touch each other.
fn groups<'g>(block: u32, near: impl Fn(u32) -> &'g [u32], chosen: impl Fn(u32) -> bool) -> Vec<Vec<u32>> {
    let mut groups: Vec<Vec<u32>> = Vec::new();
    for &to in near(block).iter().filter(|&&to| chosen(to)) {
        let touches = |group: &Vec<u32>| group.iter().any(|&b| near(b).contains(&to));
        let mut mine = vec![to];
        let mut at = 0;
        while at < groups.len() {
            if touches(&groups[at]) {
                mine.extend(groups.swap_remove(at));
            } else {
                at += 1;
            }
        }
        groups.push(mine);
    }
    groups
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::analysis::chance::Chance;

    /// The parts of the chosen blocks without one, by plain flooding; those that touch it.
    fn parts(near: &[Vec<u32>], chosen: &[bool], without: u32) -> BTreeSet<BTreeSet<u32>> {
        let mut found = BTreeSet::new();
        for &from in near[without as usize].iter().filter(|&&b| chosen[b as usize]) {
            let (mut part, mut open) = (BTreeSet::from([from]), vec![from]);
            while let Some(at) = open.pop() {
                for &to in near[at as usize].iter().filter(|&&b| chosen[b as usize] && b != without) {
                    if part.insert(to) {
                        open.push(to);
                    }
                }
            }
            found.insert(part);
        }
        found
    }

    #[test]
    fn sides_are_the_parts_that_fall_off_but_one() {
        let (mut several, mut long) = (0, 0);
        for seed in 0..400 {
            let mut chance = Chance::new(seed, 0);
            // Rings, with chords here and there: ways around are short, long, or there are none.
            let n = 4 + chance.below(if seed % 4 == 0 { 1_200 } else { 40 });
            let mut near = vec![Vec::new(); n as usize];
            let mut join = |a: u32, b: u32| {
                if a != b && !near[a as usize].contains(&b) {
                    near[a as usize].push(b);
                    near[b as usize].push(a);
                }
            };
            (0..n).for_each(|b| join(b, (b + 1) % n));
            (0..n / 10).for_each(|_| join(chance.below(n), chance.below(n)));
            let chosen: Vec<bool> = (0..n).map(|_| chance.below(60) > 0).collect();
            let mut search = Sides::of(n as usize);
            for block in (0..n).filter(|&b| chosen[b as usize]).take(60) {
                let expected = parts(&near, &chosen, block);
                let found = search.sides(block, |b| &near[b as usize], |b| chosen[b as usize]);
                let Some(found) = found else {
                    assert!(expected.iter().any(|part| part.len() > NEAR), "a short way is always seen");
                    long += 1;
                    continue;
                };
                assert_eq!(found.len(), expected.len().saturating_sub(1), "seed {seed}, block {block}");
                several += found.len();
                for side in found {
                    assert!(
                        expected.contains(&side.into_iter().collect::<BTreeSet<u32>>()),
                        "{seed} {block}"
                    );
                }
            }
        }
        assert!(several > 1_000 && long > 10, "{several} {long}");
    }
}
