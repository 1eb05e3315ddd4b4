//! The policy: its text with what the checks say, and a candidate that is compared with it, tried on the
//! past, and put in force.

use std::sync::Arc;

use maud::{Markup, PreEscaped, html};

use super::numbers::{count, usd};
use super::playground::problems_with;
use super::words::W;
use super::{Answer, Desk, frame};
use crate::clock;
use crate::policy::{self, Change, ChangeKind, Difference, Policy};
use crate::record::LedgerError;
use crate::rollout::backtest::{Past, Priced, Report};
use crate::rollout::{self, Place, Rollout, RolloutError};

/// How far a backtest looks back, and how far it may.
const PERIODS: [&str; 4] = ["1d", "7d", "30d", "90d"];
/// Changed decisions that are listed.
const EXAMPLES_MAX: usize = 5;

/// The policy in force and its checks. Blocks: checking takes a while.
pub(super) fn page(desk: &Desk) -> Answer {
    let rollout = &desk.app().rollout;
    let text = rollout.text();
    let (name, live) = (rollout.source_name(), desk.app().policy());
    let t = |word: W| desk.t(word);
    Answer::Page(
        W::Policy,
        html! {
            p.lead {
                strong { (live.name()) } " " code { (live.rev()) }
                @if !live.owner().is_empty() { " · " (t(W::Owner)) " " (live.owner()) }
                " · " (name)
            }
            (shadow(desk))
            (checks(desk, &name, &text))
            (editor(desk, &text))
        },
    )
}

/// Checks a candidate, shadows it or puts it in force, as the button says.
pub(super) async fn posted(desk: &Arc<Desk>) -> Answer {
    let app = desk.app();
    let text = desk.form.text("source").to_owned();
    let done = match desk.form.text("do") {
        "promote" => put_in_force(desk, text.clone()).await,
        "shadow" => Rollout::cast(app, text.clone()).await.map(|_| W::ShadowBegan),
        "end-shadow" => Ok(Rollout::lift(app).await.map_or(W::NoShadow, |_| W::ShadowEnded)),
        "promote-shadow" => rollout::promote(app, None).await.map(|_| W::InForce),
        _ => {
            let desk = Arc::clone(desk);
            let compared = tokio::task::spawn_blocking(move || candidate(&desk, &text)).await;
            return compared.unwrap_or(Answer::Nothing);
        }
    };
    match done {
        Ok(word) => told(desk, word).await,
        Err(RolloutError::Wrong(problems)) => {
            let body =
                html! { (problems_with(desk, W::Candidate, &problems)) (editor(desk, &text)) };
            Answer::Page(W::Policy, body)
        }
        Err(error) => {
            let problem = frame::problem(desk.t(W::NothingChanged), &error.to_string());
            Answer::Page(W::Policy, html! { (problem) (editor(desk, &text)) })
        }
    }
}

/// Puts a candidate in force as a shadow is: the file is written last, and nothing is half done.
async fn put_in_force(desk: &Desk, text: String) -> Result<W, RolloutError> {
    let app = desk.app();
    let cast = Rollout::cast(app, text).await?;
    let promoted = rollout::promote(app, Some(&cast.after)).await;
    if promoted.is_err() {
        // What could not be put in force does not stay as a shadow that nobody asked for.
        drop(Rollout::lift(app).await);
    }
    promoted.map(|_| W::InForce)
}

async fn told(desk: &Arc<Desk>, word: W) -> Answer {
    let page_of = Arc::clone(desk);
    let page = tokio::task::spawn_blocking(move || page(&page_of)).await;
    let rev = desk.app().policy().rev().to_owned();
    match page {
        Ok(Answer::Page(title, body)) => {
            let notice = frame::good(
                desk.t(word),
                &html! { p { (desk.t(W::RevisionInForce)) " " code { (rev) } } },
            );
            Answer::Page(title, html! { (notice) (body) })
        }
        Ok(other) => other,
        Err(_) => Answer::Nothing,
    }
}

/// A text with its checks, what it changes, and what it would have made of the past. Blocks.
fn candidate(desk: &Desk, text: &str) -> Answer {
    let app = desk.app();
    let t = |word: W| desk.t(word);
    let policy = match app.rollout.check(t(W::Candidate), text) {
        Ok(policy) => policy,
        Err(RolloutError::Wrong(problems)) => {
            let body =
                html! { (problems_with(desk, W::Candidate, &problems)) (editor(desk, text)) };
            return Answer::Page(W::Policy, body);
        }
        Err(error) => {
            let body =
                html! { (frame::problem(t(W::Trouble), &error.to_string())) (editor(desk, text)) };
            return Answer::Page(W::Policy, body);
        }
    };
    let live = app.policy();
    let difference = policy::diff((live.name(), &live), (policy.name(), &policy));
    let past = replayed(desk, &policy);
    let body = html! {
        (frame::good(t(W::NothingWrong), &html! { p { (policy.name()) " " code { (policy.rev()) } " · " (t(W::NotInForceYet)) } }))
        (differences(desk, &difference))
        (past_of(desk, past))
        (tests(desk, &policy))
        (editor(desk, text))
    };
    Answer::Page(W::Policy, body)
}

