//! Deciding a recorded request again, by another policy: the same facts through the same evaluator.
//!
//! What was not recorded is not made up. Where a missing fact could make a difference, both ways are
//! tried; if they lead to different places the request counts as one that cannot be replayed.

use std::collections::BTreeMap;

use super::facts::{RecordedBudget, RecordedFacts};
use crate::inspect::{Label, LabelSet, Lang, Level, Scan, Task, TaskGuess};
use crate::money::{NanoUsd, Tokens};
use crate::policy::{
    self, BudgetFact, CallerFacts, Criticality, DataFacts, Decision, Estimate, Facts, LocalFacts,
    Policy, Quality, RequestFacts, Surface, TargetFacts, TargetId, TimeFacts, TokenFacts, Unable,
    Weekday,
};

/// Headers and metadata whose values are at hand: the request is still running.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    /// Headers by lower-case name.
    pub headers: &'a BTreeMap<String, String>,
    /// Fields of `metadata`.
    pub metadata: &'a BTreeMap<String, String>,
}

/// What a target that was not there when the request was decided would have cost.
pub type EstimateOf<'a> = dyn Fn(TargetId, &RecordedFacts<'_>) -> Estimate + 'a;

/// A policy that decides recorded requests.
#[derive(Debug)]
pub struct Replay<'p> {
    policy: &'p Policy,
    headers: Vec<&'p str>,
    metadata: Vec<&'p str>,
    asks_model: bool,
    nothing: BTreeMap<String, String>,
}

/// What became of one recorded request.
#[derive(Debug)]
pub enum Replayed {
    /// It was decided.
    Decided(Box<Decision>),
    /// A fact is missing that makes a difference: which, and why.
    Missing(String),
}

impl<'p> Replay<'p> {
    /// Prepares a policy.
    pub fn new(policy: &'p Policy) -> Self {
        Self {
            policy,
            headers: policy.headers_read().collect(),
            metadata: policy.metadata_read().collect(),
            asks_model: policy.asks_model(),
            nothing: BTreeMap::new(),
        }
    }

    /// Decides again. `words` are there while the request runs, never in a record.
    pub fn decide(
        &self,
        recorded: &RecordedFacts<'_>,
        words: Option<Words<'_>>,
        estimate: &EstimateOf<'_>,
    ) -> Replayed {
        if let Some(missing) = self.missing(recorded, words) {
            return Replayed::Missing(missing);
        }
        let words = words.unwrap_or(Words { headers: &self.nothing, metadata: &self.nothing });
        let facts = self.facts(recorded, words, estimate);
        let decision = policy::evaluate(self.policy, &facts);
        let Some(budget) = self.uncounted(recorded) else {
            return Replayed::Decided(Box::new(decision));
        };
        // A budget that was not counted then: does it matter whether it was used up?
        let mut used_up = facts;
        for (spec, fact) in self.policy.budgets().iter().zip(&mut used_up.budgets) {
            if counted(recorded, spec).is_none() {
                fact.refused = true;
            }
        }
        let other = policy::evaluate(self.policy, &used_up);
        if decision.target() == other.target() {
            Replayed::Decided(Box::new(decision))
        } else {
            Replayed::Missing(format!("how budget `{budget}` stood then is not recorded"))
        }
    }

    fn missing(&self, recorded: &RecordedFacts<'_>, words: Option<Words<'_>>) -> Option<String> {
        let on = |name: &str| recorded.packs.iter().any(|pack| pack == name);
        if let Some(pack) = self.policy.detect().packs.iter().find(|pack| !on(pack.name())) {
            return Some(format!("the detectors of pack `{}` were not on", pack.name()));
        }
        if self.policy.asks_draw() && recorded.request.draw.is_none() {
            return Some("where the request falls was not drawn".to_owned());
        }
        if words.is_some() {
            return None;
        }
        if self.asks_model && recorded.request.model.is_none() {
            return Some(
                "the model asked for did not look like a name and was not kept".to_owned(),
            );
        }
        let header = self.headers.iter().find(|name| recorded.headers.get(**name) != Some(&false));
        if let Some(name) = header {
            return Some(format!("the value of `header.{name}` is not recorded"));
        }
        let field = self.metadata.iter().find(|name| recorded.metadata.get(**name) != Some(&false));
        field.map(|name| format!("the value of `metadata.{name}` is not recorded"))
    }

