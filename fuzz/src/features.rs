//! Features of any bytes, in every format that has them: as they are, as incidents, as blocks and as areas.

use geo::CoordsIter;
use hotblocks::ingest::blocks::{self, Purpose, Shapes};
use hotblocks::ingest::formats::{self, FormatError};
use hotblocks::ingest::incidents::Options;
use hotblocks::ingest::input::Input;
use hotblocks::model::areas::AreaKind;

use super::{adds_up, bytes, incidents, speaks};

/// GeoJSON: the first byte says how it is packed and named.
pub fn geojson(data: &[u8]) {
    let [packing, text @ ..] = data else { return };
    let name = ["a.geojson", "a.geojsonl", "a.json", "a", "a.geojson.gz", "a.csv"][usize::from(packing % 6)];
    let packed = match packing / 6 % 8 {
        1 => bytes::gzip(text),
        2 => bytes::utf16(text),
        3 => bytes::zip(&[("inside.geojson", text)]),
        _ => text.to_vec(),
    };
    check(name, packed);
}

/// What a .prj may say. PROJ looks a text that it does not know up in all its tables, which takes it a tenth of a second:
/// the text of a .prj is mutated only where it begins with `raw:`.
const PRJ: [&str; 4] = [
    "EPSG:26996",
    "GEOGCS[\"GCS_North_American_1983\",DATUM[\"D_North_American_1983\",SPHEROID[\"GRS_1980\",6378137.0,298.257222101]],\
     PRIMEM[\"Greenwich\",0.0],UNIT[\"Degree\",0.0174532925199433]]",
    "ESRI:102696",
    "OGC:CRS84",
];

/// Shapefiles: the parts .shp, .dbf, .prj, .cpg with a line `==` between them, or an archive as it is.
pub fn shapefile(data: &[u8]) {
    if data.starts_with(b"PK") {
        return check("a.zip", data.to_vec());
    }
    let names = ["a.shp", "a.dbf", "a.prj", "a.cpg"];
    let mut files: Vec<(&str, &[u8])> = names.into_iter().zip(bytes::parts(data)).collect();
    if let Some((_, prj)) = files.get_mut(2) {
        *prj = match prj.strip_prefix(b"raw:") {
            Some(text) => text,
            None => PRJ[usize::from(prj.first().copied().unwrap_or_default()) % PRJ.len()].as_bytes(),
        };
    }
    check("a.zip", bytes::zip(&files));
}

/// FlatGeobuf.
pub fn flatgeobuf(data: &[u8]) {
    check("a.fgb", data.to_vec());
}

/// Parquet, with and without the metadata of GeoParquet.
pub fn parquet(data: &[u8]) {
    check("a.parquet", data.to_vec());
}

/// GeoPackage.
pub fn geopackage(data: &[u8]) {
    check("a.gpkg", data.to_vec());
}

/// A layout that fits every header.
const ANY: &str = include_str!("layouts/any.toml");

fn check(name: &str, packed: Vec<u8>) {
    let input = match Input::of(name, packed) {
        Ok(input) => input,
        Err(error) => return speaks(&error),
    };
    let seen = features(&input);
    let layout = Some(("own.toml".to_owned(), ANY.to_owned()));
    let read = incidents::check(&input, &Options { source: None, crs: None, layout });
    assert!(!read || seen.is_ok(), "what has no features has no incidents: {seen:?}");
    for purpose in [Purpose::Blocks, Purpose::Bounds { alleys: true }, Purpose::Areas(AreaKind::Neighborhood)]
    {
        shapes(&input, purpose);
    }
}

/// How many features there are, each with its number and as many fields as the header has names.
fn features(input: &Input) -> Result<u64, String> {
    if input.format == hotblocks::ingest::input::Format::Csv {
        return Ok(0);
    }
    let read = formats::read(
        input,
        |about| Ok::<_, FormatError>((0, about.header.len())),
        |(count, columns), feature| {
            *count += 1;
            match feature {
                Ok(feature) => {
                    assert_eq!(feature.number, *count, "features are numbered from 1");
                    assert_eq!(feature.fields.len(), *columns, "a field for every column");
                }
                Err(broken) => {
                    assert_eq!(broken.line, *count, "refused features are numbered too");
                    assert!(!broken.reason.is_empty(), "a refused feature has a reason");
                }
            }
        },
    );
    read.map(|(count, _)| count).map_err(|error| {
        speaks(&error);
        error.to_string()
    })
}

/// The shapes for a purpose are on the globe, and all are accounted for.
fn shapes(input: &Input, purpose: Purpose) {
    match blocks::read_for(input, None, purpose) {
        Err(error) => speaks(&error),
        Ok((shapes, account)) => {
            adds_up(&account, &input.name);
            let on_globe = |lon: f64, lat: f64| {
                assert!(lon.abs() <= 180.0 && lat.abs() <= 90.0, "{lon}, {lat} is no place on the globe");
            };
            match shapes {
                Shapes::Streets(streets) => {
                    for street in streets {
                        assert!(street.line.len() > 1, "a street has two ends");
                        street.line.iter().for_each(|at| on_globe(at.lon(), at.lat()));
                    }
                }
                Shapes::Areas(areas) => {
                    assert_eq!(areas.len(), account.kept, "every polygon that is kept is an area");
                    for area in areas {
                        area.shape.coords_iter().for_each(|at| on_globe(at.x, at.y));
                        let numbers = [area.residents.population, area.residents.households];
                        assert!(numbers.into_iter().flatten().all(|n| n.is_finite() && n >= 0.0));
                    }
                }
            }
        }
    }
}
