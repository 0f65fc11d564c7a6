//! CQL2 text to a condition: what OGC 21-065r2 calls basic CQL2, advanced comparisons and spatial intersection.
//!
//! Our own reader and not the crate `cql2`: a text comes from anyone, so its depth and size are bounded here before
//! anything recurses, its names and kinds are checked against the fields of a layer, and an error says where.

mod kinds;
mod parse;
mod shapes;
mod tokens;

pub use shapes::rectangle;

use super::fields::Field;
use super::filter::Expr;

/// Bytes of a filter at most.
pub const MOST_BYTES: usize = 16_384;

/// How deep parentheses and `NOT` may lie in each other.
pub const MOST_DEPTH: usize = 32;

/// Conditions and values of a filter at most.
pub const MOST_TERMS: usize = 1_000;

/// Fields that features are sorted by at most: more change no order that anybody sees.
pub const MOST_SORTS: usize = 20;

/// What a filter is read against.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The layer, for messages.
    pub layer: &'a str,
    /// Its fields.
    pub fields: &'a [Field],
    /// Brings two numbers of a shape to longitude and latitude; `None` if they are no place in their CRS.
    pub to_degrees: &'a dyn Fn(f64, f64) -> Option<(f64, f64)>,
    /// How many degrees a feature may lie from a shape and still touch it: 0, or that of places printed in another CRS.
    pub slack: f64,
}

/// Why a filter cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// It is too long.
    #[error("it has {given} bytes; give {MOST_BYTES} at most")]
    TooLong {
        /// Its length.
        given: usize,
    },
    /// Too many parentheses in each other.
    #[error("its parentheses and NOTs lie in each other more than {MOST_DEPTH} deep; write it flatter")]
    TooDeep,
    /// Too many conditions and values.
    #[error("it has more than {MOST_TERMS} conditions, values and corners; ask several times")]
    TooMany,
    /// Too many fields to sort by.
    #[error("it has {given} fields to sort by; give {MOST_SORTS} or fewer")]
    TooManySorts {
        /// How many.
        given: usize,
    },
    /// Something else should stand there.
    #[error("{found} stands at character {at}, where {wanted} should")]
    Unexpected {
        /// Character, from 1.
        at: usize,
        /// What stands there.
        found: String,
        /// What should.
        wanted: &'static str,
    },
    /// A quotation without an end.
    #[error(
        "the quotation that begins at character {at} does not end; a quote inside of one is written twice"
    )]
    Open {
        /// Character, from 1.
        at: usize,
    },
    /// A property that features of the layer do not have.
    #[error("`{name}` is no property of {layer}{}; there are {known}", near.as_ref().map_or_else(String::new, |near| format!(", did you mean `{near}`?")))]
    Unknown {
        /// What was given.
        name: String,
        /// The layer.
        layer: String,
        /// The nearest one.
        near: Option<String>,
        /// All of them.
        known: String,
    },
    /// A function that is not offered.
    #[error(
        "`{name}` is not offered; there are S_INTERSECTS, CASEI, DATE, TIMESTAMP and shapes such as BBOX, POINT and POLYGON"
    )]
    Function {
        /// What was given.
        name: String,
    },
    /// Two things that cannot be compared.
    #[error("{what}; {mend}")]
    Kinds {
        /// What was compared.
        what: String,
        /// How to write it.
        mend: String,
    },
    /// A shape that is none.
    #[error("the shape at character {at} cannot be used: {why}")]
    Shape {
        /// Character, from 1.
        at: usize,
        /// What is wrong.
        why: &'static str,
    },
}

/// Reads a filter.
///
/// # Errors
///
/// [`FilterError`], which says where and how to mend it.
///
/// # Examples
///
/// ```
/// use hotblocks::layer::cql2::{Scope, parse};
/// use hotblocks::layer::fields::ID;
/// let scope = Scope { layer: "things", fields: &[ID], to_degrees: &|x, y| Some((x, y)), slack: 0.0 };
/// assert!(parse("id LIKE 'a%' AND NOT S_INTERSECTS(geometry, BBOX(-90.3,38.6,-90.2,38.7))", scope).is_ok());
/// assert!(parse("ide = 'a'", scope).unwrap_err().to_string().contains("did you mean `id`"));
/// ```
pub fn parse(text: &str, scope: Scope<'_>) -> Result<Expr, FilterError> {
    if text.len() > MOST_BYTES {
        return Err(FilterError::TooLong { given: text.len() });
    }
    parse::parse(tokens::tokens(text)?, scope)
}

/// Refuses more fields to sort by than are taken.
pub(super) fn few_enough(text: &str) -> Result<(), FilterError> {
    let given = text.split(',').count();
    if given > MOST_SORTS { Err(FilterError::TooManySorts { given }) } else { Ok(()) }
}

/// Says that a layer has no such property, and which is nearest.
///
/// Only what can stand there is named: `fields` are those.
pub(super) fn unknown<'a>(
    name: &str,
    layer: &str,
    fields: impl IntoIterator<Item = &'a Field>,
    also: Option<&'static str>,
) -> FilterError {
    use crate::engine::params::nearest::nearest;
    let known: Vec<&str> = fields.into_iter().map(|field| field.name).chain(also).collect();
    let folded = known.iter().find(|known| known.eq_ignore_ascii_case(name)).copied();
    let near = folded.or_else(|| nearest(name, known.iter().copied())).map(str::to_owned);
    let name = name.chars().take(100).collect();
    FilterError::Unknown { name, layer: layer.to_owned(), near, known: known.join(", ") }
}
