//! Losses against their formulas in f64, far out, and by finite differences.

use anyhow::Result;
use candle_core::{DType, Device, Tensor, Var};
use candle_mixup::{Form, Loss, Pairs};

const HUBER: Loss = Loss::Huber {
    delta: 1.5,
    form: Form::SoftTarget,
};
const LOSSES: [Loss; 4] = [
    Loss::CrossEntropy,
    Loss::BinaryCrossEntropy,
    Loss::SquaredError,
    HUBER,
];

fn tensor(rows: &[[f64; 3]]) -> Result<Tensor> {
    let values = rows.concat();
    Ok(Tensor::from_vec(values, (rows.len(), 3), &Device::Cpu)?)
}

fn value(loss: Loss, z: &Tensor, t: &Tensor, weights: Option<&[f32]>) -> Result<f64> {
    Ok(loss.of(z, t, weights)?.to_dtype(DType::F64)?.to_scalar()?)
}

fn near(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-12 * (1.0 + b.abs()), "{a} {b}");
}

#[test]
fn values_by_hand() -> Result<()> {
    let z = tensor(&[[1.0, 2.0, -1.0], [0.0, 0.0, 3.0]])?;
    let t = tensor(&[[0.25, 0.75, 0.0], [0.0, 0.0, 1.0]])?;
    let lse = |z: [f64; 3]| z.iter().map(|z| z.exp()).sum::<f64>().ln();
    let (a, b) = (lse([1.0, 2.0, -1.0]), lse([0.0, 0.0, 3.0]));
    let rows = [0.25 * (a - 1.0) + 0.75 * (a - 2.0), b - 3.0];
    near(
        value(Loss::CrossEntropy, &z, &t, None)?,
        (rows[0] + rows[1]) / 2.0,
    );
    let weighted = [
        2.0 * 0.25 * (a - 1.0) + 0.5 * 0.75 * (a - 2.0),
        4.0 * (b - 3.0),
    ];
    near(
        value(Loss::CrossEntropy, &z, &t, Some(&[2.0, 0.5, 4.0]))?,
        (weighted[0] + weighted[1]) / 2.0,
    );
    let cells = [
        (1.0, 0.25),
        (2.0, 0.75),
        (-1.0, 0.0),
        (0.0, 0.0),
        (0.0, 0.0),
        (3.0, 1.0),
    ];
    let mean = |f: &dyn Fn(f64, f64) -> f64| cells.iter().map(|&(z, t)| f(z, t)).sum::<f64>() / 6.0;
    let sigmoid = |z: f64| 1.0 / (1.0 + (-z).exp());
    near(
        value(Loss::BinaryCrossEntropy, &z, &t, None)?,
        mean(&|z, t| -t * sigmoid(z).ln() - (1.0 - t) * (1.0 - sigmoid(z)).ln()),
    );
    near(
        value(Loss::SquaredError, &z, &t, None)?,
        mean(&|z, t| (z - t).powi(2)),
    );
    near(
        value(HUBER, &z, &t, None)?,
        mean(&|z, t| match (z - t).abs() {
            d if d <= 1.5 => d * d / 2.0,
            d => 1.5 * (d - 0.75),
        }),
    );
    Ok(())
}

