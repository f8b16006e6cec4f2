//! A number over the run: drives probability, α and the learning rate.
//!
//! ```text
//! constant  v                                      linear  from + (to − from)·t
//! cosine    to + (from − to)·(1 + cos πt)/2        cycle   1 iff (now − start) mod period < on
//! steps     the value of the last step reached     pieces  the curve of the piece that holds now
//! ```
//!
//! t is the progress, step / steps, within the run or within the piece that holds the curve. A piece (until u) holds
//! while previous ≤ progress < u, and the last piece has u = 1.

use std::f64::consts::PI;

use super::clock::Clock;
use super::moment::{Moment, Window};

/// A curve as data: it prints, saves and compares. In JSON a plain number is a constant.
///
/// ```
/// use candle_mixup::schedule::{Clock, Curve};
///
/// let curve: Curve = serde_json::from_str(r#"{"linear": {"from": 0, "to": 1}}"#)?;
/// assert_eq!(curve.value(Clock::at(25, 100, 10)), 0.25);
/// assert_eq!(curve.range(), (0.0, 1.0));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Curve {
    /// One value throughout.
    Constant(f64),
    /// A straight line; `to` belongs to t = 1, one step past the last.
    Linear {
        /// The value at t = 0.
        from: f64,
        /// The value at t = 1.
        to: f64,
        /// How often the value moves; default every step.
        per: Per,
    },
    /// Half a cosine wave; `to` belongs to t = 1, one step past the last (Loshchilov and Hutter 2017).
    Cosine {
        /// The value at t = 0.
        from: f64,
        /// The value at t = 1.
        to: f64,
        /// How often the value moves; default every step.
        per: Per,
    },
    /// Constant between given moments.
    Steps {
        /// The value before the first step.
        from: f64,
        /// The steps, their moments strictly rising.
        then: Vec<Step>,
    },
    /// 1 for the first part of every period and 0 for the rest; 0 before the first period.
    Cycle(Cycle),
    /// Curves joined end to end, each on its own progress.
    Pieces(Vec<Piece>),
}

/// How often a curve moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Per {
    /// Every step has its own progress.
    #[default]
    Step,
    /// All steps of an epoch have the progress of the epoch's beginning.
    Epoch,
}

/// A jump of [`Curve::Steps`].
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// When.
    pub at: Moment,
    /// The value from then on.
    pub value: f64,
}

/// The periods of [`Curve::Cycle`], counted over the whole run and not over a piece.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Cycle {
    /// In epochs: 1 iff epoch ≥ start and (epoch − start) mod period < on.
    Epochs {
        /// The first epoch of the first period; default 0.
        #[serde(default)]
        start: u32,
        /// Epochs that are on, at the beginning of each period.
        on: u32,
        /// Epochs of a period.
        period: u32,
    },
    /// In shares of the run.
    Share {
        /// Where the first period begins, in [0, 1); default 0.
        #[serde(default)]
        start: f64,
        /// The share of the run that is on, at the beginning of each period.
        on: f64,
        /// The share of the run that is one period.
        period: f64,
    },
}

/// One curve of [`Curve::Pieces`].
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// Where the piece ends and the next begins; 1 for the last.
    pub until: Moment,
    /// The curve, on the piece's own progress.
    pub value: Curve,
}

impl Piece {
    /// A piece.
    pub fn new(until: Moment, value: Curve) -> Self {
        Self { until, value }
    }
}

impl Curve {
    /// A line that moves at every step.
    pub fn linear(from: f64, to: f64) -> Self {
        Self::Linear {
            from,
            to,
            per: Per::Step,
        }
    }

    /// Half a cosine wave that moves at every step.
    pub fn cosine(from: f64, to: f64) -> Self {
        Self::Cosine {
            from,
            to,
            per: Per::Step,
        }
    }

    /// From 0 to `value` over the first `share` of the run, then `value`.
    pub fn warm_up(share: f64, value: f64) -> Self {
        Self::after_warm_up(share, value, Self::Constant(value))
    }

