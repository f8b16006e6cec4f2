//! Which classes a set has, and in which order.

use std::collections::HashMap;
use std::path::Path;

use crate::data::class_order;
use crate::error::{Error, Result};

/// The classes that occur, in order, or the `known` ones in their own; and the labels, which were places in `names`, as
/// places there.
pub(super) fn settled(
    names: Vec<String>,
    mut labels: Vec<u32>,
    path: &Path,
    known: Option<&[String]>,
) -> Result<(Vec<String>, Vec<u32>)> {
    let mut occurs = vec![false; names.len()];
    labels.iter().for_each(|&l| occurs[l as usize] = true);
    let own = names.iter().zip(&occurs).filter(|(_, occurs)| **occurs);
    let classes = match known {
        Some(known) => known.to_vec(),
        None => class_order(own.map(|(name, _)| name.clone()).collect()),
    };
    if let (None, [only]) = (known, classes.as_slice()) {
        return Err(Error::Data(format!(
            "{}: all images have the class '{only}'; at least two classes are needed",
            path.display()
        )));
    }
    let by_name: HashMap<&String, u32> = classes.iter().zip(0..).collect();
    let mut places = vec![0; names.len()];
    for (place, (name, occurs)) in places.iter_mut().zip(names.iter().zip(occurs)) {
        match by_name.get(name) {
            Some(&known) => *place = known,
            None if !occurs => {}
            None => {
                return Err(Error::Unknown {
                    kind: "class",
                    name: name.clone(),
                    known: classes,
                });
            }
        }
    }
    labels.iter_mut().for_each(|l| *l = places[*l as usize]);
    Ok((classes, labels))
}
