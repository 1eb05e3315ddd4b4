//! The state machine against a simple model that keeps every reservation in one list.

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::super::account::POTS_BEFORE_PRUNING;
use super::super::spec::Window;
use super::*;

fn spec(name: &str, per: Subject, limit: i128) -> BudgetSpec {
    BudgetSpec {
        whom: crate::budget::Whom::All,
        name: name.to_owned(),
        per,
        window: Window::Hour,
        tz: TimeZone::UTC,
        limit: NanoUsd::new(limit),
        firmness: Firmness::Hard,
        warn_at: vec![50, 80],
        imputed: Imputed::Excluded,
    }
}

fn usd(nanos: i128) -> NanoUsd {
    NanoUsd::new(nanos)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn keys<'a>(team: &'a str, key: &'a str) -> SubjectKeys<'a> {
    SubjectKeys { team, key, caller: key, target: Some("cloud"), route: Some("all"), model: None }
}

fn specs(ledger: &Ledger) -> Vec<BudgetSpec> {
    ledger.accounts.iter().map(|account| account.spec.clone()).collect()
}

fn used(ledger: &Ledger, keys: &SubjectKeys<'_>, now: Timestamp) -> Vec<(i128, i128)> {
    let standings = ledger.standings(&specs(ledger), keys, now).into_iter().flatten();
    standings.map(|s| (s.spent.nanos(), s.reserved.nanos())).collect()
}

#[test]
fn a_request_sees_the_limits_of_the_policy_that_it_began_with() {
    let before = vec![spec("company", Subject::Everyone, 1000), spec("gone", Subject::Team, 5)];
    let mut ledger = Ledger::new(before.clone(), Vec::new(), Sharing::Alone);
    let a = keys("a", "k1");
    let ticket = ledger.reserve(&a, usd(3).into(), at(0)).unwrap();
    ledger.reconfigure(vec![spec("company", Subject::Everyone, 50)], Vec::new());
    let seen = ledger.standings(&before, &a, at(0));
    let company = Standing { spent: usd(0), reserved: usd(3), limit: usd(1000) };
    assert_eq!(seen, [Some(company), None], "its own limit, and a budget that is no more");
    ledger.close(ticket, Ending::Released);
}

/// The own budget of a key.
fn own(key: &str, line: &str) -> BudgetSpec {
    crate::budget::own::read(key, [line]).unwrap().remove(0)
}

#[test]
fn a_key_has_a_budget_of_its_own_beside_those_of_the_policy() {
    let nano = |nanos: i128| format!("{}/hour", usd(nanos));
    let rest = BudgetSpec {
        whom: crate::budget::Whom::Rest(Vec::new()),
        ..spec("others", Subject::Key, 20)
    };
    let policy = vec![spec("company", Subject::Everyone, 1000), rest];
    let mut ledger = Ledger::new(policy.clone(), Vec::new(), Sharing::Alone);
    let (mine, other) = (keys("a", "k1"), keys("a", "k2"));
    ledger.reconfigure_own(vec![own("k1", &nano(100))], &[]);
    assert!(ledger.bounds("k1") && !ledger.bounds("k2"));

    let taken = ledger.reserve(&mine, usd(70).into(), at(0)).unwrap();
    let over = ledger.reserve(&mine, usd(31).into(), at(0)).unwrap_err();
    assert_eq!((&*over.budget, &*over.subject, over.reserved), ("key/hour", "k1", usd(70)));
    // All or none, whichever budget refuses; and who has a budget is not one of the rest.
    assert_eq!(used(&ledger, &mine, at(0)), [(0, 70), (0, 0)]);
    assert_eq!(&*ledger.reserve(&other, usd(21).into(), at(0)).unwrap_err().budget, "others");
    ledger.close(taken, Ending::Settled(usd(60).into()));
    let views = ledger.views(at(0));
    let view = views.iter().find(|it| it.budget == "key/hour").unwrap();
    assert_eq!((&*view.subject, view.standing.spent), ("k1", usd(60)));

    // Another limit keeps what was spent; no budget makes the key one of the rest again.
    ledger.reconfigure_own(vec![own("k1", &nano(200))], &[]);
    assert!(ledger.reserve(&mine, usd(141).into(), at(0)).is_err());
    let taken = ledger.reserve(&mine, usd(140).into(), at(0)).unwrap();
    ledger.reconfigure_own(Vec::new(), &[]);
    assert_eq!(&*ledger.reserve(&mine, usd(21).into(), at(0)).unwrap_err().budget, "others");
    ledger.close(taken, Ending::Released);
    // A new one begins with what the ledger says of this key, and of no other.
    let of = |key: &str, spent| Recovered {
        budget: "key/hour".to_owned(),
        subject: key.to_owned(),
        span: Window::Hour.span(&TimeZone::UTC, at(0)),
        spent: usd(spent),
    };
    ledger.reconfigure_own(vec![own("k1", &nano(100))], &[of("k1", 95), of("k2", 1)]);
    assert!(ledger.reserve(&mine, usd(6).into(), at(0)).is_err());
    assert!(ledger.uncounted(&[own("k1", "9/hour")]).is_empty(), "a limit is no other budget");
    assert_eq!(ledger.uncounted(&[own("k1", "9/day"), own("k2", "9/hour")]).len(), 2);
    // Those of the policy are known as well; one that chooses a single key is no key's own.
    let of_policy = specs(&ledger).into_iter().filter(|it| it.name == "others").collect::<Vec<_>>();
    assert_eq!((of_policy.len(), ledger.uncounted(&of_policy).len()), (1, 0));
    let one = BudgetSpec { whom: own("k1", "9/hour").whom, ..of_policy[0].clone() };
    assert_eq!(ledger.uncounted(std::slice::from_ref(&one)).len(), 1);
    ledger.reconfigure(vec![one.clone()], Vec::new());
    assert!(ledger.uncounted(&[one]).is_empty());
}

#[test]
fn a_shared_budget_that_comes_back_has_forgotten_nothing() {
    let policy = vec![spec("company", Subject::Everyone, 100)];
    let mut ledger = Ledger::new(policy.clone(), Vec::new(), Sharing::Shared);
    let a = keys("a", "k1");
    let want = ledger.wants(&a, usd(80).into(), at(0)).remove(0);
    ledger.grant(&[Grant { pot: want.pot, more: usd(100), others: usd(0) }]);
    let ticket = ledger.reserve(&a, usd(80).into(), at(0)).unwrap();
    ledger.reconfigure(Vec::new(), Vec::new());
    ledger.close(ticket, Ending::Settled(usd(75).into()));
    // The server goes on to hear of it while it is gone: what it was told it would take for all there is.
    let told = ledger.round(Keep::Nothing, at(1));
    assert_eq!(told.iter().map(|it| it.used).collect::<Vec<_>>(), [usd(75)]);
    ledger.reconfigure(policy, Vec::new());
    assert_eq!(used(&ledger, &a, at(2)), [(75, 0)]);
    ledger.reconfigure(Vec::new(), Vec::new());
    assert_eq!(ledger.specs().len(), 1);
    ledger.round(Keep::Nothing, at(4_000));
    assert!(ledger.specs().is_empty(), "its window is over");
}

#[test]
fn a_reservation_takes_all_scopes_or_none() {
    let specs = vec![spec("company", Subject::Everyone, 1000), spec("team", Subject::Team, 100)];
    let mut ledger = Ledger::new(specs, Vec::new(), Sharing::Alone);
    let a = keys("a", "k1");
    let first = ledger.reserve(&a, usd(80).into(), at(0)).unwrap();
    let refused = ledger.reserve(&a, usd(30).into(), at(0)).unwrap_err();
    assert_eq!(&*refused.budget, "team");
    assert_eq!(&*refused.subject, "a");
    assert_eq!((refused.reserved, refused.limit, refused.asked), (usd(80), usd(100), usd(30)));
    assert_eq!(refused.resets_at, at(3600));
    // The refusal left no trace in the company's pot.
    assert_eq!(used(&ledger, &a, at(0)), [(0, 80), (0, 80)]);
    // Another team has its own pot from its first request on.
    let other = ledger.reserve(&keys("b", "k2"), usd(100).into(), at(0)).unwrap();
    assert_eq!(used(&ledger, &a, at(0)), [(0, 180), (0, 80)]);
    ledger.close(first, Ending::Settled(usd(25).into()));
    ledger.close(other, Ending::Released);
    assert_eq!(used(&ledger, &a, at(0)), [(25, 0), (25, 0)]);
}

#[test]
fn what_costs_nothing_goes_on_when_the_money_is_gone() {
    let mut ledger =
        Ledger::new(vec![spec("all", Subject::Everyone, 10)], Vec::new(), Sharing::Alone);
    let ticket = ledger.reserve(&keys("a", "k"), usd(10).into(), at(0)).unwrap();
    assert_eq!(ledger.close(ticket, Ending::Settled(usd(15).into())), usd(5));
    assert!(ledger.reserve(&keys("a", "k"), usd(1).into(), at(1)).is_err());
    let free = ledger.reserve(&keys("a", "k"), usd(0).into(), at(1)).unwrap();
    ledger.close(free, Ending::Released);
}

#[test]
fn soft_budgets_count_and_let_pass() {
    let soft = BudgetSpec { firmness: Firmness::Soft, ..spec("all", Subject::Everyone, 10) };
    let mut ledger = Ledger::new(vec![soft], Vec::new(), Sharing::Alone);
    let ticket = ledger.reserve(&keys("a", "k"), usd(50).into(), at(0)).unwrap();
    ledger.close(ticket, Ending::Settled(usd(50).into()));
    assert_eq!(used(&ledger, &keys("a", "k"), at(0)), [(50, 0)]);
}

#[test]
fn imputed_money_counts_only_where_the_budget_says_so() {
    let included = BudgetSpec { imputed: Imputed::Included, ..spec("full", Subject::Everyone, 10) };
    let mut ledger = Ledger::new(
        vec![spec("bill", Subject::Everyone, 10), included],
        Vec::new(),
        Sharing::Alone,
    );
    let local = Charge { billed: usd(0), imputed: usd(7) };
    let ticket = ledger.reserve(&keys("a", "k"), local, at(0)).unwrap();
    assert_eq!(used(&ledger, &keys("a", "k"), at(0)), [(0, 0), (0, 7)]);
    assert_eq!(&*ledger.reserve(&keys("a", "k"), local, at(0)).unwrap_err().budget, "full");
    ledger.close(ticket, Ending::Settled(Charge { billed: usd(0), imputed: usd(4) }));
    assert_eq!(used(&ledger, &keys("a", "k"), at(0)), [(0, 0), (4, 0)]);
}

#[test]
fn a_hold_is_settled_in_the_window_it_was_made_in() {
    let mut ledger =
        Ledger::new(vec![spec("all", Subject::Everyone, 100)], Vec::new(), Sharing::Alone);
    let k = keys("a", "k");
    let late = ledger.reserve(&k, usd(100).into(), at(3599)).unwrap();
    assert!(ledger.reserve(&k, usd(1).into(), at(3599)).is_err());
    let fresh = ledger.reserve(&k, usd(60).into(), at(3600)).unwrap();
    assert_eq!(used(&ledger, &k, at(3600)), [(0, 60)]);
    ledger.close(late, Ending::Settled(usd(90).into()));
    assert_eq!(used(&ledger, &k, at(3600)), [(0, 60)], "the old window's money stays there");
    // A clock that jumps back does not reopen the old window.
    assert!(ledger.reserve(&k, usd(41).into(), at(3000)).is_err());
    ledger.close(fresh, Ending::Settled(usd(60).into()));
    assert_eq!(used(&ledger, &k, at(3000)), [(60, 0)]);
    let totals = ledger.totals();
    assert_eq!((totals.opened, totals.settled), (2, 2));
    assert_eq!(totals.charged.billed, usd(150));
}

#[test]
fn reload_keeps_what_was_spent() {
    let mut ledger =
        Ledger::new(vec![spec("team", Subject::Team, 100)], Vec::new(), Sharing::Alone);
    let k = keys("a", "k");
    let ticket = ledger.reserve(&k, usd(70).into(), at(0)).unwrap();
    let new = vec![spec("other", Subject::Everyone, 5), spec("team", Subject::Team, 80)];
    ledger.reconfigure(new, Vec::new());
    assert_eq!(used(&ledger, &k, at(0)), [(0, 0), (0, 70)]);
    ledger.close(ticket, Ending::Settled(usd(70).into()));
    assert_eq!(used(&ledger, &k, at(0)), [(0, 0), (70, 0)]);
    // Counting by something else starts from what the disk knows.
    let span = Window::Hour.span(&TimeZone::UTC, at(0));
    let on_disk = Recovered { budget: "team".into(), subject: "k".into(), span, spent: usd(33) };
    ledger.reconfigure(vec![spec("team", Subject::Key, 80)], vec![on_disk]);
    assert_eq!(used(&ledger, &k, at(0)), [(33, 0)]);
}

#[test]
fn budgets_by_target_wait_for_the_target() {
    let mut ledger =
        Ledger::new(vec![spec("cloud", Subject::Target, 10)], Vec::new(), Sharing::Alone);
    let open = SubjectKeys { target: None, ..keys("a", "k") };
    assert_eq!(ledger.standings(&specs(&ledger), &open, at(0)), [None]);
    let ticket = ledger.reserve(&keys("a", "k"), usd(4).into(), at(0)).unwrap();
    assert_eq!(used(&ledger, &keys("a", "k"), at(0)), [(0, 4)]);
    ledger.close(ticket, Ending::Released);
}

#[test]
fn pots_of_past_windows_are_thrown_out() {
    let mut ledger = Ledger::new(vec![spec("key", Subject::Key, 10)], Vec::new(), Sharing::Alone);
    for hour in 0..4_i64 {
        for user in 0..POTS_BEFORE_PRUNING {
            let name = format!("user-{hour}-{user}");
            let now = at(hour * 3600);
            let ticket = ledger.reserve(&keys("a", &name), usd(1).into(), now).unwrap();
            ledger.close(ticket, Ending::Settled(usd(1).into()));
        }
    }
    assert!(ledger.accounts[0].pots.len() <= 2 * POTS_BEFORE_PRUNING);
}

/// One step of a run.
#[derive(Clone, Debug)]
enum Step {
    Reserve { team: usize, key: usize, amount: i128 },
    Settle { which: usize, percent: i128 },
    Release { which: usize },
    Abandon { which: usize },
    Wait { seconds: i64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..3_usize, 0..3_usize, 0..400_i128)
            .prop_map(|(team, key, amount)| Step::Reserve { team, key, amount }),
        2 => (any::<usize>(), 0..150_i128)
            .prop_map(|(which, percent)| Step::Settle { which, percent }),
        1 => any::<usize>().prop_map(|which| Step::Release { which }),
        1 => any::<usize>().prop_map(|which| Step::Abandon { which }),
        1 => (-2000..4000_i64).prop_map(|seconds| Step::Wait { seconds }),
    ];
    prop::collection::vec(step, 1..80)
}

