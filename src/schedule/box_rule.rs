//! Boxes for CutMix (Yun et al. 2019, 1905.04899): how large, where, and what they weigh.

use serde::{Deserialize, Serialize};

use super::curve_check::check_number;
use crate::error::{Error, Result};
use crate::plan::{Frame, PixelBox};
use crate::random::Stream;

/// How λ becomes a box in an image of height H and width W.
///
/// Its sides before clipping are ⌊H·√(1 − λ)⌋ and ⌊W·√(1 − λ)⌋, made even downwards; its centre is uniform over the
/// pixels; what leaves the image is clipped. The row's weight is the share of pixels that it really keeps, whatever λ
/// was.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BoxRule {
    /// Whether the label weight is that share too; λ itself otherwise. Default: true.
    pub corrected: bool,
    /// How far the centre stays from the border, in [0, 0.5) of the box's sides; default 0.
    pub margin: f64,
    /// Sides uniform between these shares of H and W instead of λ's, the upper end left out, and the box wholly inside
    /// (timm's min-max boxes): 0 to 1, rising. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sides: Option<[f64; 2]>,
}

impl Default for BoxRule {
    fn default() -> Self {
        Self {
            corrected: true,
            margin: 0.0,
            sides: None,
        }
    }
}

impl BoxRule {
    pub(super) fn check(&self, frame: Frame) -> Result<()> {
        check_number("blend.box.margin", self.margin, &(0.0..=0.5))?;
        if self.margin == 0.5 {
            let expected = "at least 0 and below 0.5";
            return Err(Error::setting("blend.box.margin", expected, self.margin));
        }
        let Some(sides) = self.sides else {
            return Ok(());
        };
        for side in sides {
            check_number("blend.box.sides", side, &(0.0..=1.0))?;
        }
        if self.margin != 0.0 || !self.corrected {
            let problem =
                "blend.box: sides go without a margin, and their weights are always corrected";
            return Err(Error::Conflict(problem.into()));
        }
        for extent in [frame.height, frame.width] {
            let [low, high] = sides.map(|side| pixels(extent, side));
            if low >= high {
                let expected = format!("shares of {extent} pixels that leave a side to choose");
                let value = format!("{sides:?}, which is {low} up to but not {high}");
                return Err(Error::setting("blend.box.sides", expected, value));
            }
        }
        Ok(())
    }

    /// The box for λ.
    pub(super) fn draw(&self, lambda: f64, frame: Frame, stream: &mut Stream) -> PixelBox {
        let Frame { height, width } = frame;
        if let Some(sides) = self.sides {
            let (top, height) = inside(height, sides, stream);
            let (left, width) = inside(width, sides, stream);
            return PixelBox {
                top,
                left,
                height,
                width,
            };
        }
        let centre = [height, width].map(|extent| {
            let side = pixels(extent, (1.0 - lambda).sqrt());
            let margin = (self.margin * side as f64).floor() as usize;
            margin + stream.below(extent - 2 * margin)
        });
        Self::around(lambda, frame, centre)
    }

    /// The box of λ around a centre, row and column of a pixel, clipped at the border (Yun et al. 2019, algorithm A1).
    ///
    /// ```
    /// use candle_mixup::{Frame, PixelBox, schedule::BoxRule};
    ///
    /// let frame = Frame { height: 8, width: 8 };
    /// assert_eq!(BoxRule::around(0.75, frame, [4, 0]), PixelBox { top: 2, left: 0, height: 4, width: 2 });
    /// ```
    pub fn around(lambda: f64, frame: Frame, centre: [usize; 2]) -> PixelBox {
        let extent = |extent: usize, centre: usize| {
            let half = pixels(extent, (1.0 - lambda).sqrt()) / 2;
            let start = centre.saturating_sub(half).min(extent);
            (start, extent.min(centre + half) - start)
        };
        let (top, height) = extent(frame.height, centre[0]);
        let (left, width) = extent(frame.width, centre[1]);
        PixelBox {
            top,
            left,
            height,
            width,
        }
    }
}

/// A share of an extent in whole pixels, rounded down.
fn pixels(extent: usize, share: f64) -> usize {
    (extent as f64 * share).floor() as usize
}

