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
    let is_special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    // All are looked at, for that is many at a time.
    if words.bytes().fold(false, |any, byte| any | is_special(byte)) {
        return plain(out, words);
    }
    out.reserve(words.len() + 2);
    out.push(b'"');
    out.extend_from_slice(words.as_bytes());
    out.push(b'"');
}

/// Digits of a number at most, with its sign and its point.
const MOST: usize = 24;

/// Room for digits that are written before a place, and as much behind it, so that they can be taken out in one step.
type Room = [u8; 2 * MOST];

/// Appends what stands in the room from a place to another, at most [`MOST`] bytes.
#[inline(always)]
fn take(out: &mut Vec<u8>, room: &Room, at: usize, end: usize) {
    first(out, room[at..].first_chunk::<MOST>().expect("there is as much room behind"), end - at);
}

/// A whole number.
#[inline]
pub(super) fn whole(out: &mut Vec<u8>, n: i64) {
    let mut digits: Room = [0; 2 * MOST];
    let mut at = MOST;
    put(&mut digits, &mut at, n.unsigned_abs());
    if n < 0 {
        at -= 1;
        digits[at] = b'-';
    }
    take(out, &digits, at, MOST);
}

/// Decimals of numbers that are written as whole ones of a millionth.
const DECIMALS: usize = 6;
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

/// A number of so many whole units, of which one has so many decimals; of its last zeros only the first decimal stays.
pub(super) fn fixed<const DECIMALS: usize>(out: &mut Vec<u8>, is_negative: bool, units: u64) {
    let one = const { 10_u64.pow(DECIMALS as u32) };
    let mut digits: Room = [b'0'; 2 * MOST];
    let mut end = MOST;
    let mut part = end;
    put(&mut digits, &mut part, units % one);
    while digits[end - 1] == b'0' && end > MOST - DECIMALS + 1 {
        end -= 1;
    }
    let mut at = MOST - DECIMALS - 1;
    digits[at] = b'.';
    put(&mut digits, &mut at, units / one);
    if is_negative {
        at -= 1;
        digits[at] = b'-';
    }
    take(out, &digits, at, end);
}

/// All numbers of two digits.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut n = 0;
    while n < 100 {
        pairs[n] = [b'0' + (n / 10) as u8, b'0' + (n % 10) as u8];
        n += 1;
    }
    pairs
};

/// Writes a number before a place, which moves to where it begins.
#[inline]
fn put(digits: &mut Room, at: &mut usize, mut n: u64) {
    while n >= 100 {
        *at -= 2;
        digits[*at..*at + 2].copy_from_slice(&PAIRS[(n % 100) as usize]);
        n /= 100;
    }
    if n >= 10 {
        *at -= 2;
        digits[*at..*at + 2].copy_from_slice(&PAIRS[n as usize]);
    } else {
        *at -= 1;
        digits[*at] = b'0' + n as u8;
    }
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
    fn words_are_written_as_by_the_crate() {
        for byte in 0..=255_u8 {
            let words = format!("a{}b", char::from(byte));
            same(&words, |out| text(out, &words));
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
