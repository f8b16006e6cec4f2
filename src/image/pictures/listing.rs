//! Which pictures lie in a folder, of which class and which part.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::image::read::Labels;

/// The files of a set, in the order of its rows.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub files: Vec<PathBuf>,
    /// A place in `classes` for each file; none where classes are not asked for and do not lie there.
    pub labels: Vec<u32>,
    pub classes: Vec<String>,
    /// Where the set's own test part begins.
    pub first_test: Option<usize>,
}

const TRAIN: &str = "train";
const TEST: &str = "test";

/// Whether a file is called as a picture is.
pub(in crate::image) fn is_picture(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    ["png", "jpg", "jpeg"].contains(&extension.to_lowercase().as_str())
}

impl Listing {
    pub fn of(path: &Path, labels: Labels) -> Result<Self> {
        if !path.is_dir() {
            return Ok(Self {
                files: vec![path.into()],
                ..Self::default()
            });
        }
        let inside = Inside::of(path)?;
        let folders: Vec<&str> = inside.folders.iter().map(|f| f.0.as_str()).collect();
        let mut listing = Self::default();
        match (labels, folders.as_slice()) {
            (Labels::Ignored, []) => listing.files = pictures(&inside)?,
            (_, [TEST, TRAIN]) => {
                listing.add_classes(&path.join(TRAIN))?;
                listing.first_test = Some(listing.files.len());
                listing.add_classes(&path.join(TEST))?;
            }
            _ => listing.add_classes(path)?,
        }
        Ok(listing)
    }

    /// The pictures of each folder in this one, which is their class. A class of a test part must be one of the
    /// training part.
    fn add_classes(&mut self, path: &Path) -> Result<()> {
        let inside = Inside::of(path)?;
        if let Some(stray) = inside.files.iter().find(|f| is_picture(f)) {
            let problem = "lies beside the folders of the classes: each picture lies in the folder of its class";
            return Err(Error::file(stray, problem));
        }
        if inside.folders.is_empty() {
            return Err(Error::file(path, "has no folders of classes"));
        }
        for (class, folder) in inside.folders {
            let label = match self.classes.iter().position(|c| *c == class) {
                Some(label) => label,
                None if self.first_test.is_some() => {
                    let problem = format!(
                        "holds a class that is not in {TRAIN}: {}",
                        self.classes.join(", ")
                    );
                    return Err(Error::file(folder, problem));
                }
                None => {
                    self.classes.push(class);
                    self.classes.len() - 1
                }
            };
            let files = pictures(&Inside::of(&folder)?)?;
            self.labels.extend(files.iter().map(|_| label as u32));
            self.files.extend(files);
        }
        Ok(())
    }
}

/// The files of a folder, all of which must be pictures.
fn pictures(inside: &Inside) -> Result<Vec<PathBuf>> {
    if let Some((_, folder)) = inside.folders.first() {
        let problem = "is a folder where only pictures belong: a set is a folder for each class, or the folders train and \
            test with such";
        return Err(Error::file(folder, problem));
    }
    if let Some(stray) = inside.files.iter().find(|f| !is_picture(f)) {
        return Err(Error::file(
            stray,
            "is no picture: .png, .jpg and .jpeg are read",
        ));
    }
    match inside.files.is_empty() {
        true => Err(Error::file(
            &inside.path,
            "is an empty folder: it has no pictures",
        )),
        false => Ok(inside.files.clone()),
    }
}

/// What lies in a folder, hidden files aside, sorted by name; links count as what they lead to.
struct Inside {
    path: PathBuf,
    folders: Vec<(String, PathBuf)>,
    files: Vec<PathBuf>,
}

impl Inside {
    fn of(path: &Path) -> Result<Self> {
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(path).map_err(Error::io(path))? {
            names.insert(entry.map_err(Error::io(path))?.file_name());
        }
        let mut inside = Self {
            path: path.into(),
            folders: Vec::new(),
            files: Vec::new(),
        };
        for name in names {
            let full = path.join(&name);
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            match fs::metadata(&full).map_err(Error::io(&full))?.is_dir() {
                false => inside.files.push(full),
                true => {
                    let name = name.into_string();
                    let name = name.map_err(|_| Error::file(&full, "its name is not UTF-8"))?;
                    inside.folders.push((name, full));
                }
            }
        }
        Ok(inside)
    }
}
