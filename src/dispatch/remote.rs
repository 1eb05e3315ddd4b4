//! An attempt at an upstream, and its stream on the way back.

use std::pin::Pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use hyper::StatusCode;
use hyper::header::HeaderMap;

use super::local::error_event;
use super::{Another, Bill, Content, Leaving, Miss, Settlement};
use crate::chat::talk::Said;
use crate::chat::{Delivery, Part, Request, Surface, Usage, UsageSource};
use crate::clock::{self, Instant};
use crate::dialect::translate::{About, Teller, Told, Unwrapped};
use crate::dialect::{self, Complaint, Dialect};
use crate::failure::{Code, Failure};
use crate::inspect::size;
use crate::mask::{self, MessageRestorer, Restoration, StreamRestorer};
use crate::money::{NanoUsd, Tokens};
use crate::policy::Clearance;
use crate::telemetry::Outcome;
use crate::upstream::provider::{Cutter, Ear, Heard};
use crate::upstream::{self, Outgoing, Remote, SendError, Timeouts};

/// Largest whole reply that is read.
const REPLY_BYTES_MAX: usize = 32 << 20;

/// What is sent, and what is done to the answer on its way back.
pub(super) struct Sent<'a> {
    /// The request as the caller made it: the answer is in its dialect.
    pub asked: &'a Request,
    /// The request as it leaves, in the provider's interface.
    pub leaves: Leaving,
    /// The values to put back.
    pub restoration: Option<Restoration>,
}

impl Sent<'_> {
    fn dialect(&self) -> &'static dyn Dialect {
        dialect::of(self.asked.surface)
    }

    const fn is_translated(&self) -> bool {
        self.leaves.is_translated
    }
}

/// Sends the request and gives back the answer, whole or as it comes.
pub(super) async fn answer(
    remote: &Remote,
    clearance: Clearance,
    mut settlement: Settlement,
    sent: Sent<'_>,
) -> Result<Content, Box<Miss>> {
    let outgoing = Outgoing {
        body: sent.leaves.body.clone(),
        delivery: sent.asked.delivery,
        at: clock::now(),
    };
    let about = sent.is_translated().then(|| About {
        id: settlement.case().id.clone(),
        created: clock::now().as_second(),
        model: remote.model.clone(),
    });
    let app = Arc::clone(settlement.app());
    // From here on the upstream may see the request: whoever drops this future (a client that
    // leaves) must not make it free.
    let input =
        Usage { input_uncached: settlement.case().input, ..Usage::none(UsageSource::Estimated) };
    settlement.so_far = Bill::Unknown(input);
    let Some(hold) = settlement.hold() else {
        return Err(missed(SendError::Unreachable, settlement));
    };
    settlement.leaves();
    let reply = upstream::send(&app.client, remote, clearance, hold, outgoing).await;
    let reply = match reply {
        Ok(reply) => reply,
        Err(error) => return Err(missed(error, settlement)),
    };
    if !reply.status().is_success() {
        return refused(reply, settlement, remote, sent).await;
    }
    if sent.asked.delivery.is_stream() {
        let cost_max = settlement.hold().map_or(NanoUsd::ZERO, |hold| hold.charge().billed);
        let relay = Relay::new(reply, remote, settlement, (sent, about));
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
    if let Some(refusal) = remote.provider.disguised(&body) {
        let status = refusal.status.and_then(|it| StatusCode::from_u16(it).ok());
        let status = status.unwrap_or(StatusCode::BAD_GATEWAY);
        return turned_down((status, HeaderMap::new()), body, settlement, (remote, sent));
    }
    let usage = remote.provider.usage(&body);
    let bill = usage.map_or(Bill::Unknown(input), Bill::Used);
    let body = if let Some(about) = &about {
        let said = remote.provider.whole(&body).map(|said| unwrapped(said, &sent.leaves));
        let used = usage.unwrap_or(input);
        let told = said.and_then(|said| sent.dialect().told(&said, about, &used));
        let Some(new) = told else {
            let message = "the upstream's answer is not what its interface defines";
            let failure = Failure::upstream(Code::UpstreamError, message);
            let another = Another::MayHelp;
            return Err(Box::new(Miss { failure, settlement, bill, another, spare: None }));
        };
        new.into()
    } else {
        body
    };
    let cost = settlement.finish(Outcome::Answered, bill);
    Ok(Content::Whole { body: unmasked(body, sent.restoration.as_ref()), cost })
}

/// What the caller is told, who knows of no tool that we added.
fn unwrapped<'a>(said: Vec<Said<'a>>, leaves: &Leaving) -> Vec<Said<'a>> {
    if !leaves.is_wrapped {
        return said;
    }
    let mut unwrapped = Unwrapped::default();
    said.into_iter().filter_map(|it| unwrapped.hear(it)).collect()
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
    Box::new(Miss { failure, settlement, bill, another: Another::MayHelp, spare: None })
}

