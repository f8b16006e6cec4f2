//! Names, initial values, freezing, and model files: good, sharded and broken.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use candle_mixup::nn::{Embedding, Init, LayerNorm, Linear, Pretrained, Weights, backward};
use candle_mixup::{Error, Result};

const CPU: Device = Device::Cpu;
const NORMAL: Init = Init::Normal { std: 0.02 };

fn flat(x: &Tensor) -> Result<Vec<f32>> {
    Ok(x.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
}

fn ramp(shape: &[usize], start: f32) -> Result<Tensor> {
    let count: usize = shape.iter().product();
    let values = (0..count).map(|i| start + i as f32 * 0.5).collect();
    Ok(Tensor::from_vec::<_, f32>(values, shape, &CPU)?)
}

fn save(path: impl AsRef<Path>, tensors: &[(&str, Tensor)]) -> Result<()> {
    let map: HashMap<&str, Tensor> = tensors.iter().cloned().collect();
    Ok(candle_core::safetensors::save(&map, path)?)
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn write(path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
    std::fs::write(path, content).expect("a temporary file can be written");
}

#[test]
fn initial_values_depend_on_seed_and_name_only() -> Result<()> {
    let one = Weights::new(7, &CPU);
    let a = one.scope().at("a").get("weight", &[3, 4], NORMAL)?;
    let two = Weights::new(7, &CPU);
    two.scope().at("first").get("weight", &[5, 4], NORMAL)?;
    let b = two.scope().at("a").get("weight", &[3, 4], NORMAL)?;
    assert_eq!(flat(&a)?, flat(&b)?);
    let other = Weights::new(8, &CPU)
        .scope()
        .at("a")
        .get("weight", &[3, 4], NORMAL)?;
    assert_ne!(flat(&a)?, flat(&other)?);
    Ok(())
}

#[test]
fn a_name_asked_for_twice_is_one_weight() -> Result<()> {
    let weights = Weights::new(7, &CPU);
    let a = weights.scope().get("w", &[3, 4], NORMAL)?;
    let b = weights.scope().get("w", &[3, 4], NORMAL)?;
    assert_eq!(a.id(), b.id());
    let error = weights
        .scope()
        .get("w", &[4, 3], NORMAL)
        .expect_err("another shape");
    assert!(matches!(error, Error::Weight { name, .. } if name == "w"));
    Ok(())
}

#[test]
fn a_stacked_layer_is_its_parts_side_by_side() -> Result<()> {
    let apart = Weights::new(7, &CPU);
    let names = ["query", "key", "value"];
    let x = ramp(&[2, 4], -1.0)?;
    let parts = names.map(|name| Linear::load(&apart.scope().at(name), 4, 3, NORMAL)?.forward(&x));
    let parts = parts.into_iter().collect::<Result<Vec<_>>>()?;
    let stacked = Weights::new(7, &CPU);
    let whole = Linear::stacked(&stacked.scope(), &names, 4, 3, NORMAL)?.forward(&x)?;
    assert_eq!(flat(&whole)?, flat(&Tensor::cat(&parts, 1)?)?);

    let (a, b) = (apart.tensors()?, stacked.tensors()?);
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for (name, value) in &a {
        assert_eq!(value.dims(), b[name].dims(), "{name}");
        assert_eq!(flat(value)?, flat(&b[name])?, "{name}");
    }
    let decay: Vec<_> = stacked.parameters().iter().map(|p| p.decay).collect();
    assert_eq!(decay, [false, true]);
    Ok(())
}

#[test]
fn saved_weights_load_into_a_fresh_model() -> Result<()> {
    let build = |seed| -> Result<Weights> {
        let weights = Weights::new(seed, &CPU);
        let scope = weights.scope().at("layer.0");
        Linear::stacked(&scope, &["query", "key"], 4, 4, NORMAL)?;
        LayerNorm::load(&scope.at("LayerNorm"), 4, 1e-5)?;
        Embedding::load(&scope, "words.weight", 5, 4, NORMAL)?;
        Ok(weights)
    };
    let (first, second) = (build(1)?, build(2)?);
    second.load(&Pretrained::from_map("memory", first.tensors()?)?)?;
    for (name, value) in first.tensors()? {
        assert_eq!(flat(&value)?, flat(&second.tensors()?[&name])?, "{name}");
    }

    let mut lacking = first.tensors()?;
    lacking.remove("layer.0.key.bias");
    let before = flat(&second.tensors()?["layer.0.query.weight"])?;
    let lacking = Pretrained::from_map("memory", lacking)?;
    match build(3)?.load(&lacking) {
        Err(Error::Weight { name, problem, .. }) => {
            assert_eq!(
                (name.as_str(), problem.as_str()),
                ("layer.0.key.bias", "is missing")
            );
        }
        other => panic!("{other:?}"),
    }
    second.load(&lacking).expect_err("a weight is missing");
    assert_eq!(before, flat(&second.tensors()?["layer.0.query.weight"])?);
    Ok(())
}

#[test]
fn frozen_weights_are_no_parameters_and_get_no_gradient() -> Result<()> {
    let weights = Weights::new(1, &CPU).freeze(|name| name.starts_with("lower."));
    let scope = weights.scope();
    let lower = Linear::load(&scope.at("lower"), 4, 3, NORMAL)?;
    let table = Embedding::load(&scope.at("lower"), "words", 5, 4, NORMAL)?;
    let upper = Linear::load(&scope.at("upper"), 3, 2, NORMAL)?;
    let names: Vec<_> = weights.parameters().into_iter().map(|p| p.name).collect();
    assert_eq!(names, ["upper.bias", "upper.weight"]);
    let ids = Tensor::new(&[1u32, 4], &CPU)?;
    let hidden = lower.forward(&table.forward(&ids)?)?;
    assert!(!hidden.track_op());
    let loss = upper.forward(&hidden)?.sqr()?.sum_all()?;
    let parameters = weights.parameters();
    backward(&loss, &parameters)?.check(&parameters, 0)?;
    assert_eq!(weights.tensors()?.len(), 5);

    let half = Weights::new(1, &CPU).freeze(|name| name == "key.weight");
    let error = Linear::stacked(&half.scope(), &["query", "key"], 4, 4, NORMAL);
    assert!(matches!(error, Err(Error::Conflict(_))));
    Ok(())
}

#[test]
fn values_come_from_the_file_where_it_has_them() -> Result<()> {
    let folder = folder();
    let path = folder.path().join("model.safetensors");
    let weight = ramp(&[2, 3], 1.0)?;
    save(
        &path,
        &[
            ("bert.dense.gamma", weight.clone()),
            ("head", ramp(&[1], 0.0)?),
        ],
    )?;
    for source in [folder.path(), &path] {
        let file = Pretrained::open(source)?.rename(|name| {
            let name = name.strip_prefix("bert.")?;
            Some(name.replace("gamma", "weight"))
        });
        assert_eq!(file.names().collect::<Vec<_>>(), ["dense.weight"]);
        let weights = Weights::new(1, &CPU).with_pretrained(Arc::new(file));
        let scope = weights.scope().at("dense").required();
        assert_eq!(
            flat(&scope.get("weight", &[2, 3], NORMAL)?)?,
            flat(&weight)?
        );
        match scope.get("bias", &[2], Init::Zeros) {
            Err(Error::Weight {
                path,
                name,
                problem,
            }) => {
                assert_eq!(path, source);
                assert_eq!(
                    (name.as_str(), problem.as_str()),
                    ("dense.bias", "is missing")
                );
            }
            other => panic!("{other:?}"),
        }
        let head = weights.scope().get("head.weight", &[2], Init::Ones)?;
        assert_eq!(flat(&head)?, [1.0, 1.0]);
    }
    Ok(())
}

#[test]
fn a_misshapen_weight_is_refused_with_both_shapes() -> Result<()> {
    let map = BTreeMap::from([("w".to_string(), ramp(&[2, 3], 0.0)?)]);
    let file = Arc::new(Pretrained::from_map("model", map)?);
    let weights = Weights::new(1, &CPU).with_pretrained(file);
    let error = weights
        .scope()
        .get("w", &[3, 2], NORMAL)
        .expect_err("a shape");
    let message = error.to_string();
    assert!(
        message.contains("[2, 3]") && message.contains("[3, 2]"),
        "{message}"
    );
    Ok(())
}

#[test]
fn every_float_type_becomes_f32_and_whole_numbers_are_left_out() -> Result<()> {
    let folder = folder();
    let path = folder.path().join("model.safetensors");
    let x = ramp(&[2, 2], -1.0)?;
    let types = [DType::F32, DType::F64, DType::F16, DType::BF16];
    let mut all: Vec<_> = types
        .iter()
        .map(|t| Ok((t.as_str(), x.to_dtype(*t)?)))
        .collect::<Result<_>>()?;
    all.push(("position_ids", x.to_dtype(DType::I64)?));
    save(&path, &all)?;
    let file = Pretrained::open(&path)?;
    assert_eq!(file.names().count(), 4);
    for name in types.map(|t| t.as_str()) {
        let value = file.get(name).expect(name);
        assert_eq!(value.dtype(), DType::F32);
        assert_eq!(flat(value)?, flat(&x)?, "{name}");
    }
    Ok(())
}

#[test]
fn shards_are_read_as_one_model() -> Result<()> {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    save(at("a.safetensors"), &[("x", ramp(&[2], 0.0)?)])?;
    save(at("b.safetensors"), &[("y", ramp(&[3], 5.0)?)])?;
    let index = |map: &str| {
        write(
            at("model.safetensors.index.json"),
            format!("{{\"weight_map\":{map}}}"),
        )
    };
    index(r#"{"x":"a.safetensors","y":"b.safetensors"}"#);
    let file = Pretrained::open(folder.path())?;
    assert_eq!(file.names().collect::<Vec<_>>(), ["x", "y"]);

    index(r#"{"x":"a.safetensors","z":"b.safetensors"}"#);
    let error = Pretrained::open(folder.path()).expect_err("z is missing");
    assert!(
        matches!(&error, Error::Weight { name, .. } if name == "z"),
        "{error}"
    );
    index(r#"{"x":"a.safetensors","y":"c.safetensors"}"#);
    let error = Pretrained::open(folder.path()).expect_err("c is missing");
    assert!(matches!(error, Error::Io { .. }), "{error}");
    index(r#"{"x":"../a.safetensors"}"#);
    let error = Pretrained::open(folder.path()).expect_err("outside");
    assert!(matches!(error, Error::File { .. }), "{error}");
    index("[]");
    let error = Pretrained::open(folder.path()).expect_err("no map");
    assert!(matches!(error, Error::File { .. }), "{error}");
    Ok(())
}

#[test]
fn broken_and_missing_files_are_refused_by_path() -> Result<()> {
    let folder = folder();
    let path = folder.path().join("model.safetensors");
    let missing = Pretrained::open(&path).expect_err("no file");
    assert!(
        matches!(&missing, Error::Io { path: p, .. } if *p == path),
        "{missing}"
    );
    let empty = Pretrained::open(folder.path()).expect_err("an empty folder");
    assert!(empty.to_string().contains("model.safetensors"), "{empty}");

    save(&path, &[("x", ramp(&[100], 0.0)?)])?;
    let whole = std::fs::read(&path).expect("the file just written");
    let cuts = [0, 4, 8, 20, whole.len() - 1].map(|n| whole[..n].to_vec());
    let garbage = b"not a model at all, whatever its name says".to_vec();
    let longer = [&whole[..], &[0; 4]].concat();
    for content in cuts.into_iter().chain([garbage, longer]) {
        write(&path, &content);
        let error = Pretrained::open(&path).expect_err("a broken file");
        assert!(
            matches!(&error, Error::File { path: p, .. } if *p == path),
            "{error}"
        );
    }
    Ok(())
}
