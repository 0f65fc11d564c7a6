//! Points as features of a layer, written one after the other: there may be tens of thousands in a tile.

use super::wire::{FEATURE, GEOMETRY, ID, KIND, Kind, TAGS, long, put, zigzag};

/// Bytes that a point takes at most, with room to write more at once than counts: an id of 10, tags of 24, two steps of 5 and
/// what is around them.
const MOST: usize = 64;

/// Bytes by which the room grows.
const STEP: usize = 1 << 13;

/// A key and a value as they are written: at most six bytes, the first one lowest, and in the uppermost how many.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tag(u64);

impl Tag {
    /// `key` is below 128.
    pub(super) fn of(key: u8, value: u32) -> Self {
        let mut bytes = [0; 8];
        bytes[0] = key;
        let len = 1 + put(&mut bytes[1..], value.into());
        // What is written for more than counts is no part of it.
        bytes[len..].fill(0);
        bytes[7] = len as u8;
        Self(u64::from_le_bytes(bytes))
    }

    /// Whether there is one.
    #[inline(always)]
    pub(super) fn is_some(self) -> bool {
        self.0 > 0
    }

    #[inline(always)]
    fn len(self) -> usize {
        (self.0 >> 56) as usize
    }
}

/// Features of a layer, behind which points are written.
#[derive(Debug)]
pub(super) struct Points {
    bytes: Vec<u8>,
    end: usize,
    n: usize,
}

impl Points {
    /// Behind these features.
    pub(super) fn behind(features: Vec<u8>) -> Self {
        Self { end: features.len(), bytes: features, n: 0 }
    }

    /// Adds a point, the same as any feature is written; tags that are none are left out.
    #[inline(always)]
    pub(super) fn push(&mut self, id: u64, tags: &[Tag; 4], at: (i32, i32)) {
        if self.bytes.len() < self.end + MOST {
            self.bytes.resize(self.end + MOST + STEP, 0);
        }
        let room = self.bytes[self.end..].first_chunk_mut().expect("room was made");
        self.end += write(room, id, tags, at);
        self.n += 1;
    }

    /// All features, and how many of them are points that were added.
    pub(super) fn done(mut self) -> (Vec<u8>, usize) {
        self.bytes.truncate(self.end);
        (self.bytes, self.n)
    }
}

/// Writes a point as a field of a layer and tells how many bytes it takes.
#[inline(always)]
fn write(out: &mut [u8; MOST], id: u64, tags: &[Tag; 4], at: (i32, i32)) -> usize {
    out[0] = FEATURE as u8 * 8 + 2;
    out[2] = ID as u8 * 8;
    let mut end = 3 + long(&mut out[3..], id);
    let tags_len: usize = tags.iter().map(|tag| tag.len()).sum();
    if tags_len > 0 {
        out[end] = TAGS as u8 * 8 + 2;
        out[end + 1] = tags_len as u8;
        end += 2;
        for tag in tags {
            // Eight bytes each time: those that do not count are written over by what follows.
            out[end..end + 8].copy_from_slice(&tag.0.to_le_bytes());
            end += tag.len();
        }
    }
    const DRAWN: [u8; 8] = [KIND as u8 * 8, Kind::Points as u8, GEOMETRY as u8 * 8 + 2, 0, 9, 0, 0, 0];
    out[end..end + 8].copy_from_slice(&DRAWN);
    let from = end + 4;
    end += 5;
    end += put(&mut out[end..], zigzag(at.0));
    end += put(&mut out[end..], zigzag(at.1));
    out[from - 1] = (end - from) as u8;
    out[1] = (end - 2) as u8;
    end
}

#[cfg(test)]
mod tests {
    use super::super::pen::Pen;
    use super::super::wire::{LayerBytes, varint};
    use super::*;

    #[test]
    fn points_are_written_as_any_feature() {
        let ids = (0..64).flat_map(|bit| [(1_u64 << bit) - 1, 1 << bit, u64::MAX >> bit]);
        let plain = ids.map(|id| (id, &[][..], (0, 0)));
        let tagged = (1 << 53, &[0, 1, 2, 70_000, 3, u32::MAX, 127, u32::MAX][..], (4096, -64));
        let several = (7, &[1, 127, 3, 128][..], (i32::MAX, i32::MIN));
        // More than the room grows by at once.
        let all: Vec<_> = plain.chain([tagged, several]).cycle().take(3_000).collect();
        let mut any = LayerBytes::new("a", vec![]);
        let mut quick = Points::behind(Vec::new());
        for &(id, tags, at) in &all {
            let mut pen = Pen::default();
            pen.points(&[at]);
            let mut written = Vec::new();
            tags.iter().for_each(|&tag| varint(&mut written, tag.into()));
            any.feature(id, &written, Kind::Points, pen.drawn());
            let mut packed = [Tag::default(); 4];
            // Where those stand that are there makes no difference.
            for (nth, two) in tags.chunks(2).enumerate() {
                packed[if tags.len() == 4 { 2 * nth + 1 } else { nth }] = Tag::of(two[0] as u8, two[1]);
            }
            quick.push(id, &packed, at);
        }
        let (bytes, n) = quick.done();
        assert!(bytes == any.features());
        assert_eq!((n, any.n_features()), (all.len(), all.len()));
    }
}