/// One extent of a box that lies wholly inside.
fn inside(extent: usize, sides: [f64; 2], stream: &mut Stream) -> (usize, usize) {
    let [low, high] = sides.map(|side| pixels(extent, side));
    let side = low + stream.below(high - low);
    (stream.below(extent - side + 1), side)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;

    const SQUARE: Frame = Frame {
        height: 32,
        width: 32,
    };

    fn kept(b: PixelBox, frame: Frame) -> f64 {
        let all = (frame.height * frame.width) as f64;
        (all - b.area() as f64) / all
    }

    fn mean(n: u64, frame: Frame, lambda: impl Fn(&mut Stream) -> f64) -> f64 {
        let rule = BoxRule::default();
        let one = |i| {
            let mut stream = Stream::new(3, Purpose::Box, i);
            let lambda = lambda(&mut stream);
            kept(rule.draw(lambda, frame, &mut stream), frame)
        };
        (0..n).map(one).sum::<f64>() / n as f64
    }

    #[test]
    fn the_mean_share_kept_is_that_of_clipped_boxes() {
        let large = Frame {
            height: 224,
            width: 224,
        };
        // Standard deviation of the share is about 0.27: four standard errors.
        let close = |got: f64, expected: f64| {
            assert!(
                (got - expected).abs() < 4.0 * 0.27 / 200.0,
                "{got} {expected}"
            );
        };
        close(mean(40_000, SQUARE, Stream::unit), 0.7007);
        close(mean(40_000, large, Stream::unit), 0.6820);
        close(mean(40_000, SQUARE, |_| 0.0), 0.4375);
    }

    #[test]
    fn sides_are_the_papers_before_clipping() {
        let frame = Frame {
            height: 20,
            width: 11,
        };
        for lambda in [0.0, 0.1, 0.36, 0.5, 0.75, 0.99, 1.0] {
            let (cut_h, cut_w) = (
                (20.0 * f64::sqrt(1.0 - lambda)).floor() as usize / 2 * 2,
                (11.0 * f64::sqrt(1.0 - lambda)).floor() as usize / 2 * 2,
            );
            let mut seen = (0, 0);
            for i in 0..500 {
                let mut stream = Stream::new(1, Purpose::Box, i);
                let b = BoxRule::default().draw(lambda, frame, &mut stream);
                assert!(b.height <= cut_h && b.width <= cut_w, "{b:?}");
                assert!(b.top + b.height <= 20 && b.left + b.width <= 11, "{b:?}");
                seen = (seen.0.max(b.height), seen.1.max(b.width));
                // Only a border clips.
                assert!(
                    b.height == cut_h || b.top == 0 || b.top + b.height == 20,
                    "{b:?}"
                );
            }
            assert_eq!(seen, (cut_h, cut_w), "at {lambda}");
        }
        let pixel = Frame {
            height: 1,
            width: 1,
        };
        let mut stream = Stream::new(1, Purpose::Box, 0);
        assert_eq!(BoxRule::default().draw(0.1, pixel, &mut stream).area(), 0);
    }

    #[test]
    fn every_pixel_can_be_the_centre_and_a_margin_keeps_it_away() {
        let frame = Frame {
            height: 8,
            width: 8,
        };
        let tops = |margin| {
            let rule = BoxRule {
                margin,
                ..BoxRule::default()
            };
            let draw = |i| {
                let b = rule.draw(0.75, frame, &mut Stream::new(2, Purpose::Box, i));
                (b.top, b.height)
            };
            let mut all: Vec<_> = (0..2000).map(draw).collect();
            all.sort_unstable();
            all.dedup();
            all
        };
        let clipped = [
            (0, 2),
            (0, 3),
            (0, 4),
            (1, 4),
            (2, 4),
            (3, 4),
            (4, 4),
            (5, 3),
        ];
        assert_eq!(tops(0.0), clipped);
        assert_eq!(tops(0.49), clipped[1..7]);
    }

    #[test]
    fn min_max_boxes_lie_inside_with_sides_in_range() {
        let rule = BoxRule {
            sides: Some([0.2, 0.8]),
            ..BoxRule::default()
        };
        let mut sides = std::collections::BTreeSet::new();
        let mut ends = std::collections::BTreeSet::new();
        for i in 0..5000 {
            let b = rule.draw(0.9, SQUARE, &mut Stream::new(2, Purpose::Box, i));
            sides.extend([b.height, b.width]);
            ends.extend([b.top + b.height, b.left + b.width]);
        }
        assert_eq!(sides, (6..25).collect());
        assert_eq!(ends, (6..33).collect(), "every place inside can be taken");
    }

    #[test]
    fn what_is_no_box_is_refused() {
        let refused = |rule: BoxRule, part: &str| {
            let error = rule.check(SQUARE).expect_err("no box").to_string();
            assert!(error.contains(part), "{error}");
        };
        let plain = BoxRule::default();
        let margin = |margin| BoxRule { margin, ..plain };
        let sides = |low, high| BoxRule {
            sides: Some([low, high]),
            ..plain
        };
        refused(margin(0.5), "below 0.5");
        refused(margin(f64::NAN), "blend.box.margin");
        refused(sides(0.5, 0.5), "16 up to but not 16");
        refused(sides(0.5, 1.5), "blend.box.sides");
        let both = BoxRule {
            margin: 0.1,
            ..sides(0.2, 0.8)
        };
        refused(both, "without a margin");
        let uncorrected = BoxRule {
            corrected: false,
            ..sides(0.2, 0.8)
        };
        refused(uncorrected, "always corrected");
    }
}
