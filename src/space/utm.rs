//! Zones of UTM: from degrees to metres as PROJ computes them, without what each call of PROJ costs beside.
//!
//! The steps and their order are those of PROJ's `utm` on WGS 84, so that a place comes out the same to the last bit.
//!
//! Source: Poder and Engsager (1998), after König and Weise (1951), as in `tmerc.cpp` of PROJ 9.

use std::array::from_fn;
use std::f64::consts::PI;

use super::coord::LonLat;

/// A zone of WGS 84 / UTM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Utm {
    /// 1 to 60.
    zone: u8,
    south: bool,
}

/// Semi-major axis of WGS 84 in metres.
const A: f64 = 6_378_137.0;

/// Length of a quarter of a meridian by that of the axis, scaled by 0.9996.
const QUADRANT: f64 = 0.997_924_968_711_880_2;

/// Coefficients from latitude to that on the sphere.
const TO_SPHERE: [f64; 6] = [
    -0.003_356_554_619_797_427,
    4.694_573_027_162_594e-6,
    -8.194_497_547_212_902e-9,
    1.557_996_682_859_190_5e-11,
    -3.103_292_241_538_311_5e-14,
    6.389_147_500_821_73e-17,
];

/// Coefficients from the sphere's transverse Mercator to the ellipsoid's.
const TO_PLANE: [f64; 6] = [
    0.000_837_731_820_624_469_6,
    7.608_527_773_572_304e-7,
    1.197_645_503_329_451_7e-9,
    2.429_170_607_201_356_6e-12,
    5.711_757_677_865_798e-15,
    1.491_117_731_258_387_4e-17,
];

/// So far from the middle meridian, in radians of the sphere, PROJ gives no place.
const FARTHEST: f64 = 2.623_395_162_778;

/// Places of which a step is done before the next one: what is known of them stays in the cache.
const TOGETHER: usize = 64;

impl Utm {
    /// The zone that a code names, `EPSG:32615` or `EPSG:32756`.
    pub(super) fn of(code: &str) -> Option<Self> {
        let (authority, number) = code.split_once(':')?;
        let number: u16 = number.parse().ok().filter(|_| authority.eq_ignore_ascii_case("EPSG"))?;
        let (south, zone) =
            if number < 32_700 { (false, number.checked_sub(32_600)?) } else { (true, number - 32_700) };
        (1..=60).contains(&zone).then_some(Self { zone: zone as u8, south })
    }

    /// Metres east and north of a place in degrees; `None` where it is too far from the zone.
    pub(super) fn forward(self, lon: f64, lat: f64) -> Option<(f64, f64)> {
        let (phi, lam) = self.angles(lon, lat);
        let (sin_north, cos_north) = on_sphere(phi).sin_cos();
        let (sin_east, cos_east) = lam.sin_cos();
        // Its transverse Mercator.
        let leg = cos_north * cos_east;
        let north = sin_north.atan2(leg);
        let per_radius = 1.0 / sin_north.hypot(leg);
        let tan_east = sin_east * cos_north * per_radius;
        let east = asinh(tan_east);
        self.metres(sin_north, leg, per_radius, tan_east, (north, east))
    }

    /// The same of many places, as [`Utm::forward`] gives it: each step is done for some of them before the next one, so that the
    /// processor has several at hand that do not wait for each other. In half the time.
    pub(super) fn forward_all(self, places: &[LonLat]) -> impl Iterator<Item = Option<(f64, f64)>> {
        let (many, rest) = places.as_chunks();
        let rest = rest.iter().map(move |place| self.forward(place.lon(), place.lat()));
        many.iter().flat_map(move |some| self.forward_some(some)).chain(rest)
    }

    fn forward_some(self, places: &[LonLat; TOGETHER]) -> [Option<(f64, f64)>; TOGETHER] {
        type All<T> = [T; TOGETHER];
        let angles: All<_> = from_fn(|at| self.angles(places[at].lon(), places[at].lat()));
        let sphere: All<_> = from_fn(|at| on_sphere(angles[at].0));
        let north: All<_> = from_fn(|at| sphere[at].sin_cos());
        let east: All<_> = from_fn(|at| angles[at].1.sin_cos());
        let leg: All<_> = from_fn(|at| north[at].1 * east[at].1);
        let turned: All<_> = from_fn(|at| north[at].0.atan2(leg[at]));
        let per_radius: All<_> = from_fn(|at| 1.0 / north[at].0.hypot(leg[at]));
        let tan_east: All<_> = from_fn(|at| east[at].0 * north[at].1 * per_radius[at]);
        let bent: All<_> = from_fn(|at| asinh(tan_east[at]));
        from_fn(|at| self.metres(north[at].0, leg[at], per_radius[at], tan_east[at], (turned[at], bent[at])))
    }

