//! What the first blocks of a list are told by beside numbers: one sentence each, and when their incidents peak.

use super::{Ask, Feature};
use crate::engine::query::Selection;
use crate::engine::ranking::{RankedBlock, Ranking};
use crate::engine::snapshot::Snapshot;
use crate::model::block::BlockId;

/// Gives the blocks of a page that are among the first `top_n` their sentence and their peak; the others have none.
pub(super) fn tell(
    snapshot: &Snapshot,
    ask: &Ask,
    selection: &Selection,
    ranking: &Ranking,
    within: &[String],
    page: &[&RankedBlock],
    features: &mut [Feature],
) {
    let first = |row: &&&RankedBlock| row.rank.is_some_and(|rank| rank <= ranking.scoring.top_n);
    let blocks: Vec<BlockId> = page.iter().filter(first).map(|row| row.block).collect();
    let mut words = Vec::with_capacity(blocks.len());
    if !blocks.is_empty() {
        let telling = snapshot.telling(&ask.query, selection, ranking, within);
        let profiles = snapshot.scored_profiles(selection, ranking, &blocks);
        for (row, profile) in page.iter().filter(first).zip(profiles) {
            let peak = profile.peak.map(|peak| peak.to_string());
            words.push((peak, telling.sentence(row, &profile)));
        }
    }
    let mut words = words.into_iter();
    for (row, feature) in page.iter().zip(features) {
        let own = if first(&row) { words.next() } else { None };
        let (peak, sentence) = own.map_or((None, None), |(peak, sentence)| (peak, Some(sentence)));
        feature.properties.extend([("peak_hours", peak.into()), ("sentence", sentence.into())]);
    }
}
