//! Tables in Parquet and Arrow: types kept, row groups, nulls, and what is refused.
#![cfg(feature = "cli")]

#[path = "common/tables.rs"]
mod tables;

use std::fs::File;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Float32Type, Int8Type, Int32Type, Int64Type, UInt8Type, UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float32Array, Float64Array,
    Int8Array, Int64Array, NullArray, RecordBatch, StringArray, UInt8Array, UInt64Array,
};
use arrow_ipc::writer::{FileWriter, StreamWriter};
use arrow_schema::DataType;
use candle_mixup::data::Source;
use candle_mixup::table::{
    Bounds, Chunk, Kind, Loaded, Missing, ScanOptions, Schema, Values, Which, WriteOptions, load,
    provenance, quartiles, scan, write,
};
use candle_mixup::{Error, Result};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::properties::WriterProperties;
use tables::{Folder, labelled, names};

fn table(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true)))
        .expect("columns of one length")
}

/// Row groups of three rows.
fn parquet(folder: &Folder, name: &str, batch: &RecordBatch) -> Source {
    let path = folder.path(name);
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(3))
        .build();
    let file = File::create(&path).expect("made");
    let mut writer =
        ArrowWriter::try_new(file, batch.schema(), Some(properties)).expect("a schema");
    writer.write(batch).expect("written");
    writer.close().expect("closed");
    Source::File(path)
}

fn rows_of(folder: &Folder, name: &str) -> RecordBatch {
    let file = File::open(folder.path(name)).expect("there");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
    let reader = reader.with_batch_size(1 << 20).build().expect("Parquet");
    reader.map(|b| b.expect("a batch")).next().expect("rows")
}

/// Seven rows of many types, label `y`.
fn mixed() -> RecordBatch {
    let small = Int8Array::from(vec![
        Some(100),
        Some(-5),
        None,
        Some(7),
        Some(7),
        Some(1),
        Some(2),
    ]);
    let words = ["p", "q", "p", "p", "r", "q", "p"];
    let dictionary: DictionaryArray<Int32Type> = words.into_iter().map(Some).collect();
    table(vec![
        ("small", Arc::new(small)),
        (
            "byte",
            Arc::new(UInt8Array::from(vec![0, 255, 1, 2, 3, 4, 5])),
        ),
        (
            "big",
            Arc::new(UInt64Array::from(vec![1 << 52, 1, 2, 3, 4, 5, 6])),
        ),
        (
            "f",
            Arc::new(Float32Array::from(vec![0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])),
        ),
        ("d", Arc::new(dictionary)),
        (
            "b",
            Arc::new(BooleanArray::from(vec![
                true, false, true, true, true, false, true,
            ])),
        ),
        (
            "day",
            Arc::new(Date32Array::from(vec![0, 1, 2, 3, 4, 5, 6])),
        ),
        (
            "y",
            Arc::new(Int64Array::from(vec![10, 9, 10, 10, 9, 10, 10])),
        ),
    ])
}

fn ignoring_days() -> ScanOptions {
    ScanOptions {
        ignore: vec!["day".into()],
        ..labelled("y")
    }
}

fn read(source: &Source, options: &ScanOptions) -> Result<(Schema, Loaded)> {
    let schema = scan(source, options, &())?;
    let rows = load(source, &schema, Which::All, Missing::Carry, &())?;
    Ok((schema, rows))
}

#[test]
fn kinds_are_those_of_the_file() -> Result<()> {
    let folder = Folder::new();
    let source = parquet(&folder, "t.parquet", &mixed());
    let (schema, rows) = read(&source, &ignoring_days())?;
    let kinds: Vec<Kind> = schema.columns.iter().map(|c| c.kind).collect();
    let expected = [
        Kind::Integer,
        Kind::Integer,
        Kind::Integer,
        Kind::Float32,
        Kind::Categorical,
        Kind::Boolean,
        Kind::Other,
        Kind::Integer,
    ];
    assert_eq!(kinds, expected);
    assert_eq!(schema.class_names(), ["9", "10"]);
    assert_eq!(names(&schema.columns[5].categories), ["false", "true"]);
    assert_eq!((schema.columns[0].missing, schema.rows), (1, 7));
    assert_eq!((rows.width, rows.categories), (4, 2));
    assert_eq!(rows.numbers[4..8], [-5.0, 255.0, 1.0, f64::from(0.2f32)]);
    assert_eq!(rows.codes[..6], [0, 1, 1, 0, 0, 1]);
    assert!(rows.missing.expect("a cell is missing").is_missing(2, 0));
    assert_eq!(rows.rows, [0, 1, 2, 3, 4, 5, 6], "row groups of three");
    let nines = load(&source, &schema, Which::Classes(&[0]), Missing::Impute, &())?;
    assert_eq!(nines.rows, [1, 4]);
    let quartiles = quartiles(&source, &schema, &())?;
    assert_eq!(
        quartiles[0],
        [1.25, 4.5, 7.0],
        "over the six that are there"
    );
    Ok(())
}

