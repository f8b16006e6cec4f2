//! A reader that follows the quotes of a csv file: it knows on which line each row starts (the csv crate's own count is
//! one short after a `\r\n` or a blank line) and refuses a quoted cell that never closes, since that would swallow the
//! rest of the file.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::path::PathBuf;

use crate::error::Error;

/// Passes csv bytes on, following their quotes by the rules of the csv crate: a quote opens a cell only at its first
/// byte, and `""` within stands for one quote.
pub(super) struct TrackedRows<R> {
    inner: R,
    path: PathBuf,
    delimiter: u8,
    state: State,
    line: u64,
    opened: u64,
    /// Whether the next byte that ends no line starts a row.
    between_rows: bool,
    /// First lines of the rows that were read but not yet asked for.
    starts: VecDeque<u64>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    CellStart,
    Plain,
    Quoted,
    /// After a quote within a quoted cell: the cell's end, or the first half of `""`.
    QuoteInQuoted,
}

impl<R> TrackedRows<R> {
    pub(super) fn new(inner: R, path: PathBuf, delimiter: u8) -> Self {
        Self {
            inner,
            path,
            delimiter,
            state: State::CellStart,
            line: 1,
            opened: 0,
            between_rows: true,
            starts: VecDeque::new(),
        }
    }

    /// The first line of the next row, from 1; to be called once a row.
    pub(super) fn next_start(&mut self) -> u64 {
        self.starts.pop_front().unwrap_or(self.line)
    }

    fn follow(&mut self, byte: u8) {
        let ends_row = byte == b'\n' || byte == b'\r';
        let ends_cell = ends_row || byte == self.delimiter;
        if self.between_rows && !ends_row {
            self.starts.push_back(self.line);
            self.between_rows = false;
        }
        self.state = match (self.state, byte) {
            (State::Quoted, b'"') => State::QuoteInQuoted,
            (State::Quoted, _) => State::Quoted,
            (State::CellStart, b'"') => {
                self.opened = self.line;
                State::Quoted
            }
            (State::QuoteInQuoted, b'"') => State::Quoted,
            _ if ends_cell => State::CellStart,
            _ => State::Plain,
        };
        self.between_rows |= ends_row && self.state == State::CellStart;
        self.line += u64::from(byte == b'\n');
    }
}

impl<R: Read> Read for TrackedRows<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        for &byte in &buffer[..n] {
            self.follow(byte);
        }
        if n == 0 && !buffer.is_empty() && self.state == State::Quoted {
            return Err(io::Error::other(Error::Cell {
                path: self.path.clone(),
                line: self.opened,
                column: None,
                expected: "a closing quote before the end of the file".into(),
                value: "\"".into(),
            }));
        }
        Ok(n)
    }
}
