//! The linearity gap and its companions against what is known in closed form.

use candle_core::{DType, Device, Tensor};
use candle_mixup::linearity::{
    Linearity, LinearitySettings, Relation, RowPairs, gradients, linearity, singular_values,
    spectra,
};
use candle_mixup::train::TargetKind;
use candle_mixup::{Error, Flow, Result, RowSource, Site, Tap, Tapped};

/// Rows that are given.
struct Given(Tensor);

impl RowSource for Given {
    type Input = Tensor;

    fn len(&self) -> usize {
        self.0.dim(0).unwrap_or(0)
    }

    fn batch(&self, rows: &[u32]) -> Result<Tensor> {
        let rows = Tensor::from_slice(rows, rows.len(), &Device::Cpu)?;
        Ok(self.0.index_select(&rows, 0)?)
    }
}

/// A function with a site before it and one behind it.
struct Function(fn(&Tensor) -> candle_core::Result<Tensor>);

impl Tapped for Function {
    type Input = Tensor;

    fn sites(&self) -> Vec<Site> {
        vec![Site::Input, Site::Pooled]
    }

    fn forward(&self, input: &Tensor, tap: &mut dyn Tap) -> Result<Tensor> {
        let x = tap.at(Site::Input, Flow::new(input.clone()))?.x;
        Ok(tap.at(Site::Pooled, Flow::new((self.0)(&x)?))?.x)
    }
}

fn column(values: &[f64]) -> Result<Given> {
    let x = Tensor::from_slice(values, (values.len(), 1), &Device::Cpu)?;
    Ok(Given(x))
}

fn measured(
    f: fn(&Tensor) -> candle_core::Result<Tensor>,
    source: &Given,
    weights: &[f64],
    kind: TargetKind,
) -> Result<Linearity> {
    let settings = LinearitySettings {
        pairs: 40,
        weights: weights.to_vec(),
        ..LinearitySettings::default()
    };
    let rows: Vec<u32> = (0..source.len() as u32).collect();
    let pairs = RowPairs::random(&rows, settings.pairs, settings.seed)?;
    linearity(&Function(f), source, &pairs, kind, &settings)
}

const GRID: [f64; 4] = [0.1, 0.3, 0.5, 0.9];

#[test]
fn an_affine_model_has_no_gap_in_either_precision() -> Result<()> {
    let affine = |x: &Tensor| {
        let w = Tensor::new(&[[1.5, -2.0, 0.25], [0.5, 3.0, -1.0]], x.device())?;
        x.matmul(&w.to_dtype(x.dtype())?)?.affine(1.0, 0.7)
    };
    let rows = Tensor::randn(0f64, 2.0, (12, 2), &Device::Cpu)?;
    for (dtype, most) in [(DType::F64, 1e-12), (DType::F32, 1e-5)] {
        let source = Given(rows.to_dtype(dtype)?);
        let found = measured(affine, &source, &GRID, TargetKind::SingleLabel)?;
        assert_eq!(found.sites.len(), 2);
        for site in &found.sites {
            assert!(site.gap < most, "{} at {}", site.gap, site.site);
            assert!(site.relative_gap.is_some_and(|g| g < most));
        }
        // A softmax over affine logits is not affine.
        assert!(found.sites[0].probability_gap.is_some_and(|g| g > 0.01));
        assert!(
            found.sites[0]
                .probability_gap
                .is_some_and(|g| g <= 2f64.sqrt())
        );
    }
    Ok(())
}

#[test]
fn a_square_has_the_gap_of_its_formula_at_the_input_and_none_behind() -> Result<()> {
    let source = column(&[1.0, 4.0])?;
    let found = measured(|x| x.sqr(), &source, &GRID, TargetKind::Regression)?;
    let [input, behind] = &found.sites[..] else {
        panic!("two sites");
    };
    let gap = |w: f64| w * (1.0 - w) * 9.0;
    for at in &input.by_weight {
        assert!((at.gap - gap(at.weight)).abs() < 1e-12, "{at:?}");
        assert!(at.confidence.is_none() && at.probability_gap.is_none());
    }
    let mean = GRID.iter().map(|w| gap(*w)).sum::<f64>() / 4.0;
    assert!((input.gap - mean).abs() < 1e-12);
    // |f(a) − f(b)| = 15.
    assert!(
        input
            .relative_gap
            .is_some_and(|g| (g - mean / 15.0).abs() < 1e-12)
    );
    assert!(behind.gap < 1e-12);
    // Over λ uniform the mean is (a − b)²/6.
    let fine: Vec<f64> = (0..1000).map(|i| (f64::from(i) + 0.5) / 1000.0).collect();
    let found = measured(|x| x.sqr(), &source, &fine, TargetKind::Regression)?;
    assert!((found.sites[0].gap - 1.5).abs() < 1e-5);
    Ok(())
}

