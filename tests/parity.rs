//! What every blend must hold, checked against the formula in f64 and against itself in other forms.

use anyhow::Result;
use candle_core::{DType, Device, Tensor, Var};
use candle_mixup::random::{Purpose, Stream};
use candle_mixup::{Blend, Pairs, mix, mix_in_place};
use half::{bf16, f16};

/// `n` rows with random partners (a permutation) and weights.
fn shuffled(n: usize, seed: u64) -> Result<Pairs> {
    let partner = Stream::new(seed, Purpose::Partner, 0).permutation(n);
    let weight = uniform(n, seed);
    Ok(Pairs::new(
        (0..n as u32).collect(),
        partner,
        weight.clone(),
        weight,
    )?)
}

/// `m` pairs of any of `n` rows, repeats among them.
fn with_repeats(n: usize, m: usize, seed: u64) -> Result<Pairs> {
    let mut stream = Stream::new(seed, Purpose::Partner, 1);
    let mut rows = || -> Vec<u32> { (0..m).map(|_| stream.below(n) as u32).collect() };
    Ok(Pairs::new(rows(), rows(), uniform(m, seed), vec![1.0; m])?)
}

fn uniform(n: usize, seed: u64) -> Vec<f64> {
    let mut stream = Stream::new(seed, Purpose::Weight, 0);
    (0..n).map(|_| stream.unit()).collect()
}

fn rows(n: usize, width: usize, seed: u64) -> Result<Tensor> {
    let values = uniform(n * width, seed + 100)
        .iter()
        .map(|u| 4.0 * u - 2.0)
        .collect::<Vec<f64>>();
    Ok(Tensor::from_vec(values, (n, width), &Device::Cpu)?)
}

fn formula(x: &[Vec<f64>], pairs: &Pairs) -> Vec<Vec<f64>> {
    let row = |r: usize| {
        let (own, partner) = (pairs.own()[r] as usize, pairs.partner()[r] as usize);
        let weight = pairs.weight()[r];
        let both = x[own].iter().zip(&x[partner]);
        both.map(|(a, b)| weight * a + (1.0 - weight) * b).collect()
    };
    (0..pairs.len()).map(row).collect()
}

fn mixed(x: &Tensor, pairs: &Pairs) -> Result<Tensor> {
    Ok(mix(x, pairs, &Blend::Linear)?)
}

fn wide(x: &Tensor) -> Result<Vec<Vec<f64>>> {
    Ok(x.flatten_from(1)?.to_dtype(DType::F64)?.to_vec2()?)
}

/// O0, O3: any list, any dtype, within the rounding of the dtype.
#[test]
fn the_formula_holds_in_every_dtype() -> Result<()> {
    for (dtype, ulp) in [
        (DType::F64, f64::EPSILON),
        (DType::F32, f64::from(f32::EPSILON)),
        (DType::F16, f64::from(f16::EPSILON)),
        (DType::BF16, f64::from(bf16::EPSILON)),
    ] {
        for pairs in [
            shuffled(7, 1)?,
            with_repeats(7, 12, 2)?,
            with_repeats(7, 2, 3)?,
        ] {
            let x = rows(7, 30, 1)?.to_dtype(dtype)?.reshape((7, 2, 3, 5))?;
            let out = mixed(&x, &pairs)?;
            assert_eq!(out.dtype(), dtype);
            assert_eq!(out.dims(), [pairs.len(), 2, 3, 5]);
            let expected = formula(&wide(&x)?, &pairs).concat();
            for (a, b) in wide(&out)?.concat().iter().zip(expected) {
                assert!((a - b).abs() <= 2.0 * 2.0 * ulp, "{dtype:?}: {a} {b}");
            }
        }
    }
    Ok(())
}

/// O1.
#[test]
fn weights_1_and_0_are_the_rows_themselves_bit_for_bit() -> Result<()> {
    let x = rows(5, 11, 2)?.to_dtype(DType::F32)?;
    let own: Vec<u32> = (0..5).collect();
    let partner = vec![3u32, 4, 1, 0, 2];
    let whole = |weight| Pairs::new(own.clone(), partner.clone(), vec![weight; 5], vec![1.0; 5]);
    let values = x.to_vec2::<f32>()?;
    assert_eq!(mixed(&x, &whole(1.0)?)?.to_vec2::<f32>()?, values);
    let partners: Vec<_> = partner
        .iter()
        .map(|&p| values[p as usize].clone())
        .collect();
    assert_eq!(mixed(&x, &whole(0.0)?)?.to_vec2::<f32>()?, partners);
    let self_pairs = Pairs::new(own.clone(), own, vec![0.3; 5], vec![1.0; 5])?;
    assert_eq!(mixed(&x, &self_pairs)?.to_vec2::<f32>()?, values);
    Ok(())
}

