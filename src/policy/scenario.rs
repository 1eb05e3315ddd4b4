//! A situation made up from a policy's own tests: the facts they give, and ordinary ones besides.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::compile;
use super::compile::cases::{Case, Given};
use super::decision::{Decision, Outcome};
use super::split::DRAWS;
use super::vocabulary::{Fact, NumberFact, TextFact, WordFact};
use super::{
    BudgetFact, CallerFacts, Criticality, DataFacts, Estimate, Facts, LocalFacts, Policy, Quality,
    RequestFacts, Surface, TargetFacts, TargetId, TimeFacts, TokenFacts, Unable, Weekday, World,
};
use crate::inspect::{
    Findings, Inspection, Label, Lang, Leaf, Level, Options, Scan, Task, TaskGuess,
};
use crate::money::{NanoUsd, Tokens};
use crate::yaml::Problems;

/// What a remote target costs when a case does not say.
const REMOTE_COST: NanoUsd = NanoUsd::new(1_000_000);

/// The facts of a made-up request, owned.
///
/// Ordinary means: everything was read and nothing found, the task is not known, a hundred prompt
/// tokens in English, no money spent, every target is up, and a remote one costs a tenth of a cent.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub(super) data: DataFacts,
    task: Option<TaskGuess>,
    tokens: TokenFacts,
    texts: BTreeMap<&'static str, String>,
    criticality: Option<Criticality>,
    data_floor: Option<Level>,
    surface: Surface,
    stream: bool,
    tools: bool,
    images: bool,
    quality: Option<Quality>,
    draw: Option<u32>,
    lang: Option<Lang>,
    local: LocalFacts,
    hour: Option<u8>,
    weekday: Option<Weekday>,
    headers: BTreeMap<String, String>,
    metadata: BTreeMap<String, String>,
    budgets: Vec<BudgetFact>,
    targets: Vec<TargetFacts>,
}

impl Scenario {
    /// Nothing special, for this policy.
    pub fn ordinary(policy: &Policy) -> Self {
        let cost = |remote: bool| if remote { REMOTE_COST } else { NanoUsd::ZERO };
        let target = |index| TargetFacts {
            cost_estimate: Estimate::Known(cost(policy.remote.contains(TargetId(index)))),
            unable: None,
        };
        let budget = |spec: &crate::budget::BudgetSpec| BudgetFact {
            used: NanoUsd::ZERO,
            limit: spec.limit,
            refused: false,
        };
        Self {
            data: DataFacts { scan: Scan::Complete, ..DataFacts::default() },
            task: None,
            tokens: TokenFacts { input: Tokens(100), output_max: None },
            texts: BTreeMap::new(),
            criticality: None,
            data_floor: None,
            surface: Surface::Chat,
            stream: false,
            tools: false,
            images: false,
            quality: None,
            draw: None,
            lang: Some(Lang::En),
            local: LocalFacts::default(),
            hour: None,
            weekday: None,
            headers: BTreeMap::new(),
            metadata: BTreeMap::new(),
            budgets: policy.budgets.iter().map(budget).collect(),
            targets: (0..policy.targets.len()).map(target).collect(),
        }
    }

    /// The situation of a request, to change it.
    pub fn from_facts(facts: &Facts<'_>) -> Self {
        let caller = &facts.caller;
        let texts = [
            ("id", Some(caller.id)),
            ("team", caller.team),
            ("key", caller.key),
            ("region", caller.region),
            ("model", Some(facts.request.model)),
        ];
        let texts = texts.into_iter().filter_map(|(name, text)| Some((name, text?.to_owned())));
        Self {
            data: facts.data,
            task: facts.task,
            tokens: facts.tokens,
            texts: texts.collect(),
            criticality: caller.criticality,
            data_floor: caller.data_floor,
            surface: facts.request.surface,
            stream: facts.request.stream,
            tools: facts.request.tools,
            images: facts.request.images,
            quality: facts.request.quality,
            draw: facts.request.draw,
            lang: facts.lang,
            local: facts.local,
            hour: facts.time.map(|time| time.hour),
            weekday: facts.time.map(|time| time.weekday),
            headers: facts.headers.clone(),
            metadata: facts.metadata.clone(),
            budgets: facts.budgets.clone(),
            targets: facts.targets.clone(),
        }
    }

    /// The situation of a case: what is found in its prompt, if it has one, then the facts given.
    pub fn of(policy: &Policy, case: &Case) -> Self {
        let mut scenario = Self::ordinary(policy);
        if let Some(prompt) = &case.prompt {
            scenario.inspect(policy, prompt);
        }
        for given in &case.given {
            scenario.set(given);
        }
        scenario
    }

    /// Takes over what the detectors of this policy find in a prompt.
    pub fn inspect(&mut self, policy: &Policy, prompt: &str) {
        let detect = policy.detect();
        let inspection = Inspection {
            options: Options { packs: detect.packs, ..Options::default() },
            patterns: Arc::clone(&detect.patterns),
            task_words: detect.task_words.clone(),
            ..Inspection::default()
        };
        let leaf = Leaf { path: "messages[0].content", text: prompt, is_prose: true };
        self.found(policy, &inspection.read(&[leaf]));
    }