    /// Latitude and longitude from the middle meridian, in radians.
    #[inline]
    fn angles(self, lon: f64, lat: f64) -> (f64, f64) {
        let middle = (f64::from(self.zone - 1) + 0.5) * PI / 30.0 - PI;
        (lat * RADIANS, around(around(lon * RADIANS) - middle))
    }

    /// From the sphere's transverse Mercator, its angles and what they came from, to metres.
    #[inline]
    fn metres(
        self,
        sin_north: f64,
        leg: f64,
        per_radius: f64,
        tan_east: f64,
        (north, east): (f64, f64),
    ) -> Option<(f64, f64)> {
        // Sines and cosines of twice these, without asking for them again.
        let twice = 2.0 * per_radius;
        let twice_squared = twice * per_radius;
        let part = leg * twice_squared;
        let (sin, cos) = (sin_north * part, leg * part - 1.0);
        let (sinh, cosh) = (tan_east * twice, twice_squared - 1.0);
        let (add_north, add_east) = complex_clenshaw(&TO_PLANE, (sin, cos), (sinh, cosh));
        let (north, east) = (north + add_north, east + add_east);
        if east.is_nan() || east.abs() > FARTHEST {
            return None;
        }
        let false_north = if self.south { 10_000_000.0 } else { 0.0 };
        Some((QUADRANT * east * A + 500_000.0, QUADRANT * north * A + false_north))
    }
}

/// Latitude on the sphere.
#[inline]
fn on_sphere(phi: f64) -> f64 {
    phi + clenshaw(&TO_SPHERE, (2.0 * phi).cos()) * (2.0 * phi).sin()
}

/// A degree in radians.
const RADIANS: f64 = 0.017_453_292_519_943_296;

/// A longitude within ±π; slightly beyond it stays.
fn around(lon: f64) -> f64 {
    if lon.abs() < PI + 1e-12 {
        return lon;
    }
    let turned = lon + PI;
    turned - 2.0 * PI * (turned / (2.0 * PI)).floor() - PI
}

/// The sum of a series of sines of multiples of an angle by its sine, from the cosine of the angle.
#[inline]
fn clenshaw(series: &[f64; 6], cos: f64) -> f64 {
    let (twice, mut before, mut last) = (2.0 * cos, 0.0, series[5]);
    for &term in series[..5].iter().rev() {
        (before, last) = (last, -before + twice * last + term);
    }
    last
}

/// The sum of a series of sines of multiples of a complex angle: real and imaginary part.
#[inline]
fn complex_clenshaw(series: &[f64; 6], (sin, cos): (f64, f64), (sinh, cosh): (f64, f64)) -> (f64, f64) {
    let (real, imaginary) = (2.0 * cos * cosh, -2.0 * sin * sinh);
    let (mut before, mut last) = ((0.0, 0.0), (series[5], 0.0));
    for &term in series[..5].iter().rev() {
        let next = (
            -before.0 + real * last.0 - imaginary * last.1 + term,
            -before.1 + imaginary * last.0 + real * last.1,
        );
        (before, last) = (last, next);
    }
    let (real, imaginary) = (sin * cosh, cos * sinh);
    (real * last.0 - imaginary * last.1, real * last.1 + imaginary * last.0)
}

/// The inverse hyperbolic sine as the C library computes it; Rust's own may differ in the last bit.
#[inline]
fn asinh(x: f64) -> f64 {
    let size = x.abs();
    let found = if size < 2.0_f64.powi(-28) {
        return x;
    } else if size > 2.0_f64.powi(28) {
        size.ln() + std::f64::consts::LN_2
    } else if size > 2.0 {
        (2.0 * size + 1.0 / ((size * size + 1.0).sqrt() + size)).ln()
    } else {
        let squared = size * size;
        (size + squared / (1.0 + (1.0 + squared).sqrt())).ln_1p()
    };
    found.copysign(x)
}
