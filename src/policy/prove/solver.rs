//! Whether a formula in clauses can hold: a small solver that learns from its dead ends.
//!
//! Two watched literals, first unique implication points, restarts, assumptions that are handed back
//! when they exclude each other. The answer is exact or it is [`Answer::Unsettled`]: the work is
//! counted, not timed, so that the same question always has the same answer.

use std::ops::Not;

/// A variable or its negation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lit(usize);

impl Lit {
    /// The variable itself.
    pub(super) const fn of(var: usize) -> Self {
        Self(var << 1)
    }

    /// The variable.
    pub(super) const fn var(self) -> usize {
        self.0 >> 1
    }

    /// Whether it is the negation of its variable.
    pub(super) const fn is_negated(self) -> bool {
        self.0 & 1 == 1
    }
}

impl Not for Lit {
    type Output = Self;
    fn not(self) -> Self {
        Self(self.0 ^ 1)
    }
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It can hold; [`Solver::model`] says how.
    Possible,
    /// It cannot; these of the assumptions already exclude each other.
    Impossible(Vec<Lit>),
    /// The work allowed was not enough.
    Unsettled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Open,
    True,
    False,
}

/// A clause to look at when a literal becomes false, and another of its literals.
#[derive(Clone, Copy, Debug)]
struct Watch {
    clause: usize,
    other: Lit,
}

/// What is known about a variable while searching.
#[derive(Clone, Copy, Debug)]
struct Var {
    level: usize,
    reason: Option<usize>,
    activity: f64,
    /// The value to try first.
    first: bool,
    seen: bool,
}

/// Clauses, and what follows from them.
#[derive(Clone, Debug)]
pub(super) struct Solver {
    clauses: Vec<Vec<Lit>>,
    /// By literal.
    watches: Vec<Vec<Watch>>,
    /// By literal.
    values: Vec<Value>,
    vars: Vec<Var>,
    trail: Vec<Lit>,
    /// Where each level begins in the trail.
    levels: Vec<usize>,
    head: usize,
    model: Vec<Value>,
    bump: f64,
    is_contradictory: bool,
    /// Steps taken, and the most that are allowed.
    effort: u64,
    effort_max: u64,
}

/// Conflicts before the first restart.
const RESTART: u64 = 64;

impl Solver {
    /// No clauses yet; at most so many steps in all.
    pub(super) const fn new(effort_max: u64) -> Self {
        Self {
            clauses: Vec::new(),
            watches: Vec::new(),
            values: Vec::new(),
            vars: Vec::new(),
            trail: Vec::new(),
            levels: Vec::new(),
            head: 0,
            model: Vec::new(),
            bump: 1.0,
            is_contradictory: false,
            effort: 0,
            effort_max,
        }
    }

    /// One more variable, and the value to try first.
    pub(super) fn variable(&mut self, first: Try) -> usize {
        let var = self.vars.len();
        let first = first == Try::True;
        self.vars.push(Var { level: 0, reason: None, activity: 0.0, first, seen: false });
        for _ in 0..2 {
            self.watches.push(Vec::new());
            self.values.push(Value::Open);
        }
        var
    }

    /// The steps taken so far.
    #[cfg(test)]
    pub(super) const fn effort(&self) -> u64 {
        self.effort
    }

    /// Allows more steps from here on.
    pub(super) const fn allow(&mut self, effort: u64) {
        self.effort_max = self.effort.saturating_add(effort);
    }

    /// At least one of these must hold.
    pub(super) fn clause(&mut self, literals: &[Lit]) {
        self.back_to(0);
        let mut clause: Vec<Lit> = literals.to_vec();
        clause.sort_unstable();
        clause.dedup();
        let holds = |lit: &Lit| self.value(*lit) == Value::True;
        let is_trivial = clause.windows(2).any(|pair| matches!(pair, [a, b] if *a == !*b));
        if is_trivial || clause.iter().any(holds) {
            return;
        }
        clause.retain(|lit| self.value(*lit) != Value::False);
        match clause.as_slice() {
            [] => self.is_contradictory = true,
            [only] => self.assign(*only, None),
            [_, ..] => {
                self.keep(clause);
            }
        }
    }

    /// Keeps a clause of two literals or more, and watches the first two.
    fn keep(&mut self, clause: Vec<Lit>) -> usize {
        let index = self.clauses.len();
        if let [first, second, ..] = clause.as_slice() {
            let (first, second) = (*first, *second);
            self.watch(first, Watch { clause: index, other: second });
            self.watch(second, Watch { clause: index, other: first });
        }
        self.clauses.push(clause);
        index
    }

    fn watch(&mut self, lit: Lit, watch: Watch) {
        if let Some(watches) = self.watches.get_mut(lit.0) {
            watches.push(watch);
        }
    }

    fn value(&self, lit: Lit) -> Value {
        value(&self.values, lit)
    }

