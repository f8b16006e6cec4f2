//! Pinned streams: a seed is part of the interface, and a change of these numbers is value-breaking.

mod scheduling;

use candle_mixup::Blend;
use candle_mixup::oversample::{Made, Method, Rows, Settings};
use candle_mixup::random::{Purpose, Stream};
use candle_mixup::schedule::{Clock, Schedule, presets};
use candle_mixup::split::Strata;
use scheduling::{checked, plan, scheduler};

const BATCH: [u32; 6] = [9, 3, 40, 12, 1, 63];

#[test]
fn every_purpose_has_its_own_pinned_stream() {
    let purposes = [
        Purpose::Apply,
        Purpose::Site,
        Purpose::Weight,
        Purpose::Partner,
        Purpose::Split,
        Purpose::Order,
        Purpose::Init,
        Purpose::Dropout,
        Purpose::Bootstrap,
        Purpose::Base,
        Purpose::Residue,
        Purpose::Tie,
        Purpose::Cluster,
        Purpose::Blend,
        Purpose::Mask,
        Purpose::Added,
        Purpose::Tree,
        Purpose::Augment,
        Purpose::Box,
        Purpose::Probe,
        Purpose::Text,
        Purpose::Span,
    ];
    let draws = purposes.map(|purpose| Stream::new(42, purpose, 7).next_u64());
    assert_eq!(
        draws,
        [
            5084496190662731320,
            18146212090457679262,
            486829259097584366,
            13955847339661014540,
            8272246400958988136,
            7420220490704417571,
            11523625621405259122,
            2885199045484442216,
            8140264858065701214,
            4627877418785888651,
            15141643649842141019,
            9613623178734074950,
            13434373838110838860,
            7346373194349557347,
            10401029820898440824,
            5379784678109318232,
            8512638489043015715,
            1769483707432313739,
            9114615079225970762,
            15687762271919882636,
            16389975594083574711,
            13076197783437048683
        ]
    );
}

#[test]
fn helpers_of_the_stream_are_pinned() {
    let mut stream = Stream::keyed(42, Purpose::Partner, 3, 7);
    assert_eq!(stream.unit(), 0.21947990444637833);
    let below = [0; 6].map(|_| stream.below(1000));
    assert_eq!(below, [269, 510, 379, 533, 22, 242]);
    assert_eq!(stream.permutation(8), [5, 6, 2, 0, 1, 4, 3, 7]);
}

