//! Columns about persons are dropped as they are read: what they hold comes out nowhere.

use crate::common;

use std::path::Path;

use assert_cmd::Command;
use common::repository;

/// Stands in every column about persons of `fixtures/nasty/persons.csv`, and nowhere else.
const MARK: &str = "ZZVICTIM";

fn run(args: &[&str], incidents: &str, folder: &Path) -> (Option<i32>, String) {
    let out = Command::cargo_bin("hotblocks")
        .expect("the binary is built")
        .args(args)
        .arg("--incidents")
        .arg(repository("fixtures/nasty").join(incidents))
        .arg("--blocks")
        .arg(repository("fixtures/nasty/streets.geojson"))
        .current_dir(folder)
        .output()
        .expect("runs");
    let said = [out.stdout, out.stderr].concat();
    (out.status.code(), String::from_utf8_lossy(&said).into_owned())
}

fn texts_under(folder: &Path) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            texts.extend(texts_under(&path));
        } else {
            let bytes = std::fs::read(&path).expect("readable");
            texts.push((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    texts
}

const LENGTHS: [&str; 8] = ["--bandwidth", "200m", "--cell", "50m", "--eps", "50m", "--min-points", "3"];

#[test]
fn columns_about_persons_come_out_in_no_layer_no_refusal_and_no_message() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = std::fs::read_to_string(repository("fixtures/nasty/persons.csv")).expect("committed");
    assert!(text.matches(MARK).count() > 30);
    let export = [&["export", "-o", "out", "--rejects", "rejects.ndjson"], &LENGTHS[..]].concat();
    let (code, said) = run(&export, "persons.csv", folder.path());
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("7 read · 3 kept · 4 refused") && !said.contains(MARK), "{said}");
    for format in ["geojson", "csv", "table"] {
        let file = format!("rank.{format}");
        let (code, said) = run(&["rank", "--format", format, "-o", &file], "persons.csv", folder.path());
        assert_eq!(code, Some(3), "{said}");
        assert!(!said.contains(MARK), "{said}");
    }
    let written = texts_under(folder.path());
    assert!(written.len() > 6, "{}", written.len());
    assert!(written.iter().any(|(_, text)| text.contains("quote not closed")), "the refusals are written");
    for (file, text) in written {
        assert!(!text.is_empty() && !text.contains(MARK), "{file}: {text}");
    }
}

#[test]
fn names_in_the_column_of_the_class_are_in_no_layer_and_no_message() {
    let folder = tempfile::tempdir().expect("a folder");
    let export = [&["export", "-o", "out"], &LENGTHS[..]].concat();
    let (code, said) = run(&export, "persons-as-classes.csv", folder.path());
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("5 classes are in no category") && !said.contains("Zzvictim"), "{said}");
    let (code, said) = run(&["rank", "--category", "nosuch"], "persons-as-classes.csv", folder.path());
    assert!(code == Some(2) && said.contains("codes of 5 classes") && !said.contains("Zzvictim"), "{said}");
    for (file, text) in texts_under(folder.path()) {
        assert!(!text.contains("Zzvictim"), "{file}: {text}");
    }
}
