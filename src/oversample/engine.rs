//! The template of every method: count, pairs, blend, join.

use super::method::Method;
use super::methods;
use super::needs::Takes;
use super::neighbours::{Progress, Space};
use super::recipe::Recipe;
use super::rows::{Real, Rows};
use super::scene::Scene;
use super::settings::{Fallback, Like, Settings, SmallClass};
use crate::error::{Error, Result};
use crate::split::Strata;

/// Checked settings: makes synthetic rows.
///
/// ```
/// use candle_mixup::oversample::{Rows, Settings};
/// use candle_mixup::split::Strata;
///
/// let numbers = [0.0, 1.0, 2.0, 3.0, 10.0, 10.5, 11.5, 13.0, 20.0, 21.0];
/// let classes = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1];
/// let rows = Rows::numeric(&numbers, 1)?;
/// let names = ["usual", "rare"].map(String::from);
/// let strata = Strata { classes: &classes, names: &names };
/// let settings = Settings { method: candle_mixup::oversample::Method::Smote { k: 2 }, ..Settings::default() };
/// let balanced = settings.check()?.run(&rows, strata)?;
/// assert_eq!(balanced.len(), 2); // 6 usual rows, so 2 more rare ones
/// assert!(balanced.numbers(&rows)?.iter().all(|x| (11.5..=21.0).contains(x)));
/// # Ok::<(), candle_mixup::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Oversampler {
    pub(super) settings: Settings,
}

/// The synthetic rows of every class that grew, in ascending order of classes. The rows they were made from are not in
/// it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Balanced {
    /// A recipe a class.
    pub made: Vec<Made>,
    /// What a reader should know.
    pub notes: Vec<Note>,
}

/// The synthetic rows of one class.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// The class.
    pub class: u32,
    /// How its rows are made.
    pub recipe: Recipe,
}

/// Something that was done otherwise than asked, by a policy of the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// A class had fewer than k + 1 rows.
    Shrunk {
        /// The class's name.
        class: String,
        /// Its rows.
        rows: usize,
        /// The k that was asked for; one less than the rows was taken.
        k: usize,
    },
    /// A class of one row was duplicated.
    Duplicated {
        /// The class's name.
        class: String,
    },
    /// The total was missed, as imbalanced-learn's rounding does.
    Missed {
        /// The class's name.
        class: String,
        /// Rows asked for.
        asked: usize,
        /// Rows made.
        made: usize,
    },
    /// The method found no row to start from, and SMOTE was used.
    FellBack {
        /// The class's name.
        class: String,
        /// Why.
        reason: String,
    },
}

impl Oversampler {
    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Balances `rows` by the strategy of the settings.
    ///
    /// # Errors
    /// Those of [`Strategy::to_make`](super::Strategy::to_make) and of [`Oversampler::make`].
    pub fn run<T: Real>(&self, rows: &Rows<'_, T>, strata: Strata<'_>) -> Result<Balanced> {
        check_classes(rows, strata)?;
        let classes = strata.classes.iter().map(|&c| c as usize + 1).max();
        let mut counts = vec![0usize; classes.unwrap_or(0).max(strata.names.len())];
        for &class in strata.classes {
            counts[class as usize] += 1;
        }
        let to_make = self
            .settings
            .strategy
            .to_make(&counts, strata.names, self.settings.like)?;
        self.make(rows, strata, &to_make, &())
    }

    /// Makes `to_make[c]` rows of each class c, whatever the strategy says.
    ///
    /// # Errors
    /// [`Error::Shape`] if rows and classes differ in number, [`Error::Data`] for a class number beyond both
    /// names and rows or a classifier that cannot be trained, [`Error::Unsupported`] for columns that the method does
    /// not take, [`Error::Value`] for a number beyond ±1e152 where distances are measured, [`Error::Setting`] for more
    /// neighbours or clusters than there are rows, [`Error::ClassTooSmall`], [`Error::NoBase`], [`Error::Interrupted`].
    pub fn make<T: Real>(
        &self,
        rows: &Rows<'_, T>,
        strata: Strata<'_>,
        to_make: &[usize],
        progress: &dyn Progress,
    ) -> Result<Balanced> {
        check_classes(rows, strata)?;
        check_columns(&self.settings.method, rows.width(), rows.categories())?;
        if self.settings.method.measures() {
            rows.check_measurable()?;
        }
        let space = Space::new(*rows, self.settings.metric, self.settings.scale);
        let mut balanced = Balanced::default();
        let members = members(strata.classes, to_make);
        for (class, members) in members.iter().enumerate() {
            let count = to_make[class];
            if count == 0 {
                continue;
            }
            let scene = Scene {
                rows: *rows,
                strata,
                class: class as u32,
                members,
                to_make,
                settings: &self.settings,
                space: &space,
                progress,
            };
            let recipe = grow(&scene, count, &mut balanced.notes)?;
            note_total(&scene, count, recipe.len(), &mut balanced.notes);
            balanced.made.push(Made {
                class: scene.class,
                recipe,
            });
        }
        Ok(balanced)
    }
}

/// The rows of each class that grows, ascending; none of the others.
fn members(classes: &[u32], to_make: &[usize]) -> Vec<Vec<u32>> {
    let mut members = vec![Vec::new(); to_make.len()];
    for (i, &class) in classes.iter().enumerate() {
        if to_make.get(class as usize).is_some_and(|&n| n > 0) {
            members[class as usize].push(i as u32);
        }
    }
    members
}

/// Totals are exact; only imbalanced-learn's rounding may miss one, and then a note says so.
fn note_total<T: Real>(scene: &Scene<'_, T>, asked: usize, made: usize, notes: &mut Vec<Note>) {
    if asked == made {
        return;
    }
    assert_eq!(
        scene.settings.like,
        Like::Imblearn,
        "{} made {made} of {asked} rows",
        scene.settings.method.name()
    );
    notes.push(Note::Missed {
        class: scene.name(),
        asked,
        made,
    });
}

