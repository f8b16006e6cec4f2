//! The memory of one thread that changes texts, and where stretches stand meanwhile.

use super::desk::Desk;
use super::edit::{Origin, Places};
use super::marked::Marked;
use super::units::{Fate, Units};
use crate::text::words::TextSpan;

/// The memory in which texts are changed, one after the other.
#[derive(Debug, Default)]
pub struct Workbench {
    pub(super) own: Units,
    pub(super) step: Units,
    pub(super) partner: Units,
    pub(super) desk: Desk,
    pub(super) bound: Vec<(TextSpan, Fate)>,
    pub(super) text: String,
    pub(super) before: String,
    pub(super) marks: Vec<Option<TextSpan>>,
    pub(super) partner_marks: Vec<Option<TextSpan>>,
    /// What is marked and what is kept in the text between two operations of a chain.
    pub(super) marked: Vec<TextSpan>,
    pub(super) kept: Vec<TextSpan>,
    /// The stretches that were given as kept.
    pub(super) stays: Vec<Option<TextSpan>>,
    /// What `mask` wrote: words that no further operation takes apart.
    pub(super) written: Vec<TextSpan>,
    pub(super) places: Places,
}

impl Workbench {
    /// Has all that is marked and kept where it is in the text itself, and nothing of a partner.
    pub(super) fn begin(&mut self, text: &Marked<'_>) {
        let here = |spans: &mut Vec<Option<TextSpan>>, given: &[TextSpan]| {
            spans.clear();
            spans.extend(given.iter().map(|&span| Some(span)));
        };
        here(&mut self.marks, text.marks);
        here(&mut self.stays, text.kept);
        self.kept.clear();
        self.kept.extend(self.own.kept());
        self.written.clear();
        self.partner_marks.clear();
    }

    /// Carries what is marked, kept and written to where the last edit put it, and marks of the partner that came along.
    pub(super) fn follow(&mut self, partner_marks: &[TextSpan]) {
        let (edit, places) = (&self.desk.edit, &mut self.places);
        let marked = !self.marks.is_empty() || !self.stays.is_empty();
        if marked || !self.kept.is_empty() || !self.written.is_empty() {
            edit.places(Origin::Own, places);
        }
        for mark in self.marks.iter_mut().chain(&mut self.stays) {
            *mark = mark.and_then(|span| places.carry(span));
        }
        for spans in [&mut self.kept, &mut self.written] {
            spans.retain_mut(|span| {
                let place = places.carry(*span);
                place.map(|place| *span = place).is_some()
            });
        }
        if !partner_marks.is_empty() {
            edit.places(Origin::Partner, places);
            let carried = partner_marks.iter();
            self.partner_marks
                .extend(carried.map(|&mark| places.carry(mark)));
        }
    }
}
