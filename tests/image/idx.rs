//! IDX files.

use candle_mixup::image::{ImageOptions, Normalisation};

use super::files::{Folder, names, packed, row};

const TRAIN: [&str; 2] = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"];
const TEST: [&str; 2] = ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

fn images(rows: u32, height: u32, width: u32) -> Vec<u8> {
    let mut file = vec![0, 0, 8, 3];
    for n in [rows, height, width] {
        file.extend(n.to_be_bytes());
    }
    file.extend((0..rows * height * width).map(|i| (i * 7 % 251) as u8));
    file
}

fn labels(labels: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, 1];
    file.extend((labels.len() as u32).to_be_bytes());
    file.extend(labels);
    file
}

/// Four training images of 2 x 3 and two test images.
fn set() -> Folder {
    let folder = Folder::new();
    folder.write(TRAIN[0], &images(4, 2, 3));
    folder.write(TRAIN[1], &labels(&[7, 10, 2, 7]));
    folder.write(TEST[0], &images(2, 2, 3));
    folder.write(TEST[1], &labels(&[2, 7]));
    folder
}

#[test]
fn a_folder_is_training_rows_and_then_test_rows() {
    let folder = set();
    let set = folder.read("").expect("read");
    assert_eq!((set.len(), set.shape().to_string()), (6, "1x2x3".into()));
    assert_eq!(set.classes(), names(&["2", "7", "10"]), "by number");
    assert_eq!(set.labels(), [1, 2, 0, 1, 0, 1]);
    assert_eq!(set.test_rows(), Some(&[4, 5][..]));
    assert_eq!(set.white(), 255);
    assert_eq!(row(&set, 1), [42, 49, 56, 63, 70, 77]);
    assert_eq!(row(&set, 4), row(&set, 0));
    let name = set.name(5);
    assert!(name.ends_with("t10k-images-idx3-ubyte, image 2"), "{name}");
}

#[test]
fn packed_files_are_the_same_set() {
    let (plain, folder) = (set(), Folder::new());
    folder.write("train-images-idx3-ubyte.gz", &packed(&images(4, 2, 3)));
    folder.write(
        "train-labels-idx1-ubyte.gz",
        &packed(&labels(&[7, 10, 2, 7])),
    );
    folder.write("t10k-images-idx3-ubyte.gz", &packed(&images(2, 2, 3)));
    folder.write(TEST[1], &labels(&[2, 7]));
    let (plain, set) = (
        plain.read("").expect("read"),
        folder.read("").expect("read"),
    );
    assert_eq!(set.fingerprint(), plain.fingerprint());
    assert!((0..6).all(|r| row(&set, r) == row(&plain, r)));
}

#[test]
fn one_file_finds_its_labels_beside_it() {
    let folder = set();
    let set = folder.read(TRAIN[0]).expect("read");
    assert_eq!((set.len(), set.test_rows()), (4, None));
    let alone = Folder::new();
    alone.write("digits-images-idx3", &images(4, 2, 3));
    assert_eq!(
        alone.error("digits-images-idx3"),
        "digits-images-idx3: its labels belong beside it, in digits-labels-idx1 or digits-labels-idx1.gz"
    );
    let set = alone.unlabelled("digits-images-idx3").expect("read");
    assert_eq!(
        (set.len(), set.labels(), set.classes()),
        (4, &[][..], &[][..])
    );
}

#[test]
fn the_fingerprint_is_of_content_labels_and_parts() {
    let whole = set().read("").expect("read").fingerprint();
    let others: [(&str, Vec<u8>); 2] = [
        (TRAIN[1], labels(&[7, 10, 2, 2])),
        (TEST[0], {
            let mut file = images(2, 2, 3);
            file[20] ^= 1;
            file
        }),
    ];
    for (name, bytes) in others {
        let folder = set();
        folder.write(name, &bytes);
        assert_ne!(
            folder.read("").expect("read").fingerprint(),
            whole,
            "{name}"
        );
    }
}

