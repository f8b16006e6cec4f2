//! Named schedules. Lengths are shares of the run, so that a preset means the same in a run of any length.

use super::curve::{Curve, Cycle, Per, Piece};
use super::label::LabelRule;
use super::law::Law;
use super::moment::Moment;
use super::settings::{Mode, Schedule};
use super::sites::SiteChoice;
use crate::error::{Error, Result};
use crate::plan::Site;

/// The name of a preset and what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// The name, for [`Schedule::preset`].
    pub name: &'static str,
    /// What it does and whose it is, in a line.
    pub summary: &'static str,
}

const PRESETS: &[Preset] = &[
    Preset {
        name: "none",
        summary: "plain training",
    },
    Preset {
        name: "smoothing",
        summary: "label smoothing 0.1 without mixing: the control",
    },
    Preset {
        name: "mixup",
        summary: "first site, Beta(0.4, 0.4) (Zhang et al. 2018)",
    },
    Preset {
        name: "uniform",
        summary: "first site, λ uniform on (0, 1)",
    },
    Preset {
        name: "samplepairing",
        summary: "first site, λ = 1/2, labels kept; seven on-off cycles between 0.1 and 0.8 of the run (after Inoue 2018)",
    },
    Preset {
        name: "samplepairing-paper",
        summary: "the same in the paper's epochs: from 100 to 800, 8 on and 2 off (Inoue 2018)",
    },
    Preset {
        name: "sentence",
        summary: "pooled vector, λ uniform on (0, 1) (senMixup; Guo, Mao and Zhang 2019)",
    },
    Preset {
        name: "tmix",
        summary: "one of the upper half of the blocks, Beta(16, 16), folded (Chen, Yang and Yang 2020)",
    },
    Preset {
        name: "manifold",
        summary: "the first site or any block, Beta(2, 2) (Manifold Mixup; Verma et al. 2019)",
    },
    Preset {
        name: "regmixup",
        summary: "first site, Beta(10, 10), mixed rows added to the plain ones (Pinto et al. 2022)",
    },
    Preset {
        name: "mwh",
        summary: "first site, Beta(0.5, 0.5): on, then every other epoch, then fading out (Yu et al. 2021)",
    },
    Preset {
        name: "hidden",
        summary: "any block, Beta(2, 2)",
    },
];

/// Presets that need a table or an image.
const NOT_FOR_TEXT: [&str; 9] = [
    "pca",
    "featmix",
    "hiddenmix",
    "cutmix",
    "mixup-cutmix",
    "remix",
    "mamix",
    "cmixup",
    "kmixup",
];

/// Every preset there is, in the order in which they are best read.
pub fn presets() -> &'static [Preset] {
    PRESETS
}

impl Schedule {
    /// A preset by its name.
    ///
    /// # Errors
    /// [`Error::Conflict`] for a preset for tables or images, [`Error::Unknown`] for any other name.
    pub fn preset(name: &str) -> Result<Self> {
        let schedule = match name {
            "none" => off(0.0),
            "smoothing" => off(0.1),
            "mixup" => at(&[SiteChoice::First], Law::beta(0.4)),
            "uniform" => at(&[SiteChoice::First], Law::Uniform(0.0, 1.0)),
            "samplepairing" => sample_pairing(seven_cycles()),
            "samplepairing-paper" => sample_pairing(paper_epochs()),
            "sentence" => at(&[SiteChoice::At(Site::Pooled)], Law::Uniform(0.0, 1.0)),
            "tmix" => Self {
                fold: true,
                ..at(&[SiteChoice::UpperHidden], Law::beta(16.0))
            },
            "manifold" => at(&[SiteChoice::First, SiteChoice::Hidden], Law::beta(2.0)),
            "regmixup" => Self {
                mode: Mode::AddTo,
                ..at(&[SiteChoice::First], Law::beta(10.0))
            },
            "mwh" => Self {
                probability: without_hesitation(),
                ..at(&[SiteChoice::First], Law::beta(0.5))
            },
            "hidden" => at(&[SiteChoice::Hidden], Law::beta(2.0)),
            _ => return Err(unknown(name)),
        };
        Ok(Self {
            name: name.into(),
            ..schedule
        })
    }
}

fn unknown(name: &str) -> Error {
    if NOT_FOR_TEXT.contains(&name) {
        return Error::Conflict(format!(
            "preset '{name}' is for tables or images, which this version does not train"
        ));
    }
    Error::Unknown {
        kind: "preset",
        name: name.into(),
        known: PRESETS.iter().map(|p| p.name.into()).collect(),
    }
}

fn off(smoothing: f64) -> Schedule {
    Schedule {
        sites: Vec::new(),
        probability: Curve::Constant(0.0),
        smoothing,
        ..Schedule::default()
    }
}

fn at(sites: &[SiteChoice], weight: Law) -> Schedule {
    Schedule {
        sites: sites.to_vec(),
        weight,
        ..Schedule::default()
    }
}

fn sample_pairing(probability: Curve) -> Schedule {
    Schedule {
        label: LabelRule::Own,
        probability,
        ..at(&[SiteChoice::First], Law::Constant(0.5))
    }
}

/// Inoue 2018 (1801.02929): off for 100 epochs, then 8 epochs on and 2 off, then off from epoch 800.
fn paper_epochs() -> Curve {
    Curve::Pieces(vec![
        Piece::new(Moment::Epoch(100), Curve::Constant(0.0)),
        Piece::new(
            Moment::Epoch(800),
            Curve::Cycle(Cycle::Epochs {
                start: 100,
                on: 8,
                period: 10,
            }),
        ),
        Piece::new(Moment::Share(1.0), Curve::Constant(0.0)),
    ])
}

/// The paper's shape at any length: seven cycles of a tenth of the run, on for the first 80 % of each.
fn seven_cycles() -> Curve {
    Curve::Pieces(vec![
        Piece::new(Moment::Share(0.1), Curve::Constant(0.0)),
        Piece::new(
            Moment::Share(0.8),
            Curve::Cycle(Cycle::Share {
                start: 0.1,
                on: 0.08,
                period: 0.1,
            }),
        ),
        Piece::new(Moment::Share(1.0), Curve::Constant(0.0)),
    ])
}

/// Yu et al. 2021: on to 0.6 of the run, on even epochs to 0.9, then with a probability that falls from epoch to epoch.
fn without_hesitation() -> Curve {
    Curve::Pieces(vec![
        Piece::new(Moment::Share(0.6), Curve::Constant(1.0)),
        Piece::new(
            Moment::Share(0.9),
            Curve::Cycle(Cycle::Epochs {
                start: 0,
                on: 1,
                period: 2,
            }),
        ),
        Piece::new(
            Moment::Share(1.0),
            Curve::Linear {
                from: 1.0,
                to: 0.0,
                per: Per::Epoch,
            },
        ),
    ])
}