fn replayed(desk: &Desk, policy: &Policy) -> Result<Report, LedgerError> {
    let app = desk.app();
    let since = period(desk);
    let since = clock::moment(since, desk.now).unwrap_or(desk.now);
    let prices = Priced::of(&app.destinations);
    let past = Past { policy, prices, examples_max: EXAMPLES_MAX };
    past.replay(&app.store.reader()?, since)
}

fn period(desk: &Desk) -> &'static str {
    let asked = desk.form.text("since");
    PERIODS.into_iter().find(|it| *it == asked).unwrap_or("7d")
}

/// What the checks say about a text.
fn checks(desk: &Desk, name: &str, text: &str) -> Markup {
    match desk.app().rollout.check(name, text) {
        Ok(policy) => html! {
            (tests(desk, &policy))
            @if !policy.warnings().is_empty() || !policy.notes().is_empty() {
                details.card { summary { (desk.t(W::Remarks)) }
                    pre.carets { (policy.warnings()) (policy.notes()) }
                }
            }
        },
        Err(RolloutError::Wrong(problems)) => problems_with(desk, W::PolicyFile, &problems),
        Err(error) => frame::problem(desk.t(W::Trouble), &error.to_string()),
    }
}

/// The tests inside a policy, and how far they go.
fn tests(desk: &Desk, policy: &Policy) -> Markup {
    let t = |word: W| desk.t(word);
    let cases = policy.cases();
    let failed: Vec<_> = cases
        .iter()
        .filter_map(|case| Some((case.name.as_str(), policy::mismatch(policy, case)?)))
        .collect();
    let coverage = policy::coverage(&[(policy, cases)]);
    let (held, rules) = (coverage.held(), coverage.rules);
    let of = |part: usize, whole: usize| format!("{part} / {whole}");
    html! {
        section.card {
            h2 { (t(W::Checks)) }
            dl.figures.small {
                (frame::figure(t(W::Limits), &policy.limit_ids().count().to_string(), ""))
                (frame::figure(t(W::Routes), &policy.route_ids().count().to_string(), ""))
                (frame::figure(t(W::AssertionsProved), &policy.assertion_count().to_string(), ""))
                (frame::figure(t(W::TestsPass), &of(cases.len().saturating_sub(failed.len()), cases.len()), ""))
                (frame::figure(t(W::RulesHeld), &of(held, rules), t(W::RulesHeldNote)))
            }
            @for (name, mismatch) in &failed { p.wrong { strong { (name) } ": " (mismatch) } }
            @if !coverage.unreached.is_empty() || !coverage.unnoticed.is_empty() {
                details { summary { (t(W::CoverageGaps)) }
                    ul.rules {
                        @for rule in &coverage.unreached { li { code { (rule) } " " (t(W::Unreached)) } }
                        @for rule in &coverage.unnoticed { li { code { (rule) } " " (t(W::Unnoticed)) } }
                    }
                }
            }
        }
    }
}

fn differences(desk: &Desk, difference: &Difference) -> Markup {
    let t = |word: W| desk.t(word);
    html! {
        section.card {
            h2 { (t(W::WhatChanges)) }
            @if difference.changes.is_empty() {
                p { (t(if difference.is_complete { W::NoDifference } else { W::NoDifferenceFound })) }
            } @else {
                p class=(if difference.widens { "wrong" } else { "quiet" }) {
                    (t(if difference.widens { W::Widens } else { W::WidensNothing }))
                }
                ul.changes { @for change in &difference.changes { li { (one_change(desk, change)) } } }
                p.quiet { (t(if difference.is_complete { W::ProvedComplete } else { W::NotComplete })) }
            }
            @for note in &difference.notes { p.quiet { (note) } }
        }
    }
}

fn one_change(desk: &Desk, change: &Change) -> Markup {
    let t = |word: W| desk.t(word);
    let (word, class) = match change.kind {
        ChangeKind::Egress => (W::NewEgress, "badge bad"),
        ChangeKind::Unmasked => (W::NoLongerMasked, "badge bad"),
        ChangeKind::Target => (W::OtherTarget, "badge"),
        ChangeKind::Fallbacks => (W::OtherFallbacks, "badge"),
    };
    let way = |names: &[String]| {
        if names.is_empty() { t(W::Refused).to_owned() } else { names.join(", ") }
    };
    html! {
        span class=(class) { (t(word)) } " "
        (way(&change.before)) " → " strong { (way(&change.after)) }
        p.because {
            @if change.when.is_empty() { (t(W::EveryRequest)) }
            @for (index, condition) in change.when.iter().enumerate() {
                @if index > 0 { " " (t(W::And)) " " }
                code { (condition.replace('`', "")) }
            }
        }
    }
}

