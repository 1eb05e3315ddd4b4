//! One decision: facts, limits, routes, why, cost. And the same for a decision that nobody acts on yet.

use maud::{Markup, html};

use super::numbers::{count, duration, usd};
use super::words::W;
use super::{Answer, Desk, frame};
use crate::money::NanoUsd;
use crate::policy::Explanation;
use crate::record::{LedgerError, LedgerRow, RecordedFacts, trace};

pub(super) fn page(desk: &Desk, id: &str) -> Result<Answer, LedgerError> {
    let Some(row) = desk.app().store.reader()?.row(id)? else { return Ok(Answer::Nothing) };
    let decided = &row.decided;
    let explanation = trace::read(&decided.trace_json);
    let t = |word: W| desk.t(word);
    Ok(Answer::Page(
        W::Decision,
        html! {
            p.lead {
                code { (decided.id) } " · " (decided.at.strftime("%Y-%m-%d %H:%M:%S UTC")) " · "
                (decided.caller)
            }
            @if let Some(explanation) = &explanation {
                (verdict(desk, explanation))
            } @else {
                p.quiet { (t(W::NoTrace)) }
            }
            div.two {
                section.card { h2 { (t(W::MoneyAndTime)) } (money(desk, &row)) }
                section.card { h2 { (t(W::Facts)) } (facts(desk, &decided.facts_json)) }
            }
            @if let Some(explanation) = &explanation { (why(desk, explanation)) }
            p.quiet {
                (t(W::SameByCommand)) " " code { "ambidex policy explain --decision " (decided.id) }
            }
        },
    ))
}

/// The sentence, and where it goes.
pub(super) fn verdict(desk: &Desk, it: &Explanation<'_>) -> Markup {
    let class = if it.refused.is_some() { "verdict refused" } else { "verdict" };
    html! {
        section class=(class) {
            p.sentence { (it.sentence) }
            ol.way aria-label=(desk.t(W::TargetsInOrder)) {
                @for place in &it.targets { li { (place.target) " " (frame::zone(&place.zone)) } }
                @if let Some(code) = &it.refused { li { code { (code) } } }
            }
        }
    }
}

/// Limits, targets struck out and routes, step by step.
pub(super) fn why(desk: &Desk, it: &Explanation<'_>) -> Markup {
    let t = |word: W| desk.t(word);
    html! {
        section.card {
            h2 { (t(W::LimitsThatApply)) }
            @if it.limits.is_empty() { p.quiet { (t(W::NoLimit)) } }
            ul.rules {
                @for limit in &it.limits {
                    li {
                        strong { code { (limit.id) } } " " (limit.why)
                        @if let Some(because) = &limit.because {
                            p.because {
                                (t(W::Because)) " " code { (because.condition) } " (" (t(W::Saw)) " " b { (because.saw) }
                                @if limit.careful { "; " (t(W::Careful)) }
                                ")"
                            }
                        }
                        p.effect { (limit.effect) }
                    }
                }
            }
            @if !it.struck.is_empty() {
                h3 { (t(W::StruckOut)) }
                ul.rules {
                    @for struck in &it.struck { li { del { (struck.target) } " " (struck.because) } }
                }
            }
            h2 { (t(W::RoutesTried)) }
            ol.routes {
                @for route in &it.routes {
                    @let is_won = route.failed.is_none() && !route.struck_out;
                    li class=(if is_won { "won" } else { "lost" }) {
                        strong { code { (route.id) } } " "
                        @if let Some(failed) = &route.failed {
                            (t(W::FailedOn)) " " code { (failed.condition) } " (" (t(W::Saw)) " " b { (failed.saw) } ")"
                        } @else if route.struck_out {
                            (t(W::AllStruckOut))
                        } @else {
                            (t(W::Matches))
                        }
                    }
                }
            }
            p.quiet { (t(W::Policy)) " " (it.policy) " " code { (it.rev) } }
        }
    }
}

