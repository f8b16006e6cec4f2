//! Text models against reference forward passes, through files of every kind, and with every broken one.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use candle_mixup::nn::{Pretrained, Weights, backward};
use candle_mixup::text::{
    Cnn, CnnConfig, CnnSettings, EncodedTexts, Encoder, EncoderConfig, Freeze, MAX_TOKENS,
    ModelFiles, Pooling, Start, TokenBatch, Tokenizer, VocabularySettings, WordVectors,
    encoder_weights,
};
use candle_mixup::{Error, RecordTap, Result, Site, Tapped};
use serde::Deserialize;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Written by tests/data/text_reference.py.
fn reference<T: serde::de::DeserializeOwned>(name: &str) -> T {
    let text =
        fs::read_to_string(folder("tests/data").join(name)).expect("it is in the repository");
    serde_json::from_str(&text).expect("it is whole")
}

fn open(folder: &Path, pooling: Pooling) -> Result<Encoder> {
    let files = ModelFiles::find(folder)?;
    encoder(&files.config, folder, pooling)
}

fn encoder(config: &Path, weights: &Path, pooling: Pooling) -> Result<Encoder> {
    let config = EncoderConfig::open(config)?;
    let pretrained = encoder_weights(weights, config.family, Start::Pretrained)?;
    let weights = Weights::new(0, &Device::Cpu).with_pretrained(Arc::new(pretrained));
    Encoder::load(&weights, &config, pooling, 2, Start::Pretrained)
}

fn pooled(model: &impl Tapped<Input = TokenBatch>, batch: &TokenBatch) -> Result<Vec<Vec<f32>>> {
    let mut tap = RecordTap::new(&[Site::Pooled]);
    model.forward(batch, &mut tap)?;
    Ok(tap.flows()[0].1.x.to_vec2()?)
}

#[track_caller]
fn close(got: &[Vec<f32>], expected: &[Vec<f32>], tolerance: f32) {
    assert_eq!(got.len(), expected.len());
    for (g, e) in got.iter().zip(expected) {
        assert_eq!(g.len(), e.len());
        for (g, e) in g.iter().zip(e) {
            assert!((g - e).abs() <= tolerance, "{g} is not {e}");
        }
    }
}

#[derive(Deserialize)]
struct Texts {
    texts: Vec<String>,
    pairs: Vec<String>,
}

#[derive(Deserialize)]
struct Shipped {
    mean: Vec<Vec<f32>>,
    cls: Vec<Vec<f32>>,
    pair_mean: Vec<Vec<f32>>,
}

fn whole(texts: &EncodedTexts) -> Result<TokenBatch> {
    let rows: Vec<u32> = (0..texts.len() as u32).collect();
    TokenBatch::new(texts, &rows, &Device::Cpu)
}

#[test]
fn the_shipped_encoder_equals_the_reference() -> Result<()> {
    let (texts, expected): (Texts, Shipped) =
        (reference("text_tokens.json"), reference("text_minilm.json"));
    let shipped = folder("models/minilm-l3");
    let files = ModelFiles::find(&shipped)?;
    let tokenizer = Tokenizer::open(files.tokenizer, MAX_TOKENS)?;
    let single = tokenizer.encode(&texts.texts, None)?;
    let pairs = tokenizer.encode(&texts.texts, Some(&texts.pairs))?;
    let mean = open(&shipped, Pooling::Mean)?;
    tokenizer.check_embedding(mean.config().vocabulary)?;
    close(&pooled(&mean, &whole(&single)?)?, &expected.mean, 1e-4);
    close(&pooled(&mean, &whole(&pairs)?)?, &expected.pair_mean, 1e-4);
    let cls = open(&shipped, Pooling::Cls)?;
    close(&pooled(&cls, &whole(&single)?)?, &expected.cls, 1e-4);
    // alone, without padding, a row is what it is in a batch
    let alone = TokenBatch::new(&single, &[1], &Device::Cpu)?;
    close(&pooled(&mean, &alone)?, &expected.mean[1..2], 1e-4);
    Ok(())
}

#[derive(Deserialize)]
struct Tiny {
    rows: Vec<Vec<u32>>,
    #[serde(flatten)]
    families: HashMap<String, TinyPooled>,
}

#[derive(Deserialize)]
struct TinyPooled {
    mean: Vec<Vec<f32>>,
    cls: Vec<Vec<f32>>,
}

