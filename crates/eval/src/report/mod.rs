//! One HTML file that holds everything it shows.

mod html;
mod save;

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::{Error, Picture, Table};

/// A picture for a report, with the text that stands for it where it cannot be seen.
#[derive(Debug, Clone)]
pub struct Figure {
    address: String,
    alt: String,
    caption: String,
    width: Option<u32>,
}

impl Figure {
    /// A picture of this crate, embedded as SVG.
    ///
    /// # Errors
    /// As [`Picture::svg`].
    pub fn picture(picture: &Picture, alt: impl Into<String>) -> Result<Self, Error> {
        let mut figure = Self::svg(&picture.svg()?, alt);
        figure.width = Some(picture.size().0);
        Ok(figure)
    }

    /// A PNG file. Bytes that are not a PNG show as the alternative text.
    pub fn png(bytes: &[u8], alt: impl Into<String>) -> Self {
        Self::embed("image/png", bytes, alt)
    }

    /// An SVG document. It is shown as an image: scripts in it do not run, addresses in it are not loaded.
    pub fn svg(svg: &str, alt: impl Into<String>) -> Self {
        Self::embed("image/svg+xml", svg.as_bytes(), alt)
    }

    /// Sets the caption below the picture.
    pub fn with_caption(mut self, caption: impl Into<String>) -> Self {
        self.caption = caption.into();
        self
    }

    fn embed(kind: &str, bytes: &[u8], alt: impl Into<String>) -> Self {
        Self { address: data_address(kind, bytes), alt: alt.into(), caption: String::new(), width: None }
    }
}

/// Bytes as an address that holds them.
fn data_address(kind: &str, bytes: &[u8]) -> String {
    format!("data:{kind};base64,{}", STANDARD.encode(bytes))
}

/// A part of a report.
#[derive(Debug, Clone)]
enum Block {
    Section(String),
    Paragraph(String),
    Table(Table),
    Figures(Vec<Figure>),
    KeyValues(Vec<(String, String)>),
    Audio { label: String, address: Option<String> },
    Details { summary: String, blocks: Vec<Block> },
}

/// A report: one HTML file that opens offline, on a desk or a phone, in light or dark.
///
/// Parts appear in the order in which they are added. All text is escaped; pictures and sounds are embedded;
/// there are no scripts, no addresses to load and no time stamps, so the same parts give the same bytes.
#[derive(Debug, Clone)]
pub struct Report {
    title: String,
    blocks: Vec<Block>,
}

impl Report {
    /// An empty report.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), blocks: Vec::new() }
    }

    /// Adds a heading.
    pub fn section(&mut self, heading: impl Into<String>) -> &mut Self {
        self.add(Block::Section(heading.into()))
    }

    /// Adds a paragraph of plain text.
    pub fn paragraph(&mut self, text: impl Into<String>) -> &mut Self {
        self.add(Block::Paragraph(text.into()))
    }

    /// Adds a table.
    pub fn table(&mut self, table: &Table) -> &mut Self {
        self.add(Block::Table(table.clone()))
    }

    /// Adds a figure over the whole width.
    pub fn figure(&mut self, figure: Figure) -> &mut Self {
        self.add(Block::Figures(vec![figure]))
    }

    /// Adds figures side by side, such as query and match; below each other where the screen is narrow.
    /// Pictures some 540 pixels wide keep their labels at full size, two in a row.
    pub fn figures_row(&mut self, figures: impl IntoIterator<Item = Figure>) -> &mut Self {
        self.add(Block::Figures(figures.into_iter().collect()))
    }

    /// Adds a list of names and values, such as the parameters of a run.
    pub fn key_values<K: Into<String>, V: Into<String>>(
        &mut self,
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> &mut Self {
        self.add(Block::KeyValues(pairs.into_iter().map(|(k, v)| (k.into(), v.into())).collect()))
    }

    /// Adds a player for the bytes of a WAV file. Bytes that are not one get a remark instead of a player.
    /// The whole sound becomes part of the report: keep it to seconds.
    pub fn audio(&mut self, wav: &[u8], label: impl Into<String>) -> &mut Self {
        let is_wav = wav.starts_with(b"RIFF") && wav.get(8..12) == Some(b"WAVE");
        let address = is_wav.then(|| data_address("audio/wav", wav));
        self.add(Block::Audio { label: label.into(), address })
    }

    /// Adds a part that is folded away until a reader opens it; `fill` adds what is inside.
    pub fn details(&mut self, summary: impl Into<String>, fill: impl FnOnce(&mut Report)) -> &mut Self {
        let mut inside = Report::new("");
        fill(&mut inside);
        self.add(Block::Details { summary: summary.into(), blocks: inside.blocks })
    }

    /// The report as an HTML document.
    pub fn to_html(&self) -> String {
        html::render(&self.title, &self.blocks)
    }

    /// Writes the report to a file, making its folder where there is none.
    ///
    /// It is written beside the file and renamed over it: a full disk or a crash leaves an older report as it
    /// was.
    ///
    /// # Errors
    /// [`Error::Write`] with the path.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let html = self.to_html();
        save::replace(path, |file| std::io::Write::write_all(file, html.as_bytes()))
            .map_err(|source| Error::Write { path: path.to_owned(), source })
    }

    fn add(&mut self, block: Block) -> &mut Self {
        self.blocks.push(block);
        self
    }
}
