//! The table models: their sites, their weights, and the FT-Transformer against its authors' own.

use std::collections::BTreeMap;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use candle_mixup::nn::{AdamW, AdamWSettings, Gradients, Pretrained, Weights, backward};
use candle_mixup::random::{Purpose, Stream};
use candle_mixup::table::{
    LinearSettings, MlpSettings, TableBatch, TableModel, TableModelSettings, TableShape,
    TransformerSettings,
};
use candle_mixup::{
    Blend, DropoutKeys, Error, Flow, Loss, MixPlan, MixTap, Pairs, RecordTap, Result, Site, Tap,
    Tapped, mix, one_hot,
};
use rayon::ThreadPoolBuilder;
use serde::Deserialize;

const OUTPUTS: usize = 3;

fn models() -> [TableModelSettings; 3] {
    [
        TableModelSettings::Linear(LinearSettings::default()),
        TableModelSettings::Mlp(MlpSettings {
            hidden: vec![9, 7],
            ..MlpSettings::default()
        }),
        TableModelSettings::Transformer(TransformerSettings {
            width: 8,
            heads: 2,
            ..TransformerSettings::default()
        }),
    ]
}

/// Numbers and categories, numbers alone, categories alone.
fn shapes() -> [TableShape; 3] {
    let shape = |numeric: &[usize], categories: &[usize]| TableShape {
        numeric: numeric.to_vec(),
        categories: categories.to_vec(),
    };
    [
        shape(&[1, 2, 1], &[3, 4]),
        shape(&[1, 3], &[]),
        shape(&[], &[5, 2, 3]),
    ]
}

fn batch(shape: &TableShape, rows: usize) -> Result<TableBatch> {
    let mut draw = Stream::new(3, Purpose::Order, 0);
    let cells = shape.cells();
    let numbers: Vec<f32> = (0..rows * cells)
        .map(|_| 4.0 * draw.unit() as f32 - 2.0)
        .collect();
    let codes: Vec<u32> = (0..rows)
        .flat_map(|_| shape.categories.clone())
        .map(|count| draw.below(count) as u32)
        .collect();
    Ok(TableBatch {
        numbers: Tensor::from_vec(numbers, (rows, cells), &Device::Cpu)?,
        codes: Tensor::from_vec(codes, (rows, shape.categories.len()), &Device::Cpu)?,
    })
}

fn model(
    settings: &TableModelSettings,
    shape: &TableShape,
    seed: u64,
) -> Result<(TableModel, Weights)> {
    let weights = Weights::new(seed, &Device::Cpu);
    Ok((
        TableModel::load(&weights, settings, shape, OUTPUTS)?,
        weights,
    ))
}

/// Does `check` for every model on every shape, with a batch of five rows.
fn everywhere(
    check: impl Fn(&TableModel, &Weights, &TableShape, &TableBatch) -> Result<()>,
) -> Result<()> {
    for settings in models() {
        for shape in shapes() {
            let (model, weights) = model(&settings, &shape, 1)?;
            check(&model, &weights, &shape, &batch(&shape, 5)?)?;
        }
    }
    Ok(())
}

fn plain(model: &TableModel, rows: &TableBatch) -> Result<Vec<Vec<f32>>> {
    Ok(model.forward(rows, &mut ())?.to_vec2()?)
}

fn plan(site: Site, weight: &[f64], partner: &[u32]) -> Result<MixPlan> {
    let own = (0..weight.len() as u32).collect();
    Ok(MixPlan {
        site,
        pairs: Pairs::new(own, partner.to_vec(), weight.to_vec(), weight.to_vec())?,
        blend: Blend::Linear,
        residue: None,
        loaded: Vec::new(),
    })
}

const WEIGHT: [f64; 5] = [0.7, 0.25, 1.0, 0.5, 0.0];
const PARTNER: [u32; 5] = [3, 0, 4, 1, 2];

