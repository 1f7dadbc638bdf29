//! Tables in docs/performance.md, made and replaced by the command.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// A table as it is written: its head, and its lines.
#[derive(Debug, Default)]
pub struct Table {
    head: Vec<&'static str>,
    lines: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns.
    pub fn new(head: &[&'static str]) -> Self {
        Self { head: head.to_vec(), lines: Vec::new() }
    }

    /// Adds a line.
    pub fn line(&mut self, cells: Vec<String>) {
        self.lines.push(cells);
    }

    /// The table in Markdown, its columns as wide as they have to be: readable in a terminal, too.
    pub fn markdown(&self) -> String {
        let head: Vec<String> = self.head.iter().map(|it| (*it).to_owned()).collect();
        let widths: Vec<usize> = (0..head.len())
            .map(|column| {
                let cells = self.lines.iter().chain([&head]).filter_map(|line| line.get(column));
                cells.map(|it| it.chars().count()).max().unwrap_or_default()
            })
            .collect();
        let row = |cells: &[String]| {
            let cells = cells.iter().zip(&widths).enumerate();
            let padded: Vec<String> = cells
                .map(
                    |(column, (cell, width))| {
                        if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
                    },
                )
                .collect();
            format!("| {} |\n", padded.join(" | "))
        };
        let rule: Vec<String> = widths
            .iter()
            .enumerate()
            .map(|(column, width)| if column == 0 { "-".repeat(*width) } else { format!("{}:", "-".repeat(width - 1)) })
            .collect();
        let mut text = row(&head);
        text.push_str(&row(&rule));
        self.lines.iter().for_each(|line| text.push_str(&row(line)));
        text
    }
}

/// Writes a part of a document anew: what stands between `<!-- name -->` and `<!-- end of name -->`.
///
/// # Errors
/// When the document has no such part.
pub fn write(document: &Path, name: &str, text: &str) -> Result<()> {
    let whole = fs::read_to_string(document).with_context(|| format!("cannot read {}", document.display()))?;
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let from = whole.find(&begin).with_context(|| format!("{} has no part {name}", document.display()))? + begin.len();
    let to = from + whole[from..].find(&end).with_context(|| format!("the part {name} has no end"))?;
    fs::write(document, format!("{}{text}{}", &whole[..from], &whole[to..]))?;
    Ok(())
}
