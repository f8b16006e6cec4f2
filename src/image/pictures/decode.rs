//! One PNG or JPEG file: decoded and made what was asked for.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, ImageFormat, ImageReader};

use super::convert::Interleaved;
use super::{Decoded, Decoding, Refused, Rules};
use crate::error::{Error, Result};
use crate::image::options::SixteenBit;

/// Decodes a file by its content, whatever it is called. An orientation noted by a camera is not applied.
pub(super) fn decode(path: &Path, rules: &Rules) -> Decoding<Decoded> {
    let bytes = fs::read(path).map_err(|e| Refused::Error(Error::io(path)(e)))?;
    let bad = |e: &dyn std::fmt::Display| Refused::Bad(format!("cannot be decoded: {e}"));
    let reader = ImageReader::new(Cursor::new(&bytes));
    let reader = reader.with_guessed_format().map_err(|e| bad(&e))?;
    let whole = match reader.format() {
        Some(ImageFormat::Png) => is_whole_png(&bytes),
        Some(ImageFormat::Jpeg) => is_whole_jpeg(&bytes),
        _ => return Err(bad(&"it is neither a PNG nor a JPEG file")),
    };
    if !whole {
        return Err(bad(&"it is cut short"));
    }
    let decoded = reader.decode().map_err(|e| bad(&e))?;
    let interleaved = interleaved(decoded, path, rules).map_err(Refused::Error)?;
    interleaved.finished(path, rules).map_err(Refused::Error)
}

/// Whether the last chunk is there, which always reads the same. The decoder does without it.
fn is_whole_png(bytes: &[u8]) -> bool {
    const END: &[u8] = b"IEND\xae\x42\x60\x82";
    memchr::memmem::rfind(bytes, END).is_some()
}

/// Whether an end of image (FF D9) follows the last start of a scan (FF DA); a thumbnail's own stands before it. The
/// decoder makes up what is missing.
fn is_whole_jpeg(bytes: &[u8]) -> bool {
    let end = memchr::memmem::rfind(bytes, b"\xff\xd9");
    end.is_some_and(|end| memchr::memmem::find(&bytes[end..], b"\xff\xda").is_none())
}

/// The pixels as bytes.
fn interleaved(picture: DynamicImage, path: &Path, rules: &Rules) -> Result<Interleaved> {
    let (height, width) = (picture.height() as usize, picture.width() as usize);
    let channels = usize::from(picture.color().channel_count());
    let bytes = match picture {
        DynamicImage::ImageLuma8(b) => b.into_raw(),
        DynamicImage::ImageLumaA8(b) => b.into_raw(),
        DynamicImage::ImageRgb8(b) => b.into_raw(),
        DynamicImage::ImageRgba8(b) => b.into_raw(),
        DynamicImage::ImageLuma16(b) => eight_bits(b.as_raw(), path, rules)?,
        DynamicImage::ImageLumaA16(b) => eight_bits(b.as_raw(), path, rules)?,
        DynamicImage::ImageRgb16(b) => eight_bits(b.as_raw(), path, rules)?,
        DynamicImage::ImageRgba16(b) => eight_bits(b.as_raw(), path, rules)?,
        _ => {
            return Err(Error::file(
                path,
                "has pixels that are neither of 8 nor of 16 bits",
            ));
        }
    };
    Ok(Interleaved {
        channels,
        height,
        width,
        bytes,
    })
}

fn eight_bits(values: &[u16], path: &Path, rules: &Rules) -> Result<Vec<u8>> {
    match rules.sixteen_bit {
        SixteenBit::Refuse => {
            let problem = "has 16 bits a channel; the option 'sixteen_bit' scales such to 8";
            Err(Error::file(path, problem))
        }
        // 65535 is 257 times 255, so this is the nearest.
        SixteenBit::Scale => Ok(values
            .iter()
            .map(|&v| ((u32::from(v) + 128) / 257) as u8)
            .collect()),
    }
}
