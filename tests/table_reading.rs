//! Tables from disk: what is inferred, what is loaded, and every way in which a table can be wrong.

#[path = "common/tables.rs"]
mod tables;

use candle_mixup::data::{Header, Source};
use candle_mixup::table::{
    Bounds, Column, Kind, Missing, Role, ScanOptions, Schema, Which, fit, load, quartiles, scan,
};
use candle_mixup::{Error, Result};
use proptest::prelude::*;
use tables::{Folder, labelled, names, packed};

fn schema(content: &str, options: &ScanOptions) -> Result<Schema> {
    let folder = Folder::new();
    scan(&folder.file("t.csv", content), options, &())
}

/// The message of the error that a csv raises.
fn refused(content: impl AsRef<[u8]>, options: &ScanOptions) -> String {
    refused_file("t.csv", content, options)
}

fn refused_file(name: &str, content: impl AsRef<[u8]>, options: &ScanOptions) -> String {
    let folder = Folder::new();
    let error = scan(&folder.file(name, content), options, &()).expect_err("the file is wrong");
    error.to_string()
}

fn says(message: &str, words: &[&str]) {
    for word in words {
        assert!(message.contains(word), "'{word}' is not in: {message}");
    }
}

fn kinds(schema: &Schema) -> Vec<Kind> {
    schema.columns.iter().map(|c| c.kind).collect()
}

#[test]
fn kinds_follow_from_the_cells() -> Result<()> {
    let schema = schema(
        "n,x,e,t,b,y\n1,1.5,1,red,true,0\n-2,2,1e3,blue,false,1\n,3,2,red,true,0\n",
        &labelled("y"),
    )?;
    assert_eq!(
        kinds(&schema),
        [
            Kind::Integer,
            Kind::Float64,
            Kind::Float64,
            Kind::Categorical,
            Kind::Categorical,
            Kind::Integer
        ]
    );
    assert_eq!(schema.columns[5].role, Role::Label);
    assert_eq!(schema.columns[0].missing, 1);
    assert_eq!(schema.missing(), 1);
    assert_eq!(names(&schema.columns[3].categories), ["blue", "red"]);
    assert_eq!(schema.counts(), [2, 1]);
    assert_eq!(schema.rows, 3);
    Ok(())
}

#[test]
fn nothing_numeric_becomes_categorical_unasked() -> Result<()> {
    let content = "zip,x,y\n1,1,0\n2,2,0\n1,3,1\n2,4,1\n";
    assert_eq!(schema(content, &labelled("y"))?.numeric().count(), 2);
    let asked = ScanOptions {
        categorical: vec!["zip".into()],
        ignore: vec!["2".into()],
        ..labelled("y")
    };
    let schema = schema(content, &asked)?;
    assert_eq!(kinds(&schema)[..2], [Kind::Categorical, Kind::Other]);
    assert_eq!(schema.numeric().count(), 0);
    assert_eq!(names(&schema.columns[0].categories), ["1", "2"]);
    Ok(())
}

#[test]
fn labels_that_are_numbers_sort_as_numbers() -> Result<()> {
    let schema = schema("x,y\n1,10\n2,9\n3,-1\n4,10\n", &labelled("y"))?;
    assert_eq!(schema.class_names(), ["-1", "9", "10"]);
    assert_eq!(schema.counts(), [1, 1, 2]);
    Ok(())
}

#[test]
fn without_a_header_columns_are_called_by_number() -> Result<()> {
    let options = ScanOptions {
        header: Header::Absent,
        ..labelled("2")
    };
    let schema = schema("1.5,a\n2.5,b\n", &options)?;
    assert_eq!((schema.rows, schema.columns[0].name.as_str()), (2, "1"));
    assert_eq!(schema.class_names(), ["a", "b"]);
    Ok(())
}

/// Numbers in the first part of a file, texts only later: the second look at the file brings the names of both.
#[test]
fn a_column_of_names_may_begin_with_numbers() -> Result<()> {
    let mut content = String::from("c,x,y\n");
    let long = "0".repeat(60);
    for i in 0..40_000 {
        let cell = if i < 30_000 {
            format!("{}", i % 3)
        } else {
            "more".into()
        };
        content += &format!("{cell},{}.{long},{}\n", i, i % 2);
    }
    assert!(content.len() > 2 << 20, "more than two blocks");
    let schema = schema(&content, &labelled("y"))?;
    assert_eq!(
        names(&schema.columns[0].categories),
        ["0", "1", "2", "more"]
    );
    let rows: u64 = schema.columns[0].categories.iter().map(|c| c.rows).sum();
    assert_eq!(rows, 40_000);
    Ok(())
}

