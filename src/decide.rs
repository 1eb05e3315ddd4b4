//! decide and reserve: what is known about a request → a permit with money set aside, or a refusal.
//!
//! Some facts are learned only when they matter: whether a text fits the local model is measured
//! when a condition asks or the policy wants to go there, and a budget turns out to be gone when the money is reserved.
//! Then the policy is asked once more with the new fact. It is never worked around.

use std::collections::BTreeMap;

use hyper::header::HeaderMap;
use jiff::Timestamp;

use crate::app::App;
use crate::budget::{Hold, OverBudget, SubjectKeys};
use crate::caller::{Caller, TaskHints};
use crate::chat::{self, Request};
use crate::destination::Kind;
use crate::dispatch;
use crate::engine::{Fit, Unfit};
use crate::inspect::{Findings, Task, TaskGuess, size};
use crate::mask::Conversation;
use crate::money::NanoUsd;
use crate::policy::{
    self, BudgetFact, CallerFacts, DataFacts, Decision, Estimate, Facts, LocalFacts, Outcome,
    Permit, Policy, Quality, Refusal, RefusalCode, RequestFacts, Scenario, Surface, TargetFacts,
    TargetId, TimeFacts, TokenFacts, Unable, Weekday,
};
use crate::record::RecordedFacts;
use crate::record::replay::Words;
use crate::rollout::Shadow;

/// The header by which a client says what it wants done.
const TASK_HEADER: &str = "x-ambidex-task";

/// Times that one request's decision may be repeated with a new fact.
const ROUNDS_MAX: usize = 8;

/// Words of the client's that the policy asks about. Nobody vouches for them.
#[derive(Debug, Default)]
pub struct Said {
    headers: BTreeMap<String, String>,
    metadata: BTreeMap<String, String>,
    /// The task that it names.
    hint: Option<Task>,
}

impl Said {
    /// Keeps the headers that the policy and its shadow ask about.
    pub fn headers(policy: &Policy, shadow: Option<&Shadow>, headers: &HeaderMap) -> Self {
        let value = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let asked = policy
            .headers_read()
            .chain(shadow.into_iter().flat_map(|shadow| shadow.policy().headers_read()));
        let kept =
            asked.filter_map(|name| value(name).map(|value| (name.to_owned(), value.to_owned())));
        let hint = value(TASK_HEADER).and_then(Task::from_name);
        Self { headers: kept.collect(), metadata: BTreeMap::new(), hint }
    }

    /// Adds the fields of `metadata` that the policy and its shadow ask about.
    #[must_use]
    pub fn and_metadata(
        mut self,
        policy: &Policy,
        shadow: Option<&Shadow>,
        request: &Request,
    ) -> Self {
        let asked = policy
            .metadata_read()
            .chain(shadow.into_iter().flat_map(|shadow| shadow.policy().metadata_read()));
        for name in asked {
            if let Some(value) = request.metadata(name) {
                self.metadata.insert(name.to_owned(), value.to_owned());
            }
        }
        self.hint = self.hint.or_else(|| request.metadata("task").and_then(Task::from_name));
        self
    }

    /// The task, with the client's word on it. Everybody may ask for less: a task that demands no
    /// more of a model than the one recognised keeps the request where it is or brings it home. Only
    /// a trusted caller may ask for more, which can send it further away and cost more.
    pub fn task(&self, recognised: Option<TaskGuess>, caller: &Caller) -> Option<TaskGuess> {
        let hint = self.hint.filter(|hint| *hint != Task::Unknown);
        let Some(hint) = hint else { return recognised };
        let task = recognised.map_or(Task::Unknown, |guess| guess.task);
        let demand = if task == Task::Unknown { 0 } else { task.demand() };
        let is_trusted = caller.task_hints == TaskHints::Trusted;
        if is_trusted || hint.demand() <= demand {
            return Some(TaskGuess { task: hint, confidence: 1.0, runner_up: task });
        }
        recognised
    }

    /// The words, for a policy that decides on the same request.
    pub const fn words(&self) -> Words<'_> {
        Words { headers: &self.headers, metadata: &self.metadata }
    }
}

/// How far requests may go at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// As far as the policy says.
    Anywhere,
    /// Only to models in this process, because nothing can be written down.
    Here,
}

