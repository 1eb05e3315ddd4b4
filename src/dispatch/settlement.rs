//! The end of a request: money settled, the ledger's row closed, metrics counted. Exactly once,
//! however it ended: dropping a [`Settlement`] that nobody finished settles it, too.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::OwnedSemaphorePermit;

use super::comparison::{self, Comparison, Sample};
use super::ending::{Ended, Left, Race};
use crate::app::App;
use crate::budget::{Charge, Hold};
use crate::cache::Place;
use crate::caller::{Caller, Seats, Standing};
use crate::chat::Usage;
use crate::chat::talk::Said;
use crate::clock::{self, Instant};
use crate::destination::Destination;
use crate::idempotency::Ticket;
use crate::money::{NanoUsd, Tokens};
use crate::policy::{TargetId, Verdict};
use crate::record::{self, Ending, SentTo};
use crate::route::price::Price;
use crate::telemetry::traces::{Attribute, Attributes, End, Parts, Reach, Span};
use crate::telemetry::{Outcome, RequestLabels, Sums, genai};

/// What the end of a request means for the money.
#[derive(Clone, Copy, Debug)]
pub enum Bill {
    /// Nothing was sent, or the upstream refused: nothing is owed.
    Nothing,
    /// This much was used.
    Used(Usage),
    /// The local engine worked this long.
    Local(Usage, Duration),
    /// Sent, but how much was used is not known: the reserved amount counts as spent.
    Unknown(Usage),
}

/// What earlier attempts of the same request came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Carried {
    /// What they may be billed.
    pub cost: NanoUsd,
    /// What our own machines cost for them.
    pub imputed: NanoUsd,
    /// What became of a local answer among them.
    pub verified: Option<Verified>,
}

impl Carried {
    /// There was none.
    pub const NOTHING: Self = Self { cost: NanoUsd::ZERO, imputed: NanoUsd::ZERO, verified: None };

    /// With what others came to.
    pub(super) fn and(self, others: Self) -> Self {
        Self {
            cost: self.cost + others.cost,
            imputed: self.imputed + others.imputed,
            verified: others.verified.or(self.verified),
        }
    }

    pub(super) const fn is_nothing(&self) -> bool {
        !self.cost.is_positive() && !self.imputed.is_positive()
    }
}

/// A local answer that was looked at.
#[derive(Clone, Copy, Debug)]
pub struct Verified {
    /// The tenth percentile of its token probabilities.
    pub score: f32,
    /// What became of it.
    pub verdict: Verdict,
}

impl Verified {
    pub(super) fn recorded(self) -> record::Verified {
        record::Verified { score: f64::from(self.score), verdict: self.verdict.name().to_owned() }
    }
}

/// What stays the same about a request from its decision to its end.
#[derive(Debug)]
pub struct Case {
    /// The decision's id.
    pub id: String,
    /// The winning route.
    pub route: String,
    /// Who asked.
    pub caller: Arc<Caller>,
    /// The public interface's name.
    pub surface: &'static str,
    /// When the request came in, by the clock on the wall: prices are dated.
    pub at: Timestamp,
    /// When the request came in.
    pub started: Instant,
    /// Estimated prompt tokens.
    pub input: Tokens,
    /// The tokens that it may use, for rates.
    pub tokens: u32,
    /// The servers that may have seen it.
    pub sent_to: Servers,
    /// What is left of the caller's rates.
    pub standing: Standing,
    /// The caller's places, until the request ends.
    pub seats: Seats,
    /// What its decision set aside, on disk.
    pub reserved: NanoUsd,
    /// Whether its decision is on disk; one that stays in this process can do without.
    pub is_recorded: bool,
    /// What was set aside beyond that for further attempts, on disk.
    pub raised: Raised,
    /// Into how many parts the local model had to cut its text.
    pub read_in: ReadIn,
    /// The key under which the client may ask again, until the request ends.
    pub ticket: Option<Ticket>,
    /// Where its answer is kept for whoever asks the same, if it is.
    pub place: Option<Arc<Place>>,
    /// What it consisted of so far, where traces are wanted.
    pub parts: Parts,
}

impl Case {
    /// The same for what goes on when the client has its answer: it holds none of the caller's places.
    pub(super) fn aside(&self) -> Self {
        Self {
            id: self.id.clone(),
            route: self.route.clone(),
            caller: Arc::clone(&self.caller),
            surface: self.surface,
            at: self.at,
            started: self.started,
            input: self.input,
            tokens: self.tokens,
            sent_to: Servers(Mutex::new(self.sent_to.list())),
            standing: Standing::default(),
            seats: Seats::default(),
            reserved: self.reserved,
            is_recorded: self.is_recorded,
            raised: Raised(Mutex::new(self.raised.get())),
            read_in: ReadIn(AtomicU32::new(self.read_in.get())),
            ticket: None,
            place: None,
            parts: Parts::default(),
        }
    }

