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
