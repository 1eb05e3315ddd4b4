//! What people read about assertions and idle rules.

use super::*;

fn found(rules: &str) -> String {
    let source = format!("version: 1\nname: p\n{rules}");
    match Policy::compile("policy.yaml", &source, &world()) {
        Ok(policy) => format!("{}{}", policy.warnings(), policy.notes()),
        Err(problems) => problems.to_string(),
    }
}

const OPEN: &str = "restricted_may_reach: { zones: any, why: a test }\n";

#[test]
fn problems_are_shown_with_a_request_to_try() {
    let rest = "routes: [{ id: rest, use: [cloud, local, world] }]\n";
    let restricted = "limits:\n  - { id: stay, why: x, when: { data.sensitivity: { at_least: restricted } }, allow_zones: [on-host, eu] }\n";
    let cases = [
        ("restricted data may leave", rest.to_owned()),
        ("restricted data may leave to one zone", format!("{restricted}{rest}")),
        (
            "… as the policy wants",
            format!("restricted_may_reach: {{ zones: [eu], why: a contract }}\n{restricted}{rest}"),
        ),
        (
            "labels are not everything",
            format!(
                "{OPEN}limits:\n  - {{ id: health, why: x, when: {{ data.labels: {{ any_of: health.* }} }}, allow_zones: [on-host] }}\n{rest}assert:\n  - never: {{ data.labels: {{ any_of: health.* }}, zone: global }}\n  - never: {{ data.sensitivity: restricted, zone: global }}\n    why: The regulator asks for it\n"
            ),
        ),
        (
            "money",
            format!(
                "{OPEN}budgets: [{{ name: all, window: day, limit_usd: 4 }}]\nlimits:\n  - {{ id: broke, why: x, when: {{ budget.all.used: {{ at_least: 90% }} }}, max_cost_usd: 0.01 }}\n{rest}assert:\n  - never: {{ budget.all.used: {{ at_least: 80% }}, cost.estimate_usd: {{ above: 0.02 }}, target: cloud }}\n"
            ),
        ),
        (
            "refusal",
            format!(
                "{OPEN}routes:\n  - {{ id: tools, when: {{ request.tools: {{ is: true }} }}, use: [local] }}\n  - {{ id: rest, use: [cloud, world] }}\nassert:\n  - never: {{ refused: true, able: [local] }}\n"
            ),
        ),
        (
            "unmasked",
            format!(
                "{OPEN}limits:\n  - {{ id: mask, why: x, when: {{ data.labels: {{ any_of: contact.* }}, request.stream: {{ is: false }} }}, mask: contact.* }}\n{rest}assert:\n  - never: {{ data.labels: contact.*, unmasked: contact.*, zone: eu }}\n"
            ),
        ),
        (
            "a shape",
            format!(
                "{OPEN}limits:\n  - {{ id: legal, why: x, when: {{ caller.team: {{ matches: 'legal-[0-9]+' }} }}, allow_zones: [on-host] }}\n{rest}assert:\n  - never: {{ caller.team: {{ starts_with: legal }}, zone: remote }}\n"
            ),
        ),
        (
            "a shape that is not known here",
            format!(
                "{OPEN}limits:\n  - {{ id: legal, why: x, when: {{ caller.team: {{ matches: '(legal|law)-[0-9]+' }} }}, allow_zones: [on-host] }}\n{rest}assert:\n  - never: {{ caller.team: {{ matches: 'legal-[0-9]+' }}, zone: remote }}\n"
            ),
        ),
    ];
    let shown: Vec<String> =
        cases.iter().map(|(what, rules)| format!("## {what}\n{}", found(rules))).collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn idle_rules_are_shown_with_the_reason() {
    let cases = [
        (
            "a condition that cannot hold",
            "routes:\n  - id: never\n    when: { data.sensitivity: { at_least: restricted }, data.labels: { none_of: person.name }, data.scan: { is: partial } }\n    use: [local]\n  - { id: rest, use: [cloud, local, world] }\n",
        ),
        (
            "a number that cannot be",
            "routes:\n  - { id: never, when: { tokens.input: { above: 10 }, all: [{ tokens.input: { below: 8 } }] }, use: [local] }\n  - { id: rest, use: [cloud, local, world] }\n",
        ),
        (
            "taken before",
            "routes:\n  - { id: code, when: { task.type: { in: [code, reasoning] } }, use: [cloud, world] }\n  - { id: reasoning, when: { task.type: { is: reasoning } }, use: [world, cloud] }\n  - { id: rest, use: [cloud, local, world] }\n",
        ),
        (
            "taken by two before",
            "routes:\n  - { id: core, when: { caller.criticality: { is: core } }, use: [local] }\n  - { id: other, when: { caller.criticality: { is: non-core } }, use: [local] }\n  - { id: both, when: { caller.criticality: { is_not: unknown } }, use: [local] }\n  - { id: rest, use: [cloud, world] }\n",
        ),
        (
            "all struck out",
            "limits:\n  - { id: stay, why: x, when: { caller.team: { is: legal } }, allow_zones: [on-host] }\nroutes:\n  - { id: legal, when: { caller.team: { is: legal } }, use: [cloud] }\n  - { id: rest, use: [cloud, local, world] }\n",
        ),
        (
            "covered",
            "limits:\n  - { id: health, why: x, when: { data.labels: { any_of: health.us_mbi } }, allow_zones: [on-host] }\n  - { id: restricted, why: x, when: { data.sensitivity: { at_least: restricted } }, allow_zones: [on-host] }\n  - { id: everywhere, why: x, allow_zones: [on-host, eu, global] }\nroutes: [{ id: rest, use: [cloud, local, world] }]\n",
        ),
        (
            "unreached",
            "limits: [{ id: stay, why: x, allow_zones: [on-host, eu] }]\nroutes: [{ id: rest, use: [cloud, local, world] }]\n",
        ),
    ];
    let shown: Vec<String> = cases
        .iter()
        .map(|(what, rules)| format!("## {what}\n{}", found(&format!("{OPEN}{rules}"))))
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn what_is_always_refused_is_shown_unless_it_is_meant() {
    let stay = "limits: [{ id: stay, why: x, when: { data.sensitivity: { at_least: restricted } }, allow_zones: [on-host] }]\n";
    let code = "routes:\n  - { id: code, when: { task.type: { in: [code, reasoning] } }, use: [cloud, world] }\n  - { id: rest, when: { not: { task.type: { in: [code, reasoning] } } }, use: [cloud, local, world] }\n";
    let asserted =
        "assert: [{ never: { data.sensitivity: restricted, task.type: code, zone: any } }]\n";
    let cases = [
        ("some tasks", format!("{stay}{code}")),
        ("of which one is meant", format!("{stay}{code}{asserted}")),
        ("a level", format!("{stay}routes: [{{ id: rest, use: [cloud, world] }}]\n")),
        ("everything", "limits: [{ id: stay, why: x, allow_zones: [on-host] }]\nroutes: [{ id: rest, use: [cloud, world] }]\n".to_owned()),
    ];
    let shown: Vec<String> =
        cases.iter().map(|(what, rules)| format!("## {what}\n{}", found(rules))).collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn an_unknown_price_is_shown_where_the_target_is_used() {
    let mut world = world();
    for target in &mut world.targets {
        target.is_priced = target.name != "cloud";
    }
    let of = |rules: &str| {
        let source = format!("version: 1\nname: p\n{OPEN}{rules}");
        Policy::compile("policy.yaml", &source, &world).unwrap().warnings().to_string()
    };
    let used = "routes: [{ id: rest, use: [cloud, local, world] }]\n";
    let unused = "routes: [{ id: rest, use: [local, world] }]\n";
    let budget = "budgets: [{ name: all, window: day, limit_usd: 4 }]\n";
    insta::assert_snapshot!(format!("{}\n{}", of(used), of(&format!("{budget}{used}"))));
    assert!(!of(unused).contains("charges"), "{}", of(unused));
}

/// An expression can be true and can be false: what hangs on it is not proved, what does not, is.
#[test]
fn expressions_are_not_looked_into() {
    let of = |assertion: &str| {
        found(&format!(
            "{OPEN}limits:\n  - {{ id: code, why: x, when: {{ task.type: {{ is: code }} }}, allow_zones: [on-host] }}\nroutes:\n  - {{ id: some, when: {{ cel: 'caller.team == \"legal\"' }}, use: [cloud] }}\n  - {{ id: rest, use: [local] }}\nassert:\n  - never: {{ {assertion}zone: remote }}\n"
        ))
    };
    let hanging = of("");
    let expected =
        "cannot be proved: it depends on `caller.team == \"legal\"` (route `some`, line 7)";
    assert!(hanging.contains(expected), "{hanging}");
    let independent = of("task.type: { is: code }, ");
    assert!(!independent.contains("error") && !independent.contains("cannot"), "{independent}");
    assert!(!hanging.contains("can never hold"), "{hanging}");
}
