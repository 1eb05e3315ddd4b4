//! Differences: what is listed is there, and what is not listed is not.

use proptest::prelude::*;

use super::agree::{every_request, scenarios, small_policy, targets};
use super::*;

fn zones(decision: &Decision) -> Vec<usize> {
    targets(decision).iter().map(|it| it.0).filter(|it| *it > 0).collect()
}

fn lists(old: &str, new: &str) -> Difference {
    diff(("old.yaml", &compile(old)), ("new.yaml", &compile(new)))
}

fn shown(difference: &Difference) -> String {
    let changes = difference.changes.iter().map(|change| {
        let (kind, when) = (change.kind.words(), change.when.join(", "));
        let zones = change.new_zones.join(" ");
        format!("{kind} {zones}: {:?} -> {:?} when {when}\n", change.before, change.after)
    });
    let notes = difference.notes.iter().map(|note| format!("note: {note}\n"));
    let end = format!("complete: {}, widens: {}\n", difference.is_complete, difference.widens);
    changes.chain(notes).chain([end]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_difference_is_listed_if_and_only_if_a_request_shows_it(
        old in small_policy(), new in small_policy(),
    ) {
        let requests = every_request(&[&old, &new]);
        prop_assume!(requests.is_some());
        let requests = requests.unwrap();
        let (before, after) = (compile(&old), compile(&new));
        let difference = lists(&old, &new);
        let pairs = scenarios(&old, &before, &requests);
        let pairs: Vec<[Decision; 2]> = pairs
            .iter()
            .map(|it| [evaluate(&before, &it.facts()), evaluate(&after, &it.facts())])
            .collect();
        let kinds = |kind: ChangeKind| difference.changes.iter().any(|it| it.kind == kind);
        let egress = pairs.iter().any(|[was, is]| zones(is).iter().any(|it| !zones(was).contains(it)));
        prop_assert_eq!(kinds(ChangeKind::Egress), egress, "{}\n{}\n{:#?}", old, new, difference);
        let set = |decision: &Decision| -> std::collections::BTreeSet<TargetId> {
            targets(decision).into_iter().collect()
        };
        let changed = pairs.iter().position(|[was, is]| {
            targets(was).first() != targets(is).first() || set(was) != set(is)
        });
        let is_listed = difference.changes.iter().any(|it| it.kind != ChangeKind::Unmasked);
        prop_assert_eq!(is_listed, changed.is_some(), "{:?}\n{}\n{}\n{:#?}", changed.map(|it| &requests[it]), old, new, difference);
        for change in &difference.changes {
            // The commands differ in nothing but the file here, because both know the same facts.
            let given: Vec<String> =
                change.example.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
            let given = given.concat();
            let [was, is] = [(&old, &before), (&new, &after)].map(|(source, policy)| {
                let scenario = &scenarios(source, policy, std::slice::from_ref(&given))[0];
                evaluate(policy, &scenario.facts())
            });
            let names = |decision: &Decision| -> Vec<String> {
                targets(decision).iter().map(|it| before.target_name(*it).to_owned()).collect()
            };
            prop_assert_eq!(&names(&was), &change.before, "{}", given);
            prop_assert_eq!(&names(&is), &change.after, "{}", given);
        }
    }

    #[test]
    fn a_policy_is_like_itself(source in small_policy()) {
        let difference = lists(&source, &source);
        prop_assert!(difference.changes.is_empty() && difference.is_complete && !difference.widens);
    }
}

const POLICY: &str = "version: 1
name: p
budgets: [{ name: team, per: caller.team, window: month, limit_usd: 100 }]
limits:
  - { id: restricted, why: x, when: { data.sensitivity: { at_least: restricted } }, allow_zones: [on-host] }
  - { id: confidential, why: x, when: { data.sensitivity: { at_least: confidential } }, allow_zones: [on-host, eu] }
  - { id: contacts, why: x, when: { data.labels: { any_of: contact.* } }, mask: contact.* }
  - { id: broke, why: x, when: { budget.team.used: { at_least: 100% } }, max_cost_usd: 0 }
routes:
  - { id: cheap, when: { task.type: { in: [summarize, classify] } }, use: [local, cloud] }
  - { id: long, when: { tokens.input: { at_least: 6000 } }, use: [world, cloud, local] }
  - { id: rest, use: [cloud, world, local] }
";

#[test]
fn differences_read_like_sentences() {
    let changes = [
        (
            "a limit is weaker",
            "confidential } }, allow_zones: [on-host, eu]",
            "confidential } }, allow_zones: [on-host, eu, global]",
        ),
        (
            "a limit is stronger",
            "confidential } }, allow_zones: [on-host, eu]",
            "internal } }, allow_zones: [on-host, eu]",
        ),
        (
            "a limit is taken out",
            "  - { id: restricted, why: x, when: { data.sensitivity: { at_least: restricted } }, allow_zones: [on-host] }\n",
            "",
        ),
        ("less is masked", "mask: contact.* }", "mask: contact.phone_number }"),
        ("a threshold moves", "at_least: 6000", "at_least: 8000"),
        ("more tasks are cheap", "[summarize, classify]", "[summarize, classify, extract]"),
        ("the budget is larger", "limit_usd: 100", "limit_usd: 200"),
        ("another order", "use: [cloud, world, local]", "use: [world, cloud, local]"),
        ("nothing but names", "id: rest", "id: all"),
    ];
    let all: Vec<String> = changes
        .iter()
        .map(|(what, from, to)| {
            assert!(POLICY.contains(from), "{what}");
            format!("## {what}\n{}\n", shown(&lists(POLICY, &POLICY.replace(from, to))))
        })
        .collect();
    insta::assert_snapshot!(all.concat());
}

#[test]
fn what_is_looked_for_no_longer_widens() {
    let all = format!("{POLICY}detect: {{ packs: [all] }}\n");
    let fewer = format!("{POLICY}detect: {{ packs: [generic, us] }}\n");
    let difference = lists(&all, &fewer);
    assert!(difference.widens && difference.changes.is_empty(), "{difference:#?}");
    assert!(!lists(&fewer, &all).widens);
}
