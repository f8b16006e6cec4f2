//! Tables written back: originals as they were, synthetic rows behind them, in every format.

#[path = "common/tables.rs"]
mod tables;

use std::path::Path;

use candle_mixup::data::{Header, Source};
use candle_mixup::oversample::Progress;
use candle_mixup::table::{
    Bounds, Chunk, Extra, ExtraKind, Format, Missing, ScanOptions, Schema, Sink, Values, Which,
    WriteOptions, load, provenance, scan, write, write_to,
};
use candle_mixup::{Error, Result};
use proptest::prelude::*;
use tables::{Folder, labelled, packed, unpacked};

/// Writes a file of the folder and behind it `rows` copies of its first row of each class.
fn copy(
    folder: &Folder,
    from: &str,
    to: &str,
    options: &WriteOptions,
    rows: usize,
) -> Result<Schema> {
    copy_as(folder, from, to, &labelled("y"), options, rows)
}

fn copy_as(
    folder: &Folder,
    from: &str,
    to: &str,
    scanned: &ScanOptions,
    options: &WriteOptions,
    rows: usize,
) -> Result<Schema> {
    let source = Source::File(folder.path(from));
    let schema = scan(&source, scanned, &())?;
    let all = load(&source, &schema, Which::All, Missing::Carry, &())?;
    let own: Vec<u32> = vec![0; rows];
    let numbers = all.numbers[..all.width].repeat(rows);
    let codes = all.codes[..all.categories].repeat(rows);
    let missing = all.missing.map(|m| m.of(&own)).transpose()?;
    let (owns, partners) = (vec![Some(0); rows], vec![None; rows]);
    let weights = vec![0.25; rows];
    let extras = [
        Values::Rows(&owns),
        Values::Rows(&partners),
        Values::Numbers(&weights),
    ];
    let chunk = Chunk {
        numbers: &numbers,
        codes: &codes,
        classes: &vec![all.classes[0]; rows],
        missing: missing.as_ref(),
        extras: if options.extras.is_empty() {
            &[]
        } else {
            &extras
        },
    };
    write(&folder.path(to), &source, &schema, options, &(), |sink| {
        sink.push(&chunk)
    })?;
    Ok(schema)
}

fn with_provenance() -> WriteOptions {
    WriteOptions {
        extras: provenance(),
        ..WriteOptions::default()
    }
}

fn written(content: &str, options: &WriteOptions) -> Result<String> {
    let folder = Folder::new();
    folder.file("in.csv", content);
    copy(&folder, "in.csv", "out.csv", options, 1)?;
    Ok(folder.text("out.csv"))
}

#[test]
fn originals_are_copied_byte_for_byte() -> Result<()> {
    for (content, synthetic) in [
        ("x,y\n1,a\n", "1,a\n"),
        ("x,y\r\n01,a\r\n2.0,b\r\n", "1.0,a\r\n"),
        ("\u{feff}x,y\n1,a\n\n\n2,b\n\n", "1,a\n"),
        ("\n\nx,y\n\"1\",\"a\"\n", "1,a\n"),
        ("x,y\r1,a\r", "1,a\r"),
        ("\"x\",\"y,\"\"z\"\"\"\n 1 ,\"a\nb\"\n", "1,\"a\nb\"\n"),
    ] {
        let options = if content.contains("z") {
            labelled("2")
        } else {
            labelled("y")
        };
        let folder = Folder::new();
        folder.file("in.csv", content);
        copy_as(
            &folder,
            "in.csv",
            "out.csv",
            &options,
            &WriteOptions::default(),
            1,
        )?;
        assert_eq!(folder.text("out.csv"), format!("{content}{synthetic}"));
        assert_eq!(folder.names(), ["in.csv", "out.csv"]);
    }
    Ok(())
}

#[test]
fn a_last_line_without_an_end_gets_the_files_own() -> Result<()> {
    let options = WriteOptions::default();
    assert_eq!(
        written("x,y\r\n1,a\r\n2,b", &options)?,
        "x,y\r\n1,a\r\n2,b\r\n1,a\r\n"
    );
    assert_eq!(written("x,y\n1,\"a\"", &options)?, "x,y\n1,\"a\"\n1,a\n");
    let folder = Folder::new();
    folder.file("in.csv", "x,y\n1,a");
    copy(&folder, "in.csv", "out.csv", &options, 0)?;
    assert_eq!(
        folder.text("out.csv"),
        "x,y\n1,a",
        "nothing follows: nothing is added"
    );
    Ok(())
}

