//! Words and marks that come in between the words there are.

use super::desk::{Desk, Drawn, Scene};
use super::unchanged::Unchanged;
use crate::random::Stream;
use crate::schedule::share;
use crate::text::words::{TextSpan, is_opening, is_spaceless};

/// The marks of AEDA (Karimi et al. 2021).
const MARKS: [char; 6] = ['.', ',', '!', '?', ';', ':'];

/// A uniform number of marks, each before another word.
pub(super) fn aeda(scene: &Scene<'_>, desk: &mut Desk, stream: &mut Stream) -> Drawn {
    if scene.rate == 0.0 {
        return Err(Unchanged::NothingDrawn);
    }
    let mut slots = std::mem::take(&mut desk.spans);
    find_slots(scene, &mut slots);
    let m = slots.len();
    if m > 0 {
        let q = 1 + stream.below(share(scene.rate, m) + 1);
        desk.choose(m, q.min(m), stream);
        let mut at = 0;
        for &k in &desk.order {
            let slot = slots[k as usize].range();
            desk.edit.own(at, slot.start);
            desk.edit.write(|new| {
                new.push(MARKS[stream.below(MARKS.len())]);
                if scene.spaced || !starts_spaceless(scene.text, slot.end) {
                    new.push(' ');
                }
            });
            at = slot.start;
        }
        desk.edit.own(at, scene.text.len());
    }
    desk.spans = slots;
    if m == 0 && scene.units.len() == 0 {
        Err(Unchanged::NoWords)
    } else if m == 0 {
        Err(Unchanged::NoPlace)
    } else {
        Ok(1.0)
    }
}

/// Words of the corpus, at places uniform over all there are, the end included.
pub(super) fn insert(scene: &Scene<'_>, desk: &mut Desk, stream: &mut Stream) -> Drawn {
    let Some(corpus) = scene.lists.corpus.as_ref().filter(|list| !list.is_empty()) else {
        return Err(Unchanged::NoCandidate);
    };
    let n = scene.count(scene.units.free.len())?;
    put_in(scene, desk, n, stream, |stream, word| {
        word.push_str(corpus.word(stream.below(corpus.len())));
    })
}

/// Synonyms of random words of the text, at such places.
pub(super) fn insert_synonym(scene: &Scene<'_>, desk: &mut Desk, stream: &mut Stream) -> Drawn {
    let Some(synonyms) = &scene.lists.synonyms else {
        return Err(Unchanged::NoCandidate);
    };
    let n = scene.count(scene.units.free.len())?;
    let mut known = std::mem::take(&mut desk.candidates);
    known.clear();
    for k in 0..scene.units.free.len() {
        let word = scene.units.free_span(k).of(scene.text);
        if synonyms.of(word, &mut desk.word).is_some() {
            known.push(k as u32);
        }
    }
    let mut key = std::mem::take(&mut desk.word);
    let drawn = match known.len() {
        0 => Err(Unchanged::NoCandidate),
        m => put_in(scene, desk, n, stream, |stream, word| {
            let of = scene.units.free_span(known[stream.below(m)] as usize);
            if let Some(others) = synonyms.of(of.of(scene.text), &mut key) {
                word.push_str(&others[stream.below(others.len())]);
            }
        }),
    };
    desk.word = key;
    desk.candidates = known;
    drawn
}

/// `n` words one after the other, each at a place uniform over all there are by then: together a uniform set of places
/// in the longer text.
fn put_in(
    scene: &Scene<'_>,
    desk: &mut Desk,
    n: usize,
    stream: &mut Stream,
    mut draw: impl FnMut(&mut Stream, &mut String),
) -> Drawn {
    let mut slots = std::mem::take(&mut desk.spans);
    find_slots(scene, &mut slots);
    let end = scene.units.spans.last().map_or(0, |last| last.end as usize);
    slots.push(TextSpan::new(end, end));
    let m = slots.len();
    desk.choose(m - 1 + n, n, stream);
    let mut at = 0;
    for i in 0..n {
        let place = desk.order[i] as usize - i;
        let slot = slots[place].range();
        let last = place + 1 == m;
        let touches = match last {
            true => scene.text[..end].ends_with(is_spaceless),
            false => starts_spaceless(scene.text, slot.end),
        };
        let spaceless = touches && !scene.spaced;
        desk.edit.own(at, slot.start);
        at = slot.start;
        desk.edit.write(|new| {
            if last && !spaceless {
                new.push(' ');
            }
            draw(stream, new);
            if !last && !spaceless {
                new.push(' ');
            }
        });
    }
    desk.edit.own(at, scene.text.len());
    desk.spans = slots;
    Ok(1.0)
}

/// The places before words where something may come in: at the beginning, behind white space, and before words of
/// scripts without spaces. Each from the place, before what opens the word, to the word.
fn find_slots(scene: &Scene<'_>, slots: &mut Vec<TextSpan>) {
    slots.clear();
    let bytes = scene.text.as_bytes();
    let mut before = 0;
    for &unit in &scene.units.spans {
        let start = unit.start as usize;
        if start > 0 && bytes[start - 1] == b' ' {
            slots.push(TextSpan {
                start: unit.start,
                end: unit.start,
            });
        } else {
            let gap = &scene.text[before..start];
            let place = before + gap.trim_end_matches(is_opening).len();
            let open = place == 0 || scene.text[..place].ends_with(char::is_whitespace);
            if open || starts_spaceless(scene.text, start) {
                slots.push(TextSpan::new(place, start));
            }
        }
        before = unit.end as usize;
    }
}

fn starts_spaceless(text: &str, at: usize) -> bool {
    text[at..].starts_with(is_spaceless)
}
