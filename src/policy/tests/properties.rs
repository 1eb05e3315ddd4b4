//! What must never happen, whatever the facts.

use proptest::prelude::*;

use super::*;
use crate::inspect::{Label, LabelSet, Level, Scan, Task, TaskGuess};
use crate::money::{NanoUsd, Tokens};

const POLICIES: [&str; 2] = [
    include_str!("../../../policies/default.yaml"),
    include_str!("../../../tests/policy/limits.yaml"),
];

/// More limits, each of which may be added to a policy.
const LIMITS: [&str; 6] = [
    "{ id: extra, why: x, allow_zones: [eu] }",
    "{ id: extra, why: x, when: { task.type: { is: code } }, allow_zones: [on-host] }",
    "{ id: extra, why: x, when: { not: { caller.team: { is: a } } }, max_cost_usd: 0 }",
    "{ id: extra, why: x, when: { lang: { is: zh } }, deny_targets: [local] }",
    "{ id: extra, why: x, when: { data.labels: { none_of: secret.* } }, mask: person.* }",
    "{ id: extra, why: x, when: { any: [ { tokens.input: { above: 50 } }, { local.fits: { is: false } } ] }, allow_zones: [] }",
];

/// The policies of the library, each with its tests, which name the targets that it is for.
const LIBRARY: [(&str, &str); 8] = [
    (
        include_str!("../../../policies/default.yaml"),
        include_str!("../../../policies/default_test.yaml"),
    ),
    (
        include_str!("../../../policies/core-business-stays-open.yaml"),
        include_str!("../../../policies/core-business-stays-open_test.yaml"),
    ),
    (
        include_str!("../../../policies/cost-saver.yaml"),
        include_str!("../../../policies/cost-saver_test.yaml"),
    ),
    (
        include_str!("../../../policies/gdpr-eu.yaml"),
        include_str!("../../../policies/gdpr-eu_test.yaml"),
    ),
    (
        include_str!("../../../policies/pipl-cross-border.yaml"),
        include_str!("../../../policies/pipl-cross-border_test.yaml"),
    ),
    (
        include_str!("../../../policies/finance.yaml"),
        include_str!("../../../policies/finance_test.yaml"),
    ),
    (
        include_str!("../../../policies/healthcare.yaml"),
        include_str!("../../../policies/healthcare_test.yaml"),
    ),
    (
        include_str!("../../../policies/air-gapped.yaml"),
        include_str!("../../../policies/air-gapped_test.yaml"),
    ),
];

static LIBRARY_READ: std::sync::LazyLock<Vec<Policy>> = std::sync::LazyLock::new(|| {
    let read = |(policy, tests): &(&str, &str)| {
        let targets = Policy::suite_head("tests.yaml", tests).unwrap().targets.unwrap();
        let world = World { targets, teams: Vec::new(), masking: Masking::Available };
        Policy::compile("policy.yaml", policy, &world)
            .unwrap_or_else(|problems| panic!("{problems}"))
    };
    LIBRARY.iter().map(read).collect()
});

/// Conditions of every kind, for policies that are made up.
const CONDITIONS: [&str; 18] = [
    "data.sensitivity: { at_least: confidential }",
    "data.sensitivity: { is_not: public }",
    "data.labels: { any_of: [secret.*, health.*] }",
    "data.labels: { none_of: contact.* }",
    "data.labels: { is: unknown }",
    "data.scan: { is: complete }",
    "data.declared: { is: unknown }",
    "task.type: { in: [code, summarize, unknown] }",
    "task.confidence: { between: [0.2, 0.7] }",
    "tokens.input: { above: 100 }",
    "caller.team: { is_not: research }",
    "caller.team: { starts_with: re }",
    "budget.b.used: { at_least: 90% }",
    "cost.estimate_usd: { below: 0.0005 }",
    "cel: 'task.type == \"code\" || caller.team == \"a\"'",
    "cel: '!data.labels.exists(l, l.startsWith(\"secret.\"))'",
    "cel: 'tokens.input / (tokens.input - 7) > 1 && budget.b.used < 0.5'",
    "header.x-purpose: { is: test }",
];

const EFFECTS: [&str; 7] = [
    "allow_zones: [on-host]",
    "allow_zones: [eu, on-host]",
    "allow_zones: []",
    "deny_targets: [world]",
    "max_cost_usd: 0",
    "max_cost_usd: 0.0004",
    "mask: contact.*",
];

