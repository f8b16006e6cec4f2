//! What a measurement found, in the form in which it is written.

use serde::{Deserialize, Serialize};

use super::row_pairs::Relation;
use crate::plan::Site;

/// A 95 % interval, low and high; `None` where there is nothing to take one of.
pub type Interval = Option<[f64; 2]>;

/// How far a model is from linear, site by site in forward order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Linearity {
    /// Number of pairs.
    pub pairs: usize,
    /// How the rows of a pair stand to each other.
    pub relation: Relation,
    /// How well the model fits the rows that it was trained on, by the main metric of its task, where that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fit: Option<f64>,
    /// The sites.
    pub sites: Vec<SiteLinearity>,
}

/// The part of a model above one site. Gaps are means over pairs and the inner weights, on logits (for numbers on the
/// standardised values) unless said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SiteLinearity {
    /// The site.
    pub site: Site,
    /// The mean gap.
    pub gap: f64,
    /// Its bootstrap interval over the pairs.
    pub gap_ci95: Interval,
    /// Σ gap / Σ ‖f(a) − f(b)‖ over the same pairs and weights: free of the outputs' scale. `None` where all outputs
    /// are alike.
    pub relative_gap: Option<f64>,
    /// Its bootstrap interval.
    pub relative_gap_ci95: Interval,
    /// The mean gap of probabilities, at most √2 for one class a row; `None` for numbers.
    pub probability_gap: Option<f64>,
    /// Its bootstrap interval.
    pub probability_gap_ci95: Interval,
    /// Share of mixes whose predicted class is that of neither end (manifold intrusion, Guo et al. 2019); `None`
    /// unless a row has one class.
    pub third_class: Option<f64>,
    /// The same by λ, from 0 to 1 as given, ends included.
    pub by_weight: Vec<AtWeight>,
}

/// At one λ, the weight of the pair's first row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AtWeight {
    /// λ.
    pub weight: f64,
    /// Mean gap; exactly 0 at λ = 0 and λ = 1.
    pub gap: f64,
    /// Mean gap of probabilities.
    pub probability_gap: Option<f64>,
    /// Mean of the largest probability; `None` unless a row has one class.
    pub confidence: Option<f64>,
    /// Mean distance of the largest logit from the second; `None` unless a row has one class.
    pub margin: Option<f64>,
    /// Share of a third class, as above.
    pub third_class: Option<f64>,
}

/// The singular values of a site's states, not centred, averaged over the classes (Verma et al. 2019, section 4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SiteSpectrum {
    /// The site.
    pub site: Site,
    /// σ₁, mean over the classes.
    pub first: f64,
    /// σ₂ + σ₃ + ..., mean over the classes.
    pub others: f64,
    /// Mean over the classes of others/first: the smaller, the flatter.
    pub ratio: f64,
    /// σ₁, σ₂, ..., each the mean over the classes that have so many.
    pub values: Vec<f64>,
    /// The same class by class.
    pub by_class: Vec<ClassSpectrum>,
}

/// The singular values of one class's states.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassSpectrum {
    /// The class's number.
    pub class: u32,
    /// Its rows that were measured; only spectra of equal rows compare.
    pub rows: usize,
    /// σ₁, σ₂, ...
    pub values: Vec<f64>,
}

impl ClassSpectrum {
    /// σ₁.
    pub fn first(&self) -> f64 {
        self.values[0]
    }

    /// σ₂ + σ₃ + ...
    pub fn others(&self) -> f64 {
        self.values[1..].iter().sum()
    }
}

/// ‖∂ max_c f_c / ∂ state‖₂, mean over the pairs: how steep the winning output is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SiteGradient {
    /// The site.
    pub site: Site,
    /// At the pairs' own rows.
    pub at_rows: f64,
    /// On the mixes between them.
    pub between: f64,
}