fn mixed(model: &TableModel, rows: &TableBatch, site: Site) -> Result<Vec<Vec<f32>>> {
    let plan = plan(site, &WEIGHT, &PARTNER)?;
    let mut tap = MixTap::new(Some(&plan));
    let logits = model.forward(rows, &mut tap)?.to_vec2()?;
    tap.finish(&model.sites())?;
    Ok(logits)
}

fn close(a: &[Vec<f32>], b: &[Vec<f32>], tolerance: f32) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().flatten().zip(b.iter().flatten()) {
        assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "{a} {b}");
    }
}

/// Mixes, then records.
struct Both<'a>(MixTap<'a>, RecordTap);

impl Tap for Both<'_> {
    fn at(&mut self, site: Site, flow: Flow) -> Result<Flow> {
        let flow = self.0.at(site, flow)?;
        self.1.at(site, flow)
    }
}

/// What passes the sites.
fn flows(model: &TableModel, rows: &TableBatch) -> Result<Vec<(Site, Tensor)>> {
    let mut tap = RecordTap::new(&[]);
    model.forward(rows, &mut tap)?;
    let flows = tap.flows().iter();
    Ok(flows.map(|(site, flow)| (*site, flow.x.clone())).collect())
}

#[test]
fn sites_come_in_their_order_and_shape() -> Result<()> {
    everywhere(|model, _, shape, rows| {
        let flows = flows(model, rows)?;
        let seen: Vec<Site> = flows.iter().map(|(site, _)| *site).collect();
        assert_eq!(seen, model.sites());
        let features = model.features();
        let flat: usize = features.widths.iter().sum();
        assert_eq!(flows[0].1.dims(), [5, flat]);
        assert_eq!(features.widths.len(), shape.features());
        assert_eq!(features.widths[..shape.numeric.len()], shape.numeric);
        let tokens: usize = features.tokens.iter().sum();
        if let TableModel::Transformer(_) = model {
            assert_eq!(flows[1].1.dims(), [5, tokens, features.token_width]);
            assert_eq!(features.tokens.len(), shape.features());
            assert_eq!(flows[2].1.dims(), [5, 1 + tokens, 8]);
            assert_eq!(flows[3].1.dims(), [5, 1, 8]);
            assert_eq!(flows[4].1.dims(), [5, 8]);
        } else {
            assert_eq!((tokens, features.token_width), (0, 0));
            assert_eq!(flows[1].1.dims(), [5, flat]);
        }
        Ok(())
    })
}

#[test]
fn the_head_on_the_pooled_vectors_is_the_model() -> Result<()> {
    everywhere(|model, weights, _, rows| {
        let flows = flows(model, rows)?;
        let pooled = &flows[flows.len() - 1].1;
        assert_eq!(model.head(pooled)?.to_vec2::<f32>()?, plain(model, rows)?);
        let names: Vec<String> = weights.parameters().into_iter().map(|p| p.name).collect();
        for name in model.head_names() {
            assert!(names.iter().any(|n| n == name), "{names:?}");
        }
        Ok(())
    })
}

#[test]
fn the_head_can_be_trained_alone() -> Result<()> {
    for settings in models() {
        let [shape, ..] = shapes();
        let names = model(&settings, &shape, 1)?.0.head_names();
        let weights = Weights::new(1, &Device::Cpu).freeze(move |name| !names.contains(&name));
        let model = TableModel::load(&weights, &settings, &shape, OUTPUTS)?;
        let parameters = weights.parameters();
        let trained: Vec<&str> = parameters.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(trained, ["head.bias", "head.weight"]);
        let loss = model
            .forward(&batch(&shape, 5)?, &mut ())?
            .sqr()?
            .sum_all()?;
        assert!(
            backward(&loss, &parameters)?
                .check(&parameters, 0)?
                .is_empty()
        );
    }
    Ok(())
}

