//! Facts in, decision and winning rule out: the files of `tests/policy/` and the shipped policy.

use super::*;
use crate::inspect::Label;

fn run(policy: &Policy) {
    assert!(policy.cases().len() > 5, "no cases were read");
    for case in policy.cases() {
        let scenario = Scenario::of(policy, case);
        let decision = evaluate(policy, &scenario.facts());
        if let Some(mismatch) = case.mismatch(policy, &decision) {
            panic!("{}: {mismatch}\n{}", case.name, explain(policy, &decision));
        }
    }
}

#[test]
fn limits_narrow() {
    run(&compile(include_str!("../../../tests/policy/limits.yaml")));
}

#[test]
fn matchers_match() {
    run(&compile(include_str!("../../../tests/policy/matchers.yaml")));
}

#[test]
fn shares_are_drawn_and_told() {
    let policy = compile(include_str!("../../../tests/policy/split.yaml"));
    run(&policy);
    let case = policy.cases().iter().find(|case| case.name == "the smaller share").unwrap();
    let told = explain(&policy, &evaluate(&policy, &Scenario::of(&policy, case).facts()));
    assert!(
        told.contains("drawn: 0.95 of cloud 90, world 10, which is the share of world\n"),
        "{told}"
    );
    assert!(
        told.contains("Goes to world (global), then, if that fails, to cloud (eu), local"),
        "{told}"
    );
    // Who was never drawn before is not what a limit took away.
    let case = policy.cases().iter().find(|case| case.name.starts_with("limits hold")).unwrap();
    let decision = evaluate(&policy, &Scenario::of(&policy, case).facts());
    assert_eq!(why(&policy, &decision), "confidential data stays in the EU");
    assert_eq!(decision.trace.drawn.map(|drawn| drawn.draw), Some(950_000));
}

#[test]
fn expressions_hold_and_fail_and_are_unknown() {
    run(&compile(include_str!("../../../tests/policy/cel.yaml")));
}