    fn assign(&mut self, lit: Lit, reason: Option<usize>) {
        if let Some(value) = self.values.get_mut(lit.0) {
            *value = Value::True;
        }
        if let Some(value) = self.values.get_mut((!lit).0) {
            *value = Value::False;
        }
        let level = self.levels.len();
        if let Some(var) = self.vars.get_mut(lit.var()) {
            (var.level, var.reason) = (level, reason);
        }
        self.trail.push(lit);
    }

    fn back_to(&mut self, level: usize) {
        let Some(start) = self.levels.get(level).copied() else { return };
        for lit in self.trail.drain(start..) {
            for lit in [lit, !lit] {
                if let Some(value) = self.values.get_mut(lit.0) {
                    *value = Value::Open;
                }
            }
        }
        self.levels.truncate(level);
        self.head = start;
    }

    /// Draws every consequence; a clause in which nothing is left is handed back.
    fn propagate(&mut self) -> Option<usize> {
        while let Some(lit) = self.trail.get(self.head).copied() {
            self.head += 1;
            let gone = !lit;
            let mut watches = self.watches.get_mut(gone.0).map(std::mem::take).unwrap_or_default();
            let mut conflict = None;
            self.effort = self.effort.saturating_add(1);
            watches.retain(|watch| {
                if conflict.is_some() {
                    return true;
                }
                let (keeps, found) = self.look(*watch, gone);
                conflict = found;
                keeps
            });
            // What was moved to this literal meanwhile comes after what stayed.
            if let Some(moved) = self.watches.get_mut(gone.0) {
                watches.append(moved);
                *moved = watches;
            }
            if conflict.is_some() {
                self.head = self.trail.len();
                return conflict;
            }
        }
        None
    }

    /// Looks at a clause of which a watched literal is gone: whether the watch stays, and the clause
    /// if nothing of it is left.
    fn look(&mut self, watch: Watch, gone: Lit) -> (bool, Option<usize>) {
        if self.value(watch.other) == Value::True {
            return (true, None);
        }
        self.effort = self.effort.saturating_add(1);
        let Some(clause) = self.clauses.get_mut(watch.clause) else { return (false, None) };
        if clause.first() == Some(&gone) {
            clause.swap(0, 1);
        }
        let Some(first) = clause.first().copied() else { return (false, None) };
        if value(&self.values, first) == Value::True {
            return (true, None);
        }
        let next = clause.iter().skip(2).position(|lit| value(&self.values, *lit) != Value::False);
        if let Some(next) = next.map(|next| next + 2)
            && let Some(lit) = clause.get(next).copied()
        {
            clause.swap(1, next);
            self.watch(lit, Watch { clause: watch.clause, other: first });
            return (false, None);
        }
        if value(&self.values, first) == Value::False {
            return (true, Some(watch.clause));
        }
        self.assign(first, Some(watch.clause));
        (true, None)
    }

    fn raise(&mut self, var: usize) {
        let bump = self.bump;
        let Some(known) = self.vars.get_mut(var) else { return };
        known.activity += bump;
        if known.activity > 1e100 {
            for var in &mut self.vars {
                var.activity *= 1e-100;
            }
            self.bump *= 1e-100;
        }
    }

    /// What a conflict teaches: a clause whose first literal follows one level earlier, and that level.
    fn learn(&mut self, conflict: usize) -> (Vec<Lit>, usize) {
        let level = self.levels.len();
        let mut learnt: Vec<Lit> = Vec::new();
        let (mut open, mut reason) = (0_usize, Some(conflict));
        let (mut place, mut asserting) = (self.trail.len(), None);
        loop {
            let literals = reason.and_then(|reason| self.clauses.get(reason)).cloned();
            for lit in literals.unwrap_or_default() {
                let Some(var) = self.vars.get_mut(lit.var()) else { continue };
                if var.seen || var.level == 0 || asserting == Some(lit) {
                    continue;
                }
                var.seen = true;
                if var.level == level {
                    open += 1;
                } else {
                    learnt.push(lit);
                }
                self.raise(lit.var());
            }
            // Back along the trail to the next literal that took part.
            let Some(lit) = self.last_seen(&mut place) else { break };
            open = open.saturating_sub(1);
            asserting = Some(lit);
            reason = self.vars.get(lit.var()).and_then(|var| var.reason);
            if let Some(var) = self.vars.get_mut(lit.var()) {
                var.seen = false;
            }
            if open == 0 {
                break;
            }
        }
        for lit in &learnt {
            if let Some(var) = self.vars.get_mut(lit.var()) {
                var.seen = false;
            }
        }
        // The second place is watched: it must be the last to be undone.
        learnt.sort_by_key(|lit| std::cmp::Reverse(self.level_of(*lit)));
        let back = learnt.first().map_or(0, |lit| self.level_of(*lit));
        if let Some(asserting) = asserting {
            learnt.insert(0, !asserting);
        }
        (learnt, back)
    }

    fn last_seen(&self, place: &mut usize) -> Option<Lit> {
        while *place > 0 {
            *place -= 1;
            let lit = self.trail.get(*place).copied()?;
            if self.vars.get(lit.var()).is_some_and(|var| var.seen) {
                return Some(lit);
            }
        }
        None
    }

