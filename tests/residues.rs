//! Residues: noise (NFM, NEFTune) and cutoffs, as a plan holds them, as a schedule draws them and as the tap adds them.

#[path = "common/pvalues.rs"]
mod pvalues;
mod token_plans;

use candle_core::{DType, Device, Tensor, Var};
use candle_mixup::random::{Purpose, Stream};
use candle_mixup::schedule::{Domain, Rows, Schedule, Task};
use candle_mixup::{
    Blend, Cutoff, Error, Flow, MixPlan, MixTap, Pairs, Residue, Result, Site, Tap,
};
use proptest::prelude::*;
use pvalues::{LEAST_P, chi_square_p, ks_p};
use token_plans::{
    SITES, WIDTH, clock, flat, plan, refusal, scheduler, source, stretches, task, texts,
};

const ROWS: usize = 4;
const TOKENS: usize = 9;
/// Real tokens of each row.
const LENGTHS: [usize; ROWS] = [9, 3, 6, 1];

/// Rows with a padded end.
fn flow(width: usize, seed: u64) -> Result<Flow> {
    let mut stream = Stream::new(seed, Purpose::Init, 0);
    let numbers: Vec<f32> = (0..ROWS * TOKENS * width)
        .map(|_| (2.0 * stream.unit() - 1.0) as f32)
        .collect();
    let real = |r: usize| (0..TOKENS).map(move |t| f32::from(u8::from(t < LENGTHS[r])));
    let mask: Vec<f32> = (0..ROWS).flat_map(real).collect();
    Ok(Flow::masked(
        Tensor::from_vec(numbers, (ROWS, TOKENS, width), &Device::Cpu)?,
        Tensor::from_vec(mask, (ROWS, TOKENS), &Device::Cpu)?,
    ))
}

fn mixing(weight: f64) -> Pairs {
    let partner = vec![1, 2, 3, 0];
    Pairs::new(vec![0, 1, 2, 3], partner, vec![weight; 4], vec![weight; 4]).expect("pairs")
}

fn with(residue: Option<Residue>, pairs: Pairs) -> MixPlan {
    MixPlan {
        site: Site::Embedding,
        pairs,
        blend: Blend::Linear,
        residue,
        loaded: vec![],
    }
}

/// What leaves the site: rows, and their mask.
fn tapped(plan: &MixPlan, flow: &Flow) -> Result<(Vec<f32>, Vec<f32>)> {
    let out = MixTap::new(Some(plan)).at(Site::Embedding, flow.clone())?;
    Ok((flat(&out.x), flat(out.mask.as_ref().expect("a mask"))))
}

fn noise(additive: f64, multiplicative: f64, key: u64) -> Residue {
    Residue::Noise {
        additive,
        multiplicative,
        key,
        rows: None,
    }
}

fn neftune(alpha: f64, key: u64) -> Residue {
    Residue::Neftune {
        alpha,
        key,
        rows: None,
    }
}

#[test]
fn a_residue_of_zero_is_the_plan_without_it_bit_for_bit() -> Result<()> {
    let flow = flow(5, 1)?;
    let zeros = [
        noise(0.0, 0.0, 7),
        neftune(0.0, 7),
        Residue::Cutoff(Cutoff::Tokens(vec![vec![]; ROWS])),
        Residue::Cutoff(Cutoff::Dimensions(vec![vec![]; ROWS])),
    ];
    for residue in zeros {
        for pairs in [Pairs::identity(ROWS), mixing(0.3)] {
            let without = tapped(&with(None, pairs.clone()), &flow)?;
            assert_eq!(tapped(&with(Some(residue.clone()), pairs), &flow)?, without);
        }
    }
    Ok(())
}