    /// Takes over what was found in a request.
    pub fn found(&mut self, policy: &Policy, findings: &Findings) {
        self.data = DataFacts {
            labels: policy.heeded(findings.labels, findings.certain),
            certain: findings.certain,
            bulk: findings.bulk,
            scan: findings.scan,
            declared: self.data.declared,
        };
        self.task = findings.task;
        self.tokens.input = findings.tokens_input;
        self.lang = Some(findings.lang);
    }

    /// Takes over how a request asks.
    pub fn asked(&mut self, request: &crate::chat::Request) {
        self.data.declared = request.declared;
        self.tokens.output_max = request.output_max;
        self.stream = request.delivery.is_stream();
        self.tools = request.has_tools;
        self.images = request.has_images();
        self.quality = request.metadata("quality").and_then(Quality::from_name);
        self.texts.insert("model", request.model.clone());
    }

    /// Sets how a target is doing.
    pub fn set_target(&mut self, target: TargetId, facts: TargetFacts) {
        if let Some(known) = self.targets.get_mut(target.0) {
            *known = facts;
        }
    }

    /// Says that a target cannot take the request.
    pub fn set_unable(&mut self, target: TargetId, unable: Unable) {
        if let Some(known) = self.targets.get_mut(target.0) {
            known.unable = Some(unable);
        }
    }

    /// Sets facts from lines of `fact: value`, as under `given:`. Files are (name, source).
    ///
    /// # Errors
    /// Everything that is wrong with the lines.
    pub fn give(
        &mut self,
        policy: (&str, &str),
        world: &World,
        lines: (&str, &str),
    ) -> Result<(), Problems> {
        for given in compile::suite::given(policy, world, lines)? {
            self.set(&given);
        }
        Ok(())
    }

