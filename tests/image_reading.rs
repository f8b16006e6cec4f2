//! Sets of images from files that the tests make: what is read, and what is said of files that are wrong.

#[path = "image/cifar.rs"]
mod cifar;
#[path = "image/files.rs"]
mod files;
#[path = "image/idx.rs"]
mod idx;
#[cfg(feature = "pictures")]
#[path = "image/pictures.rs"]
mod pictures;
#[path = "image/pixel_tables.rs"]
mod pixel_tables;