fn past_of(desk: &Desk, past: Result<Report, LedgerError>) -> Markup {
    let t = |word: W| desk.t(word);
    let report = match past {
        Ok(report) => report,
        Err(error) => return frame::problem(t(W::LedgerUnreadable), &error.to_string()),
    };
    let place = |place: &Place| {
        if place.is_refused() { t(W::Refused).to_owned() } else { place.to_string() }
    };
    html! {
        section.card #backtest {
            h2 { (t(W::Backtest)) " " span.quiet { (t(W::Since)) " " (report.since.strftime("%Y-%m-%d %H:%M")) } }
            dl.figures.small {
                (frame::figure(t(W::Replayed), &count(report.replayed), &format!("/ {}", count(report.rows))))
                (frame::figure(t(W::Changed), &count(report.changes()), ""))
                (frame::figure(t(W::NewEgress), &count(report.added), ""))
                (frame::figure(t(W::EgressRemoved), &count(report.removed), ""))
            }
            @if report.changes() > 0 {
                div.scroll { table {
                    thead { tr {
                        th.number scope="col" { (t(W::Requests)) }
                        th scope="col" { (t(W::Before)) } th scope="col" { (t(W::After)) } th scope="col" {}
                    } }
                    tbody { @for (before, after, sum) in report.moves() {
                        tr {
                            td.number { (count(sum.count)) } td { (place(before)) } td { (place(after)) }
                            td { @if sum.added > 0 { span.badge.bad { (t(W::NewEgress)) } } }
                        }
                    } }
                } }
            }
            @if !report.groups.is_empty() {
                div.scroll { table {
                    thead { tr {
                        th scope="col" { (t(W::Route)) } th scope="col" { (t(W::Team)) }
                        th.number scope="col" { (t(W::Requests)) } th.number scope="col" { (t(W::Changed)) }
                        th.number scope="col" { (t(W::Billed)) } th.number scope="col" { (t(W::Estimated)) }
                    } }
                    tbody { @for ((route, team), group) in &report.groups {
                        tr {
                            td { @if route.is_empty() { (t(W::Refused)) } @else { (route) } } td { (team) }
                            td.number { (count(group.requests)) } td.number { (count(group.changed)) }
                            td.number { (usd(group.cost_before)) } td.number { (usd(group.cost_after)) }
                        }
                    } }
                } }
            }
            @for (reason, number) in &report.cannot {
                p.quiet { (count(*number)) " " (t(W::NotReplayed)) ": " (reason) }
            }
        }
    }
}

/// The policy that decides beside the one in force.
fn shadow(desk: &Desk) -> Markup {
    let t = |word: W| desk.t(word);
    let Some(shadow) = desk.app().rollout.shadow() else { return html! {} };
    let report = shadow.report();
    html! {
        section.card {
            h2 { (t(W::Shadow)) " " span.quiet { (report.name) " " code { (report.rev) } } }
            p {
                (t(W::Since)) " " (report.since.strftime("%Y-%m-%d %H:%M")) ": "
                (count(report.decided)) " " (t(W::DecidedToo)) ", " (count(report.agreed)) " " (t(W::Agreed))
            }
            @for (before, after, pair) in &report.differences {
                p { (count(pair.count)) " × " (before) " → " (after)
                    @if pair.widened > 0 { " " span.badge.bad { (t(W::NewEgress)) } } }
            }
            form.inline method="post" action="/console/policy" {
                (frame::csrf(desk))
                button name="do" value="promote-shadow" type="submit" { (t(W::PutInForce)) } " "
                button name="do" value="end-shadow" type="submit" { (t(W::EndShadow)) }
            }
        }
    }
}

/// The text, to be changed.
fn editor(desk: &Desk, text: &str) -> Markup {
    let t = |word: W| desk.t(word);
    let is_file = desk.app().rollout.file().is_some();
    let rows = text.lines().count().clamp(16, 44);
    let chosen = period(desk);
    html! {
        form.card.editor method="post" action="/console/policy" {
            h2 { (t(W::Source)) }
            (frame::csrf(desk))
            textarea.source name="source" rows=(rows) spellcheck="false" wrap="off" aria-label=(t(W::Source)) {
                // A browser drops the first line end of a text area.
                (PreEscaped("\n")) (text)
            }
            p.buttons {
                label.inline { (t(W::BacktestOver)) " "
                    select name="since" { @for it in PERIODS { option value=(it) selected[it == chosen] { (it) } } }
                }
                button name="do" value="check" type="submit" { (t(W::CheckAndCompare)) }
                button name="do" value="shadow" type="submit" { (t(W::LetItShadow)) }
                @if is_file {
                    button.strong name="do" value="promote" type="submit" { (t(W::PutInForce)) }
                }
            }
            @if !is_file { p.quiet { (t(W::PolicyEmbedded)) } }
        }
    }
}
