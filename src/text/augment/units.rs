//! The units that operations move, drop and replace: words, and what must stay together.

use std::ops::Range;

use crate::text::words::{TextSpan, WordFinder};

/// What may become of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Anything.
    Free,
    /// It may go as a whole, with its label, and is not changed otherwise.
    Whole,
    /// Nothing: it comes back byte for byte.
    Kept,
}

/// A text's units, in order. The same memory serves text after text.
#[derive(Debug, Default)]
pub(super) struct Units {
    pub spans: Vec<TextSpan>,
    /// One a unit.
    fates: Vec<Fate>,
    /// The free units.
    pub free: Vec<u32>,
    words: Vec<TextSpan>,
    /// The words of each unit; empty where each is one word. Signs that are bound count as one.
    sizes: Vec<u32>,
}

impl Units {
    /// The words of `text`, those apart that bound spans touch: each such span is a unit with its words. Of the others
    /// those stay that `kept_word` names. `spaced` words stand between white space.
    pub fn read(
        &mut self,
        finder: &WordFinder,
        (text, spaced): (&str, bool),
        kept_word: Option<&dyn Fn(&str) -> bool>,
        bound: &mut Vec<(TextSpan, Fate)>,
    ) {
        let find = if spaced {
            WordFinder::spaced_words
        } else {
            WordFinder::words
        };
        if bound.is_empty() {
            find(finder, text, &mut self.spans);
            self.sizes.clear();
            self.fates.clear();
            self.fates.resize(self.spans.len(), Fate::Free);
        } else {
            find(finder, text, &mut self.words);
            self.fates.clear();
            self.bind(bound);
        }
        self.free.clear();
        if bound.is_empty() && kept_word.is_none() {
            self.free.extend(0..self.spans.len() as u32);
            return;
        }
        for (i, span) in self.spans.iter().enumerate() {
            let fate = &mut self.fates[i];
            if *fate == Fate::Free && kept_word.is_some_and(|kept| kept(span.of(text))) {
                *fate = Fate::Kept;
            }
            if *fate == Fate::Free {
                self.free.push(i as u32);
            }
        }
    }

    /// Merges words and bound spans that overlap into one unit, kept where one of them is.
    fn bind(&mut self, bound: &mut Vec<(TextSpan, Fate)>) {
        self.spans.clear();
        self.sizes.clear();
        bound.extend(self.words.iter().map(|&word| (word, Fate::Free)));
        bound.sort_unstable_by_key(|(span, _)| (span.start, span.end));
        for &(span, fate) in bound.iter().filter(|(span, _)| !span.is_empty()) {
            let size = u32::from(fate == Fate::Free);
            match (self.spans.last_mut(), self.fates.last_mut()) {
                (Some(last), Some(last_fate)) if span.start < last.end => {
                    last.end = last.end.max(span.end);
                    *self.sizes.last_mut().expect("each span has a size") += size;
                    *last_fate = match (*last_fate, fate) {
                        (Fate::Kept, _) | (_, Fate::Kept) => Fate::Kept,
                        (Fate::Free, Fate::Free) => Fate::Free,
                        _ => Fate::Whole,
                    };
                }
                _ => {
                    self.spans.push(span);
                    self.fates.push(fate);
                    self.sizes.push(size);
                }
            }
        }
        self.sizes
            .iter_mut()
            .for_each(|size| *size = (*size).max(1));
    }

    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// The words of these units.
    pub fn words_in(&self, units: Range<usize>) -> usize {
        match self.sizes.get(units.clone()) {
            Some(sizes) if !self.sizes.is_empty() => sizes.iter().map(|&n| n as usize).sum(),
            _ => units.len(),
        }
    }

    /// How many units, from the first on, hold at most so many words.
    pub fn within(&self, words: usize) -> usize {
        if self.sizes.is_empty() {
            return words.min(self.len());
        }
        let mut left = words;
        let fits = |size: &&u32| {
            let fits = **size as usize <= left;
            left = left.saturating_sub(**size as usize);
            fits
        };
        self.sizes.iter().take_while(fits).count()
    }

    pub fn fate(&self, unit: usize) -> Fate {
        self.fates[unit]
    }

    /// The span of the free unit number `k`.
    pub fn free_span(&self, k: usize) -> TextSpan {
        self.spans[self.free[k] as usize]
    }

    /// The units that must stay.
    pub fn kept(&self) -> impl Iterator<Item = TextSpan> {
        let all = self.spans.iter().zip(&self.fates);
        all.filter(|(_, fate)| **fate == Fate::Kept)
            .map(|(span, _)| *span)
    }

    /// First and last of the units that must stay.
    pub fn kept_ends(&self) -> Option<(usize, usize)> {
        let kept = |fate: &Fate| *fate == Fate::Kept;
        let first = self.fates.iter().position(kept)?;
        let last = self.fates.iter().rposition(kept)?;
        Some((first, last))
    }

    /// The starts of all runs of `n` units none of which must stay, appended to `starts`.
    pub fn movable_runs(&self, n: usize, of: impl Fn(Fate) -> bool, starts: &mut Vec<u32>) {
        let mut length = 0;
        for (i, &fate) in self.fates.iter().enumerate() {
            length = if of(fate) { length + 1 } else { 0 };
            if length >= n {
                starts.push((i + 1 - n) as u32);
            }
        }
    }

    /// The longest run of units of which `of` holds.
    pub fn longest_run(&self, of: impl Fn(Fate) -> bool) -> usize {
        let mut best = 0;
        let mut length = 0;
        for &fate in &self.fates {
            length = if of(fate) { length + 1 } else { 0 };
            best = best.max(length);
        }
        best
    }
}
