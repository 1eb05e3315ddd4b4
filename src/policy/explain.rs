//! A decision in words: for the person who asks why, and in one phrase for a table or header.
//!
//! Renders the trace; nothing is evaluated again.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::condition::Seen;
use super::decision::{
    Certainty, Decision, Outcome, Permit, RouteResult, Settled, Struck, StruckBy,
};
use super::{LimitId, Policy, TargetSet, Unit};
use crate::inspect::Scan;
use crate::money::NanoUsd;

/// The longest phrase that [`why`] gives, in characters.
const WHY_CHARS_MAX: usize = 80;

/// The whole way to a decision, ending with one plain sentence.
pub fn explain(policy: &Policy, decision: &Decision) -> String {
    Explanation::of(policy, decision).to_string()
}

/// A decision in words, part by part: what records keep, what `explain` prints.
///
/// It outlives its policy: a record can be read when the file that decided is long gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation<'a> {
    /// The policy's name.
    pub policy: Cow<'a, str>,
    /// Its revision.
    pub rev: Cow<'a, str>,
    /// How careful the request was handled.
    pub sensitivity: Cow<'a, str>,
    /// The reason as a short phrase.
    pub why: String,
    /// The limits that applied.
    pub limits: Vec<LimitWords<'a>>,
    /// The targets that were struck out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub struck: Vec<StruckWords<'a>>,
    /// The routes that were tried, up to the one that won.
    pub routes: Vec<RouteWords<'a>>,
    /// What was drawn, where the route shares its requests out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawn: Option<String>,
    /// Where it goes, then the fallbacks; empty for a refusal.
    pub targets: Vec<PlaceWords<'a>>,
    /// The code of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Cow<'a, str>>,
    /// One sentence for somebody who has never seen a policy.
    pub sentence: String,
}

/// A limit that applied, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitWords<'a> {
    /// Its id.
    pub id: Cow<'a, str>,
    /// Why it is there.
    pub why: Cow<'a, str>,
    /// The condition that settled it; `None` for a limit without conditions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<Saw<'a>>,
    /// Whether it applied only because something is not known.
    #[serde(default, skip_serializing_if = "is_false")]
    pub careful: bool,
    /// What it did.
    pub effect: String,
}

/// A condition and the value it saw, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saw<'a> {
    /// The condition as the policy says it.
    pub condition: Cow<'a, str>,
    /// The value of its fact.
    pub saw: Cow<'a, str>,
}

/// A target that was struck out, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StruckWords<'a> {
    /// Its name.
    pub target: Cow<'a, str>,
    /// Why.
    pub because: String,
}

/// A route that was tried, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteWords<'a> {
    /// Its id.
    pub id: Cow<'a, str>,
    /// The first condition that failed; `None` when all held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Saw<'a>>,
    /// Whether its conditions held but none of its targets was left.
    #[serde(default, skip_serializing_if = "is_false")]
    pub struck_out: bool,
}

/// A target and its zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceWords<'a> {
    /// The target's name.
    pub target: Cow<'a, str>,
    /// Where data goes with it.
    pub zone: Cow<'a, str>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(truth: &bool) -> bool {
    !truth
}

impl<'a> Explanation<'a> {
    /// Puts a decision of this policy into words.
    pub fn of(policy: &'a Policy, decision: &Decision) -> Self {
        let trace = &decision.trace;
        let saw = |settled: &Settled| Saw {
            condition: policy.check_said(settled.check).into(),
            saw: seen(settled).into(),
        };
        let limits = trace.limits.iter().map(|matched| LimitWords {
            id: policy.limit_id(matched.limit).into(),
            why: policy.limit_why(matched.limit).into(),
            because: matched.because.as_ref().map(saw),
            careful: matched.certainty == Certainty::Careful,
            effect: effect(policy, decision, matched.limit),
        });
        let struck = trace.struck.iter().map(|struck| StruckWords {
            target: policy.target_name(struck.target).into(),
            because: struck_by(policy, *struck),
        });
        let routes = trace.routes.iter().map(|tried| RouteWords {
            id: policy.route_id(tried.route).into(),
            failed: match &tried.result {
                RouteResult::Failed(settled) => Some(saw(settled)),
                RouteResult::AllStruckOut | RouteResult::Won => None,
            },
            struck_out: tried.result == RouteResult::AllStruckOut,
        });
        let (targets, refused) = match &decision.outcome {
            Outcome::Permit(permit) => (permit.clearances.as_slice(), None),
            Outcome::Refuse(refusal) => (&[][..], Some(refusal.code.name().into())),
        };
        let place = |clearance: &super::Clearance| PlaceWords {
            target: policy.target_name(clearance.target()).into(),
            zone: policy.target_zone(clearance.target()).into(),
        };
        Self {
            policy: policy.name().into(),
            rev: policy.rev().into(),
            sensitivity: decision.sensitivity.name().into(),
            why: why(policy, decision),
            limits: limits.collect(),
            struck: struck.collect(),
            routes: routes.collect(),
            drawn: drawn(policy, decision),
            targets: targets.iter().map(place).collect(),
            refused,
            sentence: sentence(policy, decision),
        }
    }
}