#[test]
fn provenance_stands_before_each_line_end() -> Result<()> {
    let content = "\u{feff}x,\"y\"\r\n1,\"a\r\n\"\"b\"\"\"\r\n\r\n\"2\",c";
    let expected = "\u{feff}x,\"y\",_synthetic,_own,_partner,_weight\r\n\
                    1,\"a\r\n\"\"b\"\"\",0,,,\r\n\r\n\"2\",c,0,,,\r\n\
                    1,\"a\r\n\"\"b\"\"\",1,0,,0.25\r\n";
    assert_eq!(written(content, &with_provenance())?, expected);
    Ok(())
}

#[test]
fn rows_are_left_out_and_the_rest_stays() -> Result<()> {
    let options = WriteOptions {
        leave_out: vec![1, 3],
        ..WriteOptions::default()
    };
    let content = "x,y\n1,a\n\n\"2\",b\n3 ,c\n4,d";
    assert_eq!(written(content, &options)?, "x,y\n1,a\n\n3 ,c\n1,a\n");
    let both = WriteOptions {
        leave_out: vec![0, 1, 2],
        ..with_provenance()
    };
    assert_eq!(
        written("x,y\n1,a\n\"2\",b\n3 ,c\n4,d", &both)?,
        "x,y,_synthetic,_own,_partner,_weight\n4,d,0,,,\n1,a,1,0,,0.25\n"
    );
    Ok(())
}

#[test]
fn a_file_of_many_blocks_is_copied_whole() -> Result<()> {
    let mut content = String::from("a,b,y\n");
    for i in 0..150_000 {
        content += &format!("{i},\"x, {}\",{}\n", i % 7, i % 2);
    }
    assert!(content.len() > 2 << 20);
    let folder = Folder::new();
    folder.file("in.csv", &content);
    let left: Vec<u32> = (0..150_000).filter(|i| i % 3 == 1).collect();
    let options = WriteOptions {
        leave_out: left,
        ..with_provenance()
    };
    copy(&folder, "in.csv", "out.csv", &options, 0)?;
    let kept = content
        .lines()
        .enumerate()
        .filter(|(i, _)| *i == 0 || (i - 1) % 3 != 1);
    let expected: String = kept
        .map(|(i, line)| match i {
            0 => format!("{line},_synthetic,_own,_partner,_weight\n"),
            _ => format!("{line},0,,,\n"),
        })
        .collect();
    assert!(folder.text("out.csv") == expected);
    Ok(())
}

#[test]
fn packed_files_and_other_separators() -> Result<()> {
    let folder = Folder::new();
    let content = "x,c,y\n1.50,\"p,\tq\",a\n,r,b\n";
    folder.file("in.csv.gz", packed(content.as_bytes()));
    let plain = WriteOptions::default();
    copy(&folder, "in.csv.gz", "out.csv", &plain, 1)?;
    assert_eq!(
        folder.text("out.csv"),
        format!("{content}1.5,\"p,\tq\",a\n")
    );
    copy(&folder, "out.csv", "again.csv.gz", &plain, 0)?;
    assert_eq!(
        unpacked(&folder.bytes("again.csv.gz")),
        folder.text("out.csv")
    );
    copy(&folder, "in.csv.gz", "out.tsv", &with_provenance(), 1)?;
    assert_eq!(
        folder.text("out.tsv"),
        "x\tc\ty\t_synthetic\t_own\t_partner\t_weight\n\
         1.50\t\"p,\tq\"\ta\t0\t\t\t\n\tr\tb\t0\t\t\t\n1.5\t\"p,\tq\"\ta\t1\t0\t\t0.25\n"
    );
    Ok(())
}

#[test]
fn without_a_header_none_is_written() -> Result<()> {
    let folder = Folder::new();
    folder.file("in.csv", "1,a\n2,b\n");
    let options = ScanOptions {
        header: Header::Absent,
        ..labelled("2")
    };
    copy_as(
        &folder,
        "in.csv",
        "out.csv",
        &options,
        &with_provenance(),
        1,
    )?;
    assert_eq!(
        folder.text("out.csv"),
        "1,a,0,,,\n2,b,0,,,\n1,a,1,0,,0.25\n"
    );
    Ok(())
}

