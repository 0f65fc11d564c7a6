//! Addresses as text: house number or hundred-block on a street, a crossing of two, or a street alone.

use super::street_words::Words;

/// What an address says of a place.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Address {
    /// A house: `5903 MINERVA AVE`, `1515A OLIVE ST`, `4226-4 PAGE BLVD`.
    House(u32, StreetName),
    /// A hundred-block: `073XX S COTTAGE GROVE AVE`, `5900 BLOCK OF MINERVA AVE`.
    Hundred(u32, StreetName),
    /// Two streets that meet, in the order of their keys: `A AVE / B ST`.
    Crossing(StreetName, StreetName),
    /// A street without a number: `On or near Limes Close`.
    Street(StreetName),
}

/// A street's name in its parts, each in its standard form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreetName {
    /// The name itself without blanks, so that `MORGAN FORD` is `MORGANFORD`.
    pub core: Box<str>,
    /// `N`, `SW` before the name, or empty.
    pub before: Box<str>,
    /// `ST`, `AVE`, or empty.
    pub kind: Box<str>,
    /// A direction after all, or empty.
    pub after: Box<str>,
}

impl Address {
    /// Reads an address; `None` if it names no street. Time O(length).
    ///
    /// Words are compared in capitals, without dots and apostrophes; what follows a comma or an
    /// apartment's mark is dropped. House number 0 is none. Two streets (`/`, `&`, `@`, `AND`,
    /// `AT`) are a crossing, also behind a number, which then is that of a nearby house.
    #[must_use]
    pub fn parse(text: &str, words: &Words) -> Option<Self> {
        let upper = tidy(text);
        let tokens: Vec<&str> = upper.split_whitespace().collect();
        let tokens = &tokens[words.lead(&tokens)..];
        let (number, street) = number(tokens, words);
        let street = &street[words.lead(street)..];
        let mut sides = street.split(|word| matches!(*word, "/" | "&" | "@" | "AND" | "AT"));
        let (first, second) = (sides.next().unwrap_or_default(), sides.next().unwrap_or_default());
        match (StreetName::of(first, words), StreetName::of(second, words)) {
            (Some(a), Some(b)) if a == b => Some(Self::Street(a)),
            (Some(a), Some(b)) => {
                let (a, b) = if a < b { (a, b) } else { (b, a) };
                Some(Self::Crossing(a, b))
            }
            (Some(name), None) | (None, Some(name)) => Some(match number {
                Number::None => Self::Street(name),
                Number::House(n) => Self::House(n, name),
                Number::Hundred(n) => Self::Hundred(n, name),
            }),
            (None, None) => None,
        }
    }

    /// Street and hundred, or both streets, or the street alone, in words that are equal where they are one unit.
    #[must_use]
    pub fn unit(&self) -> String {
        match self {
            Self::House(n, street) | Self::Hundred(n, street) => format!("{} {street}", n / 100 * 100),
            Self::Crossing(a, b) => format!("{a} / {b}"),
            Self::Street(street) => street.to_string(),
        }
    }
}

impl std::fmt::Display for StreetName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = [&self.before, &self.core, &self.kind, &self.after];
        let mut gap = "";
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            write!(f, "{gap}{part}")?;
            gap = " ";
        }
        Ok(())
    }
}

impl StreetName {
    /// Reads a street's name; `None` if there is none.
    #[must_use]
    pub fn parse(text: &str, words: &Words) -> Option<Self> {
        Self::of(&tidy(text).split_whitespace().collect::<Vec<_>>(), words)
    }

    fn of(tokens: &[&str], words: &Words) -> Option<Self> {
        let standard = words.standard(tokens);
        let mut rest = &standard[..];
        let mut name = Self::default();
        // A direction is one only if a name is left beside it: North Ave, Avenue E, West St.
        if let [first, more @ ..] = rest
            && let Some(direction) = words.direction(first)
            && leaves_a_name(more, words)
        {
            (name.before, rest) = (direction.into(), more);
        }
        if let [more @ .., last] = rest
            && let Some(direction) = words.direction(last)
            && more.iter().any(|word| words.street_type(word).is_none())
        {
            (name.after, rest) = (direction.into(), more);
        }
        if let [more @ .., last] = rest
            && let Some(kind) = words.street_type(last)
            && !more.is_empty()
        {
            (name.kind, rest) = (kind.into(), more);
        }
        name.core = rest.concat().into();
        (!name.core.is_empty()).then_some(name)
    }
}

