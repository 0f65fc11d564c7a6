//! What a file is: by the bytes it begins with, then by its ending, then by its first sign.

use encoding_rs::Encoding;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma, semicolon, tab or bar separated text.
    Csv,
    /// RFC 7946, or older with a `crs`.
    GeoJson,
    /// A feature or object a line, or a text sequence of RFC 8142.
    GeoJsonLines,
    /// `.shp` with `.dbf`, `.prj` beside it.
    Shapefile,
    /// OGC `GeoPackage`.
    GeoPackage,
    /// `FlatGeobuf`.
    FlatGeobuf,
    /// Parquet, with or without the metadata of `GeoParquet`.
    GeoParquet,
}

impl Format {
    /// Its name, as a person would say it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "separated text",
            Self::GeoJson => "GeoJSON",
            Self::GeoJsonLines => "GeoJSON by lines",
            Self::Shapefile => "shapefile",
            Self::GeoPackage => "GeoPackage",
            Self::FlatGeobuf => "FlatGeobuf",
            Self::GeoParquet => "Parquet",
        }
    }

    /// Whether it is text, which may be in UTF-16.
    #[must_use]
    pub fn is_text(self) -> bool {
        matches!(self, Self::Csv | Self::GeoJson | Self::GeoJsonLines)
    }
}

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packed {
    Plain,
    Gzip,
    Zip,
}

/// How a file is packed, by its first bytes.
pub(super) fn packed(prefix: &[u8]) -> Packed {
    match prefix {
        [0x1f, 0x8b, ..] => Packed::Gzip,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Packed::Zip,
        _ => Packed::Plain,
    }
}

/// The ending of a name in lower case; empty if there is none.
pub(super) fn ending(name: &str) -> String {
    let file = name.rsplit(['/', '\\']).next().unwrap_or_default();
    file.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default()
}

/// What an ending promises.
pub(super) fn by_ending(ending: &str) -> Option<Format> {
    Some(match ending {
        "csv" | "tsv" | "txt" => Format::Csv,
        "geojson" | "json" => Format::GeoJson,
        "geojsonl" | "geojsons" | "geojsonseq" | "ndjson" | "jsonl" => Format::GeoJsonLines,
        "shp" => Format::Shapefile,
        "gpkg" => Format::GeoPackage,
        "fgb" => Format::FlatGeobuf,
        "parquet" | "geoparquet" => Format::GeoParquet,
        _ => return None,
    })
}

/// Whether a name has an ending that no file has that is read here.
pub(super) fn promises_nothing(name: &str) -> bool {
    let ending = ending(name);
    by_ending(&ending).is_none() && !["", "gz", "zip", "shz"].contains(&ending.as_str())
}

/// What a file is, by its first bytes and its ending; `None` if neither tells.
pub(super) fn format(prefix: &[u8], ending: &str) -> Option<Format> {
    if prefix.starts_with(b"SQLite format 3\0") {
        return Some(Format::GeoPackage);
    }
    if prefix.starts_with(b"PAR1") {
        return Some(Format::GeoParquet);
    }
    if prefix.starts_with(b"fgb") && prefix.get(4..7) == Some(b"fgb") {
        return Some(Format::FlatGeobuf);
    }
    if prefix.starts_with(&[0, 0, 0x27, 0x0a]) && ending != "shx" {
        return Some(Format::Shapefile);
    }
    let promised = by_ending(ending);
    let json = json(prefix);
    match promised {
        Some(Format::Csv) => Some(json.unwrap_or(Format::Csv)),
        Some(Format::GeoJson) if json == Some(Format::GeoJsonLines) => json,
        Some(known) => Some(known),
        // The parts of a shapefile are no file to read by themselves, nor is what holds no text.
        None if ["shx", "dbf", "prj", "cpg"].contains(&ending) => None,
        None if json.is_some() => json,
        None if !prefix.is_empty() && (!prefix.contains(&0) || Encoding::for_bom(prefix).is_some()) => {
            Some(Format::Csv)
        }
        None => None,
    }
}

/// JSON by its first signs: an object, a list of objects or the record separator of RFC 8142.
fn json(prefix: &[u8]) -> Option<Format> {
    let text = match Encoding::for_bom(prefix) {
        Some((encoding, length)) => encoding.decode_without_bom_handling(&prefix[length..]).0,
        None => String::from_utf8_lossy(prefix),
    };
    let mut signs = text.chars().filter(|c| !c.is_whitespace());
    match (signs.next(), signs.next()) {
        (Some('\u{1e}'), _) => Some(Format::GeoJsonLines),
        (Some('{'), Some('"')) | (Some('['), Some('{')) => Some(Format::GeoJson),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_come_before_the_ending_and_the_ending_before_the_first_sign() {
        for (prefix, ending, expected) in [
            (&b"SQLite format 3\0"[..], "csv", Some(Format::GeoPackage)),
            (b"PAR1", "", Some(Format::GeoParquet)),
            (b"fgb\x03fgb\x01", "dat", Some(Format::FlatGeobuf)),
            (&[0, 0, 0x27, 0x0a], "shp", Some(Format::Shapefile)),
            (&[0, 0, 0x27, 0x0a], "shx", None),
            (b" {\"type\":", "csv", Some(Format::GeoJson)),
            (b"\xff\xfe{\0\"\0", "txt", Some(Format::GeoJson)),
            (b"\x1e{\"type\"", "json", Some(Format::GeoJsonLines)),
            (b"{\"a\":1}", "ndjson", Some(Format::GeoJsonLines)),
            (b"a,b\n", "json", Some(Format::GeoJson)),
            (b"a,b\n", "export", Some(Format::Csv)),
            (b"\x89PNG\0\0", "png", None),
            (b"", "xyz", None),
        ] {
            assert_eq!(format(prefix, ending), expected, "{ending}: {prefix:?}");
        }
    }
}
