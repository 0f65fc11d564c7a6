//! Values of a row: numbers, addresses, and what stands for nothing.

use crate::ingest::table::trimmed;

/// A value without blanks around it; what stands for nothing is empty.
#[inline]
pub(super) fn filled(text: &str) -> &str {
    let text = trimmed(text);
    // Nearly all begin with another byte than these words.
    match text.as_bytes() {
        [b'(' | b'#' | b'\\' | b'N' | b'n', ..] if stands_for_nothing(text) => "",
        _ => text,
    }
}

/// What databases, R and spreadsheets write where there is no value.
#[cold]
fn stands_for_nothing(text: &str) -> bool {
    ["(null)", "NULL", "NA", "NaN", "N/A", "#N/A", "\\N"].iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// A whole number, also as a spreadsheet or R writes it once a column has a gap: `1.0`.
pub(super) fn whole(text: &str) -> Option<i64> {
    text.parse().ok().or_else(|| {
        let (whole, zeros) = text.split_once('.')?;
        zeros.bytes().all(|byte| byte == b'0').then(|| whole.parse().ok())?
    })
}

/// Powers of ten, each exact.
const TENS: [f64; 16] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// The same as whole numbers.
const WHOLE_TENS: [u64; 16] = {
    let mut tens = [1; 16];
    let mut at = 1;
    while at < tens.len() {
        tens[at] = tens[at - 1] * 10;
        at += 1;
    }
    tens
};

/// A finite number. Up to 15 digits it is the mantissa by a power of ten, both exact, hence correctly rounded.
#[inline(always)]
pub(super) fn number(text: &str) -> Option<f64> {
    signed_coordinate(text).or_else(|| any_number(text))
}

/// The number that a value is, as [`number`] reads it once it is [`filled`].
#[inline(always)]
pub(super) fn filled_number(text: &str) -> Option<f64> {
    // What is written as most coordinates are has no blank and stands for something.
    signed_coordinate(text).or_else(|| any_filled_number(text))
}

/// Whether there is a minus, and what stands behind it.
#[inline(always)]
fn sign(text: &str) -> (bool, &[u8]) {
    match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    }
}

/// The number of a text as most coordinates are written, with or without a minus.
#[inline(always)]
fn signed_coordinate(text: &str) -> Option<f64> {
    let (negative, digits) = sign(text);
    let value = coordinate(digits)?;
    Some(if negative { -value } else { value })
}

#[inline(never)]
fn any_filled_number(text: &str) -> Option<f64> {
    number(filled(text))
}

/// The same of a text that is not written as most coordinates are.
#[inline(never)]
fn any_number(text: &str) -> Option<f64> {
    let (negative, digits) = sign(text);
    let plainly = || text.parse().ok().filter(|n: &f64| n.is_finite());
    if digits.len() > TENS.len() {
        return plainly();
    }
    let (whole, part) = match digits.iter().position(|&byte| byte == b'.') {
        Some(at) => (&digits[..at], &digits[at + 1..]),
        None => (digits, &digits[..0]),
    };
    match whole.len() + part.len() {
        0 => return None,
        1..=15 => {}
        _ => return plainly(),
    }
    let (Some(whole), Some(fraction)) = (integer(whole), integer(part)) else { return plainly() };
    let value = decimal(whole, fraction, part.len());
    Some(if negative { -value } else { value })
}

/// A number from what stands before and behind its point, fewer than 16 digits together: nothing overflows.
#[inline(always)]
fn decimal(whole: u64, fraction: u64, places: usize) -> f64 {
    let mantissa = whole * WHOLE_TENS[places] + fraction;
    // Signed, since the processor has one instruction for that.
    mantissa.cast_signed() as f64 / TENS[places]
}

