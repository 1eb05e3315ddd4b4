//! An attempt at an upstream, and its stream on the way back.

mod ask;
mod unmask;

use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use hyper::StatusCode;
use hyper::header::HeaderMap;

use ask::{Asking, Unanswered, left_alone, missed};
use unmask::Unmask;

use super::local::error_event;
use super::{Another, Bill, Content, Leaving, Miss, Settlement};
use crate::chat::talk::Said;
use crate::chat::{Delivery, Hosted, Part, Request, Surface, Usage, UsageSource};
use crate::clock::{self, Instant};
use crate::destination::{Admission, Destination};
use crate::dialect::translate::{About, Teller, Told, Translator, Unwrapped};
use crate::dialect::{self, Complaint, Dialect, near};
use crate::failure::{Code, Failure, Fault};
use crate::inspect::size;
use crate::mask::{self, Restoration};
use crate::money::{NanoUsd, Tokens};
use crate::policy::Clearance;
use crate::route::retry::Others;
use crate::telemetry::Outcome;
use crate::upstream::provider::{Cutter, Ear, Heard, Provider};
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

    fn is_translated(&self) -> bool {
        self.leaves.spoken != Some(self.asked.surface)
    }

    /// What a whole answer says that it used.
    fn usage(&self, provider: &dyn Provider, body: &[u8]) -> Option<Usage> {
        let used = provider.usage(body)?;
        Some(self.asked.hosted.counted(self.asked.surface, used))
    }

    /// The interface that answers are told in first: the caller's, or the one near to it.
    const fn base(&self) -> Surface {
        near::base(self.asked.surface)
    }

    /// A whole answer in the caller's dialect.
    fn told(
        &self,
        provider: &dyn Provider,
        body: &[u8],
        about: &About,
        used: &Usage,
    ) -> Option<Vec<u8>> {
        let (base, to) = (self.base(), self.asked.surface);
        if self.leaves.spoken == Some(base) {
            return near::reply(body, to, about, used);
        }
        let said = unwrapped(provider.whole(body)?, &self.leaves);
        let told = dialect::of(base).told(&said, about, used)?;
        if base == to { Some(told) } else { near::reply(&told, to, about, used) }
    }

    /// Who tells a stream, if the upstream does not speak the caller's interface: what it says, and
    /// what is near.
    fn tellers(&self, about: Option<About>) -> Tellers {
        let Some(about) = about else { return Tellers::default() };
        let near = near::stream(self.asked.surface, about.clone());
        let is_near = self.leaves.spoken == Some(self.base());
        let first = if is_near { None } else { dialect::of(self.base()).teller(about) };
        Tellers { first, near }
    }
}

/// Who tells what an upstream of another interface says, one behind the other.
#[derive(Debug, Default)]
struct Tellers {
    /// In the caller's interface, or in the one near to it.
    first: Option<Box<dyn Teller>>,
    /// From that into the caller's.
    near: Option<Box<dyn Translator>>,
}

