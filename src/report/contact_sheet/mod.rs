//! A contact sheet: many small images with a caption each, as one PNG.

mod canvas;
mod input;

use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};

use canvas::{Canvas, LETTER};
pub use input::{Captioned, ContactSheet};

use crate::error::{Error, Result};
use crate::image::ImageShape;

/// Pixels that the longer side of a small image is brought to, and most that one of a large image takes.
const SMALL: usize = 112;
const LARGE: usize = 224;
/// Pixels between groups, between the images of a group, and around the sheet.
const BETWEEN: usize = 24;
const CLOSE: usize = 6;
/// A line of text.
const LINE: usize = LETTER + 4;
/// The sheet is about this wide.
const WIDTH: usize = 1280;

/// Draws the sheet as the bytes of a PNG file.
///
/// Small images are enlarged by a whole factor, pixel by pixel; large ones shrunk by one, each pixel the mean of those it
/// stands for.
///
/// # Errors
/// [`Error::Shape`] for an image that is not of the sheet's shape and for a sheet of images that are neither grey nor of
/// three channels; [`Error::Plot`] where the PNG cannot be written.
pub fn contact_sheet(sheet: &ContactSheet) -> Result<Vec<u8>> {
    let zoom = Zoom::of(sheet.shape)?;
    let lines = |group: &[Captioned]| group.iter().map(|i| i.caption.len()).max();
    let captions = sheet
        .groups
        .iter()
        .filter_map(|g| lines(g))
        .max()
        .unwrap_or(0);
    let images = sheet.groups.iter().map(Vec::len).max().unwrap_or(0);
    let (width, height) = zoom.size(sheet.shape);
    let cell = width.max(14 * LETTER);
    let group = images * (cell + CLOSE) + BETWEEN;
    let line = height + CLOSE + captions * LINE + BETWEEN;
    let across = ((WIDTH - BETWEEN) / group.max(1)).clamp(1, sheet.groups.len().max(1));
    let top = BETWEEN / 2 + sheet.title.len() * LINE + BETWEEN / 2;
    let down = sheet.groups.len().div_ceil(across);
    let title = sheet.title.iter().map(|t| t.chars().count() * LETTER);
    let least = title.max().unwrap_or(0) + 2 * BETWEEN;
    let mut canvas = Canvas::new((BETWEEN + across * group).max(least), top + down * line);
    for (i, text) in sheet.title.iter().enumerate() {
        canvas.write(BETWEEN, BETWEEN / 2 + i * LINE, text, usize::MAX);
    }
    for (g, images) in sheet.groups.iter().enumerate() {
        let (x, y) = (BETWEEN + g % across * group, top + g / across * line);
        for (i, image) in images.iter().enumerate() {
            let x = x + i * (cell + CLOSE);
            zoom.draw(&mut canvas, (x, y), image, sheet.shape)?;
            for (l, text) in image.caption.iter().enumerate() {
                canvas.write(x, y + height + CLOSE + l * LINE, text, cell / LETTER);
            }
        }
    }
    png(&canvas)
}

fn png(canvas: &Canvas) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let (width, height) = (canvas.width() as u32, canvas.height() as u32);
    let encoder = PngEncoder::new(&mut bytes);
    let written = encoder.write_image(canvas.pixels(), width, height, ExtendedColorType::Rgb8);
    written.map_err(|e| Error::Plot {
        plot: "contact sheet".into(),
        problem: e.to_string(),
    })?;
    Ok(bytes)
}

/// How much larger or smaller images are drawn.
#[derive(Debug, Clone, Copy)]
enum Zoom {
    Larger(usize),
    Smaller(usize),
}

impl Zoom {
    fn of(shape: ImageShape) -> Result<Self> {
        if !matches!(shape.channels, 1 | 3) || shape.is_empty() {
            return Err(Error::Shape {
                what: "images of a contact sheet".into(),
                expected: "1 channel or 3, and a pixel at least".into(),
                got: shape.to_string(),
            });
        }
        let longer = shape.height.max(shape.width);
        Ok(match longer {
            0..=LARGE => Self::Larger((SMALL / longer).max(1)),
            _ => Self::Smaller(longer.div_ceil(LARGE)),
        })
    }

    /// Width and height of a drawn image.
    fn size(self, shape: ImageShape) -> (usize, usize) {
        let drawn = |side: usize| match self {
            Self::Larger(times) => side * times,
            Self::Smaller(times) => side.div_ceil(times),
        };
        (drawn(shape.width), drawn(shape.height))
    }

