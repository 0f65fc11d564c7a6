//! How incident files are to be read, beside what they say themselves.

use crate::ingest::layout::{Layout, LayoutError};
use crate::model::category::CategoryTree;
use crate::space::crs::Crs;

/// How incident files are to be read, beside what they say themselves.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The name of the source; its layout's, unless given.
    pub source: Option<String>,
    /// CRS of files that do not name one themselves and whose layout does not either.
    pub crs: Option<Crs>,
    /// A layout of one's own, by file name and text; tried first.
    pub layout: Option<(String, String)>,
}

impl Options {
    /// The layout of one's own, made ready.
    pub(super) fn own_layout(&self, tree: &CategoryTree) -> Result<Option<Layout>, LayoutError> {
        self.layout.as_ref().map(|(file, text)| Layout::parse(file, text, tree)).transpose()
    }
}
