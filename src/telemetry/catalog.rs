//! Every metric of the gateway, once: registration, docs and dashboards are made from this table.
//!
//! INVARIANT: label values come from the configuration or from closed enums, never from a request.

/// The kinds of metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts observations in buckets.
    Histogram(&'static [f64]),
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// What stands before its name.
    pub prefix: &'static str,
    /// The name without its prefix.
    pub name: &'static str,
    /// What it counts, with its unit.
    pub help: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Its labels, in order.
    pub labels: &'static [&'static str],
}

impl Metric {
    /// The whole name.
    pub fn full_name(&self) -> String {
        format!("{}{}", self.prefix, self.name)
    }
}

/// Put before every name of our own.
pub const PREFIX: &str = "ambidex_";
/// Put before the names of OpenTelemetry's conventions.
pub const GENAI_PREFIX: &str = "gen_ai_";

/// Seconds of a whole exchange: from a cached answer to a long reasoning run.
const EXCHANGE: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];
/// Seconds of one token.
const TOKEN: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0];
/// Seconds of our own work.
const OVERHEAD: &[f64] =
    &[0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.1];

/// Parts of a whole.
const SHARE: &[f64] = &[0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0];

macro_rules! catalog {
    ($about:literal $list:ident $prefix:ident: $($constant:ident = $name:literal $kind:ident$(($buckets:ident))? [$($label:literal),*] $help:literal;)*) => {
        $(#[doc = $help] pub const $constant: Metric = Metric {
            prefix: $prefix,
            name: $name,
            help: $help,
            kind: Kind::$kind$(($buckets))?,
            labels: &[$($label),*],
        };)*

        #[doc = $about]
        pub const $list: &[Metric] = &[$($constant),*];
    };
}

