//! What is done to rows at a site after they are mixed, their targets left alone.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What happens to the outgoing rows after the blend. A plan may hold nothing else: its pairs are then the identity.
///
/// Noise is kept as its scale and a key from which it is made again, the same numbers at any thread count; padding
/// stays as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Residue {
    /// `(1 + multiplicative·U) ⊙ z + additive·N` with U uniform on (−1, 1) and N normal, both for each number (NFM;
    /// Lim et al. 2022).
    Noise {
        /// The standard deviation of what is added, at least 0.
        additive: f64,
        /// The largest relative change, at least 0.
        multiplicative: f64,
        /// What the noise is made from.
        key: u64,
        /// The outgoing rows that it changes, rising; all, where there is no list.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rows: Option<Vec<u32>>,
    },
    /// Uniform noise on (−1, 1)·α/√(L·d), where L is the number of a row's real tokens and d the width of one
    /// (NEFTune; Jain et al. 2023).
    Neftune {
        /// α, at least 0.
        alpha: f64,
        /// What the noise is made from.
        key: u64,
        /// The outgoing rows that it changes, rising; all, where there is no list.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rows: Option<Vec<u32>>,
    },
    /// Zeros (Shen et al. 2020).
    Cutoff(Cutoff),
}

/// What is cut off each outgoing row, rising; nothing, where a list is empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Cutoff {
    /// These tokens; the mask leaves them out as well.
    Tokens(Vec<Vec<u32>>),
    /// These numbers of every token.
    Dimensions(Vec<Vec<u32>>),
}

impl Residue {
    /// Whether it changes nothing.
    pub fn is_zero(&self) -> bool {
        match self {
            Self::Noise {
                additive,
                multiplicative,
                rows,
                ..
            } => (*additive == 0.0 && *multiplicative == 0.0) || none(rows),
            Self::Neftune { alpha, rows, .. } => *alpha == 0.0 || none(rows),
            Self::Cutoff(cutoff) => cutoff.rows().iter().all(Vec::is_empty),
        }
    }

    /// Refuses scales that are none, and rows that the plan of `outgoing` rows does not have.
    ///
    /// # Errors
    /// [`Error::Setting`] for a scale below 0 or not finite, [`Error::Shape`] for rows or lists that do not fit.
    pub fn check(&self, outgoing: usize) -> Result<()> {
        let scales: &[(&str, f64)] = match self {
            Self::Noise {
                additive,
                multiplicative,
                ..
            } => &[("additive", *additive), ("multiplicative", *multiplicative)],
            Self::Neftune { alpha, .. } => &[("alpha", *alpha)],
            Self::Cutoff(_) => &[],
        };
        for (name, scale) in scales {
            if !(scale.is_finite() && *scale >= 0.0) {
                let field = format!("residue.{name}");
                return Err(Error::setting(field, "at least 0 and finite", scale));
            }
        }
        match self {
            Self::Noise { rows, .. } | Self::Neftune { rows, .. } => {
                rows.as_deref().map_or(Ok(()), |r| check_rows(r, outgoing))
            }
            Self::Cutoff(cutoff) => cutoff.check(outgoing),
        }
    }
}

impl Cutoff {
    /// The list of each row.
    pub fn rows(&self) -> &[Vec<u32>] {
        match self {
            Self::Tokens(rows) | Self::Dimensions(rows) => rows,
        }
    }

    fn check(&self, outgoing: usize) -> Result<()> {
        let rows = self.rows();
        if rows.len() != outgoing {
            let expected = format!("{outgoing} lists, one a pair");
            return Err(shape("cutoff", expected, rows.len().to_string()));
        }
        match rows.iter().position(|row| !rises(row)) {
            None => Ok(()),
            Some(r) => {
                let what = format!("cutoff of row {r}");
                Err(shape(
                    &what,
                    "a rising list".into(),
                    format!("{:?}", rows[r]),
                ))
            }
        }
    }
}

fn none(rows: &Option<Vec<u32>>) -> bool {
    rows.as_ref().is_some_and(Vec::is_empty)
}

fn check_rows(rows: &[u32], outgoing: usize) -> Result<()> {
    match rises(rows) && rows.last().is_none_or(|last| (*last as usize) < outgoing) {
        true => Ok(()),
        false => {
            let expected = format!("a rising list below the {outgoing} outgoing rows");
            Err(shape("rows of a residue", expected, format!("{rows:?}")))
        }
    }
}

fn rises(list: &[u32]) -> bool {
    list.windows(2).all(|two| two[0] < two[1])
}

fn shape(what: &str, expected: String, got: String) -> Error {
    Error::Shape {
        what: what.into(),
        expected,
        got,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Residue {
        serde_json::from_str(json).expect(json)
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (json, part) in [
            (
                r#"{"noise":{"additive":-1,"multiplicative":0,"key":1}}"#,
                "residue.additive",
            ),
            (
                r#"{"noise":{"additive":0,"multiplicative":-0.5,"key":1}}"#,
                "residue.multiplicative",
            ),
            (r#"{"neftune":{"alpha":-5,"key":1}}"#, "residue.alpha"),
            (
                r#"{"neftune":{"alpha":5,"key":1,"rows":[0,2]}}"#,
                "below the 2 outgoing rows",
            ),
            (
                r#"{"neftune":{"alpha":5,"key":1,"rows":[1,0]}}"#,
                "a rising list",
            ),
            (r#"{"cutoff":{"tokens":[[1]]}}"#, "2 lists, one a pair"),
            (r#"{"cutoff":{"dimensions":[[],[3,3]]}}"#, "cutoff of row 1"),
        ] {
            let error = read(json).check(2).expect_err(json).to_string();
            assert!(error.contains(part), "{error}");
        }
        assert!(serde_json::from_str::<Residue>(r#"{"neftune":{"alpha":5}}"#).is_err());
    }

    #[test]
    fn zero_is_known() {
        for (json, zero) in [
            (
                r#"{"noise":{"additive":0,"multiplicative":0,"key":1}}"#,
                true,
            ),
            (
                r#"{"noise":{"additive":0,"multiplicative":1,"key":1}}"#,
                false,
            ),
            (
                r#"{"noise":{"additive":1,"multiplicative":1,"key":1,"rows":[]}}"#,
                true,
            ),
            (r#"{"neftune":{"alpha":0,"key":1}}"#, true),
            (r#"{"neftune":{"alpha":1,"key":1}}"#, false),
            (r#"{"cutoff":{"tokens":[[],[]]}}"#, true),
            (r#"{"cutoff":{"tokens":[[],[2]]}}"#, false),
        ] {
            let residue = read(json);
            residue.check(2).expect(json);
            assert_eq!(residue.is_zero(), zero, "{json}");
        }
    }
}
