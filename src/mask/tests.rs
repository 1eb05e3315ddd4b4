//! Masking and unmasking together.

use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::restore::{Escape, Restorer};
use super::{
    Conversation, Format, Heard, Key, MaskPlan, Masked, Mode, Restoration, StreamRestorer, mask,
    restore_whole,
};
use crate::inspect::{Inspection, Label, LabelSet, Options, PackSet};

fn inspection() -> Inspection {
    Options { packs: PackSet::ALL, ..Options::default() }.into()
}

fn everything() -> MaskPlan {
    MaskPlan::of(LabelSet::ALL, Mode::Reversible)
}

fn conversation(beginning: &str) -> Conversation {
    Conversation::new(&Key::new([7; 32]), "caller", [beginning])
}

fn masked(body: &Value, plan: MaskPlan) -> Masked {
    mask(&Bytes::from(body.to_string()), plan, &conversation("a"), &inspection()).unwrap()
}

fn chat(text: &str) -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": text}]})
}

fn content(masked: &Masked) -> String {
    let value: Value = serde_json::from_slice(&masked.body).unwrap();
    value["messages"][0]["content"].as_str().unwrap().to_owned()
}

/// Restores a text that comes in pieces cut at these places.
fn restored(masked: &Masked, text: &str, cuts: &[usize]) -> String {
    let mut restorer = Restorer::new(Arc::clone(&masked.placeholders), Escape::Plain);
    let mut out = String::new();
    let mut from = 0;
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| text.floor_char_boundary(*cut)).collect();
    cuts.sort_unstable();
    for cut in cuts.into_iter().filter(|cut| *cut > 0).chain([text.len()]) {
        if cut > from {
            out.push_str(&restorer.push(text.get(from..cut).unwrap_or_default()));
            from = cut;
        }
    }
    out + &restorer.finish()
}

#[test]
fn the_same_value_keeps_its_placeholder_in_a_conversation() {
    let text = "mail jane.doe@acme.com or jane.doe@acme.com, not bob@acme.com";
    let one = content(&masked(&chat(text), everything()));
    let two = content(&masked(&chat(text), everything()));
    assert_eq!(one, two);
    assert!(!one.contains("acme"), "{one}");
    let words: Vec<&str> = one.split([' ', ',']).filter(|word| word.starts_with('[')).collect();
    assert_eq!(words[0], words[1]);
    assert_ne!(words[0], words[2]);
    let body = Bytes::from(chat(text).to_string());
    let other = mask(&body, everything(), &conversation("b"), &inspection()).unwrap();
    assert_ne!(content(&other), one, "another conversation, another placeholder");
}

