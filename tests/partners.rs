//! Partners by label kernel, by blocks and by class, and batches balanced with added rows.

mod scheduling;

use candle_mixup::Error;
use candle_mixup::random::{Purpose, Stream};
use candle_mixup::schedule::{
    Bandwidth, ClassIndex, Clock, KernelIndex, Points, Rows, Schedule, Scheduler,
};
use scheduling::pvalues::{LEAST_P, chi_square_p, ks_p};
use scheduling::{
    ROWS, TABLE_SITES, classes, neighbours, plan, points, run_for, scheduler, targets,
};

const DRAWS: usize = 40_000;
const BATCH: [u32; 8] = [9, 3, 40, 12, 1, 63, 22, 30];

/// The law of the partners of `row`, by the definition.
fn law(targets: &[f32], outputs: usize, bandwidth: f64, row: usize, exclude: bool) -> Vec<f64> {
    let y = |j: usize| &targets[j * outputs..][..outputs];
    let square = |j: usize| -> f64 {
        let both = y(row).iter().zip(y(j));
        both.map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2))
            .sum()
    };
    let rows = targets.len() / outputs;
    let log = |j: usize| match exclude && j == row {
        true => f64::NEG_INFINITY,
        false => -0.5 * (square(j).sqrt() / bandwidth).powi(2),
    };
    let most = (0..rows).map(log).fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = (0..rows).map(|j| (log(j) - most).exp()).collect();
    let total: f64 = weights.iter().sum();
    weights.into_iter().map(|w| w / total).collect()
}

/// The p-value of counts against a law: rows gathered until a group expects 20, a Pearson statistic by its normal
/// approximation (Wilson and Hilferty 1931). A row that the law excludes must not be drawn.
fn fits(counts: &[usize], law: &[f64]) -> bool {
    let draws = counts.iter().sum::<usize>() as f64;
    let (mut statistic, mut groups) = (0.0, 0.0);
    let (mut seen, mut expected) = (0.0, 0.0);
    let mut order: Vec<usize> = (0..law.len()).collect();
    order.sort_by(|&a, &b| law[b].total_cmp(&law[a]));
    for j in order {
        assert!(law[j] > 1e-15 || counts[j] == 0, "row {j} is out of reach");
        seen += counts[j] as f64;
        expected += law[j] * draws;
        if expected >= 20.0 {
            statistic += (seen - expected) * (seen - expected) / expected;
            groups += 1.0;
            (seen, expected) = (0.0, 0.0);
        }
    }
    let freedom: f64 = groups - 1.0;
    if freedom < 1.0 {
        return true;
    }
    let spread = 2.0 / (9.0 * freedom);
    let normal = ((statistic / freedom).cbrt() - (1.0 - spread)) / spread.sqrt();
    normal < 4.0
}

fn drawn(index: &KernelIndex, row: u32, exclude: bool, draws: usize) -> Vec<usize> {
    let mut counts = vec![0; index.len()];
    let mut stream = Stream::new(7, Purpose::Partner, u64::from(row));
    let rows = vec![row; draws];
    for partner in index.partners(&rows, exclude, &mut stream).expect("rows") {
        counts[partner as usize] += 1;
    }
    counts
}

/// Targets of several shapes, with a bandwidth.
fn sets() -> Vec<(&'static str, Vec<f32>, f64)> {
    let mut stream = Stream::new(3, Purpose::Split, 0);
    let mut many = |f: &dyn Fn(f64) -> f64| -> Vec<f32> {
        (0..600).map(|_| f(stream.unit()) as f32).collect()
    };
    let mut outlier = many(&|u| u);
    outlier[599] = 1e6;
    vec![
        ("uniform", many(&|u| u), 0.07),
        ("exponential", many(&|u| -(1.0 - u).ln()), 0.1),
        ("whole numbers", many(&|u| (u * 12.0).floor()), 1.5),
        ("an outlier", outlier, 0.05),
        ("wide", many(&|u| u), 1e9),
        ("narrow", many(&|u| (u * 5.0).floor()), 1e-300),
        ("steep", many(&|u| (u * 40.0).floor()), 0.21),
        ("groups", targets(), 0.4),
    ]
}

