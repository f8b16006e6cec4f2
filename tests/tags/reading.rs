//! Every form in which tagged sentences stand, and what is made of them.

use candle_mixup::text::{
    Offsets, SpanLine, TagColumns, TagSet, TaggedCorpus, TaggedRows, conll_lines,
};
use candle_mixup::{Error, Result};

use super::files::{Folder, packed, read};

const COLUMNS: &str = "-DOCSTART- -X- O\n\nAnna NNP B-person\nflew VBD O\nto IN O\nNew NNP B-place\nYork NNP \
                       I-place\n. . O\n\n\nHi UH O";
const SPANS: &str = concat!(
    r#"{"id": 7, "text": "Anna flew to New York .", "spans": [{"start": 13, "end": 21, "label": "place"}, "#,
    r#"{"start": 0, "end": 4, "label": "person", "note": "first"}]}"#,
    "\n\n",
    r#"{"spans": [], "text": "Hi"}"#,
);

/// The words of each sentence and their tags by name.
fn told(corpus: &TaggedCorpus) -> Vec<Vec<(String, String)>> {
    let names = corpus.tags().names();
    let sentence = |s: &candle_mixup::text::Tagged| {
        let words = s.sentence.words().map(String::from);
        let tags = s.tags.iter().map(|&tag| names[tag as usize].clone());
        words.zip(tags).collect()
    };
    corpus.sentences().iter().map(sentence).collect()
}

#[test]
fn columns_tabs_packed_files_and_spans_agree() -> Result<()> {
    let columns = TagColumns::default();
    let first = read("a.conll", COLUMNS, &columns)?;
    let words = |sentence: &[(&str, &str)]| -> Vec<(String, String)> {
        let pair = |(word, tag): &(&str, &str)| (word.to_string(), tag.to_string());
        sentence.iter().map(pair).collect()
    };
    let expected = [
        words(&[
            ("Anna", "B-person"),
            ("flew", "O"),
            ("to", "O"),
            ("New", "B-place"),
            ("York", "I-place"),
            (".", "O"),
        ]),
        words(&[("Hi", "O")]),
    ];
    assert_eq!(told(&first), expected);
    assert_eq!(first.tags().types(), ["person", "place"]);
    let lines: Vec<u64> = first.sentences().iter().map(|s| s.sentence.line).collect();
    assert_eq!(lines, [3, 11]);
    let tabs = COLUMNS.replace(' ', "\t").replace('\n', "\r\n");
    for (name, content) in [
        ("a.bio", tabs.into_bytes()),
        ("a.iob.gz", packed(COLUMNS)),
        ("a.jsonl", SPANS.as_bytes().to_vec()),
        ("a.jsonl.gz", packed(SPANS)),
    ] {
        let other = read(name, content, &columns)?;
        assert_eq!(told(&other), expected, "{name}");
        assert_eq!(other.fingerprint(), first.fingerprint(), "{name}");
    }
    Ok(())
}

#[test]
fn the_columns_asked_for_are_read() -> Result<()> {
    let columns = TagColumns {
        word: 3,
        tag: Some(1),
        ..TagColumns::default()
    };
    let corpus = read("a.conll", "B-place x Rome y\nO x now z\n", &columns)?;
    let tags = &told(&corpus)[0];
    assert_eq!(tags[0], ("Rome".into(), "B-place".into()));
    assert_eq!(tags[1], ("now".into(), "O".into()));
    let keys = TagColumns {
        text: "said".into(),
        spans: "found".into(),
        ..TagColumns::default()
    };
    let line = r#"{"said": "to Rome", "found": [{"start": 3, "end": 7, "label": "place"}]}"#;
    let corpus = read("a.jsonl", line, &keys)?;
    assert_eq!(told(&corpus)[0][1], ("Rome".into(), "B-place".into()));
    Ok(())
}

#[test]
fn a_no_break_space_is_a_word_or_part_of_one() -> Result<()> {
    for file in [
        "10\u{a0}km B-x\n\u{a0} O\nawa\u{3000} O\n",
        "10\u{a0}km\tB-x\n\u{a0}\tO\n awa\u{3000} \tO\n",
    ] {
        let corpus = read("a.bio", file, &TagColumns::default())?;
        let words = [("10\u{a0}km", "B-x"), ("\u{a0}", "O"), ("awa\u{3000}", "O")];
        let words = words.map(|(word, tag)| (word.to_string(), tag.to_string()));
        assert_eq!(told(&corpus), [words.to_vec()], "{file:?}");
    }
    Ok(())
}

