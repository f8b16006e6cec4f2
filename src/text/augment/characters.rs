//! Noise within words: typing errors and case. Digits stay what they are.

use super::desk::{Desk, Drawn, Scene};
use super::replace::among_candidates;
use crate::random::Stream;
use crate::text::words::{TextSpan, WordFinder};

/// The letters around each letter, from a to z, on a keyboard of the English layout.
const NEIGHBOURS: [&str; 26] = [
    "qwsz", "vghn", "xdfv", "serfcx", "wsdr", "drtgvc", "ftyhbv", "gyujnb", "ujko", "huikmn",
    "jiolm", "kop", "njk", "bhjm", "iklp", "ol", "wa", "edft", "awedxz", "rfgy", "yhji", "cfgb",
    "qase", "zsdc", "tghu", "asx",
];

/// A letter becomes its neighbour on the keyboard.
pub(super) fn keyboard(scene: &Scene<'_>, desk: &mut Desk, stream: &mut Stream) -> Drawn {
    let letter = |b: u8| b.is_ascii_alphabetic();
    noise(
        scene,
        desk,
        stream,
        |_, word, _| word.bytes().any(letter),
        |stream, _, word, new| {
            let letters = word.bytes().filter(|&b| letter(b)).count();
            let chosen = stream.below(letters);
            let at = word
                .bytes()
                .enumerate()
                .filter(|(_, b)| letter(*b))
                .nth(chosen);
            let (at, old) = at.expect("the draw is below the number of letters");
            let around = NEIGHBOURS[usize::from(old.to_ascii_lowercase() - b'a')].as_bytes();
            let drawn = char::from(around[stream.below(around.len())]);
            new.push_str(&word[..at]);
            new.push(if old.is_ascii_uppercase() {
                drawn.to_ascii_uppercase()
            } else {
                drawn
            });
            new.push_str(&word[at + 1..]);
        },
    )
}

/// Two neighbouring characters that differ change places.
pub(super) fn transpose(scene: &Scene<'_>, desk: &mut Desk, stream: &mut Stream) -> Drawn {
    let differ = |word: &str, two: &[TextSpan]| {
        let (a, b) = (two[0].of(word), two[1].of(word));
        a != b && !has_digit(a) && !has_digit(b)
    };
    let can =
        |_: &WordFinder, word: &str, of: &[TextSpan]| of.windows(2).any(|two| differ(word, two));
    noise(scene, desk, stream, can, |stream, of, word, new| {
        let places = of.windows(2).filter(|two| differ(word, two)).count();
        let chosen = stream.below(places);
        let two = of.windows(2).filter(|two| differ(word, two)).nth(chosen);
        let two = two.expect("the draw is below the number of places");
        new.push_str(&word[..two[0].range().start]);
        new.push_str(two[1].of(word));
        new.push_str(two[0].of(word));
        new.push_str(&word[two[1].range().end..]);
    })
}

/// A character is left out of a word that has another.
pub(super) fn omit(scene: &Scene<'_>, desk: &mut Desk, stream: &mut Stream) -> Drawn {
    let goes = |word: &str, one: &TextSpan| !has_digit(one.of(word));
    let can = |_: &WordFinder, word: &str, of: &[TextSpan]| {
        of.len() > 1 && of.iter().any(|one| goes(word, one))
    };
    noise(scene, desk, stream, can, |stream, of, word, new| {
        let chosen = stream.below(of.iter().filter(|one| goes(word, one)).count());
        let one = of.iter().filter(|one| goes(word, one)).nth(chosen);
        let one = one.expect("the draw is below the number of characters");
        new.push_str(&word[..one.range().start]);
        new.push_str(&word[one.range().end..]);
    })
}

/// A word in another case than its own.
pub(super) fn case(scene: &Scene<'_>, desk: &mut Desk, stream: &mut Stream) -> Drawn {
    let can =
        |_: &WordFinder, word: &str, _: &[TextSpan]| FORMS.iter().any(|form| differs(word, *form));
    noise(scene, desk, stream, can, |stream, _, word, new| {
        let forms = FORMS.iter().filter(|form| differs(word, **form));
        let chosen = stream.below(forms.clone().count());
        let form = forms.into_iter().nth(chosen);
        form.expect("the draw is below the number of forms")(word, new);
    })
}

/// Changes words of which `can` holds, as many as the operation's number says, by `write`. Both see the word's
/// characters.
fn noise(
    scene: &Scene<'_>,
    desk: &mut Desk,
    stream: &mut Stream,
    can: impl Fn(&WordFinder, &str, &[TextSpan]) -> bool,
    write: impl Fn(&mut Stream, &[TextSpan], &str, &mut String),
) -> Drawn {
    let n = scene.count(scene.units.free.len())?;
    let mut characters = std::mem::take(&mut desk.spans);
    desk.candidates.clear();
    for k in 0..scene.units.free.len() {
        let word = scene.units.free_span(k).of(scene.text);
        read_characters(scene.finder, word, &mut characters);
        if can(scene.finder, word, &characters) {
            desk.candidates.push(k as u32);
        }
    }
    let drawn = among_candidates(scene, desk, n, stream, |stream, word, new| {
        read_characters(scene.finder, word, &mut characters);
        write(stream, &characters, word, new);
    });
    desk.spans = characters;
    drawn
}

fn read_characters(finder: &WordFinder, word: &str, characters: &mut Vec<TextSpan>) {
    if word.is_ascii() {
        characters.clear();
        characters.extend((0..word.len()).map(|at| TextSpan::new(at, at + 1)));
    } else {
        finder.characters(word, characters);
    }
}

fn has_digit(character: &str) -> bool {
    character.chars().any(char::is_numeric)
}

type Form = fn(&str, &mut String);

const FORMS: [Form; 4] = [lower, upper, title, inverted];

/// Whether the form is another word, and not one that an earlier form already is.
fn differs(word: &str, form: Form) -> bool {
    let made = |form: Form| {
        let mut new = String::new();
        form(word, &mut new);
        new
    };
    let new = made(form);
    let earlier = FORMS
        .iter()
        .take_while(|other| !std::ptr::fn_addr_eq(**other, form));
    new != word && earlier.into_iter().all(|other| made(*other) != new)
}

fn lower(word: &str, new: &mut String) {
    new.extend(word.chars().flat_map(char::to_lowercase));
}

fn upper(word: &str, new: &mut String) {
    new.extend(word.chars().flat_map(char::to_uppercase));
}

fn title(word: &str, new: &mut String) {
    let mut rest = word.chars();
    new.extend(rest.next().into_iter().flat_map(char::to_uppercase));
    new.extend(rest.flat_map(char::to_lowercase));
}

fn inverted(word: &str, new: &mut String) {
    for c in word.chars() {
        if c.is_uppercase() {
            new.extend(c.to_lowercase());
        } else {
            new.extend(c.to_uppercase());
        }
    }
}
