//! Threads that reserve, settle, release and forget at the same time, in the interleavings that shuttle tries: all of them
//! for a few threads, many at random for more. What must hold: nothing is promised beyond the limit at any moment, with money for
//! so many exactly so many are admitted, and every hold ends once.

use interleavings::budget::{
    BudgetSpec, Budgets, Firmness, Hold, Imputed, OverBudget, Subject, SubjectKeys, Whom, Window,
};
use interleavings::money::NanoUsd;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use shuttle::thread;

/// Interleavings that are tried where there are too many for all.
const SAMPLES: usize = 5_000;

fn spec(name: &str, per: Subject, limit: i128) -> BudgetSpec {
    BudgetSpec {
        whom: Whom::All,
        name: name.to_owned(),
        per,
        window: Window::Day,
        tz: TimeZone::UTC,
        limit: NanoUsd::new(limit),
        firmness: Firmness::Hard,
        warn_at: Vec::new(),
        imputed: Imputed::Excluded,
    }
}

fn keys(team: &str) -> SubjectKeys<'_> {
    SubjectKeys { team, key: team, caller: team, ..SubjectKeys::default() }
}

fn reserve(budgets: &Budgets, team: &str, amount: i128) -> Result<Hold, OverBudget> {
    budgets.reserve(&keys(team), NanoUsd::new(amount), Timestamp::UNIX_EPOCH)
}

/// No pot holds more than its limit; what was admitted, by whatever order, is what the totals say.
fn check(budgets: &Budgets) {
    let snapshot = budgets.snapshot(Timestamp::UNIX_EPOCH);
    for pot in &snapshot.pots {
        let used = pot.standing.used();
        assert!(used <= pot.standing.limit, "{}: {used} promised", pot.budget);
    }
    let totals = snapshot.totals;
    assert!(totals.settled + totals.released + totals.abandoned <= totals.opened, "ended twice");
}

/// So many at once with money for one less: whatever happens in between, one is turned away.
fn one_too_many(arrivals: u64) {
    let limit = i128::from(arrivals - 1) * 10;
    let budgets = Budgets::new(vec![spec("all", Subject::Everyone, limit)], Vec::new());
    let threads = (0..arrivals).map(|_| {
        let budgets = budgets.clone();
        thread::spawn(move || {
            reserve(&budgets, "a", 10).map(|hold| hold.settle(NanoUsd::new(10))).is_ok()
        })
    });
    let threads: Vec<_> = threads.collect();
    let admitted = threads.into_iter().filter_map(|it| it.join().unwrap().then_some(()));
    assert_eq!(u64::try_from(admitted.count()).unwrap(), arrivals - 1);
    check(&budgets);
    let snapshot = budgets.snapshot(Timestamp::UNIX_EPOCH);
    assert_eq!(snapshot.pots[0].standing.spent, NanoUsd::new(limit));
    let totals = snapshot.totals;
    assert_eq!((totals.opened, totals.settled), (arrivals - 1, arrivals - 1));
}

#[test]
fn in_every_interleaving_of_two_exactly_one_is_admitted_where_there_is_money_for_one() {
    shuttle::check_dfs(|| one_too_many(2), None);
}

#[test]
fn in_many_interleavings_exactly_as_many_are_admitted_as_there_is_money_for() {
    shuttle::check_random(|| one_too_many(6), SAMPLES);
}

/// Two budgets at once, reloads and every way to end, among five threads.
fn crowd() {
    let specs = |all| vec![spec("all", Subject::Everyone, all), spec("team", Subject::Team, 25)];
    let budgets = Budgets::new(specs(40), Vec::new());
    let mut threads = Vec::new();
    for (number, team) in ["a", "a", "b", "b"].into_iter().enumerate() {
        let budgets = budgets.clone();
        threads.push(thread::spawn(move || {
            for round in 0..3_usize {
                let Ok(hold) = reserve(&budgets, team, 10) else { continue };
                check(&budgets);
                match (number + round) % 3 {
                    0 => drop(hold),
                    1 => hold.release(),
                    _ => {
                        hold.settle(NanoUsd::new(7));
                    }
                }
                check(&budgets);
            }
        }));
    }
    let reloading = budgets.clone();
    threads.push(thread::spawn(move || {
        // More room: sums are kept, and nothing that runs is lost.
        reloading.reconfigure(specs(45), Vec::new());
        check(&reloading);
    }));
    for thread in threads {
        thread.join().unwrap();
    }
    check(&budgets);
    let snapshot = budgets.snapshot(Timestamp::UNIX_EPOCH);
    let totals = snapshot.totals;
    assert_eq!(totals.settled + totals.released + totals.abandoned, totals.opened);
    for pot in &snapshot.pots {
        assert_eq!(pot.standing.reserved, NanoUsd::ZERO, "{} still holds money", pot.budget);
    }
    let of = |name: &str| -> NanoUsd {
        let pots = snapshot.pots.iter().filter(|pot| pot.budget == name);
        pots.map(|pot| pot.standing.spent).sum()
    };
    assert_eq!(of("all"), totals.charged.billed, "everyone's sum is the sum of what was charged");
    assert_eq!(of("team"), totals.charged.billed, "and so are the teams' together");
}

#[test]
fn in_many_interleavings_of_a_crowd_every_hold_ends_once_and_the_sums_agree() {
    shuttle::check_random(crowd, SAMPLES);
    shuttle::check_pct(crowd, SAMPLES, 3);
}
