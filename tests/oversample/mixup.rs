//! Mixup written into a table: parents, λ and labels by their rules, and soft targets.

use candle_mixup::Error;
use candle_mixup::oversample::{Method, MixupPartner, Settings};
use candle_mixup::schedule::{LabelRule, Law};
use statrs::distribution::{Beta, ContinuousCDF};

use crate::bench::made::{
    Made, Verdict, accepted, check_blend, check_totals, ensure, ks_two_p, made, only, opened,
    refused,
};
use crate::bench::{LEAST_P, Table, by_default, chi_square_p, ks_p};

fn mixup(weight: Law, partner: MixupPartner, label: LabelRule, fold: Option<bool>) -> Settings {
    Settings {
        method: Method::Mixup {
            weight,
            partner,
            label,
            fold,
        },
        ..Settings::default()
    }
}

/// Parents by the rule, and the weight of the label by the definition of the rule from the table's counts.
fn check_mixup(table: &Table, made: &Made, partner: MixupPartner, label: LabelRule) -> Verdict {
    check_blend(table, made)?;
    let counts = table.counts();
    for r in 0..made.own.len() {
        let [own, other] = [made.own[r], made.partner[r]];
        let [class, of_other] = [own, other].map(|i| table.classes[i as usize]);
        ensure(class == made.class && own != other, || {
            format!("row {r}: {own} with {other}")
        })?;
        ensure(partner == MixupPartner::Any || of_other == class, || {
            format!("row {r}: {other}")
        })?;
        let (n, m) = (
            counts[class as usize] as f64,
            counts[of_other as usize] as f64,
        );
        let (w, u) = (made.weight[r], 1.0 - made.weight[r]);
        let expected = match label {
            LabelRule::Own => 1.0,
            LabelRule::Remix { kappa, tau } if n >= kappa * m && w < tau => 0.0,
            LabelRule::Remix { kappa, tau } if kappa * n <= m && u < tau => 1.0,
            LabelRule::Mamix { omega } => {
                let knee = n.powf(omega) / (n.powf(omega) + m.powf(omega));
                if u <= knee {
                    1.0 - u / (2.0 * knee)
                } else {
                    w / (2.0 * (1.0 - knee))
                }
            }
            _ => w,
        };
        ensure((made.label_weight[r] - expected).abs() < 1e-12, || {
            format!("row {r}: label {} and not {expected}", made.label_weight[r])
        })?;
    }
    Ok(())
}

const RULES: [LabelRule; 4] = [
    LabelRule::Own,
    LabelRule::Same,
    LabelRule::Remix {
        kappa: 3.0,
        tau: 0.5,
    },
    LabelRule::Mamix { omega: -0.25 },
];

#[test]
fn mixup_has_the_parents_and_labels_of_its_rules() {
    let table = Table::normal(&[90, 40, 12], 3, 8);
    for partner in [MixupPartner::SameClass, MixupPartner::Any] {
        for label in RULES {
            let all = made(&table, mixup(Law::beta(0.4), partner, label, None)).expect("rows");
            accepted(check_totals(&table, &all));
            for made in &all {
                accepted(check_mixup(&table, made, partner, label));
                let folded = made.weight.iter().all(|w| *w >= 0.5);
                assert_eq!(folded, partner == MixupPartner::Any);
            }
        }
    }
}

#[test]
fn checkers_of_mixup_notice_what_is_spoilt() {
    let table = Table::normal(&[90, 12], 3, 8);
    let mamix = RULES[3];
    let right = only(
        &table,
        mixup(Law::beta(1.0), MixupPartner::Any, mamix, None),
    );
    let check = |made: &Made, label| check_mixup(&table, made, MixupPartner::Any, label);
    accepted(check(&right, mamix));
    refused(
        "ω of the other sign",
        check(&right, LabelRule::Mamix { omega: 0.25 }),
    );
    refused("the weight for the label", check(&right, LabelRule::Same));
    let mut spoilt = right.clone();
    spoilt.partner[0] = spoilt.own[0];
    refused("a row with itself", check(&spoilt, mamix));
    let mut spoilt = right.clone();
    spoilt.weight.iter_mut().for_each(|w| *w = 1.0 - *w);
    refused("λ inverted", check(&spoilt, mamix));
    refused(
        "any row for one of the class",
        check_mixup(&table, &right, MixupPartner::SameClass, mamix),
    );
}

/// λ of a Beta law.
fn check_beta(weights: &[f64], a: f64, b: f64) -> Verdict {
    let law = Beta::new(a, b).expect("shapes");
    let p = ks_p(weights, |x| law.cdf(x));
    ensure(p > LEAST_P, || format!("Beta({a}, {b}): p = {p}"))
}

