//! What is trained: the networks that can be mixed in, and the trees and the forest that are there for comparison.

use anyhow::Result;
use candle_mixup::Error;
use serde::{Deserialize, Serialize};

use super::args::NetworkArg;
use super::arm::{Arm, Treatment, is_plain};

/// A model of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Detector {
    /// A linear model.
    Linear,
    /// A multi-layer perceptron.
    Mlp,
    /// A feature-token transformer.
    Transformer,
    /// A random forest.
    Forest,
    /// Gradient-boosted trees.
    Boosted,
    /// An isolation forest, which sees no labels.
    Isolation,
}

impl Detector {
    /// All, the simplest first.
    pub const ALL: [Self; 6] = [
        Self::Linear,
        Self::Mlp,
        Self::Transformer,
        Self::Forest,
        Self::Boosted,
        Self::Isolation,
    ];

    /// Its name, as `--detectors` knows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Mlp => "mlp",
            Self::Transformer => "transformer",
            Self::Forest => "forest",
            Self::Boosted => "boosted",
            Self::Isolation => "isolation",
        }
    }

    /// The detector of this name.
    pub fn parse(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|d| d.name() == name);
        found.ok_or_else(|| {
            let known = Self::ALL.map(|d| d.name().into()).into();
            let (kind, name) = ("detector", name.into());
            Error::Unknown { kind, name, known }.into()
        })
    }

    /// The network that it is; `None` for trees.
    pub fn network(self) -> Option<NetworkArg> {
        match self {
            Self::Linear => Some(NetworkArg::Linear),
            Self::Mlp => Some(NetworkArg::Mlp),
            Self::Transformer => Some(NetworkArg::Transformer),
            Self::Forest | Self::Boosted | Self::Isolation => None,
        }
    }

    /// Why an arm makes no sense here, whatever the table; `None` where it does.
    pub fn refuses(self, arm: &Arm) -> Option<&'static str> {
        match (self, &arm.treatment) {
            _ if arm.is_plain() => None,
            (Self::Isolation, _) => {
                Some("it sees no labels, so there is nothing to balance or mix")
            }
            (Self::Forest | Self::Boosted, _) if !is_plain(&arm.training_schedule()) => {
                Some("trees have no training step in which targets could be smoothed or rows mixed")
            }
            (Self::Forest | Self::Boosted, Treatment::Latent(_)) => {
                Some("trees have no hidden vectors to balance")
            }
            (Self::Linear, Treatment::Latent(_)) => {
                Some("a linear model has no hidden vectors: it would be the method itself")
            }
            _ => None,
        }
    }
}

impl From<NetworkArg> for Detector {
    fn from(network: NetworkArg) -> Self {
        match network {
            NetworkArg::Linear => Self::Linear,
            NetworkArg::Mlp => Self::Mlp,
            NetworkArg::Transformer => Self::Transformer,
        }
    }
}
