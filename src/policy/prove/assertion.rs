//! What must never happen: the policy's own assertions, and restricted data in other hands.

use std::collections::BTreeMap;

use super::super::decision::{Decision, Outcome};
use super::super::{
    Assertion, Estimate, Place, Policy, RestrictedRemote, Scenario, TargetId, TargetSet, evaluate,
};
use super::axis::{Atom, Axis};
use super::encode::Find;
use super::solver::Lit;
use super::witness::Witness;
use super::{Prover, QUESTION_EFFORT, Search, unsettled};
use crate::inspect::{Confidence, Level};
use crate::money::NanoUsd;
use crate::yaml::Severity;

/// A request that does what it must not.
struct Violation {
    witness: Witness,
    decision: Decision,
}

impl Prover<'_> {
    /// Restricted data that can reach other hands is a mistake, unless the policy says that it is
    /// wanted.
    pub(super) fn restricted(&mut self) {
        let policy = self.policy;
        let wanted = match policy.restricted_remote {
            RestrictedRemote::Forbidden => TargetSet::NONE,
            RestrictedRemote::Wanted(targets) => targets,
        };
        let mut zones: BTreeMap<&str, TargetSet> = BTreeMap::new();
        for target in policy.remote.without(wanted).iter().filter(|it| it.0 < policy.target_count())
        {
            zones.entry(policy.target_zone(target)).or_default().insert(target);
        }
        let [.., restricted] = self.encoded.careful;
        for (zone, targets) in zones {
            let sends = self.sends(targets);
            let found = self.violation(&[restricted, sends], |_, decision| {
                decision.sensitivity == Level::Restricted && reaches(decision, targets)
            });
            self.report_restricted(zone, targets, found);
        }
    }

    fn report_restricted(&mut self, zone: &str, targets: TargetSet, found: Search<Violation>) {
        let policy = self.policy;
        let routes = Place { span: policy.rules_at, path: "routes".to_owned() };
        let (place, message, example) = match found {
            Search::None => return,
            Search::Found(Violation { witness, decision }) => {
                let route = match &decision.outcome {
                    Outcome::Permit(permit) => policy.routes.get(permit.route.0),
                    Outcome::Refuse(_) => None,
                };
                let place = route.map_or(routes, |route| route.place.id.clone());
                let target = sent(&decision, targets).map_or("?", |id| policy.target_name(id));
                let message = format!("restricted data can reach `{target}` in the zone `{zone}`");
                (place, message, format!("\ntry: {}", witness.command(policy, self.file.0)))
            }
            Search::Unsettled(opaque) => {
                let why = unsettled(policy, &opaque);
                let message = format!(
                    "that restricted data never reaches the zone `{zone}` cannot be proved: {why}"
                );
                (routes, message, String::new())
            }
        };
        let help = format!(
            "add a limit `when: {{ data.sensitivity: {{ at_least: restricted }} }}` with \
             `allow_zones`, or, if it is wanted, say at the top level \
             `restricted_may_reach: {{ zones: [{zone}], why: \"…\" }}`{example}"
        );
        self.say(&place, Severity::Error, message, Some(help));
    }

    /// Proves each assertion, or shows a request that breaks it.
    pub(super) fn assertions(&mut self) {
        let policy = self.policy;
        for assertion in &policy.assertions {
            let literals = self.broken(assertion);
            let found = self.violation(&literals, |scenario, decision| {
                is_broken(policy, assertion, (scenario, decision))
            });
            match found {
                Search::None => {}
                Search::Found(Violation { witness, decision }) => {
                    let outcome = match sent(
                        &decision,
                        assertion.targets.unwrap_or(default_targets(assertion, policy.remote)),
                    ) {
                        Some(target) => {
                            let zone = policy.target_zone(target);
                            format!(
                                "may be sent to `{}` in the zone `{zone}`",
                                policy.target_name(target)
                            )
                        }
                        None => "is refused".to_owned(),
                    };
                    let message =
                        format!("this can happen: a request with {} {outcome}", witness.words());
                    let because = if assertion.why.is_empty() {
                        String::new()
                    } else {
                        format!(
                            "the policy asserts that it never does, because: {}\n",
                            assertion.why
                        )
                    };
                    let command = witness.command(policy, self.file.0);
                    let help = format!("{because}try: {command}");
                    self.say(&assertion.place, Severity::Error, message, Some(help));
                }
                Search::Unsettled(opaque) => {
                    let message = format!("this cannot be proved: {}", unsettled(policy, &opaque));
                    let help =
                        "assert it for fewer requests, or say the condition with other matchers";
                    self.say(&assertion.place, Severity::Error, message, Some(help.to_owned()));
                }
            }
        }
    }

    /// What holds of a request that breaks an assertion.
    fn broken(&mut self, assertion: &Assertion) -> Vec<Lit> {
        let when = self.encoded.when(&mut self.space, &assertion.when);
        let mut literals = vec![when.may];
        let able = |target: TargetId| self.encoded.able.get(target.0).copied();
        literals.extend(assertion.able.iter().filter_map(able));
        literals.extend(assertion.free.iter().map(|target| self.free(target)).collect::<Vec<_>>());
        if assertion.refused {
            literals.push(self.encoded.refused);
            return literals;
        }
        let remote = self.policy.remote;
        let mut targets = assertion.targets.unwrap_or(default_targets(assertion, remote));
        if let Some(labels) = assertion.unmasked {
            targets = targets.and(remote);
            let finds = self.encoded.finds.iter().filter(|find| labels.contains(find.label));
            let bare: Vec<Lit> = finds
                .copied()
                .collect::<Vec<Find>>()
                .iter()
                .map(|find| {
                    let masked = self.encoded.masked(&mut self.space, self.policy, find);
                    self.space.formula.and([find.lit, !masked])
                })
                .collect();
            literals.push(self.space.formula.or(bare));
        }
        literals.push(if assertion.paid { self.sends_paid(targets) } else { self.sends(targets) });
        literals
    }

    /// That a request costs nothing at a target.
    fn free(&mut self, target: TargetId) -> Lit {
        let is_nothing = |atom: &Atom| matches!(atom, Atom::Span(0, 0));
        let free = self.space.among(&Axis::Cost(target), is_nothing);
        free.unwrap_or(self.space.formula.never())
    }

    /// That a request may be sent to one of these where it costs more than nothing.
    fn sends_paid(&mut self, targets: TargetSet) -> Lit {
        let mut paid = Vec::new();
        for target in targets.iter() {
            let Some(sends) = self.encoded.sends.get(target.0).copied() else { continue };
            let free = self.free(target);
            paid.push(self.space.formula.and([sends, !free]));
        }
        self.space.formula.or(paid)
    }

    /// That a request may be sent to one of these.
    pub(super) fn sends(&mut self, targets: TargetSet) -> Lit {
        let sends = targets.iter().filter_map(|target| self.encoded.sends.get(target.0).copied());
        let sends: Vec<Lit> = sends.collect();
        self.space.formula.or(sends)
    }

    /// A request where all of these hold, which the evaluator confirms.
    fn violation(
        &mut self,
        literals: &[Lit],
        confirms: impl Fn(&Scenario, &Decision) -> bool,
    ) -> Search<Violation> {
        let policy = self.policy;
        self.space.formula.allow(QUESTION_EFFORT);
        self.space.find(literals, |space, point| {
            let witness = Witness::at(space, policy, point)?;
            let scenario = witness.scenario(policy);
            let decision = evaluate(policy, &scenario.facts());
            confirms(&scenario, &decision).then_some(Violation { witness, decision })
        })
    }
}

