//! Runs with spans and residues: what the model is asked, what is saved, and that a replay asks no more.

mod token_plans;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use candle_core::{DType, Device, Tensor, Var};
use candle_mixup::nn::Weights;
use candle_mixup::schedule::Schedule;
use candle_mixup::text::{Encoder, TextSource, TokenBatch};
use candle_mixup::train::{
    Job, Labels, Length, Outcome, PLANS, PlanLog, Plans, TargetKind, TrainSettings, Watcher,
    passes, scores, train,
};
use candle_mixup::{Blend, Error, Flow, MixPlan, Result, RowSource, Site, Tap, Tapped};
use token_plans::{encoder, flat, source, stretches, task, texts};

const LENGTHS: [usize; 13] = [14, 25, 9, 31, 18, 12, 22, 7, 11, 28, 16, 20, 13];

/// Counts passes that do not train.
struct Watched {
    inner: Encoder,
    asked: AtomicUsize,
}

impl Tapped for Watched {
    type Input = TokenBatch;

    fn sites(&self) -> Vec<Site> {
        self.inner.sites()
    }

    fn forward(&self, input: &TokenBatch, tap: &mut dyn Tap) -> Result<Tensor> {
        if !tap.trains() {
            self.asked.fetch_add(1, Ordering::Relaxed);
        }
        self.inner.forward(input, tap)
    }
}

/// Keeps the plans, and saves them where asked.
#[derive(Default)]
struct Keeps {
    plans: Vec<Option<MixPlan>>,
    log: Option<PlanLog>,
}

impl Watcher for Keeps {
    fn plan(&mut self, step: u64, plan: Option<&MixPlan>) -> Result<()> {
        self.plans.push(plan.cloned());
        self.log.as_mut().map_or(Ok(()), |log| log.add(step, plan))
    }
}

struct Ran {
    weights: Vec<Vec<f32>>,
    plans: Vec<Option<MixPlan>>,
    outcome: Outcome,
    asked: usize,
}

fn settings(rate: f64, accumulate: usize) -> TrainSettings {
    TrainSettings {
        length: Length::Steps(5),
        batch: 4,
        accumulate,
        rate,
        seed: 3,
        ..TrainSettings::default()
    }
}

/// Every text is of the class that its number's parity says.
fn labels() -> Result<Labels> {
    let targets =
        (0..LENGTHS.len()).flat_map(|r| (0..2).map(move |c| f32::from(u8::from(r % 2 == c))));
    Labels::new(TargetKind::SingleLabel, targets.collect(), 2)
}

