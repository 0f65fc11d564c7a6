//! Numbers and texts to bytes and back: little-endian, every length checked against what is there.

/// Bytes that end too early or hold what cannot be; its reader says of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Torn;

/// Bytes that are written one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Put(pub(super) Vec<u8>);

impl Put {
    pub(super) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(super) fn u16(&mut self, value: u16) {
        self.0.extend(value.to_le_bytes());
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.0.extend(value.to_le_bytes());
    }

    pub(super) fn u64(&mut self, value: u64) {
        self.0.extend(value.to_le_bytes());
    }

    pub(super) fn i64(&mut self, value: i64) {
        self.0.extend(value.to_le_bytes());
    }

    pub(super) fn u128(&mut self, value: u128) {
        self.0.extend(value.to_le_bytes());
    }

    /// All bits of a number, so that it comes back as it was.
    pub(super) fn f64(&mut self, value: f64) {
        self.0.extend(value.to_bits().to_le_bytes());
    }

    /// How many of something follow; below 2³², which files of blocks and batches of reports are.
    pub(super) fn len(&mut self, n: usize) {
        self.u32(u32::try_from(n).expect("fewer than 2³² of anything in one part"));
    }

    pub(super) fn text(&mut self, text: &str) {
        self.len(text.len());
        self.0.extend(text.as_bytes());
    }

    pub(super) fn maybe<T>(&mut self, value: Option<T>, put: impl FnOnce(&mut Self, T)) {
        self.u8(u8::from(value.is_some()));
        if let Some(value) = value {
            put(self, value);
        }
    }

    pub(super) fn list<T>(&mut self, all: &[T], mut put: impl FnMut(&mut Self, &T)) {
        self.len(all.len());
        all.iter().for_each(|each| put(self, each));
    }
}

/// Bytes that are read one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Take<'a>(pub(super) &'a [u8]);

impl<'a> Take<'a> {
    pub(super) fn bytes(&mut self, n: usize) -> Result<&'a [u8], Torn> {
        let (first, rest) = self.0.split_at_checked(n).ok_or(Torn)?;
        self.0 = rest;
        Ok(first)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Torn> {
        self.bytes(N)?.try_into().map_err(|_| Torn)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Torn> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn u16(&mut self) -> Result<u16, Torn> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Torn> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Torn> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn i64(&mut self) -> Result<i64, Torn> {
        self.array().map(i64::from_le_bytes)
    }

    pub(super) fn u128(&mut self) -> Result<u128, Torn> {
        self.array().map(u128::from_le_bytes)
    }

    pub(super) fn f64(&mut self) -> Result<f64, Torn> {
        self.array().map(|bits| f64::from_bits(u64::from_le_bytes(bits)))
    }

    /// How many of something follow, each of at least one byte.
    pub(super) fn len(&mut self) -> Result<usize, Torn> {
        let n = self.u32()? as usize;
        if n <= self.0.len() { Ok(n) } else { Err(Torn) }
    }

    pub(super) fn text(&mut self) -> Result<&'a str, Torn> {
        let n = self.len()?;
        std::str::from_utf8(self.bytes(n)?).map_err(|_| Torn)
    }

    pub(super) fn maybe<T>(
        &mut self,
        take: impl FnOnce(&mut Self) -> Result<T, Torn>,
    ) -> Result<Option<T>, Torn> {
        match self.u8()? {
            0 => Ok(None),
            1 => take(self).map(Some),
            _ => Err(Torn),
        }
    }

    pub(super) fn list<T>(
        &mut self,
        mut take: impl FnMut(&mut Self) -> Result<T, Torn>,
    ) -> Result<Vec<T>, Torn> {
        (0..self.len()?).map(|_| take(self)).collect()
    }

    /// Nothing may be left.
    pub(super) fn end(self) -> Result<(), Torn> {
        if self.0.is_empty() { Ok(()) } else { Err(Torn) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_taken_and_bytes_that_end_too_early_are_told() {
        let mut put = Put::default();
        put.f64(-0.1);
        put.text("Öst");
        put.maybe(Some(7_u16), Put::u16);
        put.maybe(None::<u16>, Put::u16);
        put.list(&[1_i64, -2], |put, &n| put.i64(n));
        let mut take = Take(&put.0);
        assert_eq!(take.f64().map(f64::to_bits), Ok((-0.1_f64).to_bits()));
        assert_eq!(take.text(), Ok("Öst"));
        assert_eq!((take.maybe(Take::u16), take.maybe(Take::u16)), (Ok(Some(7)), Ok(None)));
        assert_eq!(take.list(Take::i64), Ok(vec![1, -2]));
        assert_eq!(take.end(), Ok(()));
        // A length beyond what is there asks for no memory.
        assert_eq!(Take(&[255, 255, 255, 255, 1]).list(Take::u8), Err(Torn));
        for n in 0..put.0.len() {
            let mut take = Take(&put.0[..n]);
            let all = take.f64().is_ok()
                && take.text().is_ok()
                && take.maybe(Take::u16).is_ok()
                && take.maybe(Take::u16).is_ok()
                && take.list(Take::i64).is_ok();
            assert!(!all, "{n}");
        }
    }
}
