//! How incident files are to be read, beside what they say themselves.

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
