//! Comparisons of two densities as rasters: the GeoTIFF is the layer of cells, and has no value where that has none.

use crate::common;

use std::collections::HashMap;
use std::io::Cursor;

use common::answers::{ask, get, number, values};
use common::command::{SAMPLE, hotblocks, told};
use hotblocks::encode::geojson::collection;
use hotblocks::encode::geotiff::geotiff;
use hotblocks::engine::params::table::DENSITY;
use hotblocks::layer::Value;
use hotblocks::layer::density_answer::surface;
use tiff::decoder::{Decoder, DecodingResult};
use tiff::tags::Tag;

/// Columns, rows, values from the north-west, the value that stands for none, and the description.
struct Picture {
    size: (u32, u32),
    values: Vec<f32>,
    no_data: String,
    description: String,
}

fn read(bytes: Vec<u8>) -> Picture {
    let mut file = Decoder::new(Cursor::new(bytes)).expect("a TIFF");
    let size = file.dimensions().expect("it has");
    let DecodingResult::F32(values) = file.read_image().expect("an image") else { panic!("not floats") };
    let mut text = |tag: Tag| file.get_tag_ascii_string(tag).expect("it has");
    Picture { size, values, no_data: text(Tag::GdalNodata), description: text(Tag::ImageDescription) }
}

const COMPARED: [(&str, &str); 2] =
    [("datetime", "2014-09-16/2014-09-30"), ("compare_datetime", "2014-09-01/2014-09-15")];
const PLANE: [(&str, &str); 2] = [("bandwidth_m", "300"), ("cell_m", "60")];

#[test]
fn the_raster_of_a_comparison_is_its_layer_of_cells_and_has_no_value_where_neither_density_has_anything() {
    let (snapshot, ..) = common::new_haven();
    for (given, property, says) in [
        (&[][..], "ratio", "Ratio of the densities per observed day: "),
        (
            &[("comparison", "log-relative-risk")],
            "log_relative_risk",
            "Logarithm of the ratio of the densities, each of the part of its own incidents: ",
        ),
        (
            &[("comparison", "difference"), ("edge", "uniform")],
            "difference_per_km2_day",
            "Difference of the densities per observed day, incidents per km2 and day: ",
        ),
    ] {
        let asked = [&PLANE[..], &COMPARED, given].concat();
        let raster = surface(&snapshot, &values(&DENSITY, &asked)).expect("a surface");
        let grid = raster.cells.grid();
        let picture = read(geotiff(&raster, &snapshot.dataset().crs).expect("fits"));
        assert_eq!((picture.size.0 as usize, picture.size.1 as usize), (grid.n_cols, grid.n_rows));
        assert_eq!(picture.no_data, "nan");
        assert!(picture.description.starts_with(says), "{}", picture.description);
        for words in ["2014-09-16/2014-09-30", "2014-09-01/2014-09-15", "bandwidth 300 m", "cells of 60 m"] {
            assert!(picture.description.contains(words), "{}", picture.description);
        }
        assert_eq!(picture.description.contains("added to both"), property != "difference_per_km2_day");

        let cells = ask(&snapshot, &DENSITY, &[&asked[..], &[("out", "cells")]].concat()).expect("cells");
        assert!(!collection(&cells, serde_json::Value::Null).contains("NaN"));
        let told: HashMap<&str, f64> =
            cells.features.iter().map(|f| (f.id.as_str(), number(get(&f.properties, property)))).collect();
        assert!(cells.features.iter().all(|f| *get(&f.properties, property) != Value::Null));
        let mut seen = 0;
        for (at, found) in picture.values.iter().enumerate() {
            // The northern row first.
            let (col, row) = (at % grid.n_cols, grid.n_rows - 1 - at / grid.n_cols);
            let Some(expected) = told.get(format!("density-cell-{col}-{row}").as_str()) else {
                assert!(found.is_nan(), "{property} {col} {row}: {found} where there is nothing");
                continue;
            };
            let off = (f64::from(*found) - expected).abs();
            assert!(off <= 1e-6 * expected.abs() + 1e-9, "{property} {col} {row}: {found} is not {expected}");
            seen += 1;
        }
        assert_eq!(seen, told.len());
        assert!(1_000 < seen && seen < picture.values.len() - 1_000, "{seen} of {}", picture.values.len());
    }
}

#[test]
fn the_command_writes_a_comparison_as_geotiff_and_none_along_streets() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("risk.tif");
    let path = file.to_string_lossy().into_owned();
    let run = |args: &[&str]| told(hotblocks().arg("density").args(SAMPLE).args(args));
    let plane = ["--bandwidth", "300m", "--cell", "60m", "--category", "property", "--against", "all"];
    let (code, out, err) = run(&[&plane[..], &["--comparison", "log-relative-risk", "-o", &path]].concat());
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    let picture = read(std::fs::read(&file).expect("was written"));
    let (code, cells, err) =
        run(&[&plane[..], &["--comparison", "log-relative-risk", "--out", "cells", "--format", "geojson"]]
            .concat());
    assert_eq!(code, 0, "{err}");
    let cells: serde_json::Value = serde_json::from_str(&cells).expect("GeoJSON");
    let cells = cells["features"].as_array().expect("features");
    let logs = cells.iter().map(|one| one["properties"]["log_relative_risk"].as_f64().expect("a number"));
    let there = picture.values.iter().filter(|value| !value.is_nan());
    assert_eq!(there.clone().count(), cells.len());
    let [mean_told, mean_drawn] =
        [logs.sum::<f64>(), there.map(|value| f64::from(*value)).sum()].map(|sum| sum / cells.len() as f64);
    assert!((mean_told - mean_drawn).abs() < 1e-6, "{mean_told} {mean_drawn}");
    assert!(picture.description.contains("(property; ") && picture.description.contains("(all; "));
    let (code, _, err) = run(&["--bandwidth", "300m", "--network", "continuous", "-o", &path]);
    assert!(code == 2 && err.contains("no surface"), "{code} {err}");
}