/// Parquet to Parquet: the types stay, whole numbers keep within them, ignored cells are null.
#[test]
fn types_are_kept() -> Result<()> {
    let folder = Folder::new();
    let source = parquet(&folder, "in.parquet", &mixed());
    let schema = scan(&source, &ignoring_days(), &())?;
    let options = WriteOptions {
        extras: provenance(),
        leave_out: vec![1, 5],
        bounds: Bounds::Free,
    };
    let chunk = Chunk {
        numbers: &[1e9, -3.0, 1e30, 0.1, 2.5, 3.5, -1.0, 0.25],
        codes: &[2, 0, 0, 1],
        classes: &[0, 1],
        missing: None,
        extras: &[
            Values::Rows(&[Some(4), Some(0)]),
            Values::Rows(&[None, Some(2)]),
            Values::Numbers(&[0.5, 1.0]),
        ],
    };
    write(
        &folder.path("out.parquet"),
        &source,
        &schema,
        &options,
        &(),
        |s| s.push(&chunk),
    )?;
    let out = rows_of(&folder, "out.parquet");
    assert_eq!(out.num_rows(), 7);
    for (field, stored) in out.schema().fields().iter().zip(mixed().schema().fields()) {
        match stored.data_type() {
            DataType::Dictionary(_, value) => assert_eq!(field.data_type(), value.as_ref()),
            same => assert_eq!(field.data_type(), same),
        }
    }
    let column = |name: &str| out.column_by_name(name).expect("a column").clone();
    assert_eq!(
        column("small").as_primitive::<Int8Type>().values()[5..],
        [127, 2]
    );
    assert_eq!(
        column("byte").as_primitive::<UInt8Type>().values()[5..],
        [0, 4]
    );
    assert_eq!(
        column("big").as_primitive::<UInt64Type>().values()[5..],
        [u64::MAX, 0]
    );
    assert_eq!(
        column("f").as_primitive::<Float32Type>().values()[5..],
        [0.1, 0.25]
    );
    assert_eq!(
        column("y").as_primitive::<Int64Type>().values()[..],
        [10, 10, 10, 9, 10, 9, 10]
    );
    let words: Vec<_> = column("d")
        .as_string::<i32>()
        .iter()
        .flatten()
        .map(String::from)
        .collect();
    assert_eq!(words, ["p", "p", "p", "r", "p", "r", "p"]);
    assert_eq!(
        column("b")
            .as_boolean()
            .iter()
            .flatten()
            .skip(5)
            .collect::<Vec<_>>(),
        [false, true]
    );
    let days = column("day");
    assert_eq!(
        days.as_primitive::<Date32Type>().values()[..5],
        [0, 2, 3, 4, 6]
    );
    assert!(days.is_null(5) && days.is_null(6));
    assert!(column("small").is_null(1));
    assert_eq!(
        column("_synthetic").as_primitive::<Int8Type>().values()[..],
        [0, 0, 0, 0, 0, 1, 1]
    );
    let partner = column("_partner");
    assert!((0..6).all(|i| partner.is_null(i)));
    assert_eq!(partner.as_primitive::<UInt32Type>().value(6), 2);
    Ok(())
}

