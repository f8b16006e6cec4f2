//! Entities in a sequence of tags: what conlleval counts.
//!
//! Tags are numbers: 0 is O, and of type k, from 0, 1 + 2k begins an entity (B) and 2 + 2k goes on with it (I).

use std::ops::Range;

/// An entity: some words of a sentence, and what they are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entity {
    /// The type, from 0.
    pub kind: usize,
    /// Its words.
    pub words: Range<usize>,
}

/// The entities of a sentence's tags, in order, by the rules of conlleval: B begins one, and so does I behind O or
/// behind another type; I behind its own type goes on.
///
/// ```
/// use candle_mixup::metrics::{Entity, entities};
///
/// // O, B-0, I-0, I-1, B-1
/// let found = entities(&[0, 1, 2, 4, 3]);
/// let entity = |kind, words| Entity { kind, words };
/// assert_eq!(found, [entity(0, 1..3), entity(1, 3..4), entity(1, 4..5)]);
/// ```
pub fn entities(tags: &[u32]) -> Vec<Entity> {
    let mut found: Vec<Entity> = Vec::new();
    let mut open = false;
    for (place, &tag) in tags.iter().enumerate() {
        let Some(kind) = kind_of(tag) else {
            open = false;
            continue;
        };
        match found.last_mut() {
            Some(last) if open && last.kind == kind && goes_on(tag) => last.words.end = place + 1,
            _ => found.push(Entity {
                kind,
                words: place..place + 1,
            }),
        }
        open = true;
    }
    found
}

/// The type of a tag; `None` for O.
fn kind_of(tag: u32) -> Option<usize> {
    (tag > 0).then(|| (tag as usize - 1) / 2)
}

/// Whether the tag goes on with an entity of its type.
fn goes_on(tag: u32) -> bool {
    tag > 0 && tag.is_multiple_of(2)
}
