//! A decision in words: for the person who asks why, and in one phrase for a table or header.
//!
//! Renders the trace; nothing is evaluated again.

use std::fmt::Write as _;

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
    let mut out = format!("policy {} (rev {})\n", policy.name, policy.rev);
    line(&mut out, format_args!("sensitivity: {}", decision.sensitivity));
    line(&mut out, format_args!("\nlimits that apply:"));
    if decision.trace.limits.is_empty() {
        line(&mut out, format_args!("  none"));
    }
    for matched in &decision.trace.limits {
        let id = policy.limit_id(matched.limit);
        line(&mut out, format_args!("  {id}: {}", policy.limit_why(matched.limit)));
        if let Some(settled) = &matched.because {
            let careful = match matched.certainty {
                Certainty::Known => "",
                Certainty::Careful => "; not known for sure, so it applies",
            };
            let said = policy.check_said(settled.check);
            line(&mut out, format_args!("      because {said} (saw {}{careful})", seen(settled)));
        }
        line(&mut out, format_args!("      {}", effect(policy, decision, matched.limit)));
    }
    if !decision.trace.struck.is_empty() {
        line(&mut out, format_args!("\ntargets struck out:"));
    }
    for struck in &decision.trace.struck {
        let name = policy.target_name(struck.target);
        line(&mut out, format_args!("  {name}: {}", struck_by(policy, *struck)));
    }
    line(&mut out, format_args!("\nroutes tried:"));
    for tried in &decision.trace.routes {
        let id = policy.route_id(tried.route);
        match &tried.result {
            RouteResult::Failed(settled) => {
                let said = policy.check_said(settled.check);
                line(&mut out, format_args!("  {id}: no, {said} (saw {})", seen(settled)));
            }
            RouteResult::AllStruckOut => {
                line(&mut out, format_args!("  {id}: matches, but all its targets are struck out"));
            }
            RouteResult::Won => line(&mut out, format_args!("  {id}: matches")),
        }
    }
    line(&mut out, format_args!("\n{}", sentence(policy, decision)));
    out
}

fn line(out: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{words}");
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
    match &settled.seen {
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
    let first = permit.clearances.first().map(super::Clearance::target);
    let mut preferred = TargetSet::NONE;
    let mut fallbacks = TargetSet::NONE;
    for tried in &decision.trace.routes {
        let targets = policy.routes.get(tried.route.0).map_or(&[][..], |route| &route.targets);
        match tried.result {
            RouteResult::Failed(_) => {}
            RouteResult::AllStruckOut => {
                preferred = preferred.or(targets.iter().copied().collect());
            }
            RouteResult::Won => {
                let before = targets.iter().copied().take_while(|target| Some(*target) != first);
                preferred = preferred.or(before.collect());
                fallbacks = targets.iter().copied().collect();
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