fn tiny(name: &str) -> PathBuf {
    folder("tests/data").join(format!("tiny-{name}"))
}

fn tiny_encoder(name: &str, pooling: Pooling) -> Result<Encoder> {
    encoder(&tiny(name).join("config.json"), &tiny(name), pooling)
}

fn batch(rows: &[Vec<u32>], pad: u32) -> Result<TokenBatch> {
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    let shape = (rows.len(), width);
    let at = |r: &Vec<u32>, t: usize| r.get(t).copied();
    let ids: Vec<u32> = rows
        .iter()
        .flat_map(|r| (0..width).map(move |t| at(r, t).unwrap_or(pad)))
        .collect();
    let mask: Vec<f32> = rows
        .iter()
        .flat_map(|r| (0..width).map(move |t| f32::from(u8::from(t < r.len()))))
        .collect();
    Ok(TokenBatch {
        ids: Tensor::from_vec(ids, shape, &Device::Cpu)?,
        types: None,
        mask: Tensor::from_vec(mask, shape, &Device::Cpu)?,
    })
}

/// tiny-bert: tanh GELU, no prefix, a pooler; tiny-roberta: prefix, offset positions, one type, a head of two layers;
/// tiny-distilbert: its own names, ReLU, no types.
#[test]
fn every_family_equals_the_reference() -> Result<()> {
    let expected: Tiny = reference("text_tiny.json");
    for (name, e) in &expected.families {
        let model = tiny_encoder(name, Pooling::Mean)?;
        let batch = batch(&expected.rows, model.config().pad)?;
        close(&pooled(&model, &batch)?, &e.mean, 1e-5);
        close(
            &pooled(&tiny_encoder(name, Pooling::Cls)?, &batch)?,
            &e.cls,
            1e-5,
        );
    }
    assert_eq!(expected.families.len(), 3);
    Ok(())
}

fn write(path: &Path, tensors: &BTreeMap<String, Tensor>) {
    let tensors: HashMap<String, Tensor> = tensors.clone().into_iter().collect();
    candle_core::safetensors::save(&tensors, path).expect("the folder is writable");
}

fn tiny_tensors(name: &str) -> Result<BTreeMap<String, Tensor>> {
    let file = tiny(name).join("model.safetensors");
    Ok(candle_core::safetensors::load(file, &Device::Cpu)?
        .into_iter()
        .collect())
}

#[test]
fn shards_and_half_precision_load() -> Result<()> {
    let expected: Tiny = reference("text_tiny.json");
    let e = &expected.families["bert"].mean;
    let config = tiny("bert").join("config.json");
    let out = tempfile::tempdir().expect("a temporary folder");
    let tensors = tiny_tensors("bert")?;
    let half = tensors.len() / 2;
    let mut map = serde_json::Map::new();
    for (i, (name, _)) in tensors.iter().enumerate() {
        let shard = if i < half {
            "a.safetensors"
        } else {
            "b.safetensors"
        };
        map.insert(name.clone(), shard.into());
    }
    let part = |range: &mut dyn Iterator<Item = (&String, &Tensor)>| {
        range
            .map(|(n, t)| (n.clone(), t.clone()))
            .collect::<BTreeMap<_, _>>()
    };
    write(
        &out.path().join("a.safetensors"),
        &part(&mut tensors.iter().take(half)),
    );
    write(
        &out.path().join("b.safetensors"),
        &part(&mut tensors.iter().skip(half)),
    );
    let index = serde_json::json!({ "weight_map": map }).to_string();
    fs::write(out.path().join("model.safetensors.index.json"), index).expect("writable");
    let rows = batch(&expected.rows, 0)?;
    close(
        &pooled(&encoder(&config, out.path(), Pooling::Mean)?, &rows)?,
        e,
        1e-5,
    );
    for (dtype, tolerance) in [(DType::F16, 2e-2), (DType::BF16, 2e-1)] {
        let file = out.path().join("half.safetensors");
        let halved = tensors
            .iter()
            .map(|(n, t)| Ok((n.clone(), t.to_dtype(dtype)?)))
            .collect::<Result<_>>()?;
        write(&file, &halved);
        close(
            &pooled(&encoder(&config, &file, Pooling::Mean)?, &rows)?,
            e,
            tolerance,
        );
    }
    Ok(())
}

