//! The language as a JSON Schema, so that an editor completes and checks while a policy is written:
//! made of the tables that the compiler reads by. What only the compiler can know (targets, zones of
//! the configuration, defined words, types across a file) stays open here.

use serde_json::{Map, Value, json};

use super::super::vocabulary::{self, Fact, Unit, VOCABULARY};
use super::super::{JURISDICTIONS, Unable, ZONE_ON_HOST, ZONE_ON_PREM};
use super::cases::{CALLER_KEYS, CASE_KEYS, EXPECT_KEYS};
use super::detect::{COMBINATION_KEYS, DETECT_KEYS, PATTERN_KEYS};
use super::matchers::{UNKNOWN, known_matchers};
use super::rules::{EFFECTS, LIMIT_KEYS, MASK_KEYS, ROUTE_KEYS};
use super::words::SENSITIVITY_KEYS;
use super::{KEYS, budgets, suite, verify};
use crate::budget::{Subject, Window};
use crate::inspect::{Label, Level, Pack, Task, Validator};
use crate::mask::Mode;

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// What a name may look like.
const NAME: &str = "^[A-Za-z0-9._-]{1,64}$";
const PERCENT: &str = "^[0-9]+(\\.[0-9]+)?\\s*%$";

/// The schema of a policy file.
pub(in crate::policy) fn policy() -> Value {
    whole("An Ambidex policy", object(&KEYS, &["version", "name", "routes"], top_key))
}

/// The schema of a file of tests.
pub(in crate::policy) fn suite() -> Value {
    whole("Tests of an Ambidex policy", object(&suite::KEYS, &["tests"], suite_key))
}

fn whole(title: &str, mut schema: Value) -> Value {
    if let Value::Object(map) = &mut schema {
        map.insert("$schema".to_owned(), json!(DIALECT));
        map.insert("title".to_owned(), json!(title));
        map.insert(
            "$defs".to_owned(),
            json!({
                "condition": condition(),
                "labels": one_or_many(&labels()),
                "level": { "enum": Level::ALL.map(Level::name) },
                "name": { "type": "string", "pattern": NAME },
                "given": given(),
                "test": test(),
            }),
        );
    }
    schema
}

