//! How rows are set aside where nothing else is asked for.

/// Test rows at most, unless a share is given.
pub const MOST_TEST_ROWS: usize = 2000;
/// Share of the rows that are test rows, unless one is given.
pub const TEST_SHARE: f64 = 0.2;
/// Share of the training rows that are validation rows, unless one is given, and from how many rows on.
pub const VALIDATION_SHARE: f64 = 0.1;
pub const VALIDATION_FROM: usize = 500;
