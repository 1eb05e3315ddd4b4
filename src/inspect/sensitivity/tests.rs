//! Golden cases and invariants of the detectors.

use super::{DETECTOR_NAMES, DETECTORS, GOLDEN, Label, PackSet, Scanner, Sought};
use proptest::prelude::*;

const ALL: Sought<'static> =
    Sought { packs: PackSet::ALL, terms: None, patterns: &[], explains: false };

fn scanner() -> &'static Scanner {
    Scanner::shared()
}

/// What the scanner finds: label and text.
fn found(text: &str, path: &str) -> Vec<(Label, String)> {
    let values = scanner().scan(text, path, &ALL).values;
    values
        .into_iter()
        .map(|value| (value.label, text.get(value.span).expect("whole characters").to_owned()))
        .collect()
}

#[test]
fn golden_cases() {
    let mut failures = Vec::new();
    for ((name, cases), detector) in GOLDEN.iter().zip(DETECTORS) {
        let mut kinds = [0, 0];
        for line in cases.lines() {
            let case: serde_json::Value = serde_json::from_str(line).expect(name);
            let text = case["text"].as_str().expect("a text");
            let expected: Vec<(Label, String)> = case["find"]
                .as_array()
                .expect("a list")
                .iter()
                .map(|pair| {
                    let label = Label::from_name(pair[0].as_str().expect("a label"));
                    (label.expect("a known label"), pair[1].as_str().expect("a text").to_owned())
                })
                .collect();
            kinds[usize::from(expected.is_empty())] += 1;
            let mut actual = found(text, case["path"].as_str().unwrap_or("messages[0].content"));
            actual.retain(|(label, _)| detector.labels().contains(label));
            if actual != expected {
                failures.push(format!(
                    "{name}: {text:?}\n  found {actual:?}\n  instead of {expected:?}"
                ));
            }
        }
        assert!(kinds[0] >= 12 && kinds[1] >= 11, "{name} has too few cases: {kinds:?}");
    }
    assert!(failures.is_empty(), "{} cases\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn every_detector_has_a_name_and_labels() {
    assert_eq!(DETECTOR_NAMES.len(), DETECTORS.len());
    assert!(super::detectable().contains(Label::SecretPrivateKey));
    assert!(DETECTORS.iter().all(|detector| !detector.labels().is_empty()));
}

/// Values of each kind, for building texts.
const VALUES: &[&str] = &[
    "4111 1111 1111 1111",
    "jane.doe@acme.com",
    "536-22-8145",
    "+1 212 555 0143",
    "11010519491231002X",
    "GB82WEST12345698765432",
    "13800138000",
    "postgres://app:s3cr3t@db.acme.com/prod",
    "ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2eF4hJ6",
];

fn messy() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => prop::sample::select(VALUES).prop_map(str::to_owned),
        2 => "[ -~]{0,12}",
        2 => "[0-9 ./()+@-]{0,20}",
        1 => "[０-９Ａ-Ｚ＠．\u{200b}\u{a0}–中文密码：]{0,12}",
        1 => "\\PC{0,8}",
        1 => Just("\\u4e2d\\uff11".to_owned()),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn spans_are_cuttable(text in messy(), path in "[a-z.]{0,8}") {
        for value in scanner().scan(&text, &path, &ALL).values {
            prop_assert!(!value.span.is_empty());
            prop_assert!(text.get(value.span.clone()).is_some(), "{:?} in {text:?}", value.span);
        }
    }

    #[test]
    fn any_unicode_is_read(text in any::<String>()) {
        for value in scanner().scan(&text, "", &ALL).values {
            prop_assert!(text.get(value.span).is_some());
        }
    }

    #[test]
    fn masked_values_are_gone(before in "[x-z ,.]{0,20}", value in prop::sample::select(VALUES), after in "[x-z ,.]{0,20}") {
        let text = format!("{before} {value} {after}");
        let values = scanner().scan(&text, "", &ALL).values;
        prop_assert!(!values.is_empty());
        let mut masked = text.clone();
        for value in values.iter().rev() {
            masked.replace_range(value.span.clone(), "[-]");
        }
        for (label, _) in found(&masked, "") {
            prop_assert!(values.iter().all(|value| value.label != label), "{masked:?}");
        }
    }

    #[test]
    fn harmless_words_hide_nothing(before in "[a-z]{5,9}( [a-z]{5,9}){0,5}", value in prop::sample::select(VALUES), after in "[a-z]{5,9}( [a-z]{5,9}){0,5}") {
        let alone: Vec<Label> = found(value, "").into_iter().map(|(label, _)| label).collect();
        let among: Vec<Label> =
            found(&format!("{before} {value} {after}"), "").into_iter().map(|(label, _)| label).collect();
        prop_assert!(!alone.is_empty() && alone.iter().all(|label| among.contains(label)));
    }

    #[test]
    fn typography_hides_nothing(value in prop::sample::select(VALUES), seed in any::<u32>()) {
        let alone = labels(value);
        for variant in variants(value, seed) {
            let found = labels(&variant);
            prop_assert!(alone.iter().all(|label| found.contains(label)), "{value:?} as {variant:?}");
        }
    }

    #[test]
    fn encoded_values_are_found_where_they_stand(value in prop::sample::select(VALUES), before in "[x-z ]{0,12}") {
        let hidden = spelled(value.bytes().map(|byte| format!("{byte:02x}")));
        let text = format!("{before} {hidden} end");
        let found = scanner().scan(&text, "", &ALL).values;
        prop_assert!(found.iter().any(|found| text.get(found.span.clone()) == Some(&*hidden)));
    }
}

fn labels(text: &str) -> Vec<Label> {
    found(text, "").into_iter().map(|(label, _)| label).collect()
}

/// The parts in one.
fn spelled(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().concat()
}

/// The same value in other characters and escapes.
fn variants(value: &str, seed: u32) -> Vec<String> {
    let wide = |letter: char| match letter {
        '!'..='~' => char::from_u32(u32::from(letter) + 0xFEE0).unwrap_or(letter),
        _ => letter,
    };
    let escaped = spelled(value.chars().map(|letter| format!("\\u{:04x}", u32::from(letter))));
    let percent = spelled(value.bytes().map(|byte| format!("%{byte:02X}")));
    let entities = spelled(value.chars().map(|letter| format!("&#{};", u32::from(letter))));
    let mut invisible = String::new();
    for (index, letter) in (0_u32..).zip(value.chars()) {
        invisible.push(letter);
        if seed >> (index % 32) & 1 == 1 {
            invisible.push('\u{200b}');
        }
    }
    let spaced = format!("  {value}\t\n");
    let wide = value.chars().map(wide).collect();
    vec![wide, escaped, percent, entities, invisible, spaced]
}
