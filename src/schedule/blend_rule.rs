//! Blend rules: how two rows become one, as a schedule says it.

use serde::{Deserialize, Deserializer, Serialize};

use super::blender::Blender;
use super::box_rule::BoxRule;
use super::choice::Choice;
use super::curve_check::check_number;
use super::features::Features;
use super::span_rule::{SpanChoice, SpanRule};
use super::task::{Domain, Task, TaskKind};
use crate::error::{Error, Result};
use crate::plan::Site;

/// How λ, drawn for a row, turns two rows into one.
///
/// A mask says what became of λ: the row's weight is the share of itself that it really keeps. The label rule `same`
/// then takes the blend's own label weight; other rules take the weight for λ.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum BlendRule {
    /// The weighted sum; weight and label weight are λ.
    #[default]
    Linear,
    /// A box of the image comes from the partner (CutMix; Yun et al. 2019). Weight and label weight are the share of
    /// pixels kept.
    Box(BoxRule),
    /// max(1, ⌊F·(1 − λ)⌋ of the F features, uniformly without replacement, come from the partner; none at λ = 1
    /// (CutMix for rows). Weight and label weight are the share of features kept.
    Columns,
    /// Each feature is kept with probability λ (FEAT-MIX; Chen et al. 2023, ExcelFormer). The label weight is the
    /// share of information kept, or of features where no feature has any.
    FeatureMask,
    /// Each dimension of the tokens is kept with probability λ, the same ones in every feature (HIDDEN-MIX; Chen et
    /// al. 2023, ExcelFormer).
    HiddenMask {
        /// Whose share is the label weight.
        label: HiddenLabel,
    },
    /// Rows move towards their partners along the first principal directions of the numeric cells only.
    Principal {
        /// The share of the variance, above 0 and at most 1, which the fewest directions must reach; default 0.9.
        share: f64,
        /// Whether each score is swapped, with probability 1 − λ, instead of all being mixed; default false. The label
        /// weight is then the share of variance kept.
        swap: bool,
    },
    /// Tokens of the partner take the place of some of the text's own (SSMix; Yoon, Kim and Park 2021). Weight and label
    /// weight are the share of tokens kept; a row whose partner is too short stays as it is.
    Span(SpanRule),
    /// One of these, drawn for each batch.
    Either(Vec<Choice>),
}

/// The label weight under [`BlendRule::HiddenMask`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HiddenLabel {
    /// λ as drawn.
    #[default]
    Drawn,
    /// The share of dimensions that were kept.
    Realised,
}

impl BlendRule {
    /// Whether the rule reads what the features of a table are.
    pub fn needs_features(&self) -> bool {
        match self {
            Self::Linear | Self::Box(_) | Self::Span(_) => false,
            Self::Either(choices) => choices.iter().any(|c| c.blend.needs_features()),
            _ => true,
        }
    }

    /// Whether it reads how much each feature says of the target.
    pub fn needs_information(&self) -> bool {
        match self {
            Self::FeatureMask => true,
            Self::Either(choices) => choices.iter().any(|c| c.blend.needs_information()),
            _ => false,
        }
    }

    /// Whether it reads the principal directions of the numeric cells.
    pub fn needs_directions(&self) -> bool {
        match self {
            Self::Principal { .. } => true,
            Self::Either(choices) => choices.iter().any(|c| c.blend.needs_directions()),
            _ => false,
        }
    }

    /// Whether it cuts boxes out of images.
    pub fn needs_images(&self) -> bool {
        match self {
            Self::Box(_) => true,
            Self::Either(choices) => choices.iter().any(|c| c.blend.needs_images()),
            _ => false,
        }
    }

    /// Whether it reads where the tokens of texts stand.
    pub fn needs_stretches(&self) -> bool {
        match self {
            Self::Span(_) => true,
            Self::Either(choices) => choices.iter().any(|c| c.blend.needs_stretches()),
            _ => false,
        }
    }

    /// Whether it asks the model for the saliency of tokens.
    pub fn needs_saliency(&self) -> bool {
        match self {
            Self::Span(rule) => rule.choice == SpanChoice::Saliency,
            Self::Either(choices) => choices.iter().any(|c| c.blend.needs_saliency()),
            _ => false,
        }
    }

    /// The blends among which each batch draws: itself, where there is no list.
    pub fn choices(&self) -> Vec<Choice> {
        match self {
            Self::Either(choices) => choices.clone(),
            one => vec![one.clone().into()],
        }
    }

