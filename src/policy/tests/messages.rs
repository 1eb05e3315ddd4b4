//! What people read when a policy is wrong.

use super::*;

/// Each mistake in the place of `HERE` in a small policy, with a word for the snapshot.
fn messages(snippets: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (what, source) in snippets {
        let problems = match Policy::compile("policy.yaml", source, &world()) {
            Ok(policy) => policy.warnings().clone(),
            Err(problems) => problems,
        };
        assert!(!problems.is_empty(), "{what}: nothing was wrong");
        out = format!("{out}## {what}\n{problems}\n");
    }
    out
}

fn policy(parts: &str) -> String {
    let mut source = "version: 1\nname: p\nbudgets:\n  - { name: team-month, per: caller.team, window: month, limit_usd: 4 }\n".to_owned();
    source += parts;
    if !parts.contains("routes:") {
        source += "routes:\n  - { id: rest, use: [local, cloud, world] }\n";
    }
    source += "restricted_may_reach: { zones: any, why: tested elsewhere }\n";
    source
}

fn limit(when: &str) -> String {
    policy(&format!(
        "limits:\n  - id: stay\n    why: must stay\n    when: {when}\n    allow_zones: [on-host]\n"
    ))
}

fn route(when: &str) -> String {
    policy(&format!(
        "routes:\n  - id: some\n    when: {when}\n    use: [local]\n  - {{ id: rest, use: [cloud, world] }}\n"
    ))
}

#[test]
fn mistakes_in_conditions_are_shown_with_a_way_out() {
    let cases = [
        ("misspelt fact", limit("{ data.sensitivty: { at_least: restricted } }")),
        ("fact of a known family", limit("{ caller.department: { is: x } }")),
        ("misspelt level", limit("{ data.sensitivity: { at_least: restrcted } }")),
        ("misspelt label", limit("{ data.labels: { any_of: [identity.us_snn] } }")),
        ("misspelt category", limit("{ data.labels: { any_of: identiy.* } }")),
        ("misspelt budget", limit("{ budget.team-mouth.used: { at_least: 100% } }")),
        ("percentage without its unit", limit("{ budget.team-month.used: { at_least: 100 } }")),
        ("misspelt matcher", limit("{ data.sensitivity: { atleast: restricted } }")),
        ("matcher of another kind", limit("{ tokens.input: { in: [1, 2] } }")),
        ("no matcher", limit("{ task.type: code }")),
        ("misspelt task", route("{ task.type: { in: [sumarize] } }")),
        ("share out of range", route("{ task.confidence: { at_least: 60 } }")),
        ("impossible", route("{ data.sensitivity: { below: public } }")),
        ("between backwards", route("{ time.hour: { between: [17, 9] } }")),
        ("untrusted header", route("{ header.x-purpose: { is: test } }")),
        ("escape by header", limit("{ header.x-purpose: { is_not: test } }")),
        ("cel", route("{ cel: 'caller.team == 3' }")),
        ("empty condition", limit("{}")),
        ("too deep", limit("{ not: { not: { not: { not: { not: { lang: { is: en } } } } } } }")),
        ("bad expression", route("{ caller.team: { matches: '(' } }")),
        ("yes is not true", route("{ request.stream: { is: yes } }")),
    ];
    let cases: Vec<(&str, &str)> =
        cases.iter().map(|(what, text)| (*what, text.as_str())).collect();
    insta::assert_snapshot!(messages(&cases));
}

