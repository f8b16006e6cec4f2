//! Words that others take the place of.

use super::desk::{Desk, Drawn, Scene};
use super::lists::Alternatives;
use super::unchanged::Unchanged;
use crate::random::Stream;

/// Draws after which a list is taken to hold no other word: more cannot help, since a list of two gives another word
/// each second time.
const TRIES: usize = 64;

/// Words of the corpus, uniform among those that are not the old one.
pub(super) fn substitute(scene: &Scene<'_>, desk: &mut Desk, stream: &mut Stream) -> Drawn {
    let Some(corpus) = scene.lists.corpus.as_ref().filter(|list| !list.is_empty()) else {
        return Err(Unchanged::NoCandidate);
    };
    let m = scene.units.free.len();
    let n = scene.count(m)?;
    desk.choose(m, n, stream);
    replace(scene, desk, |old, new| {
        // Of distinct words one at most is the old one.
        let mut same = None;
        let drawn = (0..TRIES).find_map(|_| {
            let i = stream.below(corpus.len());
            let word = corpus.word(i);
            if same == Some(i) || same_word(word, old) {
                same = Some(i);
                return None;
            }
            Some(word)
        });
        cased_like(old, drawn.unwrap_or(old), new);
    })
}

/// Alternatives of the words that have some.
pub(super) fn alternative(
    scene: &Scene<'_>,
    desk: &mut Desk,
    stream: &mut Stream,
    alternatives: Option<&Alternatives>,
) -> Drawn {
    let Some(alternatives) = alternatives else {
        return Err(Unchanged::NoCandidate);
    };
    let n = scene.count(scene.units.free.len())?;
    let mut key = std::mem::take(&mut desk.word);
    desk.candidates.clear();
    for k in 0..scene.units.free.len() {
        let word = scene.units.free_span(k).of(scene.text);
        if alternatives.of(word, &mut key).is_some() {
            desk.candidates.push(k as u32);
        }
    }
    let drawn = among_candidates(scene, desk, n, stream, |stream, old, new| {
        if let Some(others) = alternatives.of(old, &mut key) {
            cased_like(old, &others[stream.below(others.len())], new);
        }
    });
    desk.word = key;
    drawn
}

/// The mask.
pub(super) fn mask(scene: &Scene<'_>, desk: &mut Desk, stream: &mut Stream) -> Drawn {
    let m = scene.units.free.len();
    let n = scene.count(m)?;
    desk.choose(m, n, stream);
    replace(scene, desk, |_, new| new.push_str(&scene.settings.mask))
}

/// Replaces `n` of the candidates, or all where there are fewer, by what `write` makes of each.
pub(super) fn among_candidates(
    scene: &Scene<'_>,
    desk: &mut Desk,
    n: usize,
    stream: &mut Stream,
    mut write: impl FnMut(&mut Stream, &str, &mut String),
) -> Drawn {
    let m = desk.candidates.len();
    if m == 0 {
        return Err(Unchanged::NoCandidate);
    }
    desk.choose(m, n.min(m), stream);
    for i in 0..desk.order.len() {
        desk.order[i] = desk.candidates[desk.order[i] as usize];
    }
    replace(scene, desk, |old, new| write(stream, old, new))
}

/// Replaces the free units that `order` names by what `write` makes of each.
fn replace(scene: &Scene<'_>, desk: &mut Desk, mut write: impl FnMut(&str, &mut String)) -> Drawn {
    let mut at = 0;
    for &k in &desk.order {
        let place = scene.units.free_span(k as usize);
        let range = place.range();
        desk.edit.own(at, range.start);
        desk.edit.write(|new| write(place.of(scene.text), new));
        at = range.end;
    }
    desk.edit.own(at, scene.text.len());
    Ok(1.0)
}

/// Whether two words differ in case at most.
fn same_word(a: &str, b: &str) -> bool {
    let lower = |c: char| c.to_lowercase();
    a.chars().flat_map(lower).eq(b.chars().flat_map(lower))
}

/// Appends `word` in the case of `like`, where the list has it in lower case: all letters upper (two or more), or the
/// first.
fn cased_like(like: &str, word: &str, out: &mut String) {
    let upper = |c: char| c.is_uppercase();
    let lower = |c: char| c.is_lowercase();
    if word.contains(upper) || !like.starts_with(upper) {
        return out.push_str(word);
    }
    let letters = like.chars().filter(|&c| upper(c) || lower(c)).count();
    if letters > 1 && !like.contains(lower) {
        return out.extend(word.chars().flat_map(char::to_uppercase));
    }
    let mut rest = word.chars();
    out.extend(rest.next().into_iter().flat_map(char::to_uppercase));
    out.push_str(rest.as_str());
}