/// Everything that the earlier stages learned about a request.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Who asks.
    pub caller: &'a Caller,
    /// What is asked.
    pub request: &'a Request,
    /// What the client says about the request, as far as the policy asks.
    pub said: &'a Said,
    /// What was found in it.
    pub findings: &'a Findings,
    /// When.
    pub now: Timestamp,
}

/// The decision, with its consequences.
#[derive(Debug)]
pub struct Decided<'a> {
    /// What the policy said last, with its trace.
    pub decision: Decision,
    /// What it was decided on, for the record.
    pub facts: RecordedFacts<'a>,
    /// Money for the first destination, when there is one.
    hold: Option<Hold>,
    /// What each target may cost at most.
    pub estimates: Vec<Estimate>,
    /// The budget that had no room, if one had none.
    pub over_budget: Option<OverBudget>,
}

impl Decided<'_> {
    /// The money set aside.
    pub fn reserved(&self) -> NanoUsd {
        self.hold.as_ref().map_or(NanoUsd::ZERO, |hold| hold.charge().billed)
    }

    /// Where it leads: somewhere, with money, or nowhere.
    pub fn into_verdict(self) -> Result<(Permit, Hold), Refusal> {
        match (self.decision.outcome, self.hold) {
            (Outcome::Permit(permit), Some(hold)) => Ok((permit, hold)),
            (Outcome::Refuse(refusal), _) => Err(refusal),
            (Outcome::Permit(_), None) => Err(no_room()),
        }
    }
}

fn no_room() -> Refusal {
    Refusal {
        status: 503,
        code: RefusalCode::TargetsDown,
        reasons: Vec::new(),
        say: "no permitted target could be settled on; try again shortly".to_owned(),
    }
}

/// Asks the policy, and asks again when reserving or measuring teaches something new.
pub async fn decide<'a>(
    app: &App,
    policy: &'a Policy,
    known: Known<'a>,
    reach: Reach,
) -> Decided<'a> {
    let mut facts = gather(app, policy, known, reach);
    let mut measured = Measured::default();
    if policy.asks_local_fit() {
        measured.note_first(app, known, &mut facts);
    }
    let settled = settle_on(app, policy, known, (&mut facts, &mut measured)).await;
    Decided {
        decision: settled.decision,
        hold: settled.hold,
        estimates: facts.targets.iter().map(|target| target.cost_estimate).collect(),
        over_budget: settled.over_budget,
        facts: RecordedFacts::of(policy, &facts, known.findings),
    }
}

/// What the policy would say about a request now, without setting money aside. `what_if` may change
/// facts before the policy sees them.
pub fn foresee<E>(
    app: &App,
    policy: &Policy,
    known: Known<'_>,
    what_if: impl FnOnce(&mut Scenario) -> Result<(), E>,
) -> Result<Foreseen, E> {
    let mut facts = gather(app, policy, known, Reach::Anywhere);
    let mut measured = Measured::default();
    if policy.asks_local_fit() {
        measured.note_first(app, known, &mut facts);
    }
    for index in 0..app.destinations.len() {
        let _whatever_it_changes = measured.learn(app, TargetId(index), known, &mut facts);
    }
    let mut scenario = Scenario::from_facts(&facts);
    what_if(&mut scenario)?;
    let facts = scenario.facts();
    let estimates = facts.targets.iter().map(|target| target.cost_estimate).collect();
    let decision = policy::evaluate(policy, &facts);
    let recorded = RecordedFacts::of(policy, &facts, known.findings).json();
    Ok(Foreseen { decision, estimates, facts_json: recorded })
}

/// A decision that nobody acts on.
#[derive(Debug)]
pub struct Foreseen {
    /// What the policy said.
    pub decision: Decision,
    /// What each target may cost at most.
    pub estimates: Vec<Estimate>,
    /// The facts, as a record would keep them.
    pub facts_json: String,
}

/// The last decision, the money for it, and the last budget that had none.
struct SettledOn {
    decision: Decision,
    hold: Option<Hold>,
    over_budget: Option<OverBudget>,
}

