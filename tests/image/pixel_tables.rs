//! Tables of pixels.

use candle_mixup::data::{Header, Source};
use candle_mixup::image::{ImageOptions, ImageSet, ImageShape, Normalisation};

use super::files::{Folder, names, packed, row};

#[test]
fn the_shipped_digits() {
    let source = Source::parse("@digits").expect("shipped");
    let set = ImageSet::read(&source, &ImageOptions::default()).expect("read");
    assert_eq!(
        (set.len(), set.shape().to_string(), set.white()),
        (1797, "1x8x8".into(), 16)
    );
    assert_eq!(
        set.classes(),
        names(&["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"])
    );
    assert_eq!(
        (set.labels()[..3].to_vec(), set.test_rows()),
        (vec![0, 1, 2], None)
    );
    assert_eq!(row(&set, 0)[..8], [0, 0, 5, 13, 9, 1, 0, 0]);
    assert_eq!(set.name(16), "@digits, image 17");
    assert_eq!(Normalisation::unit(&set).std, [16.0]);
    assert_eq!((0..1797).flat_map(|r| row(&set, r)).max(), Some(16));
}

#[test]
fn classes_by_any_name_and_pixels_as_whole_numbers() {
    let folder = Folder::new();
    let text = "a,b,label,c,d\n0,1,cat,2.0,255\n3,4,ant,5,6\n";
    folder.write("p.csv.gz", &packed(text.as_bytes()));
    let set = folder.read("p.csv.gz").expect("read");
    assert_eq!(set.classes(), names(&["ant", "cat"]));
    assert_eq!(
        (set.labels(), set.shape().to_string()),
        (&[1, 0][..], "1x2x2".into())
    );
    assert_eq!(
        (row(&set, 0), row(&set, 1)),
        (vec![0, 1, 2, 255], vec![3, 4, 5, 6])
    );
}

#[test]
fn shape_label_and_header_as_options() {
    let folder = Folder::new();
    folder.write("p.tsv", b"1\t2\t3\t4\t5\t6\tx\n7\t8\t9\t0\t1\t2\ty\n");
    let options = ImageOptions {
        header: Header::Absent,
        label: Some("7".into()),
        shape: Some(ImageShape {
            channels: 3,
            height: 1,
            width: 2,
        }),
        white: Some(9),
        ..ImageOptions::default()
    };
    let set = folder.read_with("p.tsv", &options).expect("read");
    assert_eq!((set.len(), set.shape().channels, set.white()), (2, 3, 9));
    assert_eq!(row(&set, 1), [7, 8, 9, 0, 1, 2]);
}

#[test]
fn pixels_that_are_none() {
    let folder = Folder::new();
    for (cell, shown) in [
        ("1.5", "1.5"),
        ("256", "256"),
        ("-1", "-1"),
        ("", ""),
        ("x", "x"),
        ("NaN", "NaN"),
    ] {
        folder.write("p.csv", format!("label,a\nu,1\nv,{cell}\n").as_bytes());
        assert_eq!(
            folder.error("p.csv"),
            format!(
                "p.csv, line 3, column 'a': expected a whole number from 0 to 255, got '{shown}'"
            )
        );
    }
    folder.write("p.csv", b"label,a\nu,16\nv,17\n");
    let options = ImageOptions {
        white: Some(16),
        ..ImageOptions::default()
    };
    assert!(
        folder
            .error_with("p.csv", &options)
            .contains("from 0 to 16, got '17'")
    );
    folder.write("p.csv", b"label,a\n ,16\n");
    assert_eq!(
        folder.error("p.csv"),
        "p.csv, line 2, column 'label': expected a class, got ' '"
    );
}

#[test]
fn tables_that_are_none() {
    let folder = Folder::new();
    folder.write("p.csv", b"label,a,b\nu,1,2\nv,3,4\n");
    assert_eq!(
        folder.error("p.csv"),
        "p.csv: has 2 columns of pixels, which is no square: the option 'shape' says how large an image is"
    );
    let shape = Some(ImageShape {
        channels: 3,
        height: 1,
        width: 1,
    });
    let options = ImageOptions {
        shape,
        ..ImageOptions::default()
    };
    assert_eq!(
        folder.error_with("p.csv", &options),
        "p.csv: has 2 columns of pixels, images of 3x1x1 take 3"
    );
    folder.write("p.csv", b"class,a\nu,1\n");
    assert_eq!(
        folder.error("p.csv"),
        "p.csv: no column 'label'; its columns are: class, a"
    );
    folder.write("p.csv", b"label,a\n");
    assert_eq!(folder.error("p.csv"), "p.csv: has no images");
    folder.write("p.csv", b"label,a\nu,1\nu,2\n");
    assert_eq!(
        folder.error("p.csv"),
        "p.csv: all images have the class 'u'; at least two classes are needed"
    );
    let options = ImageOptions {
        white: Some(0),
        ..ImageOptions::default()
    };
    assert_eq!(
        folder.error_with("p.csv", &options),
        "white must be 1 to 255, got 0"
    );
}

#[test]
fn without_classes() {
    let folder = Folder::new();
    folder.write("p.csv", b"a,b,c,d\n1,2,3,4\n");
    let set = folder.unlabelled("p.csv").expect("read");
    assert_eq!((set.len(), set.labels().len()), (1, 0));
    folder.write("q.csv", b"a,b,c,d,label\n1,2,3,4,x\n");
    let set = folder.unlabelled("q.csv").expect("read");
    assert_eq!((row(&set, 0), set.classes().len()), (vec![1, 2, 3, 4], 0));
}
