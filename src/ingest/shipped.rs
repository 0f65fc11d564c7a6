//! The files of `data/` inside the binary: layouts, crosswalks, the category tree, the sample.

use std::borrow::Cow;

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "data"]
struct Data;

/// A file of `data/` by its path there; `None` if the binary ships no such file.
#[must_use]
pub fn file(path: &str) -> Option<Cow<'static, [u8]>> {
    Data::get(path).map(|file| file.data)
}

/// A text file of `data/`, which the binary is known to ship.
pub(crate) fn text(path: &str) -> String {
    let bytes = file(path).expect("named in the sources and present in data/");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Paths under a folder of `data/`, sorted.
pub(crate) fn under(folder: &str) -> Vec<String> {
    let mut paths: Vec<String> =
        Data::iter().filter(|path| path.starts_with(folder)).map(Cow::into_owned).collect();
    paths.sort();
    paths
}
