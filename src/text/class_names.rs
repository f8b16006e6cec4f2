//! Class names in a `config.json`, as Hugging Face keeps them.

use serde_json::{Map, Value, json};

/// Writes `id2label`, `label2id` and, where there is one, `problem_type`.
pub(super) fn write(config: &mut Map<String, Value>, classes: &[String], problem: Option<&str>) {
    let by_id: Map<String, Value> = (0..)
        .zip(classes)
        .map(|(id, class): (u32, _)| (id.to_string(), json!(class)))
        .collect();
    let by_class: Map<String, Value> = (0..)
        .zip(classes)
        .map(|(id, class): (u32, _)| (class.clone(), json!(id)))
        .collect();
    config.insert("id2label".into(), by_id.into());
    config.insert("label2id".into(), by_class.into());
    match problem {
        Some(problem) => config.insert("problem_type".into(), problem.into()),
        None => config.shift_remove("problem_type"),
    };
}

/// What Hugging Face calls one class a row, or several.
pub(super) fn problem(several: bool) -> Option<&'static str> {
    Some(match several {
        true => "multi_label_classification",
        false => "single_label_classification",
    })
}

/// The classes in the order of their ids; `None` where `id2label` is missing or has gaps.
pub(super) fn read(config: &Map<String, Value>) -> Option<Vec<String>> {
    let by_id = config.get("id2label")?.as_object()?;
    (0..by_id.len())
        .map(|id| Some(by_id.get(&id.to_string())?.as_str()?.to_owned()))
        .collect()
}
