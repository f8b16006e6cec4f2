//! AdamW against its definition in f64; tables by rows against dense ones; resuming; the guard.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor, Var};
use candle_mixup::nn::{
    AdamW, AdamWSettings, Embedding, Gradients, Init, LayerNorm, Linear, Parameter, Pretrained,
    Weights, backward, embed_sum,
};
use candle_mixup::random::{Purpose, Stream};
use candle_mixup::{Error, Result};

const CPU: Device = Device::Cpu;

fn flat(x: &Tensor) -> Result<Vec<f32>> {
    Ok(x.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
}

/// AdamW as the paper has it, one value at a time, in f64.
struct Reference {
    p: Vec<f64>,
    m: Vec<f64>,
    v: Vec<f64>,
    decay: f64,
}

impl Reference {
    fn new(p: &[f32], decay: f64) -> Self {
        Self {
            p: p.iter().map(|v| f64::from(*v)).collect(),
            m: vec![0.0; p.len()],
            v: vec![0.0; p.len()],
            decay,
        }
    }

    fn step(&mut self, g: &[f64], t: i32, rate: f64, s: &AdamWSettings) {
        for (i, g) in g.iter().enumerate() {
            self.m[i] = s.beta1 * self.m[i] + (1.0 - s.beta1) * g;
            self.v[i] = s.beta2 * self.v[i] + (1.0 - s.beta2) * g * g;
            let m = self.m[i] / (1.0 - s.beta1.powi(t));
            let v = self.v[i] / (1.0 - s.beta2.powi(t));
            self.p[i] -= rate * self.decay * self.p[i];
            self.p[i] -= rate * m / (v.sqrt() + s.eps);
        }
    }
}

#[test]
fn adamw_follows_its_definition() -> Result<()> {
    let settings = AdamWSettings {
        weight_decay: 0.1,
        clip: Some(2.0),
        ..AdamWSettings::default()
    };
    for dtype in [DType::F32, DType::F64] {
        let draw = |name, shape: &[usize]| -> Result<Parameter> {
            let x = Tensor::from_vec(random(name, shape.iter().product()), shape, &CPU)?;
            Ok(Parameter::new(name, Var::from_tensor(&x.to_dtype(dtype)?)?))
        };
        let mut fast = draw("bias", &[37])?;
        fast.rate = 3.0;
        let all = [draw("weight", &[41, 401])?, fast];
        let start = all.iter().map(|p| flat(&p.var));
        let start = start.collect::<Result<Vec<_>>>()?;
        let mut expected = [
            Reference::new(&start[0], 0.1),
            Reference::new(&start[1], 0.0),
        ];
        let mut adamw = AdamW::new(all.to_vec(), settings)?;
        for t in 1..=6 {
            // Gradients of Σ c·p² - their norm is at times above and at times below the limit.
            let scale = [0.001, 10.0][t as usize % 2];
            let loss = (all[0].var.sqr()?.sum_all()? + all[1].var.sqr()?.sum_all()?)?;
            let gradients = backward(&(loss * scale)?, &all)?;
            let norm = gradients.norm()?;
            let clip = if norm > 2.0 { 2.0 / norm } else { 1.0 };
            assert_eq!(clip < 1.0, t % 2 == 1, "{norm}");
            for ((reference, p), rate) in expected.iter_mut().zip(&all).zip([0.01, 0.03]) {
                let g = gradients.get(&p.name)?.expect("both have gradients");
                let g: Vec<f64> = flat(&g)?.iter().map(|g| f64::from(*g) * clip).collect();
                reference.step(&g, t, rate, &settings);
            }
            adamw.step(&gradients, 0.01)?;
        }
        for (reference, p) in expected.iter().zip(&all) {
            for (a, b) in flat(&p.var)?.iter().zip(&reference.p) {
                assert!(
                    (f64::from(*a) - b).abs() < 2e-6,
                    "{}: {a} against {b}",
                    p.name
                );
            }
        }
    }
    Ok(())
}

fn random(name: &str, count: usize) -> Vec<f32> {
    let key = candle_mixup::random::name_key(name);
    let mut stream = Stream::keyed(3, Purpose::Init, key, 0);
    (0..count)
        .map(|_| stream.unit() as f32 * 2.0 - 1.0)
        .collect()
}

/// A model of three tables: by rows if they are the weights' own, dense if they are a user's.
struct Tables {
    tables: [Embedding; 3],
    parameters: Vec<Parameter>,
    weights: Weights,
}

const COUNTS: [(&str, usize); 3] = [("words", 601), ("places", 8), ("types", 2)];

impl Tables {
    fn by_rows() -> Result<Self> {
        let weights = Weights::new(5, &CPU);
        let scope = weights.scope();
        let load =
            |(name, count)| Embedding::load(&scope, name, count, 12, Init::Normal { std: 1.0 });
        let [a, b, c] = COUNTS.map(load);
        Ok(Self {
            tables: [a?, b?, c?],
            parameters: weights.parameters(),
            weights,
        })
    }

    fn dense() -> Result<Self> {
        let weights = Self::by_rows()?.weights;
        let tensors = weights.tensors()?;
        let vars = COUNTS.map(|(name, _)| Var::from_tensor(&tensors[name]));
        let [a, b, c] = vars;
        let vars = [a?, b?, c?];
        let mut parameters: Vec<_> = vars
            .iter()
            .zip(COUNTS)
            .map(|(var, (name, _))| Parameter::new(name, var.clone()))
            .collect();
        parameters.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self {
            tables: vars.map(|v| Embedding::new(v.as_tensor().clone())),
            parameters,
            weights,
        })
    }

    /// The loss at a step that reads a few words, others at each step.
    fn loss(&self, step: u64) -> Result<Tensor> {
        let mut stream = Stream::new(9, Purpose::Order, step);
        let words: Vec<u32> = (0..16).map(|_| stream.below(601) as u32).collect();
        let words = Tensor::from_vec(words, (2, 8), &CPU)?;
        let places = Tensor::arange(0u32, 8, &CPU)?;
        let types = Tensor::zeros((2, 8), DType::U32, &CPU)?;
        let [a, b, c] = &self.tables;
        let x = embed_sum(&[(a, &words), (b, &places), (c, &types)])?;
        let weights = Tensor::from_vec(random("loss", 2 * 8 * 12), (2, 8, 12), &CPU)?;
        Ok((x.sqr()? * weights)?.sum_all()?)
    }

    fn train(&self, adamw: &mut AdamW, steps: std::ops::Range<u64>) -> Result<()> {
        for step in steps {
            let mut gradients = backward(&self.loss(2 * step)?, &self.parameters)?;
            gradients.add(&backward(&self.loss(2 * step + 1)?, &self.parameters)?)?;
            adamw.step(&gradients, 0.01 / (step + 1) as f64)?;
        }
        Ok(())
    }

    fn values(&self) -> Result<Vec<Vec<u32>>> {
        let tensors = self.weights.tensors()?; // brings rows up to date
        let by_rows = self.parameters.iter().all(|p| {
            let name = &p.name;
            tensors.contains_key(name)
        });
        assert!(by_rows);
        let values = self.parameters.iter().map(|p| bits(&p.var));
        values.collect()
    }
}

