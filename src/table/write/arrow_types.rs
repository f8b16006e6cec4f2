//! The Arrow types of an output's columns.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema as ArrowSchema, SchemaRef};

use super::super::kind::{Kind, Role};
use super::super::schema::{Column, Schema};
use super::extras::{Extra, ExtraKind};

/// The schema of an output whose rows come from Parquet or Arrow: the file's own, dictionaries as their values, nullable
/// where synthetic rows may be empty, extra columns at the end.
pub(super) fn of_arrow(stored: &ArrowSchema, schema: &Schema, extras: &[Extra]) -> SchemaRef {
    let field = |(field, column): (&Arc<Field>, &Column)| {
        let plain = match field.data_type() {
            DataType::Dictionary(_, value) => value.as_ref().clone(),
            plain => plain.clone(),
        };
        let empty = column.role == Role::Ignored || column.missing > 0;
        let nullable = field.is_nullable() || empty;
        Field::new(field.name(), plain, nullable).with_metadata(field.metadata().clone())
    };
    let mut fields: Vec<Field> = stored
        .fields()
        .iter()
        .zip(&schema.columns)
        .map(field)
        .collect();
    fields.extend(extras.iter().map(extra_field));
    Arc::new(ArrowSchema::new_with_metadata(
        fields,
        stored.metadata().clone(),
    ))
}

/// The schema of an output whose rows come from text.
pub(super) fn of_text(schema: &Schema, extras: &[Extra]) -> SchemaRef {
    let field = |column: &Column| {
        let stored = match (column.role, column.kind) {
            (Role::Label, kind) => label_type(column, kind),
            (_, Kind::Integer) => DataType::Int64,
            (_, Kind::Float32 | Kind::Float64) => DataType::Float64,
            (_, Kind::Boolean | Kind::Categorical | Kind::Other) => DataType::Utf8,
        };
        Field::new(&column.name, stored, column.role != Role::Label)
    };
    let mut fields: Vec<Field> = schema.columns.iter().map(field).collect();
    fields.extend(extras.iter().map(extra_field));
    Arc::new(ArrowSchema::new(fields))
}

/// Numbers, unless classes that are written differently would become one.
fn label_type(column: &Column, kind: Kind) -> DataType {
    let names = || column.categories.iter().map(|c| c.name.as_str());
    let whole = |name: &str| name.parse::<i64>().is_ok_and(|n| n.to_string() == name);
    let values: Vec<Option<f64>> = names().map(|n| n.trim().parse().ok()).collect();
    let distinct = values.windows(2).all(|pair| pair[0] != pair[1]);
    match kind {
        Kind::Integer if names().all(whole) => DataType::Int64,
        Kind::Float64 if distinct && values.iter().all(Option::is_some) => DataType::Float64,
        _ => DataType::Utf8,
    }
}

fn extra_field(extra: &Extra) -> Field {
    let (stored, nullable) = match extra.kind {
        ExtraKind::Flag => (DataType::Int8, false),
        ExtraKind::Row => (DataType::UInt32, true),
        ExtraKind::Number => (DataType::Float64, true),
        ExtraKind::Text => (DataType::Utf8, true),
    };
    Field::new(&extra.name, stored, nullable)
}