    /// The labels of its metrics, for a target.
    pub(super) fn labels<'a>(&'a self, target: &'a str) -> RequestLabels<'a> {
        let (route, team) = (self.route.as_str(), self.caller.team.as_str());
        RequestLabels { route, target, team, surface: self.surface }
    }

    /// Notes a part of the request that ends now.
    pub fn part(
        &self,
        name: &'static str,
        from: Instant,
        (reach, end): (Reach, End),
        attributes: Attributes,
    ) {
        if self.parts.is_kept() {
            let start = self.moment(from);
            let took = from.elapsed();
            self.parts.add(Span { name, start, took, reach, end, attributes });
        }
    }

    /// Notes a stage of ours that is over.
    pub fn part_until(&self, name: &'static str, from: Instant, until: Instant) {
        let took = until.duration_since(from);
        let (start, attributes) = (self.moment(from), Vec::new());
        self.parts.add(Span { name, start, took, reach: Reach::Here, end: End::Good, attributes });
    }

    /// The time on the wall at an instant after the request came in.
    pub fn moment(&self, at: Instant) -> Timestamp {
        let since = SignedDuration::try_from(at.duration_since(self.started)).unwrap_or_default();
        self.at.checked_add(since).unwrap_or(self.at)
    }
}

/// How much more than its decision said a request may cost by now.
#[derive(Debug, Default)]
pub struct Raised(Mutex<NanoUsd>);

impl Raised {
    /// How much.
    pub fn get(&self) -> NanoUsd {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is on disk that it is so much.
    pub fn set(&self, amount: NanoUsd) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = amount;
    }
}

/// Into how many parts a text was cut; 0 if it was read whole.
#[derive(Debug, Default)]
pub struct ReadIn(AtomicU32);

impl ReadIn {
    /// How many.
    pub fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    /// It is cut into so many.
    pub fn set(&self, parts: usize) {
        self.0.store(u32::try_from(parts).unwrap_or(u32::MAX), Ordering::Relaxed);
    }
}

/// The servers that may have seen a request so far.
#[derive(Debug, Default)]
pub struct Servers(Mutex<Vec<SentTo>>);

impl Servers {
    pub(super) fn list(&self) -> Vec<SentTo> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, server: SentTo) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(server);
    }
}

/// An open request. Whoever holds it must say how it ended.
#[must_use = "a request that nobody ends counts as one whose client left"]
pub struct Settlement {
    app: Arc<App>,
    case: Arc<Case>,
    target: TargetId,
    hold: Option<Hold>,
    first_piece: Option<Duration>,
    /// What came before it; settled with holds of its own.
    carried: Carried,
    verified: Option<Verified>,
    /// What the answer is to be compared with, once the client has it.
    sample: Option<Box<Sample>>,
    /// The answer that the client has, which this attempt is compared with.
    comparison: Option<Box<Comparison>>,
    /// The attempts that run beside it.
    race: Option<Arc<Race>>,
    opened: Instant,
    /// What is known to be used so far, for an end that nobody announces.
    pub so_far: Bill,
    _seat: OwnedSemaphorePermit,
}

impl Settlement {
    /// Opens the account of one attempt.
    pub fn open(
        app: Arc<App>,
        case: Arc<Case>,
        target: TargetId,
        hold: Hold,
        seat: OwnedSemaphorePermit,
    ) -> Self {
        let so_far = Bill::Nothing;
        Self {
            app,
            case,
            target,
            hold: Some(hold),
            first_piece: None,
            carried: Carried::NOTHING,
            verified: None,
            sample: None,
            comparison: None,
            race: None,
            opened: clock::instant(),
            so_far,
            _seat: seat,
        }
    }

    /// Proof that money is set aside.
    pub const fn hold(&self) -> Option<&Hold> {
        self.hold.as_ref()
    }

    /// The gateway.
    pub const fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// The request's fixed data.
    pub const fn case(&self) -> &Arc<Case> {
        &self.case
    }

    /// From here on the target may see the request.
    pub fn leaves(&self) {
        if let Some(it) = self.destination() {
            let (target, zone) = (it.name.clone(), it.zone.clone());
            self.case.sent_to.add(SentTo { target, zone });
        }
    }

    /// The first piece of a stream is on its way.
    pub fn piece_sent(&mut self) {
        if self.first_piece.is_none() {
            self.first_piece = Some(self.case.started.elapsed());
        }
    }

