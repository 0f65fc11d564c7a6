//! The part of the table that every collection over HTTP has beside its page: which features, in which order, CRS and fields.

use super::table::{Kind, Param};

const fn text(wire: &'static str, default: &'static str, help: &'static str, example: &'static str) -> Param {
    Param { flag: wire, wire, kind: Kind::Text, default, help, example }
}

/// A condition on features.
pub const FILTER: Param = text(
    "filter",
    "all features",
    "Features for which this condition holds, as CQL2 text over what `queryables` lists",
    "rank <= 10 AND name LIKE '%Main%'",
);

/// Its language.
pub const FILTER_LANG: Param = Param {
    flag: "filter-lang",
    wire: "filter-lang",
    kind: Kind::Word(&["cql2-text"]),
    default: "cql2-text",
    help: "Language of the filter",
    example: "cql2-text",
};

/// The CRS of its shapes.
pub const FILTER_CRS: Param = text(
    "filter-crs",
    "longitude and latitude",
    "CRS of the shapes in the filter, by a URI of the collection's list",
    "http://www.opengis.net/def/crs/EPSG/0/3857",
);

/// Order of features.
pub const SORTBY: Param = text(
    "sortby",
    "the order of the layer",
    "Fields to sort by, the first decides; with a minus before it the largest comes first, and what is not known last",
    "-incidents,name",
);

/// Fields of features.
pub const PROPERTIES: Param = text(
    "properties",
    "all of them",
    "Fields that features come with; id and shape always stay",
    "rank,name",
);

/// CRS of shapes that come.
pub const CRS: Param = text(
    "crs",
    "longitude and latitude",
    "CRS of the shapes in the answer, by a URI of the collection's list",
    "http://www.opengis.net/def/crs/EPSG/0/3857",
);

/// CRS of the box.
pub const BBOX_CRS: Param = text(
    "bbox-crs",
    "longitude and latitude",
    "CRS of `bbox`, by a URI of the collection's list; its axes have the order of the CRS",
    "http://www.opengis.net/def/crs/EPSG/0/3857",
);

/// State to read on in.
pub const SNAPSHOT: Param = text(
    "snapshot",
    "the newest",
    "State of the data by its name, as links to a next page, /readyz and /events have it: with it all pages and tiles are of one state; 410 when it is no longer kept",
    "1f-3",
);

/// All of them.
pub const CHOOSING: [Param; 8] =
    [FILTER, FILTER_LANG, FILTER_CRS, SORTBY, PROPERTIES, CRS, BBOX_CRS, SNAPSHOT];

/// A field as a parameter, with the features that have exactly this value.
#[must_use]
pub const fn equality(name: &'static str, kind: Kind, help: &'static str) -> Param {
    Param { flag: name, wire: name, kind, default: "any", help, example: "" }
}