fn default_policy(cloud_zone: &str) -> Policy {
    let source = include_str!("../../../policies/default.yaml");
    let mut world = world();
    world.targets.pop();
    world.targets[1].zone = cloud_zone.to_owned();
    Policy::compile("policies/default.yaml", source, &world)
        .unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn the_default_policy_keeps_its_own_promises_in_any_zone() {
    for zone in ["eu", "us", "global"] {
        let policy = default_policy(zone);
        assert!(policy.warnings().is_empty(), "{}", policy.warnings());
        run(&policy);
    }
}

#[test]
fn a_wrong_expectation_is_noticed() {
    let source = include_str!("../../../tests/policy/matchers.yaml");
    let policy = compile(&source.replace("because: teams", "because: named"));
    let case = policy.cases().iter().find(|case| case.name == "in defined words").unwrap();
    let decision = evaluate(&policy, &Scenario::of(&policy, case).facts());
    let mismatch = case.mismatch(&policy, &decision).unwrap();
    assert_eq!(mismatch, "expected because of named, got teams");
}

/// What a decision needs beyond its own size: the list of clearances, and room for a trace of many rules.
#[test]
fn a_decision_allocates_next_to_nothing() {
    let few = default_policy("eu");
    let route = |index: usize| {
        format!(
            "  - {{ id: r{index}, when: {{ caller.team: {{ is: team-{index} }} }}, use: [cloud] }}\n"
        )
    };
    let routes: String = (0..1000).map(route).collect();
    let last = "  - { id: rest, use: [local] }\n";
    let many = compile(&format!("version: 1\nname: many\nroutes:\n{routes}{last}"));
    for (policy, most) in [(&few, 1), (&many, 10)] {
        let scenario = Scenario::ordinary(policy);
        let mut facts = scenario.facts();
        facts.caller.team = Some("support");
        let mut decision = None;
        let counted = allocation_counter::measure(|| decision = Some(evaluate(policy, &facts)));
        assert!(decision.unwrap().permit().is_some());
        assert!(counted.count_total <= most, "{counted:?}");
    }
}

fn refusal(given: &str) -> Refusal {
    let source = format!(
        "version: 1
name: refusals
budgets: [{{ name: all, window: day, limit_usd: 1 }}]
limits:
  - {{ id: stay, why: must stay, when: {{ data.sensitivity: {{ is: restricted }} }}, allow_zones: on-host }}
  - {{ id: broke, why: no money, when: {{ budget.all.used: {{ at_least: 100% }} }}, max_cost_usd: 0 }}
routes: [{{ id: rest, use: [cloud, local] }}]
otherwise: {{ refuse: {{ status: 451, say: 'no: {{reasons}}' }} }}
tests: [{{ name: it, given: {{ {given} }}, expect: {{ refuse: true }} }}]
"
    );
    let policy = compile(&source);
    let decision = evaluate(&policy, &Scenario::of(&policy, &policy.cases()[0]).facts());
    assert_eq!(policy.cases()[0].mismatch(&policy, &decision), None);
    assert_eq!(decision.trace.routes.last().unwrap().result, RouteResult::AllStruckOut);
    let Outcome::Refuse(refusal) = decision.outcome else { panic!("permitted") };
    refusal
}

#[test]
fn refusals_say_what_would_help() {
    let local = |unable: &str| format!("target.local.unable: {unable}");
    let both = |a: &str, b: &str| format!("target.local.unable: {a}, target.cloud.unable: {b}");
    let broke = "budget.all.used: 100%, ";
    let secret = "data.sensitivity: restricted, ";
    for (given, status, code) in [
        (format!("{secret}{}", local("down")), 503, RefusalCode::TargetsDown),
        (format!("{secret}{}", local("input_too_long")), 413, RefusalCode::RequestTooLong),
        (format!("{secret}{}", local("no_tools")), 451, RefusalCode::NoCapableTarget),
        (format!("{secret}{}", local("not_allowed_for_caller")), 451, RefusalCode::PolicyRefused),
        (format!("{broke}{}", local("input_too_long")), 402, RefusalCode::BudgetExceeded),
        (format!("{broke}{}", local("down")), 503, RefusalCode::TargetsDown),
        (format!("{broke}{}", both("no_tools", "down")), 402, RefusalCode::BudgetExceeded),
        (both("no_tools", "over_budget"), 402, RefusalCode::BudgetExceeded),
        (format!("{broke}{}", both("no_tools", "no_images")), 451, RefusalCode::NoCapableTarget),
        (both("input_too_long", "down"), 503, RefusalCode::TargetsDown),
        (both("input_too_long", "input_too_long"), 413, RefusalCode::RequestTooLong),
        (both("input_too_long", "no_tools"), 451, RefusalCode::NoCapableTarget),
    ] {
        let refusal = refusal(&given);
        assert_eq!((refusal.status, refusal.code), (status, code), "{given}: {refusal:?}");
    }
    let refusal = refusal("data.sensitivity: restricted, target.local.unable: down");
    assert_eq!(refusal.say, "no: must stay; local is not answering");
}

#[test]
fn no_route_at_all_is_a_refusal_too() {
    let policy = compile(
        "version: 1\nname: x\nroutes: [{ id: a, when: { request.tools: { is: true } }, use: [local, cloud, world] }]",
    );
    let decision = evaluate(&policy, &Scenario::ordinary(&policy).facts());
    let Outcome::Refuse(refusal) = &decision.outcome else { panic!("permitted") };
    assert_eq!((refusal.status, refusal.code), (403, RefusalCode::PolicyRefused));
    assert!(refusal.say.ends_with("no route of the policy matches this request"));
}

#[test]
fn without_a_price_a_hard_budget_has_the_last_word() {
    for (soft, is_permitted) in [("false", false), ("true", true)] {
        let policy = compile(&format!(
            "version: 1\nname: x\nbudgets: [{{ name: all, window: day, limit_usd: 1, soft: {soft} }}]\n\
             routes: [{{ id: rest, use: [cloud] }}]"
        ));
        let mut scenario = Scenario::ordinary(&policy);
        let cost_estimate = Estimate::Unpriced;
        let cloud = world().targets.iter().position(|target| target.name == "cloud").unwrap();
        scenario.set_target(TargetId(cloud), TargetFacts { cost_estimate, unable: None });
        let decision = evaluate(&policy, &scenario.facts());
        assert_eq!(decision.target().is_some(), is_permitted, "soft: {soft}");
        if let Outcome::Refuse(refusal) = &decision.outcome {
            assert_eq!((refusal.status, refusal.code), (402, RefusalCode::BudgetExceeded));
        }
    }
}

#[test]
fn facts_that_were_not_gathered_narrow() {
    let policy = default_policy("eu");
    let scenario = Scenario::ordinary(&policy);
    let mut facts = scenario.facts();
    facts.budgets.clear();
    let decision = evaluate(&policy, &facts);
    assert_eq!(
        why(&policy, &decision),
        "The team's budget for this month is used up: no paid calls"
    );
    let mut facts = scenario.facts();
    facts.targets.clear();
    assert!(matches!(evaluate(&policy, &facts).outcome, Outcome::Refuse(_)));
}

#[test]
fn a_failed_reservation_counts_as_a_budget_used_up() {
    let policy = default_policy("eu");
    let scenario = Scenario::ordinary(&policy);
    let mut facts = scenario.facts();
    facts.budgets[1].refused = true;
    let decision = evaluate(&policy, &facts);
    let Outcome::Permit(permit) = &decision.outcome else { panic!("refused") };
    assert_eq!(permit.clearances.len(), 1);
    assert_eq!(policy.target_name(permit.clearances[0].target()), "local");
}

#[test]
fn masking_is_carried_when_it_is_available() {
    let source = include_str!("../../../tests/policy/limits.yaml");
    let world = World { masking: Masking::Available, ..world() };
    let policy = Policy::compile("limits.yaml", source, &world).unwrap();
    let find = |case: &&Case| case.name == "masking is missing";
    let case = policy.cases().iter().find(find).unwrap();
    let decision = evaluate(&policy, &Scenario::of(&policy, case).facts());
    let Outcome::Permit(permit) = &decision.outcome else { panic!("refused") };
    assert_eq!(policy.target_name(permit.clearances[0].target()), "cloud");
    assert!(permit.mask.labels().contains(Label::ContactEmailAddress));
}

#[test]
fn explanations_read_like_sentences() {
    let policy = default_policy("eu");
    let mut text = String::new();
    for name in [
        "a card number stays on the host",
        "a team without money gets free answers",
        "regulated data is refused rather than sent when the local model is down",
        "a summary is cheap work",
    ] {
        let case = policy.cases().iter().find(|case| case.name == name).unwrap();
        let decision = evaluate(&policy, &Scenario::of(&policy, case).facts());
        let explanation = explain(&policy, &decision).replace(policy.rev(), "REV");
        let why = why(&policy, &decision);
        text = format!("{text}## {name}\nwhy: {why}\n\n{explanation}\n");
        assert!(why.chars().count() <= 80);
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_policy_answers_for_itself() {
    let policy = default_policy("eu");
    assert_eq!((policy.name(), policy.owner()), ("default", "security and compliance"));
    assert_eq!(policy.rev().len(), 12);
    assert_eq!(policy.budgets().len(), 2);
    assert_eq!(policy.route_ids().collect::<Vec<_>>(), ["cheap-work-local", "everything-else"]);
    assert_eq!(policy.level_of(Label::IdentityUsSsn), crate::inspect::Level::Restricted);
    assert_eq!(policy.level_of(Label::PersonName), crate::inspect::Level::Internal);
}

#[test]
fn what_is_known_is_named_before_what_is_feared() {
    let policy = default_policy("eu");
    let mut scenario = Scenario::ordinary(&policy);
    scenario.data.scan = crate::inspect::Scan::Partial;
    let decision = evaluate(&policy, &scenario.facts());
    // The labels might be regulated; that not everything was read is certain.
    let careful = &decision.trace.limits[1];
    assert_eq!(policy.limit_id(careful.limit), "regulated-stays-here");
    assert_eq!(careful.certainty, Certainty::Careful);
    let said = "What we could not read to its end stays on our hosts";
    assert_eq!(why(&policy, &decision), said);
}

#[test]
fn words_stand_in_the_order_of_their_types() {
    use vocabulary::WordFact;
    fn names<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> Vec<&'static str> {
        all.iter().map(|value| name(*value)).collect()
    }
    assert_eq!(WordFact::Criticality.words(), names(Criticality::ALL, Criticality::name));
    assert_eq!(WordFact::Quality.words(), names(Quality::ALL, Quality::name));
    assert_eq!(WordFact::Surface.words(), names(Surface::ALL, Surface::name));
    assert_eq!(WordFact::Weekday.words(), names(Weekday::ALL, Weekday::name));
    let tasks = names(&crate::inspect::Task::ALL, crate::inspect::Task::name);
    assert_eq!(WordFact::Task.words(), &tasks[..12]);
    assert_eq!(tasks[12], "unknown");
}
