//! Label rules: how much of its own target a mixed row keeps.
//!
//! Counts are those of the training set, never of the batch. `n` is the count of the row's class, `m` of its partner's.

use serde::{Deserialize, Serialize};

use super::curve_check::check_number;
use crate::error::{Error, Result};

/// The weight of a row's own target, given λ and the two class counts.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum LabelRule {
    /// What the blend says: λ itself, or what a mask keeps.
    #[default]
    Same,
    /// 1: the row keeps its own target (SamplePairing; Inoue 2018).
    Own,
    /// The rarer class takes the whole target where it is rare enough (Remix; Chou et al. 2020, eq. 6).
    ///
    /// 0 if n ≥ κ·m and λ < τ; 1 if κ·n ≤ m and 1 − λ < τ; λ otherwise.
    Remix {
        /// κ, at least 1; default 3.
        #[serde(default = "kappa")]
        kappa: f64,
        /// τ, in [0, 1]; default 0.5.
        #[serde(default = "tau")]
        tau: f64,
    },
    /// A bent line that passes ½ where the partner's share is n^ω / (n^ω + m^ω) (MAMix; Cheng, Mai and Lin 2023).
    Mamix {
        /// ω, in [−8, 8]; below 0 favours the rarer class; default −0.25.
        #[serde(default = "omega")]
        omega: f64,
    },
}

impl LabelRule {
    /// The label weight of a row of weight λ = `weight` whose class counts `own` rows, its partner's `partner`.
    pub fn weight(&self, weight: f64, own: f64, partner: f64) -> f64 {
        match *self {
            Self::Same => weight,
            Self::Own => 1.0,
            Self::Remix { kappa, tau } => remix(weight, own, partner, kappa, tau),
            Self::Mamix { omega } => mamix(weight, own, partner, omega),
        }
    }

    /// Whether the rule reads class counts.
    pub fn needs_classes(&self) -> bool {
        matches!(self, Self::Remix { .. } | Self::Mamix { .. })
    }

    pub(crate) fn check(&self) -> Result<()> {
        match self {
            Self::Same | Self::Own => Ok(()),
            Self::Remix { kappa, tau } => {
                if !(kappa.is_finite() && *kappa >= 1.0) {
                    let expected = "finite and at least 1";
                    return Err(Error::setting("label.remix.kappa", expected, kappa));
                }
                check_number("label.remix.tau", *tau, &(0.0..=1.0))
            }
            Self::Mamix { omega } => check_number("label.mamix.omega", *omega, &(-8.0..=8.0)),
        }
    }
}

/// Products and not quotients, so that n = κ·m counts as reached.
fn remix(weight: f64, own: f64, partner: f64, kappa: f64, tau: f64) -> f64 {
    if own >= kappa * partner && weight < tau {
        0.0
    } else if kappa * own <= partner && 1.0 - weight < tau {
        1.0
    } else {
        weight
    }
}

fn mamix(weight: f64, own: f64, partner: f64, omega: f64) -> f64 {
    if own == partner {
        return weight;
    }
    // n^ω / (n^ω + m^ω) with one power, which neither overflows nor meets 0/0.
    let knee = 1.0 / (1.0 + (partner / own).powf(omega));
    let share = 1.0 - weight;
    let label = if share <= knee {
        1.0 - share / (2.0 * knee)
    } else {
        weight / (2.0 * (1.0 - knee))
    };
    label.clamp(0.0, 1.0)
}

fn kappa() -> f64 {
    3.0
}

fn tau() -> f64 {
    0.5
}

fn omega() -> f64 {
    -0.25
}

#[cfg(test)]
mod tests {
    use super::*;

    const REMIX: LabelRule = LabelRule::Remix {
        kappa: 3.0,
        tau: 0.5,
    };
    const MAMIX: LabelRule = LabelRule::Mamix { omega: -0.25 };

