//! Tables read for training: features, targets, groups and times, and every way in which a table can be wrong.

#[path = "common/tables.rs"]
mod tables;

use candle_mixup::data::{Header, Source};
use candle_mixup::table::{
    DataColumns, DataSet, DataSetInfo, EncodeSettings, Encoder, NumericEncoding, Target,
};
use candle_mixup::{Error, Result};
use tables::Folder;

fn labelled(label: &str) -> DataColumns {
    DataColumns {
        label: Some(label.into()),
        ..DataColumns::default()
    }
}

fn predicting(targets: &[&str]) -> DataColumns {
    DataColumns {
        targets: targets.iter().map(|t| t.to_string()).collect(),
        ..DataColumns::default()
    }
}

fn read(content: &str, columns: &DataColumns) -> Result<(DataSet, DataSetInfo)> {
    let folder = Folder::new();
    DataSet::read(&folder.file("t.csv", content), columns, &())
}

fn refused(content: &str, columns: &DataColumns) -> Error {
    read(content, columns).expect_err("the table is wrong")
}

fn says(error: &Error, words: &[&str]) {
    let message = error.to_string();
    for word in words {
        assert!(message.contains(word), "'{word}' is not in: {message}");
    }
}

#[test]
fn classes_come_from_the_label_column() -> Result<()> {
    let (data, info) = read("x,c,y\n1,a,10\n2.5,b,9\n,a,10\n", &labelled("y"))?;
    assert_eq!((data.len(), data.is_empty()), (3, false));
    assert_eq!(data.numeric, ["x"]);
    assert_eq!(data.numbers, [1.0, 2.5, 0.0]);
    assert_eq!(data.codes, [0, 1, 0]);
    assert!(data.is_missing(2, 0) && !data.is_missing(2, 1) && !data.is_missing(0, 0));
    let Target::Classes { classes, names } = &data.target else {
        panic!("{:?}", data.target);
    };
    assert_eq!(
        (&classes[..], &names[..]),
        (&[1, 0, 1][..], &["9".into(), "10".into()][..])
    );
    assert_eq!(info.targets[0].name, "y");
    let features: Vec<&str> = info.features.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(features, ["x", "c"]);
    assert_eq!((info.time_order, data.groups), (None, None));
    Ok(())
}

#[test]
fn everything_that_is_no_feature_is_taken_out() -> Result<()> {
    let columns = DataColumns {
        group: Some("who".into()),
        time: Some("when".into()),
        ignore: vec!["note".into()],
        categorical: vec!["zip".into()],
        ..predicting(&["out", "in"])
    };
    let content = "in,who,x,when,zip,out,y,note\n\
                   1,7,10,2024-03-01,5,0.5,,a\n\
                   2,8,,2024-01-01,6,0.25,4,b\n\
                   4,7,30,2024-02-01,,0.75,5,c\n";
    let (data, info) = read(content, &columns)?;
    assert_eq!(data.numeric, ["x", "y"]);
    assert_eq!(data.numbers, [10.0, 0.0, 0.0, 4.0, 30.0, 5.0]);
    assert_eq!(data.categorical.len(), 1);
    assert_eq!(data.codes, [0, 1, 0]);
    let missing: Vec<(usize, usize)> = (0..3)
        .flat_map(|row| (0..3).map(move |cell| (row, cell)))
        .filter(|&(row, cell)| data.is_missing(row, cell))
        .collect();
    assert_eq!(missing, [(0, 1), (1, 0), (2, 2)]);
    assert_eq!(
        data.target,
        Target::Values {
            values: vec![0.5, 1.0, 0.25, 2.0, 0.75, 4.0],
            names: vec!["out".into(), "in".into()],
        }
    );
    assert_eq!(data.groups, Some(["7", "8", "7"].map(String::from).into()));
    assert_eq!(info.time_order, Some(vec![1, 2, 0]));
    Ok(())
}

