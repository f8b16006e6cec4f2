//! Reading texts and labels: every format, and every way in which a file can be wrong.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use candle_mixup::data::{DatasetKind, Header, Source, datasets};
use candle_mixup::text::{
    Columns, Corpus, EmptyTexts, Group, LabelKind, ReadOptions, SoftColumn, TextRow, TextRows,
};
use candle_mixup::{Error, Result};
use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().expect("a temporary folder"))
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> Source {
        let path = self.0.path().join(name);
        fs::write(&path, content).expect("the folder is writable");
        Source::File(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

fn packed(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fn corpus(source: &Source) -> Result<Corpus> {
    Corpus::read(source, &Columns::default(), &ReadOptions::default(), None)
}

fn refused(name: &str, content: impl AsRef<[u8]>) -> Error {
    corpus(&Folder::new().file(name, content)).expect_err("the file is wrong")
}

#[test]
fn formats_agree() -> Result<()> {
    let folder = Folder::new();
    let csv = "label,text\na,\"one, \"\"two\"\"\nthree\"\nb,four\nb,\u{4f60}\u{597d}\n";
    let tsv = csv
        .replace("label,", "label\t")
        .replace("a,", "a\t")
        .replace("b,", "b\t");
    let jsonl = concat!(
        r#"{"id": 1, "label": "a", "text": "one, \"two\"\nthree"}"#,
        "\n\n",
        r#"{"text": "four", "label": "b", "more": [1]}"#,
        "\r\n",
        r#"{"label": "b", "text": "你好"}"#,
    );
    let bom = format!("\u{feff}{csv}");
    let bom_jsonl = format!("\u{feff}{jsonl}");
    let crlf = "label,text\r\na,\"one, \"\"two\"\"\nthree\"\r\nb,four\r\nb,\u{4f60}\u{597d}\r\n";
    let expected = corpus(&folder.file("a.csv", csv))?;
    assert_eq!(
        expected.texts(),
        ["one, \"two\"\nthree", "four", "\u{4f60}\u{597d}"]
    );
    assert_eq!(expected.classes(), ["a", "b"]);
    assert_eq!(expected.targets(), [1., 0., 0., 1., 0., 1.]);
    assert_eq!(expected.lines(), [2, 4, 5]);
    for (name, content) in [
        ("a.tsv", tsv.into_bytes()),
        ("a.jsonl", jsonl.into()),
        ("bom.csv", bom.into_bytes()),
        ("bom.jsonl", bom_jsonl.into_bytes()),
        ("crlf.csv", crlf.into()),
        ("a.csv.gz", packed(csv.as_bytes())),
        ("packed-unnamed.csv", packed(csv.as_bytes())),
        ("A.CSV", csv.into()),
    ] {
        let got = corpus(&folder.file(name, content))?;
        assert_eq!(got.texts(), expected.texts(), "{name}");
        assert_eq!(got.fingerprint(), expected.fingerprint(), "{name}");
        if name.ends_with("csv") {
            assert_eq!(got.lines(), expected.lines(), "{name}");
        }
    }
    Ok(())
}

#[test]
fn columns_by_number() -> Result<()> {
    let source = Folder::new();
    let source = source.file("n.csv", "x,a,first\ny,b,second\n");
    let columns = Columns {
        text: "3".into(),
        label: Some("2".into()),
        ..Columns::default()
    };
    let absent = ReadOptions {
        header: Header::Absent,
        ..ReadOptions::default()
    };
    let got = Corpus::read(&source, &columns, &absent, None)?;
    assert_eq!(got.texts(), ["first", "second"]);
    assert_eq!(got.lines(), [1, 2]);
    let with_header = Corpus::read(
        &source,
        &columns,
        &ReadOptions::default(),
        Some(&["b".into()]),
    )?;
    assert_eq!(with_header.texts(), ["second"]);
    let beyond = Columns {
        text: "4".into(),
        ..columns
    };
    assert!(matches!(
        Corpus::read(&source, &beyond, &absent, None),
        Err(Error::MissingColumn { columns, .. }) if columns == ["1", "2", "3"]
    ));
    Ok(())
}

#[test]
fn a_missing_file() {
    let folder = Folder::new();
    let e = corpus(&Source::File(folder.path("none.csv"))).expect_err("there is no file");
    assert!(
        matches!(e, Error::Io { ref path, .. } if path.ends_with("none.csv")),
        "{e}"
    );
}

#[test]
fn a_missing_column_names_those_there_are() {
    match refused("a.csv", "label,body\na,b\n") {
        Error::MissingColumn {
            column, columns, ..
        } => {
            assert_eq!(column, "text");
            assert_eq!(columns, ["label", "body"]);
        }
        e => panic!("{e}"),
    }
    assert!(matches!(
        refused("a.jsonl", "{\"label\":1}\n"),
        Error::MissingColumn { .. }
    ));
}

#[test]
fn files_without_rows() {
    for (name, content, word) in [
        ("a.csv", "", "is empty"),
        ("a.jsonl", "\n \n", "is empty"),
        ("a.csv", "label,text\n", "has no rows"),
        ("a.txt", "label,text\n", "extension"),
        ("a.csv.gz", "label,text\n", "not packed"),
        ("a.csv", "text,label,text\na,b,c\n", "stands twice"),
    ] {
        let e = refused(name, content);
        assert!(
            matches!(e, Error::File { .. }) && e.to_string().contains(word),
            "{e}"
        );
    }
}

#[test]
fn a_truncated_gzip() {
    let mut bytes = packed("label,text\na,b\nb,c\n".repeat(1000).as_bytes());
    bytes.truncate(bytes.len() / 2);
    let e = refused("a.csv.gz", bytes);
    assert!(matches!(e, Error::File { .. }), "{e}");
}

#[test]
fn invalid_utf8_names_line_and_byte() {
    for name in ["a.csv", "a.jsonl"] {
        let mut content = match name {
            "a.csv" => b"label,text\na,\"b\nc\"\nb,".to_vec(),
            _ => b"{\"label\":1,\"text\":\"a\"}\n\n\n{\"text\":\"".to_vec(),
        };
        let at = content.len() as u64;
        content.extend(b"\xe4\xbd\n");
        match refused(name, content) {
            Error::Utf8 { line, byte, .. } => assert_eq!((line, byte), (4, at)),
            e => panic!("{e}"),
        }
    }
}

#[test]
fn a_ragged_row_names_its_line() {
    for (content, at) in [
        ("label,text\na,b\nb\n", 3),
        ("label,text\r\na,b\r\nb,c,d\r\n", 3),
        ("label,text\r\na,\"b\r\n\r\n\"\r\n\r\nb,c,d\r\n", 6),
        ("label,text\na,b\n\n\nb,c,d", 5),
    ] {
        match refused("a.csv", content) {
            Error::Cell { line, expected, .. } => {
                assert_eq!(line, at, "{content:?}");
                assert!(expected.contains("2 cells"), "{expected}");
            }
            e => panic!("{e}"),
        }
    }
}

#[test]
fn a_quote_that_never_closes() {
    match refused("a.csv", "label,text\na,b\nb,\"c\nd,e\nf,g\n") {
        Error::Cell { line, expected, .. } => {
            assert_eq!(line, 3);
            assert!(expected.contains("closing quote"));
        }
        e => panic!("{e}"),
    }
}

#[test]
fn a_quote_within_a_cell_is_text() -> Result<()> {
    let folder = Folder::new();
    let got = corpus(&folder.file("a.csv", "label,text\na,5\" disk\nb,c\n"))?;
    assert_eq!(got.texts(), ["5\" disk", "c"]);
    Ok(())
}

#[test]
fn broken_json_names_its_line() {
    for wrong in ["{\"label\": 1", "[1]", "{\"text\": \"\\ud800\"}"] {
        let content = format!("{{\"label\":1,\"text\":\"a\"}}\n{wrong}\n");
        assert!(
            matches!(refused("a.jsonl", content), Error::Cell { line: 2, .. }),
            "{wrong}"
        );
    }
    for wrong in [
        "{\"label\": 1}",
        "{\"label\": 1, \"text\": [1]}",
        "{\"label\": [[]], \"text\": \"a\"}",
    ] {
        let content = format!("{{\"label\":1,\"text\":\"a\"}}\n{wrong}\n");
        match refused("a.jsonl", content) {
            Error::Cell {
                line: 2,
                column: Some(_),
                ..
            } => {}
            e => panic!("{e}"),
        }
    }
}

#[test]
fn an_empty_text_is_refused_or_counted() -> Result<()> {
    let folder = Folder::new();
    let source = folder.file("a.csv", "label,text\na,b\nb, \nb,c\n");
    match corpus(&source) {
        Err(Error::Cell {
            line: 3,
            column: Some(column),
            ..
        }) => assert_eq!(column, "text"),
        other => panic!("{other:?}"),
    }
    let skip = ReadOptions {
        empty: EmptyTexts::Skip,
        ..ReadOptions::default()
    };
    let got = Corpus::read(&source, &Columns::default(), &skip, None)?;
    assert_eq!((got.len(), got.skipped()), (2, 1));
    assert_eq!(got.lines(), [2, 4]);
    Ok(())
}

#[test]
fn an_empty_second_text_is_named() {
    let folder = Folder::new();
    let source = folder.file("a.csv", "label,text,other\na,b,c\nb,d,\n");
    let columns = Columns {
        text_pair: Some("other".into()),
        ..Columns::default()
    };
    match Corpus::read(&source, &columns, &ReadOptions::default(), None) {
        Err(Error::Cell {
            line: 3,
            column: Some(column),
            ..
        }) => assert_eq!(column, "other"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_class_only() {
    let e = refused("a.csv", "label,text\na,b\na,c\n");
    assert!(matches!(e, Error::Data(ref m) if m.contains("'a'")), "{e}");
}

#[test]
fn a_missing_label_names_its_line() {
    assert!(matches!(
        refused("a.csv", "label,text\na,b\n,c\n"),
        Error::Cell { line: 3, .. }
    ));
}

#[test]
fn a_label_never_seen_in_training() -> Result<()> {
    let folder = Folder::new();
    let train = corpus(&folder.file("train.csv", "label,text\na,b\nb,c\n"))?;
    let test = folder.file("test.csv", "label,text\nb,x\nc,y\n");
    let e = Corpus::read(
        &test,
        &Columns::default(),
        &ReadOptions::default(),
        Some(train.classes()),
    );
    match e {
        Err(Error::Cell {
            line,
            column,
            expected,
            value,
            ..
        }) => {
            assert_eq!(
                (line, column.as_deref(), value.as_str()),
                (3, Some("label"), "c")
            );
            assert_eq!(expected, "one of a, b");
        }
        other => panic!("{other:?}"),
    }
    let known = folder.file("known.csv", "label,text\nb,x\n");
    let known = Corpus::read(
        &known,
        &Columns::default(),
        &ReadOptions::default(),
        Some(train.classes()),
    )?;
    assert_eq!(known.targets(), [0., 1.]);
    Ok(())
}

#[test]
fn several_labels_from_csv_and_json() -> Result<()> {
    let folder = Folder::new();
    let columns = Columns {
        kind: LabelKind::Multi {
            separator: "|".into(),
        },
        ..Columns::default()
    };
    let csv = folder.file("a.csv", "label,text\nb|a,x\n,y\nc,z\n");
    let json = folder.file(
        "a.jsonl",
        "{\"label\":[\"b\",\"a\"],\"text\":\"x\"}\n{\"label\":[],\"text\":\"y\"}\n{\"label\":\"c\",\"text\":\"z\"}\n",
    );
    for source in [csv, json] {
        let got = Corpus::read(&source, &columns, &ReadOptions::default(), None)?;
        assert_eq!(got.classes(), ["a", "b", "c"]);
        assert_eq!(got.targets(), [1., 1., 0., 0., 0., 0., 0., 0., 1.]);
        assert_eq!(got.class_counts(), [1., 1., 1.]);
    }
    Ok(())
}

#[test]
fn soft_labels_from_shares() -> Result<()> {
    let folder = Folder::new();
    let columns = Columns {
        kind: LabelKind::Shares {
            classes: vec!["no".into(), "yes".into()],
        },
        ..Columns::default()
    };
    let source = folder.file("a.jsonl", "{\"label\":[0.25,0.75],\"text\":\"x\"}\n");
    let got = Corpus::read(&source, &columns, &ReadOptions::default(), None)?;
    assert_eq!(got.targets(), [0.25, 0.75]);
    let wrong = folder.file("b.csv", "label,text\n\"0.5,0.6\",x\n");
    assert!(matches!(
        Corpus::read(&wrong, &columns, &ReadOptions::default(), None),
        Err(Error::Cell { line: 2, .. })
    ));
    Ok(())
}

#[test]
fn soft_labels_must_have_the_labels_classes() {
    let folder = Folder::new();
    let source = folder.file("a.csv", "label,ratings,text\ngood,1,x\nbad,-1,y\n");
    let e = Corpus::read(&source, &rated(), &ReadOptions::default(), None);
    assert!(matches!(e, Err(Error::Data(_))), "{e:?}");
}

fn rated() -> Columns {
    Columns {
        soft: Some(SoftColumn {
            column: "ratings".into(),
            kind: LabelKind::Ratings,
        }),
        ..Columns::default()
    }
}

#[test]
fn reviews_carry_the_raters_shares() -> Result<()> {
    let source = Source::parse("@reviews")?;
    let got = Corpus::read(&source, &rated(), &ReadOptions::default(), None)?;
    assert_eq!(got.classes(), ["negative", "positive"]);
    assert_eq!(got.len(), 10605);
    let soft = got.soft().expect("the column was read");
    // row 0: 3,2,2,2,0,4,3,1,2,2,4,3,3,1,2: every non-zero rating is positive
    assert_eq!(soft[..2], [0.0, 1.0]);
    assert!(soft.chunks(2).all(|s| (s[0] + s[1] - 1.0).abs() < 1e-6));
    assert!(soft.iter().any(|&s| s > 0.2 && s < 0.8));
    let trained = got.clone().with_soft_targets()?;
    assert_eq!(trained.targets(), soft);
    assert_ne!(trained.fingerprint(), got.fingerprint());
    Ok(())
}

#[test]
fn groups_and_times() -> Result<()> {
    let source = Source::parse("@products")?;
    let columns = Columns::of(&source);
    let got = Corpus::read(&source, &columns, &ReadOptions::default(), None)?;
    let groups = got.groups().expect("products have groups");
    assert_eq!((groups.len(), groups[0].as_str()), (3708, "1"));
    let folder = Folder::new();
    let times = folder.file(
        "a.csv",
        "label,text,when,who\na,x,10,p\nb,y,9,q\nb,z,10,p\n",
    );
    let columns = Columns {
        time: Some("when".into()),
        group: Some(Group {
            column: "who".into(),
            until: None,
        }),
        ..Columns::default()
    };
    let got = Corpus::read(&times, &columns, &ReadOptions::default(), None)?;
    assert_eq!(got.time_order(), Some(vec![1, 0, 2]));
    assert_eq!(got.groups().map(<[_]>::len), Some(3));
    let chosen = got.select(&[2, 1]);
    assert_eq!(chosen.texts(), ["z", "y"]);
    assert_eq!(chosen.class_ids(), [1, 1]);
    assert_eq!(chosen.classes(), got.classes());
    Ok(())
}

#[test]
fn shipped_sets_hold_what_the_table_says() -> Result<()> {
    assert_eq!(datasets().len(), 10);
    // Tagged sentences are no table; tests/requests looks at them.
    for set in datasets()
        .iter()
        .filter(|set| set.kind != DatasetKind::Tags)
    {
        let bytes = set.export()?;
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(if set.file.contains(".tsv") {
                b'\t'
            } else {
                b','
            })
            .from_reader(bytes.as_slice());
        let header = reader.headers().expect("a header").clone();
        for column in [Some(set.label), set.text, set.ratings, set.group]
            .into_iter()
            .flatten()
        {
            assert!(header.iter().any(|h| h == column), "{}: {column}", set.name);
        }
        assert_eq!(
            reader.records().filter(|r| r.is_ok()).count(),
            set.rows,
            "{}",
            set.name
        );
        if set.kind == DatasetKind::Text {
            let source = Source::Shipped(set);
            let got = Corpus::read(
                &source,
                &Columns::of(&source),
                &ReadOptions::default(),
                None,
            )?;
            assert_eq!(got.len(), set.rows);
        }
    }
    Ok(())
}

#[test]
fn an_unknown_set_names_the_nearest() {
    let e = Source::parse("@question").expect_err("there is none");
    assert!(e.to_string().contains("did you mean 'questions'"), "{e}");
}

#[test]
fn rows_stream_without_labels() -> Result<()> {
    let folder = Folder::new();
    let huge = "word ".repeat(20_000);
    let source = folder.file("a.csv", format!("text\nfirst\n{huge}\nlast\n"));
    let columns = Columns {
        label: None,
        ..Columns::default()
    };
    let rows: Vec<TextRow> =
        TextRows::open(&source, &columns, &ReadOptions::default())?.collect::<Result<_>>()?;
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[1].text, huge);
    assert!(rows.iter().all(|r| r.label.is_none()));
    Ok(())
}

#[test]
fn settings_that_cannot_be() {
    let folder = Folder::new();
    let source = folder.file("a.csv", "label,text\na,b\nb,c\n");
    for kind in [
        LabelKind::Multi {
            separator: String::new(),
        },
        LabelKind::Shares {
            classes: vec!["a".into()],
        },
        LabelKind::Shares {
            classes: vec!["a".into(), "a".into()],
        },
    ] {
        let columns = Columns {
            kind,
            ..Columns::default()
        };
        let e = Corpus::read(&source, &columns, &ReadOptions::default(), None);
        assert!(matches!(e, Err(Error::Setting { .. })), "{e:?}");
    }
    let without = Columns {
        label: None,
        ..Columns::default()
    };
    assert!(Corpus::read(&source, &without, &ReadOptions::default(), None).is_err());
}
