//! What mixing does, where theory makes it exact. All expectations are over all ordered pairs of rows, own included.

mod data;
mod least_squares;
mod linear_models;
mod principal;
mod quadrature;
mod regulariser;
mod reweighting;
mod soft_targets;
mod tensors;
