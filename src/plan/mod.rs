//! Where in a model rows are mixed, how two rows become one, what is done to them then, and all that with the pairs.

mod boxes;
mod columns;
mod principal;
mod reordered;
mod residue;
mod spans;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use boxes::{Boxes, Frame, PixelBox};
pub use columns::ColumnMask;
pub use principal::{Basis, Principal};
pub use reordered::Reordered;
pub use residue::{Cutoff, Residue};
pub use spans::{Span, Spans};

use crate::error::{Error, Result};
use crate::pairs::Pairs;

/// A place in a model where rows can be mixed. Written `input`, `embedding`, `hidden1`, `pooled`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Site {
    /// The raw input: images and tables. Token ids have none, since an id is a name and not a number.
    Input,
    /// After the embedding.
    Embedding,
    /// After block k, counted from 1.
    Hidden(usize),
    /// The pooled vector of a row, before the head.
    Pooled,
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input => f.pad("input"),
            Self::Embedding => f.pad("embedding"),
            Self::Hidden(k) => f.pad(&format!("hidden{k}")),
            Self::Pooled => f.pad("pooled"),
        }
    }
}

impl FromStr for Site {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self> {
        match s {
            "input" => Ok(Self::Input),
            "embedding" => Ok(Self::Embedding),
            "pooled" => Ok(Self::Pooled),
            _ => match s.strip_prefix("hidden").and_then(|k| k.parse().ok()) {
                Some(k) if k > 0 => Ok(Self::Hidden(k)),
                _ => Err(Error::setting(
                    "site",
                    "input, embedding, hidden1, hidden2, ... or pooled",
                    format!("'{s}'"),
                )),
            },
        }
    }
}

impl Serialize for Site {
    fn serialize<S: serde::Serializer>(
        &self,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Site {
    fn deserialize<D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// How two rows become one, as data. What a schedule says of it is [`schedule::BlendRule`](crate::schedule::BlendRule).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Blend {
    /// The weighted sum of the two rows.
    #[default]
    Linear,
    /// The pixels of a box from the partner, all others from the row itself.
    Box(Boxes),
    /// Each cell from the one or from the other, by a mask.
    Columns(ColumnMask),
    /// The weighted sum, or a swap, along principal directions.
    Principal(Principal),
    /// Tokens of the partner in the place of some of the row's own, moved while a batch of texts is built.
    Span(Spans),
    /// The weighted sum with a row of which another order of its words was loaded.
    Reordered(Reordered),
}

/// Everything that one batch's mixing needs, as data: it can be printed, saved and replayed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MixPlan {
    /// Where the rows are mixed.
    pub site: Site,
    /// Who is mixed with whom, and how much. Indices at or past the batch's own rows name `loaded` rows, be they own
    /// or partner. Under a mask the weight is the share that the row keeps of itself.
    pub pairs: Pairs,
    /// How.
    pub blend: Blend,
    /// What is done to the rows after that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residue: Option<Residue>,
    /// Training rows from outside the batch, loaded behind it in this order and gone after the site.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loaded: Vec<u32>,
}

impl MixPlan {
    /// How many rows have a partner and yet no span, since one of the two is too short.
    pub fn unspanned(&self) -> usize {
        let Blend::Span(spans) = &self.blend else {
            return 0;
        };
        let (own, partner) = (self.pairs.own(), self.pairs.partner());
        let rows = spans.rows().iter().zip(own.iter().zip(partner));
        rows.filter(|(spans, (own, partner))| spans.is_empty() && own != partner)
            .count()
    }
}
