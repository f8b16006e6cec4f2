//! From arguments to the settings of an oversampler.

use anyhow::Result;
use candle_mixup::Error;
use candle_mixup::oversample::{
    Bases, Fallback, Like, Method, Metric, Scale, Settings, SmallClass,
};
use serde_json::{Map, Value, json};

use super::args::{
    BasesArg, DistanceArgs, FallbackArg, MethodArgs, MetricArg, OversampleArgs, ScaleArg,
    SmallClassArg, SpecialArgs,
};

/// The settings, with the method that suits the columns where none is named.
pub fn settings(args: &OversampleArgs, numbers: usize, categories: usize) -> Result<Settings> {
    let method = &args.method;
    let (metric, scale) = distance(&args.distance)?;
    Ok(Settings {
        method: named(method, numbers, categories)?,
        strategy: method.strategy.parse()?,
        metric,
        scale,
        bases: match method.bases {
            BasesArg::Random => Bases::Random,
            BasesArg::Even => Bases::Even,
        },
        small_class: match args.policies.small_class {
            SmallClassArg::Refuse => SmallClass::Refuse,
            SmallClassArg::ShrinkK => SmallClass::ShrinkK,
            SmallClassArg::Duplicate => SmallClass::Duplicate,
        },
        fallback: match args.policies.fallback {
            FallbackArg::Refuse => Fallback::Refuse,
            FallbackArg::Smote => Fallback::Smote,
        },
        like: match method.like {
            None => Like::Own,
            Some(_) => Like::Imblearn,
        },
        seed: method.seed,
    })
}

/// `standardised` is another word for Euclidean on standardised columns.
fn distance(args: &DistanceArgs) -> Result<(Metric, Scale)> {
    let scale = match args.scale {
        ScaleArg::None => Scale::None,
        ScaleArg::Standard => Scale::Standard,
        ScaleArg::Robust => Scale::Robust,
    };
    Ok(match (args.metric, scale) {
        (MetricArg::Euclidean, _) => (Metric::Euclidean, scale),
        (MetricArg::Manhattan, _) => (Metric::Manhattan, scale),
        (MetricArg::Cosine, _) => (Metric::Cosine, scale),
        (MetricArg::Standardised, Scale::Robust) => {
            let text =
                "--metric standardised divides by standard deviations, --scale robust does not";
            return Err(Error::Conflict(text.into()).into());
        }
        (MetricArg::Standardised, _) => (Metric::Euclidean, Scale::Standard),
    })
}

/// The method with the settings that were given; one that it does not have is refused by its flag.
fn named(args: &MethodArgs, numbers: usize, categories: usize) -> Result<Method> {
    let fitting = match (numbers, categories) {
        (_, 0) => "smote",
        (0, _) => "smoten",
        _ => "smotenc",
    };
    let name = args.method.as_deref().unwrap_or(fitting);
    let default = serde_json::to_value(Method::named(name)?)?;
    let known = default[name].as_object().cloned().unwrap_or_default();
    let mut given = Map::new();
    for (flag, field, value) in flags(args)? {
        if !known.contains_key(field) {
            let has: Vec<&str> = known.keys().map(String::as_str).collect();
            let has = match has.is_empty() {
                true => "none".into(),
                false => has.join(", "),
            };
            let text = format!("--{flag} is no setting of {name}; its settings: {has}");
            return Err(Error::Conflict(text).into());
        }
        given.insert(field.into(), value);
    }
    serde_json::from_value(json!({ name: given })).map_err(|e| {
        let problem = e.to_string();
        let what = "settings of the method";
        Error::Json { what, problem }.into()
    })
}

/// Flag, field and value of every setting that was given.
fn flags(args: &MethodArgs) -> Result<Vec<(&'static str, &'static str, Value)>> {
    let special: &SpecialArgs = &args.special;
    let count = |x: Option<usize>| x.map(Value::from);
    let word = |x: &Option<String>| x.clone().map(Value::from);
    let weight = special.weight.as_deref().map(law).transpose()?;
    let label = special.soft_label.as_deref().map(label).transpose()?;
    let out_step = number("out-step", special.out_step)?;
    let all = [
        ("k", "k", count(args.k)),
        ("m", "m", count(args.m)),
        ("out-step", "out_step", out_step),
        ("clusters", "clusters", count(special.clusters)),
        ("selection", "selection", word(&special.selection)),
        ("topology", "topology", word(&special.topology)),
        ("levels", "levels", count(special.levels)),
        ("weight", "weight", weight),
        ("partner", "partner", word(&special.partner)),
        ("soft-label", "label", label),
        ("fold", "fold", special.fold.map(Value::from)),
    ];
    let numbers = [
        ("shrinkage", special.shrinkage),
        ("threshold", special.threshold),
        ("exponent", special.exponent),
        ("truncation", special.truncation),
        ("deformation", special.deformation),
        ("theta", special.theta),
    ];
    let mut given = Vec::new();
    for (flag, field, value) in all {
        given.extend(value.map(|value| (flag, field, value)));
    }
    for (flag, x) in numbers {
        given.extend(number(flag, x)?.map(|value| (flag, flag, value)));
    }
    Ok(given)
}

/// A number as JSON, which has no NaN and no infinity.
fn number(flag: &str, x: Option<f64>) -> Result<Option<Value>> {
    match x {
        Some(x) if !x.is_finite() => {
            Err(Error::setting(format!("--{flag}"), "a finite number", x).into())
        }
        x => Ok(x.map(Value::from)),
    }
}

/// `beta:0.4`, `beta:60,1.5`, `uniform`, `uniform:0,0.5`, `constant:0.5`.
fn law(text: &str) -> Result<Value> {
    let (name, numbers) = text.split_once(':').unwrap_or((text, ""));
    let numbers: Result<Vec<f64>, _> = numbers
        .split(',')
        .filter(|n| !n.is_empty())
        .map(str::parse)
        .collect();
    Ok(match (name, numbers.as_deref()) {
        ("uniform", Ok([])) => json!({ "uniform": [0.0, 1.0] }),
        ("uniform", Ok([low, high])) => json!({ "uniform": [low, high] }),
        ("beta", Ok([alpha])) => json!({ "beta": alpha }),
        ("beta", Ok([a, b])) => json!({ "beta": [a, b] }),
        ("constant", Ok([value])) => json!({ "constant": value }),
        _ => {
            let expected = "uniform, uniform:LOW,HIGH, beta:ALPHA, beta:A,B or constant:VALUE";
            return Err(Error::setting("--weight", expected, format!("'{text}'")).into());
        }
    })
}

fn label(text: &str) -> Result<Value> {
    Ok(match text {
        "own" | "same" => Value::from(text),
        "remix" | "mamix" => json!({ text: {} }),
        _ => {
            let expected = "own, same, remix or mamix";
            return Err(Error::setting("--soft-label", expected, format!("'{text}'")).into());
        }
    })
}