/// csv → Parquet → Arrow → csv: nothing is lost but the way in which a number was written.
#[test]
fn formats_go_round() -> Result<()> {
    let folder = Folder::new();
    let csv = "n,x,c,id,y\n1,0.1,\"a,b\",007,no\n,2.5,,,yes\n3,,\"q\"\"\nz\",x,no\n";
    let options = ScanOptions {
        ignore: vec!["id".into()],
        ..labelled("y")
    };
    let steps = [
        "0.csv",
        "1.parquet",
        "2.arrow",
        "3.feather",
        "4.parquet",
        "5.csv",
    ];
    folder.file(steps[0], csv);
    let first = read(&Source::File(folder.path(steps[0])), &options)?;
    for pair in steps.windows(2) {
        let source = Source::File(folder.path(pair[0]));
        let schema = scan(&source, &options, &())?;
        let plain = WriteOptions::default();
        write(&folder.path(pair[1]), &source, &schema, &plain, &(), |_| {
            Ok(())
        })?;
        let (schema, rows) = read(&Source::File(folder.path(pair[1])), &options)?;
        assert_eq!(rows, first.1, "{}", pair[1]);
        assert_eq!(schema.class_names(), ["no", "yes"]);
        assert_eq!(
            schema.numeric().map(|c| c.kind).collect::<Vec<_>>(),
            [Kind::Integer, Kind::Float64]
        );
    }
    assert_eq!(folder.text("5.csv"), csv);
    Ok(())
}

#[test]
fn ipc_files_and_streams_are_read() -> Result<()> {
    let folder = Folder::new();
    let batch = mixed();
    let file = |name: &str| File::create(folder.path(name)).expect("made");
    let mut writer = FileWriter::try_new(file("f.arrow"), &batch.schema()).expect("a schema");
    let mut stream = StreamWriter::try_new(file("s.arrow"), &batch.schema()).expect("a schema");
    for part in [batch.slice(0, 4), batch.slice(4, 3)] {
        writer.write(&part).expect("written");
        stream.write(&part).expect("written");
    }
    writer.finish().expect("finished");
    stream.finish().expect("finished");
    let source = parquet(&folder, "t.parquet", &batch);
    let expected = read(&source, &ignoring_days())?;
    for name in ["f.arrow", "s.arrow"] {
        let found = read(&Source::File(folder.path(name)), &ignoring_days())?;
        assert_eq!(found.1, expected.1);
        assert_eq!(found.0.classes, expected.0.classes);
    }
    Ok(())
}

#[test]
fn dates_become_text() -> Result<()> {
    let folder = Folder::new();
    let source = parquet(&folder, "t.parquet", &mixed());
    let schema = scan(&source, &ignoring_days(), &())?;
    let options = WriteOptions {
        leave_out: vec![1, 2, 3, 4, 5],
        ..WriteOptions::default()
    };
    write(
        &folder.path("t.csv"),
        &source,
        &schema,
        &options,
        &(),
        |_| Ok(()),
    )?;
    assert_eq!(
        folder.text("t.csv"),
        "small,byte,big,f,d,b,day,y\n100,0,4503599627370496,0.1,p,true,1970-01-01,10\n\
         2,5,6,0.7,p,true,1970-01-07,10\n"
    );
    Ok(())
}

#[test]
fn numbers_may_be_names_and_names_numbers() -> Result<()> {
    let folder = Folder::new();
    let batch = table(vec![
        (
            "zip",
            Arc::new(Int64Array::from(vec![i64::MAX, 5, i64::MAX])),
        ),
        (
            "t",
            Arc::new(StringArray::from(vec![
                Some("1.5"),
                Some("-2"),
                Some("n/a"),
            ])),
        ),
        ("y", Arc::new(StringArray::from(vec!["a", "b", "a"]))),
    ]);
    let source = parquet(&folder, "in.parquet", &batch);
    let options = ScanOptions {
        categorical: vec!["zip".into()],
        numeric: vec!["t".into()],
        na_values: vec!["n/a".into()],
        ..labelled("y")
    };
    let (schema, rows) = read(&source, &options)?;
    assert_eq!(
        names(&schema.columns[0].categories),
        ["5", "9223372036854775807"]
    );
    assert_eq!(
        (rows.numbers, rows.codes),
        (vec![1.5, -2.0, 0.0], vec![1, 0, 1])
    );
    let chunk = Chunk {
        numbers: &[0.25],
        codes: &[1],
        classes: &[1],
        ..Chunk::default()
    };
    let plain = WriteOptions::default();
    write(
        &folder.path("out.parquet"),
        &source,
        &schema,
        &plain,
        &(),
        |s| s.push(&chunk),
    )?;
    let out = rows_of(&folder, "out.parquet");
    assert_eq!(out.column(0).as_primitive::<Int64Type>().value(3), i64::MAX);
    assert_eq!(out.column(1).as_string::<i32>().value(3), "0.25");
    Ok(())
}

