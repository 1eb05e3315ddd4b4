//! An attempt at the local engine.

mod embedded;
mod guarded;
mod job;
mod parts;
mod verified;

use std::sync::Arc;

use bytes::Bytes;

use guarded::Guarded;
use parts::{Before, Reading};
pub(super) use verified::Heard;
use verified::Source;

use super::{Another, Bill, Content, Look, Miss, Settlement, Wanted};
use crate::app::App;
use crate::chat::{self, Delivery, Request, Role, Surface, Usage, UsageSource};
use crate::clock;
use crate::dialect::translate::About;
use crate::dialect::{self, Complaint, Dialect, Scribe};
use crate::engine::prompt::Templates;
use crate::engine::{Engine, EngineError, Event, Finish, Generation, Job, Summary, prompt};
use crate::failure::{Code, Failure, Retry};
use crate::inspect::Task;
use crate::inspect::size;
use crate::money::NanoUsd;
use crate::policy::Verdict;
use crate::telemetry::{LocalAnswer, Outcome};

/// What the local engine reads for a request: its prompt, or each text that is to become a vector.
pub(crate) fn prompts(
    engine: &Engine,
    request: &Request,
    task: Task,
    templates: &Templates,
) -> Vec<String> {
    if request.surface == Surface::OpenAiEmbeddings {
        return request.conversation().into_iter().map(|(_, text)| text).collect();
    }
    let parts = Reading { engine, request, task, templates }.prompts();
    parts.unwrap_or_else(|| vec![render(request, task, templates)])
}

/// What the user says last.
fn question(request: &Request) -> Option<String> {
    let conversation = request.conversation();
    let last = conversation.into_iter().rfind(|(role, _)| *role == Some(Role::User));
    last.map(|(_, text)| text)
}

/// The prompt that the local engine gets for a request.
fn render(request: &Request, task: Task, templates: &Templates) -> String {
    render_as(request, task, templates, None)
}

/// The same, with other words in place of what the user says last.
fn render_as(request: &Request, task: Task, templates: &Templates, words: Option<&str>) -> String {
    let conversation = request.conversation();
    let system: Vec<&str> = conversation
        .iter()
        .filter(|(role, _)| *role == Some(Role::System))
        .map(|(_, text)| text.as_str())
        .collect();
    let mut turns: Vec<(Role, &str)> = conversation
        .iter()
        .filter_map(|(role, text)| role.map(|role| (role, text.as_str())))
        .filter(|(role, _)| *role != Role::System)
        .collect();
    let last = turns.iter_mut().rfind(|(role, _)| *role == Role::User);
    if let (Some((_, last)), Some(words)) = (last, words) {
        *last = words;
    }
    let system = system.join("\n");
    prompt::render((!system.is_empty()).then_some(system.as_str()), &turns, task, templates)
}

/// Asks the engine and gives back the answer, whole or as it is made.
pub(super) async fn answer(
    engine: &Engine,
    mut settlement: Settlement,
    wanted: Wanted<'_>,
    look: Option<Look<'_>>,
) -> Result<Content, Box<Miss>> {
    let Wanted { request, task, .. } = wanted;
    if request.surface == Surface::OpenAiEmbeddings {
        return embedded::answer(engine, settlement, request).await;
    }
    let app = Arc::clone(settlement.app());
    let mut job = match job::of(request, task, &settlement.case().id, &app.templates) {
        Ok(job) => job,
        Err(failure) => {
            let (bill, another) = (Bill::Nothing, Another::CannotHelp);
            return Err(Box::new(Miss { failure, settlement, bill, another, spare: None }));
        }
    };
    let mut before = Before::NOTHING;
    let reading = Reading { engine, request, task, templates: &app.templates };
    if let Some(prompts) = reading.prompts() {
        match Box::pin(reading.combine(prompts, &mut settlement, &mut before)).await {
            Ok(prompt) => job.prompt = prompt,
            Err(error) => {
                let model = &engine.card().name;
                refused(&settlement, model, &error);
                return Err(Box::new(Miss { bill: before.bill(), ..*missed(&error, settlement) }));
            }
        }
    }
    let answered = answer_to(engine, (job, before), settlement, (wanted, look)).await;
    // What was worked for the parts was worked.
    answered.map_err(|miss| match miss.bill {
        Bill::Nothing => Box::new(Miss { bill: before.bill(), ..*miss }),
        Bill::Used(_) | Bill::Local(..) | Bill::Unknown(_) => miss,
    })
}

