//! Mixing inside a tagger, its partners, and what it learns.

use candle_core::{Device, Tensor};
use candle_mixup::metrics::{Metric, Scores};
use candle_mixup::schedule::{Pairing, Schedule};
use candle_mixup::text::TokenBatch;
use candle_mixup::train::{neighbours, passes, scores, token_logits, train};
use candle_mixup::{
    Blend, Error, Loss, MixPlan, MixTap, Pairs, RecordTap, Reordered, Result, RowSource, Site,
    Tapped,
};

use super::made::{Made, TAGS, sentences, tagger};

/// Rows of one length, so that masks do not differ.
const ROWS: [[u32; 4]; 3] = [[5, 9, 17, 6], [5, 33, 21, 6], [5, 40, 7, 6]];

fn batch() -> Result<TokenBatch> {
    Ok(TokenBatch {
        ids: Tensor::new(&ROWS, &Device::Cpu)?,
        types: None,
        mask: Tensor::ones((3, 4), candle_core::DType::F32, &Device::Cpu)?,
    })
}

/// Row r is mixed with row r + 1.
fn plan(site: Site, weight: f64) -> Result<MixPlan> {
    let weights = vec![weight; 3];
    Ok(MixPlan {
        site,
        pairs: Pairs::new(vec![0, 1, 2], vec![1, 2, 0], weights.clone(), weights)?,
        blend: Blend::Linear,
        residue: None,
        loaded: vec![],
    })
}

fn rows(logits: &Tensor) -> Result<Vec<Vec<f32>>> {
    Ok(logits.flatten_from(1)?.to_vec2()?)
}

#[test]
fn sites_are_those_of_an_encoder_without_the_pooled_one() -> Result<()> {
    let (model, _) = tagger()?;
    let mut tap = RecordTap::new(&[]);
    let logits = model.forward(&batch()?, &mut tap)?;
    assert_eq!(logits.dims(), [3, 4, TAGS]);
    let met: Vec<Site> = tap.flows().iter().map(|(site, _)| *site).collect();
    assert_eq!(met, model.sites());
    assert_eq!(met, [Site::Embedding, Site::Hidden(1), Site::Hidden(2)]);
    assert!(tap.flows().iter().all(|(_, flow)| flow.mask.is_some()));
    Ok(())
}

#[test]
fn weight_one_is_the_row_weight_zero_the_partner_and_the_last_site_is_linear() -> Result<()> {
    let (model, _) = tagger()?;
    let plain = rows(&model.forward(&batch()?, &mut ())?)?;
    for site in model.sites() {
        let mixed = |weight: f64| -> Result<Vec<Vec<f32>>> {
            let plan = plan(site, weight)?;
            let mut tap = MixTap::new(Some(&plan));
            let logits = model.forward(&batch()?, &mut tap)?;
            tap.finish(&model.sites())?;
            rows(&logits)
        };
        assert_eq!(mixed(1.0)?, plain, "{site}");
        let partners: Vec<_> = (0..3).map(|r| plain[(r + 1) % 3].clone()).collect();
        assert_eq!(mixed(0.0)?, partners, "{site}");
        let half = mixed(0.25)?;
        let gap = |r: usize| {
            let cells = half[r].iter().zip(plain[r].iter().zip(&partners[r]));
            cells
                .map(|(m, (a, b))| (m - (0.25 * a + 0.75 * b)).abs())
                .fold(0.0, f32::max)
        };
        let largest = (0..3).map(gap).fold(0.0, f32::max);
        match site {
            Site::Hidden(2) => assert!(largest < 1e-5, "{largest}"),
            _ => assert!(largest > 3e-5, "{site}: {largest}"),
        }
    }
    Ok(())
}

#[test]
fn the_nearest_sentence_is_the_one_with_the_same_words_whatever_its_batch() -> Result<()> {
    let (model, _) = tagger()?;
    // The last sentence repeats the first, and 64 rows run together.
    let mut made = sentences(12);
    let more: Vec<_> = (0..60).map(|i| made[1 + i % 10].clone()).collect();
    made.extend(more);
    made.push(made[0].clone());
    let made = Made::new(&made)?;
    let last = made.rows.len() as u32 - 1;
    let found = neighbours(&model, &made.source, &made.rows, 1)?;
    assert_eq!((found[0][0], found[last as usize][0]), (last, 0));
    Ok(())
}

