//! Images: read as bytes, augmented, mixed on the batch's own buffer, and the models that take them.

mod shape;

pub use shape::ImageShape;
