//! Pairings, tosses and sites: as written, and as often as they should be.

mod scheduling;

use candle_mixup::Pairs;
use candle_mixup::schedule::Clock;
use scheduling::pvalues::{LEAST_P, chi_square_p};
use scheduling::{classes, plan, scheduler};

const DRAWS: usize = 20_000;

/// The partners of `batch` in 20,000 steps.
fn partners(json: &str, batch: &[u32], mut each: impl FnMut(&Pairs, &[u32])) {
    let scheduler = scheduler(json, DRAWS as u64);
    for step in 0..DRAWS as u64 {
        let plan = plan(&scheduler, Clock::at(step, DRAWS as u64, 10), batch);
        match plan {
            Some(plan) => each(&plan.pairs, &plan.loaded),
            // Where every row is its own partner the step is plain.
            None => each(&Pairs::identity(batch.len()), &[]),
        }
    }
}

const EIGHT: [u32; 8] = [9, 3, 40, 12, 1, 63, 22, 30];

#[test]
fn shuffle_is_a_uniform_permutation() {
    let (mut places, mut fixed) = ([0usize; 8], 0usize);
    partners(
        r#"{"weight": {"constant": 0.5}}"#,
        &EIGHT,
        |pairs, loaded| {
            assert!(pairs.is_permutation() && loaded.is_empty());
            places[pairs.partner()[0] as usize] += 1;
            fixed += pairs
                .own()
                .iter()
                .zip(pairs.partner())
                .filter(|(o, p)| o == p)
                .count();
        },
    );
    assert!(chi_square_p(&places) > LEAST_P, "{places:?}");
    let fixed = fixed as f64 / DRAWS as f64;
    assert!(
        (fixed - 1.0).abs() < 4.0 / (DRAWS as f64).sqrt(),
        "{fixed} fixed points"
    );
}

#[test]
fn derange_leaves_no_row_in_place_and_favours_none() {
    let mut seen = std::collections::BTreeMap::<Vec<u32>, usize>::new();
    partners(r#"{"partner": "derange"}"#, &EIGHT[..4], |pairs, _| {
        assert!(pairs.is_permutation());
        assert!(pairs.own().iter().zip(pairs.partner()).all(|(o, p)| o != p));
        *seen.entry(pairs.partner().to_vec()).or_default() += 1;
    });
    let counts: Vec<usize> = seen.into_values().collect();
    assert_eq!(counts.len(), 9, "four rows have nine derangements");
    assert!(chi_square_p(&counts) > LEAST_P, "{counts:?}");
    partners(r#"{"partner": "derange"}"#, &EIGHT[..2], |pairs, _| {
        assert_eq!(pairs.partner(), [1, 0]);
    });
}

#[test]
fn fixed_pairings_are_as_written() {
    for (name, even, odd) in [
        ("roll", [3, 0, 1, 2], [4, 0, 1, 2, 3]),
        ("flip", [3, 2, 1, 0], [4, 3, 2, 1, 0]),
        ("halves", [2, 3, 0, 1], [2, 3, 0, 1, 4]),
    ] {
        let scheduler = scheduler(&format!(r#"{{"partner": "{name}"}}"#), 10);
        let clock = Clock::at(0, 10, 10);
        let pairs = |n| plan(&scheduler, clock, &EIGHT[..n]).expect("mixed").pairs;
        assert_eq!(pairs(4).partner(), even, "{name}");
        assert_eq!(pairs(5).partner(), odd, "{name}");
        assert!(pairs(4).is_permutation() && pairs(5).is_permutation());
        for (r, (o, p)) in pairs(5).own().iter().zip(pairs(5).partner()).enumerate() {
            assert!(
                o != p || pairs(5).weight()[r] == 1.0,
                "{name}: the odd row stays plain"
            );
        }
        assert_eq!(pairs(2).partner(), [1, 0], "{name}");
    }
}

#[test]
fn same_class_stays_in_the_class_and_is_uniform() {
    // Classes 0, 0, 0, 0, 1, 1, 3: the last is alone.
    let batch = [0, 1, 2, 3, 4, 5, 60];
    let classes = classes();
    let (mut of_four, mut of_two) = ([0usize; 4], [0usize; 2]);
    partners(r#"{"partner": "same-class"}"#, &batch, |pairs, loaded| {
        assert!(loaded.is_empty());
        for (o, p) in pairs.own().iter().zip(pairs.partner()) {
            let class = |i: &u32| classes[batch[*i as usize] as usize];
            assert_eq!(class(o), class(p));
        }
        assert_eq!(pairs.partner()[6], 6);
        of_four[pairs.partner()[1] as usize] += 1;
        of_two[pairs.partner()[4] as usize - 4] += 1;
    });
    // The identity stands in for the plain steps, which are as likely as any other outcome.
    assert!(chi_square_p(&of_four) > LEAST_P, "{of_four:?}");
    assert!(chi_square_p(&of_two) > LEAST_P, "{of_two:?}");
}

/// The training rows that were the partners of `row` of the batch.
fn partner_rows(json: &str, batch: &[u32], row: usize) -> Vec<u32> {
    let mut rows = Vec::new();
    partners(json, batch, |pairs, loaded| {
        let n = batch.len();
        let partner = pairs.partner()[row] as usize;
        rows.push(if partner < n {
            batch[partner]
        } else {
            loaded[partner - n]
        });
        assert!(pairs.check_rows(n + loaded.len()).is_ok());
        assert!(
            loaded.iter().all(|l| !batch.contains(l)),
            "the batch's own rows are not loaded again"
        );
        let mut once = loaded.to_vec();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), loaded.len(), "each row is loaded once");
    });
    rows
}

