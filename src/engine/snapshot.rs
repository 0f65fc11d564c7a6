//! An immutable state of everything, and the answers that follow from it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use geo::{BoundingRect, Rect};
use jiff::civil::Date;

use super::by_block::ByBlock;
use super::extents::Extents;
use super::hours::TimePiles;
use super::memo::Kept;
use super::query::{Query, Selection, Tally};
use crate::aggregate::addresses::{Addresses, Forms, FormsRead, addresses};
use crate::aggregate::categories::by_category;
use crate::aggregate::counts::{Count, count};
use crate::index::incidents::IncidentIndex;
use crate::model::block::BlockId;
use crate::model::class::UnknownCategory;
use crate::model::dataset::Dataset;
use crate::model::exposure::observed_days;
use crate::plan::outreach::check::{RegisterError, check, check_blocks};
use crate::plan::outreach::register::Register;
use crate::rank::order::{Ranked, rank};
use crate::space::coord::Local;

/// A data set with its indexes under a generation number.
#[derive(Debug)]
pub struct Snapshot {
    dataset: Dataset,
    pub(super) index: IncidentIndex,
    generation: u64,
    categories: Vec<usize>,
    dates: Option<(Date, Date)>,
    coverage: Vec<(Date, Date)>,
    /// Read when first asked for, those that another snapshot has read not again.
    forms: OnceLock<Forms>,
    forms_read: Arc<Mutex<FormsRead>>,
    /// Its own number among all snapshots of this run, under which answers of it are kept.
    pub(super) number: u64,
    /// What it and others of the same engine keep.
    pub(super) kept: Arc<Kept>,
    /// Read when first asked for.
    by_block: OnceLock<ByBlock>,
    /// Likewise.
    pub(super) piles: OnceLock<TimePiles>,
    /// Likewise.
    extents: OnceLock<Extents>,
    /// Likewise.
    block_boxes: OnceLock<Vec<Option<Rect>>>,
    /// The outreach list that the agency keeps, if there is one.
    outreach: Option<Arc<Register>>,
}

/// The number of the next snapshot.
static NUMBERS: AtomicU64 = AtomicU64::new(0);

/// Whether reviews can have made a list, and over these blocks.
pub(super) fn check_list(list: &Register, data: &Dataset) -> Result<(), RegisterError> {
    check(list)?;
    let set = &data.block_set;
    let names: HashMap<&str, &str> =
        set.blocks.iter().map(|block| (block.id.as_str(), block.name.as_str())).collect();
    check_blocks(list, (set.name, set.blocks.len()), |id| names.get(id).copied())
}

/// What a snapshot keeps beside its data set, and what follows from it.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) index: IncidentIndex,
    pub(super) categories: Vec<usize>,
    pub(super) dates: Option<(Date, Date)>,
    pub(super) coverage: Vec<(Date, Date)>,
    /// `None` where nobody has looked yet.
    pub(super) piles: Option<TimePiles>,
    /// What snapshots of one live engine have read of its addresses.
    pub(super) forms: Arc<Mutex<FormsRead>>,
    /// What they keep together.
    pub(super) kept: Arc<Kept>,
}

impl Snapshot {
    /// Indexes a data set.
    #[must_use]
    pub fn new(dataset: Dataset, generation: u64) -> Self {
        let incidents = &dataset.incidents;
        let place = |at: usize| incidents.local(at).filter(|_| !incidents.gone(at));
        let index = IncidentIndex::build((0..incidents.len()).map(place));
        let categories = by_category(incidents, &dataset.classes);
        let (dates, coverage) = (dataset.dates(), dataset.coverage());
        let known = Known {
            index,
            categories,
            dates,
            coverage,
            piles: None,
            forms: Arc::default(),
            kept: Arc::default(),
        };
        Self::known(dataset, known, generation)
    }

    /// The same where what follows from the data set is known already.
    pub(super) fn known(dataset: Dataset, known: Known, generation: u64) -> Self {
        let Known { index, categories, dates, coverage, piles, forms, kept } = known;
        Self {
            dataset,
            index,
            generation,
            categories,
            dates,
            coverage,
            forms: OnceLock::new(),
            forms_read: forms,
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            kept,
            by_block: OnceLock::new(),
            piles: piles.map_or_else(OnceLock::new, OnceLock::from),
            extents: OnceLock::new(),
            block_boxes: OnceLock::new(),
            outreach: None,
        }
    }

    /// The same with an outreach list over its blocks.
    ///
    /// # Errors
    ///
    /// [`RegisterError`] if no reviews can have made it, or not over these blocks.
    pub fn with_outreach(self, list: Register) -> Result<Self, RegisterError> {
        check_list(&list, &self.dataset)?;
        Ok(Self { outreach: Some(Arc::new(list)), ..self })
    }

    /// The same with a list that was checked over its blocks.
    pub(super) fn with_checked(self, outreach: Option<Arc<Register>>) -> Self {
        Self { outreach, ..self }
    }

    /// The outreach list that the agency keeps, if there is one.
    #[must_use]
    pub fn outreach(&self) -> Option<&Register> {
        self.outreach.as_deref()
    }

    /// Its number; a later state has a higher one.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// What it is made of.
    #[must_use]
    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// Makes a query ready.
    ///
    /// # Errors
    ///
    /// [`UnknownCategory`] if there is no such category here.
    pub fn select(&self, query: &Query) -> Result<Selection, UnknownCategory> {
        Selection::of(query, &self.dataset)
    }

