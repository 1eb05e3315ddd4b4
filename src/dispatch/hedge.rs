//! A second attempt beside a slow one: whoever answers first is heard, the other is cancelled.
//!
//! It is an attempt like any other: at the next target that the decision cleared, with money of its own
//! set aside and put down before anything is sent. Until the first event nothing has reached the
//! client, so that one of the two can be dropped; what the dropped one may be billed is booked.

use std::sync::Arc;
use std::time::Duration;

use super::ending::Race;
use super::settlement::{Case, Settlement};
use super::{Another, Content, Miss, Wanted, attempt, funded};
use crate::app::App;
use crate::destination::Destination;
use crate::money::NanoUsd;
use crate::policy::{Clearance, Estimate, TargetId};
use crate::route::retry::Others;

/// Where a second attempt may go.
pub(super) struct Rest<'a> {
    pub(super) clearances: &'a mut std::vec::IntoIter<Clearance>,
    pub(super) estimates: &'a [Estimate],
    /// What earlier attempts came to.
    pub(super) carried: NanoUsd,
}

/// What came of it, and of whom.
type Outcome = (TargetId, Result<Content, Box<Miss>>);

/// Makes an attempt, and a second one if the first takes longer than it should.
pub(super) async fn answer(
    (destination, clearance): (&Destination, Clearance),
    mut settlement: Settlement,
    after: Duration,
    rest: Rest<'_>,
    wanted: Wanted<'_>,
) -> Outcome {
    let (app, case) = (Arc::clone(settlement.app()), Arc::clone(settlement.case()));
    let target = clearance.target();
    let race = Arc::new(Race::default());
    settlement.joins(&race);
    let held = settlement.hold().map_or(NanoUsd::ZERO, |hold| hold.charge().billed);
    let first = attempt((destination, Others::Some), clearance, settlement, (wanted, None));
    let mut first = Box::pin(first);
    if let Ok(done) = tokio::time::timeout(after, &mut first).await {
        return (target, done);
    }
    let Some((destination, clearance, settlement)) = second((&app, &case), &race, held, rest).await
    else {
        return (target, first.await);
    };
    let other_target = clearance.target();
    app.metrics.attempted((case.surface, &destination.name), "hedged", None);
    let second = attempt((destination, Others::Some), clearance, settlement, (wanted, None));
    let mut second = Box::pin(second);
    let (winner, done) = tokio::select! {
        biased;
        done = &mut first => (target, done),
        done = &mut second => (other_target, done),
    };
    let left = async move {
        if winner == target { (other_target, second.await) } else { (target, first.await) }
    };
    match settled(done) {
        // Dropping the other one cancels it, and books what it may be billed.
        Settled::Yes(done) => {
            drop(left);
            (winner, done.map(|content| content.with_cost_of(race.cost())))
        }
        Settled::Refused(refusal) => match left.await {
            (left, Ok(content)) => (left, Ok(content.with_cost_of(race.cost()))),
            (_, Err(miss)) => {
                let _all = miss.settlement.give_up(miss.bill);
                (winner, Ok(refusal))
            }
        },
        Settled::Missed(miss) => {
            let _left_with_the_race = miss.settlement.give_up(miss.bill);
            let (left, done) = left.await;
            (left, done.map(|content| content.with_cost_of(race.cost())))
        }
    }
}

/// Whether an end is one, while another attempt runs.
enum Settled {
    /// There is an answer, or there can be none.
    Yes(Result<Content, Box<Miss>>),
    /// One server says no to this very request; the other may not.
    Refused(Content),
    /// One target failed.
    Missed(Box<Miss>),
}

fn settled(done: Result<Content, Box<Miss>>) -> Settled {
    match done {
        Ok(refusal @ Content::Refusal { .. }) => Settled::Refused(refusal),
        Err(miss) if miss.another == Another::MayHelp => Settled::Missed(miss),
        done => Settled::Yes(done),
    }
}

/// The next target, its clearance and an account for it, if it has a seat and there is money for both.
async fn second<'a>(
    (app, case): (&'a Arc<App>, &Arc<Case>),
    race: &Arc<Race>,
    held: NanoUsd,
    rest: Rest<'_>,
) -> Option<(&'a Destination, Clearance, Settlement)> {
    let Rest { clearances, estimates, carried } = rest;
    let target = clearances.as_slice().first()?.target();
    let destination = app.destination(target).filter(|it| it.health.admits())?;
    let seat = destination.seat(case.tokens).ok()?;
    let funded = funded(app, case, (target, estimates), (None, carried + held)).await;
    let money = funded.ok()?;
    let Some(clearance) = clearances.next() else {
        money.release();
        return None;
    };
    let mut settlement = Settlement::open(Arc::clone(app), Arc::clone(case), target, money, seat);
    settlement.joins(race);
    Some((destination, clearance, settlement))
}