#[test]
fn the_kernel_draws_by_its_law() {
    for (name, targets, bandwidth) in sets() {
        let index = KernelIndex::new(&targets, 1, bandwidth).expect("an index");
        for row in [0, 17, targets.len() - 1] {
            for exclude in [false, true] {
                let counts = drawn(&index, row as u32, exclude, DRAWS);
                let law = law(&targets, 1, bandwidth, row, exclude);
                assert!(!exclude || counts[row] == 0, "{name}, row {row}");
                assert!(fits(&counts, &law), "{name}, row {row}, exclude {exclude}");
            }
        }
    }
}

#[test]
fn several_outputs_are_walked_to_the_same_law() {
    let flat: Vec<f32> = sets()[0].1.clone();
    let index = KernelIndex::new(&flat, 3, 0.3).expect("an index");
    for (row, exclude) in [(0, false), (5, true), (199, false)] {
        let counts = drawn(&index, row as u32, exclude, DRAWS);
        assert!(
            fits(&counts, &law(&flat, 3, 0.3, row, exclude)),
            "row {row}"
        );
    }
    // A column that says nothing changes the distances not at all.
    let line: Vec<f32> = flat[..200].to_vec();
    let padded: Vec<f32> = line.iter().flat_map(|&y| [y, 4.0]).collect();
    let index = KernelIndex::new(&padded, 2, 0.1).expect("an index");
    assert!(fits(
        &drawn(&index, 3, false, DRAWS),
        &law(&line, 1, 0.1, 3, false)
    ));
}

#[test]
fn a_far_outlier_is_its_own_partner_and_excluded_it_has_the_nearest() {
    let targets = [0.0, 1.0, 1.5, 100.0, 2.0];
    let index = KernelIndex::new(&targets, 1, 0.5).expect("an index");
    assert_eq!(drawn(&index, 3, false, 100)[3], 100);
    assert_eq!(
        drawn(&index, 3, true, 100)[4],
        100,
        "98 against 98.5 is 49 bandwidths squared"
    );
    let between = KernelIndex::new(&[0.0, 50.0, 100.0], 1, 0.5).expect("an index");
    let counts = drawn(&between, 1, true, DRAWS);
    assert!(counts[1] == 0 && chi_square_p(&[counts[0], counts[2]]) > LEAST_P);
    let alone = KernelIndex::new(&[3.0], 1, 0.5).expect("an index");
    assert_eq!(drawn(&alone, 0, true, 5), [5]);
}

#[test]
fn equal_targets_are_uniform() {
    let index = KernelIndex::new(&[2.5; 12], 1, 1e-9).expect("an index");
    assert!(chi_square_p(&drawn(&index, 4, false, DRAWS)) > LEAST_P);
    let mut others = drawn(&index, 4, true, DRAWS);
    assert_eq!(others.remove(4), 0);
    assert!(chi_square_p(&others) > LEAST_P);
}

#[test]
fn shifting_or_scaling_targets_with_their_bandwidth_changes_no_draw() {
    let whole: Vec<f32> = sets()[2].1.clone();
    let draws = |targets: &[f32], bandwidth| {
        let index = KernelIndex::new(targets, 1, bandwidth).expect("an index");
        let rows: Vec<u32> = (0..600).collect();
        let mut stream = Stream::new(1, Purpose::Partner, 0);
        index.partners(&rows, false, &mut stream).expect("rows")
    };
    let moved = |f: &dyn Fn(f32) -> f32| whole.iter().map(|&y| f(y)).collect::<Vec<f32>>();
    let plain = draws(&whole, 1.5);
    assert_eq!(draws(&moved(&|y| y + 4096.0), 1.5), plain);
    assert_eq!(draws(&moved(&|y| y * 8.0), 12.0), plain);
}

