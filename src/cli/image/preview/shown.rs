//! One mixed image with what it is made of.

use candle_mixup::report::Captioned;

/// One mixed image: where it comes from, what it is made of, and how it looks.
pub struct Shown {
    pub own: u32,
    pub partner: u32,
    pub classes: [String; 2],
    pub weight: f64,
    pub label_weight: f64,
    /// Top, left, height and width of a box.
    pub cut: Option<[usize; 4]>,
    /// The image, its partner and the two mixed.
    pub pixels: [Vec<u8>; 3],
}

impl Shown {
    /// The mixed label, in words.
    pub fn label(&self) -> String {
        let [own, partner] = &self.classes;
        let share = self.label_weight;
        format!(
            "label {} '{own}', {} '{partner}'",
            round(share),
            round(1.0 - share)
        )
    }

    /// The three images with their captions.
    pub fn group(&self) -> Vec<Captioned> {
        let [own, partner] = &self.classes;
        let share = self.label_weight;
        let mut caption = vec![
            format!("λ {}", round(self.weight)),
            format!("{} {own}", round(share)),
            format!("{} {partner}", round(1.0 - share)),
        ];
        if let Some([top, left, height, width]) = self.cut {
            caption.push(format!("{height}x{width} at {top},{left}"));
        }
        let captions = [vec![own.clone()], vec![partner.clone()], caption];
        let all = self.pixels.iter().cloned().zip(captions);
        all.map(|(pixels, caption)| Captioned { pixels, caption })
            .collect()
    }
}

/// Two digits.
pub fn round(share: f64) -> String {
    format!("{share:.2}")
}
