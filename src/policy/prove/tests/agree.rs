//! Small random policies: what is proved of them is what trying every request shows.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::yaml::{Problem, Severity};

/// Conditions, each with the facts that it depends on.
const CONDITIONS: &[&str] = &[
    "data.sensitivity: { at_least: restricted }",
    "data.sensitivity: { is: confidential }",
    "data.sensitivity: { below: confidential }",
    "data.labels: { any_of: identity.* }",
    "data.labels: { none_of: person.name }",
    "data.labels: { all_of: [person.name, identity.us_ssn] }",
    "data.scan: { is: complete }",
    "data.scan: { is_not: complete }",
    "data.declared: { is_not: unknown }",
    "data.declared: { at_least: confidential }",
    "task.type: { is: code }",
    "task.type: { in: [chat, unknown] }",
    "task.type: { is_not: unknown }",
    "caller.team: { is: a }",
    "caller.team: { is_not: unknown }",
    "caller.team: { starts_with: a }",
    "budget.all.used: { at_least: 100% }",
    "budget.all.used: { below: 50% }",
    "budget.all.left_usd: { below: 1 }",
    "cost.estimate_usd: { above: 0.5 }",
    "cost.estimate_usd: { is: unknown }",
];

/// `all`, `any` and `not` over some conditions.
fn condition() -> impl Strategy<Value = String> {
    let leaf = proptest::sample::select(CONDITIONS).prop_map(|leaf| format!("{{ {leaf} }}"));
    leaf.prop_recursive(2, 5, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..3)
                .prop_map(|parts| format!("{{ all: [{}] }}", parts.join(", "))),
            proptest::collection::vec(inner.clone(), 1..3)
                .prop_map(|parts| format!("{{ any: [{}] }}", parts.join(", "))),
            inner.prop_map(|part| format!("{{ not: {part} }}")),
        ]
    })
}

fn maybe_when() -> impl Strategy<Value = String> {
    proptest::option::weighted(0.8, condition())
        .prop_map(|when| when.map_or_else(String::new, |when| format!("when: {when}, ")))
}

const EFFECTS: &[&str] = &[
    "allow_zones: [on-host]",
    "allow_zones: [on-host, eu]",
    "allow_zones: [eu]",
    "deny_targets: [local]",
    "max_cost_usd: 0",
    "max_cost_usd: 0.5",
    "mask: person.name",
];

const USES: &[&str] = &[
    "[local]",
    "[cloud]",
    "[cloud, local]",
    "[local, cloud]",
    "[world, cloud]",
    "[world]",
    "[cloud, local], split: { cloud: 3, local: 1 }",
    "[local, cloud], split: { local: 1, cloud: 3 }",
    "[world, cloud, local], split: { world: 1, cloud: 1 }",
];

/// A small policy, without its end.
pub(super) fn small_policy() -> impl Strategy<Value = String> {
    let limit = (maybe_when(), proptest::sample::select(EFFECTS));
    let route = (maybe_when(), proptest::sample::select(USES));
    let soft = proptest::bool::weighted(0.8);
    (proptest::collection::vec(limit, 0..4), proptest::collection::vec(route, 1..4), soft).prop_map(
        |(limits, routes, soft)| {
            let mut text = format!(
                "version: 1\nname: small\nrestricted_may_reach: {{ zones: any, why: x }}\n\
                 sensitivity: {{ combinations: [] }}\n\
                 budgets: [{{ name: all, window: day, limit_usd: 2, soft: {soft} }}]\nlimits:\n"
            );
            for (index, (when, effect)) in limits.iter().enumerate() {
                text = format!("{text}  - {{ id: l{index}, why: x, {when}{effect} }}\n");
            }
            if limits.is_empty() {
                text = text.replace("limits:\n", "");
            }
            text += "routes:\n";
            for (index, (when, uses)) in routes.iter().enumerate() {
                text = format!("{text}  - {{ id: r{index}, {when}use: {uses} }}\n");
            }
            text
        },
    )
}

/// More requests than this are not tried for one policy.
const REQUESTS_MAX: usize = 12_000;

/// What requests may cost; two limits tell what lies `between` them from both.
fn cost_axes(between: Option<&str>) -> Vec<Vec<&'static str>> {
    let axis = |target: &str, costs: &[&str]| -> Vec<&'static str> {
        let costs = costs.iter().copied().chain(between).map(|cost| match cost {
            "" => String::new(),
            cost => format!("target.{target}.cost_usd: {cost}\n"),
        });
        // Leaked once per test: there are few, and they keep the axes plain.
        costs.map(|cost| &*cost.leak()).collect()
    };
    vec![
        axis("cloud", &["", "0", "0.6", "unknown"]),
        axis("world", &["", "0", "0.6", "unknown"]),
        axis("local", &["", "0.6", "unknown"]),
    ]
}