#[test]
fn an_index_refuses_what_has_no_kernel() {
    let error = |targets: &[f32], outputs, bandwidth| {
        let error = KernelIndex::new(targets, outputs, bandwidth).expect_err("no kernel");
        error.to_string()
    };
    for bandwidth in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let text = error(&[1.0], 1, bandwidth);
        assert_eq!(
            text,
            format!("bandwidth must be positive and finite, got {bandwidth}")
        );
    }
    assert!(error(&[1.0; 5], 2, 1.0).contains("rows of 2 values"));
    assert!(error(&[1.0], 0, 1.0).contains("rows of 0 values"));
    assert!(error(&[], 1, 1.0).contains("no targets"));
    let text = error(&[1.0, 2.0, 3.0, f32::NAN], 2, 1.0);
    assert_eq!(text, "the target of row 1 must be finite, got NaN");
    let index = KernelIndex::new(&[1.0, 2.0], 1, 1.0).expect("an index");
    let mut stream = Stream::new(1, Purpose::Partner, 0);
    assert!(matches!(
        index.draw(2, false, &mut stream),
        Err(Error::Shape { .. })
    ));
}

#[test]
fn the_automatic_bandwidth_is_a_tenth_of_the_spread() {
    let of = |targets: &[f32], outputs| Bandwidth::Auto.of(targets, outputs).expect("a number");
    assert!((of(&[1.0, 3.0, 1.0, 3.0], 1) - 0.1).abs() < 1e-15);
    assert!(
        (of(&[0.0, 0.0, 6.0, 8.0], 2) - 0.5).abs() < 1e-15,
        "variances 9 and 16"
    );
    assert_eq!(of(&[5.0; 4], 1), 1.0, "any number does");
    assert!(Bandwidth::Fixed(-1.0).of(&[1.0], 1).is_err());
}

#[test]
fn the_kernel_pairing_is_the_index() {
    let json = r#"{"sites": "input", "partner": {"kernel": {"bandwidth": 0.4}}}"#;
    let scheduler = scheduler(json, 2000);
    let law = law(&targets(), 1, 0.4, 40, false);
    let mut counts = vec![0; ROWS];
    for step in 0..2000 {
        let plan = plan(&scheduler, Clock::at(step, 2000, 10), &BATCH).expect("mixed");
        let partner = plan.pairs.partner()[2] as usize;
        let row = *BATCH
            .get(partner)
            .unwrap_or_else(|| &plan.loaded[partner - 8]);
        counts[row as usize] += 1;
    }
    assert!(fits(&counts, &law));
    let other = KernelIndex::new(&targets(), 1, 0.5).expect("an index");
    let rows = Rows {
        targets: Some(&other),
        ..Rows::new(&BATCH)
    };
    let error = scheduler
        .plan(Clock::at(0, 10, 10), rows)
        .expect_err("another bandwidth");
    assert!(
        error
            .to_string()
            .contains("bandwidth is 0.4, that of the targets' index 0.5")
    );
    let short = KernelIndex::new(&targets()[..20], 1, 0.4).expect("an index");
    let rows = Rows {
        targets: Some(&short),
        ..Rows::new(&BATCH)
    };
    let error = scheduler
        .plan(Clock::at(0, 10, 10), rows)
        .expect_err("20 targets");
    assert!(matches!(error, Error::Shape { .. }), "{error}");
}

