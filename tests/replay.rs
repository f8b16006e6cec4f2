//! Runs that are carried out by saved plans, in the library.

use std::ops::Range;
use std::path::Path;

use candle_core::{Device, Tensor};
use candle_mixup::nn::{Linear, Weights};
use candle_mixup::schedule::{Domain, Schedule, Task, TaskKind};
use candle_mixup::train::{
    Job, Labels, Length, PLANS, PlanLog, Plans, TargetKind, TrainSettings, Watcher, train,
};
use candle_mixup::{
    Blend, Boxes, Error, Flow, Frame, MixPlan, Pairs, PixelBox, Result, RowSource, Site, Tap,
    Tapped,
};

const WIDTH: usize = 3;
const ROWS: usize = 22;

/// Three logits linear in the row.
struct Model(Linear);

impl Tapped for Model {
    type Input = Tensor;

    fn sites(&self) -> Vec<Site> {
        vec![Site::Input]
    }

    fn forward(&self, input: &Tensor, tap: &mut dyn Tap) -> Result<Tensor> {
        let flow = tap.at(Site::Input, Flow::new(input.clone()))?;
        self.0.forward(&flow.x)
    }
}

/// Row r holds r/22, its square and its cosine.
struct Numbers;

impl RowSource for Numbers {
    type Input = Tensor;

    fn len(&self) -> usize {
        ROWS
    }

    fn batch(&self, rows: &[u32]) -> Result<Tensor> {
        let cells = rows.iter().flat_map(|&r| {
            let x = r as f32 / ROWS as f32;
            [x, x * x, (5.0 * x).cos()]
        });
        let cells: Vec<f32> = cells.collect();
        Ok(Tensor::from_vec(cells, (rows.len(), WIDTH), &Device::Cpu)?)
    }
}

/// Saves the plans of a run.
struct Saves<'a>(Option<&'a mut PlanLog>);

impl Watcher for Saves<'_> {
    fn plan(&mut self, step: u64, plan: Option<&MixPlan>) -> Result<()> {
        self.0.as_mut().map_or(Ok(()), |log| log.add(step, plan))
    }
}

fn settings(steps: u64, accumulate: usize) -> TrainSettings {
    TrainSettings {
        length: Length::Steps(steps),
        batch: 5,
        accumulate,
        rate: 0.05,
        seed: 3,
        ..TrainSettings::default()
    }
}

fn task(settings: &TrainSettings) -> Task {
    let steps = settings.steps(ROWS) * settings.accumulate as u64;
    Task {
        domain: Domain::Table,
        kind: TaskKind::SingleLabel,
        class_counts: vec![8.0, 7.0, 7.0],
        rows: ROWS,
        steps,
        epochs: steps as u32,
        seed: settings.seed,
        features: None,
        image: None,
    }
}

