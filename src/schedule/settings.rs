//! The schedule: when, where, how strongly and with whom rows are mixed. Plain data that prints and saves as JSON.

use serde::{Deserialize, Serialize};

use super::blend_rule::BlendRule;
use super::curve::Curve;
use super::label::LabelRule;
use super::law::Law;
use super::pairing::Pairing;
use super::residue_rule::ResidueRule;
use super::sites::{SiteChoice, one_or_many};
use super::smoothing::SmoothingRule;
use super::text_rule::TextRule;
use crate::error::{Error, Result};

/// What the user writes; [`Schedule::check`] turns it into a [`Scheduler`](super::Scheduler).
///
/// Every field may be left out of the JSON, a plain number may stand for a curve, and an unknown field is refused.
///
/// ```
/// use candle_mixup::schedule::{Curve, Schedule};
///
/// let schedule = Schedule::from_json(r#"{"sites": ["hidden1"], "weight": {"beta": [2, 2]}, "probability": 0.5}"#)?;
/// assert_eq!(schedule.probability, Curve::Constant(0.5));
/// assert_eq!(Schedule::from_json(&schedule.to_json())?, schedule);
/// # Ok::<(), candle_mixup::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// What reports and messages call it; default `custom`.
    pub name: String,
    /// Where rows are mixed, one of these sites a step, each equally likely; default `["first"]`.
    ///
    /// Only a schedule whose probability is 0 may do without.
    #[serde(deserialize_with = "one_or_many")]
    pub sites: Vec<SiteChoice>,
    /// The law of λ; default Beta(1, 1).
    pub weight: Law,
    /// Whether λ is replaced by max(λ, 1 − λ), so that a row keeps the larger part of itself; default false.
    pub fold: bool,
    /// Whether a batch, a pair or a row has a λ of its own, and with boxes a box; default row.
    pub grain: Grain,
    /// With whom rows are mixed; default shuffle.
    pub partner: Pairing,
    /// How much of its own target a mixed row keeps; default the same as of its features.
    pub label: LabelRule,
    /// The probability, in [0, 1], that a batch or a row is mixed; default 1. The constant 0 switches mixing off.
    pub probability: Curve,
    /// Whether the probability is tossed once a batch, for each pair or for each row; default batch.
    pub apply: Grain,
    /// Whether mixed rows replace the batch, join it or balance it; default replace.
    pub mode: Mode,
    /// How two rows become one; default linear.
    pub blend: BlendRule,
    /// What is done to the rows of a mixed step after that; default nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub residue: Option<ResidueRule>,
    /// How training texts are changed as they are written, mixed step or not; default not at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub texts: Option<TextRule>,
    /// Label smoothing, in [0, 1), mixed step or not; default 0.
    pub smoothing: f64,
    /// Label smoothing that grows with the size of a class, mixed step or not; default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_smoothing: Option<SmoothingRule>,
    /// The seed of the draws; default the run's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

/// One for the batch, for each pair of rows, or for each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grain {
    /// One for the whole batch.
    Batch,
    /// One for two rows that are each other's partners: by the pairings `flip` and `halves` only (timm).
    Pair,
    /// One for each row.
    Row,
}

/// What becomes of the plain rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Mixed rows take their place.
    #[default]
    Replace,
    /// Mixed rows follow them, n rows becoming 2n (RegMixup; Pinto et al. 2022).
    AddTo,
    /// Mixed rows follow them until every class of the training set has as many rows as the batch's most frequent one:
    /// oversampling of each batch on its own. They start from any training rows of their class.
    Balance,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            name: "custom".into(),
            sites: vec![SiteChoice::First],
            weight: Law::default(),
            fold: false,
            grain: Grain::Row,
            partner: Pairing::default(),
            label: LabelRule::default(),
            probability: Curve::Constant(1.0),
            apply: Grain::Batch,
            mode: Mode::default(),
            blend: BlendRule::default(),
            residue: None,
            texts: None,
            smoothing: 0.0,
            class_smoothing: None,
            seed: None,
        }
    }
}

impl Schedule {
    /// Reads a schedule.
    ///
    /// # Errors
    /// [`Error::Json`] naming the line, for malformed JSON, a wrong type or an unknown field.
    pub fn from_json(json: &str) -> Result<Self> {
        serde_json::from_str(json).map_err(|e| Error::Json {
            what: "schedule",
            problem: e.to_string(),
        })
    }

    /// The schedule with every field written out.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain data with string keys is always JSON")
    }

    /// Whether rows get a residue that changes them.
    pub fn has_residue(&self) -> bool {
        self.residue.is_some_and(|rule| !rule.is_zero())
    }

    /// Whether a batch of a single row may be mixed: by rows that are loaded, by its own words in another order, or where
    /// it gets a residue.
    pub fn mixes_alone(&self) -> bool {
        self.mode != Mode::Replace || self.partner == Pairing::Reordered || self.has_residue()
    }

    /// Whether plans need to know where the tokens of texts stand.
    pub fn needs_stretches(&self) -> bool {
        self.blend.needs_stretches() || self.residue.is_some_and(|rule| rule.needs_stretches())
    }

    /// Whether plans need to know how many numbers a token has at the embedding.
    pub fn needs_token_width(&self) -> bool {
        self.residue.is_some_and(|rule| rule.needs_width())
    }

    /// Whether mixing is switched off outright, by a constant probability of 0.
    pub fn is_off(&self) -> bool {
        self.probability == Curve::Constant(0.0)
    }
}
