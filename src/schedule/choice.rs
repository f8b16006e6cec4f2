//! Several blends of which each batch draws one: mixup or CutMix, as in timm.

use serde::{Deserialize, Deserializer, Serialize};

use super::blend_rule::BlendRule;
use super::blender::Blender;
use super::curve_check::check_number;
use super::law::Law;
use super::task::Task;
use crate::error::{Error, Result};
use crate::plan::Site;

/// One of several blends. Written as the blend alone, or with its fields.
///
/// ```
/// use candle_mixup::schedule::Schedule;
///
/// let timm = r#"{"sites": "input", "blend": {"either": [
///     {"blend": "linear", "share": 0.5, "weight": {"beta": 0.8}},
///     {"blend": "box", "share": 0.5, "weight": {"beta": 1}}
/// ]}}"#;
/// assert_eq!(Schedule::from_json(timm)?.blend.choices().len(), 2);
/// # Ok::<(), candle_mixup::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Choice {
    /// The blend; not a list of others.
    pub blend: BlendRule,
    /// How often it is drawn, relative to the others; above 0, default 1.
    pub share: f64,
    /// The law of its λ; default the schedule's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<Law>,
}

impl From<BlendRule> for Choice {
    fn from(blend: BlendRule) -> Self {
        Self {
            blend,
            share: 1.0,
            weight: None,
        }
    }
}

impl<'de> Deserialize<'de> for Choice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Fields {
            blend: BlendRule,
            #[serde(default = "one")]
            share: f64,
            weight: Option<Law>,
        }
        fn one() -> f64 {
            1.0
        }
        let value = serde_json::Value::deserialize(deserializer)?;
        let fields = value.get("blend").is_some();
        let read = match fields {
            true => serde_json::from_value(value).map(|f: Fields| Self {
                blend: f.blend,
                share: f.share,
                weight: f.weight,
            }),
            false => serde_json::from_value(value).map(|rule: BlendRule| rule.into()),
        };
        read.map_err(serde::de::Error::custom)
    }
}

/// A choice that has been checked.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub blender: Blender,
    /// Its share and those of all before it.
    pub reach: f64,
    /// The law of λ.
    pub weight: Law,
}

impl Candidate {
    /// Whether rows change whatever λ is.
    pub fn moves_all(&self) -> bool {
        matches!(self.blender, Blender::Span(_))
    }
}

/// The blends among which each batch draws.
pub(super) fn resolve(
    rule: &BlendRule,
    law: &Law,
    sites: &[Site],
    task: &Task,
) -> Result<Vec<Candidate>> {
    let choices = rule.choices();
    if choices.is_empty() {
        return Err(Error::setting("blend.either", "at least one blend", "none"));
    }
    let mut reach = 0.0;
    let candidates = choices.iter().map(|choice| {
        check_number("blend.either.share", choice.share, &(0.0..=f64::MAX))?;
        if choice.share == 0.0 {
            return Err(Error::setting("blend.either.share", "above 0", 0));
        }
        if let Some(law) = &choice.weight {
            law.check("blend.either.weight", task.epochs)?;
        }
        reach += choice.share;
        Ok(Candidate {
            blender: choice.blend.one(sites, task)?,
            reach,
            weight: choice.weight.clone().unwrap_or_else(|| law.clone()),
        })
    });
    candidates.collect()
}

/// The candidate on which a number of [0, 1) falls.
pub(super) fn pick(candidates: &[Candidate], unit: f64) -> &Candidate {
    let last = &candidates[candidates.len() - 1];
    let at = unit * last.reach;
    candidates.iter().find(|c| at < c.reach).unwrap_or(last)
}
