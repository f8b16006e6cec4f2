//! What holds for every preset when its plans are carried out on tensors.

mod scheduling;

use candle_core::{DType, Device, Tensor, Var};
use candle_mixup::random::{Purpose, Stream};
use candle_mixup::schedule::{Clock, Pairing, Schedule, presets};
use candle_mixup::{
    Blend, Flow, MixPlan, MixTap, Pairs, Result, Site, Tap, mix, mix_targets, one_hot,
};
use scheduling::{CELLS, checked, classes, plan};

const STEPS: u64 = 1000;
const BATCH: [u32; 9] = [9, 3, 40, 12, 1, 63, 22, 30, 17];

/// Blends that no preset has.
const WRITTEN: [&str; 2] = [
    r#"{"name": "swapped", "sites": "input", "blend": {"principal": {"share": 0.99, "swap": true}}}"#,
    r#"{"name": "added masks", "sites": "embedding", "blend": "hidden-mask", "mode": "add-to"}"#,
];

/// A few plans of every preset that mixes, with the preset's name.
fn plans() -> Vec<(String, MixPlan)> {
    let mut all = Vec::new();
    let presets = presets()
        .iter()
        .map(|preset| Schedule::preset(preset.name).expect("a preset"));
    let written = WRITTEN.map(|json| Schedule::from_json(json).expect("good JSON"));
    for mut schedule in presets.chain(written) {
        if schedule.blend.needs_stretches() {
            continue; // ids are moved, not mixed: tests/spans.rs
        }
        if let Pairing::Blocks { k } = &mut schedule.partner {
            // The preset's blocks are larger than the batch.
            *k = 2;
        }
        let name = schedule.name.clone();
        let scheduler = checked(schedule, STEPS, 1);
        let drawn =
            (0..STEPS).filter_map(|step| plan(&scheduler, Clock::at(step, STEPS, 1), &BATCH));
        all.extend(drawn.take(4).map(|plan| (name.clone(), plan)));
    }
    assert!(all.len() >= 24 * 4, "too few presets mix: {}", all.len());
    all
}

fn rows(plan: &MixPlan, shape: &[usize], dtype: DType, seed: u64) -> Result<Tensor> {
    let incoming = BATCH.len() + plan.loaded.len();
    let shape: Vec<usize> = std::iter::once(incoming)
        .chain(shape.iter().copied())
        .collect();
    let mut draw = Stream::new(seed, Purpose::Init, 0);
    let values: Vec<f64> = (0..shape.iter().product())
        .map(|_| 2.0 * draw.unit() - 1.0)
        .collect();
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?.to_dtype(dtype)?)
}

fn flat(x: &Tensor) -> Vec<f64> {
    x.to_dtype(DType::F64)
        .and_then(|x| x.flatten_all()?.to_vec1())
        .expect("numbers")
}

/// The plan with every weight and label weight replaced.
fn with_weight(plan: &MixPlan, weight: f64) -> Pairs {
    let (own, partner) = (plan.pairs.own().to_vec(), plan.pairs.partner().to_vec());
    let all = vec![weight; own.len()];
    Pairs::new(own, partner, all.clone(), all).expect("a weight in [0, 1]")
}

#[test]
fn weight_one_is_the_row_and_weight_zero_its_partner_bit_for_bit() -> Result<()> {
    for (name, plan) in plans() {
        let x = rows(&plan, &[6, 4], DType::F32, 1)?;
        for (weight, who) in [(1.0, plan.pairs.own()), (0.0, plan.pairs.partner())] {
            if weight == 0.0 && matches!(plan.blend, Blend::Principal(_)) {
                // Whole steps along some directions do not lead to the partner.
                continue;
            }
            let expected = x.index_select(&Tensor::new(who, &Device::Cpu)?, 0)?;
            let mixed = mix(&x, &with_weight(&plan, weight), &plan.blend)?;
            assert_eq!(flat(&mixed), flat(&expected), "{name} at weight {weight}");
        }
    }
    Ok(())
}