fn blocks(k: usize) -> Scheduler {
    let json = format!(r#"{{"sites": "input", "partner": {{"blocks": {{"k": {k}}}}}}}"#);
    scheduler(&json, 400)
}

fn distance(points: &[f32], a: u32, b: u32) -> f64 {
    let point = |r: u32| &points[2 * r as usize..][..2];
    let both = point(a).iter().zip(point(b));
    both.map(|(x, y)| f64::from(x - y).powi(2))
        .sum::<f64>()
        .sqrt()
}

#[test]
fn blocks_are_a_shuffle_whose_blocks_are_matched_best() {
    let points = points();
    let batch: Vec<u32> = (0..23).map(|r| (r * 5 % 64) as u32).collect();
    let shuffle = scheduler(r#"{"sites": "input"}"#, 400);
    let one = blocks(1);
    let five = blocks(5);
    for step in 0..400 {
        let clock = Clock::at(step, 400, 10);
        let plain = plan(&shuffle, clock, &batch).expect("mixed");
        assert_eq!(
            plan(&one, clock, &batch).as_ref(),
            Some(&plain),
            "k = 1 is shuffle"
        );
        let matched = plan(&five, clock, &batch).expect("mixed");
        assert!(matched.pairs.is_permutation());
        for start in (0..23).step_by(5) {
            let places = start..23.min(start + 5);
            let of = |partners: &[u32]| {
                let mut partners = partners[places.clone()].to_vec();
                partners.sort_unstable();
                partners
            };
            let before = of(plain.pairs.partner());
            assert_eq!(
                before,
                of(matched.pairs.partner()),
                "the block keeps its partners"
            );
            let cost = |partners: &[u32]| -> f64 {
                let rows = places.clone().zip(partners);
                rows.map(|(r, &p)| distance(&points, batch[r], batch[p as usize]))
                    .sum()
            };
            let found = cost(&matched.pairs.partner()[places.clone()]);
            let best = permutations(&before)
                .iter()
                .map(|p| cost(p))
                .fold(f64::INFINITY, f64::min);
            assert!((found - best).abs() < 1e-9, "{found} {best}");
        }
    }
}

/// All orders of some partners.
fn permutations(items: &[u32]) -> Vec<Vec<u32>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let first = |i: usize| {
        let mut rest = items.to_vec();
        let item = rest.remove(i);
        permutations(&rest).into_iter().map(move |mut p| {
            p.push(item);
            p
        })
    };
    (0..items.len()).flat_map(first).collect()
}

#[test]
fn one_block_of_all_rows_pairs_each_with_itself() {
    let batch: Vec<u32> = (0..64).collect();
    // No row is nearer than the row itself, and a step of such pairs is plain.
    assert_eq!(plan(&blocks(64), Clock::at(3, 400, 10), &batch), None);
}

#[test]
fn blocks_need_the_point_of_every_row() {
    let clock = Clock::at(0, 400, 10);
    let values = [1.0; 20];
    let rows = Rows {
        points: Some(Points {
            values: &values,
            width: 2,
        }),
        ..Rows::new(&BATCH)
    };
    let error = blocks(4).plan(clock, rows).expect_err("ten points");
    assert!(matches!(error, Error::Shape { .. }), "{error}");
    let endless = [f32::INFINITY; 128];
    let rows = Rows {
        points: Some(Points {
            values: &endless,
            width: 2,
        }),
        ..Rows::new(&BATCH)
    };
    let error = blocks(4).plan(clock, rows).expect_err("no distance");
    assert!(matches!(error, Error::Data(_)), "{error}");
}

#[test]
fn class_nearest_partners_are_the_k_nearest_of_the_class() {
    // Row 9 has 10, 11, ... of class 1 next to it, of which row 11 is the last; row 3 ends class 0.
    let scheduler = scheduler(
        r#"{"partner": {"class-nearest": {"k": 2}}, "weight": {"constant": 0.5}}"#,
        8000,
    );
    let (mut nine, mut three) = (vec![0usize; ROWS], 0);
    for step in 0..8000 {
        let Some(plan) = plan(&scheduler, Clock::at(step, 8000, 10), &BATCH) else {
            continue;
        };
        let row = |place: u32| {
            let place = place as usize;
            *BATCH.get(place).unwrap_or_else(|| &plan.loaded[place - 8])
        };
        nine[row(plan.pairs.partner()[0]) as usize] += 1;
        three += usize::from(row(plan.pairs.partner()[1]) == 3);
    }
    assert_eq!(
        three, 8000,
        "no neighbour of its class is known: its own partner"
    );
    assert_eq!(nine[10] + nine[11], 8000);
    assert!(chi_square_p(&[nine[10], nine[11]]) > LEAST_P);
}

fn balance(rest: &str) -> Scheduler {
    scheduler(
        &format!(r#"{{"mode": "balance", "label": "own"{rest}}}"#),
        4000,
    )
}

/// The training row at a place of a plan.
fn row_of(plan: &candle_mixup::MixPlan, batch: &[u32], place: u32) -> u32 {
    let place = place as usize;
    *batch
        .get(place)
        .unwrap_or_else(|| &plan.loaded[place - batch.len()])
}

#[test]
fn a_balanced_batch_has_every_class_as_often() {
    let classes = classes();
    // Classes 1, 0, 3, 2, 0, 3, 2, 3: three of class 3.
    for (pairing, same) in [
        (r#""same-class""#, true),
        (r#"{"class-nearest": {"k": 5}}"#, true),
        (r#""uniform""#, false),
        (r#""class-balanced""#, false),
    ] {
        let scheduler = balance(&format!(
            r#", "partner": {pairing}, "weight": {{"uniform": [0, 1]}}"#
        ));
        let (mut own, mut lambda) = (vec![0usize; ROWS], Vec::new());
        for step in 0..4000 {
            let plan = plan(&scheduler, Clock::at(step, 4000, 10), &BATCH).expect("rows are added");
            assert_eq!(plan.pairs.len(), 12);
            let mut counts = [0usize; 4];
            for r in 0..12 {
                let o = row_of(&plan, &BATCH, plan.pairs.own()[r]);
                let p = row_of(&plan, &BATCH, plan.pairs.partner()[r]);
                counts[classes[o as usize] as usize] += 1;
                if let Some(&row) = BATCH.get(r) {
                    assert_eq!((o, p), (row, row), "plain rows go first");
                    assert_eq!(plan.pairs.weight()[r], 1.0);
                    continue;
                }
                own[o as usize] += 1;
                assert!(!same || classes[o as usize] == classes[p as usize]);
                assert_eq!(plan.pairs.label_weight()[r], 1.0);
                lambda.push(plan.pairs.weight()[r]);
            }
            assert_eq!(counts, [3; 4], "{pairing}");
        }
        for class in 0..3 {
            let of_class = (0..ROWS).filter(|&r| classes[r] == class).map(|r| own[r]);
            let of_class: Vec<usize> = of_class.collect();
            assert!(chi_square_p(&of_class) > LEAST_P, "{pairing}: {of_class:?}");
        }
        assert!(
            own[28..].iter().all(|&count| count == 0),
            "class 3 is complete"
        );
        assert!(ks_p(&lambda, |x| x) > LEAST_P, "{pairing}");
    }
}

#[test]
fn partners_of_added_rows_are_uniform_in_their_class() {
    let scheduler = balance(r#", "partner": "same-class""#);
    let mut counts = vec![0usize; ROWS];
    for step in 0..4000 {
        let plan = plan(&scheduler, Clock::at(step, 4000, 10), &BATCH).expect("rows are added");
        let partners = plan.pairs.partner()[8..].iter();
        partners.for_each(|&p| counts[row_of(&plan, &BATCH, p) as usize] += 1);
    }
    for class in [0..4, 4..12, 12..28] {
        assert!(chi_square_p(&counts[class]) > LEAST_P, "{counts:?}");
    }
}

#[test]
fn rows_added_for_a_class_that_the_batch_lacks_and_none_where_all_are_even() {
    let scheduler = balance(r#", "partner": "same-class""#);
    let clock = Clock::at(0, 4000, 10);
    let lacking = plan(&scheduler, clock, &[60, 61]).expect("rows are added");
    assert_eq!(lacking.pairs.len(), 8, "two of each class");
    assert_eq!(
        plan(&scheduler, clock, &[0, 4, 12, 28]),
        None,
        "one of each class"
    );
    let one = plan(&scheduler, clock, &[0]).expect("a batch of one row is balanced too");
    assert_eq!(one.pairs.len(), 4);
    // A class without training rows is none: only those that occur count.
    let classes: Vec<u32> = (0..ROWS as u32)
        .map(|r| if r < 32 { 0 } else { 3 })
        .collect();
    let rows = Rows {
        classes: Some(&classes),
        ..Rows::new(&[0, 1, 2])
    };
    let plan = scheduler
        .plan(clock, rows)
        .expect("a plan")
        .expect("rows are added");
    assert_eq!(plan.pairs.len(), 6);
}

#[test]
fn a_prepared_index_of_classes_changes_no_plan() {
    let (classes, neighbours) = (classes(), neighbours());
    let index = ClassIndex::new(&classes);
    for json in [
        r#"{"partner": "class-balanced"}"#,
        r#"{"mode": "balance", "partner": "same-class"}"#,
    ] {
        let scheduler = scheduler(json, 50);
        assert!(scheduler.draws_by_class());
        for step in 0..50 {
            let clock = Clock::at(step, 50, 10);
            let rows = Rows {
                classes: Some(&classes),
                by_class: Some(&index),
                neighbours: Some(&neighbours),
                ..Rows::new(&BATCH)
            };
            let prepared = scheduler.plan(clock, rows).expect("a plan");
            assert_eq!(prepared, plan(&scheduler, clock, &BATCH), "{json}");
        }
    }
}

#[test]
fn unmixed_added_rows_are_plain_copies() {
    let scheduler = balance(r#", "partner": "uniform", "apply": "row", "probability": 0.5"#);
    let (mut plain, mut added) = (0usize, 0usize);
    for step in 0..4000 {
        let Some(plan) = plan(&scheduler, Clock::at(step, 4000, 10), &BATCH) else {
            continue;
        };
        for r in 8..plan.pairs.len() {
            added += 1;
            let pairs = &plan.pairs;
            if pairs.weight()[r] == 1.0 {
                assert_eq!(pairs.own()[r], pairs.partner()[r]);
                plain += 1;
            }
        }
    }
    // Four rows are added a step; steps in which none of them is mixed stay plain and add nothing.
    let expected = (0.5 - 0.0625) / (1.0 - 0.0625);
    let share = plain as f64 / added as f64;
    assert!(
        (share - expected).abs() < 4.0 * (0.25 / added as f64).sqrt(),
        "{share}"
    );
}

#[test]
fn presets_for_tables_say_what_their_card_says() {
    let run = |name: &str| {
        let schedule = Schedule::preset(name).expect("a preset");
        let (sites, task) = run_for(&schedule, 100, 10);
        let checked = schedule.clone().check(&sites, &task).expect(name);
        (
            schedule.to_json(),
            checked.sites().to_vec(),
            checked.alpha(Clock::at(0, 100, 10)),
        )
    };
    for (name, sites, alpha, parts) in [
        (
            "pca",
            &TABLE_SITES[..1],
            Some(0.4),
            &[r#""share": 0.9"#, r#""swap": false"#][..],
        ),
        ("featmix", &TABLE_SITES[1..2], Some(0.5), &["feature-mask"]),
        (
            "hiddenmix",
            &TABLE_SITES[1..2],
            Some(0.5),
            &["hidden-mask", "drawn"],
        ),
        ("cutmix", &TABLE_SITES[..1], Some(1.0), &["columns"]),
        (
            "mixup-cutmix",
            &TABLE_SITES[..1],
            Some(1.0),
            &["either", "linear", "columns"],
        ),
        (
            "remix",
            &TABLE_SITES[1..2],
            Some(1.0),
            &["remix", r#""kappa": 3"#],
        ),
        (
            "mamix",
            &TABLE_SITES[1..2],
            Some(1.0),
            &["mamix", r#""omega": -0.25"#],
        ),
        (
            "balanced",
            &TABLE_SITES[1..2],
            Some(0.2),
            &["class-balanced"],
        ),
        (
            "cmixup",
            &TABLE_SITES[..1],
            Some(2.0),
            &["auto", r#""grain": "batch""#],
        ),
        (
            "kmixup",
            &TABLE_SITES[..1],
            Some(10.0),
            &[r#""k": 16"#, r#""grain": "batch""#],
        ),
        (
            "smote-batch",
            &TABLE_SITES[1..2],
            None,
            &["balance", r#""k": 5"#, "uniform", "own"],
        ),
        (
            "hidden-smote",
            &TABLE_SITES[2..5],
            None,
            &["balance", r#""k": 5"#, "uniform", "own"],
        ),
    ] {
        let (json, found, first) = run(name);
        assert_eq!((&found[..], first), (sites, alpha), "{name}");
        assert!(
            parts.iter().all(|part| json.contains(part)),
            "{name}: {json}"
        );
    }
}

#[test]
fn the_balanced_preset_gives_the_partner_beta_of_alpha_1() {
    let schedule = Schedule::preset("balanced").expect("a preset");
    let scheduler = scheduling::checked(schedule, 4000, 10);
    let mut weights = Vec::new();
    for step in 0..4000 {
        let plan = plan(&scheduler, Clock::at(step, 4000, 10), &BATCH).expect("mixed");
        weights.extend_from_slice(plan.pairs.weight());
    }
    assert!(ks_p(&weights, |w| 1.0 - (1.0 - w).powf(0.2)) > LEAST_P);
}