    fn draw(
        self,
        canvas: &mut Canvas,
        (x, y): (usize, usize),
        image: &Captioned,
        shape: ImageShape,
    ) -> Result<()> {
        if image.pixels.len() != shape.len() {
            return Err(Error::Shape {
                what: "image of a contact sheet".into(),
                expected: format!("{} bytes", shape.len()),
                got: image.pixels.len().to_string(),
            });
        }
        let (width, height) = self.size(shape);
        for row in 0..height {
            for column in 0..width {
                let colour = [0, 1, 2].map(|c| {
                    let plane = c.min(shape.channels - 1) * shape.height * shape.width;
                    self.value(&image.pixels[plane..], shape, row, column)
                });
                canvas.set(x + column, y + row, colour);
            }
        }
        Ok(())
    }

    /// What a drawn pixel shows of a plane.
    fn value(self, plane: &[u8], shape: ImageShape, row: usize, column: usize) -> u8 {
        let times = match self {
            Self::Larger(times) => return plane[row / times * shape.width + column / times],
            Self::Smaller(times) => times,
        };
        let rows = row * times..shape.height.min((row + 1) * times);
        let columns = column * times..shape.width.min((column + 1) * times);
        let count = rows.len() * columns.len();
        let line = |r: usize| &plane[r * shape.width..][columns.clone()];
        let sum: usize = rows
            .flat_map(|r| line(r).iter().map(|&v| usize::from(v)))
            .sum();
        ((sum + count / 2) / count) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(shape: ImageShape, images: usize) -> ContactSheet {
        let image = |value: u8| Captioned {
            pixels: vec![value; shape.len()],
            caption: vec!["λ 0.70".into(), "a class of a long name".into()],
        };
        ContactSheet {
            title: vec!["@digits, step 3".into()],
            shape,
            groups: vec![(0..images as u8).map(|i| image(80 * i)).collect(); 5],
        }
    }

    fn shape(channels: usize, height: usize, width: usize) -> ImageShape {
        ImageShape {
            channels,
            height,
            width,
        }
    }

    fn read(png: &[u8]) -> image::RgbImage {
        image::load_from_memory(png).expect("a PNG").to_rgb8()
    }

    #[test]
    fn images_of_any_size_stand_on_the_sheet_in_their_colours() {
        for (channels, height, width) in [(1, 8, 8), (3, 1, 1), (3, 28, 40), (1, 500, 300)] {
            let sheet = sheet(shape(channels, height, width), 3);
            let image = read(&contact_sheet(&sheet).expect("a sheet"));
            let count = |value: u8| {
                let is = |p: &&image::Rgb<u8>| p.0 == [value; 3];
                image.pixels().filter(is).count()
            };
            let (drawn, other) = Zoom::of(sheet.shape).expect("a zoom").size(sheet.shape);
            assert_eq!(count(80), 5 * drawn * other);
            assert_eq!(count(160), 5 * drawn * other);
            assert!(
                count(0) > 5 * drawn * other,
                "black letters besides black images"
            );
        }
    }

    #[test]
    fn small_images_are_enlarged_pixel_by_pixel_and_large_ones_averaged() {
        let two = shape(3, 1, 2);
        let sheet = ContactSheet {
            title: Vec::new(),
            shape: two,
            groups: vec![vec![Captioned {
                pixels: vec![10, 20, 30, 40, 50, 60],
                caption: Vec::new(),
            }]],
        };
        let image = read(&contact_sheet(&sheet).expect("a sheet"));
        let at = |x: u32| image.get_pixel(BETWEEN as u32 + x, BETWEEN as u32).0;
        assert_eq!(
            (at(0), at(55), at(56)),
            ([10, 30, 50], [10, 30, 50], [20, 40, 60])
        );
        let plane: Vec<u8> = (0..9).map(|i| i * 10).collect();
        let shrunk = |row, column| Zoom::Smaller(2).value(&plane, shape(1, 3, 3), row, column);
        assert_eq!((shrunk(0, 0), shrunk(0, 1), shrunk(1, 1)), (20, 35, 80));
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let four = contact_sheet(&sheet(shape(4, 2, 2), 1)).expect_err("four channels");
        assert!(four.to_string().contains("1 channel or 3"), "{four}");
        let mut short = sheet(shape(1, 2, 2), 1);
        short.groups[0][0].pixels.pop();
        let error = contact_sheet(&short).expect_err("a pixel is missing");
        assert!(
            error.to_string().contains("expected 4 bytes, got 3"),
            "{error}"
        );
        let mut empty = sheet(shape(1, 2, 2), 1);
        empty.groups.clear();
        read(&contact_sheet(&empty).expect("a sheet of nothing"));
    }
}
