//! An attempt at the local engine.

use std::time::Duration;

use bytes::Bytes;

use super::{Another, Bill, Content, Miss, Settlement};
use crate::chat::{self, Delivery, Request, Role, Usage, UsageSource};
use crate::clock;
use crate::dialect::{Complaint, Dialect};
use crate::engine::{Engine, EngineError, Event, Finish, Generation, Job, Summary, prompt};
use crate::failure::{Code, Failure};
use crate::inspect::Task;
use crate::inspect::size;
use crate::money::{NanoUsd, Tokens};
use crate::telemetry::Outcome;

/// The prompt that the local engine gets for a request.
pub(crate) fn render(request: &Request, task: Task) -> String {
    let conversation = request.conversation();
    let system: Vec<&str> = conversation
        .iter()
        .filter(|(role, _)| *role == Some(Role::System))
        .map(|(_, text)| text.as_str())
        .collect();
    let turns: Vec<(Role, &str)> = conversation
        .iter()
        .filter_map(|(role, text)| role.map(|role| (role, text.as_str())))
        .filter(|(role, _)| *role != Role::System)
        .collect();
    let system = system.join("\n");
    prompt::render((!system.is_empty()).then_some(system.as_str()), &turns, task)
}

/// Asks the engine and gives back the answer, whole or as it is made.
pub(super) async fn answer(
    engine: &Engine,
    settlement: Settlement,
    (request, task): (&Request, Task),
    dialect: &'static dyn Dialect,
) -> Result<Content, Box<Miss>> {
    let generation = match engine.generate(job(request, task)) {
        Ok(generation) => generation,
        Err(error) => return Err(missed(&error, settlement)),
    };
    let answer = chat::Answer {
        id: settlement.case().id.clone(),
        created: clock::now().as_second(),
        model: engine.card().name.clone(),
        text: String::new(),
        finish: chat::Finish::Stop,
        usage: Usage::none(UsageSource::Counted),
    };
    if !request.delivery.is_stream() {
        return whole(generation, settlement, answer, dialect).await;
    }
    let relay = Relay {
        generation,
        settlement: Some(settlement),
        answer,
        dialect,
        stage: Stage::Opening,
        delivery: request.delivery,
    };
    let pieces = futures_util::stream::unfold(relay, |mut relay| async move {
        relay.next_piece().await.map(|piece| (piece, relay))
    });
    Ok(Content::Events { pieces: Box::pin(pieces), cost_max: NanoUsd::ZERO })
}

/// The whole answer in one piece. When the client leaves, this future is dropped: the engine stops
/// at its next step and the settlement ends by itself.
async fn whole(
    mut generation: Generation,
    mut settlement: Settlement,
    mut answer: chat::Answer,
    dialect: &'static dyn Dialect,
) -> Result<Content, Box<Miss>> {
    loop {
        match generation.next().await {
            Some(Event::Text(text)) => {
                answer.text.push_str(&text);
                note_progress(&mut settlement, &mut answer, &text);
            }
            Some(Event::Done(summary)) => {
                let cost = finish(settlement, &mut answer, &summary);
                let body = Bytes::from(dialect.answer(&answer));
                return Ok(Content::Whole { body, cost });
            }
            Some(Event::Failed(error)) => return Err(missed(&error, settlement)),
            None => return Err(missed(&EngineError::Stopped, settlement)),
        }
    }
}

/// What an end that nobody announces would have used.
fn note_progress(settlement: &mut Settlement, answer: &mut chat::Answer, text: &str) {
    settlement.piece_sent();
    answer.usage = Usage {
        input_uncached: settlement.case().input,
        output: answer.usage.output + size::estimate(text),
        ..Usage::none(UsageSource::Estimated)
    };
    settlement.so_far = Bill::Local(answer.usage, settlement.case().started.elapsed());
}

fn finish(settlement: Settlement, answer: &mut chat::Answer, summary: &Summary) -> NanoUsd {
    answer.finish = match summary.finish {
        Finish::Stop => chat::Finish::Stop,
        Finish::Length => chat::Finish::Length,
    };
    answer.usage = Usage {
        input_uncached: summary.input,
        output: summary.output,
        ..Usage::none(UsageSource::Counted)
    };
    note_speed(&settlement, &answer.model, summary);
    settlement.finish(Outcome::Answered, Bill::Local(answer.usage, summary.engine_time))
}

