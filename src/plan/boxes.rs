//! Which rectangle of a mixed image comes from the partner (CutMix; Yun et al. 2019).

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Height and width of images, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frame {
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
}

/// A rectangle of pixels, possibly empty; written `[top, left, height, width]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "[usize; 4]", into = "[usize; 4]")]
pub struct PixelBox {
    /// Its first row of pixels.
    pub top: usize,
    /// Its first column.
    pub left: usize,
    /// Its rows.
    pub height: usize,
    /// Its columns.
    pub width: usize,
}

impl PixelBox {
    /// Pixels inside.
    pub fn area(&self) -> usize {
        self.height * self.width
    }
}

impl From<[usize; 4]> for PixelBox {
    fn from([top, left, height, width]: [usize; 4]) -> Self {
        Self {
            top,
            left,
            height,
            width,
        }
    }
}

impl From<PixelBox> for [usize; 4] {
    fn from(b: PixelBox) -> Self {
        [b.top, b.left, b.height, b.width]
    }
}

/// A box for each outgoing image, all images of one frame: inside it the pixels are the partner's, in every channel.
///
/// ```
/// use candle_mixup::{Boxes, Frame, PixelBox};
///
/// let frame = Frame { height: 4, width: 4 };
/// let boxes = Boxes::new(frame, vec![PixelBox { top: 1, left: 0, height: 2, width: 3 }])?;
/// assert_eq!(serde_json::to_string(&boxes).expect("JSON"), r#"{"frame":{"height":4,"width":4},"boxes":[[1,0,2,3]]}"#);
/// assert_eq!(boxes.kept(0), 1.0 - 6.0 / 16.0);
/// # Ok::<(), candle_mixup::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Boxes {
    frame: Frame,
    boxes: Vec<PixelBox>,
}

impl Boxes {
    /// Boxes that lie inside the frame.
    ///
    /// # Errors
    /// [`Error::Shape`] for a frame without pixels, and naming the first box that leaves it.
    pub fn new(frame: Frame, boxes: Vec<PixelBox>) -> Result<Self> {
        let Frame { height, width } = frame;
        if height == 0 || width == 0 {
            return Err(Error::Shape {
                what: "frame of boxes".into(),
                expected: "at least one pixel".into(),
                got: format!("{height}x{width}"),
            });
        }
        let ends = |from: usize, of: usize, most: usize| {
            from.checked_add(of).is_some_and(|end| end <= most)
        };
        let inside = |b: &PixelBox| ends(b.top, b.height, height) && ends(b.left, b.width, width);
        match boxes.iter().position(|b| !inside(b)) {
            None => Ok(Self { frame, boxes }),
            Some(r) => Err(Error::Shape {
                what: format!("box {r}"),
                expected: format!("inside {height}x{width}"),
                got: format!("{:?}", <[usize; 4]>::from(boxes[r])),
            }),
        }
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.boxes.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.boxes.is_empty()
    }

    /// Height and width of the images.
    pub fn frame(&self) -> Frame {
        self.frame
    }

    /// The box of each image.
    pub fn boxes(&self) -> &[PixelBox] {
        &self.boxes
    }

    /// The share of its pixels that image `r` keeps.
    ///
    /// # Panics
    /// If there is no image `r`.
    pub fn kept(&self, r: usize) -> f64 {
        let all = self.frame.height * self.frame.width;
        (all - self.boxes[r].area()) as f64 / all as f64
    }
}

/// The boxes as they are written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    frame: Frame,
    boxes: Vec<PixelBox>,
}

impl From<Boxes> for Written {
    fn from(boxes: Boxes) -> Self {
        Self {
            frame: boxes.frame,
            boxes: boxes.boxes,
        }
    }
}

impl TryFrom<Written> for Boxes {
    type Error = Error;

    fn try_from(written: Written) -> Result<Self> {
        Self::new(written.frame, written.boxes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_outside_the_frame_are_refused() {
        let frame = Frame {
            height: 2,
            width: 3,
        };
        for outside in [
            [0, 0, 3, 1],
            [1, 0, 2, 1],
            [0, 3, 1, 1],
            [usize::MAX, 0, 1, 1],
        ] {
            let error = Boxes::new(frame, vec![PixelBox::default(), outside.into()]);
            let error = error.expect_err("outside").to_string();
            assert!(error.starts_with("box 1: expected inside 2x3"), "{error}");
        }
        let whole = Boxes::new(frame, vec![[0, 0, 2, 3].into(), [2, 3, 0, 0].into()]);
        let whole = whole.expect("inside");
        assert_eq!((whole.kept(0), whole.kept(1)), (0.0, 1.0));
        for json in [
            r#"{"frame":{"height":0,"width":3},"boxes":[]}"#,
            r#"{"frame":{"height":2,"width":3},"boxes":[[0,0,3,3]]}"#,
            r#"{"frame":{"height":2,"width":3},"boxes":[[0,0,1]]}"#,
        ] {
            assert!(serde_json::from_str::<Boxes>(json).is_err(), "{json}");
        }
    }
}