/// Every request that such policies can tell apart, as lines of facts; along axes that none of the
/// texts names only the ordinary value; `None` when there are too many.
pub(super) fn every_request(texts: &[&str]) -> Option<Vec<String>> {
    let named = |word: &str| texts.iter().any(|text| text.contains(word));
    let mut axes: Vec<Vec<&str>> =
        vec![vec!["", "target.local.unable: down\n"], vec!["", "target.cloud.unable: down\n"]];
    if named("[world") {
        axes.push(vec!["", "target.world.unable: down\n"]);
    }
    if named("split:") {
        axes.push(vec![
            "",
            "request.draw: 0.1\n",
            "request.draw: 0.3\n",
            "request.draw: 0.6\n",
            "request.draw: 0.9\n",
        ]);
    }
    if named("data.") {
        axes.push(vec!["", "data.scan: partial\n"]);
        axes.push(vec![
            "",
            "data.declared: confidential\n",
            "data.declared: restricted\n",
            "data.declared: public\n",
        ]);
        axes.push(vec!["", "caller.data_floor: confidential\n", "caller.data_floor: restricted\n"]);
    }
    if named("data.labels") || named("mask") {
        axes.push(vec![
            "",
            "data.labels: [person.name]\n",
            "data.labels: [identity.us_ssn]\n",
            "data.labels: [identity.uk_nino]\n",
            "data.labels: [person.name, identity.us_ssn]\n",
            "data.labels: [person.name, identity.uk_nino]\n",
        ]);
    }
    if named("task.") {
        axes.push(vec!["", "task.type: code\n", "task.type: chat\n", "task.type: translate\n"]);
    }
    if named("caller.team") {
        axes.push(vec!["", "caller.team: a\n", "caller.team: another\n", "caller.team: zed\n"]);
    }
    if named("budget.all") {
        let used =
            ["", "budget.all.used: 50%\n", "budget.all.used: 60%\n", "budget.all.used: 100%\n"];
        axes.push(used.into());
    }
    if named("cost") || named("soft: false") {
        let has_both = named("max_cost_usd: 0 ") && named("0.5");
        axes.extend(cost_axes(has_both.then_some("0.3")));
    }
    if axes.iter().map(Vec::len).product::<usize>() > REQUESTS_MAX {
        return None;
    }
    let mut requests = vec![String::new()];
    for axis in axes {
        requests = requests
            .iter()
            .flat_map(|request| axis.iter().map(move |line| format!("{request}{line}")))
            .collect();
    }
    Some(requests)
}

/// The requests as facts, read once.
pub(super) fn scenarios(source: &str, policy: &Policy, requests: &[String]) -> Vec<Scenario> {
    // Lines repeat, so each is read once.
    let lines: BTreeSet<&str> = requests.iter().flat_map(|request| request.lines()).collect();
    let known: std::collections::BTreeMap<&str, Vec<_>> = lines
        .into_iter()
        .map(|line| {
            let given = compile::suite::given(("p", source), &world(), ("given", line)).unwrap();
            (line, given)
        })
        .collect();
    requests
        .iter()
        .map(|request| {
            let mut scenario = Scenario::ordinary(policy);
            for given in request.lines().flat_map(|line| &known[line]) {
                scenario.set(given);
            }
            scenario
        })
        .collect()
}

pub(super) fn targets(decision: &Decision) -> Vec<TargetId> {
    decision
        .permit()
        .map_or_else(Vec::new, |permit| permit.clearances.iter().map(Clearance::target).collect())
}

fn problems(source: &str) -> Vec<Problem> {
    match Policy::compile("p.yaml", source, &world()) {
        Ok(policy) => policy.warnings().clone().into_iter().chain(policy.notes().clone()).collect(),
        Err(problems) => problems.into_iter().collect(),
    }
}

/// Whether a decision is what must not be.
type Happens = fn(&Decision) -> bool;

/// What must never happen, and how to see in a decision that it did.
const OUTCOMES: &[(&str, Happens)] = &[
    ("zone: global", |decision| targets(decision).contains(&TargetId(2))),
    ("zone: remote", |decision| targets(decision).iter().any(|it| it.0 > 0)),
    ("zone: { is_not: on-host }", |decision| targets(decision).iter().any(|it| it.0 > 0)),
    ("target: [local]", |decision| targets(decision).contains(&TargetId(0))),
    ("refused: true", |decision| targets(decision).is_empty()),
];

/// The facts of the command that a problem offers.
fn tried(problem: &Problem) -> String {
    let help = problem.help.as_deref().unwrap_or_default();
    let (_, command) = help.split_once("try: ").unwrap_or_else(|| panic!("{problem}"));
    let words = shell_words(command);
    let given = words.windows(2).filter(|pair| pair[0] == "--given").map(|pair| &pair[1]);
    given.map(|fact| fact.replacen('=', ": ", 1) + "\n").collect()
}

