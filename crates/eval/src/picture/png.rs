//! A canvas as PNG.

use std::sync::OnceLock;

use ab_glyph::{Font, FontRef, Glyph, ScaleFont, point};
use plotters::prelude::{BitMapBackend, DrawingBackend};

use super::canvas::{Align, Canvas, Field, Text, VerticalAlign};
use super::colour::Rgb;
use super::svg::paint;
use crate::Error;

/// Draws a canvas and encodes it.
pub(super) fn render(canvas: &Canvas) -> Result<Vec<u8>, Error> {
    let (width, height) = canvas.size;
    let mut pixels = vec![255_u8; width as usize * height as usize * 3];
    for field in &canvas.fields {
        stretch(field, &mut pixels, canvas);
    }
    {
        let mut backend = BitMapBackend::with_buffer(&mut pixels, canvas.size);
        paint(&mut backend, &canvas.shapes)?;
        backend.present().map_err(encode_error)?;
    }
    if let Some(font) = font() {
        for text in &canvas.texts {
            write_text(font, text, &mut pixels, canvas);
        }
    }
    encode(canvas.size, &pixels, png::ColorType::Rgb, None)
}

/// A field's cells as a PNG of their own, one pixel a cell.
pub(super) fn encode_field(field: &Field) -> Result<Vec<u8>, Error> {
    let palette: Vec<u8> = field.palette.iter().flatten().copied().collect();
    let size = (field.columns as u32, field.rows as u32);
    encode(size, &field.cells, png::ColorType::Indexed, Some(palette))
}

/// Encodes 8-bit pixels or palette indices.
fn encode(
    (width, height): (u32, u32),
    data: &[u8],
    colour: png::ColorType,
    palette: Option<Vec<u8>>,
) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    if let Some(palette) = palette {
        encoder.set_palette(palette);
    }
    let mut writer = encoder.write_header().map_err(encode_error)?;
    writer.write_image_data(data).map_err(encode_error)?;
    writer.finish().map_err(encode_error)?;
    Ok(bytes)
}

/// Keeps an encoder's error as the source of ours.
pub(super) fn encode_error(source: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Encode { source: Box::new(source) }
}

/// Sets one pixel, mixed over what is there; outside the picture nothing happens.
fn blend(pixels: &mut [u8], canvas: &Canvas, (x, y): (i32, i32), colour: Rgb, alpha: f32) {
    if x < 0 || y < 0 || x >= canvas.width() || y >= canvas.height() {
        return;
    }
    let at = (y as usize * canvas.size.0 as usize + x as usize) * 3;
    if let Some(pixel) = pixels.get_mut(at..at + 3) {
        for (old, new) in pixel.iter_mut().zip(colour) {
            let mixed = f32::from(*old) + (f32::from(new) - f32::from(*old)) * alpha.clamp(0.0, 1.0);
            *old = mixed.round() as u8;
        }
    }
}

/// Copies a field, each pixel taking the cell it lies in.
fn stretch(field: &Field, pixels: &mut [u8], canvas: &Canvas) {
    let (width, height) = (field.area.width.max(0) as usize, field.area.height.max(0) as usize);
    for y in 0..height {
        let row = y * field.rows / height;
        let cells = field.cells.get(row * field.columns..(row + 1) * field.columns).unwrap_or_default();
        for x in 0..width {
            let colour = cells
                .get(x * field.columns / width)
                .and_then(|cell| field.palette.get(usize::from(*cell)))
                .copied()
                .unwrap_or_default();
            blend(pixels, canvas, (field.area.x + x as i32, field.area.y + y as i32), colour, 1.0);
        }
    }
}

/// The built-in font.
fn font() -> Option<&'static FontRef<'static>> {
    static FONT: OnceLock<Option<FontRef<'static>>> = OnceLock::new();
    FONT.get_or_init(|| FontRef::try_from_slice(epaint_default_fonts::HACK_REGULAR).ok()).as_ref()
}