/// λ of six rows at step 7. Logarithms may differ in their last bit from one system's libm to the next.
fn assert_weights(weight: &str, expected: [f64; 6]) {
    let scheduler = scheduler(&format!(r#"{{"weight": {weight}, "partner": "roll"}}"#), 10);
    let plan = plan(&scheduler, Clock::at(7, 10, 10), &BATCH);
    let drawn = plan.expect("mixed").pairs.weight().to_vec();
    let near = |(d, e): (&f64, &f64)| (d - e).abs() < 1e-13;
    assert!(drawn.iter().zip(&expected).all(near), "{drawn:?}");
}

#[test]
fn every_law_of_lambda_is_pinned() {
    assert_weights(
        r#"{"beta": 0.4}"#,
        [
            0.8825428533806818,
            0.7808419383266733,
            0.5231882431975293,
            0.26590940978088484,
            0.0019126399613051395,
            0.5324640050425942,
        ],
    );
    assert_weights(
        r#"{"beta": 2}"#,
        [
            0.3500063688246087,
            0.7467356404309963,
            0.30741916327007873,
            0.8257730971912323,
            0.22477347391305683,
            0.8403695980539656,
        ],
    );
    assert_weights(
        r#"{"beta": 1}"#,
        [
            0.9934525018526242,
            0.5108464752703434,
            0.23142372872287298,
            0.015441160991918997,
            0.1429622383069037,
            0.797399679034903,
        ],
    );
    assert_weights(
        r#"{"beta": [60, 1.5]}"#,
        [
            0.9769104488675272,
            0.993286187023089,
            0.9657535894980769,
            0.9879508373769458,
            0.9473182629918823,
            0.9969042790404435,
        ],
    );
    assert_weights(
        r#"{"uniform": [0.25, 0.75]}"#,
        [
            0.2631955335085777,
            0.46868359797991105,
            0.25005085212567707,
            0.5879950976941819,
            0.36308717671187535,
            0.5872709647914056,
        ],
    );
}

/// The partners of six rows at step 7, and the rows loaded for them.
fn assert_partners(pairing: &str, partner: &[u32], loaded: &[u32]) {
    let scheduler = scheduler(&format!(r#"{{"partner": {pairing}}}"#), 10);
    let plan = plan(&scheduler, Clock::at(7, 10, 10), &BATCH).expect("mixed");
    assert_eq!(plan.pairs.partner(), partner, "{pairing}");
    assert_eq!(plan.loaded, loaded, "{pairing}");
}

#[test]
fn every_pairing_is_pinned() {
    assert_partners(r#""shuffle""#, &[5, 1, 3, 0, 2, 4], &[]);
    assert_partners(r#""derange""#, &[4, 5, 3, 0, 1, 2], &[]);
    assert_partners(r#""same-class""#, &[0, 4, 2, 3, 4, 2], &[]);
    assert_partners(r#""uniform""#, &[6, 7, 4, 8, 9, 10], &[48, 33, 13, 42, 21]);
    assert_partners(
        r#""class-balanced""#,
        &[6, 7, 8, 9, 10, 0],
        &[46, 0, 17, 5, 6],
    );
    assert_partners(
        r#"{"nearest": {"k": 3, "p": 0.5}}"#,
        &[6, 7, 8, 9, 1, 10],
        &[33, 4, 21, 13, 2],
    );
    assert_partners(
        r#"{"class-nearest": {"k": 2}}"#,
        &[6, 1, 7, 8, 9, 5],
        &[11, 42, 13, 2],
    );
    assert_partners(
        r#"{"kernel": {"bandwidth": 0.5}}"#,
        &[6, 7, 8, 9, 10, 11],
        &[49, 19, 32, 59, 41, 39],
    );
    assert_partners(r#"{"blocks": {"k": 3}}"#, &[3, 1, 5, 0, 4, 2], &[]);
}

/// The mask of the first two of six rows at step 7.
fn assert_masks(blend: &str, rows: [&str; 2]) {
    let json =
        format!(r#"{{"blend": {blend}, "sites": "embedding", "weight": {{"constant": 0.5}}}}"#);
    let plan = plan(&scheduler(&json, 10), Clock::at(7, 10, 10), &BATCH).expect("mixed");
    let written = serde_json::to_value(&plan.blend).expect("plain data");
    let own = &written["columns"]["own"];
    assert_eq!([&own[0], &own[1]], rows, "{blend}");
}

#[test]
fn every_mask_is_pinned() {
    assert_masks(r#""columns""#, ["001011", "010110"]);
    assert_masks(r#""feature-mask""#, ["011110", "101111"]);
    assert_masks(r#""hidden-mask""#, ["0111", "1010"]);
}

#[test]
fn choices_of_blends_and_added_rows_are_pinned() {
    let json = r#"{"blend": {"either": ["linear", "columns"]}, "sites": "input"}"#;
    let scheduler = scheduler(json, 16);
    let linear: String = (0..16)
        .map(|step| plan(&scheduler, Clock::at(step, 16, 10), &BATCH).expect("mixed"))
        .map(|plan| {
            if plan.blend == Blend::Linear {
                'l'
            } else {
                'c'
            }
        })
        .collect();
    assert_eq!(linear, "lllllccllcccclcl");
    let json = r#"{"mode": "balance", "partner": "same-class", "weight": {"constant": 0.5}}"#;
    let scheduler = scheduling::scheduler(json, 10);
    let plan = plan(&scheduler, Clock::at(7, 10, 10), &BATCH).expect("rows are added");
    assert_eq!(&plan.pairs.own()[6..], &[6, 8]);
    assert_eq!(&plan.pairs.partner()[6..], &[7, 9]);
    assert_eq!(plan.loaded, [6, 10, 27, 20]);
}

#[test]
fn sites_and_tosses_are_pinned() {
    let json = r#"{"sites": ["first", "hidden", "pooled"], "probability": 0.5}"#;
    let trace: String = scheduler(json, 40)
        .trace(10, 8)
        .iter()
        .map(|point| {
            point
                .site
                .map_or('-', |s| s.to_string().pop().expect("a name"))
        })
        .collect();
    assert_eq!(trace, "2--2-2-d21-32g23-1-1--g-g-d---1-g----1-1");
    let scheduler = scheduler(
        r#"{"apply": "row", "probability": 0.5, "partner": "derange"}"#,
        10,
    );
    let plan = plan(&scheduler, Clock::at(7, 10, 10), &BATCH).expect("mixed");
    let rows = plan.pairs.own().iter().zip(plan.pairs.partner());
    assert_eq!(
        rows.map(|(o, p)| o != p).collect::<Vec<_>>(),
        [true, false, false, true, false, false]
    );
}

/// The first three pairs of classes 1 and 2 of a table of small whole numbers, as (own, partner, weight).
fn assert_pairs(method: &str, one: [(u32, u32, f64); 3], two: [(u32, u32, f64); 3]) {
    let numbers: Vec<f64> = (0..95u32)
        .flat_map(|i| [f64::from(i * 37 % 101), f64::from(i * i * 29 % 97)])
        .collect();
    let classes: Vec<u32> = (0..95).map(|i| [1, 0, 2, 0, 0][i % 5]).collect();
    let strata = Strata {
        classes: &classes,
        names: &[],
    };
    let settings = Settings {
        method: Method::named(method).expect("a method"),
        seed: 42,
        ..Settings::default()
    };
    let rows = Rows::numeric(&numbers, 2).expect("rows");
    let sampler = settings.check().expect("settings");
    let balanced = sampler.run(&rows, strata).expect(method);
    let first = |made: &Made| {
        let pairs = &made.recipe.pairs;
        [0, 1, 2].map(|r| (pairs.own()[r], pairs.partner()[r], pairs.weight()[r]))
    };
    let drawn: Vec<_> = balanced.made.iter().map(first).collect();
    assert_eq!(drawn, [one, two], "{method}");
}

#[test]
fn the_first_pairs_of_oversampling_are_pinned() {
    assert_pairs(
        "random",
        [(50, 50, 1.0), (70, 70, 1.0), (85, 85, 1.0)],
        [(2, 2, 1.0), (32, 32, 1.0), (47, 47, 1.0)],
    );
    assert_pairs(
        "smote",
        [
            (50, 20, 0.5449647287982142),
            (70, 90, 0.4563309588467277),
            (85, 80, 0.5123893704213257),
        ],
        [
            (2, 37, 0.8910855355265321),
            (32, 2, 0.342895302691402),
            (47, 82, 0.6643493249362772),
        ],
    );
    assert_pairs(
        "borderline2",
        [
            (55, 47, 0.7724823643991071),
            (70, 18, 0.7281654794233638),
            (85, 0, 0.5123893704213257),
        ],
        [
            (2, 32, 0.8910855355265321),
            (32, 2, 0.342895302691402),
            (42, 61, 0.8321746624681385),
        ],
    );
    assert_pairs(
        "adasyn",
        [
            (0, 55, 0.5449647287982142),
            (0, 80, 0.4563309588467277),
            (5, 35, 0.5123893704213257),
        ],
        [
            (2, 37, 0.8910855355265321),
            (2, 62, 0.342895302691402),
            (7, 77, 0.6643493249362772),
        ],
    );
}

#[test]
fn resuming_in_the_middle_equals_going_on() {
    for preset in presets() {
        let new = || checked(Schedule::preset(preset.name).expect("a preset"), 400, 2);
        let draw = |scheduler: &candle_mixup::schedule::Scheduler, step| {
            plan(scheduler, Clock::at(step, 400, 2), &BATCH)
        };
        let whole = new();
        let uninterrupted: Vec<_> = (0..400).map(|step| draw(&whole, step)).collect();
        for middle in [1, 137, 399] {
            let fresh = new();
            assert!((middle..400).all(|step| draw(&fresh, step) == uninterrupted[step as usize]));
        }
    }
}

#[test]
fn one_kind_of_draw_does_not_move_another() {
    let plan_of = |json: &str| {
        let plan = plan(&scheduler(json, 10), Clock::at(7, 10, 10), &BATCH).expect("mixed");
        (
            plan.site,
            plan.pairs.partner().to_vec(),
            plan.pairs.weight().to_vec(),
        )
    };
    let (site, partner, weight) = plan_of(r#"{"sites": ["first", "hidden"]}"#);
    let batch = plan_of(r#"{"sites": ["first", "hidden"], "grain": "batch"}"#);
    assert_eq!((batch.0, &batch.1), (site, &partner));
    assert_eq!(batch.2, [weight[0]; 6]);
    let tossed = plan_of(r#"{"sites": ["first", "hidden"], "probability": 0.999}"#);
    assert_eq!(tossed, (site, partner.clone(), weight.clone()));
    let elsewhere = plan_of(r#"{"sites": "pooled"}"#);
    assert_eq!((&elsewhere.1, &elsewhere.2), (&partner, &weight));
    let other_partner = plan_of(r#"{"sites": ["first", "hidden"], "partner": "roll"}"#);
    assert_eq!((other_partner.0, &other_partner.2), (site, &weight));
}

#[test]
fn boxes_and_the_choice_of_blends_are_pinned() {
    let json =
        r#"{"sites": "input", "blend": {"either": ["linear", {"blend": "box", "share": 3}]}}"#;
    let scheduler = scheduler(json, 10);
    let plans = (0..4).map(|step| {
        let plan = plan(&scheduler, Clock::at(step, 10, 10), &BATCH).expect("mixed");
        match plan.blend {
            candle_mixup::Blend::Box(boxes) => {
                let boxes = boxes.boxes().iter().map(|b| <[usize; 4]>::from(*b));
                boxes.collect::<Vec<_>>()
            }
            _ => Vec::new(),
        }
    });
    let cut: [&[[usize; 4]]; 4] = [
        &[
            [0, 0, 4, 4],
            [4, 6, 0, 0],
            [2, 2, 4, 6],
            [0, 0, 4, 6],
            [1, 6, 2, 3],
            [0, 6, 2, 3],
        ],
        &[
            [2, 6, 2, 2],
            [1, 4, 2, 4],
            [0, 5, 2, 4],
            [1, 0, 4, 3],
            [1, 4, 4, 5],
            [1, 0, 2, 3],
        ],
        &[],
        &[],
    ];
    assert_eq!(plans.collect::<Vec<_>>(), cut);
}

/// The plan of step 7 for texts of 3 to 22 tokens.
fn token_plan(json: &str) -> candle_mixup::MixPlan {
    plan(&scheduler(json, 10), Clock::at(7, 10, 10), &BATCH).expect("mixed")
}

#[test]
fn spans_and_residues_are_pinned() {
    let span = |rest: &str| {
        let json = format!(
            r#"{{"sites": "embedding", "partner": "roll", "blend": {{"span": {{"choice": "random", "ratio": 0.2{rest}}}}}}}"#
        );
        serde_json::to_string(&token_plan(&json).blend).expect("plain data")
    };
    assert_eq!(
        span(""),
        r#"{"span":[[[6,3,1]],[[3,6,1]],[[1,3,1]],[[6,2,1]],[[4,4,2]],[[4,9,1]]]}"#
    );
    assert_eq!(
        span(r#", "scattered": true"#),
        r#"{"span":[[[6,3,1]],[[3,6,1]],[[1,3,1]],[[6,2,1]],[[4,5,1],[6,6,1]],[[4,9,1]]]}"#
    );
    let residue = |rule: &str| {
        let json = format!(r#"{{"sites": "embedding", "residue": {rule}}}"#);
        serde_json::to_string(&token_plan(&json).residue).expect("plain data")
    };
    assert_eq!(
        residue(r#""neftune""#),
        r#"{"neftune":{"alpha":5.0,"key":15141643649842141019}}"#
    );
    assert_eq!(
        residue(r#"{"cutoff": {"ratio": 0.3}}"#),
        r#"{"cutoff":{"tokens":[[5],[4],[],[3,4],[1,2,3],[3]]}}"#
    );
    assert_eq!(
        residue(r#"{"cutoff": {"of": "tokens", "ratio": 0.2}}"#),
        r#"{"cutoff":{"tokens":[[5],[],[],[4],[1,3],[]]}}"#
    );
    assert_eq!(
        residue(r#"{"cutoff": {"of": "dimensions", "ratio": 0.2}}"#),
        r#"{"cutoff":{"dimensions":[[0,8],[0,11],[7,10],[4,5],[0,2],[1,8]]}}"#
    );
    let json = r#"{"sites": "embedding", "residue": "noise"}"#;
    let Some(candle_mixup::Residue::Noise {
        additive,
        multiplicative,
        key,
        rows: None,
    }) = token_plan(json).residue
    else {
        panic!("noise for all rows");
    };
    assert_eq!(key, 15141643649842141019);
    assert!((additive - 0.2130890183003914).abs() < 1e-13, "{additive}");
    assert!(
        (multiplicative - 0.05957437226387885).abs() < 1e-13,
        "{multiplicative}"
    );
}

/// What noise of key 5 adds to zeros, two rows of a token of three numbers each.
#[test]
fn noise_of_a_key_is_pinned() -> candle_mixup::Result<()> {
    use candle_core::{DType, Device, Tensor};
    use candle_mixup::{Flow, MixPlan, MixTap, Pairs, Residue, Site, Tap};
    let added = |residue: Residue, x: &Tensor| -> candle_mixup::Result<Vec<f32>> {
        let plan = MixPlan {
            site: Site::Embedding,
            pairs: Pairs::identity(2),
            blend: Blend::Linear,
            residue: Some(residue),
            loaded: vec![],
        };
        let out = MixTap::new(Some(&plan)).at(Site::Embedding, Flow::new(x.clone()))?;
        Ok(out.x.flatten_all()?.to_vec1()?)
    };
    let zeros = Tensor::zeros((2, 1, 3), DType::F32, &Device::Cpu)?;
    let noise = |additive, multiplicative| Residue::Noise {
        additive,
        multiplicative,
        key: 5,
        rows: None,
    };
    let neftune = Residue::Neftune {
        alpha: 1.0,
        key: 5,
        rows: None,
    };
    let near = |got: Vec<f32>, expected: [f32; 6]| {
        let close = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-6;
        assert!(got.iter().zip(&expected).all(close), "{got:?}");
    };
    near(
        added(noise(1.0, 0.0), &zeros)?,
        [
            -1.0630505, 0.42873308, 0.21277812, -0.6646508, -1.0281485, -0.3439929,
        ],
    );
    near(
        added(noise(0.0, 1.0), &zeros.ones_like()?)?,
        [
            0.46871236,
            0.026753763,
            1.3928983,
            1.8708911,
            0.31242654,
            1.3964235,
        ],
    );
    near(
        added(neftune, &zeros)?,
        [
            -0.44015202,
            0.30021286,
            0.21013339,
            -0.13077313,
            -0.42982385,
            -0.12878591,
        ],
    );
    Ok(())
}

#[test]
fn pairs_to_measure_between_are_pinned() {
    let rows: Vec<u32> = (10..16).collect();
    let pairs = candle_mixup::linearity::RowPairs::random(&rows, 4, 42).expect("six rows");
    assert_eq!(
        (pairs.own(), pairs.partner()),
        (&[13, 15, 10, 11][..], &[11, 11, 15, 15][..])
    );
}
