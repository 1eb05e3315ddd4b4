//! The policy language: a file is compiled once, then evaluated for every request.
//!
//! Compiling may fail and then lists every mistake with its place; what comes out, [`Policy`], has
//! nothing left to look up, so [`evaluate()`] is a pure, total function. **Limits** all apply, in any
//! order, and each can only narrow; the first matching **route** wins inside what they leave. There
//! is no second evaluator: the [`Decision`] carries its [`Trace`], and [`explain()`] renders that.

mod agreement;
mod cel;
mod compile;
mod condition;
mod coverage;
mod decision;
mod evaluate;
mod explain;
mod facts;
mod prove;
mod refuse;
mod scenario;
mod split;
mod verify;
mod vocabulary;
mod world;

pub use agreement::agreement;
pub use compile::cases::{Case, Expectation};
pub use compile::suite::SuiteHead;
pub use condition::Seen;
pub use coverage::{Coverage, coverage, mismatch};
pub use decision::{
    Certainty, Decision, LimitMatch, Outcome, Permit, Refusal, RefusalCode, RouteResult,
    RouteTried, Settled, Struck, StruckBy, Trace,
};
pub use evaluate::{Clearance, evaluate};
pub use explain::{
    Explanation, LimitWords, PlaceWords, RouteWords, Saw, StruckWords, explain, seen, struck_by,
    why,
};
pub use facts::{
    BudgetFact, CallerFacts, Criticality, DataFacts, Estimate, Facts, LocalFacts, Quality,
    RequestFacts, Surface, TargetFacts, TimeFacts, TokenFacts, Unable, Weekday,
};
pub use prove::{Change, ChangeKind, Difference, diff};
pub use scenario::Scenario;
pub use split::{Drawn, draw};
pub use verify::{Candidate, Verdict, Verify};
pub use vocabulary::{FactWords, Unit, VOCABULARY};
pub use world::{
    JURISDICTIONS, Masking, TargetId, TargetSet, TargetWords, World, ZONE_ON_HOST, ZONE_ON_PREM,
    is_remote,
};

use std::sync::Arc;

use compile::Tiers;
use condition::{Check, When};
use split::Split;
use vocabulary::{Fact, NumberFact, TextFact, WordFact};

use crate::budget::BudgetSpec;
use crate::inspect::task::Keywords;
use crate::inspect::{Confidence, CustomPattern, Label, LabelSet, Level, PackSet};
use crate::mask::MaskPlan;
use crate::money::NanoUsd;
use crate::yaml::{Problems, Span};

/// A compiled policy. It cannot be wrong: every name is resolved and every unit checked.
#[derive(Clone, Debug)]
pub struct Policy {
    name: String,
    owner: String,
    rev: String,
    default_level: Level,
    /// The labels of each level, in the order of [`Level::ALL`].
    labels_by_level: [LabelSet; 4],
    budgets: Vec<BudgetSpec>,
    checks: Vec<Check>,
    limits: Vec<Limit>,
    routes: Vec<Route>,
    otherwise: Otherwise,
    cases: Vec<Case>,
    assertions: Vec<Assertion>,
    restricted_remote: RestrictedRemote,
    /// Where `routes` stands.
    rules_at: Span,
    targets: Vec<TargetWords>,
    /// The targets that hand data to somebody else.
    remote: TargetSet,
    masking: Masking,
    detect: Detect,
    combinations: Vec<Combination>,
    tiers: Tiers,
    warnings: Problems,
    notes: Problems,
}

/// What is looked for in requests.
#[derive(Clone, Debug, Default)]
pub struct Detect {
    /// The packs of detectors that are on.
    pub packs: PackSet,
    /// What is taken out of answers, remote and local.
    pub answers: LabelSet,
    /// The policy's own patterns.
    pub patterns: Arc<Vec<CustomPattern>>,
    /// The policy's own words for tasks.
    pub task_words: Keywords,
}

/// Finds that together are more than each of them.
#[derive(Clone, Debug)]
struct Combination {
    /// One of each of these sets,
    all_of: Vec<LabelSet>,
    /// and of each of these that is there at all, or of one of them, many different values.
    many_of: LabelSet,
    level: Level,
}

/// How sure the surest find of a kind is.
const fn tier(certain: LabelSet, label: Label) -> Confidence {
    if certain.contains(label) { Confidence::Certain } else { Confidence::Likely }
}

/// A limit, as its place in the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LimitId(pub usize);

/// A route, as its place in the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteId(pub usize);

/// A condition, as its place in the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckId(pub usize);

