//! Sources, classes and files of a batch have numbers of their own; the store has its own for them.

use super::redo::Redo;
use super::tables::Tables;
use crate::model::class::ClassId;
use crate::model::reports::Ledger;
use crate::store::error::StoreError;

/// The store's numbers for those of one ledger, made when first needed.
#[derive(Debug)]
pub(super) struct Numbers {
    sources: Vec<Option<u16>>,
    /// With the store's source: a class of two sources is two classes.
    classes: Vec<Option<(u16, ClassId)>>,
    files: Vec<Option<u16>>,
}

impl Numbers {
    pub(super) fn of(ledger: &Ledger) -> Self {
        Self {
            sources: vec![None; ledger.sources.len()],
            classes: vec![None; ledger.classes.rows().len()],
            files: vec![None; ledger.files.len()],
        }
    }

    pub(super) fn source(
        &mut self,
        redo: &mut Redo,
        tables: &mut Tables,
        ledger: &Ledger,
        of: u16,
    ) -> Result<u16, StoreError> {
        let known = &mut self.sources[usize::from(of)];
        if let Some(known) = *known {
            return Ok(known);
        }
        let number = tables.source(redo, &ledger.sources[usize::from(of)])?;
        *known = Some(number);
        Ok(number)
    }

    pub(super) fn class(
        &mut self,
        redo: &mut Redo,
        tables: &mut Tables,
        ledger: &Ledger,
        source: u16,
        of: ClassId,
    ) -> Result<ClassId, StoreError> {
        let known = &mut self.classes[usize::from(of.0)];
        if let Some((_, known)) = known.filter(|(of, _)| *of == source) {
            return Ok(known);
        }
        let class = ledger.classes.get(of);
        if let Some(there) = tables.classes.find(source, &class.code) {
            *known = Some((source, there));
            return Ok(there);
        }
        let mut class = class.clone();
        // Its category by name, since the batch may have been read with another tree.
        let name = class.category.map(|at| ledger.classes.tree().rows()[at].name.as_str());
        class.category = name.and_then(|name| tables.classes.tree().position(name));
        let number = tables.class(redo, source, &class)?;
        *known = Some((source, number));
        Ok(number)
    }

    pub(super) fn file(
        &mut self,
        redo: &mut Redo,
        tables: &mut Tables,
        ledger: &Ledger,
        of: u16,
    ) -> Result<u16, StoreError> {
        let Some(known) = self.files.get_mut(usize::from(of)) else { return Ok(u16::MAX) };
        if let Some(known) = *known {
            return Ok(known);
        }
        let number = tables.file(redo, &ledger.files[usize::from(of)])?;
        *known = Some(number);
        Ok(number)
    }
}