#[test]
fn times_are_numbers_where_all_are() -> Result<()> {
    let order = |times: [&str; 4], categorical: bool| -> Result<Option<Vec<u32>>> {
        let columns = DataColumns {
            time: Some("t".into()),
            categorical: categorical.then(|| "t".into()).into_iter().collect(),
            ..DataColumns::default()
        };
        let rows: Vec<String> = times.iter().map(|t| format!("{t},1")).collect();
        let (data, info) = read(&format!("t,x\n{}\n", rows.join("\n")), &columns)?;
        assert_eq!((data.numeric.len(), data.categorical.len()), (1, 0));
        assert_eq!(data.target, Target::Nothing { rows: 4 });
        Ok(info.time_order)
    };
    for categorical in [false, true] {
        assert_eq!(
            order(["10", "9", "9", "-1"], categorical)?,
            Some(vec![3, 1, 2, 0])
        );
    }
    let dates = ["2024-10-02", "2024-09-30T08:15", "2023-12-31", "2023-12-31"];
    assert_eq!(order(dates, false)?, Some(vec![2, 3, 1, 0]));
    for other in ["b10", "31/12/2023", "2023-1-1", "2023"] {
        let error = order(["2024-10-02", "2024-09-30", "2023-12-31", other], false);
        let error = error.expect_err("does not sort as text").to_string();
        assert!(error.contains("'t'") && error.contains(other), "{error}");
    }
    Ok(())
}

#[test]
fn columns_without_a_header_go_by_number() -> Result<()> {
    let columns = DataColumns {
        header: Header::Absent,
        group: Some("#1".into()),
        na_values: vec!["?".into()],
        ..predicting(&["3"])
    };
    let (data, _) = read("a,?,1\nb,4,2\n", &columns)?;
    assert_eq!(data.numeric, ["2"]);
    assert!(data.is_missing(0, 0));
    assert_eq!(data.groups, Some(["a", "b"].map(String::from).into()));
    Ok(())
}

#[test]
fn targets_that_cannot_be_are_named_with_their_line() {
    let missing = refused("x,y\n1,2\n2,\n", &predicting(&["y"]));
    says(
        &missing,
        &["t.csv, line 3, column 'y'", "a number to predict"],
    );
    let text = refused("x,y\n1,2\n2,high\n", &predicting(&["y"]));
    says(&text, &["line 3, column 'y'", "a number", "'high'"]);
    let endless = refused("x,y\n1,2\n2,inf\n", &predicting(&["y"]));
    says(&endless, &["line 3, column 'y'", "finite"]);
    let constant = refused("x,y\n1,2\n2,2\n", &predicting(&["y"]));
    assert!(matches!(constant, Error::Data(_)));
    says(&constant, &["target 'y'", "same number in all rows"]);
    let class = refused("x,y\n1,a\n2,\n", &labelled("y"));
    says(&class, &["line 3, column 'y'", "a class"]);
    let one = refused("x,y\n1,a\n2,a\n", &labelled("y"));
    assert!(matches!(one, Error::Data(_)));
    says(&one, &["all rows have the class 'a'"]);
}

#[test]
fn groups_and_times_that_are_missing_are_named() {
    let columns = DataColumns {
        group: Some("g".into()),
        ..labelled("y")
    };
    let error = refused("g,x,y\nu,1,a\n,2,b\n", &columns);
    says(&error, &["line 3, column 'g'", "a group"]);
    let columns = DataColumns {
        time: Some("g".into()),
        ..labelled("y")
    };
    let error = refused("g,x,y\n1,1,a\n,2,b\n", &columns);
    says(&error, &["line 3, column 'g'", "a time"]);
}

#[test]
fn tables_of_nothing_are_refused() {
    says(&refused("x,y\n", &labelled("y")), &["has no rows"]);
    let error = refused("y\na\nb\n", &labelled("y"));
    says(&error, &["t.csv", "no column is left to predict from"]);
    let columns = DataColumns {
        group: Some("g".into()),
        ..predicting(&["y"])
    };
    says(
        &refused("g,y\na,1\nb,2\n", &columns),
        &["no column is left"],
    );
}

#[test]
fn a_column_is_there_for_one_thing() {
    let table = "a,b,y\n1,2,u\n3,4,v\n";
    let both = DataColumns {
        group: Some("y".into()),
        ..labelled("y")
    };
    says(&refused(table, &both), &["'y'", "--label and in --group"]);
    let classes = DataColumns {
        label: Some("y".into()),
        ..predicting(&["a"])
    };
    assert!(matches!(refused(table, &classes), Error::Conflict(_)));
    says(
        &refused(table, &predicting(&["a", "a"])),
        &["twice in --target"],
    );
    let spelt = DataColumns {
        time: Some("#1".into()),
        ..predicting(&["a"])
    };
    says(&refused(table, &spelt), &["'a'", "two things"]);
    let ignored = DataColumns {
        time: Some("#1".into()),
        ignore: vec!["a".into()],
        ..labelled("y")
    };
    says(&refused(table, &ignored), &["'a'", "two things"]);
    let gone = refused(table, &labelled("z"));
    assert!(matches!(gone, Error::MissingColumn { column, .. } if column == "z"));
    let gone = DataColumns {
        time: Some("z".into()),
        ..labelled("y")
    };
    assert!(matches!(refused(table, &gone), Error::MissingColumn { .. }));
}