    /// What became of the selected incidents.
    #[must_use]
    pub fn tally(&self, selection: &Selection) -> Tally {
        let made = || Tally::of(selection, &self.dataset, self.observed_from(), self.horizon());
        let kept = self.kept.tallies.get(self.number, selection.clone(), || Ok::<_, Infallible>(made()));
        kept.map_or_else(|never| match never {}, |tally| Tally::clone(&tally))
    }

    /// All blocks in the order of their incidents; held ones do not count.
    #[must_use]
    pub fn rank(&self, selection: &Selection) -> Vec<Ranked> {
        rank(&self.all_counts(selection))
    }

    /// How many addresses these incidents have in each of these blocks, and the share of the first; held ones do not count.
    pub(super) fn addresses_of(&self, counted: impl Fn(usize) -> bool, blocks: &[BlockId]) -> Vec<Addresses> {
        let data = &self.dataset;
        let of_block = |block| self.by_block().rows(block).filter(|&at| !data.held[at] && counted(at));
        addresses(of_block, &data.incidents, &data.assignment, self.forms(), blocks)
    }

    /// The incidents of each block; read when first asked for.
    pub(super) fn by_block(&self) -> &ByBlock {
        self.by_block.get_or_init(|| ByBlock::of(&self.dataset))
    }

    /// The standard form of every address; read when first asked for.
    pub(super) fn forms(&self) -> &Forms {
        self.forms.get_or_init(|| {
            let mut read = self.forms_read.lock().unwrap_or_else(PoisonError::into_inner);
            read.upto(self.dataset.incidents.addresses(), &self.dataset.words)
        })
    }

    /// Days of the period on which a source had data: the time that every block was observed.
    #[must_use]
    pub fn observed_days(&self, query: &Query) -> i64 {
        observed_days(query.period, &self.coverage)
    }

    /// First and last local date on which each source had data.
    pub(super) fn coverage(&self) -> &[(Date, Date)] {
        &self.coverage
    }

    /// The local date on which the data begin: of earlier incidents there are stragglers only.
    #[must_use]
    pub fn observed_from(&self) -> Option<Date> {
        self.coverage.iter().map(|(first, _)| *first).min()
    }

    /// The local dates for which the data are: from the first observed one to the last that is complete. A stray date
    /// years before is none of them.
    #[must_use]
    pub fn observed(&self) -> Option<(Date, Date)> {
        let (first, last) = self.dates?;
        let first = self.observed_from().unwrap_or(first);
        let last = self.complete_until().unwrap_or(last).min(last);
        Some((first, last)).filter(|(first, last)| first <= last).or(self.dates)
    }

    /// Incidents of every block that `also` holds for; held ones do not count.
    pub(super) fn counts(&self, selection: &Selection, also: impl Fn(usize) -> bool) -> Vec<Count> {
        let (data, incidents) = (&self.dataset, &self.dataset.incidents);
        let counted = (0..incidents.len())
            .filter(|&at| !data.held[at] && selection.has(data, at) && also(at))
            .map(|at| (at, incidents.when(at).from, incidents.reports(at)));
        count(counted, &data.assignment, data.block_set.blocks.len())
    }

    /// Selected incidents of each block that are held and therefore not in its rank.
    #[must_use]
    pub fn held(&self, selection: &Selection) -> HashMap<BlockId, usize> {
        let data = &self.dataset;
        let mut held = HashMap::new();
        for at in (0..data.held.len()).filter(|&at| data.held[at] && selection.has(data, at)) {
            if let Some(block) = data.assignment.main(at) {
                *held.entry(block).or_default() += 1;
            }
        }
        held
    }

    /// Incidents of each category by its place in the tree.
    #[must_use]
    pub fn categories(&self) -> &[usize] {
        &self.categories
    }

    /// First and last local date of all incidents.
    #[must_use]
    pub fn dates(&self) -> Option<(Date, Date)> {
        self.dates
    }

    /// The boxes around incidents, blocks and areas; found when first asked for.
    #[must_use]
    pub fn extents(&self) -> &Extents {
        self.extents.get_or_init(|| Extents::of(self))
    }

    /// The box in degrees around each block, `None` of one without a shape; found when first asked for, in O(vertices).
    #[must_use]
    pub fn block_boxes(&self) -> &[Option<Rect>] {
        let blocks = &self.dataset.block_set.blocks;
        self.block_boxes.get_or_init(|| blocks.iter().map(|block| block.lonlat.bounding_rect()).collect())
    }

    /// The last date until which the data are complete: the earliest horizon of their sources, else the last full month's end.
    #[must_use]
    pub fn complete_until(&self) -> Option<Date> {
        self.horizon().or_else(|| self.coverage.iter().map(|(_, last)| *last).max())
    }

    /// The earliest horizon of the sources that tell when they recorded.
    fn horizon(&self) -> Option<Date> {
        let horizons = self.dataset.horizons.iter().flatten();
        horizons.filter_map(|horizon| horizon.complete_until().date()).min()
    }

    /// Selected incidents that may be drawn: they have a place, are not held, and none of their classes
    /// is protected. An outline around one such incident would tell its place.
    pub(super) fn drawn(&self, selection: &Selection) -> impl Iterator<Item = (usize, Local)> + '_ {
        let data = &self.dataset;
        let selection = selection.clone();
        let standing = data.incidents.standing();
        standing
            .filter(move |&at| !data.held[at] && selection.has(data, at))
            .filter(|&at| !data.incidents.classes(at).any(|class| data.classes.get(class).flags.protected()))
            .filter_map(|at| Some((at, data.incidents.local(at)?)))
    }
}
