//! A table of results, for a report or for Markdown.

use crate::Interval;

/// One cell: its text, and whether it is a number (numbers align to the right).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cell {
    text: String,
    numeric: bool,
}

/// What stands for a number that does not exist.
const MISSING: &str = "–";

impl Cell {
    /// A number with a fixed count of decimals; an en dash for NaN or infinity.
    pub fn number(value: f64, decimals: usize) -> Self {
        Self { text: fixed(value, decimals), numeric: true }
    }

    /// A share of 1 as a percentage, such as `62.5 %`; an en dash for NaN or infinity.
    pub fn percent(share: f64, decimals: usize) -> Self {
        let text =
            if share.is_finite() { format!("{} %", fixed(100.0 * share, decimals)) } else { MISSING.into() };
        Self { text, numeric: true }
    }

    /// A share of 1 with its interval, as percentages such as `62.5 % (55.0 to 69.4)`.
    pub fn percent_with(share: f64, interval: Interval, decimals: usize) -> Self {
        let mut cell = Self::percent(share, decimals);
        let (low, high) = (fixed(100.0 * interval.low, decimals), fixed(100.0 * interval.high, decimals));
        cell.text.push_str(&format!(" ({low} to {high})"));
        cell
    }

    /// A number with its interval, such as `0.998 (0.996 to 0.999)`.
    pub fn number_with(value: f64, interval: Interval, decimals: usize) -> Self {
        let mut cell = Self::number(value, decimals);
        let (low, high) = (fixed(interval.low, decimals), fixed(interval.high, decimals));
        cell.text.push_str(&format!(" ({low} to {high})"));
        cell
    }

    /// A cell whose text is laid out like a number, such as `12 ms`.
    pub fn numeric(text: impl Into<String>) -> Self {
        Self { text: text.into(), numeric: true }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Is it a number?
    pub fn is_numeric(&self) -> bool {
        self.numeric
    }
}

/// `value` with `decimals` decimals, never "-0.0".
fn fixed(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return MISSING.into();
    }
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| c == '0' || c == '.') => rest.into(),
        _ => text,
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self { text: text.into(), numeric: false }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, numeric: false }
    }
}

impl From<usize> for Cell {
    fn from(count: usize) -> Self {
        Self::numeric(count.to_string())
    }
}

impl From<u64> for Cell {
    fn from(count: u64) -> Self {
        Self::numeric(count.to_string())
    }
}

/// A table: caption, headers, rows, and an optional note below.
///
/// A row shorter than the widest one is filled up with empty cells; a row longer than the headers gets
/// columns without a name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    caption: String,
    headers: Vec<String>,
    rows: Vec<Vec<Cell>>,
    note: Option<String>,
}

impl Table {
    /// A table without columns or rows.
    pub fn new(caption: impl Into<String>) -> Self {
        Self { caption: caption.into(), ..Self::default() }
    }

