//! The part of the table that says in which form features go out.

use super::table::{Kind, Param};

/// Form of the features.
pub const F: Param = Param {
    flag: "format",
    wire: "f",
    kind: Kind::Word(&[
        "json",
        "geojson",
        "geojsonseq",
        "ndjson",
        "csv",
        "csv-excel",
        "fgb",
        "gpkg",
        "parquet",
        "html",
    ]),
    default: "what the client accepts, else geojson",
    help: "Form of the features; `items.csv` and its like say the same",
    example: "csv",
};

/// Form of one feature.
pub const F_OF_ONE: Param = Param {
    kind: Kind::Word(&["json", "geojson", "html"]),
    help: "Form of the feature",
    example: "html",
    ..F
};

/// A mark for Excel.
pub const BOM: Param = Param {
    flag: "bom",
    wire: "bom",
    kind: Kind::Word(&["true", "false"]),
    default: "false",
    help: "Whether CSV is for Excel, with a byte order mark: else it takes no text for UTF-8",
    example: "true",
};

/// Parameters of the form, over HTTP.
pub const FORM: [Param; 2] = [F, BOM];
