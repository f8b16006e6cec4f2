//! Sets of images from files that the tests make: what is read, and what is said of files that are wrong.

#[path = "image/cifar.rs"]
mod cifar;
#[path = "image/files.rs"]
mod files;
#[path = "image/idx.rs"]
mod idx;
#[cfg(feature = "pictures")]
#[path = "image/picture_pixels.rs"]
mod picture_pixels;
#[cfg(feature = "pictures")]
#[path = "image/pictures.rs"]
mod pictures;
#[path = "image/pixel_tables.rs"]
mod pixel_tables;

#[cfg(not(feature = "pictures"))]
#[test]
fn a_build_without_a_decoder_says_so() {
    let folder = files::Folder::new();
    folder.write("a/1.png", b"");
    folder.write("b/1.png", b"");
    assert_eq!(
        folder.error(""),
        "this build does not take PNG and JPEG files: it was made without the feature 'pictures'"
    );
}