#[test]
fn mistakes_in_rules_are_shown_with_a_way_out() {
    let cases = [
        ("unknown target", policy("routes:\n  - id: a\n    use: [locl, cloud]\n")),
        ("unknown key", policy("routes:\n  - { id: a, uses: [local] }\n")),
        ("unknown top key", policy("limit: []\n")),
        ("unknown zone", policy("limits:\n  - { id: a, why: b, allow_zones: [on-hsot] }\n")),
        ("missing why", policy("limits:\n  - { id: a, allow_zones: [on-host] }\n")),
        ("no effect", policy("limits:\n  - { id: a, why: b }\n")),
        ("same id", policy("limits:\n  - { id: rest, why: b, max_cost_usd: 0 }\n")),
        ("repeated key", policy("owner: a\nowner: b\n")),
        ("split between strangers", policy("routes:\n  - { id: a, use: [local, cloud, world], split: { local: 1, clout: 1 } }\n")),
        ("split of nothing", policy("routes:\n  - { id: a, use: [local, cloud, world], split: { local: 0, cloud: 1 } }\n")),
        ("split with nobody", policy("routes:\n  - { id: a, use: [local, cloud, world], split: { local: 1 } }\n")),
        ("split behind others", policy("routes:\n  - { id: a, use: [local, cloud, world], split: { cloud: 1, world: 1 } }\n")),
        ("split too fine", policy("routes:\n  - { id: a, use: [local, cloud, world], split: { local: 1, cloud: 1_000_000 } }\n")),
        ("split of what is looked at", policy("routes:\n  - { id: a, use: [local, cloud, world], split: { local: 1, cloud: 1 }, verify: { of: local, min_token_prob_p10: 0.4 } }\n")),
        ("verify without a threshold", policy("routes:\n  - { id: a, use: [local, cloud, world], verify: { of: local } }\n")),
        ("verify with a share that is none", policy("routes:\n  - { id: a, use: [local, cloud, world], verify: { of: local, min_token_prob_p10: 0.4, agreement: 5 } }\n")),
        ("verify of a server", policy("routes:\n  - { id: a, use: [local, cloud, world], verify: { of: cloud, min_token_prob_p10: 0.4 } }\n")),
        ("verify without a next", policy("routes:\n  - { id: a, use: [cloud, world, local], verify: { of: local, min_token_prob_p10: 40% } }\n")),
        ("assertion of nothing", policy("assert:\n  - never: { task.type: code }\n")),
        ("assertion of too much", policy("assert:\n  - never: { refused: true, zone: eu }\n")),
        ("assertion with a misspelt zone", policy("assert:\n  - never: { data.sensitivity: restricted, zone: remot }\n")),
        ("assertion with a misspelt outcome", policy("assert:\n  - never: { data.sensitivity: restricted, zones: eu }\n")),
        ("assertion with a misspelt level", policy("assert:\n  - never: { data.sensitivity: restrictet, zone: eu }\n")),
        ("restricted data somewhere", policy("restricted_may_reach: { zones: [eu, uss], why: x }\n").replace("restricted_may_reach: { zones: any, why: tested elsewhere }\n", "")),
        ("restricted data without a reason", policy("restricted_may_reach: { zones: any }\n").replace("restricted_may_reach: { zones: any, why: tested elsewhere }\n", "")),
        ("money with a sign", policy("limits:\n  - { id: a, why: b, max_cost_usd: $5 }\n")),
        ("window", "version: 1\nname: p\nbudgets: [{ name: a, window: monht, limit_usd: -1, warn_at: [80] }]\nroutes: [{ id: r, use: [local, cloud, world] }]\n".to_owned()),
        ("time zone", "version: 1\nname: p\nbudgets: [{ name: a, window: day, limit_usd: 1, tz: Europe/Berln }]\nroutes: [{ id: r, use: [local, cloud, world] }]\n".to_owned()),
        ("version", "version: 2\nname: p\nroutes: [{ id: r, use: [local, cloud, world] }]\n".to_owned()),
        ("two levels", policy("sensitivity: { restricted: [health.*], confidential: [health.us_npi] }\n")),
        ("placeholder", policy("otherwise: { refuse: { say: 'sorry {reason}' } }\n")),
        ("unused target", policy("routes:\n  - { id: a, use: [local, cloud] }\n")),
        ("test of a missing rule", policy("tests:\n  - { name: t, given: { lang: fr }, expect: { target: cloud, because: [ret] } }\n")),
        ("not yaml", "version: 1\nname: [p\nroutes: 3\n".to_owned()),
        ("two documents", policy("---\nversion: 1\n")),
        ("nothing", String::new()),
    ];
    let cases: Vec<(&str, &str)> =
        cases.iter().map(|(what, text)| (*what, text.as_str())).collect();
    insta::assert_snapshot!(messages(&cases));
}

#[test]
fn all_mistakes_come_at_once_in_file_order() {
    let source = "version: 1
name: p
budgets: [{ name: a, window: dya, limit_usd: 1 }]
limits:
  - id: a
    why: b
    when: { budget.a.used: { at_least: 100% }, data.scna: { is: complete } }
    allow_zones: [moon]
routes:
  - { id: b, use: [clud] }
";
    let problems = Policy::compile("p.yaml", source, &world()).unwrap_err();
    let places: Vec<(u32, &str)> =
        problems.as_slice().iter().map(|p| (p.line, p.message.as_str())).collect();
    assert_eq!(
        places,
        [
            (3, "unknown window `dya`"),
            (7, "unknown fact `data.scna`"),
            (8, "unknown zone `moon`"),
            (10, "unknown target `clud`"),
        ]
    );
}

#[test]
fn a_team_that_nobody_is_in_is_a_warning() {
    let world = World { teams: vec!["legal".into(), "hr".into()], ..world() };
    let source = route("{ caller.team: { is: leagl } }");
    let policy = Policy::compile("p.yaml", &source, &world).unwrap();
    let problem = &policy.warnings().as_slice()[0];
    assert_eq!(problem.help.as_deref(), Some("did you mean `legal`?"));
}