/// O2: linear in x, and commuting with an affine map of each element.
#[test]
fn mixing_is_linear() -> Result<()> {
    let (x, y) = (rows(6, 9, 3)?, rows(6, 9, 4)?);
    let pairs = with_repeats(6, 10, 5)?;
    let near = |a: Tensor, b: Tensor| -> Result<()> {
        let gap = (a - b)?.abs()?.max_all()?.to_scalar::<f64>()?;
        assert!(gap < 1e-14, "{gap}");
        Ok(())
    };
    let sum = x.affine(2.0, 0.0)?.add(&y)?;
    near(
        mixed(&sum, &pairs)?,
        mixed(&x, &pairs)?
            .affine(2.0, 0.0)?
            .add(&mixed(&y, &pairs)?)?,
    )?;
    near(
        mixed(&x.affine(3.0, -1.0)?, &pairs)?,
        mixed(&x, &pairs)?.affine(3.0, -1.0)?,
    )
}

/// O6, and O11 for one row, two and none.
#[test]
fn small_batches_work_and_inputs_stay() -> Result<()> {
    for n in [1, 2, 3] {
        let x = rows(n, 4, 5)?;
        let before = x.to_vec2::<f64>()?;
        let pairs = shuffled(n, 6)?;
        let out = mixed(&x, &pairs)?.to_vec2::<f64>()?;
        assert_eq!(out.len(), n);
        assert_eq!(x.to_vec2::<f64>()?, before);
    }
    let none = mixed(&rows(2, 4, 5)?, &Pairs::identity(0))?;
    assert_eq!(none.dims(), [0, 4]);
    let empty = mixed(
        &Tensor::zeros((2, 0), DType::F32, &Device::Cpu)?,
        &shuffled(2, 1)?,
    )?;
    assert_eq!(empty.dims(), [2, 0]);
    let vector = mixed(&Tensor::new(&[1f64, 3.], &Device::Cpu)?, &shuffled(2, 1)?)?;
    assert_eq!(vector.dims(), [2]);
    Ok(())
}

#[test]
fn strided_input_is_mixed_as_its_copy_is() -> Result<()> {
    let x = rows(6, 20, 6)?.reshape((6, 4, 5))?;
    let pairs = with_repeats(4, 9, 7)?;
    let turned = x.transpose(0, 1)?;
    let cut = x.narrow(2, 1, 3)?.narrow(0, 1, 4)?;
    for view in [turned, cut] {
        assert!(!view.is_contiguous());
        let copy = view.force_contiguous()?;
        assert_eq!(
            mixed(&view, &pairs)?.to_vec3::<f64>()?,
            mixed(&copy, &pairs)?.to_vec3::<f64>()?
        );
    }
    let offset = x.narrow(0, 2, 4)?;
    assert_eq!(
        mixed(&offset, &pairs)?.to_vec3::<f64>()?,
        mixed(&offset.force_contiguous()?, &pairs)?.to_vec3::<f64>()?
    );
    Ok(())
}

/// O10.
#[test]
fn the_gradient_is_that_of_finite_differences() -> Result<()> {
    let step = 1e-5;
    for pairs in [
        shuffled(5, 8)?,
        with_repeats(5, 9, 9)?,
        with_repeats(5, 2, 1)?,
    ] {
        let x = Var::from_tensor(&rows(5, 3, 7)?)?;
        let loss = |x: &Tensor| -> Result<Tensor> { Ok(mixed(x, &pairs)?.powf(3.0)?.sum_all()?) };
        let gradients = loss(&x)?.backward()?;
        let gradient = gradients.get(&x).expect("it reaches x").to_vec2::<f64>()?;
        let values = x.to_vec2::<f64>()?.concat();
        for i in 0..values.len() {
            let moved = |by: f64| -> Result<f64> {
                let mut values = values.clone();
                values[i] += by;
                let x = Tensor::from_vec(values, (5, 3), &Device::Cpu)?;
                Ok(loss(&x)?.to_scalar::<f64>()?)
            };
            let slope = (moved(step)? - moved(-step)?) / (2.0 * step);
            let exact = gradient[i / 3][i % 3];
            assert!(
                (slope - exact).abs() < 1e-6,
                "{i}: {slope} {exact}\n{pairs}"
            );
        }
    }
    Ok(())
}

/// Rows that many pairs share, wider than one block of the backward.
#[test]
fn the_gradient_of_a_shared_wide_row_adds_up() -> Result<()> {
    let pairs = Pairs::new(
        vec![0, 0, 1],
        vec![1, 0, 0],
        vec![0.75, 1., 0.5],
        vec![1.; 3],
    )?;
    let x = Var::from_tensor(&rows(3, 2500, 8)?)?;
    let gradients = mixed(&x, &pairs)?.sum_all()?.backward()?;
    let gradient = gradients.get(&x).expect("it reaches x").to_vec2::<f64>()?;
    for (row, share) in gradient.iter().zip([0.75 + 1.0 + 0.5, 0.25 + 0.5, 0.0]) {
        assert!(row.iter().all(|&g| g == share), "{:?} {share}", &row[..3]);
    }
    Ok(())
}

