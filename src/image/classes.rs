//! Which classes a set has, and in which order.

use std::path::Path;

use crate::error::{Error, Result};

/// The classes that occur, in the order of `names`, or the `known` ones in their own; and the labels as places there.
pub(super) fn settled(
    names: Vec<String>,
    mut labels: Vec<u32>,
    path: &Path,
    known: Option<&[String]>,
) -> Result<(Vec<String>, Vec<u32>)> {
    let mut occurs = vec![false; names.len()];
    labels.iter().for_each(|&l| occurs[l as usize] = true);
    let kept = names.iter().zip(occurs).filter(|(_, occurs)| *occurs);
    let classes = match known {
        Some(known) => known.to_vec(),
        None => kept.clone().map(|(name, _)| name.clone()).collect(),
    };
    if let (None, [only]) = (known, classes.as_slice()) {
        return Err(Error::Data(format!(
            "{}: all images have the class '{only}'; at least two classes are needed",
            path.display()
        )));
    }
    let mut places = vec![0; names.len()];
    for (place, name) in places.iter_mut().zip(&names) {
        if let Some(p) = classes.iter().position(|c| c == name) {
            *place = p as u32;
        }
    }
    if let Some((name, _)) = kept.clone().find(|(name, _)| !classes.contains(name)) {
        return Err(Error::Unknown {
            kind: "class",
            name: name.clone(),
            known: classes,
        });
    }
    labels.iter_mut().for_each(|l| *l = places[*l as usize]);
    Ok((classes, labels))
}