/// The answer to a job, looked at if need be.
async fn answer_to(
    engine: &Engine,
    (job, before): (Job, Before),
    mut settlement: Settlement,
    (wanted, look): (Wanted<'_>, Option<Look<'_>>),
) -> Result<Content, Box<Miss>> {
    let Wanted { request, task, .. } = wanted;
    let model = engine.card().name.clone();
    let mut generation = match begin(engine, job).await {
        Ok(generation) => Attended::of(generation, (settlement.app(), model.clone()), before),
        Err(error) => {
            refused(&settlement, &model, &error);
            return Err(missed(&error, settlement));
        }
    };
    let Some(look) = look else {
        return deliver(Source::Live(generation), settlement, model, wanted).await;
    };
    let choices = usize::try_from(request.choices).unwrap_or(1);
    let heard = match verified::hear(&mut generation, &mut settlement, choices).await {
        Ok(heard) => heard,
        Err(error) => {
            refused(&settlement, &model, &error);
            return Err(missed(&error, settlement));
        }
    };
    let verdict = verified::judge(&heard, &look.verify, &mut settlement, (request, task));
    if verdict == Verdict::Accepted {
        verified::draw(&heard, look, &mut settlement, wanted);
        return told(heard, settlement, model, wanted).await;
    }
    let message = "the local answer was not good enough, and no other model could answer";
    Err(Box::new(Miss {
        failure: Failure::ours(Code::TargetsUnavailable, message),
        settlement,
        bill: heard.bill(),
        another: Another::MayHelp,
        spare: Some(heard),
    }))
}

/// Gives an answer that has been heard.
pub(super) async fn told(
    heard: Heard,
    settlement: Settlement,
    model: String,
    wanted: Wanted<'_>,
) -> Result<Content, Box<Miss>> {
    deliver(Source::Told(heard.events), settlement, model, wanted).await
}

/// Gives an answer, whole or as it is made.
async fn deliver(
    generation: Source,
    settlement: Settlement,
    model: String,
    Wanted { request, masking, .. }: Wanted<'_>,
) -> Result<Content, Box<Miss>> {
    let dialect = dialect::of(request.surface);
    let choices = usize::try_from(request.choices).unwrap_or(1);
    let about = About {
        id: settlement.case().id.clone(),
        created: clock::now().as_second(),
        model,
        asked: request.body().clone(),
    };
    let Some(scribe) = dialect.scribe(about.clone()) else {
        return Err(missed(&EngineError::Stopped, settlement));
    };
    let answer = chat::Answer {
        id: about.id,
        created: about.created,
        model: about.model,
        choices: vec![chat::Choice::empty(); choices],
        has_logprobs: request.sampling.logprobs,
        // Until it is counted: some streams tell the size of the prompt first.
        usage: Usage {
            input_uncached: settlement.case().input,
            ..Usage::none(UsageSource::Estimated)
        },
    };
    let mut guarded = Guarded::new(masking.guard());
    if !request.delivery.is_stream() {
        return whole(generation, settlement, (answer, &mut guarded), scribe).await;
    }
    // Until the first event nothing is promised to the client, and another target may do better.
    let mut generation = generation;
    let first = match generation.next().await {
        Some(Event::Failed(error)) => {
            refused(&settlement, &answer.model, &error);
            return Err(missed(&error, settlement));
        }
        first => first,
    };
    let relay = Relay {
        generation,
        first,
        guarded,
        settlement: Some(settlement),
        answer,
        dialect,
        scribe,
        stage: Stage::Opening,
        delivery: request.delivery,
    };
    let pieces = futures_util::stream::unfold(relay, |mut relay| async move {
        relay.next_piece().await.map(|piece| (piece, relay))
    });
    Ok(Content::Events { pieces: Box::pin(pieces), cost_max: NanoUsd::ZERO })
}

/// Puts a job in line. What an answer must look like may take a while to compile.
async fn begin(engine: &Engine, job: Job) -> Result<Generation, EngineError> {
    if job.guide.is_none() {
        return engine.generate(job);
    }
    let engine = engine.clone();
    let asked = tokio::task::spawn_blocking(move || engine.generate(job)).await;
    asked.unwrap_or(Err(EngineError::Stopped))
}

/// A generation whose end is seen: one that is dropped before it counts as cancelled.
struct Attended {
    generation: Generation,
    app: Arc<App>,
    model: String,
    /// What was spent before it.
    before: Before,
    is_over: bool,
}

impl Attended {
    fn of(generation: Generation, (app, model): (&Arc<App>, String), before: Before) -> Self {
        Self { generation, app: Arc::clone(app), model, before, is_over: false }
    }

