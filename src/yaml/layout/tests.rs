//! The layout: what it makes of untidy files, and that it never changes what they say.

use granit_parser::{Event, Parser};
use proptest::prelude::*;

use super::*;

fn laid_out(text: &str) -> String {
    lay_out("file.yaml", text).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

#[test]
fn untidy_files_become_tidy() {
    let untidy = "\u{feff}---\n\n\n# what it is\n\n\n\nversion:   1\nname: 'p'   # its name\nlimits:\n- id: a    # the first\n  why: \"b\"\n  when: {data.labels: {any_of: [secret.*,health.*]},   lang: {is: en}}\n\n\n\n  # comes after\n- # odd place\n     id:   c\n     use:   [ ]\nroutes: [ {id: r, # why\n   use: [local,\n # and then\n cloud]} ]\ntests:\n    # inside\n    -   name: long\n        given: {task.type: summarize, task.confidence: 0.9, data.labels: [person.name, contact.address]}\n        text: >-\n            folded\n            lines\n\n            more\n        last: |\n          kept\n            as it is\n        # the end of tests\n# the end\n";
    let tidy = "\
# what it is

version: 1
name: 'p'  # its name
limits:
  - id: a  # the first
    why: \"b\"
    when: { data.labels: { any_of: [secret.*, health.*] }, lang: { is: en } }

    # comes after
  # odd place
  - id: c
    use: []
routes:
  - id: r  # why
    use:
      - local
      # and then
      - cloud
tests:
  # inside
  - name: long
    given:
      task.type: summarize
      task.confidence: 0.9
      data.labels: [person.name, contact.address]
    text: >-
      folded
      lines

      more
    last: |
      kept
        as it is
    # the end of tests
# the end
";
    assert_eq!(laid_out(untidy), tidy);
    assert_eq!(laid_out(tidy), tidy);
}

#[test]
fn corners_keep_what_they_say() {
    for (text, tidy) in [
        ("", ""),
        ("# only this\n", "# only this\n"),
        ("{a: 1}", "{ a: 1 }\n"),
        ("- - 1\n  - 2\n- []\n", "- - 1\n  - 2\n- []\n"),
        ("a: &x {b: 1}\nc: *x\nd: !!str 5\n", "a: &x { b: 1 }\nc: *x\nd: !!str 5\n"),
        ("a: &x\n    b: 1\n", "a: &x\n  b: 1\n"),
        ("a: one\n  two\n", "a: \"one two\"\n"),
        ("a:\n- b\nc:\n", "a:\n  - b\nc:\n"),
        ("a: [b, {c: }]\n", "a: [b, { c: null }]\n"),
        ("a: |+\n  b\n\n\nc: 1\n", "a: \"b\\n\\n\\n\"\n\nc: 1\n"),
        ("\"a b\": 'it''s'\r\nc: 1\r\n", "\"a b\": 'it''s'\nc: 1\n"),
    ] {
        assert_eq!(laid_out(text), tidy, "{text:?}");
    }
}

#[test]
fn what_is_not_laid_out_is_refused() {
    for text in ["a: [", "one text", "- a\n---\n- b\n", "? [a]\n: b\n"] {
        let problems = lay_out("file.yaml", text).unwrap_err();
        assert!(
            problems.errors() == 1 && problems.to_string().contains("file.yaml:"),
            "{problems}"
        );
    }
}

const FILES: [&str; 5] = [
    include_str!("../../../policies/default.yaml"),
    include_str!("../../../policies/healthcare.yaml"),
    include_str!("../../../policies/finance_test.yaml"),
    include_str!("../../../tests/policy/matchers.yaml"),
    include_str!("../../../tests/policy/split.yaml"),
];

const SIGNS: [&str; 24] = [
    "#", " # c\n", "\n", "  ", "- ", ": ", "[", "]", "{", "}", "\"", "'", "|\n", ">\n", "&a ",
    "*a", "!t ", "\t", ",", "key: ", "\r\n", "\n\n", "{ # a\n", "[ # b\n",
];

fn comments(text: &str) -> usize {
    let is_comment = |event: &Result<_, _>| matches!(event, Ok((Event::Comment(..), _)));
    Parser::new_from_str(text).filter(is_comment).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_layout_says_the_same_keeps_comments_and_is_its_own_layout(
        (file, from, lines) in (0..FILES.len(), 0..120_usize, 1..25_usize),
        changes in proptest::collection::vec((0..2_000_usize, 0..4_usize, 0..SIGNS.len()), 0..5),
    ) {
        let part = FILES[file].split_inclusive('\n').skip(from).take(lines);
        let mut text: String = part.collect();
        for (at, length, sign) in changes {
            let start = text.floor_char_boundary(at % (text.len() + 1));
            let end = text.floor_char_boundary((start + length).min(text.len()));
            text.replace_range(start..end, SIGNS[sign]);
        }
        if let Ok(tidy) = lay_out("file.yaml", &text) {
            let (said, says) = (read("f", &text).unwrap(), read("f", &tidy).unwrap());
            prop_assert!(is_same(&said, &says), "{}", tidy);
            prop_assert_eq!(comments(&text), comments(&tidy), "{}", tidy);
            prop_assert_eq!(&laid_out(&tidy), &tidy);
        }
    }
}
