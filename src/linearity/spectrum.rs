//! Singular values of a site's states, class by class: mixing hidden states makes them lie along fewer directions
//! (flattening, Verma et al. 2019).

use std::collections::BTreeMap;

use candle_core::{DType, Tensor};

use super::fields::{ClassSpectrum, SiteSpectrum};
use crate::error::{Error, Result};
use crate::jacobi::{dot, jacobi};
use crate::plan::Site;
use crate::schedule::ClassIndex;
use crate::source::RowSource;
use crate::tap::{Flow, RecordTap, Tapped};

/// Rows of one forward pass.
const BATCH: usize = 64;

/// The spectra of the model's states of `rows`, whose classes are `classes`, at each of `sites`, in forward order.
///
/// A state is what passes the site, flattened; of a sequence the mean over its real tokens. States are not centred.
///
/// # Errors
/// [`Error::NoSite`] for a site that the model lacks, [`Error::Shape`] unless there is one class a row or where rows
/// differ in width, and Candle's.
pub fn spectra<M: Tapped>(
    model: &M,
    source: &impl RowSource<Input = M::Input>,
    rows: &[u32],
    classes: &[u32],
    sites: &[Site],
) -> Result<Vec<SiteSpectrum>> {
    if classes.len() != rows.len() {
        return Err(Error::Shape {
            what: "classes".into(),
            expected: format!("one for each of {} rows", rows.len()),
            got: classes.len().to_string(),
        });
    }
    let mut states: BTreeMap<Site, Vec<Vec<f64>>> = BTreeMap::new();
    for batch in rows.chunks(BATCH) {
        let mut tap = RecordTap::new(sites);
        model.forward(&source.batch(batch)?, &mut tap)?;
        for (site, flow) in tap.flows() {
            states.entry(*site).or_default().extend(vectors(flow)?);
        }
    }
    let index = ClassIndex::new(classes);
    let of_site = |&site: &Site| {
        let states = states.get(&site).ok_or_else(|| Error::NoSite {
            site: site.to_string(),
            sites: model.sites().iter().map(Site::to_string).collect(),
        })?;
        of_classes(site, states, &index)
    };
    sites.iter().map(of_site).collect()
}

/// One vector a row.
fn vectors(flow: &Flow) -> Result<Vec<Vec<f64>>> {
    let x = match &flow.mask {
        Some(mask) => mean_of_real(&flow.x, mask)?,
        None => flow.x.flatten_from(1)?,
    };
    Ok(x.to_dtype(DType::F64)?.to_vec2::<f64>()?)
}

fn mean_of_real(x: &Tensor, mask: &Tensor) -> Result<Tensor> {
    let mask = mask.to_dtype(x.dtype())?.unsqueeze(2)?;
    let count = mask.sum(1)?.maximum(1.0)?;
    Ok(x.broadcast_mul(&mask)?.sum(1)?.broadcast_div(&count)?)
}

fn of_classes(site: Site, states: &[Vec<f64>], index: &ClassIndex) -> Result<SiteSpectrum> {
    let by_class = index.classes().iter().map(|(class, members)| {
        let rows = members
            .iter()
            .map(|&place| states[place as usize].as_slice());
        Ok(ClassSpectrum {
            class: *class,
            rows: members.len(),
            values: singular_values(&rows.collect::<Vec<_>>())?,
        })
    });
    let by_class: Vec<ClassSpectrum> = by_class.collect::<Result<_>>()?;
    let longest = by_class.iter().map(|c| c.values.len()).max().unwrap_or(0);
    let value = |k: usize| mean(by_class.iter().filter_map(|c| c.values.get(k).copied()));
    let ratio = |c: &ClassSpectrum| c.others() / c.first().max(f64::MIN_POSITIVE);
    Ok(SiteSpectrum {
        site,
        first: mean(by_class.iter().map(ClassSpectrum::first)),
        others: mean(by_class.iter().map(ClassSpectrum::others)),
        ratio: mean(by_class.iter().map(ratio)),
        values: (0..longest).map(value).collect(),
        by_class,
    })
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0.0), |(sum, n), v| (sum + v, n + 1.0));
    sum / n
}

/// The singular values of a matrix given by its rows, largest first: as many as its shorter side is long.
///
/// They are the roots of the eigenvalues of the smaller Gram matrix, in f64, so that values below 1e-7 of the first
/// are noise.
///
/// # Errors
/// [`Error::Shape`] for no row or rows of differing widths.
pub fn singular_values(rows: &[&[f64]]) -> Result<Vec<f64>> {
    let width = rows.first().map_or(0, |row| row.len());
    if width == 0 || rows.iter().any(|row| row.len() != width) {
        return Err(Error::Shape {
            what: "states".into(),
            expected: "one or more rows of one width".into(),
            got: format!("{} rows, the first of width {width}", rows.len()),
        });
    }
    let columns: Vec<Vec<f64>>;
    let shorter: Vec<&[f64]> = if rows.len() <= width {
        rows.to_vec()
    } else {
        let column = |c: usize| rows.iter().map(|row| row[c]).collect();
        columns = (0..width).map(column).collect();
        columns.iter().map(Vec::as_slice).collect()
    };
    let gram = |a: &&[f64]| shorter.iter().map(|b| dot(a, b)).collect();
    let (squares, _) = jacobi(shorter.iter().map(gram).collect());
    Ok(squares.into_iter().map(|s| s.max(0.0).sqrt()).collect())
}
