//! PNG and JPEG files.

use candle_mixup::image::ImageOptions;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage};

use super::files::{Folder, names, row};

pub fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    picture
        .into()
        .write_to(&mut file, ImageFormat::Png)
        .expect("into memory");
    file.into_inner()
}

/// Grey, of this height and width, its values counted from `from`.
pub fn grey(from: u8, height: u32, width: u32) -> Vec<u8> {
    png(GrayImage::from_fn(width, height, |x, y| {
        Luma([from + (y * width + x) as u8])
    }))
}

pub fn colour(from: u8, height: u32, width: u32) -> Vec<u8> {
    let pixel = |x, y| {
        let at = from + (y * width + x) as u8;
        Rgb([at, at + 50, at + 100])
    };
    png(RgbImage::from_fn(width, height, pixel))
}

pub fn options(change: impl FnOnce(&mut ImageOptions)) -> ImageOptions {
    let mut options = ImageOptions::default();
    change(&mut options);
    options
}

/// Two classes of three grey pictures of 2 x 3.
pub fn set() -> Folder {
    let folder = Folder::new();
    for (i, name) in [
        "cat/b.png",
        "ant/10.png",
        "ant/9.png",
        "cat/a.PNG",
        "cat/c.png",
        "ant/1.png",
    ]
    .iter()
    .enumerate()
    {
        folder.write(name, &grey(10 * i as u8, 2, 3));
    }
    folder
}

#[test]
fn classes_and_files_in_the_order_of_their_names() {
    let folder = set();
    folder.write("ant/.hidden", b"passed over");
    folder.write("README.txt", b"passed over");
    let set = folder.read("").expect("read");
    assert_eq!((set.len(), set.shape().to_string()), (6, "1x2x3".into()));
    assert_eq!(
        (set.classes(), set.labels()),
        (&names(&["ant", "cat"])[..], &[0, 0, 0, 1, 1, 1][..])
    );
    let firsts: Vec<u8> = (0..6).map(|r| row(&set, r)[0]).collect();
    assert_eq!(firsts, [50, 10, 20, 30, 0, 40], "1, 10, 9; a, b, c");
    assert_eq!(row(&set, 1), [10, 11, 12, 13, 14, 15]);
    assert!(set.name(2).ends_with("ant/9.png"));
    assert_eq!((set.test_rows(), set.skipped().len()), (None, 0));
}

#[test]
fn colours_come_channels_first() {
    let folder = Folder::new();
    folder.write("a/1.png", &colour(1, 1, 2));
    folder.write("b/1.png", &colour(7, 1, 2));
    let set = folder.read("").expect("read");
    assert_eq!(set.shape().to_string(), "3x1x2");
    assert_eq!(row(&set, 1), [7, 8, 57, 58, 107, 108]);
}

#[test]
fn train_and_test_folders() {
    let folder = Folder::new();
    for name in [
        "train/u/1.png",
        "train/u/2.png",
        "train/v/1.png",
        "test/v/1.png",
    ] {
        folder.write(name, &grey(name.len() as u8, 2, 2));
    }
    let set = folder.read("").expect("read");
    assert_eq!(
        (set.labels(), set.test_rows()),
        (&[0, 0, 1, 1][..], Some(&[3][..]))
    );
    folder.write("test/w/1.png", &grey(0, 2, 2));
    assert_eq!(
        folder.error(""),
        "test/w: holds a class that is not in train: u, v"
    );
}

#[test]
fn jpeg_by_content_whatever_its_name() {
    let folder = Folder::new();
    let mut jpeg = Vec::new();
    let picture = RgbImage::from_pixel(8, 8, Rgb([200, 100, 50]));
    picture
        .write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, 100))
        .expect("into memory");
    folder.write("a/1.jpg", &jpeg);
    folder.write("b/1.png", &jpeg);
    let set = folder.read("").expect("read");
    let near = |(got, want): (&u8, u8)| got.abs_diff(want) <= 3;
    let want = [200u8, 100, 50].into_iter().flat_map(|v| [v; 64]);
    assert!(row(&set, 0).iter().zip(want).all(near));
    assert_eq!(row(&set, 0), row(&set, 1));
}

