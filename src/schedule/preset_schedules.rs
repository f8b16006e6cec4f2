//! What each preset's schedule is. Lengths are shares of the run, so that a preset means the same in a run of any length.

use super::bandwidth::Bandwidth;
use super::blend_rule::{BlendRule, HiddenLabel};
use super::box_rule::BoxRule;
use super::curve::{Curve, Cycle, Per, Piece};
use super::label::LabelRule;
use super::law::Law;
use super::moment::Moment;
use super::operation::{Chain, Operation, OperationKind};
use super::pairing::Pairing;
use super::presets::presets;
use super::residue_rule::{CutoffOf, ResidueRule};
use super::settings::{Grain, Mode, Schedule};
use super::sites::SiteChoice;
use super::span_rule::{SpanChoice, SpanRule};
use super::task::Domain;
use super::text_rule::TextRule;
use crate::error::{Error, Result};
use crate::plan::Site;

impl Schedule {
    /// A preset by its name, as it is for the first of the rows that it is for.
    ///
    /// # Errors
    /// [`Error::Unknown`] for a name that there is not.
    pub fn preset(name: &str) -> Result<Self> {
        let preset = presets().iter().find(|preset| preset.name == name);
        let preset = preset.ok_or_else(|| unknown(name))?;
        Self::preset_for(name, preset.domains[0])
    }

    /// A preset by its name, for rows of this domain.
    ///
    /// # Errors
    /// [`Error::Conflict`] for a preset that is for other rows, [`Error::Unknown`] for any other name.
    pub fn preset_for(name: &str, domain: Domain) -> Result<Self> {
        let preset = presets().iter().find(|preset| preset.name == name);
        let preset = preset.ok_or_else(|| unknown(name))?;
        if !preset.domains.contains(&domain) {
            let domains: Vec<&str> = preset.domains.iter().map(|d| d.plural()).collect();
            let problem = format!("preset '{name}' is for {}", domains.join(" or "));
            return Err(Error::Conflict(problem));
        }
        let schedule = schedule(name, domain).ok_or_else(|| unknown(name))?;
        Ok(Self {
            name: name.into(),
            ..schedule
        })
    }
}

/// The schedule of a preset, if there is one of this name.
fn schedule(name: &str, domain: Domain) -> Option<Schedule> {
    let first = |law| at(&[SiteChoice::First], law);
    Some(match name {
        "none" => off(0.0),
        "smoothing" => off(0.1),
        "mixup" => first(Law::beta(0.4)),
        "uniform" => first(Law::Uniform(0.0, 1.0)),
        "samplepairing" => sample_pairing(seven_cycles()),
        "samplepairing-paper" => sample_pairing(paper_epochs()),
        "sentence" => at(&[SiteChoice::At(Site::Pooled)], Law::Uniform(0.0, 1.0)),
        "tmix" => Schedule {
            fold: true,
            ..at(&[SiteChoice::UpperHidden], Law::beta(16.0))
        },
        "lada" => lada(Pairing::Nearest { k: 5, p: 0.5 }),
        "lada-intra" => lada(Pairing::Reordered),
        "manifold" => at(&[SiteChoice::First, SiteChoice::Hidden], Law::beta(2.0)),
        "regmixup" => Schedule {
            mode: Mode::AddTo,
            ..first(Law::beta(10.0))
        },
        "mwh" => Schedule {
            probability: without_hesitation(),
            ..first(Law::beta(0.5))
        },
        "hidden" => at(&[SiteChoice::Hidden], Law::beta(2.0)),
        "cutmix" => blended(Site::Input, cutmix(domain), Law::beta(1.0)),
        "mixup-cutmix" => blended(Site::Input, mixup_or_cutmix(domain), Law::beta(1.0)),
        "nfm" => Schedule {
            residue: Some(NOISE),
            ..at(&[SiteChoice::First, SiteChoice::Hidden], Law::beta(1.0))
        },
        _ => return for_texts(name).or_else(|| for_tables(name)),
    })
}

/// The presets that change texts, move tokens, or change nothing but embeddings.
fn for_texts(name: &str) -> Option<Schedule> {
    Some(match name {
        "ssmix" => spans(SpanChoice::Saliency),
        "ssmix-random" => spans(SpanChoice::Random),
        "crop" => texts(&[(OperationKind::Crop, 0.8)]),
        "splice" => texts(&[(OperationKind::Splice, 0.3)]),
        "noise" => texts(&[
            (OperationKind::Keyboard, 0.1),
            (OperationKind::Transpose, 0.1),
            (OperationKind::Omit, 0.1),
        ]),
        "eda" => texts(&[
            (OperationKind::Swap, 0.1),
            (OperationKind::Delete, 0.1),
            (OperationKind::Insert, 0.1),
            (OperationKind::Substitute, 0.1),
        ]),
        "aeda" => texts(&[(OperationKind::Aeda, 0.3)]),
        "neftune" => only(ResidueRule::Neftune { alpha: 5.0 }),
        "cutoff" => only(ResidueRule::Cutoff {
            of: CutoffOf::Span,
            ratio: 0.1,
        }),
        _ => return None,
    })
}

