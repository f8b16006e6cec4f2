//! What an operation looks at, and the memory that it works in.

use super::edit::Edit;
use super::lists::Lists;
use super::settings::AugmentSettings;
use super::unchanged::Unchanged;
use super::units::Units;
use crate::random::Stream;
use crate::schedule::share;
use crate::text::words::{TextSpan, WordFinder};

/// The share of the new text that is the text's own, or why there is no new text.
pub(super) type Drawn = std::result::Result<f64, Unchanged>;

/// A text with its units, and what there is to change it by.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub text: &'a str,
    pub units: &'a Units,
    /// Whether words stand between white space, so that none may touch another.
    pub spaced: bool,
    /// Another text, where one was given.
    pub partner: Option<(&'a str, &'a Units)>,
    /// The operation's number.
    pub rate: f64,
    pub settings: &'a AugmentSettings,
    pub lists: &'a Lists,
    pub finder: &'a WordFinder,
}

impl Scene<'_> {
    /// How many of `m` are changed: this share of them, at least one where the share is not 0 (Wei and Zou 2019).
    pub fn count(&self, m: usize) -> std::result::Result<usize, Unchanged> {
        match m {
            _ if self.rate == 0.0 => Err(Unchanged::NothingDrawn),
            0 => Err(self.nothing_free()),
            _ => Ok(share(self.rate, m).max(1).min(m)),
        }
    }

    /// Why no unit can be changed.
    pub fn nothing_free(&self) -> Unchanged {
        if self.units.len() == 0 {
            Unchanged::NoWords
        } else {
            Unchanged::Protected
        }
    }
}

/// The memory in which operations work, text after text.
#[derive(Debug, Default)]
pub(super) struct Desk {
    pub edit: Edit,
    pub order: Vec<u32>,
    pub candidates: Vec<u32>,
    pub spans: Vec<TextSpan>,
    pub word: String,
}

impl Desk {
    /// 0..m.
    pub fn in_order(&mut self, m: usize) -> &mut Vec<u32> {
        self.order.clear();
        self.order.extend(0..m as u32);
        &mut self.order
    }

    /// `n` distinct numbers below `m`, uniform, in rising order: the beginning of `order`.
    pub fn choose(&mut self, m: usize, n: usize, stream: &mut Stream) {
        let order = self.in_order(m);
        for i in 0..n {
            let j = i + stream.below(m - i);
            order.swap(i, j);
        }
        order.truncate(n);
        order.sort_unstable();
    }
}