#[test]
fn a_plan_gives_the_formula_in_every_dtype_and_keeps_shape_and_dtype() -> Result<()> {
    for (name, plan) in plans() {
        for (dtype, tolerance) in [
            (DType::F64, 1e-14),
            (DType::F32, 2e-6),
            (DType::F16, 2e-3),
            (DType::BF16, 1e-2),
        ] {
            let x = rows(&plan, &[CELLS], dtype, 2)?;
            let mixed = mix(&x, &plan.pairs, &plan.blend)?;
            assert_eq!(
                (mixed.dtype(), mixed.dims()),
                (dtype, &[plan.pairs.len(), CELLS][..]),
                "{name}"
            );
            let (x, mixed) = (flat(&x), flat(&mixed));
            for (r, mixed) in mixed.chunks(CELLS).enumerate() {
                for (mixed, expected) in mixed.iter().zip(formula(&plan, &x, r)) {
                    let close = (mixed - expected).abs() <= tolerance;
                    assert!(close, "{name}, {dtype:?}, row {r}: {mixed} {expected}");
                }
            }
        }
    }
    Ok(())
}

/// Row r by the formula of its blend, in f64.
fn formula(plan: &MixPlan, x: &[f64], r: usize) -> Vec<f64> {
    let of = |rows: &[u32]| x[rows[r] as usize * CELLS..][..CELLS].to_vec();
    let (own, partner) = (of(plan.pairs.own()), of(plan.pairs.partner()));
    let weight = plan.pairs.weight()[r];
    let sum = |c: usize| weight * own[c] + (1.0 - weight) * partner[c];
    match &plan.blend {
        Blend::Linear | Blend::Reordered(_) => (0..CELLS).map(sum).collect(),
        Blend::Columns(mask) => {
            let mut cells = Vec::new();
            for (&bit, &count) in mask.row(r).iter().zip(mask.segments()) {
                cells.extend(vec![bit; count]);
            }
            let from = |c: usize| {
                if cells[c % cells.len()] {
                    own[c]
                } else {
                    partner[c]
                }
            };
            (0..CELLS).map(from).collect()
        }
        Blend::Principal(principal) => {
            let basis = &principal.basis;
            let mut mixed: Vec<f64> = (0..CELLS)
                .map(|c| {
                    if principal.own.is_some() {
                        own[c]
                    } else {
                        sum(c)
                    }
                })
                .collect();
            mixed[..basis.cells].copy_from_slice(&own[..basis.cells]);
            for (k, direction) in basis.directions.chunks(basis.cells).enumerate() {
                let share = match &principal.own {
                    Some(bits) => f64::from(u8::from(!bits.row(r)[k])),
                    None => 1.0 - weight,
                };
                let along = direction.iter().enumerate();
                let score: f64 = along
                    .map(|(c, v)| f64::from(*v) * (partner[c] - own[c]))
                    .sum();
                for (mixed, v) in mixed.iter_mut().zip(direction) {
                    *mixed += share * score * f64::from(*v);
                }
            }
            mixed
        }
        other => panic!("no formula for {other:?}"),
    }
}

#[test]
fn mixing_is_linear_and_commutes_with_affine_maps_of_rows() -> Result<()> {
    for (name, plan) in plans() {
        let (x, y) = (
            rows(&plan, &[6, 4], DType::F64, 3)?,
            rows(&plan, &[6, 4], DType::F64, 4)?,
        );
        let go = |x: &Tensor| mix(x, &plan.pairs, &plan.blend);
        let sum = (go(&x)? + go(&y)?)?;
        let affine = (go(&x)?.affine(2.5, -0.75)?, go(&x.affine(2.5, -0.75)?)?);
        for (a, b) in [(sum, go(&(x + y)?)?), affine] {
            let worst = flat(&(a - b)?)
                .into_iter()
                .fold(0.0, |m: f64, d| m.max(d.abs()));
            assert!(worst < 1e-14, "{name}: {worst}");
        }
    }
    Ok(())
}

