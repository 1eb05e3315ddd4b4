//! The list of decisions, by filter, newest first.

use maud::{Markup, html};

use super::form::encoded;
use super::numbers::{count, duration, time, usd};
use super::words::W;
use super::{Answer, Desk, frame};
use crate::inspect::Level;
use crate::record::{LedgerError, LedgerRow, Wanted};

/// Rows of a page.
const ROWS: u32 = 50;
const OUTCOMES: [&str; 8] = [
    "answered",
    "cached",
    "refused",
    "held",
    "client_gone",
    "target_failed",
    "truncated",
    "expired",
];

pub(super) fn page(desk: &Desk) -> Result<Answer, LedgerError> {
    let query = &desk.query;
    let wanted = Wanted {
        target: query.text("target").to_owned(),
        sensitivity: query.text("sensitivity").to_owned(),
        team: query.text("team").trim().to_owned(),
        outcome: query.text("outcome").to_owned(),
        id: query.text("id").trim().to_owned(),
        before: query.text("before").parse().ok(),
    };
    let rows = desk.app().store.reader()?.find(&wanted, ROWS)?;
    let t = |word: W| desk.t(word);
    let is_live = query.text("live") == "1";
    let same = address(&wanted);
    Ok(Answer::Page(
        W::Decisions,
        html! {
            (filter(desk, &wanted))
            p.toolbar {
                @if is_live {
                    span.live { (t(W::Live)) } " "
                    a href={ "/console/decisions?" (same) } { (t(W::StopLive)) }
                } @else {
                    a href={ "/console/decisions?" (same) "live=1" } { (t(W::GoLive)) }
                }
            }
            section.card { (table(desk, &rows)) }
            @if let Some(last) = rows.last().filter(|_| rows.len() >= usize::try_from(ROWS).unwrap_or(0)) {
                p.more {
                    a href={ "/console/decisions?" (same) "before=" (encoded(&last.decided.at.to_string())) } {
                        (t(W::Older))
                    }
                }
            }
        },
    ))
}

/// The filter as it stands in an address.
fn address(wanted: &Wanted) -> String {
    let fields = [
        ("target", &wanted.target),
        ("sensitivity", &wanted.sensitivity),
        ("team", &wanted.team),
        ("outcome", &wanted.outcome),
        ("id", &wanted.id),
    ];
    let set = fields.iter().filter(|(_, value)| !value.is_empty());
    set.fold(String::new(), |all, (name, value)| all + name + "=" + &encoded(value) + "&")
}

fn filter(desk: &Desk, wanted: &Wanted) -> Markup {
    let t = |word: W| desk.t(word);
    let targets = desk.app().destinations.iter().map(|it| it.name.as_str()).chain(["none"]);
    let levels = Level::ALL.iter().map(|it| it.name());
    html! {
        form.filter method="get" action="/console/decisions" {
            (choice("target", t(W::Target), t(W::All), targets, &wanted.target))
            (choice("sensitivity", t(W::Sensitivity), t(W::All), levels, &wanted.sensitivity))
            (choice("outcome", t(W::Outcome), t(W::All), OUTCOMES.into_iter(), &wanted.outcome))
            label { span { (t(W::Team)) } input name="team" value=(wanted.team) size="12"; }
            label { span { (t(W::DecisionId)) } input.mono name="id" value=(wanted.id) size="16"; }
            button type="submit" { (t(W::Filter)) }
        }
    }
}

fn choice<'a>(
    name: &str,
    label: &str,
    all: &str,
    values: impl Iterator<Item = &'a str>,
    chosen: &str,
) -> Markup {
    html! {
        label { span { (label) }
            select name=(name) {
                option value="" { (all) }
                @for value in values { option value=(value) selected[value == chosen] { (value) } }
            }
        }
    }
}

/// Rows as a table.
pub(super) fn table(desk: &Desk, rows: &[LedgerRow]) -> Markup {
    let t = |word: W| desk.t(word);
    html! {
        div.scroll { table.decisions {
            thead { tr {
                th scope="col" { (t(W::Time)) }
                th scope="col" { (t(W::Caller)) }
                th scope="col" { (t(W::Task)) }
                th scope="col" { (t(W::Sensitivity)) }
                th scope="col" { (t(W::Route)) }
                th scope="col" { (t(W::Target)) }
                th scope="col" { (t(W::Outcome)) }
                th.number scope="col" { (t(W::Tokens)) }
                th.number scope="col" { (t(W::Cost)) }
                th.number scope="col" { (t(W::Latency)) }
            } }
            tbody {
                @for row in rows { (line(desk, row)) }
                @if rows.is_empty() { tr { td.empty colspan="10" { (t(W::NothingYet)) } } }
            }
        } }
    }
}

fn line(desk: &Desk, row: &LedgerRow) -> Markup {
    let decided = &row.decided;
    let settled = row.settled.as_ref();
    let place = settled.and_then(|it| it.answered_by.as_ref()).or(decided.chosen.as_ref());
    let outcome = settled.map_or_else(|| row.state.name(), |it| it.outcome.as_str());
    let tokens = settled.and_then(|it| it.usage).map(|it| {
        format!("{} → {}", count(it.input_total().0.into()), count(it.output_total().0.into()))
    });
    html! {
        tr {
            td { a href={ "/console/decisions/" (decided.id) } { (time(decided.at, desk.now)) } }
            td { (decided.caller) }
            td { (decided.task.as_deref().unwrap_or("–")) }
            td { (frame::level(&decided.sensitivity)) }
            td { (place.map_or("–", |it| it.route.as_str())) }
            td {
                @match place {
                    Some(it) => { (it.target) " " (frame::zone(&it.zone)) }
                    None => "–",
                }
            }
            td { (frame::outcome(desk, outcome)) }
            td.number { (tokens.as_deref().unwrap_or("–")) }
            td.number {
                @match settled {
                    Some(it) if it.cost.is_positive() => (usd(it.cost)),
                    Some(it) if it.avoided.is_positive() => {
                        span.saved title=(desk.t(W::AvoidedCost)) { "−" (usd(it.avoided)) }
                    }
                    _ => "–",
                }
            }
            td.number { (settled.map_or_else(|| "–".to_owned(), |it| duration(it.latency))) }
        }
    }
}
