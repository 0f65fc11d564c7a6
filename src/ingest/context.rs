//! Files of places around blocks: points, lines or polygons with a name, or a table of coordinates, and nothing else of their rows.

use geo::{Coord, CoordsIter, Geometry, MapCoords, Point};

use super::csv::{self, CsvError};
use super::formats::{self, FormatError};
use super::input::{Format, Input};
use super::refused::{Account, Refused};
use super::shipped;
use super::table::{Broken, Header, Row};
use crate::model::context::ContextFeature;
use crate::space::crs::Crs;

/// Why a file of places cannot be used at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContextError {
    /// The file cannot be read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Nothing says which CRS the coordinates are in.
    #[error("`{file}` does not say which coordinate reference system it is in; give it with --crs")]
    NoCrs {
        /// The file.
        file: String,
    },
    /// The table cannot be read.
    #[error(transparent)]
    Csv(#[from] CsvError),
    /// A table of text without coordinates has no places.
    #[error(
        "`{file}` is a table without columns `longitude` and `latitude`, or `x` and `y`, so nothing in it has a place; its columns are: {columns}"
    )]
    NoColumns {
        /// The file.
        file: String,
        /// Its columns.
        columns: String,
    },
    /// No place that can be used.
    #[error("`{file}` has no usable place among its {read} shapes{because}")]
    Nothing {
        /// The file.
        file: String,
        /// How many shapes it has.
        read: usize,
        /// The commonest reason.
        because: String,
    },
}

/// Which column names a place.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Columns {
    name: String,
    longitude: String,
    latitude: String,
    x: String,
    y: String,
}

/// Longer names are cut: no sheet has room for them.
const LONGEST_NAME: usize = 80;

/// What is gathered of a file.
struct Gathered {
    header: Header,
    crs: Option<Crs>,
    name: Option<usize>,
    rows: Vec<(u64, Option<String>, Result<Geometry, Broken>)>,
}

/// Reads a file of places. Of each row its shape and name alone are kept.
///
/// # Errors
///
/// [`ContextError`] for a file that cannot be used at all; single shapes are in the account.
pub fn read(input: &Input, crs: Option<&Crs>) -> Result<(Vec<ContextFeature>, Account), ContextError> {
    let columns: Columns =
        toml::from_str(&shipped::text("context.toml")).expect("a test reads data/context.toml");
    let (gathered, notes) = if input.format == Format::Csv {
        of_table(input, &columns)?
    } else {
        (of_shapes(input, &columns)?, Vec::new())
    };
    let used = gathered.crs.or_else(|| crs.cloned());
    let used = used.ok_or_else(|| ContextError::NoCrs { file: input.name.clone() })?;
    let mut account =
        Account { notes: input.notes().iter().cloned().chain(notes).collect(), ..Account::default() };
    let mut places = Vec::new();
    for (line, name, shape) in gathered.rows {
        account.read += 1;
        match shape.and_then(|shape| usable(line, &shape, &used)) {
            Ok(shape) => {
                account.kept += 1;
                places.push(ContextFeature { name, shape });
            }
            Err(broken) => account.refused.push(Refused {
                file: input.name.clone(),
                line: broken.line,
                column: "geometry".to_owned(),
                value: broken.value,
                reason: broken.reason,
            }),
        }
    }
    if places.is_empty() {
        let (file, because) = (input.name.clone(), account.because());
        return Err(ContextError::Nothing { file, read: account.read, because });
    }
    let named = match gathered.name {
        Some(at) => format!("names from column `{}`", gathered.header.name(at)),
        None => "no column has a name".to_owned(),
    };
    account.notes.push(format!("{}: {named}, coordinates in {used}; no other column is kept", input.name));
    account.crs_not_used(&input.name, crs, "the file", &used);
    Ok((places, account))
}

/// The rows of a file of features.
fn of_shapes(input: &Input, columns: &Columns) -> Result<Gathered, ContextError> {
    Ok(formats::read(
        input,
        |about| {
            let name = about.header.find(&columns.name);
            Ok::<_, FormatError>(Gathered {
                header: about.header.clone(),
                crs: about.crs.clone(),
                name,
                rows: Vec::new(),
            })
        },
        |gathered, feature| {
            let row = match feature {
                Err(broken) => (broken.line, None, Err(broken)),
                Ok(feature) => {
                    let name = gathered.name.and_then(|at| feature.fields.get(at)).map(|text| tidy(text));
                    let shape = feature.shape.ok_or_else(|| Broken::new(feature.number, "no geometry"));
                    (feature.number, name.filter(|text| !text.is_empty()), shape)
                }
            };
            gathered.rows.push(row);
        },
    )?)
}

/// The rows of a table of text, each a point, and what had to be decided.
fn of_table(input: &Input, columns: &Columns) -> Result<(Gathered, Vec<String>), ContextError> {
    type Columned = (Gathered, (usize, usize));
    let begin = |header: &Header| {
        let both = |x: &str, y: &str| header.find(x).zip(header.find(y));
        let degrees = both(&columns.longitude, &columns.latitude);
        let found = degrees.or_else(|| both(&columns.x, &columns.y));
        let (file, shown) = (input.name.clone(), header.shown());
        let at = found.ok_or(ContextError::NoColumns { file, columns: shown })?;
        let (name, crs) = (header.find(&columns.name), degrees.map(|_| Crs::crs84()));
        Ok::<Columned, ContextError>((Gathered { header: header.clone(), crs, name, rows: Vec::new() }, at))
    };
    let each = |(gathered, (x, y)): &mut Columned, row: Result<Row<'_>, Broken>| {
        let row = match row {
            Err(broken) => (broken.line, None, Err(broken)),
            Ok(row) => {
                let name = gathered.name.map(|at| tidy(row.fields.get(at))).filter(|text| !text.is_empty());
                let number =
                    |at: usize| row.fields.get(at).trim().parse::<f64>().ok().filter(|n| n.is_finite());
                let place = number(*x).zip(number(*y)).map(|(x, y)| Geometry::from(Point::new(x, y)));
                (row.line, name, place.ok_or_else(|| Broken::new(row.line, "no coordinates")))
            }
        };
        gathered.rows.push(row);
    };
    let ((gathered, _), notes) =
        csv::read(&input.name, input.open().map_err(FormatError::from)?, csv::Form::default(), begin, each)?;
    Ok((gathered, notes))
}

