//! What a schedule's blend makes of λ: masks over features and dimensions, and principal directions.

mod scheduling;

use candle_core::{DType, Device, Tensor, Var};
use candle_mixup::random::{Purpose, Stream};
use candle_mixup::schedule::{Clock, Schedule, Scheduler};
use candle_mixup::{Blend, ColumnMask, Error, MixPlan, Pairs, Principal, Result, mix};
use scheduling::pvalues::{LEAST_P, chi_square_p};
use scheduling::{CELLS, TABLE_SITES, checked, features, plan, scheduler, table_task, task};

const STEPS: u64 = 4000;
const BATCH: [u32; 8] = [9, 3, 40, 12, 1, 63, 22, 30];

fn table(blend: &str, site: &str, rest: &str) -> Scheduler {
    let json = format!(r#"{{"blend": {blend}, "sites": "{site}", "partner": "derange"{rest}}}"#);
    scheduler(&json, STEPS)
}

fn plans(scheduler: &Scheduler) -> impl Iterator<Item = MixPlan> + '_ {
    let plan = |step| plan(scheduler, Clock::at(step, STEPS, 10), &BATCH);
    (0..STEPS).filter_map(plan)
}

fn mask(plan: &MixPlan) -> &ColumnMask {
    match &plan.blend {
        Blend::Columns(mask) => mask,
        other => panic!("no mask: {other:?}"),
    }
}

fn principal(plan: &MixPlan) -> &Principal {
    match &plan.blend {
        Blend::Principal(principal) => principal,
        other => panic!("no directions: {other:?}"),
    }
}

/// Numbers of any size.
fn values(rows: usize, seed: u64) -> Result<Tensor> {
    let mut draw = Stream::new(seed, Purpose::Init, 0);
    let values: Vec<f64> = (0..rows * CELLS).map(|_| 8.0 * draw.unit() - 4.0).collect();
    Ok(Tensor::from_vec(values, (rows, CELLS), &Device::Cpu)?)
}

