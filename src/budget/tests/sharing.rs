//! Nodes that share a budget, against a server as simple as it can be: in any order of asking, answering,
//! telling, spending, dying and taking over, all nodes together promise no more than the limit.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const LIMIT: i128 = 1_000;
const NODES: usize = 3;

/// What the server keeps: the rules of `record::slices`, without SQL.
#[derive(Debug, Default)]
struct Server {
    granted: BTreeMap<PotKey, i128>,
    slices: BTreeMap<(u32, PotKey), (i128, i128)>,
}

impl Server {
    fn take(&mut self, node: u32, wants: &[Want]) -> Vec<Grant> {
        let mut grants = Vec::new();
        for want in wants {
            let granted = self.granted.entry(want.pot.clone()).or_default();
            let left = (want.limit.nanos() - *granted).max(0);
            let more = want.need.nanos().max(left / 12).min(left);
            let more = if more < want.need.nanos() { 0 } else { more };
            *granted += more;
            self.slices.entry((node, want.pot.clone())).or_default().0 += more;
            let others = self.others(node, &want.pot);
            let (pot, more) = (want.pot.clone(), NanoUsd::new(more));
            grants.push(Grant { pot, more, others: NanoUsd::new(others) });
        }
        grants
    }

    fn others(&self, node: u32, pot: &PotKey) -> i128 {
        let of_others = self.slices.iter().filter(|((other, key), _)| *other != node && key == pot);
        of_others.map(|(_, (_, used))| used).sum()
    }

    fn set(&mut self, node: u32, pot: &PotKey, granted: i128, used: i128) {
        let slice = self.slices.entry((node, pot.clone())).or_default();
        *self.granted.entry(pot.clone()).or_default() += granted - slice.0;
        *slice = (granted, used);
    }
}

/// A request, as the ledger knows it.
#[derive(Debug)]
struct Row {
    node: u32,
    window: Timestamp,
    reserved: i128,
    cost: Option<i128>,
}

#[derive(Debug)]
enum Underway {
    Asking(Vec<Want>),
    Answered(Vec<Grant>),
    Telling(Vec<Report>),
    Heard(Vec<(PotKey, NanoUsd)>),
}

#[derive(Debug)]
struct Node {
    number: u32,
    budgets: Budgets,
    holds: Vec<(Hold, usize)>,
    underway: Option<Underway>,
}

#[derive(Clone, Debug)]
enum Step {
    Reserve {
        node: usize,
        amount: i128,
    },
    Settle {
        node: usize,
        which: usize,
        percent: i128,
    },
    Round {
        node: usize,
    },
    /// The server does what it was asked, or its answer arrives.
    Deliver {
        node: usize,
    },
    Kill {
        node: usize,
    },
    TakeOver,
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    let node = 0..NODES;
    prop_oneof![
        8 => (node.clone(), 1_i128..200).prop_map(|(node, amount)| Step::Reserve { node, amount }),
        6 => (node.clone(), 0_usize..8, 0_i128..=100)
            .prop_map(|(node, which, percent)| Step::Settle { node, which, percent }),
        4 => node.clone().prop_map(|node| Step::Round { node }),
        12 => node.clone().prop_map(|node| Step::Deliver { node }),
        1 => node.prop_map(|node| Step::Kill { node }),
        1 => Just(Step::TakeOver),
        1 => Just(Step::Wait),
    ]
}

struct World {
    server: Server,
    nodes: Vec<Node>,
    dead: Vec<u32>,
    rows: Vec<Row>,
    next: u32,
    now: Timestamp,
}