catalog! {
    "Every metric of our own, in the order of the docs." METRICS PREFIX:
    REQUESTS = "requests_total" Counter ["route", "target", "surface", "outcome"]
        "Requests that were answered, one way or another.";
    DURATION = "request_duration_seconds" Histogram(EXCHANGE) ["route", "target"]
        "Seconds from the request's first byte to the answer's last.";
    FIRST_TOKEN = "time_to_first_token_seconds" Histogram(EXCHANGE) ["route", "target"]
        "Seconds from the request's first byte to the answer's first, for streams.";
    PER_TOKEN = "time_per_output_token_seconds" Histogram(TOKEN) ["route", "target"]
        "Seconds per answer token after the first, for streams.";
    OVERHEAD_TIME = "overhead_seconds" Histogram(OVERHEAD) ["stage"]
        "Seconds that the gateway's own stages took.";
    COST = "cost_usd_total" Counter ["route", "target", "team"]
        "Dollars that upstreams bill.";
    AVOIDED = "cost_avoided_usd_total" Counter ["route", "target", "team"]
        "Dollars that were not billed: what the configuration's first priced remote target would have billed for local answers, and what answers from the cache would have cost once more.";
    TOKENS = "tokens_total" Counter ["target", "kind", "source"]
        "Tokens by disjoint kind and by where the number comes from; of tools that the provider runs the uses.";
    DECISIONS = "decisions_total" Counter ["rule", "sensitivity", "task", "zone"]
        "Decisions by the route that won.";
    LIMITS_APPLIED = "limits_applied_total" Counter ["limit", "outcome"]
        "Limits that applied to requests, by what became of these: permitted or refused.";
    REFUSALS = "refusals_total" Counter ["reason"]
        "Requests that got an error, by its code.";
    FINDINGS = "findings_total" Counter ["label"]
        "Sensitive values found.";
    BUDGET_LIMIT = "budget_limit_usd" Gauge ["budget", "subject"]
        "Dollars that a budget allows in its current window.";
    BUDGET_SPENT = "budget_spent_usd" Gauge ["budget", "subject"]
        "Dollars spent in the current window. With a shared ledger each gateway adds what the others have spent or promised, so take the largest, not the sum: max by (budget, subject).";
    BUDGET_RESERVED = "budget_reserved_usd" Gauge ["budget", "subject"]
        "Dollars promised to requests of this gateway that still run.";
    BUDGET_START = "budget_window_start_timestamp_seconds" Gauge ["budget", "subject"]
        "When the current window began, in seconds since 1970.";
    BUDGET_END = "budget_window_end_timestamp_seconds" Gauge ["budget", "subject"]
        "When the current window ends, in seconds since 1970.";
    ATTEMPTS = "attempts_total" Counter ["target", "result"]
        "Requests sent to a target, retries included. `hedged` counts second attempts beside a slow one, `outrun` those that were cancelled because another was quicker.";
    LOCAL_QUEUE = "local_queue_depth" Gauge ["model"]
        "Requests that wait for the local engine.";
    LOCAL_SPEED = "local_tokens_per_second" Histogram(SPEED) ["model"]
        "Answer tokens per second of engine time.";
    LOCAL_BATCH = "local_batch_size" Histogram(BATCH) ["model"]
        "Sequences that were moved forward together with an answer, itself included, on average.";
    LOCAL_WAIT = "local_queue_wait_seconds" Histogram(EXCHANGE) ["model"]
        "Seconds that answered requests waited for the local engine.";
    LOCAL_FIRST = "local_time_to_first_token_seconds" Histogram(EXCHANGE) ["model"]
        "Seconds from joining the local engine's queue to the first text.";
    LOCAL_CANCELLED = "local_cancelled_total" Counter ["model"]
        "Requests whose client left before the local engine was done.";
    LOCAL_REFUSED = "local_refused_total" Counter ["model", "reason"]
        "Requests that the local engine did not answer, by the reason.";
    LOCAL_MEMORY = "local_memory_bytes" Gauge ["model", "part"]
        "Bytes that a local model takes: its weights, and the sequences being answered (arena).";
    IMPUTED = "imputed_cost_usd_total" Counter ["route", "target", "team"]
        "Dollars of machine time that local answers took, by the configured price of an hour.";
    UNPRICED = "unpriced_requests_total" Counter ["target"]
        "Requests to a target whose price is not known.";
    FAIL_CLOSED = "fail_closed_total" Counter ["cause"]
        "Times that requests were kept in or back because something of ours failed: ledger (a decision could not be written), scan (a text was not read to its end), masking (values could not be masked).";
    DROPPED = "dropped_records_total" Counter ["reason"]
        "Ledger entries that were not written: lost (how a request ended), rejected (the database refused a row), repeated (a request ended twice; nothing is missing), unrecorded (a local answer while the ledger could not be written, with `ledger_down: local`).";
    TARGET_UP = "target_up" Gauge ["target"]
        "1 while a target takes requests, 0 while it is left alone because it failed or asked for a pause.";
    DROPPED_TRACES = "dropped_traces_total" Counter []
        "Traces of requests that the collector did not take.";
    TARGET_INFO = "target_info" Gauge ["target", "model", "zone", "provider"]
        "1 for every target of the configuration.";
    LOCAL_INFO = "local_model_info" Gauge ["model", "backend", "licence", "sha256"]
        "1 for every local model; the digest is known shortly after the start.";
    POLICY_INFO = "policy_info" Gauge ["rev"]
        "1 for the policy that is in force.";
    POLICY_RELOADS = "policy_reloads_total" Counter ["result"]
        "Times that the policy file was read again: applied, unchanged or refused.";
    POLICY_FILE_REFUSED = "policy_file_refused" Gauge []
        "1 while the policy file has mistakes and an earlier policy stays in force.";
    CASCADE_ANSWERS = "cascade_answers_total" Counter ["route", "verdict"]
        "Local answers that `verify` looked at, by what became of them (accepted, or the first thing in the way).";
    CASCADE_SCORE = "cascade_score" Histogram(SHARE) ["route"]
        "Tenth percentile of the token probabilities of local answers that `verify` looked at.";
    CASCADE_AGREEMENT = "cascade_agreement" Histogram(SHARE) ["route", "task"]
        "How far accepted local answers agree with the next target's, of those that were compared: the same label or value, words in common (0 to 1).";
    CASCADE_COMPARED = "cascade_compared_total" Counter ["route", "result"]
        "Accepted local answers that were drawn to be compared with the next target's, by what became of that.";
    SHADOW_DECISIONS = "shadow_decisions_total" Counter ["live", "shadow"]
        "Decisions that a shadow policy made, too, by both targets (refused: none; unsure: a fact is missing).";
    CACHE_LOOKUPS = "cache_lookups_total" Counter ["result"]
        "Requests whose answer was looked for in the cache: hit or miss. Nothing without `cache:`.";
    CACHE_ANSWERS = "cache_answers" Gauge []
        "Answers that the cache keeps.";
    CACHE_BYTES = "cache_bytes" Gauge []
        "Bytes of the answers that the cache keeps.";
    CACHE_DROPPED = "cache_dropped_total" Counter ["reason"]
        "Answers that the cache let go: age (kept as long as they may be), room (others needed it).";
    BUILD_INFO = "build_info" Gauge ["version"]
        "1 for this build.";
}

catalog! {
    "The view with OpenTelemetry's names (version 1.37), which is there if it is switched on." GENAI_METRICS GENAI_PREFIX:
    GENAI_TOKENS = "client_token_usage" Histogram(GENAI_COUNTS) ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "gen_ai_token_type"]
        "Number of input and output tokens used.";
    GENAI_OPERATION = "client_operation_duration_seconds" Histogram(GENAI_SECONDS) ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "error_type"]
        "Seconds that an attempt at a target took.";
    GENAI_REQUEST = "server_request_duration_seconds" Histogram(GENAI_SECONDS) ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "error_type"]
        "Seconds from the request's first byte to the answer's last.";
    GENAI_FIRST_TOKEN = "server_time_to_first_token_seconds" Histogram(GENAI_FIRST) ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model"]
        "Seconds from the request's first byte to the answer's first, for streams.";
    GENAI_PER_TOKEN = "server_time_per_output_token_seconds" Histogram(GENAI_EACH) ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model"]
        "Seconds per answer token after the first, for streams.";
}

/// The bounds that the conventions ask for: of counts of tokens,
const GENAI_COUNTS: &[f64] = &[
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16384.0,
    65536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];
/// of seconds of an exchange,
const GENAI_SECONDS: &[f64] =
    &[0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
/// of seconds to the first token,
const GENAI_FIRST: &[f64] =
    &[0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// and of seconds of each token.
const GENAI_EACH: &[f64] =
    &[0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5];

/// Sequences.
const BATCH: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];
/// Tokens per second.
const SPEED: &[f64] = &[1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0];
