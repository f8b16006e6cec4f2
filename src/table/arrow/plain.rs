//! Dictionary columns as plain columns of their values.

use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, BooleanArray, LargeStringArray, PrimitiveArray,
    StringArray, StringViewArray,
};
use arrow_schema::{DataType, Field};

use crate::error::{Error, Result};

/// The array itself, or the values that its keys stand for.
pub(in super::super) fn plain(path: &Path, field: &Field, array: &ArrayRef) -> Result<ArrayRef> {
    if !matches!(array.data_type(), DataType::Dictionary(..)) {
        return Ok(array.clone());
    }
    let dictionary = array.as_any_dictionary();
    let values = dictionary.values();
    let keys = if values.is_empty() {
        Vec::new()
    } else {
        dictionary.normalized_keys()
    };
    let key = |i: usize| {
        let key = keys.get(i).copied();
        key.filter(|&k| array.is_valid(i) && values.is_valid(k))
    };
    taken(values, (0..array.len()).map(key)).ok_or_else(|| {
        Error::file(
            path,
            format!(
                "column '{}' is a dictionary of {}, which cannot be copied",
                field.name(),
                values.data_type()
            ),
        )
    })
}

fn taken(values: &ArrayRef, keys: impl Iterator<Item = Option<usize>>) -> Option<ArrayRef> {
    macro_rules! texts {
        ($values:expr, $array:ty) => {{
            let values = $values;
            Arc::new(keys.map(|k| k.map(|k| values.value(k))).collect::<$array>())
        }};
    }
    Some(match values.data_type() {
        DataType::Utf8 => texts!(values.as_string::<i32>(), StringArray),
        DataType::LargeUtf8 => texts!(values.as_string::<i64>(), LargeStringArray),
        DataType::Utf8View => texts!(values.as_string_view(), StringViewArray),
        DataType::Boolean => texts!(values.as_boolean(), BooleanArray),
        DataType::Int8 => primitive::<Int8Type>(values, keys),
        DataType::Int16 => primitive::<Int16Type>(values, keys),
        DataType::Int32 => primitive::<Int32Type>(values, keys),
        DataType::Int64 => primitive::<Int64Type>(values, keys),
        DataType::UInt8 => primitive::<UInt8Type>(values, keys),
        DataType::UInt16 => primitive::<UInt16Type>(values, keys),
        DataType::UInt32 => primitive::<UInt32Type>(values, keys),
        DataType::UInt64 => primitive::<UInt64Type>(values, keys),
        DataType::Float32 => primitive::<Float32Type>(values, keys),
        DataType::Float64 => primitive::<Float64Type>(values, keys),
        _ => return None,
    })
}

fn primitive<T: ArrowPrimitiveType>(
    values: &ArrayRef,
    keys: impl Iterator<Item = Option<usize>>,
) -> ArrayRef {
    let values = values.as_primitive::<T>();
    let cells = keys.map(|k| k.map(|k| values.value(k)));
    Arc::new(cells.collect::<PrimitiveArray<T>>())
}
