//! Every layer against finite differences in f64, and the fused f32 form against the composed f64 form.

use candle_core::{DType, Device, Result as CandleResult, Tensor, Var};
use candle_mixup::Result;
use candle_mixup::nn::{
    Activation, Embedding, FeatureTokens, Gelu, LayerNorm, Linear, attention, attention_of, conv1d,
    dropout, embed_sum, gelu, max_pool_time, mean_pool, prepend, reglu,
};
use candle_mixup::random::{Purpose, Stream};
use rayon::ThreadPoolBuilder;

/// A function of some tensors, made of layers.
type Layer<'a> = &'a (dyn Fn(&[Tensor]) -> Result<Tensor> + Sync);

/// About normal values, others for each key.
fn values(key: u64, count: usize) -> Vec<f64> {
    let mut stream = Stream::keyed(1, Purpose::Init, key, 0);
    (0..count)
        .map(|_| (0..6).map(|_| stream.unit()).sum::<f64>() - 3.0)
        .map(|v| v * 1.4)
        .collect()
}

fn vars(shapes: &[&[usize]], dtype: DType) -> CandleResult<Vec<Var>> {
    let make = |(key, shape): (usize, &&[usize])| {
        let count = shape.iter().product();
        let x = Tensor::from_vec(values(key as u64, count), *shape, &Device::Cpu)?;
        Var::from_tensor(&x.to_dtype(dtype)?)
    };
    shapes.iter().enumerate().map(make).collect()
}

/// A scalar that depends on every value of the output differently.
fn loss(y: &Tensor) -> CandleResult<Tensor> {
    let weights = values(99, y.elem_count());
    let weights = Tensor::from_vec(weights, y.shape(), &Device::Cpu)?.to_dtype(y.dtype())?;
    (y * weights)?.sum_all()
}

fn tensors(vars: &[Var]) -> Vec<Tensor> {
    vars.iter().map(|v| v.as_tensor().clone()).collect()
}

fn flat(x: &Tensor) -> CandleResult<Vec<f64>> {
    x.to_dtype(DType::F64)?.flatten_all()?.to_vec1()
}

/// The output and the gradients of all operands.
fn run(layer: Layer, vars: &[Var]) -> Result<Vec<Vec<f64>>> {
    let y = layer(&tensors(vars))?;
    let store = loss(&y)?.backward()?;
    let mut all = vec![flat(&y)?];
    for var in vars {
        let gradient = store.get(var).expect("an operand without a gradient");
        assert_eq!(gradient.dims(), var.dims());
        all.push(flat(gradient)?);
    }
    Ok(all)
}

fn assert_close(what: &str, a: &[f64], b: &[f64], tolerance: f64) {
    assert_eq!(a.len(), b.len(), "{what}");
    let scale = b.iter().fold(1e-3f64, |m, v| m.max(v.abs()));
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        let error = (a - b).abs() / scale;
        assert!(error <= tolerance, "{what}[{i}]: {a} against {b}");
    }
}

/// The gradients of the composed f64 form against central differences.
fn check_differences(what: &str, layer: Layer, vars: &[Var]) -> Result<()> {
    const H: f64 = 1e-5;
    let exact = run(layer, vars)?;
    for (k, var) in vars.iter().enumerate() {
        let start = flat(var)?;
        let mut numeric = Vec::with_capacity(start.len());
        for i in 0..start.len() {
            let at = |step: f64| -> Result<f64> {
                let mut x = start.clone();
                x[i] += step;
                var.set(&Tensor::from_vec(x, var.shape(), &Device::Cpu)?)?;
                Ok(loss(&layer(&tensors(vars))?)?.to_scalar::<f64>()?)
            };
            numeric.push((at(H)? - at(-H)?) / (2.0 * H));
        }
        var.set(&Tensor::from_vec(start, var.shape(), &Device::Cpu)?)?;
        let what = format!("{what}, operand {k}");
        assert_close(&what, &exact[k + 1], &numeric, 1e-7);
    }
    Ok(())
}