#[derive(Clone, Debug)]
struct Limit {
    id: String,
    why: String,
    when: When,
    /// What `allow_zones` and `deny_targets` leave.
    allowed: TargetSet,
    mask: MaskPlan,
    cost_max: Option<NanoUsd>,
    place: RulePlace,
}

#[derive(Clone, Debug)]
struct Route {
    id: String,
    when: When,
    targets: Vec<TargetId>,
    /// How requests are shared out among the first of them.
    split: Option<Split>,
    /// When the answer of one of them is good enough.
    verify: Option<Verify>,
    place: RulePlace,
}

/// Where something stands in the file.
#[derive(Clone, Debug, Default)]
struct Place {
    span: Span,
    path: String,
}

/// Where a rule stands in the file.
#[derive(Clone, Debug, Default)]
struct RulePlace {
    id: Place,
    /// Its condition; its id if it has none.
    when: Place,
}

/// What must never happen.
#[derive(Clone, Debug)]
struct Assertion {
    place: Place,
    why: String,
    /// For which requests; what is not known counts, as in limits.
    when: When,
    /// That such a request may be sent to one of these.
    targets: Option<TargetSet>,
    /// That it is refused.
    refused: bool,
    /// That it leaves with values of these kinds as they are.
    unmasked: Option<LabelSet>,
    /// That it is sent to where it costs more than nothing.
    paid: bool,
    /// Only while each of these can take it.
    able: TargetSet,
    /// Only while each of these costs nothing.
    free: TargetSet,
}

/// Whether restricted data may go to other hands.
#[derive(Clone, Copy, Debug)]
enum RestrictedRemote {
    /// It may not, as a matter of course.
    Forbidden,
    /// It may go to these, and the policy says why.
    Wanted(TargetSet),
}

#[derive(Clone, Debug)]
struct Otherwise {
    status: u16,
    say: String,
}

impl Policy {
    /// Reads a policy for this world. `file_name` is only for messages.
    ///
    /// # Errors
    /// Everything that is wrong with the file, in file order.
    pub fn compile(file_name: &str, source: &str, world: &World) -> Result<Self, Problems> {
        compile::compile(file_name, source, world)
    }

    /// Reads a policy without proving what it asserts: to explain and compare, never to decide by.
    ///
    /// # Errors
    /// Everything that is wrong with its words, in file order.
    pub fn compile_unproved(
        file_name: &str,
        source: &str,
        world: &World,
    ) -> Result<Self, Problems> {
        compile::unproved(file_name, source, world)
    }

