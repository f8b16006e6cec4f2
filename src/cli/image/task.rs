//! An image task: its images, read and split once; and for each seed its training rows, scale and model.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use candle_core::Device;
use candle_mixup::Frame;
use candle_mixup::data::Source;
use candle_mixup::image::{
    ImageModel, ImageModelSettings, ImageOptions, ImageSet, ImageSource, Normalisation,
};
use candle_mixup::metrics::{Metric, Scores};
use candle_mixup::nn::Weights;
use candle_mixup::schedule::Domain;
use candle_mixup::split::Strata;
use candle_mixup::train::{Labels, TargetKind, scores};

use super::saved;
use super::settings::{ImageData, Normalise};
use crate::cli::settings::HeldOut;
use crate::cli::splits::{Splitter, twins, unseen};
use crate::cli::task::{Built, Counted, SeedRows, Task};

/// Everything that all runs of a command share.
pub struct ImageTask {
    data: ImageData,
    model: ImageModelSettings,
    set: Arc<ImageSet>,
    labels: Labels,
    /// A hash of each image's bytes: equal images have equal ones.
    hashes: Vec<String>,
    test: Vec<u32>,
    /// Rows that training and validation rows are drawn from.
    pool: Vec<u32>,
    validation: Option<Vec<u32>>,
    device: Device,
}

/// Images, and which of them are set aside.
pub struct Split {
    pub set: ImageSet,
    pub test: Vec<u32>,
    pool: Vec<u32>,
    validation: Option<Vec<u32>>,
}

impl Split {
    /// Reads the images and sets the test rows aside, from seed 0.
    pub fn new(data: &ImageData) -> Result<Self> {
        let mut set = ImageSet::read(&Source::parse(&data.data)?, &data.options)?;
        let own = set.test_rows().map(<[u32]>::to_vec);
        let kept: HashSet<u32> = own.iter().flatten().copied().collect();
        let rest: Vec<u32> = (0..set.len() as u32)
            .filter(|r| !kept.contains(r))
            .collect();
        let (test, pool) = match (&data.test, own) {
            (HeldOut::Default, Some(own)) => (own, rest),
            (HeldOut::File(file), _) => (append(&mut set, file, &data.options)?, rest),
            (test, _) => {
                let split = splitter(&set).test(rest, test)?;
                (split.held_out, split.rest)
            }
        };
        let validation = match &data.validation {
            HeldOut::File(file) => Some(append(&mut set, file, &data.options)?),
            _ => None,
        };
        Ok(Self {
            set,
            test,
            pool,
            validation,
        })
    }
}

/// Reads further images behind those that are there; their numbers.
fn append(set: &mut ImageSet, file: &str, options: &ImageOptions) -> Result<Vec<u32>> {
    let options = ImageOptions {
        classes: Some(set.classes().to_vec()),
        ..options.clone()
    };
    let other = ImageSet::read(&Source::parse(file)?, &options)?;
    Ok(set.append(other)?)
}

fn splitter(set: &ImageSet) -> Splitter<'_> {
    Splitter::of(Strata {
        classes: set.labels(),
        names: set.classes(),
    })
}

/// A target of 1 for each image's class.
pub fn labels_of(set: &ImageSet) -> Result<Labels> {
    let classes = set.classes().len();
    let mut targets = vec![0f32; set.len() * classes];
    for (row, label) in targets.chunks_exact_mut(classes).zip(set.labels()) {
        row[*label as usize] = 1.0;
    }
    Ok(Labels::new(TargetKind::SingleLabel, targets, classes)?)
}

impl ImageTask {
    /// Reads and splits the images; nothing is trained or written.
    pub fn prepare(data: ImageData, model: ImageModelSettings, device: Device) -> Result<Self> {
        let Split {
            set,
            test,
            pool,
            validation,
        } = Split::new(&data)?;
        model.check(set.shape(), set.classes().len())?;
        data.augment.check(set.shape())?;
        Ok(Self {
            labels: labels_of(&set)?,
            hashes: set.hashes(),
            set: Arc::new(set),
            data,
            model,
            test,
            pool,
            validation,
            device,
        })
    }

