//! Every order in which threads can get at the budgets. Each operation takes the lock once and does all of
//! its work under it, so what threads can see of each other is some order of whole operations: here all of
//! them are tried, instead of those that a scheduler happens to choose.

use super::*;

#[derive(Clone, Copy, Debug)]
enum Act {
    Reserve(i128),
    Settle(i128),
    Release,
    /// The task panicked, or was forgotten.
    Drop,
}

/// Calls `visit` with every order of so many steps per thread: a list of whose turn it is.
fn orders(left: &mut [usize], order: &mut Vec<usize>, visit: &mut dyn FnMut(&[usize])) {
    if left.iter().all(|steps| *steps == 0) {
        return visit(order);
    }
    for thread in 0..left.len() {
        if left[thread] > 0 {
            left[thread] -= 1;
            order.push(thread);
            orders(left, order, visit);
            order.pop();
            left[thread] += 1;
        }
    }
}

/// What came of one order.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    admitted: usize,
    spent: i128,
}

fn play(threads: &[&[Act]], order: &[usize], limit: i128) -> Outcome {
    let budgets = budgets(limit);
    let mut holds: Vec<Option<Hold>> = threads.iter().map(|_| None).collect();
    let mut next = vec![0; threads.len()];
    let (mut admitted, mut overrun) = (0, 0);
    for thread in order {
        let act = threads[*thread][next[*thread]];
        next[*thread] += 1;
        let hold = holds[*thread].take();
        match (act, hold) {
            (Act::Reserve(amount), None) => {
                let before = standing(&budgets);
                holds[*thread] = reserve(&budgets, amount).ok();
                admitted += usize::from(holds[*thread].is_some());
                if holds[*thread].is_none() {
                    assert_eq!(standing(&budgets), before, "a refusal changes nothing");
                }
            }
            (Act::Settle(cost), Some(hold)) => overrun += hold.settle(NanoUsd::new(cost)).nanos(),
            (Act::Release, Some(hold)) => hold.release(),
            (Act::Drop, Some(hold)) => drop(hold),
            // Its reservation was refused.
            (_, None) => {}
            (Act::Reserve(_), Some(_)) => panic!("a thread has one hold at a time"),
        }
        let (spent, reserved) = standing(&budgets);
        assert!(spent >= 0 && reserved >= 0 && spent + reserved <= limit + overrun, "{order:?}");
        let open: i128 = holds.iter().flatten().map(|hold| hold.charge().billed.nanos()).sum();
        assert_eq!(reserved, open, "{order:?}");
    }
    let totals = budgets.snapshot(Timestamp::UNIX_EPOCH).totals;
    let alive = u64::try_from(holds.iter().flatten().count()).unwrap();
    assert_eq!(totals.opened, totals.settled + totals.released + totals.abandoned + alive);
    let (spent, _) = standing(&budgets);
    for hold in holds.into_iter().flatten() {
        hold.release();
    }
    Outcome { admitted, spent }
}

fn every_order(threads: &[&[Act]], limit: i128, mut check: impl FnMut(Outcome)) -> usize {
    let mut steps: Vec<usize> = threads.iter().map(|acts| acts.len()).collect();
    let mut count = 0;
    orders(&mut steps, &mut Vec::new(), &mut |order| {
        count += 1;
        check(play(threads, order, limit));
    });
    count
}

#[test]
fn of_many_arrivals_exactly_as_many_as_fit_are_admitted_in_any_order() {
    let one: &[Act] = &[Act::Reserve(30)];
    let count = every_order(&[one; 6], 100, |outcome| assert_eq!(outcome.admitted, 3));
    assert_eq!(count, 720);
}

#[test]
fn no_order_of_reserving_and_ending_promises_more_than_there_is() {
    let settles: &[Act] = &[Act::Reserve(60), Act::Settle(10), Act::Reserve(50), Act::Release];
    let drops: &[Act] = &[Act::Reserve(40), Act::Drop];
    let overruns: &[Act] = &[Act::Reserve(30), Act::Settle(35), Act::Reserve(30)];
    let mut most = 0;
    let count = every_order(&[settles, drops, overruns], 100, |outcome| {
        most = most.max(outcome.admitted);
        assert!(outcome.spent <= 105);
    });
    assert_eq!((count, most), (1260, 4));
}
