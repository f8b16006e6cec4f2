//! Augmentation and the image source, from outside.

#[path = "image/augment_draws.rs"]
mod augment_draws;
#[path = "image/augment_outcomes.rs"]
mod augment_outcomes;
#[path = "image/augment_settings.rs"]
mod augment_settings;
#[path = "image/fed.rs"]
mod fed;
#[path = "image/source.rs"]
mod source;
