//! What a picture consists of, before a backend draws it.

use super::colour::{Palette, Rgb};

/// Where a text's anchor point lies along it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Align {
    Start,
    Middle,
    End,
}

/// Where a text's anchor point lies across it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum VerticalAlign {
    Top,
    Middle,
    Bottom,
}

/// One line of text.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) x: i32,
    pub(super) y: i32,
    /// Size of the em in pixels.
    pub(super) size: f32,
    pub(super) colour: Rgb,
    pub(super) align: Align,
    pub(super) vertical_align: VerticalAlign,
    /// Reads from bottom to top; the alignments turn with it.
    pub(super) upward: bool,
}

/// A rectangle on the pixel grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: i32,
    pub(super) height: i32,
}

impl Area {
    pub(super) fn right(&self) -> i32 {
        self.x + self.width
    }

    pub(super) fn bottom(&self) -> i32 {
        self.y + self.height
    }
}

/// A field of coloured cells, stretched over an area.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) area: Area,
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// One palette index a cell, top row first.
    pub(super) cells: Vec<u8>,
    pub(super) palette: Palette,
}

/// Lines and filled rectangles.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    Fill { area: Area, colour: Rgb, alpha: f64 },
    Path { points: Vec<(i32, i32)>, colour: Rgb, width: u32 },
}

/// A picture laid out: fields at the bottom, shapes above them in order, texts on top.
#[derive(Debug, Clone)]
pub(super) struct Canvas {
    pub(super) size: (u32, u32),
    pub(super) fields: Vec<Field>,
    pub(super) shapes: Vec<Shape>,
    pub(super) texts: Vec<Text>,
}

impl Canvas {
    pub(super) fn new(size: (u32, u32)) -> Self {
        Self { size, fields: Vec::new(), shapes: Vec::new(), texts: Vec::new() }
    }

    pub(super) fn width(&self) -> i32 {
        self.size.0 as i32
    }

    pub(super) fn height(&self) -> i32 {
        self.size.1 as i32
    }

    pub(super) fn fill(&mut self, area: Area, colour: Rgb, alpha: f64) {
        self.shapes.push(Shape::Fill { area, colour, alpha });
    }

    pub(super) fn line(&mut self, from: (i32, i32), to: (i32, i32), colour: Rgb, width: u32) {
        self.shapes.push(Shape::Path { points: vec![from, to], colour, width });
    }

    pub(super) fn path(&mut self, points: Vec<(i32, i32)>, colour: Rgb, width: u32) {
        self.shapes.push(Shape::Path { points, colour, width });
    }

    /// The outline of an area.
    pub(super) fn outline(&mut self, area: Area, colour: Rgb) {
        let (left, top, right, bottom) = (area.x, area.y, area.right(), area.bottom());
        self.path(vec![(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], colour, 1);
    }

    pub(super) fn text(&mut self, text: Text) {
        if !text.text.is_empty() {
            self.texts.push(text);
        }
    }
}