fn shell_words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            other => word.push(other),
        }
    }
    words.push(word);
    words
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn an_assertion_is_proved_if_and_only_if_no_request_breaks_it(
        base in small_policy(), when in condition(), outcome in 0..OUTCOMES.len(),
    ) {
        let (never, happens) = OUTCOMES[outcome];
        let asserted = format!("{base}assert:\n  - never: {{ all: [{when}], {never} }}\n");
        // A limit that does nothing shows for which requests the condition may hold.
        let probe = format!("  - {{ id: probe, why: x, when: {when}, deny_targets: [] }}\n");
        let probed = if base.contains("limits:\n") {
            base.replace("limits:\n", &format!("limits:\n{probe}"))
        } else {
            base.replace("routes:\n", &format!("limits:\n{probe}routes:\n"))
        };
        let policy = Policy::compile("p", &probed, &world());
        // Conditions that cannot be written at all are not this test's business.
        prop_assume!(policy.is_ok());
        let policy = policy.unwrap();
        let probe = LimitId(0);
        let breaks = |scenario: &Scenario| {
            let decision = evaluate(&policy, &scenario.facts());
            decision.trace.limits.iter().any(|it| it.limit == probe) && happens(&decision)
        };
        let requests = every_request(&[&base, &when]);
        prop_assume!(requests.is_some());
        let requests = requests.unwrap();
        let broken = scenarios(&probed, &policy, &requests).iter().position(breaks);
        let errors: Vec<Problem> = problems(&asserted).into_iter().filter(|it| it.severity == Severity::Error).collect();
        prop_assert_eq!(broken.is_some(), !errors.is_empty(), "{:?}\n{}", broken.map(|it| &requests[it]), asserted);
        for error in errors {
            prop_assert!(error.message.starts_with("this can happen"), "{error}");
            let request = tried(&error);
            let shown = &scenarios(&probed, &policy, std::slice::from_ref(&request))[0];
            prop_assert!(breaks(shown), "{request}\n{error}\n{asserted}");
        }
    }

    #[test]
    fn a_rule_is_idle_if_and_only_if_no_request_uses_it(base in small_policy()) {
        let policy = compile(&base);
        let requests = every_request(&[&base]);
        prop_assume!(requests.is_some());
        let requests = requests.unwrap();
        let scenarios = scenarios(&base, &policy, &requests);
        let (mut applied, mut won, mut reached) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for scenario in &scenarios {
            let decision = evaluate(&policy, &scenario.facts());
            applied.extend(decision.trace.limits.iter().map(|it| policy.limit_id(it.limit).to_owned()));
            won.extend(decision.permit().map(|permit| policy.route_id(permit.route).to_owned()));
            reached.extend(targets(&decision));
        }
        let found = problems(&base);
        let warned = |start: &str, name: &str| {
            let start = format!("{start} `{name}`");
            found.iter().any(|it| it.severity == Severity::Warning && it.message.contains(&start))
        };
        for limit in policy.limit_ids() {
            let idle = warned("the condition of the limit", limit);
            prop_assert_eq!(idle, !applied.contains(limit), "{} of\n{}", limit, base);
        }
        for route in policy.route_ids() {
            let idle = warned("the condition of the route", route) || warned("the route", route)
                || warned("whenever the route", route);
            prop_assert_eq!(idle, !won.contains(route), "{} of\n{}", route, base);
        }
        for target in (0..3).map(TargetId) {
            let name = policy.target_name(target);
            let used = policy.routes.iter().any(|route| route.targets.contains(&target) && won.contains(&route.id));
            if used {
                let is_warned = warned("reach the target", name);
                prop_assert_eq!(is_warned, !reached.contains(&target), "{} of\n{}", name, base);
            }
        }
        // A level, or a task within it, is reported if there are such requests and all are refused.
        let (mut seen, mut answered) = (BTreeSet::new(), BTreeSet::new());
        for scenario in &scenarios {
            let decision = evaluate(&policy, &scenario.facts());
            let task = scenario.facts().task.map(|guess| guess.task.name());
            for kind in [(decision.sensitivity.name(), None), (decision.sensitivity.name(), task)] {
                seen.insert(kind);
                if decision.permit().is_some() {
                    answered.insert(kind);
                }
            }
        }
        let refused = |data: &str, task: &str| {
            let start = format!("every request{data}");
            found.iter().any(|it| it.message.starts_with(&start) && it.message.contains(task))
        };
        for (level, task) in &seen {
            let is_reported = refused(" is refused", "")
                || refused(&format!(" with {level} data is refused"), "")
                || task.is_some_and(|task| refused(&format!(" with {level} data for"), &format!("`{task}`")));
            let asks = task.is_none() || base.contains("task.type");
            if asks {
                prop_assert_eq!(is_reported, !answered.contains(&(*level, *task)), "{} {:?} of\n{}", level, task, base);
            }
        }
        // A limit is noted if it makes no difference to what is left for any request.
        for (index, limit) in policy.limits.iter().enumerate() {
            if !limit.mask.is_empty() || !applied.contains(&limit.id) {
                continue;
            }
            let without = policy.without(&limit.id);
            let able = |scenario: &Scenario, policy: &Policy| {
                let decision = evaluate(policy, &scenario.facts());
                let struck: BTreeSet<TargetId> = decision.trace.struck.iter().map(|it| it.target).collect();
                struck
            };
            let matters = scenarios.iter().any(|it| able(it, &policy) != able(it, &without));
            let noted = found.iter().any(|it| it.severity == Severity::Note && it.message.contains(&format!("the limit `{}`", limit.id)));
            prop_assert_eq!(noted, !matters, "limit {} of\n{}", index, base);
        }
    }
}
