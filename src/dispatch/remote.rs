//! An attempt at an upstream, and its stream on the way back.

use std::pin::Pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use hyper::StatusCode;

use super::local::error_event;
use super::{Another, Bill, Content, Miss, Settlement};
use crate::chat::{Delivery, Part, Request, Surface, Usage, UsageSource};
use crate::clock::{self, Instant};
use crate::dialect::translate::{self, About, Translator};
use crate::dialect::{self, Complaint, Dialect, near, sse};
use crate::failure::{Code, Failure};
use crate::mask::{self, MessageRestorer, ResponseRestorer, Restoration, StreamRestorer};
use crate::money::{NanoUsd, Tokens};
use crate::policy::Clearance;
use crate::telemetry::Outcome;
use crate::upstream::provider::{Ear, Heard};
use crate::upstream::{self, Remote, SendError, Timeouts};

/// Largest whole reply that is read.
const REPLY_BYTES_MAX: usize = 32 << 20;

/// What is sent, and what is done to the answer on its way back.
pub(super) struct Sent<'a> {
    /// The request as the caller made it: the answer is in its dialect.
    pub asked: &'a Request,
    /// The request as it leaves, in the provider's dialect.
    pub leaves: &'a Request,
    /// The limit on answer tokens.
    pub output_max: Tokens,
    /// The values to put back.
    pub restoration: Option<Restoration>,
}

impl Sent<'_> {
    fn dialect(&self) -> &'static dyn Dialect {
        dialect::of(self.asked.surface)
    }

    fn is_translated(&self) -> bool {
        self.asked.surface != self.leaves.surface
    }

    /// A whole answer in the caller's dialect.
    fn told(&self, body: &[u8], about: &About, used: &Usage) -> Option<Vec<u8>> {
        let to = self.asked.surface;
        if self.leaves.surface == near::base(to) {
            return near::reply(body, to, about, used);
        }
        let told = translate::reply(body, near::base(to), about, used)?;
        near::reply(&told, to, about, used)
    }

    /// Those who turn a stream into the caller's dialect, one behind the other.
    fn translators(&self, about: Option<About>) -> Vec<Box<dyn Translator>> {
        let Some(about) = about else { return Vec::new() };
        let (from, to) = (self.leaves.surface, self.asked.surface);
        let first =
            (from != near::base(to)).then(|| translate::stream(near::base(to), about.clone()));
        first.into_iter().chain(near::stream(to, about)).collect()
    }
}

