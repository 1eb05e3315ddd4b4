//! Places, exact numbers, strictness and the shape of messages.

use super::*;
use crate::money::NanoUsd;

fn tree(text: &str) -> Node {
    read("file.yaml", text).unwrap_or_else(|problems| panic!("{problems}"))
}

fn entry<'n>(node: &'n Node, name: &str) -> (&'n Key, &'n Node) {
    let Value::Map(entries) = &node.value else { panic!("not a map") };
    let found = entries.iter().find(|(key, _)| key.text == name).unwrap();
    (&found.0, &found.1)
}

const TEXT: &str = "money: 0.10\nnested:\n  - { 号码: 'a', \"k y\": [1, two] }\nanchor: &a { x: yes }\nalias: *a\n";

#[test]
fn keys_and_values_know_their_places() {
    let tree = tree(TEXT);
    let (key, money) = entry(&tree, "money");
    assert_eq!(key.span, Span { line: 1, column: 1, offset: 0, length: 5 });
    assert_eq!(money.span, Span { line: 1, column: 8, offset: 7, length: 4 });
    let Value::List(items) = &entry(&tree, "nested").1.value else { panic!("not a list") };
    let (key, value) = entry(&items[0], "号码");
    assert_eq!((key.span.line, key.span.column, key.span.length), (3, 7, 2));
    // Columns count characters, offsets count bytes.
    assert_eq!((value.span.column, value.span.offset), (11, 34));
    let (key, _) = entry(&items[0], "k y");
    assert_eq!((key.span.column, key.span.length), (16, 5));
}

#[test]
fn numbers_keep_their_digits_and_yes_is_text() {
    let tree = tree(TEXT);
    assert_eq!(entry(&tree, "money").1.value, Value::Number("0.10".into()));
    assert_eq!(entry(entry(&tree, "alias").1, "x").1.value, Value::Text("yes".into()));
    // What an alias stands for is where it was defined.
    assert_eq!(entry(entry(&tree, "alias").1, "x").1.span.line, 4);
    let quoted = self::tree("a: '0.10'");
    assert_eq!(entry(&quoted, "a").1.value, Value::Text("0.10".into()));
}

#[test]
fn money_is_read_exactly() {
    let text = "a: 0.1\nb: 123456789.000000001\nc: 1e3\nd: \"5\"\n";
    let tree = tree(text);
    let mut reader = Reader::new("file.yaml", text);
    let fields = reader.fields(&Cursor::top(&tree), &["a", "b", "c", "d"]).unwrap();
    let mut usd = |name: &str| reader.usd(&fields.get(name).unwrap());
    assert_eq!(usd("a"), Some(NanoUsd::new(100_000_000)));
    assert_eq!(usd("b"), Some(NanoUsd::new(123_456_789_000_000_001)));
    assert_eq!((usd("c"), usd("d")), (None, None));
    assert_eq!(reader.finish().errors(), 2);
}

#[test]
fn bombs_are_refused() {
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..8 {
        let alias = format!("*a{}", level - 1);
        let list = [alias.as_str(); 10].join(", ");
        laughs = format!("{laughs}a{level}: &a{level} [{list}]\n");
    }
    for text in [deep, laughs, "x".repeat(5 << 20)] {
        let problems = read("file.yaml", &text).unwrap_err();
        assert_eq!(problems.errors(), 1, "{problems}");
        assert!(!problems.to_string().contains('{'), "{problems}");
    }
}

#[test]
fn merge_keys_are_keys_like_any_other() {
    let tree = tree("a: &a { x: 1 }\nb: { <<: *a }\n");
    assert_eq!(entry(entry(&tree, "b").1, "<<").0.text, "<<");
}

#[test]
fn a_problem_shows_its_place() {
    let text = "a: 1\nroutes:\n  - use: gpt-4o-mni\n";
    let tree = tree(text);
    let mut reader = Reader::new("team.yaml", text);
    let top = reader.fields(&Cursor::top(&tree), &["a", "routes"]).unwrap();
    let items = reader.list(&top.get("routes").unwrap()).unwrap();
    let fields = reader.fields(&items[0], &["use"]).unwrap();
    let at = fields.get("use").unwrap();
    reader.unknown_word(&at, ("target", "gpt-4o-mni"), ["gpt-4o", "gpt-4o-mini"]);
    let shown = "\
error: unknown target `gpt-4o-mni`
 --> team.yaml:3:10   (routes[0].use)
  |
3 |   - use: gpt-4o-mni
  |          ^^^^^^^^^^
help: did you mean `gpt-4o-mini`?
";
    assert_eq!(reader.finish().to_string(), shown);
}

#[test]
fn a_file_cannot_repaint_the_terminal() {
    let start = Span { line: 1, column: 1, offset: 0, length: 900 };
    let problem = Problem::error("x").at("f", "\u{1b}[2Jboo", start);
    assert!(!problem.to_string().contains('\u{1b}'));
    assert!(problem.to_string().contains("| ^^^^^^^\n"), "{problem}");
}

#[test]
fn suggestions_are_near() {
    let known = ["local", "cloud", "eu"];
    assert_eq!(suggest("lcoal", known), Some("local"));
    assert_eq!(suggest("Clouds", known), Some("cloud"));
    assert_eq!(suggest("ue", known), Some("eu"));
    assert_eq!(suggest("somewhere", known), None);
}

#[test]
fn a_repeated_key_is_reported_with_the_rest() {
    let text = "a: 1\nb: 2\na: 3\n";
    let tree = tree(text);
    let mut reader = Reader::new("file.yaml", text);
    reader.fields(&Cursor::top(&tree), &["a"]);
    let messages: Vec<String> = reader.finish().into_iter().map(|p| p.message).collect();
    assert_eq!(messages, ["unknown key `b`", "`a` is already set on line 1"]);
}

#[test]
fn a_carriage_return_alone_ends_a_line_too() {
    let text = "a: 1\rb: 2\rc: 3\r\nd: 4\n";
    let tree = tree(text);
    let mut reader = Reader::new("f", text);
    reader.fields(&Cursor::top(&tree), &["a", "b", "d"]);
    let shown = reader.finish().to_string();
    assert!(shown.contains("f:3:1") && shown.contains("3 | c: 3\n"), "{shown}");
}
