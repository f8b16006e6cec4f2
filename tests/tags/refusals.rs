//! Every way in which a file of tagged sentences can be wrong, by its words.

use candle_mixup::text::{Offsets, TagColumns, TagSet, TaggedCorpus};

use super::files::{Folder, read, refused, said};

fn columns(content: &str) -> String {
    refused("a.conll", content, &TagColumns::default())
}

const TAG: &str = "expected a tag: O, B-TYPE or I-TYPE (E- and L- are read as I-, S- and U- as B-)";

#[test]
fn a_word_needs_a_tag() {
    let words = "expected a word and its tag, got 'Rome'";
    assert_eq!(columns("to O\nRome\n"), format!("a.conll, line 2: {words}"));
    assert_eq!(
        columns("to O\n\tO\n"),
        "a.conll, line 2, column '1': expected a word, got '\tO'"
    );
}

#[test]
fn a_sentence_has_the_same_columns_on_every_line() {
    assert_eq!(
        columns("in O\nNew York B-place\n"),
        "a.conll, line 2: expected 2 columns, as at the beginning of the sentence, got 'New York B-place'"
    );
    let two = "in x O\nRome x B-place\n\nNow O\n";
    let corpus = read("a.conll", two, &TagColumns::default()).expect("each sentence by itself");
    assert_eq!(corpus.len(), 2);
}

#[test]
fn a_tag_is_o_b_or_i() {
    for tag in ["X-place", "B-", "I-", "place", "B", "b-place", "BI-place"] {
        let expected = format!("a.conll, line 3, column '2': {TAG}, got '{tag}'");
        assert_eq!(columns(&format!("to O\n\nRome {tag}\n")), expected);
    }
    let asked = TagColumns {
        tag: Some(4),
        ..TagColumns::default()
    };
    let expected = format!(
        "a.conll, line 1, column '4': {TAG} (the line has 3 columns), got 'Rome x B-place'"
    );
    assert_eq!(refused("a.conll", "Rome x B-place\n", &asked), expected);
}

#[test]
fn columns_count_from_one() {
    let asked = TagColumns {
        word: 0,
        ..TagColumns::default()
    };
    let source = Folder::new().file("a.conll", "Rome B-place\n");
    let error = TaggedCorpus::read(&source, &asked, None).expect_err("no column 0");
    assert_eq!(error.to_string(), "word column must be at least 1, got 0");
    assert!(error.is_usage());
}

#[test]
fn there_must_be_sentences_and_tags() {
    for (name, content) in [("a.conll", "-DOCSTART- O\n\n\n"), ("a.jsonl", "\n\n")] {
        let words = refused(name, content, &TagColumns::default());
        assert_eq!(words, format!("{name}: has no sentences"));
    }
    let none = "a.conll: no word has a tag other than O";
    assert_eq!(columns("to O\n"), none);
}

#[test]
fn the_extension_says_the_form() {
    let words = refused("a.txt", "Rome B-place\n", &TagColumns::default());
    let expected = "which must be .conll, .iob, .bio or .jsonl";
    assert!(words.contains(expected), "{words}");
}

#[test]
fn a_type_that_training_does_not_know_is_named_with_its_line() {
    let known = TagSet::new(["person".to_string(), "place".into()]);
    let folder = Folder::new();
    let columns = TagColumns::default();
    for (name, content, line) in [
        ("a.conll", "to O\nRome B-city\n", 2),
        (
            "a.jsonl",
            r#"{"text": "to Rome", "spans": [{"start": 3, "end": 7, "label": "city"}]}"#,
            1,
        ),
    ] {
        let source = folder.file(name, content);
        let error = TaggedCorpus::read(&source, &columns, Some(&known)).expect_err("unknown");
        let words = "expected entities of the types person, place, got 'city'";
        assert_eq!(said(&error, name), format!("{name}, line {line}: {words}"));
    }
}

