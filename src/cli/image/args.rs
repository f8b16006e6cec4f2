//! The arguments of the image commands.

use std::path::PathBuf;

use candle_mixup::Frame;
use candle_mixup::image::{Augment, ImageShape};
use clap::{Args, ValueEnum};

use crate::cli::args::{CheckpointArgs, MixArgs, OutputArgs, PlanArgs, TrainingArgs};
use crate::cli::settings::{frame, image_shape};

/// Which images, and how they are read.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Data")]
pub struct ImageDataArgs {
    /// A folder of IDX files (MNIST, Fashion-MNIST), of CIFAR-10 or CIFAR-100 binary files, of one folder of PNG or JPEG
    /// files a class, or with such folders in train/ and test/; one IDX, CIFAR or csv file; or @NAME (default: @digits;
    /// `compare` then takes 10 training images a class)
    #[arg(long, value_name = "DIR|FILE|@NAME")]
    pub data: Option<String>,
    #[command(flatten)]
    pub rows: ImageRowsArgs,
}

/// How images are read, set aside and changed.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Data")]
pub struct ImageRowsArgs {
    #[command(flatten)]
    pub table: TableOfPixelsArgs,
    /// CIFAR-100: the 20 coarse classes
    #[arg(long)]
    pub coarse: bool,
    /// Test images: another folder or file, or a share of the training images, drawn from seed 0 [default: the test part
    /// that the set has; without one 0.2, at most 2000]
    #[arg(long, value_name = "DIR|FILE|SHARE")]
    pub test: Option<String>,
    /// Validation images: another folder or file, or a share of the training images [default: 0.1 from 500 on]
    #[arg(long, value_name = "DIR|FILE|SHARE")]
    pub validation: Option<String>,
    /// Train on a stratified subset of this many images in all
    #[arg(long, value_name = "N", conflicts_with = "per_class")]
    pub train_rows: Option<usize>,
    /// Train on this many images of each class
    #[arg(long, value_name = "N")]
    pub per_class: Option<usize>,
    /// Change training images at random by what leaves their class alone: flip, crop=PIXELS, translate=SHARE,
    /// rotate=DEGREES, noise=SHARE, cutout=PIXELS
    #[arg(long, value_name = "A,B=N,...", default_value = "none")]
    pub augment: Augment,
    /// Bring pixels to mean 0 and deviation 1 of the training images, channel by channel; or to 0 to 1
    #[arg(long, value_enum, default_value = "standard")]
    pub normalise: NormaliseArg,
    #[command(flatten)]
    pub pictures: PictureArgs,
}

/// How pixels become numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NormaliseArg {
    /// By mean and deviation
    Standard,
    /// By the value of white
    Unit,
}

/// Csv files of pixels.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Data")]
pub struct TableOfPixelsArgs {
    /// csv: the column of the class; all others are pixels [default: label]
    #[arg(long, value_name = "COL")]
    pub label: Option<String>,
    /// csv: there is no header line; columns are named by number, from 1
    #[arg(long)]
    pub no_header: bool,
    /// csv: channels, height and width of an image [default: square and grey]
    #[arg(long, value_name = "CxHxW", value_parser = image_shape)]
    pub shape: Option<ImageShape>,
    /// csv: the value of white [default: 255]
    #[arg(long, value_name = "N")]
    pub white: Option<u8>,
}

/// PNG and JPEG files.
#[derive(Debug, Clone, PartialEq, Args)]
#[command(next_help_heading = "PNG and JPEG")]
pub struct PictureArgs {
    /// Stretch every picture to this size
    #[arg(long, value_name = "HxW", value_parser = frame)]
    pub resize: Option<Frame>,
    /// Make every picture grey, or red, green and blue
    #[arg(long, value_enum)]
    pub channels: Option<ChannelsArg>,
    /// What becomes of transparency; an opaque alpha channel is left out in any case
    #[arg(long, value_enum, default_value = "refuse")]
    pub alpha: AlphaArg,
    /// What becomes of 16 bits a channel
    #[arg(long, value_enum, default_value = "refuse")]
    pub sixteen_bit: SixteenBitArg,
    /// Leave out files that cannot be decoded, and name them
    #[arg(long)]
    pub skip_bad: bool,
    /// Keep decoded pictures in memory up to this many MiB; decode larger sets again in every epoch
    #[arg(long, value_name = "MIB", default_value_t = MEMORY)]
    pub memory: u64,
}

impl PictureArgs {
    /// The first flag that was given.
    pub fn given(&self) -> Option<&'static str> {
        let all = [
            ("--resize", self.resize.is_some()),
            ("--channels", self.channels.is_some()),
            ("--alpha", self.alpha != AlphaArg::Refuse),
            ("--sixteen-bit", self.sixteen_bit != SixteenBitArg::Refuse),
            ("--skip-bad", self.skip_bad),
            ("--memory", self.memory != MEMORY),
        ];
        let given = all.iter().find(|(_, given)| *given);
        given.map(|(flag, _)| *flag)
    }
}

