//! The metrics themselves, in a registry of their own.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    CounterVec, Encoder, GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry,
    TextEncoder,
};

use super::catalog::{self, Kind, Metric};
use super::genai::{Version, View};
use super::names::Names;
use crate::budget::PotView;
use crate::chat::Usage;
use crate::failure::Code;
use crate::money::{NanoUsd, Tokens};

/// What can fail so that a request is kept in or back.
const FAIL_CLOSED_CAUSES: [&str; 3] = ["ledger", "scan", "masking"];
/// Most teams with series of their own.
const TEAMS_MAX: usize = 100;
/// Most subjects of budgets with series of their own.
const SUBJECTS_MAX: usize = 100;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The whole answer was delivered.
    Answered,
    /// The policy or a limit said no.
    Refused,
    /// The client left before the end.
    ClientGone,
    /// The target failed.
    TargetFailed,
    /// The answer ended too early.
    Truncated,
    /// An answer that was given before was given again.
    Cached,
}

impl Outcome {
    /// The word that records and metrics use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::ClientGone => "client_gone",
            Self::TargetFailed => "target_failed",
            Self::Truncated => "truncated",
            Self::Cached => "cached",
        }
    }
}

/// The labels that most metrics of a request share.
#[derive(Clone, Copy, Debug)]
pub struct RequestLabels<'a> {
    /// The route's id, or `none`.
    pub route: &'a str,
    /// The target's name, or `none`.
    pub target: &'a str,
    /// The caller's team as configured.
    pub team: &'a str,
    /// The public interface's name.
    pub surface: &'a str,
}

/// Every metric of one gateway.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    genai: Option<View>,
    /// Requests by outcome.
    pub requests: IntCounterVec,
    duration: HistogramVec,
    first_token: HistogramVec,
    per_token: HistogramVec,
    overhead: HistogramVec,
    cost: CounterVec,
    avoided: CounterVec,
    imputed: CounterVec,
    tokens: IntCounterVec,
    /// Decisions by winning route.
    pub decisions: IntCounterVec,
    /// Limits that applied, by what became of the request.
    pub limits_applied: IntCounterVec,
    /// Errors by code.
    pub refusals: IntCounterVec,
    /// Sensitive values by label.
    pub findings: IntCounterVec,
    attempts: IntCounterVec,
    /// Requests without a known price.
    pub unpriced: IntCounterVec,
    budget_limit: GaugeVec,
    budget_spent: GaugeVec,
    budget_reserved: GaugeVec,
    budget_start: GaugeVec,
    budget_end: GaugeVec,
    /// Requests kept in or back because something of ours failed.
    pub fail_closed: IntCounterVec,
    dropped: IntCounterVec,
    /// Traces that nobody took.
    pub dropped_traces: IntCounterVec,
    target_info: GaugeVec,
    teams: Names,
    subjects: Names,
    /// Held by whoever sets gauges to read them.
    page: Mutex<()>,
    /// Waiting requests of the local engine.
    pub local_queue: GaugeVec,
    /// Whether targets take requests.
    pub target_up: GaugeVec,
    local_speed: HistogramVec,
    local_batch: HistogramVec,
    local_wait: HistogramVec,
    local_first: HistogramVec,
    /// Local answers that nobody waited for.
    pub local_cancelled: IntCounterVec,
    /// Requests that the local engine did not answer.
    pub local_refused: IntCounterVec,
    /// Memory of local models.
    pub local_memory: GaugeVec,
    /// What the local models are.
    pub local_info: GaugeVec,
    /// The policy in force.
    pub policy_info: GaugeVec,
    /// Readings of the policy file by result.
    pub policy_reloads: IntCounterVec,
    /// Whether the policy file is not the policy in force.
    pub policy_file_refused: GaugeVec,
    /// Decisions of a shadow policy.
    pub shadow_decisions: IntCounterVec,
    cascade_answers: IntCounterVec,
    cascade_score: HistogramVec,
    cascade_agreement: HistogramVec,
    cascade_compared: IntCounterVec,
    /// Answers that were looked for in the cache.
    pub cache_lookups: IntCounterVec,
    cache_answers: GaugeVec,
    cache_bytes: GaugeVec,
    cache_dropped: IntCounterVec,
}