/// The same operand behind a layout that is not contiguous.
fn strided(x: &Tensor) -> CandleResult<Tensor> {
    match x.rank() {
        0 | 1 => Ok(x.clone()),
        n => x.transpose(0, n - 1)?.contiguous()?.transpose(0, n - 1),
    }
}

fn check(what: &str, shapes: &[&[usize]], layer: Layer) {
    let checked = || -> Result<()> {
        let exact_vars = vars(shapes, DType::F64)?;
        check_differences(what, layer, &exact_vars)?;
        let exact = run(layer, &exact_vars)?;
        let fused = run(layer, &vars(shapes, DType::F32)?)?;
        let apart = |x: &[Tensor]| {
            let x = x.iter().map(strided).collect::<CandleResult<Vec<_>>>()?;
            layer(&x)
        };
        let strided = run(&apart, &vars(shapes, DType::F32)?)?;
        for (k, exact) in exact.iter().enumerate() {
            assert_close(&format!("{what}, fused, {k}"), &fused[k], exact, 3e-6);
            assert_close(&format!("{what}, strided, {k}"), &strided[k], exact, 3e-6);
        }
        Ok(())
    };
    checked().unwrap_or_else(|e| panic!("{what}: {e}"));
}

/// The fused form gives the same bits whatever the number of threads.
fn check_threads(what: &str, shapes: &[&[usize]], layer: Layer) {
    let bits = |threads: usize| -> Result<Vec<Vec<u64>>> {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.expect("a thread pool can be made");
        let all = pool.install(|| run(layer, &vars(shapes, DType::F32)?))?;
        let bits = |x: Vec<f64>| x.into_iter().map(f64::to_bits).collect();
        Ok(all.into_iter().map(bits).collect())
    };
    let one = bits(1).unwrap_or_else(|e| panic!("{what}: {e}"));
    for threads in [2, 3, 5] {
        let many = bits(threads).unwrap_or_else(|e| panic!("{what}: {e}"));
        assert!(one == many, "{what}: {threads} threads change the bits");
    }
}

fn mask(rows: &[&[f32]]) -> Tensor {
    let (n, tokens) = (rows.len(), rows[0].len());
    let all: Vec<f32> = rows.iter().flat_map(|r| r.iter().copied()).collect();
    Tensor::from_vec(all, (n, tokens), &Device::Cpu).expect("a rectangular mask")
}

/// Real tokens first, a hole, none at all.
fn masks() -> Tensor {
    mask(&[
        &[1.0, 1.0, 1.0, 1.0, 1.0],
        &[1.0, 1.0, 0.0, 0.0, 0.0],
        &[0.0, 1.0, 0.0, 1.0, 0.0],
        &[0.0, 0.0, 0.0, 0.0, 0.0],
    ])
}

/// A mask of realistic size: row i has 64 - i real tokens.
fn long_mask(rows: usize) -> Tensor {
    let all = (0..rows * 64).map(|i| f32::from(u8::from(i % 64 < 64 - i / 64)));
    Tensor::from_vec(all.collect::<Vec<f32>>(), (rows, 64), &Device::Cpu).expect("rows x 64")
}

fn linear(x: &[Tensor]) -> Linear {
    Linear::new(x[1].clone(), x.get(2).cloned())
}

#[test]
fn linear_layers() {
    let shapes: &[&[usize]] = &[&[2, 3, 7], &[5, 7], &[5]];
    for shapes in [shapes, &shapes[..2]] {
        check("linear", shapes, &|x| linear(x).forward(&x[0]));
        for kind in [Gelu::Erf, Gelu::Tanh] {
            check("linear + gelu", shapes, &|x| {
                linear(x).forward_gelu(&x[0], kind)
            });
        }
    }
    let odd: &[&[usize]] = &[&[8, 41, 130], &[515, 130], &[515]];
    let even: &[&[usize]] = &[&[8, 64, 384], &[384, 384], &[384]];
    for shapes in [odd, even] {
        check_threads("linear", shapes, &|x| linear(x).forward(&x[0]));
        check_threads("linear + gelu", shapes, &|x| {
            linear(x).forward_gelu(&x[0], Gelu::Erf)
        });
    }
}

