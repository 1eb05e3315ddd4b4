//! An attempt at an upstream, and its stream on the way back.

use std::pin::Pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use hyper::StatusCode;

use super::local::error_event;
use super::{Another, Bill, Content, Miss, Settlement};
use crate::chat::{Delivery, Request, Usage, UsageSource};
use crate::clock::{self, Instant};
use crate::dialect::{self, Complaint, sse};
use crate::failure::{Code, Failure};
use crate::mask::{self, Restoration, StreamRestorer};
use crate::money::{NanoUsd, Tokens};
use crate::policy::Clearance;
use crate::telemetry::Outcome;
use crate::upstream::provider::{Heard, Part, Provider};
use crate::upstream::{self, Remote, SendError, Timeouts};

/// Largest whole reply that is read.
const REPLY_BYTES_MAX: usize = 32 << 20;

/// Sends the request and gives back the answer, whole or as it comes.
pub(super) async fn answer(
    remote: &Remote,
    clearance: Clearance,
    mut settlement: Settlement,
    (request, output_max, restoration): (&Arc<Request>, Tokens, Option<Restoration>),
) -> Result<Content, Box<Miss>> {
    let outgoing = remote.provider.outgoing(request, &remote.model, output_max);
    let app = Arc::clone(settlement.app());
    // From here on the upstream may see the request: whoever drops this future (a client that
    // leaves) must not make it free.
    let input =
        Usage { input_uncached: settlement.case().input, ..Usage::none(UsageSource::Estimated) };
    settlement.so_far = Bill::Unknown(input);
    let Some(hold) = settlement.hold() else {
        return Err(missed(SendError::Unreachable, settlement));
    };
    let reply = upstream::send(&app.client, remote, clearance, hold, outgoing).await;
    let reply = match reply {
        Ok(reply) => reply,
        Err(error) => return Err(missed(error, settlement)),
    };
    if !reply.status().is_success() {
        return refused(reply, settlement, (remote.timeouts, request, restoration)).await;
    }
    if request.delivery.is_stream() {
        let cost_max = settlement.hold().map_or(NanoUsd::ZERO, |hold| hold.charge().billed);
        let relay = Relay::new(reply, remote, settlement, (request, restoration));
        let pieces = futures_util::stream::unfold(relay, |mut relay| async move {
            relay.next_piece().await.map(|piece| (piece, relay))
        });
        return Ok(Content::Events { pieces: Box::pin(pieces), cost_max });
    }
    let reading = reply.into_whole(REPLY_BYTES_MAX);
    let body = match tokio::time::timeout(remote.timeouts.total, reading).await {
        Ok(Ok(body)) => body,
        Ok(Err(error)) => return Err(missed(error, settlement)),
        Err(_) => return Err(missed(SendError::Timeout, settlement)),
    };
    let bill = remote.provider.usage(&body).map_or(Bill::Unknown(input), Bill::Used);
    let cost = settlement.finish(Outcome::Answered, bill);
    Ok(Content::Whole { body: unmasked(body, restoration.as_ref()), cost })
}

/// The body with its values put back.
fn unmasked(body: Bytes, restoration: Option<&Restoration>) -> Bytes {
    let new = restoration.and_then(|it| mask::restore_whole(&body, it));
    new.map_or(body, Bytes::from)
}

fn missed(error: SendError, settlement: Settlement) -> Box<Miss> {
    let code = match error {
        SendError::Unreachable => Code::UpstreamUnreachable,
        SendError::Timeout => Code::UpstreamTimeout,
        SendError::Broken => Code::UpstreamTruncated,
    };
    let bill = if error.may_have_arrived() { settlement.so_far } else { Bill::Nothing };
    let failure = Failure::upstream(code, format!("the upstream failed: {error}"));
    Box::new(Miss { failure, settlement, bill, another: Another::MayHelp })
}

