//! Bytes of vector tiles: the few forms of protocol buffers that they need, and one layer of a tile as it grows.

use super::EXTENT;
use crate::layer::Value;

/// Appends a number in groups of seven bits.
#[inline]
pub(super) fn varint(out: &mut Vec<u8>, mut n: u64) {
    // One or two bytes, whichever it is without a guess: most numbers of shapes and tags are one or the other by chance.
    if n < 1 << 14 {
        let more = n >= 0x80;
        out.extend_from_slice(&[n as u8 & 0x7f | u8::from(more) << 7, (n >> 7) as u8]);
        out.truncate(out.len() - usize::from(!more));
        return;
    }
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Writes a number at the beginning of some bytes and tells how many it takes; there must be room for ten, or for as many as
/// it can take but two.
#[inline(always)]
pub(super) fn put(out: &mut [u8], n: u64) -> usize {
    if n < 1 << 14 {
        let more = n >= 0x80;
        out[..2].copy_from_slice(&[n as u8 & 0x7f | u8::from(more) << 7, (n >> 7) as u8]);
        return 1 + usize::from(more);
    }
    put_long(out, n)
}

#[inline(never)]
fn put_long(out: &mut [u8], mut n: u64) -> usize {
    let mut len = 0;
    while n >= 0x80 {
        out[len] = n as u8 | 0x80;
        n >>= 7;
        len += 1;
    }
    out[len] = n as u8;
    len + 1
}

/// How many bytes a number takes.
pub(super) fn varint_len(n: u64) -> usize {
    (64 - (n | 1).leading_zeros() as usize).div_ceil(7)
}

/// Small numbers of either sign as small ones without.
pub(super) const fn zigzag(n: i32) -> u64 {
    ((n << 1) ^ (n >> 31)).cast_unsigned() as u64
}

/// A field with its length before its bytes.
pub(super) fn bytes(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn number(out: &mut Vec<u8>, field: u64, n: u64) {
    varint(out, field << 3);
    varint(out, n);
}

/// Fields of a layer.
const NAME: u64 = 1;
const FEATURE: u64 = 2;
const KEY: u64 = 3;
const VALUE: u64 = 4;
const EXTENT_FIELD: u64 = 5;
const VERSION: u64 = 15;
/// Fields of a feature.
const ID: u64 = 1;
const TAGS: u64 = 2;
const KIND: u64 = 3;
const GEOMETRY: u64 = 4;

/// What a feature's shape is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Points = 1,
    Lines = 2,
    Polygons = 3,
}

/// A value as a field of a layer; `None` for what a tile cannot hold: nothing, lists and maps.
pub(super) fn value(value: &Value) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    match value {
        Value::Text(text) => bytes(&mut message, 1, text.as_bytes()),
        Value::Float(n) => {
            varint(&mut message, 3 << 3 | 1);
            message.extend_from_slice(&n.to_le_bytes());
        }
        Value::Int(n) => match u64::try_from(*n) {
            Ok(n) => number(&mut message, 5, n),
            Err(_) => number(&mut message, 6, ((n << 1) ^ (n >> 63)).cast_unsigned()),
        },
        Value::Bool(flag) => number(&mut message, 7, u64::from(*flag)),
        Value::Null | Value::List(_) | Value::Map(_) => return None,
    }
    let mut field = Vec::with_capacity(message.len() + 3);
    bytes(&mut field, VALUE, &message);
    Some(field)
}

/// One layer of a tile as it grows.
#[derive(Debug)]
pub(super) struct LayerBytes {
    name: &'static str,
    features: Vec<u8>,
    n_features: usize,
    keys: Vec<&'static str>,
    values: Vec<u8>,
    n_values: u32,
    /// Bytes of all that is neither a feature nor a value.
    frame: usize,
    /// Tags of a feature as they are written.
    tags: Vec<u8>,
}

/// How long a layer was at some time, to go back to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    features: usize,
    n_features: usize,
    values: usize,
    n_values: u32,
}

impl Mark {
    /// Bytes of features before it.
    pub(super) fn features(self) -> usize {
        self.features
    }
}

impl LayerBytes {
    pub(super) fn new(name: &'static str, keys: Vec<&'static str>) -> Self {
        let framed = |text: &str| 1 + varint_len(text.len() as u64) + text.len();
        let frame = framed(name) + 2 + 1 + varint_len(EXTENT.into());
        let frame = frame + keys.iter().map(|key| framed(key)).sum::<usize>();
        let (features, values, tags) = (Vec::new(), Vec::new(), Vec::new());
        Self { name, features, n_features: 0, keys, values, n_values: 0, frame, tags }
    }