    /// Reads the head of a file of tests: which policy it tests and the targets that it assumes.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn suite_head(file_name: &str, source: &str) -> Result<SuiteHead, Problems> {
        compile::suite::head(file_name, source)
    }

    /// Reads the `tests:` of a separate file against a policy. Files are (name, source).
    ///
    /// # Errors
    /// Everything that is wrong with the policy, else with the tests.
    pub fn suite(
        policy: (&str, &str),
        world: &World,
        tests: (&str, &str),
    ) -> Result<Vec<Case>, Problems> {
        compile::suite::cases(policy, world, tests)
    }

    /// The language as a JSON Schema, for editors.
    pub fn schema() -> serde_json::Value {
        compile::schema::policy()
    }

    /// The language of files of tests as a JSON Schema.
    pub fn suite_schema() -> serde_json::Value {
        compile::schema::suite()
    }

    /// This policy without one limit or route: what tests should notice.
    #[must_use]
    pub fn without(&self, rule: &str) -> Self {
        let mut policy = self.clone();
        policy.limits.retain(|limit| limit.id != rule);
        policy.routes.retain(|route| route.id != rule);
        policy
    }

    /// The name that the file gives itself.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Who answers for it; empty when the file does not say.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Twelve hex digits of the file's SHA-256.
    pub fn rev(&self) -> &str {
        &self.rev
    }

    /// The budgets, in file order; facts come in the same order.
    pub fn budgets(&self) -> &[BudgetSpec] {
        &self.budgets
    }

    /// The names of the limits, in file order.
    pub fn limit_ids(&self) -> impl Iterator<Item = &str> {
        self.limits.iter().map(|limit| limit.id.as_str())
    }

    /// The names of the routes, in file order.
    pub fn route_ids(&self) -> impl Iterator<Item = &str> {
        self.routes.iter().map(|route| route.id.as_str())
    }

    /// The name of a limit.
    pub fn limit_id(&self, limit: LimitId) -> &str {
        self.limits.get(limit.0).map_or("?", |limit| &limit.id)
    }

    /// Why a limit is there, for callers and auditors.
    pub fn limit_why(&self, limit: LimitId) -> &str {
        self.limits.get(limit.0).map_or("?", |limit| &limit.why)
    }

    /// The name of a route.
    pub fn route_id(&self, route: RouteId) -> &str {
        self.routes.get(route.0).map_or("?", |route| &route.id)
    }

    /// The name of a target.
    pub fn target_name(&self, target: TargetId) -> &str {
        self.targets.get(target.0).map_or("?", |words| &words.name)
    }

    /// How many targets there are.
    pub const fn target_count(&self) -> usize {
        self.targets.len()
    }

    /// Whether sending to a target hands data to somebody else.
    pub const fn is_remote_target(&self, target: TargetId) -> bool {
        self.remote.contains(target)
    }

    /// The zone of a target.
    pub fn target_zone(&self, target: TargetId) -> &str {
        self.targets.get(target.0).map_or("?", |words| &words.zone)
    }

    /// How careful this policy is with a kind of value.
    pub fn level_of(&self, label: Label) -> Level {
        let holds = |set: &LabelSet| set.contains(label);
        let index = self.labels_by_level.iter().position(holds);
        index.and_then(|index| Level::ALL.get(index).copied()).unwrap_or(Level::Restricted)
    }

    /// What is looked for in requests.
    pub const fn detect(&self) -> &Detect {
        &self.detect
    }

    /// The kinds that count, of those found: finds of either tier may be ignored.
    #[must_use]
    pub fn heeded(&self, labels: LabelSet, certain: LabelSet) -> LabelSet {
        let counts = |label: &Label| !self.tiers.ignores(*label, tier(certain, *label));
        labels.iter().filter(counts).collect()
    }

    /// The highest level of what was found: of each kind (what the policy says about its tier, if
    /// anything), and of combinations. `None` if nothing was found.
    pub fn level_of_found(&self, found: &DataFacts) -> Option<Level> {
        let of_label = |label: Label| {
            let stated = self.tiers.level(label, tier(found.certain, label));
            stated.unwrap_or_else(|| self.level_of(label))
        };
        let labels = self.heeded(found.labels, found.certain);
        let combined = self.combinations.iter().filter(|combination| {
            combination.all_of.iter().all(|set| set.intersects(labels))
                && (combination.many_of.is_empty() || combination.many_of.intersects(found.bulk))
        });
        labels.iter().map(of_label).chain(combined.map(|combination| combination.level)).max()
    }

    /// The level of a request in which nothing was found.
    pub const fn default_level(&self) -> Level {
        self.default_level
    }

    /// The cases of the file's `tests:`.
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// What is probably not meant, though it works.
    pub const fn warnings(&self) -> &Problems {
        &self.warnings
    }

    /// What is worth knowing about it: limits that other limits cover.
    pub const fn notes(&self) -> &Problems {
        &self.notes
    }

    /// How many assertions were proved.
    pub const fn assertion_count(&self) -> usize {
        self.assertions.len()
    }

    /// Whether conditions ask how the text suits the local model: measuring that takes a while.
    pub fn asks_local_fit(&self) -> bool {
        let mut facts = self.checks.iter().flat_map(Check::reads);
        facts.any(|fact| {
            matches!(fact, Fact::Word(WordFact::LocalFits) | Fact::Number(NumberFact::UnkRatio))
        })
    }

    /// Whether it matters where a request falls between 0 and 1.
    pub fn asks_draw(&self) -> bool {
        let mut facts = self.checks.iter().flat_map(Check::reads);
        self.routes.iter().any(|route| route.split.is_some())
            || facts.any(|fact| matches!(fact, Fact::Number(NumberFact::Draw)))
    }

    /// Whether conditions ask about the model that the client names.
    pub fn asks_model(&self) -> bool {
        let mut facts = self.checks.iter().flat_map(Check::reads);
        facts.any(|fact| matches!(fact, Fact::Text(TextFact::Model)))
    }

    /// The headers that conditions ask about, in small letters. Others need not be kept.
    pub fn headers_read(&self) -> impl Iterator<Item = &str> {
        self.checks.iter().flat_map(Check::reads).filter_map(|fact| {
            let Fact::Text(TextFact::Header(name)) = fact else { return None };
            Some(&**name)
        })
    }

    /// The fields of `metadata` that conditions ask about.
    pub fn metadata_read(&self) -> impl Iterator<Item = &str> {
        self.checks.iter().flat_map(Check::reads).filter_map(|fact| {
            let Fact::Text(TextFact::Metadata(name)) = fact else { return None };
            Some(&**name)
        })
    }

    /// A condition in the words of the file.
    pub fn check_said(&self, check: CheckId) -> &str {
        self.checks.get(check.0).map_or("?", |check| &check.said)
    }
}

#[cfg(test)]
mod tests;
