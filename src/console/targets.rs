//! Targets: where requests can go, how they did in the last day, and whether they answer now.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use super::form::encoded;
use super::numbers::{count, percent, usd};
use super::words::W;
use super::{Answer, Desk, frame, overview};
use crate::clock;
use crate::config::settings::Power;
use crate::destination::Destination;
use crate::money::{NanoUsd, Tokens};
use crate::record::report::{Dimension, Period};
use crate::record::{LedgerError, Reader};
use crate::route::breaker::Standing;
use crate::route::price::Kind;
use crate::upstream::{self, Probed};

/// How long a server may take to list its models.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn page(desk: &Desk, tested: Option<&Tested>) -> Result<Answer, LedgerError> {
    let reader = desk.app().store.reader()?;
    Ok(Answer::Page(
        W::Targets,
        html! {
            (frame::lead(desk.t(W::AboutTargets)))
            @if let Some(tested) = tested { (tested.notice(desk)) }
            section.card { (table(desk, &reader, Some(Details::Shown))?) }
        },
    ))
}

/// What came of asking a target.
#[derive(Clone, Debug)]
pub(super) struct Tested {
    name: String,
    outcome: Result<String, String>,
}

impl Tested {
    fn notice(&self, desk: &Desk) -> Markup {
        match &self.outcome {
            Ok(said) => frame::good(&self.name, &html! { p { (said) } }),
            Err(said) => frame::problem(&self.name, &format!("{} {said}", desk.t(W::DoesNotWork))),
        }
    }
}

/// Asks a target whether it is there and takes our key. No prompt is sent.
pub(super) async fn test(desk: &Arc<Desk>, name: &str) -> Answer {
    let Some(target) = desk.app().destinations.iter().find(|it| it.name == name) else {
        return Answer::Nothing;
    };
    let remote = desk.admin.remotes.iter().find(|(known, _)| known == name).map(|(_, it)| it);
    let outcome = match (target.engine(), remote) {
        (Some(engine), _) => {
            let engine = engine.clone();
            let measured =
                tokio::task::spawn_blocking(move || engine.measure("ping").map(|_| ())).await;
            match measured {
                Ok(Ok(())) => Ok(desk.t(W::LoadedAndReads).to_owned()),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err(desk.t(W::Trouble).to_owned()),
            }
        }
        (None, Some(_)) if target.power == Power::Off => Err(desk.t(W::HasNoKey).to_owned()),
        (None, Some(remote)) => match upstream::probe(remote, PATIENCE, clock::now()).await {
            Ok(Probed::Taken | Probed::Limited) => Ok(desk.t(W::AnswersAndTakesKey).to_owned()),
            Ok(Probed::Refused) => Err(desk.t(W::RefusesKey).to_owned()),
            Ok(Probed::Nothing) => Err(format!("{} 404", desk.t(W::AnswersWithStatus))),
            Ok(Probed::Status(status)) => {
                Err(format!("{} {}", desk.t(W::AnswersWithStatus), status.as_u16()))
            }
            Err(error) => Err(error.to_string()),
        },
        (None, None) => return Answer::Nothing,
    };
    let (desk, tested) = (Arc::clone(desk), Tested { name: name.to_owned(), outcome });
    let page = tokio::task::spawn_blocking(move || page(&desk, Some(&tested))).await;
    page.unwrap_or(Err(LedgerError::Closed)).unwrap_or_else(Answer::from)
}

/// Whether a table has everything, with a button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Details {
    Shown,
}

/// Requests and failures of the last day, by target.
fn lately(reader: &Reader, now: Timestamp) -> Result<BTreeMap<String, (u64, u64)>, LedgerError> {
    let since = now.checked_sub(SignedDuration::from_hours(24)).unwrap_or(now);
    let period = Period { since, until: overview::later(now) };
    let mut sums: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for group in reader.costs(&[Dimension::Target, Dimension::Outcome], period)? {
        let [target, outcome] = group.names.as_slice() else { continue };
        let (all, failed) = sums.entry(target.clone()).or_default();
        *all = all.saturating_add(group.costs.requests);
        if matches!(outcome.as_str(), "target_failed" | "truncated") {
            *failed = failed.saturating_add(group.costs.requests);
        }
    }
    Ok(sums)
}

pub(super) fn table(
    desk: &Desk,
    reader: &Reader,
    details: Option<Details>,
) -> Result<Markup, LedgerError> {
    let lately = lately(reader, desk.now)?;
    let t = |word: W| desk.t(word);
    Ok(html! {
        div.scroll { table {
            thead { tr {
                th scope="col" { (t(W::Target)) }
                th scope="col" { (t(W::Zone)) }
                @if details.is_some() { th scope="col" { (t(W::Model)) } }
                th scope="col" { (t(W::State)) }
                th.number scope="col" { (t(W::LastDay)) }
                th.number scope="col" { (t(W::Failed)) }
                @if details.is_some() {
                    th.number scope="col" { (t(W::PricePerMillion)) }
                    th.number scope="col" { (t(W::FreeSeats)) }
                    th scope="col" { span.unseen { (t(W::Actions)) } }
                }
            } }
            tbody { @for it in &desk.app().destinations {
                @let (all, failed) = lately.get(&it.name).copied().unwrap_or_default();
                tr {
                    th scope="row" { a href={ "/console/decisions?target=" (encoded(&it.name)) } { (it.name) } }
                    td { (frame::zone(&it.zone)) }
                    @if details.is_some() { td { (it.model()) " " span.quiet { (it.provider()) } } }
                    td { (state(desk, it, (all, failed))) }
                    td.number { (count(all)) }
                    td.number { (percent(failed, all)) }
                    @if details.is_some() {
                        td.number { (price(desk, it)) }
                        td.number { (it.seats.available_permits()) }
                        td.actions {
                            form.inline method="post" action={ "/console/targets/" (encoded(&it.name)) "/test" } {
                                (frame::csrf(desk))
                                button.small type="submit" aria-label={ (t(W::TestConnection)) " " (it.name) } { (t(W::TestConnection)) }
                            }
                        }
                    }
                }
            } }
        } }
    })
}

/// What is true now first: whether it takes requests; then how it did in the last day.
fn state(desk: &Desk, target: &Destination, (all, failed): (u64, u64)) -> Markup {
    let (class, word) = if target.power == Power::Off {
        ("state off", W::Off)
    } else if target.health.standing() == Standing::Open {
        ("state bad", W::LeftAlone)
    } else if target.health.standing() == Standing::Probing {
        ("state bad", W::BeingTried)
    } else if target.health.standing() == Standing::Resting {
        ("state busy", W::AskedForAPause)
    } else if target.seats.available_permits() == 0 {
        ("state busy", W::Busy)
    } else if failed.saturating_mul(2) > all {
        ("state bad", W::Failing)
    } else {
        ("state good", W::Up)
    };
    html! { span class=(class) { (desk.t(word)) } }
}

/// Dollars per million prompt and answer tokens.
fn price(desk: &Desk, target: &Destination) -> Markup {
    if target.engine().is_some() {
        return html! { (desk.t(W::OwnMachine)) };
    }
    let rate = |kind| {
        let nanos = target.price(desk.now)?.rate(kind)?.at(Tokens(1));
        Some(usd(NanoUsd::new(nanos.into())))
    };
    html! {
        @if let (Some(input), Some(output)) = (rate(Kind::Input), rate(Kind::Output)) {
            (input) " / " (output)
        } @else {
            span.wrong { (desk.t(W::Unpriced)) }
        }
    }
}