#[test]
fn every_string_is_masked_and_nothing_else_changes() {
    let body = r#"{"model":"m", "messages":[{"role":"assistant","tool_calls":[{"function":{"arguments":"{\"to\":\"jane@acme.com\"}"}}]},{"role":"tool","content":"sent to jane@acme.com"}],"user":"jane@acme.com","n": 1.50}"#;
    let plan = MaskPlan::of([Label::ContactEmailAddress].into_iter().collect(), Mode::Reversible);
    let out = mask(&Bytes::from(body), plan, &conversation("a"), &inspection()).unwrap();
    let text = String::from_utf8(out.body.to_vec()).unwrap();
    assert!(!text.contains("acme.com"), "{text}");
    assert_eq!(text.matches("[EMAIL_").count(), 3);
    assert!(text.ends_with(r#""n": 1.50}"#) && text.starts_with(r#"{"model":"m", "#));
    let back = restore_whole(&out.body, &restoration(&out)).unwrap();
    assert_eq!(String::from_utf8(back).unwrap(), body);
}

#[test]
fn one_way_modes_keep_no_way_back() {
    let text = "card 4111 1111 1111 1111, mail jane@acme.com";
    let card: LabelSet = [Label::FinancialCreditCard].into_iter().collect();
    let email: LabelSet = [Label::ContactEmailAddress].into_iter().collect();
    let plan = MaskPlan::of(card, Mode::Redact).and(MaskPlan::of(email, Mode::Hash));
    let out = masked(&chat(text), plan);
    assert!(content(&out).starts_with("card [CARD], mail [EMAIL_"), "{}", content(&out));
    assert!(out.placeholders.is_empty());
}

#[test]
fn models_change_placeholders_and_are_understood() {
    let out = masked(&chat("jane@acme.com"), everything());
    let written = content(&out);
    let bare = written.trim_matches(['[', ']']).to_owned();
    let letters = bare.strip_prefix("EMAIL_").unwrap().to_owned();
    let (head, tail) = letters.split_at(6);
    let spellings = [
        written.clone(),
        bare.clone(),
        bare.to_lowercase(),
        written.to_uppercase(),
        format!("\\[EMAIL\\_{letters}\\]"),
        format!("[EMAIL {letters}]"),
        format!("[EMAIL_{head}\n{tail}]"),
        format!("[EMAIL_{head}-{tail}]"),
        format!("[email_{head}\u{200b}{tail}]"),
    ];
    for spelling in spellings {
        assert_eq!(restored(&out, &spelling, &[]), "jane@acme.com", "{spelling}");
        let quoted = format!("He said \"{spelling}\", twice: `{spelling}`.");
        let expected = "He said \"jane@acme.com\", twice: `jane@acme.com`.";
        assert_eq!(restored(&out, &quoted, &[3, 9, 14, 22]), expected);
    }
}

#[test]
fn a_broken_placeholder_is_not_shown() {
    let out = masked(&chat("jane@acme.com"), everything());
    let written = content(&out);
    for size in 8..written.len() - 1 {
        let shown = restored(&out, &format!("to {}", written.get(..size).unwrap_or_default()), &[]);
        assert_eq!(shown, "to [EMAIL]", "{size}");
    }
    assert_eq!(restored(&out, "my email", &[]), "my email");
    assert_eq!(restored(&out, "[EMAIL_", &[]), "[EMAIL_");
}

#[test]
fn only_the_beginning_of_a_placeholder_waits() {
    let out = masked(&chat("jane@acme.com"), everything());
    let mut restorer = Restorer::new(Arc::clone(&out.placeholders), Escape::Plain);
    for piece in ["Plain text, ", "with [brackets] and ", "_ and emails ", "中文。"] {
        assert_eq!(restorer.push(piece), piece, "passes at once");
    }
    assert_eq!(restorer.push("to [EMA"), "to ");
    assert_eq!(restorer.push("GERY]"), "[EMAGERY]");
}

fn restoration(masked: &Masked) -> Restoration {
    let placeholders = Arc::clone(&masked.placeholders);
    Restoration { placeholders, format: Format::Text, guard: None }
}

#[test]
fn answers_are_guarded_before_values_are_put_back() {
    let out = masked(&chat("jane@acme.com"), everything());
    let written = content(&out);
    let labels = [Label::ContactEmailAddress, Label::SecretApiKey].into_iter().collect();
    let guard = Some((labels, inspection()));
    let mut stream = StreamRestorer::new(Restoration { guard, ..restoration(&out) });
    let said = format!("{written} and bob@acme.com, key ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2eF4hJ6");
    let mut text = String::new();
    for piece in said.as_bytes().chunks(4) {
        let piece = std::str::from_utf8(piece).unwrap();
        let got = heard(&mut stream, &chunk(&json!({"content": piece}), None));
        text.push_str(got["choices"][0]["delta"]["content"].as_str().unwrap());
    }
    let got = heard(&mut stream, &chunk(&json!({}), Some("stop")));
    text.push_str(got["choices"][0]["delta"]["content"].as_str().unwrap());
    assert_eq!(text, "jane@acme.com and [EMAIL], key [TOKEN]");
}

fn chunk(delta: &Value, finish: Option<&str>) -> Vec<u8> {
    json!({"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
        .to_string()
        .into_bytes()
}

fn heard(stream: &mut StreamRestorer, data: &[u8]) -> Value {
    match stream.hear(data) {
        Heard::Unchanged => serde_json::from_slice(data).unwrap(),
        Heard::Changed(data) => serde_json::from_str(&data).unwrap(),
    }
}

#[test]
fn a_backslash_of_the_text_itself_stays() {
    for text in [r"C:\jane.doe@acme.com", r"jan\e AT contoso DOT com, \jane.doe@acme.com\ too"] {
        let masked = masked(&chat(text), everything());
        let shown = content(&masked);
        assert!(shown.contains(r"\["), "nothing to tell apart: {shown}");
        for cut in 0..=shown.len() {
            assert_eq!(restored(&masked, &shown, &[cut]), text, "cut at {cut}");
        }
    }
}

#[test]
fn streams_are_restored_with_tool_arguments_escaped() {
    let out = masked(&chat("password: ab\\c1!xyz9"), everything());
    let written = content(&out).split(' ').next_back().unwrap().to_owned();
    let mut stream = StreamRestorer::new(restoration(&out));
    let (mut text, mut arguments) = (String::new(), String::new());
    for piece in written.as_bytes().chunks(3) {
        let piece = std::str::from_utf8(piece).unwrap();
        let got = heard(&mut stream, &chunk(&json!({"content": piece}), None));
        text.push_str(got["choices"][0]["delta"]["content"].as_str().unwrap());
        let call = json!({"tool_calls": [{"index": 1, "function": {"arguments": piece}}]});
        let got = heard(&mut stream, &chunk(&call, None));
        arguments.push_str(
            got["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"].as_str().unwrap(),
        );
    }
    assert_eq!(text, out_value(&out));
    let parsed: String = serde_json::from_str(&format!("\"{arguments}\"")).unwrap();
    assert_eq!(parsed, out_value(&out));
    let plain = chunk(&json!({"content": "nothing here"}), None);
    assert_eq!(stream.hear(&plain), Heard::Unchanged, "other events pass byte for byte");
}

fn out_value(masked: &Masked) -> String {
    restored(masked, content(masked).split(' ').next_back().unwrap(), &[])
}

#[test]
fn what_is_held_back_comes_with_the_last_chunk() {
    let out = masked(&chat("jane@acme.com"), everything());
    let bare = content(&out).trim_matches(['[', ']']).to_owned();
    let mut stream = StreamRestorer::new(restoration(&out));
    let got = heard(&mut stream, &chunk(&json!({"content": format!("[{bare}")}), None));
    assert_eq!(got["choices"][0]["delta"]["content"], "");
    let got = heard(&mut stream, &chunk(&json!({}), Some("stop")));
    assert_eq!(got["choices"][0]["delta"]["content"], "jane@acme.com");
    let mut stream = StreamRestorer::new(restoration(&out));
    heard(&mut stream, &chunk(&json!({"content": format!("[{bare}")}), None));
    let rest = stream.finish();
    let rest: Value = serde_json::from_str(&rest[0]).unwrap();
    assert_eq!(rest["choices"][0]["delta"]["content"], "jane@acme.com");
}

#[test]
fn what_a_placeholder_makes_look_like_a_value_is_masked_too() {
    let text = "AAAA 0A 京A·12345";
    let out = masked(&chat(text), everything());
    let shown = content(&out);
    assert!(!shown.contains("AAAA 0A") && !shown.contains("12345"), "{shown}");
    assert_eq!(restored(&out, &shown, &[]), text);
}

const VALUES: &[&str] = &[
    "4111 1111 1111 1111",
    "jane.doe@acme.com",
    "536-22-8145",
    "+1 212 555 0143",
    "11010519491231002X",
    "GB82WEST12345698765432",
    "postgres://app:s3cr3t@db.acme.com/prod",
    "ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2eF4hJ6",
    "京A·12345",
];

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => prop::sample::select(VALUES).prop_map(str::to_owned),
        2 => "[ -~]{0,12}",
        1 => "[\\[\\]_A-Z ]{0,8}",
        1 => "\\PC{0,6}",
    ];
    prop::collection::vec(piece, 0..7).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn masking_and_unmasking_gives_the_original(text in text(), cuts in prop::collection::vec(0_usize..400, 0..12)) {
        let out = masked(&chat(&text), everything());
        let shown = content(&out);
        prop_assert_eq!(restored(&out, &shown, &cuts), text);
    }

    #[test]
    fn nothing_is_found_in_what_was_masked(text in text()) {
        let out = masked(&chat(&text), everything());
        let shown = content(&out);
        let again = inspection().values("messages[0].content", &shown);
        prop_assert!(again.is_empty(), "{again:?} in {shown:?}");
    }
}