#[test]
fn bioes_and_bilou_say_the_same_as_bio() -> Result<()> {
    let file = "a S-x\nb O\nc B-x\nd I-x\ne E-x\n\nf U-y\ng B-y\nh L-y\n";
    let corpus = read("a.bio", file, &TagColumns::default())?;
    assert_eq!(corpus.began_inside(), 0);
    let tags: Vec<Vec<u32>> = corpus.sentences().iter().map(|s| s.tags.clone()).collect();
    assert_eq!(tags, [vec![1, 0, 1, 2, 2], vec![3, 3, 4]]);
    Ok(())
}

#[test]
fn a_tag_that_begins_inside_is_read_as_conlleval_reads_it_and_counted() -> Result<()> {
    // Behind O, at the start, behind another type; the last one goes on.
    let file = "a I-x\nb O\nc I-x\nd I-y\ne I-y\n\nf B-x\ng B-x\nh I-x\n";
    let corpus = read("a.iob", file, &TagColumns::default())?;
    assert_eq!(corpus.began_inside(), 3);
    let tags: Vec<Vec<u32>> = corpus.sentences().iter().map(|s| s.tags.clone()).collect();
    assert_eq!(tags, [vec![1, 0, 1, 3, 4], vec![1, 1, 2]]);
    Ok(())
}

#[test]
fn offsets_count_characters_or_bytes() -> Result<()> {
    let text = "Zoë in Köln";
    let line = |start: usize, end: usize| {
        format!(
            r#"{{"text": "{text}", "spans": [{{"start": {start}, "end": {end}, "label": "place"}}]}}"#
        )
    };
    let characters = TagColumns::default();
    let bytes = TagColumns {
        offsets: Offsets::Bytes,
        ..TagColumns::default()
    };
    let one = read("a.jsonl", line(7, 11), &characters)?;
    let other = read("a.jsonl", line(8, 13), &bytes)?;
    assert_eq!(told(&one), told(&other));
    assert_eq!(told(&one)[0][2], ("Köln".into(), "B-place".into()));
    let sentence = &one.sentences()[0];
    for (offsets, start, end) in [(Offsets::Characters, 7, 11), (Offsets::Bytes, 8, 13)] {
        let written = SpanLine::of(&sentence.sentence, &sentence.tags, one.tags(), offsets);
        let span = &written.spans[0];
        assert_eq!((span.start, span.end, span.label), (start, end, "place"));
    }
    Ok(())
}

#[test]
fn what_is_written_is_read_again() -> Result<()> {
    let corpus = read("a.conll", COLUMNS, &TagColumns::default())?;
    let (mut columns, mut spans) = (String::new(), String::new());
    for s in corpus.sentences() {
        columns += &conll_lines(&s.sentence, &s.tags, corpus.tags());
        let line = SpanLine::of(&s.sentence, &s.tags, corpus.tags(), Offsets::Characters);
        spans += &(serde_json::to_string(&line).expect("plain data") + "\n");
    }
    for (name, content) in [("b.conll", columns), ("b.jsonl", spans)] {
        let again = read(name, &content, &TagColumns::default())?;
        assert_eq!(again.fingerprint(), corpus.fingerprint(), "{content}");
    }
    // A tag I that begins an entity is written as B.
    let set = TagSet::new(["x".to_string()]);
    let lines = conll_lines(&corpus.sentences()[1].sentence, &[2], &set);
    assert_eq!(lines, "Hi\tB-x\n\n");
    Ok(())
}

#[test]
fn sentences_without_tags_are_read_where_none_are_needed() -> Result<()> {
    let folder = Folder::new();
    let columns = TagColumns::default();
    for (name, content) in [
        ("a.conll", "to\nRome\n\nhi x y\n"),
        ("a.jsonl", "{\"text\": \"to Rome\"}\n{\"text\": \"hi\"}"),
    ] {
        let source = folder.file(name, content);
        let rows = TaggedRows::open(&source, &columns, false)?;
        let rows = rows.collect::<Result<Vec<_>>>()?;
        let texts: Vec<&str> = rows.iter().map(|s| s.text.as_str()).collect();
        assert_eq!(texts, ["to Rome", "hi"]);
        assert!(rows.iter().all(|s| s.tags.is_empty()));
        let error = TaggedCorpus::read(&source, &columns, None).expect_err("there are no tags");
        assert!(matches!(error, Error::Cell { line: 1, .. }), "{error}");
    }
    Ok(())
}

#[test]
fn a_second_file_has_the_tags_of_the_first() -> Result<()> {
    let folder = Folder::new();
    let columns = TagColumns::default();
    let mut corpus = read("a.conll", COLUMNS, &columns)?;
    let more = folder.file("b.conll", "x O\nRome B-place\n");
    let rows = corpus.append(TaggedCorpus::read(&more, &columns, Some(corpus.tags()))?)?;
    assert_eq!(rows, [2]);
    assert_eq!(
        corpus.sentences()[2].tags,
        [0, 3],
        "place is the second type"
    );
    Ok(())
}