#[test]
fn linear_layers_with_a_bend() {
    let shapes: &[&[usize]] = &[&[2, 3, 7], &[5, 7], &[5]];
    let large: &[&[usize]] = &[&[8, 41, 130], &[515, 130], &[515]];
    for activation in [Activation::Relu, Activation::LeakyRelu { slope: 0.2 }] {
        for shapes in [shapes, &shapes[..2]] {
            check("linear + bend", shapes, &|x| {
                linear(x).forward_activated(&x[0], activation)
            });
        }
        check_threads("linear + bend", large, &|x| {
            linear(x).forward_activated(&x[0], activation)
        });
    }
}

/// At 0 the derivative is that from below, in both forms; NaN is not hidden.
#[test]
fn bends_at_zero_and_at_nan() -> Result<()> {
    for (activation, slope) in [
        (Activation::Relu, 0.0),
        (Activation::LeakyRelu { slope: 0.25 }, 0.25),
    ] {
        for dtype in [DType::F32, DType::F64] {
            let at = |x: f64| -> Result<(Vec<f64>, Vec<f64>)> {
                let x = Var::new(&[[x]], &Device::Cpu)?.to_dtype(dtype)?;
                let x = Var::from_tensor(&x)?;
                let one = Tensor::ones((1, 1), dtype, &Device::Cpu)?;
                let y = Linear::new(one, None).forward_activated(x.as_tensor(), activation)?;
                let store = y.sum_all()?.backward()?;
                Ok((flat(&y)?, flat(store.get(&x).expect("x is an operand"))?))
            };
            assert_eq!(at(0.0)?, (vec![0.0], vec![slope]));
            assert_eq!(at(-2.0)?, (vec![-2.0 * slope], vec![slope]));
            assert_eq!(at(2.0)?, (vec![2.0], vec![1.0]));
            assert!(at(f64::NAN)?.0[0].is_nan());
        }
    }
    Ok(())
}

#[test]
fn slopes_that_make_no_leaky_relu_are_refused() -> Result<()> {
    let one = Tensor::ones((1, 1), DType::F32, &Device::Cpu)?;
    for slope in [0.0, 1.0, -0.1, f64::NAN] {
        let leaky = Activation::LeakyRelu { slope };
        let e = Linear::new(one.clone(), None).forward_activated(&one, leaky);
        assert!(e.is_err_and(|e| e.to_string().contains("slope")));
    }
    Ok(())
}

#[test]
fn reglus() {
    for key in [None, Some(5)] {
        check("reglu", &[&[2, 3, 14]], &|x| reglu(&x[0], 0.3, key));
        check_threads("reglu", &[&[300, 130]], &|x| reglu(&x[0], 0.3, key));
    }
}

#[test]
fn feature_tokens() {
    let tokens = |x: &[Tensor]| match x {
        [rows, weight, bias] => {
            FeatureTokens::new(Some(weight.clone()), bias.clone()).forward(rows)
        }
        _ => FeatureTokens::new(None, x[1].clone()).forward(&x[0]),
    };
    let numbers: &[&[usize]] = &[&[5, 3], &[3, 7], &[3, 7]];
    let both: &[&[usize]] = &[&[5, 3 + 2 * 7], &[3, 7], &[5, 7]];
    let categories: &[&[usize]] = &[&[5, 2 * 7], &[2, 7]];
    for shapes in [numbers, both, categories] {
        check("feature tokens", shapes, &tokens);
    }
    let large: &[&[usize]] = &[&[301, 13 + 5 * 37], &[13, 37], &[18, 37]];
    check_threads("feature tokens", large, &tokens);
}

#[test]
fn prepended_tokens() {
    check("prepend", &[&[7], &[4, 3, 7]], &|x| prepend(&x[0], &x[1]));
    let large: &[&[usize]] = &[&[37], &[301, 18, 37]];
    check_threads("prepend", large, &|x| prepend(&x[0], &x[1]));
}