#[test]
fn columns_that_cannot_be_are_named_with_their_row() {
    let y = || -> (&str, ArrayRef) { ("y", Arc::new(Int64Array::from(vec![0, 1, 0, 1]))) };
    let floats = |x: Vec<Option<f64>>| -> ArrayRef { Arc::new(Float64Array::from(x)) };
    let good = || floats(vec![Some(1.0); 4]);
    for (columns, words) in [
        (
            vec![
                (
                    "a",
                    floats(vec![Some(1.0), Some(2.0), Some(f64::NAN), None]),
                ),
                y(),
            ],
            &["row 2", "'a'", "finite", "NaN"][..],
        ),
        (
            vec![("a", floats(vec![None; 4])), y()],
            &["'a'", "missing", "--ignore"],
        ),
        (
            vec![("a", Arc::new(NullArray::new(4))), y()],
            &["'a'", "missing", "--ignore"],
        ),
        (
            vec![("a", Arc::new(Date32Array::from(vec![1; 4]))), y()],
            &["'a'", "Date32", "--ignore"],
        ),
        (
            vec![
                ("a", good()),
                (
                    "y",
                    Arc::new(Int64Array::from(vec![Some(1), None, Some(2), Some(3)])),
                ),
            ],
            &["row 1", "'y'", "a class"],
        ),
        (
            vec![
                ("a", Arc::new(Int64Array::from(vec![1, 1 << 53, 3, 4]))),
                y(),
            ],
            &["row 1", "'a'", "2^53"],
        ),
        (vec![("y", good()), ("y", good())], &["'y'", "stands twice"]),
    ] {
        let folder = Folder::new();
        let source = parquet(&folder, "t.parquet", &table(columns));
        let message = scan(&source, &labelled("y"), &())
            .expect_err("wrong")
            .to_string();
        assert!(message.contains("t.parquet"), "{message}");
        for word in words {
            assert!(message.contains(word), "'{word}' is not in: {message}");
        }
    }
}

#[test]
fn damaged_files_are_refused() {
    let folder = Folder::new();
    parquet(&folder, "whole.parquet", &mixed());
    let whole = folder.bytes("whole.parquet");
    for cut in [0, 3, 11, whole.len() / 2, whole.len() - 1] {
        let source = folder.file("t.parquet", &whole[..cut]);
        let error = scan(&source, &ignoring_days(), &());
        assert!(matches!(error, Err(Error::File { .. })), "{cut}: {error:?}");
    }
}

/// A byte that is wrong is an error or a cell: never a panic.
#[test]
fn any_byte_may_be_wrong() {
    let folder = Folder::new();
    parquet(&folder, "whole.parquet", &mixed());
    let whole = folder.bytes("whole.parquet");
    let mut refused = 0;
    for i in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[i] ^= 0x55;
        let source = folder.file("t.parquet", bytes);
        refused += usize::from(read(&source, &ignoring_days()).is_err());
    }
    assert!(
        refused > whole.len() / 20,
        "only {refused} of {}",
        whole.len()
    );
}

#[test]
fn threads_change_nothing() -> Result<()> {
    let folder = Folder::new();
    let n = 1000;
    let batch = table(vec![
        (
            "x",
            Arc::new(Float64Array::from_iter_values(
                (0..n).map(|i| f64::from(i).sin()),
            )),
        ),
        (
            "y",
            Arc::new(Int64Array::from_iter_values(
                (0..n).map(|i| i64::from(i % 3)),
            )),
        ),
    ]);
    let source = parquet(&folder, "t.parquet", &batch);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool");
        pool.install(|| read(&source, &labelled("y")))
    };
    assert_eq!(on(1)?, on(2)?);
    Ok(())
}
