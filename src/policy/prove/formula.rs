//! Formulas over facts: `and`, `or` and `not` as literals of the solver, each made once.
//!
//! A literal stands for a formula in both directions, so that it can be asked for and asked against.
//! Facts are chosen, everything else follows; a question therefore only chooses the facts that it
//! depends on.

use std::collections::BTreeMap;

use super::solver::{Answer, Lit, Solver, Try};

/// Where a variable of the solver comes from.
#[derive(Clone, Debug)]
enum Origin {
    /// It follows from these.
    Gate(Box<[Lit]>),
    /// It is a part of a fact; facts that depend on each other are one group.
    Fact(usize),
}

/// Formulas that share their parts.
#[derive(Clone, Debug)]
pub(super) struct Formula {
    solver: Solver,
    origins: Vec<Origin>,
    /// The variables of each group of facts.
    groups: Vec<Vec<usize>>,
    known: BTreeMap<Box<[Lit]>, Lit>,
    /// What holds for the facts in any case: one of each.
    required: Vec<Box<[Lit]>>,
    truth: Lit,
}

/// The truth of something in so many requests, a bit each.
pub(super) type Bits = [u64; 4];

impl Formula {
    /// No facts yet; at most so many steps of proof in all.
    pub(super) fn new(effort_max: u64) -> Self {
        let mut solver = Solver::new(effort_max);
        let truth = Lit::of(solver.variable(Try::True));
        solver.clause(&[truth]);
        let (origins, groups) = (vec![Origin::Gate(Box::default())], Vec::new());
        let (known, required) = (BTreeMap::new(), Vec::new());
        Self { solver, origins, groups, known, required, truth }
    }

    /// What always holds.
    pub(super) const fn always(&self) -> Lit {
        self.truth
    }

    /// What never holds.
    pub(super) fn never(&self) -> Lit {
        !self.truth
    }

    /// A new group of facts that may depend on each other.
    pub(super) fn group(&mut self) -> usize {
        self.groups.push(Vec::new());
        self.groups.len() - 1
    }

    /// A part of a fact.
    pub(super) fn fact(&mut self, group: usize, first: Try) -> Lit {
        let var = self.solver.variable(first);
        self.origins.push(Origin::Fact(group));
        if let Some(group) = self.groups.get_mut(group) {
            group.push(var);
        }
        Lit::of(var)
    }

    /// What holds for the facts of one group in any case.
    pub(super) fn require(&mut self, literals: &[Lit]) {
        self.solver.clause(literals);
        self.required.push(literals.into());
    }

    /// All of them.
    pub(super) fn and(&mut self, literals: impl IntoIterator<Item = Lit>) -> Lit {
        let mut parts: Vec<Lit> = literals.into_iter().filter(|lit| *lit != self.truth).collect();
        parts.sort_unstable();
        parts.dedup();
        let excludes = |pair: &[Lit]| matches!(pair, [a, b] if *a == !*b);
        if parts.contains(&!self.truth) || parts.windows(2).any(excludes) {
            return !self.truth;
        }
        match parts.as_slice() {
            [] => return self.truth,
            [only] => return *only,
            [_, ..] => {}
        }
        let parts: Box<[Lit]> = parts.into();
        if let Some(known) = self.known.get(&parts) {
            return *known;
        }
        let gate = Lit::of(self.solver.variable(Try::False));
        let mut all: Vec<Lit> = parts.iter().map(|part| !*part).collect();
        for part in &parts {
            self.solver.clause(&[!gate, *part]);
        }
        all.push(gate);
        self.solver.clause(&all);
        self.origins.push(Origin::Gate(parts.clone()));
        self.known.insert(parts, gate);
        gate
    }

    /// At least one of them.
    pub(super) fn or(&mut self, literals: impl IntoIterator<Item = Lit>) -> Lit {
        let parts: Vec<Lit> = literals.into_iter().map(|lit| !lit).collect();
        !self.and(parts)
    }

    /// Whether all of these can hold at once. What the answer does not depend on stays open.
    pub(super) fn ask(&mut self, literals: &[Lit]) -> Answer {
        let choices = self.facts_behind(literals);
        self.solver.solve(literals, &choices)
    }

    /// The facts that these depend on, as the solver's variables in the order of their making.
    fn facts_behind(&self, literals: &[Lit]) -> Vec<usize> {
        let mut seen = vec![false; self.origins.len()];
        let mut groups = vec![false; self.groups.len()];
        let mut open: Vec<usize> = literals.iter().map(|lit| lit.var()).collect();
        while let Some(var) = open.pop() {
            match seen.get_mut(var) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            match self.origins.get(var) {
                Some(Origin::Gate(parts)) => open.extend(parts.iter().map(|part| part.var())),
                Some(Origin::Fact(group)) => {
                    if let Some(group) = groups.get_mut(*group) {
                        *group = true;
                    }
                }
                None => {}
            }
        }
        let groups = self.groups.iter().zip(groups).filter(|(_, seen)| *seen);
        groups.flat_map(|(group, _)| group.iter().copied()).collect()
    }

    /// The value in the last answer that was possible; `None` where any will do.
    pub(super) fn model(&self, lit: Lit) -> Option<bool> {
        self.solver.model(lit)
    }

    /// What a formula is made of: these together are it; `None` for a part of a fact.
    pub(super) fn parts(&self, lit: Lit) -> Option<&[Lit]> {
        match self.origins.get(lit.var())? {
            Origin::Gate(parts) => Some(parts),
            Origin::Fact(_) => None,
        }
    }

    /// How many variables there are.
    pub(super) const fn size(&self) -> usize {
        self.origins.len()
    }

    /// From the truth of each part of each fact, by variable, the truth of every formula; and in which
    /// of the requests what is required holds.
    pub(super) fn follow(&self, values: &mut [Bits]) -> Bits {
        for (var, origin) in self.origins.iter().enumerate() {
            let Origin::Gate(parts) = origin else { continue };
            // What a formula is made of was made before it.
            let value =
                parts.iter().fold([u64::MAX; 4], |all, part| both(all, truth(values, *part)));
            if let Some(slot) = values.get_mut(var) {
                *slot = value;
            }
        }
        let one_of = |clause: &[Lit]| {
            not(clause.iter().fold([u64::MAX; 4], |none, lit| both(none, truth(values, !*lit))))
        };
        self.required.iter().fold([u64::MAX; 4], |all, clause| both(all, one_of(clause)))
    }

    /// Allows so many more steps from here on.
    pub(super) const fn allow(&mut self, effort: u64) {
        self.solver.allow(effort);
    }
}

/// The truth of a literal, from that of the variables.
pub(super) fn truth(values: &[Bits], lit: Lit) -> Bits {
    let value = values.get(lit.var()).copied().unwrap_or_default();
    if lit.is_negated() { not(value) } else { value }
}

pub(super) fn both(left: Bits, right: Bits) -> Bits {
    let mut both = left;
    for (bits, other) in both.iter_mut().zip(right) {
        *bits &= other;
    }
    both
}

fn not(bits: Bits) -> Bits {
    bits.map(|bits| !bits)
}
