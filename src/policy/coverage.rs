//! What tests say about the rules of a policy: a rule is reached when a test's decision names it, and it
//! matters when some test fails once the rule is taken out.

use std::collections::BTreeSet;

use super::{Case, Policy, Scenario, evaluate};

/// How far the tests of one policy go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// How many limits and routes there are.
    pub rules: usize,
    /// Those that no test reaches.
    pub unreached: Vec<String>,
    /// Reached, but no test fails without them.
    pub unnoticed: Vec<String>,
}

impl Coverage {
    /// How many rules the tests hold.
    pub fn held(&self) -> usize {
        self.rules.saturating_sub(self.unreached.len() + self.unnoticed.len())
    }
}

/// Coverage by all suites of one policy, which may be read for another world in each.
pub fn coverage(suites: &[(&Policy, &[Case])]) -> Coverage {
    let cases = || suites.iter().flat_map(|(policy, cases)| cases.iter().map(|it| (*policy, it)));
    let reached: BTreeSet<String> =
        cases().flat_map(|(policy, case)| reached_by(policy, case)).collect();
    let rules: Vec<&str> = suites.first().map_or_else(Vec::new, |(policy, _)| {
        policy.limit_ids().chain(policy.route_ids()).collect()
    });
    // A case that fails anyway notices nothing.
    let holds = |policy: &Policy, case: &Case| mismatch(policy, case).is_none();
    let notices = |rule: &str| {
        suites.iter().any(|(policy, cases)| {
            let without = policy.without(rule);
            cases.iter().any(|case| holds(policy, case) && !holds(&without, case))
        })
    };
    let (hit, unreached): (Vec<&str>, Vec<&str>) =
        rules.iter().partition(|rule| reached.contains(**rule));
    let unnoticed = hit.into_iter().filter(|rule| !notices(rule));
    Coverage {
        rules: rules.len(),
        unnoticed: unnoticed.map(str::to_owned).collect(),
        unreached: unreached.into_iter().map(str::to_owned).collect(),
    }
}

/// What a case expected and got; `None` when it is as expected.
pub fn mismatch(policy: &Policy, case: &Case) -> Option<String> {
    let decision = evaluate(policy, &Scenario::of(policy, case).facts());
    case.mismatch(policy, &decision)
}

/// The limits that apply in a case, and the route that wins.
fn reached_by(policy: &Policy, case: &Case) -> Vec<String> {
    let decision = evaluate(policy, &Scenario::of(policy, case).facts());
    let limits = decision.trace.limits.iter().map(|matched| policy.limit_id(matched.limit));
    let route = decision.permit().map(|permit| policy.route_id(permit.route));
    limits.chain(route).map(str::to_owned).collect()
}
