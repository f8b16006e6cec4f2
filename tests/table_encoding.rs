//! The encoder: what numbers and categories become, that only training rows are looked at, and every refusal.

#[path = "common/tables.rs"]
mod tables;

use candle_mixup::table::{
    CodedColumn, DataColumns, DataSet, EncodeSettings, EncodedRows, Encoder, NumericEncoding,
    Target, principal,
};
use candle_mixup::{Error, Result};
use proptest::prelude::*;
use tables::Folder;

const ENCODINGS: [NumericEncoding; 5] = [
    NumericEncoding::Standard,
    NumericEncoding::Quantile,
    NumericEncoding::Piecewise { bins: 4 },
    NumericEncoding::MinMax,
    NumericEncoding::None,
];

fn with(numeric: NumericEncoding) -> EncodeSettings {
    EncodeSettings { numeric }
}

/// A table of one column of numbers.
fn column(numbers: &[f64]) -> DataSet {
    DataSet {
        numbers: numbers.to_vec(),
        numeric: vec!["x".into()],
        codes: Vec::new(),
        categorical: Vec::new(),
        missing: None,
        target: Target::Nothing {
            rows: numbers.len(),
        },
        groups: None,
    }
}

fn read(content: &str) -> DataSet {
    let columns = DataColumns::default();
    let source = Folder::new();
    let source = (source.file("t.csv", content), source);
    DataSet::read(&source.0, &columns, &())
        .expect("a good table")
        .0
}

fn all(data: &DataSet) -> Vec<u32> {
    (0..data.len() as u32).collect()
}

/// What `new` becomes where `fitted` was learnt.
fn encoded(encoding: NumericEncoding, fitted: &[f64], new: &[f64]) -> Vec<f32> {
    let data = column(fitted);
    let encoder = Encoder::fit(with(encoding), &data, &all(&data)).expect("fitted");
    encoder.encode(&column(new)).expect("encoded").0.numbers
}

fn near(got: &[f32], expected: &[f64]) {
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter().zip(expected) {
        let off = (f64::from(*got) - expected).abs();
        assert!(off <= 1e-6 * expected.abs().max(0.1), "{got} {expected}");
    }
}

const FITTED: [f64; 8] = [3.0, 1.0, 4.0, 1.5, 4.0, 9.0, 2.0, 6.0];
const NEW: [f64; 7] = [0.0, 1.0, 1.2, 4.0, 5.0, 9.0, 11.0];

/// scikit-learn 1.9.1:
/// ```python
/// x = np.array([[3.0], [1.0], [4.0], [1.5], [4.0], [9.0], [2.0], [6.0]])
/// new = np.array([[0.0], [1.0], [1.2], [4.0], [5.0], [9.0], [11.0]])
/// StandardScaler().fit(x).transform(new)
/// QuantileTransformer(n_quantiles=1000, output_distribution='normal').fit(x).transform(new)
/// MinMaxScaler().fit(x).transform(new)
/// i = np.arange(2500.0)
/// long = ((i * 7919 % 2500) ** 2 / 1000)[:, None]
/// q = QuantileTransformer(n_quantiles=1000, output_distribution='normal').fit(long)
/// q.transform(np.array([[0.5], [10.0], [77.7], [1562.5], [6000.0]]))
/// ```
#[test]
fn numbers_become_what_scikit_learn_makes_of_them() {
    near(
        &encoded(NumericEncoding::Standard, &FITTED, &NEW),
        &[
            -1.5409740908567435,
            -1.1367841653861224,
            -1.055946180291998,
            0.0757856110257415,
            0.47997553649636276,
            2.096735238378848,
            2.9051150893200903,
        ],
    );
    near(
        &encoded(NumericEncoding::Quantile, &FITTED, &NEW),
        &[
            -5.199337582605575,
            -5.199337582605575,
            -1.5792195192835745,
            0.3661063568005695,
            0.7916386077433741,
            5.19933758270342,
            5.19933758270342,
        ],
    );
    near(
        &encoded(NumericEncoding::MinMax, &FITTED, &NEW),
        &[-0.125, 0.0, 0.025, 0.375, 0.5, 1.0, 1.25],
    );
    let long: Vec<f64> = (0..2500)
        .map(|i| f64::from(i * 7919 % 2500).powi(2) / 1000.0)
        .collect();
    near(
        &encoded(
            NumericEncoding::Quantile,
            &long,
            &[0.5, 10.0, 77.7, 1562.5, 6000.0],
        ),
        &[
            -2.367999838672336,
            -1.7505052354924375,
            -1.2183670467866166,
            5.009236113589321e-4,
            2.057644872506664,
        ],
    );
}

