//! The cells of an Arrow array as numbers or as names.

use std::io::Write;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrowPrimitiveType};
use arrow_schema::DataType;

use super::super::kind::Kind;

/// What the cells of a type are; `None` for a type that no feature can have.
pub(in super::super) fn kind_of(stored: &DataType) -> Option<Kind> {
    match stored {
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => Some(Kind::Integer),
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => {
            Some(Kind::Integer)
        }
        DataType::Float32 => Some(Kind::Float32),
        DataType::Float64 => Some(Kind::Float64),
        DataType::Boolean => Some(Kind::Boolean),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Some(Kind::Categorical),
        DataType::Dictionary(_, value) => match value.as_ref() {
            DataType::Dictionary(..) => None,
            value => kind_of(value).map(|_| Kind::Categorical),
        },
        _ => None,
    }
}

/// Numbers of an array; what stands where a cell is null means nothing.
pub(in super::super) struct Numbers {
    pub values: Vec<f64>,
    /// Whether the type holds whole numbers only.
    pub whole: bool,
}

impl Numbers {
    /// `None` for an array that holds no numbers.
    pub fn of(array: &dyn Array) -> Option<Self> {
        let (values, whole) = match array.data_type() {
            DataType::Int8 => (values::<Int8Type>(array, f64::from), true),
            DataType::Int16 => (values::<Int16Type>(array, f64::from), true),
            DataType::Int32 => (values::<Int32Type>(array, f64::from), true),
            DataType::Int64 => (values::<Int64Type>(array, |x| x as f64), true),
            DataType::UInt8 => (values::<UInt8Type>(array, f64::from), true),
            DataType::UInt16 => (values::<UInt16Type>(array, f64::from), true),
            DataType::UInt32 => (values::<UInt32Type>(array, f64::from), true),
            DataType::UInt64 => (values::<UInt64Type>(array, |x| x as f64), true),
            DataType::Float32 => (values::<Float32Type>(array, f64::from), false),
            DataType::Float64 => (values::<Float64Type>(array, |x| x), false),
            _ => return None,
        };
        Some(Self { values, whole })
    }
}

fn values<T: ArrowPrimitiveType>(array: &dyn Array, to: impl Fn(T::Native) -> f64) -> Vec<f64> {
    let array = array.as_primitive::<T>();
    array.values().iter().map(|&x| to(x)).collect()
}

/// Shows each cell as text, `None` for null; false for a type whose cells have no text.
pub(in super::super) fn each_name(
    array: &dyn Array,
    mut visit: impl FnMut(usize, Option<&[u8]>),
) -> bool {
    if let DataType::Dictionary(..) = array.data_type() {
        return each_dictionary_name(array, &mut visit);
    }
    each_plain_name(array, &mut visit)
}

fn each_dictionary_name(array: &dyn Array, visit: &mut impl FnMut(usize, Option<&[u8]>)) -> bool {
    let array = array.as_any_dictionary();
    let mut names: Vec<Option<Vec<u8>>> = Vec::with_capacity(array.values().len());
    let known = each_plain_name(array.values().as_ref(), &mut |_, name| {
        names.push(name.map(<[u8]>::to_vec));
    });
    let keys = if names.is_empty() {
        Vec::new()
    } else {
        array.normalized_keys()
    };
    for i in 0..array.len() {
        let key = keys.get(i).filter(|_| array.is_valid(i));
        visit(i, key.and_then(|&k| names.get(k)?.as_deref()));
    }
    known
}

fn each_plain_name(array: &dyn Array, visit: &mut impl FnMut(usize, Option<&[u8]>)) -> bool {
    macro_rules! texts {
        ($array:expr) => {{
            let array = $array;
            for i in 0..array.len() {
                visit(i, array.is_valid(i).then(|| array.value(i).as_bytes()));
            }
        }};
    }
    macro_rules! numbers {
        ($kind:ty) => {{
            let array = array.as_primitive::<$kind>();
            let mut text = Vec::new();
            for i in 0..array.len() {
                text.clear();
                // Memory takes everything.
                let _ = write!(text, "{}", array.value(i));
                visit(i, array.is_valid(i).then_some(text.as_slice()));
            }
        }};
    }
    match array.data_type() {
        DataType::Utf8 => texts!(array.as_string::<i32>()),
        DataType::LargeUtf8 => texts!(array.as_string::<i64>()),
        DataType::Utf8View => texts!(array.as_string_view()),
        DataType::Boolean => {
            let array = array.as_boolean();
            for i in 0..array.len() {
                let name: &[u8] = if array.value(i) { b"true" } else { b"false" };
                visit(i, array.is_valid(i).then_some(name));
            }
        }
        DataType::Int8 => numbers!(Int8Type),
        DataType::Int16 => numbers!(Int16Type),
        DataType::Int32 => numbers!(Int32Type),
        DataType::Int64 => numbers!(Int64Type),
        DataType::UInt8 => numbers!(UInt8Type),
        DataType::UInt16 => numbers!(UInt16Type),
        DataType::UInt32 => numbers!(UInt32Type),
        DataType::UInt64 => numbers!(UInt64Type),
        DataType::Float32 => numbers!(Float32Type),
        DataType::Float64 => numbers!(Float64Type),
        _ => return false,
    }
    true
}