#[test]
fn gelus() {
    for kind in [Gelu::Erf, Gelu::Tanh] {
        check("gelu", &[&[3, 41]], &|x| gelu(&(&x[0] * 2.0)?, kind));
        check_threads("gelu", &[&[130, 301]], &|x| gelu(&x[0], kind));
    }
}

#[test]
fn layer_norms() {
    let norm = |x: &[Tensor], n: usize| LayerNorm::new(x[n].clone(), x[n + 1].clone(), 1e-5);
    for width in [5, 37, 64] {
        let one: &[&[usize]] = &[&[2, 3, width], &[width], &[width]];
        check("layer norm", one, &|x| norm(x, 1).forward(&x[0]));
        let two: &[&[usize]] = &[&[2, 3, width], &[2, 3, width], &[width], &[width]];
        for key in [None, Some(5)] {
            check("residual layer norm", two, &|x| {
                norm(x, 2).forward_residual(&x[0], &x[1], 0.3, key)
            });
        }
    }
    let large: &[&[usize]] = &[&[400, 129], &[400, 129], &[129], &[129]];
    check_threads("residual layer norm", large, &|x| {
        norm(x, 2).forward_residual(&x[0], &x[1], 0.3, Some(5))
    });
}

#[test]
fn attentions() {
    let masks = masks();
    let shape: &[&[usize]] = &[&[4, 5, 18]];
    for heads in [1, 2, 3] {
        for drop in [None, Some((0.4, 77))] {
            check("attention", shape, &|x| attention(&x[0], heads, None, drop));
            check("masked attention", shape, &|x| {
                attention(&x[0], heads, Some(&masks), drop)
            });
        }
    }
    let masks = long_mask(8);
    check_threads("attention", &[&[8, 64, 3 * 96]], &|x| {
        attention(&x[0], 3, Some(&masks), Some((0.1, 3)))
    });
}

#[test]
fn attention_of_the_first_tokens() -> Result<()> {
    let masks = masks();
    for queries in [1, 3, 5] {
        for drop in [None, Some((0.4, 77))] {
            check("attention of some", &[&[4, 5, 18]], &|x| {
                attention_of(queries, &x[0], 2, Some(&masks), drop)
            });
        }
        let x = vars(&[&[4, 5, 18]], DType::F32)?;
        let all = attention(&x[0], 2, Some(&masks), None)?.narrow(1, 0, queries)?;
        let some = attention_of(queries, &x[0], 2, Some(&masks), None)?;
        assert_close("first tokens", &flat(&some)?, &flat(&all)?, 1e-6);
        let plain = attention_of(queries, &x[0].as_detached_tensor(), 2, Some(&masks), None)?;
        assert_eq!(flat(&some)?, flat(&plain)?);
    }
    check_threads("attention of some", &[&[8, 64, 3 * 96]], &|x| {
        attention_of(1, &x[0], 3, None, Some((0.1, 3)))
    });
    Ok(())
}

#[test]
fn attention_of_a_row_without_a_real_token_is_zero() -> Result<()> {
    for dtype in [DType::F32, DType::F64] {
        let x = vars(&[&[4, 5, 18]], dtype)?;
        let y = flat(&attention(&x[0], 2, Some(&masks()), None)?)?;
        assert!(y.iter().all(|v| v.is_finite()));
        assert!(y[3 * 5 * 6..].iter().all(|v| *v == 0.0));
        assert!(y[..3 * 5 * 6].iter().all(|v| *v != 0.0));
    }
    Ok(())
}

#[test]
fn attention_does_not_see_padding() -> Result<()> {
    let x = vars(&[&[4, 5, 18]], DType::F32)?;
    let y = attention(&x[0], 2, Some(&masks()), None)?;
    let alone = attention(&x[0].narrow(1, 0, 2)?, 2, None, None)?;
    let y = flat(&y.narrow(0, 1, 1)?.narrow(1, 0, 2)?)?;
    assert_close("row 1", &y, &flat(&alone.narrow(0, 1, 1)?)?, 1e-6);
    Ok(())
}