#[test]
fn piecewise_cells_fill_one_after_the_other() {
    // Borders 0, 1, 2, 3, 4.
    let fitted = [0.0, 1.0, 2.0, 3.0, 4.0];
    let encoding = NumericEncoding::Piecewise { bins: 4 };
    let cells = |x| encoded(encoding, &fitted, &[x]);
    near(&cells(0.0), &[0.0, 0.0, 0.0, 0.0]);
    near(&cells(1.25), &[1.0, 0.25, 0.0, 0.0]);
    near(&cells(4.0), &[1.0, 1.0, 1.0, 1.0]);
    near(&cells(-1.5), &[-1.5, 0.0, 0.0, 0.0]);
    near(&cells(6.0), &[1.0, 1.0, 1.0, 3.0]);
    // Equal borders are one: 0, 0, 0, 1, 2.
    let merged = encoded(encoding, &[0.0, 0.0, 0.0, 1.0, 2.0], &[1.5]);
    near(&merged, &[1.0, 0.5]);
}

#[test]
fn a_constant_column_is_zero_and_ties_have_the_middle_rank() {
    for encoding in &ENCODINGS[..4] {
        let cells = encoded(*encoding, &[0.1; 7], &[0.1, 0.2]);
        assert_eq!(cells[0], 0.0, "{encoding:?}");
        assert_eq!(cells.len(), 2);
    }
    // Three of five are the least: the middle of ranks 0 and ½ is ¼.
    let tied = encoded(
        NumericEncoding::Quantile,
        &[0.0, 0.0, 0.0, 1.0, 2.0],
        &[0.0],
    );
    near(&tied, &[-0.6744897501960817]);
    let one = encoded(NumericEncoding::Quantile, &[3.0], &[2.0, 3.0, 4.0]);
    assert_eq!(one[1], 0.0);
}

const MIXED: &str = "a,b,c\n1,10,red\n,20,blue\n4,30,\n3,,red\n7,50,green\n";

#[test]
fn missing_cells_become_the_median_and_say_so() -> Result<()> {
    let data = read(MIXED);
    // Of the first three rows only column a misses numbers, only c categories; green is unseen.
    let encoder = Encoder::fit(with(NumericEncoding::None), &data, &[0, 1, 2])?;
    assert_eq!(encoder.shape().numeric, [2, 1]);
    assert_eq!(encoder.shape().categories, [4]);
    assert_eq!(encoder.names(), ["a", "b", "c"]);
    assert_eq!(encoder.cell_names(), ["a", "a missing", "b"]);
    assert_eq!(
        encoder.categories(0),
        Some(&["blue".into(), "red".into()][..])
    );
    let (rows, seen) = encoder.encode(&data)?;
    assert_eq!(
        rows.numbers,
        [
            1.0, 0.0, 10.0, 2.5, 1.0, 20.0, 4.0, 0.0, 30.0, 3.0, 0.0, 20.0, 7.0, 0.0, 50.0
        ]
    );
    assert_eq!(rows.codes, [3, 2, 0, 3, 1]);
    assert_eq!(seen.missing, [("b".to_string(), 1)]);
    assert_eq!(seen.unseen, [("c".to_string(), 1)]);
    assert!(seen.clipped.is_empty() && seen.ignored.is_empty());
    Ok(())
}

#[test]
fn a_missing_category_that_was_never_trained_is_counted() -> Result<()> {
    let data = read(MIXED);
    let encoder = Encoder::fit(EncodeSettings::default(), &data, &[0, 1])?;
    let (_, seen) = encoder.encode(&data)?;
    assert!(seen.missing.contains(&("c".to_string(), 1)), "{seen:?}");
    Ok(())
}

