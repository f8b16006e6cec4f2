//! The nearest training rows of every training row, for schedules that mix with neighbours.

use candle_core::{DType, Tensor};

use crate::error::{Error, Result};
use crate::nn::mean_pool;
use crate::oversample::{Metric, Rows, Scale, Space};
use crate::plan::Site;
use crate::schedule::ClassIndex;
use crate::source::RowSource;
use crate::tap::{Flow, RecordTap, Tapped};

/// Rows of one forward pass.
const BATCH: usize = 64;

/// For each of `rows`, the places among them of its `k` nearest, nearest first.
///
/// Distances are Euclidean between the rows as they come in, or, where the model shows no input (texts), between its
/// pooled vectors, or, where it pools nothing either (tags), between the means of the last site's real tokens (the model
/// as it is when asked: LADA, Chen et al. 2020, takes the vectors of a pretrained sentence encoder). A row is not its own
/// neighbour; ties go to the lower row.
///
/// # Errors
/// [`Error::NoSite`] for a model without either, [`Error::Setting`] for fewer than k + 1 rows, [`Error::Value`] for a
/// vector that is not finite, and Candle's.
pub fn neighbours<M: Tapped>(
    model: &M,
    source: &impl RowSource<Input = M::Input>,
    rows: &[u32],
    k: usize,
) -> Result<Vec<Vec<u32>>> {
    if rows.len() <= k {
        let range = format!("below the {} training rows", rows.len());
        return Err(Error::setting("k of the nearest partners", range, k));
    }
    let (states, width) = compared(model, source, rows)?;
    nearest(&states, width, k)
}

/// The same within each class: of each row the `k` nearest of its own class, or as many as the class has.
///
/// `classes` holds the class of each of `rows`. A row alone in its class has no neighbour.
///
/// # Errors
/// [`Error::Shape`] unless there is one class a row; else those of [`neighbours`], but for the number of rows.
pub fn class_neighbours<M: Tapped>(
    model: &M,
    source: &impl RowSource<Input = M::Input>,
    rows: &[u32],
    classes: &[u32],
    k: usize,
) -> Result<Vec<Vec<u32>>> {
    if classes.len() != rows.len() {
        return Err(Error::Shape {
            what: "classes".into(),
            expected: format!("one for each of {} rows", rows.len()),
            got: classes.len().to_string(),
        });
    }
    let (states, width) = compared(model, source, rows)?;
    nearest_of_class(&states, width, classes, k)
}

/// Rows are compared as they come in, and texts, which have no such numbers, as they are pooled: by the model, or here.
fn compared<M: Tapped>(
    model: &M,
    source: &impl RowSource<Input = M::Input>,
    rows: &[u32],
) -> Result<(Vec<f32>, usize)> {
    let sites = model.sites();
    let own = [Site::Input, Site::Pooled]
        .into_iter()
        .find(|s| sites.contains(s));
    match (own, sites.last()) {
        (None, Some(&last)) => recorded(model, source, rows, last, |flow| match &flow.mask {
            Some(mask) => mean_pool(&flow.x, mask),
            None => Ok(flow.x.clone()),
        }),
        (own, _) => states(model, source, rows, own.unwrap_or(Site::Pooled)),
    }
}

/// The plain model's rows at a site, flat, and the width of one.
///
/// # Errors
/// [`Error::NoSite`] for a site that the model lacks, [`Error::Shape`] where rows differ in width, and Candle's.
pub fn states<M: Tapped>(
    model: &M,
    source: &impl RowSource<Input = M::Input>,
    rows: &[u32],
    site: Site,
) -> Result<(Vec<f32>, usize)> {
    recorded(model, source, rows, site, |flow| Ok(flow.x.clone()))
}

/// What `of` makes of what passes a site, flat, and the width of a row.
fn recorded<M: Tapped>(
    model: &M,
    source: &impl RowSource<Input = M::Input>,
    rows: &[u32],
    site: Site,
    of: impl Fn(&Flow) -> Result<Tensor>,
) -> Result<(Vec<f32>, usize)> {
    let mut states: Vec<f32> = Vec::new();
    let mut width = None;
    for batch in rows.chunks(BATCH) {
        let mut tap = RecordTap::new(&[site]);
        model.forward(&source.batch(batch)?, &mut tap)?;
        let Some((_, flow)) = tap.flows().first() else {
            let sites = model.sites().iter().map(Site::to_string).collect();
            return Err(Error::NoSite {
                site: site.to_string(),
                sites,
            });
        };
        let flat = of(flow)?.flatten_from(1)?.to_dtype(DType::F32)?;
        let found = flat.dim(1)?;
        if *width.get_or_insert(found) != found {
            return Err(Error::Shape {
                what: format!("rows at {site}"),
                expected: "one width in all batches".into(),
                got: format!("{width:?} and {found}"),
            });
        }
        states.extend(flat.flatten_all()?.to_vec1::<f32>()?);
    }
    Ok((states, width.unwrap_or(0)))
}

/// For each state, the `k` places whose states are nearest to it.
fn nearest(states: &[f32], width: usize, k: usize) -> Result<Vec<Vec<u32>>> {
    nearest_of_class(states, width, &vec![0; states.len() / width.max(1)], k)
}

/// For each state, the `k` places, or as many as there are, whose states are nearest among those of its class.
fn nearest_of_class(
    states: &[f32],
    width: usize,
    classes: &[u32],
    k: usize,
) -> Result<Vec<Vec<u32>>> {
    let space = Space::new(
        Rows::numeric(states, width)?,
        Metric::Euclidean,
        Scale::None,
    );
    let mut lists = vec![Vec::new(); classes.len()];
    for (_, members) in ClassIndex::new(classes).classes() {
        let k = k.min(members.len() - 1);
        if k > 0 {
            let found = space.nearest(members, members, k, &())?;
            for (query, &place) in members.iter().enumerate() {
                lists[place as usize] = found.of(query).to_vec();
            }
        }
    }
    Ok(lists)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn nearest_excludes_the_row_itself_and_breaks_ties_by_place() {
        let states = [0.0, 0.0, 1.0, -1.0, 5.0];
        let of = |place: usize, k: usize| nearest(&states, 1, k).unwrap()[place].clone();
        assert_eq!(of(0, 3), [1, 2, 3]);
        assert_eq!(of(1, 1), [0]);
        assert_eq!(of(4, 4), [2, 0, 1, 3]);
    }

    #[test]
    fn neighbours_of_a_class_stay_in_it_and_small_classes_have_fewer() {
        let states = [0.0, 0.1, 0.2, 0.3, 9.0, 0.05];
        let classes = [0, 1, 0, 0, 2, 1];
        let lists = nearest_of_class(&states, 1, &classes, 2).unwrap();
        assert_eq!(lists[0], [2, 3]);
        assert_eq!(lists[1], [5]);
        assert_eq!(lists[3], [2, 0]);
        assert!(lists[4].is_empty(), "alone in its class");
    }
}
