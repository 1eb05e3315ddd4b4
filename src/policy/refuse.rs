//! Saying no: which status a refusal has and what it tells the caller.

use super::decision::{Refusal, RefusalCode, StruckBy, Trace};
use super::{Policy, TargetSet, Unable};

/// The refusal when no route is left. `wanted` are the targets of the routes whose conditions held:
/// only what stood between the request and those is a reason.
pub(super) fn refuse(policy: &Policy, wanted: TargetSet, trace: &Trace) -> Refusal {
    let in_the_way: Vec<StruckBy> = trace
        .struck
        .iter()
        .filter(|struck| wanted.contains(struck.target))
        .map(|struck| struck.by)
        .collect();
    let code = code(&in_the_way);
    let reasons = reasons(policy, wanted, trace);
    let said = if reasons.is_empty() {
        "no route of the policy matches this request".to_owned()
    } else {
        reasons.join("; ")
    };
    let say = policy.otherwise.say.replace("{reasons}", &said);
    Refusal { status: status(policy, code), code, reasons, say }
}

/// What kind of refusal it is. A target that may come back is worth a retry and says so first; then
/// a target that money alone bars; then what the allowed targets cannot do.
fn code(in_the_way: &[StruckBy]) -> RefusalCode {
    let unable = |wanted: fn(Unable) -> bool| {
        in_the_way.iter().any(|by| matches!(by, StruckBy::Unable(unable) if wanted(*unable)))
    };
    let barred_by_money = |by: &StruckBy| {
        matches!(
            by,
            StruckBy::Money(_)
                | StruckBy::Unpriced(_)
                | StruckBy::Unable(Unable::OverBudget | Unable::Unpriced)
        )
    };
    if unable(Unable::is_passing) {
        RefusalCode::TargetsDown
    } else if in_the_way.iter().any(barred_by_money) {
        RefusalCode::BudgetExceeded
    } else if !unable(|_| true) || unable(|unable| unable == Unable::NotAllowedForCaller) {
        RefusalCode::PolicyRefused
    } else if unable(|unable| unable != Unable::InputTooLong) {
        RefusalCode::NoCapableTarget
    } else {
        RefusalCode::RequestTooLong
    }
}

fn status(policy: &Policy, code: RefusalCode) -> u16 {
    match code {
        RefusalCode::BudgetExceeded => 402,
        RefusalCode::RequestTooLong => 413,
        RefusalCode::TargetsDown => 503,
        RefusalCode::PolicyRefused | RefusalCode::NoCapableTarget => policy.otherwise.status,
    }
}

/// Each reason once, in the order in which the targets were struck out.
fn reasons(policy: &Policy, wanted: TargetSet, trace: &Trace) -> Vec<String> {
    let mut reasons: Vec<String> = Vec::new();
    for struck in trace.struck.iter().filter(|struck| wanted.contains(struck.target)) {
        let target = policy.target_name(struck.target);
        let reason = match struck.by {
            StruckBy::Place(limit) | StruckBy::Money(limit) => policy.limit_why(limit).to_owned(),
            StruckBy::NeedsMasking(limit) => {
                format!("{} (values could not be masked)", policy.limit_why(limit))
            }
            StruckBy::Unpriced(limit) => {
                format!("{} (no price is known for {target})", policy.limit_why(limit))
            }
            StruckBy::Unable(unable) => format!("{target} {}", unable.sentence()),
        };
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    reasons
}
