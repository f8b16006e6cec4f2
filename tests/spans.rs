//! Spans (SSMix): which tokens a text takes from its partner, what it then weighs, and how ids are moved.

#[path = "common/pvalues.rs"]
mod pvalues;
mod token_plans;

use std::ops::Range;

use candle_core::{Device, Tensor};
use candle_mixup::schedule::{Domain, Rows};
use candle_mixup::text::{EncodedTexts, TextSource, TokenBatch};
use candle_mixup::{
    Asked, Blend, Error, Fed, Flow, MixPlan, MixTap, Pairs, RowSource, Site, Span, Spans, Tap,
};
use proptest::prelude::*;
use pvalues::{LEAST_P, chi_square_p};
use token_plans::{SITES, clock, plan, refusal, scheduler, source, stretches, task, texts};

const EVERY_CHOICE: [&str; 4] = [
    r#"{"choice": "random", "ratio": RATIO}"#,
    r#"{"choice": "random", "ratio": RATIO, "scattered": true}"#,
    r#"{"choice": "saliency", "ratio": RATIO}"#,
    r#"{"choice": "saliency", "ratio": RATIO, "scattered": true}"#,
];

fn rule(choice: usize, ratio: f64, rest: &str) -> String {
    let rule = EVERY_CHOICE[choice].replace("RATIO", &ratio.to_string());
    format!(r#"{{"sites": "embedding", "blend": {{"span": {rule}}}{rest}}}"#)
}

fn spans(plan: &MixPlan) -> &Spans {
    match &plan.blend {
        Blend::Span(spans) => spans,
        other => panic!("no spans: {other:?}"),
    }
}

fn fed(source: &TextSource, rows: &[u32], plan: &MixPlan) -> Result<Fed<TokenBatch>, Error> {
    source.training(&Asked {
        rows,
        seed: 0,
        epoch: 0,
        plan: Some(plan),
    })
}

/// Tokens of each of its rows, padding left out.
fn ids(batch: &TokenBatch) -> Vec<Vec<u32>> {
    let ids = batch.ids.to_vec2::<u32>().expect("ids");
    let mask = batch.mask.to_vec2::<f32>().expect("a mask");
    let real = |(ids, mask): (Vec<u32>, Vec<f32>)| {
        let tokens = ids.into_iter().zip(mask);
        tokens
            .filter(|(_, m)| *m == 1.0)
            .map(|(id, _)| id)
            .collect()
    };
    ids.into_iter().zip(mask).map(real).collect()
}

/// w of the paper, for a text of so many tokens between its special ones.
fn width(ratio: f64, tokens: usize) -> usize {
    match (ratio * tokens as f64).floor() as usize {
        _ if tokens == 0 => 0,
        0 => 1,
        w => w,
    }
}

/// A number for each token of a row, few different ones, so that there are ties.
fn scores(texts: &EncodedTexts, rows: &[u32], seed: u64) -> Vec<Vec<f32>> {
    let score = |row: u32, t: usize| {
        let mixed = (seed ^ u64::from(row) << 32 ^ t as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 61) as f32
    };
    let of_row = |&row: &u32| {
        let tokens = 0..texts.ids(row as usize).len();
        tokens.map(|t| score(row, t)).collect()
    };
    rows.iter().map(of_row).collect()
}

/// What one row of a drawn plan must be, by the card of the method.
fn check_row(
    texts: &EncodedTexts,
    (own, partner): (u32, u32),
    (ratio, scattered): (f64, bool),
    spans: &[Span],
    weight: f64,
) -> Result<(), TestCaseError> {
    let (to, from) = (
        texts.stretches(own as usize),
        texts.stretches(partner as usize),
    );
    let (mut taken, mut all) = (0, 0);
    for (to, from) in to.iter().zip(from) {
        let inside = |s: &&Span| to.start <= s.of_own().start && s.of_own().end <= to.end;
        let here: Vec<&Span> = spans.iter().filter(inside).collect();
        let wanted = match width(ratio, to.len()) {
            w if w > from.len() => 0,
            w => w,
        };
        let tokens: usize = here.iter().map(|s| s.width as usize).sum();
        prop_assert_eq!(tokens, wanted);
        let runs = if scattered { wanted } else { wanted.min(1) };
        prop_assert_eq!(here.len(), runs);
        for span in here {
            let taken = span.of_partner();
            prop_assert!(from.start <= taken.start && taken.end <= from.end);
        }
        taken += tokens;
        all += to.len();
    }
    prop_assert_eq!(spans.iter().map(|s| s.width as usize).sum::<usize>(), taken);
    let kept = if all == 0 {
        1.0
    } else {
        1.0 - taken as f64 / all as f64
    };
    prop_assert_eq!(weight, kept);
    Ok(())
}

/// The ids that the definition puts together: `A[..s] ++ B[t..t+w] ++ A[s+w..]`, span by span.
fn put_together(own: &[u32], partner: &[u32], spans: &[Span]) -> Vec<u32> {
    let mut out = Vec::new();
    let mut place = 0;
    for span in spans {
        out.extend(&own[place..span.of_own().start]);
        out.extend(&partner[span.of_partner()]);
        place = span.of_own().end;
    }
    out.extend(&own[place..]);
    out
}

const PAIRINGS: [&str; 4] = [
    r#", "partner": "halves", "mode": "add-to""#,
    r#", "partner": "derange""#,
    r#", "partner": "uniform""#,
    r#", "mode": "balance", "partner": "uniform""#,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn drawn_spans_are_the_cards_and_ids_are_moved(
        lengths in prop::collection::vec((0usize..25, 0usize..9), 4..9), two: bool, choice in 0usize..4,
        pairing in 0usize..4, ratio in prop::sample::select(vec![0.01, 0.1, 0.3, 0.5, 1.0]), seed: u64,
    ) {
        let (first, second): (Vec<usize>, Vec<usize>) = lengths.into_iter().unzip();
        let encoded = texts(&first, two.then_some(&second[..]));
        let (source, n) = (source(&encoded), first.len());
        let known = stretches(&source);
        let scheduler = scheduler(&rule(choice, ratio, PAIRINGS[pairing]), n, seed);
        let batch: Vec<u32> = (0..n as u32 / 2 * 2).rev().collect();
        let classes: Vec<u32> = (0..n as u32).map(|r| r % 2).collect();
        let rows = Rows { stretches: Some(&known), classes: Some(&classes), ..Rows::new(&batch) };
        let Some(drawn) = scheduler.plan(clock(3), rows).expect("a plan") else {
            return Ok(()); // no text can take a token
        };
        let incoming: Vec<u32> = batch.iter().chain(&drawn.loaded).copied().collect();
        let weights = drawn.pairs.clone();
        let scored = scores(&encoded, &incoming, seed);
        let plan = scheduler.salient(clock(3), rows, drawn, &scored).expect("placed");
        prop_assert_eq!(plan.site, Site::Embedding);
        prop_assert_eq!(&plan.pairs, &weights);
        prop_assert_eq!(plan.pairs.weight(), plan.pairs.label_weight());
        let fed = fed(&source, &incoming, &plan).expect("moved");
        prop_assert!(fed.mixed);
        let plain = source.batch(&incoming).expect("plain");
        let (before, after) = (ids(&plain), ids(&fed.input));
        prop_assert_eq!(after.len(), plan.pairs.len());
        for (r, after) in after.iter().enumerate() {
            let (own, partner) = (plan.pairs.own()[r] as usize, plan.pairs.partner()[r] as usize);
            let spans = &spans(&plan).rows()[r];
            if own == partner {
                prop_assert!(spans.is_empty());
            } else {
                let whose = (incoming[own], incoming[partner]);
                check_row(&encoded, whose, (ratio, choice % 2 == 1), spans, plan.pairs.weight()[r])?;
            }
            prop_assert_eq!(after, &put_together(&before[own], &before[partner], spans));
        }
        let owns: Vec<u32> = plan.pairs.own().iter().map(|&o| incoming[o as usize]).collect();
        let own = source.batch(&owns).expect("own rows");
        prop_assert_eq!(fed.input.mask.to_vec2::<f32>().expect("a mask"), own.mask.to_vec2::<f32>().expect("a mask"));
        let types = |batch: &TokenBatch| batch.types.as_ref().map(|t| t.to_vec2::<u32>().expect("types"));
        prop_assert_eq!(types(&fed.input), types(&own));
    }

    #[test]
    fn saliency_gives_the_brute_force_extremes(
        lengths in prop::collection::vec(1usize..30, 4..5), ratio in prop::sample::select(vec![0.1, 0.25, 0.6]), seed: u64,
    ) {
        let encoded = texts(&lengths, None);
        let source = source(&encoded);
        let known = stretches(&source);
        let scheduler = scheduler(&rule(2, ratio, r#", "partner": "roll""#), 4, seed);
        let batch = [2, 0, 3, 1];
        let rows = Rows { stretches: Some(&known), ..Rows::new(&batch) };
        let Some(drawn) = scheduler.plan(clock(0), rows).expect("a plan") else {
            return Ok(());
        };
        let scores = scores(&encoded, &batch, seed);
        let plan = scheduler.salient(clock(0), rows, drawn, &scores).expect("placed");
        for (r, spans) in spans(&plan).rows().iter().enumerate() {
            let [span] = spans[..] else { continue };
            let w = span.width as usize;
            let sums = |place: u32| -> Vec<f32> {
                let text = &known[batch[place as usize] as usize][0];
                let scores = &scores[place as usize][text.clone()];
                scores.windows(w).map(|run| run.iter().sum()).collect()
            };
            // `position` finds the first: ties go to the lowest index.
            let (own, partner) = (sums(plan.pairs.own()[r]), sums(plan.pairs.partner()[r]));
            let least = own.iter().copied().fold(f32::INFINITY, f32::min);
            let most = partner.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            prop_assert_eq!(Some(span.own as usize - 1), own.iter().position(|&s| s == least));
            prop_assert_eq!(Some(span.partner as usize - 1), partner.iter().position(|&s| s == most));
        }
    }
}

#[test]
fn scattered_tokens_are_the_least_and_the_most_salient_ones() {
    let encoded = texts(&[6, 8], None);
    let source = source(&encoded);
    let known = stretches(&source);
    let scheduler = scheduler(&rule(3, 0.5, r#", "partner": "roll""#), 2, 0);
    let rows = Rows {
        stretches: Some(&known),
        ..Rows::new(&[0, 1])
    };
    let drawn = scheduler
        .plan(clock(0), rows)
        .expect("drawn")
        .expect("mixed");
    let scores = vec![
        vec![0.0, 3.0, 1.0, 2.0, 1.0, 9.0, 1.0, 0.0],
        vec![9.0, 1.0, 5.0, 2.0, 5.0, 2.0, 7.0, 0.0, 5.0, 9.0],
    ];
    let plan = scheduler
        .salient(clock(0), rows, drawn, &scores)
        .expect("placed");
    let written = serde_json::to_string(spans(&plan)).expect("JSON");
    // Row 0 gives up 2, 4 and 6 and takes 6, 2 and 4, in the order in which they stand; row 1 takes 5, 1 and 3 and 2.
    assert_eq!(
        written,
        "[[[2,2,1],[4,4,1],[6,6,1]],[[1,1,1],[3,2,1],[5,3,1],[7,5,1]]]"
    );
}

#[test]
fn random_starts_are_uniform_in_both_texts() {
    let encoded = texts(&[10, 12], None);
    let source = source(&encoded);
    let known = stretches(&source);
    for (choice, ratio) in [(0, 0.3), (1, 0.1)] {
        let scheduler = scheduler(&rule(choice, ratio, r#", "partner": "roll""#), 2, 5);
        let w = width(ratio, 10);
        let (mut own, mut partner) = (vec![0; 10 - w + 1], vec![0; 12 - w + 1]);
        for step in 0..4000 {
            let plan = plan(&scheduler, step, &[0, 1], &known).expect("mixed");
            let span = spans(&plan).rows()[0][0];
            own[span.own as usize - 1] += 1;
            partner[span.partner as usize - 1] += 1;
        }
        assert!(chi_square_p(&own) > LEAST_P, "{own:?}");
        assert!(chi_square_p(&partner) > LEAST_P, "{partner:?}");
    }
}

/// The reference tests the partner's length with its special tokens, and so can copy one of those.
#[test]
fn a_partner_that_is_too_short_leaves_the_row_alone() {
    let encoded = texts(&[20, 1, 4], None);
    let source = source(&encoded);
    let known = stretches(&source);
    let scheduler = scheduler(&rule(0, 0.2, r#", "partner": "roll""#), 3, 1);
    let plan = plan(&scheduler, 0, &[0, 1, 2], &known).expect("mixed");
    // Row 0 would take 4 of the 4 tokens of text 2; row 1 takes one of 20, and row 2 the only one of text 1.
    assert_eq!(plan.pairs.weight(), [0.8, 0.0, 0.75]);
    let shorter = plan_of_three(&scheduler, &texts(&[25, 1, 4], None));
    assert_eq!(shorter.pairs.weight(), [1.0, 0.0, 0.75]);
    assert_eq!(shorter.pairs.label_weight(), shorter.pairs.weight());
    assert!(spans(&shorter).rows()[0].is_empty());
    assert_eq!(shorter.unspanned(), 1, "it is counted");
    assert_eq!(plan.unspanned(), 0);
}

fn plan_of_three(
    scheduler: &candle_mixup::schedule::Scheduler,
    texts: &std::sync::Arc<EncodedTexts>,
) -> MixPlan {
    let known = stretches(&source(texts));
    plan(scheduler, 0, &[0, 1, 2], &known).expect("mixed")
}

#[test]
fn pairs_of_texts_take_a_span_each_and_weigh_by_length() {
    let encoded = texts(&[10, 20], Some(&[4, 2]));
    let known = stretches(&source(&encoded));
    assert_eq!(known[0], [1..11, 12..16]);
    let scheduler = scheduler(&rule(0, 0.5, r#", "partner": "roll""#), 2, 1);
    let plan = plan(&scheduler, 0, &[0, 1], &known).expect("mixed");
    // 5 of 10 and 2 of 4: (10·0.5 + 4·0.5)/14. The second: 10 of 20 from 10, and 1 of 2 from 4.
    assert_eq!(plan.pairs.weight(), [0.5, 0.5]);
    let ends: Vec<Vec<(Range<usize>, Range<usize>)>> = spans(&plan)
        .rows()
        .iter()
        .map(|row| row.iter().map(|s| (s.of_own(), s.of_partner())).collect())
        .collect();
    for (r, row) in ends.iter().enumerate() {
        assert_eq!(row.len(), 2);
        for (text, (own, partner)) in row.iter().enumerate() {
            let within = |inner: &Range<usize>, outer: &Range<usize>| {
                outer.start <= inner.start && inner.end <= outer.end
            };
            assert!(within(own, &known[r][text]) && within(partner, &known[1 - r][text]));
        }
    }
    // Here one text is too short for a span, and the other weighs for both: 1 − 10/22.
    let short = texts(&[20, 10], Some(&[2, 0]));
    let plan = self::plan(&scheduler, 0, &[0, 1], &stretches(&source(&short))).expect("mixed");
    assert_eq!(plan.pairs.weight(), [1.0 - 10.0 / 22.0, 0.5]);
    assert_eq!(plan.unspanned(), 0);
}

#[test]
fn spans_are_a_function_of_seed_step_and_row() {
    let encoded = texts(&[20, 30, 25, 28], None);
    let known = stretches(&source(&encoded));
    let rows = |seed: u64, step: u64, batch: &[u32]| {
        let scheduler = scheduler(&rule(0, 0.2, r#", "partner": "roll""#), 4, seed);
        let plan = plan(&scheduler, step, batch, &known).expect("mixed");
        spans(&plan).rows().to_vec()
    };
    let batch = [0, 1, 2, 3];
    assert_eq!(rows(1, 5, &batch), rows(1, 5, &batch));
    assert_ne!(rows(1, 5, &batch), rows(1, 6, &batch));
    assert_ne!(rows(1, 5, &batch), rows(2, 5, &batch));
    // Rows 2 and 3 are with the same partners, and what the others are moves nothing.
    assert_eq!(rows(1, 5, &batch)[2..], rows(1, 5, &[3, 1, 2, 3])[2..]);
}

#[test]
fn tosses_leave_rows_out_and_move_no_span() {
    let encoded = texts(&[20; 8], None);
    let known = stretches(&source(&encoded));
    let batch: Vec<u32> = (0..8).collect();
    let of = |rest: &str| {
        let scheduler = scheduler(&rule(0, 0.2, rest), 8, 3);
        plan(&scheduler, 4, &batch, &known).expect("mixed")
    };
    let all = of(r#", "partner": "roll""#);
    let some = of(r#", "partner": "roll", "apply": "row", "probability": 0.5"#);
    let left_out = (0..8)
        .filter(|&r| spans(&some).rows()[r].is_empty())
        .count();
    assert!((1..8).contains(&left_out));
    for r in 0..8 {
        match spans(&some).rows()[r].as_slice() {
            [] => assert_eq!(some.pairs.weight()[r], 1.0),
            row => assert_eq!(row, spans(&all).rows()[r]),
        }
    }
    let kept_labels = of(r#", "partner": "roll", "label": "own""#);
    assert_eq!(kept_labels.pairs.label_weight(), [1.0; 8]);
    assert_eq!(kept_labels.pairs.weight(), all.pairs.weight());
}

#[test]
fn the_tap_passes_moved_tokens_on_and_refuses_others() {
    let pairs = Pairs::new(vec![0, 1], vec![1, 0], vec![0.5; 2], vec![0.5; 2]).expect("pairs");
    let spans = Spans::new(vec![vec![[1, 1, 1].into()], vec![]]).expect("spans");
    let plan = MixPlan {
        site: Site::Embedding,
        pairs,
        blend: Blend::Span(spans),
        residue: None,
        loaded: vec![],
    };
    let x = Tensor::rand(0f32, 1.0, (2, 3, 4), &Device::Cpu).expect("numbers");
    let mask = Tensor::ones((2, 3), candle_core::DType::F32, &Device::Cpu).expect("a mask");
    let flow = || Flow::masked(x.clone(), mask.clone());
    let mut tap = MixTap::new(Some(&plan)).input_is_mixed(true);
    assert_eq!(
        tap.reach(&[2, 3]),
        Some(vec![2, 3]),
        "nothing is mixed on the way"
    );
    let passed = tap.at(Site::Embedding, flow()).expect("passed on");
    assert_eq!(token_plans::flat(&passed.x), token_plans::flat(&x));
    tap.finish(&SITES).expect("reached");
    let unmoved = MixTap::new(Some(&plan)).at(Site::Embedding, flow());
    assert!(
        matches!(unmoved, Err(Error::Unsupported { .. })),
        "{unmoved:?}"
    );
}

#[test]
fn plans_that_touch_special_tokens_or_leave_a_text_are_refused() {
    let encoded = texts(&[4, 6], None);
    let source = source(&encoded);
    let pairs =
        |n: usize| Pairs::new(vec![0; n], vec![1; n], vec![0.5; n], vec![0.5; n]).expect("pairs");
    let plan = |pairs: Pairs, spans: Vec<Vec<Span>>| MixPlan {
        site: Site::Embedding,
        pairs,
        blend: Blend::Span(Spans::new(spans).expect("spans")),
        residue: None,
        loaded: vec![],
    };
    for (span, part) in [
        ([0, 1, 2], "span 0 of the own text"),
        ([3, 1, 3], "span 0 of the own text"),
        ([1, 0, 1], "span 0 of the partner text"),
        ([1, 6, 2], "span 0 of the partner text"),
        ([1, 90, 2], "span 0 of the partner text"),
    ] {
        let plan = plan(pairs(1), vec![vec![span.into()]]);
        let error = fed(&source, &[0, 1], &plan)
            .expect_err("special")
            .to_string();
        assert!(error.contains(part), "{span:?}: {error}");
    }
    let good = plan(pairs(1), vec![vec![[3, 5, 2].into()]]);
    assert!(fed(&source, &[0, 1], &good).is_ok());
    let fewer = plan(pairs(2), vec![vec![]]);
    let error = fed(&source, &[0, 1], &fewer)
        .expect_err("one row")
        .to_string();
    assert!(
        error.contains("spans: expected 2 rows, one a pair, got 1"),
        "{error}"
    );
    let missing = fed(&source, &[0], &good).expect_err("no partner");
    assert!(matches!(missing, Error::Pairs { .. }), "{missing}");
}

#[test]
fn what_cannot_be_is_refused() {
    let text = task(8, 10, 0);
    let table = candle_mixup::schedule::Task {
        domain: Domain::Table,
        ..text.clone()
    };
    let span =
        |rule: &str, site: &str| format!(r#"{{"sites": "{site}", "blend": {{"span": {rule}}}}}"#);
    let refused = |json: String, sites: &[Site], task, part: &str| {
        let error = refusal(&json, sites, task);
        assert!(error.is_usage(), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    };
    let input = [Site::Input, Site::Embedding];
    refused(span("{}", "embedding"), &input, &table, "needs texts");
    refused(
        span("{}", "hidden1"),
        &SITES,
        &text,
        "mixes at embedding, not at hidden1",
    );
    refused(
        span("{}", "pooled"),
        &SITES,
        &text,
        "mixes at embedding, not at pooled",
    );
    for ratio in ["0", "-0.1", "1.5"] {
        let json = span(&format!(r#"{{"ratio": {ratio}}}"#), "embedding");
        refused(json, &SITES, &text, "blend.span.ratio");
    }
    let unknown = candle_mixup::schedule::Schedule::from_json(&span(r#"{"width": 3}"#, "first"));
    assert!(unknown.is_err());
    let short =
        candle_mixup::schedule::Schedule::from_json(r#"{"blend": "span"}"#).expect("a name");
    assert!(short.to_json().contains(r#""choice": "saliency""#));
    let scheduler = scheduler(&rule(0, 0.1, ""), 8, 0);
    let blind = scheduler.plan(clock(0), Rows::new(&[0, 1, 2]));
    assert!(matches!(blind, Err(Error::Conflict(_))), "{blind:?}");
    let one_row = std::iter::once(1..4).collect::<Vec<Range<usize>>>();
    let few = Rows {
        stretches: Some(&[one_row]),
        ..Rows::new(&[0, 1, 2])
    };
    let few = scheduler.plan(clock(0), few);
    assert!(matches!(few, Err(Error::Shape { .. })), "{few:?}");
}

#[test]
fn saliency_that_does_not_cover_the_texts_is_refused() {
    let encoded = texts(&[6, 8], None);
    let known = stretches(&source(&encoded));
    let scheduler = scheduler(&rule(2, 0.5, r#", "partner": "roll""#), 2, 0);
    let rows = Rows {
        stretches: Some(&known),
        ..Rows::new(&[0, 1])
    };
    let drawn = scheduler
        .plan(clock(0), rows)
        .expect("drawn")
        .expect("mixed");
    for (scores, part) in [
        (vec![vec![1.0; 8]], "2 rows, one an incoming row"),
        (
            vec![vec![1.0; 8], vec![1.0; 8]],
            "at least 9 numbers for row 1",
        ),
    ] {
        let error = scheduler.salient(clock(0), rows, drawn.clone(), &scores);
        let error = error.expect_err(part).to_string();
        assert!(error.contains(part), "{error}");
    }
}