/// Where an assertion that names no target must not send to: anywhere that costs, or to other hands.
const fn default_targets(assertion: &Assertion, remote: TargetSet) -> TargetSet {
    if assertion.paid && assertion.unmasked.is_none() { TargetSet::ALL } else { remote }
}

/// Whether a decision lets a request go to one of these.
fn reaches(decision: &Decision, targets: TargetSet) -> bool {
    sent(decision, targets).is_some()
}

/// The first of these that a decision lets a request go to.
fn sent(decision: &Decision, targets: TargetSet) -> Option<TargetId> {
    let clearances = &decision.permit()?.clearances;
    clearances.iter().map(super::super::Clearance::target).find(|id| targets.contains(*id))
}

/// Whether what the evaluator decides breaks the assertion. Its condition holds by construction.
fn is_broken(
    policy: &Policy,
    assertion: &Assertion,
    (scenario, decision): (&Scenario, &Decision),
) -> bool {
    if assertion.refused {
        return decision.permit().is_none();
    }
    let mut targets = assertion.targets.unwrap_or(default_targets(assertion, policy.remote));
    if assertion.paid {
        let facts = scenario.facts();
        let costs = |target: &TargetId| {
            let free = Estimate::Known(NanoUsd::ZERO);
            facts.targets.get(target.0).is_some_and(|facts| facts.cost_estimate != free)
        };
        targets = targets.iter().filter(costs).collect();
    }
    let Some(labels) = assertion.unmasked else { return reaches(decision, targets) };
    let Some(permit) = decision.permit() else { return false };
    let is_bare = |confidence: Confidence| {
        labels.iter().any(|label| permit.mask.mode_of(label, confidence).is_none())
    };
    reaches(decision, targets.and(policy.remote))
        && (is_bare(Confidence::Certain) || is_bare(Confidence::Likely))
}
