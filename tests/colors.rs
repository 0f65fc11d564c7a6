//! Colors of every legend can be told apart, also by those who see no red or no green.

mod common;

use common::answers::ask;
use hotblocks::engine::params::clusters::CLUSTERS;
use hotblocks::engine::params::hotspots::HOTSPOTS;
use hotblocks::engine::params::near_repeat::ZONES;
use hotblocks::engine::params::ranking::RANK;
use hotblocks::engine::params::table::{AREAS, DENSITY, INCIDENTS, Operation};
use hotblocks::layer::Legend;

type Matrix = [[f64; 3]; 3];

/// What is left of linear red, green and blue: Machado, Oliveira & Fernandes (2009), severity 1.0.
const SIGHTS: [(&str, Matrix); 3] = [
    ("all colors", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (
        "protanopia",
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
    ),
    (
        "deuteranopia",
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
    ),
];

/// sRGB (IEC 61966-2-1) to XYZ under D65.
const XYZ: Matrix = [
    [0.412_456_4, 0.357_576_1, 0.180_437_5],
    [0.212_672_9, 0.715_152_2, 0.072_175_0],
    [0.019_333_9, 0.119_192_0, 0.950_304_1],
];

fn times(matrix: &Matrix, of: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row[0] * of[0] + row[1] * of[1] + row[2] * of[2])
}

/// CIELAB of `#rrggbb` as a person sees it.
fn lab(hex: &str, sight: &Matrix) -> [f64; 3] {
    let part = |at: usize| {
        let c = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).expect("#rrggbb")) / 255.0;
        if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    let seen = times(sight, [part(1), part(3), part(5)]).map(|c| c.clamp(0.0, 1.0));
    let [x, y, z] = times(&XYZ, seen);
    let f = |t: f64| {
        if t > 216.0 / 24_389.0 { t.cbrt() } else { (24_389.0 / 27.0 * t + 16.0) / 116.0 }
    };
    let (x, y, z) = (f(x / 0.950_47), f(y), f(z / 1.088_83));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// The difference CIEDE2000 (Sharma, Wu & Dalal 2005).
fn difference([l1, a1, b1]: [f64; 3], [l2, a2, b2]: [f64; 3]) -> f64 {
    let seventh = |c: f64| (c.powi(7) / (c.powi(7) + 25_f64.powi(7))).sqrt();
    let g = 0.5 * (1.0 - seventh((a1.hypot(b1) + a2.hypot(b2)) / 2.0));
    let (a1, a2) = ((1.0 + g) * a1, (1.0 + g) * a2);
    let (c1, c2) = (a1.hypot(b1), a2.hypot(b2));
    let hue =
        |a: f64, b: f64| if a == 0.0 && b == 0.0 { 0.0 } else { b.atan2(a).to_degrees().rem_euclid(360.0) };
    let (h1, h2) = (hue(a1, b1), hue(a2, b2));
    let turn = if c1 * c2 == 0.0 { 0.0 } else { (h2 - h1 + 180.0).rem_euclid(360.0) - 180.0 };
    let dh = 2.0 * (c1 * c2).sqrt() * (turn / 2.0).to_radians().sin();
    let (l, c) = ((l1 + l2) / 2.0, (c1 + c2) / 2.0);
    let h = if c1 * c2 == 0.0 {
        h1 + h2
    } else if (h1 - h2).abs() <= 180.0 {
        (h1 + h2) / 2.0
    } else if h1 + h2 < 360.0 {
        (h1 + h2 + 360.0) / 2.0
    } else {
        (h1 + h2 - 360.0) / 2.0
    };
    let cos = |degrees: f64| degrees.to_radians().cos();
    let t = 1.0 - 0.17 * cos(h - 30.0) + 0.24 * cos(2.0 * h) + 0.32 * cos(3.0 * h + 6.0)
        - 0.2 * cos(4.0 * h - 63.0);
    let s_l = 1.0 + 0.015 * (l - 50.0).powi(2) / (20.0 + (l - 50.0).powi(2)).sqrt();
    let (s_c, s_h) = (1.0 + 0.045 * c, 1.0 + 0.015 * c * t);
    let around = 30.0 * (-((h - 275.0) / 25.0).powi(2)).exp();
    let r = -(2.0 * around).to_radians().sin() * 2.0 * seventh(c);
    let (dl, dc, dh) = ((l2 - l1) / s_l, (c2 - c1) / s_c, dh / s_h);
    (dl * dl + dc * dc + dh * dh + r * dc * dh).sqrt()
}

#[test]
fn the_difference_is_that_of_the_published_pairs() {
    // Sharma, Wu & Dalal (2005), table 1: pairs 1, 7, 10, 17, 25 and 33.
    for (one, other, difference_told) in [
        ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
        ([50.0, 0.0, 0.0], [50.0, -1.0, 2.0], 2.3669),
        ([50.0, 2.49, -0.001], [50.0, -2.49, 0.0010], 7.1792),
        ([50.0, 2.5, 0.0], [73.0, 25.0, -18.0], 27.1492),
        ([60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644),
        ([6.7747, -0.2908, -2.4247], [5.8714, -0.0985, -2.2286], 0.6377),
    ] {
        assert!((difference(one, other) - difference_told).abs() < 1e-4, "{one:?} {other:?}");
    }
}

/// The colors of a legend, that of 0 among them.
fn colors(legend: &Legend) -> Vec<&'static str> {
    legend.classes.iter().chain(&legend.none).map(|class| class.color).collect()
}

#[test]
fn a_u8_colors_of_every_legend_are_told_apart_with_normal_sight_protanopia_and_deuteranopia() {
    let (snapshot, ..) = common::new_haven();
    let asked: [(&Operation, &[(&str, &str)]); 12] = [
        (&INCIDENTS, &[]),
        (&RANK, &[]),
        (&RANK, &[("by", "rate")]),
        (&DENSITY, &[("bandwidth_m", "250"), ("cell_m", "100")]),
        (&DENSITY, &[("bandwidth_m", "250"), ("cell_m", "100"), ("out", "cells")]),
        (&CLUSTERS, &[("eps_m", "100"), ("min_points", "20")]),
        (&HOTSPOTS, &[]),
        (&AREAS, &[]),
        (&ZONES, &[("distances_m", "200"), ("days", "14")]),
        (
            &DENSITY,
            &[("bandwidth_m", "250"), ("cell_m", "100"), ("category", "property"), ("against", "all")],
        ),
        (&DENSITY, &[("bandwidth_m", "250"), ("cell_m", "100"), ("against", "property"), ("out", "cells")]),
        (&DENSITY, &[("bandwidth_m", "250"), ("lixel_m", "50"), ("network", "continuous")]),
    ];
    let mut most = 0;
    for (operation, pairs) in asked {
        let layer = ask(&snapshot, operation, pairs).unwrap_or_else(|why| panic!("{pairs:?}: {why}"));
        let colors = colors(&layer.legend);
        assert!(!colors.is_empty(), "{}", operation.collection);
        most = most.max(colors.len());
        for (sight, matrix) in SIGHTS {
            for (at, one) in colors.iter().enumerate() {
                for other in &colors[..at] {
                    let far = difference(lab(one, &matrix), lab(other, &matrix));
                    let layer = operation.collection;
                    assert!(far >= 10.0, "{layer} {pairs:?}, {sight}: {one} and {other} are {far:.1} apart");
                }
            }
        }
    }
    assert!(most >= 6, "the legends of blocks and hot spots have many classes");
}