#[test]
fn truncated_and_overlong_files() {
    let folder = set();
    let whole = images(4, 2, 3);
    folder.write(TRAIN[0], &whole[..whole.len() - 1]);
    assert_eq!(
        folder.error(""),
        "train-images-idx3-ubyte: cut short: the header promises images of 4 x 2 x 3, 40 bytes with it, and there are 39"
    );
    folder.write(TRAIN[0], &[&whole[..], &[0]].concat());
    assert_eq!(
        folder.error(""),
        "train-images-idx3-ubyte: too long: the header promises images of 4 x 2 x 3, 40 bytes with it, and there are 41"
    );
    folder.write(TRAIN[0], &whole[..10]);
    assert_eq!(
        folder.error(""),
        "train-images-idx3-ubyte: cut short: 10 bytes, where the header of IDX images alone has 16"
    );
    folder.write(TRAIN[0], b"");
    assert!(folder.error("").contains("cut short: 0 bytes"));
    let mut huge = whole.clone();
    huge[4..16].fill(255);
    folder.write(TRAIN[0], &huge);
    assert!(
        folder
            .error("")
            .contains("more than there can be bytes with it"),
        "{}",
        folder.error("")
    );
}

#[test]
fn a_packed_file_cut_short() {
    let folder = set();
    std::fs::remove_file(folder.path(TRAIN[0])).expect("removed");
    let packed = packed(&images(4, 2, 3));
    folder.write("train-images-idx3-ubyte.gz", &packed[..packed.len() - 9]);
    let error = folder.error("");
    assert!(
        error.starts_with("train-images-idx3-ubyte.gz: damaged or cut short"),
        "{error}"
    );
    folder.write("train-images-idx3-ubyte.gz", &images(4, 2, 3));
    assert!(folder.error("").contains("is named .gz but is not packed"));
}

#[test]
fn files_of_another_kind() {
    let folder = set();
    folder.write(TRAIN[1], &images(4, 2, 3));
    assert_eq!(
        folder.error(""),
        "train-labels-idx1-ubyte: holds images, where labels belong"
    );
    folder.write(TRAIN[1], &labels(&[1, 2, 3, 4]));
    folder.write(TRAIN[0], &labels(&[0; 9]));
    assert_eq!(
        folder.error(""),
        "train-images-idx3-ubyte: holds labels, where images belong"
    );
    assert!(
        folder
            .error(TRAIN[1])
            .contains("holds labels, where images belong")
    );
    folder.write(TRAIN[0], &[&[0, 0, 13, 3], &images(4, 2, 3)[4..]].concat());
    assert!(
        folder
            .error("")
            .contains("values of type 0x0d; only bytes (0x08) are read")
    );
    folder.write(TRAIN[0], &[&[0, 0, 8, 4], &images(4, 2, 3)[4..]].concat());
    assert!(
        folder
            .error("")
            .contains("is an IDX file of 4 dimensions; images have 3")
    );
    folder.write(
        TRAIN[0],
        &[&b"PK\x03\x04"[..], &images(4, 2, 3)[4..]].concat(),
    );
    assert!(
        folder
            .error("")
            .contains("it begins with 0x504b0304, not 0x00000803")
    );
}

#[test]
fn labels_that_do_not_fit() {
    let folder = set();
    folder.write(TRAIN[1], &labels(&[1, 2, 3]));
    assert_eq!(
        folder.error(""),
        "train-labels-idx1-ubyte: has 3 labels for the 4 images of train-images-idx3-ubyte"
    );
    folder.write(TRAIN[1], &labels(&[2; 4]));
    folder.write(TEST[1], &labels(&[2; 2]));
    assert!(
        folder
            .error("")
            .ends_with("all images have the class '2'; at least two classes are needed")
    );
}