fn bits(x: &Tensor) -> Result<Vec<u32>> {
    Ok(flat(x)?.into_iter().map(f32::to_bits).collect())
}

fn settings() -> AdamWSettings {
    AdamWSettings {
        weight_decay: 0.3,
        clip: None,
        ..AdamWSettings::default()
    }
}

#[test]
fn tables_by_rows_have_the_bits_of_dense_tables() -> Result<()> {
    let (rows, dense) = (Tables::by_rows()?, Tables::dense()?);
    assert_eq!(rows.values()?, dense.values()?);
    for tables in [&rows, &dense] {
        let mut adamw = AdamW::new(tables.parameters.clone(), settings())?;
        tables.train(&mut adamw, 0..12)?;
    }
    let names =
        |t: &Tables| -> Vec<String> { t.parameters.iter().map(|p| p.name.clone()).collect() };
    assert_eq!(names(&rows), names(&dense));
    assert_eq!(rows.values()?, dense.values()?);
    Ok(())
}

#[test]
fn a_gradient_by_rows_is_the_dense_gradient() -> Result<()> {
    let (rows, dense) = (Tables::by_rows()?, Tables::dense()?);
    let a = backward(&rows.loss(0)?, &rows.parameters)?;
    let b = backward(&dense.loss(0)?, &dense.parameters)?;
    for (name, _) in COUNTS {
        let (a, b) = (a.get(name)?, b.get(name)?);
        let (a, b) = (a.expect("a gradient"), b.expect("a gradient"));
        assert_eq!(bits(&a)?, bits(&b)?, "{name}");
    }
    assert!((a.norm()? - b.norm()?).abs() < 1e-9 * b.norm()?);
    Ok(())
}

