//! The parts of a page: escaping, shell, tables, figures, and the sections that every page has.

use super::input::DataSummary;

/// Text made safe inside an element or a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // Control characters have no place in a document, escaped or not.
            c if c.is_control() && c != '\n' && c != '\t' => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

/// A whole page: styles inside, nothing fetched.
pub(super) fn page(title: &str, subtitle: &str, body: &str) -> String {
    let (title, subtitle) = (escape(title), escape(subtitle));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{}</style>\n</head>\n<body>\n<h1>{title}</h1>\n\
         <p class=\"soft\">{subtitle}</p>\n{body}</body>\n</html>\n",
        include_str!("page.css")
    )
}

/// A section, or nothing for an empty `body`. `body` is markup.
pub(super) fn section(title: &str, body: &str) -> String {
    match body.is_empty() {
        true => String::new(),
        false => format!("<section>\n<h2>{}</h2>\n{body}</section>\n", escape(title)),
    }
}

/// A paragraph of soft text.
pub(super) fn note(text: &str) -> String {
    format!("<p class=\"soft\">{}</p>\n", escape(text))
}

/// Bulleted sentences.
pub(super) fn list(sentences: &[String]) -> String {
    let items = sentences
        .iter()
        .map(|s| format!("<li>{}</li>\n", escape(s)));
    format!("<ul>\n{}</ul>\n", items.collect::<String>())
}

/// One cell of a table.
pub(super) struct Cell {
    text: String,
    class: &'static str,
}

impl Cell {
    /// A cell with a class of page.css; empty for none.
    pub(super) fn new(text: impl Into<String>, class: &'static str) -> Self {
        let text = text.into();
        Self { text, class }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text, "")
    }
}

/// A table that scrolls sideways on a narrow screen; its first `names` columns hold text, the others numbers.
pub(super) fn table(
    names: usize,
    header: &[String],
    rows: impl Iterator<Item = Vec<Cell>>,
) -> String {
    let class = |column: usize| if column < names { "name" } else { "" };
    let head = header.iter().enumerate().map(|(i, h)| {
        let class = class(i);
        format!("<th scope=\"col\" class=\"{class}\">{}</th>", escape(h))
    });
    let body = rows.map(|row| {
        let cells = row.iter().enumerate().map(|(i, cell)| {
            let class = format!("{}{}", class(i), cell.class);
            format!("<td class=\"{class}\">{}</td>", escape(&cell.text))
        });
        format!("<tr>{}</tr>\n", cells.collect::<String>())
    });
    format!(
        "<div class=\"scroll\"><table>\n<thead><tr>{}</tr></thead>\n<tbody>\n{}</tbody>\n</table></div>\n",
        head.collect::<String>(),
        body.collect::<String>()
    )
}

/// A plot under its caption; `svg` is markup.
pub(super) fn figure(caption: &str, svg: &str) -> String {
    let caption = escape(caption);
    format!("<figure>\n<figcaption><b>{caption}</b></figcaption>\n{svg}</figure>\n")
}

/// A plot under its caption and a sentence on how to read it.
pub(super) fn explained(caption: &str, words: &str, svg: &str) -> String {
    let (caption, words) = (escape(caption), escape(words));
    format!("<figure>\n<figcaption><b>{caption}</b><br/>{words}</figcaption>\n{svg}</figure>\n")
}

/// A heading inside a section.
pub(super) fn heading(title: &str) -> String {
    format!("<h3>{}</h3>\n", escape(title))
}

/// `body`, which is markup, folded away below `summary`; nothing for an empty one.
pub(super) fn folded(summary: &str, body: &str) -> String {
    match body.is_empty() {
        true => String::new(),
        false => format!(
            "<details><summary>{}</summary>\n{body}</details>\n",
            escape(summary)
        ),
    }
}

/// Sentences in a frame of colour, `better` or `worse`; nothing for none. `more` is markup below them.
pub(super) fn callout(class: &str, title: &str, sentences: &[String], more: &str) -> String {
    match sentences.is_empty() {
        true => String::new(),
        false => format!(
            "<div class=\"callout {class}\"><p>{}</p>\n{}{more}</div>\n",
            escape(title),
            list(sentences)
        ),
    }
}

/// Figures side by side where there is room; nothing for none. `class` is empty or `small`.
pub(super) fn plots(class: &str, figures: &[String]) -> String {
    match figures.is_empty() {
        true => String::new(),
        false => format!(
            "<div class=\"plots {class}\">\n{}</div>\n",
            figures.concat()
        ),
    }
}

/// The data's numbers, with a warning where rows stand in both training and test.
pub(super) fn data(data: &DataSummary) -> String {
    let mut lines = vec![
        ("source", data.source.clone()),
        ("training rows", data.training_rows.to_string()),
        ("validation rows", data.validation_rows.to_string()),
        ("test rows", data.test_rows.to_string()),
        (
            "rows in both training and test",
            data.shared_rows.to_string(),
        ),
    ];
    if let Some(cut) = data.cut_texts {
        lines.push(("texts cut to the token limit", cut.to_string()));
    }
    if !data.classes.is_empty() {
        let classes = data
            .classes
            .iter()
            .map(|(name, rows)| format!("{name}: {rows}"));
        lines.push((
            "training rows by class",
            classes.collect::<Vec<_>>().join(", "),
        ));
    }
    lines.push(("fingerprint", data.fingerprint.clone()));
    let lines = lines
        .iter()
        .map(|(name, value)| format!("<dt>{}</dt><dd>{}</dd>\n", escape(name), escape(value)));
    let mut html = format!("<dl>\n{}</dl>\n", lines.collect::<String>());
    if data.shared_rows > 0 {
        html += &format!(
            "<div class=\"callout worse\"><p>{} rows stand in both training and test: the scores flatter every arm.</p></div>\n",
            data.shared_rows
        );
    }
    if !data.notes.is_empty() {
        html += &list(&data.notes);
    }
    html
}

/// The settings, folded away.
pub(super) fn settings(settings: &serde_json::Value) -> String {
    // The alternate form of a JSON value is indented JSON.
    let text = escape(&format!("{settings:#}"));
    folded("All settings as JSON", &format!("<pre>{text}</pre>\n"))
}

/// "3 min 20 s", "45.2 s".
pub(super) fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 60.0 => format!("{s:.1} s"),
        s if s < 3600.0 => format!("{} min {:.0} s", (s / 60.0) as u64, s % 60.0),
        s => format!("{} h {:.0} min", (s / 3600.0) as u64, s % 3600.0 / 60.0),
    }
}

/// "1 arm", "4 arms".
pub(super) fn counted(count: usize, thing: &str) -> String {
    match count {
        1 => format!("1 {thing}"),
        n => format!("{n} {thing}s"),
    }
}