/// Pushes one row of these numbers, and gives the last line.
fn last_line(content: &str, bounds: Bounds, numbers: &[f64]) -> Result<String> {
    let folder = Folder::new();
    let source = folder.file("in.csv", content);
    let options = ScanOptions {
        ignore: vec!["id".into()],
        ..labelled("y")
    };
    let schema = scan(&source, &options, &())?;
    let options = WriteOptions {
        bounds,
        ..WriteOptions::default()
    };
    write(
        &folder.path("out.csv"),
        &source,
        &schema,
        &options,
        &(),
        |sink| {
            sink.push(&Chunk {
                numbers,
                classes: &[1],
                ..Chunk::default()
            })
        },
    )?;
    let text = folder.text("out.csv");
    Ok(text.lines().last().unwrap_or_default().to_owned())
}

#[test]
fn numbers_fit_their_columns() -> Result<()> {
    let content = "id,n,x,y\nq,1,0.5,a\nr,4,1.5,b\n";
    for (numbers, bounds, expected) in [
        ([2.5, 0.1 + 0.2], Bounds::Free, ",2,0.30000000000000004,b"),
        ([3.5, -7.0], Bounds::Free, ",4,-7.0,b"),
        ([-0.5, 1e-300], Bounds::Free, ",0,1e-300,b"),
        ([1e300, 1.0], Bounds::Free, ",9223372036854775807,1.0,b"),
        ([-9.0, 9.0], Bounds::Observed, ",1,1.5,b"),
        ([9.0, -9.0], Bounds::Observed, ",4,0.5,b"),
    ] {
        assert_eq!(last_line(content, bounds, &numbers)?, expected);
    }
    Ok(())
}

#[test]
fn missing_cells_are_written_empty() -> Result<()> {
    let content = "x,c,y\n,,a\n2,p,b\n";
    assert_eq!(
        written(content, &WriteOptions::default())?,
        format!("{content},,a\n")
    );
    Ok(())
}

#[test]
fn other_extra_columns_have_their_types() -> Result<()> {
    let folder = Folder::new();
    let source = folder.file("in.csv", "x,y\n1,a\n2,b\n");
    let schema = scan(&source, &labelled("y"), &())?;
    let extra = |name: &str, kind| Extra {
        name: name.into(),
        kind,
    };
    let options = WriteOptions {
        extras: vec![
            extra("_shares", ExtraKind::Text),
            extra("new", ExtraKind::Flag),
            extra("w", ExtraKind::Number),
        ],
        ..WriteOptions::default()
    };
    let texts = ["a=0.5,b=0.5".to_owned(), String::new()];
    let chunk = Chunk {
        numbers: &[1.0, 2.0],
        classes: &[0, 1],
        extras: &[Values::Texts(&texts), Values::Numbers(&[f64::NAN, 0.5])],
        ..Chunk::default()
    };
    write(
        &folder.path("out.csv"),
        &source,
        &schema,
        &options,
        &(),
        |sink| sink.push(&chunk),
    )?;
    assert_eq!(
        folder.text("out.csv"),
        "x,y,_shares,new,w\n1,a,,0,\n2,b,,0,\n1,a,\"a=0.5,b=0.5\",1,\n2,b,,1,0.5\n"
    );
    Ok(())
}

#[test]
fn what_cannot_be_written_leaves_nothing() -> Result<()> {
    let folder = Folder::new();
    let source = folder.file("in.csv", "x,_own,y\n1,2,a\n2,3,b\n");
    let schema = scan(&source, &labelled("y"), &())?;
    let plain = WriteOptions::default();
    let try_to = |to: &str, options: &WriteOptions, chunk: Chunk<'_>| {
        let written = write(&folder.path(to), &source, &schema, options, &(), |sink| {
            sink.push(&chunk)
        });
        written.expect_err("wrong").to_string()
    };
    let beyond = WriteOptions {
        leave_out: vec![2],
        ..plain.clone()
    };
    let numbers = [1.0, 2.0];
    let good = Chunk {
        numbers: &numbers,
        classes: &[0],
        ..Chunk::default()
    };
    for (to, options, chunk, words) in [
        ("out.xlsx", &plain, good, ".csv or .tsv"),
        ("in.csv", &plain, good, "the output is the input"),
        ("out.csv", &with_provenance(), good, "'_own' already"),
        ("out.csv", &beyond, good, "rows below 2"),
        (
            "out.csv",
            &plain,
            Chunk {
                numbers: &[1.0],
                ..good
            },
            "2 numbers and 0 codes",
        ),
        (
            "out.csv",
            &plain,
            Chunk {
                numbers: &[1.0, f64::NAN],
                ..good
            },
            "finite",
        ),
        (
            "out.csv",
            &plain,
            Chunk {
                classes: &[2],
                ..good
            },
            "classes below 2",
        ),
        (
            "out.csv",
            &plain,
            Chunk {
                extras: &[Values::Numbers(&[1.0])],
                ..good
            },
            "values of each",
        ),
        ("no/out.csv", &plain, good, "out.csv"),
    ] {
        let message = try_to(to, options, chunk);
        assert!(message.contains(words), "{message}");
        assert_eq!(folder.names(), ["in.csv"]);
    }
    Ok(())
}

