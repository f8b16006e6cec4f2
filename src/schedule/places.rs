//! Where training rows stand: in the batch, or behind it among the loaded ones.

use std::collections::HashMap;

/// Places of training rows in the batch, or behind it among the loaded ones.
pub(super) struct Places {
    batch: usize,
    place: HashMap<u32, u32>,
    /// The rows behind the batch.
    pub loaded: Vec<u32>,
}

impl Places {
    pub fn of(batch: &[u32]) -> Self {
        // Backwards, so that the first place of a repeated row is the one that stays.
        let places = batch.iter().enumerate().rev();
        Self {
            batch: batch.len(),
            place: places.map(|(place, &row)| (row, place as u32)).collect(),
            loaded: Vec::new(),
        }
    }

    pub fn of_row(&mut self, row: u32) -> u32 {
        let next = (self.batch + self.loaded.len()) as u32;
        let loaded = &mut self.loaded;
        *self.place.entry(row).or_insert_with(|| {
            loaded.push(row);
            next
        })
    }
}