fn gradients(
    model: &TableModel,
    weights: &Weights,
    rows: &TableBatch,
    tap: &mut dyn Tap,
) -> Result<Gradients> {
    let loss = model.forward(rows, tap)?.sqr()?.sum_all()?;
    backward(&loss, &weights.parameters())
}

#[test]
fn every_weight_has_a_gradient() -> Result<()> {
    everywhere(|model, weights, _, rows| {
        let keys = DropoutKeys::new(1, 1);
        let mut tap = MixTap::new(None).training(keys);
        let gradients = gradients(model, weights, rows, &mut tap)?;
        let zero = gradients.check(&weights.parameters(), 0)?;
        assert!(zero.is_empty(), "{zero:?}");
        Ok(())
    })
}

/// With weight 0 the loss depends on the partner alone, and below the site every weight still learns from it.
#[test]
fn the_partner_alone_teaches_everything() -> Result<()> {
    everywhere(|model, weights, _, rows| {
        for site in model.sites() {
            let plan = plan(site, &[0.0; 5], &[1; 5])?;
            let gradients = gradients(model, weights, rows, &mut MixTap::new(Some(&plan)))?;
            let zero = gradients.check(&weights.parameters(), 0)?;
            assert!(zero.is_empty(), "{site}: {zero:?}");
        }
        Ok(())
    })
}

#[test]
fn off_is_the_plain_model_bit_for_bit() -> Result<()> {
    everywhere(|model, _, _, rows| {
        let logits = plain(model, rows)?;
        let off = model.forward(rows, &mut MixTap::new(None))?;
        assert_eq!(off.to_vec2::<f32>()?, logits);
        for site in model.sites() {
            let own = plan(site, &[1.0; 5], &PARTNER)?;
            let own = model.forward(rows, &mut MixTap::new(Some(&own)))?;
            assert_eq!(own.to_vec2::<f32>()?, logits, "{site}");
            let partner = plan(site, &[0.0; 5], &PARTNER)?;
            let partner = model.forward(rows, &mut MixTap::new(Some(&partner)))?;
            let expected: Vec<Vec<f32>> = PARTNER
                .iter()
                .map(|p| logits[*p as usize].clone())
                .collect();
            close(&partner.to_vec2()?, &expected, 1e-6);
            assert_ne!(mixed(model, rows, site)?, logits, "{site}");
        }
        assert_eq!(plain(model, rows)?, logits);
        Ok(())
    })
}

#[test]
fn mixing_numbers_beforehand_equals_mixing_at_the_input() -> Result<()> {
    let [_, shape, _] = shapes();
    for settings in models() {
        let (model, _) = model(&settings, &shape, 1)?;
        let rows = batch(&shape, 5)?;
        let pairs = plan(Site::Input, &WEIGHT, &PARTNER)?.pairs;
        let before = TableBatch {
            numbers: mix(&rows.numbers, &pairs, &Blend::Linear)?,
            ..rows.clone()
        };
        assert_eq!(plain(&model, &before)?, mixed(&model, &rows, Site::Input)?);
    }
    Ok(())
}

/// The table of each categorical feature.
fn tables(weights: &Weights, shape: &TableShape, model: &TableModel) -> Result<Vec<Tensor>> {
    let all = weights.tensors()?;
    let mut tables = Vec::new();
    let mut start = 0;
    for (i, count) in shape.categories.iter().enumerate() {
        tables.push(match model {
            TableModel::Linear(_) => one_hot(
                &(0..*count as u32).collect::<Vec<_>>(),
                *count,
                &Device::Cpu,
            )?,
            TableModel::Mlp(_) => all[&format!("categories.{i}.weight")].clone(),
            TableModel::Transformer(_) => all["categories.weight"].narrow(0, start, *count)?,
        });
        start += count;
    }
    Ok(tables)
}