#[test]
fn statistics_hold_under_an_offset() -> Result<()> {
    let mut content = String::from("t,y\n");
    for i in 0..5000 {
        content += &format!("{},{}\n", 1_700_000_000 + i % 10, i % 2);
    }
    let schema = schema(&content, &labelled("y"))?;
    let summary = schema.columns[0].summary.expect("a numeric column");
    assert!(
        (summary.deviation - 8.25f64.sqrt()).abs() < 1e-6,
        "{summary:?}"
    );
    assert!((summary.mean - 1_700_000_004.5).abs() < 1e-5, "{summary:?}");
    assert_eq!((summary.min, summary.max), (1.7e9, 1_700_000_009.0));
    assert_eq!(schema.spread(), [summary.deviation]);
    Ok(())
}

#[test]
fn a_column_that_changes_its_type_late_is_refused() {
    let mut content = String::from("a,b,y\n");
    for i in 0..90_000 {
        content += &format!("{i},{},{}\n", i * 7, i % 2);
    }
    content += "5,oops,1\n6,7,0\n";
    let message = refused(&content, &labelled("y"));
    says(
        &message,
        &[
            "t.csv",
            "line 90002",
            "column 'b'",
            "'oops'",
            "90001 other cells",
            "--categorical",
            "--na-values",
            "--ignore",
        ],
    );
    let missing = ScanOptions {
        na_values: vec!["oops".into()],
        ..labelled("y")
    };
    let schema = schema(&content, &missing).expect("the value is missing");
    assert_eq!(
        (schema.columns[1].kind, schema.columns[1].missing),
        (Kind::Integer, 1)
    );
}

#[test]
fn a_twentieth_of_texts_makes_names() {
    let table = |texts: usize| {
        let mut content = String::from("a,y\n");
        for i in 0..100 {
            let cell = if i < texts { "x".into() } else { i.to_string() };
            content += &format!("{cell},{}\n", i % 2);
        }
        schema(&content, &labelled("y"))
    };
    assert_eq!(
        table(5).expect("a twentieth").columns[0].kind,
        Kind::Categorical
    );
    assert!(table(4).is_err());
}

#[test]
fn cells_that_cannot_be_are_named_with_their_line() {
    let numeric = ScanOptions {
        numeric: vec!["a".into()],
        ..labelled("y")
    };
    let many: String = (0..30).map(|i| format!("{i},{}\n", i % 2)).collect();
    for (content, options, words) in [
        (
            format!("a,y\n{many}NaN,1\n"),
            labelled("y"),
            &["line 32", "column 'a'", "'NaN'", "finite"][..],
        ),
        (
            format!("a,y\n-inf,1\n{many}"),
            labelled("y"),
            &["line 2", "'-inf'", "finite"],
        ),
        (
            format!("a,y\n1e999,1\n{many}"),
            labelled("y"),
            &["line 2", "'1e999'", "finite"],
        ),
        (
            format!("a,y\nx,1\ny,1\n{many}"),
            numeric,
            &["line 2", "'x'", "a number"],
        ),
        (
            "a,y\n1,0\n2,\n".into(),
            labelled("y"),
            &["line 3", "column 'y'", "a class"],
        ),
        (
            "a,y\n1,0\n9007199254740993,1\n".into(),
            labelled("y"),
            &[
                "line 3",
                "9007199254740993",
                "2^53",
                "--ignore",
                "--categorical",
            ],
        ),
        (
            "a,b,y\n1,,0\n2,,1\n".into(),
            labelled("y"),
            &["column 'b'", "missing", "--ignore"],
        ),
        (
            "a,y\n1,0\n2\n".into(),
            labelled("y"),
            &["line 3", "2 cells", "found 1"],
        ),
        (
            "a,y\n\n\n1,0\r\n2,0,7\n".into(),
            labelled("y"),
            &["line 5", "2 cells", "found 3"],
        ),
        (
            "a,y\n1,0\n\"2,0\n3,1\n".into(),
            labelled("y"),
            &["line 3", "closing quote"],
        ),
        (
            "a,a,y\n1,2,0\n".into(),
            labelled("y"),
            &["'a'", "stands twice", "columns 1 and 2"],
        ),
        (
            "a,y,y\n1,2,0\n".into(),
            labelled("y"),
            &["'y'", "stands twice", "columns 2 and 3"],
        ),
        ("".into(), labelled("y"), &["is empty"]),
        ("\n\n".into(), labelled("y"), &["is empty"]),
        ("a,y\n".into(), labelled("y"), &["has no rows"]),
        (
            "a,y\n1,0\n".into(),
            labelled("z"),
            &["no column 'z'", "a, y"],
        ),
        ("a,y\n1,0\n".into(), labelled("3"), &["no column '3'"]),
    ] {
        says(&refused(&content, &options), words);
    }
    let cut = refused(b"a,y\n1,\xff\n", &labelled("y"));
    says(&cut, &["line 2", "UTF-8", "byte 6"]);
}

