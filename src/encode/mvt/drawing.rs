//! Features of one tile as they are drawn.

use super::features::{Feature, Features, OWN, Tag, range};
use super::pen::Pen;
use super::window::Window;
use super::wire::{LayerBytes, TWO, put_two};

/// A tile as it is drawn.
pub(super) struct Drawn {
    pub(super) layer: LayerBytes,
    /// The numbers that shared values have in the tile, or [`NEW`].
    here: Vec<u32>,
    /// Those that have one.
    met: Vec<u32>,
    pen: Pen,
    /// Tags of a feature as they are written, and how many bytes of these count.
    tags: Vec<u8>,
    n_tags: usize,
    /// Where the features that were drawn end, each with its place in the layer's order.
    pub(super) parts: Vec<(u32, usize)>,
}

/// What is not in the tile yet.
pub(super) const NEW: u32 = u32::MAX;

impl Drawn {
    pub(super) fn new(all: &Features, n: usize) -> Self {
        let mut layer = LayerBytes::new(all.name, all.keys.iter().map(|(key, _)| *key).collect());
        layer.reserve(n * 128, n * 64);
        Self {
            layer,
            here: all.spare(),
            met: Vec::new(),
            pen: Pen::default(),
            tags: Vec::new(),
            n_tags: 0,
            parts: Vec::with_capacity(n),
        }
    }

    /// Draws a feature and tells whether anything of it lies in the tile.
    pub(super) fn feature(&mut self, all: &Features, slot: u32, window: Window) -> bool {
        let feature = &all.features[slot as usize];
        let mut drawn = false;
        for shape in range(&feature.shapes, &all.shapes) {
            if !shape.draw(window, &all.places, &mut self.pen) {
                continue;
            }
            if !drawn {
                self.take_tags(all, feature);
            }
            drawn = true;
            self.layer.feature(feature.id, &self.tags[..self.n_tags], shape.kind(), self.pen.drawn());
        }
        drawn
    }

    fn take_tags(&mut self, all: &Features, feature: &Feature) {
        let mut own = self.layer.several(range(&feature.own, &all.own), feature.n_own);
        let tags = range(&feature.tags, &all.tags);
        if self.tags.len() < TWO * tags.len() {
            self.tags.resize(TWO * tags.len(), 0);
        }
        let mut end = 0;
        for &Tag { key, value } in tags {
            let local = if value == OWN {
                own += 1;
                own - 1
            } else {
                let known = &mut self.here[value as usize];
                if *known == NEW {
                    *known = self.layer.value(all.shared(value));
                    self.met.push(value);
                }
                *known
            };
            end += put_two(&mut self.tags[end..], key.into(), local.into());
        }
        self.n_tags = end;
    }

    /// The layer; what numbers its shared values had is for the next tile to use.
    pub(super) fn done(mut self, all: &Features) -> LayerBytes {
        self.met.iter().for_each(|&value| self.here[value as usize] = NEW);
        all.give_back(self.here);
        self.layer
    }

    /// Notes that the feature of a place in the order ends here.
    pub(super) fn part(&mut self, rank: u32) {
        self.parts.push((rank, self.layer.mark().features()));
    }

    pub(super) fn is_there(&mut self, all: &Features, slot: u32, window: Window) -> bool {
        let shapes = range(&all.features[slot as usize].shapes, &all.shapes);
        shapes.iter().any(|shape| shape.is_within(window) || shape.draw(window, &all.places, &mut self.pen))
    }
}
