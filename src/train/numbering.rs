//! Which numbers the passes of a run have on the schedule's clock.

/// The numbers of a run's passes, from 0.
///
/// Every optimiser step has as many numbers as batches may make it up. The last step of an epoch may have fewer
/// batches, and the numbers of those that it lacks belong to no pass: seven batches by threes are the passes
/// 0 to 6 and, in the next epoch, 9 to 15.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbering {
    /// Passes of an epoch, and the numbers that they are spread over.
    passes: u64,
    numbers: u64,
}

impl Numbering {
    /// The numbers of a run on so many rows, in batches of `batch`, `accumulate` of them a step.
    pub fn new(rows: usize, batch: usize, accumulate: usize) -> Self {
        let accumulate = accumulate.max(1) as u64;
        let passes = rows.div_ceil(batch.max(1)).max(1) as u64;
        Self {
            passes,
            numbers: passes.div_ceil(accumulate).saturating_mul(accumulate),
        }
    }

    /// The number of pass `index`, both from 0.
    pub fn number(&self, index: u64) -> u64 {
        index / self.passes * self.numbers + index % self.passes
    }

    /// How many passes have numbers below `number`.
    pub fn before(&self, number: u64) -> u64 {
        number / self.numbers * self.passes + (number % self.numbers).min(self.passes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_batches_that_are_not_there_are_left_out() {
        let uneven = Numbering::new(100, 16, 3);
        let numbers: Vec<u64> = (0..15).map(|index| uneven.number(index)).collect();
        assert_eq!(
            numbers,
            [0, 1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14, 15, 18]
        );
        assert_eq!(
            [7, 8, 9, 10].map(|number| uneven.before(number)),
            [7, 7, 7, 8]
        );
        let even = Numbering::new(96, 16, 3);
        assert!((0..20).all(|index| even.number(index) == index && even.before(index) == index));
    }

    #[test]
    fn counting_is_the_inverse_of_numbering() {
        for (rows, batch, accumulate) in [(1, 1, 1), (10, 3, 2), (100, 7, 4), (5, 9, 1), (0, 0, 0)]
        {
            let numbering = Numbering::new(rows, batch, accumulate);
            for index in 0..100 {
                assert_eq!(numbering.before(numbering.number(index)), index);
            }
        }
    }
}