    /// Takes room for features and their values before they come.
    pub(super) fn reserve(&mut self, features: usize, values: usize) {
        self.features.reserve(features);
        self.values.reserve(values);
    }

    pub(super) fn n_features(&self) -> usize {
        self.n_features
    }

    /// Adds a value that is ready and tells its number.
    pub(super) fn value(&mut self, ready: &[u8]) -> u32 {
        self.values.extend_from_slice(ready);
        self.n_values += 1;
        self.n_values - 1
    }

    /// Adds several values that are ready, one after the other, and tells the number of the first.
    pub(super) fn several(&mut self, ready: &[u8], n: u32) -> u32 {
        self.values.extend_from_slice(ready);
        self.n_values += n;
        self.n_values - n
    }

    /// Adds a feature; `tags` are numbers of keys and values in turn.
    pub(super) fn feature(&mut self, id: u64, tags: &[u32], kind: Kind, geometry: &[u8]) {
        self.tags.clear();
        tags.iter().for_each(|&tag| varint(&mut self.tags, tag.into()));
        let tags_len = self.tags.len();
        let tags_field = if tags.is_empty() { 0 } else { 1 + varint_len(tags_len as u64) + tags_len };
        let len =
            1 + varint_len(id) + tags_field + 2 + 1 + varint_len(geometry.len() as u64) + geometry.len();
        let out = &mut self.features;
        varint(out, FEATURE << 3 | 2);
        varint(out, len as u64);
        number(out, ID, id);
        if !tags.is_empty() {
            bytes(out, TAGS, &self.tags);
        }
        number(out, KIND, kind as u64);
        bytes(out, GEOMETRY, geometry);
        self.n_features += 1;
    }

    /// Adds a point, the same as [`Self::feature`] would write, in one go: there may be tens of thousands.
    pub(super) fn point(&mut self, id: u64, tags: &[u32], at: (i32, i32)) {
        // Eight numbers of 5 bytes at most, an id of 10, two steps of 5, and what is around them.
        let mut out = Few::default();
        out.push(FEATURE as u8 * 8 + 2);
        out.push(0);
        out.push(ID as u8 * 8);
        out.number(id);
        if !tags.is_empty() {
            out.push(TAGS as u8 * 8 + 2);
            let len_at = out.len;
            out.push(0);
            tags.iter().for_each(|&tag| out.varint(tag.into()));
            out.bytes[len_at] = (out.len - len_at - 1) as u8;
        }
        out.push(KIND as u8 * 8);
        out.push(Kind::Points as u8);
        out.push(GEOMETRY as u8 * 8 + 2);
        let len_at = out.len;
        out.push(0);
        out.push(9);
        out.varint(zigzag(at.0));
        out.varint(zigzag(at.1));
        out.bytes[len_at] = (out.len - len_at - 1) as u8;
        out.bytes[1] = (out.len - 2) as u8;
        // All of it, for to copy what has a fixed length is one step, and then without what was not written.
        self.features.extend_from_slice(&out.bytes);
        self.features.truncate(self.features.len() - out.bytes.len() + out.len);
        self.n_features += 1;
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            features: self.features.len(),
            n_features: self.n_features,
            values: self.values.len(),
            n_values: self.n_values,
        }
    }

    /// Puts parts of the features, each known by where it ends, into the order of their numbers.
    pub(super) fn arrange(&mut self, parts: &[(u32, usize)]) {
        let mut arranged = Vec::with_capacity(self.features.len());
        let mut from = 0;
        let mut spans: Vec<(u32, std::ops::Range<usize>)> = Vec::with_capacity(parts.len());
        for &(number, end) in parts {
            spans.push((number, from..end));
            from = end;
        }
        spans.sort_unstable_by_key(|(number, _)| *number);
        spans.into_iter().for_each(|(_, span)| arranged.extend_from_slice(&self.features[span]));
        self.features = arranged;
    }

    /// Takes back what came after a mark.
    pub(super) fn back_to(&mut self, mark: Mark) {
        self.features.truncate(mark.features);
        self.n_features = mark.n_features;
        self.values.truncate(mark.values);
        self.n_values = mark.n_values;
    }

    /// Bytes that the layer takes in a tile, its own frame included.
    pub(super) fn len(&self) -> usize {
        let inside = self.inside();
        1 + varint_len(inside as u64) + inside
    }

    fn inside(&self) -> usize {
        self.frame + self.features.len() + self.values.len()
    }

    /// Appends the layer to a tile.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.reserve(self.len());
        varint(out, 3 << 3 | 2);
        varint(out, self.inside() as u64);
        number(out, VERSION, 2);
        bytes(out, NAME, self.name.as_bytes());
        out.extend_from_slice(&self.features);
        self.keys.iter().for_each(|key| bytes(out, KEY, key.as_bytes()));
        out.extend_from_slice(&self.values);
        number(out, EXTENT_FIELD, EXTENT.into());
    }
}

