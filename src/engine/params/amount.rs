//! Amounts with their unit: so much street, so much ground, so many blocks or households.

use std::fmt;

/// What an amount measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Street, in metres.
    Length,
    /// Ground, in km².
    Area,
    /// Blocks.
    Blocks,
    /// Households.
    Households,
}

/// An amount as it was given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Amount {
    /// In metres, km², blocks or households.
    pub base: f64,
    unit: usize,
}

/// Words of the units, what they measure, and how much of the base one is; the first of a measure is its own.
const UNITS: [(&str, Measure, f64); 12] = [
    ("km2", Measure::Area, 1.0),
    ("mi2", Measure::Area, 2.589_988_110_336),
    ("km", Measure::Length, 1000.0),
    ("mi", Measure::Length, 1609.344),
    ("ft", Measure::Length, 0.3048),
    ("m", Measure::Length, 1.0),
    ("blocks", Measure::Blocks, 1.0),
    ("households", Measure::Households, 1.0),
    ("km²", Measure::Area, 1.0),
    ("mi²", Measure::Area, 2.589_988_110_336),
    ("block", Measure::Blocks, 1.0),
    ("household", Measure::Households, 1.0),
];

/// What can be given, for a refusal.
pub const MEND: &str = "give a number above 0 with its unit: km, mi, m or ft of street, km2 or mi2 of ground, blocks, or households (at most 2e9 of m, km2, blocks or households), e.g. 7mi2 or 20blocks";

impl Amount {
    /// Reads `7mi2`, `12 km`, `20blocks`; a bare number is refused, since its unit would be a guess.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        // The longest unit that fits: `km2` before `m`.
        let ends = |at: &usize| text.ends_with(UNITS[*at].0);
        let unit =
            (0..UNITS.len()).filter(ends).max_by_key(|&at| (UNITS[at].0.len(), std::cmp::Reverse(at)))?;
        let number: f64 = text.strip_suffix(UNITS[unit].0)?.trim_end().parse().ok()?;
        let amount = Self { base: number * UNITS[unit].2, unit };
        // A million of the longest unit, as the document of the interface has it, is not too much.
        let most = 2e9;
        (amount.base > 0.0 && amount.base <= most).then_some(amount)
    }

    /// What it measures.
    #[must_use]
    pub fn measure(self) -> Measure {
        UNITS[self.unit].1
    }

    /// Another amount in the same unit.
    #[must_use]
    pub fn of(self, base: f64) -> Self {
        Self { base, ..self }
    }

    /// An amount in a measure's own unit.
    #[must_use]
    pub fn in_base(measure: Measure, base: f64) -> Self {
        let unit = match measure {
            Measure::Length => 5,
            Measure::Area => 0,
            Measure::Blocks => 6,
            Measure::Households => 7,
        };
        Self { base, unit }
    }

    /// Not below what is meant, in few digits: what is said to be enough is.
    #[must_use]
    pub fn up(self) -> Self {
        self.rounded(f64::ceil)
    }

    /// Not above what is meant.
    #[must_use]
    pub fn down(self) -> Self {
        self.rounded(f64::floor)
    }

    fn rounded(self, way: fn(f64) -> f64) -> Self {
        let one = UNITS[self.unit].2;
        // Below this a number is what the unit's conversion rounded.
        let scaled = self.base / one * 1e6;
        let whole = if (scaled - scaled.round()).abs() < 1e-3 { scaled.round() } else { way(scaled) };
        Self { base: whole / 1e6 * one, ..self }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, _, one) = UNITS[self.unit];
        let number = (self.base / one * 1e6).round() / 1e6;
        let word = if number == 1.0 { word.trim_end_matches('s') } else { word };
        write!(f, "{number}{word}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_needs_its_unit_and_is_said_again_in_it() {
        let check = |text: &str, measure: Measure, base: f64, said: &str| {
            let amount = Amount::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((amount.measure(), amount.to_string().as_str()), (measure, said), "{text}");
            assert!((amount.base - base).abs() < 1e-9 * base, "{text}");
        };
        check("7mi2", Measure::Area, 18.129_916_772_352, "7mi2");
        check(" 3 km² ", Measure::Area, 3.0, "3km²");
        check("12km", Measure::Length, 12_000.0, "12km");
        check("0.5MI", Measure::Length, 804.672, "0.5mi");
        check("20blocks", Measure::Blocks, 20.0, "20blocks");
        check("1 block", Measure::Blocks, 1.0, "1block");
        check("400 households", Measure::Households, 400.0, "400households");
        for bad in ["7", "", "mi2", "-1km", "0km2", "NaNkm", "infkm", "1e12km", "5acres", "km", "7 m i"] {
            assert_eq!(Amount::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn of_every_unit_as_much_can_be_given_as_the_interface_says() {
        for (word, ..) in UNITS {
            assert!(Amount::parse(&format!("999999.999{word}")).is_some(), "{word}");
            assert!(Amount::parse(&format!("9e9{word}")).is_none(), "{word}");
        }
    }

    #[test]
    fn what_is_said_to_be_enough_is_enough() {
        let area = Amount::parse("1mi2").expect("an amount");
        for base in [0.012_345_678_9, 1.0 / 3.0, 2.589_988_110_336] {
            let (up, down) = (area.of(base).up(), area.of(base).down());
            let read = |amount: Amount| Amount::parse(&amount.to_string()).expect("as it is said").base;
            assert!(read(up) >= base * (1.0 - 1e-12) && read(down) <= base * (1.0 + 1e-12), "{up} {down}");
        }
    }
}