    async fn next(&mut self) -> Option<Event> {
        let event = match self.generation.next().await {
            Some(Event::Done(summary)) => Some(Event::Done(self.before.and(summary))),
            event => event,
        };
        self.is_over = !matches!(event, Some(Event::Text(_) | Event::Ended { .. }));
        event
    }
}

impl Drop for Attended {
    fn drop(&mut self) {
        if !self.is_over {
            self.app.metrics.local_cancelled.with_label_values(&[&self.model]).inc();
        }
    }
}

/// The whole answer in one piece. When the client leaves, this future is dropped: the engine stops
/// at its next step and the settlement ends by itself.
async fn whole(
    mut generation: Source,
    mut settlement: Settlement,
    (mut answer, guarded): (chat::Answer, &mut Guarded),
    mut scribe: Box<dyn Scribe>,
) -> Result<Content, Box<Miss>> {
    loop {
        match generation.next().await {
            Some(Event::Text(piece)) => {
                note_progress(&mut settlement, &mut answer, &piece.text);
                if let Some(choice) = answer.choices.get_mut(piece.choice) {
                    choice.text.push_str(&piece.text);
                    choice.tokens.extend(piece.tokens);
                }
            }
            Some(Event::Ended { choice, finish }) => {
                if let Some(choice) = answer.choices.get_mut(choice) {
                    choice.finish = ending(finish);
                }
            }
            Some(Event::Done(summary)) => {
                let cost = finish(settlement, &mut answer, &summary);
                guarded.whole(&mut answer);
                let body = Bytes::from(scribe.whole(&answer));
                return Ok(Content::Whole { body, cost });
            }
            Some(Event::Failed(error)) => {
                refused(&settlement, &answer.model, &error);
                return Err(missed(&error, settlement));
            }
            None => return Err(missed(&EngineError::Stopped, settlement)),
        }
    }
}

/// What an end that nobody announces would have used.
fn note_progress(settlement: &mut Settlement, answer: &mut chat::Answer, text: &str) {
    settlement.piece_sent();
    if let Some(listener) = settlement.listener() {
        listener.hear(text);
    }
    answer.usage = Usage {
        input_uncached: settlement.case().input,
        output: answer.usage.output + size::estimate(text),
        ..Usage::none(UsageSource::Estimated)
    };
    settlement.so_far = Bill::Local(answer.usage, settlement.case().started.elapsed());
}

/// The engine works on an answer that nobody has seen.
fn note_waiting(settlement: &mut Settlement) {
    let usage =
        Usage { input_uncached: settlement.case().input, ..Usage::none(UsageSource::Estimated) };
    settlement.so_far = Bill::Local(usage, settlement.case().started.elapsed());
}

/// What an answer used.
const fn used(summary: &Summary) -> Usage {
    Usage {
        input_uncached: summary.input,
        output: summary.output,
        ..Usage::none(UsageSource::Counted)
    }
}

const fn ending(finish: Finish) -> chat::Finish {
    match finish {
        Finish::Stop => chat::Finish::Stop,
        Finish::Length => chat::Finish::Length,
    }
}

fn finish(settlement: Settlement, answer: &mut chat::Answer, summary: &Summary) -> NanoUsd {
    answer.usage = used(summary);
    let metrics = &settlement.app().metrics;
    metrics.local_answered(
        &answer.model,
        &LocalAnswer {
            output: summary.output,
            engine_time: summary.engine_time,
            queue_time: summary.queue_time,
            first_text: summary.first_text,
            batch: f64::from(summary.batch),
        },
    );
    settlement.finish(Outcome::Answered, Bill::Local(answer.usage, summary.engine_time))
}

/// Counts what the engine would not or could not do.
fn refused(settlement: &Settlement, model: &str, error: &EngineError) {
    let reason = match error {
        EngineError::Overloaded { .. } => "overloaded",
        EngineError::TooLong { .. } => "too_long",
        EngineError::Unrepresentable { .. } => "unrepresentable",
        EngineError::Parameter { .. } | EngineError::Guide { .. } => "parameter",
        EngineError::TimedOut => "timed_out",
        EngineError::Stopped => "stopped",
        EngineError::Load(_) | EngineError::Computation { .. } => "failed",
    };
    settlement.app().metrics.local_refused.with_label_values(&[model, reason]).inc();
}