/// Trains; the weights in the order of their names. Saves the plans in the folder, or takes them from elsewhere.
fn run(
    settings: &TrainSettings,
    save: Option<&Path>,
    replay: Option<&Plans>,
) -> Result<Vec<Vec<f32>>> {
    let device = Device::Cpu;
    let weights = Weights::new(7, &device);
    let model = Model(Linear::uniform(&weights.scope().at("head"), WIDTH, 3)?);
    let targets = (0..ROWS).flat_map(|r| (0..3).map(move |c| f32::from(u8::from(r % 3 == c))));
    let labels = Labels::new(TargetKind::SingleLabel, targets.collect(), 3)?;
    let rows: Vec<u32> = (0..ROWS as u32).collect();
    let schedule = Schedule::preset("mixup")?;
    let job = Job {
        model: &model,
        weights: &weights,
        parameters: weights.parameters(),
        source: &Numbers,
        labels: &labels,
        train: &rows,
        validation: &[],
        scheduler: &schedule.check(&model.sites(), &task(settings))?,
        replay,
        neighbours: None,
        settings,
        device: &device,
    };
    let mut log = save.map(|folder| PlanLog::new(folder.join(PLANS), job.plan_header()));
    train(job, &mut Saves(log.as_mut()), None)?;
    log.map_or(Ok(()), PlanLog::finish)?;
    let weights = weights.tensors()?;
    let flat = weights
        .values()
        .map(|w| Ok(w.flatten_all()?.to_vec1::<f32>()?));
    flat.collect()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// A plan that mixes nothing.
fn plain() -> MixPlan {
    MixPlan {
        site: Site::Input,
        pairs: Pairs::identity(1),
        blend: Blend::Linear,
        residue: None,
        loaded: Vec::new(),
    }
}

/// The plans of a run with those of some steps made anew.
fn edited(
    from: &Plans,
    folder: &Path,
    steps: Range<u64>,
    edit: impl Fn(&mut MixPlan),
) -> Result<Plans> {
    let path = folder.join("edited.gz");
    let mut log = PlanLog::new(&path, from.header().clone());
    for (step, plan) in from.steps() {
        let mut plan = plan.cloned();
        if steps.contains(&step) {
            edit(plan.get_or_insert_with(plain));
        }
        log.add(step, plan.as_ref())?;
    }
    log.finish()?;
    Plans::read(&path)
}

#[test]
fn a_replayed_run_gives_the_same_weights_bit_for_bit() -> Result<()> {
    // Five batches an epoch: by threes the last step has two, by fours one.
    for accumulate in [1, 2, 3, 4, 5] {
        let (settings, folder, again) = (settings(6, accumulate), folder(), folder());
        let drawn = run(&settings, Some(folder.path()), None)?;
        let plans = Plans::read(folder.path())?;
        assert!(plans.plans().iter().any(Option::is_some));
        assert_eq!(drawn, run(&settings, Some(again.path()), Some(&plans))?);
        assert_eq!(plans.plans(), Plans::read(again.path())?.plans());
    }
    Ok(())
}

#[test]
fn the_steps_are_those_of_the_schedules_clock() -> Result<()> {
    let folder = folder();
    run(&settings(4, 3), Some(folder.path()), None)?;
    let plans = Plans::read(folder.path())?;
    let steps: Vec<u64> = plans.steps().map(|(step, _)| step).collect();
    assert_eq!(steps, [0, 1, 2, 3, 4, 6, 7, 8, 9, 10]);
    Ok(())
}

#[test]
fn edited_plans_give_other_weights() -> Result<()> {
    let (settings, folder) = (settings(6, 1), folder());
    let drawn = run(&settings, Some(folder.path()), None)?;
    let plans = Plans::read(folder.path())?;
    let same = edited(&plans, folder.path(), 0..0, |_| ())?;
    assert_eq!(drawn, run(&settings, None, Some(&same))?);
    let other = edited(&plans, folder.path(), 2..3, |plan| {
        plan.pairs = Pairs::identity(plan.pairs.len());
    })?;
    assert_ne!(drawn, run(&settings, None, Some(&other))?);
    Ok(())
}

/// What a replay says of plans that were edited at step 3.
fn refusal(edit: impl Fn(&mut MixPlan)) -> Result<String> {
    let (settings, folder) = (settings(6, 1), folder());
    run(&settings, Some(folder.path()), None)?;
    let plans = edited(&Plans::read(folder.path())?, folder.path(), 3..4, edit)?;
    let error = run(&settings, None, Some(&plans)).expect_err("a bad plan");
    assert!(matches!(error, Error::File { .. }), "{error:?}");
    Ok(error.to_string())
}

#[test]
fn bad_plans_are_refused_with_file_and_step() -> Result<()> {
    let pairs = |own: u32, n: usize| {
        Pairs::new(vec![own; n], vec![0; n], vec![0.5; n], vec![0.5; n]).expect("in range")
    };
    let frame = Frame {
        height: 1,
        width: WIDTH,
    };
    let boxes = |n: usize| Boxes::new(frame, vec![PixelBox::default(); n]).expect("inside");
    let refusals = [
        (refusal(|p| p.site = Site::Hidden(9))?, "no site hidden9"),
        (
            refusal(|p| p.loaded = vec![22])?,
            "below the 22 training rows",
        ),
        (
            refusal(|p| p.pairs = pairs(5, 5))?,
            "below the 5 incoming rows",
        ),
        (
            refusal(|p| p.pairs = pairs(0, 0))?,
            "pairs: expected at least one",
        ),
        (
            refusal(|p| p.blend = Blend::Box(boxes(4)))?,
            "boxes: expected 5, one a pair, got 4",
        ),
        (
            refusal(|p| p.blend = Blend::Box(boxes(5)))?,
            "images to mix by boxes",
        ),
    ];
    for (said, words) in refusals {
        assert!(said.contains("edited.gz: step 3: "), "{said}");
        assert!(said.contains(words), "{said}: no '{words}'");
    }
    Ok(())
}

#[test]
fn a_plan_for_more_rows_than_its_batch_has_is_refused_with_its_step() -> Result<()> {
    // 22 rows by fives: the fifth batch has two rows.
    let (settings, folder) = (settings(6, 1), folder());
    run(&settings, Some(folder.path()), None)?;
    let long = Pairs::new(vec![4], vec![0], vec![0.5], vec![0.5])?;
    let edit = |plan: &mut MixPlan| plan.pairs = long.clone();
    let plans = edited(&Plans::read(folder.path())?, folder.path(), 4..5, edit)?;
    let error = run(&settings, None, Some(&plans)).expect_err("two rows");
    let said = error.to_string();
    assert!(
        said.contains("step 4: pairs: own[0] must be below the 2"),
        "{said}"
    );
    Ok(())
}

#[test]
fn plans_that_end_too_soon_are_refused_before_the_first_step() -> Result<()> {
    let folder = folder();
    run(&settings(6, 3), Some(folder.path()), None)?;
    let plans = Plans::read(folder.path())?;
    assert!(
        plans
            .check(plans.header(), &settings(6, 3), &[Site::Input])
            .is_ok()
    );
    assert!(
        plans
            .check(plans.header(), &settings(5, 3), &[Site::Input])
            .is_ok(),
        "a shorter run"
    );
    let longer = settings(7, 3);
    let said = run(&longer, None, Some(&plans)).expect_err("too few");
    let words = "15 passes were saved, and the run has 18";
    assert!(said.to_string().contains(words), "{said}");
    let patient = TrainSettings {
        patience: Some(2),
        ..longer
    };
    assert!(
        plans
            .check(plans.header(), &patient, &[Site::Input])
            .is_ok(),
        "it may end before"
    );
    Ok(())
}