/// An error status.
async fn refused(
    reply: upstream::Reply,
    settlement: Settlement,
    remote: &Remote,
    sent: Sent<'_>,
) -> Result<Content, Box<Miss>> {
    let head = (reply.status(), reply.headers().clone());
    let reading = tokio::time::timeout(remote.timeouts.idle, reply.into_whole(64 << 10));
    let body = reading.await.ok().and_then(Result::ok).unwrap_or_default();
    turned_down(head, body, settlement, (remote, sent))
}

/// Overload and faults of the server may be better elsewhere; what the upstream says about the
/// request itself is passed on.
fn turned_down(
    (status, headers): (StatusCode, HeaderMap),
    body: Bytes,
    settlement: Settlement,
    (remote, sent): (&Remote, Sent<'_>),
) -> Result<Content, Box<Miss>> {
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
        return Err(Box::new(Miss { failure, settlement, bill, another, spare: None }));
    }
    let refusal = remote.provider.refusal(&body);
    let is_usual = !sent.is_translated() && remote.provider.has_usual_errors();
    let body = if is_usual && !body.is_empty() {
        let words = std::str::from_utf8(&body).ok();
        words.map(|words| remote.scrubbed(words).into_bytes().into()).unwrap_or(body)
    } else {
        let why = "the upstream refused the request and did not say why";
        let message = refusal.map_or_else(|| why.to_owned(), |it| remote.scrubbed(&it.message));
        Bytes::from(sent.dialect().complaint(&Complaint {
            status: status.as_u16(),
            code: Code::UpstreamError.name(),
            message: &message,
            decision: Some(&settlement.case().id),
        }))
    };
    let body = unmasked(body, sent.restoration.as_ref());
    settlement.finish(Outcome::TargetFailed, Bill::Nothing);
    Ok(Content::Refusal { status, body, headers })
}

/// Puts values back into a stream of the caller's dialect.
enum Unmask {
    Chat(StreamRestorer),
    Messages(MessageRestorer),
}

impl Unmask {
    fn new(restoration: Restoration, surface: Surface) -> Self {
        match surface {
            Surface::OpenAiChat => Self::Chat(StreamRestorer::new(restoration)),
            Surface::AnthropicMessages => Self::Messages(MessageRestorer::new(restoration)),
        }
    }

    /// The data of what takes an event's place, if anything does.
    fn hear(&mut self, data: &[u8]) -> Option<Vec<String>> {
        match self {
            Self::Chat(chat) => match chat.hear(data) {
                mask::Heard::Changed(data) => Some(vec![data]),
                mask::Heard::Unchanged => None,
            },
            Self::Messages(messages) => messages.hear(data),
        }
    }

    fn finish(&mut self) -> Vec<String> {
        match self {
            Self::Chat(chat) => chat.finish(),
            Self::Messages(messages) => messages.finish(),
        }
    }
}

/// The data of an event with the cost beside the usage.
fn with_cost(data: &[u8], cost_usd: &str) -> Option<Vec<u8>> {
    let end = data.iter().rposition(|byte| *byte == b'}')?;
    let (head, _) = data.split_at_checked(end)?;
    Some([head, b",\"x_ambidex_cost_usd\":\"", cost_usd.as_bytes(), b"\"}"].concat())
}

type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, SendError>> + Send>>;

/// An upstream's stream on its way to the caller: the events pass unchanged, chunk by chunk and no
/// faster than the caller reads; usage is heard in passing.
struct Relay {
    pieces: Pieces,
    ear: Box<dyn Ear>,
    timeouts: Timeouts,
    deadline: Instant,
    delivery: Delivery,
    dialect: &'static dyn Dialect,
    /// Where the upstream speaks another interface than the caller.
    teller: Option<Box<dyn Teller>>,
    /// Where the answer comes as the arguments of a tool that we added.
    unwrapped: Option<Unwrapped>,
    cutter: Box<dyn Cutter>,
    /// `None` once the request is settled: then the stream ends.
    settlement: Option<Settlement>,
    output: Tokens,
    usage: Option<Usage>,
    /// What is known of the prompt before the usage is.
    prompt: Option<Usage>,
    unmask: Option<Unmask>,
}

