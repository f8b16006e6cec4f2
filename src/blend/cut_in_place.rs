//! Boxes of a raw buffer's images set into each other, in place, for any permutation of partners.
//!
//! Along a cycle of the permutation an image needs its partner's old pixels inside its own box. Walked in order, only
//! the last image of a cycle needs pixels that were overwritten: those of the first, kept aside inside its box. So
//! nothing but the boxes is read or written.

use std::ops::Range;

use rayon::prelude::*;

use super::boxes::columns;
use super::in_place::{Grid, Pixel, check_permutation, cycles};
use crate::error::{Error, Result};
use crate::pairs::Pairs;
use crate::plan::{Boxes, PixelBox};

/// Lines of pixels that one task walks.
const LINES: usize = 32;

/// Sets the boxes of a buffer `[pairs.len(), channels, height, width]` in place: inside its box an image takes the
/// pixels that its partner had, in every channel.
///
/// As under [`mix`](crate::mix) a row of weight 1 keeps all of its pixels and one of weight 0 takes all of its partner's.
///
/// ```
/// use candle_mixup::{Boxes, Frame, Pairs, PixelBox, cut_in_place};
///
/// let mut pixels = [1u8, 2, 3, 4, 5, 6]; // two grey images of 1 x 3
/// let frame = Frame { height: 1, width: 3 };
/// let boxes = Boxes::new(frame, vec![PixelBox::from([0, 1, 1, 2]), PixelBox::from([0, 0, 1, 1])])?;
/// let kept = vec![boxes.kept(0), boxes.kept(1)];
/// let pairs = Pairs::new(vec![0, 1], vec![1, 0], kept.clone(), kept)?;
/// cut_in_place(&mut pixels, 1, &pairs, &boxes)?;
/// assert_eq!(pixels, [1, 5, 6, 1, 5, 6]);
/// # Ok::<(), candle_mixup::Error>(())
/// ```
///
/// # Errors
/// [`Error::Shape`] if the buffer is not `pairs.len()` images of the boxes' frame or there is not a box a pair;
/// [`Error::Pairs`] unless own is 0..n and partner a permutation of it.
pub fn cut_in_place<P: Pixel>(
    rows: &mut [P],
    channels: usize,
    pairs: &Pairs,
    boxes: &Boxes,
) -> Result<()> {
    let frame = boxes.frame();
    let lines = channels * frame.height;
    let wrong = |what: &str, expected: String, got: usize| Error::Shape {
        what: what.into(),
        expected,
        got: got.to_string(),
    };
    if boxes.len() != pairs.len() {
        let expected = format!("{}, one a pair", pairs.len());
        return Err(wrong("boxes", expected, boxes.len()));
    }
    if pairs.len().checked_mul(lines * frame.width) != Some(rows.len()) {
        let (n, height, width) = (pairs.len(), frame.height, frame.width);
        let expected = format!("{n} images of {channels}x{height}x{width} pixels");
        return Err(wrong("buffer to cut in place", expected, rows.len()));
    }
    check_permutation(pairs)?;
    let cycles = cycles(pairs.partner());
    let grid = Grid::new(rows, lines * frame.width);
    let cut = Cut {
        boxes,
        weight: pairs.weight(),
    };
    (0..lines.div_ceil(LINES))
        .into_par_iter()
        .for_each_init(Vec::new, |first, task| {
            let lines = task * LINES..lines.min((task + 1) * LINES);
            for cycle in &cycles {
                // SAFETY: each task has lines of its own, and only this closure uses the grid.
                unsafe { cut.walk(&grid, &lines, cycle, first) }
            }
        });
    Ok(())
}

/// What of each image comes from its partner.
struct Cut<'a> {
    boxes: &'a Boxes,
    weight: &'a [f64],
}

impl Cut<'_> {
    fn of(&self, row: u32) -> PixelBox {
        let frame = self.boxes.frame();
        match self.weight[row as usize] {
            1.0 => PixelBox::default(),
            0.0 => PixelBox::from([0, 0, frame.height, frame.width]),
            _ => self.boxes.boxes()[row as usize],
        }
    }

    /// The elements of an image, on these lines, that lie in a box: a range a line.
    fn spans(&self, b: PixelBox, lines: &Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let frame = self.boxes.frame();
        lines.clone().filter_map(move |line| {
            let inside = columns(b, line % frame.height);
            let start = line * frame.width;
            (!inside.is_empty()).then_some(start + inside.start..start + inside.end)
        })
    }

    /// Sets the boxes of one cycle of images, on some lines.
    ///
    /// # Safety
    /// No other reference into these lines of the grid may be alive during the call.
    unsafe fn walk<P: Pixel>(
        &self,
        grid: &Grid<'_, P>,
        lines: &Range<usize>,
        cycle: &[u32],
        first: &mut Vec<P>,
    ) {
        let Some(&last) = cycle.last() else {
            return;
        };
        first.clear();
        for span in self.spans(self.of(last), lines) {
            // SAFETY: nobody else holds these lines, and the reference ends with the statement.
            first.extend_from_slice(unsafe { grid.cells(cycle[0], &span) });
        }
        for pair in cycle.windows(2) {
            for span in self.spans(self.of(pair[0]), lines) {
                // SAFETY: as above; the rows of one cycle are different rows, so these two do not overlap.
                let (own, partner) =
                    unsafe { (grid.cells(pair[0], &span), grid.cells(pair[1], &span)) };
                own.copy_from_slice(partner);
            }
        }
        let mut kept = first.as_slice();
        for span in self.spans(self.of(last), lines) {
            let (these, rest) = kept.split_at(span.len());
            // SAFETY: as above.
            unsafe { grid.cells(last, &span) }.copy_from_slice(these);
            kept = rest;
        }
    }
}