#[test]
fn a_kink_between_two_rows_is_measured_exactly_and_ends_are_exactly_zero() -> Result<()> {
    let source = column(&[1.0, -1.0])?;
    let weights = [0.0, 0.1, 0.5, 0.8, 1.0];
    let found = measured(|x| x.relu(), &source, &weights, TargetKind::Regression)?;
    let site = &found.sites[0];
    let [first, .., last] = &site.by_weight[..] else {
        panic!("weights");
    };
    assert_eq!((first.weight, last.weight), (0.0, 1.0));
    assert!(first.gap == 0.0 && last.gap == 0.0);
    for at in &site.by_weight {
        // The pair goes both ways, and the curve is symmetric.
        assert!((at.gap - at.weight.min(1.0 - at.weight)).abs() < 1e-12);
    }
    Ok(())
}

#[test]
fn the_relative_gap_is_a_ratio_of_sums_and_may_exceed_one() -> Result<()> {
    // Rows of nearly the same square on both sides of 0: their ends are close, and the way between is far from a line.
    let rows = [-1.0, 1.0, 1.1];
    let found = measured(|x| x.sqr(), &column(&rows)?, &GRID, TargetKind::Regression)?;
    let pairs = RowPairs::random(&[0, 1, 2], 40, 0)?;
    let ends = pairs.own().iter().zip(pairs.partner());
    let (mut gaps, mut distances) = (0.0, 0.0);
    for (a, b) in ends.map(|(a, b)| (rows[*a as usize], rows[*b as usize])) {
        let grid = GRID.iter().map(|w| w * (1.0 - w) * (a - b) * (a - b));
        gaps += grid.sum::<f64>() / GRID.len() as f64;
        distances += f64::abs(a * a - b * b);
    }
    let ratio = gaps / distances;
    assert!(ratio > 1.0, "{ratio}");
    assert!(
        found.sites[0]
            .relative_gap
            .is_some_and(|g| (g - ratio).abs() < 1e-12)
    );
    Ok(())
}

#[test]
fn scaling_the_outputs_scales_the_gap_and_leaves_the_relative_one() -> Result<()> {
    let source = column(&[0.3, 1.0, -2.0, 5.0])?;
    let one = measured(|x| x.sqr(), &source, &GRID, TargetKind::Regression)?;
    let ten = measured(|x| x.sqr()? * 10.0, &source, &GRID, TargetKind::Regression)?;
    let (one, ten) = (&one.sites[0], &ten.sites[0]);
    assert!((ten.gap / one.gap - 10.0).abs() < 1e-9);
    let relative = one.relative_gap.zip(ten.relative_gap);
    assert!(relative.is_some_and(|(a, b)| (a - b).abs() < 1e-12));
    let interval = one.gap_ci95.zip(one.relative_gap_ci95);
    let (absolute, relative) = interval.expect("four rows vary");
    assert!(absolute[0] < one.gap && one.gap < absolute[1]);
    assert!(relative[0] < relative[1]);
    Ok(())
}

#[test]
fn mixes_of_a_third_class_are_seen_with_margin_and_confidence() -> Result<()> {
    // Three classes along a line: the middle one wins between the outer two.
    let bumps = |x: &Tensor| {
        let parts = [-1.0, 0.0, 1.0].map(|c| x.affine(1.0, -c)?.sqr()?.affine(-4.0, 0.0));
        let [a, b, c] = parts;
        Tensor::cat(&[a?, b?, c?], 1)
    };
    let source = column(&[-1.0, 1.0])?;
    let found = measured(bumps, &source, &[0.1, 0.5], TargetKind::SingleLabel)?;
    let site = &found.sites[0];
    let at = |weight: f64| site.by_weight.iter().find(|at| at.weight == weight);
    assert_eq!(at(0.5).and_then(|at| at.third_class), Some(1.0));
    assert_eq!(at(0.1).and_then(|at| at.third_class), Some(0.0));
    assert_eq!(site.third_class, Some(0.5));
    // At 0 the logits are -4, 0, -4.
    let (margin, confidence) = at(0.5)
        .and_then(|at| at.margin.zip(at.confidence))
        .expect("one class a row");
    assert!((margin - 4.0).abs() < 1e-12);
    assert!((confidence - 1.0 / (1.0 + 2.0 * (-4f64).exp())).abs() < 1e-12);
    Ok(())
}