#[test]
fn gradients_reach_own_and_partner_with_their_shares() -> Result<()> {
    for (name, plan) in plans() {
        let x = Var::from_tensor(&rows(&plan, &[CELLS], DType::F64, 5)?)?;
        let mixed = mix(x.as_tensor(), &plan.pairs, &plan.blend)?;
        let loss = (&mixed * mixed.detach())?.sum_all()?;
        let gradient = loss.backward()?.remove(&x).expect("the rows are reached");
        // Mixing is linear, so that the derivative along any step is the step, mixed.
        for seed in 10..14 {
            let step = rows(&plan, &[CELLS], DType::F64, seed)?;
            let along: f64 = flat(&(&gradient * &step)?).iter().sum();
            let moved = mix(&step, &plan.pairs, &plan.blend)?;
            let expected: f64 = flat(&(moved * mixed.detach())?).iter().sum();
            assert!(
                (along - expected).abs() < 1e-10,
                "{name}: {along} {expected}"
            );
        }
    }
    Ok(())
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() -> Result<()> {
    for (name, plan) in plans() {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("a pool").install(|| -> Result<Vec<f64>> {
                let x = Var::from_tensor(&rows(&plan, &[CELLS * 400], DType::F32, 7)?)?;
                let mixed = match plan.blend {
                    Blend::Principal(_) => mix(&x.narrow(1, 0, CELLS)?, &plan.pairs, &plan.blend)?,
                    _ => mix(x.as_tensor(), &plan.pairs, &plan.blend)?,
                };
                let gradient = mixed.sqr()?.sum_all()?.backward()?.remove(&x);
                let mut all = flat(&gradient.expect("the rows are reached"));
                all.extend(flat(&mixed));
                Ok(all)
            })
        };
        assert_eq!(run(1)?, run(3)?, "{name}");
    }
    Ok(())
}

#[test]
fn targets_stay_distributions_and_follow_the_label_weight() -> Result<()> {
    let classes = classes();
    for (name, plan) in plans() {
        let all: Vec<u32> = BATCH
            .iter()
            .chain(&plan.loaded)
            .map(|&row| classes[row as usize])
            .collect();
        let count = *classes.iter().max().expect("classes") as usize + 1;
        let mixed = mix_targets(&one_hot(&all, count, &Device::Cpu)?, &plan.pairs)?;
        for (r, row) in flat(&mixed).chunks(count).enumerate() {
            assert!(
                row.iter().all(|v| *v >= 0.0) && (row.iter().sum::<f64>() - 1.0).abs() < 1e-6,
                "{name}"
            );
            let own = all[plan.pairs.own()[r] as usize];
            let label = plan.pairs.label_weight()[r];
            let same = all[plan.pairs.partner()[r] as usize] == own;
            let expected = if same { 1.0 } else { label };
            assert!(
                (row[own as usize] - expected).abs() < 1e-6,
                "{name}, row {r}"
            );
        }
    }
    Ok(())
}

#[test]
fn a_tap_without_a_plan_or_at_another_site_passes_the_very_same_bits() -> Result<()> {
    for (name, plan) in plans() {
        let x = rows(&plan, &[2, 3], DType::F32, 6)?;
        let elsewhere = if plan.site == Site::Pooled {
            Site::Embedding
        } else {
            Site::Pooled
        };
        for (plan, site) in [(None, plan.site), (Some(&plan), elsewhere)] {
            let mut tap = MixTap::new(plan);
            let out = tap.at(site, Flow::new(x.clone()))?;
            assert_eq!((out.x.id(), tap.dropout()), (x.id(), None), "{name}");
            assert_eq!(
                tap.finish(&[site]).is_err(),
                plan.is_some(),
                "{name}: a plan that met no site is an error"
            );
        }
    }
    Ok(())
}
