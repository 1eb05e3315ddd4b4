//! Texts as vectors, made by the local engine.

use super::super::{Another, Bill, Content, Miss, Settlement};
use crate::chat::{Request, Usage, UsageSource};
use crate::clock;
use crate::dialect::embeddings::{self, Wanted};
use crate::engine::Engine;
use crate::failure::{Code, Failure};
use crate::telemetry::Outcome;

/// Reads every text of the request into a vector. When the client leaves, this future is dropped and
/// the engine stops before the next part.
pub(super) async fn answer(
    engine: &Engine,
    mut settlement: Settlement,
    request: &Request,
) -> Result<Content, Box<Miss>> {
    let wanted = match request.sampling.misread {
        Some((name, right)) => Err(format!("`{name}` must be {right}")),
        None => Wanted::of(request.body(), engine.width()),
    };
    let wanted = match wanted {
        Ok(wanted) => wanted,
        Err(message) => {
            let failure = Failure::client(Code::InvalidRequest, message);
            let (bill, another) = (Bill::Nothing, Another::MayHelp);
            return Err(Box::new(Miss { failure, settlement, bill, another, spare: None }));
        }
    };
    super::note_waiting(&mut settlement);
    let conversation = request.conversation();
    let texts: Vec<&str> = conversation.iter().map(|(_, text)| text.as_str()).collect();
    let model = &engine.card().name;
    let begun = clock::instant();
    match engine.embed(&texts).await {
        Ok(embedded) => {
            let usage =
                Usage { input_uncached: embedded.input, ..Usage::none(UsageSource::Counted) };
            let body = embeddings::vectors(model, &embedded.vectors, wanted, embedded.input);
            // Waiting in line is counted as work: how long the encoder took is not told.
            let bill = Bill::Local(usage, clock::instant() - begun);
            let cost = settlement.finish(Outcome::Answered, bill);
            Ok(Content::Whole { body: body.into(), cost })
        }
        Err(error) => {
            super::refused(&settlement, model, &error);
            Err(super::missed(&error, settlement))
        }
    }
}