#[test]
fn a_column_that_no_training_row_has_is_missing_everywhere() -> Result<()> {
    for encoding in ENCODINGS {
        let data = read("a,b,c\n,1,x\n,2,x\n9,4,\n");
        let encoder = Encoder::fit(with(encoding), &data, &[0, 1])?;
        let (rows, _) = encoder.encode(&data)?;
        for row in 0..3 {
            assert_eq!(rows.numbers_of(row)[..2], [0.0, 1.0], "{encoding:?}");
        }
        assert_eq!(encoder.empty(), ["a"]);
    }
    let data = read("a,c\n1,\n2,\n4,z\n");
    let encoder = Encoder::fit(EncodeSettings::default(), &data, &[0, 1])?;
    assert_eq!(encoder.empty(), ["c"]);
    assert_eq!(encoder.encode(&data)?.0.codes, [0, 0, 1]);
    Ok(())
}

#[test]
fn another_file_is_encoded_by_names() -> Result<()> {
    let data = read("a,c,b\n1,red,5\n2,blue,6\n3,red,9\n");
    let encoder = Encoder::fit(EncodeSettings::default(), &data, &all(&data))?;
    let other = read("more,b,a,c\n0,5,1,red\n0,9,3,red\n0,6,2,amber\n");
    let (rows, seen) = encoder.encode(&other)?;
    let (own, _) = encoder.encode(&data)?;
    assert_eq!(rows.numbers_of(0), own.numbers_of(0));
    assert_eq!(rows.numbers_of(1), own.numbers_of(2));
    assert_eq!(rows.codes, [3, 3, 1]);
    assert_eq!(seen.ignored, ["more"]);
    Ok(())
}

#[test]
fn columns_that_are_gone_or_of_another_kind_are_named() -> Result<()> {
    let data = read("a,c\n1,red\n2,blue\n");
    let encoder = Encoder::fit(EncodeSettings::default(), &data, &[0, 1])?;
    let refused = |content: &str| {
        let error = encoder.encode(&read(content)).expect_err("refused");
        error.to_string()
    };
    let gone = refused("b,c\n1,red\n");
    assert_eq!(gone, "rows to encode: no column 'a'; its columns are: b, c");
    assert!(refused("a,d\n1,red\n").contains("no column 'c'"));
    let text = refused("a,c\nlow,red\n");
    assert!(text.contains("'a': expected numbers") && text.contains("'low'"));
    let numbers = refused("a,c\n1,5\n");
    assert!(numbers.contains("'c': expected categories"), "{numbers}");
    Ok(())
}

#[test]
fn extreme_numbers_stay_finite() -> Result<()> {
    let extreme = [f64::MAX, -f64::MAX, 1e300, 5e-324, 0.0];
    for encoding in ENCODINGS {
        for fitted in [&[0.0, 1e-300, 2e-300, 3e-300][..], &extreme, &[1.0, 2.0]] {
            let cells = encoded(encoding, fitted, &extreme);
            assert!(
                cells.iter().all(|x| x.is_finite()),
                "{encoding:?} {cells:?}"
            );
        }
    }
    let encoder = Encoder::fit(EncodeSettings::default(), &column(&[1.0, 2.0]), &[0, 1])?;
    let (_, seen) = encoder.encode(&column(&extreme))?;
    assert_eq!(seen.clipped, [("x".to_string(), 3)]);
    // A spread that squares cannot hold is still a spread.
    let wide = encoded(NumericEncoding::Standard, &[-1e300, 1e300], &[1e300]);
    near(&wide, &[1.0]);
    Ok(())
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let data = column(&[1.0, 2.0]);
    let refused = |data: &DataSet, rows: &[u32]| {
        Encoder::fit(EncodeSettings::default(), data, rows).expect_err("refused")
    };
    assert!(matches!(refused(&data, &[]), Error::Data(m) if m.contains("no row")));
    assert!(matches!(refused(&data, &[2]), Error::Shape { got, .. } if got == "2"));
    let nan = column(&[1.0, f64::NAN]);
    assert!(matches!(
        refused(&nan, &[0]),
        Error::Value {
            row: 1,
            column: 0,
            ..
        }
    ));
    let short = DataSet {
        target: Target::Nothing { rows: 3 },
        ..column(&[1.0, 2.0])
    };
    assert!(matches!(refused(&short, &[0]), Error::Shape { .. }));
    let code = DataSet {
        codes: vec![0, 1],
        categorical: vec![CodedColumn {
            name: "c".into(),
            categories: vec!["one".into()],
        }],
        ..column(&[1.0, 2.0])
    };
    assert!(matches!(refused(&code, &[1]), Error::Shape { what, .. } if what.contains("'c'")));
    let encoder = Encoder::fit(EncodeSettings::default(), &code, &[0]).expect("the row is good");
    assert!(matches!(encoder.encode(&code), Err(Error::Shape { .. })));
    let none = DataSet {
        numbers: Vec::new(),
        numeric: Vec::new(),
        ..column(&[1.0])
    };
    assert!(matches!(refused(&none, &[0]), Error::Data(m) if m.contains("no features")));
    for bins in [0, 1, 1001] {
        let settings = with(NumericEncoding::Piecewise { bins });
        assert!(matches!(
            Encoder::fit(settings, &data, &[0]),
            Err(Error::Setting { .. })
        ));
    }
}