/// Sends the request and gives back the answer, whole or as it comes.
pub(super) async fn answer(
    (destination, remote, others): (&Destination, &Remote, Others),
    clearance: Clearance,
    mut settlement: Settlement,
    sent: Sent<'_>,
) -> Result<Content, Box<Miss>> {
    let provider = remote.speaker(sent.asked.surface).map_or(remote.provider, |it| it.provider);
    let outgoing = Outgoing {
        body: sent.leaves.body.clone(),
        asked: sent.asked.surface,
        delivery: sent.asked.delivery,
        at: clock::now(),
    };
    let about = sent.is_translated().then(|| About {
        id: settlement.case().id.clone(),
        created: clock::now().as_second(),
        model: remote.model.clone(),
        asked: sent.asked.body().clone(),
    });
    let input =
        Usage { input_uncached: settlement.case().input, ..Usage::none(UsageSource::Estimated) };
    let asking = Asking { destination, remote, others };
    let (reply, mut admission) = match asking.ask(clearance, &mut settlement, outgoing).await {
        Ok(answered) => answered,
        Err(Unanswered::Failed(error)) => return Err(missed(error, settlement)),
        Err(Unanswered::LeftAlone) => return Err(left_alone(settlement)),
        Err(Unanswered::Refused(head, body)) => {
            return turned_down(head, body, settlement, (remote, sent));
        }
    };
    if sent.asked.delivery.is_stream() {
        let cost_max = settlement.hold().map_or(NanoUsd::ZERO, |hold| hold.charge().billed);
        let relay = Relay::new((reply, admission), remote, settlement, (sent, about));
        let relay = relay.begun().await?;
        let pieces = futures_util::stream::unfold(relay, |mut relay| async move {
            relay.next_piece().await.map(|piece| (piece, relay))
        });
        return Ok(Content::Events { pieces: Box::pin(pieces), cost_max });
    }
    let reading = reply.into_whole(REPLY_BYTES_MAX);
    let body = match tokio::time::timeout(remote.timeouts.total, reading).await {
        Ok(Ok(body)) => body,
        Ok(Err(error)) => {
            admission.failed();
            return Err(missed(error, settlement));
        }
        Err(_) => {
            admission.failed();
            return Err(missed(SendError::Timeout, settlement));
        }
    };
    admission.answered();
    if let Some(refusal) = provider.disguised(&body) {
        let status = refusal.status.and_then(|it| StatusCode::from_u16(it).ok());
        let status = status.unwrap_or(StatusCode::BAD_GATEWAY);
        return turned_down((status, HeaderMap::new()), body, settlement, (remote, sent));
    }
    settlement.hears(|| provider.whole(&body).unwrap_or_default());
    let usage = sent.usage(provider, &body);
    let bill = usage.map_or(Bill::Unknown(input), Bill::Used);
    let body = if let Some(about) = &about {
        let used = usage.unwrap_or(input);
        let Some(new) = sent.told(provider, &body, about, &used) else {
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
    tellers: Tellers,
    /// Where the answer comes as the arguments of a tool that we added.
    unwrapped: Option<Unwrapped>,
    cutter: Box<dyn Cutter>,
    /// `None` once the request is settled: then the stream ends.
    settlement: Option<Settlement>,
    output: Tokens,
    /// The interface that was asked, and the tools that were offered for the answer.
    asked: (Surface, Hosted),
    usage: Option<Usage>,
    /// What is known of the prompt before the usage is.
    prompt: Option<Usage>,
    unmask: Option<Unmask>,
    admission: Admission,
    /// Whether the caller was told anything.
    has_told: bool,
    /// What was made before the head of the reply was sent.
    first: Option<Bytes>,
    /// Why nothing more can come.
    broken: Option<Failure>,
}

impl Relay {
    fn new(
        (reply, admission): (upstream::Reply, Admission),
        remote: &Remote,
        settlement: Settlement,
        (sent, about): (Sent<'_>, Option<About>),
    ) -> Self {
        let surface = sent.asked.surface;
        let deadline = clock::instant() + remote.timeouts.total;
        let provider = remote.speaker(surface).map_or(remote.provider, |it| it.provider);
        Self {
            pieces: Box::pin(reply.into_pieces()),
            ear: provider.ear(),
            timeouts: remote.timeouts,
            deadline,
            delivery: sent.asked.delivery,
            dialect: sent.dialect(),
            tellers: sent.tellers(about),
            unwrapped: sent.leaves.is_wrapped.then(Unwrapped::default),
            cutter: provider.cutter(),
            settlement: Some(settlement),
            output: Tokens(0),
            asked: (surface, sent.asked.hosted),
            usage: None,
            prompt: None,
            unmask: sent.restoration.map(|it| Unmask::new(it, surface)),
            admission,
            has_told: false,
            first: None,
            broken: None,
        }
    }

    /// Waits for the first event: until then nothing is promised to the client, and another target
    /// may do better.
    async fn begun(mut self) -> Result<Self, Box<Miss>> {
        let mut first = BytesMut::new();
        while !self.has_told && self.settlement.is_some() {
            let failure = match self.read().await {
                Ok(out) => {
                    first.extend_from_slice(&out);
                    continue;
                }
                Err(failure) => failure,
            };
            self.note_failure(&failure);
            let Some(settlement) = self.settlement.take() else { break };
            // What is refused instead of answered costs nothing, with whatever status.
            let is_refused = failure.code == Code::UpstreamError;
            let bill = if is_refused { Bill::Nothing } else { settlement.so_far };
            let is_ours = failure.at_fault != Fault::Upstream;
            let another = if is_ours { Another::CannotHelp } else { Another::MayHelp };
            return Err(Box::new(Miss { failure, settlement, bill, another, spare: None }));
        }
        self.first = Some(first.freeze());
        Ok(self)
    }

    /// Everything that the next chunks of the upstream complete; `None` ends the stream.
    async fn next_piece(&mut self) -> Option<Bytes> {
        let mut out = self.first.take().unwrap_or_default();
        while out.is_empty() {
            self.settlement.as_ref()?;
            out = match self.read().await {
                Ok(out) => out,
                Err(failure) => {
                    self.note_failure(&failure);
                    return Some(self.cut(&failure));
                }
            };
        }
        if let Some(settlement) = &mut self.settlement {
            settlement.piece_sent();
        }
        Some(out)
    }

    /// What the next chunk of the upstream completes.
    async fn read(&mut self) -> Result<Bytes, Failure> {
        if let Some(broken) = self.broken.take() {
            return Err(broken);
        }
        let abort = self.settlement.as_ref().map(|it| it.app().shutdown.abort.clone());
        let aborted = async move {
            match abort {
                Some(abort) => abort.cancelled_owned().await,
                None => std::future::pending().await,
            }
        };
        // A model may think for minutes before its first word, though the head of its reply is there.
        let patience = if self.has_told {
            self.timeouts.idle
        } else {
            self.timeouts.idle.max(self.timeouts.first_byte)
        };
        let wait = patience.min(self.deadline.saturating_duration_since(clock::instant()));
        let chunk = tokio::select! {
            () = aborted => {
                let message = "the gateway is stopping; try again";
                return Err(Failure::ours(Code::ShuttingDown, message));
            }
            chunk = tokio::time::timeout(wait, self.pieces.next()) => chunk,
        };
        match chunk {
            Ok(Some(Ok(chunk))) => self.pass(&chunk),
            Ok(None) if self.ear.is_whole() => Ok(self.end()),
            Ok(Some(Err(_)) | None) => {
                let message = "the upstream's answer ended before it was complete";
                Err(Failure::upstream(Code::UpstreamTruncated, message))
            }
            Err(_) => {
                let message = "the upstream stopped sending";
                Err(Failure::upstream(Code::UpstreamTimeout, message))
            }
        }
    }

    /// Passes on every event that the chunk completes. What breaks behind events that are good is told
    /// after them.
    fn pass(&mut self, chunk: &[u8]) -> Result<Bytes, Failure> {
        self.cutter.push(chunk);
        let mut out = BytesMut::with_capacity(chunk.len());
        while self.settlement.is_some() && self.broken.is_none() {
            match self.cutter.next_event() {
                Ok(Some(event)) => self.hear(&event, &mut out),
                Ok(None) => break,
                Err(error) => {
                    let message = format!("the upstream cannot be understood: {error}");
                    self.broken = Some(Failure::upstream(Code::UpstreamError, message));
                }
            }
        }
        self.note_progress();
        match self.broken.take_if(|_| out.is_empty()) {
            Some(broken) => Err(broken),
            None => Ok(out.freeze()),
        }
    }

    /// A client's leaving and our stopping say nothing about the target.
    fn note_failure(&mut self, failure: &Failure) {
        if failure.at_fault == Fault::Upstream {
            self.admission.failed();
        }
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
        if let Some(listener) = self.settlement.as_mut().and_then(Settlement::listener) {
            listener.hear_said(&said);
        }
        let (surface, hosted) = self.asked;
        self.usage = usage.map(|it| hosted.counted(surface, it)).or(self.usage);
        self.prompt = prompt.or(self.prompt);
        let used = self.used();
        let mut told = Vec::new();
        if let Some(teller) = &mut self.tellers.first {
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
        } else if let Some(near) = &mut self.tellers.near {
            told = near.hear(&data, &used);
            return self.tell_each(told, out);
        } else {
            return self.tell(part, &data, Some(event), out);
        }
        self.tell_all(told, out);
    }

    /// Tells events of the interface that is near to the caller's.
    fn tell_all(&mut self, told: Vec<Told>, out: &mut BytesMut) {
        let used = self.used();
        let told = match &mut self.tellers.near {
            Some(near) => told.iter().flat_map(|it| near.hear(it.data.as_bytes(), &used)).collect(),
            None => told,
        };
        self.tell_each(told, out);
    }

    fn tell_each(&mut self, told: Vec<Told>, out: &mut BytesMut) {
        for Told { part, data } in told {
            self.tell(part, data.as_bytes(), None, out);
            if self.settlement.is_none() || self.broken.is_some() {
                break;
            }
        }
    }

    /// The upstream ended a whole answer without an event that says so.
    fn end(&mut self) -> Bytes {
        let (used, mut out) = (self.used(), BytesMut::new());
        let mut told = Vec::new();
        match &mut self.tellers.first {
            Some(teller) => teller.end(&used, &mut told),
            None => told.push(Told { part: Part::End, data: "[DONE]".to_owned() }),
        }
        self.tell_all(told, &mut out);
        out.freeze()
    }

    /// Tells the caller an event of its dialect: as it came, where it came in that dialect.
    fn tell(&mut self, part: Part, data: &[u8], event: Option<&Bytes>, out: &mut BytesMut) {
        let is_first = !std::mem::replace(&mut self.has_told, true);
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
            Part::Error if is_first => {
                self.has_told = false;
                let message = "the upstream reported an error instead of an answer";
                self.broken = Some(Failure::upstream(Code::UpstreamError, message));
            }
            Part::Error => {
                self.write(data, event, out);
                self.admission.failed();
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
            self.settlement.as_ref().map(|settlement| {
                let reserved = settlement.hold().map(|hold| hold.charge().billed);
                settlement.cost(&usage, reserved.unwrap_or_default()).to_string()
            })
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

    /// Whether what was heard tells what was used: what tools of the provider's did, only the usage does.
    fn is_counted(&self) -> bool {
        self.usage.is_some() || self.asked.1.is_none()
    }

    /// An end that nobody announces costs what was heard so far; before the first word nobody knows, nor what
    /// tools of the provider's have done.
    fn note_progress(&mut self) {
        let used = self.used();
        let is_known = self.has_told && self.is_counted();
        if let Some(settlement) = self.settlement.as_mut().filter(|_| is_known) {
            settlement.so_far = Bill::Used(used);
        }
    }

    fn settle(&mut self, outcome: Outcome) {
        if outcome == Outcome::Answered {
            self.admission.answered();
        }
        let used = self.used();
        let bill = if self.is_counted() { Bill::Used(used) } else { Bill::Unknown(used) };
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
