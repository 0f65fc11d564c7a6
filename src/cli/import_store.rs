//! `hotblocks import incidents FILE… --store FILE`: reports into a store, and in one sentence what became of them.

use clap::ArgMatches;
use rayon::prelude::*;

use super::failure::Failure;
use super::{exit, import_incidents, load, say, store_command};
use crate::encode::quality;
use crate::ingest::incidents::{self, Options};
use crate::ingest::input::Input;
use crate::ingest::refused::Account;
use crate::model::ledger::resolve;
use crate::store::sqlite::Access;
use crate::store::{Batch, Receipt, Store};

/// So many files are read at the same time and taken in one transaction.
const AT_ONCE: usize = 8;

/// Reads files and brings their reports into the store, some files at a time and each file whole.
pub(super) fn import(matches: &ArgMatches, inputs: &[Input], options: &Options) -> Result<u8, Failure> {
    let store = store_command::open(matches, Access::Write)?;
    let bar = say::progress(inputs.len());
    let mut account = Account::default();
    let mut sum = Receipt::default();
    let mut repeated = Vec::new();
    for some in inputs.chunks(AT_ONCE) {
        let read = |input: &Input| {
            // Each by itself: a row that stands in two files is one report.
            let (ledger, account) = incidents::read(std::slice::from_ref(input), options, &|| bar.inc(1))?;
            let (digest, name) = (Some(input.digest()?), input.name.clone());
            let batch = Batch { ledger, digest, name, ..Batch::default() };
            Ok::<_, Failure>((batch, account))
        };
        let read: Vec<(Batch, Account)> = some.par_iter().map(read).collect::<Result<_, _>>()?;
        let (batches, accounts): (Vec<Batch>, Vec<Account>) = read.into_iter().unzip();
        accounts.into_iter().for_each(|of_file| account.add(of_file));
        let names: Vec<String> = batches.iter().map(|batch| batch.name.clone()).collect();
        for (name, receipt) in names.into_iter().zip(store.append(batches)?) {
            add(&mut sum, &receipt);
            repeated.extend(receipt.before.map(|before| (name, before)));
        }
    }
    bar.finish_and_clear();
    account.notes.iter().for_each(|note| say::tell(note));
    for (name, before) in repeated {
        let as_it = if name == before { String::new() } else { format!(" as {before}") };
        say::tell(&format!("{name}: the same bytes were taken before{as_it}; nothing was done"));
    }
    let rejects = load::path(matches, "rejects");
    if let Some(path) = &rejects {
        load::write_rejects(path, account.refused.iter())?;
    }
    let rejects = rejects.map(|path| path.display().to_string());
    if import_incidents::wants_report(matches) {
        // Of all files together: a batch holds one, and what it became in the store is told behind it.
        let (ledger, of_all) = incidents::read(inputs, options, &|| ())?;
        let (events, resolution) = resolve(&ledger);
        import_incidents::tell(matches, ledger, &events, &resolution, &of_all)?;
    }
    say::tell(&sentence(&account, &sum, rejects.as_deref()));
    Ok(if account.refused.is_empty() && sum.expired == 0 { exit::DONE } else { exit::SOME_REFUSED })
}

/// Adds what became of another file; of one that came before all is known.
fn add(sum: &mut Receipt, of_file: &Receipt) {
    sum.read += of_file.read;
    if of_file.repeated {
        sum.known += of_file.read;
        return;
    }
    sum.new += of_file.new;
    sum.known += of_file.known;
    sum.revised += of_file.revised;
    sum.superseded += of_file.superseded;
    sum.withdrawn += of_file.withdrawn;
    sum.expired += of_file.expired;
}

/// What became of all rows: `12,480 read · 12,101 new · 301 already known · 12 revised · 66 refused (r.ndjson): 41 no location`.
fn sentence(account: &Account, sum: &Receipt, rejects: Option<&str>) -> String {
    let mut parts = vec![format!("{} read", say::thousands(account.read))];
    if sum.read != account.kept {
        parts.push(format!("{} reports in them", say::thousands(sum.read)));
    }
    for (n, what, always) in [
        (sum.new, "new", true),
        (sum.known, "already known", true),
        (sum.revised, "revised", true),
        (sum.superseded, "older than what stands", false),
        (sum.withdrawn, "withdrawn", false),
        (sum.expired, "too old to be kept and refused", false),
    ] {
        if always || n > 0 {
            parts.push(format!("{} {what}", say::thousands(n)));
        }
    }
    parts.push(quality::refused(account, rejects));
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_sentence_is_that_of_the_vocabulary() {
        let refused = crate::ingest::refused::Refused {
            file: String::new(),
            line: 1,
            column: String::new(),
            value: String::new(),
            reason: "no location".to_owned(),
        };
        let account =
            Account { read: 12_480, kept: 12_414, refused: vec![refused; 66], ..Account::default() };
        let sum = Receipt { read: 12_414, new: 12_101, known: 301, revised: 12, ..Receipt::default() };
        assert_eq!(
            sentence(&account, &sum, Some("r.ndjson")),
            "12,480 read · 12,101 new · 301 already known · 12 revised · 66 refused (r.ndjson): 66 no location"
        );
        let sum = Receipt { read: 5, new: 2, expired: 3, ..Receipt::default() };
        let account = Account { read: 5, kept: 5, ..Account::default() };
        assert_eq!(
            sentence(&account, &sum, None),
            "5 read · 2 new · 0 already known · 0 revised · 3 too old to be kept and refused · 0 refused"
        );
    }
}
