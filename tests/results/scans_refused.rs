//! What scans refuse: each refusal names what was given, the bound, and what would be taken instead.

use hotblocks::analysis::scan::space_time::{MOST_DAYS, SpaceTimeParams, space_time_scan};
use hotblocks::analysis::scan::spatial::{MOST_PLACES, MOST_SIMULATIONS, ScanParams, scan};
use hotblocks::space::coord::{Local, Metres};

use crate::common::command::{SAMPLE, hotblocks, told};

fn row(n: usize) -> Vec<Local> {
    (0..n).map(|i| Local { x: 100.0 * i as f64, y: 0.0 }).collect()
}

const EVEN: ScanParams = ScanParams { share: 0.5, radius: None, least: 2, permutations: 9, seed: 1 };

#[test]
fn the_spatial_scan_names_what_is_out_of_bounds_and_what_would_be_taken() {
    let five = row(5);
    let counts = [1, 2, 3, 4, 5];
    let refusal = |points: &[Local], counts: &[u64], exposure: &[f64], params: ScanParams| {
        scan(points, counts, exposure, &params).expect_err("it cannot be scanned").to_string()
    };
    let by = |params: ScanParams| refusal(&five, &counts, &[1.0; 5], params);
    for share in [0.0, -0.1, 0.51, f64::NAN, f64::INFINITY] {
        let said = by(ScanParams { share, ..EVEN });
        assert_eq!(said, format!("a share of {share} cannot be used; give one above 0 and at most 0.5"));
    }
    for radius in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let said = by(ScanParams { radius: Some(Metres(radius)), ..EVEN });
        let radius = Metres(radius);
        assert_eq!(said, format!("a radius of {radius} cannot be used; give a length above 0 m"));
    }
    for permutations in [0, MOST_SIMULATIONS + 1] {
        let said = by(ScanParams { permutations, ..EVEN });
        let bound = format!("give 1 to {MOST_SIMULATIONS}, by custom 999");
        assert!(said.contains(&permutations.to_string()) && said.ends_with(&bound), "{said}");
    }
    // The bounds themselves are taken.
    for params in
        [EVEN, ScanParams { share: 1e-9, radius: Some(Metres(1e-9)), least: 0, permutations: 1, seed: 0 }]
    {
        scan(&five, &counts, &[1.0; 5], &params).expect("within the bounds");
    }
    type Case<'a> = (&'a [Local], &'a [u64], &'a [f64], &'a str);
    let cases: [Case<'_>; 6] = [
        (&five, &counts[..4], &[1.0; 5], "5 places, 4 counts and 5 exposures were given; give one of each"),
        (
            &five,
            &counts,
            &[1.0, 1.0, 0.0, 1.0, 1.0],
            "place 2 has 3 incidents and an exposure of 0; give one above 0",
        ),
        (&five, &counts, &[1.0, -1.0, 1.0, 1.0, 1.0], "place 1 has 2 incidents and an exposure of -1"),
        (&five, &counts, &[1.0, 1.0, 1.0, 1.0, f64::NAN], "place 4 has 5 incidents and an exposure of NaN"),
        (
            &five,
            &[0; 5],
            &[0.0; 5],
            "there is no exposure anywhere, or more than a number can hold; give exposures",
        ),
        (
            &five,
            &[u64::from(u32::MAX), 0, 0, 0, 0],
            &[1.0; 5],
            "4294967295 incidents are more than 4294967295 can be simulated; scan a shorter period",
        ),
    ];
    for (points, counts, exposure, says) in cases {
        let said = refusal(points, counts, exposure, EVEN);
        assert!(said.starts_with(says), "{said}");
    }
    let lost = [row(4), vec![Local { x: f64::NAN, y: 0.0 }]].concat();
    assert_eq!(refusal(&lost, &counts, &[1.0; 5], EVEN), "place 4 has no finite coordinates");
    let many = row(MOST_PLACES + 1);
    let said = refusal(&many, &vec![1; many.len()], &vec![1.0; many.len()], EVEN);
    assert!(said.starts_with("20001 places are more than 20000") && said.contains("larger units"), "{said}");
}

