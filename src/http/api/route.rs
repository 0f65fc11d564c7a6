//! What the table of routes is made of.

use super::super::query;
use super::super::tiles::{FORM, QML};
use crate::encode::mvt::MEDIA;
use crate::engine::params::choosing::SNAPSHOT;
use crate::engine::params::table::{Kind, OFFSET, Operation, Param};

/// One method of one path.
pub(in crate::http) struct Route {
    /// `get`, `post` or `delete`.
    pub(in crate::http) method: &'static str,
    /// The path as the router has it.
    pub(in crate::http) at: &'static str,
    /// The path as clients write it, where the router cannot: an ending behind a parameter.
    pub(in crate::http) path: &'static str,
    /// A name that no other has.
    pub(in crate::http) id: &'static str,
    /// What it gives.
    pub(in crate::http) help: &'static str,
    /// What its query may have.
    pub(in crate::http) asks: Asks,
    /// What it answers when all goes well: status, media types and the name of their schema in `schemas.rs`.
    pub(in crate::http) gives: &'static [(u16, &'static [&'static str], &'static str)],
    /// What it takes: media types and the name of their schema.
    pub(in crate::http) takes: Option<(&'static [&'static str], &'static str)>,
}

/// What a query may have.
#[derive(Clone, Copy)]
pub(in crate::http) enum Asks {
    /// These and no more.
    These(&'static [Param]),
    /// What the collection of the path takes; the document has a path for each.
    Collection,
    /// What the collection of the path takes as a whole, without pages; the document has a path for each.
    Whole,
    /// What makes the layer of the collection, and what one feature of it takes.
    Feature,
    /// What an operation takes, without pages.
    Operation(&'static Operation),
    /// The same with the form of the answer.
    OperationAs(&'static Operation, &'static Param),
    /// Nothing; the document has a path for each process.
    Process,
    /// What the layer of the path takes as tiles, without pages; the document has a path for each.
    Layer,
    /// What the collection of the path takes, without pages; the document has a path for each.
    Legend,
}

/// Parameters that clients add to every address. They are taken and mean nothing here.
const EXTRAS: [Param; 3] = [
    extra("api_key", "Key that some clients add to every address; nothing is asked of it here"),
    extra("token", "Token that ArcGIS adds to every address; nothing is asked of it here"),
    extra("_", "Number with which some clients get around caches; it changes nothing"),
];

/// Whether a name is one of them.
pub(in crate::http) fn is_extra(name: &str) -> bool {
    EXTRAS.iter().any(|extra| extra.wire == name)
}

const fn extra(wire: &'static str, help: &'static str) -> Param {
    Param { flag: "", wire, kind: Kind::Text, default: "none", help, example: "1" }
}

/// The other name of `offset`.
pub(in crate::http) const STARTINDEX: Param = Param {
    wire: "startindex",
    help: "The same as offset, for clients that know it by this name; give one of them",
    ..OFFSET
};

/// The form of an answer that is also a page.
pub(super) const F: Param = Param {
    flag: "",
    wire: "f",
    kind: Kind::Word(&super::super::accept::FORMS),
    default: "what the client accepts",
    help: "Form of the answer, whatever the client accepts",
    example: "json",
};

/// The form of a page that is no document.
pub(super) const PAGE_FORM: Param = one_form(&["html"]);

/// The form of a style of QGIS.
const QML_FORM: Param = one_form(&["qml"]);

const fn one_form(words: &'static [&'static str]) -> Param {
    Param { kind: Kind::Word(words), default: words[0], help: "Form of the answer", example: words[0], ..F }
}

impl Route {
    /// The form of what comes of the layer in its path.
    fn form(&self) -> &'static Param {
        let gives = |one: &str| self.gives.iter().any(|(_, media, _)| media.contains(&one));
        match () {
            () if gives(MEDIA) => &FORM,
            () if gives(QML) => &QML_FORM,
            () => &F,
        }
    }

    /// Whether its JSON is also had as a page that is made of the JSON.
    pub(in crate::http) fn has_plain_page(&self) -> bool {
        let pages = |param: &&Param| matches!(param.kind, Kind::Word(words) if words.contains(&"html"));
        let own = matches!(self.asks, Asks::Collection | Asks::Whole | Asks::Feature);
        !own && self.method == "get" && self.params(None).iter().any(|p| p.wire == F.wire && pages(p))
    }

    /// Parameters of a query on this route, for the collection of the path where it has one.
    pub(super) fn params(&self, collection: Option<&Operation>) -> Vec<&'static Param> {
        let mut params: Vec<&'static Param> = match self.asks {
            Asks::These(params) => params.iter().collect(),
            Asks::Whole => collection.into_iter().flat_map(query::params_of_whole).collect(),
            Asks::Feature => collection.into_iter().flat_map(query::params_of_one).collect(),
            Asks::Operation(operation) => operation.params.iter().collect(),
            Asks::OperationAs(operation, form) => operation.params.iter().chain([form]).collect(),
            Asks::Process if self.method == "get" => vec![&F],
            Asks::Process => Vec::new(),
            Asks::Layer | Asks::Legend => {
                let own = collection.into_iter().flat_map(|operation| operation.params);
                own.chain([&SNAPSHOT, self.form()]).collect()
            }
            Asks::Collection => {
                let mut all: Vec<&'static Param> = collection.into_iter().flat_map(query::params).collect();
                if all.iter().any(|param| param.wire == OFFSET.wire) {
                    all.push(&STARTINDEX);
                }
                all
            }
        };
        params.extend(&EXTRAS);
        params
    }
}