fn missed(error: &EngineError, settlement: Settlement) -> Box<Miss> {
    let message = error.to_string();
    let (failure, another) = match error {
        EngineError::Overloaded { retry_after, .. } => {
            let retry = Retry::After(*retry_after);
            let failure = Failure::ours(Code::LocalOverloaded, message);
            (Failure { retry, ..failure }, Another::MayHelp)
        }
        EngineError::TooLong { .. } => {
            (Failure::client(Code::RequestTooLong, message), Another::MayHelp)
        }
        EngineError::Unrepresentable { .. } => {
            (Failure::client(Code::PolicyRefused, message), Another::MayHelp)
        }
        EngineError::Parameter { .. } | EngineError::Guide { .. } => {
            (Failure::client(Code::InvalidRequest, message), Another::CannotHelp)
        }
        EngineError::Load(_)
        | EngineError::TimedOut
        | EngineError::Stopped
        | EngineError::Computation { .. } => {
            (Failure::ours(Code::LocalFailed, message), Another::MayHelp)
        }
    };
    Box::new(Miss { failure, settlement, bill: Bill::Nothing, another, spare: None })
}

/// Where a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Opening,
    Text,
    Over,
}

/// The engine's events on their way into the caller's dialect.
struct Relay {
    generation: Source,
    /// What came before the head of the reply was sent.
    first: Option<Event>,
    guarded: Guarded,
    settlement: Option<Settlement>,
    answer: chat::Answer,
    dialect: &'static dyn Dialect,
    scribe: Box<dyn Scribe>,
    stage: Stage,
    delivery: Delivery,
}

impl Relay {
    /// The next piece of the stream; `None` ends it.
    async fn next_piece(&mut self) -> Option<Bytes> {
        match self.stage {
            Stage::Over => None,
            Stage::Opening => {
                self.stage = Stage::Text;
                Some(self.scribe.opening(&self.answer).into())
            }
            Stage::Text => Some(self.next_text().await),
        }
    }

    async fn next_text(&mut self) -> Bytes {
        if let Some(first) = self.first.take() {
            return self.tell(Some(first));
        }
        let abort = self.settlement.as_ref().map(|it| it.app().shutdown.abort.clone());
        let aborted = async move {
            match abort {
                Some(abort) => abort.cancelled_owned().await,
                None => std::future::pending().await,
            }
        };
        let event = tokio::select! {
            () = aborted => {
                let failure = Failure::ours(Code::ShuttingDown, "the gateway is stopping; try again");
                return self.broken(&failure);
            }
            event = self.generation.next() => event,
        };
        self.tell(event)
    }

    fn tell(&mut self, event: Option<Event>) -> Bytes {
        match event {
            Some(Event::Text(piece)) => {
                if let Some(settlement) = &mut self.settlement {
                    note_progress(settlement, &mut self.answer, &piece.text);
                }
                let piece = self.guarded.piece(piece);
                self.scribe.event(&self.answer, &chat::Event::Text(piece)).into()
            }
            Some(Event::Ended { choice, finish }) => {
                let finish = ending(finish);
                if let Some(choice) = self.answer.choices.get_mut(choice) {
                    choice.finish = finish;
                }
                let held = self.guarded.ended(choice).map(chat::Event::Text);
                let end = chat::Event::Done { choice, finish };
                let events = held.iter().chain([&end]);
                let (scribe, answer) = (&mut self.scribe, &self.answer);
                events.flat_map(|event| scribe.event(answer, event)).collect()
            }
            Some(Event::Done(summary)) => self.ending(&summary),
            Some(Event::Failed(error)) => {
                if let Some(settlement) = &self.settlement {
                    refused(settlement, &self.answer.model, &error);
                }
                self.broken(&Failure::ours(Code::LocalFailed, error.to_string()))
            }
            None => self.broken(&Failure::ours(Code::LocalFailed, "the local engine stopped")),
        }
    }

    fn ending(&mut self, summary: &Summary) -> Bytes {
        self.stage = Stage::Over;
        let Some(settlement) = self.settlement.take() else { return Bytes::new() };
        let cost = finish(settlement, &mut self.answer, summary);
        let cost = (self.delivery == Delivery::StreamWithUsage).then(|| cost.to_string());
        self.scribe.closing(&self.answer, cost.as_deref()).into()
    }

    /// Never a made-up stop: the client must see that the answer is not whole.
    fn broken(&mut self, failure: &Failure) -> Bytes {
        self.stage = Stage::Over;
        let Some(settlement) = self.settlement.take() else { return Bytes::new() };
        let out = error_event(self.dialect, failure, &settlement.case().id);
        let bill = settlement.so_far;
        settlement.finish(Outcome::Truncated, bill);
        out
    }
}

/// An error inside a stream, the last that is said.
pub(super) fn error_event(dialect: &dyn Dialect, failure: &Failure, decision: &str) -> Bytes {
    let told = dialect.broken(&Complaint {
        status: crate::server::respond::status(failure.code).as_u16(),
        code: failure.code.name(),
        message: &failure.message,
        decision: Some(decision),
    });
    told.into()
}
