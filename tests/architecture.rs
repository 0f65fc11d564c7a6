//! The house keeps its order: imports point back, the core touches nothing outside, the top level holds what it should.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Stations in the order of the way; those in one row are strangers to each other.
const STATIONS: [&[&str]; 15] = [
    &["progress", "space"],
    &["model"],
    &["ingest", "index"],
    &["store"],
    &["assign"],
    &["aggregate", "analysis"],
    &["quality"],
    &["rank"],
    &["plan"],
    &["engine"],
    &["layer"],
    &["encode"],
    &["config"],
    &["http"],
    &["cli"],
];

/// Stations without file, socket, clock, async, logging or serde.
const CORE: [&str; 11] = [
    "progress",
    "space",
    "model",
    "index",
    "assign",
    "aggregate",
    "analysis",
    "quality",
    "rank",
    "plan",
    "layer",
];

/// What the core must not name.
const OUTSIDE: [&str; 12] = [
    "std::fs",
    "std::net",
    "std::env",
    "std::time",
    "tokio",
    "tracing",
    "serde",
    "axum",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
];

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder of the sources") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<(String, PathBuf, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    files(&src)
        .into_iter()
        .map(|path| {
            let inside = path.strip_prefix(&src).expect("below src");
            let station =
                inside.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).expect("UTF-8");
            (station, inside.to_owned(), text)
        })
        .collect()
}

fn floor(station: &str) -> Option<usize> {
    STATIONS.iter().position(|row| row.contains(&station))
}

/// Every `crate::station` of a text with its line, wherever it stands.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (line, code) in (1..).zip(text.lines()) {
        let code = code.split("//").next().unwrap_or_default();
        for (at, _) in code.match_indices("crate::") {
            let rest = &code[at + "crate::".len()..];
            let names: Vec<&str> = match rest.strip_prefix('{') {
                Some(list) => list
                    .split(['{', '}', ','])
                    .map(|n| n.trim().split("::").next().unwrap_or_default())
                    .collect(),
                None => {
                    vec![rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()]
                }
            };
            found.extend(names.into_iter().filter(|n| !n.is_empty()).map(|n| (line, n.to_owned())));
        }
    }
    found
}

#[test]
fn imports_point_back_and_never_forward() {
    let mut wrong = Vec::new();
    for (station, file, text) in sources() {
        let Some(here) = floor(&station) else { continue };
        for (line, there) in imports(&text).into_iter().filter(|(_, there)| *there != station) {
            match floor(&there) {
                Some(floor) if floor < here => {}
                _ => wrong.push(format!("{}:{line} imports {there}", file.display())),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_folder_of_src_is_a_station() {
    for (station, file, _) in sources() {
        let known = floor(&station).is_some() || ["lib.rs", "main.rs"].contains(&station.as_str());
        assert!(
            known,
            "{} is in no station; put it in one, or the new station in this test and in ARCHITECTURE.md",
            file.display()
        );
    }
}

#[test]
fn the_core_has_no_file_socket_clock_async_log_or_serde() {
    let mut wrong = Vec::new();
    for (station, file, text) in sources() {
        let snapshot = file.ends_with("engine/snapshot.rs") || file.ends_with("engine/query.rs");
        if !CORE.contains(&station.as_str()) && !snapshot {
            continue;
        }
        for (line, code) in (1..).zip(text.lines()) {
            let code = code.split("//").next().unwrap_or_default();
            let named = OUTSIDE.iter().filter(|word| code.contains(*word));
            wrong.extend(named.map(|word| format!("{}:{line} names {word}", file.display())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Functions of the platform whose last digit differs from one processor to the next.
///
/// With them every crate of special functions, which rest on the platform's.
const PLATFORM: [&str; 22] = [
    ".exp()",
    ".ln()",
    ".exp2()",
    ".powf(",
    ".ln_1p()",
    ".exp_m1()",
    ".log(",
    ".log2()",
    ".log10()",
    ".cbrt()",
    ".hypot(",
    ".sin()",
    ".cos()",
    ".sin_cos()",
    ".tan()",
    ".tanh()",
    ".atan",
    "f64::exp",
    "f64::ln",
    "statrs::",
    "libm::",
    "ln_binomial",
];

#[test]
fn ranks_and_plans_follow_from_functions_that_are_alike_on_every_processor() {
    let among = |path: &Path| {
        let path = path.to_string_lossy();
        ["rank/", "plan/", "aggregate/", "engine/"].iter().any(|station| path.starts_with(station))
            || [
                "analysis/hotspots/emerging.rs",
                "analysis/hotspots/exact.rs",
                "analysis/hotspots/values.rs",
                "model/elementary.rs",
                "model/exposure.rs",
                "model/normal.rs",
            ]
            .contains(&&*path)
    };
    // A step of words, where the platform's rounding cannot be seen.
    let allowed = |path: &Path| path == Path::new("rank/words.rs");
    let mut read = 0;
    for (_, path, text) in sources().iter().filter(|(_, path, _)| among(path) && !allowed(path)) {
        read += 1;
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in (1..).zip(code.lines()).filter(|(_, line)| !line.trim_start().starts_with("//"))
        {
            let found = PLATFORM.iter().find(|name| line.contains(**name));
            assert!(
                found.is_none(),
                "src/{}:{number}: {line}; take it from model/elementary.rs",
                path.display()
            );
        }
    }
    assert!(read > 120, "{read} files");
    let manifest = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
    let manifest = manifest.expect("Cargo.toml");
    assert!(!manifest.contains("\nstatrs"), "special functions are those of rank/ and model/normal.rs");
}

#[test]
fn no_file_of_src_is_longer_than_an_idea_takes() {
    let long: BTreeMap<_, _> = sources()
        .into_iter()
        .map(|(_, file, text)| {
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            (file, code.lines().count())
        })
        .filter(|(_, lines)| *lines > 350)
        .collect();
    assert!(long.is_empty(), "longer than 350 lines without their tests: {long:?}");
}

#[test]
fn every_source_file_says_on_top_what_it_is_for() {
    for (_, file, text) in sources() {
        assert!(text.starts_with("//! "), "{} has no `//!` line on top", file.display());
    }
}

#[test]
fn the_top_level_holds_what_it_should() {
    const ALLOWED: [&str; 23] = [
        "Cargo.toml",
        "Cargo.lock",
        "src",
        "data",
        "fixtures",
        "tests",
        "benches",
        "fuzz",
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "Makefile",
        "deny.toml",
        ".ci",
        ".cargo",
        ".gitignore",
        ".git",
        "docs",
        "target",
        ".rustfmt.toml",
    ];
    for entry in std::fs::read_dir(env!("CARGO_MANIFEST_DIR")).expect("the repository") {
        let name = entry.expect("readable").file_name().to_string_lossy().into_owned();
        assert!(ALLOWED.contains(&name.as_str()), "`{name}` has no place at the top level");
    }
}

#[test]
fn the_architecture_page_names_every_station() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md"))
        .expect("ARCHITECTURE.md");
    for station in STATIONS.into_iter().flatten() {
        assert!(page.contains(&format!("`{station}`")), "ARCHITECTURE.md does not name `{station}`");
    }
}
