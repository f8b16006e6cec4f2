//! The nearest real row, exactly, with a part of the table in memory a second time.

use super::sample::Sample;
use crate::error::Result;
use crate::oversample::deviation::{divisors, mismatch};
use crate::oversample::neighbours::{Progress, Space};
use crate::oversample::rows::{Real, Rows};
use crate::oversample::settings::{Metric, Scale, Settings};

/// Real rows that are searched at a time.
pub(super) const PART: usize = 20_000;

/// The distance to the nearest row, and the row.
pub(super) type Found = Option<(f64, u32)>;

/// The rows that are asked, and which real rows they are, if any.
pub(super) struct Asked<T> {
    pub sample: Sample<T>,
    pub rows: Vec<Option<u32>>,
    /// Rows that they were sampled from.
    pub of: usize,
}

/// Where nearest rows are sought, and by which distance.
pub(super) struct Search<'a, 'r, T> {
    rows: &'a Rows<'r, T>,
    metric: Metric,
    scale: Scale,
    divisors: Vec<f64>,
    /// What a category in which two rows differ adds to the square of their distance.
    pub mismatch: f64,
    progress: &'a dyn Progress,
}

impl<'a, 'r, T: Real> Search<'a, 'r, T> {
    /// The metric and the scale of the settings. Categories count as in SMOTENC, and 1 each without numbers; beside them
    /// the metric is Euclidean.
    pub fn new(
        rows: &'a Rows<'r, T>,
        members: &[u32],
        settings: &Settings,
        progress: &'a dyn Progress,
    ) -> Self {
        let divisors = divisors(rows, settings.scale);
        Self {
            rows,
            metric: match rows.categories() {
                0 => settings.metric,
                _ => Metric::Euclidean,
            },
            scale: settings.scale,
            mismatch: mismatch(rows, members, &divisors),
            divisors,
            progress,
        }
    }

    /// The nearest of `among`, ascending, to each row that is asked, itself left out; the first of several.
    pub fn nearest(&self, asked: &Asked<T>, among: &[u32]) -> Result<Vec<Found>> {
        let mut found: Vec<Found> = vec![None; asked.sample.len()];
        let parts = among.len().div_ceil(PART).max(1);
        for part in among.chunks(among.len().div_ceil(parts).max(1)) {
            self.search(asked, part, &mut found)?;
        }
        Ok(found)
    }

    /// The part and the rows asked become one table; a row asked that is of the part is asked in its place.
    fn search(&self, asked: &Asked<T>, part: &[u32], found: &mut [Found]) -> Result<()> {
        let mut table = Sample::of_rows(self.rows, part);
        let (mut queries, mut places) = (Vec::new(), Vec::new());
        for (place, row) in asked.rows.iter().enumerate() {
            let inside = row.and_then(|row| part.binary_search(&row).ok());
            if inside.is_some() && part.len() == 1 {
                continue;
            }
            queries.push(inside.unwrap_or(table.len()) as u32);
            places.push(place);
            if inside.is_none() {
                table.push(asked.sample.numbers(place), asked.sample.codes(place));
            }
        }
        let rows = table.rows()?.with_spread(&self.divisors)?;
        let mut space = Space::new(rows, self.metric, self.scale);
        if self.rows.categories() > 0 {
            space = space.with_mismatch(self.mismatch)?;
        }
        let among: Vec<u32> = (0..part.len() as u32).collect();
        let nearest = space.nearest(&queries, &among, 1, self.progress)?;
        for (q, place) in places.into_iter().enumerate() {
            let (row, distance) = (nearest.of(q)[0] as usize, nearest.distances(q)[0]);
            if found[place].is_none_or(|(least, _)| distance < least) {
                found[place] = Some((distance, part[row]));
            }
        }
        Ok(())
    }
}