#[test]
fn a_resumed_run_has_the_bits_of_a_whole_one() -> Result<()> {
    let whole = Tables::by_rows()?;
    let mut adamw = AdamW::new(whole.parameters.clone(), settings())?;
    whole.train(&mut adamw, 0..12)?;

    let first = Tables::by_rows()?;
    let mut adamw = AdamW::new(first.parameters.clone(), settings())?;
    first.train(&mut adamw, 0..5)?;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (weights, state) = (folder.path().join("w"), folder.path().join("s"));
    let hashed = |m: BTreeMap<String, Tensor>| m.into_iter().collect();
    candle_core::safetensors::save(&hashed(first.weights.tensors()?), &weights)?;
    candle_core::safetensors::save(&hashed(adamw.state()?), &state)?;

    let second = Tables::by_rows()?;
    let mut adamw = AdamW::new(second.parameters.clone(), settings())?;
    second.weights.load(&Pretrained::open(&weights)?)?;
    let state = candle_core::safetensors::load(&state, &CPU)?;
    adamw.load_state(&state.into_iter().collect())?;
    assert_eq!(adamw.steps(), 5);
    second.train(&mut adamw, 5..12)?;
    assert_eq!(whole.values()?, second.values()?);
    Ok(())
}

#[test]
fn reading_the_weights_between_steps_changes_nothing() -> Result<()> {
    let (calm, watched) = (Tables::by_rows()?, Tables::by_rows()?);
    let mut adamw = AdamW::new(calm.parameters.clone(), settings())?;
    calm.train(&mut adamw, 0..8)?;
    let mut adamw = AdamW::new(watched.parameters.clone(), settings())?;
    for step in 0..8 {
        watched.train(&mut adamw, step..step + 1)?;
        watched.weights.tensors()?;
        adamw.state()?;
    }
    assert_eq!(calm.values()?, watched.values()?);
    Ok(())
}

#[test]
fn a_state_of_another_model_is_refused() -> Result<()> {
    let tables = Tables::by_rows()?;
    let mut adamw = AdamW::new(tables.parameters.clone(), settings())?;
    tables.train(&mut adamw, 0..2)?;
    let good = adamw.state()?;
    let zeros = Tensor::zeros((3, 3), DType::F32, &CPU)?;
    let beyond = Tensor::new(&[8u32, 900], &CPU)?;
    let spoilt = [
        ("words.m", Some(zeros)),
        ("words.v", None),
        ("places.rows", None),
        ("places.rows", Some(beyond)),
        ("adamw.steps", None),
    ];
    for (name, value) in spoilt {
        let mut state = good.clone();
        state.remove(name);
        state.extend(value.map(|value| (name.to_string(), value)));
        let error = adamw.load_state(&state).expect_err(name);
        assert!(
            matches!(&error, Error::Shape { what, .. } if what.contains(name)),
            "{error}"
        );
    }
    adamw.load_state(&good)
}

