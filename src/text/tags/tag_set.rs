//! The tags there are, numbered: O first, then B and I of each type.

use super::sentence::Tag;

/// The types of a tagged corpus, sorted, and the tags that they make: 0 is O, and of type k, from 0, 1 + 2k is B and
/// 2 + 2k is I, as [`metrics::entities`](crate::metrics::entities) reads them.
///
/// ```
/// use candle_mixup::text::TagSet;
///
/// let tags = TagSet::new(["person".to_string(), "date".into()]);
/// assert_eq!(tags.names(), ["O", "B-date", "I-date", "B-person", "I-person"]);
/// assert_eq!(TagSet::of_names(&tags.names()), Some(tags));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagSet {
    types: Vec<String>,
}

impl TagSet {
    /// These types, sorted and each once.
    pub fn new(types: impl IntoIterator<Item = String>) -> Self {
        let mut types: Vec<String> = types.into_iter().collect();
        types.sort();
        types.dedup();
        Self { types }
    }

    /// The set whose names these are, in this order.
    pub fn of_names(names: &[String]) -> Option<Self> {
        let kinds = names.iter().filter_map(|name| name.strip_prefix("B-"));
        let set = Self::new(kinds.map(String::from));
        (set.names() == names).then_some(set)
    }

    /// The types.
    pub fn types(&self) -> &[String] {
        &self.types
    }

    /// How many tags there are.
    pub fn len(&self) -> usize {
        1 + 2 * self.types.len()
    }

    /// Whether there is no type.
    pub fn is_empty(&self) -> bool {
        self.types.is_empty()
    }

    /// The tags by number.
    pub fn names(&self) -> Vec<String> {
        let of = |kind: &String| [format!("B-{kind}"), format!("I-{kind}")];
        let both = self.types.iter().flat_map(of);
        std::iter::once("O".to_string()).chain(both).collect()
    }

    /// The tags of a sentence as numbers, and how many I began an entity, behind O or another type; those count as B.
    /// The position of the first tag of an unknown type otherwise.
    pub(super) fn number(&self, tags: &[Tag]) -> Result<(Vec<u32>, usize), usize> {
        let mut began = 0;
        let mut last: Option<&str> = None;
        let mut numbers = Vec::with_capacity(tags.len());
        for (place, tag) in tags.iter().enumerate() {
            let kind = match tag.kind() {
                None => None,
                Some(kind) => Some(self.place(kind).ok_or(place)?),
            };
            let goes_on = matches!(tag, Tag::I(kind) if last == Some(kind));
            began += usize::from(matches!(tag, Tag::I(_)) && !goes_on);
            numbers.push(kind.map_or(0, |k| 1 + 2 * k + u32::from(goes_on)));
            last = tag.kind();
        }
        Ok((numbers, began))
    }

    fn place(&self, kind: &str) -> Option<u32> {
        let place = self.types.binary_search_by(|t| t.as_str().cmp(kind));
        place.ok().map(|k| k as u32)
    }
}
