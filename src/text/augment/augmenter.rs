//! Texts in, changed texts out: a function of the seed, the row and the number of the output.

use std::collections::HashSet;

use regex::Regex;

use super::add;
use super::characters;
use super::desk::{Desk, Drawn, Scene};
use super::lists::Lists;
use super::marked::Marked;
use super::remove;
use super::reorder;
use super::replace;
use super::settings::AugmentSettings;
use super::splice;
use super::unchanged::Unchanged;
use super::units::{Fate, Units};
use super::workbench::Workbench;
use crate::error::Result;
use crate::random::{Purpose, Stream};
use crate::schedule::{Chain, Operation, OperationKind};
use crate::text::words::{TextSpan, WordFinder};

/// Draws of one chain for an output that is no new text, where new ones are asked for.
pub const TRIES: u64 = 16;

/// Checked settings with their lists; made by [`AugmentSettings::check`].
#[derive(Debug, Clone)]
pub struct Augmenter {
    pub(super) finder: WordFinder,
    pub(super) settings: AugmentSettings,
    pub(super) lists: Lists,
    pub(super) patterns: Vec<Regex>,
    pub(super) words: HashSet<String>,
}

/// Which output of which row: what its draws depend on, beside the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// The seed.
    pub seed: u64,
    /// The row's number.
    pub row: u64,
    /// The number of the output among those of the row, or the epoch.
    pub output: u32,
}

/// One output.
#[derive(Debug, Clone, Copy)]
pub struct Augmented<'a> {
    /// The new text.
    pub text: &'a str,
    /// The number of the chain that made it.
    pub chain: usize,
    /// Why it is the text as it was, where it is.
    pub unchanged: Option<Unchanged>,
    /// Why a step of the chain left the text alone, where another step changed it: that of the first such step.
    pub refused: Option<Unchanged>,
    /// The share of its words that are the text's own, and so the share of the target that is: 1 but where words of
    /// another text came in.
    pub own_share: f64,
    /// Where each marked stretch of the text stands now; `None` where it went.
    pub marks: &'a [Option<TextSpan>],
    /// Where each marked stretch of the partner stands now; `None` where it did not come along. Empty where nothing of the
    /// partner did.
    pub partner_marks: &'a [Option<TextSpan>],
    /// Where each kept stretch of the text stands now.
    pub kept: &'a [Option<TextSpan>],
}

/// What a chain came to.
struct Changed {
    own_share: f64,
    unchanged: Option<Unchanged>,
    refused: Option<Unchanged>,
}

impl Augmenter {
    /// The settings.
    pub fn settings(&self) -> &AugmentSettings {
        &self.settings
    }

    /// The chain of an output: they take turns, from a chain on that is uniform for each row. Where [`TRIES`] draws by one
    /// gave no new text, it is the next one's turn.
    pub fn chain_of(&self, draw: Draw, tried: u64) -> usize {
        let chains = self.settings.ops.len();
        if chains == 1 {
            return 0;
        }
        let first = Stream::keyed(draw.seed, Purpose::Text, CHAIN, draw.row).below(chains);
        (first + draw.output as usize + (tried / TRIES) as usize) % chains
    }

    /// Whether the chain of this number takes words of another text.
    pub fn takes_partner(&self, chain: usize) -> bool {
        self.settings.ops[chain]
            .0
            .iter()
            .any(|operation| operation.kind.needs_partner())
    }

    /// Finds the units of a text, before any number of [`Augmenter::draw`]s from it.
    ///
    /// # Errors
    /// Those of [`Marked::check`].
    pub fn read(&self, text: &Marked<'_>, bench: &mut Workbench) -> Result<()> {
        text.check()?;
        self.units(text, &[], &mut bench.bound, &mut bench.own);
        Ok(())
    }

