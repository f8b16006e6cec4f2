//! Which images and which model, from arguments to what stands in `settings.json`.

use anyhow::Result;
use candle_mixup::Error;
use candle_mixup::data::Header;
use candle_mixup::image::{
    Alpha, Augment, Channels, CnnSettings, ImageModelSettings, ImageOptions, LinearSettings,
    MlpSettings, ResnetSettings, SixteenBit,
};
use serde::{Deserialize, Serialize};

use super::args::{
    AlphaArg, ChannelsArg, ImageModelArgs, ImageRowsArgs, ModelArg, NormaliseArg, PictureArgs,
    SixteenBitArg,
};
use crate::cli::settings::{HeldOut, absolute};
use crate::cli::training::Defaults;

/// Which images a run reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImageData {
    /// `--data`.
    pub data: String,
    /// How they are read.
    pub options: ImageOptions,
    /// `--augment`.
    pub augment: Augment,
    /// `--normalise`.
    pub normalise: Normalise,
    /// `--test`.
    pub test: HeldOut,
    /// `--validation`.
    pub validation: HeldOut,
    /// `--train-rows`.
    pub train_rows: Option<usize>,
    /// `--per-class`.
    pub per_class: Option<usize>,
}

/// How pixels become numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Normalise {
    /// By mean and deviation of the training rows.
    Standard,
    /// By the value of white.
    Unit,
}

impl ImageData {
    /// The settings that the arguments ask for.
    pub fn of(data: Option<&str>, args: &ImageRowsArgs) -> Result<Self> {
        for (flag, count) in [
            ("--per-class", args.per_class),
            ("--train-rows", args.train_rows),
        ] {
            if count == Some(0) {
                return Err(Error::setting(flag, "at least 1", 0).into());
            }
        }
        let table = &args.table;
        Ok(Self {
            data: absolute(data.unwrap_or("@digits"))?,
            options: ImageOptions {
                label: table.label.clone(),
                header: match table.no_header {
                    true => Header::Absent,
                    false => Header::First,
                },
                shape: table.shape,
                white: table.white,
                coarse: args.coarse,
                ..pictures(&args.pictures, &ImageOptions::default())
            },
            augment: args.augment,
            normalise: match args.normalise {
                NormaliseArg::Standard => Normalise::Standard,
                NormaliseArg::Unit => Normalise::Unit,
            },
            test: HeldOut::of("--test", args.test.as_deref())?,
            validation: HeldOut::of("--validation", args.validation.as_deref())?,
            train_rows: args.train_rows,
            per_class: args.per_class,
        })
    }
}

/// What the arguments say of pictures, and `saved` where they say nothing.
pub fn pictures(args: &PictureArgs, saved: &ImageOptions) -> ImageOptions {
    let channels = args.channels.map(|channels| match channels {
        ChannelsArg::Grey => Channels::Grey,
        ChannelsArg::Rgb => Channels::Rgb,
    });
    ImageOptions {
        resize: args.resize.or(saved.resize),
        channels: channels.or(saved.channels),
        alpha: match args.alpha {
            AlphaArg::Refuse => saved.alpha,
            AlphaArg::Drop => Alpha::Drop,
            AlphaArg::Black => Alpha::Black,
            AlphaArg::White => Alpha::White,
        },
        sixteen_bit: match args.sixteen_bit {
            SixteenBitArg::Refuse => saved.sixteen_bit,
            SixteenBitArg::Scale => SixteenBit::Scale,
        },
        skip_bad: args.skip_bad || saved.skip_bad,
        memory: match args.memory << 20 {
            memory if memory == ImageOptions::default().memory => saved.memory,
            memory => memory,
        },
        ..saved.clone()
    }
}

/// The model that the arguments ask for.
pub fn model(args: &ImageModelArgs) -> Result<ImageModelSettings> {
    refuse_stray(args)?;
    Ok(match args.model {
        ModelArg::Linear => ImageModelSettings::Linear(LinearSettings {}),
        ModelArg::Mlp => {
            let defaults = MlpSettings::default();
            ImageModelSettings::Mlp(MlpSettings {
                hidden: or(&args.hidden, defaults.hidden),
                dropout: args.dropout.unwrap_or(defaults.dropout),
                ..MlpSettings::default()
            })
        }
        ModelArg::Cnn => ImageModelSettings::Cnn(CnnSettings {
            widths: or(&args.widths, CnnSettings::default().widths),
        }),
        ModelArg::Resnet18 => ImageModelSettings::Resnet18(match args.widths.as_slice() {
            [] => ResnetSettings::default(),
            [width] => ResnetSettings { width: *width },
            several => {
                let expected = "one width for resnet18, that of its first stage";
                return Err(Error::setting("--widths", expected, several.len()).into());
            }
        }),
    })
}

/// Refuses what says nothing of the model asked for.
fn refuse_stray(args: &ImageModelArgs) -> Result<()> {
    let is = |models: &[ModelArg]| models.contains(&args.model);
    let convolves = is(&[ModelArg::Cnn, ModelArg::Resnet18]);
    let given = [
        (
            "--widths",
            !args.widths.is_empty(),
            "cnn or resnet18",
            convolves,
        ),
        (
            "--hidden",
            !args.hidden.is_empty(),
            "mlp",
            is(&[ModelArg::Mlp]),
        ),
        (
            "--dropout",
            args.dropout.is_some(),
            "mlp",
            is(&[ModelArg::Mlp]),
        ),
    ];
    match given.iter().find(|(_, given, _, fits)| *given && !fits) {
        Some((flag, _, models, _)) => {
            Err(Error::Conflict(format!("{flag} is for --model {models}")).into())
        }
        None => Ok(()),
    }
}

fn or(given: &[usize], default: Vec<usize>) -> Vec<usize> {
    match given {
        [] => default,
        given => given.to_vec(),
    }
}

/// How a model is trained where nothing is asked for: rates by the lowest loss on training images of @digits, ten of each
/// class, and of 5,000 of Fashion-MNIST (but for the ResNet, which takes the small network's); no test score was looked
/// at.
pub fn defaults(model: &ImageModelSettings) -> Defaults {
    let (steps, epochs, rate) = match model {
        ImageModelSettings::Linear(_) => (500, 10, 3e-2),
        ImageModelSettings::Mlp(_) => (500, 10, 3e-3),
        ImageModelSettings::Cnn(_) | ImageModelSettings::Resnet18(_) => (200, 10, 3e-3),
    };
    Defaults {
        steps,
        epochs,
        rate,
        batch: 64,
    }
}