#[test]
fn names_of_missing_cells_are_taken_before_numbers() -> Result<()> {
    let options = ScanOptions {
        na_values: vec!["NaN".into(), "-999".into()],
        ..labelled("y")
    };
    let schema = schema("a,b,y\n1,x,0\nNaN,-999,1\n-999,y,1\n", &options)?;
    assert_eq!(schema.columns[0].missing, 2);
    assert_eq!(schema.columns[0].kind, Kind::Integer);
    assert_eq!(schema.columns[1].missing, 1);
    Ok(())
}

#[test]
fn columns_named_twice_are_refused() {
    let content = "a,b,y\n1,2,0\n";
    let twice = |options: ScanOptions| refused(content, &options);
    let a = || vec!["a".to_owned()];
    let both = ScanOptions {
        ignore: a(),
        categorical: a(),
        ..labelled("y")
    };
    says(&twice(both), &["'a'", "--categorical", "--ignore"]);
    let same = ScanOptions {
        ignore: vec!["a".into(), "1".into()],
        ..labelled("y")
    };
    says(&twice(same), &["'1'", "twice in --ignore"]);
    let label = ScanOptions {
        ignore: vec!["y".into()],
        ..labelled("y")
    };
    says(&twice(label), &["'y'", "--label", "--ignore"]);
}

#[test]
fn ignored_columns_may_hold_anything() -> Result<()> {
    let options = ScanOptions {
        ignore: vec!["id".into(), "3".into(), "4".into()],
        ..labelled("y")
    };
    let schema = schema(
        "x,id,d,d,y\n1,nan,7,,0\n2,9007199254740993,x,,1\n",
        &options,
    )?;
    assert_eq!(kinds(&schema)[1..4], [Kind::Other; 3]);
    Ok(())
}

#[test]
fn files_that_are_no_tables_are_refused() {
    let folder = Folder::new();
    let whole = packed(b"a,y\n1,0\n2,1\n");
    for (name, content, words) in [
        ("t.xlsx", &b"PK"[..], &[".csv", ".parquet", ".feather"][..]),
        (
            "t.parquet",
            b"a,y\n1,0\n",
            &["damaged, or not what its name says"],
        ),
        (
            "t.arrow",
            b"a,y\n1,0\n",
            &["damaged, or not what its name says"],
        ),
        ("t.csv.gz", b"a,y\n1,0\n", &["not packed with gzip"]),
        (
            "u.csv.gz",
            &whole[..whole.len() - 9],
            &["damaged or cut short"],
        ),
    ] {
        says(&refused_file(name, content, &labelled("y")), words);
    }
    std::fs::create_dir(folder.path("folder.csv")).expect("made");
    std::fs::create_dir(folder.path("folder.parquet")).expect("made");
    for name in ["folder.csv", "folder.parquet"] {
        let source = Source::File(folder.path(name));
        let error = scan(&source, &labelled("y"), &()).expect_err("a folder");
        says(&error.to_string(), &["is a folder"]);
    }
    let absent = scan(&Source::File(folder.path("no.csv")), &labelled("y"), &());
    assert!(matches!(absent, Err(Error::Io { .. })));
}

#[test]
fn a_record_of_65_mebibytes_is_refused_by_its_line() {
    let mut content = b"a,y\n1,0\n2,1\n".to_vec();
    content.resize(content.len() + (66 << 20), b'7');
    says(&refused(&content, &labelled("y")), &["line 4", "64 MiB"]);
    let mut quoted = b"a,y\n1,0\n\"".to_vec();
    quoted.resize(quoted.len() + (66 << 20), b'\n');
    says(&refused(&quoted, &labelled("y")), &["line 3", "64 MiB"]);
}