#[test]
fn mixing_at_the_input_equals_embedding_soft_categories() -> Result<()> {
    everywhere(|model, weights, shape, rows| {
        let plan = plan(Site::Input, &WEIGHT, &PARTNER)?;
        let mut tap = Both(MixTap::new(Some(&plan)), RecordTap::new(&[Site::Input]));
        model.forward(rows, &mut tap)?;
        let mut parts = Vec::new();
        if shape.cells() > 0 {
            parts.push(mix(&rows.numbers, &plan.pairs, &Blend::Linear)?);
        }
        for (i, table) in tables(weights, shape, model)?.iter().enumerate() {
            let codes = rows
                .codes
                .narrow(1, i, 1)?
                .flatten_all()?
                .to_vec1::<u32>()?;
            let soft = one_hot(&codes, shape.categories[i], &Device::Cpu)?;
            parts.push(mix(&soft, &plan.pairs, &Blend::Linear)?.matmul(table)?);
        }
        let expected = Tensor::cat(&parts, 1)?.to_vec2::<f32>()?;
        close(&tap.1.flows()[0].1.x.to_vec2()?, &expected, 1e-6);
        Ok(())
    })
}

#[test]
fn sites_between_which_the_model_is_linear_agree() -> Result<()> {
    // Of categories alone few rows differ, and all of them may lie on one side of every kink.
    let bent = |shape: &TableShape, a: Vec<Vec<f32>>, b: Vec<Vec<f32>>| {
        let differences = a.iter().flatten().zip(b.iter().flatten());
        let most = differences.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(shape.cells() == 0 || most > 1e-4, "{most}");
    };
    everywhere(|model, _, shape, rows| {
        let at = |site| mixed(model, rows, site);
        match model {
            TableModel::Linear(_) => {
                assert_eq!(at(Site::Input)?, at(Site::Embedding)?);
                assert_eq!(at(Site::Input)?, at(Site::Pooled)?);
                let pairs = plan(Site::Input, &WEIGHT, &PARTNER)?.pairs;
                let logits = mix(&model.forward(rows, &mut ())?, &pairs, &Blend::Linear)?;
                close(&at(Site::Input)?, &logits.to_vec2()?, 1e-5);
            }
            TableModel::Mlp(_) => {
                assert_eq!(at(Site::Input)?, at(Site::Embedding)?);
                assert_eq!(at(Site::Hidden(2))?, at(Site::Pooled)?);
                bent(shape, at(Site::Input)?, at(Site::Hidden(1))?);
            }
            TableModel::Transformer(_) => {
                close(&at(Site::Input)?, &at(Site::Embedding)?, 1e-5);
                bent(shape, at(Site::Embedding)?, at(Site::Hidden(1))?);
                bent(shape, at(Site::Hidden(2))?, at(Site::Pooled)?);
            }
        }
        Ok(())
    })
}

#[test]
fn a_site_that_is_not_there_is_named() -> Result<()> {
    let [shape, ..] = shapes();
    let (model, _) = model(&models()[0], &shape, 1)?;
    let e = mixed(&model, &batch(&shape, 5)?, Site::Hidden(1));
    assert!(matches!(e, Err(Error::NoSite { .. })), "{e:?}");
    Ok(())
}

#[test]
fn weights_go_into_a_fresh_model() -> Result<()> {
    for settings in models() {
        for shape in shapes() {
            let rows = batch(&shape, 5)?;
            let (first, weights) = model(&settings, &shape, 1)?;
            let logits = plain(&first, &rows)?;
            let saved = Pretrained::from_map("saved", weights.tensors()?)?;
            let (fresh, others) = model(&settings, &shape, 2)?;
            assert_ne!(plain(&fresh, &rows)?, logits);
            others.load(&saved)?;
            assert_eq!(plain(&fresh, &rows)?, logits);
            let given = Weights::new(3, &Device::Cpu).with_pretrained(Arc::new(saved));
            let built = TableModel::load(&given, &settings, &shape, OUTPUTS)?;
            assert_eq!(plain(&built, &rows)?, logits);
        }
    }
    Ok(())
}