struct Stopped;

impl Progress for Stopped {
    fn stop(&self) -> bool {
        true
    }
}

#[test]
fn an_interruption_leaves_the_old_file() -> Result<()> {
    let folder = Folder::new();
    let source = folder.file("in.csv", "x,y\n1,a\n2,b\n");
    folder.file("out.csv", "old");
    let schema = scan(&source, &labelled("y"), &())?;
    let options = WriteOptions::default();
    let out = folder.path("out.csv");
    let stopped = write(&out, &source, &schema, &options, &Stopped, |_| Ok(()));
    assert!(matches!(stopped, Err(Error::Interrupted)));
    let failed = write(&out, &source, &schema, &options, &(), |_| {
        Err(Error::Interrupted)
    });
    assert!(matches!(failed, Err(Error::Interrupted)));
    assert_eq!(folder.text("out.csv"), "old");
    assert_eq!(folder.names(), ["in.csv", "out.csv"]);
    assert!(matches!(
        scan(&source, &labelled("y"), &Stopped),
        Err(Error::Interrupted)
    ));
    Ok(())
}

#[test]
fn any_writer_will_do() -> Result<()> {
    let folder = Folder::new();
    let source = folder.file("in.csv", "x,y\n1,a\n2,b\n");
    let schema = scan(&source, &labelled("y"), &())?;
    let mut out = Vec::new();
    let none = |_: &mut Sink<'_>| Ok(());
    let options = WriteOptions::default();
    write_to(
        &mut out,
        Path::new("-"),
        Format::csv(),
        &source,
        &schema,
        &options,
        &(),
        none,
    )?;
    assert_eq!(out, b"x,y\n1,a\n2,b\n");
    Ok(())
}

/// Numbers and names written as csv and read again are the same bits.
fn survives(cells: &[(f64, i32, String)], to: &str) -> Result<()> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["x", "n", "c", "y"]).expect("memory");
    let header_row = ["1.5", "1", "plain", "0"];
    writer.write_record(header_row).expect("memory");
    for (x, n, c) in cells {
        let row = [format!("{x:?}"), n.to_string(), c.clone(), "1".into()];
        writer.write_record(&row).expect("memory");
    }
    let folder = Folder::new();
    let source = folder.file("in.csv", writer.into_inner().expect("memory"));
    let options = ScanOptions {
        categorical: vec!["c".into()],
        ..labelled("y")
    };
    let schema = scan(&source, &options, &())?;
    let all = load(&source, &schema, Which::All, Missing::Reject, &())?;
    write(
        &folder.path(to),
        &source,
        &schema,
        &WriteOptions::default(),
        &(),
        |sink| {
            sink.push(&Chunk {
                numbers: &all.numbers,
                codes: &all.codes,
                classes: &all.classes,
                ..Chunk::default()
            })
        },
    )?;
    let out = Source::File(folder.path(to));
    let again = scan(&out, &options, &())?;
    assert_eq!(again.rows, 2 * schema.rows);
    let twice = load(&out, &again, Which::All, Missing::Reject, &())?;
    assert_eq!(twice.numbers, all.numbers.repeat(2));
    assert_eq!(twice.codes, all.codes.repeat(2));
    assert_eq!(twice.classes, all.classes.repeat(2));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn tables_survive(
        cells in prop::collection::vec(
            (-1e300..1e300f64, any::<i32>(), "[a-z ,\"\n\r\t]{0,5}z"), 1..40),
        to in prop::sample::select(ENDS),
    ) {
        survives(&cells, to).expect("a good table");
    }
}

#[cfg(feature = "cli")]
const ENDS: &[&str] = &["o.csv", "o.tsv", "o.csv.gz", "o.parquet", "o.arrow"];
#[cfg(not(feature = "cli"))]
const ENDS: &[&str] = &["o.csv", "o.tsv", "o.csv.gz"];