#[test]
fn outputs_that_are_all_alike_have_no_relative_gap() -> Result<()> {
    let source = column(&[1.0, 4.0])?;
    let flat = |x: &Tensor| x.affine(0.0, 2.0);
    let found = measured(flat, &source, &GRID, TargetKind::Regression)?;
    assert_eq!(
        (found.sites[0].gap, found.sites[0].relative_gap),
        (0.0, None)
    );
    Ok(())
}

#[test]
fn the_gradient_is_that_of_the_largest_output_at_rows_and_between() -> Result<()> {
    // d/dx x² = 2x: at the rows 1 and 3 the mean of 2 and 6, half way between them 4.
    let source = column(&[1.0, 3.0])?;
    let pairs = RowPairs::random(&[0, 1], 2, 0)?;
    let f = Function(|x| x.sqr());
    let found = gradients(&f, &source, &pairs, Site::Input, &[0.5])?;
    assert!((found.at_rows - 4.0).abs() < 1e-12 && (found.between - 4.0).abs() < 1e-12);
    let behind = gradients(&f, &source, &pairs, Site::Pooled, &[0.5])?;
    assert!((behind.at_rows - 1.0).abs() < 1e-12 && (behind.between - 1.0).abs() < 1e-12);
    let largest = Function(|x| Tensor::cat(&[&(x * 2.0)?, &(x * -5.0)?], 1));
    let found = gradients(&largest, &source, &pairs, Site::Input, &[0.5])?;
    assert!((found.at_rows - 2.0).abs() < 1e-12);
    Ok(())
}

#[test]
fn pairs_keep_their_relation_and_use_every_row() -> Result<()> {
    let rows: Vec<u32> = (100..130).collect();
    let classes: Vec<u32> = (0..30).map(|i| i % 3).collect();
    let class = |row: &u32| classes[*row as usize - 100];
    let random = RowPairs::random(&rows, 60, 1)?;
    let same = RowPairs::same_class(&rows, &classes, 60, 1)?;
    let other = RowPairs::other_class(&rows, &classes, 60, 1)?;
    for pairs in [&random, &same, &other] {
        assert_eq!(pairs.len(), 60);
        for row in &rows {
            assert_eq!(pairs.own().iter().filter(|own| *own == row).count(), 2);
        }
        assert!(pairs.own().iter().zip(pairs.partner()).all(|(a, b)| a != b));
    }
    let both = |pairs: &RowPairs| -> Vec<(u32, u32)> {
        let own = pairs.own().iter().map(class);
        own.zip(pairs.partner().iter().map(class)).collect()
    };
    assert!(both(&same).iter().all(|(a, b)| a == b));
    assert!(both(&other).iter().all(|(a, b)| a != b));
    assert!(both(&random).iter().any(|(a, b)| a == b));
    assert_eq!(random, RowPairs::random(&rows, 60, 1)?);
    assert_ne!(random, RowPairs::random(&rows, 60, 2)?);
    assert_eq!(random.first(7).own(), &random.own()[..7]);
    Ok(())
}

#[test]
fn partners_of_another_class_are_uniform_over_its_rows() -> Result<()> {
    let classes = [0, 1, 1, 2, 0];
    let pairs = RowPairs::other_class(&[0, 1, 2, 3, 4], &classes, 15_000, 3)?;
    let mut counts = [0usize; 5];
    let of_first = pairs.own().iter().zip(pairs.partner());
    for (_, partner) in of_first.filter(|(own, _)| **own == 0) {
        counts[*partner as usize] += 1;
    }
    assert_eq!(counts[0] + counts[4], 0);
    // 3,000 draws over three rows: four standard errors are 103.
    assert!(
        counts[1..4].iter().all(|c| c.abs_diff(1000) < 103),
        "{counts:?}"
    );
    Ok(())
}

#[test]
fn pairs_that_cannot_be_drawn_say_why() {
    let problem = |pairs: Result<RowPairs>| pairs.expect_err("no such pair").to_string();
    let one = problem(RowPairs::random(&[3], 4, 0));
    assert!(
        one.contains("two rows") && one.contains("there is 1"),
        "{one}"
    );
    let lone = problem(RowPairs::same_class(&[3, 4], &[0, 1], 4, 0));
    assert!(lone.contains("no class has two rows"), "{lone}");
    let alike = problem(RowPairs::other_class(&[3, 4], &[1, 1], 4, 0));
    assert!(alike.contains("all rows are of one class"), "{alike}");
    let far = problem(RowPairs::nearest(&[3, 4], &[vec![], vec![]], 4, 0));
    assert!(far.contains("no row has a neighbour"), "{far}");
}