#[test]
fn prefixes_and_old_names_load() -> Result<()> {
    let expected: Tiny = reference("text_tiny.json");
    let out = tempfile::tempdir().expect("a temporary folder");
    let file = out.path().join("old.safetensors");
    let old = tiny_tensors("bert")?
        .into_iter()
        .map(|(name, t)| {
            let name = name
                .replace("LayerNorm.weight", "LayerNorm.gamma")
                .replace("LayerNorm.bias", "LayerNorm.beta");
            (format!("bert.{name}"), t)
        })
        .collect();
    write(&file, &old);
    let model = encoder(&tiny("bert").join("config.json"), &file, Pooling::Mean)?;
    let rows = batch(&expected.rows, 0)?;
    close(
        &pooled(&model, &rows)?,
        &expected.families["bert"].mean,
        1e-5,
    );
    Ok(())
}

#[test]
fn missing_and_misshapen_weights_are_named() -> Result<()> {
    let out = tempfile::tempdir().expect("a temporary folder");
    let config = tiny("bert").join("config.json");
    let file = out.path().join("model.safetensors");
    let name = "encoder.layer.1.attention.self.key.weight";
    let mut tensors = tiny_tensors("bert")?;
    tensors.insert(
        name.into(),
        Tensor::zeros((16, 8), DType::F32, &Device::Cpu)?,
    );
    write(&file, &tensors);
    match encoder(&config, &file, Pooling::Mean) {
        Err(Error::Weight {
            name: n, problem, ..
        }) => {
            assert_eq!(n, name);
            assert!(
                problem.contains("[16, 16]") && problem.contains("[16, 8]"),
                "{problem}"
            );
        }
        other => panic!("{other:?}"),
    }
    tensors.remove(name);
    write(&file, &tensors);
    match encoder(&config, &file, Pooling::Mean) {
        Err(Error::Weight {
            name: n, problem, ..
        }) => {
            assert_eq!(n, name);
            assert!(problem.contains("missing"), "{problem}");
        }
        other => panic!("{other:?}"),
    }
    // weights of another family
    let e = encoder(
        &tiny("distilbert").join("config.json"),
        &tiny("bert"),
        Pooling::Mean,
    );
    assert!(matches!(e, Err(Error::Weight { .. })), "{e:?}");
    let other = BTreeMap::from([("a".into(), Tensor::zeros(1, DType::F32, &Device::Cpu)?)]);
    write(&file, &other);
    let e = encoder(&config, &file, Pooling::Mean);
    assert!(matches!(e, Err(Error::File { .. })), "{e:?}");
    Ok(())
}

#[test]
fn a_truncated_model_file() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let bytes = fs::read(tiny("bert").join("model.safetensors")).expect("it is there");
    let file = out.path().join("model.safetensors");
    for length in [0, 4, 100, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&file, &bytes[..length]).expect("the folder is writable");
        let e = encoder(&tiny("bert").join("config.json"), &file, Pooling::Mean);
        assert!(matches!(e, Err(Error::File { .. })), "{length}: {e:?}");
    }
}

#[test]
fn a_model_folder_that_lacks_a_file() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let e = ModelFiles::find(out.path().join("none"));
    assert!(matches!(e, Err(Error::Io { .. })), "{e:?}");
    for (next, missing) in [
        ("config.json", "config.json"),
        ("tokenizer.json", "tokenizer.json"),
        ("model.safetensors", "model.safetensors"),
    ] {
        match ModelFiles::find(out.path()) {
            Err(Error::File { problem, .. }) => assert!(problem.contains(missing), "{problem}"),
            other => panic!("{other:?}"),
        }
        fs::write(out.path().join(next), "").expect("the folder is writable");
    }
    assert!(ModelFiles::find(out.path()).is_ok());
    assert!(ModelFiles::find(out.path().join("config.json")).is_err());
}

