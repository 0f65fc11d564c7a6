//! Reports that later revisions replaced: nothing follows from them any more, so that they need not be kept for long.

use super::{Live, number};

/// The share of all reports that may be history, as a divisor: what is less is not worth moving the others for.
const SHARE: usize = 32;

/// What reports are numbered once some are gone: the others in their order, without gaps.
pub(super) struct Renumbered {
    /// A bit for each report that goes.
    goes: Vec<u64>,
    /// Of every 64 reports, how many went before them.
    went: Vec<u32>,
}

impl Renumbered {
    fn new(gone: impl IntoIterator<Item = u32>, reports: usize) -> Self {
        let mut goes = vec![0_u64; reports / 64 + 1];
        gone.into_iter().for_each(|at| goes[at as usize / 64] |= 1 << (at % 64));
        let before = |sum: &mut u32, word: &u64| {
            let went = *sum;
            *sum += word.count_ones();
            Some(went)
        };
        let went = goes.iter().scan(0, before).collect();
        Self { goes, went }
    }

    /// Whether a report stays.
    pub(super) fn stays(&self, at: usize) -> bool {
        self.goes[at / 64] >> (at % 64) & 1 == 0
    }

    /// The new number of a report; of one that goes the number of the next that stays.
    pub(super) fn number(&self, at: u32) -> u32 {
        let (word, bit) = (at as usize / 64, at % 64);
        let here = self.goes[word] & ((1 << bit) - 1);
        at - self.went[word] - here.count_ones()
    }
}

impl Live {
    /// Lets history go, where there is much of it and no merge under way: what a merge was given has the old numbers.
    pub(super) fn let_history_go(&mut self) {
        let much = self.merges.rows.max(self.ledger.reports.len() / SHARE);
        if self.merging.is_some() || self.history.len() <= much {
            return;
        }
        let renumbered = Renumbered::new(std::mem::take(&mut self.history), self.ledger.reports.len());
        self.groups.renumber(&renumbered);
        self.rows.renumber(&renumbered);
        self.places.renumber(&renumbered);
        if let Some(links) = &mut self.links {
            links.renumber(&renumbered);
        }
        let new = |at: usize| renumbered.number(number(at)) as usize;
        self.unmatched = self.unmatched.iter().map(|&at| new(at)).collect();
        self.taken_back = self.taken_back.iter().map(|&(a, b)| (new(a), new(b))).collect();
        self.ledger.reports.keep(|at| renumbered.stays(at));
        self.stale = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_others_are_numbered_in_their_order_without_gaps() {
        let gone = [0, 3, 63, 64, 65, 127, 128, 200];
        let renumbered = Renumbered::new(gone, 201);
        let mut next = 0;
        for at in 0..201_u32 {
            assert_eq!(renumbered.stays(at as usize), !gone.contains(&at), "{at}");
            assert_eq!(renumbered.number(at), next, "{at}");
            next += u32::from(!gone.contains(&at));
        }
    }
}