#[test]
fn settings_that_cannot_be_are_refused() {
    let sites = [Site::Input, Site::Pooled];
    let check = |change: fn(&mut LinearitySettings)| {
        let mut settings = LinearitySettings::default();
        change(&mut settings);
        settings.check(&sites)
    };
    assert_eq!(check(|_| {}).ok(), Some(sites.to_vec()));
    assert!(matches!(check(|s| s.pairs = 0), Err(Error::Setting { .. })));
    assert!(matches!(
        check(|s| s.weights.clear()),
        Err(Error::Setting { .. })
    ));
    for weights in [vec![1.5], vec![f64::NAN], vec![-0.1], vec![0.5, 0.5]] {
        let settings = LinearitySettings {
            weights,
            ..LinearitySettings::default()
        };
        assert!(matches!(settings.check(&sites), Err(Error::Setting { .. })));
    }
    let error = check(|s| s.sites = vec![Site::Hidden(2)]).expect_err("no such site");
    let text = error.to_string();
    assert!(
        text.contains("hidden2") && text.contains("input, pooled"),
        "{text}"
    );
    assert!("sideways".parse::<Relation>().is_err());
}

#[test]
fn singular_values_obey_their_laws() -> Result<()> {
    let of = |rows: &[&[f64]]| singular_values(rows);
    // [[3, 4], [0, 5]] has 3√5 and √5, and so has its transpose.
    for rows in [[[3.0, 4.0], [0.0, 5.0]], [[3.0, 0.0], [4.0, 5.0]]] {
        let found = of(&[&rows[0], &rows[1]])?;
        assert!((found[0] - 45f64.sqrt()).abs() < 1e-12 && (found[1] - 5f64.sqrt()).abs() < 1e-12);
    }
    // Rank 1: nothing besides the first, the product of the lengths (5 and 7).
    let rank_one = of(&[
        &[2.0, -4.0, 4.0, 8.0],
        &[-3.0, 6.0, -6.0, -12.0],
        &[6.0, -12.0, 12.0, 24.0],
    ])?;
    assert!((rank_one[0] - 35.0).abs() < 1e-9, "{rank_one:?}");
    assert!(rank_one[1..].iter().all(|v| *v < 1e-5), "{rank_one:?}");
    // Σσ² is the sum of squares; the order of rows changes nothing, a common shift does.
    let rows: [&[f64]; 3] = [&[1.0, 2.0], &[0.5, -1.0], &[3.0, 0.0]];
    let found = of(&rows)?;
    let squares: f64 = rows.iter().flat_map(|r| r.iter()).map(|v| v * v).sum();
    assert!((found.iter().map(|s| s * s).sum::<f64>() - squares).abs() < 1e-12);
    let turned = of(&[rows[2], rows[0], rows[1]])?;
    assert!(
        found
            .iter()
            .zip(&turned)
            .all(|(a, b)| (a - b).abs() < 1e-12)
    );
    let shifted = of(&[&[11.0, 12.0], &[10.5, 9.0], &[13.0, 10.0]])?;
    assert!((shifted[0] - found[0]).abs() > 1.0);
    assert!(of(&[]).is_err() && of(&[&[1.0], &[1.0, 2.0]]).is_err());
    Ok(())
}

#[test]
fn spectra_are_taken_class_by_class() -> Result<()> {
    let x = Tensor::new(
        &[[3.0, 4.0], [1.0, 0.0], [6.0, 8.0], [0.0, 1.0]],
        &Device::Cpu,
    )?;
    let f = Function(|x| Ok(x.clone()));
    let found = spectra(&f, &Given(x), &[0, 1, 2, 3], &[0, 1, 0, 1], &[Site::Input])?;
    // Class 0 has rank 1, √125; class 1 is the unit matrix.
    let first = (125f64.sqrt() + 1.0) / 2.0;
    let classes = found[0].by_class.iter().map(|c| (c.class, c.rows));
    assert!(classes.eq([(0, 2), (1, 2)]));
    assert!((found[0].by_class[0].first() - 125f64.sqrt()).abs() < 1e-9);
    assert!((found[0].by_class[1].others() - 1.0).abs() < 1e-9);
    assert!((found[0].first - first).abs() < 1e-9 && (found[0].others - 0.5).abs() < 1e-6);
    assert!((found[0].ratio - 0.5).abs() < 1e-6);
    let missing = spectra(&f, &column(&[1.0])?, &[0], &[0], &[Site::Hidden(1)]);
    assert!(matches!(missing, Err(Error::NoSite { .. })));
    Ok(())
}