/// The number of a text as coordinates are written, of at least 8 bytes: 1 to 7 digits, a point, 1 to 8 digits; `None`
/// for any other.
#[inline(always)]
fn coordinate(digits: &[u8]) -> Option<f64> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let first = u64::from_le_bytes(*digits.first_chunk()?);
    let last = u64::from_le_bytes(*digits.last_chunk()?);
    // The lowest byte that is a point is the lowest of these that has its highest bit.
    let no_point = first ^ (ONES * u64::from(b'.'));
    let point = (no_point.wrapping_sub(ONES) & !no_point & (ONES << 7)).trailing_zeros() as usize / 8;
    let places = digits.len().checked_sub(point + 1)?;
    if !(1..=7).contains(&point) || !(1..=8).contains(&places) {
        return None;
    }
    // Zeros take the place of the bytes that do not belong to the part.
    let whole = (first << (64 - 8 * point)) | (ZEROS >> (8 * point));
    let before = !(u64::MAX << (64 - 8 * places));
    let fraction = (last & !before) | (ZEROS & before);
    Some(decimal(eight_digits(whole)?, eight_digits(fraction)?, places))
}

/// The number that at most 15 digits are; of none it is 0.
#[inline]
fn integer(digits: &[u8]) -> Option<u64> {
    match digits.len() {
        0..=3 => few(digits),
        4..=8 => {
            // Behind as many zeros as are missing.
            let mut eight = [b'0'; 8];
            eight[8 - digits.len()..].copy_from_slice(digits);
            eight_digits(u64::from_le_bytes(eight))
        }
        _ => {
            let (first, rest) = digits.split_first_chunk::<8>()?;
            let tens = 10u64.pow(u32::try_from(rest.len()).ok()?);
            Some(eight_digits(u64::from_le_bytes(*first))? * tens + integer(rest)?)
        }
    }
}

#[inline]
fn few(digits: &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + u64::from(digit);
    }
    Some(number)
}

/// Eight times the digit 0.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// The number that eight digits are, the first in the lowest byte: neighbors are put together, first as pairs, then as fours, then as one.
///
/// Source: Lemire (2018), "Quickly parsing eight digits".
#[inline(always)]
fn eight_digits(word: u64) -> Option<u64> {
    const SIXES: u64 = 0x0606_0606_0606_0606;
    const HIGH: u64 = 0xF0F0_F0F0_F0F0_F0F0;
    // A digit keeps its high half, also with 6 added; nothing else does both.
    if word & HIGH != ZEROS || word.wrapping_add(SIXES) & HIGH != ZEROS {
        return None;
    }
    let ones = word - ZEROS;
    let pairs = (ones.wrapping_mul(10).wrapping_add(ones >> 8)) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs.wrapping_mul(100).wrapping_add(pairs >> 16)) & 0x0000_FFFF_0000_FFFF;
    Some((fours.wrapping_mul(10_000).wrapping_add(fours >> 32)) & 0xFFFF_FFFF)
}

/// Writes house number and street with one space between words; says whether there is a street.
pub(super) fn write_address(to: &mut String, number: &str, street: &str) -> bool {
    to.clear();
    if street.is_empty() || street.eq_ignore_ascii_case("unknown") {
        return false;
    }
    let number = Some(number).filter(|n| !n.is_empty() && *n != "0");
    for word in number.into_iter().chain(street.split_ascii_whitespace()) {
        if !to.is_empty() {
            to.push(' ');
        }
        to.push_str(word);
    }
    true
}