async fn settle_on(
    app: &App,
    policy: &Policy,
    known: Known<'_>,
    (facts, measured): (&mut Facts<'_>, &mut Measured),
) -> SettledOn {
    let mut over_budget = None;
    let mut is_measured = false;
    for _ in 0..ROUNDS_MAX {
        let decision = policy::evaluate(policy, facts);
        let Outcome::Permit(permit) = &decision.outcome else {
            return SettledOn { decision, hold: None, over_budget };
        };
        let Some(target) = permit.target() else {
            return SettledOn { decision, hold: None, over_budget };
        };
        if !is_measured {
            is_measured = true;
            if measured.learn(app, target, known, facts) == Learned::Changes {
                is_measured = false;
                continue;
            }
        }
        let route = policy.route_id(permit.route);
        let estimate = facts.targets.get(target.0).map(|it| it.cost_estimate);
        match app.reserve(known.caller, (target, route), estimate, known.now).await {
            Ok(hold) => return SettledOn { decision, hold: Some(hold), over_budget },
            Err(over) => {
                learn_refusal(policy, target, &over, facts);
                over_budget = Some(over);
            }
        }
    }
    // Every round taught something new and there is still no room: the careful answer.
    for target in &mut facts.targets {
        target.unable = Some(Unable::OverBudget);
    }
    SettledOn { decision: policy::evaluate(policy, facts), hold: None, over_budget }
}

fn gather<'a>(app: &App, policy: &Policy, known: Known<'a>, reach: Reach) -> Facts<'a> {
    let Known { caller, request, said, findings, now } = known;
    let input_bound = size::upper_bound(request.body().len());
    let keys = SubjectKeys {
        team: &caller.team,
        key: &caller.name,
        caller: &caller.name,
        ..SubjectKeys::default()
    };
    let standings = app.budgets.facts(policy.budgets(), &keys, now);
    let unknown_budget = |index: usize| BudgetFact {
        used: NanoUsd::ZERO,
        limit: policy.budgets().get(index).map_or(NanoUsd::ZERO, |spec| spec.limit),
        refused: false,
    };
    let budgets = standings.iter().enumerate().map(|(index, standing)| match standing {
        Some(it) => BudgetFact { used: it.used(), limit: it.limit, refused: false },
        None => unknown_budget(index),
    });
    // What nobody can price is not bought with money that has a hard limit; the policy knows its own
    // budgets, and this is the key's.
    let is_bounded = app.budgets.bounds(&caller.name);
    let targets = app.destinations.iter().map(|destination| {
        let cost_estimate = destination.estimate(request, input_bound, now);
        let is_unpriced = is_bounded && cost_estimate == Estimate::Unpriced;
        let unable = match reach {
            Reach::Here if destination.engine().is_none() => Some(Unable::Down),
            Reach::Here | Reach::Anywhere => destination.unable(request, findings),
        };
        let unable = unable.or(is_unpriced.then_some(Unable::Unpriced));
        TargetFacts { cost_estimate, unable }
    });
    Facts {
        data: DataFacts {
            labels: policy.heeded(findings.labels, findings.certain),
            certain: findings.certain,
            bulk: findings.bulk,
            scan: findings.scan,
            declared: request.declared,
        },
        task: findings.task,
        tokens: TokenFacts { input: findings.tokens_input, output_max: request.output_max },
        caller: CallerFacts {
            id: &caller.name,
            team: Some(&caller.team),
            key: Some(&caller.name),
            criticality: caller.criticality,
            region: caller.region.as_deref(),
            data_floor: caller.data_floor,
        },
        request: RequestFacts {
            model: &request.model,
            surface: surface(request.surface),
            stream: request.delivery.is_stream(),
            tools: request.has_tools,
            images: request.has_images(),
            quality: request.metadata("quality").and_then(Quality::from_name),
            draw: draw(app, policy, known),
        },
        lang: Some(findings.lang),
        local: LocalFacts::default(),
        time: time(now),
        headers: &said.headers,
        metadata: &said.metadata,
        budgets: budgets.collect(),
        targets: targets.collect(),
    }
}

/// Where a conversation falls, if that matters to the policy or to its shadow. Nobody can tell before,
/// and all its turns fall to the same place for as long as this process lives.
fn draw(app: &App, policy: &Policy, Known { caller, request, .. }: Known<'_>) -> Option<u32> {
    let shadow = app.rollout.shadow();
    let is_asked = policy.asks_draw() || shadow.is_some_and(|it| it.policy().asks_draw());
    let key = app.mask_key.as_ref().filter(|_| is_asked)?;
    let conversation = Conversation::new(key, &caller.name, request.beginning());
    Some(policy::draw(conversation.digits()))
}