/// O4.
#[test]
fn threads_change_no_byte() -> Result<()> {
    let pairs = with_repeats(64, 100, 10)?;
    let run = |threads: usize| -> Result<[Vec<Vec<f32>>; 2]> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()?;
        pool.install(|| {
            let x = Var::from_tensor(&rows(64, 3000, 9)?.to_dtype(DType::F32)?)?;
            let out = mixed(&x, &pairs)?;
            let gradients = out.sqr()?.sum_all()?.backward()?;
            let gradient = gradients.get(&x).expect("it reaches x").to_vec2()?;
            Ok([out.to_vec2()?, gradient])
        })
    };
    assert_eq!(run(1)?, run(2)?);
    Ok(())
}

#[test]
fn in_place_is_out_of_place() -> Result<()> {
    for (n, width) in [(1, 7), (2, 3), (9, 4096 * 2 + 13), (64, 1)] {
        let pairs = shuffled(n, n as u64)?;
        let x = rows(n, width, 11)?.to_dtype(DType::F32)?;
        let expected = mixed(&x, &pairs)?.flatten_all()?.to_vec1::<f32>()?;
        for threads in [1, 2] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()?;
            let mut buffer = x.flatten_all()?.to_vec1::<f32>()?;
            pool.install(|| mix_in_place(&mut buffer, width, &pairs))?;
            assert_eq!(buffer, expected, "{n} rows of {width}, {threads} threads");
        }
    }
    Ok(())
}

#[test]
fn bytes_are_mixed_in_f32_and_rounded_to_even() -> Result<()> {
    let (n, width) = (5, 16384 + 9);
    let mut stream = Stream::new(3, Purpose::Order, 0);
    let x: Vec<u8> = (0..n * width).map(|_| stream.below(256) as u8).collect();
    let mut weight = uniform(n, 4);
    weight[..3].copy_from_slice(&[0.5, 1.0, 0.0]);
    let partner = vec![1u32, 2, 3, 4, 0];
    let pairs = Pairs::new(
        (0..5).collect(),
        partner.clone(),
        weight.clone(),
        weight.clone(),
    )?;
    let mut buffer = x.clone();
    mix_in_place(&mut buffer, width, &pairs)?;
    for (i, &byte) in buffer.iter().enumerate() {
        let (row, column) = (i / width, i % width);
        let other = f32::from(x[partner[row] as usize * width + column]);
        let own = weight[row] as f32 * f32::from(x[i]);
        let expected = own + (1.0 - weight[row]) as f32 * other;
        assert_eq!(byte, expected.round_ties_even() as u8, "row {row}");
    }
    Ok(())
}

#[test]
fn what_cannot_be_mixed_is_refused() -> Result<()> {
    let pairs = Pairs::new(vec![0, 1], vec![1, 2], vec![0.5; 2], vec![0.5; 2])?;
    let message = |x: &Tensor| {
        mix(x, &pairs, &Blend::Linear)
            .expect_err("refused")
            .to_string()
    };
    assert_eq!(
        message(&rows(2, 3, 1)?),
        "pairs: partner[1] must be below the 2 incoming rows, got 2"
    );
    assert_eq!(
        message(&rows(3, 3, 1)?.to_dtype(DType::U32)?),
        "mix does not take u32 rows"
    );
    assert_eq!(
        message(&Tensor::new(1f32, &Device::Cpu)?),
        "rows to mix: expected [rows, ...], got a scalar"
    );
    Ok(())
}

#[test]
fn in_place_refuses_what_is_no_permutation() -> Result<()> {
    let mut buffer = vec![1f32; 6];
    let mut message = |own: &[u32], partner: &[u32]| -> Result<String> {
        let ones = vec![0.5; own.len()];
        let pairs = Pairs::new(own.to_vec(), partner.to_vec(), ones.clone(), ones)?;
        let before = buffer.clone();
        let error = mix_in_place(&mut buffer, 2, &pairs).expect_err("refused");
        assert_eq!(buffer, before);
        Ok(error.to_string())
    };
    assert_eq!(
        message(&[0, 2, 1], &[1, 2, 0])?,
        "pairs: own[1] must be 1 to mix in place, got 2"
    );
    assert_eq!(
        message(&[0, 1, 2], &[1, 1, 0])?,
        "pairs: partner[1] must be named once, got 1"
    );
    assert_eq!(
        message(&[0, 1, 2], &[1, 2, 3])?,
        "pairs: partner[2] must be below 3, got 3"
    );
    assert_eq!(
        message(&[0, 1], &[1, 0])?,
        "buffer to mix in place: expected 2 rows of 2, got 6 elements"
    );
    Ok(())
}
