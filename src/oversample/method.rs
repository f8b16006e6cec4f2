//! The methods by name, with their own settings.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::schedule::{LabelRule, Law};

/// How synthetic rows are made. Written `{"smote": {"k": 5}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Method {
    /// Rows of the class again, drawn with replacement. Takes any column, and missing values.
    Random {},
    /// The same with normal noise of the width of a kernel density estimate (ROSE; Menardi and Torelli 2014).
    Rose {
        /// Factor on the kernel's width, at least 0; default 1.
        #[serde(default = "one")]
        shrinkage: f64,
    },
    /// A point between a row and one of its k nearest of the class (Chawla et al. 2002).
    Smote {
        /// Neighbours, at least 1; default 5.
        #[serde(default = "five")]
        k: usize,
    },
    /// SMOTE for numbers and categories together: categories by vote of the neighbours (Chawla et al. 2002, 6.1).
    Smotenc {
        /// Neighbours, at least 1; default 5.
        #[serde(default = "five")]
        k: usize,
    },
    /// SMOTE for categories alone, by the value difference metric (Chawla et al. 2002, 6.2).
    Smoten {
        /// Neighbours, at least 1; default 5.
        #[serde(default = "five")]
        k: usize,
    },
    /// SMOTE from the rows in danger (Han et al. 2005).
    Borderline1 {
        /// Neighbours in the class, at least 1; default 5.
        #[serde(default = "five")]
        k: usize,
        /// Neighbours that say whether a row is in danger, at least 1; default 10.
        #[serde(default = "ten")]
        m: usize,
    },
    /// The same, towards neighbours of any class; half as far towards another one (Han et al. 2005).
    Borderline2 {
        /// Neighbours in all rows, at least 1; default 5.
        #[serde(default = "five")]
        k: usize,
        /// Neighbours that say whether a row is in danger, at least 1; default 10.
        #[serde(default = "ten")]
        m: usize,
    },
    /// SMOTE from support vectors, outwards where they are safe (Nguyen et al. 2011).
    Svm {
        /// Neighbours in the class, at least 1; default 5.
        #[serde(default = "five")]
        k: usize,
        /// Neighbours that say whether a row is in danger, at least 1; default 10.
        #[serde(default = "ten")]
        m: usize,
        /// How far outwards, as a share of the way to the neighbour, in (0, 1]; default 0.5.
        #[serde(default = "half")]
        out_step: f64,
    },
    /// SMOTE inside clusters, more where the class is sparse (Douzas, Bação and Last 2018).
    Kmeans {
        /// Neighbours in the cluster, at least 1; default 2.
        #[serde(default = "two")]
        k: usize,
        /// Clusters of all rows, at least 1; default 8.
        #[serde(default = "eight")]
        clusters: usize,
        /// Least share of the class in a cluster, in [0, 1]; default: half the class's share of the rows to be made.
        #[serde(default)]
        threshold: Option<f64>,
        /// Exponent of the mean distance in the sparsity; default: 0.16 · (log₁.₆ n)^1.8 for n rows of the class in
        /// the cluster.
        #[serde(default)]
        exponent: Option<f64>,
    },
    /// SMOTE, more from rows with more neighbours of other classes (He et al. 2008).
    Adasyn {
        /// Neighbours, at least 1; default 5.
        #[serde(default = "five")]
        k: usize,
    },
    /// A point in a ball around the row (Douzas and Bação 2019).
    Geometric {
        /// Neighbours in the class, at least 1; default 5.
        #[serde(default = "five")]
        k: usize,
        /// How much of the ball is cut off, in [−1, 1]; default 1, the half away from the partner.
        #[serde(default = "one")]
        truncation: f64,
        /// How far the ball is pressed onto its axis, in [0, 1]; default 0.
        #[serde(default)]
        deformation: f64,
        /// What the ball reaches to.
        #[serde(default)]
        selection: Selection,
    },
    /// Evenly spaced points between each row and another: no randomness (Gazzah and Essoukri Ben Amara 2008).
    Star {
        /// The other end.
        #[serde(default)]
        topology: Topology,
    },
    /// SMOTE inside levels of distance from the other classes, more in the near ones (Barua, Islam and Murase 2013).
    Prowsyn {
        /// Levels, at least 1; default 5.
        #[serde(default = "five")]
        levels: usize,
        /// Rows of the class that each row of another class takes into its level, at least 1; default 5.
        #[serde(default = "five")]
        k: usize,
        /// How fast the levels' weights fall, at least 0; default 1.
        #[serde(default = "one")]
        theta: f64,
    },
    /// Mixup written into the table: λ by any law, with a row of the class or with any row.
    Mixup {
        /// The law of λ; default uniform on [0, 1).
        #[serde(default = "uniform")]
        weight: Law,
        /// With whom.
        #[serde(default)]
        partner: MixupPartner,
        /// How much of the label the row keeps; anything but `own` gives soft labels. Default: `own`.
        #[serde(default = "own_label")]
        label: LabelRule,
        /// Whether λ is max(λ, 1 − λ). Default: with any row yes, with a row of the class no.
        #[serde(default)]
        fold: Option<bool>,
    },
}