#[test]
fn settings_outside_their_range_are_refused() {
    let with = |change: fn(&mut AdamWSettings)| {
        let mut settings = AdamWSettings::default();
        change(&mut settings);
        AdamW::new(Vec::new(), settings).map(|_| ())
    };
    for (name, result) in [
        ("beta1", with(|s| s.beta1 = 1.0)),
        ("beta2", with(|s| s.beta2 = f64::NAN)),
        ("eps", with(|s| s.eps = 0.0)),
        ("weight_decay", with(|s| s.weight_decay = -0.1)),
        ("clip", with(|s| s.clip = Some(f64::INFINITY))),
    ] {
        let error = result.expect_err(name);
        assert!(
            matches!(&error, Error::Setting { field, .. } if field == name),
            "{error}"
        );
    }
}

#[test]
fn the_guard_names_weights_that_the_loss_does_not_reach() -> Result<()> {
    let weights = Weights::new(1, &CPU);
    let scope = weights.scope();
    let used = Linear::load(&scope.at("used"), 4, 3, Init::Normal { std: 1.0 })?;
    LayerNorm::load(&scope.at("unused"), 3, 1e-5)?;
    Embedding::load(&scope, "table", 5, 3, Init::Ones)?;
    let x = Tensor::ones((2, 4), DType::F32, &CPU)?;
    let parameters = weights.parameters();
    let gradients = backward(&used.forward(&x)?.sum_all()?, &parameters)?;
    match gradients.check(&parameters, 0) {
        Err(Error::NoGradient { names }) => {
            assert_eq!(names, ["table", "unused.weight+bias"]);
        }
        other => panic!("{other:?}"),
    }

    let reached: Vec<_> = parameters
        .into_iter()
        .filter(|p| p.name.starts_with("used"))
        .collect();
    assert!(gradients.check(&reached, 0)?.is_empty());
    let y = used.forward(&x)?;
    let zero = (&y - &y)?.sum_all()?;
    let zero = backward(&zero, &reached)?.check(&reached, 0)?;
    assert_eq!(zero, ["used.bias", "used.weight"]);
    let broken = (used.forward(&x)?.sum_all()? * f64::NAN)?;
    match backward(&broken, &reached)?.check(&reached, 7) {
        Err(Error::NotFinite { what, step: 7 }) => assert!(what.contains("used.bias"), "{what}"),
        other => panic!("{other:?}"),
    }
    Ok(())
}

#[test]
fn clipping_refuses_a_norm_that_is_not_finite_and_changes_nothing() -> Result<()> {
    let p = Parameter::new("p", Var::ones((2, 2), DType::F32, &CPU)?);
    let loss = (p.var.sum_all()? * f64::INFINITY)?;
    let gradients = backward(&loss, std::slice::from_ref(&p))?;
    let mut adamw = AdamW::new(vec![p.clone()], AdamWSettings::default())?;
    let error = adamw.step(&gradients, 0.1).expect_err("an infinite norm");
    assert!(matches!(error, Error::NotFinite { .. }));
    assert_eq!((flat(&p.var)?, adamw.steps()), (vec![1.0; 4], 0));
    Ok(())
}

#[test]
fn parameters_of_a_varmap_are_in_the_order_of_their_names() -> Result<()> {
    let map = candle_nn::VarMap::new();
    for (name, shape) in [("b.weight", vec![2, 3]), ("a.bias", vec![3])] {
        map.get(shape, name, candle_nn::Init::Const(1.0), DType::F32, &CPU)?;
    }
    let all = Parameter::from_varmap(&map);
    let seen: Vec<_> = all
        .iter()
        .map(|p| (p.name.as_str(), p.decay, p.rate))
        .collect();
    assert_eq!(seen, [("a.bias", false, 1.0), ("b.weight", true, 1.0)]);
    Ok(())
}

#[test]
fn no_gradients_have_norm_zero() -> Result<()> {
    assert_eq!(Gradients::default().norm()?, 0.0);
    Ok(())
}
