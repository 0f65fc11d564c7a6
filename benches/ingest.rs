//! CSV rows to reports: one file of the layout `slmpd`, projection included.

mod common;

use common::{city, sizes};
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use hotblocks::ingest::incidents::{Options, read};
use hotblocks::ingest::input::Input;

fn main() {
    divan::main();
}

#[divan::bench(args = sizes(), sample_count = 5, sample_size = 1, max_time = 4)]
fn csv_to_reports(bencher: Bencher, n: usize) {
    let folder = tempfile::tempdir().expect("a folder for the file");
    let path = folder.path().join("city.csv");
    let text = city::csv(n);
    std::fs::write(&path, &text).expect("the folder can be written to");
    let inputs = [Input::at(&path).expect("a .csv")];
    bencher.counter(BytesCount::of_str(&text)).counter(ItemsCount::new(n)).bench(|| {
        let (ledger, account) = read(&inputs, &Options::default(), &|| ()).expect("the layout fits");
        assert_eq!((ledger.reports.len(), account.refused.len()), (n, 0));
        ledger
    });
}
