//! A run that is looked at and not trained.

use anyhow::Result;
use candle_core::{Device, Tensor};
use candle_mixup::image::{ImageModel, ImageSource, Normalisation};
use candle_mixup::schedule::Scheduler;
use candle_mixup::train::{Job, Pass, TrainSettings, passes};
use candle_mixup::{Asked, Blend, Error, MixPlan, RowSource, Site, mix};

use super::shown::Shown;
use crate::cli::image::args::PreviewArgs;
use crate::cli::image::settings::{ImageData, defaults, model};
use crate::cli::image::task::ImageTask;
use crate::cli::settings;
use crate::cli::task::{Built, SeedRows, Task};
use crate::cli::training::with_length;

/// A run that could begin.
pub struct Run {
    pub task: ImageTask,
    rows: SeedRows<Normalisation>,
    built: Built<ImageModel>,
    source: ImageSource,
    name: String,
    pub scheduler: Scheduler,
    neighbours: Option<Vec<Vec<u32>>>,
    training: TrainSettings,
}

impl Run {
    pub fn new(args: &PreviewArgs) -> Result<Self> {
        let file = args.mixing.schedule.as_deref();
        let (name, schedule) = settings::schedule(&args.mixing.mix, file, Some(ImageTask::DOMAIN))?;
        let data = ImageData::of(Some(&args.data), &args.rows)?;
        let model = model(&args.model)?;
        let defaults = defaults(&model);
        let task = ImageTask::prepare(data, model, Device::Cpu)?;
        let rows = task.rows(args.seed)?;
        let training = TrainSettings {
            batch: args.batch.unwrap_or(defaults.batch),
            seed: args.seed,
            ..TrainSettings::default()
        };
        let lengths = (args.steps, args.epochs);
        let training = with_length(training, lengths, defaults, rows.train.len())?;
        let built = task.build(&rows.kit, args.seed, 1.0)?;
        let scheduler = task.scheduler(&schedule, &built, &rows, &training)?;
        Ok(Self {
            neighbours: task.neighbours(&built, &rows, &scheduler)?,
            source: task.source(&rows.kit)?,
            scheduler,
            task,
            rows,
            built,
            name,
            training,
        })
    }

    pub fn steps(&self) -> u64 {
        self.training.steps(self.rows.train.len())
    }

    /// What the first pass of a step reads.
    fn read(&self, step: u64) -> Result<Pass<Tensor>> {
        let job = Job {
            model: &self.built.model,
            weights: &self.built.weights,
            parameters: Vec::new(),
            source: &self.source,
            labels: self.task.labels(),
            train: &self.rows.train,
            validation: &[],
            scheduler: &self.scheduler,
            neighbours: self.neighbours.as_deref(),
            replay: None,
            settings: &self.training,
            device: self.task.device(),
        };
        let mut passes = passes(&job, step)?;
        Ok(passes.swap_remove(0))
    }

    /// The pass of the step asked for, or of the first that mixes at the input.
    pub fn pass(&self, step: Option<u64>) -> Result<Pass<Tensor>> {
        let steps = self.steps();
        let Some(step) = step else {
            for step in 0..steps {
                let pass = self.read(step)?;
                if site(&pass) == Some(Site::Input) {
                    return Ok(pass);
                }
            }
            return Err(self.unseen("no step mixes at the input"));
        };
        if step >= steps {
            let range = format!("below the {steps} steps of the run");
            return Err(Error::setting("--step", range, step).into());
        }
        let pass = self.read(step)?;
        match site(&pass) {
            Some(Site::Input) => Ok(pass),
            None => Err(self.unseen(&format!("step {step} is plain"))),
            Some(site) => {
                let problem = format!("step {step} mixes at {site}, of which nothing can be seen");
                Err(self.unseen(&problem))
            }
        }
    }

    fn unseen(&self, problem: &str) -> anyhow::Error {
        let seed = self.training.seed;
        let all = format!(
            "schedule '{}', seed {seed}: {problem}; without --step the first step that mixes images as they come in is shown",
            self.name
        );
        Error::Conflict(all).into()
    }

    /// The first rows of the pass that are mixed.
    pub fn shown(&self, pass: &Pass<Tensor>, most: usize) -> Result<Vec<Shown>> {
        let plan = pass
            .plan
            .as_ref()
            .ok_or_else(|| self.unseen("the step is plain"))?;
        let asked = Asked {
            rows: &pass.incoming,
            seed: self.training.seed,
            epoch: pass.clock.epoch,
            plan: None,
        };
        let plain = self.source.training(&asked)?.input;
        let mixed = match pass.fed.mixed {
            true => pass.fed.input.clone(),
            false => mix(&pass.fed.input, &plan.pairs, &plan.blend)?,
        };
        let pairs = &plan.pairs;
        let rows = (0..pairs.len()).filter(|&r| pairs.own()[r] != pairs.partner()[r]);
        rows.take(most)
            .map(|r| self.one(pass, plan, r, [&plain, &mixed]))
            .collect()
    }

    fn one(
        &self,
        pass: &Pass<Tensor>,
        plan: &MixPlan,
        r: usize,
        [plain, mixed]: [&Tensor; 2],
    ) -> Result<Shown> {
        let places = [plan.pairs.own()[r], plan.pairs.partner()[r]].map(|place| place as usize);
        let set = self.task.set();
        let class = |row: u32| set.classes()[set.labels()[row as usize] as usize].clone();
        let [own, partner] = places.map(|place| pass.incoming[place]);
        Ok(Shown {
            own,
            partner,
            classes: [class(own), class(partner)],
            weight: plan.pairs.weight()[r],
            label_weight: plan.pairs.label_weight()[r],
            cut: match &plan.blend {
                Blend::Box(boxes) => Some(boxes.boxes()[r].into()),
                _ => None,
            },
            pixels: [
                self.bytes(plain, places[0])?,
                self.bytes(plain, places[1])?,
                self.bytes(mixed, r)?,
            ],
        })
    }

    /// An image of a batch as bytes from black to white.
    fn bytes(&self, batch: &Tensor, row: usize) -> Result<Vec<u8>> {
        let scale = &self.rows.kit;
        let white = f32::from(self.task.set().white());
        let channels = batch.get(row)?.flatten_from(1)?.to_vec2::<f32>()?;
        let byte = |value: f32, channel: usize| {
            let value = value * scale.std[channel] + scale.mean[channel];
            (value * 255.0 / white).round().clamp(0.0, 255.0) as u8
        };
        let channels = channels.iter().enumerate();
        Ok(channels
            .flat_map(|(c, values)| values.iter().map(move |v| byte(*v, c)))
            .collect())
    }

    pub fn title(&self, pass: &Pass<Tensor>) -> Vec<String> {
        let (step, epoch, steps) = (pass.clock.step, pass.clock.epoch, self.steps());
        let (data, name, seed) = (self.task.name(), &self.name, self.training.seed);
        let what = "an image, its partner, the two mixed: λ is its share of them, below that of the labels";
        vec![
            format!("{data}, '{name}', step {step} of {steps}, epoch {epoch}, seed {seed}"),
            what.into(),
        ]
    }
}

fn site(pass: &Pass<Tensor>) -> Option<Site> {
    pass.plan.as_ref().map(|plan| plan.site)
}