/// A few bytes on the stack.
struct Few {
    bytes: [u8; 96],
    len: usize,
}

impl Default for Few {
    fn default() -> Self {
        Self { bytes: [0; 96], len: 0 }
    }
}

impl Few {
    #[inline]
    fn push(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    /// A number, mostly of a byte or two.
    #[inline(always)]
    fn varint(&mut self, n: u64) {
        self.len += put(&mut self.bytes[self.len..], n);
    }

    /// A large number: all groups of seven bits at once, where eight are enough.
    #[inline]
    fn number(&mut self, n: u64) {
        if n >= 1 << 56 {
            return self.varint(n);
        }
        // Each half, quarter and eighth is moved to where its byte stands.
        let n = n & 0x0fff_ffff | (n & 0x00ff_ffff_f000_0000) << 4;
        let n = n & 0x0000_3fff_0000_3fff | (n & 0x0fff_c000_0fff_c000) << 2;
        let n = n & 0x007f_007f_007f_007f | (n & 0x3f80_3f80_3f80_3f80) << 1;
        let more = (63 - (n | 1).leading_zeros() as usize) / 8;
        // Every byte but the last says that another one follows.
        let n = n | 0x8080_8080_8080_8080 & ((1 << (8 * more)) - 1);
        self.bytes[self.len..self.len + 8].copy_from_slice(&n.to_le_bytes());
        self.len += more + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::pen::Pen;
    use super::*;

    #[test]
    fn numbers_are_as_the_specification_writes_them() {
        let written = |n: u64| {
            let mut out = Vec::new();
            varint(&mut out, n);
            assert_eq!(out.len(), varint_len(n), "{n}");
            out
        };
        // Protocol buffers, encoding: 150 is 96 01.
        assert_eq!(written(150), [0x96, 0x01]);
        assert_eq!((written(0), written(127).len(), written(128).len()), (vec![0], 1, 2));
        assert_eq!(written(u64::MAX).len(), 10);
        assert_eq!([0, -1, 1, -2, i32::MAX, i32::MIN].map(zigzag), [0, 1, 2, 3, 0xffff_fffe, 0xffff_ffff]);
    }

    #[test]
    fn a_point_in_one_go_is_the_same_as_any_feature() {
        let ids = (0..64).flat_map(|bit| [(1_u64 << bit) - 1, 1 << bit, u64::MAX >> bit]);
        let plain = ids.map(|id| (id, &[][..], (0, 0)));
        let tagged = (1 << 53, &[0, 1, 2, 70_000, 3, u32::MAX, 127, 128][..], (4096, -64));
        for (id, tags, at) in plain.chain([tagged]) {
            let (mut quick, mut plain) = (LayerBytes::new("a", vec![]), LayerBytes::new("a", vec![]));
            let mut pen = Pen::default();
            pen.points(&[at]);
            quick.point(id, tags, at);
            plain.feature(id, tags, Kind::Points, pen.drawn());
            assert_eq!((quick.features, quick.n_features), (plain.features, plain.n_features));
        }
    }

    #[test]
    fn a_layer_is_as_long_as_it_says_and_can_go_back() {
        let mut layer = LayerBytes::new("blocks", vec!["name", "rank"]);
        let ready = value(&Value::text("a")).expect("words");
        let (tag, before) = (layer.value(&ready), layer.mark());
        layer.feature(u64::MAX, &[0, tag], Kind::Points, &[9, 2, 2]);
        let mut out = Vec::new();
        layer.write(&mut out);
        assert_eq!(out.len(), layer.len());
        let kept = layer.mark();
        layer.feature(7, &[], Kind::Points, &[9, 2, 2]);
        layer.value(&ready);
        layer.back_to(kept);
        let mut again = Vec::new();
        layer.write(&mut again);
        assert_eq!((out, layer.n_features()), (again, 1));
        layer.back_to(before);
        assert_eq!(layer.n_features(), 0);
        assert!(value(&Value::Null).is_none() && value(&Value::List(Vec::new())).is_none());
    }
}
