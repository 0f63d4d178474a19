//! A report's parts as HTML.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Block, Figure};
use crate::Table;
use crate::table::text_at;

/// The whole document.
pub(super) fn render(title: &str, blocks: &[Block]) -> String {
    let title = visible(title);
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // Nothing but what is embedded may load, whatever a picture or a text may hold.
                meta http-equiv="Content-Security-Policy"
                    content="default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'";
                title { (title) }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body {
                main {
                    h1 { (title) }
                    @for block in blocks { (one(block)) }
                }
            }
        }
    };
    document.into_string()
}

fn one(block: &Block) -> Markup {
    match block {
        Block::Section(heading) => html! { h2 { (visible(heading)) } },
        Block::Paragraph(text) => html! { p { (visible(text)) } },
        Block::Table(table) => rows(table),
        Block::Figures(figures) => html! {
            div.figures { @for figure in figures { (image(figure)) } }
        },
        Block::KeyValues(pairs) => html! {
            dl { @for (key, value) in pairs { dt { (visible(key)) } dd { (visible(value)) } } }
        },
        Block::Audio { label, address } => html! {
            div.audio {
                span { (visible(label)) }
                @match address {
                    Some(address) => {
                        audio controls preload="none" aria-label=(visible(label)) src=(address) {}
                    }
                    None => em { "no playable audio" },
                }
            }
        },
        Block::Details { summary, blocks } => html! {
            details {
                summary { (visible(summary)) }
                @for block in blocks { (one(block)) }
            }
        },
    }
}

fn image(figure: &Figure) -> Markup {
    html! {
        figure {
            div.picture { img src=(figure.address) alt=(visible(&figure.alt)) width=[figure.width]; }
            @if !figure.caption.is_empty() { figcaption { (visible(&figure.caption)) } }
        }
    }
}

fn rows(table: &Table) -> Markup {
    let columns: Vec<Option<&str>> =
        (0..table.n_columns()).map(|column| table.is_numeric(column).then_some("n")).collect();
    html! {
        // Focusable, so that the keyboard can scroll it too.
        div.scroll tabindex="0" role="region" aria-label=(visible(table.caption())) {
            table {
                @if !table.caption().is_empty() { caption { (visible(table.caption())) } }
                @if !table.headers().is_empty() {
                    thead { tr {
                        @for (column, class) in columns.iter().enumerate() {
                            th scope="col" class=[class] { (visible(table.header(column))) }
                        }
                    } }
                }
                tbody {
                    @for row in table.rows() {
                        tr {
                            @for (column, class) in columns.iter().enumerate() {
                                td class=[class] { (visible(text_at(row, column))) }
                            }
                        }
                    }
                }
            }
            @if let Some(note) = table.note() { p.note { (visible(note)) } }
        }
    }
}

/// Text without the control characters that HTML does not allow (line breaks and tabs stay).
fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect()
}
