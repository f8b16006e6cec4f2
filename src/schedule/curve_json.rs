//! Curves in JSON: a plain number is a constant, everything else an object of one key.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::curve::{Curve, Cycle, Per, Piece, Step};
use super::json::NumberOr;

impl Serialize for Curve {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Constant(value) => serializer.serialize_f64(*value),
            curve => Written::serialize(curve, serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Curve {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match NumberOr::deserialize(deserializer)? {
            NumberOr::Number(value) => Self::Constant(value),
            NumberOr::Map(Object(curve)) => curve,
        })
    }
}

/// The object form alone.
struct Object(Curve);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Written::deserialize(deserializer).map(Self)
    }
}

/// The fields of [`Curve`] as they are written; serde checks that the two agree.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Curve", rename_all = "kebab-case", deny_unknown_fields)]
enum Written {
    Constant(f64),
    Linear {
        from: f64,
        to: f64,
        #[serde(default, skip_serializing_if = "every_step")]
        per: Per,
    },
    Cosine {
        from: f64,
        to: f64,
        #[serde(default, skip_serializing_if = "every_step")]
        per: Per,
    },
    Steps {
        from: f64,
        then: Vec<Step>,
    },
    Cycle(Cycle),
    Pieces(Vec<Piece>),
}

fn every_step(per: &Per) -> bool {
    *per == Per::Step
}
