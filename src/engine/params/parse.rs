//! Texts of values that have a form of their own.

use super::table::MOST_NUMBERS;
use crate::space::bbox::LonLatBox;

/// The hours of a year: no time is longer.
pub(super) const MOST_HOURS: f64 = 8_760.0;

/// `24h`, `2d`, `1.5 d` in hours; a bare number is refused, since its unit would be a guess.
pub(super) fn parse_hours(text: &str) -> Option<f64> {
    let text = text.trim().to_ascii_lowercase();
    let (number, hours) = match text.strip_suffix('d') {
        Some(days) => (days, 24.0),
        None => (text.strip_suffix('h')?, 1.0),
    };
    Some(number.trim_end().parse::<f64>().ok()? * hours)
}

/// Four numbers, or six with heights that are not looked at.
pub(super) fn parse_bbox(text: &str) -> Result<LonLatBox, String> {
    let form = || "give west,south,east,north in degrees, e.g. -90.3,38.6,-90.2,38.7".to_owned();
    let numbers: Vec<f64> =
        text.split(',').map(|n| n.trim().parse::<f64>()).collect::<Result<_, _>>().map_err(|_| form())?;
    let (west, south, east, north) = match numbers[..] {
        [w, s, e, n] | [w, s, _, e, n, _] => (w, s, e, n),
        _ => return Err(form()),
    };
    if ![west, east].iter().all(|v| v.abs() <= 180.0) || ![south, north].iter().all(|v| v.abs() <= 90.0) {
        return Err("longitudes lie within ±180 and latitudes within ±90".to_owned());
    }
    if south > north {
        return Err("the south edge lies above the north edge; swap them".to_owned());
    }
    Ok(LonLatBox { west, south, east, north })
}

/// Numbers separated by commas, each above the one before and not too many; where not `several`, one.
pub(super) fn list(
    text: &str,
    several: bool,
    bounds: std::ops::RangeInclusive<f64>,
    read: impl Fn(&str) -> Option<f64>,
) -> Option<Vec<f64>> {
    let parts = text.split(',').map(|part| read(part.trim()).filter(|number| bounds.contains(number)));
    let numbers: Vec<f64> = parts.collect::<Option<_>>()?;
    let fits = numbers.len() == 1
        || (several && numbers.len() <= MOST_NUMBERS && numbers.is_sorted_by(|a, b| a < b));
    fits.then_some(numbers)
}

/// `250m`, `0.25 km`, `820ft`, `0.2mi` in metres; a bare number is refused, since its unit would be a guess.
#[must_use]
pub(super) fn parse_length(text: &str) -> Option<f64> {
    const UNITS: [(&str, f64); 4] = [("km", 1000.0), ("ft", 0.3048), ("mi", 1609.344), ("m", 1.0)];
    let text = text.trim().to_ascii_lowercase();
    let (unit, metres) = UNITS.iter().find(|(unit, _)| text.ends_with(unit))?;
    let number: f64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
    Some(number * metres)
}
