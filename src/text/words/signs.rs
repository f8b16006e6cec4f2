//! Characters by what they mean to a change of words.

/// White space within a line: what may go with a word that goes.
pub(crate) fn is_blank(c: char) -> bool {
    c.is_whitespace()
        && !matches!(
            c,
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}'
        )
}

/// Punctuation that belongs to the word behind it.
pub(crate) fn is_opening(c: char) -> bool {
    matches!(
        c,
        '"' | '\''
            | '('
            | '['
            | '{'
            | '<'
            | '$'
            | '#'
            | '@'
            | '\u{a1}'
            | '\u{a3}'
            | '\u{a5}'
            | '\u{ab}'
            | '\u{bf}'
            | '\u{2018}'
            | '\u{201a}'
            | '\u{201c}'
            | '\u{201e}'
            | '\u{2039}'
            | '\u{20ac}'
            | '\u{3008}'
            | '\u{300a}'
            | '\u{300c}'
            | '\u{300e}'
            | '\u{3010}'
            | '\u{3014}'
            | '\u{3016}'
            | '\u{3018}'
            | '\u{301a}'
            | '\u{301d}'
            | '\u{ff08}'
            | '\u{ff3b}'
            | '\u{ff5b}'
            | '\u{ff5f}'
            | '\u{ff62}'
    )
}

/// A character of a script that writes no spaces between words.
pub(crate) fn is_spaceless(c: char) -> bool {
    matches!(
        u32::from(c),
        0x0e00..=0x0eff // Thai, Lao
            | 0x1000..=0x109f // Burmese
            | 0x1780..=0x17ff // Khmer
            | 0x3040..=0x30ff | 0x31f0..=0x31ff // kana
            | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x3ffff // Han
    )
}

/// An emoji or another picture. Pictures stand in these blocks only, apart from a few signs such as ™.
pub(super) fn is_picture(c: char) -> bool {
    matches!(
        u32::from(c),
        0x2300..=0x23ff | 0x2600..=0x27bf | 0x2b00..=0x2bff | 0x1f000..=0x1fbff
    )
}
