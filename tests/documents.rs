//! What the documents say is so: parameters from their one table, commands that exist, words of the vocabulary.

use std::path::Path;

use hotblocks::engine::params::choosing::CHOOSING;
use hotblocks::engine::params::form::FORM;
use hotblocks::engine::params::table::{COMMANDS_ONLY, Kind, OPERATIONS, PAGE, Param};

fn read(path: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn kind(param: &Param) -> String {
    match param.kind {
        Kind::Period => "two local dates".to_owned(),
        Kind::Names => "names, separated by commas".to_owned(),
        Kind::Words(words) => words.join(", "),
        Kind::Word(words) => format!("one of {}", words.join(", ")),
        Kind::Areas => "names of areas, separated by commas".to_owned(),
        Kind::Length { least, most } => format!("length, {least} m to {most} m"),
        Kind::Lengths { least, most } => format!("ascending lengths, {least} m to {most} m"),
        Kind::Number { least, most } => format!("number, {least} to {most}"),
        Kind::Numbers { least, most } => format!("ascending numbers, {least} to {most}"),
        Kind::Count { least, most: u64::MAX } => format!("whole number from {least}"),
        Kind::Count { least, most } => format!("whole number, {least} to {most}"),
        Kind::Amount => "amount with its unit: km, mi, m, ft, km2, mi2, blocks, households".to_owned(),
        Kind::Text => "a name".to_owned(),
        Kind::BBox => "four numbers in degrees".to_owned(),
        Kind::Date => "local date".to_owned(),
        Kind::Hours => "hours, 0 to 8760".to_owned(),
        Kind::Capacity => "whole number of blocks or households".to_owned(),
    }
}

fn parameters() -> String {
    let mut page = String::from(
        "# Parameters\n\nMade by `make docs` from the one table in `src/engine/params/table.rs`; a test compares them.\n\
         On the command line lengths carry a unit (m, km, ft, mi); in a query and in the configuration they are in metres.\n",
    );
    let row = |param: &Param| {
        format!(
            "| `--{}` | `{}` | {} | {} | {} | `{}` |\n",
            param.flag,
            param.wire,
            kind(param),
            param.default,
            param.help,
            param.example
        )
    };
    let head =
        "\n| flag | in a query | takes | default | what it does | example |\n|---|---|---|---|---|---|\n";
    for operation in OPERATIONS {
        let (command, collection, help) = (operation.command, operation.collection, operation.help);
        // Of a command that gives more than its layer there is a section below.
        if COMMANDS_ONLY.iter().any(|other| other.command == command) {
            page.push_str(&format!(
                "\n## {collection} as a layer\n\n`GET /collections/{collection}/items`: {help}\n{head}"
            ));
        } else {
            page.push_str(&format!(
                "\n## {collection}\n\n`hotblocks {command}`, `GET /collections/{collection}/items`: {help}\n{head}"
            ));
        }
        page.extend(operation.params.iter().map(row));
    }
    for operation in COMMANDS_ONLY {
        let (name, help) = (operation.command, operation.help);
        page.push_str(&format!("\n## {name}\n\n`hotblocks {name}`: {help}\n{head}"));
        page.extend(operation.params.iter().map(row));
    }
    page.push_str(&format!("\n## Every collection over HTTP, on top\n{head}"));
    page.extend(
        PAGE.iter()
            .chain(&FORM)
            .chain(&CHOOSING)
            .map(|p| row(p).replace(&format!("| `--{}` |", p.flag), "| – |")),
    );
    page
}

#[test]
fn the_page_of_parameters_is_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/parameters.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, parameters()).expect("written");
    }
    assert_eq!(read("docs/parameters.md"), parameters(), "run `make docs`");
}

