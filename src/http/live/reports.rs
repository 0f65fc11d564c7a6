//! The last reports of refused rows, bounded in number, size and time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::ingest::refused::Refused;

/// How many reports are kept.
const MOST: usize = 100;

/// How many rows of one report are kept.
pub(super) const MOST_ROWS: usize = 100_000;

/// How many rows of all of them are kept.
const MOST_ROWS_OF_ALL: usize = 1_000_000;

/// How long they are kept.
const KEPT: Duration = Duration::from_secs(3_600);

/// The rows of one request that were refused.
#[derive(Debug)]
pub(super) struct Report {
    id: String,
    at: Instant,
    /// The source.
    pub(super) source: String,
    /// How many rows were refused; more than are kept here, perhaps.
    pub(super) refused: usize,
    /// The first of them.
    pub(super) rows: Vec<Refused>,
}

/// The last reports, the newest at the end.
#[derive(Debug)]
pub(super) struct Reports {
    era: u64,
    kept: Mutex<(u64, VecDeque<Arc<Report>>)>,
}

impl Reports {
    /// None yet; `era` keeps the ids of two runs of the service apart.
    pub(super) fn new(era: u64) -> Self {
        Self { era, kept: Mutex::default() }
    }

    /// Keeps the refused rows of a request and returns the id under which they can be had.
    pub(super) fn keep(&self, source: &str, mut rows: Vec<Refused>, now: Instant) -> String {
        let refused = rows.len();
        rows.truncate(MOST_ROWS);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.0 += 1;
        let id = format!("{:x}-{}", self.era, kept.0);
        kept.1.push_back(Arc::new(Report {
            id: id.clone(),
            at: now,
            source: source.to_owned(),
            refused,
            rows,
        }));
        let rows = |all: &VecDeque<Arc<Report>>| all.iter().map(|report| report.rows.len()).sum::<usize>();
        while kept.1.len() > MOST || (kept.1.len() > 1 && rows(&kept.1) > MOST_ROWS_OF_ALL) {
            kept.1.pop_front();
        }
        id
    }

    /// The report of an id, if it is still kept.
    pub(super) fn get(&self, id: &str, now: Instant) -> Option<Arc<Report>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.1.retain(|report| now.saturating_duration_since(report.at) < KEPT);
        kept.1.iter().find(|report| report.id == id).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Refused {
        let text = String::new;
        Refused { file: text(), line: 2, column: text(), value: text(), reason: "date unreadable".to_owned() }
    }

    #[test]
    fn reports_are_bounded_in_number_rows_and_time() {
        let reports = Reports::new(7);
        let now = Instant::now();
        let first = reports.keep("a", vec![row()], now);
        assert_eq!(reports.get(&first, now).expect("kept").rows.len(), 1);
        assert!(reports.get(&first, now + KEPT).is_none(), "an hour later it is gone");
        let first = reports.keep("a", vec![row()], now);
        for _ in 0..MOST {
            reports.keep("a", Vec::new(), now);
        }
        assert!(reports.get(&first, now).is_none(), "and so it is after {MOST} others");
        let large = reports.keep("a", vec![row(); MOST_ROWS + 5], now);
        let report = reports.get(&large, now).expect("kept");
        assert_eq!((report.rows.len(), report.refused), (MOST_ROWS, MOST_ROWS + 5));
        for _ in 0..MOST_ROWS_OF_ALL / MOST_ROWS {
            reports.keep("a", vec![row(); MOST_ROWS], now);
        }
        assert!(reports.get(&large, now).is_none());
        assert!(reports.get("7-x", now).is_none());
    }
}