/// A map with these keys and no others.
fn object(keys: &[&str], required: &[&str], of: impl Fn(&str) -> Value) -> Value {
    let properties: Map<String, Value> =
        keys.iter().map(|key| ((*key).to_owned(), of(key))).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn def(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// With what an editor shows beside it.
fn said(mut schema: Value, description: &str) -> Value {
    if let Value::Object(map) = &mut schema {
        map.insert("description".to_owned(), json!(description));
    }
    schema
}

fn one_or_many(one: &Value) -> Value {
    json!({ "anyOf": [one, { "type": "array", "items": one }] })
}

fn list(of: &Value) -> Value {
    json!({ "type": "array", "items": of })
}

fn sentence() -> Value {
    json!({ "type": "string", "minLength": 1 })
}

fn usd() -> Value {
    json!({ "type": "number", "minimum": 0 })
}

/// Known words, and the policy's own.
fn open_words<'w>(words: impl IntoIterator<Item = &'w str>) -> Value {
    let words: Vec<&str> = words.into_iter().collect();
    json!({ "anyOf": [{ "enum": words }, { "type": "string" }] })
}

fn labels() -> Value {
    let mut words: Vec<String> = Label::ALL.iter().map(|label| label.name().to_owned()).collect();
    let mut categories: Vec<String> =
        Label::ALL.iter().map(|label| format!("{}.*", label.category())).collect();
    categories.sort();
    categories.dedup();
    words.extend(categories);
    open_words(words.iter().map(String::as_str))
}

fn zones() -> Value {
    let known = [ZONE_ON_HOST, ZONE_ON_PREM].into_iter().chain(JURISDICTIONS);
    one_or_many(&open_words(known))
}

fn top_key(key: &str) -> Value {
    let words = one_or_many(&json!({ "type": "string" }));
    match key {
        "version" => said(json!({ "const": 1 }), "the version of the language"),
        "name" => said(def("name"), "what records call it"),
        "owner" => said(sentence(), "who answers for it"),
        "define" => said(
            json!({ "type": "object", "additionalProperties": words }),
            "words of your own, for labels, tasks or teams",
        ),
        "sensitivity" => {
            said(object(&SENSITIVITY_KEYS, &[], sensitivity_key), "how careful each label makes")
        }
        "detect" => said(object(&DETECT_KEYS, &[], detect_key), "what is looked for"),
        "budgets" => said(
            list(&object(&budgets::KEYS, &["name", "window", "limit_usd"], budget_key)),
            "how much may be spent, by whom and until when",
        ),
        "limits" => said(
            list(&limit()),
            "every limit whose condition holds applies, and takes targets away",
        ),
        "routes" => said(
            json!({ "type": "array", "minItems": 1, "items": object(&ROUTE_KEYS, &["id", "use"], route_key) }),
            "the first route whose condition holds and that has a target left wins",
        ),
        "otherwise" => said(
            object(&["refuse"], &["refuse"], |_| {
                object(&["status", "say"], &[], |key| match key {
                    "status" => json!({ "type": "integer", "minimum": 400, "maximum": 599 }),
                    _ => said(sentence(), "`{reasons}` stands for the reasons"),
                })
            }),
            "what is said when nothing is left",
        ),
        "tests" => said(list(&def("test")), "situations, and what must come of them"),
        "trusted_headers" => said(
            list(&def("name")),
            "headers (`x-purpose`) and fields (`metadata.purpose`) that something in front vouches for",
        ),
        "allow_cel_in_limits" => {
            said(json!({ "type": "boolean" }), "whether limits may be written in `cel`")
        }
        "tasks" => {
            let names: Vec<&str> = tasks().map(Task::name).collect();
            said(object(&names, &[], |_| words.clone()), "words that settle what a request is")
        }
        "restricted_may_reach" => said(
            object(&["zones", "why"], &["zones", "why"], |key| match key {
                "zones" => json!({ "anyOf": [{ "const": "any" }, zones()] }),
                _ => sentence(),
            }),
            "that restricted data may leave is wanted, where to and why",
        ),
        "assert" => said(
            list(&object(&["never", "why"], &["never"], |key| match key {
                "never" => json!({ "type": "object", "minProperties": 1 }),
                _ => sentence(),
            })),
            "what must hold for every request, proved when the policy is checked",
        ),
        _ => json!(true),
    }
}

/// The tasks that can be named.
fn tasks() -> impl Iterator<Item = Task> {
    Task::ALL.iter().copied().filter(|task| *task != Task::Unknown)
}

fn suite_key(key: &str) -> Value {
    match key {
        "policy" => said(sentence(), "the policy's file, beside this one"),
        "targets" => said(
            json!({ "type": "object", "additionalProperties": zones() }),
            "the targets to assume, `name: zone`",
        ),
        "tests" => said(list(&def("test")), "situations, and what must come of them"),
        _ => json!(true),
    }
}

fn sensitivity_key(key: &str) -> Value {
    match key {
        "default" => said(def("level"), "the level of a request in which nothing was found"),
        "combinations" => said(
            list(&object(&COMBINATION_KEYS, &["level"], |key| match key {
                "level" => def("level"),
                "all_of" => one_or_many(&labels()),
                _ => def("labels"),
            })),
            "finds that together are more than each of them",
        ),
        "likely" | "certain" => {
            let keys: Vec<&str> =
                std::iter::once("ignore").chain(Level::ALL.map(Level::name)).collect();
            said(object(&keys, &[], |_| def("labels")), "what finds of this tier count for")
        }
        level => said(def("labels"), &format!("the labels that are {level}")),
    }
}

fn detect_key(key: &str) -> Value {
    match key {
        "packs" => {
            let names: Vec<&str> =
                Pack::ALL.iter().map(|pack| pack.name()).chain(["all"]).collect();
            said(one_or_many(&json!({ "enum": names })), "the packs of detectors that are on")
        }
        "answers" => said(def("labels"), "what is taken out of answers"),
        "labels" => said(
            json!({ "type": "object", "additionalProperties": def("level") }),
            "labels of your own, each with its level",
        ),
        _ => said(
            list(&object(&PATTERN_KEYS, &["name"], |key| match key {
                "name" => def("name"),
                "label" => open_words(Label::ALL.iter().map(|label| label.name())),
                "validator" => json!({ "enum": Validator::ALL.map(Validator::name) }),
                "context" | "terms" => one_or_many(&sentence()),
                _ => sentence(),
            })),
            "patterns of your own",
        ),
    }
}

fn budget_key(key: &str) -> Value {
    match key {
        "name" => def("name"),
        "per" => json!({ "enum": Subject::ALL.map(Subject::name) }),
        "window" => json!({ "enum": Window::ALL.map(Window::name) }),
        "limit_usd" => usd(),
        "warn_at" => one_or_many(&json!({ "type": "string", "pattern": "^[0-9]{1,3}\\s*%$" })),
        "tz" => said(sentence(), "an IANA name like `Europe/Berlin`"),
        "soft" => said(json!({ "type": "boolean" }), "warn only"),
        _ => said(json!({ "type": "boolean" }), "whether local work counts, at its imputed cost"),
    }
}

fn limit() -> Value {
    let mut limit = object(&LIMIT_KEYS, &["id", "why"], |key| match key {
        "id" => said(def("name"), "what traces and tests call it"),
        "why" => said(sentence(), "the reason that callers and auditors read"),
        "when" => said(def("condition"), "without it the limit always applies"),
        "allow_zones" => said(zones(), "where data may go"),
        "deny_targets" => said(one_or_many(&json!({ "type": "string" })), "targets that are out"),
        "max_cost_usd" => said(usd(), "the most that one request may cost; 0 means no paid calls"),
        _ => said(mask(), "what is replaced before a request leaves"),
    });
    if let Value::Object(map) = &mut limit {
        let effects = EFFECTS.map(|effect| json!({ "required": [effect] }));
        map.insert("anyOf".to_owned(), json!(effects));
    }
    limit
}

fn mask() -> Value {
    let modes = Mode::ALL.map(Mode::name);
    let tiers: Vec<&str> = modes.into_iter().chain(["keep"]).collect();
    let detailed = object(&MASK_KEYS, &["labels"], |key| match key {
        "labels" => def("labels"),
        "mode" => json!({ "enum": modes }),
        _ => json!({ "enum": tiers }),
    });
    json!({ "anyOf": [def("labels"), detailed] })
}

fn route_key(key: &str) -> Value {
    match key {
        "id" => said(def("name"), "what traces and tests call it"),
        "when" => said(def("condition"), "without it the route always matches"),
        "use" => said(
            json!({ "anyOf": [
                { "type": "string" },
                { "type": "array", "minItems": 1, "uniqueItems": true, "items": { "type": "string" } },
            ] }),
            "targets in the order of preference",
        ),
        "split" => said(
            json!({
                "type": "object",
                "minProperties": 2,
                "additionalProperties": { "type": "integer", "minimum": 1, "maximum": 1_000_000 },
            }),
            "how requests are shared out among the first targets, `name: weight`",
        ),
        _ => said(
            object(&verify::KEYS, &["of", "min_token_prob_p10"], |key| match key {
                "of" => {
                    said(json!({ "type": "string" }), "the local target whose answer is looked at")
                }
                "min_token_prob_p10" => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
                "extractive" => said(
                    json!({ "type": "boolean" }),
                    "whether what is extracted must stand in the text",
                ),
                "otherwise" => json!({ "const": "next" }),
                "agreement" => said(
                    json!({ "type": "number", "minimum": 0, "maximum": 1 }),
                    "the share of accepted answers that are compared with the next target's",
                ),
                _ => json!({ "type": "integer", "minimum": 0 }),
            }),
            "when the answer is good enough; else the next target answers",
        ),
    }
}

/// Facts with their matchers, and what joins them.
fn condition() -> Value {
    let mut properties = Map::new();
    let many = json!({ "type": "array", "minItems": 1, "items": def("condition") });
    properties.insert("all".to_owned(), said(many.clone(), "each of these holds"));
    properties.insert("any".to_owned(), said(many, "one of these holds"));
    properties.insert("not".to_owned(), said(def("condition"), "this does not hold"));
    properties.insert("cel".to_owned(), said(sentence(), "an expression in CEL"));
    for (name, meaning, fact) in fixed_facts() {
        properties.insert(name.to_owned(), said(matchers(&fact), meaning));
    }
    let patterns: Map<String, Value> =
        open_facts().map(|(pattern, fact)| (pattern.to_owned(), matchers(&fact))).collect();
    json!({
        "type": "object",
        "minProperties": 1,
        "properties": properties,
        "patternProperties": patterns,
        "additionalProperties": false,
    })
}

fn fixed_facts() -> impl Iterator<Item = (&'static str, &'static str, Fact)> {
    VOCABULARY
        .iter()
        .filter_map(|words| Some((words.name, words.meaning, vocabulary::find(words.name, &[])?)))
}

/// The facts whose names the policy or the client chooses, by the shape of their names.
fn open_facts() -> impl Iterator<Item = (&'static str, Fact)> {
    [
        ("^budget\\..+\\.used$", "budget.b.used"),
        ("^budget\\..+\\.left_usd$", "budget.b.left_usd"),
        ("^header\\..+$", "header.h"),
        ("^metadata\\..+$", "metadata.m"),
    ]
    .into_iter()
    .filter_map(|(pattern, example)| Some((pattern, vocabulary::find(example, &["b"])?)))
}

fn matchers(fact: &Fact) -> Value {
    let value = value(fact);
    let mut schema = object(known_matchers(fact), &[], |matcher| {
        let or_unknown = json!({ "anyOf": [value, { "const": UNKNOWN }] });
        match (matcher, fact) {
            ("is" | "is_not", Fact::Labels) => json!({ "const": UNKNOWN }),
            ("is" | "is_not", _) => or_unknown,
            ("between", _) => {
                json!({ "type": "array", "minItems": 2, "maxItems": 2, "items": value })
            }
            ("in" | "none_of", Fact::Word(word)) if word.is_truth() => one_or_many(&or_unknown),
            ("in" | "none_of", Fact::Word(word)) => {
                one_or_many(&open_words(word.words().iter().copied().chain([UNKNOWN])))
            }
            ("in" | "none_of", Fact::Text(_)) => one_or_many(&value),
            (_, Fact::Labels) => def("labels"),
            _ => value.clone(),
        }
    });
    if let Value::Object(map) = &mut schema {
        map.insert("minProperties".to_owned(), json!(1));
    }
    schema
}

/// One value of a fact.
fn value(fact: &Fact) -> Value {
    match fact {
        Fact::Word(word) if word.is_truth() => json!({ "type": "boolean" }),
        Fact::Word(word) => json!({ "enum": word.words() }),
        Fact::Text(_) => json!({ "type": "string" }),
        Fact::Labels => def("labels"),
        Fact::Number(number) => match number.unit() {
            Unit::Tokens | Unit::Milliseconds => json!({ "type": "integer", "minimum": 0 }),
            Unit::Hour => json!({ "type": "integer", "minimum": 0, "maximum": 23 }),
            Unit::Share => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
            Unit::Usd => usd(),
            Unit::Percent => json!({ "type": "string", "pattern": PERCENT }),
        },
    }
}

/// The facts that a test sets.
fn given() -> Value {
    let or_unknown = |fact: &Fact| json!({ "anyOf": [value(fact), { "const": UNKNOWN }] });
    let mut properties: Map<String, Value> = fixed_facts()
        .map(|(name, meaning, fact)| (name.to_owned(), said(or_unknown(&fact), meaning)))
        .collect();
    properties.insert("caller.data_floor".to_owned(), def("level"));
    for name in ["data.likely", "data.many"] {
        properties.insert(name.to_owned(), def("labels"));
    }
    let mut patterns: Map<String, Value> =
        open_facts().map(|(pattern, fact)| (pattern.to_owned(), or_unknown(&fact))).collect();
    let reasons: Vec<&str> = Unable::ALL.iter().map(|reason| reason.name()).collect();
    patterns.insert("^target\\..+\\.unable$".to_owned(), json!({ "enum": reasons }));
    let cost = json!({ "anyOf": [usd(), { "const": UNKNOWN }] });
    patterns.insert("^target\\..+\\.cost_usd$".to_owned(), cost);
    json!({
        "type": "object",
        "properties": properties,
        "patternProperties": patterns,
        "additionalProperties": false,
    })
}

fn test() -> Value {
    object(&CASE_KEYS, &["name", "expect"], |key| match key {
        "name" => said(sentence(), "what it shows"),
        "prompt" => said(json!({ "type": "string" }), "a prompt to inspect"),
        "given" => said(def("given"), "facts; everything else is ordinary"),
        "caller" => {
            let facts = given();
            let of = |key: &str| {
                let name = format!("caller.{key}");
                facts.pointer("/properties").and_then(|all| all.get(&name)).cloned()
            };
            object(&CALLER_KEYS, &[], |key| of(key).unwrap_or(json!(true)))
        }
        _ => {
            let mut expect = object(&EXPECT_KEYS, &[], |key| match key {
                "target" => said(json!({ "type": "string" }), "the first choice"),
                "refuse" => json!({ "type": "boolean" }),
                _ => said(
                    one_or_many(&def("name")),
                    "limits that must match, and the route that must win",
                ),
            });
            if let Value::Object(map) = &mut expect {
                let one = [json!({ "required": ["target"] }), json!({ "required": ["refuse"] })];
                map.insert("anyOf".to_owned(), json!(one));
            }
            expect
        }
    })
}
