//! Operations on the texts that a training pass reads.

use std::collections::HashMap;

use rayon::prelude::*;

use super::augmenter::{Augmenter, Draw};
use super::lists::{Lists, WordList};
use super::marked::Marked;
use super::settings::AugmentSettings;
use super::unchanged::Unchanged;
use super::workbench::Workbench;
use crate::error::{Error, Result};
use crate::random::{Purpose, Stream};
use crate::schedule::TextRule;
use crate::source::{Asked, Readings};
use crate::text::tokens::{EncodedTexts, Tokenizer};

/// The keys of the draws beside those of the operations: behind the numbers of all epochs.
const TOSS: u64 = 1 << 62;
const PARTNER: u64 = 1 << 63;

/// What sets the second texts of pairs apart from the first ones.
const SECOND: u64 = 1 << 40;

/// Further draws where a text itself was drawn as its partner.
const TRIES: usize = 16;

/// A text to train on.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingText {
    /// Its number among all rows.
    pub row: u32,
    /// The text.
    pub text: String,
    /// The second text of a pair.
    pub pair: Option<String>,
    /// Its target; it takes words from texts with the same.
    pub target: Vec<f32>,
}

/// The training texts, and how they are changed when a pass reads them.
#[derive(Debug, Clone)]
pub struct TextChanges {
    augmenter: Augmenter,
    probability: f64,
    tokenizer: Tokenizer,
    texts: Vec<TrainingText>,
    /// The places of the texts by their rows.
    places: HashMap<u32, usize>,
    /// The places of the texts of each target, by the bits of its numbers.
    classes: HashMap<Vec<u32>, Vec<usize>>,
}

impl TextChanges {
    /// # Errors
    /// Those of [`AugmentSettings::check`]; [`Error::Conflict`] for pairs of texts with words of another text.
    pub fn new(rule: &TextRule, tokenizer: Tokenizer, texts: Vec<TrainingText>) -> Result<Self> {
        let settings = AugmentSettings {
            ops: rule.ops.clone(),
            min_keep: rule.min_keep,
            mask: rule.mask.clone(),
            ..AugmentSettings::default()
        };
        let pairs = texts.iter().any(|text| text.pair.is_some());
        if settings.needs_partner() && pairs {
            let problem = "splice and concat are for single texts, not for pairs";
            return Err(Error::Conflict(problem.into()));
        }
        let lists = Lists {
            corpus: settings
                .needs_corpus()
                .then(|| WordList::of(&all_texts(&texts)).into()),
            ..Lists::default()
        };
        let places = texts.iter().map(|text| text.row).zip(0..).collect();
        let mut classes: HashMap<Vec<u32>, Vec<usize>> = HashMap::new();
        for (place, text) in texts.iter().enumerate() {
            classes.entry(bits(&text.target)).or_default().push(place);
        }
        Ok(Self {
            augmenter: settings.check(lists)?,
            probability: rule.probability,
            tokenizer,
            texts,
            places,
            classes,
        })
    }

    /// The rows that a pass asks for, changed and encoded, in order; and what became of them.
    ///
    /// # Errors
    /// [`Error::Shape`] for a row that is no training text; those of [`Tokenizer::encode`].
    pub fn encode(&self, asked: &Asked<'_>) -> Result<(EncodedTexts, Readings)> {
        let rows = asked.rows.par_iter();
        let changed = rows.map_init(Workbench::default, |bench, &row| {
            let place = self.places.get(&row).copied();
            let place = place.ok_or_else(|| Error::Shape {
                what: "row of a pass".into(),
                expected: "one of the training texts".into(),
                got: row.to_string(),
            })?;
            let TrainingText { text, pair, .. } = &self.texts[place];
            let first = self.changed(text, place, 0, asked, bench)?;
            let second = pair
                .as_ref()
                .map(|pair| self.changed(pair, place, SECOND, asked, bench));
            Ok((first, second.transpose()?))
        });
        let changed = changed.collect::<Result<Vec<_>>>()?;
        let mut readings = Readings::default();
        let mut count = |read: Read| {
            if let Some(unchanged) = read.tossed {
                readings.count(unchanged);
            }
            read.text
        };
        let (texts, pairs): (Vec<String>, Vec<Option<String>>) = changed
            .into_iter()
            .map(|(first, second)| (count(first), second.map(&mut count)))
            .unzip();
        let pairs: Option<Vec<String>> = pairs.into_iter().collect();
        Ok((self.tokenizer.encode(&texts, pairs.as_deref())?, readings))
    }

    fn changed(
        &self,
        text: &str,
        place: usize,
        which: u64,
        asked: &Asked<'_>,
        bench: &mut Workbench,
    ) -> Result<Read> {
        let row = u64::from(self.texts[place].row) | which;
        let (seed, epoch) = (asked.seed, u64::from(asked.epoch));
        let mut toss = Stream::keyed(seed, Purpose::Text, TOSS | epoch, row);
        if toss.unit() >= self.probability {
            return Ok(Read {
                text: text.to_owned(),
                tossed: None,
            });
        }
        let draw = Draw {
            seed,
            row,
            output: asked.epoch,
        };
        let takes = self
            .augmenter
            .takes_partner(self.augmenter.chain_of(draw, 0));
        let mut stream = Stream::keyed(seed, Purpose::Text, PARTNER | epoch, row);
        let partner = takes.then(|| self.partner(place, &mut stream)).flatten();
        let partner = partner.map(|other| Marked::plain(&self.texts[other].text));
        let marked = Marked::plain(text);
        self.augmenter.read(&marked, bench)?;
        let made = self
            .augmenter
            .draw(&marked, partner.as_ref(), draw, 0, bench)?;
        Ok(Read {
            text: made.text.to_owned(),
            tossed: Some(made.unchanged),
        })
    }

    /// Another text of the same class, uniform; `None` where there is none.
    fn partner(&self, place: usize, stream: &mut Stream) -> Option<usize> {
        let of = self.classes.get(&bits(&self.texts[place].target))?;
        let mut drawn = (0..TRIES).map(|_| of[stream.below(of.len())]);
        drawn.find(|&other| other != place).or_else(|| {
            let others = of.iter().copied().filter(|&other| other != place);
            others.min()
        })
    }
}

/// A text as a pass reads it.
struct Read {
    text: String,
    /// Why it is as it was, where it was to be changed.
    tossed: Option<Option<Unchanged>>,
}

fn bits(target: &[f32]) -> Vec<u32> {
    target.iter().map(|share| share.to_bits()).collect()
}

fn all_texts(texts: &[TrainingText]) -> Vec<&str> {
    let first = texts.iter().map(|text| text.text.as_str());
    let second = texts.iter().filter_map(|text| text.pair.as_deref());
    first.chain(second).collect()
}
