//! An augmentation as it is written: `flip,crop=4`.

use std::fmt;
use std::str::FromStr;

use super::Augment;
use crate::error::{Error, Result};

const NAMES: [&str; 6] = ["flip", "crop", "translate", "rotate", "noise", "cutout"];

impl fmt::Display for Augment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = [
            ("crop", self.crop as f64),
            ("translate", self.translate),
            ("rotate", self.rotate),
            ("noise", self.noise),
            ("cutout", self.cutout as f64),
        ];
        let flip = self.flip.then(|| "flip".to_owned());
        let given = numbers.iter().filter(|(_, value)| *value != 0.0);
        let given = given.map(|(name, value)| format!("{name}={value}"));
        let all: Vec<String> = flip.into_iter().chain(given).collect();
        match all.is_empty() {
            true => f.pad("none"),
            false => f.pad(&all.join(",")),
        }
    }
}

impl FromStr for Augment {
    type Err = Error;

    /// Changes between commas, in any order, each once; or `none`.
    ///
    /// # Errors
    /// [`Error::Unknown`] for a name, [`Error::Setting`] for its number.
    fn from_str(text: &str) -> Result<Self> {
        let mut augment = Self::default();
        if text.trim() == "none" {
            return Ok(augment);
        }
        let mut met = Vec::new();
        for item in text.split(',').map(str::trim) {
            let (name, value) = match item.split_once('=') {
                Some((name, value)) => (name.trim(), Some(value.trim())),
                None => (item, None),
            };
            if met.contains(&name) {
                return Err(Error::setting("augmentation", "named once each", text));
            }
            met.push(name);
            augment.set(name, value)?;
        }
        Ok(augment)
    }
}

impl Augment {
    fn set(&mut self, name: &str, value: Option<&str>) -> Result<()> {
        match (name, value) {
            ("flip", None) => self.flip = true,
            ("flip", Some(value)) => {
                return Err(Error::setting("flip", "without a number", value));
            }
            ("crop", _) => self.crop = pixels(name, value)?,
            ("translate", _) => {
                self.translate = positive(name, value, "a share of height and width")?
            }
            ("rotate", _) => self.rotate = positive(name, value, "degrees")?,
            ("noise", _) => self.noise = positive(name, value, "a share of white")?,
            ("cutout", _) => self.cutout = pixels(name, value)?,
            _ => {
                return Err(Error::Unknown {
                    kind: "augmentation",
                    name: name.into(),
                    known: NAMES.map(str::to_owned).to_vec(),
                });
            }
        }
        Ok(())
    }
}

fn pixels(name: &str, value: Option<&str>) -> Result<usize> {
    let number = value.and_then(|v| v.parse().ok()).filter(|&n| n > 0);
    number.ok_or_else(|| wrong(name, "pixels, a whole number from 1", value))
}

fn positive(name: &str, value: Option<&str>, unit: &str) -> Result<f64> {
    let number = value.and_then(|v| v.parse().ok());
    let number = number.filter(|n: &f64| n.is_finite() && *n > 0.0);
    number.ok_or_else(|| wrong(name, &format!("{unit}, a positive number"), value))
}

fn wrong(name: &str, expected: &str, value: Option<&str>) -> Error {
    Error::setting(
        name,
        format!("{name}=NUMBER: {expected}"),
        value.unwrap_or("nothing"),
    )
}