/// A condition: none, one, several, or nested ones.
fn when() -> impl Strategy<Value = String> {
    let one = || proptest::sample::select(CONDITIONS.to_vec());
    let two = move || (one(), one()).prop_filter("one key twice", |(a, b)| key(a) != key(b));
    prop_oneof![
        Just(String::new()),
        one().prop_map(|one| format!("when: {{ {one} }}, ")),
        two().prop_map(|(a, b)| format!("when: {{ {a}, {b} }}, ")),
        (one(), one()).prop_map(|(a, b)| format!("when: {{ any: [{{ {a} }}, {{ {b} }}] }}, ")),
        (one(), one())
            .prop_map(|(a, b)| format!("when: {{ all: [{{ {a} }}, {{ any: [{{ {b} }}] }}] }}, ")),
        // A client must not escape by what it sends, so headers are not turned round.
        (one(), one())
            .prop_filter("a header turned round", |(a, _)| !a.starts_with("header"))
            .prop_map(|(a, b)| format!("when: {{ any: [{{ not: {{ {a} }} }}, {{ {b} }}] }}, ")),
    ]
}

fn key(condition: &str) -> &str {
    condition.split(':').next().unwrap()
}

fn limit() -> impl Strategy<Value = String> {
    (when(), proptest::sample::select(EFFECTS.to_vec()))
        .prop_map(|(when, effect)| format!("why: x, {when}{effect} }}\n"))
}

fn route() -> impl Strategy<Value = String> {
    let orders =
        ["[local]", "[cloud]", "[world, cloud, local]", "[cloud, local]", "[local, world]"];
    (when(), proptest::sample::select(orders.to_vec()))
        .prop_map(|(when, order)| format!("{when}use: {order} }}\n"))
}

/// A made-up policy, as its limits and routes.
fn made_up() -> impl Strategy<Value = (Vec<String>, Vec<String>)> {
    (proptest::collection::vec(limit(), 0..5), proptest::collection::vec(route(), 1..5))
}

fn written(limits: &[String], routes: &[String]) -> Policy {
    let number = |(index, rest): (usize, &String)| format!("  - {{ id: r{index}, {rest}");
    let limits: String = limits.iter().enumerate().map(number).collect();
    let routes: String = routes.iter().enumerate().map(|(i, r)| number((i + 100, r))).collect();
    let limits = if limits.is_empty() { limits } else { format!("limits:\n{limits}") };
    compile(&format!(
        "version: 1\nname: made-up\nallow_cel_in_limits: true\ntrusted_headers: [x-purpose]\nbudgets: [{{ name: b, window: day, limit_usd: 1 }}]\n{limits}routes:\n{routes}"
    ))
}

/// The choices that make up the facts of a request.
#[derive(Clone, Debug)]
struct Situation {
    labels: Vec<usize>,
    scan: Scan,
    declared: Option<Level>,
    floor: Option<Level>,
    task: Option<(usize, f32)>,
    tokens: u32,
    team: Option<&'static str>,
    used_percent: [u8; 2],
    costs: [Option<u32>; 3],
    unable: [Option<Unable>; 3],
}

fn level() -> impl Strategy<Value = Option<Level>> {
    proptest::option::of(proptest::sample::select(Level::ALL.to_vec()))
}

fn situation() -> impl Strategy<Value = Situation> {
    let scan = prop_oneof![4 => Just(Scan::Complete), 1 => Just(Scan::Partial), 1 => Just(Scan::Uninspected)];
    let unable = || prop_oneof![4 => Just(None), 1 => proptest::sample::select(Unable::ALL.to_vec()).prop_map(Some)];
    let data = (proptest::collection::vec(0..Label::ALL.len(), 0..3), scan, level(), level());
    let work = (proptest::option::of((0..13_usize, 0.0..1.0_f32)), 0..200_u32);
    let team = proptest::option::of(proptest::sample::select(vec!["a", "research"]));
    let money =
        ([0..130_u8, 0..130], proptest::array::uniform3(proptest::option::of(0..900_000_u32)));
    let unables = [unable(), unable(), unable()];
    (data, work, team, money, unables).prop_map(|(data, work, team, money, unable)| {
        let ((labels, scan, declared, floor), (task, tokens)) = (data, work);
        let (used_percent, costs) = money;
        Situation { labels, scan, declared, floor, task, tokens, team, used_percent, costs, unable }
    })
}

