//! The arms of a comparison: what is done about few anomalies, or to mix.

use anyhow::Result;
use candle_mixup::Error;
use candle_mixup::oversample::{Fallback, Method, Scale, Settings, SmallClass, Takes};
use candle_mixup::schedule::{Domain, Schedule, presets};
use serde::{Deserialize, Serialize};

use crate::cli::settings;

/// The arms that every comparison of classes contains, the one that all are compared with first.
pub const BASELINES: [&str; 3] = ["none", "weights", "random"];
/// The arms where none is named.
pub const DEFAULT: [&str; 7] = [
    "none", "weights", "random", "smote", "mixup", "hidden", "latent",
];
/// The same for numbers.
pub const DEFAULT_FOR_NUMBERS: [&str; 4] = ["none", "mixup", "manifold", "cmixup"];

/// A way of training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// What it is called.
    pub name: String,
    /// What it does.
    pub treatment: Treatment,
}

/// What an arm does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Treatment {
    /// Mixes, smooths or leaves everything as it is, by a schedule.
    Schedule(Box<Schedule>),
    /// Weighs classes by rows / (classes · rows of the class).
    Weights,
    /// Balances the training rows before anything else.
    Oversample {
        /// How.
        settings: Box<Settings>,
        /// The schedule that a network then trains by.
        then: Box<Schedule>,
    },
    /// Trains, balances the pooled vectors of the training rows, and trains the head again on those.
    Latent(Box<Settings>),
}

impl Arm {
    /// An arm by its name: `weights`, `latent` or `latent:METHOD`, a preset, a schedule file, a method of the
    /// oversampling engine or `oversample:METHOD`; `METHOD+PRESET` for both. A preset's name wins over a method's.
    pub fn parse(name: &str) -> Result<Self> {
        let treatment = match name.split_once(':') {
            _ if name == "weights" => Treatment::Weights,
            _ if name == "latent" => Treatment::Latent(Box::new(balance("smote")?)),
            Some(("latent", method)) => Treatment::Latent(Box::new(balance(method)?)),
            Some(("oversample", method)) => balanced(method)?,
            _ if presets().iter().any(|p| p.name == name) => return Self::schedule(name),
            _ if Method::NAMES.contains(&name) => balanced(name)?,
            _ if is_file(name) => return Self::schedule(name),
            _ => balanced(name)?,
        };
        Ok(Self {
            name: name.into(),
            treatment,
        })
    }

    fn schedule(name: &str) -> Result<Self> {
        let (name, schedule) = settings::arm(name, Domain::Table)?;
        Ok(Self {
            name,
            treatment: Treatment::Schedule(Box::new(schedule)),
        })
    }

    /// Whether training is left as it is.
    pub fn is_plain(&self) -> bool {
        match &self.treatment {
            Treatment::Schedule(schedule) => is_plain(schedule),
            _ => false,
        }
    }

    /// Whether it needs classes.
    pub fn is_for_classes(&self) -> bool {
        !matches!(self.treatment, Treatment::Schedule(_))
    }

    /// The schedule that the network trains by.
    pub fn training_schedule(&self) -> Schedule {
        match &self.treatment {
            Treatment::Schedule(schedule) | Treatment::Oversample { then: schedule, .. } => {
                (**schedule).clone()
            }
            Treatment::Weights | Treatment::Latent(_) => {
                Schedule::preset("none").expect("a preset there is")
            }
        }
    }
}

fn is_file(name: &str) -> bool {
    name.ends_with(".json") || std::path::Path::new(name).is_file()
}

/// `METHOD`, or `METHOD+SCHEDULE` where a network shall mix the balanced rows.
fn balanced(name: &str) -> Result<Treatment> {
    let (method, schedule) = name.split_once('+').unwrap_or((name, "none"));
    if !Method::NAMES.contains(&method) {
        return Err(unknown(name));
    }
    Ok(Treatment::Oversample {
        settings: Box::new(balance(method)?),
        then: Box::new(settings::arm(schedule, Domain::Table)?.1),
    })
}

/// Whether a schedule neither mixes nor smooths.
pub fn is_plain(schedule: &Schedule) -> bool {
    schedule.is_off() && schedule.smoothing == 0.0 && schedule.class_smoothing.is_none()
}

/// A method with what suits training: distances between standardised columns, and a class too small for k taken with
/// the k that it has, or its one row again.
pub fn balance(method: &str) -> Result<Settings> {
    let method = Method::named(method)?;
    Ok(Settings {
        scale: if method.measures() {
            Scale::Standard
        } else {
            Scale::None
        },
        fallback: Fallback::Smote,
        small_class: SmallClass::Duplicate,
        method,
        ..Settings::default()
    })
}

/// The settings with the variant of SMOTE that takes these columns, and what a reader should know of it; or why the
/// method cannot be used.
pub fn suited(
    settings: &Settings,
    numbers: usize,
    categories: usize,
) -> std::result::Result<(Settings, Option<String>), String> {
    let takes = settings.method.takes();
    let method = match (&settings.method, numbers > 0, categories > 0) {
        (Method::Smote { k }, true, true) => Method::Smotenc { k: *k },
        (Method::Smote { k }, false, true) => Method::Smoten { k: *k },
        (other, has_numbers, has_categories) => {
            let fits = match takes {
                Takes::Any => true,
                Takes::Numbers => has_numbers && !has_categories,
                Takes::Categories => has_categories && !has_numbers,
                Takes::Both => has_numbers && has_categories,
            };
            if !fits {
                return Err(misfit(other, takes));
            }
            other.clone()
        }
    };
    let note = (method != settings.method).then(|| {
        let columns = if numbers > 0 { "some" } else { "all" };
        format!(
            "smote is {} here: {columns} columns are categories",
            method.name()
        )
    });
    let scale = match method {
        Method::Smoten { .. } => Scale::None,
        _ => settings.scale,
    };
    Ok((
        Settings {
            method,
            scale,
            ..settings.clone()
        },
        note,
    ))
}

fn misfit(method: &Method, takes: Takes) -> String {
    let wanted = match takes {
        Takes::Numbers => "takes numbers only, and the table has categories (smote takes both)",
        Takes::Categories => "takes categories only, and the table has numbers",
        Takes::Both => "takes numbers and categories together, and the table has one of them only",
        Takes::Any => "takes any columns",
    };
    format!("{} {wanted}", method.name())
}

fn unknown(name: &str) -> anyhow::Error {
    let own = ["weights", "latent"].into_iter();
    let presets = presets().iter().map(|p| p.name);
    let methods = Method::NAMES.into_iter().filter(|m| *m != "mixup");
    Error::Unknown {
        kind: "arm",
        name: name.into(),
        known: own.chain(methods).chain(presets).map(Into::into).collect(),
    }
    .into()
}