/// The whole way, ending with one plain sentence.
impl fmt::Display for Explanation<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "policy {} (rev {})", self.policy, self.rev)?;
        writeln!(out, "sensitivity: {}", self.sensitivity)?;
        writeln!(out, "\nlimits that apply:")?;
        if self.limits.is_empty() {
            writeln!(out, "  none")?;
        }
        for limit in &self.limits {
            writeln!(out, "  {}: {}", limit.id, limit.why)?;
            if let Some(Saw { condition, saw }) = &limit.because {
                let careful =
                    if limit.careful { "; not known for sure, so it applies" } else { "" };
                writeln!(out, "      because {condition} (saw {saw}{careful})")?;
            }
            writeln!(out, "      {}", limit.effect)?;
        }
        if !self.struck.is_empty() {
            writeln!(out, "\ntargets struck out:")?;
        }
        for struck in &self.struck {
            writeln!(out, "  {}: {}", struck.target, struck.because)?;
        }
        writeln!(out, "\nroutes tried:")?;
        for route in &self.routes {
            match &route.failed {
                Some(Saw { condition, saw }) => {
                    writeln!(out, "  {}: no, {condition} (saw {saw})", route.id)?;
                }
                None if route.struck_out => {
                    writeln!(out, "  {}: matches, but all its targets are struck out", route.id)?;
                }
                None => writeln!(out, "  {}: matches", route.id)?,
            }
        }
        if let Some(drawn) = &self.drawn {
            writeln!(out, "\ndrawn: {drawn}")?;
        }
        writeln!(out, "\n{}", self.sentence)
    }
}

/// Where the request fell, of which shares.
fn drawn(policy: &Policy, decision: &Decision) -> Option<String> {
    let drawn = decision.trace.drawn?;
    let route = policy.routes.get(decision.permit()?.route.0)?;
    let weights = &route.split.as_ref()?.weights;
    let shares = route.targets.iter().zip(weights);
    let shares: Vec<String> = shares
        .map(|(target, weight)| format!("{} {weight}", policy.target_name(*target)))
        .collect();
    let at = number_words(i128::from(drawn.draw), Unit::Share);
    let name = policy.target_name(drawn.target);
    Some(format!("{at} of {}, which is the share of {name}", shares.join(", ")))
}

/// What a limit did here.
fn effect(policy: &Policy, decision: &Decision, limit: LimitId) -> String {
    let mut parts = Vec::new();
    let struck: Vec<&str> = decision
        .trace
        .struck
        .iter()
        .filter(|struck| struck.by.limit() == Some(limit))
        .map(|struck| policy.target_name(struck.target))
        .collect();
    if !struck.is_empty() {
        parts.push(format!("strikes out {}", struck.join(", ")));
    }
    if let Some(limit) = policy.limits.get(limit.0) {
        if let Some(cost) = limit.cost_max {
            parts.push(format!("caps the cost at ${cost}"));
        }
        if !limit.mask.is_empty() {
            let names: Vec<&str> =
                limit.mask.labels().iter().map(crate::inspect::Label::name).collect();
            parts.push(format!("masks {}", names.join(", ")));
        }
    }
    if parts.is_empty() { "takes nothing away here".to_owned() } else { parts.join("; ") }
}

/// Why a target was struck out, in words.
pub fn struck_by(policy: &Policy, struck: Struck) -> String {
    match struck.by {
        StruckBy::Place(limit) => {
            let zone = policy.target_zone(struck.target);
            format!("{} does not allow zone {zone} or this target", policy.limit_id(limit))
        }
        StruckBy::NeedsMasking(limit) => {
            format!("{} wants values masked that cannot be", policy.limit_id(limit))
        }
        StruckBy::Money(limit) => {
            format!("would cost more than {} allows", policy.limit_id(limit))
        }
        StruckBy::Unpriced(limit) => {
            format!("no price is known, and {} caps the cost", policy.limit_id(limit))
        }
        StruckBy::Unable(unable) => unable.sentence().to_owned(),
    }
}

impl StruckBy {
    /// The limit behind it; `None` when the target itself cannot.
    pub const fn limit(&self) -> Option<LimitId> {
        match self {
            Self::Place(limit)
            | Self::NeedsMasking(limit)
            | Self::Money(limit)
            | Self::Unpriced(limit) => Some(*limit),
            Self::Unable(_) => None,
        }
    }
}

/// The value that a condition saw, in words.
pub fn seen(settled: &Settled) -> String {
    seen_words(&settled.seen)
}

