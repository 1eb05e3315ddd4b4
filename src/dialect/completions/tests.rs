//! Readings of completions.

use bytes::Bytes;
use serde_json::{Value, json};

use super::Completions;
use crate::chat::{Delivery, Request};
use crate::dialect::{Dialect as _, Unreadable};
use crate::money::Tokens;

fn read(more: Value) -> Result<Request, Unreadable> {
    let mut body = json!({ "model": "m", "prompt": "Once" });
    for (key, value) in more.as_object().unwrap() {
        body[key.as_str()] = value.clone();
    }
    Completions.read(Bytes::from(body.to_string()))
}

#[test]
fn what_bounds_the_cost_is_understood() {
    let plain = read(json!({})).unwrap();
    assert_eq!(
        (plain.choices, plain.output_max, plain.output_default),
        (1, None, Some(Tokens(16)))
    );
    let many =
        read(json!({ "prompt": ["a", "b"], "n": 2, "best_of": 5, "max_tokens": 7 })).unwrap();
    assert_eq!((many.choices, many.output_max), (10, Some(Tokens(7))));
    let tokens = read(json!({ "prompt": [[1, 2], [3]] })).unwrap();
    assert!(tokens.has_unreadable);
    assert_eq!(tokens.choices, 2);
    assert_eq!(read(json!({ "stream": true })).unwrap().delivery, Delivery::Stream);
    let usage = json!({ "stream": true, "stream_options": { "include_usage": true } });
    assert_eq!(read(usage).unwrap().delivery, Delivery::StreamWithUsage);
}

#[test]
fn prompt_and_suffix_are_prose_that_detectors_see() {
    let request = read(json!({ "suffix": "the end", "user": "u" })).unwrap();
    let leaves = request.leaves();
    let prose: Vec<&str> = leaves.iter().filter(|it| it.is_prose).map(|it| it.text).collect();
    assert_eq!(prose, ["Once", "the end"]);
    assert!(leaves.iter().any(|it| it.text == "u"));
    assert_eq!(request.conversation()[0].1, "Once", "the suffix is not said by the user");
}

#[test]
fn what_the_local_model_cannot_do_is_noted_by_name() {
    for (name, value) in [
        ("suffix", json!("x")),
        ("echo", json!(true)),
        ("logprobs", json!(2)),
        ("best_of", json!(2)),
        ("prompt", json!(["a", "b"])),
        ("prompt", json!([1, 2])),
    ] {
        let request = read(json!({ name: value })).unwrap();
        assert_eq!(request.sampling.misread.map(|(name, _)| name), Some(name));
    }
    let idle = json!({ "suffix": "", "echo": false, "logprobs": null, "best_of": 1, "n": 1 });
    assert_eq!(read(idle).unwrap().sampling.misread, None);
}

#[test]
fn values_of_the_wrong_kind_are_refused_by_name() {
    for (name, value) in [
        ("max_tokens", json!("7")),
        ("max_tokens", json!(0)),
        ("n", json!(0)),
        ("n", json!(129)),
        ("best_of", json!(-1)),
        ("n", json!([1])),
        ("stream", json!("true")),
        ("echo", json!(1)),
        ("stream_options", json!(true)),
        ("model", json!(3)),
        ("suffix", json!(3)),
        ("prompt", json!(3)),
        ("prompt", json!({ "text": "x" })),
        ("prompt", json!([])),
        ("prompt", json!(null)),
    ] {
        let error = read(json!({ name: value })).unwrap_err().to_string();
        assert!(error.contains(&format!("`{name}")), "{name}: {error}");
    }
}
