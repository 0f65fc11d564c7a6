//! The block that a person names: by its id, or by its name.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::params::nearest::edits;
use super::snapshot::Snapshot;
use crate::model::block::{Block, BlockId};

/// So many names are told where none fits.
const NEAREST: usize = 5;

/// Why a text names no block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoBlock {
    /// None has this id or name.
    #[error("there is no block `{given}`; the nearest names are {}", .nearest.join(", "))]
    Unknown {
        /// What was asked for.
        given: String,
        /// Names and ids of others like it, the nearest first.
        nearest: Vec<String>,
    },
    /// Several have this name.
    #[error("`{given}` is the name of several blocks; give the id of one: {}", .ids.join(", "))]
    Ambiguous {
        /// What was asked for.
        given: String,
        /// Their ids.
        ids: Vec<String>,
    },
}

impl Snapshot {
    /// The block of an id, else of a name; capitals and gaps do not matter in names. Time O(b).
    ///
    /// # Errors
    ///
    /// [`NoBlock`] with the nearest names: first those with most of the words that were given, then
    /// those that the fewest letters make of it.
    pub fn block_named(&self, given: &str) -> Result<BlockId, NoBlock> {
        let blocks = &self.dataset().block_set.blocks;
        let numbered = || (0..).map(BlockId).zip(blocks);
        if let Some((id, _)) = numbered().find(|(_, block)| block.id == given.trim()) {
            return Ok(id);
        }
        let plain = plain(given);
        let same: Vec<(BlockId, &Block)> =
            numbered().filter(|(_, block)| self::plain(&block.name) == plain).collect();
        match same[..] {
            [(id, _)] => Ok(id),
            [] => Err(NoBlock::Unknown { given: given.to_owned(), nearest: nearest(&plain, blocks) }),
            _ => {
                let ids = same.iter().map(|(_, block)| block.id.clone()).collect();
                Err(NoBlock::Ambiguous { given: given.to_owned(), ids })
            }
        }
    }
}

/// Small letters, one blank between words.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn words(plain: &str) -> BTreeSet<&str> {
    plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect()
}

fn nearest(given: &str, blocks: &[Block]) -> Vec<String> {
    let asked = words(given);
    let mut all: Vec<(Reverse<usize>, usize, &Block)> = blocks
        .iter()
        .map(|block| {
            let (name, id) = (plain(&block.name), plain(&block.id));
            let common = words(&name).intersection(&asked).count();
            // Of `Oak St, Elm St to Ash St` people remember the street.
            let street = name.split(',').next().unwrap_or_default();
            let far = [&*name, street, &*id].map(|known| edits(given, known)).into_iter().min();
            (Reverse(common), far.unwrap_or(usize::MAX), block)
        })
        .collect();
    all.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| a.2.id.cmp(&b.2.id)));
    all.truncate(NEAREST);
    all.into_iter().map(|(.., block)| format!("`{}` ({})", block.name, block.id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_the_words_come_before_names_with_the_letters() {
        assert_eq!(plain("  Union   AVE, Oak "), "union ave, oak");
        assert_eq!(words("union ave, oak st to 5th"), ["5th", "ave", "oak", "st", "to", "union"].into());
    }
}
