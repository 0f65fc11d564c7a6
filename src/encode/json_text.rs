//! Texts and numbers of JSON, as serde_json writes them, by shorter ways for what layers mostly hold.

/// What stands before each member, by its place among them: most features of a layer have the same members.
#[derive(Default)]
pub(super) struct Names(Vec<Ready>);

/// A name as it is written.
struct Ready {
    name: &'static str,
    text: Vec<u8>,
    /// The same, if it is no longer than this.
    short: Option<[u8; SHORT]>,
}

/// Bytes of most names, with what stands around them.
const SHORT: usize = 32;

impl Names {
    /// A comma but before the first, the name and a colon.
    pub(super) fn write(&mut self, out: &mut Vec<u8>, at: usize, name: &'static str) {
        match self.0.get(at) {
            // The same word of the program: no need to look at its letters.
            Some(Ready { name: known, text, short }) if std::ptr::eq(*known, name) => match short {
                Some(short) => first(out, short, text.len()),
                None => out.extend_from_slice(text),
            },
            _ => {
                let begin = out.len();
                if at > 0 {
                    out.push(b',');
                }
                text(out, name);
                out.push(b':');
                let ready = Ready::of(name, &out[begin..]);
                if at < self.0.len() {
                    self.0[at] = ready;
                } else if at == self.0.len() {
                    self.0.push(ready);
                }
            }
        }
    }
}

impl Ready {
    fn of(name: &'static str, text: &[u8]) -> Self {
        let short = (text.len() <= SHORT).then(|| {
            let mut short = [0; SHORT];
            short[..text.len()].copy_from_slice(text);
            short
        });
        Self { name, text: text.to_vec(), short }
    }
}

/// Appends the first bytes of some: to copy all, whose number is known, and to cut them off takes fewer steps.
#[inline(always)]
fn first<const N: usize>(out: &mut Vec<u8>, all: &[u8; N], n: usize) {
    let from = out.len();
    out.extend_from_slice(all);
    out.truncate(from + n);
}

pub(super) fn plain<T: serde::Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    serde_json::to_writer(out, value).expect("what JSON holds can be written to memory");
}

/// Words between quotes.
pub(super) fn text(out: &mut Vec<u8>, words: &str) {
    if is_special(words.as_bytes()) {
        return plain(out, words);
    }
    out.reserve(words.len() + 2);
    out.push(b'"');
    out.extend_from_slice(words.as_bytes());
    out.push(b'"');
}

/// Whether any of some bytes is written otherwise than it is: a control, a quote or a backslash.
#[inline]
fn is_special(bytes: &[u8]) -> bool {
    if bytes.len() < 8 {
        return bytes.iter().fold(false, |any, &byte| any | (byte < 0x20 || byte == b'"' || byte == b'\\'));
    }
    const ONES: u64 = u64::MAX / 255;
    // Eight at a time: the highest bit of each is left where it is below a number, or is a given one.
    let below = |word: u64, n: u64| word.wrapping_sub(ONES * n) & !word;
    let special =
        |word: u64| below(word, 0x20) | below(word ^ (ONES * 0x22), 1) | below(word ^ (ONES * 0x5c), 1);
    let word = |eight: &[u8; 8]| special(u64::from_le_bytes(*eight));
    let (eights, _) = bytes.as_chunks::<8>();
    let last = bytes.last_chunk::<8>().map_or(0, word);
    (eights.iter().fold(last, |any, eight| any | word(eight)) & (ONES << 7)) != 0
}

/// Numbers below this have eight digits at most, which are made in one word.
const SHORT_NUMBER: u64 = 100_000_000;
/// Eight digits `0`.
const ZEROS: u64 = u64::from_le_bytes([b'0'; 8]);

/// The eight digits of a number below 10⁸, leading zeros among them, each as a number in a byte and the first in the lowest.
///
/// Two, four and eight lanes at a time: by 100, then by 10, whose quotients are products with 1/100 and 1/10 as these lanes
/// need them.
#[inline]
fn digits(n: u64) -> u64 {
    let fours = (n / 10_000) | ((n % 10_000) << 32);
    let hundreds = (fours.wrapping_mul(10_486) >> 20) & 0x7f_0000_007f;
    let pairs = hundreds | fours.wrapping_sub(hundreds.wrapping_mul(100)) << 16;
    let tens = (pairs.wrapping_mul(103) >> 10) & 0x000f_000f_000f_000f;
    tens | pairs.wrapping_sub(tens.wrapping_mul(10)) << 8
}

/// A number without a sign.
#[inline]
fn natural(out: &mut Vec<u8>, n: u64) {
    if n >= SHORT_NUMBER {
        return long(out, n);
    }
    let digits = digits(n);
    let zeros = (digits.trailing_zeros() / 8).min(7);
    first(out, &((digits | ZEROS) >> (8 * zeros)).to_le_bytes(), 8 - zeros as usize);
}

#[cold]
#[inline(never)]
fn long(out: &mut Vec<u8>, n: u64) {
    out.extend_from_slice(n.to_string().as_bytes());
}

/// A whole number.
#[inline]
pub(super) fn whole(out: &mut Vec<u8>, n: i64) {
    if n < 0 {
        out.push(b'-');
    }
    natural(out, n.unsigned_abs());
}

/// Decimals of numbers that are written as whole ones of a millionth.
const DECIMALS: u32 = 6;
const MILLION: f64 = 1e6;