#[test]
fn memory_is_the_same_set_as_decoding_on_demand() {
    let folder = set();
    let kept = folder.read("").expect("read");
    let demanded = folder
        .read_with("", &options(|o| o.memory = 35))
        .expect("read");
    assert!((0..6).all(|r| row(&kept, r) == row(&demanded, r)));
    assert_eq!(kept.fingerprint(), demanded.fingerprint());
    folder.write("ant/10.png", &grey(3, 2, 2));
    let mut buffer = [0; 6];
    let error = folder.shown(demanded.copy(1, &mut buffer).expect_err("changed"));
    assert_eq!(
        error,
        "ant/10.png: was 1x2x3 when the set was read and is 1x2x2 now"
    );
    kept.copy(1, &mut buffer).expect("in memory");
    assert_eq!(buffer, [10, 11, 12, 13, 14, 15]);
}

#[test]
fn the_fingerprint_is_that_of_the_same_bytes_elsewhere() {
    let folder = set();
    let pictures = folder.read("").expect("read");
    let bytes = (0..6).flat_map(|r| row(&pictures, r)).collect();
    let (classes, labels) = (pictures.classes().to_vec(), pictures.labels().to_vec());
    let same = candle_mixup::image::ImageSet::new(pictures.shape(), bytes, classes, labels);
    assert_eq!(same.expect("whole").fingerprint(), pictures.fingerprint());
}

#[test]
fn one_damaged_picture_among_many() {
    let folder = set();
    for i in 0..300 {
        folder.write(&format!("dog/{i:03}.png"), &grey((i % 200) as u8, 2, 3));
    }
    let whole = grey(0, 2, 3);
    folder.write("dog/270.png", &whole[..whole.len() - 20]);
    let error = folder.error("");
    assert!(
        error.starts_with("dog/270.png: cannot be decoded: "),
        "{error}"
    );
    let set = folder
        .read_with("", &options(|o| o.skip_bad = true))
        .expect("read");
    assert_eq!((set.len(), set.skipped().len()), (305, 1));
    assert!(set.skipped()[0].contains("dog/270.png: cannot be decoded: "));
    assert_eq!(row(&set, 276)[0], 71, "271 follows 269");
    assert!(set.name(276).ends_with("dog/271.png"));
    assert_eq!(set.labels().iter().filter(|&&l| l == 2).count(), 299);
}

#[test]
fn skipped_pictures_of_both_parts() {
    let folder = Folder::new();
    for name in [
        "train/u/1.png",
        "train/u/2.png",
        "train/v/1.png",
        "test/u/2.png",
        "test/v/1.png",
    ] {
        folder.write(name, &grey(5, 2, 2));
    }
    for name in ["train/u/1.png", "test/u/1.png"] {
        folder.write(name, b"no picture at all");
    }
    let set = folder
        .read_with("", &options(|o| o.skip_bad = true))
        .expect("read");
    assert_eq!(
        (set.labels(), set.test_rows()),
        (&[0, 1, 0, 1][..], Some(&[2, 3][..]))
    );
    assert!(
        set.skipped()[0].ends_with("it is neither a PNG nor a JPEG file"),
        "{:?}",
        set.skipped()
    );
    let skip = options(|o| o.skip_bad = true);
    folder.write("train/v/1.png", b"");
    assert_eq!(
        folder.error_with("", &skip),
        ".: no picture of the class 'v' can be decoded"
    );
    folder.write("train/v/1.png", &grey(5, 2, 2));
    folder.write("test/u/2.png", b"");
    folder.write("test/v/1.png", b"");
    assert_eq!(
        folder.error_with("", &skip),
        ".: no picture of the test part can be decoded"
    );
}

