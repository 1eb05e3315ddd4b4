//! Readings and writings of embeddings.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Embeddings, Wanted, vectors};
use crate::chat::Request;
use crate::dialect::{Dialect as _, Unreadable};
use crate::money::Tokens;

fn read(body: &Value) -> Result<Request, Unreadable> {
    Embeddings.read(Bytes::from(body.to_string()))
}

fn texts(request: &Request) -> Vec<String> {
    request.conversation().into_iter().map(|(_, text)| text).collect()
}

#[test]
fn every_text_is_a_turn_and_a_leaf() {
    for (input, expected) in
        [(json!("one"), vec!["one"]), (json!(["one", "two"]), vec!["one", "two"])]
    {
        let request = read(&json!({ "model": "m", "input": input, "user": "u-1" })).unwrap();
        assert_eq!(texts(&request), expected);
        assert!(!request.has_unreadable);
        let leaves = request.leaves();
        let seen: Vec<&str> = leaves.iter().map(|leaf| leaf.text).collect();
        assert!(expected.iter().chain(&["u-1", "m"]).all(|text| seen.contains(text)), "{seen:?}");
        assert_eq!(request.output_max, Some(Tokens(0)), "nothing is generated");
    }
}

#[test]
fn tokens_are_texts_that_nobody_here_can_read() {
    for (input, turns) in [(json!([17, 4]), 1), (json!([[17, 4], [5]]), 2)] {
        let request = read(&json!({ "model": "m", "input": input })).unwrap();
        assert!(request.has_unreadable && request.sampling.misread.is_some());
        assert_eq!(request.turns.len(), turns);
    }
}

#[test]
fn what_is_no_input_is_refused_by_name() {
    for input in
        [json!(null), json!([]), json!({}), json!(true), json!([true]), json!([["a"]]), json!(-1)]
    {
        let error = read(&json!({ "model": "m", "input": input })).unwrap_err();
        assert!(error.to_string().contains("`input"), "{input}: {error}");
    }
    let many = read(&json!({ "model": "m", "input": vec!["x"; 2_049] })).unwrap_err();
    assert!(many.to_string().contains("2048"), "{many}");
    let twice = Embeddings.read(Bytes::from_static(br#"{"model":"m","input":"a","Input":"b"}"#));
    assert!(twice.unwrap_err().to_string().contains("twice"));
}

#[test]
fn vectors_are_written_as_numbers_or_in_base64() {
    let two = [vec![0.5, -1.0], vec![1.0, 0.25]];
    let written = |body: Value| {
        let wanted = Wanted::of(body.to_string().as_bytes(), 2).unwrap();
        serde_json::from_slice::<Value>(&vectors("m", &two, wanted, Tokens(7))).unwrap()
    };
    let plain = written(json!({}));
    assert_eq!(
        plain["data"][1],
        json!({ "object": "embedding", "index": 1, "embedding": [1.0, 0.25] })
    );
    assert_eq!(plain["usage"], json!({ "prompt_tokens": 7, "total_tokens": 7 }));
    let coded = written(json!({ "encoding_format": "base64", "dimensions": 2 }));
    assert_eq!(coded["data"][0]["embedding"], "AAAAPwAAgL8=");
    for (body, word) in [
        (json!({ "dimensions": 3 }), "`dimensions` must be 2"),
        (json!({ "encoding_format": "hex" }), "`encoding_format`"),
    ] {
        let error = Wanted::of(body.to_string().as_bytes(), 2).unwrap_err();
        assert!(error.contains(word), "{error}");
    }
}
