//! A white sheet on which pixels are set and letters written.

use font8x8::{BASIC_FONTS, GREEK_FONTS, LATIN_FONTS, UnicodeFonts};

use crate::report::shortened::shortened;

/// Height and width of a letter.
pub(super) const LETTER: usize = 8;

/// Red, green and blue, row by row.
pub(super) struct Canvas {
    width: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    /// A white sheet.
    pub fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            pixels: vec![255; 3 * width * height],
        }
    }

    pub fn width(&self) -> usize {
        self.width
    }

    pub fn height(&self) -> usize {
        self.pixels.len() / (3 * self.width)
    }

    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Sets a pixel; one outside is left out.
    pub fn set(&mut self, x: usize, y: usize, colour: [u8; 3]) {
        if x < self.width && y < self.height() {
            self.pixels[3 * (y * self.width + x)..][..3].copy_from_slice(&colour);
        }
    }

    /// Writes black letters from (x, y) on, cut in the middle to `most` of them. What the font lacks becomes `?`.
    pub fn write(&mut self, x: usize, y: usize, text: &str, most: usize) {
        for (i, letter) in shortened(text, most).chars().enumerate() {
            for (row, bits) in glyph(letter).into_iter().enumerate() {
                for column in (0..LETTER).filter(|c| bits & (1 << c) != 0) {
                    self.set(x + i * LETTER + column, y + row, [0; 3]);
                }
            }
        }
    }
}

fn glyph(letter: char) -> [u8; 8] {
    if letter == '…' {
        return [0, 0, 0, 0, 0, 0, 0b0101_0101, 0];
    }
    let found = BASIC_FONTS
        .get(letter)
        .or_else(|| LATIN_FONTS.get(letter))
        .or_else(|| GREEK_FONTS.get(letter));
    found.unwrap_or_else(|| BASIC_FONTS.get('?').unwrap_or([0; 8]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_written_and_cut_to_the_room() {
        let ink = |text: &str, most| {
            let mut canvas = Canvas::new(200, 10);
            canvas.write(0, 0, text, most);
            let black = |x: usize| (0..10).any(|y| canvas.pixels[3 * (y * 200 + x)] == 0);
            (0..200).filter(|&x| black(x)).max().map(|x| x / LETTER)
        };
        assert_eq!(ink("abc", 20), Some(2));
        assert_eq!(ink("abcdefghijkl", 5), Some(4));
        assert_eq!(ink("λé", 5), Some(1));
        assert_eq!(ink(" ", 5), None);
        assert_eq!(glyph('猫'), glyph('?'));
        assert_ne!(glyph('λ'), glyph('?'));
    }
}