impl Relay {
    fn new(
        reply: upstream::Reply,
        remote: &Remote,
        settlement: Settlement,
        (sent, about): (Sent<'_>, Option<About>),
    ) -> Self {
        let surface = sent.asked.surface;
        let deadline = clock::instant() + remote.timeouts.total;
        Self {
            pieces: Box::pin(reply.into_pieces()),
            ear: remote.provider.ear(),
            timeouts: remote.timeouts,
            deadline,
            delivery: sent.asked.delivery,
            dialect: sent.dialect(),
            teller: about.map(|about| sent.dialect().teller(about)),
            unwrapped: sent.leaves.is_wrapped.then(Unwrapped::default),
            cutter: remote.provider.cutter(),
            settlement: Some(settlement),
            output: Tokens(0),
            usage: None,
            prompt: None,
            unmask: sent.restoration.map(|it| Unmask::new(it, surface)),
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
                Ok(None) if self.ear.is_whole() => self.end(),
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
        self.cutter.push(chunk);
        let mut out = BytesMut::with_capacity(chunk.len());
        loop {
            match self.cutter.next_event() {
                Ok(Some(event)) => self.hear(&event, &mut out),
                Ok(None) => break,
                Err(error) => {
                    let message = format!("the upstream cannot be understood: {error}");
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
        let Some(data) = self.cutter.data(event) else {
            // Comments keep connections open, the caller's too.
            out.extend_from_slice(event);
            return;
        };
        let Heard { said, usage, prompt, part } = self.ear.hear(&data);
        for text in said.iter().filter_map(Said::text) {
            self.output = self.output + size::estimate(text);
        }
        self.usage = usage.or(self.usage);
        self.prompt = prompt.or(self.prompt);
        if self.teller.is_none() {
            return self.tell(part, &data, Some(event), out);
        }
        let used = self.used();
        let mut told = Vec::new();
        if let Some(teller) = &mut self.teller {
            for said in said {
                let said = match &mut self.unwrapped {
                    Some(unwrapped) => unwrapped.hear(said),
                    None => Some(said),
                };
                if let Some(said) = said {
                    teller.tell(&said, &used, &mut told);
                }
            }
            if part == Part::End {
                teller.end(&used, &mut told);
            }
        }
        self.tell_all(told, out);
    }

    fn tell_all(&mut self, told: Vec<Told>, out: &mut BytesMut) {
        for Told { part, data } in told {
            self.tell(part, data.as_bytes(), None, out);
            if self.settlement.is_none() {
                break;
            }
        }
    }

    /// The upstream ended a whole answer without an event that says so.
    fn end(&mut self) -> Bytes {
        let (used, mut out) = (self.used(), BytesMut::new());
        let mut told = Vec::new();
        match &mut self.teller {
            Some(teller) => teller.end(&used, &mut told),
            None => told.push(Told { part: Part::End, data: "[DONE]".to_owned() }),
        }
        self.tell_all(told, &mut out);
        out.freeze()
    }

    /// Tells the caller an event of its dialect: as it came, where it came in that dialect.
    fn tell(&mut self, part: Part, data: &[u8], event: Option<&Bytes>, out: &mut BytesMut) {
        match part {
            Part::Answer => match self.unmask.as_mut().and_then(|unmask| unmask.hear(data)) {
                Some(events) => self.write_all(&events, out),
                None => self.write(data, event, out),
            },
            // The usage is the caller's only if the caller asked for it.
            Part::UsageOnly if self.delivery != Delivery::StreamWithUsage => {}
            Part::UsageOnly | Part::Final => {
                let cost = self.usage.and_then(|usage| {
                    self.settlement.as_ref().map(|settlement| settlement.cost(&usage).to_string())
                });
                match cost.and_then(|cost| with_cost(data, &cost)) {
                    Some(priced) => self.write(&priced, None, out),
                    None => self.write(data, event, out),
                }
            }
            Part::Error => {
                self.write(data, event, out);
                self.settle(Outcome::Truncated);
            }
            Part::End => {
                let rest = self.unmask.as_mut().map(Unmask::finish).unwrap_or_default();
                self.write_all(&rest, out);
                self.settle(Outcome::Answered);
                self.write(data, event, out);
            }
        }
    }

    fn write(&self, data: &[u8], event: Option<&Bytes>, out: &mut BytesMut) {
        match event {
            Some(event) => out.extend_from_slice(event),
            None => out.extend_from_slice(&self.dialect.frame(data)),
        }
    }

    fn write_all(&self, events: &[String], out: &mut BytesMut) {
        for data in events {
            self.write(data.as_bytes(), None, out);
        }
    }

    /// What was used: as reported, else estimated from what was heard.
    fn used(&self) -> Usage {
        let input = self.settlement.as_ref().map_or(Tokens(0), |it| it.case().input);
        let guess = Usage { input_uncached: input, ..Usage::none(UsageSource::Estimated) };
        let source = UsageSource::Estimated;
        let prompt = self.prompt.map_or(guess, |it| Usage { reasoning: Tokens(0), source, ..it });
        self.usage.unwrap_or(Usage { output: self.output, ..prompt })
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
        error_event(self.dialect, failure, &id)
    }
}
