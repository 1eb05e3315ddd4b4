//! Asks a server, and asks it again where that may help, as long as nothing has reached the client.
//!
//! Every attempt is one of the same decision: the same target, the same hold, the same clearance, which
//! only an answer uses up. A server that may have seen the request without saying so is not asked
//! again: it might bill twice.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderName, RETRY_AFTER};

use super::super::{Another, Bill, Miss, Settlement};
use crate::chat::{Usage, UsageSource};
use crate::clock;
use crate::destination::{Admission, Destination};
use crate::failure::{Code, Failure};
use crate::policy::Clearance;
use crate::route::retry::{self, Others, Rules};
use crate::upstream::{self, Failed, Outgoing, Remote, Reply, SendError};

/// Longest refusal that is read.
const REFUSAL_BYTES_MAX: usize = 64 << 10;
/// What official clients read, and some servers send: whether trying again can help.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
/// The pause in milliseconds, which some servers tell besides.
const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");
/// Words of bodies that say that money is the reason: waiting does not help then.
const SPENT: [&[u8]; 3] = [b"insufficient_quota", b"spend_limit_reached", b"billing_hard_limit"];

/// Why there is no answer.
pub(super) enum Unanswered {
    /// It was not asked: others found out that it fails.
    LeftAlone,
    /// No reply came.
    Failed(SendError),
    /// The reply was a refusal: its status, its headers and its body.
    Refused((StatusCode, HeaderMap), Bytes),
}

/// Whom to ask.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) destination: &'a Destination,
    pub(super) remote: &'a Remote,
    /// Whether another target may answer instead.
    pub(super) others: Others,
}

impl Asking<'_> {
    /// The head of an answer, and whom to tell how it ended.
    pub(super) async fn ask(
        self,
        clearance: Clearance,
        settlement: &mut Settlement,
        outgoing: Outgoing,
    ) -> Result<(Reply, Admission), Unanswered> {
        let app = Arc::clone(settlement.app());
        let health = &self.destination.health;
        health.put_aside();
        let mut clearance = clearance;
        let mut last = Unanswered::LeftAlone;
        for retry in 0.. {
            let input = settlement.case().input;
            let input = Usage { input_uncached: input, ..Usage::none(UsageSource::Estimated) };
            // From here on the upstream may see the request: whoever drops this future (a client that
            // leaves) must not make it free.
            settlement.so_far = Bill::Unknown(input);
            let (Some(hold), Some(mut admission)) = (settlement.hold(), health.admission()) else {
                return Err(last);
            };
            if retry == 0 {
                settlement.leaves();
            }
            let (to, outgoing, began) = (self.remote, outgoing.clone(), clock::instant());
            let sent = upstream::send(&app.client, to, clearance, hold, outgoing).await;
            let (unanswered, again) = match sent {
                Ok(reply) if reply.status().is_success() => return Ok((reply, admission)),
                Ok(reply) => {
                    let head = (reply.status(), reply.headers().clone());
                    note(head.0, &mut admission);
                    let patience = self.remote.timeouts.idle;
                    let (body, again) = reply.into_refusal(REFUSAL_BYTES_MAX, patience).await;
                    (Unanswered::Refused(head, body), again)
                }
                Err(Failed { error, clearance }) => {
                    admission.failed();
                    (Unanswered::Failed(error), clearance)
                }
            };
            let asked = asked(&unanswered);
            let pause = Rules::DEFAULT.pause(retry, (asked, self.others), roll());
            let pause = pause.filter(|_| may_help(&unanswered));
            let Some((again, pause)) = again.zip(pause).filter(|_| health.pay_for_retry()) else {
                if let Some(asked) = asked.filter(|_| may_help(&unanswered)) {
                    health.rest(asked);
                }
                return Err(unanswered);
            };
            clearance = again;
            // Nothing is owed for what was refused.
            settlement.so_far = Bill::Nothing;
            let tried = (settlement.case().surface, self.destination.name.as_str());
            app.metrics.attempted(tried, "retried", Some(began.elapsed()));
            last = unanswered;
            if stopped_while_waiting(&app, pause).await {
                break;
            }
        }
        Err(last)
    }
}

async fn stopped_while_waiting(app: &crate::app::App, pause: Duration) -> bool {
    tokio::select! {
        () = app.shutdown.abort.cancelled() => true,
        () = tokio::time::sleep(pause) => false,
    }
}

/// What a refusal says about the server: a fault of its own is one, being asked too much is not, and
/// whoever tells a client what is wrong is well.
fn note(status: StatusCode, admission: &mut Admission) {
    if status.is_server_error() {
        admission.failed();
    } else if status != StatusCode::TOO_MANY_REQUESTS && status != StatusCode::REQUEST_TIMEOUT {
        admission.answered();
    }
}

/// Whether the same server may answer when it is asked again.
fn may_help(unanswered: &Unanswered) -> bool {
    let ((status, headers), body) = match unanswered {
        // A name or a certificate is not mended by trying again at once, a connection may be.
        Unanswered::Failed(error) => return *error == SendError::Unreachable,
        Unanswered::LeftAlone => return false,
        Unanswered::Refused(head, body) => (head, body),
    };
    let is_passing = matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504 | 529);
    let is_spent = SPENT.iter().any(|word| memchr::memmem::find(body, word).is_some());
    let is_denied = headers.get(SHOULD_RETRY).is_some_and(|it| it == "false");
    is_passing && !is_spent && !is_denied
}

/// The pause that the server asks for.
fn asked(unanswered: &Unanswered) -> Option<Duration> {
    let Unanswered::Refused((_, headers), _) = unanswered else { return None };
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    retry::asked(text(&RETRY_AFTER_MS), text(&RETRY_AFTER), clock::now())
}

/// A number drawn from all. Without dice every pause is the same, which is no harm.
fn roll() -> u64 {
    let mut bytes = [0; 8];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u64::from_le_bytes(bytes),
        Err(_) => 0,
    }
}

/// Nothing was sent.
pub(super) fn left_alone(settlement: Settlement) -> Box<Miss> {
    let message = "this model failed lately and is left alone for a moment; try again shortly";
    let failure = Failure::ours(Code::TargetsUnavailable, message);
    let (bill, another) = (Bill::Nothing, Another::MayHelp);
    Box::new(Miss { failure, settlement, bill, another, spare: None })
}

/// No reply came.
pub(super) fn missed(error: SendError, settlement: Settlement) -> Box<Miss> {
    let code = match error {
        SendError::Name | SendError::Certificate | SendError::Unreachable => {
            Code::UpstreamUnreachable
        }
        SendError::Timeout => Code::UpstreamTimeout,
        SendError::Broken => Code::UpstreamTruncated,
    };
    let bill = if error.may_have_arrived() { settlement.so_far } else { Bill::Nothing };
    let failure = Failure::upstream(code, format!("the upstream failed: {error}"));
    Box::new(Miss { failure, settlement, bill, another: Another::MayHelp, spare: None })
}