/// Whether an address without a house number names two streets.
pub(super) fn names_intersection(number: &str, street: &str) -> bool {
    let numbered = !(number.is_empty() || number == "0") || street.starts_with(|c: char| c.is_ascii_digit());
    if numbered || street.is_empty() {
        return false;
    }
    let has = |mark: &str| {
        street.as_bytes().windows(mark.len()).any(|part| part.eq_ignore_ascii_case(mark.as_bytes()))
    };
    ["/", "&", " AND ", " @ ", " AT "].iter().any(|mark| has(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_what_trimming_leaves_unless_it_stands_for_nothing() {
        for text in ["", " ", "a", " a", "a ", "a b", "\u{a0}a", "a\u{2003}", "é", "\té\r", "(a)", "\u{1}"]
        {
            assert_eq!(filled(text), text.trim(), "{text:?}");
        }
        for nothing in [" (NULL) ", "(null)", "NA", "null", " NULL", "n/a", "nan", "#N/A", "\\N"] {
            assert_eq!(filled(nothing), "", "{nothing}");
        }
        for word in ["N", "NASSAU ST", "N/A ST", "NO", "#12", "\\", "None", "NAN ST"] {
            assert_eq!(filled(word), word);
        }
    }

    #[test]
    fn a_whole_number_may_have_zeros_behind_a_point_and_nothing_else() {
        assert_eq!(["1", "-1.0", "1.00", "7.", "+1"].map(whole), [1, -1, 1, 7, 1].map(Some));
        assert_eq!(["1.5", "1e0", "", ".", ".0", "1.0.0", "one", "-"].map(whole), [None; 8]);
    }

    #[test]
    fn numbers_are_what_the_standard_library_reads() {
        for text in [
            "0",
            "-90.1994",
            "1017284.6048",
            "905000",
            ".5",
            "5.",
            "-0.0",
            "123456789012345",
            "1e3",
            "41.761772852",
        ] {
            assert_eq!(number(text), text.parse().ok(), "{text}");
        }
        for text in [
            "0.1234567890123456789",
            "99999999999999999999",
            "123456789.1234567",
            "1234567890123456",
            "-.123456789012345",
            "12345678",
            "1234567.8",
            "0.00000001",
            "99999999999999.9",
        ] {
            assert_eq!(number(text), text.parse().ok(), "{text}");
        }
        for text in [
            "",
            ".",
            "-",
            "inf",
            "NaN",
            "1e999",
            "1,5",
            "1.2.3",
            "12a",
            "1234:678",
            "1234/678",
            "123456789O",
            "0.12345 7",
            "é2345678",
        ] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn a_value_is_the_number_that_it_is_without_what_is_around_it() {
        for text in [
            "-90.1994",
            " -90.1994",
            "41.3 ",
            "\u{a0}41.3",
            "7",
            "(null)",
            " NA ",
            "",
            "41.3a",
            "--1.5",
            "- 1.5",
            "1e3",
            "NaN",
        ] {
            assert_eq!(filled_number(text), number(filled(text)), "{text:?}");
        }
        assert_eq!(filled_number(" 41.3\t"), Some(41.3));
    }

    #[test]
    fn coordinates_of_any_length_and_with_any_letter_are_what_the_standard_library_reads() {
        let same = |text: &str| {
            let plain = text.parse().ok().filter(|n: &f64| n.is_finite());
            assert_eq!(number(text).map(f64::to_bits), plain.map(f64::to_bits), "{text:?}");
        };
        let digits = "9071562438190654";
        for (whole, part) in (0..=10).flat_map(|whole| (0..=12).map(move |part| (whole, part))) {
            for start in 0..4 {
                let number = format!("{}.{}", &digits[start..start + whole], &digits[start..start + part]);
                if whole + part > 0 {
                    same(&number);
                    same(&format!("-{number}"));
                }
            }
        }
        for text in ["-92.1234567", "37.7654321", "906081.9916", "1234567.8", "1.23456789"] {
            for (at, letter) in (0..text.len()).flat_map(|at| ('\0'..='ÿ').map(move |letter| (at, letter))) {
                same(&format!("{}{letter}{}", &text[..at], &text[at + 1..]));
            }
        }
    }

    #[test]
    fn an_address_has_one_space_between_words_and_two_streets_are_an_intersection() {
        let mut text = String::new();
        assert!(write_address(&mut text, "1900", "S  LONGWOOD    AV"));
        assert_eq!(text, "1900 S LONGWOOD AV");
        assert!(!write_address(&mut text, "12", "Unknown"));
        assert!(names_intersection("0", "A AVE / B ST") && names_intersection("", "A AVE and B ST"));
        assert!(!names_intersection("12", "A AVE / B ST") && !names_intersection("", "GRAND AVE"));
    }
}