#[test]
fn configurations_that_cannot_be() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let path = out.path().join("config.json");
    let good = fs::read_to_string(tiny("bert").join("config.json")).expect("it is there");
    let changes: [(&str, serde_json::Value, &str); 9] = [
        ("model_type", "gpt2".into(), "gpt2"),
        ("model_type", serde_json::Value::Null, "model_type"),
        ("hidden_size", 0.into(), "hidden_size"),
        ("num_attention_heads", 3.into(), "3 heads"),
        ("hidden_act", "swish".into(), "swish"),
        ("hidden_dropout_prob", 1.into(), "[0, 1)"),
        ("layer_norm_eps", (-1).into(), "positive"),
        ("position_embedding_type", "relative_key".into(), "absolute"),
        ("pooling", "max".into(), "mean or cls"),
    ];
    for (field, value, word) in changes {
        let mut json: serde_json::Value = serde_json::from_str(&good).expect("it is JSON");
        json[field] = value;
        fs::write(&path, json.to_string()).expect("the folder is writable");
        let e = EncoderConfig::open(&path).expect_err(field);
        assert!(
            matches!(e, Error::File { .. }) && e.to_string().contains(word),
            "{e}"
        );
    }
    fs::write(&path, "{").expect("the folder is writable");
    assert!(matches!(
        EncoderConfig::open(&path),
        Err(Error::File { .. })
    ));
}

#[test]
fn a_saved_model_gives_the_same_logits_in_a_fresh_one() -> Result<()> {
    let config = EncoderConfig::open(tiny("roberta").join("config.json"))?;
    assert_eq!(config.classes.as_ref().map(Vec::len), Some(3));
    let pretrained = encoder_weights(tiny("roberta"), config.family, Start::Pretrained)?;
    assert!(
        pretrained
            .names()
            .all(|n| !n.starts_with("classifier") && !n.starts_with("roberta"))
    );
    let weights = Weights::new(5, &Device::Cpu).with_pretrained(Arc::new(pretrained));
    let model = Encoder::load(&weights, &config, Pooling::Cls, 4, Start::Pretrained)?;
    let rows = batch(&reference::<Tiny>("text_tiny.json").rows, config.pad)?;
    let logits = model.forward(&rows, &mut ())?.to_vec2::<f32>()?;
    let out = tempfile::tempdir().expect("a temporary folder");
    write(&out.path().join("model.safetensors"), &weights.tensors()?);
    let names: Vec<String> = ["a", "b", "c", "d"].map(String::from).to_vec();
    let json = config.to_json(&names, false, Pooling::Cls);
    fs::write(out.path().join("config.json"), json).expect("the folder is writable");

    let config = EncoderConfig::open(out.path().join("config.json"))?;
    assert_eq!(
        (config.classes.clone(), config.pooling),
        (Some(names), Pooling::Cls)
    );
    let saved = encoder_weights(out.path(), config.family, Start::Saved)?;
    let weights = Weights::new(99, &Device::Cpu).with_pretrained(Arc::new(saved));
    let fresh = Encoder::load(&weights, &config, config.pooling, 4, Start::Saved)?;
    assert_eq!(fresh.forward(&rows, &mut ())?.to_vec2::<f32>()?, logits);
    let e = Encoder::load(
        &Weights::new(0, &Device::Cpu).with_pretrained(Arc::new(encoder_weights(
            tiny("roberta"),
            config.family,
            Start::Saved,
        )?)),
        &config,
        Pooling::Cls,
        4,
        Start::Saved,
    );
    assert!(matches!(e, Err(Error::Weight { .. })), "{e:?}");
    Ok(())
}

#[test]
fn a_row_longer_than_the_positions() -> Result<()> {
    for name in ["bert", "roberta"] {
        let model = tiny_encoder(name, Pooling::Mean)?;
        let positions = model.config().positions();
        assert_eq!(positions, if name == "bert" { 24 } else { 22 });
        let row = |n: usize| batch(&[vec![5; n]], model.config().pad);
        assert!(model.forward(&row(positions)?, &mut ()).is_ok());
        let e = model.forward(&row(positions + 1)?, &mut ());
        assert!(matches!(e, Err(Error::Shape { .. })), "{e:?}");
    }
    Ok(())
}

fn trainable(freeze: Option<&str>) -> Result<Vec<String>> {
    let config = EncoderConfig::open(tiny("bert").join("config.json"))?;
    let pretrained = encoder_weights(tiny("bert"), config.family, Start::Pretrained)?;
    let mut weights = Weights::new(0, &Device::Cpu).with_pretrained(Arc::new(pretrained));
    if let Some(freeze) = freeze {
        weights = weights.freeze(freeze.parse::<Freeze>()?.matcher(&config)?);
    }
    let model = Encoder::load(&weights, &config, Pooling::Mean, 2, Start::Pretrained)?;
    let rows = batch(&reference::<Tiny>("text_tiny.json").rows, 0)?;
    let loss = model.forward(&rows, &mut ())?.sqr()?.sum_all()?;
    let parameters = weights.parameters();
    // every trainable weight is reached: an unused pooler is none, and frozen ones are not given out for training
    backward(&loss, &parameters)?.check(&parameters, 0)?;
    Ok(parameters.into_iter().map(|p| p.name).collect())
}