/// A finite number, as short as it can be written.
///
/// Decimals of up to 15 digits are each the shortest text of their number: one that is a whole number of millionths is
/// written as that.
pub(super) fn float(out: &mut Vec<u8>, n: f64) {
    let size = n.abs();
    // Very small and very large ones are written with an exponent, and 0 may have a sign.
    if !(1e-3..1e9).contains(&size) {
        return plain(out, &n);
    }
    // The nearest, but for what is half-way between two, and is neither.
    let millionths = (size * MILLION + 0.5) as u64;
    if millionths as f64 / MILLION != size {
        return plain(out, &n);
    }
    fixed::<DECIMALS>(out, n < 0.0, millionths);
}

/// A number of so many whole units, of which one has so many decimals, at most eight; of its last zeros only the first
/// decimal stays.
#[inline]
pub(super) fn fixed<const DECIMALS: u32>(out: &mut Vec<u8>, is_negative: bool, units: u64) {
    let (one, rest) = const { (10_u64.pow(DECIMALS), 10_u64.pow(8 - DECIMALS)) };
    let (whole, part) = (units / one, units % one);
    if is_negative {
        out.push(b'-');
    }
    if whole < 10 {
        out.push(b'0' + whole as u8);
    } else {
        natural(out, whole);
    }
    let decimals = digits(part * rest);
    let zeros = (decimals.leading_zeros() / 8).min(7);
    let text = u128::from(decimals | ZEROS) << 8 | u128::from(b'.');
    first(out, &text.to_le_bytes(), 9 - zeros as usize);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("text")
    }

    fn same<T: serde::Serialize + ?Sized>(value: &T, write: impl FnOnce(&mut Vec<u8>)) {
        assert_eq!(written(write), serde_json::to_string(value).expect("JSON"));
    }

    #[test]
    fn numbers_are_written_as_by_the_crate() {
        for n in [0, 1, -1, 9, 10, 99, 100, 101, -1000, 123_456_789, i64::MAX, i64::MIN] {
            same(&n, |out| whole(out, n));
        }
        for n in [
            0.0,
            -0.0,
            0.1 + 0.2,
            2.0,
            -2.5,
            1e-3,
            9.99e-4,
            1e-7,
            999_999_999.999_999,
            1e9,
            1e15,
            1e300,
            0.000_001,
        ] {
            same(&n, |out| float(out, n));
        }
        for n in (0..2_000_000).step_by(37) {
            let n = f64::from(n) / 1e6;
            same(&n, |out| float(out, n));
            same(&(n * 7.0), |out| float(out, n * 7.0));
        }
    }

    #[test]
    fn eight_digits_are_those_of_the_number() {
        let text = |n: u64| (digits(n) | ZEROS).to_le_bytes().to_vec();
        for n in (0..10_000).chain((0..SHORT_NUMBER).step_by(9_973)).chain([SHORT_NUMBER - 1]) {
            assert_eq!(text(n), format!("{n:08}").into_bytes());
        }
        for n in (0..100_000).chain([SHORT_NUMBER - 1, SHORT_NUMBER, SHORT_NUMBER + 1]) {
            same(&n, |out| whole(out, n as i64));
            same(&-(n as i64), |out| whole(out, -(n as i64)));
        }
    }

    #[test]
    fn words_are_written_as_by_the_crate() {
        for byte in 0..=255_u8 {
            let words = format!("a{}b", char::from(byte));
            same(&words, |out| text(out, &words));
        }
        // Wherever in a word of eight or behind it, and beside any other.
        for (byte, at) in ["\u{1f}", "\"", "\\", "!", "#", "[", "]", " ", "\u{7f}", "é"]
            .into_iter()
            .zip([0, 3, 7, 8, 9, 12, 15, 16, 17, 19])
            .cycle()
            .take(40)
        {
            for n in 0..20 {
                let mut words = "abcdefghijklmnopqrst"[..n].to_owned();
                words.insert_str(at % (n + 1), byte);
                same(&words, |out| text(out, &words));
            }
        }
        for words in ["", "\"", "long and plain ".repeat(9).as_str(), "Straße \u{2028} ünd \u{10ffff}"] {
            same(words, |out| text(out, words));
        }
    }

    #[test]
    fn names_are_those_that_are_given_whatever_stood_there_before() {
        let mut names = Names::default();
        for (members, expected) in [
            (&["a", "b"][..], r#""a":,"b":"#),
            (&["b", "a", "c"], r#""b":,"a":,"c":"#),
            (&["b", "a"], r#""b":,"a":"#),
        ] {
            for _ in 0..2 {
                let all = |out: &mut Vec<u8>| {
                    members.iter().enumerate().for_each(|(at, name)| names.write(out, at, name));
                };
                assert_eq!(written(all), expected);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

        #[test]
        fn every_number_is_written_as_by_the_crate(n in any::<i64>(), x in -1e10..1e10_f64, bits in any::<u64>(), decimals in 0..9_i32) {
            same(&n, |out| whole(out, n));
            let scale = 10_f64.powi(decimals);
            for x in [x, (x * scale).round() / scale, (x / 1e6 * scale).round() / scale, f64::from_bits(bits)] {
                if x.is_finite() {
                    same(&x, |out| float(out, x));
                }
            }
        }
    }
}