    /// The facts, borrowed.
    pub fn facts(&self) -> Facts<'_> {
        let text = |name| self.texts.get(name).map(String::as_str);
        Facts {
            data: self.data,
            task: self.task,
            tokens: self.tokens,
            caller: CallerFacts {
                id: text("id").unwrap_or("anonymous"),
                team: text("team"),
                key: text("key"),
                criticality: self.criticality,
                region: text("region"),
                data_floor: self.data_floor,
            },
            request: RequestFacts {
                model: text("model").unwrap_or("auto"),
                surface: self.surface,
                stream: self.stream,
                tools: self.tools,
                images: self.images,
                quality: self.quality,
                draw: self.draw,
            },
            lang: self.lang,
            local: self.local,
            time: self.hour.zip(self.weekday).map(|(hour, weekday)| TimeFacts { hour, weekday }),
            headers: &self.headers,
            metadata: &self.metadata,
            budgets: self.budgets.clone(),
            targets: self.targets.clone(),
        }
    }

    pub(super) fn set(&mut self, given: &Given) {
        match given {
            Given::Labels(labels) => {
                self.data.labels = *labels;
                self.data.certain = *labels;
            }
            Given::Likely(labels) => {
                self.data.labels = self.data.labels.union(*labels);
                let is_certain = |label: &Label| !labels.contains(*label);
                self.data.certain = self.data.certain.iter().filter(is_certain).collect();
            }
            Given::Many(labels) => self.data.bulk = *labels,
            Given::DataFloor(level) => self.data_floor = Some(*level),
            Given::Unable(target, unable) => {
                if let Some(facts) = self.targets.get_mut(target.0) {
                    facts.unable = Some(*unable);
                }
            }
            Given::Cost(target, cost) => {
                if let Some(facts) = self.targets.get_mut(target.0) {
                    facts.cost_estimate = *cost;
                }
            }
            Given::Unknown(fact) => self.forget(fact),
            Given::Word(Fact::Word(fact), word) => self.set_word(*fact, word),
            Given::Number(Fact::Number(fact), number) => self.set_number(fact, *number),
            Given::Text(Fact::Text(fact), text) => self.set_text(fact, text),
            Given::Word(..) | Given::Number(..) | Given::Text(..) => {}
        }
    }

    fn set_word(&mut self, fact: WordFact, word: &str) {
        let truth = word == "true";
        match fact {
            WordFact::Sensitivity | WordFact::Declared => {
                self.data.declared = Level::from_name(word);
            }
            WordFact::Scan => {
                self.data.scan = match word {
                    "complete" => Scan::Complete,
                    "partial" => Scan::Partial,
                    _ => Scan::Uninspected,
                };
            }
            WordFact::Task => {
                let confidence = self.task.map_or(1.0, |guess| guess.confidence);
                let task = Task::from_name(word).unwrap_or_default();
                self.task = Some(TaskGuess { task, confidence, runner_up: Task::Unknown });
            }
            WordFact::Lang => {
                self.lang = Some(match word {
                    "en" => Lang::En,
                    "zh" => Lang::Zh,
                    _ => Lang::Other,
                });
            }
            WordFact::Criticality => self.criticality = Criticality::from_name(word),
            WordFact::Quality => self.quality = Quality::from_name(word),
            WordFact::Surface => self.surface = Surface::from_name(word).unwrap_or(self.surface),
            WordFact::Weekday => {
                self.weekday = Weekday::from_name(word);
                self.hour = self.hour.or(Some(12));
            }
            WordFact::Stream => self.stream = truth,
            WordFact::Tools => self.tools = truth,
            WordFact::Images => self.images = truth,
            WordFact::LocalFits => self.local.fits = Some(truth),
            WordFact::LocalHealthy => self.local.healthy = Some(truth),
        }
    }

    fn set_number(&mut self, fact: &NumberFact, number: i128) {
        let count = u32::try_from(number).unwrap_or(u32::MAX);
        match fact {
            NumberFact::TaskConfidence => {
                let task = self.task.map_or(Task::Unknown, |guess| guess.task);
                let confidence = share(count);
                self.task = Some(TaskGuess { task, confidence, runner_up: Task::Unknown });
            }
            NumberFact::TokensInput => self.tokens.input = Tokens(count),
            NumberFact::TokensOutputMax => self.tokens.output_max = Some(Tokens(count)),
            NumberFact::CostEstimate => {
                let cost = Estimate::Known(NanoUsd::new(number));
                let free = Estimate::Known(NanoUsd::ZERO);
                for facts in self.targets.iter_mut().filter(|facts| facts.cost_estimate != free) {
                    facts.cost_estimate = cost;
                }
            }
            NumberFact::BudgetUsed(index) => {
                if let Some(budget) = self.budgets.get_mut(*index) {
                    let nanos = budget.limit.times(number).nanos() / 1_000_000;
                    budget.used = NanoUsd::new(nanos);
                    budget.refused = number >= 1_000_000;
                }
            }
            NumberFact::BudgetLeft(index) => {
                if let Some(budget) = self.budgets.get_mut(*index) {
                    budget.used = budget.limit.less(NanoUsd::new(number));
                }
            }
            NumberFact::UnkRatio => self.local.unk_ratio = Some(share(count)),
            NumberFact::QueueMs => self.local.queue_ms = Some(count),
            // 1 itself is never drawn.
            NumberFact::Draw => self.draw = Some(count.min(DRAWS - 1)),
            NumberFact::Hour => {
                self.hour = u8::try_from(number).ok();
                self.weekday = self.weekday.or(Some(Weekday::Wednesday));
            }
        }
    }

    fn set_text(&mut self, fact: &TextFact, text: &str) {
        let name = match fact {
            TextFact::CallerId => "id",
            TextFact::Team => "team",
            TextFact::Key => "key",
            TextFact::Region => "region",
            TextFact::Model => "model",
            TextFact::Header(name) => {
                self.headers.insert(name.to_string(), text.to_owned());
                return;
            }
            TextFact::Metadata(name) => {
                self.metadata.insert(name.to_string(), text.to_owned());
                return;
            }
        };
        self.texts.insert(name, text.to_owned());
    }

    fn forget(&mut self, fact: &Fact) {
        match fact {
            Fact::Word(WordFact::Task) | Fact::Number(NumberFact::TaskConfidence) => {
                self.task = None;
            }
            Fact::Word(WordFact::Lang) => self.lang = None,
            Fact::Labels | Fact::Word(WordFact::Sensitivity) => {
                self.data.scan = Scan::Uninspected;
            }
            Fact::Number(NumberFact::CostEstimate) => {
                for facts in &mut self.targets {
                    facts.cost_estimate = Estimate::Unpriced;
                }
            }
            // The rest is not known, or always known, as it is.
            Fact::Word(_) | Fact::Number(_) | Fact::Text(_) => {}
        }
    }
}

/// Millionths as a share.
fn share(millionths: u32) -> f32 {
    let millionths = f64::from(millionths.min(1_000_000));
    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "0 to 1")]
    let share = (millionths / 1e6) as f32;
    share
}

impl Case {
    /// What is wrong with a decision for this case; `None` when it is as expected.
    pub fn mismatch(&self, policy: &Policy, decision: &Decision) -> Option<String> {
        let limits = decision.trace.limits.iter().map(|matched| policy.limit_id(matched.limit));
        let got = decision.target();
        let route = match &decision.outcome {
            Outcome::Refuse(refusal) => format!("refused ({})", refusal.status),
            Outcome::Permit(permit) => policy.route_id(permit.route).to_owned(),
        };
        if let Some(refuse) = self.expect.refuse
            && refuse != got.is_none()
        {
            let expected = if refuse { "a refusal" } else { "a permit" };
            return Some(format!("expected {expected}, got {}", name(policy, got)));
        }
        if let Some(target) = self.expect.target
            && got != Some(target)
        {
            let expected = policy.target_name(target);
            return Some(format!("expected {expected}, got {}", name(policy, got)));
        }
        let reasons: Vec<&str> = limits.chain([route.as_str()]).collect();
        let missing = self.expect.because.iter().find(|rule| !reasons.contains(&rule.as_str()))?;
        Some(format!("expected because of {missing}, got {}", reasons.join(", ")))
    }
}

fn name(policy: &Policy, target: Option<TargetId>) -> &str {
    target.map_or("a refusal", |target| policy.target_name(target))
}
