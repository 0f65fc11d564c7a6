//! What a report counts for: rows of one event in one file and in several, files given twice, months, blanks that follow a class.

use std::io::Write as _;

use hotblocks::ingest::incidents::{self, Options};
use hotblocks::ingest::input::Input;
use hotblocks::model::ledger::{Resolution, resolve};
use hotblocks::model::report::Place;
use hotblocks::model::reports::Ledger;

const NIBRS: &str = "IncidentNum,IncidentDate,OccurredFromTime,NIBRS,LastSuppDate,Latitude,Longitude\n";
const POLICE_UK: &str = "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,Crime type,Last outcome category,Context\n";

fn input(name: &str, text: &str) -> Input {
    Input::of(name, text.as_bytes().to_vec()).expect("a table")
}

fn read(inputs: &[Input]) -> (Ledger, Vec<String>) {
    let (ledger, account) = incidents::read(inputs, &Options::default(), &|| ()).expect("readable");
    assert_eq!(account.refused, []);
    (ledger, account.notes)
}

/// Of each event its reports and the codes of its classes; and what became of the reports.
fn told(ledger: &Ledger) -> (Vec<(u32, Vec<&str>)>, Resolution) {
    let (events, resolution) = resolve(ledger);
    let codes =
        |at: usize| events.get(at).classes.iter().map(|c| ledger.classes.get(*c).code.as_str()).collect();
    ((0..events.len()).map(|at| (events.get(at).reports, codes(at))).collect(), resolution)
}

fn nibrs(class: &str, supplemented: &str) -> String {
    format!("24-1,01/05/2024,13:30,{class},{supplemented},38.63,-90.2\n")
}

#[test]
fn victims_of_one_incident_whose_rows_have_other_dates_all_count() {
    let file = format!("{NIBRS}{}{}", nibrs("09A", "02/10/2024"), nibrs("13A", ""));
    let (ledger, _) = read(&[input("january.csv", &file)]);
    let (events, resolution) = told(&ledger);
    assert_eq!(events, [(2, vec!["09A", "13A"])]);
    assert_eq!(resolution.superseded, 0);
}

#[test]
fn of_files_that_tell_of_one_incident_the_one_with_the_highest_revision_stands_whole_in_any_order() {
    let january = format!("{NIBRS}{}{}", nibrs("09A", "02/10/2024"), nibrs("13A", ""));
    let march = format!("{NIBRS}{}{}{}", nibrs("09A", "03/05/2024"), nibrs("13B", ""), nibrs("120", ""));
    let files = [input("january.csv", &january), input("march.csv", &march)];
    let [first, second] = files.clone();
    for files in [files, [second, first]] {
        let (ledger, _) = read(&files);
        let (events, resolution) = told(&ledger);
        assert_eq!((events.len(), events[0].0, resolution.superseded), (1, 3, 2));
        assert!(!events[0].1.contains(&"13A") && events[0].1.contains(&"13B"), "{events:?}");
    }
}

#[test]
fn what_two_files_tell_of_one_revision_counts_once_and_is_noted() {
    let january = format!("{NIBRS}{}{}", nibrs("09A", "02/10/2024"), nibrs("13A", ""));
    let again = format!("{january}24-2,01/06/2024,13:30,13A,02/10/2024,38.63,-90.2\n");
    let (ledger, notes) = read(&[input("january.csv", &january), input("again.csv", &again)]);
    let (events, _) = told(&ledger);
    assert_eq!(events, [(2, vec!["09A", "13A"]), (1, vec!["13A"])]);
    assert!(notes.iter().any(|note| note.starts_with("2 rows tell what an earlier file told")), "{notes:?}");
}

#[test]
fn a_file_that_is_given_twice_in_a_call_counts_once_and_is_noted() {
    // Without ids nothing else would tell its rows from those of other incidents.
    let row = ",2017-06,West,West,-1.5,53.8,On or near A Street,E1,Leeds,Anti-social behaviour,,\n";
    let text = format!("{POLICE_UK}{row}{row}");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_bytes()).expect("memory");
    let packed = Input::of("june.csv.gz", packed.finish().expect("memory")).expect("a table");
    let (ledger, notes) = read(&[input("june.csv", &text), packed]);
    assert_eq!(told(&ledger).0.len(), 2);
    assert!(
        notes.iter().any(|note| note == "june.csv.gz: the same as june.csv, not read again"),
        "{notes:?}"
    );
    // Another file with the same rows is another file.
    let other = input("july.csv", &text.replace("2017-06", "2017-07"));
    assert_eq!(told(&read(&[input("june.csv", &text), other]).0).0.len(), 4);
}

#[test]
fn blanks_of_a_class_in_no_category_are_withheld_and_those_of_others_are_missing() {
    let row = |class: &str| format!(",2017-06,West,West,,,No Location,,,{class},,\n");
    let (ledger, _) =
        read(&[input("june.csv", &format!("{POLICE_UK}{}{}", row("Sex off"), row("Burglary")))]);
    let places: Vec<Place> = ledger.reports.iter().map(|report| report.place).collect();
    assert_eq!(places, [Place::Withheld, Place::Missing]);
}
