//! Bytes of vector tiles: the few forms of protocol buffers that they need, and one layer of a tile as it grows.

use super::EXTENT;
use super::points::Points;
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

/// Writes a large number at the beginning of at least ten bytes: all groups of seven bits at once, where eight are enough.
#[inline(always)]
pub(super) fn long(out: &mut [u8], n: u64) -> usize {
    if n >= 1 << 56 {
        return put(out, n);
    }
    // Each half, quarter and eighth is moved to where its byte stands.
    let n = n & 0x0fff_ffff | (n & 0x00ff_ffff_f000_0000) << 4;
    let n = n & 0x0000_3fff_0000_3fff | (n & 0x0fff_c000_0fff_c000) << 2;
    let n = n & 0x007f_007f_007f_007f | (n & 0x3f80_3f80_3f80_3f80) << 1;
    let more = (63 - (n | 1).leading_zeros() as usize) / 8;
    // Every byte but the last says that another one follows.
    let n = n | 0x8080_8080_8080_8080 & ((1 << (8 * more)) - 1);
    out[..8].copy_from_slice(&n.to_le_bytes());
    more + 1
}

/// Room that two numbers take at most, by [`put_two`].
pub(super) const TWO: usize = 20;

/// Writes two numbers at the beginning of some bytes, [`TWO`] or more, and tells how many they take.
#[inline(always)]
pub(super) fn put_two(out: &mut [u8], a: u64, b: u64) -> usize {
    if (a | b) >= 1 << 14 {
        let n = put(out, a);
        return n + put(&mut out[n..], b);
    }
    // As in `put`, both in one word.
    let short =
        |n: u64| (n & 0x7f | u64::from(n >= 0x80) << 7 | (n & 0x3f80) << 1, 1 + usize::from(n >= 0x80));
    let ((a, n), (b, m)) = (short(a), short(b));
    out[..4].copy_from_slice(&((a | b << (8 * n)) as u32).to_le_bytes());
    n + m
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
pub(super) const FEATURE: u64 = 2;
const KEY: u64 = 3;
const VALUE: u64 = 4;
const EXTENT_FIELD: u64 = 5;
const VERSION: u64 = 15;
/// Fields of a feature.
pub(super) const ID: u64 = 1;
pub(super) const TAGS: u64 = 2;
pub(super) const KIND: u64 = 3;
pub(super) const GEOMETRY: u64 = 4;

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
    /// Behind room for the front of the layer: mostly a layer is a tile, and needs not be copied to be one.
    features: Vec<u8>,
    /// Bytes of that room.
    front: usize,
    n_features: usize,
    keys: Vec<&'static str>,
    values: Vec<u8>,
    n_values: u32,
    /// Bytes of all that is neither a feature nor a value.
    frame: usize,
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
        // Layers of some size are 16 kB to 2 MB long, which takes three bytes to say.
        let front = 1 + 3 + 2 + framed(name);
        Self {
            name,
            features: vec![0; front],
            front,
            n_features: 0,
            keys,
            values: Vec::new(),
            n_values: 0,
            frame,
        }
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
    #[inline]
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

    /// Adds a feature; `tags` are numbers of keys and values in turn, as they are written.
    pub(super) fn feature(&mut self, id: u64, tags: &[u8], kind: Kind, geometry: &[u8]) {
        const fn head(field: u64, wire: u64) -> u8 {
            (field << 3 | wire) as u8
        }
        // What stands before the tags and before the shape, each put together and appended in one step.
        let mut middle = [0; 24];
        let mut begin = [0; 48];
        let mut n = 0;
        if !tags.is_empty() {
            n = 1 + put(&mut begin[1..], tags.len() as u64);
        }
        let m = 3 + put(&mut middle[3..], geometry.len() as u64);
        middle[..3].copy_from_slice(&[head(KIND, 0), kind as u8, head(GEOMETRY, 2)]);
        let id_len = 1 + varint_len(id);
        let len = id_len + n + tags.len() + m + geometry.len();
        begin[0] = head(FEATURE, 2);
        let mut at = 1 + put(&mut begin[1..], len as u64);
        begin[at] = head(ID, 0);
        at += 1 + long(&mut begin[at + 1..], id);
        if !tags.is_empty() {
            begin[at] = head(TAGS, 2);
            at += 1 + put(&mut begin[at + 1..], tags.len() as u64);
        }
        let out = &mut self.features;
        out.reserve(at + tags.len() + m + geometry.len());
        out.extend_from_slice(&begin[..at]);
        out.extend_from_slice(tags);
        out.extend_from_slice(&middle[..m]);
        out.extend_from_slice(geometry);
        self.n_features += 1;
    }

    /// Adds points behind the other features; `write` gets the layer too, for values.
    pub(super) fn points(&mut self, write: impl FnOnce(&mut Self, &mut Points)) {
        let mut points = Points::behind(std::mem::take(&mut self.features));
        write(self, &mut points);
        let (features, n) = points.done();
        self.features = features;
        self.n_features += n;
    }

    /// The features as they are written.
    #[cfg(test)]
    pub(super) fn features(&self) -> &[u8] {
        &self.features[self.front..]
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
        // With room for what comes behind the features.
        let mut arranged = Vec::with_capacity(self.front + self.inside());
        arranged.resize(self.front, 0);
        // By number, then by where they stand among the parts, in one word.
        let mut order: Vec<u64> =
            (0..).zip(parts).map(|(nth, &(number, _))| u64::from(number) << 32 | nth).collect();
        order.sort_unstable();
        for word in order {
            let nth = (word & u64::from(u32::MAX)) as usize;
            let from = if nth == 0 { self.front } else { parts[nth - 1].1 };
            arranged.extend_from_slice(&self.features[from..parts[nth].1]);
        }
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
        self.frame + (self.features.len() - self.front) + self.values.len()
    }

    /// Appends the layer to a tile.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.reserve(self.len());
        self.begin(out);
        out.extend_from_slice(&self.features[self.front..]);
        self.end(out);
    }

    /// The layer as a tile.
    pub(super) fn into_tile(mut self) -> Vec<u8> {
        let mut begin = Vec::with_capacity(self.front + 2);
        self.begin(&mut begin);
        let Some(more) = self.front.checked_sub(begin.len()) else {
            let mut out = Vec::new();
            self.write(&mut out);
            return out;
        };
        let mut out = std::mem::take(&mut self.features);
        self.end(&mut out);
        out.drain(..more);
        out[..begin.len()].copy_from_slice(&begin);
        out
    }

    /// What comes before the features.
    fn begin(&self, out: &mut Vec<u8>) {
        varint(out, 3 << 3 | 2);
        varint(out, self.inside() as u64);
        number(out, VERSION, 2);
        bytes(out, NAME, self.name.as_bytes());
    }

    /// What comes behind them.
    fn end(&self, out: &mut Vec<u8>) {
        self.keys.iter().for_each(|key| bytes(out, KEY, key.as_bytes()));
        out.extend_from_slice(&self.values);
        number(out, EXTENT_FIELD, EXTENT.into());
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
        for n in [0, 1, 127, 128, 300, (1 << 14) - 1, 1 << 14, 1 << 28, (1 << 56) - 1, 1 << 56, u64::MAX] {
            let mut out = [0; TWO];
            let len = long(&mut out, n);
            assert_eq!(&out[..len], written(n), "{n}");
            for m in [0, 127, 128, (1 << 14) - 1, 1 << 14, u64::MAX] {
                let len = put_two(&mut out, n, m);
                assert_eq!(&out[..len], [written(n), written(m)].concat(), "{n} {m}");
            }
        }
        assert_eq!([0, -1, 1, -2, i32::MAX, i32::MIN].map(zigzag), [0, 1, 2, 3, 0xffff_fffe, 0xffff_ffff]);
    }

    #[test]
    fn a_layer_is_as_long_as_it_says_and_can_go_back() {
        let mut layer = LayerBytes::new("blocks", vec!["name", "rank"]);
        let ready = value(&Value::text("a")).expect("words");
        let (tag, before) = (layer.value(&ready), layer.mark());
        layer.feature(u64::MAX, &[0, tag as u8], Kind::Points, &[9, 2, 2]);
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
        // As a tile of its own it is the same, however many bytes it takes to say how long it is.
        for n in [0, 1, 10, 2_000, 200_000] {
            let mut layer = LayerBytes::new("blocks", vec!["name", "rank"]);
            layer.reserve(n, 3);
            layer.value(&ready);
            (0..n).for_each(|at| layer.feature(at as u64, &[0, tag as u8], Kind::Points, &[9, 2, 2]));
            let mut out = Vec::new();
            layer.write(&mut out);
            assert!(out == layer.into_tile(), "{n}");
        }
        assert!(value(&Value::Null).is_none() && value(&Value::List(Vec::new())).is_none());
    }
}