    fn level_of(&self, lit: Lit) -> usize {
        self.vars.get(lit.var()).map_or(0, |var| var.level)
    }

    /// The assumptions behind the falsehood of an assumption.
    fn excluded(&mut self, assumption: Lit) -> Vec<Lit> {
        let mut core = vec![assumption];
        if self.levels.is_empty() {
            return core;
        }
        let start = self.levels.first().copied().unwrap_or(0);
        let mut involved = vec![assumption.var()];
        let mark = |vars: &mut Vec<Var>, var: usize| {
            if let Some(var) = vars.get_mut(var) {
                var.seen = true;
            }
        };
        mark(&mut self.vars, assumption.var());
        for lit in self.trail.iter().skip(start).rev().copied().collect::<Vec<_>>() {
            let Some(var) = self.vars.get(lit.var()).copied() else { continue };
            if !var.seen {
                continue;
            }
            match var.reason.and_then(|reason| self.clauses.get(reason)).cloned() {
                None => core.push(lit),
                Some(literals) => {
                    for lit in literals {
                        if self.level_of(lit) > 0 {
                            mark(&mut self.vars, lit.var());
                            involved.push(lit.var());
                        }
                    }
                }
            }
        }
        for var in involved {
            if let Some(var) = self.vars.get_mut(var) {
                var.seen = false;
            }
        }
        core
    }

    /// Whether all clauses and assumptions can hold. Only the variables in `choices` are chosen, in
    /// this order; the rest must follow from them or be free.
    pub(super) fn solve(&mut self, assumptions: &[Lit], choices: &[usize]) -> Answer {
        self.back_to(0);
        if self.is_contradictory || self.propagate().is_some() {
            self.is_contradictory = true;
            return Answer::Impossible(Vec::new());
        }
        let mut choices = choices.to_vec();
        let (mut next, mut conflicts, mut restarts) = (0, 0_u64, 1_u64);
        loop {
            if let Some(conflict) = self.propagate() {
                if self.levels.is_empty() {
                    self.is_contradictory = true;
                    return Answer::Impossible(Vec::new());
                }
                self.take_back(conflict);
                (next, conflicts) = (0, conflicts + 1);
            } else if self.effort > self.effort_max {
                self.back_to(0);
                return Answer::Unsettled;
            } else if conflicts >= RESTART * luby(restarts) {
                (next, conflicts, restarts) = (0, 0, restarts + 1);
                self.back_to(0);
                let activity = |var: &usize| self.vars.get(*var).map_or(0.0, |var| var.activity);
                choices.sort_by(|a, b| activity(b).total_cmp(&activity(a)));
            } else if let Some(assumption) = assumptions.get(self.levels.len()).copied() {
                if self.value(assumption) == Value::False {
                    let core = self.excluded(assumption);
                    self.back_to(0);
                    return Answer::Impossible(core);
                }
                self.levels.push(self.trail.len());
                if self.value(assumption) == Value::Open {
                    self.assign(assumption, None);
                }
            } else if !self.choose(&choices, &mut next) {
                self.model.clone_from(&self.values);
                self.back_to(0);
                return Answer::Possible;
            }
        }
    }

    /// Learns from a conflict and goes back to where that matters.
    fn take_back(&mut self, conflict: usize) {
        let (learnt, back) = self.learn(conflict);
        self.back_to(back);
        let Some(first) = learnt.first().copied() else { return };
        let reason = (learnt.len() > 1).then(|| self.keep(learnt));
        self.assign(first, reason);
        self.bump /= 0.95;
    }

    /// Chooses the next open variable; false when none is open.
    fn choose(&mut self, choices: &[usize], next: &mut usize) -> bool {
        while let Some(var) = choices.get(*next).copied() {
            *next += 1;
            self.effort = self.effort.saturating_add(1);
            let lit = Lit::of(var);
            if self.value(lit) == Value::Open {
                let first = self.vars.get(var).is_some_and(|var| var.first);
                self.levels.push(self.trail.len());
                self.assign(if first { lit } else { !lit }, None);
                return true;
            }
        }
        false
    }

    /// The value of a literal in the last answer that was possible; `None` where any will do.
    pub(super) fn model(&self, lit: Lit) -> Option<bool> {
        match value(&self.model, lit) {
            Value::Open => None,
            Value::True => Some(true),
            Value::False => Some(false),
        }
    }
}

/// The value to try first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Try {
    True,
    False,
}

fn value(values: &[Value], lit: Lit) -> Value {
    values.get(lit.0).copied().unwrap_or(Value::Open)
}

/// 1, 1, 2, 1, 1, 2, 4, …: how long to search before beginning anew.
fn luby(index: u64) -> u64 {
    let mut index = index;
    loop {
        let power = (index + 1).next_power_of_two();
        if power == index + 1 {
            return power / 2;
        }
        index = index + 1 - power / 2;
    }
}
