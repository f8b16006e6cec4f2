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
        |word, _| word.bytes().any(letter),
        |stream, word, _, new| {
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
    let can = |word: &str, of: &mut Vec<TextSpan>| {
        read_characters(scene.finder, word, of);
        of.windows(2).any(|two| differ(word, two))
    };
    noise(scene, desk, stream, can, |stream, word, of, new| {
        read_characters(scene.finder, word, of);
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
    // Of a word with digits letters alone: a point left out of a number makes another one.
    let read = |word: &str, of: &mut Vec<TextSpan>| {
        read_characters(scene.finder, word, of);
        let several = of.len() > 1;
        let digits = has_digit(word);
        of.retain(|one| {
            let letter = one.of(word).chars().any(char::is_alphabetic);
            several && !has_digit(one.of(word)) && (letter || !digits)
        });
    };
    let can = |word: &str, of: &mut Vec<TextSpan>| {
        read(word, of);
        !of.is_empty()
    };
    noise(scene, desk, stream, can, |stream, word, of, new| {
        read(word, of);
        let one = of.get(stream.below(of.len()));
        let one = one.expect("the draw is below the number of characters");
        new.push_str(&word[..one.range().start]);
        new.push_str(&word[one.range().end..]);
    })
}

/// A word in another case than its own.
pub(super) fn case(scene: &Scene<'_>, desk: &mut Desk, stream: &mut Stream) -> Drawn {
    let can = |word: &str, _: &mut Vec<TextSpan>| match word.is_ascii() {
        true => word.bytes().any(|b| b.is_ascii_alphabetic()),
        false => FORMS.iter().any(|form| !form.is(word)),
    };
    noise(scene, desk, stream, can, |stream, word, _, new| {
        let mut others = [Form::Lower; FORMS.len()];
        let mut n = 0;
        for form in FORMS {
            let known = |other: &Form| form.of(word).eq(other.of(word));
            if !form.is(word) && !others[..n].iter().any(known) {
                others[n] = form;
                n += 1;
            }
        }
        new.extend(others[stream.below(n)].of(word));
    })
}

/// Changes words of which `can` holds, as many as the operation's number says, by `write`. Both are lent memory for the
/// characters of a word.
fn noise(
    scene: &Scene<'_>,
    desk: &mut Desk,
    stream: &mut Stream,
    can: impl Fn(&str, &mut Vec<TextSpan>) -> bool,
    write: impl Fn(&mut Stream, &str, &mut Vec<TextSpan>, &mut String),
) -> Drawn {
    let n = scene.count(scene.units.free.len())?;
    let mut characters = std::mem::take(&mut desk.spans);
    desk.candidates.clear();
    for k in 0..scene.units.free.len() {
        let word = scene.units.free_span(k).of(scene.text);
        if can(word, &mut characters) {
            desk.candidates.push(k as u32);
        }
    }
    let drawn = among_candidates(scene, desk, n, stream, |stream, word, new| {
        write(stream, word, &mut characters, new);
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

/// How a word may be written.
#[derive(Debug, Clone, Copy)]
enum Form {
    Lower,
    Upper,
    Title,
    Inverted,
}

const FORMS: [Form; 4] = [Form::Lower, Form::Upper, Form::Title, Form::Inverted];

impl Form {
    /// The word in this form.
    fn of(self, word: &str) -> impl Iterator<Item = char> {
        word.char_indices().flat_map(move |(at, c)| {
            let upper = match self {
                Self::Lower => false,
                Self::Upper => true,
                Self::Title => at == 0,
                Self::Inverted => !c.is_uppercase(),
            };
            let (upper, lower) = match upper {
                true => (Some(c.to_uppercase()), None),
                false => (None, Some(c.to_lowercase())),
            };
            upper
                .into_iter()
                .flatten()
                .chain(lower.into_iter().flatten())
        })
    }

    /// Whether the word has this form.
    fn is(self, word: &str) -> bool {
        self.of(word).eq(word.chars())
    }
}
