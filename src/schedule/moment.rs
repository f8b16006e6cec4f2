//! A moment of a run, as a share of it or as an epoch.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::clock::Clock;
use super::json::NumberOr;

/// When something begins or ends. Written `0.5` (a share) or `{"epoch": 100}`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Moment {
    /// A share of the run, or of the piece that holds the curve, in [0, 1].
    Share(f64),
    /// The beginning of this epoch of the run, from 0. It may lie past the end of a short run.
    Epoch(u32),
}

/// A stretch of a run, as shares of the whole run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub begin: f64,
    pub end: f64,
}

impl Window {
    /// The whole run.
    pub const RUN: Self = Self {
        begin: 0.0,
        end: 1.0,
    };

    /// Where a share of the run lies within the window, in [0, 1].
    pub fn progress(&self, share: f64) -> f64 {
        ((share - self.begin) / (self.end - self.begin)).clamp(0.0, 1.0)
    }
}

impl Moment {
    /// Whether the clock, seen within the window, stands at this moment or past it.
    ///
    /// Epochs are compared as whole numbers, so a boundary is exact in a run whose last epoch is cut short, too.
    pub(super) fn is_reached(&self, clock: Clock, window: Window) -> bool {
        match self {
            Self::Share(share) => window.progress(clock.progress()) >= *share,
            Self::Epoch(epoch) => clock.epoch >= *epoch,
        }
    }

    /// The moment as a share of the whole run: epoch e of E begins at e/E.
    pub(super) fn share(&self, clock: Clock, window: Window) -> f64 {
        match self {
            Self::Share(share) if *share == 1.0 => window.end,
            Self::Share(share) => window.begin + share * (window.end - window.begin),
            Self::Epoch(epoch) => f64::from(*epoch) / f64::from(clock.epochs),
        }
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Share(share) => serializer.serialize_f64(*share),
            Self::Epoch(epoch) => Written { epoch: *epoch }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match NumberOr::deserialize(deserializer)? {
            NumberOr::Number(share) => Self::Share(share),
            NumberOr::Map(Written { epoch }) => Self::Epoch(epoch),
        })
    }
}

/// The written form of an epoch.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    epoch: u32,
}
