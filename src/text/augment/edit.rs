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

    /// Appends where what was written stands in the new text.
    pub fn written(&self, spans: &mut Vec<TextSpan>) {
        let mut at = 0;
        for piece in &self.pieces {
            let end = at + piece.span.len();
            if piece.origin == Origin::New {
                spans.push(TextSpan::new(at, end));
            }
            at = end;
        }
    }

    /// Where the pieces of `origin` stand in the new text.
    pub fn places(&self, origin: Origin, places: &mut Places) {
        places.0.clear();
        let mut at = 0;
        for piece in &self.pieces {
            if piece.origin == origin {
                places.0.push((piece.span, at));
            }
            at += piece.span.len() as u32;
        }
        places.0.sort_unstable();
    }
}

/// Pieces of one text, each with its place in the new text; in the order of the text that they are of.
#[derive(Debug, Default)]
pub(super) struct Places(Vec<(TextSpan, u32)>);

impl Places {
    /// Where a span stands in the new text: `None` where it went, whole or in part.
    pub fn carry(&self, span: TextSpan) -> Option<TextSpan> {
        let behind = self
            .0
            .partition_point(|(piece, _)| piece.start <= span.start);
        let (piece, at) = self.0[behind.checked_sub(1)?];
        let start = at + (span.start - piece.start);
        (span.end <= piece.end).then(|| TextSpan {
            start,
            end: start + span.len() as u32,
        })
    }
}
