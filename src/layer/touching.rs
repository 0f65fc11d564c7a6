//! Which blocks touch the box of a page.

use super::Page;
use crate::engine::snapshot::Snapshot;
use crate::model::block::BlockId;
use crate::space::printed::SoughtBox;

/// Tells of each block whether it belongs on a page, mostly by a look at the box around it.
pub(super) struct Touching<'a> {
    snapshot: &'a Snapshot,
    page: Page,
    sought: Option<SoughtBox>,
}

impl<'a> Touching<'a> {
    /// The box of a page; all blocks touch none.
    pub(super) fn of(snapshot: &'a Snapshot, page: Page) -> Self {
        Self { snapshot, page, sought: page.bbox.map(SoughtBox::new) }
    }

    /// As [`Page::touches`] of the block's shape. Time O(1) for most, O(vertices) where it lies across the edge of the box.
    pub(super) fn has(&self, block: BlockId) -> bool {
        let Some(sought) = &self.sought else { return true };
        let at = block.0 as usize;
        let shape = &self.snapshot.dataset().block_set.blocks[at].lonlat;
        match self.snapshot.block_boxes()[at] {
            Some(around) => sought.touched_by(shape, around),
            None => self.page.touches(shape),
        }
    }
}
