//! The section of `docs/validation.md` on seven years of St. Louis: official totals and accounts. No block is named.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hotblocks::engine::build::Ground;
use hotblocks::engine::query::Query;
use hotblocks::ingest::input::Input;

use crate::geocoding;
use crate::load::{Loaded, ground, load, st_louis_files, st_louis_folder};
use crate::machine::thousands;
use crate::validation::{Page, surface, tally_head, tally_row};

/// Writes the section, or that there is nothing to write it from.
pub(crate) fn section(page: &mut Page, root: &Path) {
    page.say("## St. Louis 2012–2018 (outside data)\n\n");
    let Some(folder) = st_louis_folder(root) else {
        page.say("Not checked: the St. Louis files were not there in this run.\n");
        return;
    };
    let streets = Input::at(&folder.join("streets.parquet")).expect("a known ending");
    let (ground, block_account) = ground(&streets);
    let years = st_louis_files(&folder);
    let open = |files: &[PathBuf]| -> Vec<Input> {
        files.iter().map(|file| Input::at(file).expect("a .csv")).collect()
    };
    let mut loaded: Vec<(String, Loaded)> = Vec::new();
    for (year, files) in &years {
        loaded.push((year.clone(), load(&open(files), &ground)));
    }
    let all: Vec<PathBuf> = years.iter().flat_map(|(_, files)| files.clone()).collect();
    loaded.push(("all".to_owned(), load(&open(&all), &ground)));
    let agrees = page.check(block_account.read == block_account.kept + block_account.refused.len());
    page.say(&format!(
        "{} monthly files, {} street lines read, {} refused (agrees: {agrees}).\n\n",
        all.len(),
        thousands(block_account.read),
        thousands(block_account.refused.len()),
    ));
    totals(page, &loaded, &official(&all));
    accounts(page, &loaded);
    boundary(page, &loaded);
    let (_, whole) = loaded.last().expect("the whole was loaded");
    if let Ground::Streets(streets) = &ground {
        geocoding::section(page, &whole.snapshot, streets);
    }
    tally_head(page);
    for (year, each) in &loaded {
        tally_row(
            page,
            year,
            &each.snapshot.tally(&each.snapshot.select(&Query::default()).expect("no category")),
        );
    }
    page.say("\n");
    surface(page, "all incidents", &whole.snapshot, &Query::default(), 250.0, 50.0);
}

/// The department's own sums of `Count` by coded year, read without any of our importer.
fn official(files: &[PathBuf]) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for file in files {
        let mut reader = csv::Reader::from_path(file).expect("a file that can be read");
        let plain = |name: &[u8]| -> String {
            name.iter()
                .filter(|b| b.is_ascii_alphanumeric())
                .map(|&b| char::from(b).to_ascii_lowercase())
                .collect()
        };
        let header: Vec<String> = reader.byte_headers().expect("a header").iter().map(plain).collect();
        let column = |names: [&str; 2]| {
            header.iter().position(|name| names.contains(&name.as_str())).expect("the column")
        };
        let (month, count) = (column(["codedmonth", "monthreportedtomshp"]), column(["count", "count"]));
        for row in reader.byte_records() {
            let row = row.expect("a whole row");
            let text = |at: usize| String::from_utf8_lossy(&row[at]).trim().to_owned();
            let year: String = text(month).chars().take(4).collect();
            *sums.entry(year).or_insert(0) += text(count).parse::<i64>().expect("a whole number");
        }
    }
    let all = sums.values().sum();
    sums.insert("all".to_owned(), all);
    sums
}

fn totals(page: &mut Page, loaded: &[(String, Loaded)], official: &BTreeMap<String, i64>) {
    page.say("Official totals: the sum of the department's `Count` by coded year, added up apart from the importer, beside reports − corrections of the importer.\n\n");
    page.say("| year | official | reports − corrections | difference | agrees |\n|---|--:|--:|--:|---|\n");
    for (year, each) in loaded {
        let theirs = official.get(year).copied().unwrap_or_default();
        let agrees = page.check(theirs == each.net);
        let plain = |n: i64| thousands(usize::try_from(n).unwrap_or_default());
        page.row(&[year.clone(), plain(theirs), plain(each.net), (each.net - theirs).to_string(), agrees]);
    }
    page.say("\n");
}

fn accounts(page: &mut Page, loaded: &[(String, Loaded)]) {
    page.say("Reports to incidents. A year is read alone, so a correction of a report of another year finds it only in the last row. ");
    page.say("*Agrees*: read = kept + refused, and kept = cancelled + corrections + unmatched + merged + incidents.\n\n");
    page.say("| year | read | refused | kept | cancelled | corrections that found theirs | unmatched | merged | incidents | agrees |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|---|\n");
    for (year, each) in loaded {
        let data = each.snapshot.dataset();
        let (account, resolved, incidents) = (&each.account, &data.resolution, data.incidents.len());
        let parts =
            resolved.cancelled + resolved.cancelled + resolved.unmatched.len() + resolved.merged + incidents;
        let agrees = page.check(
            account.read == account.kept + account.refused.len()
                && account.kept == resolved.reports
                && account.kept == parts,
        );
        let counts = [
            account.read,
            account.refused.len(),
            account.kept,
            resolved.cancelled,
            resolved.cancelled,
            resolved.unmatched.len(),
            resolved.merged,
            incidents,
        ];
        page.row(&[std::slice::from_ref(year), &counts.map(thousands)[..], &[agrees]].concat());
    }
    page.say("\n");
}

fn boundary(page: &mut Page, loaded: &[(String, Loaded)]) {
    page.say("Share of the located incidents within 10 m of the boundary of their block, where another block would be as good:\n\n");
    page.say("| year | located | near a boundary | share |\n|---|--:|--:|--:|\n");
    for (year, each) in loaded {
        let assigned = &each.snapshot.dataset().assigned;
        let located = assigned.in_blocks + assigned.unassigned;
        let share = 100.0 * assigned.near_boundary as f64 / located as f64;
        page.row(&[
            year.clone(),
            thousands(located),
            thousands(assigned.near_boundary),
            format!("{share:.1} %"),
        ]);
    }
    page.say("\n");
}