/// Whether a name stands among words from which a direction was taken: `LAKE ST` and `BROADWAY`, not `AVE`.
fn leaves_a_name(words_left: &[&str], words: &Words) -> bool {
    let plain = |word: &&&str| words.direction(word).is_none();
    words_left.iter().filter(plain).any(|word| words.street_type(word).is_none())
        || words_left.iter().filter(plain).count() > 1
}

/// Capitals, no dots or apostrophes; marks between streets as words of their own; nothing after a comma.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    for c in text.chars() {
        match c {
            ',' | '#' | ';' | ':' => break,
            '.' | '\'' | '’' => {}
            '/' if out.ends_with(|c: char| c.is_ascii_digit()) => out.push('/'),
            '/' | '&' | '@' => out.extend([' ', c, ' ']),
            '-' if out.ends_with(|c: char| c.is_ascii_digit()) => out.push('-'),
            '-' => out.push(' '),
            c => out.extend(c.to_uppercase()),
        }
    }
    out
}

enum Number {
    None,
    House(u32),
    Hundred(u32),
}

/// Splits the house number or hundred off the street.
fn number<'a>(tokens: &'a [&'a str], words: &Words) -> (Number, &'a [&'a str]) {
    let without_of = |rest: &'a [&'a str]| if rest.first() == Some(&"OF") { &rest[1..] } else { rest };
    let named = |rest: &[&str]| rest.len() > 1 || rest.iter().any(|word| words.street_type(word).is_none());
    let (&first, rest) = match tokens.split_first() {
        Some(split) => split,
        None => return (Number::None, tokens),
    };
    if let ("UNIT", [block, rest @ ..]) = (first, rest)
        && matches!(*block, "BLOCK" | "BLK")
    {
        return (Number::Hundred(0), without_of(rest));
    }
    let digits = first.len() - first.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (value, suffix) = first.split_at(digits);
    let Ok(value) = value.parse::<u32>() else { return (Number::None, tokens) };
    if !suffix.is_empty() && suffix.bytes().all(|b| b == b'X') && named(rest) {
        let hundred = 10_u32.checked_pow(u32::try_from(suffix.len()).unwrap_or(u32::MAX));
        return match hundred.and_then(|times| value.checked_mul(times)) {
            Some(number) => (Number::Hundred(number / 100 * 100), rest),
            None => (Number::None, rest),
        };
    }
    if let [block, rest @ ..] = rest
        && matches!(*block, "BLOCK" | "BLK")
        && suffix.is_empty()
    {
        return (Number::Hundred(value / 100 * 100), without_of(rest));
    }
    let is_number = suffix.len() <= 1 || suffix.starts_with('-') || suffix.starts_with('/');
    // 42 ST is a street; 42 alone is no house.
    if !is_number || !named(rest) {
        return (Number::None, tokens);
    }
    // 4226 1/2 PAGE BLVD APT 3.
    let half =
        |word: &&&str| word.contains('/') && word.len() > 1 && word.starts_with(|c: char| c.is_ascii_digit());
    let rest = if rest.first().as_ref().is_some_and(half) { &rest[1..] } else { rest };
    let unit = rest.iter().skip(1).position(|word| words.is_unit(word)).map_or(rest.len(), |at| at + 1);
    (if value == 0 { Number::None } else { Number::House(value) }, &rest[..unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Words {
        let table = include_str!("../../data/street_words.csv");
        Words::parse(table).expect("the shipped table")
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let said = match Address::parse(text, &words()) {
            Some(Address::House(n, street)) => format!("house {n} {street}"),
            Some(Address::Hundred(n, street)) => format!("hundred {n} {street}"),
            Some(Address::Crossing(a, b)) => format!("{a} / {b}"),
            Some(Address::Street(street)) => street.to_string(),
            None => String::new(),
        };
        assert_eq!(said, expected, "{text}");
    }

    #[test]
    fn house_numbers_come_with_letters_ranges_and_apartments() {
        check("5903 MINERVA AVE", "house 5903 MINERVA AVE");
        check("1515A Olive Street", "house 1515 OLIVE ST");
        check("4226-4 PAGE BLVD", "house 4226 PAGE BLVD");
        check("4226 1/2 N PAGE BLV. APT 3", "house 4226 N PAGE BLVD");
        check("12 MAIN ST, SPRINGFIELD", "house 12 MAIN ST");
        check("1900 S  LONGWOOD                     AV", "house 1900 S LONGWOOD AVE");
        check("200 E  AVENUE 28", "house 200 E AVENUE28");
        check("7 9TH", "house 7 9TH");
        check("1015 PARK AVE", "house 1015 PARK AVE");
    }

    #[test]
    fn hundred_blocks_come_in_three_forms() {
        check("073XX S COTTAGE GROVE AVE", "hundred 7300 S COTTAGEGROVE AVE");
        check("5900 BLOCK OF MINERVA AVE", "hundred 5900 MINERVA AVE");
        check("59XX MINERVA AVE", "hundred 5900 MINERVA AVE");
        check("UNIT BLOCK OF MINERVA AVE", "hundred 0 MINERVA AVE");
        check("000XX W LAKE ST", "hundred 0 W LAKE ST");
    }

    #[test]
    fn a_crossing_has_two_streets_in_whatever_order_and_sign() {
        for text in ["FYLER AVE / S KINGSH", "S KINGSH & FYLER AVE", "0 CORNER OF FYLER AVENUE AND S. KINGSH"]
        {
            check(text, "FYLER AVE / S KINGSH");
        }
        check("A ST @ B ST", "A ST / B ST");
        check("NATURAL BRIDGE AVE /", "NATURALBRIDGE AVE");
        check("00000 A ST / B ST", "A ST / B ST");
    }

    #[test]
    fn a_street_without_a_number_is_a_street() {
        check("On or near Limes Close", "LIMES CLOSE");
        check("42 ST", "42 ST");
        check("0 S GRAND BLVD", "S GRAND BLVD");
        check("", "");
        check("12", "12");
    }

    #[test]
    fn one_street_has_one_name_however_it_is_written() {
        let same =
            |a: &str, b: &str| assert_eq!(StreetName::parse(a, &words()), StreetName::parse(b, &words()));
        same("SAINT LOUIS AVE", "ST LOUIS AVE");
        same("MORGAN FORD RD", "MORGANFORD RD");
        same("FIRST ST", "1ST ST");
        same("N TWENTY-FIRST STREET", "N 21ST ST");
        same("DR MARTIN LUTHER KING DR", "MLK DRIVE");
        same("DR. MARTIN LUTHER KING JR. DR", "MARTIN L KING DR");
        same("O'FALLON ST", "OFALLON ST");
        same("I 70 EASTBOUND", "Interstate 70 Off-Ramp");
        same("West Belle Place", "W BELLE PL");
    }

    #[test]
    fn a_direction_or_type_that_is_the_name_stays_the_name() {
        let parts = |text: &str| {
            let name = StreetName::parse(text, &words()).expect("a street");
            [name.before, name.core, name.kind, name.after].map(String::from)
        };
        assert_eq!(parts("NORTH AVE"), ["", "NORTH", "AVE", ""]);
        assert_eq!(parts("AVENUE E"), ["", "AVENUEE", "", ""]);
        assert_eq!(parts("KINGSHIGHWAY BLVD NE"), ["", "KINGSHIGHWAY", "BLVD", "NE"]);
        assert_eq!(parts("N BROADWAY"), ["N", "BROADWAY", "", ""]);
        assert_eq!(parts("PARK"), ["", "PARK", "", ""]);
        assert_eq!(parts("ST ST"), ["", "ST", "ST", ""]);
    }
}