#[test]
fn freezing() -> Result<()> {
    let all = trainable(None)?;
    assert!(all.iter().any(|n| n == "embeddings.word_embeddings.weight"));
    assert!(all.iter().all(|n| !n.starts_with("pooler")));
    let rest = |prefixes: &[&str]| -> Vec<String> {
        let frozen = |n: &String| prefixes.iter().any(|p| n.starts_with(p));
        all.iter().filter(|n| !frozen(n)).cloned().collect()
    };
    assert_eq!(trainable(Some("embeddings"))?, rest(&["embeddings."]));
    assert_eq!(
        trainable(Some("1"))?,
        rest(&["embeddings.", "encoder.layer.0."])
    );
    let head = trainable(Some("2"))?;
    assert!(!head.is_empty() && head.iter().all(|n| n.starts_with("classifier")));
    assert!(matches!(trainable(Some("3")), Err(Error::Setting { .. })));
    assert!(matches!(trainable(Some("all")), Err(Error::Setting { .. })));
    Ok(())
}

fn cnn(vectors: Option<&WordVectors>, seed: u64) -> Result<(Cnn, Weights, CnnConfig)> {
    let settings = CnnSettings {
        width: 6,
        filters: 4,
        ..CnnSettings::default()
    };
    let config = settings.check(12)?;
    let mut weights = Weights::new(seed, &Device::Cpu);
    if let Some(vectors) = vectors {
        weights = weights.with_pretrained(Arc::new(config.with_vectors(vectors, seed)?));
    }
    Ok((Cnn::load(&weights, &config, 3)?, weights, config))
}

#[test]
fn the_cnn_takes_texts_of_any_length() -> Result<()> {
    let (model, _, _) = cnn(None, 1)?;
    let rows = [vec![2, 3, 4, 5, 6, 7, 8], vec![2], vec![9, 9]];
    let together = model
        .forward(&batch(&rows, 0)?, &mut ())?
        .to_vec2::<f32>()?;
    for (row, logits) in rows.iter().zip(&together) {
        let alone = model.forward(&batch(std::slice::from_ref(row), 0)?, &mut ())?;
        close(&alone.to_vec2()?, std::slice::from_ref(logits), 1e-5);
    }
    Ok(())
}

/// The pooled features of one row, computed by hand from the definition.
#[test]
fn the_cnn_equals_its_definition() -> Result<()> {
    let (model, weights, _) = cnn(None, 3)?;
    let row = [2usize, 7, 4, 11];
    let got = pooled(&model, &batch(&[row.map(|i| i as u32).to_vec()], 0)?)?;
    let tensors = weights.tensors()?;
    let words = tensors["embedding.weight"].to_vec2::<f32>()?;
    let mut expected = Vec::new();
    for window in [3usize, 4, 5] {
        let filters = tensors[&format!("convolution{window}.weight")].to_vec3::<f32>()?;
        for filter in filters {
            let value = |t: usize| -> f32 {
                (0..window)
                    .filter_map(|k| {
                        let at = (t + k).checked_sub((window - 1) / 2)?;
                        let word = &words[*row.get(at)?];
                        Some(filter[k].iter().zip(word).map(|(a, b)| a * b).sum::<f32>())
                    })
                    .sum::<f32>()
                    .max(0.0)
            };
            expected.push((0..row.len()).map(value).fold(0.0, f32::max));
        }
    }
    close(&got, &[expected], 1e-6);
    Ok(())
}