fn money(desk: &Desk, row: &LedgerRow) -> Markup {
    let t = |word: W| desk.t(word);
    let decided = &row.decided;
    let settled = row.settled.as_ref();
    let outcome = settled.map_or_else(|| row.state.name(), |it| it.outcome.as_str());
    let sent = settled.map_or(&[][..], |it| it.sent_to.as_slice());
    html! {
        dl.facts {
            dt { (t(W::Outcome)) } dd { (frame::outcome(desk, outcome)) }
            @if let Some(chosen) = settled.and_then(|it| it.answered_by.as_ref()).or(decided.chosen.as_ref()) {
                dt { (t(W::Target)) } dd { (chosen.target) " " (frame::zone(&chosen.zone)) " " span.quiet { (chosen.model) } }
            }
            @if let Some(it) = settled {
                dt { (t(W::Billed)) } dd { (usd(it.cost)) }
                dt { (t(W::Promised)) } dd { (usd(decided.reserved)) }
                @if it.avoided.is_positive() { dt { (t(W::AvoidedCost)) } dd.saved { (usd(it.avoided)) } }
                @if it.imputed.is_positive() { dt { (t(W::MachineTime)) } dd { (usd(it.imputed)) } }
                @if let Some(usage) = it.usage {
                    dt { (t(W::Tokens)) }
                    dd {
                        (count(usage.input_total().0.into())) " → " (count(usage.output_total().0.into()))
                        " " span.quiet { (usage.source.name()) }
                    }
                }
                dt { (t(W::Latency)) }
                dd {
                    (duration(it.latency))
                    @if let Some(first) = it.ttft { " " span.quiet { (t(W::FirstToken)) " " (duration(first)) } }
                }
                @if let Some(first) = &it.cached_from {
                    dt { (t(W::CachedFrom)) } dd.mono { a href={ "/console/decisions/" (first) } { (first) } }
                }
                @if let Some(verified) = &it.verified {
                    dt { (t(W::Verified)) } dd { (verified.verdict) " " span.quiet { (format!("{:.2}", verified.score)) } }
                }
                @if let Some(compared) = &it.compared {
                    dt { (t(W::Compared)) }
                    dd {
                        (compared.agreement.map_or_else(|| "–".to_owned(), |it| format!("{it:.2}")))
                        " " span.quiet { (compared.with) " " (usd(compared.cost)) }
                    }
                }
            }
            dt { (t(W::SeenBy)) }
            dd {
                @for server in sent { (server.target) " " (frame::zone(&server.zone)) " " }
                @if sent.is_empty() { (t(W::NobodyOutside)) }
            }
        }
    }
}

/// The facts of a decision, as the record has them.
pub(super) fn facts(desk: &Desk, facts_json: &str) -> Markup {
    let t = |word: W| desk.t(word);
    let Some(facts) = RecordedFacts::read(facts_json) else {
        return html! { p.quiet { (t(W::NoFacts)) } };
    };
    let labels = facts.labels.iter().map(AsRef::as_ref).collect::<Vec<_>>();
    let prices = facts.targets.iter().map(|target| {
        let cost = target.cost.map(|nanos| usd(NanoUsd::new(nanos.into())));
        (target.name.as_ref(), cost)
    });
    html! {
        dl.facts {
            dt { (t(W::ValuesFound)) }
            dd {
                @for label in &labels { span.label { (label) } " " }
                @if labels.is_empty() { (t(W::NoneFound)) }
            }
            dt { (t(W::Scan)) } dd { (facts.scan) }
            @if let Some(declared) = &facts.declared { dt { (t(W::Declared)) } dd { (frame::level(declared)) } }
            @if let Some((task, sure, _)) = &facts.task {
                dt { (t(W::Task)) } dd { (task) " " span.quiet { (format!("{:.0}%", sure * 100.0)) } }
            }
            dt { (t(W::Prompt)) } dd { (count(facts.input.into())) " " (t(W::Tokens)) }
            @if let Some(most) = facts.output_max { dt { (t(W::AnswerMax)) } dd { (count(most.into())) " " (t(W::Tokens)) } }
            @if let Some(lang) = &facts.lang { dt { (t(W::Language)) } dd { (lang) } }
            dt { (t(W::Caller)) }
            dd { (facts.caller.id) @if let Some(team) = &facts.caller.team { " · " (team) } }
            @if let Some(model) = &facts.request.model { dt { (t(W::ModelAsked)) } dd { (model) } }
            @if let Some(fits) = facts.fits { dt { (t(W::FitsLocal)) } dd { (t(if fits { W::Yes } else { W::No })) } }
            @for budget in &facts.budgets {
                dt { (t(W::Budget)) " " (budget.name) }
                dd { (usd(NanoUsd::new(budget.used.into()))) " " span.quiet { (budget.per) } }
            }
            dt { (t(W::AtMost)) }
            dd.list {
                @for (name, cost) in prices {
                    span { (name) " " b { (cost.as_deref().unwrap_or_else(|| t(W::Unpriced))) } }
                }
            }
        }
    }
}
