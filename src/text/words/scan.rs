//! One pass over a text that finds its words: ASCII by masks, everything else by the Unicode segmenter.

use std::ops::Range;

use icu_segmenter::WordSegmenterBorrowed;

use super::TextSpan;
use super::address::{self, Found};
use super::blocks::{BLOCK, masks};
use super::signs::is_picture;

/// Appends the words of `text`.
pub(super) fn words(
    segmenter: WordSegmenterBorrowed<'static>,
    text: &str,
    spans: &mut Vec<TextSpan>,
) {
    let bytes = text.as_bytes();
    assert!(
        u32::try_from(bytes.len()).is_ok(),
        "texts are shorter than 4 GiB"
    );
    let mut at = 0;
    // Where the run of letters and digits began that the last block ended in.
    let mut open = None;
    while at < bytes.len() {
        let block = masks(&bytes[at..]);
        let first_high = block.high.trailing_zeros() as usize;
        let before_high = if first_high < BLOCK {
            (1 << first_high) - 1
        } else {
            u64::MAX
        };
        let mut word = block.word & before_high;
        let mut next = at + BLOCK;
        let mut place = 0;
        loop {
            let start = match open.take() {
                Some(start) => start,
                None if word == 0 => break,
                None => {
                    place = word.trailing_zeros();
                    at + place as usize
                }
            };
            // Ones up to `place` make the run's end the lowest zero.
            let end = (!(word | ((1 << place) - 1))).trailing_zeros();
            if end == 64 {
                open = Some(start);
                break;
            }
            let end_at = (at + end as usize).min(bytes.len());
            if let Some(behind) = put(bytes, start, end_at, spans) {
                (next, open) = (behind, None);
                break;
            }
            word &= u64::MAX << end;
            place = end;
        }
        if first_high < BLOCK && next == at + BLOCK {
            open = None;
            next = beside_other(segmenter, text, at + first_high, spans);
        }
        at = next;
    }
    if let Some(start) = open {
        put(bytes, start, bytes.len(), spans);
    }
}

/// Takes up the run `start..end` of letters, digits and `_`: a word, or the rest of one (UAX 29, rules WB6, WB7, WB11
/// and WB12), or part of an address, behind which reading goes on where this returns a place.
#[inline(always)]
fn put(bytes: &[u8], start: usize, end: usize, spans: &mut Vec<TextSpan>) -> Option<usize> {
    let before = if start > 0 { bytes[start - 1] } else { b' ' };
    let behind = if end < bytes.len() { bytes[end] } else { b' ' };
    let plain = SPACED[before as usize] && !OPENS[behind as usize] && bytes[start] != b'_';
    if plain {
        spans.push(TextSpan {
            start: start as u32,
            end: end as u32,
        });
        return None;
    }
    put_special(bytes, start, end, spans)
}

/// Bytes behind which a word begins afresh.
static SPACED: [bool; 256] = {
    let mut table = [true; 256];
    let mut i = 0;
    while i < 7 {
        table[b".\':,;#@"[i] as usize] = false;
        i += 1;
    }
    table
};

/// Bytes before which a word may be part of an address.
static OPENS: [bool; 256] = {
    let mut table = [false; 256];
    table[b':' as usize] = true;
    table[b'@' as usize] = true;
    table
};

/// The same for a run that may be part of something longer, or no word at all.
#[inline(never)]
fn put_special(bytes: &[u8], start: usize, end: usize, spans: &mut Vec<TextSpan>) -> Option<usize> {
    match spans.last_mut() {
        Some(last) if last.end as usize + 1 == start && joins(bytes, start - 1) => {
            last.end = end as u32;
        }
        _ if bytes[start..end].iter().all(|&b| b == b'_') => return None,
        _ => spans.push(TextSpan::new(start, end)),
    }
    let last = spans.last()?;
    let Found { word, longer } = address::around(bytes, last.range())?;
    let mut whole = TextSpan::new(word.start, word.end);
    spans.pop();
    // An address may reach back into words before it, which it then takes in whole.
    while let Some(before) = spans.pop_if(|before| before.end > whole.start) {
        whole.start = whole.start.min(before.start);
    }
    spans.push(whole);
    longer.then_some(word.end)
}

/// Whether the byte at `at` joins two letters, or two digits, on its sides.
fn joins(bytes: &[u8], at: usize) -> bool {
    let both = |is: fn(&u8) -> bool| is(&bytes[at - 1]) && is(&bytes[at + 1]);
    let (letters, digits) = (u8::is_ascii_alphabetic, u8::is_ascii_digit);
    match bytes[at] {
        b'.' | b'\'' => both(letters) || both(digits),
        b':' => both(letters),
        b',' | b';' => both(digits),
        _ => false,
    }
}

/// Reads anew the stretch between white space around `at`, where a character is not ASCII: beside others ASCII follows
/// other rules. Returns its end.
fn beside_other(
    segmenter: WordSegmenterBorrowed<'static>,
    text: &str,
    at: usize,
    spans: &mut Vec<TextSpan>,
) -> usize {
    let bytes = text.as_bytes();
    let start = address::chunk_start(bytes, at);
    let rest = bytes[at..].iter().position(|b| address::is_space(*b));
    let end = rest.map_or(bytes.len(), |n| at + n);
    while spans.last().is_some_and(|s| s.start as usize >= start) {
        spans.pop();
    }
    let mut from = start;
    while let Some(found) = address::first(bytes, from..end) {
        segment(segmenter, text, from..found.start, spans);
        spans.push(TextSpan::new(found.start, found.end));
        from = found.end;
    }
    segment(segmenter, text, from..end, spans);
    end
}

/// Appends the words of a stretch by the Unicode segmenter.
fn segment(
    segmenter: WordSegmenterBorrowed<'static>,
    text: &str,
    stretch: Range<usize>,
    spans: &mut Vec<TextSpan>,
) {
    let (bytes, base) = (text.as_bytes(), stretch.start);
    let mut start = base;
    for border in segmenter.segment_str(&text[stretch]) {
        let end = base + border;
        if end > start {
            // A mark that stands behind white space makes one character of both, and a narrow no-break space goes on
            // with the number before it.
            let word = text[start..end].trim_start();
            start = end - word.len();
            let word = word.trim_end();
            let stop = start + word.len();
            if word.contains(char::is_alphanumeric) {
                spans.push(TextSpan::new(address::marked(bytes, base, start), stop));
            } else if word.contains(is_picture) {
                spans.push(TextSpan::new(start, stop));
            }
            start = end;
        }
    }
}
