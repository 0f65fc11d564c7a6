//! A report in a line, for a person who looks before anything happens.

use crate::model::period::local_time;
use crate::model::report::{Place, Report, Sign, Status};
use crate::model::reports::Ledger;

/// Time, class, place and what else is known, in a line.
pub(super) fn line(report: &Report<'_>, ledger: &Ledger) -> String {
    let source = &ledger.sources[usize::from(report.source)];
    let class = ledger.classes.get(report.class);
    let category = class.category.map(|at| ledger.classes.tree().rows()[at].name.as_str());
    let open = !class.flags.sensitive();
    let place = match report.place {
        Place::At(at) if open => format!("{:.6}, {:.6}", at.lon(), at.lat()),
        Place::At(_) => "located (not shown: sensitive)".to_owned(),
        Place::Missing => "no place".to_owned(),
        Place::Withheld => "withheld".to_owned(),
    };
    let mut parts = vec![
        format!("line {}", report.line),
        format!("{} ({})", local_time(report.when.from, &source.zone), report.when.precision.word()),
        category.unwrap_or("in no category").to_owned(),
        place,
    ];
    parts.extend(report.id.map(|id| format!("id {id}")));
    parts.extend(report.address.filter(|_| open).map(str::to_owned));
    if report.sign == Sign::TakesBack {
        parts.push("takes an earlier report back".to_owned());
    }
    if report.status != Status::Confirmed {
        parts.push(report.status.word().to_owned());
    }
    parts.join(" · ")
}