#[test]
fn more_rows_have_the_classes_of_training() -> Result<()> {
    let folder = Folder::new();
    let source = folder.file("t.csv", "x,y\n1,b\n2,b\n");
    let classes = ["a", "b"].map(String::from);
    let (data, _) = DataSet::read_more(&source, &labelled("y"), &classes, &())?;
    assert_eq!(
        data.target,
        Target::Classes {
            classes: vec![1, 1],
            names: classes.into(),
        }
    );
    let other = DataSet::read_more(&source, &labelled("y"), &["c".into()], &());
    assert!(matches!(other, Err(Error::Unknown { kind: "class", name, .. }) if name == "b"));
    let constant = folder.file("c.csv", "x,y\n1,5\n2,5\n");
    assert_eq!(
        DataSet::read_more(&constant, &predicting(&["y"]), &[], &())?
            .0
            .len(),
        2
    );
    Ok(())
}

#[test]
fn a_fingerprint_changes_with_anything_in_the_table() -> Result<()> {
    let columns = DataColumns {
        group: Some("g".into()),
        ..labelled("y")
    };
    let of = |content: &str| -> Result<String> { Ok(read(content, &columns)?.0.fingerprint()) };
    let whole = "g,x,c,y\nu,0,a,p\nv,2,b,q\n";
    assert_eq!(of(whole)?, of(whole)?);
    assert_eq!(of(whole)?.len(), 32);
    for (from, to) in [
        ("x", "z"),
        ("u,0", "w,0"),
        ("u,0", "u,1"),
        ("u,0", "u,"),
        ("a,p", "b,p"),
        ("b,q", "c,q"),
        ("p\n", "o\n"),
    ] {
        assert_ne!(of(&whole.replace(from, to))?, of(whole)?, "{from} {to}");
    }
    Ok(())
}

#[test]
fn columns_read_as_they_are_written() {
    let columns = DataColumns {
        group: Some("g".into()),
        ..predicting(&["a"])
    };
    let json = serde_json::to_string(&columns).expect("written");
    assert_eq!(
        serde_json::from_str::<DataColumns>(&json).expect("read"),
        columns
    );
    assert!(serde_json::from_str::<DataColumns>(r#"{"labels":"y"}"#).is_err());
}

/// Reads and encodes a shipped set: rows, numeric and categorical features, classes or 0, missing cells.
fn shipped(name: &str, columns: &DataColumns) -> Result<[usize; 5]> {
    let (data, info) = DataSet::read(&Source::parse(name)?, columns, &())?;
    let fitted: Vec<u32> = (0..data.len() as u32).filter(|r| r % 5 != 0).collect();
    for numeric in [
        NumericEncoding::Standard,
        NumericEncoding::Quantile,
        NumericEncoding::Piecewise { bins: 16 },
    ] {
        let encoder = Encoder::fit(EncodeSettings { numeric }, &data, &fitted)?;
        let (rows, seen) = encoder.encode(&data)?;
        assert_eq!(rows.len, data.len());
        assert_eq!(rows.numbers.len(), data.len() * encoder.shape().cells());
        assert!(rows.numbers.iter().all(|x| x.is_finite()));
        assert!(seen.clipped.is_empty() && seen.ignored.is_empty());
        let information = encoder.information(&data, &fitted)?;
        assert_eq!(information.len(), encoder.shape().features());
        assert!((information.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }
    let classes = match &data.target {
        Target::Classes { names, .. } => names.len(),
        _ => 0,
    };
    let missing = info.features.iter().map(|c| c.missing as usize).sum();
    Ok([
        data.len(),
        data.numeric.len(),
        data.categorical.len(),
        classes,
        missing,
    ])
}

#[test]
fn shipped_tables_are_read_and_encoded() -> Result<()> {
    let anomaly = labelled("anomaly");
    assert_eq!(shipped("@hypothyroid", &anomaly)?[..4], [3163, 7, 18, 2]);
    assert!(shipped("@hypothyroid", &anomaly)?[4] > 0);
    assert_eq!(shipped("@car", &anomaly)?, [1728, 0, 6, 2, 0]);
    assert_eq!(shipped("@page-blocks", &anomaly)?, [5472, 10, 0, 2, 0]);
    let airfoil = predicting(&["scaled_sound_pressure_db"]);
    assert_eq!(shipped("@airfoil", &airfoil)?, [1503, 5, 0, 0, 0]);
    Ok(())
}