#[test]
fn the_readme_names_both_commands_and_only_commands_that_exist() {
    let readme = read("README.md");
    assert!(readme.contains("make demo") && readme.contains("make test"));
    let command = hotblocks::cli::command();
    let known: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    for line in readme.lines().filter(|l| l.trim_start().starts_with("hotblocks ")) {
        let name = line.split_whitespace().nth(1).expect("a command");
        assert!(known.contains(&name), "README shows `hotblocks {name}`");
        let mut sub = command.find_subcommand(name).expect("known");
        // `export` does something by itself as well.
        let part = line.split_whitespace().nth(2).filter(|word| !word.starts_with('-'));
        assert!(part.is_some() || name != "import", "README shows `hotblocks import` without what");
        if let Some(part) = part.filter(|_| sub.has_subcommands()) {
            sub =
                sub.find_subcommand(part).unwrap_or_else(|| panic!("README shows `hotblocks {name} {part}`"));
        }
        for flag in line.split_whitespace().filter_map(|w| w.strip_prefix("--")) {
            assert!(
                sub.get_arguments().any(|a| a.get_long() == Some(flag)),
                "README: {name} has no --{flag}"
            );
        }
    }
}

/// The words that commands, flags and fields may use, as agreed; others would be a second word for one thing.
#[test]
fn commands_and_flags_use_the_agreed_words() {
    const COMMANDS: &[&str] = &[
        "areas",
        "backup",
        "blocks",
        "brief",
        "clusters",
        "compare",
        "counts",
        "demo",
        "density",
        "explain",
        "export",
        "forget",
        "hotspots",
        "import",
        "init",
        "list",
        "near-repeat",
        "plan",
        "rank",
        "restore",
        "serve",
        "verify",
    ];
    // Beside the vocabulary stand the options of the methods, and those of `counting.md` 10.
    const FLAGS: &[&str] = &[
        "adaptive",
        "aftercare-months",
        "against",
        "areas",
        "as-of",
        "band",
        "bandwidth",
        "bandwidth-rule",
        "before",
        "blocks",
        "bonus",
        "by",
        "budget",
        "capacity",
        "category",
        "cell",
        "compare",
        "compare-period",
        "comparison",
        "config",
        "context",
        "contours",
        "crs",
        "days",
        "diameter",
        "delay",
        "detour",
        "distances",
        "draws",
        "edge",
        "eps",
        "external-id",
        "every",
        "exposure",
        "fdr",
        "format",
        "free",
        "geocode",
        "gun",
        "half-life",
        "harm",
        "help",
        "hours",
        "incidents",
        "include-protected",
        "intersections",
        "kernel",
        "lattice",
        "layout",
        "least",
        "least-size",
        "levels",
        "list",
        "listen",
        "lixel",
        "max-blocks",
        "max-zoom",
        "metrics-listen",
        "method",
        "metric",
        "min-points",
        "min-samples",
        "mode",
        "most-places",
        "nearest",
        "neighbors",
        "network",
        "note",
        "of",
        "officers",
        "origin",
        "out",
        "outline",
        "output",
        "patrol",
        "per",
        "period",
        "permutations",
        "pmtiles",
        "previous",
        "proactive",
        "public-url",
        "places",
        "probability",
        "rejects",
        "replace",
        "review",
        "review-months",
        "same-place",
        "sample",
        "seed",
        "reach",
        "sheet",
        "sites",
        "shifts",
        "share",
        "show",
        "source",
        "span",
        "speed",
        "statistic",
        "status",
        "stay-months",
        "steps",
        "surface",
        "stop",
        "store",
        "top",
        "trend-by",
        "unit",
        "units",
        "version",
        "view",
        "week",
        "weights",
        "weekdays",
        "within",
    ];
    let command = hotblocks::cli::command();
    let mut names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    names.sort_unstable();
    assert_eq!(names, COMMANDS);
    for sub in command.get_subcommands() {
        for arg in sub.get_arguments().filter(|arg| !arg.is_positional()) {
            let long = arg.get_long().expect("every argument is a flag");
            assert!(FLAGS.contains(&long), "{}: --{long}", sub.get_name());
            assert!(arg.get_help().is_some(), "{}: --{long} says nothing of itself", sub.get_name());
        }
    }
}

#[test]
fn no_density_or_cluster_parameter_has_a_silent_default() {
    for operation in OPERATIONS {
        for param in operation.params.iter().filter(|p| matches!(p.kind, Kind::Length { .. })) {
            assert!(param.default.starts_with("none"), "{}", param.flag);
        }
    }
}