/// Writes a text into the pixels.
fn write_text(font: &FontRef<'_>, text: &Text, pixels: &mut [u8], canvas: &Canvas) {
    let per_em = font.units_per_em().unwrap_or(2048.0);
    let scaled = font.as_scaled(text.size * font.height_unscaled() / per_em);
    let mut glyphs: Vec<Glyph> = Vec::new();
    let mut length = 0.0;
    for c in text.text.chars() {
        let mut glyph = scaled.scaled_glyph(c);
        glyph.position = point(length, 0.0);
        length += scaled.h_advance(glyph.id);
        glyphs.push(glyph);
    }
    let along = match text.align {
        Align::Start => 0.0,
        Align::Middle => -0.5 * length,
        Align::End => -length,
    };
    // The built-in font's capitals are 0.73 em high.
    let across = match text.vertical_align {
        VerticalAlign::Top => 0.73 * text.size,
        VerticalAlign::Middle => 0.365 * text.size,
        VerticalAlign::Bottom => 0.0,
    };
    // Whole pixels, so that all labels of a picture are equally sharp.
    let (along, across) = (along.round(), across.round());
    for mut glyph in glyphs {
        glyph.position.x += along;
        glyph.position.y += across;
        if let Some(outline) = font.outline_glyph(glyph) {
            let corner = outline.px_bounds().min;
            outline.draw(|x, y, coverage| {
                let (x, y) = (corner.x as i32 + x as i32, corner.y as i32 + y as i32);
                let place = if text.upward { (text.x + y, text.y - x) } else { (text.x + x, text.y + y) };
                blend(pixels, canvas, place, text.colour, coverage);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::canvas::Area;
    use crate::picture::colour::{TEXT, sequential};

    fn decode(bytes: &[u8]) -> (u32, u32, Vec<u8>) {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        pixels.truncate(info.buffer_size());
        (info.width, info.height, pixels)
    }

    /// The box that holds all pixels which are not white: left, top, right, bottom.
    fn ink(canvas: &Canvas) -> Option<(i32, i32, i32, i32)> {
        let (width, _, pixels) = decode(&render(canvas).unwrap());
        let dark = pixels.chunks(3).enumerate().filter(|(_, p)| p.iter().any(|v| *v < 200));
        let places = dark.map(|(i, _)| ((i as u32 % width) as i32, (i as u32 / width) as i32));
        places.fold(None, |found, (x, y)| match found {
            None => Some((x, y, x, y)),
            Some((l, t, r, b)) => Some((x.min(l), y.min(t), x.max(r), y.max(b))),
        })
    }

    #[test]
    fn text_lies_where_its_anchor_says() {
        let mut canvas = Canvas::new((200, 200));
        canvas.label("HHHH", (100, 100), 20.0, (Align::Middle, VerticalAlign::Middle));
        let (left, top, right, bottom) = ink(&canvas).unwrap();
        assert!(
            (left + right - 199).abs() <= 2 && (top + bottom - 199).abs() <= 3,
            "{left} {top} {right} {bottom}"
        );
        assert!((40..=50).contains(&(right - left)) && (12..=16).contains(&(bottom - top)));

        let mut canvas = Canvas::new((200, 200));
        canvas.label("HHHH", (100, 100), 20.0, (Align::End, VerticalAlign::Bottom));
        let (_, _, right, bottom) = ink(&canvas).unwrap();
        assert!((96..=100).contains(&right) && (98..=100).contains(&bottom));

        let mut canvas = Canvas::new((200, 200));
        canvas.upward_label("HHHH", (100, 100), 20.0, (Align::Start, VerticalAlign::Top));
        let (left, top, right, bottom) = ink(&canvas).unwrap();
        assert!((98..=102).contains(&left) && (97..=101).contains(&bottom));
        assert!(bottom - top > 2 * (right - left));
    }

    #[test]
    fn text_off_the_edge_is_cut() {
        let mut canvas = Canvas::new((160, 160));
        canvas.label("a long text over the edge", (150, -3), 16.0, (Align::Start, VerticalAlign::Middle));
        canvas.label("\u{10ffff}日本語", (-400, 90), 16.0, (Align::Start, VerticalAlign::Middle));
        assert!(render(&canvas).is_ok());
    }

    #[test]
    fn fields_are_stretched_without_smoothing() {
        let mut canvas = Canvas::new((160, 160));
        let palette = sequential();
        let area = Area { x: 10, y: 10, width: 4, height: 6 };
        canvas.fields.push(Field { area, columns: 2, rows: 2, cells: vec![0, 80, 160, 255], palette });
        let (width, _, pixels) = decode(&render(&canvas).unwrap());
        let at = |x: usize, y: usize| &pixels[(y * width as usize + x) * 3..][..3];
        assert_eq!(at(10, 10), palette[0]);
        assert_eq!(at(13, 12), palette[80]);
        assert_eq!(at(11, 13), palette[160]);
        assert_eq!(at(13, 15), palette[255]);
        assert_eq!(at(14, 10), [255, 255, 255]);
        let (columns, rows, cells) = decode(&encode_field(&canvas.fields[0]).unwrap());
        assert_eq!((columns, rows), (2, 2));
        assert_eq!(&cells[..3], palette[0]);
    }

    #[test]
    fn fills_cover_their_area() {
        for alpha in [1.0, 0.5] {
            let mut canvas = Canvas::new((160, 160));
            canvas.fill(Area { x: 20, y: 30, width: 10, height: 5 }, TEXT, alpha);
            assert_eq!(ink(&canvas), Some((20, 30, 29, 34)));
        }
    }

    #[test]
    fn lines_are_drawn() {
        let mut canvas = Canvas::new((160, 160));
        canvas.line((20, 30), (40, 30), TEXT, 1);
        assert_eq!(ink(&canvas), Some((20, 30, 40, 30)));
    }
}