impl Metrics {
    /// Makes and registers every metric of the catalogue. `teams` are those of the configuration.
    pub fn new(teams: impl IntoIterator<Item = String>) -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let build_info = gauge(&registry, &catalog::BUILD_INFO)?;
        build_info.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1.0);
        let metrics = Self {
            requests: int_counter(&registry, &catalog::REQUESTS)?,
            duration: histogram(&registry, &catalog::DURATION)?,
            first_token: histogram(&registry, &catalog::FIRST_TOKEN)?,
            per_token: histogram(&registry, &catalog::PER_TOKEN)?,
            overhead: histogram(&registry, &catalog::OVERHEAD_TIME)?,
            cost: counter(&registry, &catalog::COST)?,
            avoided: counter(&registry, &catalog::AVOIDED)?,
            imputed: counter(&registry, &catalog::IMPUTED)?,
            tokens: int_counter(&registry, &catalog::TOKENS)?,
            decisions: int_counter(&registry, &catalog::DECISIONS)?,
            limits_applied: int_counter(&registry, &catalog::LIMITS_APPLIED)?,
            refusals: int_counter(&registry, &catalog::REFUSALS)?,
            findings: int_counter(&registry, &catalog::FINDINGS)?,
            attempts: int_counter(&registry, &catalog::ATTEMPTS)?,
            unpriced: int_counter(&registry, &catalog::UNPRICED)?,
            budget_limit: gauge(&registry, &catalog::BUDGET_LIMIT)?,
            budget_spent: gauge(&registry, &catalog::BUDGET_SPENT)?,
            budget_reserved: gauge(&registry, &catalog::BUDGET_RESERVED)?,
            budget_start: gauge(&registry, &catalog::BUDGET_START)?,
            budget_end: gauge(&registry, &catalog::BUDGET_END)?,
            fail_closed: int_counter(&registry, &catalog::FAIL_CLOSED)?,
            dropped: int_counter(&registry, &catalog::DROPPED)?,
            dropped_traces: int_counter(&registry, &catalog::DROPPED_TRACES)?,
            target_info: gauge(&registry, &catalog::TARGET_INFO)?,
            teams: Names::new(teams, TEAMS_MAX),
            subjects: Names::new([], SUBJECTS_MAX),
            page: Mutex::new(()),
            local_queue: gauge(&registry, &catalog::LOCAL_QUEUE)?,
            target_up: gauge(&registry, &catalog::TARGET_UP)?,
            local_speed: histogram(&registry, &catalog::LOCAL_SPEED)?,
            local_batch: histogram(&registry, &catalog::LOCAL_BATCH)?,
            local_wait: histogram(&registry, &catalog::LOCAL_WAIT)?,
            local_first: histogram(&registry, &catalog::LOCAL_FIRST)?,
            local_cancelled: int_counter(&registry, &catalog::LOCAL_CANCELLED)?,
            local_refused: int_counter(&registry, &catalog::LOCAL_REFUSED)?,
            local_memory: gauge(&registry, &catalog::LOCAL_MEMORY)?,
            local_info: gauge(&registry, &catalog::LOCAL_INFO)?,
            policy_info: gauge(&registry, &catalog::POLICY_INFO)?,
            policy_reloads: int_counter(&registry, &catalog::POLICY_RELOADS)?,
            policy_file_refused: gauge(&registry, &catalog::POLICY_FILE_REFUSED)?,
            cascade_answers: int_counter(&registry, &catalog::CASCADE_ANSWERS)?,
            cascade_score: histogram(&registry, &catalog::CASCADE_SCORE)?,
            cascade_agreement: histogram(&registry, &catalog::CASCADE_AGREEMENT)?,
            cascade_compared: int_counter(&registry, &catalog::CASCADE_COMPARED)?,
            shadow_decisions: int_counter(&registry, &catalog::SHADOW_DECISIONS)?,
            cache_lookups: int_counter(&registry, &catalog::CACHE_LOOKUPS)?,
            cache_answers: gauge(&registry, &catalog::CACHE_ANSWERS)?,
            cache_bytes: gauge(&registry, &catalog::CACHE_BYTES)?,
            cache_dropped: int_counter(&registry, &catalog::CACHE_DROPPED)?,
            registry,
            genai: None,
        };
        metrics.begin_at_zero();
        Ok(metrics)
    }

    /// Tells the same under the names of OpenTelemetry, too. `targets` are names, models and providers.
    pub fn speak_genai<'a>(
        &mut self,
        version: Version,
        targets: impl Iterator<Item = [&'a str; 3]>,
    ) -> Result<(), prometheus::Error> {
        self.genai = Some(View::new(&self.registry, version, targets)?);
        Ok(())
    }

    /// Counters that alerts watch are there before they count anything: of one that appears with its
    /// first event, Prometheus cannot tell that it grew.
    fn begin_at_zero(&self) {
        for code in Code::ALL {
            self.refusals.with_label_values(&[code.name()]);
        }
        for cause in FAIL_CLOSED_CAUSES {
            self.fail_closed.with_label_values(&[cause]);
        }
        self.policy_file_refused.with_label_values::<&str>(&[]).set(0.0);
        self.dropped_traces.with_label_values::<&str>(&[]);
        for result in ["applied", "unchanged", "refused"] {
            self.policy_reloads.with_label_values(&[result]);
        }
    }

    /// An answer is in no record.
    pub fn unrecorded(&self) {
        self.dropped.with_label_values(&["unrecorded"]).inc();
    }

    /// Says what a target is.
    pub fn target(&self, [name, model, zone, provider]: [&str; 4]) {
        self.target_info.with_label_values(&[name, model, zone, provider]).set(1.0);
        self.unpriced.with_label_values(&[name]);
    }

    /// How long a request took, and when its first piece was there.
    pub fn took(
        &self,
        labels: RequestLabels<'_>,
        outcome: Outcome,
        (whole, first): (Duration, Option<Duration>),
    ) {
        if let Some(view) = &self.genai {
            view.ended(labels, outcome, (whole, first));
        }
        let names = [labels.route, labels.target];
        self.duration.with_label_values(&names).observe(whole.as_secs_f64());
        if let Some(first) = first {
            self.first_token.with_label_values(&names).observe(first.as_secs_f64());
        }
    }

    /// How fast a stream's tokens followed each other.
    pub fn streamed(&self, labels: RequestLabels<'_>, after_first: Duration, tokens: Tokens) {
        if tokens > Tokens(1) {
            let seconds = after_first.as_secs_f64() / f64::from(tokens.0.saturating_sub(1));
            self.per_token.with_label_values(&[labels.route, labels.target]).observe(seconds);
            if let Some(view) = &self.genai {
                view.streamed(labels, seconds);
            }
        }
    }

    /// How an attempt at a target ended: on which interface's behalf, with what result, after what time. Without
    /// a time nothing was sent.
    pub fn attempted(&self, (surface, target): (&str, &str), result: &str, took: Option<Duration>) {
        self.attempts.with_label_values(&[target, result]).inc();
        if let (Some(view), Some(took)) = (&self.genai, took) {
            view.attempted((surface, target), result, took);
        }
    }

    /// How long a stage of ours took.
    pub fn stage(&self, stage: &'static str, took: Duration) {
        self.overhead.with_label_values(&[stage]).observe(took.as_secs_f64());
    }

    /// What a request cost, would have cost, and took of our own machine.
    pub fn spent(&self, labels: RequestLabels<'_>, sums: Sums) {
        let names = [labels.route, labels.target, self.teams.label(labels.team)];
        for (counter, sum) in
            [(&self.cost, sums.cost), (&self.avoided, sums.avoided), (&self.imputed, sums.imputed)]
        {
            if sum.is_positive() {
                counter.with_label_values(&names).inc_by(sum.as_usd_f64());
            }
        }
    }

    /// What the local engine says about an answer.
    pub fn local_answered(&self, model: &str, answer: &LocalAnswer) {
        let observe =
            |metric: &HistogramVec, value| metric.with_label_values(&[model]).observe(value);
        if answer.engine_time > Duration::ZERO {
            let seconds = answer.engine_time.as_secs_f64();
            observe(&self.local_speed, f64::from(answer.output.0) / seconds);
        }
        observe(&self.local_batch, answer.batch);
        observe(&self.local_wait, answer.queue_time.as_secs_f64());
        observe(&self.local_first, answer.first_text.as_secs_f64());
    }

    /// What became of a local answer that was looked at.
    pub fn verified(&self, route: &str, verdict: &str, score: f64) {
        self.cascade_answers.with_label_values(&[route, verdict]).inc();
        self.cascade_score.with_label_values(&[route]).observe(score);
    }

    /// How far an accepted local answer agrees with another, if that came.
    pub fn compared(&self, route: &str, task: &str, agreement: Option<f64>) {
        let result = if agreement.is_some() { "compared" } else { "no_answer" };
        self.drawn(route, result);
        if let Some(agreement) = agreement {
            self.cascade_agreement.with_label_values(&[route, task]).observe(agreement);
        }
    }

    /// What became of an answer that was drawn to be compared.
    pub fn drawn(&self, route: &str, result: &str) {
        self.cascade_compared.with_label_values(&[route, result]).inc();
    }

    /// How full the cache is, and what it let go since the start.
    pub fn cache(&self, (answers, bytes): (f64, f64), aged: u64, displaced: u64) {
        self.cache_answers.with_label_values::<&str>(&[]).set(answers);
        self.cache_bytes.with_label_values::<&str>(&[]).set(bytes);
        for (reason, count) in [("age", aged), ("room", displaced)] {
            let counter = self.cache_dropped.with_label_values(&[reason]);
            counter.inc_by(count.saturating_sub(counter.get()));
        }
    }

    /// The tokens of a request.
    pub fn used(&self, labels: RequestLabels<'_>, usage: &Usage) {
        if let Some(view) = &self.genai {
            view.used(labels, usage);
        }
        let kinds = [
            ("input_uncached", usage.input_uncached),
            ("cache_read", usage.cache_read),
            ("cache_write", usage.cache_write + usage.cache_write_1h),
            ("output", usage.output),
            ("reasoning", usage.reasoning),
        ];
        let extras = usage.extras.iter().map(|(extra, count)| (extra.name(), count));
        for (kind, tokens) in kinds.into_iter().chain(extras) {
            if tokens > Tokens(0) {
                let names = [labels.target, kind, usage.source.name()];
                self.tokens.with_label_values(&names).inc_by(u64::from(tokens.0));
            }
        }
    }

    /// Takes over what the ledger's writer has counted so far.
    fn take_drops(&self, drops: Drops) {
        for (reason, count) in
            [("lost", drops.lost), ("rejected", drops.rejected), ("repeated", drops.repeated)]
        {
            let counter = self.dropped.with_label_values(&[reason]);
            counter.inc_by(count.saturating_sub(counter.get()));
        }
    }

    /// Sets the gauges of the budgets: those of subjects beyond the bound are sums.
    fn take_budgets(&self, pots: &[PotView]) {
        // A window that is over, or a budget that the policy no longer has, must not stay behind.
        for gauge in self.budget_gauges() {
            gauge.reset();
        }
        let mut sums: BTreeMap<[&str; 2], [f64; 5]> = BTreeMap::new();
        for pot in pots {
            let names = [pot.budget.as_str(), self.subjects.label(&pot.subject)];
            let [limit, spent, reserved, start, end] = sums.entry(names).or_default();
            *limit += pot.standing.limit.as_usd_f64();
            *spent += pot.standing.spent.as_usd_f64();
            *reserved += pot.standing.reserved.as_usd_f64();
            *start = seconds(pot.span.start);
            *end = seconds(pot.span.end);
        }
        for (names, values) in sums {
            for (gauge, value) in self.budget_gauges().into_iter().zip(values) {
                gauge.with_label_values(&names).set(value);
            }
        }
    }

    const fn budget_gauges(&self) -> [&GaugeVec; 5] {
        [
            &self.budget_limit,
            &self.budget_spent,
            &self.budget_reserved,
            &self.budget_start,
            &self.budget_end,
        ]
    }

    /// The page that Prometheus reads, with what changes by itself as it is now.
    pub fn page(&self, pots: &[PotView], drops: Drops) -> Vec<u8> {
        let _turn = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        self.take_budgets(pots);
        self.take_drops(drops);
        let mut page = Vec::with_capacity(16 << 10);
        // Fails only on a metric without values, which gathering leaves out.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut page);
        page
    }
}