    /// Sets the column headers.
    pub fn with_headers<H: Into<String>>(mut self, headers: impl IntoIterator<Item = H>) -> Self {
        self.headers = headers.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the note below the table, such as how a figure was measured.
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// Adds a row.
    pub fn with_row<C: Into<Cell>>(mut self, row: impl IntoIterator<Item = C>) -> Self {
        self.push(row);
        self
    }

    /// Adds a row.
    pub fn push<C: Into<Cell>>(&mut self, row: impl IntoIterator<Item = C>) -> &mut Self {
        self.rows.push(row.into_iter().map(Into::into).collect());
        self
    }

    /// The caption.
    pub fn caption(&self) -> &str {
        &self.caption
    }

    /// The column headers.
    pub fn headers(&self) -> &[String] {
        &self.headers
    }

    /// The rows as they were added.
    pub fn rows(&self) -> &[Vec<Cell>] {
        &self.rows
    }

    /// The note below the table.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Number of columns: the widest of the headers and the rows.
    pub fn n_columns(&self) -> usize {
        self.rows.iter().map(Vec::len).chain([self.headers.len()]).max().unwrap_or(0)
    }

    /// Is a column numeric: does it have a number, and nothing else but empty cells?
    pub fn is_numeric(&self, column: usize) -> bool {
        let mut filled = self
            .rows
            .iter()
            .filter_map(|row| row.get(column))
            .filter(|cell| !cell.text.is_empty())
            .peekable();
        filled.peek().is_some() && filled.all(Cell::is_numeric)
    }

    /// Each row as pairs of header and text, in the order of the columns: what a JSON object needs.
    pub fn records(&self) -> Vec<Vec<(&str, &str)>> {
        let columns = self.n_columns();
        let record = |row| (0..columns).map(|column| (self.header(column), text_at(row, column))).collect();
        self.rows.iter().map(|row| record(row.as_slice())).collect()
    }

    /// The table as GitHub-flavoured Markdown: caption in bold, the table, the note. Text is escaped.
    pub fn to_markdown(&self) -> String {
        let mut out = String::new();
        if !self.caption.is_empty() {
            out.push_str(&format!("**{}**\n\n", escape(&self.caption)));
        }
        let columns = self.n_columns();
        if columns > 0 {
            line(&mut out, (0..columns).map(|column| escape(self.header(column))));
            let rule = |column| {
                if self.is_numeric(column) { "---:".into() } else { "---".into() }
            };
            line(&mut out, (0..columns).map(rule));
            for row in &self.rows {
                line(&mut out, (0..columns).map(|column| escape(text_at(row, column))));
            }
        }
        if let Some(note) = &self.note {
            out.push_str(&format!("\n{}\n", escape(note)));
        }
        out
    }

    /// The header of a column, empty where it has none.
    pub(crate) fn header(&self, column: usize) -> &str {
        self.headers.get(column).map_or("", String::as_str)
    }
}

/// The text of a row's cell, empty where the row is too short.
pub(crate) fn text_at(row: &[Cell], column: usize) -> &str {
    row.get(column).map_or("", Cell::text)
}

/// Adds one line of a Markdown table.
fn line(out: &mut String, cells: impl Iterator<Item = String>) {
    out.push('|');
    for cell in cells {
        out.push_str(&format!(" {cell} |"));
    }
    out.push('\n');
}

/// Text that Markdown shows as it is: markup escaped, line breaks turned to spaces.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '#' | '!' | '&' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table::new("Hits")
            .with_headers(["song", "rank"])
            .with_row([Cell::from("a|b_c"), Cell::from(1_usize)])
            .with_row(["short"])
            .with_row([Cell::from("<i>"), Cell::number(2.345, 1), Cell::from("more\nlines")])
            .with_note("n = 3")
    }

    #[test]
    fn markdown() {
        let want = "**Hits**\n\n| song | rank |  |\n| --- | ---: | --- |\n| a\\|b\\_c | 1 |  |\n\
                    | short |  |  |\n| \\<i\\> | 2.3 | more lines |\n\nn = 3\n";
        assert_eq!(table().to_markdown(), want);
        assert_eq!(Table::new("").to_markdown(), "");
        assert_eq!(Table::new("only a caption").to_markdown(), "**only a caption**\n\n");
    }

    #[test]
    fn records_fill_up_short_rows() {
        let table = table();
        assert_eq!(table.records()[1], [("song", "short"), ("rank", ""), ("", "")]);
        assert_eq!(table.records()[2][2], ("", "more\nlines"));
    }

    #[test]
    fn numeric_columns() {
        let table = table();
        assert!(!table.is_numeric(0) && table.is_numeric(1) && !table.is_numeric(2) && !table.is_numeric(9));
        assert_eq!(table.n_columns(), 3);
    }

    #[test]
    fn cells() {
        assert_eq!(Cell::number(f64::NAN, 2).text(), "–");
        assert_eq!(Cell::number(-0.001, 2).text(), "0.00");
        assert_eq!(Cell::number(-0.01, 2).text(), "-0.01");
        assert_eq!(Cell::percent(0.625, 1).text(), "62.5 %");
        assert_eq!(Cell::percent(f64::INFINITY, 1).text(), "–");
        let interval = Interval { low: 0.5, high: 0.75 };
        assert_eq!(Cell::percent_with(0.625, interval, 0).text(), "62 % (50 to 75)");
        assert_eq!(Cell::number_with(0.625, interval, 2).text(), "0.62 (0.50 to 0.75)");
        assert!(Cell::from(3_u64).is_numeric() && !Cell::from(String::from("3")).is_numeric());
    }
}
