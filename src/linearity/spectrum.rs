//! Singular values of a site's states, class by class: mixing hidden states makes them lie along fewer directions
//! (flattening, Verma et al. 2019).

use std::collections::BTreeMap;

use candle_core::{DType, Tensor};

use super::fields::SiteSpectrum;
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
    let spectra = index.classes().iter().map(|(_, members)| {
        let rows: Vec<&[f64]> = members
            .iter()
            .map(|&place| states[place as usize].as_slice())
            .collect();
        singular_values(&rows)
    });
    let spectra: Vec<Vec<f64>> = spectra.collect::<Result<_>>()?;
    let over = |value: fn(&[f64]) -> f64| {
        spectra.iter().map(|s| value(s)).sum::<f64>() / spectra.len() as f64
    };
    let longest = spectra.iter().map(Vec::len).max().unwrap_or(0);
    let mean_at = |k: usize| {
        let there: Vec<f64> = spectra.iter().filter_map(|s| s.get(k).copied()).collect();
        there.iter().sum::<f64>() / there.len() as f64
    };
    Ok(SiteSpectrum {
        site,
        rows: index.classes().iter().map(|(_, m)| m.len()).collect(),
        first: over(|s| s[0]),
        others: over(|s| s[1..].iter().sum()),
        ratio: over(|s| s[1..].iter().sum::<f64>() / s[0].max(f64::MIN_POSITIVE)),
        values: (0..longest).map(mean_at).collect(),
    })
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