fn spec() -> Vec<BudgetSpec> {
    let [mut team, _] = <[BudgetSpec; 2]>::try_from(specs(LIMIT)).unwrap();
    team.window = Window::Hour;
    vec![team]
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            server: Server::default(),
            nodes: Vec::new(),
            dead: Vec::new(),
            rows: Vec::new(),
            next: 1,
            now: Timestamp::UNIX_EPOCH,
        };
        for _ in 0..NODES {
            let node = world.fresh();
            world.nodes.push(node);
        }
        world
    }

    fn fresh(&mut self) -> Node {
        let number = self.next;
        self.next += 1;
        Node { number, budgets: Budgets::shared(spec()), holds: Vec::new(), underway: None }
    }

    fn window(&self) -> Timestamp {
        Window::Hour.span(&TimeZone::UTC, self.now).start
    }

    fn reserve(&mut self, node: usize, amount: i128) -> bool {
        let (window, now) = (self.window(), self.now);
        let node = &mut self.nodes[node];
        let asked = NanoUsd::new(amount);
        if let Ok(hold) = node.budgets.reserve(&KEYS, asked, now) {
            node.holds.push((hold, self.rows.len()));
            self.rows.push(Row { node: node.number, window, reserved: amount, cost: None });
            return true;
        }
        if node.underway.is_none() {
            let wants = node.budgets.wants(&KEYS, asked, now);
            node.underway = (!wants.is_empty()).then_some(Underway::Asking(wants));
        }
        false
    }

    fn deliver(&mut self, node: usize) {
        let node = &mut self.nodes[node];
        node.underway = match node.underway.take() {
            Some(Underway::Asking(wants)) => {
                Some(Underway::Answered(self.server.take(node.number, &wants)))
            }
            Some(Underway::Telling(reports)) => {
                let mut heard = Vec::new();
                for Report { pot, granted, used, .. } in reports {
                    self.server.set(node.number, &pot, granted.nanos(), used.nanos());
                    let others = self.server.others(node.number, &pot);
                    heard.push((pot, NanoUsd::new(others)));
                }
                Some(Underway::Heard(heard))
            }
            Some(Underway::Answered(grants)) => {
                node.budgets.grant(&grants);
                None
            }
            Some(Underway::Heard(others)) => {
                node.budgets.learn(&others);
                None
            }
            None => None,
        };
    }

    fn round(&mut self, node: usize, keep: Keep) {
        let now = self.now;
        let node = &mut self.nodes[node];
        if node.underway.is_none() {
            node.underway = Some(Underway::Telling(node.budgets.round(keep, now)));
        }
    }

    fn kill(&mut self, node: usize) {
        let fresh = self.fresh();
        let dead = std::mem::replace(&mut self.nodes[node], fresh);
        // Its memory is gone: no hold of it is ever ended.
        for (hold, _) in dead.holds {
            std::mem::forget(hold);
        }
        self.dead.push(dead.number);
    }

    fn take_over(&mut self) {
        for dead in std::mem::take(&mut self.dead) {
            for row in self.rows.iter_mut().filter(|row| row.node == dead) {
                row.cost = row.cost.or(Some(row.reserved));
            }
            let slices: Vec<PotKey> = self
                .server
                .slices
                .keys()
                .filter(|(node, _)| *node == dead)
                .map(|(_, pot)| pot.clone())
                .collect();
            for pot in slices {
                let own = self.rows.iter().filter(|it| it.node == dead && it.window == pot.start);
                let spent = own.filter_map(|row| row.cost).sum();
                self.server.set(dead, &pot, spent, spent);
            }
        }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Reserve { node, amount } => {
                self.reserve(node, amount);
            }
            Step::Settle { node, which, percent } => {
                let holds = &mut self.nodes[node].holds;
                if !holds.is_empty() {
                    let (hold, row) = holds.swap_remove(which % holds.len());
                    let cost = self.rows[row].reserved * percent / 100;
                    hold.settle(NanoUsd::new(cost));
                    self.rows[row].cost = Some(cost);
                }
            }
            Step::Round { node } => self.round(node, Keep::Pace),
            Step::Deliver { node } => self.deliver(node),
            Step::Kill { node } => self.kill(node),
            Step::TakeOver => self.take_over(),
            Step::Wait => self.now += jiff::SignedDuration::from_mins(25),
        }
    }

    fn promised(&self, window: Timestamp) -> i128 {
        let rows = self.rows.iter().filter(|row| row.window == window);
        rows.map(|row| row.cost.unwrap_or(row.reserved)).sum()
    }

    fn check(&self) -> Result<(), TestCaseError> {
        for (pot, granted) in &self.server.granted {
            prop_assert!(*granted <= LIMIT, "{granted} of {LIMIT} were granted");
            let slices = self.server.slices.iter().filter(|((_, key), _)| key == pot);
            let sum: i128 = slices.map(|(_, (granted, _))| granted).sum();
            prop_assert_eq!(*granted, sum);
            let promised = self.promised(pot.start);
            prop_assert!(promised <= *granted, "{} promised, {} granted", promised, granted);
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn all_nodes_together_promise_no_more_than_the_limit(
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
            world.check()?;
        }
        // At rest, everything that was not spent is there for whoever wants it.
        world.take_over();
        for node in 0..NODES {
            for _ in 0..4 {
                world.deliver(node);
            }
            world.round(node, Keep::Nothing);
            world.deliver(node);
            world.deliver(node);
        }
        let left = LIMIT - world.promised(world.window());
        if left > 0 {
            let first = world.reserve(0, left);
            world.deliver(0);
            world.deliver(0);
            prop_assert!(first || world.reserve(0, left), "{} are left and cannot be had", left);
            world.check()?;
        }
        for node in &mut world.nodes {
            for (hold, _) in node.holds.drain(..) {
                hold.release();
            }
        }
    }
}
