//! Names cut to a width, for plots, captions and the terminal.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// `text` cut in the middle to `columns` display columns.
pub(super) fn shortened(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.into();
    }
    let take = |chars: &mut dyn Iterator<Item = char>, room: usize| -> Vec<char> {
        let mut used = 0;
        chars
            .take_while(|c| {
                used += c.width().unwrap_or(0);
                used <= room
            })
            .collect()
    };
    let room = columns.saturating_sub(1);
    let start: String = take(&mut text.chars(), room - room / 2)
        .into_iter()
        .collect();
    let end: String = take(&mut text.chars().rev(), room / 2)
        .into_iter()
        .rev()
        .collect();
    format!("{start}…{end}")
}