/// The presets that need the features, targets or classes of a table's rows, or are published for them.
fn for_tables(name: &str) -> Option<Schedule> {
    Some(match name {
        "pca" => blended(Site::Input, principal(), Law::beta(0.4)),
        "featmix" => blended(Site::Embedding, BlendRule::FeatureMask, Law::beta(0.5)),
        "hiddenmix" => blended(Site::Embedding, hidden_mask(), Law::beta(0.5)),
        "remix" => labelled(LabelRule::Remix {
            kappa: 3.0,
            tau: 0.5,
        }),
        "mamix" => labelled(LabelRule::Mamix { omega: -0.25 }),
        "balanced" => paired(Pairing::ClassBalanced, Grain::Row, Law::beta_of(1.0, 0.2)),
        "cmixup" => paired(near_targets(), Grain::Batch, Law::beta(2.0)),
        "kmixup" => paired(Pairing::Blocks { k: 16 }, Grain::Batch, Law::beta(10.0)),
        "smote-batch" => smote(SiteChoice::First),
        "hidden-smote" => smote(SiteChoice::Hidden),
        _ => return None,
    })
}

/// Operations on texts as they are written, every other time that a text is read.
fn texts(ops: &[(OperationKind, f64)]) -> Schedule {
    let chain = |&(kind, rate): &(OperationKind, f64)| Chain(vec![Operation::new(kind, rate)]);
    Schedule {
        texts: Some(TextRule {
            ops: ops.iter().map(chain).collect(),
            probability: 0.5,
            ..TextRule::default()
        }),
        ..off(0.0)
    }
}

fn unknown(name: &str) -> Error {
    Error::Unknown {
        kind: "preset",
        name: name.into(),
        known: presets().iter().map(|p| p.name.into()).collect(),
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

fn blended(site: Site, blend: BlendRule, weight: Law) -> Schedule {
    Schedule {
        blend,
        ..at(&[SiteChoice::At(site)], weight)
    }
}

/// Yoon, Kim and Park 2021: both orders of each two halves of the batch, and the plain rows stay in the loss.
fn spans(choice: SpanChoice) -> Schedule {
    let rule = SpanRule {
        choice,
        ..SpanRule::default()
    };
    Schedule {
        partner: Pairing::Halves,
        mode: Mode::AddTo,
        ..blended(Site::Embedding, BlendRule::Span(rule), Law::default())
    }
}

/// Noise or cutoffs at the embedding of rows that are not mixed.
fn only(residue: ResidueRule) -> Schedule {
    Schedule {
        residue: Some(residue),
        ..at(&[SiteChoice::At(Site::Embedding)], Law::Constant(1.0))
    }
}

/// The scales of the paper's example.
const NOISE: ResidueRule = ResidueRule::Noise {
    additive: 0.4,
    multiplicative: 0.2,
};

fn principal() -> BlendRule {
    BlendRule::Principal {
        share: 0.9,
        swap: false,
    }
}

fn hidden_mask() -> BlendRule {
    BlendRule::HiddenMask {
        label: HiddenLabel::Drawn,
    }
}

/// What of a row another's part can be: a box of an image, columns of a table.
fn cutmix(domain: Domain) -> BlendRule {
    match domain {
        Domain::Image => BlendRule::Box(BoxRule::default()),
        Domain::Table | Domain::Text => BlendRule::Columns,
    }
}

fn mixup_or_cutmix(domain: Domain) -> BlendRule {
    BlendRule::Either(vec![BlendRule::Linear.into(), cutmix(domain).into()])
}

fn labelled(label: LabelRule) -> Schedule {
    Schedule {
        label,
        ..at(&[SiteChoice::First], Law::beta(1.0))
    }
}

fn paired(partner: Pairing, grain: Grain, weight: Law) -> Schedule {
    Schedule {
        partner,
        grain,
        ..at(&[SiteChoice::First], weight)
    }
}

fn near_targets() -> Pairing {
    Pairing::Kernel {
        bandwidth: Bandwidth::Auto,
        exclude_self: false,
    }
}

/// Chen et al. 2020: the row keeps nearly all of itself.
fn lada(partner: Pairing) -> Schedule {
    Schedule {
        partner,
        fold: true,
        ..at(&[SiteChoice::UpperHidden], Law::beta_of(60.0, 1.5))
    }
}

fn smote(site: SiteChoice) -> Schedule {
    Schedule {
        partner: Pairing::ClassNearest { k: 5 },
        label: LabelRule::Own,
        mode: Mode::Balance,
        ..at(&[site], Law::Uniform(0.0, 1.0))
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