/// An error status. Overload and faults of the server may be better elsewhere; what the upstream
/// says about the request itself is passed on.
async fn refused(
    reply: upstream::Reply,
    settlement: Settlement,
    (timeouts, request, restoration): (Timeouts, &Request, Option<Restoration>),
) -> Result<Content, Box<Miss>> {
    let status = reply.status();
    // A wrong key of ours is no business of the caller's.
    let is_ours = matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::REQUEST_TIMEOUT
            | StatusCode::UNAUTHORIZED
            | StatusCode::PAYMENT_REQUIRED
            | StatusCode::FORBIDDEN
    );
    if is_ours || !status.is_client_error() {
        let message = format!("the upstream answered with status {}", status.as_u16());
        let failure = Failure::upstream(Code::UpstreamError, message);
        let (bill, another) = (Bill::Nothing, Another::MayHelp);
        return Err(Box::new(Miss { failure, settlement, bill, another }));
    }
    let headers = reply.headers().clone();
    let reading = tokio::time::timeout(timeouts.idle, reply.into_whole(64 << 10));
    let body = match reading.await {
        Ok(Ok(body)) if !body.is_empty() => unmasked(body, restoration.as_ref()),
        _ => dialect::of(request.surface)
            .complaint(&Complaint {
                status: status.as_u16(),
                code: Code::UpstreamError.name(),
                message: "the upstream refused the request and did not say why",
                decision: Some(&settlement.case().id),
            })
            .into(),
    };
    settlement.finish(Outcome::TargetFailed, Bill::Nothing);
    Ok(Content::Refusal { status, body, headers })
}

fn write_event(data: &str, out: &mut BytesMut) {
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(data.as_bytes());
    out.extend_from_slice(b"\n\n");
}

type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, SendError>> + Send>>;

/// An upstream's stream on its way to the caller: the events pass unchanged, chunk by chunk and no
/// faster than the caller reads; usage is heard in passing.
struct Relay {
    pieces: Pieces,
    provider: &'static dyn Provider,
    timeouts: Timeouts,
    deadline: Instant,
    delivery: Delivery,
    surface: crate::chat::Surface,
    splitter: sse::Splitter,
    /// `None` once the request is settled: then the stream ends.
    settlement: Option<Settlement>,
    output: Tokens,
    usage: Option<Usage>,
    unmask: Option<StreamRestorer>,
}

impl Relay {
    fn new(
        reply: upstream::Reply,
        remote: &Remote,
        settlement: Settlement,
        (request, restoration): (&Request, Option<Restoration>),
    ) -> Self {
        let deadline = clock::instant() + remote.timeouts.total;
        Self {
            pieces: Box::pin(reply.into_pieces()),
            provider: remote.provider,
            timeouts: remote.timeouts,
            deadline,
            delivery: request.delivery,
            surface: request.surface,
            splitter: sse::Splitter::default(),
            settlement: Some(settlement),
            output: Tokens(0),
            usage: None,
            unmask: restoration.map(StreamRestorer::new),
        }
    }

    /// Everything that the next chunks of the upstream complete; `None` ends the stream.
    async fn next_piece(&mut self) -> Option<Bytes> {
        let abort = self.settlement.as_ref()?.app().shutdown.abort.clone();
        loop {
            let wait =
                self.timeouts.idle.min(self.deadline.saturating_duration_since(clock::instant()));
            let chunk = tokio::select! {
                () = abort.cancelled() => {
                    let message = "the gateway is stopping; try again";
                    return Some(self.cut(&Failure::ours(Code::ShuttingDown, message)));
                }
                chunk = tokio::time::timeout(wait, self.pieces.next()) => chunk,
            };
            let out = match chunk {
                Ok(Some(Ok(chunk))) => self.pass(&chunk),
                Ok(Some(Err(_)) | None) => {
                    let message = "the upstream's answer ended before it was complete";
                    self.cut(&Failure::upstream(Code::UpstreamTruncated, message))
                }
                Err(_) => {
                    let message = "the upstream stopped sending";
                    self.cut(&Failure::upstream(Code::UpstreamTimeout, message))
                }
            };
            if !out.is_empty() {
                if let Some(settlement) = &mut self.settlement {
                    settlement.piece_sent();
                }
                return Some(out);
            }
            self.settlement.as_ref()?;
        }
    }

