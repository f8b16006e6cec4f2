//! What an operation drew, as data: the pieces of which the new text is made. Drawing and writing are separate, and
//! spans find their new place by the same pieces.

use crate::text::words::TextSpan;

/// Whose bytes a piece is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Own,
    Partner,
    New,
}

#[derive(Debug, Clone, Copy)]
struct Piece {
    origin: Origin,
    span: TextSpan,
}

/// The pieces of a new text, in order; the same memory serves text after text.
#[derive(Debug, Default)]
pub(super) struct Edit {
    pieces: Vec<Piece>,
    /// What is in neither text.
    new: String,
}

impl Edit {
    pub fn clear(&mut self) {
        self.pieces.clear();
        self.new.clear();
    }

    /// Goes on with bytes of the text itself.
    pub fn own(&mut self, start: usize, end: usize) {
        self.piece(Origin::Own, TextSpan::new(start, end));
    }

    /// Goes on with bytes of the partner.
    pub fn partner(&mut self, start: usize, end: usize) {
        self.piece(Origin::Partner, TextSpan::new(start, end));
    }

    /// Goes on with what `write` appends.
    pub fn write(&mut self, write: impl FnOnce(&mut String)) {
        let start = self.new.len();
        write(&mut self.new);
        self.piece(Origin::New, TextSpan::new(start, self.new.len()));
    }

    /// Goes on with words that are in neither text.
    pub fn fresh(&mut self, text: &str) {
        self.write(|new| new.push_str(text));
    }

    fn piece(&mut self, origin: Origin, span: TextSpan) {
        match self.pieces.last_mut() {
            _ if span.is_empty() => {}
            Some(last) if last.origin == origin && last.span.end == span.start => {
                last.span.end = span.end;
            }
            _ => self.pieces.push(Piece { origin, span }),
        }
    }

    /// Appends the new text to `out`.
    pub fn apply(&self, own: &str, partner: &str, out: &mut String) {
        for piece in &self.pieces {
            let from = match piece.origin {
                Origin::Own => own,
                Origin::Partner => partner,
                Origin::New => &self.new,
            };
            out.push_str(piece.span.of(from));
        }
    }

    /// Where a span of `origin` stands in the new text: `None` where it went, whole or in part.
    pub fn carry(&self, origin: Origin, span: TextSpan) -> Option<TextSpan> {
        let mut at = 0;
        for piece in &self.pieces {
            let holds = piece.origin == origin
                && piece.span.start <= span.start
                && span.end <= piece.span.end;
            if holds {
                let start = at + (span.start - piece.span.start) as usize;
                return Some(TextSpan::new(start, start + span.len()));
            }
            at += piece.span.len();
        }
        None
    }
}