fn trained(preset: &str, made: &Made, steps: u64) -> Result<(Scores, Vec<Vec<f32>>, f64)> {
    let (model, weights) = tagger()?;
    let settings = made.settings(steps);
    let scheduler = made.scheduler(preset, &model, &settings)?;
    let near = match scheduler.schedule().partner {
        Pairing::Nearest { k, .. } => Some(neighbours(&model, &made.source, &made.rows, k)?),
        _ => None,
    };
    let job = made.job(&model, &weights, &scheduler, near.as_deref(), &settings);
    let outcome = train(job, &mut (), None)?;
    let carriers = |row: u32| {
        made.encoded.pieces[row as usize]
            .iter()
            .map(|p| p.start)
            .collect()
    };
    let logits = token_logits(&model, &made.source, &made.rows, carriers)?;
    let mixed = outcome.history.iter().map(|point| point.mixed).sum::<f64>();
    let scores = scores(&model, &made.source, &made.labels, &made.rows)?;
    Ok((scores, logits, mixed / outcome.history.len() as f64))
}

#[test]
fn every_way_of_training_learns_the_tags_and_mixes_when_it_should() -> Result<()> {
    let made = Made::new(&sentences(24))?;
    let before = {
        let (model, _) = tagger()?;
        scores(&model, &made.source, &made.labels, &made.rows)?
    };
    assert!(before.get(Metric::EntityF1).expect("taken") < 0.9);
    for (preset, share) in [
        ("none", 0.0),
        ("smoothing", 0.0),
        ("mixup", 1.0),
        ("lada", 1.0),
        ("lada-intra", 1.0),
    ] {
        let (scores, _, mixed) = trained(preset, &made, 500)?;
        let f1 = scores.get(Metric::EntityF1).expect("taken");
        assert!(f1 > 0.95, "{preset}: {f1}");
        assert_eq!(mixed, share, "{preset}");
    }
    Ok(())
}

#[test]
fn a_run_repeats_bit_for_bit_and_mixing_changes_it() -> Result<()> {
    let made = Made::new(&sentences(24))?;
    let of = |preset| trained(preset, &made, 6);
    assert_eq!(of("lada")?.1, of("lada")?.1);
    assert_eq!(of("lada-intra")?.1, of("lada-intra")?.1);
    assert_ne!(of("lada")?.1, of("none")?.1);
    assert_ne!(of("lada-intra")?.1, of("none")?.1);
    Ok(())
}

/// Each loaded row is the batch's own row, its words in the plan's order, pieces together, tags with them.
#[test]
fn reordered_rows_take_their_pieces_and_their_tags_along() -> Result<()> {
    let texts: Vec<(String, Vec<u32>)> = (0..10)
        .map(|i| {
            (
                format!("a{i} b{i} c{i} d{i} e{i}").replace('9', "x"),
                vec![1, 2, 3],
            )
        })
        .collect();
    // Words of two, one and two tokens; the blank between two tokens is part of the word.
    let words = texts.iter().map(|_| vec![0..5, 6..8, 9..14]).collect();
    let made = Made::with_words(&texts, words)?;
    assert_eq!(made.encoded.pieces[0], [0..2, 2..3, 3..5]);
    let (model, weights) = tagger()?;
    let settings = made.settings(4);
    let scheduler = made.scheduler("lada-intra", &model, &settings)?;
    let job = made.job(&model, &weights, &scheduler, None, &settings);
    let mut moved = 0;
    for step in 0..4 {
        for pass in passes(&job, step)? {
            let plan = pass.plan.expect("every step mixes");
            let Blend::Reordered(Reordered { orders }) = &plan.blend else {
                panic!("{:?}", plan.blend);
            };
            let n = pass.rows;
            assert_eq!(pass.incoming[..n], pass.incoming[n..]);
            let partners: Vec<u32> = (n as u32..2 * n as u32).collect();
            assert_eq!(plan.pairs.partner(), partners);
            let ids = pass.fed.input.ids.to_vec2::<u32>()?;
            let width = pass.targets.len() / (2 * n);
            for r in 0..n {
                let pieces = &made.encoded.pieces[pass.incoming[r] as usize];
                let from: Vec<u32> = orders[r]
                    .iter()
                    .flat_map(|&w| pieces[w as usize].clone())
                    .collect();
                moved += usize::from(from != [0, 1, 2, 3, 4]);
                let own = &pass.targets[r * width..][..width];
                let reordered = &pass.targets[(n + r) * width..][..width];
                for (to, &from) in from.iter().enumerate() {
                    let from = from as usize;
                    assert_eq!(ids[n + r][to], ids[r][from]);
                    assert_eq!(reordered[to * TAGS..][..TAGS], own[from * TAGS..][..TAGS]);
                }
            }
        }
    }
    assert!(moved > 10, "{moved} of 20 rows were reordered");
    Ok(())
}