#[test]
fn settings_read_as_they_are_written() -> Result<()> {
    let read = |json: &str| serde_json::from_str::<EncodeSettings>(json);
    for (json, numeric) in [
        ("{}", NumericEncoding::Standard),
        (r#"{"numeric":"quantile"}"#, NumericEncoding::Quantile),
        (
            r#"{"numeric":{"piecewise":{}}}"#,
            NumericEncoding::Piecewise { bins: 16 },
        ),
        (r#"{"numeric":"min-max"}"#, NumericEncoding::MinMax),
        (r#"{"numeric":"none"}"#, NumericEncoding::None),
    ] {
        assert_eq!(read(json).expect("known").numeric, numeric);
    }
    assert!(read(r#"{"numbers":"none"}"#).is_err());
    assert!(read(r#"{"numeric":{"piecewise":{"bin":3}}}"#).is_err());
    Ok(())
}

#[test]
fn an_encoder_from_json_is_the_same_to_the_last_bit() -> Result<()> {
    let data = read(MIXED);
    for encoding in ENCODINGS {
        let encoder = Encoder::fit(with(encoding), &data, &[0, 1, 3, 4])?;
        let json = serde_json::to_string(&encoder).expect("written");
        let again: Encoder = serde_json::from_str(&json).expect("read");
        assert_eq!(again, encoder);
        assert_eq!(serde_json::to_string(&again).expect("written"), json);
        assert_eq!(again.encode(&data)?, encoder.encode(&data)?);
        let more = json.replacen('{', r#"{"more":1,"#, 1);
        assert!(serde_json::from_str::<Encoder>(&more).is_err());
    }
    Ok(())
}

#[test]
fn a_broken_encoder_is_refused() -> Result<()> {
    let data = read(MIXED);
    let broken = |encoding, from: &str, to: &str| {
        let encoder = Encoder::fit(with(encoding), &data, &[0, 1, 2, 4]).expect("fitted");
        let json = serde_json::to_string(&encoder).expect("written");
        assert!(json.contains(from), "{json}");
        let read = serde_json::from_str::<Encoder>(&json.replace(from, to));
        read.expect_err("refused").to_string()
    };
    let piecewise = NumericEncoding::Piecewise { bins: 2 };
    assert!(broken(piecewise, "[1.0,4.0,7.0]", "[4.0,4.0,7.0]").contains("do not rise"));
    assert!(broken(NumericEncoding::Quantile, r#""x":1.0"#, r#""x":9.0"#).contains("do not rise"));
    let negative = broken(
        NumericEncoding::Standard,
        r#""deviation":"#,
        r#""deviation":-"#,
    );
    assert!(negative.contains("negative deviation"));
    assert!(broken(NumericEncoding::MinMax, r#""min":1.0"#, r#""min":8.0"#).contains("above"));
    let twice = broken(
        NumericEncoding::None,
        r#"["blue","green""#,
        r#"["blue","blue""#,
    );
    assert!(twice.contains("distinct categories"), "{twice}");
    Ok(())
}

#[test]
fn synthetic_rows_that_repeat_rows_are_encoded_as_these() -> Result<()> {
    let data = read(MIXED);
    let rows = [4, 1, 2, 3, 1];
    for encoding in ENCODINGS {
        let encoder = Encoder::fit(with(encoding), &data, &[0, 1, 2])?;
        let (numbers, codes) = encoder.imputed(&data, &rows)?;
        let made = encoder.encode_synthetic(&data, &numbers, &codes, &rows)?;
        let (all, _) = encoder.encode(&data)?;
        for (i, &row) in rows.iter().enumerate() {
            assert_eq!(
                made.numbers_of(i as u32),
                all.numbers_of(row),
                "{encoding:?}"
            );
            assert_eq!(made.codes_of(i as u32), all.codes_of(row));
        }
    }
    Ok(())
}

#[test]
fn synthetic_rows_are_imputed_and_checked() -> Result<()> {
    let data = read(MIXED);
    let encoder = Encoder::fit(with(NumericEncoding::None), &data, &[0, 1, 2])?;
    let (numbers, codes) = encoder.imputed(&data, &[1, 2])?;
    assert_eq!(numbers, [2.5, 20.0, 4.0, 30.0]);
    // blue, green, red: a missing one is the fourth.
    assert_eq!(codes, [0, 3]);
    // A number between, with the indicator of the row of its own.
    let made = encoder.encode_synthetic(&data, &[3.25, 25.0], &[2], &[1])?;
    assert_eq!((made.numbers, made.codes), (vec![3.25, 1.0, 25.0], vec![3]));
    let refused = |numbers: &[f64], codes: &[u32], own: &[u32]| {
        let made = encoder.encode_synthetic(&data, numbers, codes, own);
        made.expect_err("refused")
    };
    assert!(matches!(
        refused(&[1.0, 2.0], &[4], &[0]),
        Error::Shape { .. }
    ));
    assert!(matches!(
        refused(&[1.0, 2.0], &[0], &[5]),
        Error::Shape { .. }
    ));
    assert!(matches!(
        refused(&[1.0, 2.0], &[0], &[0, 1]),
        Error::Shape { .. }
    ));
    assert!(matches!(
        refused(&[1.0, f64::NAN], &[0], &[0]),
        Error::Value { .. }
    ));
    assert!(matches!(
        encoder.imputed(&data, &[5]),
        Err(Error::Shape { .. })
    ));
    Ok(())
}

#[test]
fn a_matrix_spreads_categories() -> Result<()> {
    let data = read(MIXED);
    let encoder = Encoder::fit(with(NumericEncoding::None), &data, &[0, 1, 2])?;
    let (rows, _) = encoder.encode(&data)?;
    let (matrix, width) = encoder.matrix(&rows)?;
    assert_eq!(width, 7);
    assert_eq!(matrix[..7], [1.0, 0.0, 10.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(matrix[14..21], [4.0, 0.0, 30.0, 1.0, 0.0, 0.0, 0.0]);
    assert_eq!(matrix[28..], [7.0, 0.0, 50.0, 0.0, 1.0, 0.0, 0.0]);
    let other = Encoder::fit(with(NumericEncoding::None), &data, &[0])?;
    assert!(matches!(other.matrix(&rows), Err(Error::Shape { .. })));
    Ok(())
}

#[test]
fn a_matrix_keeps_the_most_frequent_of_many_categories() -> Result<()> {
    // 300 categories; those from c100 on stand twice.
    let rows: Vec<String> = (0..300)
        .flat_map(|i| vec![format!("1,c{i:03}"); if i < 100 { 1 } else { 2 }])
        .collect();
    let data = read(&format!("x,c\n{}\n", rows.join("\n")));
    let encoder = Encoder::fit(EncodeSettings::default(), &data, &all(&data))?;
    let (encoded, _) = encoder.encode(&data)?;
    let (matrix, width) = encoder.matrix(&encoded)?;
    assert_eq!(width, 1 + 255);
    let ones = |row: usize| matrix[row * width..][..width].iter().sum::<f32>();
    // 200 categories of two rows and the first 53 of one.
    assert_eq!(
        (ones(0), ones(52), ones(53), ones(99)),
        (1.0, 1.0, 0.0, 0.0)
    );
    assert!((100..data.len()).all(|row| ones(row) == 1.0));
    Ok(())
}

#[test]
fn information_is_shared_out() -> Result<()> {
    // a is the target, b independent of it, c the target's parity, d missing exactly where the target is 0.
    let rows: Vec<String> = (0..48)
        .map(|i| {
            let (y, b) = (i % 4, i / 4 % 3);
            let d = if y == 0 { "" } else { "7" };
            format!("{y},{b},{},{d},k{y}", ["e", "o"][y % 2])
        })
        .collect();
    let content = format!("a,b,c,d,y\n{}\n", rows.join("\n"));
    let folder = Folder::new();
    let source = folder.file("t.csv", content);
    let columns = DataColumns {
        label: Some("y".into()),
        ..DataColumns::default()
    };
    let (data, _) = DataSet::read(&source, &columns, &())?;
    let encoder = Encoder::fit(EncodeSettings::default(), &data, &all(&data))?;
    let got = encoder.information(&data, &all(&data))?;
    let (two, four) = (2f64.ln(), 4f64.ln());
    let quarter = -0.25 * 0.25f64.ln() - 0.75 * 0.75f64.ln();
    let sum = two + four + quarter;
    // Numeric features come first: a, b, d, c.
    assert_eq!(encoder.names(), ["a", "b", "d", "c"]);
    for (got, expected) in got.iter().zip([four / sum, 0.0, quarter / sum, two / sum]) {
        assert!((got - expected).abs() < 1e-12, "{got} {expected}");
    }
    assert_eq!(got[1], 0.0);
    Ok(())
}

#[test]
fn information_of_numbers_is_that_of_their_bins() -> Result<()> {
    let n = 1600;
    let mut data = DataSet {
        numbers: (0..n)
            .flat_map(|i| [f64::from(i), f64::from(i % 100)])
            .collect(),
        numeric: vec!["same".into(), "other".into()],
        target: Target::Values {
            values: (0..n).map(|i| f64::from(i).powi(3)).collect(),
            names: vec!["y".into()],
        },
        ..column(&[])
    };
    let encoder = Encoder::fit(EncodeSettings::default(), &data, &all(&data))?;
    let shares = encoder.information(&data, &all(&data))?;
    assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    assert!(shares[0] > 0.95, "{shares:?}");
    data.target = Target::Nothing { rows: n as usize };
    assert_eq!(encoder.information(&data, &all(&data))?, [0.0, 0.0]);
    assert!(encoder.information(&data, &[]).is_err());
    Ok(())
}

/// scikit-learn 1.9.1, its variances (of n − 1) times 4/5, its directions signed:
/// ```python
/// PCA().fit([[1., 2., 0.], [2., 1., 1.], [4., 5., 1.], [7., 6., 0.], [3., 3., 2.]])
/// ```
#[test]
fn principal_directions_are_those_of_scikit_learn() -> Result<()> {
    let data = DataSet {
        numbers: vec![
            1.0, 2.0, 0.0, 2.0, 1.0, 1.0, 4.0, 5.0, 1.0, 7.0, 6.0, 0.0, 3.0, 3.0, 2.0, 999.0, 0.0,
            1.0,
        ],
        numeric: ["a", "b", "c"].map(String::from).into(),
        target: Target::Nothing { rows: 6 },
        ..column(&[])
    };
    let fitted = [0, 1, 2, 3, 4];
    let encoder = Encoder::fit(with(NumericEncoding::None), &data, &fitted)?;
    let (rows, _) = encoder.encode(&data)?;
    let (directions, variances) = principal(&rows, &fitted)?;
    let expected = [7.333313299660436, 0.5342002074454261, 0.3724864928941336];
    for (got, expected) in variances.iter().zip(expected) {
        assert!((got - expected).abs() < 1e-9);
    }
    near(
        &directions,
        &[
            0.7450044464005164,
            0.663731012037906,
            -0.0665546279577669,
            0.15795050142461112,
            -0.07859077912627135,
            0.9843145475588783,
            -0.6480895107492278,
            0.7438310514461349,
            0.16338712605760491,
        ],
    );
    assert!(matches!(principal(&rows, &[]), Err(Error::Data(_))));
    assert!(matches!(principal(&rows, &[6]), Err(Error::Shape { .. })));
    Ok(())
}

/// A table of two numeric columns and one of categories.
fn tables() -> impl Strategy<Value = (Vec<(i16, i16, u8)>, u64)> {
    let row = (-50i16..50, -3i16..3, 0u8..5);
    (prop::collection::vec(row, 4..40), any::<u64>())
}

fn table(rows: &[(i16, i16, u8)]) -> DataSet {
    let numbers = rows
        .iter()
        .flat_map(|r| [f64::from(r.0) / 7.0, f64::from(r.1)]);
    DataSet {
        numbers: numbers.collect(),
        numeric: vec!["a".into(), "b".into()],
        codes: rows.iter().map(|r| u32::from(r.2)).collect(),
        categorical: vec![CodedColumn {
            name: "c".into(),
            categories: (0..5).map(|c| format!("c{c}")).collect(),
        }],
        ..column(&vec![0.0; rows.len()])
    }
}

fn orthonormal(rows: &EncodedRows, fitted: &[u32]) {
    let (directions, variances) = principal(rows, fitted).expect("found");
    let cells = rows.shape.cells();
    let direction = |i: usize| &directions[i * cells..][..cells];
    for i in 0..cells {
        for j in 0..cells {
            let pairs = direction(i).iter().zip(direction(j));
            let dot: f64 = pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            let expected = f64::from(u8::from(i == j));
            assert!((dot - expected).abs() < 1e-6, "{i} {j} {dot}");
        }
    }
    assert!(variances.is_sorted_by(|a, b| a >= b) && variances.iter().all(|v| *v >= 0.0));
}

proptest! {
    #[test]
    fn rows_beside_the_training_rows_change_nothing((rows, seed) in tables()) {
        let fitted: Vec<u32> = (0..rows.len() as u32).filter(|r| r % 3 != seed as u32 % 3).collect();
        let mut others = rows.clone();
        for (row, other) in others.iter_mut().enumerate() {
            if !fitted.contains(&(row as u32)) {
                *other = (other.0 ^ seed as i16, 77, (other.2 + 1) % 5);
            }
        }
        let (data, changed) = (table(&rows), table(&others));
        for encoding in ENCODINGS {
            let of = |data: &DataSet| {
                let encoder = Encoder::fit(with(encoding), data, &fitted).expect("fitted");
                let (rows, _) = encoder.encode(data).expect("encoded");
                let basis = principal(&rows, &fitted).expect("found");
                let information = encoder.information(data, &fitted).expect("counted");
                (serde_json::to_string(&encoder).expect("written"), basis, information)
            };
            prop_assert_eq!(of(&data), of(&changed));
        }
    }

    #[test]
    fn encodings_rise_with_the_number((rows, _) in tables()) {
        let data = table(&rows);
        for encoding in ENCODINGS {
            let encoder = Encoder::fit(with(encoding), &data, &all(&data)).expect("fitted");
            let (encoded, seen) = encoder.encode(&data).expect("encoded");
            prop_assert!(seen.unseen.is_empty() && seen.missing.is_empty());
            let cells = encoder.shape().numeric[0];
            let mut order = all(&data);
            order.sort_by_key(|&r| rows[r as usize].0);
            for pair in order.windows(2) {
                let (low, high) = (encoded.numbers_of(pair[0]), encoded.numbers_of(pair[1]));
                let rises = low[..cells].iter().zip(high).all(|(l, h)| l <= h);
                prop_assert!(rises, "{:?}: {:?} {:?}", encoding, low, high);
            }
            orthonormal(&encoded, &all(&data));
        }
    }

    #[test]
    fn standard_cells_have_mean_zero_and_deviation_one((rows, _) in tables()) {
        let data = table(&rows);
        let encoder = Encoder::fit(EncodeSettings::default(), &data, &all(&data)).expect("fitted");
        let (encoded, _) = encoder.encode(&data).expect("encoded");
        let cells: Vec<f64> = encoded.numbers.iter().step_by(2).map(|x| f64::from(*x)).collect();
        let mean = cells.iter().sum::<f64>() / cells.len() as f64;
        let square = cells.iter().map(|x| x * x).sum::<f64>() / cells.len() as f64;
        let varies = rows.iter().any(|r| r.0 != rows[0].0);
        prop_assert!(mean.abs() < 1e-5);
        prop_assert!((square - f64::from(u8::from(varies))).abs() < 1e-5);
    }
}