/// MiB of decoded pictures that are kept.
pub const MEMORY: u64 = 2048;

/// What pictures are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ChannelsArg {
    /// One channel
    Grey,
    /// Three channels
    Rgb,
}

/// What becomes of transparency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AlphaArg {
    /// An error
    Refuse,
    /// The colours as they are stored
    Drop,
    /// Laid on black
    Black,
    /// Laid on white
    White,
}

/// What becomes of 16 bits a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SixteenBitArg {
    /// An error
    Refuse,
    /// Scaled to 8 bits
    Scale,
}

/// Which model.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Model")]
pub struct ImageModelArgs {
    /// A residual network of nine convolutions, the pre-activation ResNet-18, a multilayer perceptron, a linear model
    #[arg(long, value_enum, default_value = "cnn")]
    pub model: ModelArg,
    /// cnn: channels of each stage [default: 32,64,128]; resnet18: of the first [default: 64]
    #[arg(long, value_delimiter = ',', value_name = "N,N,...")]
    pub widths: Vec<usize>,
    /// mlp: width of each hidden layer [default: 256,256]
    #[arg(long, value_delimiter = ',', value_name = "N,N,...")]
    pub hidden: Vec<usize>,
    /// mlp: dropout behind each hidden layer [default: 0]
    #[arg(long, value_name = "P")]
    pub dropout: Option<f64>,
}

/// A model by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ModelArg {
    /// Nine convolutions
    Cnn,
    /// ResNet-18
    Resnet18,
    /// Multilayer perceptron
    Mlp,
    /// Linear model
    Linear,
}

/// `mixup train image`
#[derive(Debug, Clone, Args)]
#[command(allow_negative_numbers = true)]
pub struct TrainImageArgs {
    #[command(flatten)]
    pub data: ImageDataArgs,
    #[command(flatten)]
    pub model: ImageModelArgs,
    #[command(flatten)]
    pub mixing: MixArgs,
    #[command(flatten)]
    pub training: TrainingArgs,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub checkpoint: CheckpointArgs,
    #[command(flatten)]
    pub plans: PlanArgs,
}

/// `mixup preview`
#[derive(Debug, Clone, Args)]
#[command(allow_negative_numbers = true)]
pub struct PreviewArgs {
    /// The images: what `train image` takes as --data
    #[arg(value_name = "DIR|FILE|@NAME")]
    pub data: String,
    #[command(flatten)]
    pub rows: ImageRowsArgs,
    #[command(flatten)]
    pub model: ImageModelArgs,
    #[command(flatten)]
    pub mixing: MixArgs,
    /// The step that is shown [default: the first that mixes images as they come in]
    #[arg(help_heading = "Preview", long, value_name = "N")]
    pub step: Option<u64>,
    /// Steps of the run [default: as `train image`]
    #[arg(
        help_heading = "Preview",
        long,
        value_name = "N",
        conflicts_with = "epochs"
    )]
    pub steps: Option<u64>,
    /// Passes over the training images
    #[arg(help_heading = "Preview", long, value_name = "N")]
    pub epochs: Option<u32>,
    /// Images of one forward pass [default: 64]
    #[arg(help_heading = "Preview", long, value_name = "N")]
    pub batch: Option<usize>,
    /// Seed of the run
    #[arg(help_heading = "Preview", long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Mixed images that are shown at most
    #[arg(help_heading = "Preview", long, value_name = "N", default_value_t = 12)]
    pub show: usize,
    /// Write here (PNG)
    #[arg(
        help_heading = "Preview",
        long,
        value_name = "FILE",
        default_value = "preview.png"
    )]
    pub out: PathBuf,
    /// Overwrite --out
    #[arg(help_heading = "Preview", long)]
    pub force: bool,
    /// One JSON object on stdout and nothing else
    #[arg(help_heading = "Preview", long)]
    pub json: bool,
}

/// `mixup compare image`
#[derive(Debug, Clone, Args)]
#[command(allow_negative_numbers = true)]
pub struct CompareImageArgs {
    #[command(flatten)]
    pub data: ImageDataArgs,
    #[command(flatten)]
    pub model: ImageModelArgs,
    /// What is compared: presets (see `mixup schedule --list`) and schedule files; the others are measured against the
    /// first
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "A,B,...",
        default_value = "none,smoothing,mixup,manifold"
    )]
    pub arms: Vec<String>,
    /// Seeds, from --seed on; each draws its own training rows, initial weights, order and mixing
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub seeds: u64,
    #[command(flatten)]
    pub training: TrainingArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}