#[test]
fn a_saved_cnn_gives_the_same_logits_in_a_fresh_one() -> Result<()> {
    let (model, weights, config) = cnn(None, 1)?;
    let rows = batch(&[vec![2, 3, 4, 5], vec![7]], 0)?;
    let logits = model.forward(&rows, &mut ())?.to_vec2::<f32>()?;
    let out = tempfile::tempdir().expect("a temporary folder");
    let names: Vec<String> = ["a", "b", "c"].map(String::from).to_vec();
    let path = out.path().join("config.json");
    fs::write(&path, config.to_json(&names, true)).expect("the folder is writable");
    write(&out.path().join("model.safetensors"), &weights.tensors()?);
    assert!(CnnConfig::is_cnn(&path));
    assert!(!CnnConfig::is_cnn(tiny("bert").join("config.json")));
    let config = CnnConfig::open(&path)?;
    assert_eq!(config.classes(), Some(names.as_slice()));
    let fresh = Weights::new(77, &Device::Cpu);
    let model = Cnn::load(&fresh, &config, 3)?;
    assert_ne!(model.forward(&rows, &mut ())?.to_vec2::<f32>()?, logits);
    fresh.load(&Pretrained::open(out.path())?)?;
    assert_eq!(model.forward(&rows, &mut ())?.to_vec2::<f32>()?, logits);
    assert!(matches!(
        CnnConfig::open(tiny("bert").join("config.json")),
        Err(Error::File { .. })
    ));
    Ok(())
}

#[test]
fn cnn_settings_that_cannot_be() {
    let settings = CnnSettings::default();
    for wrong in [
        CnnSettings {
            width: 0,
            ..settings.clone()
        },
        CnnSettings {
            filters: 0,
            ..settings.clone()
        },
        CnnSettings {
            windows: vec![],
            ..settings.clone()
        },
        CnnSettings {
            windows: vec![3, 3],
            ..settings.clone()
        },
        CnnSettings {
            windows: vec![0],
            ..settings.clone()
        },
        CnnSettings {
            dropout: f64::NAN,
            ..settings.clone()
        },
        CnnSettings {
            dropout: 1.0,
            ..settings.clone()
        },
    ] {
        let e = wrong.check(10);
        assert!(matches!(e, Err(Error::Setting { .. })), "{e:?}");
    }
    assert!(settings.check(0).is_err());
}

fn vectors(content: &str) -> Result<WordVectors> {
    let out = tempfile::tempdir().expect("a temporary folder");
    let path = out.path().join("vectors.txt");
    fs::write(&path, content).expect("the folder is writable");
    let texts = ["cat dog", "cat ,"];
    let words = Tokenizer::learn(&texts, &VocabularySettings::default(), 8)?.words();
    WordVectors::read(path, &words)
}

#[test]
fn word_vectors_are_read() -> Result<()> {
    let glove = "the 0 0 0 0 0 0\n. . . 1 1 1 1 1 1\ncat 1 2 3 4 5 -6e-1\n, 6 5 4 3 2 1\n";
    let read = vectors(glove)?;
    assert_eq!((read.width(), read.found()), (6, 2));
    let table = read.table(12, 4)?.to_vec2::<f32>()?;
    assert_eq!(table[2], [1., 2., 3., 4., 5., -0.6]);
    assert!(table[4].iter().all(|v| v.abs() <= 0.25) && table[4] != table[5]);
    assert_eq!(table, read.table(12, 4)?.to_vec2::<f32>()?);
    let with_header = vectors(&format!("4 6\n{glove}"))?;
    assert_eq!(with_header.found(), 2);
    let (_, weights, _) = cnn(Some(&read), 4)?;
    assert_eq!(
        weights.tensors()?["embedding.weight"].to_vec2::<f32>()?,
        table
    );
    let other = CnnSettings {
        width: 5,
        ..CnnSettings::default()
    }
    .check(12)?;
    assert!(matches!(
        other.with_vectors(&read, 0),
        Err(Error::Setting { .. })
    ));
    Ok(())
}

#[test]
fn word_vectors_that_cannot_be_read() {
    for (content, at) in [
        ("a 1 2\ncat 1 2 3\n", 2),
        ("a 1 2\nb 1 2\n\ncat 1\n", 4),
        ("a 1 2\ncat 1 x\n", 2),
        ("a 1 2\ncat 1 NaN\n", 2),
    ] {
        match vectors(content) {
            Err(Error::Cell { line, expected, .. }) => {
                assert_eq!(line, at, "{content:?}");
                assert!(expected.contains("2 numbers"), "{expected}");
            }
            other => panic!("{other:?}"),
        }
    }
    for content in ["", "a 1 2\n", "2 2\n"] {
        assert!(
            matches!(vectors(content), Err(Error::File { .. })),
            "{content:?}"
        );
    }
}