/// A shape in degrees; one without any place, or off the globe, is refused.
fn usable(line: u64, shape: &Geometry, crs: &Crs) -> Result<Geometry, Broken> {
    if matches!(shape, Geometry::GeometryCollection(_)) {
        return Err(Broken::new(line, "a collection of shapes"));
    }
    if shape.coords_count() == 0 {
        return Err(Broken::new(line, "a shape without a place"));
    }
    let to_degrees = |at: Coord| {
        let place = crs.to_lonlat(at.x, at.y);
        let place =
            place.map_err(|e| Broken::new(line, format!("coordinates cannot be in their CRS: {e}")))?;
        Ok(Coord { x: place.lon(), y: place.lat() })
    };
    let shape = shape.try_map_coords(to_degrees)?;
    // One point of several is a point.
    Ok(match shape {
        Geometry::MultiPoint(many) if many.0.len() == 1 => many.0[0].into(),
        shape => shape,
    })
}

/// Without breaks and other signs that no one can read, and no longer than a sheet has room for.
fn tidy(text: &str) -> String {
    let readable: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    readable.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geojson(features: &str) -> Input {
        let text = format!(r#"{{"type":"FeatureCollection","features":[{features}]}}"#);
        Input::of("places.geojson", text.into_bytes()).expect("a known ending")
    }

    fn feature(properties: &str, geometry: &str) -> String {
        format!(r#"{{"type":"Feature","properties":{properties},"geometry":{geometry}}}"#)
    }

    #[test]
    fn points_lines_and_polygons_are_read_with_their_names_and_nothing_else() {
        let point = feature(
            r#"{"Owner":"DOE JANE","Site Name":" Hill\n School "}"#,
            r#"{"type":"Point","coordinates":[-72.9,41.3]}"#,
        );
        let line = feature("{}", r#"{"type":"LineString","coordinates":[[-72.9,41.3],[-72.91,41.3]]}"#);
        let lot = feature(
            r#"{"Owner":"DOE JANE"}"#,
            r#"{"type":"Polygon","coordinates":[[[-72.9,41.3],[-72.91,41.3],[-72.9,41.31],[-72.9,41.3]]]}"#,
        );
        let (places, account) = read(&geojson(&[point, line, lot].join(",")), None).expect("places");
        assert_eq!(
            places.iter().map(|p| p.name.as_deref()).collect::<Vec<_>>(),
            [Some("Hill School"), None, None]
        );
        assert_eq!((account.read, account.kept), (3, 3));
        assert!(!format!("{places:?} {:?}", account.notes).contains("DOE"));
    }

    #[test]
    fn a_shape_that_is_nowhere_is_refused_with_its_line_and_a_file_of_none_too() {
        let good = feature("{}", r#"{"type":"Point","coordinates":[-72.9,41.3]}"#);
        let off = feature("{}", r#"{"type":"Point","coordinates":[-72.9,141.3]}"#);
        let none = feature("{}", "null");
        let (places, account) =
            read(&geojson(&[none.clone(), off.clone(), good].join(",")), None).expect("one");
        assert_eq!((places.len(), account.refused.len()), (1, 2));
        assert_eq!(account.refused.iter().map(|row| row.line).collect::<Vec<_>>(), [1, 2]);
        let error = read(&geojson(&[none, off].join(",")), None).expect_err("nothing").to_string();
        assert!(error.contains("no usable place among its 2"), "{error}");
    }

    #[test]
    fn a_table_of_coordinates_is_read_as_points_and_one_without_them_says_what_it_lacks() {
        let table = |text: &str| Input::of("places.csv", text.as_bytes().to_vec()).expect("a known ending");
        let text = "Name;Owner;Longitude;Latitude\nHill School;DOE JANE;-72.9;41.3\nLot;DOE JANE;;\nFar;DOE JANE;-72.9;141\n";
        let (places, account) = read(&table(text), None).expect("places");
        assert_eq!(places.len(), 1);
        assert_eq!(places[0].name.as_deref(), Some("Hill School"));
        assert_eq!(places[0].shape, Point::new(-72.9, 41.3).into());
        assert_eq!(account.refused.iter().map(|row| row.line).collect::<Vec<_>>(), [3, 4]);
        assert!(!format!("{:?} {:?}", account.refused, account.notes).contains("DOE"));
        let meters = table("x,y,name\n743798.5962,4279106.8744,Arch\n");
        assert!(matches!(read(&meters, None), Err(ContextError::NoCrs { .. })));
        let utm = Crs::new("EPSG:32615").expect("a CRS");
        let (places, _) = read(&meters, Some(&utm)).expect("a place");
        let Geometry::Point(at) = places[0].shape else { panic!("a point") };
        assert!((at.x() + 90.1994).abs() < 1e-6 && (at.y() - 38.627).abs() < 1e-6, "{at:?}");
        let error = read(&table("name\nx\n"), None).expect_err("no coordinates").to_string();
        assert!(error.contains("`longitude` and `latitude`") && error.contains("name"), "{error}");
    }
}