#[test]
fn too_many_names_are_refused() {
    let mut content = String::from("name,x,y\n");
    for i in 0..1_000_001 {
        content += &format!("n{i},1,{}\n", i % 2);
    }
    says(
        &refused(&content, &labelled("y")),
        &["'name'", "1000000 distinct", "--ignore"],
    );
}

#[test]
fn loads_rows_of_a_class_with_their_numbers() -> Result<()> {
    let folder = Folder::new();
    let source = folder.file("t.csv", "x,c,y\n1,p,a\n2,q,b\n3,q,a\n4.5,r,b\n");
    let schema = scan(&source, &labelled("y"), &())?;
    let rows = load(&source, &schema, Which::Classes(&[1]), Missing::Reject, &())?;
    assert_eq!((rows.numbers, rows.codes), (vec![2.0, 4.5], vec![1, 2]));
    assert_eq!((rows.classes, rows.rows), (vec![1, 1], vec![1, 3]));
    assert_eq!((rows.width, rows.categories, rows.missing), (1, 1, None));
    let all = load(&source, &schema, Which::All, Missing::Reject, &())?;
    assert_eq!(all.classes, [0, 1, 0, 1]);
    let none = load(&source, &schema, Which::Classes(&[2]), Missing::Reject, &());
    assert!(matches!(none, Err(Error::Unknown { .. })));
    Ok(())
}

const HOLES: &str = "x,z,c,y\n1,0,p,a\n,0,q,b\n5,,,a\n3,0,q,b\n,7,p,b\n10,0,,a\n";

#[test]
fn missing_cells_follow_the_policy() -> Result<()> {
    let folder = Folder::new();
    let source = folder.file("t.csv", HOLES);
    let schema = scan(&source, &labelled("y"), &())?;
    let rejected = load(&source, &schema, Which::All, Missing::Reject, &());
    says(
        &rejected.expect_err("cells are missing").to_string(),
        &["line 3", "column 'x'", "--missing"],
    );
    let imputed = load(&source, &schema, Which::All, Missing::Impute, &())?;
    assert_eq!(
        imputed.numbers,
        [1.0, 0.0, 4.0, 0.0, 5.0, 0.0, 3.0, 0.0, 4.0, 7.0, 10.0, 0.0]
    );
    assert_eq!(
        imputed.codes,
        [0, 1, 0, 1, 0, 0],
        "p and q are as frequent: the first"
    );
    let of_b = load(&source, &schema, Which::Classes(&[1]), Missing::Impute, &())?;
    assert_eq!(
        of_b.numbers,
        [4.0, 0.0, 3.0, 0.0, 4.0, 7.0],
        "medians are over all rows"
    );
    let carried = load(&source, &schema, Which::All, Missing::Carry, &())?;
    let missing = carried.missing.expect("cells are missing");
    let marked: Vec<(usize, usize)> = (0..6)
        .flat_map(|row| (0..3).map(move |cell| (row, cell)))
        .filter(|&(row, cell)| missing.is_missing(row, cell))
        .collect();
    assert_eq!(marked, [(1, 0), (2, 1), (2, 2), (4, 0), (5, 2)]);
    Ok(())
}

#[test]
fn quartiles_are_exact_and_pass_over_missing_cells() -> Result<()> {
    let folder = Folder::new();
    let source = folder.file("t.csv", HOLES);
    let schema = scan(&source, &labelled("y"), &())?;
    assert_eq!(
        quartiles(&source, &schema, &())?,
        [[2.5, 4.0, 6.25], [0.0, 0.0, 0.0]]
    );
    Ok(())
}

#[test]
fn a_file_that_changed_between_the_passes_is_refused() -> Result<()> {
    let folder = Folder::new();
    let source = folder.file("t.csv", "x,y\n1,a\n2,b\n");
    let schema = scan(&source, &labelled("y"), &())?;
    for content in [
        "x,y\n1,a\n",
        "x,y\n1,a\n2,c\n",
        "x,y\n1,a\nz,b\n",
        "x,y\n1,a\n,b\n",
        "x,z,y\n1,1,a\n",
    ] {
        folder.file("t.csv", content);
        let error = load(&source, &schema, Which::All, Missing::Impute, &());
        says(
            &error.expect_err("another file").to_string(),
            &["has changed"],
        );
    }
    Ok(())
}