#[test]
fn a_weight_of_another_shape_is_named() -> Result<()> {
    let [shape, ..] = shapes();
    for settings in models() {
        let (_, weights) = model(&settings, &shape, 1)?;
        let saved = Pretrained::from_map("saved", weights.tensors()?)?;
        let given = Weights::new(3, &Device::Cpu).with_pretrained(Arc::new(saved));
        match TableModel::load(&given, &settings, &shape, OUTPUTS + 1) {
            Err(Error::Weight { name, .. }) => assert_eq!(name, "head.weight"),
            other => panic!("{other:?}"),
        }
    }
    Ok(())
}

#[test]
fn rows_do_not_see_each_other() -> Result<()> {
    everywhere(|model, _, _, rows| {
        let logits = plain(model, rows)?;
        let order = Tensor::new(&[4u32, 2, 0, 1, 3], &Device::Cpu)?;
        let shuffled = TableBatch {
            numbers: rows.numbers.index_select(&order, 0)?,
            codes: rows.codes.index_select(&order, 0)?,
        };
        let expected = [4, 2, 0, 1, 3].map(|i: usize| logits[i].clone());
        close(&plain(model, &shuffled)?, &expected, 1e-6);
        for count in [1, 2, 3] {
            let first = TableBatch {
                numbers: rows.numbers.narrow(0, 0, count)?,
                codes: rows.codes.narrow(0, 0, count)?,
            };
            close(&plain(model, &first)?, &logits[..count], 1e-6);
        }
        Ok(())
    })
}

#[test]
fn one_row_trains() -> Result<()> {
    everywhere(|model, weights, shape, _| {
        let rows = batch(shape, 1)?;
        let gradients = gradients(model, weights, &rows, &mut ())?;
        gradients.check(&weights.parameters(), 0)?;
        Ok(())
    })
}

#[test]
fn the_thread_count_changes_no_bit() -> Result<()> {
    let shape = TableShape {
        numeric: vec![1; 13],
        categories: vec![7, 30, 2],
    };
    let rows = batch(&shape, 67)?;
    for settings in models() {
        let bits = |threads: usize| -> Result<Vec<Vec<f32>>> {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("a thread pool can be made").install(|| {
                let (model, weights) = model(&settings, &shape, 1)?;
                let mut tap = MixTap::new(None).training(DropoutKeys::new(1, 1));
                let gradients = gradients(&model, &weights, &rows, &mut tap)?;
                let names = weights.parameters().into_iter().map(|p| p.name);
                let of = |name: String| gradients.get(&name).transpose().expect("checked above");
                names
                    .map(|name| Ok(of(name)?.flatten_all()?.to_vec1()?))
                    .collect()
            })
        };
        let one = bits(1)?;
        assert!(one == bits(2)? && one == bits(3)?, "{settings:?}");
    }
    Ok(())
}

#[test]
fn dropout_follows_its_keys() -> Result<()> {
    everywhere(|model, _, _, rows| {
        let with = |counter| -> Result<Vec<Vec<f32>>> {
            let mut tap = MixTap::new(None).training(DropoutKeys::new(1, counter));
            Ok(model.forward(rows, &mut tap)?.to_vec2()?)
        };
        assert_eq!(with(1)?, with(1)?);
        let linear = matches!(model, TableModel::Linear(_));
        assert_eq!(with(1)? == with(2)?, linear);
        assert_eq!(with(1)? == plain(model, rows)?, linear);
        Ok(())
    })
}

fn initial(
    settings: &TableModelSettings,
    shape: &TableShape,
    seed: u64,
) -> Result<BTreeMap<String, Vec<f32>>> {
    let tensors = model(settings, shape, seed)?.1.tensors()?.into_iter();
    tensors
        .map(|(name, t)| Ok((name, t.flatten_all()?.to_vec1()?)))
        .collect()
}