    /// Passes on every event that the chunk completes.
    fn pass(&mut self, chunk: &[u8]) -> Bytes {
        self.splitter.push(chunk);
        let mut out = BytesMut::with_capacity(chunk.len());
        loop {
            match self.splitter.next_event() {
                Ok(Some(event)) => self.hear(&event, &mut out),
                Ok(None) => break,
                Err(_) => {
                    let message = "the upstream sent an event that is too long";
                    let cut = self.cut(&Failure::upstream(Code::UpstreamError, message));
                    out.extend_from_slice(&cut);
                    break;
                }
            }
            if self.settlement.is_none() {
                break;
            }
        }
        self.note_progress();
        out.freeze()
    }

    fn hear(&mut self, event: &Bytes, out: &mut BytesMut) {
        let Some(data) = sse::data(event) else {
            out.extend_from_slice(event);
            return;
        };
        let heard: Heard = self.provider.hear(&data);
        self.output = self.output + heard.text_tokens;
        self.usage = heard.usage.or(self.usage);
        match heard.part {
            Part::Answer => self.pass_on(event, &data, out),
            // The usage is the caller's only if the caller asked for it.
            Part::UsageOnly if self.delivery == Delivery::StreamWithUsage => {
                let cost = self.usage.and_then(|usage| {
                    self.settlement.as_ref().map(|settlement| settlement.cost(&usage).to_string())
                });
                let priced = cost.and_then(|cost| self.provider.with_cost(&data, &cost));
                out.extend_from_slice(priced.as_deref().unwrap_or(event));
            }
            Part::UsageOnly => {}
            Part::Error => {
                out.extend_from_slice(event);
                self.settle(Outcome::Truncated);
            }
            Part::End => {
                for rest in self.unmask.as_mut().map(StreamRestorer::finish).unwrap_or_default() {
                    write_event(&rest, out);
                }
                self.settle(Outcome::Answered);
                out.extend_from_slice(event);
            }
        }
    }

    /// Passes an event on, with values put back.
    fn pass_on(&mut self, event: &Bytes, data: &[u8], out: &mut BytesMut) {
        match self.unmask.as_mut().map(|unmask| unmask.hear(data)) {
            Some(mask::Heard::Changed(data)) => write_event(&data, out),
            Some(mask::Heard::Unchanged) | None => out.extend_from_slice(event),
        }
    }

    /// What was used: as reported, else estimated from what was heard.
    fn used(&self) -> Usage {
        let input = self.settlement.as_ref().map_or(Tokens(0), |it| it.case().input);
        self.usage.unwrap_or(Usage {
            input_uncached: input,
            output: self.output,
            ..Usage::none(UsageSource::Estimated)
        })
    }

    /// An end that nobody announces costs what was heard so far.
    fn note_progress(&mut self) {
        let used = self.used();
        if let Some(settlement) = &mut self.settlement {
            settlement.so_far = Bill::Used(used);
        }
    }

    fn settle(&mut self, outcome: Outcome) {
        let bill = Bill::Used(self.used());
        if let Some(settlement) = self.settlement.take() {
            settlement.finish(outcome, bill);
        }
    }

    /// Ends the caller's stream with an error: never as if the answer were whole.
    fn cut(&mut self, failure: &Failure) -> Bytes {
        let id = self.settlement.as_ref().map(|it| it.case().id.clone()).unwrap_or_default();
        self.settle(Outcome::Truncated);
        error_event(dialect::of(self.surface), failure, &id)
    }
}
