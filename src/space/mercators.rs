//! Many places of one town to Web Mercator: by a series around its latitude where that gives the same whole numbers.

use super::coord::{LonLat, Mercator, UNITS};

/// Terms of the series beside the first.
const TERMS: usize = 7;

/// So far from its latitude, in radians, the series is used: a quarter of a degree.
const REACH: f64 = 0.004_4;

/// Nearer to a pole it would need more terms.
const HIGHEST: f64 = 60.0;

/// So near to a half the series does not decide, in units: a hundred times what it may be wrong by.
const UNSURE: f64 = 1e-3;

/// Brings places to Mercator as `Mercator::from` does, to the same units; those near a first one in a quarter of the time.
#[derive(Clone, Copy, Debug)]
pub struct Mercators {
    /// Radians north, infinite if no place is near it.
    latitude: f64,
    /// Units north of it by powers of the difference.
    series: [f64; TERMS + 1],
}

impl Mercators {
    /// For places near this one.
    #[must_use]
    pub fn near(at: LonLat) -> Self {
        if at.lat().abs() > HIGHEST {
            return Self { latitude: f64::INFINITY, series: [0.0; TERMS + 1] };
        }
        let latitude = at.lat().to_radians();
        let scale = UNITS / std::f64::consts::TAU;
        let mut series = [latitude.tan().asinh() * scale; TERMS + 1];
        // The derivative is the secant s; with the tangent t, s' = s t and t' = 1 + t². So do their series go.
        let (mut secant, mut tangent) = ([0.0; TERMS], [0.0; TERMS]);
        (secant[0], tangent[0]) = (1.0 / latitude.cos(), latitude.tan());
        for n in 1..TERMS {
            let product =
                |a: &[f64; TERMS], b: &[f64; TERMS]| (0..n).map(|k| a[k] * b[n - 1 - k]).sum::<f64>();
            let one = if n == 1 { 1.0 } else { 0.0 };
            let next = (product(&secant, &tangent), one + product(&tangent, &tangent));
            (secant[n], tangent[n]) = (next.0 / n as f64, next.1 / n as f64);
        }
        for (n, term) in series.iter_mut().enumerate().skip(1) {
            *term = secant[n - 1] / n as f64 * scale;
        }
        Self { latitude, series }
    }

    /// A place in Mercator, the same as `Mercator::from` gives it.
    #[must_use]
    #[inline]
    pub fn of(&self, at: LonLat) -> Mercator {
        let north = at.lat().to_radians() - self.latitude;
        if north.abs() <= REACH {
            let quick = self.series.iter().rev().fold(0.0, |sum, term| sum * north + term);
            let whole = quick as i32;
            let rest = quick - f64::from(whole);
            if (rest.abs() - 0.5).abs() > UNSURE {
                return Mercator { x: Mercator::east(at.lon()), y: nearest(whole, rest) };
            }
        }
        at.into()
    }
}

/// The whole number next to one that was cut at the point, from what was cut off.
#[inline]
pub(super) fn nearest(whole: i32, rest: f64) -> i32 {
    whole.saturating_add(i32::from(rest >= 0.5) - i32::from(rest <= -0.5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_near_or_far_has_the_units_that_it_has_by_itself() {
        for first in [-89.0, -60.1, -60.0, -33.9, -0.1, 0.0, 1e-9, 24.0, 38.63, 51.5, 60.0, 61.0, 90.0] {
            let mercators = Mercators::near(LonLat::new(-90.2, first).expect("on the globe"));
            let (mut series, mut lat) = (0, first - 0.3_f64);
            while lat < first + 0.3 {
                if let Ok(at) = LonLat::new(-90.2 + lat / 7.0, lat) {
                    assert_eq!(mercators.of(at), at.into(), "{at:?} near {first}");
                    series += usize::from((lat.to_radians() - mercators.latitude).abs() <= REACH);
                }
                lat += 0.000_003_7;
            }
            assert_eq!(series > 100_000, first.abs() <= HIGHEST, "{first}: {series}");
        }
    }

    #[test]
    fn the_series_is_off_by_far_less_than_what_it_leaves_undecided() {
        for first in [-60.0_f64, -45.0, 0.0, 38.63, 59.9] {
            let mercators = Mercators::near(LonLat::new(0.0, first).expect("on the globe"));
            for step in -1_000..=1_000 {
                let north = REACH * f64::from(step) / 1_000.0;
                let series = mercators.series.iter().rev().fold(0.0, |sum, term| sum * north + term);
                let plain = (mercators.latitude + north).tan().asinh() * UNITS / std::f64::consts::TAU;
                assert!((series - plain).abs() < UNSURE / 100.0, "{first} {north}: {}", series - plain);
            }
        }
    }

    #[test]
    fn a_number_is_rounded_as_the_standard_library_rounds_it() {
        let all =
            [0.0, 0.49999999999999994, 0.5, 0.75, 1.5, 2.5, 7.499_999, 2_147_483_646.5, 2_147_483_648.0];
        for value in all.into_iter().flat_map(|value: f64| [value, -value]) {
            let whole = value as i32;
            assert_eq!(nearest(whole, value - f64::from(whole)), value.round() as i32, "{value}");
        }
    }
}