/// The rows of one class, by the method or by what the policies put in its place.
fn grow<T: Real>(scene: &Scene<'_, T>, count: usize, notes: &mut Vec<Note>) -> Result<Recipe> {
    let settings = scene.settings;
    let method = fit(scene, &settings.method, notes)?;
    match methods::recipe(&method, scene, count) {
        Err(Error::NoBase { class, reason, .. }) if settings.fallback == Fallback::Smote => {
            let k = method.smote_k();
            notes.push(Note::FellBack { class, reason });
            let smote = fit(scene, &Method::Smote { k }, notes)?;
            methods::recipe(&smote, scene, count)
        }
        recipe => recipe,
    }
}

/// The method with a k that the class has rows for, by the policy of the settings.
fn fit<T: Real>(scene: &Scene<'_, T>, method: &Method, notes: &mut Vec<Note>) -> Result<Method> {
    let rows = scene.members.len();
    let k = method.neighbours().unwrap_or(0);
    let class = scene.name();
    let duplicated = rows == 1 && scene.settings.small_class == SmallClass::Duplicate;
    if rows > k && rows > 0 && !(duplicated && method.measures()) {
        return Ok(method.clone());
    }
    match (scene.settings.small_class, rows) {
        (SmallClass::Duplicate, 1) => {
            notes.push(Note::Duplicated { class });
            Ok(Method::Random {})
        }
        (SmallClass::ShrinkK | SmallClass::Duplicate, 2..) => {
            notes.push(Note::Shrunk { class, rows, k });
            Ok(method.with_neighbours(rows - 1))
        }
        (small_class, _) => Err(Error::ClassTooSmall {
            class,
            rows,
            needed: match small_class {
                SmallClass::Refuse => k + 1,
                _ => (k + 1).min(2),
            },
            purpose: match method.has_k() {
                false => method.name().into(),
                true => format!("{} with k = {k}", method.name()),
            },
        }),
    }
}

fn check_classes<T: Real>(rows: &Rows<'_, T>, strata: Strata<'_>) -> Result<()> {
    if rows.len() != strata.classes.len() || u32::try_from(rows.len()).is_err() {
        return Err(Error::Shape {
            what: "classes".into(),
            expected: format!(
                "one for each of the {} rows, at most {}",
                rows.len(),
                u32::MAX
            ),
            got: strata.classes.len().to_string(),
        });
    }
    // Work and memory go by the largest class number: one from elsewhere, such as a label used as it is, must not pass.
    let most = strata.names.len().max(rows.len());
    match strata.classes.iter().position(|&c| c as usize >= most) {
        None => Ok(()),
        Some(row) => Err(Error::Data(format!(
            "row {row} is of class {}: classes are numbered from 0, below {most}",
            strata.classes[row]
        ))),
    }
}

fn check_columns(method: &Method, numbers: usize, categories: usize) -> Result<()> {
    let what = match (method.takes(), numbers, categories) {
        (_, 0, 0) => "a table without columns",
        (Takes::Numbers, _, 1..) => {
            "categories; smotenc takes them beside numbers, smoten alone, and random any column"
        }
        (Takes::Categories, 1.., _) => "numbers; smotenc takes them beside categories",
        (Takes::Both, 0, _) => "categories alone; smoten does",
        (Takes::Both, _, 0) => "numbers alone; smote does",
        _ => return Ok(()),
    };
    Err(Error::Unsupported {
        op: method.name(),
        what: what.into(),
    })
}

impl Balanced {
    /// Number of synthetic rows.
    pub fn len(&self) -> usize {
        self.made.iter().map(|m| m.recipe.len()).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The numbers of all synthetic rows, `[len, width]`.
    ///
    /// # Errors
    /// [`Error::Pairs`] if `rows` are not those the recipes were made for.
    pub fn numbers<T: Real>(&self, rows: &Rows<'_, T>) -> Result<Vec<T>> {
        if let [only] = &self.made[..] {
            return only.recipe.numbers(rows, 0..only.recipe.len());
        }
        let mut all = Vec::with_capacity(self.len() * rows.width());
        for made in &self.made {
            all.extend(made.recipe.numbers(rows, 0..made.recipe.len())?);
        }
        Ok(all)
    }

    /// The category codes of all synthetic rows, `[len, categories]`.
    ///
    /// # Errors
    /// As [`Balanced::numbers`].
    pub fn codes<T: Real>(&self, rows: &Rows<'_, T>) -> Result<Vec<u32>> {
        let mut all = Vec::with_capacity(self.len() * rows.categories());
        for made in &self.made {
            all.extend(made.recipe.codes(rows, 0..made.recipe.len())?);
        }
        Ok(all)
    }

    /// The class of every synthetic row.
    pub fn classes(&self) -> Vec<u32> {
        let class = |m: &Made| std::iter::repeat_n(m.class, m.recipe.len());
        self.made.iter().flat_map(class).collect()
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Shrunk { class, rows, k } => write!(
                f,
                "class '{class}' has {rows} rows: k = {} instead of {k}",
                rows - 1
            ),
            Self::Duplicated { class } => {
                write!(f, "class '{class}' has one row, which was duplicated")
            }
            Self::Missed { class, asked, made } => {
                write!(
                    f,
                    "class '{class}': {made} rows made of {asked} asked for, by imbalanced-learn's rounding"
                )
            }
            Self::FellBack { class, reason } => {
                write!(f, "class '{class}': smote instead, since {reason}")
            }
        }
    }
}