impl Situation {
    fn decide(&self, policy: &Policy) -> Decision {
        let scenario = Scenario::ordinary(policy);
        let mut facts = scenario.facts();
        facts.data = DataFacts {
            labels: self.labels.iter().map(|index| Label::ALL[*index]).collect::<LabelSet>(),
            scan: self.scan,
            declared: self.declared,
            ..DataFacts::default()
        };
        facts.caller.data_floor = self.floor;
        facts.caller.team = self.team;
        facts.task = self.task.map(|(index, confidence)| TaskGuess {
            task: Task::ALL[index],
            confidence,
            runner_up: Task::Unknown,
        });
        facts.tokens.input = Tokens(self.tokens);
        for (budget, percent) in facts.budgets.iter_mut().zip(self.used_percent) {
            budget.used = NanoUsd::new(budget.limit.nanos() / 100 * i128::from(percent));
        }
        for (index, target) in facts.targets.iter_mut().enumerate() {
            if index > 0 {
                target.cost_estimate = self.costs[index].map_or(Estimate::Unpriced, |micros| {
                    Estimate::Known(NanoUsd::new(i128::from(micros) * 1_000))
                });
            }
            target.unable = self.unable[index];
        }
        evaluate(policy, &facts)
    }
}

fn permitted(decision: &Decision) -> Vec<TargetId> {
    match &decision.outcome {
        Outcome::Permit(permit) => permit.clearances.iter().map(Clearance::target).collect(),
        Outcome::Refuse(_) => Vec::new(),
    }
}

/// The targets that survive all limits, whichever route wins.
fn unstruck(policy: &Policy, decision: &Decision) -> Vec<TargetId> {
    let struck = |id: &TargetId| decision.trace.struck.iter().any(|struck| struck.target == *id);
    (0..policy.targets.len()).map(TargetId).filter(|id| !struck(id)).collect()
}

fn remote(policy: &Policy, targets: &[TargetId]) -> Vec<TargetId> {
    let is_far = |id: &&TargetId| is_remote(policy.target_zone(**id));
    targets.iter().filter(is_far).copied().collect()
}

fn is_subset(inner: &[TargetId], outer: &[TargetId]) -> bool {
    inner.iter().all(|id| outer.contains(id))
}

