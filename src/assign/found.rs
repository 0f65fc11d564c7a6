//! What the look-up of one place found: its block, by which rule, and whether a nudge would change it.

use crate::model::block::BlockId;

/// What was found of one place, in eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    block: u32,
    pub(super) rule: Rule,
    pub(super) near: bool,
}

/// By what a block was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    Polygon,
    NamedNode,
    NearNode,
    Numbers,
    Name,
    Alley,
    Nearest,
    Excluded,
    None,
}

impl Rule {
    const ALL: [Self; 9] = [
        Self::Polygon,
        Self::NamedNode,
        Self::NearNode,
        Self::Numbers,
        Self::Name,
        Self::Alley,
        Self::Nearest,
        Self::Excluded,
        Self::None,
    ];
}

/// Stands for no block.
const NOWHERE: u32 = u32::MAX;
/// Set in the code of what a nudge would change.
const NEAR: u8 = 1 << 7;

impl Found {
    pub(super) fn new(block: Option<BlockId>, rule: Rule, near: bool) -> Self {
        Self { block: block.map_or(NOWHERE, |BlockId(at)| at), rule, near }
    }

    pub(crate) fn block(self) -> Option<BlockId> {
        (self.block != NOWHERE).then_some(BlockId(self.block))
    }

    /// Two numbers that say all of it.
    pub(crate) fn code(self) -> (u32, u8) {
        (self.block, self.rule as u8 | if self.near { NEAR } else { 0 })
    }

    /// What [`Found::code`] said, if there can be such a thing among so many blocks.
    pub(crate) fn of_code((block, how): (u32, u8), blocks: usize) -> Option<Self> {
        let rule = *Rule::ALL.get(usize::from(how & !NEAR))?;
        let is_there = block == NOWHERE || (block as usize) < blocks;
        is_there.then_some(Self { block, rule, near: how & NEAR != 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_all_of_it_and_nothing_else_is_one() {
        assert_eq!(size_of::<Option<Found>>(), 8);
        for (rule, code) in Rule::ALL.into_iter().zip(0..) {
            for (block, near) in [(None, false), (Some(BlockId(6)), true), (Some(BlockId(0)), false)] {
                let found = Found::new(block, rule, near);
                assert_eq!((found.block(), found.code().1 & !NEAR), (block, code));
                assert_eq!(Found::of_code(found.code(), 7), Some(found));
            }
        }
        assert_eq!(Found::of_code((7, 0), 7), None);
        assert_eq!(Found::of_code((0, 9), 7), None);
    }
}