    #[test]
    fn remix_has_three_cases_and_exact_boundaries() {
        assert_eq!(REMIX.weight(0.4, 90.0, 10.0), 0.0);
        assert_eq!(REMIX.weight(0.6, 90.0, 10.0), 0.6);
        assert_eq!(REMIX.weight(0.6, 10.0, 90.0), 1.0);
        assert_eq!(REMIX.weight(0.4, 10.0, 90.0), 0.4);
        assert_eq!(REMIX.weight(0.4, 30.0, 10.0), 0.0, "κ is inclusive");
        assert_eq!(REMIX.weight(0.6, 10.0, 30.0), 1.0, "1/κ is inclusive");
        assert_eq!(REMIX.weight(0.4, 29.0, 10.0), 0.4);
        assert_eq!(REMIX.weight(0.5, 90.0, 10.0), 0.5, "τ is strict");
        assert_eq!(REMIX.weight(0.5, 10.0, 90.0), 0.5, "τ is strict");
        assert_eq!(REMIX.weight(0.3, 10.0, 10.0), 0.3);
    }

    #[test]
    fn remix_compares_products() {
        // 49 · (1/49) rounds below 1, so the quotient form misses its own boundary.
        let rule = LabelRule::Remix {
            kappa: 49.0,
            tau: 0.5,
        };
        for m in 1..200 {
            let m = f64::from(m);
            assert_eq!(rule.weight(0.4, 49.0 * m, m), 0.0);
            assert_eq!(rule.weight(0.6, m, 49.0 * m), 1.0);
        }
    }

    #[test]
    fn exchanging_the_two_rows_gives_the_complement() {
        for rule in [LabelRule::Same, REMIX, MAMIX] {
            for i in 0..=64 {
                let weight = f64::from(i) / 64.0;
                for (n, m) in [(90.0, 10.0), (10.0, 90.0), (30.0, 10.0), (7.0, 7.0)] {
                    let sum = rule.weight(weight, n, m) + rule.weight(1.0 - weight, m, n);
                    assert!(
                        (sum - 1.0).abs() < 1e-15,
                        "{rule:?} {weight} {n} {m}: {sum}"
                    );
                }
            }
        }
    }

    #[test]
    fn mamix_bends_at_its_knee() {
        let (n, m) = (810.0f64, 10.0f64);
        let knee = n.powf(-0.25) / (n.powf(-0.25) + m.powf(-0.25));
        assert!((knee - 0.25).abs() < 1e-12, "81^(1/4) is 3");
        assert_eq!(MAMIX.weight(1.0, n, m), 1.0);
        assert!((MAMIX.weight(1.0 - knee, n, m) - 0.5).abs() < 1e-12);
        assert_eq!(MAMIX.weight(0.0, n, m), 0.0);
        assert!(
            MAMIX.weight(0.7, n, m) < 0.5,
            "a majority row gives its label up early"
        );
        assert!(MAMIX.weight(0.3, m, n) > 0.5);
        assert_eq!(MAMIX.weight(0.3, n, n), 0.3);
    }

    #[test]
    fn mamix_falls_without_a_jump() {
        let mut last = 1.0;
        for i in 1..=10_000 {
            let label = MAMIX.weight(1.0 - f64::from(i) / 10_000.0, 500.0, 3.0);
            assert!(label < last && last - label < 1e-3);
            last = label;
        }
        assert_eq!(last, 0.0);
    }

    #[test]
    fn sample_pairing_keeps_the_label() {
        assert_eq!(LabelRule::Own.weight(0.5, 3.0, 8.0), 1.0);
    }

    #[test]
    fn bad_settings_are_refused() {
        let remix = |kappa, tau| LabelRule::Remix { kappa, tau };
        for rule in [
            remix(0.9, 0.5),
            remix(f64::NAN, 0.5),
            remix(f64::INFINITY, 0.5),
            remix(3.0, 1.1),
            remix(3.0, f64::NAN),
            LabelRule::Mamix { omega: f64::NAN },
        ] {
            assert!(
                matches!(rule.check(), Err(Error::Setting { .. })),
                "{rule:?}"
            );
        }
        for rule in [REMIX, MAMIX, LabelRule::Same, LabelRule::Own] {
            assert!(rule.check().is_ok());
        }
    }
}