#[test]
fn cutmix_swaps_the_exact_number_of_columns_each_as_often() {
    for (lambda, count) in [
        (0.0, 6),
        (0.1, 5),
        (0.4, 3),
        (0.5, 3),
        (0.51, 2),
        (0.9, 1),
        (0.999, 1),
    ] {
        let scheduler = table(
            r#""columns""#,
            "input",
            &format!(r#", "weight": {{"constant": {lambda}}}"#),
        );
        let mut swapped = [0usize; 6];
        for plan in plans(&scheduler) {
            assert_eq!(mask(&plan).segments(), [1, 1, 1, 1, 4, 4]);
            for r in 0..BATCH.len() {
                let bits = mask(&plan).row(r);
                assert_eq!(bits.iter().filter(|own| !**own).count(), count, "{lambda}");
                let share = 1.0 - count as f64 / 6.0;
                assert_eq!(plan.pairs.weight()[r], share);
                assert_eq!(plan.pairs.label_weight()[r], share);
                let of_row = bits.iter().zip(&mut swapped);
                of_row.for_each(|(own, swapped)| *swapped += usize::from(!own));
            }
        }
        // Without replacement the counts vary less than independent ones, so that the test is on the safe side.
        assert!(
            count == 6 || chi_square_p(&swapped) > LEAST_P,
            "{swapped:?}"
        );
    }
}

#[test]
fn cutmix_of_one_column_takes_each_as_often() {
    let scheduler = table(r#""columns""#, "input", r#", "weight": {"constant": 0.9}"#);
    let mut swapped = [0usize; 6];
    for plan in plans(&scheduler) {
        let column = mask(&plan).row(3).iter().position(|own| !own);
        swapped[column.expect("one is swapped")] += 1;
    }
    assert!(chi_square_p(&swapped) > LEAST_P, "{swapped:?}");
}

#[test]
fn lambda_1_is_a_plain_step() {
    // The law lies at 1 but for what no float can tell from it.
    for blend in [
        r#""columns""#,
        r#""feature-mask""#,
        r#"{"principal": {"swap": true}}"#,
    ] {
        let scheduler = table(blend, "input", r#", "weight": {"beta": [1e12, 1e-12]}"#);
        assert_eq!(plans(&scheduler).count(), 0, "{blend}");
    }
}

#[test]
fn cells_come_bit_for_bit_from_own_or_partner() -> Result<()> {
    for (blend, site, shape) in [
        (r#""columns""#, "input", [2, 12]),
        (r#""feature-mask""#, "embedding", [6, 4]),
        (r#""hidden-mask""#, "embedding", [6, 4]),
    ] {
        let scheduler = table(blend, site, r#", "weight": {"beta": 0.5}"#);
        for plan in plans(&scheduler).take(50) {
            let x = values(BATCH.len(), 1)?.reshape((BATCH.len(), shape[0], shape[1]))?;
            let mixed = mix(&x, &plan.pairs, &plan.blend)?.to_vec3::<f64>()?;
            let x = x.to_vec3::<f64>()?;
            for (r, mixed) in mixed.iter().enumerate() {
                let (own, partner) = (plan.pairs.own()[r], plan.pairs.partner()[r]);
                let bits = mask(&plan).row(r);
                for (t, c) in (0..shape[0]).flat_map(|t| (0..shape[1]).map(move |c| (t, c))) {
                    let feature = [0, 1, 2, 3, 4, 4, 4, 4, 5, 5, 5, 5];
                    let kept = match site {
                        "input" => bits[feature[c]],
                        _ if blend.contains("hidden") => bits[c],
                        _ => bits[t],
                    };
                    let from = if kept { own } else { partner } as usize;
                    assert_eq!(mixed[t][c], x[from][t][c], "{blend}");
                }
            }
        }
    }
    Ok(())
}

#[test]
fn featmix_keeps_each_feature_with_probability_lambda_and_labels_by_information() {
    let law = r#", "weight": {"constant": 0.3}"#;
    let information = features().information;
    let (mut kept, mut rows) = ([0usize; 6], 0usize);
    for plan in plans(&table(r#""feature-mask""#, "embedding", law)) {
        assert_eq!(mask(&plan).segments(), [4; 6]);
        for r in 0..BATCH.len() {
            let bits = mask(&plan).row(r);
            rows += 1;
            bits.iter()
                .zip(&mut kept)
                .for_each(|(own, kept)| *kept += usize::from(*own));
            let own = bits.iter().filter(|own| **own).count();
            assert_eq!(plan.pairs.weight()[r], own as f64 / 6.0);
            let expected: f64 = (0..6).filter(|&f| bits[f]).map(|f| information[f]).sum();
            assert!((plan.pairs.label_weight()[r] - expected).abs() < 1e-12);
        }
    }
    let error = 4.0 * (0.21 / rows as f64).sqrt();
    for kept in kept {
        let share = kept as f64 / rows as f64;
        assert!((share - 0.3).abs() < error, "{share}");
    }
}

#[test]
fn featmix_without_information_counts_features() {
    let mut task = table_task(STEPS, 400);
    if let Some(features) = &mut task.features {
        features.information = vec![0.0; 6];
    }
    let schedule = Schedule::preset("featmix").expect("a preset");
    let scheduler = schedule.check(&TABLE_SITES, &task).expect("good");
    let mut mean = (0.0, 0.0);
    for plan in plans(&scheduler) {
        assert_eq!(plan.pairs.weight(), plan.pairs.label_weight());
        mean.0 += plan.pairs.weight().iter().sum::<f64>();
        mean.1 += BATCH.len() as f64;
    }
    // Var of the share is below that of a fair coin on {0, 1}.
    assert!((mean.0 / mean.1 - 0.5).abs() < 4.0 * (0.25 / mean.1).sqrt());
}

#[test]
fn hiddenmix_labels_by_the_drawn_rate_or_by_what_was_kept() {
    // λ comes from the same stream whatever is made of it.
    let law = r#", "weight": {"beta": 0.5}"#;
    let linear = table(r#""linear""#, "embedding", law);
    let drawn = table(r#""hidden-mask""#, "embedding", law);
    let realised = table(
        r#"{"hidden-mask": {"label": "realised"}}"#,
        "embedding",
        law,
    );
    let mut kept = [0usize; 5];
    let mut expected = [0.0; 5];
    for step in 0..STEPS {
        let clock = Clock::at(step, STEPS, 10);
        let lambda = plan(&linear, clock, &BATCH)
            .expect("mixed")
            .pairs
            .weight()
            .to_vec();
        let Some(one) = plan(&drawn, clock, &BATCH) else {
            continue;
        };
        assert_eq!(
            mask(&one).segments(),
            [1; 4],
            "one bit a dimension of a token"
        );
        assert_eq!(one.pairs.label_weight(), lambda);
        for (r, &rate) in lambda.iter().enumerate() {
            let own = mask(&one).row(r).iter().filter(|own| **own).count();
            assert_eq!(one.pairs.weight()[r], own as f64 / 4.0);
            kept[own] += 1;
            let (p, q) = (rate, 1.0 - rate);
            for (own, ways) in [1.0, 4.0, 6.0, 4.0, 1.0].into_iter().enumerate() {
                expected[own] += ways * p.powi(own as i32) * q.powi(4 - own as i32);
            }
        }
        if let Some(other) = plan(&realised, clock, &BATCH) {
            assert_eq!(other.blend, one.blend);
            assert_eq!(other.pairs.label_weight(), other.pairs.weight());
        }
    }
    for (kept, expected) in kept.iter().zip(expected) {
        let error = 4.0 * f64::sqrt(expected);
        assert!((*kept as f64 - expected).abs() < error, "{kept} {expected}");
    }
}

#[test]
fn masks_do_not_move_with_tosses_partners_or_labels() {
    let masks = |rest: &str| {
        let scheduler = table(r#""feature-mask""#, "embedding", rest);
        let all: Vec<_> = plans(&scheduler).take(20).collect();
        all
    };
    let plain = masks("");
    for rest in [
        r#", "probability": 0.9999999"#,
        r#", "label": {"remix": {}}"#,
    ] {
        for (a, b) in masks(rest).iter().zip(&plain) {
            assert_eq!(a.blend, b.blend, "{rest}");
        }
    }
    let rows = masks(r#", "apply": "row", "probability": 0.5"#);
    for (a, b) in rows.iter().zip(&plain) {
        for r in 0..BATCH.len() {
            let tossed = a.pairs.own()[r] != a.pairs.partner()[r];
            if tossed {
                assert_eq!(mask(a).row(r), mask(b).row(r));
            } else {
                assert!(
                    mask(a).row(r).iter().all(|own| *own),
                    "a plain row keeps itself"
                );
                assert_eq!((a.pairs.weight()[r], a.pairs.label_weight()[r]), (1.0, 1.0));
            }
        }
    }
}

#[test]
fn other_label_rules_take_the_kept_share_for_lambda() {
    let own = table(r#""columns""#, "input", r#", "label": "own""#);
    let remix = table(
        r#""columns""#,
        "input",
        r#", "label": {"remix": {"kappa": 2}}"#,
    );
    let (classes, counts) = (scheduling::classes(), task(1, 1).class_counts);
    for plan in plans(&own).take(50) {
        assert!(plan.pairs.label_weight().iter().all(|label| *label == 1.0));
    }
    let rule = remix.schedule().label;
    for plan in plans(&remix).take(200) {
        let count = |row: u32| counts[classes[BATCH[row as usize] as usize] as usize];
        for r in 0..BATCH.len() {
            let (o, p) = (plan.pairs.own()[r], plan.pairs.partner()[r]);
            let expected = rule.weight(plan.pairs.weight()[r], count(o), count(p));
            assert_eq!(plan.pairs.label_weight()[r], expected);
        }
    }
}

#[test]
fn added_rows_have_masks_behind_those_of_the_plain_ones() {
    let scheduler = table(r#""columns""#, "input", r#", "mode": "add-to""#);
    for plan in plans(&scheduler).take(20) {
        assert_eq!(mask(&plan).len(), 16);
        assert!((0..8).all(|r| mask(&plan).row(r).iter().all(|own| *own)));
        assert!((8..16).all(|r| mask(&plan).row(r).contains(&false)));
    }
}

#[test]
fn the_fewest_directions_that_reach_the_share_are_mixed() {
    // Variances 8, 1, 0.75 and 0.25.
    for (share, count) in [
        (0.5, 1),
        (0.8, 1),
        (0.81, 2),
        (0.9, 2),
        (0.95, 3),
        (0.99, 4),
        (1.0, 4),
    ] {
        let scheduler = table(
            &format!(r#"{{"principal": {{"share": {share}}}}}"#),
            "input",
            "",
        );
        let plan = plans(&scheduler).next().expect("mixed");
        assert_eq!(principal(&plan).basis.count(), count, "{share}");
        assert_eq!(plan.pairs.weight(), plan.pairs.label_weight());
    }
}

#[test]
fn all_directions_are_mixup_and_fewer_leave_the_rest_alone() -> Result<()> {
    let x = values(BATCH.len(), 2)?;
    let all = table(r#"{"principal": {"share": 1}}"#, "input", "");
    for plan in plans(&all).take(20) {
        let linear = mix(&x, &plan.pairs, &Blend::Linear)?;
        let along = mix(&x, &plan.pairs, &plan.blend)?;
        let apart = (linear - along)?.abs()?.max_all()?.to_scalar::<f64>()?;
        assert!(apart < 1e-5, "{apart}");
    }
    let some = table(r#""principal""#, "input", "");
    for plan in plans(&some).take(20) {
        let mixed = mix(&x, &plan.pairs, &plan.blend)?.to_vec2::<f64>()?;
        let x = x.to_vec2::<f64>()?;
        let directions = &principal(&plan).basis.directions;
        assert_eq!(directions.len(), 8, "two of four");
        for (r, mixed) in mixed.iter().enumerate() {
            let (own, partner) = (plan.pairs.own()[r], plan.pairs.partner()[r]);
            let (own, partner) = (&x[own as usize], &x[partner as usize]);
            let weight = plan.pairs.weight()[r];
            for (d, direction) in features()
                .basis
                .expect("a basis")
                .directions
                .chunks(4)
                .enumerate()
            {
                let score = |row: &[f64]| -> f64 {
                    row.iter()
                        .zip(direction)
                        .map(|(x, v)| x * f64::from(*v))
                        .sum()
                };
                let expected = match d {
                    0 | 1 => weight * score(own) + (1.0 - weight) * score(partner),
                    _ => score(own),
                };
                assert!((score(mixed) - expected).abs() < 1e-5, "direction {d}");
            }
            for c in 4..CELLS {
                let expected = weight * own[c] + (1.0 - weight) * partner[c];
                assert!(
                    (mixed[c] - expected).abs() < 1e-12,
                    "categories are mixed alike"
                );
            }
        }
    }
    Ok(())
}

#[test]
fn swapped_scores_weigh_by_variance_and_leave_categories_alone() -> Result<()> {
    let swap = r#"{"principal": {"share": 0.95, "swap": true}}"#;
    let scheduler = table(swap, "input", r#", "weight": {"constant": 0.3}"#);
    let x = values(BATCH.len(), 3)?;
    let (mut kept, mut rows) = ([0usize; 3], 0.0);
    for plan in plans(&scheduler) {
        let bits = principal(&plan).own.as_ref().expect("scores are swapped");
        assert_eq!((bits.count(), bits.len()), (3, BATCH.len()));
        for r in 0..BATCH.len() {
            rows += 1.0;
            let row = bits.row(r);
            row.iter()
                .zip(&mut kept)
                .for_each(|(own, kept)| *kept += usize::from(*own));
            let lost = row.iter().zip([8.0, 1.0, 0.75]).filter(|(own, _)| !**own);
            let expected = 1.0 - lost.map(|(_, variance)| variance).sum::<f64>() / 10.0;
            assert!((plan.pairs.label_weight()[r] - expected).abs() < 1e-12);
            assert_eq!(plan.pairs.weight()[r], plan.pairs.label_weight()[r]);
        }
        if plan.pairs.weight().contains(&1.0) {
            let mixed = mix(&x, &plan.pairs, &plan.blend)?.narrow(1, 4, CELLS - 4)?;
            let own = x.narrow(1, 4, CELLS - 4)?;
            assert_eq!(mixed.to_vec2::<f64>()?, own.to_vec2::<f64>()?);
        }
    }
    for kept in kept {
        let share = kept as f64 / rows;
        assert!(
            (share - 0.3).abs() < 4.0 * f64::sqrt(0.21 / rows),
            "{share}"
        );
    }
    Ok(())
}

#[test]
fn a_choice_of_blends_is_even_and_moves_nothing_else() {
    let scheduler = checked(
        Schedule::preset("mixup-cutmix").expect("a preset"),
        STEPS,
        10,
    );
    let linear = checked(
        Schedule::from_json(r#"{"sites": "input"}"#).expect("good JSON"),
        STEPS,
        10,
    );
    let mut counts = [0usize; 2];
    for step in 0..STEPS {
        let clock = Clock::at(step, STEPS, 10);
        let (one, other) = (
            plan(&scheduler, clock, &BATCH),
            plan(&linear, clock, &BATCH),
        );
        let (one, other) = (one.expect("mixed"), other.expect("mixed"));
        assert_eq!(one.pairs.partner(), other.pairs.partner());
        match one.blend {
            Blend::Linear => assert_eq!(one.pairs, other.pairs),
            _ => assert_eq!(mask(&one).count(), 6),
        }
        counts[usize::from(one.blend == Blend::Linear)] += 1;
    }
    assert!(chi_square_p(&counts) > LEAST_P, "{counts:?}");
}

/// Central differences in f64 against the gradient, for own and partner.
#[test]
fn gradients_agree_with_finite_differences() -> Result<()> {
    for (blend, site) in [
        (r#""columns""#, "input"),
        (r#""hidden-mask""#, "embedding"),
        (r#""principal""#, "input"),
        (r#"{"principal": {"share": 1, "swap": true}}"#, "input"),
    ] {
        let scheduler = table(blend, site, r#", "weight": {"uniform": [0.2, 0.8]}"#);
        let plan = plans(&scheduler).next().expect("mixed");
        let start = values(BATCH.len(), 4)?;
        let loss = |x: &Tensor| -> Result<Tensor> {
            let mixed = mix(x, &plan.pairs, &plan.blend)?;
            Ok((mixed.sqr()? * &mixed)?.sum_all()?)
        };
        let x = Var::from_tensor(&start)?;
        let gradient = loss(&x)?.backward()?.remove(&x).expect("x is reached");
        let gradient = gradient.flatten_all()?.to_vec1::<f64>()?;
        let start = start.flatten_all()?.to_vec1::<f64>()?;
        for cell in 0..start.len() {
            let at = |step: f64| -> Result<f64> {
                let mut moved = start.clone();
                moved[cell] += step;
                let moved = Tensor::from_vec(moved, (BATCH.len(), CELLS), &Device::Cpu)?;
                Ok(loss(&moved)?.to_scalar::<f64>()?)
            };
            let slope = (at(1e-5)? - at(-1e-5)?) / 2e-5;
            let bound = 1e-6 * (1.0 + slope.abs());
            assert!(
                (slope - gradient[cell]).abs() < bound,
                "{blend}, cell {cell}"
            );
        }
    }
    Ok(())
}

#[test]
fn what_a_mask_or_directions_do_not_fit_is_refused() -> Result<()> {
    let pairs = Pairs::new(vec![0, 1], vec![1, 0], vec![0.5; 2], vec![0.5; 2])?;
    let mask = |rows: usize| ColumnMask::new(vec![1, 2], vec![true; 2 * rows]).expect("a mask");
    let x = Tensor::zeros((2, 6), DType::F32, &Device::Cpu)?;
    let short = Tensor::zeros((2, 4), DType::F32, &Device::Cpu)?;
    let refused = |x: &Tensor, blend: &Blend| {
        let error = mix(x, &pairs, blend).expect_err("does not fit");
        assert!(matches!(error, Error::Shape { .. }), "{error}");
        error.to_string()
    };
    mix(&x, &pairs, &Blend::Columns(mask(2)))?;
    let text = refused(&x, &Blend::Columns(mask(3)));
    assert_eq!(text, "mask: expected 2 rows, one a pair, got 3");
    let text = refused(&short, &Blend::Columns(mask(2)));
    assert!(
        text.contains("a multiple of the mask's 3 cells, got 4"),
        "{text}"
    );
    let basis = features().basis.expect("a basis");
    let directions = |own| {
        Blend::Principal(Principal {
            basis: basis.clone(),
            own,
        })
    };
    mix(&short, &pairs, &directions(None))?;
    let narrow = Tensor::zeros((2, 3), DType::F32, &Device::Cpu)?;
    refused(&narrow, &directions(None));
    refused(&x, &directions(Some(mask(2))));
    let integers = Tensor::zeros((2, 6), DType::U32, &Device::Cpu)?;
    let error = mix(&integers, &pairs, &Blend::Columns(mask(2))).expect_err("ids are names");
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");
    Ok(())
}
