//! How far a trained model is from linear, at every site: what mixing did to it.
//!
//! ```text
//! gap(a, b, λ) = ‖ f(λa + (1−λ)b) − [λ f(a) + (1−λ) f(b)] ‖₂
//! gap          = mean over pairs and λ
//! relative     = Σ gap / Σ ‖f(a) − f(b)‖₂
//! ```
//!
//! f is the part of the model above a site, a and b are two rows' states there, and λ runs over a grid. An affine f
//! has gap 0, whatever the site. The functional equation is Su Jianlin's reading of mixup (kexue.fm/archives/5693,
//! 2018): among models that fit equally well, mixing picks the one nearest to linear. Here it is measured.
//!
//! Both ends go through the site with the mix, under the same joined mask, so that texts of different lengths are
//! states of one space; λ = 1 and λ = 0 are those ends. Rows are carried up to the site once, not once per λ.

mod arms;
mod fields;
mod gradient;
mod interval;
mod measure;
mod row_pairs;
mod segments;
mod settings;
mod spectrum;

pub use arms::{ArmLinearity, ArmsLinearity, Measured};
pub use fields::{
    AtWeight, ClassSpectrum, Interval, Linearity, SiteGradient, SiteLinearity, SiteSpectrum,
};
pub use gradient::gradients;
pub use measure::linearity;
pub use row_pairs::{Relation, RowPairs};
pub use segments::{Segments, segments};
pub use settings::LinearitySettings;
pub use spectrum::{singular_values, spectra};