/// One simulation more than the most that it names is refused, so the number is the bound itself.
#[test]
fn a_scan_that_would_take_very_long_names_the_most_simulations_that_it_makes() {
    let points = row(500);
    let counts = vec![2_000_000; points.len()];
    let ask = |permutations| {
        scan(&points, &counts, &vec![1.0; points.len()], &ScanParams { permutations, ..EVEN })
            .expect_err("a billion incidents in each")
            .to_string()
    };
    let said = ask(999);
    assert!(said.starts_with("999 simulations of 1000000000 incidents at 500 places"), "{said}");
    let most: u32 = said
        .split_once("at most ")
        .and_then(|(_, rest)| rest.split_once(','))
        .and_then(|(most, _)| most.parse().ok())
        .expect("a number");
    assert!((1..999).contains(&most), "{said}");
    let beyond = ask(most + 1);
    assert!(beyond.contains(&format!("at most {most}, or scan a shorter period")), "{beyond}");
}

#[test]
fn the_scan_of_the_last_days_names_what_is_out_of_bounds_and_what_would_be_taken() {
    let five = row(5);
    let days = [1, 5, 10, 29, 30];
    let even = SpaceTimeParams {
        radius: Metres(150.0),
        share: 0.5,
        days: 7,
        least: 2,
        every: 1.0,
        permutations: 9,
        seed: 1,
    };
    let by = |period, params| {
        space_time_scan(&five, &days, period, &params).expect_err("it cannot be scanned").to_string()
    };
    let month = (1, 30);
    let cases = [
        (SpaceTimeParams { days: 0, ..even }, "cylinders of 0 days were asked for; give 1 to 29"),
        (
            SpaceTimeParams { days: 30, ..even },
            "cylinders of 30 days were asked for; give 1 to 29, so that days before them",
        ),
        (SpaceTimeParams { every: 0.0, ..even }, "an analysis every 0 days cannot be; give a number above 0"),
        (SpaceTimeParams { every: f64::NAN, ..even }, "an analysis every NaN days cannot be"),
        (
            SpaceTimeParams { radius: Metres(0.0), ..even },
            "a radius of 0 m cannot be used; give a length above 0 m",
        ),
        (
            SpaceTimeParams { share: 0.6, ..even },
            "a share of 0.6 cannot be used; give one above 0 and at most 0.5",
        ),
        (SpaceTimeParams { permutations: 0, ..even }, "0 simulations were asked for; give 1 to 99999"),
    ];
    for (params, says) in cases {
        let said = by(month, params);
        assert!(said.starts_with(says), "{said}");
    }
    space_time_scan(&five, &days, month, &SpaceTimeParams { days: 29, ..even }).expect("the bound itself");
    let long = by((1, 1_000), SpaceTimeParams { days: MOST_DAYS + 1, ..even });
    assert!(long.contains("give 1 to 128: no scan looks back longer"), "{long}");
    assert!(by((30, 30), even).starts_with("a single day is looked at"));
    let outside = by((2, 30), even);
    assert_eq!(outside, "incident 0 is of day 1, not one of 2 to 30; leave it out or look at more days");
}

#[test]
fn on_the_command_line_a_scan_that_cannot_be_made_ends_with_the_same_words() {
    for (args, says) in [
        (&["--method", "scan", "--permutations", "0"][..], "99999"),
        (&["--method", "scan", "--eps", "0m"], "from 1 m to 100000 m"),
        (
            &["--method", "space-time-scan", "--eps", "100m", "--min-points", "3", "--span", "999"],
            "give 1 to 29, so that",
        ),
    ] {
        let args = [&["clusters"][..], args, &SAMPLE[..]].concat();
        let (code, out, err) = told(hotblocks().args(&args));
        assert!(code == 2 && out.is_empty() && err.contains(says), "{args:?}: {code} {err}");
    }
}
