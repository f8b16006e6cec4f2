//! Sites as a schedule writes them: by name, or by a word that each model resolves for itself.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::task::{Domain, Task};
use crate::error::{Error, Result};
use crate::plan::Site;

/// One entry of a schedule's list of sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SiteChoice {
    /// `first`: the input of tables and images, the embedding of texts.
    First,
    /// `hidden`: after every block.
    Hidden,
    /// `upper-hidden`: after every block of the upper half, the middle one of an odd number included.
    UpperHidden,
    /// One site by its own name: `input`, `embedding`, `hidden1`, `pooled`.
    At(Site),
}

impl fmt::Display for SiteChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.write_str("first"),
            Self::Hidden => f.write_str("hidden"),
            Self::UpperHidden => f.write_str("upper-hidden"),
            Self::At(site) => site.fmt(f),
        }
    }
}

impl std::str::FromStr for SiteChoice {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self> {
        match s {
            "first" => Ok(Self::First),
            "hidden" => Ok(Self::Hidden),
            "upper-hidden" => Ok(Self::UpperHidden),
            _ => s.parse().map(Self::At).map_err(|_| {
                Error::setting(
                    "site",
                    "first, hidden, upper-hidden, input, embedding, hidden1, hidden2, ... or pooled",
                    format!("'{s}'"),
                )
            }),
        }
    }
}

impl SiteChoice {
    /// The model's sites that this entry names.
    fn resolve(self, model: &[Site], domain: Domain) -> Result<Vec<Site>> {
        let mut hidden: Vec<Site> = model
            .iter()
            .copied()
            .filter(|s| matches!(s, Site::Hidden(_)))
            .collect();
        hidden.sort_unstable();
        let found = match self {
            Self::First => keep(model, first_of(domain)),
            Self::Hidden => hidden,
            Self::UpperHidden => hidden.split_off(hidden.len() / 2),
            Self::At(site) => keep(model, site),
        };
        if found.is_empty() {
            return Err(Error::NoSite {
                site: self.to_string(),
                sites: model.iter().map(Site::to_string).collect(),
            });
        }
        Ok(found)
    }
}

/// The sites that a list of entries names in a model, each once, in the model's order.
pub(super) fn resolve(choices: &[SiteChoice], model: &[Site], task: &Task) -> Result<Vec<Site>> {
    if choices.is_empty() {
        return Err(Error::setting("sites", "at least one site", "none"));
    }
    if task.domain == Domain::Text && choices.contains(&SiteChoice::At(Site::Input)) {
        let expected = "a site of a text model (token ids are names, and names cannot be mixed)";
        return Err(Error::setting("sites", expected, Site::Input));
    }
    let mut wanted = Vec::new();
    for choice in choices {
        wanted.extend(choice.resolve(model, task.domain)?);
    }
    Ok(model
        .iter()
        .copied()
        .filter(|site| wanted.contains(site))
        .collect())
}

fn first_of(domain: Domain) -> Site {
    match domain {
        Domain::Text => Site::Embedding,
        Domain::Table | Domain::Image => Site::Input,
    }
}

fn keep(model: &[Site], site: Site) -> Vec<Site> {
    model.iter().copied().filter(|s| *s == site).collect()
}

impl Serialize for SiteChoice {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SiteChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Reads a list of sites, or one site alone.
pub(super) fn one_or_many<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Vec<SiteChoice>, D::Error> {
    struct Read;

    impl<'de> Visitor<'de> for Read {
        type Value = Vec<SiteChoice>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a site or a list of sites")
        }

        fn visit_str<E: serde::de::Error>(self, s: &str) -> std::result::Result<Self::Value, E> {
            s.parse().map(|site| vec![site]).map_err(E::custom)
        }

        fn visit_seq<A: SeqAccess<'de>>(
            self,
            mut seq: A,
        ) -> std::result::Result<Self::Value, A::Error> {
            let mut sites = Vec::new();
            while let Some(site) = seq.next_element()? {
                sites.push(site);
            }
            Ok(sites)
        }
    }

    deserializer.deserialize_any(Read)
}