fn policies() -> Vec<Policy> {
    // The second policy's `is: confidential` is not monotone on purpose in its own tests.
    POLICIES
        .iter()
        .map(|source| {
            compile(&source.replace("{ is: confidential }", "{ at_least: confidential }"))
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn raising_sensitivity_never_adds_a_remote_target(
        situation in situation(), level in proptest::sample::select(Level::ALL.to_vec()),
    ) {
        for policy in policies() {
            let before = situation.decide(&policy);
            let declared = situation.declared.max(Some(level));
            let after = Situation { declared, ..situation.clone() }.decide(&policy);
            prop_assert!(after.sensitivity >= before.sensitivity);
            let (before, after) = (permitted(&before), permitted(&after));
            prop_assert!(is_subset(&remote(&policy, &after), &remote(&policy, &before)));
        }
    }

    #[test]
    fn finding_more_or_reading_less_never_adds_a_remote_target(
        situation in situation(), label in 0..Label::ALL.len(),
    ) {
        let mut more = situation.clone();
        more.labels.push(label);
        let less = Situation { scan: Scan::Uninspected, ..situation.clone() };
        for policy in policies() {
            let before = remote(&policy, &permitted(&situation.decide(&policy)));
            for careful in [&more, &less] {
                let after = remote(&policy, &permitted(&careful.decide(&policy)));
                prop_assert!(is_subset(&after, &before), "{before:?} {after:?}");
            }
        }
    }

    #[test]
    fn adding_a_limit_never_widens(situation in situation(), extra in 0..LIMITS.len()) {
        for source in POLICIES {
            let with = source.replacen("limits:\n", &format!("limits:\n  - {}\n", LIMITS[extra]), 1);
            prop_assert_ne!(&with, source);
            let (policy, with) = (compile(source), compile(&with));
            let (before, after) = (situation.decide(&policy), situation.decide(&with));
            prop_assert!(is_subset(&unstruck(&with, &after), &unstruck(&policy, &before)));
            prop_assert!(is_subset(&permitted(&after), &unstruck(&policy, &before)));
        }
    }

    #[test]
    fn the_order_of_limits_does_not_matter(situation in situation()) {
        for policy in policies() {
            let mut turned = policy.clone();
            turned.limits.reverse();
            let (one, other) = (situation.decide(&policy), situation.decide(&turned));
            prop_assert_eq!(unstruck(&policy, &one), unstruck(&turned, &other));
            prop_assert_eq!(permitted(&one), permitted(&other));
        }
    }

    #[test]
    fn same_facts_same_decision_and_trace(situation in situation()) {
        for policy in policies() {
            prop_assert_eq!(situation.decide(&policy), situation.decide(&policy));
        }
    }

    #[test]
    fn every_target_permitted_is_allowed_by_every_limit_that_applies(situation in situation()) {
        for policy in policies() {
            let decision = situation.decide(&policy);
            for target in permitted(&decision) {
                for matched in &decision.trace.limits {
                    prop_assert!(policy.limits[matched.limit.0].allowed.contains(target));
                }
                prop_assert!(situation.unable[target.0].is_none());
            }
            prop_assert!(why(&policy, &decision).chars().count() <= 80);
            prop_assert!(!explain(&policy, &decision).is_empty());
        }
    }

    #[test]
    fn adding_a_limit_to_any_policy_never_adds_a_reachable_zone(
        situation in situation(), (limits, routes) in made_up(), extra in limit(), at in 0..5_usize,
    ) {
        let policy = written(&limits, &routes);
        let mut more = limits;
        more.insert(at.min(more.len()), extra);
        let with = written(&more, &routes);
        let (before, after) = (situation.decide(&policy), situation.decide(&with));
        let zones = |policy: &Policy, targets: Vec<TargetId>| -> std::collections::BTreeSet<String> {
            targets.into_iter().map(|target| policy.target_zone(target).to_owned()).collect()
        };
        prop_assert!(is_subset(&unstruck(&with, &after), &unstruck(&policy, &before)));
        let (reached, reachable) = (permitted(&after), unstruck(&policy, &before));
        prop_assert!(zones(&with, reached).is_subset(&zones(&policy, reachable)));
        // Not even by another route: no target is permitted that a limit keeps from before.
        prop_assert!(is_subset(&permitted(&after), &unstruck(&policy, &before)));
    }

    #[test]
    fn any_policy_decides_the_same_twice_and_within_every_limit(
        situation in situation(), (limits, routes) in made_up(),
    ) {
        let policy = written(&limits, &routes);
        let decision = situation.decide(&policy);
        prop_assert_eq!(&decision, &situation.decide(&written(&limits, &routes)));
        prop_assert_eq!(explain(&policy, &decision), explain(&policy, &situation.decide(&policy)));
        for target in permitted(&decision) {
            for matched in &decision.trace.limits {
                prop_assert!(policy.limits[matched.limit.0].allowed.contains(target));
            }
            prop_assert!(situation.unable[target.0].is_none());
        }
    }

    #[test]
    fn raising_sensitivity_never_widens_a_policy_of_the_library(
        situation in situation(), level in proptest::sample::select(Level::ALL.to_vec()),
    ) {
        for policy in LIBRARY_READ.iter() {
            let before = situation.decide(policy);
            // What is found or what the caller is for, not what the client says: a policy may ask
            // whether the client said anything.
            let floor = situation.floor.max(Some(level));
            let after = Situation { floor, ..situation.clone() }.decide(policy);
            prop_assert!(after.sensitivity >= before.sensitivity);
            let (before, after) = (permitted(&before), permitted(&after));
            prop_assert!(is_subset(&remote(policy, &after), &remote(policy, &before)));
        }
    }

    #[test]
    fn no_yaml_makes_the_compiler_panic(
        text in "([a-z_.]{1,12}|[-:{}\\[\\]&*!|>'\"%#?,~ \n]|\\PC|when: |limits: |routes: |cel: ){0,60}",
    ) {
        for text in [text.clone(), format!("version: 1\nname: p\nroutes:\n  - {{ id: a, when: {{ {text} }}, use: local }}\n")] {
            if let Err(problems) = Policy::compile("p.yaml", &text, &world()) {
                prop_assert!(problems.errors() > 0);
                prop_assert!(problems.to_string().contains("p.yaml:"));
            }
        }
    }

    #[test]
    fn no_text_makes_the_compiler_panic(cut in 0..4_000_usize, noise in "[-:{}\\[\\]&*!|>'\"%a\\n ]{0,6}") {
        let source = POLICIES[0];
        let cut = source.floor_char_boundary(cut);
        let (start, rest) = source.split_at(cut);
        let text = format!("{start}{noise}{rest}");
        if let Err(problems) = Policy::compile("p.yaml", &text, &world()) {
            prop_assert!(problems.errors() > 0);
            prop_assert!(problems.to_string().contains("p.yaml:"));
        }
    }
}