    /// What this usage costs at the target: by the user's own price, else as the upstream says that it
    /// bills, else by the book. What has no price of its own, such as a service tier that nobody knows, costs
    /// what was `reserved`, and more if its tokens alone do.
    pub fn cost(&self, usage: &Usage, reserved: NanoUsd) -> NanoUsd {
        let destination = self.destination();
        let price = destination.and_then(|it| it.price(self.case.at));
        let is_own = destination.is_some_and(|it| it.has_own_price);
        let billed = usage.billed.filter(|_| !is_own);
        let of = |price: &Price| {
            price.cost(usage).unwrap_or_else(|| reserved.max(price.usual_cost(usage)))
        };
        billed.or_else(|| price.map(of)).unwrap_or(NanoUsd::ZERO)
    }

    fn destination(&self) -> Option<&Destination> {
        self.app.destination(self.target)
    }

    /// Adds what earlier attempts of the same request came to.
    pub const fn carry(&mut self, carried: Carried) {
        self.carried = carried;
    }

    /// What became of a local answer that was looked at.
    pub const fn note_verified(&mut self, verified: Verified) {
        self.verified = Some(verified);
    }

    /// Once the client has this answer, it is compared with another target's.
    pub(super) fn compare_later(&mut self, sample: Sample) {
        self.sample = Some(Box::new(sample));
    }

    /// This attempt is made to compare its answer with one that the client has.
    pub(super) fn compares(&mut self, comparison: Comparison) {
        self.comparison = Some(Box::new(comparison));
    }

    /// What listens to this attempt's answer, if anything does.
    pub(super) fn listener(&mut self) -> Option<&mut Comparison> {
        self.comparison.as_deref_mut()
    }