#[test]
fn weights_start_from_seed_and_name_alone() -> Result<()> {
    let [shape, ..] = shapes();
    for settings in models() {
        let (one, other) = (
            initial(&settings, &shape, 1)?,
            initial(&settings, &shape, 2)?,
        );
        assert_eq!(one, initial(&settings, &shape, 1)?);
        for (name, values) in &one {
            assert!(values.iter().all(|v| v.abs() <= 1.0), "{name}");
            let constant = values.len() > 1 && values.iter().all(|v| *v == values[0]);
            assert_eq!(constant, *values == other[name], "{name}");
        }
    }
    let blocks = |blocks| {
        TableModelSettings::Transformer(TransformerSettings {
            blocks,
            ..TransformerSettings::default()
        })
    };
    let deeper = initial(&blocks(3), &shape, 1)?;
    for (name, values) in initial(&blocks(2), &shape, 1)? {
        assert_eq!(values, deeper[&name], "{name}");
    }
    Ok(())
}

fn refused(settings: &TableModelSettings, shape: &TableShape, outputs: usize, word: &str) {
    match settings.check(shape, outputs) {
        Err(e @ Error::Setting { .. }) => assert!(e.to_string().contains(word), "{e}"),
        other => panic!("{word}: {other:?}"),
    }
    let weights = Weights::new(0, &Device::Cpu);
    assert!(TableModel::load(&weights, settings, shape, outputs).is_err());
}