    /// One output of the text that was [read](Augmenter::read) last. `tried` counts the draws before it that gave no
    /// new text.
    ///
    /// # Errors
    /// Those of [`Marked::check`] for the partner.
    pub fn draw<'a>(
        &self,
        text: &Marked<'_>,
        partner: Option<&Marked<'_>>,
        draw: Draw,
        tried: u64,
        bench: &'a mut Workbench,
    ) -> Result<Augmented<'a>> {
        let chain = self.chain_of(draw, tried);
        let key = u64::from(draw.output) | tried << 32;
        let mut stream = Stream::keyed(draw.seed, Purpose::Text, key, draw.row);
        if let Some(partner) = partner {
            partner.check()?;
            self.units(partner, &[], &mut bench.bound, &mut bench.partner);
        }
        let Changed {
            own_share,
            unchanged,
            refused,
        } = self.chain(chain, text, partner, &mut stream, bench);
        Ok(Augmented {
            text: &bench.text,
            chain,
            unchanged,
            refused,
            own_share,
            marks: &bench.marks,
            partner_marks: &bench.partner_marks,
            kept: &bench.stays,
        })
    }

    /// Draws a chain's operations and applies them, one after the other.
    fn chain(
        &self,
        chain: usize,
        text: &Marked<'_>,
        partner: Option<&Marked<'_>>,
        stream: &mut Stream,
        bench: &mut Workbench,
    ) -> Changed {
        bench.begin(text);
        let mut share = 1.0;
        let mut refused = None;
        let Chain(operations) = &self.settings.ops[chain];
        for (i, operation) in operations.iter().enumerate() {
            if i > 0 {
                self.read_step(text, bench);
            }
            let from = (i == 0).then_some(text.text);
            match self.step(operation, (from, text.spaced), partner, stream, bench) {
                Ok(own) => share *= own,
                Err(reason) => refused = refused.or(Some(reason)),
            }
        }
        if bench.text != text.text {
            return Changed {
                own_share: share,
                unchanged: None,
                refused,
            };
        }
        // Words of another text that leave the text as it was leave its target and its marks as they were.
        bench.begin(text);
        Changed {
            own_share: 1.0,
            unchanged: Some(refused.unwrap_or(Unchanged::NothingDrawn)),
            refused: None,
        }
    }

    /// Finds the units of what the last step of a chain made.
    fn read_step(&self, text: &Marked<'_>, bench: &mut Workbench) {
        std::mem::swap(&mut bench.text, &mut bench.before);
        bench.marked.clear();
        bench.marked.extend(bench.marks.iter().flatten());
        let step = Marked {
            text: &bench.before,
            marks: &bench.marked,
            kept: &bench.kept,
            ..*text
        };
        self.units(&step, &bench.written, &mut bench.bound, &mut bench.step);
    }

    /// One operation of a chain, on the text that was read (`from`) or on what the step before made. Its words stand
    /// between white space where they are `spaced`.
    fn step(
        &self,
        operation: &Operation,
        (from, spaced): (Option<&str>, bool),
        partner: Option<&Marked<'_>>,
        stream: &mut Stream,
        bench: &mut Workbench,
    ) -> Drawn {
        let (text, units): (&str, &Units) = match from {
            Some(text) => (text, &bench.own),
            None => (&bench.before, &bench.step),
        };
        let scene = Scene {
            text,
            units,
            spaced,
            partner: partner.map(|partner| (partner.text, &bench.partner)),
            rate: operation.rate,
            settings: &self.settings,
            lists: &self.lists,
            finder: &self.finder,
        };
        bench.desk.edit.clear();
        bench.text.clear();
        let drawn = self.operate(operation, &scene, &mut bench.desk, stream);
        if drawn.is_err() {
            bench.text.push_str(text);
            return drawn;
        }
        let other = partner.map_or("", |partner| partner.text);
        bench.desk.edit.apply(text, other, &mut bench.text);
        let brought = partner.filter(|_| operation.kind.needs_partner());
        bench.follow(brought.map_or(&[][..], |partner| partner.marks));
        if operation.kind == OperationKind::Mask {
            bench.desk.edit.written(&mut bench.written);
        }
        drawn
    }

    fn operate(
        &self,
        operation: &Operation,
        scene: &Scene<'_>,
        desk: &mut Desk,
        stream: &mut Stream,
    ) -> Drawn {
        match operation.kind {
            OperationKind::Crop => remove::crop(scene, desk, stream),
            OperationKind::Drop => remove::drop_run(scene, desk, stream),
            OperationKind::Sentences => remove::sentences(scene, desk, stream),
            OperationKind::Concat => splice::concat(scene, desk),
            OperationKind::Splice => splice::splice(scene, desk, stream),
            OperationKind::Swap => reorder::swap(scene, desk, stream),
            OperationKind::SwapAdjacent => reorder::swap_adjacent(scene, desk, stream),
            OperationKind::Delete => remove::delete(scene, desk, stream),
            OperationKind::Insert => add::insert(scene, desk, stream),
            OperationKind::InsertSynonym => add::insert_synonym(scene, desk, stream),
            OperationKind::Substitute => replace::substitute(scene, desk, stream),
            OperationKind::Synonym => {
                replace::alternative(scene, desk, stream, self.lists.synonyms.as_deref())
            }
            OperationKind::Nearest => {
                replace::alternative(scene, desk, stream, self.lists.nearest.as_deref())
            }
            OperationKind::Aeda => add::aeda(scene, desk, stream),
            OperationKind::Keyboard => characters::keyboard(scene, desk, stream),
            OperationKind::Transpose => characters::transpose(scene, desk, stream),
            OperationKind::Omit => characters::omit(scene, desk, stream),
            OperationKind::Case => characters::case(scene, desk, stream),
            OperationKind::Mask => replace::mask(scene, desk, stream),
        }
    }

    /// The units of a text: its words, and what its marks, the protection and `written` words bind.
    fn units(
        &self,
        text: &Marked<'_>,
        written: &[TextSpan],
        bound: &mut Vec<(TextSpan, Fate)>,
        units: &mut Units,
    ) {
        let of_marks = if text.marks_may_go {
            Fate::Whole
        } else {
            Fate::Kept
        };
        bound.clear();
        bound.extend(text.marks.iter().map(|&mark| (mark, of_marks)));
        bound.extend(text.kept.iter().map(|&kept| (kept, Fate::Kept)));
        bound.extend(written.iter().map(|&word| (word, Fate::Whole)));
        for pattern in &self.patterns {
            let found = pattern.find_iter(text.text);
            bound
                .extend(found.map(|found| (TextSpan::new(found.start(), found.end()), Fate::Kept)));
        }
        let kept = |word: &str| self.words.contains(&word.to_lowercase());
        let kept: Option<&dyn Fn(&str) -> bool> = if self.words.is_empty() {
            None
        } else {
            Some(&kept)
        };
        units.read(&self.finder, (text.text, text.spaced), kept, bound);
    }
}

/// The key of the draw that says which chain comes first.
const CHAIN: u64 = u64::MAX;
