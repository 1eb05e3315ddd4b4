//! The first page: what today cost and saved, where requests went, how the targets are.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use super::chart::{self, Column};
use super::numbers::{count, percent, usd};
use super::words::W;
use super::{Answer, Desk, budgets, decisions, frame, targets};
use crate::money::NanoUsd;
use crate::policy::is_remote;
use crate::record::report::{CostGroup, Costs, Dimension, Period};
use crate::record::{LedgerError, Reader, Wanted};

/// Hours of the charts.
const HOURS: i64 = 24;
/// Budgets, those nearest to their limit.
const BUDGETS: usize = 4;
/// Decisions at the end of the page.
const LATEST: u32 = 8;

pub(super) fn page(desk: &Desk) -> Result<Answer, LedgerError> {
    let reader = desk.app().store.reader()?;
    let today = Period { since: midnight(desk.now), until: later(desk.now) };
    let sums = total(&reader.costs(&[], today)?);
    let zones = reader.costs(&[Dimension::Zone], today)?;
    let teams = reader.costs(&[Dimension::Team], today)?;
    let latest = reader.find(&Wanted::default(), LATEST)?;
    let t = |word: W| desk.t(word);
    Ok(Answer::Page(
        W::Overview,
        html! {
            p.lead { (t(W::Today)) ", " (desk.now.strftime("%Y-%m-%d")) " (UTC)" }
            dl.figures {
                (frame::figure(t(W::Billed), &usd(sums.billed), t(W::BilledNote)))
                (frame::figure(t(W::AvoidedCost), &usd(sums.avoided), t(W::AvoidedNote)))
                (frame::figure(t(W::Requests), &count(sums.requests), &machine(desk, sums)))
                (frame::figure(t(W::Refusals), &count(sums.refused), &percent(sums.refused, sums.requests)))
            }
            section.card {
                h2 { (t(W::WhereRequestsWent)) }
                (split(desk, &zones))
                (hours(desk, &reader)?)
            }
            section.card {
                h2 { (t(W::Budgets)) }
                (budgets::fullest(desk, BUDGETS))
            }
            div.two {
                section.card {
                    h2 { (t(W::Targets)) }
                    (targets::table(desk, &reader, None)?)
                }
                section.card {
                    h2 { (t(W::Teams)) }
                    (by_team(desk, &teams))
                }
            }
            section.card {
                h2 { (t(W::LatestDecisions)) }
                (decisions::table(desk, &latest))
                p.more { a href="/console/decisions" { (t(W::AllDecisions)) } }
            }
        },
    ))
}

fn machine(desk: &Desk, sums: Costs) -> String {
    if sums.imputed == NanoUsd::ZERO {
        return String::new();
    }
    format!("{} {}", usd(sums.imputed), desk.t(W::OfMachineTime))
}

fn midnight(now: Timestamp) -> Timestamp {
    let day = now.as_second().div_euclid(86_400);
    Timestamp::from_second(day.saturating_mul(86_400)).unwrap_or(now)
}

/// A moment after everything that has been decided.
pub(super) fn later(now: Timestamp) -> Timestamp {
    now.checked_add(SignedDuration::from_mins(5)).unwrap_or(now)
}

fn total(groups: &[CostGroup]) -> Costs {
    groups.iter().fold(Costs::default(), |sum, group| sum.and(group.costs))
}

/// Whether a zone is ours, somebody else's, or none.
fn place(zone: &str) -> usize {
    match zone {
        "none" | "" => 2,
        zone if is_remote(zone) => 1,
        _ => 0,
    }
}

fn split(desk: &Desk, zones: &[CostGroup]) -> Markup {
    let mut counts = [0_u64; 3];
    for group in zones {
        let zone = group.names.first().map_or("", String::as_str);
        if let Some(count) = counts.get_mut(place(zone)) {
            *count = count.saturating_add(group.costs.requests);
        }
    }
    let [local, remote, refused] = counts;
    chart::share(
        desk.t(W::WhereRequestsWent),
        &[
            ("local", desk.t(W::StayedHere), local),
            ("remote", desk.t(W::WentOut), remote),
            ("refused", desk.t(W::Refused), refused),
        ],
    )
}

/// Requests and money by hour.
fn hours(desk: &Desk, reader: &Reader) -> Result<Markup, LedgerError> {
    let hour = |back: i64| {
        let start = desk.now.as_second().div_euclid(3600).saturating_sub(back).saturating_mul(3600);
        Timestamp::from_second(start).unwrap_or(desk.now)
    };
    let period = Period { since: hour(HOURS - 1), until: later(desk.now) };
    let mut by_hour: BTreeMap<String, ([f64; 3], f64)> = BTreeMap::new();
    for group in reader.costs(&[Dimension::Hour, Dimension::Zone], period)? {
        let [hour, zone] = group.names.as_slice() else { continue };
        let (counts, billed) = by_hour.entry(hour.clone()).or_default();
        if let Some(count) = counts.get_mut(place(zone)) {
            *count += f64::from(u32::try_from(group.costs.requests).unwrap_or(u32::MAX));
        }
        *billed += group.costs.billed.as_usd_f64();
    }
    let (mut requests, mut money) = (Vec::new(), Vec::new());
    for back in (0..HOURS).rev() {
        let at = hour(back);
        let key = at.strftime("%Y-%m-%dT%H").to_string();
        let (counts, billed) = by_hour.get(&key).copied().unwrap_or_default();
        let name = at.strftime("%H:00").to_string();
        requests.push(Column { name: name.clone(), parts: counts.to_vec() });
        money.push(Column { name, parts: vec![billed] });
    }
    let t = |word: W| desk.t(word);
    let kinds =
        [("local", t(W::StayedHere)), ("remote", t(W::WentOut)), ("refused", t(W::Refused))];
    let whole = |value: f64| format!("{value:.0}");
    let dollars = |value: f64| {
        usd(NanoUsd::from_decimal_usd(&format!("{value:.9}")).unwrap_or(NanoUsd::ZERO))
    };
    Ok(html! {
        div.two.charts {
            div {
                h3 { (t(W::RequestsPerHour)) }
                (chart::columns(t(W::RequestsPerHour), &kinds, &requests, (1.0, whole)))
            }
            div {
                h3 { (t(W::BilledPerHour)) }
                (chart::columns(t(W::BilledPerHour), &[("remote", t(W::Billed))], &money, (0.0, dollars)))
            }
        }
    })
}

fn by_team(desk: &Desk, teams: &[CostGroup]) -> Markup {
    let t = |word: W| desk.t(word);
    html! {
        div.scroll { table {
            thead { tr {
                th scope="col" { (t(W::Team)) }
                th.number scope="col" { (t(W::Requests)) }
                th.number scope="col" { (t(W::Billed)) }
                th.number scope="col" { (t(W::AvoidedCost)) }
            } }
            tbody {
                @for group in teams.iter().take(10) {
                    @let name = group.names.first().map_or("", String::as_str);
                    tr {
                        th scope="row" {
                            a href={ "/console/decisions?team=" (super::form::encoded(name)) } { (name) }
                        }
                        td.number { (count(group.costs.requests)) }
                        td.number { (usd(group.costs.billed)) }
                        td.number { (usd(group.costs.avoided)) }
                    }
                }
                @if teams.is_empty() { tr { td.empty colspan="4" { (t(W::NothingYet)) } } }
            }
        } }
    }
}