    /// Lets whatever listens hear a whole answer.
    pub(super) fn hears<'a>(&mut self, said: impl FnOnce() -> Vec<Said<'a>>) {
        if let Some(listener) = self.listener() {
            listener.hear_said(&said());
        }
    }

    /// A local answer that was not accepted becomes the answer all the same.
    pub fn keep(&mut self) {
        let verified = self.verified.or(self.carried.verified);
        self.verified = verified.map(|it| Verified { verdict: Verdict::Kept, ..it });
    }

    /// This attempt is over and another follows. Returns what all of them came to so far.
    pub fn give_up(mut self, bill: Bill) -> Carried {
        let is_judged = self.verified.is_some();
        self.count_attempt(if is_judged { "not_accepted" } else { "missed" });
        let carried = self.settle_alone(bill);
        match self.race.take().map(|race| race.leave(carried)) {
            None => carried,
            Some(Left::Behind) => Carried::NOTHING,
            Some(Left::Last(all)) => all,
            Some(Left::Ends(ended)) => {
                self.app.record_ending(ended.row(&self.app, &self.case));
                Carried::NOTHING
            }
        }
    }

    /// Settles the money of this attempt, which does not end the request. Returns what it and those
    /// before it came to.
    fn settle_alone(&mut self, bill: Bill) -> Carried {
        let before = self.carried;
        let Some(hold) = self.hold.take() else { return before };
        let reserved = hold.charge().billed;
        let (_, ending, sums) = self.account(bill, reserved);
        match ending {
            Ending::Released => hold.release(),
            Ending::Settled => {
                hold.settle(Charge { billed: sums.cost, imputed: sums.imputed });
            }
        }
        before.and(Carried { cost: sums.cost, imputed: sums.imputed, verified: self.verified })
    }

    /// From here on it runs beside another attempt, or may.
    pub(super) fn joins(&mut self, race: &Arc<Race>) {
        self.race = Some(race.enter());
    }

    /// Ends the request and returns what it cost.
    pub fn finish(mut self, outcome: Outcome, bill: Bill) -> NanoUsd {
        self.close(outcome, bill)
    }

    fn close(&mut self, outcome: Outcome, bill: Bill) -> NanoUsd {
        let Some(hold) = self.hold.take() else { return NanoUsd::ZERO };
        let reserved = hold.charge().billed;
        let (usage, ending, sums) = self.account(bill, reserved);
        let charge = Charge { billed: sums.cost, imputed: sums.imputed };
        match ending {
            Ending::Released => hold.release(),
            Ending::Settled => {
                hold.settle(charge);
            }
        }
        if let Some(comparison) = self.comparison.take() {
            self.close_comparison(*comparison, outcome, (usage, sums));
            return sums.cost;
        }
        let (target, first_piece, verified) = (self.target, self.first_piece, self.verified);
        let ended = Ended { target, outcome, ending, usage, sums, first_piece, verified };
        let ended = ended.with(self.carried);
        let cost = ended.sums.cost;
        // An answer that was given for want of a better one is given once.
        if let Some(place) = self.case.place.as_ref().filter(|_| !ended.is_makeshift())
            && outcome == Outcome::Answered
        {
            place.answered(self.target, cost + ended.sums.avoided);
        }
        self.count_attempt(outcome.name());
        let ended = match self.race.take() {
            Some(race) => race.end(ended),
            None => Some(ended),
        };
        // Where another attempt still runs, that one closes the row.
        let Some(ended) = ended else { return cost };
        let row = ended.row(&self.app, &self.case);
        match self.sample.take().filter(|_| outcome == Outcome::Answered) {
            // Without a record nothing is bought, and nothing ends.
            _ if !self.case.is_recorded => {}
            Some(sample) => comparison::begin(&self.app, &self.case, *sample, row),
            None => self.app.record_ending(row),
        }
        ended.sums.cost
    }

    /// Ends the request whose answer was compared: it has one row, and that is written now.
    fn close_comparison(
        &self,
        comparison: Comparison,
        outcome: Outcome,
        (usage, sums): (Option<Usage>, Sums),
    ) {
        let is_answered = outcome == Outcome::Answered;
        self.count_attempt(if is_answered { "compared" } else { "missed" });
        let target = self.destination().map_or("other", |it| it.name.as_str());
        let (labels, metrics) = (self.case.labels(target), &self.app.metrics);
        // Nothing is avoided by asking twice.
        let sums = Sums { avoided: NanoUsd::ZERO, ..sums };
        metrics.spent(labels, sums);
        if let Some(usage) = usage {
            metrics.used(labels, &usage);
        }
        let agreement = if is_answered { comparison.agreement() } else { None };
        metrics.compared(labels.route, comparison.task.name(), agreement);
        let mut row = comparison.into_row();
        row.cost += sums.cost;
        row.imputed += sums.imputed;
        row.sent_to = self.case.sent_to.list();
        row.raised = self.case.raised.get();
        let with = target.to_owned();
        row.compared = Some(record::Compared { with, cost: sums.cost, agreement });
        self.app.record_ending(row);
    }

    fn account(&self, bill: Bill, reserved: NanoUsd) -> (Option<Usage>, Ending, Sums) {
        match bill {
            Bill::Nothing => (None, Ending::Released, Sums::default()),
            Bill::Used(usage) => {
                let cost = self.cost(&usage, reserved);
                (Some(usage), Ending::Settled, Sums { cost, ..Sums::default() })
            }
            Bill::Unknown(usage) => {
                let cost = reserved.max(self.cost(&usage, reserved));
                (Some(usage), Ending::Settled, Sums { cost, ..Sums::default() })
            }
            Bill::Local(usage, engine_time) => {
                let reference = self.app.reference().and_then(|it| it.price(self.case.at));
                let avoided = reference.and_then(|it| it.cost(&usage)).unwrap_or_default();
                let imputed = imputed(self.app.machine_hour, engine_time);
                (Some(usage), Ending::Settled, Sums { avoided, imputed, ..Sums::default() })
            }
        }
    }

    fn count_attempt(&self, result: &str) {
        let target = self.destination().map_or("other", |it| it.name.as_str());
        let took = self.opened.elapsed();
        self.app.metrics.attempted((self.case.surface, target), result, Some(took));
        let end = match result {
            "missed" | "target_failed" | "truncated" => End::Failed,
            _ => End::Good,
        };
        let Some(it) = self.destination().filter(|_| self.case.parts.is_kept()) else { return };
        let reach = if it.engine().is_some() { Reach::Here } else { Reach::Out };
        let name = |text: &str| Attribute::Name(text.to_owned());
        let attributes = vec![
            ("gen_ai.operation.name", name(genai::operation(self.case.surface))),
            ("gen_ai.provider.name", name(genai::provider(it.provider()))),
            ("gen_ai.request.model", name(it.model())),
            ("ambidex.target", name(target)),
            ("ambidex.zone", name(&it.zone)),
            ("ambidex.result", name(result)),
        ];
        self.case.part("attempt", self.opened, (reach, end), attributes);
    }
}

/// What the machine's time is worth, rounded up.
fn imputed(machine_hour: NanoUsd, engine_time: Duration) -> NanoUsd {
    const NANOS_PER_HOUR: i128 = 3_600_000_000_000;
    let nanos = i128::try_from(engine_time.as_nanos()).unwrap_or(i128::MAX);
    let product = machine_hour.nanos().saturating_mul(nanos);
    NanoUsd::new(product.saturating_add(NANOS_PER_HOUR - 1).div_euclid(NANOS_PER_HOUR))
}

impl Drop for Settlement {
    fn drop(&mut self) {
        let so_far = self.so_far;
        let Some(race) = self.race.take_if(|race| self.hold.is_some() && race.goes_on()) else {
            self.close(Outcome::ClientGone, so_far);
            return;
        };
        // Another attempt was quicker, or goes on: this one is cancelled.
        self.count_attempt("outrun");
        let carried = self.settle_alone(so_far);
        if let Left::Ends(ended) = race.leave(carried) {
            self.app.record_ending(ended.row(&self.app, &self.case));
        }
    }
}

impl fmt::Debug for Settlement {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Settlement({})", self.case.id)
    }
}
