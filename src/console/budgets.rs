//! Budgets: how each stands in its window, and where it will stand when the window ends.

use jiff::Timestamp;
use maud::{Markup, html};

use super::numbers::usd;
use super::words::W;
use super::{Answer, Desk, chart, frame};
use crate::budget::{Firmness, PotView, Whom, own};
use crate::money::NanoUsd;

pub(super) fn page(desk: &Desk) -> Answer {
    let app = desk.app();
    let pots = app.budgets.snapshot(desk.now).pots;
    let policy = app.policy();
    let t = |word: W| desk.t(word);
    let of_keys = app.budgets.specs_of_keys();
    Answer::Page(
        W::Budgets,
        html! {
            (frame::lead(t(W::AboutBudgets)))
            section.card { div.scroll { table {
                thead { tr {
                    th scope="col" { (t(W::Budget)) }
                    th scope="col" { (t(W::Subject)) }
                    th scope="col" { (t(W::Window)) }
                    th scope="col" { (t(W::Used)) }
                    th.number scope="col" { (t(W::Spent)) }
                    th.number scope="col" { (t(W::Promised)) }
                    th.number scope="col" { (t(W::Limit)) }
                    th.number scope="col" { (t(W::AtWindowEnd)) }
                } }
                tbody {
                    @for pot in &pots {
                        @let (limit, spent) = (pot.standing.limit, pot.standing.spent);
                        @let used = ratio(pot.standing.used(), limit);
                        @let forecast = forecast(pot, desk.now);
                        tr {
                            th scope="row" {
                                (pot.budget)
                                @if pot.firmness == Firmness::Soft { " " span.badge { (t(W::Soft)) } }
                            }
                            td { @if pot.subject.is_empty() { (t(W::Everybody)) } @else { (pot.subject) } }
                            td { (pot.span.start.strftime("%m-%d")) " – " (pot.span.end.strftime("%m-%d")) }
                            td.meter-cell {
                                (chart::meter(t(W::Used), used, forecast.map(|it| ratio(it, limit))))
                                span.quiet { (format!("{:.0}%", used * 100.0)) }
                            }
                            td.number { (usd(spent)) }
                            td.number { (usd(pot.standing.reserved)) }
                            td.number { (usd(limit)) }
                            td.number { (ahead(forecast, limit)) }
                        }
                    }
                    @if pots.is_empty() { tr { td.empty colspan="8" { (t(W::NoBudgetUsed)) } } }
                }
            } } }
            section.card {
                h2 { (t(W::BudgetsOfPolicy)) }
                ul.rules { @for it in policy.budgets() {
                    li { strong { code { (it.name) } } " " (usd(it.limit)) " / " (it.window.name()) " · " (it.per.name())
                        @if it.whom != Whom::All { " · " code { (it.whom.words()) } }
                        @if it.firmness == Firmness::Soft { " " span.badge { (t(W::Soft)) } } }
                } }
            }
            @if !of_keys.is_empty() {
                section.card {
                    h2 { (t(W::BudgetsOfKeys)) }
                    ul.rules { @for it in &of_keys {
                        li { strong { code { (it.whom.one_key().unwrap_or_default()) } } " $" (own::write(it)) }
                    } }
                }
            }
        },
    )
}

/// The budgets nearest to their limit, for the overview: how full, and where they will stand.
pub(super) fn fullest(desk: &Desk, most: usize) -> Markup {
    let mut pots = desk.app().budgets.snapshot(desk.now).pots;
    let share = |pot: &PotView| ratio(pot.standing.used(), pot.standing.limit);
    pots.sort_by(|one, other| share(other).total_cmp(&share(one)));
    let t = |word: W| desk.t(word);
    html! {
        div.scroll { table {
            thead { tr {
                th scope="col" { (t(W::Budget)) }
                th scope="col" { (t(W::Used)) }
                th.number scope="col" { (t(W::Spent)) }
                th.number scope="col" { (t(W::Limit)) }
                th.number scope="col" { (t(W::AtWindowEnd)) }
            } }
            tbody {
                @for pot in pots.iter().take(most) {
                    @let limit = pot.standing.limit;
                    @let forecast = forecast(pot, desk.now);
                    tr {
                        th scope="row" { (pot.budget) @if !pot.subject.is_empty() { " " span.quiet { (pot.subject) } } }
                        td.meter-cell {
                            (chart::meter(t(W::Used), share(pot), forecast.map(|it| ratio(it, limit))))
                            span.quiet { (format!("{:.0}%", share(pot) * 100.0)) }
                        }
                        td.number { (usd(pot.standing.spent)) }
                        td.number { (usd(limit)) }
                        td.number { (ahead(forecast, limit)) }
                    }
                }
                @if pots.is_empty() { tr { td.empty colspan="5" { (t(W::NoBudgetUsed)) } } }
            }
        } }
        p.more { a href="/console/budgets" { (t(W::AllBudgets)) } }
    }
}

/// A forecast, marked where it is beyond the limit.
fn ahead(forecast: Option<NanoUsd>, limit: NanoUsd) -> Markup {
    html! {
        @match forecast {
            Some(it) if it > limit => span.wrong { (usd(it)) },
            Some(it) => (usd(it)),
            None => "–",
        }
    }
}

fn ratio(part: NanoUsd, whole: NanoUsd) -> f64 {
    if whole.is_positive() { part.as_usd_f64() / whole.as_usd_f64() } else { 0.0 }
}

/// What is spent when the window ends if it goes on like this; nothing in its first tenth.
fn forecast(pot: &PotView, now: Timestamp) -> Option<NanoUsd> {
    let gone = i128::from(now.as_second().saturating_sub(pot.span.start.as_second()));
    let whole = i128::from(pot.span.end.as_second().saturating_sub(pot.span.start.as_second()));
    let is_early = gone.saturating_mul(10) < whole || gone <= 0;
    let nanos = pot.standing.spent.nanos().saturating_mul(whole).checked_div(gone)?;
    (!is_early).then(|| NanoUsd::new(nanos))
}
