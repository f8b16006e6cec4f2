//! A reader that lets only UTF-8 through and says where anything else stands.

use std::io::{self, Read};
use std::path::PathBuf;
use std::str::from_utf8;

use crate::error::Error;

/// Passes bytes on and fails with [`Error::Utf8`] at the first that is not UTF-8.
pub(super) struct CheckedUtf8<R> {
    inner: R,
    path: PathBuf,
    /// The beginning of a character that the last read cut in two.
    pending: Vec<u8>,
    line: u64,
    /// Offset of the next unchecked byte, pending ones included.
    byte: u64,
}

impl<R> CheckedUtf8<R> {
    /// `skipped` bytes were taken from the front already.
    pub(super) fn new(inner: R, path: PathBuf, skipped: u64) -> Self {
        Self {
            inner,
            path,
            pending: Vec::new(),
            line: 1,
            byte: skipped,
        }
    }

    fn check(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while let (false, [first, rest @ ..]) = (self.pending.is_empty(), bytes) {
            self.pending.push(*first);
            bytes = rest;
            match from_utf8(&self.pending) {
                Ok(_) => {
                    self.byte += self.pending.len() as u64;
                    self.pending.clear();
                }
                Err(e) if e.error_len().is_some() => return self.refuse(),
                Err(_) => {}
            }
        }
        match from_utf8(bytes) {
            Ok(_) => self.pass(bytes),
            Err(e) => {
                let (valid, rest) = bytes.split_at(e.valid_up_to());
                self.pass(valid);
                if e.error_len().is_some() {
                    return self.refuse();
                }
                self.pending.extend_from_slice(rest);
            }
        }
        Ok(())
    }

    fn pass(&mut self, valid: &[u8]) {
        self.line += valid.iter().filter(|&&b| b == b'\n').count() as u64;
        self.byte += valid.len() as u64;
    }

    fn refuse(&self) -> io::Result<()> {
        Err(io::Error::other(Error::Utf8 {
            path: self.path.clone(),
            line: self.line,
            byte: self.byte,
        }))
    }
}

impl<R: Read> Read for CheckedUtf8<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.check(&buffer[..n])?;
        if n == 0 && !buffer.is_empty() && !self.pending.is_empty() {
            self.refuse()?;
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out `0` in pieces of `1` bytes, so that every character is cut at every place.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = self.1.min(self.0.len()).min(buffer.len());
            buffer[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    fn read(bytes: &[u8], piece: usize) -> std::result::Result<Vec<u8>, Error> {
        let mut out = Vec::new();
        CheckedUtf8::new(Pieces(bytes, piece), "f".into(), 0)
            .read_to_end(&mut out)
            .map(|_| out)
            .map_err(|e| e.downcast::<Error>().expect("only our error is raised"))
    }

    #[test]
    fn passes_utf8_cut_anywhere() {
        let text = "a\u{e9}\u{4f60}\n\u{1f600}z".as_bytes();
        for piece in 1..=text.len() {
            assert_eq!(read(text, piece).expect("valid UTF-8"), text);
        }
    }

    #[test]
    fn names_line_and_byte() {
        for (bytes, at) in [
            (&b"ab\n\xc3\xa9\xff"[..], (2, 5)),
            (b"\xff", (1, 0)),
            (b"a\n\n\xe4\xbd", (3, 3)),
            (b"a\xe4\xbdb", (1, 1)),
        ] {
            for piece in 1..=bytes.len() {
                match read(bytes, piece) {
                    Err(Error::Utf8 { line, byte, .. }) => assert_eq!((line, byte), at),
                    other => panic!("{bytes:?} in pieces of {piece}: {other:?}"),
                }
            }
        }
    }
}