    /// The blend ready to draw from, where it is none of several.
    pub(super) fn one(&self, sites: &[Site], task: &Task) -> Result<Blender> {
        match self {
            Self::Linear => Ok(Blender::Linear),
            Self::Either(_) => {
                let expected = "a list of blends that are not lists themselves";
                Err(Error::setting("blend.either", expected, self.written()))
            }
            Self::Box(rule) => {
                let frame = task.image.ok_or_else(|| self.lacks("images"))?;
                self.check_sites(sites)?;
                rule.check(frame)?;
                Ok(Blender::Box { rule: *rule, frame })
            }
            Self::Span(rule) => {
                if task.domain != Domain::Text || task.kind == TaskKind::Tags {
                    return Err(self.lacks("texts with one target each"));
                }
                self.check_sites(sites)?;
                rule.check()?;
                Ok(Blender::Span(*rule))
            }
            Self::Columns => self.features(sites, task).map(|_| Blender::Columns),
            Self::FeatureMask => self.features(sites, task).map(|_| Blender::FeatureMask),
            Self::HiddenMask { label } => match self.features(sites, task)?.has_tokens() {
                true => Ok(Blender::HiddenMask(*label)),
                false => Err(self.lacks("a model in which features are tokens")),
            },
            Self::Principal { share, swap } => {
                self.principal(self.features(sites, task)?, *share, *swap)
            }
        }
    }

    fn features<'a>(&self, sites: &[Site], task: &'a Task) -> Result<&'a Features> {
        let features = task.features.as_ref();
        let features = features.ok_or_else(|| self.lacks("the features of a table"))?;
        self.check_sites(sites)?;
        Ok(features)
    }

    fn principal(&self, features: &Features, share: f64, swap: bool) -> Result<Blender> {
        check_number("blend.principal.share", share, &(0.0..=1.0))?;
        if share == 0.0 {
            let expected = "above 0 and at most 1";
            return Err(Error::setting("blend.principal.share", expected, share));
        }
        let basis = features.basis.as_ref().filter(|basis| basis.count() > 0);
        let basis = basis.ok_or_else(|| self.lacks("principal directions of numeric features"))?;
        Ok(Blender::principal(basis, share, swap))
    }

    fn check_sites(&self, sites: &[Site]) -> Result<()> {
        let (fits, expected): (fn(&Site) -> bool, _) = match self {
            Self::HiddenMask { .. } | Self::Span(_) => (|s| *s == Site::Embedding, "embedding"),
            Self::Principal { .. } | Self::Box(_) => (|s| *s == Site::Input, "input"),
            _ => (
                |s| matches!(s, Site::Input | Site::Embedding),
                "input or embedding",
            ),
        };
        match sites.iter().find(|site| !fits(site)) {
            None => Ok(()),
            Some(site) => Err(Error::Conflict(format!(
                "the blend {} mixes at {expected}, not at {site}",
                self.written()
            ))),
        }
    }

    fn lacks(&self, what: &str) -> Error {
        let blend = self.written();
        Error::Conflict(format!(
            "the blend {blend} needs {what}, which this task does not have"
        ))
    }

    fn written(&self) -> String {
        serde_json::to_string(self).expect("a rule is plain data")
    }
}

/// The rules as they are read: a name alone stands for the rule with its defaults.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Written {
    Linear,
    Box(BoxRule),
    Columns,
    FeatureMask,
    HiddenMask {
        #[serde(default)]
        label: HiddenLabel,
    },
    Principal {
        #[serde(default = "most")]
        share: f64,
        #[serde(default)]
        swap: bool,
    },
    Span(SpanRule),
    Either(Vec<Choice>),
}

fn most() -> f64 {
    0.9
}

impl<'de> Deserialize<'de> for BlendRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let mut value = serde_json::Value::deserialize(deserializer)?;
        if let Some(name @ ("box" | "hidden-mask" | "principal" | "span")) = value.as_str() {
            value = serde_json::json!({ name: {} });
        }
        let written: Written = serde_json::from_value(value).map_err(serde::de::Error::custom)?;
        Ok(match written {
            Written::Linear => Self::Linear,
            Written::Box(rule) => Self::Box(rule),
            Written::Columns => Self::Columns,
            Written::FeatureMask => Self::FeatureMask,
            Written::HiddenMask { label } => Self::HiddenMask { label },
            Written::Principal { share, swap } => Self::Principal { share, swap },
            Written::Span(rule) => Self::Span(rule),
            Written::Either(choices) => Self::Either(choices),
        })
    }
}