    /// The first budget of the policy that was not counted in the same way then.
    fn uncounted(&self, recorded: &RecordedFacts<'_>) -> Option<&'p str> {
        let budgets = self.policy.budgets().iter();
        let mut uncounted = budgets.filter(|spec| counted(recorded, spec).is_none());
        uncounted.next().map(|spec| spec.name.as_str())
    }

    fn facts<'r>(
        &self,
        recorded: &'r RecordedFacts<'_>,
        words: Words<'r>,
        estimate: &EstimateOf<'_>,
    ) -> Facts<'r> {
        let caller = &recorded.caller;
        let certain = labels(&recorded.certain);
        let with = |name: &str| recorded.request.with.iter().any(|it| it == name);
        Facts {
            data: DataFacts {
                labels: self.policy.heeded(labels(&recorded.labels), certain),
                certain,
                bulk: labels(&recorded.bulk),
                scan: Scan::from_name(&recorded.scan).unwrap_or_default(),
                declared: level(recorded.declared.as_deref()),
            },
            task: recorded.task.as_ref().map(|(task, confidence, runner_up)| TaskGuess {
                task: Task::from_name(task).unwrap_or_default(),
                confidence: *confidence,
                runner_up: Task::from_name(runner_up).unwrap_or_default(),
            }),
            tokens: TokenFacts {
                input: Tokens(recorded.input),
                output_max: recorded.output_max.map(Tokens),
            },
            caller: CallerFacts {
                id: &caller.id,
                team: caller.team.as_deref(),
                key: caller.key.as_deref(),
                criticality: caller.criticality.as_deref().and_then(Criticality::from_name),
                region: caller.region.as_deref(),
                data_floor: level(caller.floor.as_deref()),
            },
            request: RequestFacts {
                model: recorded.request.model.as_deref().unwrap_or_default(),
                surface: Surface::from_name(&recorded.request.surface).unwrap_or(Surface::Chat),
                stream: with("stream"),
                tools: with("tools"),
                images: with("images"),
                quality: recorded.request.quality.as_deref().and_then(Quality::from_name),
                draw: recorded.request.draw,
            },
            lang: recorded.lang.as_deref().and_then(Lang::from_name),
            local: LocalFacts {
                fits: recorded.fits,
                unk_ratio: recorded.unk_ratio,
                queue_ms: recorded.queue_ms,
                healthy: recorded.healthy,
            },
            time: recorded.time.as_ref().and_then(|(hour, weekday)| {
                Some(TimeFacts { hour: *hour, weekday: Weekday::from_name(weekday)? })
            }),
            headers: words.headers,
            metadata: words.metadata,
            budgets: self.budgets(recorded),
            targets: self.targets(recorded, estimate),
        }
    }

    fn budgets(&self, recorded: &RecordedFacts<'_>) -> Vec<BudgetFact> {
        let budget = |spec: &crate::budget::BudgetSpec| {
            let counted = counted(recorded, spec);
            BudgetFact {
                used: counted.map_or(NanoUsd::ZERO, |it| NanoUsd::new(i128::from(it.used))),
                limit: spec.limit,
                refused: counted.is_some_and(|it| it.refused),
            }
        };
        self.policy.budgets().iter().map(budget).collect()
    }

    fn targets(&self, recorded: &RecordedFacts<'_>, estimate: &EstimateOf<'_>) -> Vec<TargetFacts> {
        let target = |index| {
            let id = TargetId(index);
            let name = self.policy.target_name(id);
            match recorded.targets.iter().find(|target| target.name == name) {
                Some(known) => TargetFacts {
                    cost_estimate: known.cost.map_or(Estimate::Unpriced, |cost| {
                        Estimate::Known(NanoUsd::new(i128::from(cost)))
                    }),
                    unable: known.unable.as_deref().and_then(Unable::from_name),
                },
                None => TargetFacts { cost_estimate: estimate(id, recorded), unable: None },
            }
        };
        (0..self.policy.target_count()).map(target).collect()
    }
}

/// How a budget stood, if it was counted for the same subject and window.
fn counted<'r>(
    recorded: &'r RecordedFacts<'_>,
    spec: &crate::budget::BudgetSpec,
) -> Option<&'r RecordedBudget<'r>> {
    recorded.budgets.iter().find(|known| {
        known.name == spec.name
            && known.per == spec.per.name()
            && known.window == spec.window.name()
    })
}

fn labels(names: &[std::borrow::Cow<'_, str>]) -> LabelSet {
    let label = |name: &str| Label::from_name(name).or_else(|| Label::own(name).ok());
    names.iter().filter_map(|name| label(name)).collect()
}

fn level(name: Option<&str>) -> Option<Level> {
    name.and_then(Level::from_name)
}