/// What the model remembers of a reservation: its scopes as text and the sums.
#[derive(Clone, Debug)]
struct Entry {
    scopes: [(String, i64); 3],
    reserved: i128,
    charged: Option<i128>,
}

const NAMES: [&str; 3] = ["x", "y", "z"];
const LIMITS: [i128; 3] = [1000, 700, 500];

/// (spent, reserved, overrun) of one scope, by adding up the whole list.
fn sums(entries: &[Entry], scope: &(String, i64)) -> (i128, i128, i128) {
    let mut sums = (0, 0, 0);
    for entry in entries.iter().filter(|entry| entry.scopes.contains(scope)) {
        match entry.charged {
            Some(charged) => {
                sums.0 += charged;
                sums.2 += (charged - entry.reserved).max(0);
            }
            None => sums.1 += entry.reserved,
        }
    }
    sums
}

proptest! {
    #[test]
    fn the_ledger_agrees_with_the_model(steps in steps()) {
        let specs = vec![
            spec("company", Subject::Everyone, LIMITS[0]),
            spec("team", Subject::Team, LIMITS[1]),
            spec("key", Subject::Key, LIMITS[2]),
        ];
        let mut ledger = Ledger::new(specs, Vec::new(), Sharing::Alone);
        let mut entries: Vec<Entry> = Vec::new();
        let mut open: Vec<(Ticket, usize)> = Vec::new();
        let mut now = 10_000_i64;
        // The latest window that each scope has seen: a closed one is never reopened.
        let mut latest: BTreeMap<String, i64> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Reserve { team, key, amount } => {
                    let names = ["company/".to_owned(), format!("team/{team}"), format!("key/{key}")];
                    let scopes = names.map(|name| {
                        let window = latest.get(&name).copied().unwrap_or(0).max(now / 3600);
                        (name, window)
                    });
                    let fits = scopes.iter().zip(LIMITS).all(|(scope, limit)| {
                        let (spent, reserved, _) = sums(&entries, scope);
                        spent + reserved + amount <= limit
                    });
                    let keys = keys(NAMES[team], NAMES[key]);
                    match ledger.reserve(&keys, usd(amount).into(), at(now)) {
                        Ok(ticket) => {
                            prop_assert!(fits || amount == 0);
                            for (name, window) in &scopes {
                                latest.insert(name.clone(), *window);
                            }
                            open.push((ticket, entries.len()));
                            entries.push(Entry { scopes, reserved: amount, charged: None });
                        }
                        Err(refused) => {
                            prop_assert!(!fits && amount > 0);
                            let used = refused.spent.nanos() + refused.reserved.nanos();
                            prop_assert!(used + amount > refused.limit.nanos());
                        }
                    }
                }
                Step::Settle { which, percent } => {
                    if !open.is_empty() {
                        let (ticket, entry) = open.swap_remove(which % open.len());
                        let charged = entries[entry].reserved * percent / 100;
                        let overrun = ledger.close(ticket, Ending::Settled(usd(charged).into()));
                        let expected = (charged - entries[entry].reserved).max(0);
                        prop_assert_eq!(overrun.nanos(), expected);
                        entries[entry].charged = Some(charged);
                    }
                }
                Step::Release { which } => {
                    if !open.is_empty() {
                        let (ticket, entry) = open.swap_remove(which % open.len());
                        ledger.close(ticket, Ending::Released);
                        entries[entry].charged = Some(0);
                    }
                }
                Step::Abandon { which } => {
                    if !open.is_empty() {
                        let (ticket, entry) = open.swap_remove(which % open.len());
                        ledger.close(ticket, Ending::Abandoned);
                        entries[entry].charged = Some(entries[entry].reserved);
                    }
                }
                Step::Wait { seconds } => now = (now + seconds).max(3600),
            }
            check(&ledger, &entries, now)?;
        }
        let totals = ledger.totals();
        let alive = u64::try_from(open.len()).unwrap();
        let ended = totals.settled + totals.released + totals.abandoned;
        prop_assert_eq!(totals.opened, ended + alive);
        let charged: i128 = entries.iter().filter_map(|entry| entry.charged).sum();
        prop_assert_eq!(totals.charged.billed.nanos(), charged);
    }
}

/// Every current pot equals the model's sum and never promises more than its limit and overrun.
fn check(ledger: &Ledger, entries: &[Entry], now: i64) -> Result<(), TestCaseError> {
    for view in ledger.views(at(now)) {
        let window = view.span.start.as_second() / 3600;
        let number = NAMES.iter().position(|name| *name == view.subject);
        let scope = match number {
            Some(number) => format!("{}/{number}", view.budget),
            None => "company/".to_owned(),
        };
        let (spent, reserved, overrun) = sums(entries, &(scope, window));
        let standing = view.standing;
        prop_assert_eq!(
            (standing.spent.nanos(), standing.reserved.nanos(), view.overrun.nanos()),
            (spent, reserved, overrun)
        );
        prop_assert!(standing.used() <= standing.limit + view.overrun);
        prop_assert!(spent >= 0 && reserved >= 0);
    }
    Ok(())
}
