//! Tags of words: entities by the rules of conlleval, words, and log loss.

use std::collections::{BTreeMap, HashSet};

use super::classes::{Counts, per_class, total};
use super::entities::{Entity, entities};
use super::{Metric, Scores, ratio, reliability, surprise};
use crate::error::{Error, Result};

/// A word to score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredWord<'a> {
    /// Its tag.
    pub tag: u32,
    /// The probability of every tag; `None` for a word that the model never saw, because its row was cut before it.
    pub shares: Option<&'a [f32]>,
}

impl ScoredWord<'_> {
    /// The likeliest tag, the lowest among equals; O for a word that was not seen.
    fn predicted(&self) -> u32 {
        let Some(p) = self.shares else { return 0 };
        (1..p.len()).fold(0, |best, c| if p[c] > p[best] { c } else { best }) as u32
    }

    fn is_right(&self) -> bool {
        self.shares.is_some() && self.predicted() == self.tag
    }
}

/// Scores of sentences whose words have one of `tags` tags, numbered as [`entities`] says.
///
/// Entities are counted together (micro), and one entry a type stands in [`Scores::per_class`]. A word that was not seen
/// counts as O where entities are counted and as wrong where words are; log loss, ECE and the reliability bins are those
/// of the words that were seen, and absent where none was.
///
/// ```
/// use candle_mixup::metrics::{Metric, ScoredWord, tagging};
///
/// // O, B, I: the entity of two words is found one word short.
/// let word = |tag, shares: &'static [f32]| ScoredWord { tag, shares: Some(shares) };
/// let sentence = vec![word(1, &[0.0, 1.0, 0.0]), word(2, &[0.5, 0.25, 0.25])];
/// let scores = tagging(&[sentence], 3)?;
/// assert_eq!(scores.get(Metric::EntityF1), Some(0.0));
/// assert_eq!(scores.get(Metric::TokenAccuracy), Some(0.5));
/// # Ok::<(), candle_mixup::Error>(())
/// ```
///
/// # Errors
/// [`Error::Data`] for no words and for probabilities that are not finite, [`Error::Shape`] for a tag that there is not
/// or another number of probabilities than of tags.
pub fn tagging(sentences: &[Vec<ScoredWord<'_>>], tags: usize) -> Result<Scores> {
    check(sentences, tags)?;
    let mut counts = vec![Counts::default(); tags.saturating_sub(1).div_ceil(2)];
    for sentence in sentences {
        let gold: Vec<u32> = sentence.iter().map(|w| w.tag).collect();
        let predicted: Vec<u32> = sentence.iter().map(ScoredWord::predicted).collect();
        count(&entities(&gold), &entities(&predicted), &mut counts);
    }
    let words = || sentences.iter().flatten();
    let right = words().filter(|w| w.is_right()).count();
    let mut values = entity_scores(&counts);
    values.insert(
        Metric::TokenAccuracy,
        ratio(right as f64, words().count() as f64),
    );
    let seen = || words().filter_map(|w| Some((w.shares?, w)));
    let surprises = seen().map(|(p, w)| surprise(p[w.tag as usize].into()));
    let bins =
        reliability::bins(seen().map(|(p, w)| (p[w.predicted() as usize].into(), w.is_right())));
    let n = seen().count();
    if n > 0 {
        values.insert(Metric::LogLoss, surprises.sum::<f64>() / n as f64);
        values.insert(Metric::Ece, reliability::ece(&bins));
    }
    Ok(Scores {
        values,
        per_class: per_class(&counts),
        reliability: bins,
    })
}

/// An entity is found if one of the same words and type is predicted.
fn count(gold: &[Entity], predicted: &[Entity], counts: &mut [Counts]) {
    let there: HashSet<&Entity> = gold.iter().collect();
    let said: HashSet<&Entity> = predicted.iter().collect();
    for entity in predicted {
        counts[entity.kind].add(true, there.contains(entity));
    }
    for entity in gold.iter().filter(|entity| !said.contains(entity)) {
        counts[entity.kind].add(false, true);
    }
}

fn entity_scores(counts: &[Counts]) -> BTreeMap<Metric, f64> {
    let all = total(counts);
    let share = |of: usize| ratio(all.hit as f64, (all.hit + of) as f64);
    BTreeMap::from([
        (Metric::EntityF1, all.f1()),
        (Metric::EntityPrecision, share(all.false_alarm)),
        (Metric::EntityRecall, share(all.miss)),
    ])
}

fn check(sentences: &[Vec<ScoredWord<'_>>], tags: usize) -> Result<()> {
    if sentences.iter().all(Vec::is_empty) {
        return Err(Error::Data("no words to score".into()));
    }
    for word in sentences.iter().flatten() {
        let shares = word.shares.unwrap_or(&[]);
        let whole = word.shares.is_none() || shares.len() == tags;
        if word.tag as usize >= tags || !whole {
            return Err(Error::Shape {
                what: "a word to score".into(),
                expected: format!("a tag below {tags} and {tags} probabilities"),
                got: format!("tag {} and {}", word.tag, shares.len()),
            });
        }
        if let Some(p) = shares.iter().find(|p| !p.is_finite()) {
            let problem = format!("a probability of a tag is {p}, and cannot be scored");
            return Err(Error::Data(problem));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE_HOT: [[f32; 5]; 5] = [
        [1., 0., 0., 0., 0.],
        [0., 1., 0., 0., 0.],
        [0., 0., 1., 0., 0.],
        [0., 0., 0., 1., 0.],
        [0., 0., 0., 0., 1.],
    ];

    /// Words by tag and prediction; `None` was not seen.
    fn sentence(words: &[(u32, Option<usize>)]) -> Vec<ScoredWord<'static>> {
        let word = |&(tag, said): &(u32, Option<usize>)| ScoredWord {
            tag,
            shares: said.map(|tag| &ONE_HOT[tag][..]),
        };
        words.iter().map(word).collect()
    }

    /// By hand: O B0 I0 O B1 against O B0 I0 B1 I1, and I0 alone, which begins an entity, found as B0.
    #[test]
    fn entities_are_right_as_a_whole_or_not_at_all() {
        let first = sentence(&[
            (0, Some(0)),
            (1, Some(1)),
            (2, Some(2)),
            (0, Some(3)),
            (3, Some(4)),
        ]);
        let second = sentence(&[(2, Some(1)), (0, Some(0))]);
        let scores = tagging(&[first, second], 5).expect("words");
        let of = |m| scores.get(m).expect("taken");
        // 3 entities there, 3 said, 2 of them right.
        assert_eq!(of(Metric::EntityPrecision), 2.0 / 3.0);
        assert_eq!(of(Metric::EntityRecall), 2.0 / 3.0);
        assert_eq!(of(Metric::EntityF1), 2.0 / 3.0);
        assert_eq!(of(Metric::TokenAccuracy), 4.0 / 7.0);
        let types: Vec<_> = scores
            .per_class
            .iter()
            .map(|c| (c.class, c.f1, c.support))
            .collect();
        assert_eq!(types, [(0, 1.0, 2), (1, 0.0, 1)]);
    }

    #[test]
    fn a_word_that_was_not_seen_is_o_among_entities_and_wrong_among_words() {
        let cut = sentence(&[(1, Some(1)), (2, None), (0, None)]);
        let scores = tagging(&[cut], 5).expect("words");
        assert_eq!(
            scores.get(Metric::EntityF1),
            Some(0.0),
            "the entity ends too early"
        );
        assert_eq!(scores.get(Metric::TokenAccuracy), Some(1.0 / 3.0));
        assert_eq!(
            scores.get(Metric::LogLoss),
            Some(0.0),
            "of the word that was seen"
        );
        let none = tagging(&[sentence(&[(1, None)])], 5).expect("words");
        assert_eq!(none.get(Metric::LogLoss), None);
    }

    #[test]
    fn log_loss_is_the_mean_over_words() {
        let p = [[0.5f32, 0.25, 0.25], [0.125, 0.75, 0.125]];
        let word = |tag, p: &'static [f32; 3]| ScoredWord {
            tag,
            shares: Some(&p[..]),
        };
        let p: &'static _ = Box::leak(Box::new(p));
        let scores = tagging(&[vec![word(0, &p[0])], vec![word(2, &p[1])]], 3).expect("words");
        let expected = -(0.5f64.ln() + 0.125f64.ln()) / 2.0;
        assert!((scores.get(Metric::LogLoss).expect("taken") - expected).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be_scored_is_refused() {
        let message = |sentences: &[Vec<ScoredWord<'_>>]| {
            tagging(sentences, 5)
                .expect_err("cannot be scored")
                .to_string()
        };
        assert_eq!(message(&[Vec::new()]), "no words to score");
        let words = "a word to score: expected a tag below 5 and 5 probabilities, got tag ";
        assert_eq!(
            message(&[sentence(&[(7, Some(0))])]),
            format!("{words}7 and 5")
        );
        let short = ScoredWord {
            tag: 1,
            shares: Some(&ONE_HOT[0][..3]),
        };
        assert_eq!(message(&[vec![short]]), format!("{words}1 and 3"));
        let nan = ScoredWord {
            tag: 1,
            shares: Some(&[f32::NAN, 0., 0., 0., 0.]),
        };
        assert!(message(&[vec![nan]]).contains("is NaN, and cannot be scored"));
    }
}