#[test]
fn attention_is_the_same_whether_it_trains_or_not() -> Result<()> {
    let x = vars(&[&[4, 5, 18]], DType::F32)?;
    for drop in [None, Some((0.3, 9))] {
        let train = attention(&x[0], 3, Some(&masks()), drop)?;
        let plain = attention(&x[0].as_detached_tensor(), 3, Some(&masks()), drop)?;
        assert_eq!(flat(&train)?, flat(&plain)?);
    }
    Ok(())
}

#[test]
fn embeddings() {
    let ids = |v: &[u32], shape: &[usize]| {
        Tensor::from_vec(v.to_vec(), shape, &Device::Cpu).expect("as many ids as the shape has")
    };
    let words = ids(&[3, 0, 3, 1, 6, 3], &[2, 3]);
    let places = ids(&[0, 1, 2], &[3]);
    let types = ids(&[0, 0, 1, 0, 0, 0], &[2, 3]);
    let table = |x: &Tensor| Embedding::new(x.clone());
    check("embedding", &[&[7, 5]], &|x| table(&x[0]).forward(&words));
    check("two embeddings", &[&[7, 5], &[4, 5]], &|x| {
        embed_sum(&[(&table(&x[0]), &words), (&table(&x[1]), &places)])
    });
    check("three embeddings", &[&[7, 5], &[4, 5], &[2, 5]], &|x| {
        let [a, b, c] = [0, 1, 2].map(|i| table(&x[i]));
        embed_sum(&[(&a, &words), (&b, &places), (&c, &types)])
    });
    let many: Vec<u32> = (0..2048).map(|i| i * i % 11).collect();
    let many = ids(&many, &[32, 64]);
    check_threads("embedding", &[&[11, 37]], &|x| table(&x[0]).forward(&many));
}

#[test]
fn dropouts() {
    let drop = |x: &[Tensor]| dropout(&x[0], 0.5, Some(11));
    check("dropout", &[&[3, 5, 7]], &drop);
    check_threads("dropout", &[&[100, 301]], &drop);
}

#[test]
fn dropout_keeps_the_mean_and_follows_its_key() -> Result<()> {
    const N: f64 = 2e5;
    let ones = Tensor::ones((1000, 200), DType::F32, &Device::Cpu)?;
    for p in [0.1, 0.5] {
        let y = flat(&dropout(&ones, p, Some(1 << 40))?)?;
        let kept = y.iter().filter(|v| **v != 0.0).count() as f64 / N;
        let deviation = (p * (1.0 - p) / N).sqrt();
        assert!((kept - (1.0 - p)).abs() < 4.0 * deviation, "{kept}");
        let scaled = |v: f64| (v - 1.0 / (1.0 - p)).abs() < 1e-6;
        assert!(y.iter().all(|v| *v == 0.0 || scaled(*v)));
        for step in [1, 2, 200] {
            let pairs = y.iter().zip(&y[step..]);
            let both = pairs.filter(|(a, b)| **a != 0.0 && **b != 0.0).count();
            let both = both as f64 / (N - step as f64);
            assert!((both - (1.0 - p).powi(2)).abs() < 0.006, "{both}");
        }
    }
    let draw = |key| flat(&dropout(&ones, 0.5, Some(key))?).map_err(candle_mixup::Error::from);
    let first = draw(3)?;
    assert_eq!(first, draw(3)?);
    for other in [4, 3 | 1 << 32, 3 | 1 << 63] {
        let other = draw(other)?;
        let same = first.iter().zip(&other).filter(|(a, b)| a == b).count();
        assert!((same as f64 / N - 0.5).abs() < 0.006, "{same}");
    }
    assert_eq!(flat(&dropout(&ones, 0.5, None)?)?, flat(&ones)?);
    assert_eq!(flat(&dropout(&ones, 0.0, Some(3))?)?, flat(&ones)?);
    for p in [-0.1, 1.0, f64::NAN] {
        assert!(dropout(&ones, p, Some(3)).is_err());
    }
    Ok(())
}

