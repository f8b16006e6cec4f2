//! What holds for every page.

use candle_mixup::files;

/// What is wrong with the markup: an element not closed or closed twice, a stray `<`, an attribute without quotes.
pub fn problem(html: &str) -> Option<String> {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let Some(end) = rest.find('>') else {
            return Some("a tag without an end".into());
        };
        let (tag, after) = (&rest[..end], &rest[end + 1..]);
        rest = after;
        let name = tag
            .split([' ', '\n', '/'])
            .find(|s| !s.is_empty())
            .unwrap_or("");
        if tag.starts_with('!') || name == "meta" {
            continue;
        }
        if tag.starts_with('/') {
            match open.pop() {
                Some(last) if last == name => {}
                last => return Some(format!("</{name}> closes {last:?}")),
            }
            continue;
        }
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Some(format!("stray <{tag}>"));
        }
        if tag.matches('"').count() != 2 * tag.matches("=\"").count() {
            return Some(format!("attributes of <{tag}>"));
        }
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    open.pop().map(|name| format!("<{name}> stays open"))
}

/// Well formed and fetching nothing; left where it can be looked at.
pub fn sound(name: &str, html: &str) {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    files::write(path, html.as_bytes()).expect("written");
    assert_eq!(problem(html), None, "{name}");
    for reference in [
        "http:", "https:", "//", "url(", "src=", "href=", "@import", "<script",
    ] {
        assert!(!html.contains(reference), "{name} holds {reference}");
    }
    assert!(
        !html.contains("NaN") && !html.contains("inf,"),
        "{name} shows a number that is none"
    );
}
