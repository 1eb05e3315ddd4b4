//! Holds end exactly once, also when nobody ends them; admission is exact under threads.

mod orders;
mod sharing;

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::tz::TimeZone;

use super::*;
use crate::money::NanoUsd;

fn specs(limit: i128) -> Vec<BudgetSpec> {
    let team = BudgetSpec {
        whom: crate::budget::Whom::All,
        name: "team".to_owned(),
        per: Subject::Team,
        window: Window::Day,
        tz: TimeZone::UTC,
        limit: NanoUsd::new(limit),
        firmness: Firmness::Hard,
        warn_at: Vec::new(),
        imputed: Imputed::Excluded,
    };
    let company = BudgetSpec {
        whom: crate::budget::Whom::All,
        name: "company".to_owned(),
        per: Subject::Everyone,
        limit: NanoUsd::new(limit * 10),
        ..team.clone()
    };
    vec![team, company]
}

fn budgets(limit: i128) -> Budgets {
    Budgets::new(specs(limit), Vec::new())
}

const KEYS: SubjectKeys<'static> = SubjectKeys {
    team: "support",
    key: "k1",
    caller: "bot",
    target: None,
    route: None,
    model: None,
};

fn standing(budgets: &Budgets) -> (i128, i128) {
    let standing = budgets.facts(&specs(100), &KEYS, Timestamp::UNIX_EPOCH)[0].unwrap();
    (standing.spent.nanos(), standing.reserved.nanos())
}

fn reserve(budgets: &Budgets, nanos: i128) -> Result<Hold, OverBudget> {
    budgets.reserve(&KEYS, NanoUsd::new(nanos), Timestamp::UNIX_EPOCH)
}

#[test]
fn a_hold_is_settled_released_or_kept() {
    let budgets = budgets(100);
    let hold = reserve(&budgets, 60).unwrap();
    assert_eq!(standing(&budgets), (0, 60));
    assert_eq!(hold.settle(NanoUsd::new(10)), NanoUsd::ZERO);
    assert_eq!(standing(&budgets), (10, 0));
    reserve(&budgets, 60).unwrap().release();
    assert_eq!(standing(&budgets), (10, 0));
    drop(reserve(&budgets, 60).unwrap());
    assert_eq!(standing(&budgets), (70, 0), "a hold that nobody ended counts as spent");
    let totals = budgets.snapshot(Timestamp::UNIX_EPOCH).totals;
    assert_eq!((totals.settled, totals.released, totals.abandoned), (1, 1, 1));
}

#[test]
fn a_panic_settles_the_hold() {
    let budgets = budgets(100);
    let shared = budgets.clone();
    let task = std::thread::spawn(move || {
        let _hold = reserve(&shared, 40).unwrap();
        panic!("a request that went wrong");
    });
    assert!(task.join().is_err());
    assert_eq!(standing(&budgets), (40, 0));
    assert!(reserve(&budgets, 60).is_ok());
}

#[test]
fn excess_over_the_hold_is_overrun() {
    let budgets = budgets(100);
    let hold = reserve(&budgets, 90).unwrap();
    assert_eq!(hold.settle(NanoUsd::new(130)), NanoUsd::new(40));
    let snapshot = budgets.snapshot(Timestamp::UNIX_EPOCH);
    assert_eq!(snapshot.totals.overrun, NanoUsd::new(40));
    assert!(snapshot.pots.iter().all(|pot| pot.overrun == NanoUsd::new(40)));
    assert!(reserve(&budgets, 1).is_err());
}

#[test]
fn refusals_carry_the_numbers() {
    let budgets = budgets(1_000_000_000);
    let hold = reserve(&budgets, 750_000_000).unwrap();
    let refused = reserve(&budgets, 300_000_000).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "budget `team` has $0.00 spent and $0.75 reserved of $1.00, so $0.30 more does not fit \
         before 1970-01-02T00:00:00Z"
    );
    hold.release();
}

#[test]
fn many_threads_get_exactly_what_there_is() {
    const THREADS: usize = 8;
    const TRIES: usize = 200;
    const ROOM: usize = 300;
    let budgets = budgets(i128::try_from(ROOM).unwrap() * 5);
    let admitted = AtomicUsize::new(0);
    let start = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                start.wait();
                let mut holds = Vec::new();
                for _ in 0..TRIES {
                    holds.extend(reserve(&budgets, 5));
                }
                admitted.fetch_add(holds.len(), Ordering::Relaxed);
                for hold in holds {
                    hold.settle(NanoUsd::new(5));
                }
            });
        }
    });
    assert_eq!(admitted.load(Ordering::Relaxed), ROOM);
    assert_eq!(standing(&budgets), (i128::try_from(ROOM).unwrap() * 5, 0));
}
