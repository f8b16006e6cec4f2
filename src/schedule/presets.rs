//! The presets there are, and the rows that each is for.

use super::task::Domain;

/// The name of a preset, what it does and what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// The name, for [`Schedule::preset`](super::Schedule::preset).
    pub name: &'static str,
    /// What it does and whose it is, in a line.
    pub summary: &'static str,
    /// The rows that it can mix.
    pub domains: &'static [Domain],
}

const ALL: &[Domain] = &[Domain::Text, Domain::Table, Domain::Image];
const NO_TEXT: &[Domain] = &[Domain::Table, Domain::Image];
const TEXTS: &[Domain] = &[Domain::Text];
const TABLES: &[Domain] = &[Domain::Table];

const PRESETS: &[Preset] = &[
    of("none", ALL, "plain training"),
    of(
        "smoothing",
        ALL,
        "label smoothing 0.1 without mixing: the control",
    ),
    of(
        "mixup",
        ALL,
        "first site, Beta(0.4, 0.4) (Zhang et al. 2018)",
    ),
    of("uniform", ALL, "first site, λ uniform on (0, 1)"),
    of(
        "samplepairing",
        ALL,
        "first site, λ = 1/2, labels kept; seven on-off cycles between 0.1 and 0.8 of the run (after Inoue 2018)",
    ),
    of(
        "samplepairing-paper",
        ALL,
        "the same in the paper's epochs: from 100 to 800, 8 on and 2 off (Inoue 2018)",
    ),
    of(
        "sentence",
        ALL,
        "pooled vector, λ uniform on (0, 1) (senMixup; Guo, Mao and Zhang 2019)",
    ),
    of(
        "tmix",
        ALL,
        "one of the upper half of the blocks, Beta(16, 16), folded (Chen, Yang and Yang 2020)",
    ),
    of(
        "lada",
        TEXTS,
        "one of the upper half of the blocks, near partners, Beta(60, 1.5), folded (LADA, inter; Chen et al. 2020)",
    ),
    of(
        "lada-intra",
        TEXTS,
        "the same with the sentence itself, its words in another order: for tags (LADA, intra; Chen et al. 2020)",
    ),
    of(
        "manifold",
        ALL,
        "the first site or any block, Beta(2, 2) (Manifold Mixup; Verma et al. 2019)",
    ),
    of(
        "regmixup",
        ALL,
        "first site, Beta(10, 10), mixed rows added to the plain ones (Pinto et al. 2022)",
    ),
    of(
        "mwh",
        ALL,
        "first site, Beta(0.5, 0.5): on, then every other epoch, then fading out (Yu et al. 2021)",
    ),
    of("hidden", ALL, "any block, Beta(2, 2)"),
    of(
        "pca",
        TABLES,
        "input, along the principal directions that hold 0.9 of the variance, Beta(0.4, 0.4) as mixup",
    ),
    of(
        "featmix",
        TABLES,
        "embedding, whole features kept with probability λ, Beta(0.5, 0.5) (FEAT-MIX; Chen et al. 2023)",
    ),
    of(
        "hiddenmix",
        TABLES,
        "embedding, dimensions of the tokens kept with probability λ, Beta(0.5, 0.5) (HIDDEN-MIX; Chen et al. 2023)",
    ),
    of(
        "cutmix",
        NO_TEXT,
        "input, 1 − λ of the features, or a box of the image, from the partner, Beta(1, 1) (Yun et al. 2019)",
    ),
    of(
        "mixup-cutmix",
        NO_TEXT,
        "input, Beta(1, 1), each batch mixup or cutmix",
    ),
    of(
        "remix",
        NO_TEXT,
        "first site, Beta(1, 1), the rarer class takes the label (Chou et al. 2020)",
    ),
    of(
        "mamix",
        NO_TEXT,
        "first site, Beta(1, 1), labels bent towards the rarer class (Cheng, Mai and Lin 2023)",
    ),
    of(
        "balanced",
        ALL,
        "first site, partners of every class alike, Beta(1, 0.2) (Balanced-MixUp; Galdran et al. 2021)",
    ),
    of(
        "cmixup",
        TABLES,
        "first site, partners of near targets, one λ a batch, Beta(2, 2) (C-Mixup; Yao et al. 2022); the bandwidth is ours",
    ),
    of(
        "kmixup",
        NO_TEXT,
        "first site, near partners in blocks of 16, one λ a batch, Beta(10, 10) (Greenewald et al. 2021)",
    ),
    of(
        "smote-batch",
        TABLES,
        "first site, rows between neighbours of one class added until the batch is balanced (after Chawla et al. 2002)",
    ),
    of("hidden-smote", ALL, "the same after any block"),
    of(
        "crop",
        TEXTS,
        "no mixing; every other time a text is read, a window of 0.8 of its words",
    ),
    of(
        "splice",
        TEXTS,
        "the same with 0.3 of its words in a row from another text of its class",
    ),
    of(
        "noise",
        TEXTS,
        "the same with typing errors in a tenth of its words",
    ),
    of(
        "eda",
        TEXTS,
        "the same with a tenth of its words exchanged, deleted, inserted or replaced by words of the training texts (after EDA; Wei and Zou 2019)",
    ),
    of(
        "aeda",
        TEXTS,
        "the same with punctuation before up to 0.3 of its words (AEDA; Karimi et al. 2021)",
    ),
    of(
        "ssmix",
        TEXTS,
        "tokens, the least salient tenth of a text makes way for the partner's most salient; added to the plain rows (SSMix; Yoon, Kim and Park 2021)",
    ),
    of(
        "ssmix-random",
        TEXTS,
        "the same with spans that stand anywhere",
    ),
    of(
        "nfm",
        ALL,
        "the first site or any block, Beta(1, 1), with noise added and multiplied (Noisy Feature Mixup; Lim et al. 2022)",
    ),
    of(
        "neftune",
        TEXTS,
        "embedding, no mixing, uniform noise of 5/√(tokens · width) (NEFTune; Jain et al. 2023)",
    ),
    of(
        "cutoff",
        TEXTS,
        "embedding, no mixing, a tenth of the tokens, rounded down, cut out in one span (after Shen et al. 2020, without their consistency loss)",
    ),
];

const fn of(name: &'static str, domains: &'static [Domain], summary: &'static str) -> Preset {
    Preset {
        name,
        summary,
        domains,
    }
}

/// Every preset there is, in the order in which they are best read.
pub fn presets() -> &'static [Preset] {
    PRESETS
}
