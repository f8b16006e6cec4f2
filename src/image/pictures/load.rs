//! Every picture of a set decoded once, side by side, and checked against the first.

use std::path::Path;

use rayon::prelude::*;

use super::listing::Listing;
use super::{Decoded, Decoding, Pictures, Refused, Rules, decode};
use crate::error::{Error, Result};
use crate::image::options::ImageOptions;
use crate::image::pixels::hash_of;
use crate::image::read::{Labels, Raw};
use crate::image::shape::ImageShape;

/// Pictures decoded at once: an error is found within so many of the first.
const AT_ONCE: usize = 256;

pub(in crate::image) fn read(path: &Path, options: &ImageOptions, labels: Labels) -> Result<Raw> {
    let listing = Listing::of(path, labels)?;
    let mut loading = Loading::new(options);
    for start in (0..listing.files.len()).step_by(AT_ONCE) {
        let places = start..listing.files.len().min(start + AT_ONCE);
        let decoded: Vec<_> = places
            .clone()
            .into_par_iter()
            .map(|place| decoded(&listing.files[place], &loading.pictures.rules))
            .collect();
        for (place, decoded) in places.zip(decoded) {
            if listing.first_test == Some(place) {
                loading.first_test = Some(loading.kept.len());
            }
            loading.take(&listing, place, decoded)?;
        }
    }
    loading.finish(path, listing)
}

fn decoded(path: &Path, rules: &Rules) -> Decoding<(Decoded, String)> {
    let decoded = decode::decode(path, rules)?;
    let hash = hash_of(&decoded.bytes);
    Ok((decoded, hash))
}

/// A set that grows picture by picture.
struct Loading {
    pictures: Pictures,
    /// The shape of the first, which is everyone's.
    shape: Option<ImageShape>,
    /// Places in the listing.
    kept: Vec<usize>,
    skipped: Vec<String>,
    first_test: Option<usize>,
    skip_bad: bool,
    limit: u64,
}

impl Loading {
    fn new(options: &ImageOptions) -> Self {
        Self {
            pictures: Pictures {
                files: Vec::new(),
                hashes: Vec::new(),
                memory: None,
                rules: options.into(),
            },
            shape: None,
            kept: Vec::new(),
            skipped: Vec::new(),
            first_test: None,
            skip_bad: options.skip_bad,
            limit: options.memory,
        }
    }

    fn take(
        &mut self,
        listing: &Listing,
        place: usize,
        decoded: Decoding<(Decoded, String)>,
    ) -> Result<()> {
        let path = &listing.files[place];
        let (decoded, hash) = match decoded {
            Ok(decoded) => decoded,
            Err(Refused::Bad(reason)) if self.skip_bad => {
                self.skipped.push(format!("{}: {reason}", path.display()));
                return Ok(());
            }
            Err(refused) => return Err(refused.error(path)),
        };
        match self.shape {
            Some(shape) => check_shape(shape, &self.pictures.files[0], decoded.shape, path)?,
            None => self.begin(decoded.shape, listing.files.len() - place),
        }
        self.pictures.files.push(path.clone());
        self.pictures.hashes.push(hash);
        self.kept.push(place);
        if let Some(memory) = &mut self.pictures.memory {
            memory.extend_from_slice(&decoded.bytes);
        }
        Ok(())
    }

    /// The first picture is known, and with it how much all of them need.
    fn begin(&mut self, shape: ImageShape, pictures: usize) {
        self.shape = Some(shape);
        let all = shape.len() * pictures;
        self.pictures.memory = (all as u64 <= self.limit).then(|| Vec::with_capacity(all));
    }

    fn finish(self, path: &Path, listing: Listing) -> Result<Raw> {
        let Some(shape) = self.shape else {
            return Err(Error::file(path, "has no picture that can be decoded"));
        };
        let labels: Vec<u32> = match listing.labels.is_empty() {
            true => Vec::new(),
            false => self
                .kept
                .iter()
                .map(|&place| listing.labels[place])
                .collect(),
        };
        let problem = match self.first_test {
            Some(first) if first == labels.len() => Some("the test part".into()),
            first => emptied(&listing.classes, &labels[..first.unwrap_or(labels.len())]),
        };
        if let Some(of) = problem {
            return Err(Error::file(
                path,
                format!("no picture of {of} can be decoded"),
            ));
        }
        Ok(Raw {
            shape,
            white: u8::MAX,
            pixels: self.pictures.into(),
            names: listing.classes,
            labels,
            first_test: self.first_test,
            skipped: self.skipped,
        })
    }
}

/// A class of which nothing is left to train on.
fn emptied(classes: &[String], labels: &[u32]) -> Option<String> {
    let mut left = vec![false; classes.len()];
    labels.iter().for_each(|&l| left[l as usize] = true);
    let class = left.iter().position(|left| !left)?;
    Some(format!("the class '{}'", classes[class]))
}

/// Refuses a picture that is not like the first.
fn check_shape(shape: ImageShape, first: &Path, other: ImageShape, path: &Path) -> Result<()> {
    let first = first.display();
    if shape.channels != other.channels {
        let word = |channels: usize| if channels == 1 { "grey" } else { "in colour" };
        let (own, firsts) = (word(other.channels), word(shape.channels));
        let problem = format!(
            "is {own}, and {first} is {firsts}; the option 'channels' (grey or rgb) makes all alike"
        );
        return Err(Error::file(path, problem));
    }
    if shape != other {
        let size = |s: ImageShape| format!("{}x{}", s.height, s.width);
        let (own, firsts) = (size(other), size(shape));
        let problem = format!(
            "is {own} (height x width), and {first} is {firsts}; the option 'resize' stretches all to one size"
        );
        return Err(Error::file(path, problem));
    }
    Ok(())
}