#[test]
fn folders_that_are_no_set() {
    let folder = set();
    folder.write("cat/notes.txt", b"no picture");
    assert_eq!(
        folder.error(""),
        "cat/notes.txt: is no picture: .png, .jpg and .jpeg are read"
    );
    let folder = set();
    std::fs::create_dir(folder.path("dog")).expect("made");
    assert_eq!(
        folder.error(""),
        "dog: is an empty folder: it has no pictures"
    );
    let folder = set();
    folder.write("1.png", &grey(0, 2, 3));
    assert!(
        folder
            .error("")
            .starts_with("1.png: lies beside the folders of the classes")
    );
    let folder = set();
    folder.write("cat/small/1.png", &grey(0, 2, 3));
    assert!(
        folder
            .error("")
            .starts_with("cat/small: is a folder where only pictures belong")
    );
    let folder = Folder::new();
    folder.write("cat/1.png", &grey(0, 2, 3));
    assert!(
        folder
            .error("")
            .ends_with("all images have the class 'cat'; at least two classes are needed")
    );
    assert!(
        folder
            .error("cat/1.png")
            .starts_with("cat/1.png: is one picture")
    );
    assert!(
        folder
            .error("cat")
            .starts_with("cat/1.png: lies beside the folders of the classes")
    );
}

#[test]
fn a_class_of_one_picture_is_read() {
    let folder = set();
    folder.write("one/1.png", &grey(0, 2, 3));
    assert_eq!(
        folder.read("").expect("read").labels(),
        [0, 0, 0, 1, 1, 1, 2]
    );
}

#[cfg(unix)]
#[test]
fn links_are_what_they_lead_to() {
    let folder = set();
    let linked = Folder::new();
    for class in ["ant", "cat"] {
        std::os::unix::fs::symlink(folder.path(class), linked.path(class)).expect("linked");
    }
    let (set, same) = (
        folder.read("").expect("read"),
        linked.read("").expect("read"),
    );
    assert_eq!(set.fingerprint(), same.fingerprint());
    std::os::unix::fs::symlink("nowhere", linked.path("ant/0.png")).expect("linked");
    assert!(
        linked.error("").starts_with("ant/0.png: No such file"),
        "{}",
        linked.error("")
    );
}

#[test]
fn pictures_without_classes() {
    let folder = set();
    let set = folder.unlabelled("cat").expect("read");
    assert_eq!((set.len(), set.labels().len()), (3, 0));
    assert_eq!(folder.unlabelled("cat/b.png").expect("read").len(), 1);
    let all = folder.unlabelled("").expect("read");
    assert_eq!((all.len(), all.classes().len()), (6, 0));
}

#[test]
fn known_classes_of_folders() {
    let folder = set();
    let with = |classes: &[&str]| options(|o| o.classes = Some(names(classes)));
    let set = folder
        .read_with("", &with(&["cat", "dog", "ant"]))
        .expect("read");
    assert_eq!(set.labels(), [2, 2, 2, 0, 0, 0]);
    let error = folder.error_with("", &with(&["cat", "dog"]));
    assert_eq!(
        error,
        "unknown class 'ant' (did you mean 'cat'?); known: cat, dog"
    );
}

#[test]
fn numbered_classes_stand_by_number_though_rows_stand_by_name() {
    let folder = Folder::new();
    for name in ["10/1.png", "9/1.png", "9/2.png"] {
        folder.write(name, &grey(name.len() as u8, 1, 1));
    }
    let set = folder.read("").expect("read");
    assert_eq!(
        (set.classes(), set.labels()),
        (&names(&["9", "10"])[..], &[1, 0, 0][..])
    );
}

/// A file cut anywhere, or with a byte changed anywhere, is read or refused, and never more.
#[test]
fn damage_anywhere_is_survived() {
    let folder = set();
    let mut jpeg = Vec::new();
    let picture = GrayImage::from_fn(20, 20, |x, y| Luma([(x * y) as u8]));
    picture
        .write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, 90))
        .expect("into memory");
    for whole in [grey(3, 20, 3), jpeg] {
        folder.write("dog/1.png", &whole);
        assert_eq!(folder.unlabelled("dog/1.png").expect("whole").len(), 1);
        for at in 0..whole.len() {
            folder.write("dog/1.png", &whole[..at]);
            let error = folder.unlabelled("dog/1.png").expect_err("cut short");
            let error = folder.shown(error);
            assert!(
                error.starts_with("dog/1.png: cannot be decoded: "),
                "{at}: {error}"
            );
            let mut changed = whole.clone();
            changed[at] ^= 0x55;
            folder.write("dog/1.png", &changed);
            if let Err(error) = folder.unlabelled("dog/1.png") {
                assert!(
                    matches!(error, candle_mixup::Error::File { .. }),
                    "{at}: {error}"
                );
            }
        }
    }
}
