//! A canvas as SVG.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use plotters::prelude::{DrawingBackend, IntoFont, RGBAColor, SVGBackend, TextStyle};
use plotters::style::FontTransform;
use plotters::style::ShapeStyle;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::canvas::{Align, Canvas, Field, Shape, Text, VerticalAlign};
use super::colour::Rgb;
use super::png::{encode_error, encode_field};
use crate::Error;

/// The fonts to look for, as CSS has it.
const FONTS: &str = "'DejaVu Sans', Verdana, 'Noto Sans', sans-serif";

/// plotters divides font sizes by this on their way into SVG.
const PLOTTERS_EM: f64 = 1.24;

/// Draws a canvas as SVG.
pub(super) fn render(canvas: &Canvas) -> Result<String, Error> {
    let mut svg = String::new();
    {
        let mut backend = SVGBackend::with_string(&mut svg, canvas.size);
        paint(&mut backend, &canvas.shapes)?;
        for text in &canvas.texts {
            write_text(&mut backend, text)?;
        }
        backend.present().map_err(encode_error)?;
    }
    // The backend's own way of embedding a bitmap writes an address that browsers do not know, so the fields,
    // which lie below everything else, go in right after the opening tag.
    let (width, height) = canvas.size;
    let mut below = format!("<rect width=\"{width}\" height=\"{height}\" fill=\"#FFFFFF\"/>\n");
    for field in &canvas.fields {
        below.push_str(&image(field)?);
    }
    let body = svg.find(">\n").map_or(svg.len(), |end| end + 2);
    svg.insert_str(body, &below);
    Ok(svg)
}

/// A field as an `<image>`, enlarged without smoothing.
fn image(field: &Field) -> Result<String, Error> {
    let data = STANDARD.encode(encode_field(field)?);
    let area = field.area;
    Ok(format!(
        "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" \
         style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{data}\"/>\n",
        area.x, area.y, area.width, area.height
    ))
}

/// Draws shapes through one of plotters' backends, both of which take a rectangle's corners, not its last
/// pixel.
pub(super) fn paint<B>(backend: &mut B, shapes: &[Shape]) -> Result<(), Error>
where
    B: DrawingBackend,
    B::ErrorType: 'static,
{
    for shape in shapes {
        match shape {
            Shape::Fill { area, .. } if area.width < 1 || area.height < 1 => {}
            Shape::Fill { area, colour, alpha } => {
                let corner = (area.right(), area.bottom());
                let style = rgba(*colour, *alpha);
                backend.draw_rect((area.x, area.y), corner, &style, true).map_err(encode_error)?;
            }
            Shape::Path { points, colour, width } => {
                let style = ShapeStyle { color: rgba(*colour, 1.0), filled: false, stroke_width: *width };
                backend.draw_path(points.iter().copied(), &style).map_err(encode_error)?;
            }
        }
    }
    Ok(())
}

/// plotters' colour.
fn rgba([r, g, b]: Rgb, alpha: f64) -> RGBAColor {
    RGBAColor(r, g, b, alpha)
}

/// Writes a text as SVG text.
fn write_text(backend: &mut SVGBackend<'_>, text: &Text) -> Result<(), Error> {
    let horizontal = match text.align {
        Align::Start => HPos::Left,
        Align::Middle => HPos::Center,
        Align::End => HPos::Right,
    };
    let vertical = match text.vertical_align {
        VerticalAlign::Top => VPos::Top,
        VerticalAlign::Middle => VPos::Center,
        VerticalAlign::Bottom => VPos::Bottom,
    };
    let mut font = (FONTS, f64::from(text.size) * PLOTTERS_EM).into_font();
    if text.upward {
        font = font.transform(FontTransform::Rotate270);
    }
    let colour = rgba(text.colour, 1.0);
    let style = TextStyle::from(font).color(&colour).pos(Pos::new(horizontal, vertical));
    backend.draw_text(&text.text, &style, (text.x, text.y)).map_err(encode_error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::canvas::Area;
    use crate::picture::colour::sequential;

    #[test]
    fn hostile_labels_stay_text() {
        let mut canvas = Canvas::new((200, 200));
        canvas.label(
            "</text><script>alert(\"1\")</script>&",
            (5, 5),
            12.0,
            (Align::Start, VerticalAlign::Top),
        );
        let svg = render(&canvas).unwrap();
        assert!(!svg.contains("<script"), "{svg}");
        assert!(svg.contains("&lt;script&gt;"));
    }

    #[test]
    fn fields_lie_below_the_shapes() {
        let mut canvas = Canvas::new((200, 200));
        canvas.fill(Area { x: 1, y: 2, width: 3, height: 4 }, [1, 2, 3], 0.5);
        let area = Area { x: 10, y: 10, width: 40, height: 60 };
        canvas.fields.push(Field { area, columns: 1, rows: 2, cells: vec![0, 9], palette: sequential() });
        let svg = render(&canvas).unwrap();
        let image = svg.find("<image x=\"10\" y=\"10\" width=\"40\" height=\"60\"").unwrap();
        assert!(svg.contains("href=\"data:image/png;base64,iVBOR"));
        assert!(svg.find("fill=\"#FFFFFF\"").unwrap() < image && image < svg.find("#010203").unwrap());
        assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
        assert!(svg.contains("width=\"3\" height=\"4\""), "{svg}");
    }
}
