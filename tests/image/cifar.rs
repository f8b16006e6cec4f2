//! Binary CIFAR files.

use candle_mixup::image::ImageOptions;

use super::files::{Folder, names, packed, row};

const PIXELS: usize = 3 * 32 * 32;

/// Rows with these label bytes before the pixels.
fn rows(labels: &[&[u8]]) -> Vec<u8> {
    let pixels = |seed: usize| (0..PIXELS).map(move |i| ((i + seed) * 31 % 253) as u8);
    let row = |(seed, label): (usize, &&[u8])| label.iter().copied().chain(pixels(seed)).collect();
    labels
        .iter()
        .enumerate()
        .map(row)
        .collect::<Vec<Vec<u8>>>()
        .concat()
}

fn ten() -> Folder {
    let folder = Folder::new();
    for batch in 1..=5u8 {
        let name = format!("data_batch_{batch}.bin");
        folder.write(&name, &rows(&[&[batch], &[9 - batch]]));
    }
    folder.write("test_batch.bin", &rows(&[&[3]]));
    folder.write(
        "batches.meta.txt",
        b"airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n",
    );
    folder
}

fn hundred() -> Folder {
    let folder = Folder::new();
    folder.write("train.bin", &rows(&[&[19, 99], &[0, 5], &[1, 5]]));
    folder.write("test.bin", &rows(&[&[0, 99]]));
    folder
}

#[test]
fn five_batches_and_a_test_batch() {
    let set = ten().read("").expect("read");
    assert_eq!((set.len(), set.shape().to_string()), (11, "3x32x32".into()));
    assert_eq!(set.test_rows(), Some(&[10][..]));
    let class = |row: usize| set.classes()[set.labels()[row] as usize].as_str();
    assert_eq!(
        [class(0), class(1), class(9), class(10)],
        ["automobile", "ship", "deer", "cat"]
    );
    assert_eq!(row(&set, 3), rows(&[&[], &[]])[PIXELS..]);
    let name = set.name(3);
    assert!(name.ends_with("data_batch_2.bin, image 2"), "{name}");
}

#[test]
fn fine_and_coarse_classes() {
    let folder = hundred();
    let set = folder.read("").expect("read");
    assert_eq!(set.classes(), names(&["5", "99"]));
    assert_eq!(
        (set.labels(), set.test_rows()),
        (&[1, 0, 0, 1][..], Some(&[3][..]))
    );
    let coarse = ImageOptions {
        coarse: true,
        ..ImageOptions::default()
    };
    let set = folder.read_with("", &coarse).expect("read");
    assert_eq!(set.classes(), names(&["0", "1", "19"]));
    let lines: Vec<String> = (0..100).map(|n| format!("class{n}")).collect();
    folder.write("fine_label_names.txt", lines.join("\n").as_bytes());
    assert_eq!(
        folder.read("").expect("read").classes(),
        names(&["class5", "class99"])
    );
    folder.write("fine_label_names.txt", b"a\nb\n");
    assert_eq!(
        folder.error(""),
        "fine_label_names.txt: names 2 classes, CIFAR-100 has 100"
    );
    let error = ten().error_with("", &coarse);
    assert_eq!(
        error,
        "the option 'coarse' is for a CIFAR-100 file, and this is a CIFAR-10 file"
    );
}

#[test]
fn one_file_by_name_or_length() {
    let folder = ten();
    assert_eq!(folder.read("data_batch_2.bin").expect("read").len(), 2);
    folder.write("some.bin", &rows(&[&[1], &[2], &[3]]));
    assert_eq!(folder.read("some.bin").expect("read").len(), 3);
    folder.write("some.bin.gz", &packed(&rows(&[&[1, 7], &[2, 8]])));
    assert_eq!(
        folder.read("some.bin.gz").expect("read").classes(),
        names(&["7", "8"])
    );
    folder.write("some.bin", &[0; 5000]);
    assert_eq!(
        folder.error("some.bin"),
        "some.bin: is no CIFAR file: its 5000 bytes are neither whole rows of 3073 (CIFAR-10) nor of 3074 (CIFAR-100)"
    );
}

#[test]
fn truncated_and_overlong_files() {
    let folder = ten();
    let whole = rows(&[&[1], &[2]]);
    folder.write("data_batch_4.bin", &whole[..whole.len() - 1]);
    assert_eq!(
        folder.error(""),
        "data_batch_4.bin: cut short, too long or no CIFAR-10 file: 6145 bytes are 1 rows of 3073 and 3072 bytes"
    );
    folder.write("data_batch_4.bin", &[&whole[..], &[1]].concat());
    assert!(
        folder
            .error("")
            .contains("6147 bytes are 2 rows of 3073 and 1 bytes")
    );
    folder.write("data_batch_4.bin", b"");
    assert!(folder.error("").contains("0 bytes are 0 rows"));
}

#[test]
fn labels_out_of_range() {
    let folder = ten();
    folder.write("data_batch_5.bin", &rows(&[&[1], &[10]]));
    assert_eq!(
        folder.error(""),
        "data_batch_5.bin: image 2 has the label 10, CIFAR-10 has 0 to 9: no such file, or damaged"
    );
    let folder = hundred();
    folder.write("train.bin", &rows(&[&[20, 100]]));
    assert!(
        folder
            .error("")
            .contains("image 1 has the label 100, CIFAR-100 has 0 to 99")
    );
}

#[test]
fn a_missing_batch() {
    let folder = ten();
    std::fs::remove_file(folder.path("data_batch_3.bin")).expect("removed");
    assert_eq!(
        folder.error(""),
        ".: has files of CIFAR-10 but no data_batch_3.bin"
    );
}
