//! Where the bytes of a set's images lie: in blocks of equally long rows, and in pictures.

use std::borrow::Cow;
use std::path::PathBuf;

use super::content::Content;
use super::pictures::Pictures;
use super::shape::ImageShape;
use crate::data::Fingerprint;
use crate::error::Result;

/// Rows of one file, all of one length.
#[derive(Debug)]
pub(super) struct Block {
    pub path: PathBuf,
    pub content: Content,
    /// Where the first image begins, and from there the next one's distance.
    pub offset: usize,
    pub stride: usize,
    pub rows: usize,
}

impl Block {
    fn row(&self, place: usize, shape: ImageShape) -> &[u8] {
        &self.content[self.offset + place * self.stride..][..shape.len()]
    }
}

#[derive(Debug)]
enum Piece {
    Block(Block),
    Pictures(Pictures),
}

impl Piece {
    fn rows(&self) -> usize {
        match self {
            Self::Block(block) => block.rows,
            Self::Pictures(pictures) => pictures.len(),
        }
    }
}

/// The images of a set, row by row.
#[derive(Debug, Default)]
pub(super) struct Pixels {
    pieces: Vec<Piece>,
    /// Where each piece's rows end.
    ends: Vec<usize>,
}

impl From<Block> for Pixels {
    fn from(block: Block) -> Self {
        let mut pixels = Self::default();
        pixels.push(Piece::Block(block));
        pixels
    }
}

impl From<Pictures> for Pixels {
    fn from(pictures: Pictures) -> Self {
        let mut pixels = Self::default();
        pixels.push(Piece::Pictures(pictures));
        pixels
    }
}

impl Pixels {
    fn push(&mut self, piece: Piece) {
        self.ends.push(self.len() + piece.rows());
        self.pieces.push(piece);
    }

    /// Puts other rows behind these.
    pub fn append(&mut self, other: Self) {
        other.pieces.into_iter().for_each(|piece| self.push(piece));
    }

    pub fn len(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// The piece of a row, and its place there.
    fn find(&self, row: u32) -> (&Piece, usize) {
        let row = row as usize;
        assert!(row < self.len(), "row {row} of {}", self.len());
        let piece = self.ends.partition_point(|&end| end <= row);
        let start = if piece == 0 { 0 } else { self.ends[piece - 1] };
        (&self.pieces[piece], row - start)
    }

    /// A row's bytes, decoded where they are not in memory.
    pub fn row(&self, row: u32, shape: ImageShape) -> Result<Cow<'_, [u8]>> {
        match self.find(row) {
            (Piece::Block(block), place) => Ok(Cow::Borrowed(block.row(place, shape))),
            (Piece::Pictures(pictures), place) => pictures.row(place, shape),
        }
    }

    /// The hash of a row's bytes, 32 hexadecimal digits; that of a picture was taken when it was read.
    pub fn hash(&self, row: u32, shape: ImageShape) -> String {
        match self.find(row) {
            (Piece::Block(block), place) => hash_of(block.row(place, shape)),
            (Piece::Pictures(pictures), place) => pictures.hash(place).into(),
        }
    }

    /// The file of a row, and which image it is there.
    pub fn name(&self, row: u32) -> String {
        match self.find(row) {
            (Piece::Block(block), place) => {
                format!("{}, image {}", block.path.display(), place + 1)
            }
            (Piece::Pictures(pictures), place) => pictures.path(place).display().to_string(),
        }
    }
}

/// The hash of an image's bytes, 32 hexadecimal digits.
pub(super) fn hash_of(bytes: &[u8]) -> String {
    let mut hash = Fingerprint::new();
    hash.block(bytes);
    hash.hex()
}
