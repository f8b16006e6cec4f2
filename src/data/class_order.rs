//! In which order classes stand.

/// Class names in order: by number where all are whole numbers, else by text.
pub(crate) fn class_order(mut names: Vec<String>) -> Vec<String> {
    if names.iter().all(|n| n.parse::<i64>().is_ok()) {
        names.sort_by_key(|n| (n.parse::<i64>().unwrap_or_default(), n.clone()));
    } else {
        names.sort();
    }
    names
}
