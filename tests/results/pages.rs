//! Pages of blocks within boxes: what stands on them, whoever asked for which blocks before.

use crate::common;

use common::answers::values;
use common::new_haven;
use geo::{CoordsIter, Intersects, Rect};
use hotblocks::engine::params::ranking::RANK;
use hotblocks::engine::snapshot::Snapshot;
use hotblocks::layer::answer::answer;
use hotblocks::layer::{Feature, Layer, Page};
use hotblocks::space::bbox::LonLatBox;
use hotblocks::space::printed::printed_shape;

fn page(snapshot: &Snapshot, pairs: &[(&str, &str)], page: Page) -> Layer {
    answer(snapshot, &RANK, &values(&RANK, pairs), page).expect("ranked blocks")
}

#[test]
fn pages_within_boxes_tell_what_the_list_of_all_tells() {
    // One snapshot is asked box by box for one list after the other, the other once for each whole list.
    let (by_box, whole) = (new_haven().0, new_haven().0);
    let lists: [&[(&str, &str)]; 4] =
        [&[], &[("category", "property")], &[("by", "gun"), ("top", "3")], &[("view", "bias")]];
    let (mut inside, mut across, mut beside) = (0, 0, 0);
    for round in 0..2 {
        for pairs in lists {
            let all = page(&whole, pairs, Page::ALL);
            for (nth, one) in all.features.iter().enumerate().skip(round).step_by(179) {
                let at = one.geometry.as_deref().and_then(|shape| shape.exterior_coords_iter().next());
                let at = at.map(|at| [at.x, at.y].map(|v| (v * 1e7).round() / 1e7)).expect("a place");
                // From the one place, and a unit beside it, to some blocks around.
                let reach = [0.0, 1e-7, 4e-4, 0.004, 0.02][nth % 5];
                let area = LonLatBox { west: at[0], south: at[1], east: at[0] + reach, north: at[1] + reach };
                let rect = Rect::new((area.west, area.south), (area.east, area.north));
                let touches = |feature: &&Feature| {
                    feature.geometry.as_deref().is_none_or(|shape| printed_shape(shape).intersects(&rect))
                };
                let expected: Vec<&Feature> = all.features.iter().filter(touches).collect();
                let (offset, limit) = (nth % 3 * 10, 40);
                let found = page(&by_box, pairs, Page { bbox: Some(area), offset, limit });
                assert_eq!(found.matched, expected.len(), "{area:?}");
                let expected: Vec<&Feature> = expected.into_iter().skip(offset).take(limit).collect();
                assert!(found.features.iter().eq(expected), "{pairs:?} {area:?}");
                inside += usize::from(found.matched > 10);
                across += usize::from((1..10).contains(&found.matched));
                beside += usize::from(found.matched < all.features.len());
            }
        }
    }
    assert!(inside > 20 && across > 20 && beside > 40, "{inside} {across} {beside}");
}
