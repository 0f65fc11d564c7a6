//! Parameters of the live feed, for the check, the document and the docs.

use crate::engine::params::table::{BBOX, Kind, OPERATIONS, Param};

const fn param(wire: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Param {
    Param { flag: "", wire, kind, default, help, example: default }
}

/// Where rules and silent sources are told; there is no collection of that name.
pub(super) const RULES: &str = "rules";

/// Whose changes can be heard: every collection, and rules.
const HEARD: [&str; OPERATIONS.len() + 1] = {
    let mut heard = [RULES; OPERATIONS.len() + 1];
    let mut at = 0;
    while at < OPERATIONS.len() {
        heard[at] = OPERATIONS[at].collection;
        at += 1;
    }
    heard
};

const TRUTH: Kind = Kind::Word(&["true", "false"]);

/// What a file of incidents is read with.
pub(in crate::http) const INGEST: [Param; 4] = [
    Param {
        example: "lonlat",
        ..param(
            "layout",
            Kind::Text,
            "the one that fits the header",
            "Name of a layout that ships: which column means what",
        )
    },
    Param {
        example: "EPSG:4326",
        ..param(
            "crs",
            Kind::Text,
            "the file's, else its layout's",
            "Coordinate reference system of a file that names none",
        )
    },
    param("dry_run", TRUTH, "false", "Reads the file and tells what is understood of it; stores nothing"),
    param("strict", TRUTH, "false", "Refuses the whole file, with 422, if any row cannot be used"),
];

/// What a client of events asks for.
pub(in crate::http) const EVENTS: [Param; 2] = [
    Param {
        example: "incidents,blocks",
        ..param("collections", Kind::Words(&HEARD), "all", "Collections whose changes are told, and `rules`")
    },
    Param { help: "Only what happens in the box west,south,east,north in degrees, or everywhere", ..BBOX },
];