#[test]
fn the_demo_s_configuration_can_be_used_and_its_notice_is_the_agreed_one() {
    let config = hotblocks::config::Config::open(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("data/new-haven/hotblocks.toml").as_path(),
    )
    .expect("usable");
    assert_eq!(config.notice.as_deref(), Some("one month, capped sample: not a statement about New Haven"));
    config.defaults().expect("within bounds");
    assert!(config.incidents.iter().chain(&config.blocks.0).all(|f| f.exists()));
}

#[test]
fn every_make_target_that_a_document_names_exists() {
    let makefile = read("Makefile");
    for page in ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", ".ci/run"] {
        let text = read(page);
        let named = text.split(['`', '\n']).filter_map(|part| part.trim_start().strip_prefix("make "));
        for named in named {
            let name: String = named.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
            assert!(makefile.contains(&format!("\n{name}:")), "{page} names `make {name}`");
        }
    }
}

#[test]
fn the_page_of_validation_says_whether_stated_chances_come_true() {
    let page = read("docs/validation.md");
    let (_, told) =
        page.split_once("## Whether stated chances come true").expect("written by `make evidence`");
    let row = |kind: &str| {
        let row = told.lines().find(|line| line.starts_with(&format!("| {kind}")));
        row.unwrap_or_else(|| panic!("no row of {kind}")).trim_end_matches([' ', '|']).to_owned()
    };
    assert!(row("the model").ends_with("yes"), "{}", row("the model"));
    for other in ["lognormal, σ", "half of the blocks", "lognormal, averaged", "Gamma, then"] {
        assert!(row(other).ends_with("told"), "{}", row(other));
    }
}

/// The cells of the first row of a document that begins with these.
fn cells(document: &str, first: &[&str]) -> Vec<String> {
    let split = |line: &str| -> Vec<String> {
        line.trim().trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let rows = document.lines().filter(|line| line.starts_with('|')).map(split);
    let mut rows = rows.filter(|row| row.len() > first.len() && row.iter().zip(first).all(|(a, b)| a == b));
    rows.next().unwrap_or_else(|| panic!("docs/ranking.md has no row {first:?}"))
}

#[test]
fn the_readme_says_of_lists_what_docs_ranking_measured() {
    let ranking = read("docs/ranking.md");
    let readme = read("README.md").split_whitespace().collect::<Vec<_>>().join(" ");
    let says = |text: String| assert!(readme.contains(&text), "README does not say `{text}`");
    let mean = |cell: &str| cell.split(' ').next().unwrap_or_default().to_owned();
    let (gun, all) = (cells(&ranking, &["gun crime", "20"]), cells(&ranking, &["all incidents", "20"]));
    says(format!("of the top 20 blocks of a year {} are among the next year's", mean(&gun[2])));
    says(format!("share falls by {} with nobody doing anything; by three years it is {}", gun[5], gun[4]));
    says(format!("Of all incidents {} of 20 come again", mean(&all[2])));
    let wide = |what: &str| cells(&ranking, &[what, "2014–2016", "20"])[3].clone();
    says(format!(
        "top 20 by gun crime of 2014–2016 are {} ranks wide at the median, those by all incidents {}",
        wide("gun crime"),
        wide("all incidents")
    ));
    let (_, of_gun) = ranking.split_once("### Gun crime").expect("a section");
    let gain = cells(of_gun, &["count, three years"])[4].clone();
    let numbers: Vec<f64> =
        gain.split([' ', '(', ')']).filter_map(|word| word.parse().ok()).collect::<Vec<f64>>();
    let [more, lo, hi] = numbers[..] else { panic!("`{gain}` is no difference with its interval") };
    says(format!("{more:.1} points more of it in 100 blocks ({lo:.1} to {hi:.1})"));
    let verdicts = of_gun.lines().take_while(|line| !line.starts_with("## "));
    let gains: Vec<&str> = verdicts.filter(|line| line.trim_end().ends_with("| gain |")).collect();
    assert!(gains.is_empty(), "README says that no other score gains over three years' counts: {gains:?}");
}
