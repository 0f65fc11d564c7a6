//! What was acknowledged is kept: reports in batches, what they lie on, and a way to have all of it again.
//!
//! Everything above asks the [`Store`] trait; SQL is in `sqlite/` alone. A store is a set of reports: the same report again
//! changes nothing, of one id the highest revision stands, so the order in which batches come does not matter.

mod bytes;
pub mod error;
pub mod gather;
mod index;
pub(crate) mod room;
mod row_key;
mod segment;
pub mod setting;
mod shapes;
pub mod sqlite;
pub mod watched;

use std::collections::BTreeMap;
use std::path::Path;

use crate::model::cutoff::{Cutoffs, Gone};
use crate::model::reports::{Ledger, Reports};
use error::StoreError;
use setting::Setting;
use watched::Watched;

/// What comes at once and is taken whole or not at all: a file, a request, one alert.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The reports, with tables of their own.
    pub ledger: Ledger,
    /// A word by which its sender knows it again: `Idempotency-Key`.
    pub key: Option<String>,
    /// SHA-256 of the bytes as they came.
    pub digest: Option<[u8; 32]>,
    /// What the sender calls it: a file's name.
    pub name: String,
    /// Whether nothing of it is to be taken where a part is too old: its receipt then has those alone, and it is not remembered.
    pub strict: bool,
}

/// What became of a batch: `read = new + known + revised + superseded + withdrawn + expired` always holds.
#[derive(Clone, Debug, Default)]
pub struct Receipt {
    /// The store's revision after it.
    pub revision: u64,
    /// Reports that it has.
    pub read: usize,
    /// Reports that were not there.
    pub new: usize,
    /// Reports that were there already.
    pub known: usize,
    /// Reports of a higher revision than what stood.
    pub revised: usize,
    /// Reports of a lower revision than what stands: kept, and nothing follows from them.
    pub superseded: usize,
    /// Reports that take back what stood.
    pub withdrawn: usize,
    /// Reports of incidents that are too old to be kept: refused, and nothing of them is in the store.
    pub expired: usize,
    /// The reports that the store did not have, with the batch's own tables: what a live engine applies.
    pub accepted: Ledger,
    /// Whether the same batch came before, by its key or its bytes: nothing was done, and the counts are those of then.
    pub repeated: bool,
    /// The name under which it came before.
    pub before: Option<String>,
    /// Whether its key came before with other reports: nothing was done.
    pub conflict: bool,
}

/// What was forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// Reports that are gone.
    pub reports: usize,
    /// The store's revision after it.
    pub revision: u64,
}

/// What went since it was too old to be kept.
#[derive(Clone, Debug, Default)]
pub struct Expired {
    /// Reports that are gone.
    pub reports: usize,
    /// Incidents that are gone, by source.
    pub incidents: BTreeMap<String, usize>,
    /// Which they are, for whoever has reports elsewhere.
    pub gone: Gone,
    /// The store's revision after it.
    pub revision: u64,
    /// Whether readers kept the log from being emptied: what is gone from the file still lies there, and it is to be asked again.
    pub held: bool,
}

/// What a look at everything found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The store's revision.
    pub revision: u64,
    /// Reports in it.
    pub reports: usize,
    /// Parts in which they lie, each with a checksum that held.
    pub parts: usize,
    /// The content hash.
    pub content: [u8; 32],
    /// Kept places that are not as they were written, by what they are called. Nothing is lost by that: they are made anew.
    pub damaged_places: Vec<String>,
}

/// What kept places follow from beside the reports: whoever makes them says by it what it made them of.
pub type PlacesKey = [u8; 32];

/// Where reports are kept.
///
/// A shared one (PostgreSQL, say) has to give: one transaction a call of [`Store::append`] that is durable when it returns; revisions
/// that rise with every change and that readers see in order; one writer at a time; checksums that are looked at on the way back.
pub trait Store: Send + Sync {
    /// Takes batches, all in one transaction that is on the disk when this returns. A receipt each.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then nothing of any batch was taken.
    fn append(&self, batches: Vec<Batch>) -> Result<Vec<Receipt>, StoreError>;

