//! What becomes of a picture's pixels: size, grey or colour, transparency, 16 bits.

use candle_mixup::Frame;
use candle_mixup::image::{Alpha, Channels, SixteenBit};
use image::{GrayAlphaImage, GrayImage, ImageBuffer, Luma, LumaA, Rgba, RgbaImage};

use super::files::{Folder, row};
use super::pictures::{colour, grey, options, png, set};

#[test]
fn sizes_that_differ() {
    let folder = set();
    folder.write("cat/a.PNG", &grey(0, 3, 3));
    assert_eq!(
        folder.error(""),
        "cat/a.PNG: is 3x3 (height x width), and ant/1.png is 2x3; the option 'resize' stretches all to one size"
    );
    let frame = Frame {
        height: 2,
        width: 3,
    };
    let set = folder
        .read_with("", &options(|o| o.resize = Some(frame)))
        .expect("read");
    assert_eq!(
        row(&set, 1),
        [10, 11, 12, 13, 14, 15],
        "already of that size"
    );
    let nothing = Frame {
        height: 0,
        width: 3,
    };
    let error = folder.error_with("", &options(|o| o.resize = Some(nothing)));
    assert_eq!(error, "resize must be at least 1x1, got 0x3");
}

#[test]
fn shrinking_by_two_averages_by_a_triangle() {
    let folder = Folder::new();
    let wide = GrayImage::from_raw(8, 1, vec![0, 0, 80, 80, 80, 80, 160, 160]).expect("whole");
    folder.write("a/1.png", &png(wide.clone()));
    folder.write("b/1.png", &png(wide));
    let frame = Frame {
        height: 1,
        width: 4,
    };
    let set = folder
        .read_with("", &options(|o| o.resize = Some(frame)))
        .expect("read");
    // Shares 1/8, 3/8, 3/8, 1/8 of four pixels; at the border those that are there, scaled up: 3, 3, 1 of 7.
    assert_eq!(row(&set, 0), [11, 70, 90, 149]);
}

#[test]
fn grey_and_colour() {
    let folder = set();
    folder.write("cat/c.png", &colour(10, 2, 3));
    assert_eq!(
        folder.error(""),
        "cat/c.png: is in colour, and ant/1.png is grey; the option 'channels' (grey or rgb) makes all alike"
    );
    let set = folder
        .read_with("", &options(|o| o.channels = Some(Channels::Rgb)))
        .expect("read");
    assert_eq!(set.shape().to_string(), "3x2x3");
    assert_eq!(row(&set, 0)[..8], [50, 51, 52, 53, 54, 55, 50, 51]);
    let set = folder
        .read_with("", &options(|o| o.channels = Some(Channels::Grey)))
        .expect("read");
    assert_eq!(set.shape().to_string(), "1x2x3");
    // 0.299·10 + 0.587·60 + 0.114·110 = 50.75
    assert_eq!(row(&set, 5)[0], 51);
}

#[test]
fn alpha() {
    let folder = Folder::new();
    let pixel = |a: u8| RgbaImage::from_pixel(1, 1, Rgba([10, 200, 60, a]));
    folder.write("a/1.png", &png(pixel(255)));
    folder.write("b/1.png", &png(pixel(255)));
    assert_eq!(row(&folder.read("").expect("opaque"), 0), [10, 200, 60]);
    folder.write("b/1.png", &png(pixel(100)));
    assert_eq!(
        folder.error(""),
        "b/1.png: has pixels that are not opaque; the option 'alpha' (drop, black or white) says what becomes of them"
    );
    for (alpha, want) in [
        (Alpha::Drop, [10, 200, 60]),
        (Alpha::Black, [4, 78, 24]),
        (Alpha::White, [159, 233, 179]),
    ] {
        let set = folder
            .read_with("", &options(|o| o.alpha = alpha))
            .expect("read");
        assert_eq!(
            (row(&set, 0), row(&set, 1)),
            (vec![10, 200, 60], want.to_vec()),
            "{alpha:?}"
        );
    }
    let grey = |a| png(GrayAlphaImage::from_pixel(1, 1, LumaA([100, a])));
    folder.write("a/1.png", &grey(255));
    folder.write("b/1.png", &grey(51));
    let set = folder
        .read_with("", &options(|o| o.alpha = Alpha::White))
        .expect("read");
    assert_eq!((row(&set, 0), row(&set, 1)), (vec![100], vec![224]));
}

#[test]
fn sixteen_bits() {
    let folder = Folder::new();
    let deep =
        ImageBuffer::<Luma<u16>, _>::from_raw(4, 1, vec![0u16, 128, 129, 65535]).expect("whole");
    folder.write("a/1.png", &png(deep.clone()));
    folder.write("b/1.png", &png(deep));
    assert_eq!(
        folder.error(""),
        "a/1.png: has 16 bits a channel; the option 'sixteen_bit' scales such to 8"
    );
    let scale = options(|o| o.sixteen_bit = SixteenBit::Scale);
    assert_eq!(
        row(&folder.read_with("", &scale).expect("read"), 1),
        [0, 0, 1, 255]
    );
}
