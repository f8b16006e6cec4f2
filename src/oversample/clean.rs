//! The settings of a cleaning step: plain data, checked once.

use serde::{Deserialize, Serialize};

use super::cleaner::Cleaner;
use super::settings::{Like, Metric, Scale};
use crate::error::{Error, Result};

/// What to take out, and how far apart two rows are. [`Cleaning::check`] makes a [`Cleaner`] of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cleaning {
    /// Which rows. Default: the majority ends of Tomek links.
    pub step: Clean,
    /// How far apart two rows are. Default: Euclidean.
    pub metric: Metric,
    /// What the numeric columns are divided by inside the distance. Default: nothing.
    pub scale: Scale,
    /// What each category in which two rows differ adds to the sum of squares, in units of the distance squared: a
    /// number, at least 0. Default: as in SMOTENC, the square of the median of the numeric columns' standard deviations,
    /// here over all rows; 1 where there are no numbers.
    pub mismatch: Option<f64>,
    /// Whose rules hold where imbalanced-learn's SMOTETomek and SMOTEENN differ: Tomek links lose both ends, and a tied
    /// vote goes to the lowest class. Default: ours.
    pub like: Like,
}

/// A cleaning step. Written `{"tomek": {}}`, `{"enn": {"k": 3}}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Clean {
    /// Ends of Tomek links (Tomek 1976; after oversampling, Batista, Prati and Monard 2004).
    Tomek {
        /// Which ends; default: the majority's, and both where imbalanced-learn's rules hold.
        #[serde(default)]
        ends: Option<Ends>,
    },
    /// Rows that their neighbours outvote (edited nearest neighbours; Wilson 1972).
    Enn {
        /// Neighbours, at least 1; default 3.
        #[serde(default = "three")]
        k: usize,
        /// How many of them must be of the row's class.
        #[serde(default)]
        kind: Agreement,
    },
}

/// Which ends of a Tomek link go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ends {
    /// The one whose class had more rows before oversampling; both where the two had as many (the default).
    #[default]
    Majority,
    /// Both.
    Both,
}

/// How many neighbours must be of the row's class for the row to stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Agreement {
    /// All (the default).
    #[default]
    All,
    /// As many as of any other class.
    Mode,
}

impl Default for Clean {
    fn default() -> Self {
        Self::Tomek { ends: None }
    }
}

impl Clean {
    /// The steps' names, as `--clean` and JSON know them.
    pub const NAMES: [&'static str; 2] = ["tomek", "enn"];

    /// The step of this name with its default settings.
    ///
    /// # Errors
    /// [`Error::Unknown`] with the names there are.
    pub fn named(name: &str) -> Result<Self> {
        match name {
            "tomek" => Ok(Self::default()),
            "enn" => Ok(Self::Enn {
                k: three(),
                kind: Agreement::default(),
            }),
            _ => Err(Error::Unknown {
                kind: "cleaning step",
                name: name.into(),
                known: Self::NAMES.map(String::from).to_vec(),
            }),
        }
    }

    /// The name, as in [`Clean::NAMES`].
    pub fn name(&self) -> &'static str {
        match self {
            Self::Tomek { .. } => "tomek",
            Self::Enn { .. } => "enn",
        }
    }
}

impl Cleaning {
    /// Checks every number.
    ///
    /// # Errors
    /// [`Error::Setting`] naming range and value; [`Error::Conflict`] for a mismatch beside a metric that is not
    /// Euclidean.
    pub fn check(self) -> Result<Cleaner> {
        if let Clean::Enn { k: 0, .. } = self.step {
            return Err(Error::setting("k", "at least 1", 0));
        }
        match self.mismatch {
            Some(penalty) if !(penalty >= 0.0 && penalty.is_finite()) => {
                Err(Error::setting("mismatch", "finite and at least 0", penalty))
            }
            Some(_) if self.metric != Metric::Euclidean => Err(Error::Conflict(
                "a mismatch of categories is added to squares: it needs the euclidean metric"
                    .into(),
            )),
            _ => Ok(Cleaner { settings: self }),
        }
    }
}

fn three() -> usize {
    3
}