#[test]
fn a_rule_of_zero_draws_the_plan_without_it() {
    let encoded = texts(&[8, 5, 9, 30], None);
    let known = stretches(&source(&encoded));
    let drawn = |residue: &str| {
        let json = format!(r#"{{"sites": "embedding", "partner": "derange"{residue}}}"#);
        let scheduler = scheduler(&json, 4, 3);
        (0..50)
            .map(|step| plan(&scheduler, step, &[3, 0, 1, 2], &known))
            .collect::<Vec<_>>()
    };
    let without = drawn("");
    for zero in [
        r#", "residue": {"noise": {"additive": 0, "multiplicative": 0}}"#,
        r#", "residue": {"neftune": {"alpha": 0}}"#,
        r#", "residue": {"cutoff": {"ratio": 0}}"#,
        // A tenth of so few tokens is none.
        r#", "residue": {"cutoff": {"ratio": 0.03}}"#,
    ] {
        assert_eq!(drawn(zero), without, "{zero}");
    }
    for some in ["noise", "neftune", "cutoff"] {
        let drawn = drawn(&format!(r#", "residue": "{some}""#));
        for (with, without) in drawn.iter().zip(&without) {
            let (with, without) = (
                with.as_ref().expect("mixed"),
                without.as_ref().expect("mixed"),
            );
            assert!(with.residue.is_some(), "{some}");
            // Labels, partners and λ are those of the schedule without it.
            assert_eq!(
                (&with.pairs, &with.blend),
                (&without.pairs, &without.blend),
                "{some}"
            );
        }
    }
}

/// Differences that a residue makes at the real tokens of each row; padding must stay bit for bit.
fn made(residue: &Residue, flow: &Flow, width: usize) -> Result<Vec<Vec<f32>>> {
    let before = flat(&flow.x);
    let (after, _) = tapped(&with(Some(residue.clone()), Pairs::identity(ROWS)), flow)?;
    let row = |r: usize| {
        let numbers = r * TOKENS * width..(r + 1) * TOKENS * width;
        let real = LENGTHS[r] * width;
        assert_eq!(
            after[numbers.clone()][real..],
            before[numbers.clone()][real..],
            "padding of row {r}"
        );
        let pairs = after[numbers.clone()].iter().zip(&before[numbers]);
        pairs.take(real).map(|(a, b)| a - b).collect()
    };
    Ok((0..ROWS).map(row).collect())
}

fn zeros(width: usize) -> Result<Flow> {
    let flow = flow(width, 1)?;
    Ok(Flow {
        x: flow.x.zeros_like()?,
        ..flow
    })
}

#[test]
fn neftune_is_uniform_within_its_bound_by_real_lengths() -> Result<()> {
    const D: usize = 64;
    let flow = zeros(D)?;
    let mut all = Vec::new();
    for key in 0..8 {
        for (r, noise) in made(&neftune(5.0, key), &flow, D)?.into_iter().enumerate() {
            let bound = 5.0 / ((LENGTHS[r] * D) as f64).sqrt();
            let most = noise
                .iter()
                .fold(0f64, |most, n| most.max(f64::from(n.abs())));
            assert!(most <= bound * (1.0 + 1e-6), "{most} {bound}");
            // Were L the padded length, the largest of the 64 numbers of the shortest row would be a third of this.
            assert!(most > 0.9 * bound, "row {r}: {most} {bound}");
            all.extend(noise.iter().map(|n| f64::from(*n) / bound));
        }
    }
    let p = ks_p(&all, |x| ((x + 1.0) / 2.0).clamp(0.0, 1.0));
    assert!(p > LEAST_P, "{p}");
    Ok(())
}

#[test]
fn noise_is_normal_where_added_and_uniform_where_it_stretches() -> Result<()> {
    const D: usize = 64;
    let (mut added, mut stretched) = (Vec::new(), Vec::new());
    let ones = Flow {
        x: zeros(D)?.x.ones_like()?,
        ..zeros(D)?
    };
    for key in 0..8 {
        added.extend(made(&noise(0.4, 0.0, key), &zeros(D)?, D)?.concat());
        stretched.extend(made(&noise(0.0, 0.2, key), &ones, D)?.concat());
    }
    let normal = |x: f64| 0.5 * (1.0 + erf(x / 0.4 / std::f64::consts::SQRT_2));
    let added: Vec<f64> = added.into_iter().map(f64::from).collect();
    assert!(ks_p(&added, normal) > LEAST_P);
    let uniform = |x: f64| ((x / 0.2 + 1.0) / 2.0).clamp(0.0, 1.0);
    let stretched: Vec<f64> = stretched.into_iter().map(f64::from).collect();
    assert!(ks_p(&stretched, uniform) > LEAST_P);
    // Stretching keeps zeros, and what is added and what stretches are two draws.
    assert!(
        made(&noise(0.0, 0.2, 3), &zeros(D)?, D)?
            .concat()
            .iter()
            .all(|x| *x == 0.0)
    );
    let both = made(&noise(1.0, 1.0, 3), &ones, D)?.concat();
    let (one, other) = (
        made(&noise(1.0, 0.0, 3), &ones, D)?.concat(),
        made(&noise(0.0, 1.0, 3), &ones, D)?.concat(),
    );
    for ((both, one), other) in both.iter().zip(&one).zip(&other) {
        assert!((both - (one + other)).abs() < 1e-5);
    }
    let together = one.iter().zip(&other).map(|(a, b)| f64::from(a * b));
    let correlation = together.sum::<f64>() / one.len() as f64 / (1.0 / 3f64).sqrt();
    assert!(
        correlation.abs() < 4.0 / (one.len() as f64).sqrt(),
        "{correlation}"
    );
    Ok(())
}

/// Abramowitz and Stegun 7.1.26, to 1.5e-7.
fn erf(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.3275911 * x.abs());
    let poly = [
        1.061405429,
        -1.453152027,
        1.421413741,
        -0.284496736,
        0.254829592,
    ];
    let sum = poly.iter().fold(0.0, |sum, c| sum * t + c) * t;
    (1.0 - sum * (-x * x).exp()).copysign(x)
}

/// E[b] = 2/7 and E[b²] = 3/28 for Beta(2, 5), so what is added to a number has the standard deviation a·√(3/28), and
/// the mean over draws is the number itself.
#[test]
fn the_scales_of_noise_are_the_papers() -> Result<()> {
    let json = r#"{"sites": "embedding", "weight": {"constant": 1}, "residue": {"noise": {"additive": 0.4, "multiplicative": 0.2}}}"#;
    let scheduler = scheduler(json, 8, 11);
    let x = Tensor::new(&[[[0.75f32]]], &Device::Cpu)?;
    let mask = Tensor::ones((1, 1), DType::F32, &Device::Cpu)?;
    let (mut sum, mut squares, mut scales) = (0.0, 0.0, [0.0, 0.0]);
    const N: u64 = 20_000;
    for step in 0..N {
        let plan = scheduler
            .plan(clock(step), Rows::new(&[5]))
            .expect("a plan")
            .expect("noise");
        assert_eq!(plan.pairs, Pairs::identity(1), "a residue alone");
        let Some(Residue::Noise {
            additive,
            multiplicative,
            ..
        }) = plan.residue
        else {
            panic!("no noise");
        };
        scales[0] += additive / 0.4;
        scales[1] += multiplicative / 0.2;
        let flow = Flow::masked(x.clone(), mask.clone());
        let out = MixTap::new(Some(&plan)).at(Site::Embedding, flow)?;
        let change = f64::from(flat(&out.x)[0]) - 0.75;
        sum += change;
        squares += change * change;
    }
    let n = N as f64;
    // Var = a²·3/28 + (0.75·m)²·(3/28)/3.
    let variance = (0.16 + 0.75f64.powi(2) * 0.04 / 3.0) * 3.0 / 28.0;
    assert!((sum / n).abs() < 4.0 * (variance / n).sqrt(), "{}", sum / n);
    // The fourth moment of b·N is 3·E[b⁴] = 3·(2·3·4·5)/(7·8·9·10), and that of the sum is close to it.
    let fourth = 3.0 * 120.0 / 5040.0 * 0.4f64.powi(4);
    let error = ((fourth - variance * variance) / n).sqrt() * 1.2;
    assert!(
        (squares / n - variance).abs() < 4.0 * error,
        "{} {variance}",
        squares / n
    );
    for scale in scales {
        let error = (10.0 / 392.0 / n).sqrt();
        assert!((scale / n - 2.0 / 7.0).abs() < 4.0 * error, "{}", scale / n);
    }
    Ok(())
}

#[test]
fn noise_depends_on_key_and_row_and_on_nothing_else() -> Result<()> {
    let d = 300;
    let flow = zeros(d)?;
    let residue = noise(1.0, 0.5, 9);
    let alone = || made(&residue, &flow, d);
    let in_pool = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads").install(alone)
    };
    let one = in_pool(1)?;
    assert_eq!(one, in_pool(3)?);
    assert_ne!(one, made(&noise(1.0, 0.5, 10), &flow, d)?);
    assert_ne!(one[0][..d], one[2][..d], "rows draw apart");
    assert_ne!(one[0][..d], one[0][d..2 * d], "and so do tokens");
    // Padding the batch further, or leaving rows out, moves nothing.
    let longer = Flow::masked(
        Tensor::cat(&[&flow.x, &flow.x], 1)?,
        Tensor::cat(
            &[
                flow.mask.as_ref().expect("a mask"),
                &Tensor::zeros((ROWS, TOKENS), DType::F32, &Device::Cpu)?,
            ],
            1,
        )?,
    );
    let (padded, _) = tapped(&with(Some(residue), Pairs::identity(ROWS)), &longer)?;
    for (r, noise) in one.iter().enumerate() {
        assert_eq!(padded[r * 2 * TOKENS * d..][..noise.len()], *noise);
    }
    let some = Residue::Noise {
        additive: 1.0,
        multiplicative: 0.5,
        key: 9,
        rows: Some(vec![0, 2]),
    };
    let some = made(&some, &flow, d)?;
    assert_eq!((&some[0], &some[2]), (&one[0], &one[2]));
    assert!(some[1].iter().chain(&some[3]).all(|x| *x == 0.0));
    Ok(())
}

#[test]
fn noise_comes_after_the_blend() -> Result<()> {
    let flow = flow(6, 4)?;
    let residue = noise(0.3, 0.2, 5);
    let blended = MixTap::new(Some(&with(None, mixing(0.3)))).at(Site::Embedding, flow.clone())?;
    let then = tapped(
        &with(Some(residue.clone()), Pairs::identity(ROWS)),
        &blended,
    )?;
    let both = tapped(&with(Some(residue.clone()), mixing(0.3)), &flow)?;
    assert_eq!(both, then);
    // A source that has mixed already leaves the residue to the tap.
    let plan = with(Some(residue), mixing(0.3));
    let mut tap = MixTap::new(Some(&plan)).input_is_mixed(true);
    let added = tap.at(Site::Embedding, blended)?;
    assert_eq!(flat(&added.x), both.0);
    Ok(())
}

#[test]
fn rows_that_are_no_sequences_and_sixteen_bits_get_noise_too() -> Result<()> {
    let table = Tensor::zeros((3, 40), DType::F64, &Device::Cpu)?;
    let plan = with(Some(neftune(2.0, 1)), Pairs::identity(3));
    let out = MixTap::new(Some(&plan))
        .at(Site::Embedding, Flow::new(table))?
        .x;
    let most = flat(&out)
        .into_iter()
        .fold(0f32, |most, x| most.max(x.abs()));
    let bound = 2.0 / 40f32.sqrt();
    assert!(most <= bound && most > 0.9 * bound, "{most}");
    assert_eq!(out.dtype(), DType::F64);
    let images = Tensor::zeros((2, 3, 4, 4), DType::F16, &Device::Cpu)?;
    let plan = with(Some(noise(1.0, 1.0, 1)), Pairs::identity(2));
    let out = MixTap::new(Some(&plan))
        .at(Site::Embedding, Flow::new(images))?
        .x;
    assert_eq!((out.dtype(), out.dims()), (DType::F16, &[2, 3, 4, 4][..]));
    assert!(flat(&out).iter().all(|x| *x != 0.0));
    Ok(())
}

#[test]
fn gradients_pass_a_residue() -> Result<()> {
    let start = flow(3, 2)?;
    let x = start.x.to_dtype(DType::F64)?;
    let cut = Cutoff::Tokens(vec![vec![1, 2], vec![], vec![0], vec![]]);
    for residue in [noise(0.5, 0.4, 3), neftune(5.0, 3), Residue::Cutoff(cut)] {
        let plan = with(Some(residue), mixing(0.3));
        let loss = |x: &Tensor| -> Result<Tensor> {
            let flow = Flow::masked(x.clone(), start.mask.clone().expect("a mask"));
            Ok(MixTap::new(Some(&plan))
                .at(Site::Embedding, flow)?
                .x
                .sqr()?
                .sum_all()?)
        };
        let var = Var::from_tensor(&x)?;
        let store = loss(var.as_tensor())?.backward()?;
        let gradient = store
            .get(&var)
            .expect("a gradient")
            .flatten_all()?
            .to_vec1::<f64>()?;
        let numbers = x.flatten_all()?.to_vec1::<f64>()?;
        for place in [0, 4, 20, 28, 35, 60, 100] {
            let moved = |by: f64| -> Result<f64> {
                let mut numbers = numbers.clone();
                numbers[place] += by;
                let x = Tensor::from_vec(numbers, x.dims(), &Device::Cpu)?;
                Ok(loss(&x)?.to_scalar::<f64>()?)
            };
            let expected = (moved(1e-4)? - moved(-1e-4)?) / 2e-4;
            assert!((gradient[place] - expected).abs() < 1e-6 * (1.0 + expected.abs()));
        }
    }
    Ok(())
}

#[test]
fn tokens_that_are_cut_off_are_zero_and_masked_and_the_rest_stays() -> Result<()> {
    let flow = flow(4, 6)?;
    let (before, mask) = (flat(&flow.x), flat(flow.mask.as_ref().expect("a mask")));
    let lists = vec![vec![2, 3, 4], vec![], vec![1, 5], vec![]];
    let plan = with(
        Some(Residue::Cutoff(Cutoff::Tokens(lists.clone()))),
        Pairs::identity(ROWS),
    );
    let (after, masked) = tapped(&plan, &flow)?;
    for (r, list) in lists.iter().enumerate() {
        for t in 0..TOKENS {
            let place = r * TOKENS + t;
            let cut = list.contains(&(t as u32));
            assert_eq!(masked[place], if cut { 0.0 } else { mask[place] });
            for d in 4 * place..4 * (place + 1) {
                assert_eq!(after[d], if cut { 0.0 } else { before[d] });
            }
        }
    }
    let dimensions = vec![vec![0, 3], vec![1], vec![], vec![2]];
    let cutoff = Residue::Cutoff(Cutoff::Dimensions(dimensions.clone()));
    let (after, unmasked) = tapped(&with(Some(cutoff), Pairs::identity(ROWS)), &flow)?;
    assert_eq!(unmasked, mask);
    for (place, (after, before)) in after.iter().zip(&before).enumerate() {
        let (r, d) = (place / (4 * TOKENS), place as u32 % 4);
        let cut = dimensions[r].contains(&d);
        assert_eq!(*after, if cut { 0.0 } else { *before });
    }
    Ok(())
}

#[test]
fn cutoffs_that_do_not_fit_are_refused() -> Result<()> {
    let flow = flow(4, 6)?;
    for (cutoff, part) in [
        (
            Cutoff::Tokens(vec![vec![9], vec![], vec![], vec![]]),
            "below the 9 tokens, got 9",
        ),
        (
            Cutoff::Dimensions(vec![vec![], vec![4], vec![], vec![]]),
            "below the 4 numbers of a token, got 4",
        ),
        (Cutoff::Tokens(vec![vec![1]]), "4 lists, one a pair, got 1"),
    ] {
        let plan = with(Some(Residue::Cutoff(cutoff)), Pairs::identity(ROWS));
        let error = tapped(&plan, &flow).expect_err(part);
        assert!(matches!(error, Error::Shape { .. }), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    let plan = with(
        Some(Residue::Cutoff(Cutoff::Tokens(vec![vec![1]; 2]))),
        Pairs::identity(2),
    );
    let flat = Flow::new(Tensor::zeros((2, 7), DType::F32, &Device::Cpu)?);
    let error = MixTap::new(Some(&plan))
        .at(Site::Embedding, flat)
        .expect_err("no tokens");
    assert!(
        error.to_string().contains("[rows, tokens, width]"),
        "{error}"
    );
    Ok(())
}

/// The places that a drawn plan cuts off each row.
fn cut(plan: &MixPlan) -> Vec<Vec<u32>> {
    match &plan.residue {
        Some(Residue::Cutoff(cutoff)) => cutoff.rows().to_vec(),
        other => panic!("no cutoff: {other:?}"),
    }
}

const ALONE: &str = r#""sites": "embedding", "weight": {"constant": 1}"#;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn cutoffs_are_the_cards(
        lengths in prop::collection::vec((0usize..30, 0usize..12), 1..6), two: bool, span: bool,
        ratio in prop::sample::select(vec![0.05, 0.1, 0.3, 0.5, 0.999]), seed: u64,
    ) {
        let (first, second): (Vec<usize>, Vec<usize>) = lengths.into_iter().unzip();
        let known = stretches(&source(&texts(&first, two.then_some(&second[..]))));
        let of = if span { "span" } else { "tokens" };
        let json = format!(r#"{{{ALONE}, "residue": {{"cutoff": {{"of": "{of}", "ratio": {ratio}}}}}}}"#);
        let batch: Vec<u32> = (0..first.len() as u32).collect();
        let Some(plan) = plan(&scheduler(&json, first.len(), seed), 2, &batch, &known) else {
            for text in known.iter().flatten() {
                prop_assert_eq!((ratio * text.len() as f64).floor() as usize, 0);
            }
            return Ok(());
        };
        prop_assert_eq!(&plan.pairs, &Pairs::identity(first.len()));
        for (cut, texts) in cut(&plan).into_iter().zip(&known) {
            prop_assert!(cut.windows(2).all(|two| two[0] < two[1]));
            let mut wanted = 0;
            for text in texts {
                let here: Vec<u32> = cut.iter().copied().filter(|t| text.contains(&(*t as usize))).collect();
                let count = (ratio * text.len() as f64).floor() as usize;
                prop_assert_eq!(here.len(), count);
                prop_assert!(count == 0 || count < text.len(), "a token survives");
                prop_assert!(!span || here.windows(2).all(|two| two[0] + 1 == two[1]), "a span has no gap");
                wanted += count;
            }
            prop_assert_eq!(cut.len(), wanted, "special tokens stay");
        }
    }

    #[test]
    fn dimensions_are_cut_without_replacement(rows in 1usize..6, ratio in 0.0f64..1.0, seed: u64) {
        let json = format!(r#"{{{ALONE}, "residue": {{"cutoff": {{"of": "dimensions", "ratio": {ratio}}}}}}}"#);
        let batch: Vec<u32> = (0..rows as u32).collect();
        let count = (ratio * WIDTH as f64).floor() as usize;
        let drawn = (ratio > 0.0).then(|| plan(&scheduler(&json, rows, seed), 2, &batch, &[])).flatten();
        match drawn {
            None => prop_assert_eq!(count, 0),
            Some(plan) => for cut in cut(&plan) {
                prop_assert_eq!(cut.len(), count);
                prop_assert!(cut.windows(2).all(|two| two[0] < two[1]));
                prop_assert!(cut.iter().all(|d| (*d as usize) < WIDTH));
            }
        }
    }
}

/// The reference cannot reach the last start.
#[test]
fn starts_and_tokens_of_cutoffs_are_uniform() {
    let known = stretches(&source(&texts(&[10], None)));
    for (of, ratio, count) in [("span", 0.35, 3), ("tokens", 0.1, 1)] {
        let json =
            format!(r#"{{{ALONE}, "residue": {{"cutoff": {{"of": "{of}", "ratio": {ratio}}}}}}}"#);
        let scheduler = scheduler(&json, 1, 4);
        let mut starts = vec![0; 10 - count + 1];
        for step in 0..4000 {
            let plan = plan(&scheduler, step, &[0], &known).expect("cut");
            let cut = &cut(&plan)[0];
            assert_eq!(cut.len(), count);
            starts[cut[0] as usize - 1] += 1;
        }
        assert!(chi_square_p(&starts) > LEAST_P, "{starts:?}");
    }
    let json = format!(r#"{{{ALONE}, "residue": {{"cutoff": {{"of": "tokens", "ratio": 0.4}}}}}}"#);
    let scheduler = scheduler(&json, 1, 4);
    let mut places = vec![0; 10];
    for step in 0..4000 {
        for place in &cut(&plan(&scheduler, step, &[0], &known).expect("cut"))[0] {
            places[*place as usize - 1] += 1;
        }
    }
    assert!(chi_square_p(&places) > LEAST_P, "{places:?}");
}

#[test]
fn rows_that_the_toss_leaves_out_and_plain_ones_get_no_residue() {
    let known = stretches(&source(&texts(&[20; 8], None)));
    let batch: Vec<u32> = (0..8).collect();
    let of = |rest: &str| plan(&scheduler(rest, 8, 3), 4, &batch, &known).expect("changed");
    let added = of(r#"{"sites": "embedding", "mode": "add-to", "residue": "neftune"}"#);
    let Some(Residue::Neftune { rows, .. }) = &added.residue else {
        panic!("no noise");
    };
    assert_eq!(rows.as_deref(), Some(&(8..16).collect::<Vec<u32>>()[..]));
    let cutoffs = of(r#"{"sites": "embedding", "mode": "add-to", "residue": "cutoff"}"#);
    assert!(cut(&cutoffs)[..8].iter().all(Vec::is_empty));
    assert!(cut(&cutoffs)[8..].iter().all(|row| row.len() == 2));
    let tossed = of(
        r#"{"sites": "embedding", "apply": "row", "probability": 0.5, "partner": "derange", "residue": "noise"}"#,
    );
    let Some(Residue::Noise {
        rows: Some(rows), ..
    }) = &tossed.residue
    else {
        panic!("all rows");
    };
    let pairs = tossed.pairs.own().iter().zip(tossed.pairs.partner());
    let mixed: Vec<u32> = pairs.filter(|(o, p)| o != p).map(|(o, _)| *o).collect();
    assert_eq!(*rows, mixed);
    assert!((1..8).contains(&rows.len()));
}

#[test]
fn spans_and_a_residue_go_together() {
    let known = stretches(&source(&texts(&[20; 4], None)));
    let json = r#"{"sites": "embedding", "blend": {"span": {"choice": "random"}}, "partner": "roll", "residue": "cutoff"}"#;
    let plan = plan(&scheduler(json, 4, 3), 4, &[0, 1, 2, 3], &known).expect("changed");
    assert!(matches!(plan.blend, Blend::Span(_)));
    assert!(cut(&plan).iter().all(|row| row.len() == 2));
}

#[test]
fn what_cannot_be_is_refused() {
    let text = task(8, 10, 0);
    let table = Task {
        domain: Domain::Table,
        ..text.clone()
    };
    let both = [Site::Input, Site::Embedding];
    let cases: [(&str, &[Site], &Task, &str); 13] = [
        (
            r#"{"residue": {"noise": {"additive": -0.1}}}"#,
            &SITES,
            &text,
            "residue.noise.additive",
        ),
        (
            r#"{"residue": {"noise": {"multiplicative": -1}}}"#,
            &SITES,
            &text,
            "residue.noise.multiplicative",
        ),
        (
            r#"{"residue": {"neftune": {"alpha": -5}}}"#,
            &SITES,
            &text,
            "residue.neftune.alpha",
        ),
        (
            r#"{"residue": {"cutoff": {"ratio": -0.1}}}"#,
            &SITES,
            &text,
            "residue.cutoff.ratio",
        ),
        (
            r#"{"residue": {"cutoff": {"ratio": 1.5}}}"#,
            &SITES,
            &text,
            "residue.cutoff.ratio",
        ),
        (
            r#"{"residue": {"cutoff": {"ratio": 1}}}"#,
            &SITES,
            &text,
            "at least 0 and below 1",
        ),
        (
            r#"{"residue": "neftune", "sites": "hidden1"}"#,
            &SITES,
            &text,
            "belongs to the embedding, not to hidden1",
        ),
        (
            r#"{"residue": "neftune", "sites": ["embedding", "pooled"]}"#,
            &SITES,
            &text,
            "not to pooled",
        ),
        (
            r#"{"residue": "neftune", "sites": "input"}"#,
            &both,
            &table,
            "not to input",
        ),
        (
            r#"{"residue": "cutoff", "sites": "hidden2"}"#,
            &SITES,
            &text,
            "belongs to the embedding, not to hidden2",
        ),
        (
            r#"{"residue": "cutoff", "sites": "embedding"}"#,
            &both,
            &table,
            "is for texts",
        ),
        (
            r#"{"weight": {"constant": 1}, "residue": {"neftune": {"alpha": 0}}}"#,
            &SITES,
            &text,
            "would never mix",
        ),
        (
            r#"{"weight": {"constant": 1}}"#,
            &SITES,
            &text,
            "would never mix",
        ),
    ];
    for (json, sites, task, part) in cases {
        let error = refusal(json, sites, task);
        assert!(error.is_usage(), "{json}: {error}");
        assert!(error.to_string().contains(part), "{json}: {error}");
    }
    for json in [
        r#"{"residue": "blur"}"#,
        r#"{"residue": {"neftune": {"beta": 5}}}"#,
        r#"{"residue": {"cutoff": {"of": "rows"}}}"#,
        r#"{"residue": {"noise": {}, "neftune": {}}}"#,
    ] {
        assert!(Schedule::from_json(json).is_err(), "{json}");
    }
    let unknown = scheduler(&format!(r#"{{{ALONE}, "residue": "cutoff"}}"#), 8, 0);
    let blind = unknown.plan(clock(0), Rows::new(&[0, 1]));
    assert!(matches!(blind, Err(Error::Conflict(_))), "{blind:?}");
    let unknown = scheduler(
        &format!(r#"{{{ALONE}, "residue": {{"cutoff": {{"of": "dimensions"}}}}}}"#),
        8,
        0,
    );
    let blind = unknown.plan(clock(0), Rows::new(&[0, 1]));
    assert!(matches!(blind, Err(Error::Conflict(_))), "{blind:?}");
}

#[test]
fn rules_come_back_from_their_json() {
    for (short, long) in [
        (
            "noise",
            r#"{"noise":{"additive":0.4,"multiplicative":0.2}}"#,
        ),
        ("neftune", r#"{"neftune":{"alpha":5.0}}"#),
        ("cutoff", r#"{"cutoff":{"of":"span","ratio":0.1}}"#),
    ] {
        let read = |residue: &str| {
            Schedule::from_json(&format!(r#"{{"residue": {residue}}}"#)).expect(residue)
        };
        assert_eq!(read(&format!(r#""{short}""#)), read(long));
        let written = serde_json::to_string(&read(long).residue).expect("JSON");
        assert_eq!(written, long);
    }
    assert!(!Schedule::default().to_json().contains("residue"));
}