    /// The images.
    pub fn set(&self) -> &Arc<ImageSet> {
        &self.set
    }

    /// How many of `rows` hold the bytes of one of `others`.
    fn twins(&self, others: &[u32], rows: &[u32]) -> usize {
        twins(others, rows, |row| self.hashes[row as usize].as_str())
    }
}

impl Task for ImageTask {
    type Data = ImageData;
    type Choice = ImageModelSettings;
    type Model = ImageModel;
    type Source = ImageSource;
    type Kit = Normalisation;

    const NAME: &'static str = "image";
    const DOMAIN: Domain = Domain::Image;
    const TWIN: &'static str = "have the pixels";

    fn data(&self) -> &ImageData {
        &self.data
    }

    fn choice(&self) -> &ImageModelSettings {
        &self.model
    }

    fn name(&self) -> &str {
        &self.data.data
    }

    fn fingerprint(&self) -> String {
        self.set.fingerprint()
    }

    fn len(&self) -> usize {
        self.set.len()
    }

    fn classes(&self) -> &[String] {
        self.set.classes()
    }

    fn labels(&self) -> &Labels {
        &self.labels
    }

    fn test(&self) -> &[u32] {
        &self.test
    }

    fn device(&self) -> &Device {
        &self.device
    }

    fn frame(&self) -> Option<Frame> {
        let shape = self.set.shape();
        Some(Frame {
            height: shape.height,
            width: shape.width,
        })
    }

    fn rows(&self, seed: u64) -> Result<SeedRows<Normalisation>> {
        let (data, splitter) = (&self.data, splitter(&self.set));
        let chosen = splitter.chosen(&self.pool, data.per_class, data.train_rows, seed)?;
        let (train, drawn) = splitter.validation(chosen, &data.validation, seed)?;
        let validation = self.validation.clone().unwrap_or(drawn);
        Ok(SeedRows {
            kit: match self.data.normalise {
                Normalise::Standard => Normalisation::standard(&self.set, &train)?,
                Normalise::Unit => Normalisation::unit(&self.set),
            },
            in_both: self.twins(&train, &self.test),
            validated_on_test: self.twins(&self.test, &validation),
            unseen: unseen(self.classes(), &self.labels.counts(&train), data.per_class)?,
            train,
            validation,
        })
    }

    fn build(&self, _: &Normalisation, seed: u64, _: f64) -> Result<Built<ImageModel>> {
        let weights = Weights::new(seed, &self.device);
        let (shape, outputs) = (self.set.shape(), self.set.classes().len());
        Ok(Built {
            model: ImageModel::load(&weights, &self.model, shape, outputs)?,
            parameters: weights.parameters(),
            weights,
        })
    }

    fn source(&self, scale: &Normalisation) -> Result<ImageSource> {
        let (set, device) = (self.set.clone(), self.device.clone());
        Ok(ImageSource::new(
            set,
            scale.clone(),
            self.data.augment,
            device,
        )?)
    }

    fn score(
        &self,
        built: &Built<ImageModel>,
        scale: &Normalisation,
        rows: &[u32],
    ) -> Result<Scores> {
        let source = self.source(scale)?;
        Ok(scores(&built.model, &source, &self.labels, rows)?)
    }

    fn main_metric(&self) -> Metric {
        Metric::Accuracy
    }

    fn counted(&self, _: &Normalisation) -> Vec<Counted> {
        let skipped = self.set.skipped();
        let first = skipped.first().map_or("", String::as_str);
        vec![Counted {
            name: "skipped_images",
            count: skipped.len(),
            words: format!("files were left out (--skip-bad), the first of them {first}"),
        }]
    }

    fn save(&self, built: &Built<ImageModel>, scale: &Normalisation, folder: &Path) -> Result<()> {
        let config = saved::Config::new(&self.model, &self.set, scale);
        config.save(&built.weights, folder)
    }
}