#[test]
fn pools() {
    let masks = masks();
    check("mean pool", &[&[4, 5, 7]], &|x| mean_pool(&x[0], &masks));
    check("max pool", &[&[4, 5, 7]], &|x| max_pool_time(&x[0], &masks));
    let long = long_mask(8);
    let shape: &[&[usize]] = &[&[8, 64, 130]];
    check_threads("mean pool", shape, &|x| mean_pool(&x[0], &long));
    check_threads("max pool", shape, &|x| max_pool_time(&x[0], &long));
}

#[test]
fn max_pool_gives_equal_maxima_to_the_first_token() -> Result<()> {
    for dtype in [DType::F32, DType::F64] {
        let x = Var::ones((1, 3, 1), dtype, &Device::Cpu)?;
        let real = mask(&[&[0.0, 1.0, 1.0]]);
        let store = max_pool_time(&x, &real)?.sum_all()?.backward()?;
        let gradient = store.get(&x).expect("x has a gradient");
        assert_eq!(flat(gradient)?, [0.0, 1.0, 0.0]);
    }
    Ok(())
}

#[test]
fn convolutions() {
    let masks = masks();
    for window in [1, 2, 3, 4, 7] {
        let shapes: &[&[usize]] = &[&[4, 5, 3], &[6, window, 3], &[6]];
        for mask in [None, Some(&masks)] {
            check("convolution", shapes, &|x| {
                conv1d(&x[0], &x[1], &x[2], mask)
            });
        }
    }
    let large: &[&[usize]] = &[&[9, 64, 50], &[100, 4, 50], &[100]];
    check_threads("convolution", large, &|x| conv1d(&x[0], &x[1], &x[2], None));
}

#[test]
fn wrong_shapes_are_refused_by_name() -> Result<()> {
    let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &Device::Cpu);
    let (x, qkv) = (zeros(&[2, 3, 4])?, zeros(&[2, 3, 6])?);
    let norm = LayerNorm::new(zeros(&[5])?, zeros(&[5])?, 1e-5);
    let layer = Linear::new(zeros(&[2, 5])?, None);
    let table = Embedding::new(zeros(&[2, 4])?);
    let (weight, bias) = (zeros(&[2, 3, 4])?, zeros(&[2])?);
    let ids = Tensor::zeros((2, 2), DType::U32, &Device::Cpu)?;
    let beyond = Tensor::new(&[2u32], &Device::Cpu)?;
    for (result, word) in [
        (norm.forward(&x), "layer norm"),
        (norm.forward_residual(&x, &x, 0.0, None), "layer norm"),
        (layer.forward(&x), "linear"),
        (attention(&x, 1, None, None), "qkv"),
        (attention(&qkv, 0, None, None), "qkv"),
        (attention_of(4, &qkv, 1, None, None), "queries"),
        (reglu(&zeros(&[2, 3])?, 0.0, None), "ReGLU"),
        (reglu(&x, 1.0, Some(1)), "dropout"),
        (prepend(&bias, &x), "token"),
        (
            FeatureTokens::new(None, zeros(&[2, 2])?).forward(&zeros(&[1, 3])?),
            "tokens",
        ),
        (attention(&qkv, 1, Some(&ids), None), "mask"),
        (mean_pool(&x, &ids), "mask"),
        (max_pool_time(&x, &ids), "mask"),
        (conv1d(&x, &zeros(&[2, 3, 5])?, &bias, None), "convolution"),
        (conv1d(&x, &weight, &zeros(&[3])?, None), "bias"),
        (conv1d(&x, &weight, &bias, Some(&ids)), "mask"),
        (embed_sum(&[]), "embed_sum"),
        (embed_sum(&[(&table, &ids); 4]), "embed_sum"),
        (embed_sum(&[(&table, &ids), (&table, &beyond)]), "ids"),
        (table.forward(&beyond), "outside"),
    ] {
        let message = result.expect_err(word).to_string();
        assert!(message.contains(word), "{message}");
    }
    Ok(())
}
