//! A point of the ball around a row, split into its part on an axis and the rest.
//!
//! ```text
//! p = U^(1/d)·g/‖g‖,  g ~ N(0, I_d)     uniform in the unit ball (Muller 1959)
//! e = (s − c)/R,  R = ‖s − c‖           the axis from c to s
//! p = (p·e)e + off                      both parts of it
//! ```
//!
//! The point of row `r` is a function of its number, so that it is drawn again where the row is written, and not kept.

use rand_distr::{Distribution, StandardNormal};

use super::draws::Draws;
use super::rows::Real;
use crate::random::{Purpose, Stream};

/// p·e of row `r`, in [−1, 1]; `None` where c = s, which has no axis.
pub(super) fn along<T: Real>(draws: Draws, r: usize, c: &[T], s: &[T]) -> Option<f64> {
    let axis = Axis::between(c, s)?;
    let (mut stream, reach) = begin(draws, r, c.len());
    let (dot, norm) = axis.project((0..c.len()).map(|_| normal(&mut stream)));
    Some(on_axis(reach, dot, norm))
}

/// (1 − δ)·R·off of row `r`, in units of the table; `None` where it is 0.
pub(super) fn off_axis<T: Real>(
    draws: Draws,
    r: usize,
    [c, s]: [&[T]; 2],
    deformation: f64,
) -> Option<Vec<f64>> {
    let axis = Axis::between(c, s).filter(|_| deformation < 1.0)?;
    let (mut stream, reach) = begin(draws, r, c.len());
    let mut off: Vec<f64> = (0..c.len()).map(|_| normal(&mut stream)).collect();
    let (dot, norm) = axis.project(off.iter().copied());
    let (along, factor) = (
        on_axis(reach, dot, norm),
        (1.0 - deformation) * axis.length(),
    );
    let outwards = if norm > 0.0 { reach / norm } else { 0.0 };
    for (g, e) in off.iter_mut().zip(axis.unit()) {
        *g = factor * (outwards * *g - along * e);
    }
    Some(off)
}

/// The row's stream behind its first draw, and the point's distance from the middle, U^(1/d).
fn begin(draws: Draws, r: usize, d: usize) -> (Stream, f64) {
    let mut stream = draws.stream(Purpose::Residue, r);
    let reach = stream.unit().powf(1.0 / d as f64);
    (stream, reach)
}

fn normal(stream: &mut Stream) -> f64 {
    StandardNormal.sample(stream.rng())
}

fn on_axis(reach: f64, dot: f64, norm: f64) -> f64 {
    match norm > 0.0 {
        true => (reach * dot / norm).clamp(-1.0, 1.0),
        false => 0.0,
    }
}

/// From c to s; squares are taken of shares of the longest side, which neither overflow nor vanish.
struct Axis<'a, T> {
    c: &'a [T],
    s: &'a [T],
    longest: f64,
    norm: f64,
}

impl<'a, T: Real> Axis<'a, T> {
    fn between(c: &'a [T], s: &'a [T]) -> Option<Self> {
        let sides = || c.iter().zip(s).map(|(c, s)| s.to_f64() - c.to_f64());
        let longest = sides().fold(0.0, |most: f64, side| most.max(side.abs()));
        if longest == 0.0 {
            return None;
        }
        let squares: f64 = sides().map(|side| (side / longest).powi(2)).sum();
        Some(Self {
            c,
            s,
            longest,
            norm: squares.sqrt(),
        })
    }

    /// R.
    fn length(&self) -> f64 {
        self.longest * self.norm
    }

    /// e.
    fn unit(&self) -> impl Iterator<Item = f64> {
        let side = |(c, s): (&T, &T)| (s.to_f64() - c.to_f64()) / self.longest / self.norm;
        self.c.iter().zip(self.s).map(side)
    }

    /// g·e and ‖g‖.
    fn project(&self, g: impl Iterator<Item = f64>) -> (f64, f64) {
        let (dot, squares) = g
            .zip(self.unit())
            .fold((0.0, 0.0), |(dot, squares), (g, e)| {
                (dot + g * e, squares + g * g)
            });
        (dot, squares.sqrt())
    }
}
