//! JSON schemas that are a list of answers: `enum` and `const` of scalars, `boolean`, `null`.
//!
//! OpenAI's `response_format` and vLLM's `guided_json` are JSON schemas. One that allows only some
//! scalars is a choice between their JSON texts, which the local engine can hold an answer to;
//! every other schema stays [`Shape::Json`], for targets that understand it.

use serde::Deserialize;
use serde_json::Value;

use crate::chat::{Sampling, Shape};

/// The most answers that are spelt out.
const LITERALS_MAX: usize = 1_000;
/// Keys that say nothing about what is legal.
const REMARKS: &[&str] =
    &["$schema", "$id", "$comment", "title", "description", "default", "examples", "deprecated"];

#[derive(Deserialize)]
struct Top {
    response_format: Option<Format>,
    guided_json: Option<Value>,
    /// Where responses have it.
    text: Option<Value>,
}

#[derive(Deserialize)]
struct Format {
    json_schema: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    schema: Option<Value>,
}

/// Looks again at a body that asks for JSON: its schema may be a list of answers.
pub(in crate::dialect) fn look(sampling: &mut Sampling, body: &[u8]) {
    if sampling.shape != Some(Shape::Json) {
        return;
    }
    let Ok(top) = serde_json::from_slice::<Top>(body) else { return };
    let of_responses = top.text.and_then(|text| text.get("format")?.get("schema").cloned());
    let named = top.response_format.and_then(|format| format.json_schema?.schema).or(of_responses);
    // With both there are two shapes, which is refused elsewhere.
    let Some(schema) = named.or(top.guided_json) else { return };
    if let Some(texts) = literals(&schema) {
        sampling.shape = Some(Shape::Literals(texts));
    }
}

/// Every answer that a schema allows, as JSON; `None` if it allows what is no scalar, or restricts in
/// a way that is not understood here.
fn literals(schema: &Value) -> Option<Vec<String>> {
    let schema = schema.as_object()?;
    let known = |key: &str| ["type", "enum", "const"].contains(&key) || REMARKS.contains(&key);
    if !schema.keys().all(|key| known(key)) {
        return None;
    }
    let (one, some) = (schema.get("const"), schema.get("enum"));
    let mut values: Vec<Value> = match (one, some) {
        (Some(one), Some(Value::Array(some))) if some.contains(one) => vec![one.clone()],
        (Some(one), None) => vec![one.clone()],
        (None, Some(Value::Array(some))) => some.clone(),
        (None, None) => match schema.get("type")?.as_str()? {
            "boolean" => vec![Value::Bool(true), Value::Bool(false)],
            "null" => vec![Value::Null],
            _ => return None,
        },
        _ => return None,
    };
    if let Some(kind) = schema.get("type") {
        let kinds = kind.as_array().map_or_else(|| vec![kind], |kinds| kinds.iter().collect());
        values.retain(|value| kinds.iter().any(|kind| is_a(value, kind)));
    }
    let are_scalars = values.iter().all(|value| !value.is_array() && !value.is_object());
    let are_few = (1..=LITERALS_MAX).contains(&values.len());
    (are_scalars && are_few).then(|| values.iter().map(Value::to_string).collect())
}

fn is_a(value: &Value, kind: &Value) -> bool {
    match kind.as_str() {
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        Some("number") => value.is_number(),
        Some("integer") => value.is_i64() || value.is_u64(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_of_scalars_is_a_list_of_texts() {
        let texts = |schema: Value| literals(&schema).map(|texts| texts.join("|"));
        for (schema, expected) in [
            (json!({ "type": "string", "enum": ["a", "b \"c\""] }), "\"a\"|\"b \\\"c\\\"\""),
            (json!({ "enum": ["a", 1, null], "title": "x" }), "\"a\"|1|null"),
            (json!({ "type": ["integer", "null"], "enum": ["a", 1, 1.5, null] }), "1|null"),
            (json!({ "type": "boolean" }), "true|false"),
            (json!({ "const": -4, "description": "d" }), "-4"),
        ] {
            assert_eq!(texts(schema.clone()).as_deref(), Some(expected), "{schema}");
        }
        for schema in [
            json!({}),
            json!(true),
            json!({ "type": "string" }),
            json!({ "type": "object", "properties": {} }),
            json!({ "enum": [] }),
            json!({ "enum": [["a"]] }),
            json!({ "type": "string", "enum": [1] }),
            json!({ "enum": ["a"], "not": { "const": "a" } }),
            json!({ "const": "a", "enum": ["b"] }),
        ] {
            assert_eq!(literals(&schema), None, "{schema}");
        }
    }
}