#[test]
fn settings_that_cannot_be() {
    let [shape, ..] = shapes();
    for settings in models() {
        let none = TableShape {
            numeric: vec![],
            categories: vec![],
        };
        refused(&settings, &shape, 0, "outputs");
        refused(&settings, &none, 1, "features");
        for (numeric, categories, word) in [(0, 3, "cells"), (1, 0, "categories")] {
            let empty = TableShape {
                numeric: vec![1, numeric],
                categories: vec![categories],
            };
            refused(&settings, &empty, 1, word);
        }
    }
    for (json, word) in [
        (r#"{"mlp": {"hidden": []}}"#, "hidden layers"),
        (r#"{"mlp": {"hidden": [3, 0]}}"#, "hidden layer"),
        (r#"{"mlp": {"category_width": 0}}"#, "category_width"),
        (r#"{"mlp": {"dropout": 1.0}}"#, "dropout"),
        (r#"{"mlp": {"dropout": -0.1}}"#, "dropout"),
        (
            r#"{"mlp": {"activation": {"leaky-relu": {"slope": 0}}}}"#,
            "slope",
        ),
        (r#"{"transformer": {"blocks": 0}}"#, "blocks"),
        (r#"{"transformer": {"width": 0}}"#, "width"),
        (r#"{"transformer": {"heads": 0}}"#, "heads"),
        (r#"{"transformer": {"heads": 5}}"#, "divisor"),
        (r#"{"transformer": {"feed_forward": 0.01}}"#, "feed_forward"),
        (r#"{"transformer": {"feed_forward": -1}}"#, "feed_forward"),
        (r#"{"transformer": {"feed_forward": 1e30}}"#, "feed_forward"),
        (
            r#"{"transformer": {"attention_dropout": 1}}"#,
            "attention_dropout",
        ),
        (r#"{"transformer": {"dropout": 2}}"#, "dropout"),
    ] {
        let settings: TableModelSettings = serde_json::from_str(json).expect(json);
        refused(&settings, &shape, 2, word);
    }
    for json in [
        r#"{"mlp": {"layers": 2}}"#,
        r#"{"linear": {"width": 2}}"#,
        r#"{"forest": {}}"#,
    ] {
        assert!(serde_json::from_str::<TableModelSettings>(json).is_err());
    }
}

#[test]
fn settings_are_written_as_they_are_read() {
    for json in [
        r#"{"linear":{}}"#,
        r#"{"mlp":{"hidden":[4],"activation":"gelu","dropout":0.0,"category_width":2}}"#,
        r#"{"mlp":{"hidden":[4],"activation":{"leaky-relu":{"slope":0.01}},"dropout":0.0,"category_width":null}}"#,
    ] {
        let settings: TableModelSettings = serde_json::from_str(json).expect(json);
        assert_eq!(serde_json::to_string(&settings).expect("plain data"), json);
    }
    for (json, settings) in [
        (r#"{"mlp":{}}"#, TableModelSettings::default()),
        (
            r#"{"transformer":{}}"#,
            TableModelSettings::Transformer(TransformerSettings::default()),
        ),
    ] {
        let read: TableModelSettings = serde_json::from_str(json).expect(json);
        assert_eq!(read, settings);
    }
}

/// ⌈1.6·n^0.56⌉ and 16 at most: 3 for 2, 6 for 10.
#[test]
fn vectors_of_categories_grow_with_their_number() -> Result<()> {
    let shape = TableShape {
        numeric: vec![2],
        categories: vec![1, 2, 10, 1000],
    };
    let (model, _) = model(&TableModelSettings::default(), &shape, 1)?;
    assert_eq!(model.features().widths, [2, 2, 3, 6, 16]);
    Ok(())
}

#[test]
fn batches_of_another_shape_are_refused() -> Result<()> {
    let [shape, numbers, _] = shapes();
    for settings in models() {
        let (model, _) = model(&settings, &shape, 1)?;
        let rows = batch(&shape, 5)?;
        let fewer = TableBatch {
            codes: rows.codes.narrow(0, 0, 4)?,
            ..rows.clone()
        };
        let outside = TableBatch {
            codes: Tensor::full(3u32, (5, 2), &Device::Cpu)?,
            ..rows
        };
        for wrong in [fewer, outside, batch(&numbers, 5)?] {
            let e = model.forward(&wrong, &mut ());
            assert!(matches!(e, Err(Error::Shape { .. })), "{e:?}");
        }
    }
    Ok(())
}

/// Accuracy on the training rows after some steps of AdamW.
fn learn(
    settings: &TableModelSettings,
    shape: &TableShape,
    rows: &TableBatch,
    classes: &[u32],
    steps: u64,
) -> Result<f64> {
    let weights = Weights::new(5, &Device::Cpu);
    let model = TableModel::load(&weights, settings, shape, 2)?;
    let parameters = weights.parameters();
    let mut optimiser = AdamW::new(parameters.clone(), AdamWSettings::default())?;
    let targets = one_hot(classes, 2, &Device::Cpu)?;
    for step in 0..steps {
        let mut tap = MixTap::new(None).training(DropoutKeys::new(5, step));
        let loss = Loss::CrossEntropy.of(&model.forward(rows, &mut tap)?, &targets, None)?;
        optimiser.step(&backward(&loss, &parameters)?, 1e-2)?;
    }
    let logits = plain(&model, rows)?;
    let right = logits.iter().zip(classes);
    let right = right.filter(|(l, class)| u32::from(l[1] > l[0]) == **class);
    Ok(right.count() as f64 / classes.len() as f64)
}

#[test]
fn the_mlp_learns_exclusive_or_and_the_linear_model_cannot() -> Result<()> {
    let shape = TableShape {
        numeric: vec![1, 1],
        categories: vec![],
    };
    let rows = batch(&shape, 200)?;
    let numbers = rows.numbers.to_vec2::<f32>()?;
    let classes: Vec<u32> = numbers
        .iter()
        .map(|x| u32::from((x[0] > 0.0) != (x[1] > 0.0)))
        .collect();
    let mlp = TableModelSettings::Mlp(MlpSettings {
        hidden: vec![32, 32],
        ..MlpSettings::default()
    });
    assert!(learn(&mlp, &shape, &rows, &classes, 200)? > 0.95);
    assert!(learn(&models()[0], &shape, &rows, &classes, 200)? < 0.7);
    Ok(())
}

#[test]
fn the_transformer_learns_a_rule_of_two_categories() -> Result<()> {
    let shape = TableShape {
        numeric: vec![],
        categories: vec![4, 5, 6],
    };
    let rows = batch(&shape, 200)?;
    let codes = rows.codes.to_vec2::<u32>()?;
    let classes: Vec<u32> = codes.iter().map(|c| (c[0] + c[2]) % 2).collect();
    let transformer = TableModelSettings::Transformer(TransformerSettings::default());
    assert!(learn(&transformer, &shape, &rows, &classes, 150)? > 0.95);
    Ok(())
}

#[derive(Deserialize)]
struct Reference {
    numbers: Vec<Vec<f32>>,
    codes: Vec<Vec<u32>>,
    loss_weights: Vec<Vec<f32>>,
    logits: Vec<Vec<f32>>,
    weights: BTreeMap<String, Values>,
    gradients: BTreeMap<String, Vec<f32>>,
}

#[derive(Deserialize)]
struct Values {
    shape: Vec<usize>,
    values: Vec<f32>,
}

/// By tests/data/table_reference.py.
#[test]
fn the_transformer_equals_its_authors() -> Result<()> {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/table_transformer.json"
    );
    let text = std::fs::read_to_string(file).expect("the file is there");
    let expected: Reference = serde_json::from_str(&text).expect("it is the reference");
    let shape = TableShape {
        numeric: vec![1, 2],
        categories: vec![3, 4],
    };
    let settings = TableModelSettings::Transformer(TransformerSettings {
        blocks: 3,
        width: 8,
        heads: 2,
        ..TransformerSettings::default()
    });
    let given = expected.weights.iter().map(|(name, w)| {
        let values = Tensor::from_vec(w.values.clone(), w.shape.clone(), &Device::Cpu)?;
        Ok((name.clone(), values))
    });
    let given = Pretrained::from_map(file, given.collect::<Result<_>>()?)?;
    let (model, weights) = model(&settings, &shape, 1)?;
    weights.load(&given)?;
    let rows = TableBatch {
        numbers: Tensor::new(expected.numbers, &Device::Cpu)?,
        codes: Tensor::new(expected.codes, &Device::Cpu)?,
    };
    let logits = model.forward(&rows, &mut ())?;
    close(&logits.to_vec2()?, &expected.logits, 1e-5);
    let loss = (logits * Tensor::new(expected.loss_weights, &Device::Cpu)?)?.sum_all()?;
    let gradients = backward(&loss, &weights.parameters())?;
    let mut checked = 0;
    for parameter in weights.parameters() {
        let own = gradients
            .get(&parameter.name)?
            .expect("every weight is reached");
        let names = parts(&parameter.name);
        let theirs = names.iter().flat_map(|n| &expected.gradients[n]);
        let theirs: Vec<f32> = theirs.copied().collect();
        close(&[own.flatten_all()?.to_vec1()?], &[theirs], 1e-4);
        checked += names.len();
    }
    assert_eq!(checked, expected.gradients.len());
    Ok(())
}

/// The names of a weight's parts: `a.b.c+d` is `a.b.c` and `a.b.d`, `a.b.c+d.c` is `a.b.c` and `a.d.c`.
fn parts(name: &str) -> Vec<String> {
    let Some((first, rest)) = name.split_once('+') else {
        return vec![name.to_string()];
    };
    let own = rest
        .split('+')
        .next()
        .map_or(0, |part| part.matches('.').count() + 1);
    let scope = first.rsplitn(own + 1, '.').last().unwrap_or_default();
    let rest = rest.split('+').map(|part| format!("{scope}.{part}"));
    [first.to_string()].into_iter().chain(rest).collect()
}
