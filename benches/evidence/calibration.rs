//! Whether stated chances come true: seeded cities whose true rates are known.

#[path = "../../tests/common/cities.rs"]
mod cities;

use cities::{Truth, calibration};
use hotblocks::rank::draws::Drawing;

use crate::validation::Page;

/// Seeded cities of each kind.
const CITIES: u64 = 200;

/// The section: one row for each kind of city, one column for each tenth of P.
pub(crate) fn section(page: &mut Page) {
    page.say(
        "## Whether stated chances come true\n\n200 seeded cities of each kind, 240 blocks of unequal exposure (0.2 to 2 years) with three \
         incidents a year on average; P(top 30) from 500 draws. Cells: the share of blocks that truly are among the 30 of highest rate, less the \
         mean P that was stated, for each tenth of P that at least 500 blocks state. Within ±0.05 where the cities are those of the model; elsewhere it \
         is told, not promised.\n\n| true rates | ",
    );
    let tenths: Vec<String> =
        (0..10).map(|k| format!("{:.1}–{:.1}", f64::from(k) / 10.0, f64::from(k + 1) / 10.0)).collect();
    page.say(&format!("{} | largest | holds |\n|---|{}--:|---|\n", tenths.join(" | "), "--:|".repeat(10)));
    for truth in Truth::ALL {
        let off: Vec<Option<f64>> =
            calibration(truth, CITIES, Drawing::Plain).iter().map(cities::Tenth::off).collect();
        let largest = off.iter().flatten().fold(0.0, |largest: f64, off| largest.max(off.abs()));
        let holds = if truth == Truth::Model { page.check(largest <= 0.05) } else { "told".to_owned() };
        let mut cells = vec![truth.told().to_owned()];
        cells.extend(off.iter().map(|off| off.map_or_else(|| "–".to_owned(), |off| format!("{off:+.3}"))));
        cells.extend([format!("{largest:.3}"), holds]);
        page.row(&cells);
    }
    page.say("\n");
}