/// What a run of the schedule does with a fresh model.
fn with_job<T>(
    schedule: Schedule,
    settings: &TrainSettings,
    replay: Option<&Plans>,
    work: impl FnOnce(Job<'_, Watched, TextSource>, &Weights) -> Result<T>,
) -> Result<T> {
    let encoded = texts(&LENGTHS, None);
    let (source, labels) = (source(&encoded), labels()?);
    let (inner, weights) = encoder(7);
    let model = Watched {
        inner,
        asked: AtomicUsize::new(0),
    };
    let rows: Vec<u32> = (0..LENGTHS.len() as u32).collect();
    let steps = settings.steps(rows.len()) * settings.accumulate as u64;
    let task = task(rows.len(), steps, settings.seed);
    let scheduler = schedule.check(&model.sites(), &task)?;
    let job = Job {
        model: &model,
        weights: &weights,
        parameters: weights.parameters(),
        source: &source,
        labels: &labels,
        train: &rows,
        validation: &[],
        scheduler: &scheduler,
        neighbours: None,
        replay,
        settings,
        device: &Device::Cpu,
    };
    work(job, &weights)
}

fn run(
    schedule: Schedule,
    settings: &TrainSettings,
    save: Option<&Path>,
    replay: Option<&Plans>,
) -> Result<Ran> {
    with_job(schedule, settings, replay, |job, weights| {
        let model = job.model;
        let mut keeps = Keeps {
            log: save.map(|folder| PlanLog::new(folder.join(PLANS), job.plan_header())),
            ..Keeps::default()
        };
        let outcome = train(job, &mut keeps, None)?;
        keeps.log.map_or(Ok(()), PlanLog::finish)?;
        Ok(Ran {
            weights: weights.tensors()?.values().map(flat).collect(),
            plans: keeps.plans,
            outcome,
            asked: model.asked.load(Ordering::Relaxed),
        })
    })
}

fn preset(name: &str) -> Schedule {
    Schedule::preset(name).expect("a preset")
}

fn written(json: &str) -> Schedule {
    Schedule::from_json(json).expect(json)
}

/// Spans by saliency with partners from outside the batch.
const LOADED: &str = r#"{"name": "loaded", "sites": "embedding", "partner": "uniform", "blend": {"span": {"ratio": 0.3}}}"#;
/// A residue on top of spans, and cutoffs that need to know how wide tokens are.
const BOTH: &str = r#"{"name": "both", "sites": "embedding", "blend": {"span": {"scattered": true}}, "residue": {"cutoff": {"of": "dimensions", "ratio": 0.3}}}"#;
const EITHER: &str =
    r#"{"name": "either", "sites": "embedding", "blend": {"either": ["linear", "span"]}}"#;

fn schedules() -> Vec<Schedule> {
    let presets = ["ssmix", "ssmix-random", "nfm", "neftune", "cutoff"].map(preset);
    let written = [LOADED, BOTH, EITHER].map(written);
    presets.into_iter().chain(written).collect()
}

#[test]
fn a_replay_gives_the_same_bits_and_asks_for_no_saliency() -> Result<()> {
    for schedule in schedules() {
        for accumulate in [1, 3] {
            let (settings, folder) = (
                settings(0.01, accumulate),
                tempfile::tempdir().expect("a folder"),
            );
            let drawn = run(schedule.clone(), &settings, Some(folder.path()), None)?;
            let plans = Plans::read(folder.path())?;
            assert_eq!(
                plans.plans(),
                drawn.plans,
                "what is saved is what was carried out"
            );
            let again = run(schedule.clone(), &settings, None, Some(&plans))?;
            let name = &schedule.name;
            assert_eq!(drawn.weights, again.weights, "{name}");
            assert_eq!(drawn.plans, again.plans, "{name}");
            let salient = drawn
                .plans
                .iter()
                .flatten()
                .filter(|plan| match plan.blend {
                    Blend::Span(_) => schedule.blend.needs_saliency(),
                    _ => false,
                });
            assert_eq!(drawn.asked, again.asked + salient.count(), "{name}");
            assert!(drawn.plans.iter().any(Option::is_some), "{name}");
        }
    }
    Ok(())
}

#[test]
fn every_method_changes_the_run_and_no_evaluation() -> Result<()> {
    let settings = settings(0.01, 1);
    let plain = run(preset("none"), &settings, None, None)?;
    assert!(plain.plans.iter().all(Option::is_none));
    for schedule in schedules() {
        let ran = run(schedule.clone(), &settings, None, None)?;
        assert_ne!(ran.weights, plain.weights, "{}", schedule.name);
    }
    // What is watched while a schedule mixes is what the kept weights score by themselves.
    let rows: Vec<u32> = (0..LENGTHS.len() as u32).collect();
    for schedule in schedules() {
        let name = schedule.name.clone();
        with_job(schedule, &settings, None, |job, _| {
            let (model, source, labels) = (job.model, job.source, job.labels);
            let job = Job {
                validation: &rows,
                ..job
            };
            let outcome = train(job, &mut (), None)?;
            let kept = outcome
                .history
                .iter()
                .find(|p| Some(p.step) == outcome.best_step);
            let watched = kept.and_then(|point| point.validation.as_ref());
            let alone = scores(model, source, labels, &rows)?;
            assert_eq!(
                watched.map(|scores| &scores.values),
                Some(&alone.values),
                "{name}"
            );
            Ok(())
        })?;
    }
    Ok(())
}

#[test]
fn runs_are_the_same_at_any_thread_count() -> Result<()> {
    let settings = settings(0.01, 1);
    for schedule in [preset("ssmix"), preset("nfm"), preset("neftune")] {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let run = || run(schedule.clone(), &settings, None, None);
            pool.expect("threads").install(run)
        };
        let (one, two) = (with(1)?, with(3)?);
        assert_eq!(one.plans, two.plans, "{}", schedule.name);
        assert_eq!(one.weights, two.weights, "{}", schedule.name);
    }
    Ok(())
}

/// The embedding as a leaf of the graph.
struct Leaf(Option<Var>);

impl Tap for Leaf {
    fn at(&mut self, site: Site, flow: Flow) -> Result<Flow> {
        if site != Site::Embedding {
            return Ok(flow);
        }
        let leaf = Var::from_tensor(&flow.x.detach())?;
        let x = leaf.as_tensor().clone();
        self.0 = Some(leaf);
        Ok(Flow { x, ..flow })
    }
}

/// ‖∂loss/∂embedding‖ of each token of one text: what it is in a batch of its own is what it is in any, but for a factor.
fn saliency(model: &Watched, source: &TextSource, row: u32) -> Result<Vec<f64>> {
    let mut leaf = Leaf(None);
    let z = model.inner.forward(&source.batch(&[row])?, &mut leaf)?;
    let class = row as usize % 2;
    // Cross entropy of two logits.
    let (own, other) = (z.narrow(1, class, 1)?, z.narrow(1, 1 - class, 1)?);
    let loss = ((other - own)?.exp()? + 1.0)?.log()?.sum_all()?;
    let store = loss.backward()?;
    let gradient = store
        .get(&leaf.0.expect("the site was met"))
        .expect("a gradient");
    let norms = gradient.to_dtype(DType::F64)?.sqr()?.sum(2)?.sqrt()?;
    Ok(norms.squeeze(0)?.to_vec1()?)
}

