//! Kinds of requests that nobody may answer: by sensitivity and task, the two that people plan by.

use super::super::vocabulary::WordFact;
use super::super::{Place, TargetId, TargetSet};
use super::Prover;
use super::axis::{Atom, Axis};
use super::solver::Lit;
use crate::inspect::Level;
use crate::yaml::Severity;

/// Requests of a level of sensitivity, or of a task within it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    level: &'static str,
    task: Option<&'static str>,
    /// That a request is one.
    pub(super) lit: Lit,
    /// That it is one and is answered.
    pub(super) answered: Lit,
}

impl Prover<'_> {
    /// Each level, followed by its tasks.
    pub(super) fn kinds(&mut self) -> Vec<Kind> {
        let tasks = self.tasks();
        let mut kinds = Vec::new();
        for (index, level) in Level::ALL.iter().enumerate() {
            let at_least = self.encoded.careful.get(index).copied();
            let above = self.encoded.careful.get(index + 1).copied();
            let above = above.unwrap_or(self.space.formula.never());
            let level_lit = self.space.formula.and(at_least.into_iter().chain([!above]));
            let always = self.space.formula.always();
            let whole = [(None, always)].into_iter();
            for (task, lit) in whole.chain(tasks.iter().map(|(name, lit)| (Some(*name), *lit))) {
                let lit = self.space.formula.and([level_lit, lit]);
                let answered = self.space.formula.and([lit, !self.encoded.refused]);
                kinds.push(Kind { level: level.name(), task, lit, answered });
            }
        }
        kinds
    }

    /// The tasks, if the policy tells them apart.
    fn tasks(&mut self) -> Vec<(&'static str, Lit)> {
        let mut tasks = Vec::new();
        for (index, name) in WordFact::Task.words().iter().enumerate() {
            let is_task = |atom: &Atom| *atom == Atom::Word(index);
            let lit = self.space.among(&Axis::Word(WordFact::Task), is_task);
            tasks.extend(lit.map(|lit| (*name, lit)));
        }
        tasks
    }

    /// Reports each level, or tasks within a level, all of whose requests are refused even while
    /// every target can serve; unless the policy asserts just that.
    pub(super) fn refused_kinds(&mut self, kinds: &[Kind]) {
        let mut refused: Vec<(&str, Vec<&str>)> = Vec::new();
        let mut whole = None;
        for kind in kinds {
            if whole == Some(kind.level) || self.may_be(kind.answered) || !self.may_be(kind.lit) {
                continue;
            }
            if kind.task.is_none() {
                whole = Some(kind.level);
            }
            if self.is_meant(kind.lit) {
                continue;
            }
            match refused.last_mut() {
                Some((level, tasks)) if *level == kind.level => tasks.extend(kind.task),
                _ => refused.push((kind.level, kind.task.into_iter().collect())),
            }
        }
        if !refused.is_empty() && !self.may_be(!self.encoded.refused) {
            refused = vec![("", Vec::new())];
        }
        for (level, tasks) in refused {
            let data = if level.is_empty() { String::new() } else { format!(" with {level} data") };
            let work = match tasks.as_slice() {
                [] => String::new(),
                [task] => format!(" for the task `{task}`"),
                tasks => format!(" for the tasks `{}`", tasks.join("`, `")),
            };
            let place = Place { span: self.policy.rules_at, path: "routes".to_owned() };
            let message = format!("every request{data}{work} is refused");
            let help = "add a route to a target that the limits leave, or, if it is meant, assert it, as in \
                        `never: { data.sensitivity: restricted, zone: any }`";
            self.say(&place, Severity::Warning, message, Some(help.to_owned()));
        }
    }

    /// Whether the policy asserts that such requests are sent nowhere.
    fn is_meant(&mut self, kind: Lit) -> bool {
        let policy = self.policy;
        let nowhere = policy.assertions.iter().filter(|it| {
            let targets = it.targets.unwrap_or(TargetSet::NONE);
            let mut all = (0..policy.target_count()).map(TargetId);
            all.all(|target| targets.contains(target)) && it.unmasked.is_none() && !it.paid
        });
        for assertion in nowhere {
            let when = self.encoded.when(&mut self.space, &assertion.when);
            if !self.may(&[kind, !when.may]) {
                return true;
            }
        }
        false
    }
}