#[test]
fn several_labels_a_row_are_read_one_by_one() -> Result<()> {
    // One label: a softmax over it would be 1 everywhere.
    let source = column(&[-2.0, 2.0])?;
    let found = measured(
        |x| x.affine(1.0, 0.5),
        &source,
        &[0.25],
        TargetKind::MultiLabel,
    )?;
    let sigmoid = |z: f64| 1.0 / (1.0 + (-z).exp());
    let gap = |w: f64| {
        let line = w * sigmoid(2.5) + (1.0 - w) * sigmoid(-1.5);
        (sigmoid(4.0 * w - 2.0 + 0.5) - line).abs()
    };
    // The pairs go both ways, equally often.
    let expected = 0.5 * (gap(0.25) + gap(0.75));
    let site = &found.sites[0];
    assert!(
        site.probability_gap
            .is_some_and(|g| (g - expected).abs() < 1e-12)
    );
    assert!(site.third_class.is_none() && site.by_weight[1].confidence.is_none());
    Ok(())
}

#[test]
fn an_interval_is_as_wide_as_the_spread_of_the_pairs_says() -> Result<()> {
    let rows: Vec<f64> = (0..50).map(|i| f64::from(i * i % 53) / 10.0).collect();
    let settings = LinearitySettings {
        pairs: 400,
        weights: vec![0.5],
        ..LinearitySettings::default()
    };
    let all: Vec<u32> = (0..50).collect();
    let pairs = RowPairs::random(&all, settings.pairs, 1)?;
    let f = Function(|x| x.sqr());
    let found = linearity(
        &f,
        &column(&rows)?,
        &pairs,
        TargetKind::Regression,
        &settings,
    )?;
    let ends = pairs.own().iter().zip(pairs.partner());
    let gaps: Vec<f64> = ends
        .map(|(a, b)| 0.25 * (rows[*a as usize] - rows[*b as usize]).powi(2))
        .collect();
    let error = candle_mixup::compare::standard_deviation(&gaps).expect("they vary") / 20.0;
    let [low, high] = found.sites[0].gap_ci95.expect("400 pairs");
    let ratio = (high - low) / (2.0 * 1.96 * error);
    // 1,000 resamples leave some per cent of noise.
    assert!((ratio - 1.0).abs() < 0.12, "{ratio}");
    Ok(())
}

/// Sequences of two tokens, the second of which is padding in every other row.
struct Padded;

impl Tapped for Padded {
    type Input = Tensor;

    fn sites(&self) -> Vec<Site> {
        vec![Site::Embedding]
    }

    fn forward(&self, input: &Tensor, tap: &mut dyn Tap) -> Result<Tensor> {
        let mask = Tensor::new(&[[1.0, 0.0], [1.0, 1.0]], &Device::Cpu)?;
        let x = tap
            .at(Site::Embedding, Flow::masked(input.clone(), mask))?
            .x;
        Ok(x.flatten_from(1)?)
    }
}

#[test]
fn the_state_of_a_sequence_is_the_mean_of_its_real_tokens() -> Result<()> {
    let x = Tensor::new(
        &[[[3.0, 4.0], [90.0, 90.0]], [[0.0, 2.0], [0.0, 4.0]]],
        &Device::Cpu,
    )?;
    let found = spectra(&Padded, &Given(x), &[0, 1], &[0, 1], &[Site::Embedding])?;
    let first: Vec<f64> = found[0].by_class.iter().map(|c| c.first()).collect();
    assert!(
        (first[0] - 5.0).abs() < 1e-12 && (first[1] - 3.0).abs() < 1e-12,
        "{first:?}"
    );
    Ok(())
}

#[test]
fn the_nearest_is_the_first_of_the_neighbours() -> Result<()> {
    let lists = vec![vec![2, 1], vec![0, 2], vec![]];
    let pairs = RowPairs::nearest(&[7, 8, 9], &lists, 4, 0)?;
    let mut both: Vec<_> = pairs.own().iter().zip(pairs.partner()).collect();
    both.sort_unstable();
    assert_eq!(both, [(&7, &9), (&7, &9), (&8, &7), (&8, &7)]);
    assert_eq!(pairs.relation(), Relation::Nearest);
    Ok(())
}
