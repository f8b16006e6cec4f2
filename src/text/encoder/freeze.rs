//! Which weights of an encoder stay as they are.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::config::EncoderConfig;
use crate::error::{Error, Result};

/// What is frozen. Written `embeddings`, or the number of blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Freeze {
    /// The embeddings, their layer normalisation included.
    Embeddings,
    /// The embeddings and the first so many blocks.
    Blocks(usize),
}

impl Freeze {
    /// Whether the weight of this name is frozen, for [`Weights::freeze`](crate::nn::Weights::freeze).
    ///
    /// # Errors
    /// [`Error::Setting`] for more blocks than the model has.
    pub fn matcher(
        self,
        config: &EncoderConfig,
    ) -> Result<impl Fn(&str) -> bool + Send + Sync + 'static> {
        let blocks = match self {
            Self::Embeddings => 0,
            Self::Blocks(blocks) => blocks,
        };
        if blocks > config.blocks {
            return Err(Error::setting(
                "freeze",
                format!(
                    "'embeddings' or at most the model's {} blocks",
                    config.blocks
                ),
                blocks,
            ));
        }
        let prefix = format!("{}.", config.family.blocks());
        Ok(move |name: &str| {
            let block = name.strip_prefix(&prefix).and_then(|rest| {
                let (number, _) = rest.split_once('.')?;
                number.parse::<usize>().ok()
            });
            name.starts_with("embeddings.") || block.is_some_and(|k| k < blocks)
        })
    }
}

impl FromStr for Freeze {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self> {
        match (s, s.parse()) {
            ("embeddings", _) => Ok(Self::Embeddings),
            (_, Ok(blocks)) => Ok(Self::Blocks(blocks)),
            _ => Err(Error::setting(
                "freeze",
                "'embeddings' or a number of blocks",
                format!("'{s}'"),
            )),
        }
    }
}

impl TryFrom<String> for Freeze {
    type Error = Error;

    fn try_from(s: String) -> Result<Self> {
        s.parse()
    }
}

impl From<Freeze> for String {
    fn from(freeze: Freeze) -> Self {
        freeze.to_string()
    }
}

impl fmt::Display for Freeze {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embeddings => f.write_str("embeddings"),
            Self::Blocks(blocks) => blocks.fmt(f),
        }
    }
}