#[test]
fn shipped_tables_are_read() -> Result<()> {
    for (name, label, rows, numeric, coded, missing) in [
        ("hypothyroid", "anomaly", 3163, 7, 18, true),
        ("car", "anomaly", 1728, 0, 6, false),
        ("page-blocks", "anomaly", 5472, 10, 0, false),
        ("digits", "label", 1797, 64, 0, false),
    ] {
        let source = Source::parse(&format!("@{name}"))?;
        let schema = scan(&source, &labelled(label), &())?;
        assert_eq!(schema.rows, rows, "{name}");
        let found = (schema.numeric().count(), schema.categorical().count());
        assert_eq!(found, (numeric, coded), "{name}");
        assert_eq!(schema.missing() > 0, missing, "{name}");
        let loaded = load(&source, &schema, Which::All, Missing::Impute, &())?;
        assert_eq!(loaded.rows()?.len(), rows, "{name}");
    }
    Ok(())
}

/// The same bytes of a schema and of loaded rows, whatever the number of threads and the line ends.
#[test]
fn threads_change_nothing() -> Result<()> {
    let mut content = String::from("a,b,c,y\n");
    for i in 0..60_000u64 {
        let x = (i * 2_654_435_761 % 1_000_003) as f64 / 997.0;
        content += &format!("{x},{},\"n {}\",{}\n", i % 17, i % 5, i % 3);
    }
    assert!(content.len() > 1 << 20, "several blocks");
    let folder = Folder::new();
    let source = folder.file("t.csv", &content);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool");
        pool.install(|| {
            let schema = scan(&source, &labelled("y"), &())?;
            let rows = load(&source, &schema, Which::All, Missing::Reject, &())?;
            Ok::<_, Error>((schema, rows))
        })
    };
    assert_eq!(on(1)?, on(2)?);
    assert_eq!(on(1)?, on(5)?);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Cells written by the csv crate come back whatever they hold.
    #[test]
    fn texts_come_back(cells in prop::collection::vec("[a-z ,\"\n\r]{0,6}z", 1..30)) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["c", "y"]).expect("memory");
        for (i, cell) in cells.iter().enumerate() {
            writer.write_record([cell.as_str(), if i % 2 == 0 { "0" } else { "1" }]).expect("memory");
        }
        let folder = Folder::new();
        let source = folder.file("t.csv", writer.into_inner().expect("memory"));
        let schema = scan(&source, &labelled("y"), &()).expect("a good file");
        let loaded = load(&source, &schema, Which::All, Missing::Reject, &()).expect("a good file");
        let names = names(&schema.columns[0].categories);
        for (code, cell) in loaded.codes.iter().zip(&cells) {
            prop_assert_eq!(names[*code as usize], cell);
        }
    }
}

#[test]
fn a_column_without_a_name_never_shares_one() -> Result<()> {
    let folder = Folder::new();
    let source = folder.file("t.csv", ",0,1,2,label\n7,1,2,3,a\n8,2,3,4,b\n");
    let options = |ignore: &str| ScanOptions {
        label: Some("label".into()),
        ignore: vec![ignore.into()],
        ..ScanOptions::default()
    };
    let ignored = |ignore: &str| -> Result<(Vec<String>, Vec<String>)> {
        let schema = scan(&source, &options(ignore), &())?;
        let name = |c: &Column| c.name.clone();
        let gone = schema.columns.iter().filter(|c| c.role == Role::Ignored);
        Ok((
            schema.columns.iter().map(name).collect(),
            gone.map(name).collect(),
        ))
    };
    let (names, gone) = ignored("#1")?;
    assert_eq!(
        (names, gone),
        (
            ["#1", "0", "1", "2", "label"].map(String::from).to_vec(),
            vec!["#1".into()]
        )
    );
    assert_eq!(ignored("1")?.1, ["1"]);
    assert_eq!(ignored("#4")?.1, ["2"]);
    Ok(())
}

#[test]
fn fitted_numbers_are_whole_and_within_bounds_where_the_column_is() -> Result<()> {
    let schema = schema("n,x\n1,0.5\n9,2.5\n", &ScanOptions::default())?;
    let fitted = |bounds| {
        let mut numbers = [2.5, -7.0, 11.2, 1.25];
        fit(&schema, bounds, &mut numbers);
        numbers
    };
    assert_eq!(fitted(Bounds::Free), [2.0, -7.0, 11.0, 1.25]);
    assert_eq!(fitted(Bounds::Observed), [2.0, 0.5, 9.0, 1.25]);
    Ok(())
}
