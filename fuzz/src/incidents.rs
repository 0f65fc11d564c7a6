//! Incidents of any bytes: the account, the places, the events.

use hotblocks::ingest::incidents::{self, Options};
use hotblocks::ingest::input::Input;
use hotblocks::ingest::refused::Account;
use hotblocks::model::ledger::resolve;
use hotblocks::model::report::{Place, Report};
use hotblocks::model::reports::Ledger;

use super::{adds_up, speaks};

/// Reads a file twice and holds what must hold; whether it could be read.
pub(crate) fn check(input: &Input, options: &Options) -> bool {
    let read = || incidents::read(std::slice::from_ref(input), options, &|| {});
    match (read(), read()) {
        (Ok((ledger, account)), Ok((again, account_again))) => {
            adds_up(&account, &input.name);
            assert_eq!(account, account_again, "the account is the same when it is read again");
            assert!(
                ledger.reports.iter().map(told).eq(again.reports.iter().map(told)),
                "the reports are the same when they are read again"
            );
            holds(&ledger, &account);
            true
        }
        (Err(error), Err(again)) => {
            speaks(&error);
            assert_eq!(error.to_string(), again.to_string(), "the error is the same when it is read again");
            false
        }
        _ => panic!("it could be read once and once not"),
    }
}

/// All that a report says.
fn told<'a>(r: Report<'a>) -> impl PartialEq + 'a {
    let known_by = (r.source, r.file, r.line, r.id, r.revision, r.status, r.sign);
    (known_by, (r.class, r.origin, r.when, r.recorded, r.place, r.address, r.intersection))
}

fn holds(ledger: &Ledger, account: &Account) {
    assert_eq!(ledger.reports.len(), account.kept, "every row that is kept is a report");
    for report in ledger.reports.iter() {
        if let Place::At(at) = report.place {
            assert!(at.lon().abs() <= 180.0 && at.lat().abs() <= 90.0, "a place on the globe: {report:?}");
        }
        assert!(report.line > 0, "a report has a line: {report:?}");
        assert!(usize::from(report.class.0) < ledger.classes.rows().len(), "a class that is known");
    }
    let (events, r) = resolve(ledger);
    let in_events: usize = events.iter().map(|event| event.reports as usize).sum();
    assert_eq!(
        r.reports,
        r.superseded + r.withdrawn + 2 * r.cancelled + r.unmatched.len() + in_events,
        "every report is accounted for: {r:?}"
    );
}