#[test]
fn a_sentence_by_itself_is_its_own_partner() -> Result<()> {
    let made = Made::new(&sentences(13))?;
    let (model, weights) = tagger()?;
    let mut settings = made.settings(4);
    settings.batch = 1;
    let scheduler = made.scheduler("lada-intra", &model, &settings)?;
    let job = made.job(&model, &weights, &scheduler, None, &settings);
    for step in 0..4 {
        let pass = passes(&job, step)?.remove(0);
        let plan = pass.plan.as_ref().expect("mixed with its own words");
        assert!(!pass.skipped && pass.rows == 1);
        assert_eq!(pass.incoming, [pass.incoming[0]; 2]);
        assert!(matches!(plan.blend, Blend::Reordered(_)));
    }
    let scheduler = made.scheduler("lada", &model, &settings)?;
    let near = neighbours(&model, &made.source, &made.rows, 5)?;
    let job = made.job(&model, &weights, &scheduler, Some(&near), &settings);
    assert!(passes(&job, 0)?[0].plan.is_none());
    Ok(())
}

/// A source that knows no words.
struct Plain<'a>(&'a Made);

impl RowSource for Plain<'_> {
    type Input = TokenBatch;

    fn len(&self) -> usize {
        self.0.rows.len()
    }

    fn batch(&self, rows: &[u32]) -> Result<TokenBatch> {
        self.0.source.batch(rows)
    }
}

#[test]
fn words_are_not_reordered_where_nobody_knows_them() -> Result<()> {
    let made = Made::new(&sentences(10))?;
    let (model, weights) = tagger()?;
    let settings = made.settings(2);
    let scheduler = made.scheduler("lada-intra", &model, &settings)?;
    let known = made.job(&model, &weights, &scheduler, None, &settings);
    let job = candle_mixup::train::Job {
        source: &Plain(&made),
        model: &model,
        weights: &weights,
        parameters: weights.parameters(),
        labels: known.labels,
        train: known.train,
        validation: &[],
        scheduler: &scheduler,
        neighbours: None,
        replay: None,
        settings: &settings,
        device: &Device::Cpu,
    };
    let error = train(job, &mut (), None).expect_err("the source knows no words");
    let words = "the rows' source cannot load them with their words in another order";
    assert_eq!(error.to_string(), words);
    Ok(())
}

#[test]
fn what_cannot_be_reordered_is_refused() -> Result<()> {
    let twice = Reordered {
        orders: vec![vec![0, 0]],
    };
    assert!(twice.check(1).is_err() && twice.check(2).is_err());
    let error = twice
        .tokens(0, &[0..1, 1..2], 2)
        .expect_err("no permutation");
    let words = "an order of words: expected each of 2 words once, got [0, 0]";
    assert_eq!(error.to_string(), words);
    let fine = Reordered {
        orders: vec![vec![1, 0]],
    };
    assert!(fine.check(1).is_ok() && fine.tokens(0, std::slice::from_ref(&(0..1)), 1).is_err());
    let made = Made::new(&sentences(10))?;
    let (model, _) = tagger()?;
    let settings = made.settings(2);
    let checked = |json: &str| -> Result<String> {
        let task = candle_mixup::schedule::Task {
            domain: candle_mixup::schedule::Domain::Text,
            kind: candle_mixup::schedule::TaskKind::Tags,
            class_counts: Vec::new(),
            rows: 10,
            steps: settings.steps(10),
            epochs: 1,
            seed: 0,
            features: None,
            image: None,
        };
        let error = Schedule::from_json(json)?.check(&model.sites(), &task);
        Ok(error.expect_err("refused").to_string())
    };
    let pairing = "the pairing \"reordered\" needs";
    assert_eq!(
        checked(r#"{"partner": "reordered", "mode": "add-to"}"#)?,
        format!("{pairing} the mode \"replace\"")
    );
    assert_eq!(
        checked(r#"{"partner": "reordered", "blend": "columns"}"#)?,
        format!("{pairing} the blend \"linear\"")
    );
    assert!(matches!(
        Loss::CrossEntropy.of(
            &Tensor::zeros((2, 3, 5), candle_core::DType::F32, &Device::Cpu)?,
            &Tensor::zeros((2, 3, 5), candle_core::DType::F32, &Device::Cpu)?,
            None
        ),
        Err(Error::Shape { .. })
    ));
    Ok(())
}