/// Sends the request and gives back the answer, whole or as it comes.
pub(super) async fn answer(
    remote: &Remote,
    clearance: Clearance,
    mut settlement: Settlement,
    sent: Sent<'_>,
) -> Result<Content, Box<Miss>> {
    let spoken = sent.leaves.surface;
    let provider = remote.speaker(spoken);
    let outgoing = provider.outgoing(sent.leaves, &remote.model, sent.output_max);
    let about = sent.is_translated().then(|| About {
        id: settlement.case().id.clone(),
        created: clock::now().as_second(),
        model: remote.model.clone(),
        asked: sent.asked.body().clone(),
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
    let reply = upstream::send(&app.client, (remote, spoken), clearance, hold, outgoing).await;
    let reply = match reply {
        Ok(reply) => reply,
        Err(error) => return Err(missed(error, settlement)),
    };
    if !reply.status().is_success() {
        return refused(reply, settlement, (remote.timeouts, sent)).await;
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
    let usage = provider.usage(&body);
    let bill = usage.map_or(Bill::Unknown(input), Bill::Used);
    let body = if let Some(about) = &about {
        let used = usage.unwrap_or(input);
        let Some(new) = sent.told(&body, about, &used) else {
            let message = "the upstream's answer is not what its interface defines";
            let failure = Failure::upstream(Code::UpstreamError, message);
            return Err(Box::new(Miss {
                failure,
                settlement,
                bill,
                another: Another::MayHelp,
                spare: None,
            }));
        };
        new.into()
    } else {
        body
    };
    let cost = settlement.finish(Outcome::Answered, bill);
    Ok(Content::Whole { body: unmasked(body, sent.restoration.as_ref()), cost })
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

/// An error status. Overload and faults of the server may be better elsewhere; what the upstream
/// says about the request itself is passed on.
async fn refused(
    reply: upstream::Reply,
    settlement: Settlement,
    (timeouts, sent): (Timeouts, Sent<'_>),
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
        return Err(Box::new(Miss { failure, settlement, bill, another, spare: None }));
    }
    let headers = reply.headers().clone();
    let reading = tokio::time::timeout(timeouts.idle, reply.into_whole(64 << 10));
    let complaint = |message: &str| {
        Bytes::from(sent.dialect().complaint(&Complaint {
            status: status.as_u16(),
            code: Code::UpstreamError.name(),
            message,
            decision: Some(&settlement.case().id),
        }))
    };
    let why = "the upstream refused the request and did not say why";
    let body = match reading.await {
        Ok(Ok(body)) if !body.is_empty() && sent.is_translated() => {
            let said = translate::said(&body);
            unmasked(complaint(said.as_deref().unwrap_or(why)), sent.restoration.as_ref())
        }
        Ok(Ok(body)) if !body.is_empty() => unmasked(body, sent.restoration.as_ref()),
        _ => complaint(why),
    };
    settlement.finish(Outcome::TargetFailed, Bill::Nothing);
    Ok(Content::Refusal { status, body, headers })
}

/// Puts values back into a stream of the caller's dialect.
enum Unmask {
    Chat(StreamRestorer),
    Messages(MessageRestorer),
    Responses(ResponseRestorer),
}

impl Unmask {
    fn new(restoration: Restoration, surface: Surface) -> Self {
        match surface {
            Surface::OpenAiChat | Surface::OpenAiCompletions | Surface::OpenAiEmbeddings => {
                Self::Chat(StreamRestorer::new(restoration))
            }
            Surface::OpenAiResponses => Self::Responses(ResponseRestorer::new(restoration)),
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
            Self::Responses(responses) => responses.hear(data),
        }
    }

    fn finish(&mut self) -> Vec<String> {
        match self {
            Self::Chat(chat) => chat.finish(),
            Self::Messages(messages) => messages.finish(),
            Self::Responses(responses) => responses.finish(),
        }
    }
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
    /// Where the upstream speaks another dialect than the caller.
    translators: Vec<Box<dyn Translator>>,
    splitter: sse::Splitter,
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
            ear: remote.speaker(sent.leaves.surface).ear(),
            timeouts: remote.timeouts,
            deadline,
            delivery: sent.asked.delivery,
            dialect: sent.dialect(),
            translators: sent.translators(about),
            splitter: sse::Splitter::default(),
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
        let heard: Heard = self.ear.hear(&data);
        self.output = self.output + heard.text_tokens;
        self.usage = heard.usage.or(self.usage);
        self.prompt = heard.prompt.or(self.prompt);
        let used = self.used();
        let Some((first, others)) = self.translators.split_first_mut() else {
            return self.tell(heard.part, &data, Some(event), out);
        };
        let mut all = first.hear(&data, &used);
        for next in others {
            all = all.iter().flat_map(|told| next.hear(told.data.as_bytes(), &used)).collect();
        }
        for told in all {
            self.tell(told.part, told.data.as_bytes(), None, out);
            if self.settlement.is_none() {
                break;
            }
        }
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
            Part::UsageOnly | Part::Final => self.tell_usage(data, event, out),
            Part::Last => {
                // It says the whole answer once more.
                let events = self.unmask.as_mut().and_then(|unmask| unmask.hear(data));
                match events.as_deref().and_then(<[String]>::split_last) {
                    Some((last, before)) => {
                        self.write_all(before, out);
                        self.tell_usage(last.as_bytes(), None, out);
                    }
                    None => self.tell_usage(data, event, out),
                }
                self.settle(Outcome::Answered);
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

    /// Tells what was used, with its cost, where that is known.
    fn tell_usage(&self, data: &[u8], event: Option<&Bytes>, out: &mut BytesMut) {
        let cost = self.usage.and_then(|usage| {
            self.settlement.as_ref().map(|settlement| settlement.cost(&usage).to_string())
        });
        match cost.and_then(|cost| dialect::with_cost(data, &cost)) {
            Some(priced) => self.write(&priced, None, out),
            None => self.write(data, event, out),
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