/// What a ball of Geometric SMOTE reaches to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Selection {
    /// One of the k nearest of the class.
    Minority,
    /// The nearest of the other classes.
    Majority,
    /// Whichever of the two is nearer (the default).
    #[default]
    Combined,
}

/// Where the segments of a polynom-fit star end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topology {
    /// At the mean of the class (the default).
    #[default]
    Star,
    /// At the next row of the class.
    Bus,
}

/// Whom mixup mixes a row with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MixupPartner {
    /// Another row of its class (the default).
    #[default]
    SameClass,
    /// Any other row.
    Any,
}

impl Default for Method {
    fn default() -> Self {
        Self::Smote { k: five() }
    }
}

impl Method {
    /// The methods' names, as `--method` and JSON know them.
    pub const NAMES: [&'static str; 14] = [
        "random",
        "rose",
        "smote",
        "smotenc",
        "smoten",
        "borderline1",
        "borderline2",
        "svm",
        "kmeans",
        "adasyn",
        "geometric",
        "star",
        "prowsyn",
        "mixup",
    ];

    /// The method of this name with its default settings.
    ///
    /// # Errors
    /// [`Error::Unknown`] with the names there are.
    pub fn named(name: &str) -> Result<Self> {
        if !Self::NAMES.contains(&name) {
            return Err(Error::Unknown {
                kind: "method",
                name: name.into(),
                known: Self::NAMES.map(String::from).to_vec(),
            });
        }
        let json = serde_json::json!({ name: {} });
        Ok(serde_json::from_value(json).expect("every method has defaults"))
    }

    /// The name, as in [`Method::NAMES`].
    pub fn name(&self) -> &'static str {
        match self {
            Self::Random {} => "random",
            Self::Rose { .. } => "rose",
            Self::Smote { .. } => "smote",
            Self::Smotenc { .. } => "smotenc",
            Self::Smoten { .. } => "smoten",
            Self::Borderline1 { .. } => "borderline1",
            Self::Borderline2 { .. } => "borderline2",
            Self::Svm { .. } => "svm",
            Self::Kmeans { .. } => "kmeans",
            Self::Adasyn { .. } => "adasyn",
            Self::Geometric { .. } => "geometric",
            Self::Star { .. } => "star",
            Self::Prowsyn { .. } => "prowsyn",
            Self::Mixup { .. } => "mixup",
        }
    }
}

fn one() -> f64 {
    1.0
}

fn half() -> f64 {
    0.5
}

fn two() -> usize {
    2
}

pub(super) fn five() -> usize {
    5
}

fn eight() -> usize {
    8
}

fn ten() -> usize {
    10
}

fn uniform() -> Law {
    Law::Uniform(0.0, 1.0)
}

fn own_label() -> LabelRule {
    LabelRule::Own
}
