//! Which tokens of a mixed text come from its partner (SSMix; Yoon, Kim and Park 2021).

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A run of neighbouring tokens that takes the place of as many others; written `[own, partner, width]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "[u32; 3]", into = "[u32; 3]")]
pub struct Span {
    /// Its first token in the row itself, special tokens counted.
    pub own: u32,
    /// Its first token in the partner.
    pub partner: u32,
    /// Its tokens.
    pub width: u32,
}

impl Span {
    /// The tokens that it replaces in the row itself.
    pub fn of_own(&self) -> std::ops::Range<usize> {
        self.own as usize..self.own as usize + self.width as usize
    }

    /// The tokens that it takes from the partner.
    pub fn of_partner(&self) -> std::ops::Range<usize> {
        self.partner as usize..self.partner as usize + self.width as usize
    }
}

impl From<[u32; 3]> for Span {
    fn from([own, partner, width]: [u32; 3]) -> Self {
        Self {
            own,
            partner,
            width,
        }
    }
}

impl From<Span> for [u32; 3] {
    fn from(span: Span) -> Self {
        [span.own, span.partner, span.width]
    }
}

/// The spans of each outgoing text, in rising order in the row itself: inside them stand the partner's tokens.
///
/// Ids are moved and never averaged. A row without a span stays as it is.
///
/// ```
/// use candle_mixup::{Span, Spans};
///
/// let spans = Spans::new(vec![vec![Span { own: 3, partner: 1, width: 2 }], vec![]])?;
/// assert_eq!(serde_json::to_string(&spans).expect("JSON"), "[[[3,1,2]],[]]");
/// assert_eq!((spans.len(), spans.taken(0)), (2, 2));
/// # Ok::<(), candle_mixup::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Vec<Span>>", into = "Vec<Vec<Span>>")]
pub struct Spans(Vec<Vec<Span>>);

impl Spans {
    /// The spans of each row.
    ///
    /// # Errors
    /// [`Error::Shape`] naming the first row with a span without tokens, or with spans that overlap or do not rise.
    pub fn new(rows: Vec<Vec<Span>>) -> Result<Self> {
        match rows.iter().position(|row| !rises(row)) {
            None => Ok(Self(rows)),
            Some(r) => Err(Error::Shape {
                what: format!("spans of row {r}"),
                expected: "spans of at least one token, rising and apart".into(),
                got: format!("{:?}", written(&rows[r])),
            }),
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The spans of each row.
    pub fn rows(&self) -> &[Vec<Span>] {
        &self.0
    }

    /// How many tokens row `r` takes from its partner.
    ///
    /// # Panics
    /// If there is no row `r`.
    pub fn taken(&self, r: usize) -> usize {
        self.0[r].iter().map(|span| span.width as usize).sum()
    }
}

fn rises(row: &[Span]) -> bool {
    let fits = |from: u32, width: u32| from.checked_add(width).is_some();
    let real = |s: &Span| s.width > 0 && fits(s.own, s.width) && fits(s.partner, s.width);
    let apart = |two: &[Span]| two[0].of_own().end <= two[1].of_own().start;
    row.iter().all(real) && row.windows(2).all(apart)
}

fn written(row: &[Span]) -> Vec<[u32; 3]> {
    row.iter().map(|span| (*span).into()).collect()
}

impl From<Spans> for Vec<Vec<Span>> {
    fn from(spans: Spans) -> Self {
        spans.0
    }
}

impl TryFrom<Vec<Vec<Span>>> for Spans {
    type Error = Error;

    fn try_from(rows: Vec<Vec<Span>>) -> Result<Self> {
        Self::new(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_are_no_spans_is_refused_by_row() {
        for wrong in [
            "[[],[[1,1,0]]]",
            "[[],[[1,1,2],[2,5,1]]]",
            "[[],[[4,1,1],[2,5,1]]]",
            "[[],[[4294967295,1,1]]]",
            "[[],[[1,4294967295,1]]]",
        ] {
            let error = serde_json::from_str::<Spans>(wrong).expect_err(wrong);
            assert!(error.to_string().contains("spans of row 1: "), "{error}");
        }
        assert!(serde_json::from_str::<Spans>("[[[1,2]]]").is_err());
        let good = serde_json::from_str::<Spans>("[[[1,9,2],[3,9,1]]]").expect("side by side");
        assert_eq!(good.taken(0), 3);
    }
}