#[test]
fn missing_halves_and_test_images_of_another_size() {
    let folder = set();
    folder.write(TEST[0], &images(2, 3, 3));
    assert_eq!(
        folder.error(""),
        "t10k-images-idx3-ubyte: has images of 1x3x3, the training part of 1x2x3"
    );
    std::fs::remove_file(folder.path(TEST[1])).expect("removed");
    assert_eq!(
        folder.error(""),
        ".: has t10k-images-idx3-ubyte but no t10k-labels-idx1-ubyte (nor with .gz)"
    );
    folder.write(TRAIN[0], &images(0, 2, 3));
    assert!(folder.error("").contains("holds no images: 0 of 2x3"));
}

#[test]
fn known_classes_keep_their_places() {
    let folder = set();
    let classes = Some(names(&["10", "9", "7", "2"]));
    let options = ImageOptions {
        classes,
        ..ImageOptions::default()
    };
    let set = folder.read_with("", &options).expect("read");
    assert_eq!(set.classes(), names(&["10", "9", "7", "2"]));
    assert_eq!(set.labels(), [2, 0, 3, 2, 3, 2]);
    let classes = Some(names(&["7", "2"]));
    let options = ImageOptions {
        classes,
        ..ImageOptions::default()
    };
    let error = folder.error_with("", &options);
    assert!(
        error.starts_with("unknown class '10'") && error.ends_with("known: 7, 2"),
        "{error}"
    );
}

#[test]
fn unknown_layouts_name_the_known_ones() {
    let folder = Folder::new();
    folder.write("notes.txt", b"nothing");
    let error = folder.error("");
    assert!(
        error.starts_with(".: no images were found; known are folders with train-images"),
        "{error}"
    );
    let error = folder.error("notes.txt");
    assert!(
        error.starts_with("notes.txt: is no file of images: known are IDX files"),
        "{error}"
    );
    assert!(folder.error("missing").contains("No such file"));
}

#[test]
fn options_of_other_formats_are_refused() {
    let folder = set();
    let options = ImageOptions {
        skip_bad: true,
        ..ImageOptions::default()
    };
    assert_eq!(
        folder.error_with("", &options),
        "the option 'skip_bad' is for PNG and JPEG files, and this is an IDX file"
    );
    let options = ImageOptions {
        white: Some(9),
        ..ImageOptions::default()
    };
    assert_eq!(
        folder.error_with("", &options),
        "the option 'white' is for a table of pixels, and this is an IDX file"
    );
}

#[test]
fn sets_are_put_behind_each_other() {
    let folder = set();
    let mut all = folder.read(TRAIN[0]).expect("read");
    let options = ImageOptions {
        classes: Some(all.classes().to_vec()),
        ..ImageOptions::default()
    };
    let more = folder.read_with(TEST[0], &options).expect("read");
    assert_eq!(all.append(more).expect("alike"), [4, 5]);
    let whole = folder.read("").expect("read");
    assert!((0..6).all(|r| row(&all, r) == row(&whole, r)));
    assert_eq!(all.labels(), whole.labels());
    let other = Folder::new();
    other.write("a-images", &images(1, 1, 3));
    let error = all
        .append(other.unlabelled("a-images").expect("read"))
        .expect_err("other shape");
    assert!(
        error.to_string().contains("expected 1x2x3, got 1x1x3"),
        "{error}"
    );
}

#[test]
fn mean_and_deviation_are_those_of_the_rows_given() {
    let folder = set();
    let set = folder.read("").expect("read");
    let rows = [2, 0];
    let bytes: Vec<f64> = rows
        .iter()
        .flat_map(|&r| row(&set, r))
        .map(f64::from)
        .collect();
    let mean = bytes.iter().sum::<f64>() / bytes.len() as f64;
    let square = bytes.iter().map(|b| (b - mean).powi(2)).sum::<f64>() / bytes.len() as f64;
    let standard = Normalisation::standard(&set, &rows).expect("rows");
    assert_eq!(standard.mean, [mean as f32]);
    assert!((f64::from(standard.std[0]) - square.sqrt()).abs() < 1e-5);
    assert_eq!(Normalisation::unit(&set).std, [255.0]);
    assert!(Normalisation::standard(&set, &[]).is_err());
}
