//! Figures that others have published, or that independent runs of the same protocol gave; `-- --nocapture` prints
//! them beside the reference.

mod airfoil;
mod corrupted_labels;
mod digits;
mod flattening;
mod sample_pairing;
mod spread;
