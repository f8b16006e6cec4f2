//! How an augmentation is written, and which are refused.

use candle_core::Device;
use candle_mixup::image::{Augment, ImageSource, Normalisation};

use super::fed::{SHAPE, set};

#[test]
fn written_and_read_back() {
    for text in [
        "none",
        "flip",
        "flip,crop=4,translate=0.1,rotate=10,noise=0.05,cutout=8",
    ] {
        let augment: Augment = text.parse().expect("an augmentation");
        assert_eq!(augment.to_string(), text);
        let json = serde_json::to_string(&augment).expect("JSON");
        assert_eq!(
            serde_json::from_str::<Augment>(&json).expect("JSON"),
            augment
        );
    }
    let default: Augment = serde_json::from_str("{}").expect("JSON");
    assert_eq!((default, default.is_none()), (Augment::default(), true));
    assert!(serde_json::from_str::<Augment>(r#"{"flop":true}"#).is_err());
}

#[test]
fn what_cannot_be_read() {
    let error = |text: &str| text.parse::<Augment>().expect_err("refused").to_string();
    assert_eq!(
        error("flop"),
        "unknown augmentation 'flop' (did you mean 'flip'?); known: flip, crop, translate, rotate, noise, cutout"
    );
    assert_eq!(error("flip=2"), "flip must be without a number, got 2");
    assert_eq!(
        error("crop"),
        "crop must be crop=NUMBER: pixels, a whole number from 1, got nothing"
    );
    for text in [
        "crop=0",
        "crop=1.5",
        "crop=-1",
        "cutout=x",
        "rotate=0",
        "noise=-1",
        "noise=inf",
        "translate=NaN",
    ] {
        assert!(error(text).contains("=NUMBER: "), "{text}: {}", error(text));
    }
    assert_eq!(
        error("flip,crop=2,flip"),
        "augmentation must be named once each, got flip,crop=2,flip"
    );
    assert!(error("").starts_with("unknown augmentation ''"));
}

#[test]
fn what_does_not_fit_the_images() {
    let error = |text: &str| {
        let augment: Augment = text.parse().expect("an augmentation");
        augment.check(SHAPE).expect_err("refused").to_string()
    };
    assert_eq!(
        error("crop=4"),
        "crop must be below the 4 pixels of the image's shorter side (2x4x5), got 4"
    );
    assert!(error("cutout=5").starts_with("cutout must be at most the 4 pixels"));
    assert!(error("rotate=181").starts_with("rotate must be degrees from 0 to 180"));
    assert!(error("translate=1").starts_with("translate must be a share"));
    assert!(error("translate=0.1").contains("enough to move an image of 2x4x5 by a pixel"));
    let unread = Augment {
        noise: f64::NAN,
        ..Augment::default()
    };
    assert!(unread.check(SHAPE).is_err());
    for fits in [
        "none",
        "flip,crop=3,translate=0.25,rotate=180,noise=2,cutout=4",
    ] {
        fits.parse::<Augment>()
            .and_then(|a| a.check(SHAPE))
            .expect("fits");
    }
    let set = set(1);
    let wrong = Normalisation {
        mean: vec![0.0],
        std: vec![1.0],
    };
    assert!(ImageSource::new(set.clone(), wrong, Augment::default(), Device::Cpu).is_err());
    let wrong = Normalisation {
        mean: vec![0.0; 2],
        std: vec![1.0, 0.0],
    };
    assert!(ImageSource::new(set, wrong, Augment::default(), Device::Cpu).is_err());
}