fn job(request: &Request, task: Task) -> Job {
    let sampling = &request.sampling;
    // The engine wants 32 bits; the values are small and were written by hand.
    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "see above")]
    let narrow = |value: f64| value as f32;
    let most = Tokens(u32::MAX);
    Job {
        // Small models ramble when sampled; greedy is the default here, 1.0 elsewhere.
        temperature: sampling.temperature.map_or(0.0, narrow),
        top_p: sampling.top_p.map_or(1.0, narrow),
        seed: sampling.seed.unwrap_or(0),
        stop: sampling.stop.clone(),
        ..Job::greedy(render(request, task), request.output_max.unwrap_or(most))
    }
}

fn missed(error: &EngineError, settlement: Settlement) -> Box<Miss> {
    let message = error.to_string();
    let (failure, another) = match error {
        EngineError::Overloaded { .. } => {
            (Failure::ours(Code::LocalOverloaded, message), Another::MayHelp)
        }
        EngineError::TooLong { .. } => {
            (Failure::client(Code::RequestTooLong, message), Another::MayHelp)
        }
        EngineError::Unrepresentable { .. } => {
            (Failure::client(Code::PolicyRefused, message), Another::MayHelp)
        }
        EngineError::Parameter { .. } => {
            (Failure::client(Code::InvalidRequest, message), Another::CannotHelp)
        }
        EngineError::Load(_)
        | EngineError::TimedOut
        | EngineError::Stopped
        | EngineError::Computation { .. } => {
            (Failure::ours(Code::LocalFailed, message), Another::MayHelp)
        }
    };
    Box::new(Miss { failure, settlement, bill: Bill::Nothing, another })
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
    generation: Generation,
    settlement: Option<Settlement>,
    answer: chat::Answer,
    dialect: &'static dyn Dialect,
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
                Some(self.dialect.opening(&self.answer).into())
            }
            Stage::Text => Some(self.next_text().await),
        }
    }

    async fn next_text(&mut self) -> Bytes {
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
        match event {
            Some(Event::Text(text)) => {
                if let Some(settlement) = &mut self.settlement {
                    note_progress(settlement, &mut self.answer, &text);
                }
                self.dialect.event(&self.answer, &chat::Event::Text(text)).into()
            }
            Some(Event::Done(summary)) => self.ending(&summary),
            Some(Event::Failed(error)) => {
                self.broken(&Failure::ours(Code::LocalFailed, error.to_string()))
            }
            None => self.broken(&Failure::ours(Code::LocalFailed, "the local engine stopped")),
        }
    }

    fn ending(&mut self, summary: &Summary) -> Bytes {
        self.stage = Stage::Over;
        let Some(settlement) = self.settlement.take() else { return Bytes::new() };
        let cost = finish(settlement, &mut self.answer, summary);
        let mut out = self.dialect.event(&self.answer, &chat::Event::Done(self.answer.finish));
        if self.delivery == Delivery::StreamWithUsage {
            out.extend(self.dialect.closing_usage(&self.answer, &cost.to_string()));
        }
        out.extend_from_slice(self.dialect.end());
        out.into()
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

fn note_speed(settlement: &Settlement, model: &str, summary: &Summary) {
    if summary.engine_time > Duration::ZERO {
        let speed = f64::from(summary.output.0) / summary.engine_time.as_secs_f64();
        settlement.app().metrics.local_speed.with_label_values(&[model]).observe(speed);
    }
}

/// An error inside a stream, followed by the stream's regular end.
pub(super) fn error_event(dialect: &dyn Dialect, failure: &Failure, decision: &str) -> Bytes {
    let body = dialect.complaint(&Complaint {
        status: crate::server::respond::status(failure.code).as_u16(),
        code: failure.code.name(),
        message: &failure.message,
        decision: Some(decision),
    });
    [b"data: ".as_slice(), &body, b"\n\n", dialect.end()].concat().into()
}
