//! Scores of one run, or a statistic of several, by metric.

use serde::de::Deserializer;
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

use crate::metrics::{Metric, Scores};

/// Numbers by metric, in order; in JSON an object whose non-finite numbers are `null`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Values(Vec<(Metric, f64)>);

impl Values {
    /// Values from (metric, number) pairs, kept in this order.
    pub fn new(values: impl IntoIterator<Item = (Metric, f64)>) -> Self {
        Self(values.into_iter().collect())
    }

    /// The metric's number; `None` where it is missing or not finite.
    pub fn get(&self, metric: Metric) -> Option<f64> {
        let found = self.0.iter().find(|(m, _)| *m == metric);
        found.map(|(_, v)| *v).filter(|v| v.is_finite())
    }

    /// The pairs in order, non-finite numbers included.
    pub fn iter(&self) -> impl Iterator<Item = (Metric, f64)> + '_ {
        self.0.iter().copied()
    }
}

impl From<&Scores> for Values {
    fn from(scores: &Scores) -> Self {
        Self::new(scores.values.iter().map(|(m, v)| (*m, *v)))
    }
}

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (metric, value) in &self.0 {
            map.serialize_entry(metric, &value.is_finite().then_some(value))?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Values;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of metrics and numbers")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Values, A::Error> {
                let mut values = Vec::new();
                while let Some((metric, value)) = map.next_entry::<Metric, Option<f64>>()? {
                    values.push((metric, value.unwrap_or(f64::NAN)));
                }
                Ok(Values(values))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}
