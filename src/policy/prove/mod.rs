//! What a policy says about every request there can be: proved, or refuted with a request to try.
//!
//! The policy becomes a formula over the values that it tells apart ([`space`], [`encode`]), and each
//! question (can this rule ever apply, can restricted data reach that zone, do two policies differ)
//! is whether a formula can hold ([`solver`]). An answer is never a guess: "no" is a proof, "yes" is a
//! request that the evaluator was asked about as well, and what cannot be settled is said to be so.

mod assertion;
mod audit;
mod axis;
mod diff;
mod encode;
mod formula;
mod labels;
mod refused;
mod region;
mod sample;
mod search;
mod solver;
mod space;
#[cfg(test)]
mod tests;
mod trial;
mod witness;
mod words;

use std::collections::BTreeSet;

use super::condition::{Test, When};
use super::vocabulary::Fact;
use super::{Place, Policy};
use crate::yaml::{Problem, Severity};
use axis::Axis;
pub use diff::{Change, ChangeKind, Difference, diff};
use encode::Encoded;
use search::Search;
use solver::Lit;
use space::{Space, shape_axis};

/// The most work for one question, and for all questions about a policy: steps of the solver, about
/// a hundred million a second.
const QUESTION_EFFORT: u64 = 20_000_000;
const EFFORT_MAX: u64 = 150_000_000;

/// A policy that questions are asked about.
struct Prover<'p> {
    policy: &'p Policy,
    file: (&'p str, &'p str),
    space: Space,
    encoded: Encoded,
    /// What some request was seen to do.
    shown: BTreeSet<Lit>,
    problems: Vec<Problem>,
}

/// Everything that is wrong with a policy that compiles, or probably not meant. The file is its name
/// and text.
pub(super) fn examine(policy: &Policy, file: (&str, &str)) -> Vec<Problem> {
    let space = Space::new(&[policy], EFFORT_MAX);
    let encoded = space.and_then(|mut space| {
        let encoded = Encoded::new(&mut space, policy)?;
        Some((space, encoded))
    });
    let Some((space, encoded)) = encoded else {
        let place = Place { span: policy.rules_at, path: "routes".to_owned() };
        let message = "this policy is too large to be proved: too many rules, targets or words";
        return vec![problem(file, &place, Severity::Error, message.to_owned())];
    };
    let (shown, problems) = (BTreeSet::new(), Vec::new());
    let mut prover = Prover { policy, file, space, encoded, shown, problems };
    prover.restricted();
    prover.assertions();
    prover.audit();
    prover.problems
}

impl Prover<'_> {
    fn say(&mut self, place: &Place, severity: Severity, message: String, help: Option<String>) {
        let problem = problem(self.file, place, severity, message);
        self.problems.push(Problem { help, ..problem });
    }
}

fn problem(file: (&str, &str), place: &Place, severity: Severity, message: String) -> Problem {
    let problem = Problem::error(message).at(file.0, file.1, place.span);
    Problem { path: place.path.clone(), severity, ..problem }
}

/// Why a question could not be settled, as the end of a sentence: the conditions behind it, and where
/// they stand.
fn unsettled(policy: &Policy, opaque: &[String]) -> String {
    if opaque.is_empty() {
        return "it is more work than is allowed".to_owned();
    }
    let said: Vec<String> = opaque.iter().map(|said| placed(policy, said)).collect();
    format!("it depends on {}, which cannot be looked into", said.join(" and "))
}

/// An opaque condition with the rule that it stands in.
fn placed(policy: &Policy, said: &str) -> String {
    let asks = |when: &When| asks(policy, when, said);
    let limit = policy.limits.iter().find(|limit| asks(&limit.when));
    let route = policy.routes.iter().find(|route| asks(&route.when));
    let place = match (limit, route) {
        (Some(limit), _) => format!(" (limit `{}`, line {})", limit.id, limit.place.when.span.line),
        (None, Some(route)) => {
            format!(" (route `{}`, line {})", route.id, route.place.when.span.line)
        }
        (None, None) => String::new(),
    };
    format!("`{said}`{place}")
}

fn asks(policy: &Policy, when: &When, said: &str) -> bool {
    match when {
        When::Always => false,
        When::Check(id) => {
            policy.checks.get(id.0).is_some_and(|check| match (&check.fact, &check.test) {
                (_, Test::Cel(cel)) => *cel.text == *said,
                (Fact::Text(fact), Test::Matches(shape)) => {
                    shape_axis(fact, shape.as_str()) == Axis::Opaque(said.to_owned())
                }
                _ => false,
            })
        }
        When::Not(part) => asks(policy, part, said),
        When::All(parts) | When::Any(parts) => parts.iter().any(|part| asks(policy, part, said)),
    }
}