    /// From 0 to 1 over the first `share` of the run, in (0, 1), then down to 0 at its end; a `share` of 0 only falls.
    ///
    /// As a factor of a learning rate this is the usual schedule of fine-tuning (Devlin et al. 2019, A.2).
    pub fn warm_up_then_linear(share: f64) -> Self {
        Self::after_warm_up(share, 1.0, Self::linear(1.0, 0.0))
    }

    /// 1 before the epoch, 0 from its first step on (timm's off-epoch).
    pub fn off_from_epoch(epoch: u32) -> Self {
        Self::Steps {
            from: 1.0,
            then: vec![Step {
                at: Moment::Epoch(epoch),
                value: 0.0,
            }],
        }
    }

    fn after_warm_up(share: f64, value: f64, then: Self) -> Self {
        if share == 0.0 {
            return then;
        }
        Self::Pieces(vec![
            Piece::new(Moment::Share(share), Self::linear(0.0, value)),
            Piece::new(Moment::Share(1.0), then),
        ])
    }

    /// The value at a moment of a run.
    pub fn value(&self, clock: Clock) -> f64 {
        self.value_within(clock, Window::RUN)
    }

    /// The lowest and the highest value of a curve that passes [`Curve::check`], whatever the run.
    pub fn range(&self) -> (f64, f64) {
        match self {
            Self::Constant(value) => (*value, *value),
            Self::Linear { from, to, .. } | Self::Cosine { from, to, .. } => {
                (from.min(*to), from.max(*to))
            }
            Self::Steps { from, then } => then.iter().fold((*from, *from), |(low, high), s| {
                (low.min(s.value), high.max(s.value))
            }),
            Self::Cycle(_) => (0.0, 1.0),
            Self::Pieces(pieces) => pieces
                .iter()
                .map(|p| p.value.range())
                .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
                .unwrap_or_default(),
        }
    }

    fn value_within(&self, clock: Clock, window: Window) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Linear { from, to, per } => {
                between(*from, *to, from + (to - from) * per.progress(clock, window))
            }
            Self::Cosine { from, to, per } => {
                let wave = (1.0 + (PI * per.progress(clock, window)).cos()) / 2.0;
                between(*from, *to, to + (from - to) * wave)
            }
            Self::Steps { from, then } => then
                .iter()
                .rfind(|s| s.at.is_reached(clock, window))
                .map_or(*from, |s| s.value),
            Self::Cycle(cycle) => f64::from(u8::from(cycle.is_on(clock))),
            Self::Pieces(pieces) => join(pieces, clock, window),
        }
    }
}

impl Per {
    fn progress(self, clock: Clock, window: Window) -> f64 {
        window.progress(match self {
            Self::Step => clock.progress(),
            Self::Epoch => f64::from(clock.epoch) / f64::from(clock.epochs),
        })
    }
}

impl Cycle {
    fn is_on(&self, clock: Clock) -> bool {
        match *self {
            Self::Epochs { start, on, period } => {
                clock.epoch >= start && (clock.epoch - start) % period < on
            }
            Self::Share { start, on, period } => {
                // 0.1 + 2·0.1 is not 0.3 in floating point: a boundary within a billionth of a period is reached.
                let reached = 1e-9;
                let phase = (clock.progress() - start) / period + reached;
                phase >= 0.0 && phase - phase.floor() < on / period
            }
        }
    }
}

/// The value of the first piece whose end is not reached; the last one's end never is.
fn join(pieces: &[Piece], clock: Clock, window: Window) -> f64 {
    let last = pieces.len().saturating_sub(1);
    let mut begin = window.begin;
    for (i, piece) in pieces.iter().enumerate() {
        let end = piece.until.share(clock, window);
        if i == last || !piece.until.is_reached(clock, window) {
            return piece.value.value_within(clock, Window { begin, end });
        }
        begin = end;
    }
    f64::NAN // no pieces: refused by check
}

/// Rounding may carry a value an ulp past its ends, and `range` shall hold.
fn between(from: f64, to: f64, value: f64) -> f64 {
    value.clamp(from.min(to), from.max(to))
}
