//! All features of a block file at once: whether there is a line among them decides what the rest is.

use geo::Geometry;

use super::error::BlocksError;
use crate::ingest::formats;
use crate::ingest::input::Input;
use crate::ingest::table::{Broken, Header};
use crate::space::crs::Crs;

/// One shape with its attributes as text, in the order of the header.
#[derive(Debug)]
pub(super) struct Feature {
    /// Its number in the file, from 1.
    pub(super) number: u64,
    /// Its shape, in the CRS of the file.
    pub(super) shape: Geometry,
    /// Its attributes.
    pub(super) attributes: Attributes,
}

/// The attributes of a feature that are not empty, by column: thousands of columns of few values take no room.
#[derive(Debug)]
pub(super) struct Attributes(Vec<(usize, Box<str>)>);

impl Attributes {
    /// The text of a column without blanks around it; empty where there is none.
    pub(super) fn get(&self, column: usize) -> &str {
        let found = self.0.binary_search_by_key(&column, |(at, _)| *at);
        found.map_or("", |index| &self.0[index].1)
    }
}

impl<'a> FromIterator<&'a str> for Attributes {
    fn from_iter<I: IntoIterator<Item = &'a str>>(fields: I) -> Self {
        let filled = fields.into_iter().map(str::trim).enumerate().filter(|(_, text)| !text.is_empty());
        Self(filled.map(|(at, text)| (at, text.into())).collect())
    }
}

/// All shapes of a file; those that cannot be read keep their place.
#[derive(Debug)]
pub(super) struct Features {
    /// Names of the attributes.
    pub(super) header: Header,
    /// The CRS that the file itself names.
    pub(super) crs: Option<Crs>,
    /// The shapes.
    pub(super) rows: Vec<Result<Feature, Broken>>,
}

/// Reads all features of a file; one without a shape is no block.
pub(super) fn read(input: &Input) -> Result<Features, BlocksError> {
    formats::read(
        input,
        |about| Ok(Features { header: about.header.clone(), crs: about.crs.clone(), rows: Vec::new() }),
        |features, feature| {
            features.rows.push(feature.and_then(|feature| {
                let number = feature.number;
                let shape = feature.shape.ok_or_else(|| Broken::new(number, "no geometry"))?;
                let attributes = feature.fields.iter().copied().collect();
                Ok(Feature { number, shape, attributes })
            }));
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_of_empty_columns_take_no_room_in_a_feature() {
        let fields = std::iter::repeat_n("", 4000).chain([" Oak St ", "7"]);
        let attributes: Attributes = fields.collect();
        assert_eq!(attributes.0.len(), 2);
        assert_eq!([attributes.get(0), attributes.get(4000), attributes.get(4001)], ["", "Oak St", "7"]);
        assert_eq!(attributes.get(9999), "");
    }
}