/// What the ledger's writer could not write since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drops {
    /// How a request ended.
    pub lost: u64,
    /// Rows that the database refused.
    pub rejected: u64,
    /// Requests that ended a second time.
    pub repeated: u64,
}

/// How the local engine came to an answer.
#[derive(Clone, Copy, Debug)]
pub struct LocalAnswer {
    /// The tokens of all choices.
    pub output: Tokens,
    /// The engine's time that it took.
    pub engine_time: Duration,
    /// How long it was in line.
    pub queue_time: Duration,
    /// From joining the line to the first text.
    pub first_text: Duration,
    /// Sequences that were moved forward together with it, on average.
    pub batch: f64,
}

/// The three sums of a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sums {
    /// What the upstream bills.
    pub cost: NanoUsd,
    /// What it would have cost elsewhere.
    pub avoided: NanoUsd,
    /// Our own machine's time, in money.
    pub imputed: NanoUsd,
}

/// Seconds since 1970, which a gauge holds exactly for the next few million years.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "below 2^53")]
fn seconds(at: jiff::Timestamp) -> f64 {
    at.as_second() as f64
}

fn opts(metric: &Metric) -> Opts {
    Opts::new(metric.full_name(), metric.help)
}

fn registered<C: Collector + Clone + 'static>(
    registry: &Registry,
    collector: C,
) -> Result<C, prometheus::Error> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

fn int_counter(registry: &Registry, metric: &Metric) -> Result<IntCounterVec, prometheus::Error> {
    registered(registry, IntCounterVec::new(opts(metric), metric.labels)?)
}

fn counter(registry: &Registry, metric: &Metric) -> Result<CounterVec, prometheus::Error> {
    registered(registry, CounterVec::new(opts(metric), metric.labels)?)
}

fn gauge(registry: &Registry, metric: &Metric) -> Result<GaugeVec, prometheus::Error> {
    registered(registry, GaugeVec::new(opts(metric), metric.labels)?)
}

pub(super) fn histogram(
    registry: &Registry,
    metric: &Metric,
) -> Result<HistogramVec, prometheus::Error> {
    let buckets = match metric.kind {
        Kind::Histogram(buckets) => buckets.to_vec(),
        Kind::Counter | Kind::Gauge => Vec::new(),
    };
    let opts = HistogramOpts::from(opts(metric)).buckets(buckets);
    registered(registry, HistogramVec::new(opts, metric.labels)?)
}
