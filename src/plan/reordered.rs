//! Rows whose words stand in another order, as data.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The orders of the words of a plan's loaded rows: word i of a row is its word `order[i]` where it comes from.
///
/// The source loads the rows so, and their targets go along; at the site they are mixed by the weighted sum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reordered {
    /// One order a loaded row, each a permutation.
    pub orders: Vec<Vec<u32>>,
}

impl Reordered {
    /// Refuses orders that are no permutations, and another number of them than of loaded rows.
    ///
    /// # Errors
    /// [`Error::Shape`].
    pub fn check(&self, loaded: usize) -> Result<()> {
        if self.orders.len() != loaded {
            let expected = format!("{loaded}, one a loaded row");
            return Err(shape("orders of words", expected, self.orders.len()));
        }
        match self.orders.iter().find(|order| !is_permutation(order)) {
            None => Ok(()),
            Some(order) => Err(shape(
                "an order of words",
                "each word once".into(),
                format!("{order:?}"),
            )),
        }
    }

    /// The order of the tokens of loaded row `row`, whose words have these tokens, of `tokens` in all: whole words change
    /// their places, and what is no word's stays.
    ///
    /// # Errors
    /// [`Error::Shape`] for a row that there is not, and for an order of another number of words.
    ///
    /// ```
    /// use candle_mixup::Reordered;
    ///
    /// let reordered = Reordered { orders: vec![vec![1, 0]] };
    /// // A special token, a word of two pieces, one of one, and a special token.
    /// assert_eq!(reordered.tokens(0, &[1..3, 3..4], 5)?, [0, 3, 1, 2, 4]);
    /// # Ok::<(), candle_mixup::Error>(())
    /// ```
    pub fn tokens(&self, row: usize, words: &[Range<u32>], tokens: usize) -> Result<Vec<u32>> {
        let order = self.orders.get(row).map_or(&[][..], Vec::as_slice);
        if order.len() != words.len() || !is_permutation(order) {
            let expected = format!("each of {} words once", words.len());
            return Err(shape("an order of words", expected, format!("{order:?}")));
        }
        let mut places: Vec<u32> = (0..tokens as u32).collect();
        let from = order.iter().flat_map(|&w| words[w as usize].clone());
        let to = words.iter().flat_map(Clone::clone);
        for (to, from) in to.zip(from) {
            let place = places.get_mut(to as usize);
            *place.ok_or_else(|| shape("a token of a word", format!("below {tokens}"), to))? = from;
        }
        Ok(places)
    }
}

fn is_permutation(order: &[u32]) -> bool {
    let mut free = vec![true; order.len()];
    order
        .iter()
        .all(|&w| free.get_mut(w as usize).is_some_and(std::mem::take))
}

fn shape(what: &str, expected: String, got: impl ToString) -> Error {
    Error::Shape {
        what: what.into(),
        expected,
        got: got.to_string(),
    }
}
