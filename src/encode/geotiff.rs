//! A density surface as GeoTIFF: one band of 32-bit floats in the local CRS.

use std::io::Cursor;

use tiff::TiffError;
use tiff::encoder::compression::DeflateLevel;
use tiff::encoder::{Compression, TiffEncoder, colortype::Gray32Float};
use tiff::tags::Tag;

use crate::layer::raster::{Cells, Raster};
use crate::space::crs::Crs;

/// Keys of GeoTIFF 1.1 and what is said with them.
const MODEL_TYPE: [u16; 2] = [1024, 1];
const RASTER_TYPE: [u16; 2] = [1025, 1];
const CITATION: u16 = 1026;
const PROJECTED_CRS: u16 = 3072;
/// A CRS that has no code, but a citation.
const USER_DEFINED: u16 = 32_767;

/// What stands for no value, by GDAL's tag.
const NO_DATA: &str = "nan";

/// The surface, north up, its values as they are told; what it is made of stands in its description.
///
/// A cell without a value is not a number, and the file says so by GDAL's tag, where there may be such cells.
///
/// # Errors
///
/// [`TiffError`] for a surface without cells, or one that does not fit into a file.
pub fn geotiff(raster: &Raster, crs: &Crs) -> Result<Vec<u8>, TiffError> {
    let cells = &raster.cells;
    let grid = cells.grid();
    let (width, height) = (u32::try_from(grid.n_cols)?, u32::try_from(grid.n_rows)?);
    // Our rows go north, those of a picture south.
    let values: Vec<f32> = (0..grid.n_rows)
        .rev()
        .flat_map(|row| row * grid.n_cols..(row + 1) * grid.n_cols)
        .map(|at| cells.value(at).map_or(f32::NAN, |value| value as f32))
        .collect();
    let top = grid.origin.y + grid.cell.0 * grid.n_rows as f64;
    let mut file = Cursor::new(Vec::new());
    let mut encoder =
        TiffEncoder::new(&mut file)?.with_compression(Compression::Deflate(DeflateLevel::Balanced));
    let mut image = encoder.new_image::<Gray32Float>(width, height)?;
    let tags = image.encoder();
    // The tag holds ASCII; names of categories may be anything.
    let description = raster.description.replace(|letter: char| !letter.is_ascii(), "?");
    tags.write_tag(Tag::ImageDescription, description.as_str())?;
    if matches!(cells, Cells::Some { .. }) {
        tags.write_tag(Tag::GdalNodata, NO_DATA)?;
    }
    tags.write_tag(Tag::ModelPixelScaleTag, &[grid.cell.0, grid.cell.0, 0.0][..])?;
    tags.write_tag(Tag::ModelTiepointTag, &[0.0, 0.0, 0.0, grid.origin.x, top, 0.0][..])?;
    let name = crs.to_string();
    let citation = format!("{name}|");
    let code = name.strip_prefix("EPSG:").and_then(|code| code.parse().ok()).unwrap_or(USER_DEFINED);
    // Version 1, revision 1.1, four keys; then each key, where its value lies (0: here), how many, and the value.
    let length = citation.len() as u16;
    let keys = [
        [1, 1, 1, 4],
        [MODEL_TYPE[0], 0, 1, MODEL_TYPE[1]],
        [RASTER_TYPE[0], 0, 1, RASTER_TYPE[1]],
        [CITATION, Tag::GeoAsciiParamsTag.to_u16(), length, 0],
        [PROJECTED_CRS, 0, 1, code],
    ];
    tags.write_tag(Tag::GeoKeyDirectoryTag, &keys.concat()[..])?;
    tags.write_tag(Tag::GeoAsciiParamsTag, citation.as_str())?;
    image.write_data(&values)?;
    Ok(file.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::density::kde::Density;
    use crate::space::coord::{Local, Metres};
    use crate::space::grid::Grid;
    use tiff::decoder::{Decoder, DecodingResult};

    #[test]
    fn a_surface_comes_back_with_its_place_on_earth() {
        let grid =
            Grid { origin: Local { x: 674_000.0, y: 4_570_000.0 }, cell: Metres(50.0), n_cols: 3, n_rows: 2 };
        let density = Density { grid, per_km2: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.5] };
        let crs = Crs::new("EPSG:32618").expect("UTM");
        let raster = Raster { cells: Cells::All { density, scale: 2.0 }, description: "per half".to_owned() };
        let bytes = geotiff(&raster, &crs).expect("fits");
        let mut file = Decoder::new(Cursor::new(bytes)).expect("a TIFF");
        assert_eq!(file.dimensions().expect("it has"), (3, 2));
        let DecodingResult::F32(values) = file.read_image().expect("it has") else { panic!("not floats") };
        // The northern row first.
        assert_eq!(values, [8.0, 10.0, 13.0, 2.0, 4.0, 6.0]);
        let place = file.get_tag_f64_vec(Tag::ModelTiepointTag).expect("it has");
        assert_eq!(place, [0.0, 0.0, 0.0, 674_000.0, 4_570_100.0, 0.0]);
        assert_eq!(file.get_tag_f64_vec(Tag::ModelPixelScaleTag).expect("it has"), [50.0, 50.0, 0.0]);
        let keys = file.get_tag_u16_vec(Tag::GeoKeyDirectoryTag).expect("it has");
        assert!(keys.chunks(4).any(|key| key == [3072, 0, 1, 32_618]));
        assert_eq!(file.get_tag_ascii_string(Tag::GeoAsciiParamsTag).expect("it has"), "EPSG:32618|");
        assert!(file.find_tag(Tag::GdalNodata).expect("readable").is_none(), "every cell has a value");
    }

    #[test]
    fn a_cell_without_a_value_is_told_as_such_and_words_become_ascii() {
        let grid = Grid { origin: Local { x: 0.0, y: 0.0 }, cell: Metres(50.0), n_cols: 2, n_rows: 2 };
        let values = vec![Some(-0.5), None, Some(0.0), Some(1.25)];
        let raster =
            Raster { cells: Cells::Some { grid, values }, description: "of café & Zoë".to_owned() };
        let bytes = geotiff(&raster, &Crs::new("EPSG:32618").expect("UTM")).expect("fits");
        let mut file = Decoder::new(Cursor::new(bytes)).expect("a TIFF");
        let DecodingResult::F32(values) = file.read_image().expect("it has") else { panic!("not floats") };
        assert_eq!(values[..3], [0.0, 1.25, -0.5]);
        assert!(values[3].is_nan());
        assert_eq!(file.get_tag_ascii_string(Tag::GdalNodata).expect("it has"), "nan");
        assert_eq!(file.get_tag_ascii_string(Tag::ImageDescription).expect("it has"), "of caf? & Zo?");
    }
}