const fn surface(surface: chat::Surface) -> Surface {
    match surface {
        chat::Surface::OpenAiChat => Surface::Chat,
        chat::Surface::AnthropicMessages => Surface::Messages,
        chat::Surface::OpenAiCompletions => Surface::Completions,
        chat::Surface::OpenAiResponses => Surface::Responses,
        chat::Surface::OpenAiEmbeddings => Surface::Embeddings,
    }
}

/// The hour and day in UTC.
fn time(now: Timestamp) -> Option<TimeFacts> {
    let local = now.to_zoned_datetime(jiff::tz::TimeZone::UTC);
    let weekday = match local.weekday() {
        jiff::civil::Weekday::Monday => Weekday::Monday,
        jiff::civil::Weekday::Tuesday => Weekday::Tuesday,
        jiff::civil::Weekday::Wednesday => Weekday::Wednesday,
        jiff::civil::Weekday::Thursday => Weekday::Thursday,
        jiff::civil::Weekday::Friday => Weekday::Friday,
        jiff::civil::Weekday::Saturday => Weekday::Saturday,
        jiff::civil::Weekday::Sunday => Weekday::Sunday,
    };
    Some(TimeFacts { hour: u8::try_from(local.hour()).ok()?, weekday })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Learned {
    Nothing,
    Changes,
}

/// How the text suits the local models: each measures a request once, with its own tokenizer.
#[derive(Debug, Default)]
struct Measured(BTreeMap<TargetId, Option<Fit>>);

impl Measured {
    fn of(&mut self, app: &App, target: TargetId, known: Known<'_>) -> Option<Fit> {
        let Kind::Local(engine) = &app.destination(target)?.kind else { return None };
        let task = known.findings.task.map_or(Task::Unknown, |guess| guess.task);
        let measure = || {
            let prompts = dispatch::local_prompts(engine, known.request, task, &app.templates);
            // Of several texts, the one that suits least decides.
            let fits = prompts.iter().map(|prompt| engine.measure(prompt));
            let fits = fits.collect::<Result<Vec<_>, _>>().ok()?;
            let refused = fits.iter().find(|fit| fit.refusal.is_some()).copied();
            refused.or_else(|| fits.into_iter().max_by(|a, b| a.unk_ratio.total_cmp(&b.unk_ratio)))
        };
        *self.0.entry(target).or_insert_with(measure)
    }

    /// Learns the facts of the first local model, for a policy that asks about them.
    fn note_first(&mut self, app: &App, known: Known<'_>, facts: &mut Facts<'_>) {
        let local = app.destinations.iter().position(|it| it.engine().is_some()).map(TargetId);
        if let Some(fit) = local.and_then(|target| self.of(app, target, known)) {
            facts.local = local_facts(&fit, facts.local);
        }
    }

    /// Measures the text if the policy wants to go to a local model.
    fn learn(
        &mut self,
        app: &App,
        target: TargetId,
        known: Known<'_>,
        facts: &mut Facts<'_>,
    ) -> Learned {
        let Some(fit) = self.of(app, target, known) else { return Learned::Nothing };
        facts.local = local_facts(&fit, facts.local);
        let unable = fit.refusal.map(|unfit| match unfit {
            Unfit::TooLong { .. } => Unable::InputTooLong,
            Unfit::Unrepresentable { .. } => Unable::UnrepresentableText,
        });
        match (facts.targets.get_mut(target.0), unable) {
            (Some(fact), Some(unable)) => {
                fact.unable = Some(unable);
                Learned::Changes
            }
            _ => Learned::Nothing,
        }
    }
}

const fn local_facts(fit: &Fit, before: LocalFacts) -> LocalFacts {
    LocalFacts { fits: Some(fit.refusal.is_none()), unk_ratio: Some(fit.unk_ratio), ..before }
}

/// A budget without room is a fact of its own. If the policy says nothing about it, the target that
/// wanted the money is out: a hard budget holds whether or not a rule mentions it.
fn learn_refusal(policy: &Policy, target: TargetId, over: &OverBudget, facts: &mut Facts<'_>) {
    let mut is_new = false;
    for (spec, fact) in policy.budgets().iter().zip(&mut facts.budgets) {
        if *spec.name == *over.budget && !fact.refused {
            fact.refused = true;
            is_new = true;
        }
    }
    if !is_new && let Some(fact) = facts.targets.get_mut(target.0) {
        fact.unable = Some(Unable::OverBudget);
    }
}
