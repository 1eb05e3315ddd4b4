//! The whole pass over a request.

use super::{Label, Lang, Leaf, Options, Scan, Task, read};

fn prose<'a>(path: &'a str, text: &'a str) -> Leaf<'a> {
    Leaf { path, text, is_prose: true }
}

#[test]
fn a_request_is_read_whole() {
    let leaves = [
        prose("messages[0].content", "You are a helpful assistant."),
        prose("messages[1].content", "Summarize: paid with 4111 1111 1111 1111"),
        Leaf { path: "user", text: "jane.doe@acme.com", is_prose: false },
    ];
    let findings = read(&leaves, &Options::default());
    assert_eq!(findings.scan, Scan::Complete);
    assert_eq!(findings.lang, Lang::En);
    assert_eq!(findings.task.map(|guess| guess.task), Some(Task::Summarize));
    let labels: Vec<Label> = findings.labels.iter().collect();
    assert_eq!(labels, [Label::ContactEmailAddress, Label::FinancialCreditCard]);
    assert_eq!(findings.items[0].leaf, 1);
    assert_eq!(findings.items[0].span, 21..40);
    assert_eq!(findings.items[1].leaf, 2);
    assert!((20..45).contains(&findings.tokens_input.0), "{}", findings.tokens_input.0);
}

#[test]
fn a_value_split_over_messages_is_found_in_both() {
    let leaves = [
        prose("messages[0].content", "my card is 4111 1111"),
        prose("messages[1].content", "go on"),
        prose("messages[2].content", "1111 1111 please"),
    ];
    let findings = read(&leaves, &Options::default());
    assert!(findings.labels.contains(Label::FinancialCreditCard));
    let places: Vec<_> = findings.items.iter().map(|item| (item.leaf, item.span.clone())).collect();
    assert_eq!(places, [(0, 11..20), (2, 0..9)]);
}

#[test]
fn separate_numbers_are_not_joined() {
    let leaves =
        [prose("messages[0].content", "I am 42"), prose("messages[1].content", "17 of us")];
    assert!(read(&leaves, &Options::default()).items.is_empty());
}

#[test]
fn what_does_not_fit_makes_the_scan_partial() {
    let text = format!("4111 1111 1111 1111 {}", "中".repeat(100));
    let leaves =
        [prose("messages[0].content", &text), prose("messages[1].content", "jane@acme.com")];
    let findings = read(&leaves, &Options { bytes_max: 30, ..Options::default() });
    assert_eq!(findings.scan, Scan::Partial);
    assert!(findings.labels.contains(Label::FinancialCreditCard));
    assert!(!findings.labels.contains(Label::ContactEmailAddress));
    assert!(findings.tokens_input.0 > 280, "unread bytes count in full");
}

#[test]
fn nothing_at_all_is_complete_and_unknown() {
    let findings = read(&[], &Options::default());
    assert_eq!(findings.scan, Scan::Complete);
    assert_eq!(findings.lang, Lang::Other);
    assert_eq!(findings.task.map(|guess| guess.task), Some(Task::Unknown));
}
