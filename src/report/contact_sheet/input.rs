//! What a contact sheet is made of.

use crate::image::ImageShape;

/// Images with a caption each, in lines of several.
#[derive(Debug, Clone, PartialEq)]
pub struct ContactSheet {
    /// Lines of text above the images.
    pub title: Vec<String>,
    /// The size of every image.
    pub shape: ImageShape,
    /// Groups of images that stand close together: a row, its partner and what became of them.
    pub groups: Vec<Vec<Captioned>>,
}

/// An image and the lines under it.
#[derive(Debug, Clone, PartialEq)]
pub struct Captioned {
    /// `[channels, height, width]`, 0 is black and 255 white.
    pub pixels: Vec<u8>,
    /// Lines of text; what is too long for the image is cut in the middle.
    pub caption: Vec<String>,
}
