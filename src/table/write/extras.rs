//! Columns that are written behind those of the file.

/// A column behind those of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extra {
    /// Its name.
    pub name: String,
    /// What its cells are.
    pub kind: ExtraKind,
}

/// What the cells of an extra column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtraKind {
    /// 0 in rows of the file and 1 in synthetic ones; a chunk brings no values for it.
    Flag,
    /// Numbers of rows, empty in rows of the file.
    Row,
    /// Numbers, empty in rows of the file.
    Number,
    /// Texts, empty in rows of the file.
    Text,
}

/// Where a synthetic row is from: `_synthetic`, and for the pair it was made of `_own`, `_partner` and `_weight`.
pub fn provenance() -> Vec<Extra> {
    [
        ("_synthetic", ExtraKind::Flag),
        ("_own", ExtraKind::Row),
        ("_partner", ExtraKind::Row),
        ("_weight", ExtraKind::Number),
    ]
    .map(|(name, kind)| Extra {
        name: name.into(),
        kind,
    })
    .into()
}