/// What is said of the second line of a file of spans.
fn spans_of(text: &str, spans: &str, offsets: Offsets) -> String {
    let line = format!(r#"{{"text": "{text}", "spans": {spans}}}"#);
    let columns = TagColumns {
        offsets,
        ..TagColumns::default()
    };
    let first = r#"{"text": "a", "spans": []}"#;
    let words = refused("a.jsonl", format!("{first}\n{line}\n"), &columns);
    let head = "a.jsonl, line 2, column 'spans': expected ";
    let rest = words.strip_prefix(head);
    rest.unwrap_or_else(|| panic!("{words}")).to_string()
}

fn spans(text: &str, spans: &str) -> String {
    spans_of(text, spans, Offsets::Characters)
}

#[test]
fn a_line_is_an_object_with_a_text() {
    let said = |content: &str| refused("a.jsonl", content, &TagColumns::default());
    assert!(
        said("{\"text\": \"a\"")
            .starts_with("a.jsonl, line 1: expected one JSON object on the line (")
    );
    let head = "a.jsonl, line 1, column 'text': expected a text";
    assert_eq!(said("{\"spans\": []}"), format!("{head}, got 'nothing'"));
    assert_eq!(said("{\"text\": 7}"), format!("{head}, got '7'"));
    assert_eq!(
        said("{\"text\": \" \", \"spans\": []}"),
        format!("{head} with a word in it, got ' '")
    );
}

#[test]
fn spans_are_a_list_of_objects() {
    let words = refused("a.jsonl", r#"{"text": "a"}"#, &TagColumns::default());
    let list = "a list of spans {start, end, label}";
    assert_eq!(
        words,
        format!("a.jsonl, line 1, column 'spans': expected {list}, got 'nothing'")
    );
    assert_eq!(spans("a", "7"), format!("{list}, got '7'"));
    let span = r#"{"end":1,"label":"x"}"#;
    let start = "a span whose start is a whole number, got";
    assert_eq!(
        spans("a", &format!("[{span}]")),
        format!("{start} '{span}'")
    );
    let negative = r#"{"start":-1,"end":1,"label":"x"}"#;
    assert_eq!(
        spans("a", &format!("[{negative}]")),
        format!("{start} '{negative}'")
    );
    let text = r#"{"start":0,"end":"1","label":"x"}"#;
    let end = "a span whose end is a whole number, got";
    assert_eq!(spans("a", &format!("[{text}]")), format!("{end} '{text}'"));
    for label in [
        r#"{"start":0,"end":1}"#,
        r#"{"start":0,"end":1,"label":" "}"#,
    ] {
        let expected = format!("a span whose label is a text, got '{label}'");
        assert_eq!(spans("a", &format!("[{label}]")), expected);
    }
}

#[test]
fn offsets_lie_within_the_text_and_in_order() {
    let of = |start: usize, end: usize| format!(r#"{{"start":{start},"end":{end},"label":"x"}}"#);
    let said = |start, end| spans("Zoë in Köln", &format!("[{}]", of(start, end)));
    for (start, end) in [(4, 3), (7, 7)] {
        let expected = "a span whose end lies behind its start, got";
        assert_eq!(said(start, end), format!("{expected} '{}'", of(start, end)));
    }
    let range = "a span within the text's 11 characters, got";
    assert_eq!(said(7, 12), format!("{range} '{}'", of(7, 12)));
    assert_eq!(said(20, 21), format!("{range} '{}'", of(20, 21)));
    let bytes = |start, end| {
        spans_of(
            "Zoë in Köln",
            &format!("[{}]", of(start, end)),
            Offsets::Bytes,
        )
    };
    let range = "a span within the text's 13 bytes, got";
    assert_eq!(bytes(8, 14), format!("{range} '{}'", of(8, 14)));
    let inside = "a span that begins and ends between characters, got";
    assert_eq!(bytes(0, 3), format!("{inside} '{}'", of(0, 3)));
    assert_eq!(bytes(10, 13), format!("{inside} '{}'", of(10, 13)));
}

#[test]
fn spans_do_not_overlap_and_are_whole_words() {
    let two = r#"[{"start":3,"end":9,"label":"x"}, {"start":0,"end":4,"label":"y"}]"#;
    assert_eq!(
        spans("ab cd efg", two),
        "spans that do not overlap; this one does with {\"start\":0,\"end\":4,\"label\":\"y\"}, got \
         '{\"start\":3,\"end\":9,\"label\":\"x\"}'"
    );
    let part = r#"{"start":1,"end":5,"label":"x"}"#;
    assert_eq!(
        spans("ab cd", &format!("[{part}]")),
        format!("a span that begins and ends with a word; this is 'b cd', got '{part}'")
    );
    let blank = r#"{"start":2,"end":5,"label":"x"}"#;
    assert_eq!(
        spans("ab cd", &format!("[{blank}]")),
        format!("a span that begins and ends with a word; this is ' cd', got '{blank}'")
    );
}
