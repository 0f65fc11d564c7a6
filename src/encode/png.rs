//! Pictures as PNG: one byte a pixel into a palette whose first color is transparent.

use png::{BitDepth, ColorType, Encoder, EncodingError};

use crate::layer::density_tile::Picture;

/// A picture as a PNG file; the same picture gives the same bytes.
///
/// # Errors
///
/// [`EncodingError`] for a picture whose pixels are not `side` × `side`, or numbers of no color.
pub fn png(picture: &Picture) -> Result<Vec<u8>, EncodingError> {
    let mut palette = vec![0; 3];
    palette.extend(picture.colors.iter().flat_map(|color| channels(color)));
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, picture.side, picture.side);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette(palette);
    // Only the first color is transparent; those that are not told are opaque.
    encoder.set_trns(vec![0]);
    encoder.add_itxt_chunk("Description".to_owned(), picture.description.clone())?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&picture.pixels)?;
    writer.finish()?;
    Ok(bytes)
}

/// Red, green and blue of `#rrggbb`; black for what is no color.
fn channels(color: &str) -> [u8; 3] {
    [1, 3, 5].map(|at| color.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn every_pixel_comes_back_in_its_color_and_the_first_one_is_transparent() {
        let picture = Picture {
            side: 2,
            pixels: vec![0, 1, 2, 0],
            colors: vec!["#e7e1f2", "#c294c1"],
            description: "Density per km²".to_owned(),
        };
        let bytes = png(&picture).expect("a picture");
        assert_eq!(bytes, png(&picture).expect("again"));
        let mut decoder = png::Decoder::new(Cursor::new(&bytes));
        decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::ALPHA);
        let mut reader = decoder.read_info().expect("a PNG");
        let mut out = vec![0; reader.output_buffer_size().expect("small")];
        reader.next_frame(&mut out).expect("whole");
        assert_eq!(
            out,
            [[0, 0, 0, 0], [0xe7, 0xe1, 0xf2, 255], [0xc2, 0x94, 0xc1, 255], [0, 0, 0, 0]].concat()
        );
        let said = &reader.info().utf8_text[0];
        assert_eq!(said.get_text().expect("text"), "Density per km²");
    }

    #[test]
    fn a_picture_that_is_not_whole_is_refused() {
        let picture =
            Picture { side: 2, pixels: vec![0], colors: vec!["#e7e1f2"], description: String::new() };
        assert!(png(&picture).is_err());
    }
}