    /// The reports that came after a revision, in order and in parts that share one numbering; tells the newest revision.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] where a checksum does not hold: no wrong report is ever handed out.
    fn replay(&self, after: u64, take: &mut dyn FnMut(Ledger)) -> Result<u64, StoreError>;

    /// Forgets every report of an id, so that its bytes are in no file of the store.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unknown`] if there is none.
    fn forget(&self, source: &str, external_id: &str) -> Result<Forgotten, StoreError>;

    /// Forgets every incident that ended before its source's day, with all its reports, and takes none of them again from now on:
    /// no such day ever becomes earlier. Each transaction is small; after a stop between two of them the next call goes on.
    ///
    /// An incident ended when what stands of it did. `whole` as in [`Cutoffs::raise`].
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then some of it may be gone already, and the rest stands as it stood.
    fn forget_before(&self, cutoffs: &Cutoffs, whole: bool) -> Result<Expired, StoreError>;

    /// Keeps what rules found beside what is kept already: of findings the newest, of each rule, source and receiver what is told last.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then nothing of it was kept.
    fn keep_watched(&self, some: &Watched) -> Result<(), StoreError>;

    /// All that is kept of what rules found.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] where a checksum does not hold.
    fn watched(&self) -> Result<Watched, StoreError>;

    /// The number of the newest change.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be read.
    fn revision(&self) -> Result<u64, StoreError>;

    /// What incidents are laid on, and how.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be read or is damaged.
    fn setting(&self) -> Result<Setting, StoreError>;

    /// A number of 32 bytes that two stores share if and only if they have the same reports, in whatever order they came.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if they cannot be read.
    fn content_hash(&self) -> Result<[u8; 32], StoreError>;

    /// Looks at every byte that is kept.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] naming the first that is not as it was written.
    fn verify(&self) -> Result<Verified, StoreError>;

    /// Hands out the places that are kept under a key: of every segment, in the order of [`Store::replay`], how many reports it has
    /// and the bytes that were kept, or nothing. Nothing at all where the store is not at this revision any more.
    ///
    /// Tells by name what is not as it was written, for which nothing is handed out.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if they cannot be read; whoever asks goes without them.
    fn places(
        &self,
        key: &PlacesKey,
        revision: u64,
        take: &mut dyn FnMut(usize, Option<&[u8]>),
    ) -> Result<Vec<String>, StoreError>;

    /// Keeps what `make` makes of the reports of one segment, the first after a number that has nothing whole under this key; what
    /// it has under another key goes. They go with their segment when anything of it is forgotten. Tells the segment's number;
    /// `None` where none is left.
    ///
    /// Who appends meanwhile waits until the bytes of this one segment are written, and no longer but where another process writes too.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then nothing was kept.
    fn keep_places(
        &self,
        key: &PlacesKey,
        after: u64,
        make: &mut (dyn FnMut(&Reports) -> Vec<u8> + Send),
    ) -> Result<Option<u64>, StoreError>;

    /// Writes a copy to a new file while others write; tells the revision that it has. Kept places come along.
    ///
    /// # Errors
    ///
    /// [`StoreError::Present`] if a file is there; the disk's errors.
    fn backup(&self, to: &Path) -> Result<u64, StoreError>;
}

/// All reports of a store in one ledger.
///
/// # Errors
///
/// As [`Store::replay`].
pub fn ledger(store: &dyn Store) -> Result<(Ledger, u64), StoreError> {
    let mut all = Ledger::default();
    let revision = store.replay(0, &mut |part| {
        let Ledger { sources, files, classes, reports } = part;
        (all.sources, all.files, all.classes) = (sources, files, classes);
        all.reports.join(reports);
    })?;
    Ok((all, revision))
}
