//! The place of the decoder in a build without one.

use std::path::Path;

use super::{Decoded, Decoding, Refused, Rules};
use crate::error::Error;

pub(super) fn decode(_: &Path, _: &Rules) -> Decoding<Decoded> {
    Err(Refused::Error(Error::Unsupported {
        op: "this build",
        what: "PNG and JPEG files: it was made without the feature 'pictures'".into(),
    }))
}
