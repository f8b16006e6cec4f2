//! One operation on one text, and texts to try it on.

use candle_mixup::text::augment::{
    Alternatives, AugmentSettings, Augmenter, Draw, Lists, Marked, Unchanged, WordList, Workbench,
};
use candle_mixup::text::{TextSpan, WordFinder};
use proptest::prelude::*;

/// What became of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    pub text: String,
    pub unchanged: Option<Unchanged>,
    pub refused: Option<Unchanged>,
    pub kept: Vec<Option<TextSpan>>,
    pub own_share: f64,
    pub marks: Vec<Option<TextSpan>>,
    pub partner_marks: Vec<Option<TextSpan>>,
}

/// The words of the list that `insert` and `substitute` take from.
pub const LIST: [&str; 5] = ["alpha", "beta", "gamma", "delta", "omega"];

/// Operations that need nothing but the text, with rates at which they do much.
pub const ALONE: [&str; 13] = [
    "crop=0.5",
    "drop=0.4",
    "sentences=0.5",
    "swap=0.3",
    "swap-adjacent=0.3",
    "delete=0.4",
    "insert=0.3",
    "substitute=0.3",
    "aeda=0.3",
    "keyboard=0.5",
    "transpose=0.5",
    "omit=0.5",
    "case=0.5",
];

pub fn settings(ops: &str) -> AugmentSettings {
    let ops = ops.split(',').map(|chain| chain.parse().expect("a chain"));
    AugmentSettings {
        ops: ops.collect(),
        ..AugmentSettings::default()
    }
}

pub fn lists() -> Lists {
    let synonyms = [("good", vec!["fine", "great"]), ("bad", vec!["poor"])];
    Lists {
        corpus: Some(WordList::of(&LIST).into()),
        synonyms: Some(Alternatives::new(synonyms).into()),
        nearest: None,
    }
}

pub fn augmenter(settings: AugmentSettings) -> Augmenter {
    settings.check(lists()).expect("sound settings")
}

/// One output of a text with its marks.
pub fn make(
    augmenter: &Augmenter,
    text: &Marked<'_>,
    partner: Option<&Marked<'_>>,
    row: u64,
) -> Made {
    let mut bench = Workbench::default();
    augmenter.read(text, &mut bench).expect("sound spans");
    let draw = Draw {
        seed: 7,
        row,
        output: 0,
    };
    let made = augmenter
        .draw(text, partner, draw, 0, &mut bench)
        .expect("sound spans");
    Made {
        text: made.text.to_owned(),
        unchanged: made.unchanged,
        refused: made.refused,
        kept: made.kept.to_vec(),
        own_share: made.own_share,
        marks: made.marks.to_vec(),
        partner_marks: made.partner_marks.to_vec(),
    }
}

/// One output of a plain text by one operation.
pub fn one(op: &str, text: &str, row: u64) -> Made {
    make(&augmenter(settings(op)), &Marked::plain(text), None, row)
}

pub fn words(text: &str) -> Vec<&str> {
    let mut spans = Vec::new();
    WordFinder::new().words(text, &mut spans);
    spans.iter().map(|span| span.of(text)).collect()
}

/// `n` words that are all different, separated by spaces.
pub fn numbered(n: usize) -> String {
    let words: Vec<String> = (0..n).map(|i| format!("w{i}")).collect();
    words.join(" ")
}

/// Texts of all that is hard: scripts with and without spaces, right-to-left, combining marks, joiners, line ends,
/// addresses, numbers, punctuation alone.
pub fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zA-Z]{1,8}",
        1 => "[0-9]{1,3}([.,][0-9]{1,2})?",
        1 => Just("don't".to_owned()),
        1 => Just("https://a.example/x?y=1".to_owned()),
        1 => Just("me@mail.example".to_owned()),
        1 => Just("#topic".to_owned()),
        1 => Just("naïve".to_owned()),
        1 => Just("e\u{301}te\u{301}".to_owned()),
        1 => Just("我喜欢这本书".to_owned()),
        1 => Just("สวัสดีครับ".to_owned()),
        1 => Just("שלום".to_owned()),
        1 => Just("مرحبا بكم".to_owned()),
        1 => Just("👩‍👩‍👧".to_owned()),
        1 => Just("👍🏽".to_owned()),
    ];
    let gap = prop_oneof![
        5 => Just(" ".to_owned()),
        1 => Just("  ".to_owned()),
        1 => Just(", ".to_owned()),
        1 => Just(". ".to_owned()),
        1 => Just("! ".to_owned()),
        1 => Just(" (".to_owned()),
        1 => Just(") ".to_owned()),
        1 => Just("\r\n".to_owned()),
        1 => Just("\n".to_owned()),
        1 => Just("，".to_owned()),
        1 => Just("\u{a0}".to_owned()),
        1 => Just("-".to_owned()),
        1 => Just(" \u{201c}".to_owned()),
        1 => Just("".to_owned()),
    ];
    prop::collection::vec((gap, piece), 0..14)
        .prop_map(|parts| parts.into_iter().map(|(gap, piece)| gap + &piece).collect())
}

/// Texts of ASCII alone, whose words stay apart: what is between them holds white space.
pub fn plain_texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zA-Z]{1,8}",
        1 => "[0-9]{1,3}([.,][0-9]{1,2})?",
        1 => Just("don't".to_owned()),
        1 => Just("https://a.example/x?y=1".to_owned()),
        1 => Just("#topic".to_owned()),
    ];
    let gap = prop_oneof![
        5 => Just(" "),
        1 => Just("  "),
        1 => Just(", "),
        1 => Just(". "),
        1 => Just(" ("),
        1 => Just(") "),
        1 => Just(" \r\n "),
        1 => Just(" \""),
    ];
    prop::collection::vec((gap, piece), 0..14).prop_map(|parts| {
        parts
            .into_iter()
            .map(|(gap, piece)| gap.to_owned() + &piece)
            .collect()
    })
}