#[test]
fn far_logits_have_finite_values_and_gradients() -> Result<()> {
    for far in [100.0, 1e4] {
        for dtype in [DType::F32, DType::F64] {
            let z = tensor(&[[far, -far, 0.0], [-far, far, far], [-far, -far, far]])?;
            let z = Var::from_tensor(&z.to_dtype(dtype)?)?;
            let t = tensor(&[[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])?;
            for loss in LOSSES {
                let sum = loss.of(&z, &t, None)?;
                assert_eq!(sum.dtype(), dtype);
                assert!(sum.dims().is_empty());
                let gradients = sum.backward()?;
                let gradient = gradients.get(&z).expect("it reaches the logits");
                let cells = gradient.to_dtype(DType::F64)?.to_vec2::<f64>()?.concat();
                assert!(value(loss, &z, &t, None)?.is_finite(), "{loss:?} at {far}");
                assert!(cells.iter().all(|g| g.is_finite()), "{loss:?}: {cells:?}");
                assert!(cells.iter().any(|&g| g != 0.0), "{loss:?} at {far}");
            }
        }
    }
    let z = tensor(&[[1e4, 0.0, 0.0]])?;
    near(
        value(Loss::CrossEntropy, &z, &tensor(&[[0.0, 1.0, 0.0]])?, None)?,
        1e4,
    );
    Ok(())
}

#[test]
fn gradients_are_those_of_finite_differences() -> Result<()> {
    let rows = [[0.3, -1.3, 2.0], [0.0, 0.0, 0.0], [1.0, 4.0, -3.0]];
    let t = tensor(&[[0.2, 0.3, 0.5], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])?;
    let step = 1e-6;
    for loss in LOSSES {
        for weights in [None, Some(&[0.5f32, 2.0, 1.0][..])] {
            let z = Var::from_tensor(&tensor(&rows)?)?;
            let gradients = loss.of(&z, &t, weights)?.affine(3.0, 0.0)?.backward()?;
            let gradient = gradients
                .get(&z)
                .expect("it reaches the logits")
                .to_vec2::<f64>()?;
            for r in 0..3 {
                for c in 0..3 {
                    let moved = |by: f64| -> Result<f64> {
                        let mut rows = rows;
                        rows[r][c] += by;
                        Ok(3.0 * value(loss, &tensor(&rows)?, &t, weights)?)
                    };
                    let slope = (moved(step)? - moved(-step)?) / (2.0 * step);
                    let exact = gradient[r][c];
                    assert!((slope - exact).abs() < 1e-7, "{loss:?}: {slope} {exact}");
                }
            }
        }
    }
    Ok(())
}

/// METHODS of the affine losses: the two forms are one. Huber's are not, and the form chooses.
#[test]
fn a_mixed_batch_meets_the_form_of_its_loss() -> Result<()> {
    let y = tensor(&[[1.0, 0.0, 0.0], [0.0, 5.0, 0.0]])?;
    let z = tensor(&[[0.2, 0.4, -3.0], [2.0, 1.0, 0.0], [1.0, 1.0, 1.0]])?;
    let pairs = Pairs::new(
        vec![0, 1, 1],
        vec![1, 0, 1],
        vec![0.5; 3],
        vec![0.3, 0.9, 1.0],
    )?;
    let mixed = |loss: Loss| -> Result<f64> {
        Ok(loss.of_pairs(&z, &y, &pairs, None)?.to_scalar::<f64>()?)
    };
    let two = |loss: Loss| -> Result<f64> {
        let mut sum = 0.0;
        for r in 0..3 {
            let row = z.narrow(0, r, 1)?;
            for (rows, share) in [
                (pairs.own(), pairs.label_weight()[r]),
                (pairs.partner(), 1.0 - pairs.label_weight()[r]),
            ] {
                let target = y.narrow(0, rows[r] as usize, 1)?;
                sum += share * value(loss, &row, &target, None)? / 3.0;
            }
        }
        Ok(sum)
    };
    near(mixed(Loss::CrossEntropy)?, two(Loss::CrossEntropy)?);
    near(
        mixed(Loss::BinaryCrossEntropy)?,
        two(Loss::BinaryCrossEntropy)?,
    );
    let spread = [0.3 * 0.7 * 26.0, 0.9 * 0.1 * 26.0].iter().sum::<f64>() / 9.0;
    near(
        mixed(Loss::SquaredError)? + spread,
        two(Loss::SquaredError)?,
    );
    let by_two = Loss::Huber {
        delta: 1.5,
        form: Form::TwoLoss,
    };
    near(mixed(by_two)?, two(by_two)?);
    assert!((mixed(HUBER)? - mixed(by_two)?).abs() > 0.01);
    Ok(())
}

#[test]
fn sixteen_bits_are_widened_and_views_taken() -> Result<()> {
    let z = tensor(&[[0.5, -1.0, 2.0], [1.5, 0.25, -2.0]])?;
    let t = tensor(&[[0.5, 0.5, 0.0], [0.0, 0.25, 0.75]])?;
    for loss in LOSSES {
        let exact = value(loss, &z, &t, None)?;
        for dtype in [DType::F16, DType::BF16] {
            let sum = loss.of(&z.to_dtype(dtype)?, &t.to_dtype(DType::F32)?, None)?;
            assert_eq!(sum.dtype(), DType::F32);
            let gap = f64::from(sum.to_scalar::<f32>()?) - exact;
            assert!(gap.abs() < 1e-6, "{loss:?}: {gap}");
        }
        let (zt, tt) = (z.t()?.contiguous()?.t()?, t.t()?.contiguous()?.t()?);
        assert!(!zt.is_contiguous());
        near(value(loss, &zt, &tt, None)?, exact);
    }
    Ok(())
}

#[test]
fn what_has_no_loss_is_refused() -> Result<()> {
    let z = tensor(&[[0.0; 3]])?;
    let message = |loss: Loss, t: &Tensor, weights: Option<&[f32]>| {
        loss.of(&z, t, weights).expect_err("refused").to_string()
    };
    assert_eq!(
        message(Loss::CrossEntropy, &tensor(&[[0.0; 3]; 2])?, None),
        "targets: expected [1, 3] as the logits, got [2, 3]"
    );
    assert_eq!(
        message(Loss::CrossEntropy, &z, Some(&[1.0])),
        "class weights: expected one for each of 3 columns, got 1"
    );
    assert_eq!(
        message(Loss::CrossEntropy, &z, Some(&[1.0, -2.0, 1.0])),
        "class weight 1 must be finite and not negative, got -2"
    );
    for delta in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let loss = Loss::Huber {
            delta,
            form: Form::TwoLoss,
        };
        let expected = format!("delta must be positive and finite, got {delta}");
        assert_eq!(message(loss, &z, None), expected);
    }
    let none = Tensor::zeros((0, 3), DType::F32, &Device::Cpu)?;
    let error = Loss::SquaredError
        .of(&none, &none, None)
        .expect_err("no rows");
    assert_eq!(error.to_string(), "no rows to take a loss of");
    let vector = Tensor::new(&[1f32], &Device::Cpu)?;
    assert!(Loss::SquaredError.of(&vector, &vector, None).is_err());
    assert!(
        Loss::SquaredError
            .of(&z.to_dtype(DType::U8)?, &z, None)
            .is_err()
    );
    Ok(())
}

#[test]
fn losses_are_settings() -> Result<()> {
    let json = r#"{"huber":{"delta":1.5,"form":"soft-target"}}"#;
    assert_eq!(serde_json::from_str::<Loss>(json)?, HUBER);
    assert_eq!(serde_json::to_string(&HUBER)?, json);
    assert_eq!(
        serde_json::to_string(&Loss::CrossEntropy)?,
        r#""cross-entropy""#
    );
    assert!(serde_json::from_str::<Loss>(r#"{"huber":{"delta":1.5}}"#).is_err());
    Ok(())
}