#[test]
fn spans_are_the_least_and_the_most_salient_ones_by_the_weights_of_the_step() -> Result<()> {
    let mut checked = 0;
    with_job(preset("ssmix"), &settings(0.01, 1), None, |job, _| {
        let known = stretches(job.source);
        let pass = passes(&job, 0)?.remove(0);
        let plan = pass.plan.as_ref().expect("mixed");
        assert!(pass.fed.mixed);
        let Blend::Span(spans) = &plan.blend else {
            panic!("no spans");
        };
        for (r, spans) in spans.rows().iter().enumerate() {
            let [span] = spans[..] else { continue };
            let means = |place: u32| -> Result<Vec<f64>> {
                let row = pass.incoming[place as usize];
                let scores = saliency(job.model, job.source, row)?;
                let runs = scores[known[row as usize][0].clone()].windows(span.width as usize);
                Ok(runs
                    .map(|run| run.iter().sum::<f64>() / run.len() as f64)
                    .collect())
            };
            let (own, partner) = (means(plan.pairs.own()[r])?, means(plan.pairs.partner()[r])?);
            let least = own.iter().copied().fold(f64::INFINITY, f64::min);
            let most = partner.iter().copied().fold(0.0, f64::max);
            // Padded batches round differently: what was chosen is an extreme to six digits.
            assert!(own[span.own as usize - 1] <= least * (1.0 + 1e-4));
            assert!(partner[span.partner as usize - 1] >= most * (1.0 - 1e-4));
            checked += 1;
        }
        Ok(())
    })?;
    assert_eq!(checked, 4, "both halves of the batch, both ways");
    Ok(())
}

#[test]
fn later_spans_follow_the_weights() -> Result<()> {
    let [still, moving] =
        [1e-12, 0.05].map(|rate| run(preset("ssmix"), &settings(rate, 1), None, None));
    let (still, moving) = (still?.plans, moving?.plans);
    assert_eq!(still[0], moving[0], "one model at the first step");
    assert_ne!(still, moving);
    for (a, b) in still.iter().flatten().zip(moving.iter().flatten()) {
        assert_eq!(a.pairs, b.pairs, "partners and weights ask no model");
    }
    Ok(())
}

#[test]
fn rows_without_a_span_are_counted() -> Result<()> {
    let json = r#"{"sites": "embedding", "blend": {"span": {"ratio": 0.6, "choice": "random"}}}"#;
    let ran = run(written(json), &settings(0.01, 1), None, None)?;
    let by_plan: usize = ran.plans.iter().flatten().map(MixPlan::unspanned).sum();
    assert!(by_plan > 0);
    assert_eq!(ran.outcome.unspanned, by_plan as u64);
    Ok(())
}

#[test]
fn a_single_row_gets_a_residue_and_no_partner() -> Result<()> {
    // 13 rows by fours: the fourth batch of the epoch has one.
    let settings = settings(0.01, 1);
    let ran = run(preset("neftune"), &settings, None, None)?;
    assert_eq!(ran.outcome.skipped, 0);
    assert!(ran.plans.iter().all(Option::is_some));
    assert!(ran.plans.iter().flatten().any(|plan| plan.pairs.len() == 1));
    let mixed = run(preset("mixup"), &settings, None, None)?;
    assert_eq!(mixed.outcome.skipped, 1);
    Ok(())
}

/// What is done to a saved plan.
type Edit = fn(&mut MixPlan);

#[test]
fn edited_spans_and_residues_are_refused_with_file_and_step() -> Result<()> {
    let settings = settings(0.01, 1);
    let edits: [(&str, Edit, &str); 4] = [
        (
            "ssmix-random",
            |p| p.site = Site::Hidden(1),
            "embedding, where the plan has spans",
        ),
        (
            "ssmix-random",
            |p| p.pairs = candle_mixup::Pairs::identity(1),
            "rows of spans: expected 1, one a pair",
        ),
        (
            "neftune",
            |p| {
                p.residue = Some(candle_mixup::Residue::Neftune {
                    alpha: -1.0,
                    key: 1,
                    rows: None,
                });
            },
            "residue.alpha must be at least 0",
        ),
        (
            "cutoff",
            |p| {
                let all = vec![vec![900]; p.pairs.len()];
                p.residue = Some(candle_mixup::Residue::Cutoff(candle_mixup::Cutoff::Tokens(
                    all,
                )));
            },
            "cutoff of row 0: expected below the",
        ),
    ];
    for (name, edit, part) in edits {
        let folder = tempfile::tempdir().expect("a folder");
        run(preset(name), &settings, Some(folder.path()), None)?;
        let saved = Plans::read(folder.path())?;
        let path = folder.path().join("edited.gz");
        let mut log = PlanLog::new(&path, saved.header().clone());
        for (step, plan) in saved.steps() {
            let mut plan = plan.cloned();
            if let Some(plan) = plan.as_mut().filter(|_| step == 2) {
                edit(plan);
            }
            log.add(step, plan.as_ref())?;
        }
        log.finish()?;
        let error = run(preset(name), &settings, None, Some(&Plans::read(&path)?));
        let error = error.err().expect("a bad plan");
        assert!(matches!(error, Error::File { .. }), "{name}: {error:?}");
        let said = error.to_string();
        assert!(
            said.contains("edited.gz: step 2: ") && said.contains(part),
            "{said}"
        );
    }
    Ok(())
}
