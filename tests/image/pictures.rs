//! PNG and JPEG files.