fn count(rows: impl IntoIterator<Item = usize>, cells: usize) -> Vec<usize> {
    let mut counts = vec![0; cells];
    rows.into_iter().for_each(|row| counts[row] += 1);
    counts
}

#[test]
fn uniform_partners_come_from_the_whole_training_set() {
    let rows = partner_rows(r#"{"partner": "uniform"}"#, &EIGHT, 2);
    let counts = count(rows.iter().map(|&r| r as usize), 64);
    assert!(chi_square_p(&counts) > LEAST_P, "{counts:?}");
}

#[test]
fn class_balanced_partners_have_uniform_classes() {
    let rows = partner_rows(r#"{"partner": "class-balanced"}"#, &EIGHT, 5);
    let classes = classes();
    let counts = count(rows.iter().map(|&r| classes[r as usize] as usize), 4);
    assert!(chi_square_p(&counts) > LEAST_P, "{counts:?}");
    // Within the class of rows 4 to 11, too.
    let within = rows
        .iter()
        .filter(|r| (4..12).contains(*r))
        .map(|&r| r as usize - 4);
    assert!(chi_square_p(&count(within, 8)) > LEAST_P);
}

#[test]
fn nearest_partners_are_near_with_their_probability() {
    let near = |row: u32, k| move |partner: &&u32| (1..=k).contains(&((**partner + 64 - row) % 64));
    let rows = partner_rows(r#"{"partner": {"nearest": {"k": 3, "p": 0.7}}}"#, &EIGHT, 2);
    let share = rows.iter().filter(near(EIGHT[2], 3)).count() as f64 / DRAWS as f64;
    let expected = 0.7 + 0.3 * 3.0 / 64.0;
    assert!((share - expected).abs() < 4.0 * (expected * (1.0 - expected) / DRAWS as f64).sqrt());
    let rows = partner_rows(r#"{"partner": {"nearest": {"k": 5, "p": 1}}}"#, &EIGHT, 0);
    let counts = count(
        rows.iter().map(|&r| (r + 64 - EIGHT[0]) as usize % 64 - 1),
        5,
    );
    assert!(chi_square_p(&counts) > LEAST_P, "{counts:?}");
}

#[test]
fn rows_mixed_with_a_probability_of_their_own_follow_it() {
    let json = r#"{"apply": "row", "probability": 0.3, "partner": "derange"}"#;
    let mut mixed = 0usize;
    partners(json, &EIGHT, |pairs, _| {
        for r in 0..8 {
            let plain = pairs.own()[r] == pairs.partner()[r];
            assert!(!plain || (pairs.weight()[r] == 1.0 && pairs.label_weight()[r] == 1.0));
            mixed += usize::from(!plain);
        }
    });
    let (n, share) = (8.0 * DRAWS as f64, mixed as f64 / (8.0 * DRAWS as f64));
    assert!((share - 0.3).abs() < 4.0 * (0.21 / n).sqrt(), "{share}");
}

#[test]
fn sites_are_uniform_over_10_000_steps() {
    for (json, sites) in [
        (r#"{"sites": ["first", "hidden"]}"#, 4),
        (r#"{"sites": "hidden"}"#, 3),
        (r#"{"sites": "upper-hidden"}"#, 2),
    ] {
        let scheduler = scheduler(json, 10_000);
        assert_eq!(scheduler.sites().len(), sites);
        let drawn = (0..10_000).map(|step| {
            let plan = plan(&scheduler, Clock::at(step, 10_000, 10), &EIGHT);
            let site = plan.expect("mixed").site;
            scheduler
                .sites()
                .iter()
                .position(|s| *s == site)
                .expect("an eligible site")
        });
        let counts = count(drawn, sites);
        assert!(chi_square_p(&counts) > LEAST_P, "{counts:?}");
    }
}

#[test]
fn permuting_the_batch_permutes_the_law() {
    // The partner of training row 9 is as often row 3 wherever the two stand in the batch.
    let mut reversed = EIGHT;
    reversed.reverse();
    let share = |batch: &[u32]| {
        let at = batch.iter().position(|r| *r == 9).expect("in the batch");
        let rows = partner_rows(r#"{"weight": {"constant": 0.5}}"#, batch, at);
        rows.iter().filter(|r| **r == 3).count() as f64 / DRAWS as f64
    };
    let error = 4.0 * (2.0 * 0.125 * 0.875 / DRAWS as f64).sqrt();
    assert!((share(&EIGHT) - share(&reversed)).abs() < error);
}