#[test]
fn lambda_follows_its_law_and_partners_are_uniform() {
    let table = Table::normal(&[20_020, 20], 2, 4);
    let law = |law| {
        only(
            &table,
            mixup(law, MixupPartner::SameClass, LabelRule::Own, None),
        )
    };
    let made = law(Law::beta(0.4));
    accepted(check_beta(&made.weight, 0.4, 0.4));
    refused(
        "λ uniform whatever α",
        check_beta(&law(Law::Uniform(0.0, 1.0)).weight, 0.4, 0.4),
    );
    accepted(check_beta(&law(Law::beta_of(2.0, 5.0)).weight, 2.0, 5.0));
    refused(
        "λ inverted",
        check_beta(&law(Law::beta_of(5.0, 2.0)).weight, 2.0, 5.0),
    );
    assert!(law(Law::Constant(0.25)).weight.iter().all(|w| *w == 0.25));
    let class = table.members(1);
    let place = |i: u32| class.binary_search(&i).expect("a row of the class");
    let mut counts = vec![0; 20 * 20];
    for (&own, &partner) in made.own.iter().zip(&made.partner) {
        counts[place(own) * 20 + place(partner)] += 1;
    }
    let pairs: Vec<usize> = (0..400)
        .filter(|i| i % 21 != 0)
        .map(|i| counts[i])
        .collect();
    assert_eq!(pairs.iter().sum::<usize>(), 20_000, "nobody with itself");
    assert!(chi_square_p(&pairs) > LEAST_P);
}

#[test]
fn uniform_mixup_in_the_class_is_smote_with_all_neighbours() {
    let table = Table::normal(&[8_015, 15], 3, 9);
    let lengths = |settings| {
        let made = only(&table, settings);
        let length = |(&i, x): (&u32, &Vec<f64>)| {
            let squares = table.row(i).iter().zip(x).map(|(a, b)| (a - b).powi(2));
            squares.sum::<f64>().sqrt()
        };
        made.own
            .iter()
            .zip(&made.rows)
            .map(length)
            .collect::<Vec<f64>>()
    };
    let smote = lengths(Settings {
        method: Method::Smote { k: 14 },
        seed: 1,
        ..Settings::default()
    });
    let same = |alpha| {
        lengths(mixup(
            Law::beta(alpha),
            MixupPartner::SameClass,
            LabelRule::Own,
            None,
        ))
    };
    assert!(ks_two_p(&smote, &same(1.0)) > LEAST_P);
    assert!(
        ks_two_p(&smote, &same(0.4)) < LEAST_P,
        "the test sees another law"
    );
    let fewer = lengths(Settings {
        method: Method::Smote { k: 3 },
        seed: 1,
        ..Settings::default()
    });
    assert!(
        ks_two_p(&fewer, &same(1.0)) < LEAST_P,
        "the test sees other partners"
    );
}

/// Soft targets by the definition.
fn check_targets(table: &Table, all: &[Made], targets: &[f64]) -> Verdict {
    let classes = table.names.len();
    let mut rows = targets.chunks(classes);
    for made in all {
        for r in 0..made.own.len() {
            let mut expected = vec![0.0; classes];
            expected[made.class as usize] += made.label_weight[r];
            let other = table
                .classes
                .get(made.partner[r] as usize)
                .unwrap_or(&made.class);
            expected[*other as usize] += 1.0 - made.label_weight[r];
            let row = rows.next().ok_or("too few rows")?;
            ensure(row == expected, || format!("{row:?} and not {expected:?}"))?;
            let sum: f64 = row.iter().sum();
            ensure(
                (sum - 1.0).abs() < 1e-12 && row.iter().all(|t| *t >= 0.0),
                || format!("{row:?}"),
            )?;
        }
    }
    ensure(rows.next().is_none(), || "too many rows".into())
}

#[test]
fn soft_targets_hold_both_classes() {
    let table = Table::normal(&[60, 30, 9], 2, 6);
    for settings in [
        mixup(Law::beta(1.0), MixupPartner::Any, LabelRule::Same, None),
        mixup(
            Law::beta(1.0),
            MixupPartner::SameClass,
            LabelRule::Same,
            None,
        ),
        by_default("star", 0),
        by_default("geometric", 0),
    ] {
        let balanced = table.balance(settings).expect("rows");
        let targets = balanced
            .targets(table.strata())
            .expect("classes of all rows");
        let all = opened(&table, &balanced);
        accepted(check_targets(&table, &all, &targets));
        let rolled = [&targets[1..], &targets[..1]].concat();
        refused("classes rolled", check_targets(&table, &all, &rolled));
    }
    let balanced = table.balance(mixup(
        Law::beta(1.0),
        MixupPartner::Any,
        LabelRule::Same,
        None,
    ));
    let few = candle_mixup::split::Strata {
        classes: &table.classes[..5],
        names: &table.names,
    };
    let error = balanced
        .expect("rows")
        .targets(few)
        .expect_err("five classes");
    assert!(matches!(error, Error::Pairs { .. }), "{error}");
}
