//! JSON objects whose values stay as they are written.

use std::fmt;

use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Keys and values, in order.
pub type Entries = Vec<(String, Box<RawValue>)>;

/// The keys and values of a JSON object, each value as it is written; an error where a key stands twice.
pub fn entries(text: &str) -> serde_json::Result<Entries> {
    struct Object;
    impl<'de> Visitor<'de> for Object {
        type Value = Entries;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
            let mut entries = Entries::new();
            while let Some((key, value)) = map.next_entry::<String, _>()? {
                if entries.iter().any(|(known, _)| *known == key) {
                    return Err(A::Error::custom(format!("the key '{key}' stands twice")));
                }
                entries.push((key, value));
            }
            Ok(entries)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let entries = deserializer.deserialize_map(Object)?;
    deserializer.end()?;
    Ok(entries)
}
