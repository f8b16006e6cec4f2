//! Addresses of the web and of mail, `#topics` and `@names`: one word each.

use std::ops::Range;

/// A word that is longer than the letters and digits that it was found by.
pub(super) struct Found {
    pub word: Range<usize>,
    /// Whether it ends behind them.
    pub longer: bool,
}

/// The address, topic or name that a word of ASCII belongs to.
pub(super) fn around(bytes: &[u8], word: Range<usize>) -> Option<Found> {
    let found = |word| Some(Found { word, longer: true });
    let (start, end) = (word.start, word.end);
    if bytes[end..].starts_with(b"://") && bytes[start..end].iter().all(u8::is_ascii_alphabetic) {
        return found(start..web_end(bytes, end));
    }
    if bytes[start..end].starts_with(b"www.") {
        return found(start..web_end(bytes, end));
    }
    if bytes.get(end) == Some(&b'@') && bytes.get(end + 1).is_some_and(|&b| is_word(b)) {
        return found(mail(bytes, start, end));
    }
    let first = marked(bytes, 0, start);
    (first < start).then_some(Found {
        word: first..end,
        longer: false,
    })
}

/// The first address of the web in a stretch that is not all ASCII.
pub(super) fn first(bytes: &[u8], stretch: Range<usize>) -> Option<Range<usize>> {
    let mut from = stretch.start;
    while let Some(at) = memchr::memmem::find(&bytes[from..stretch.end], b"://") {
        let colon = from + at;
        let scheme = bytes[stretch.start..colon].iter().rev();
        let scheme = scheme.take_while(|b| b.is_ascii_alphabetic()).count();
        if scheme > 0 {
            return Some(colon - scheme..web_end(&bytes[..stretch.end], colon + 3));
        }
        from = colon + 3;
    }
    None
}

/// Where a word begins that may have `#` or `@` before it, in a stretch that begins at `chunk`.
pub(super) fn marked(bytes: &[u8], chunk: usize, start: usize) -> usize {
    let mark = start > chunk && matches!(bytes[start - 1], b'#' | b'@');
    let first =
        mark && (start - 1 == chunk || !is_word(bytes[start - 2]) && bytes[start - 2].is_ascii());
    if first { start - 1 } else { start }
}

/// Where the stretch between white space begins that holds `at`.
pub(super) fn chunk_start(bytes: &[u8], at: usize) -> usize {
    let space = bytes[..at].iter().rposition(|&b| is_space(b));
    space.map_or(0, |space| space + 1)
}

/// ASCII white space.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The end of an address of the web: at white space, quotes, angle brackets or a character that is not ASCII, without
/// the punctuation of the sentence around it.
fn web_end(bytes: &[u8], from: usize) -> usize {
    let stops = |b: u8| is_space(b) || !b.is_ascii() || matches!(b, b'"' | b'<' | b'>');
    let length = bytes[from..].iter().position(|&b| stops(b));
    let mut end = length.map_or(bytes.len(), |n| from + n);
    let opened = bytes[from..end].contains(&b'(');
    let sentence = |b: u8| {
        matches!(
            b,
            b'.' | b',' | b';' | b':' | b'!' | b'?' | b'\'' | b']' | b'}'
        )
    };
    while end > from && (sentence(bytes[end - 1]) || bytes[end - 1] == b')' && !opened) {
        end -= 1;
    }
    end
}

/// A mail address with `@` at `at`, whose last word before it begins at `start`.
fn mail(bytes: &[u8], start: usize, at: usize) -> Range<usize> {
    let local = |b: u8| is_word(b) || matches!(b, b'.' | b'+' | b'-' | b'%');
    let before = bytes[..start].iter().rev().take_while(|&&b| local(b));
    let host = bytes[at + 1..].iter();
    let length = host
        .take_while(|&&b| is_word(b) || matches!(b, b'.' | b'-'))
        .count();
    let end = at + 1 + length;
    let trailing = bytes[at + 1..end]
        .iter()
        .rev()
        .take_while(|&&b| !is_word(b));
    start - before.count()..end - trailing.count()
}