fn seen_words(seen: &Seen) -> String {
    match seen {
        Seen::Unknown => "nothing: it is not known".to_owned(),
        Seen::Absent => "nothing: it was not set".to_owned(),
        Seen::Hidden => "a value that the client set".to_owned(),
        Seen::Word(word) => (*word).to_owned(),
        Seen::Text(text) => text.to_string(),
        Seen::Number(number, unit) => number_words(*number, *unit),
        Seen::Labels(labels, scan) => {
            let names: Vec<&str> = labels.iter().map(crate::inspect::Label::name).collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            match scan {
                Scan::Complete => names,
                Scan::Partial => format!("{names}, but not everything was read"),
                Scan::Uninspected => format!("{names}, but nothing was read"),
            }
        }
        Seen::Each(facts) => {
            let each = |(name, seen): &(Box<str>, Seen)| match seen {
                Seen::Unknown => format!("{name} not known"),
                Seen::Absent => format!("{name} not set"),
                Seen::Hidden
                | Seen::Word(_)
                | Seen::Number(..)
                | Seen::Text(_)
                | Seen::Labels(..)
                | Seen::Each(_) => format!("{name} {}", seen_words(seen)),
            };
            facts.iter().map(each).collect::<Vec<_>>().join("; ")
        }
    }
}

/// A number with its unit.
fn number_words(number: i128, unit: Unit) -> String {
    // A decimal of millionths is a thousandth of a dollar amount's nano-dollars.
    let decimal = |millionths: i128| {
        let text = NanoUsd::new(millionths.saturating_mul(1_000)).to_string();
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    match unit {
        Unit::Tokens => format!("{number} tokens"),
        Unit::Share => decimal(number),
        Unit::Percent => format!("{}%", decimal(number.saturating_mul(100))),
        Unit::Usd => format!("${}", NanoUsd::new(number)),
        Unit::Milliseconds => format!("{number} ms"),
        Unit::Hour => format!("{number}:00"),
    }
}

/// The last line: a sentence that can be forwarded to somebody who has never seen a policy.
fn sentence(policy: &Policy, decision: &Decision) -> String {
    let permit = match &decision.outcome {
        Outcome::Refuse(refusal) => {
            return format!("Refused ({}): {}", refusal.status, refusal.say);
        }
        Outcome::Permit(permit) => permit,
    };
    let mut places = permit.clearances.iter().map(|clearance| {
        let target = clearance.target();
        format!("{} ({})", policy.target_name(target), policy.target_zone(target))
    });
    let first = places.next().unwrap_or_default();
    let rest: Vec<String> = places.collect();
    let then = if rest.is_empty() {
        " and nowhere else".to_owned()
    } else {
        format!(", then, if that fails, to {}", rest.join(", "))
    };
    let limit = decisive_limit(policy, decision, permit)
        .map_or_else(String::new, |limit| format!(": {}", policy.limit_why(limit)));
    let sentence = format!("Goes to {first}{then}, by the route {}", policy.route_id(permit.route));
    format!("{sentence}{}.", limit.trim_end_matches('.'))
}

/// The limit that made the difference: one that struck out a target preferred to the winner, else
/// one that forbade a fallback its place. `None` when the route alone decided.
fn decisive_limit(policy: &Policy, decision: &Decision, permit: &Permit) -> Option<LimitId> {
    let first = permit.target();
    let mut preferred = TargetSet::NONE;
    let mut fallbacks = TargetSet::NONE;
    for tried in &decision.trace.routes {
        let Some(route) = policy.routes.get(tried.route.0) else { continue };
        match tried.result {
            RouteResult::Failed(_) => {}
            RouteResult::AllStruckOut => {
                preferred = preferred.or(route.targets.iter().copied().collect());
            }
            RouteResult::Won => {
                let drawn = decision.trace.drawn.map(|drawn| drawn.draw);
                let order = route.order(route.preferred(drawn));
                let before = order.take_while(|target| Some(*target) != first);
                preferred = preferred.or(before.collect());
                fallbacks = route.targets.iter().copied().collect();
            }
        }
    }
    let struck = || decision.trace.struck.iter();
    let missed = struck().find(|struck| preferred.contains(struck.target));
    let kept_in = struck().find(|struck| {
        fallbacks.contains(struck.target) && matches!(struck.by, StruckBy::Place(_))
    });
    missed.and_then(|struck| struck.by.limit()).or_else(|| kept_in?.by.limit())
}

/// Why it went where it went, as a phrase of at most 80 characters for tables and headers.
pub fn why(policy: &Policy, decision: &Decision) -> String {
    let phrase = match &decision.outcome {
        Outcome::Refuse(refusal) => refusal.reasons.join("; "),
        Outcome::Permit(permit) => match decisive_limit(policy, decision, permit) {
            Some(limit) => policy.limit_why(limit).to_owned(),
            None => policy.route_id(permit.route).to_owned(),
        },
    };
    if phrase.chars().count() <= WHY_CHARS_MAX {
        return phrase;
    }
    let mut cut: String = phrase.chars().take(WHY_CHARS_MAX - 3).collect();
    // Headers carry it, so no ellipsis character.
    cut.push_str("...");
    cut
}
