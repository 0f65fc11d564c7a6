//! Bytes of vector tiles: the few forms of protocol buffers that they need, and one layer of a tile as it grows.

use super::EXTENT;
use crate::layer::Value;

/// Appends a number in groups of seven bits.
pub(super) fn varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
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
}

/// How long a layer was at some time, to go back to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    features: usize,
    n_features: usize,
    values: usize,
    n_values: u32,
}

impl LayerBytes {
    pub(super) fn new(name: &'static str, keys: Vec<&'static str>) -> Self {
        Self { name, features: Vec::new(), n_features: 0, keys, values: Vec::new(), n_values: 0 }
    }

    /// Takes room for features before they come.
    pub(super) fn reserve(&mut self, bytes: usize) {
        self.features.reserve(bytes);
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

    /// Adds a feature; `tags` are numbers of keys and values in turn.
    pub(super) fn feature(&mut self, id: u64, tags: &[u32], kind: Kind, geometry: &[u8]) {
        let tags_len: usize = tags.iter().map(|&tag| varint_len(tag.into())).sum();
        let tags_field = if tags.is_empty() { 0 } else { 1 + varint_len(tags_len as u64) + tags_len };
        let len =
            1 + varint_len(id) + tags_field + 2 + 1 + varint_len(geometry.len() as u64) + geometry.len();
        let out = &mut self.features;
        varint(out, FEATURE << 3 | 2);
        varint(out, len as u64);
        number(out, ID, id);
        if !tags.is_empty() {
            varint(out, TAGS << 3 | 2);
            varint(out, tags_len as u64);
            tags.iter().for_each(|&tag| varint(out, tag.into()));
        }
        number(out, KIND, kind as u64);
        bytes(out, GEOMETRY, geometry);
        self.n_features += 1;
    }

    /// Adds a point, the same as [`Self::feature`] would write, in one go: there may be tens of thousands.
    pub(super) fn point(&mut self, id: u64, tags: &[u32], at: (i32, i32)) {
        // Eight numbers of 5 bytes at most, an id of 10, two steps of 5, and what is around them.
        let mut out = Few::default();
        out.push(ID as u8 * 8);
        out.varint(id);
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
        self.features.push(FEATURE as u8 * 8 + 2);
        self.features.push(out.len as u8);
        self.features.extend_from_slice(&out.bytes[..out.len]);
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
        let framed = |text: &str| 1 + varint_len(text.len() as u64) + text.len();
        let keys: usize = self.keys.iter().map(|key| framed(key)).sum();
        let head = framed(self.name) + 2 + 1 + varint_len(EXTENT.into());
        head + self.features.len() + keys + self.values.len()
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

    #[inline]
    fn varint(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.push(n as u8);
    }
}

/// The commands that draw a shape.
#[derive(Debug, Default)]
pub(super) struct Pen {
    out: Vec<u8>,
    at: (i32, i32),
}

impl Pen {
    fn step(&mut self, to: (i32, i32)) {
        varint(&mut self.out, zigzag(to.0 - self.at.0));
        varint(&mut self.out, zigzag(to.1 - self.at.1));
        self.at = to;
    }

    /// Begins anew with a shape of its own.
    pub(super) fn clear(&mut self) {
        self.out.clear();
        self.at = (0, 0);
    }

    pub(super) fn drawn(&self) -> &[u8] {
        &self.out
    }

    pub(super) fn points(&mut self, points: &[(i32, i32)]) {
        varint(&mut self.out, 1 | (points.len() as u64) << 3);
        points.iter().for_each(|&at| self.step(at));
    }

    /// A line of at least two points.
    pub(super) fn line(&mut self, line: &[(i32, i32)]) {
        self.points(&line[..1]);
        varint(&mut self.out, 2 | (line.len() as u64 - 1) << 3);
        line[1..].iter().for_each(|&at| self.step(at));
    }

    /// A ring of at least three points, the first of which is not said again.
    pub(super) fn ring(&mut self, ring: &[(i32, i32)]) {
        self.line(ring);
        self.out.push(7 | 1 << 3);
    }
}

#[cfg(test)]
mod tests {
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
    fn shapes_are_drawn_as_in_the_specification_of_vector_tiles() {
        // Vector tile specification 2.1, section 4.3.5: examples of a line, a polygon and two points.
        let mut pen = Pen::default();
        pen.line(&[(2, 2), (2, 10), (10, 10)]);
        assert_eq!(pen.drawn(), [9, 4, 4, 18, 0, 16, 16, 0]);
        pen.clear();
        pen.ring(&[(3, 6), (8, 12), (20, 34)]);
        assert_eq!(pen.drawn(), [9, 6, 12, 18, 10, 12, 24, 44, 15]);
        pen.clear();
        pen.points(&[(5, 7), (3, 2)]);
        assert_eq!(pen.drawn(), [17, 10, 14, 3, 9]);
    }

    #[test]
    fn a_point_in_one_go_is_the_same_as_any_feature() {
        for (id, tags, at) in [(7, &[][..], (0, 0)), (1 << 53, &[0, 1, 2, 70_000, 3, 200], (4096, -64))] {
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
