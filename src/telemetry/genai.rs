//! The same numbers under the names of OpenTelemetry's conventions for generative AI, for those whose dashboards
//! know them. Off unless the configuration asks for a version of the conventions: they still change.
//!
//! Here the gateway is both: a client of the targets that it sends to (`gen_ai.client.…`, an operation is one
//! attempt), and the server of those who ask it (`gen_ai.server.…`, whole requests).

use std::collections::BTreeMap;
use std::time::Duration;

use prometheus::{HistogramVec, Registry};

use super::catalog;
use super::metrics::{Outcome, RequestLabels, histogram};
use crate::chat::Usage;
use crate::money::Tokens;

/// A version of the conventions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 1.37: the first that says `gen_ai.provider.name`.
    V1_37,
}

impl Version {
    /// Every version of this build.
    pub const ALL: [Self; 1] = [Self::V1_37];

    /// The word that configurations use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1_37 => "v1.37",
        }
    }
}

/// What is done, in the conventions' words, by the name of a public interface.
pub fn operation(surface: &str) -> &'static str {
    match surface {
        "openai_embeddings" => "embeddings",
        "openai_completions" => "text_completion",
        _ => "chat",
    }
}

/// Who does it, in the conventions' words, by the name of a provider; a model in this process is ours.
pub fn provider(name: &str) -> &str {
    match name {
        "azure" => "azure.ai.openai",
        "bedrock" => "aws.bedrock",
        "gemini" => "gcp.gemini",
        "mistral" => "mistral_ai",
        "engine" => "ambidex",
        own => own,
    }
}

/// How an attempt failed, in one word; empty for one that did not. A client that leaves is no error of ours.
fn error_of_attempt(result: &str) -> &str {
    match result {
        "missed" | "retried" | "target_failed" | "truncated" => result,
        _ => "",
    }
}

const fn error_of_request(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::TargetFailed | Outcome::Truncated => outcome.name(),
        Outcome::Answered | Outcome::Cached | Outcome::Refused | Outcome::ClientGone => "",
    }
}

/// The metrics of the view.
#[derive(Debug)]
pub(super) struct View {
    tokens: HistogramVec,
    operation: HistogramVec,
    request: HistogramVec,
    first_token: HistogramVec,
    per_token: HistogramVec,
    /// Provider and model, by target.
    targets: BTreeMap<String, [String; 2]>,
}

impl View {
    /// Makes and registers the metrics. `targets` are names, models and providers of the configuration.
    pub(super) fn new<'a>(
        registry: &Registry,
        Version::V1_37: Version,
        targets: impl Iterator<Item = [&'a str; 3]>,
    ) -> Result<Self, prometheus::Error> {
        let named = |[name, model, of]: [&str; 3]| {
            (name.to_owned(), [provider(of).to_owned(), model.to_owned()])
        };
        Ok(Self {
            tokens: histogram(registry, &catalog::GENAI_TOKENS)?,
            operation: histogram(registry, &catalog::GENAI_OPERATION)?,
            request: histogram(registry, &catalog::GENAI_REQUEST)?,
            first_token: histogram(registry, &catalog::GENAI_FIRST_TOKEN)?,
            per_token: histogram(registry, &catalog::GENAI_PER_TOKEN)?,
            targets: targets.map(named).collect(),
        })
    }

    /// Operation, provider and model.
    fn names(&self, surface: &str, target: &str) -> [&str; 3] {
        let known = self.targets.get(target).map(|[provider, model]| [provider, model]);
        let [provider, model] = known.map_or(["_OTHER", "other"], |it| it.map(String::as_str));
        [operation(surface), provider, model]
    }

    pub(super) fn attempted(&self, (surface, target): (&str, &str), result: &str, took: Duration) {
        let [operation, provider, model] = self.names(surface, target);
        let names = [operation, provider, model, error_of_attempt(result)];
        self.operation.with_label_values(&names).observe(took.as_secs_f64());
    }

    pub(super) fn ended(
        &self,
        labels: RequestLabels<'_>,
        outcome: Outcome,
        (whole, first): (Duration, Option<Duration>),
    ) {
        let [operation, provider, model] = self.names(labels.surface, labels.target);
        let names = [operation, provider, model, error_of_request(outcome)];
        self.request.with_label_values(&names).observe(whole.as_secs_f64());
        if let Some(first) = first {
            let names = [operation, provider, model];
            self.first_token.with_label_values(&names).observe(first.as_secs_f64());
        }
    }

    pub(super) fn streamed(&self, labels: RequestLabels<'_>, seconds_per_token: f64) {
        let names = self.names(labels.surface, labels.target);
        self.per_token.with_label_values(&names).observe(seconds_per_token);
    }

    pub(super) fn used(&self, labels: RequestLabels<'_>, usage: &Usage) {
        let [operation, provider, model] = self.names(labels.surface, labels.target);
        for (kind, tokens) in [("input", usage.input_total()), ("output", usage.output_total())] {
            if tokens > Tokens(0) {
                let names = [operation, provider, model, kind];
                self.tokens.with_label_values(&names).observe(f64::from(tokens.0));
            }
        }
    }
}
