//! Which data an answer is of: a number that follows from all that a snapshot holds, and from nothing else.

use std::fmt::{self, Write};
use std::hash::{DefaultHasher, Hash, Hasher};

use rayon::prelude::*;

use super::snapshot::Snapshot;
use crate::model::dataset::Dataset;

/// Two hashes at once, so that no two states have the same by chance.
#[derive(Clone)]
struct Twice([DefaultHasher; 2]);

impl Twice {
    fn new() -> Self {
        let mut both = Self([DefaultHasher::new(), DefaultHasher::new()]);
        1_u8.hash(&mut both.0[1]);
        both
    }

    fn add(&mut self, value: impl Hash) {
        self.0.iter_mut().for_each(|hasher| value.hash(hasher));
    }

    fn hex(&self) -> String {
        format!("{:016x}{:016x}", self.0[0].finish(), self.0[1].finish())
    }
}

impl Write for Twice {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.iter_mut().for_each(|hasher| hasher.write(text.as_bytes()));
        Ok(())
    }
}

/// Incidents that one core reads at a time. A constant: the parts are part of the answer.
const PART: usize = 1 << 14;

/// 32 hexadecimal digits that are the same for the same text, in every run of one build.
#[must_use]
pub fn digest(text: &str) -> String {
    let mut both = Twice::new();
    both.add(text);
    both.hex()
}

impl Snapshot {
    /// What its answers follow from, as 32 hexadecimal digits: incidents, blocks, areas, classes and the rest, but neither
    /// its generation nor any clock. The same files give the same in every run of one build. Time O(n).
    #[must_use]
    pub fn identity(&self) -> String {
        let data = self.dataset();
        let mut both = Twice::new();
        // In the order of their places, so that it is the same whatever came when.
        let standing: Vec<usize> = data.incidents.standing().collect();
        let parts: Vec<String> = standing.par_chunks(PART).map(|part| incidents(data, part)).collect();
        both.add(&parts);
        // What is small is told through its own text, whole: a field that comes to it later is told as well.
        let told = write!(
            both,
            "{:?}{:?}{}{:?}{:?}{:?}{:?}{:?}{:?}",
            data.title,
            data.notice,
            data.crs,
            data.block_set,
            data.placing,
            data.held_places,
            data.link_rule,
            data.horizons,
            data.areas,
        );
        let more = write!(
            both,
            "{:?}{:?}{:?}{:?}{:?}{:?}",
            data.context,
            data.harm,
            data.study_area,
            data.classes.tree(),
            data.classes.rows(),
            self.outreach(),
        );
        told.and(more).expect("a hash takes every text");
        for source in &data.sources {
            both.add((&source.name, source.unit.word(), source.feed.word(), source.zone.iana_name()));
            both.add(&source.anonymised);
        }
        both.hex()
    }
}

/// The columns of some incidents, with their blocks and whether they are held.
fn incidents(data: &Dataset, part: &[usize]) -> String {
    let mut both = Twice::new();
    let all = &data.incidents;
    for &at in part {
        let when = all.when(at);
        both.add((all.source(at), all.id(at), when.from, when.seconds, when.precision.word()));
        all.classes(at).for_each(|class| both.add(class));
        both.add((all.reports(at), all.located(at).word(), all.origin(at) as u8, all.status(at) as u8));
        both.add(all.mercator(at).or(all.elsewhere(at)).map(|place| (place.x, place.y)));
        both.add((all.address(at), all.at_intersection(at), data.held[at]));
        data.assignment.shares(at).for_each(|(block, share)| both.add((block, share.0)));
    }
    both.hex()
}
