//! The pair list: what it refuses, and what can be read from it.

use anyhow::Result;
use candle_mixup::{Error, Pairs};

fn list() -> Result<Pairs> {
    Ok(Pairs::new(
        vec![0, 2, 2],
        vec![1, 0, 2],
        vec![0.75, 0.5, 0.25],
        vec![1.0, 0.5, 0.25],
    )?)
}

#[test]
fn columns_of_other_lengths_are_refused() {
    let error = Pairs::new(vec![0, 1], vec![0], vec![1.0; 2], vec![1.0; 2]).expect_err("short");
    assert!(matches!(error, Error::Shape { .. }));
    assert_eq!(
        error.to_string(),
        "pairs: expected four columns of one length, got [2, 1, 2, 2]"
    );
}

#[test]
fn weights_outside_0_to_1_are_refused() {
    for wrong in [-0.1, 1.5, f64::NAN, f64::INFINITY] {
        let error = Pairs::new(vec![0, 1], vec![1, 0], vec![0.5, wrong], vec![1.0; 2]);
        let expected = format!("pairs: weight[1] must be within [0, 1], got {wrong}");
        assert_eq!(error.expect_err("refused").to_string(), expected);
        let error = Pairs::new(vec![0, 1], vec![1, 0], vec![0.5; 2], vec![wrong, 1.0]);
        let expected = format!("pairs: label_weight[0] must be within [0, 1], got {wrong}");
        assert_eq!(error.expect_err("refused").to_string(), expected);
    }
}

#[test]
fn rows_that_there_are_not_are_refused() -> Result<()> {
    let pairs = list()?;
    pairs.check_rows(3)?;
    for error in [pairs.check_rows(2).err(), pairs.invert(2).err()] {
        assert_eq!(
            error.expect("row 2 of 2").to_string(),
            "pairs: own[1] must be below the 2 incoming rows, got 2"
        );
    }
    assert!(matches!(
        pairs.check_rows(1),
        Err(Error::Pairs {
            column: "own",
            row: 1,
            ..
        })
    ));
    Ok(())
}

#[test]
fn the_inverse_says_where_each_row_goes() -> Result<()> {
    let inverse = list()?.invert(4)?;
    assert_eq!(inverse.len(), 4);
    assert_eq!(inverse.of(0), [(0, 0.75), (1, 0.5)]);
    assert_eq!(inverse.of(1), [(0, 0.25)]);
    assert_eq!(inverse.of(2), [(1, 0.5), (2, 0.25), (2, 0.75)]);
    assert_eq!(inverse.of(3), []);
    assert!(Pairs::identity(0).invert(0)?.is_empty());
    Ok(())
}

#[test]
fn lists_join_in_order() -> Result<()> {
    let joined = Pairs::identity(2).join(&list()?);
    assert_eq!(joined.len(), 5);
    assert_eq!(joined.own(), [0, 1, 0, 2, 2]);
    assert_eq!(joined.partner(), [0, 1, 1, 0, 2]);
    assert_eq!(joined.weight(), [1.0, 1.0, 0.75, 0.5, 0.25]);
    assert_eq!(joined.label_weight(), [1.0, 1.0, 1.0, 0.5, 0.25]);
    assert!(!joined.is_plain() && Pairs::identity(2).is_plain());
    Ok(())
}

#[test]
fn only_a_permutation_is_one() -> Result<()> {
    let is = |own: &[u32], partner: &[u32]| -> Result<bool> {
        let ones = vec![1.0; own.len()];
        let pairs = Pairs::new(own.to_vec(), partner.to_vec(), ones.clone(), ones)?;
        Ok(pairs.is_permutation())
    };
    assert!(is(&[0, 1, 2], &[2, 0, 1])?);
    assert!(!is(&[0, 1, 2], &[2, 0, 2])?, "2 twice");
    assert!(!is(&[0, 1, 2], &[1, 2, 3])?, "3 of 3");
    assert!(!is(&[1, 0], &[0, 1])?, "own out of order");
    assert!(Pairs::identity(3).is_permutation());
    Ok(())
}

#[test]
fn plain_lists_change_neither_rows_nor_targets() -> Result<()> {
    let plain = |own: u32, partner: u32, weight: f64, label: f64| -> Result<bool> {
        Ok(Pairs::new(vec![own], vec![partner], vec![weight], vec![label])?.is_plain())
    };
    assert!(plain(0, 1, 1.0, 1.0)? && plain(1, 1, 0.3, 0.3)?);
    assert!(!plain(0, 1, 1.0, 0.5)? && !plain(0, 1, 0.5, 1.0)?);
    Ok(())
}

#[test]
fn json_round_trips_and_is_checked() -> Result<()> {
    let json = serde_json::to_string(&list()?)?;
    assert_eq!(
        json,
        r#"{"own":[0,2,2],"partner":[1,0,2],"weight":[0.75,0.5,0.25],"label_weight":[1.0,0.5,0.25]}"#
    );
    assert_eq!(serde_json::from_str::<Pairs>(&json)?, list()?);
    let unknown = json.replacen('{', r#"{"lambda":[1],"#, 1);
    let message = serde_json::from_str::<Pairs>(&unknown).expect_err("unknown field");
    assert!(
        message.to_string().contains("unknown field `lambda`"),
        "{message}"
    );
    let outside = json.replacen("0.75", "1.75", 1);
    let message = serde_json::from_str::<Pairs>(&outside).expect_err("a weight of 1.75");
    assert!(
        message
            .to_string()
            .contains("weight[0] must be within [0, 1]"),
        "{message}"
    );
    Ok(())
}
