//! The dashboards, panel by panel.

/// One dashboard of Grafana.
pub(super) struct Dashboard {
    pub(super) file: &'static str,
    pub(super) title: &'static str,
    pub(super) about: &'static str,
    pub(super) panels: &'static [Panel],
}

/// How a panel shows its numbers.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// One number.
    Stat,
    /// Lines over time.
    Lines,
    /// Areas over time, one on top of the other.
    Areas,
    /// A bar per series, filled up to its share.
    Bars,
    /// The latest values as a table of a row per series.
    Table,
    /// The latest values as a table of rows × columns, by two labels.
    Matrix(&'static str, &'static str),
}

pub(super) struct Panel {
    pub(super) title: &'static str,
    pub(super) about: &'static str,
    pub(super) kind: Kind,
    pub(super) unit: &'static str,
    /// Columns of 24 and rows of 30 pixels.
    pub(super) size: (u32, u32),
    /// Expressions, and the legend of each.
    pub(super) queries: &'static [(&'static str, &'static str)],
}

const USD: &str = "currencyUSD";

pub(super) const DASHBOARDS: &[Dashboard] = &[
    Dashboard {
        file: "cost.json",
        title: "Ambidex: Cost",
        about: "What upstreams bill, what local answers avoided, and how the budgets stand.",
        panels: &[
            Panel {
                title: "Billed",
                about: "Dollars that upstreams bill, in the period shown.",
                kind: Kind::Stat,
                unit: USD,
                size: (6, 4),
                queries: &[("sum(increase(ambidex_cost_usd_total[$__range]))", "")],
            },
            Panel {
                title: "Avoided",
                about: "Dollars that the first priced remote target would have billed for local answers, and that answers from the cache would have cost once more.",
                kind: Kind::Stat,
                unit: USD,
                size: (6, 4),
                queries: &[("sum(increase(ambidex_cost_avoided_usd_total[$__range]))", "")],
            },
            Panel {
                title: "Machine time",
                about: "What local answers took of our own machine, by the configured price of an hour.",
                kind: Kind::Stat,
                unit: USD,
                size: (6, 4),
                queries: &[("sum(increase(ambidex_imputed_cost_usd_total[$__range]))", "")],
            },
            Panel {
                title: "Tokens that were estimated",
                about: "Share of tokens that no upstream reported and nobody counted.",
                kind: Kind::Stat,
                unit: "percentunit",
                size: (6, 4),
                queries: &[(
                    "(sum(increase(ambidex_tokens_total{source=\"estimated\"}[$__range])) or vector(0)) / sum(increase(ambidex_tokens_total[$__range]))",
                    "",
                )],
            },
            Panel {
                title: "Cost per hour by route",
                about: "Dollars per hour that upstreams bill.",
                kind: Kind::Areas,
                unit: USD,
                size: (12, 8),
                queries: &[(
                    "sum by (route) (rate(ambidex_cost_usd_total[$__rate_interval])) * 3600",
                    "{{route}}",
                )],
            },
            Panel {
                title: "Cost per hour by team",
                about: "Dollars per hour that upstreams bill.",
                kind: Kind::Areas,
                unit: USD,
                size: (12, 8),
                queries: &[(
                    "sum by (team) (rate(ambidex_cost_usd_total[$__rate_interval])) * 3600",
                    "{{team}}",
                )],
            },
            Panel {
                title: "Cost per hour by model",
                about: "Dollars per hour; targets with the same model are one line.",
                kind: Kind::Areas,
                unit: USD,
                size: (12, 8),
                queries: &[(
                    "sum by (model) (sum by (target) (rate(ambidex_cost_usd_total[$__rate_interval])) * on (target) group_left (model) ambidex_target_info) * 3600",
                    "{{model}}",
                )],
            },
            Panel {
                title: "Billed, avoided and our own machine",
                about: "Dollars per hour.",
                kind: Kind::Lines,
                unit: USD,
                size: (12, 8),
                queries: &[
                    ("sum(rate(ambidex_cost_usd_total[$__rate_interval])) * 3600", "billed"),
                    (
                        "sum(rate(ambidex_cost_avoided_usd_total[$__rate_interval])) * 3600",
                        "avoided",
                    ),
                    (
                        "sum(rate(ambidex_imputed_cost_usd_total[$__rate_interval])) * 3600",
                        "machine time",
                    ),
                ],
            },
            Panel {
                title: "Budgets used",
                about: "Spent and promised, as a share of the limit of the current window.",
                kind: Kind::Bars,
                unit: "percentunit",
                size: (12, 8),
                queries: &[(
                    "(ambidex_budget_spent_usd + ambidex_budget_reserved_usd) / (ambidex_budget_limit_usd > 0)",
                    "{{budget}} {{subject}}",
                )],
            },
            Panel {
                title: "Budgets at the end of their window",
                about: "What each will have spent if it goes on as it has so far, as a share of its limit.",
                kind: Kind::Bars,
                unit: "percentunit",
                size: (12, 8),
                queries: &[(
                    "ambidex_budget_spent_usd / (time() - ambidex_budget_window_start_timestamp_seconds) * (ambidex_budget_window_end_timestamp_seconds - ambidex_budget_window_start_timestamp_seconds) / (ambidex_budget_limit_usd > 0)",
                    "{{budget}} {{subject}}",
                )],
            },
            Panel {
                title: "Tokens per second by kind",
                about: "Disjoint kinds: none is counted twice.",
                kind: Kind::Areas,
                unit: "short",
                size: (12, 8),
                queries: &[(
                    "sum by (kind) (rate(ambidex_tokens_total[$__rate_interval]))",
                    "{{kind}}",
                )],
            },
            Panel {
                title: "Tokens per second by where the number comes from",
                about: "Reported by the upstream, counted by our tokenizer, or estimated.",
                kind: Kind::Areas,
                unit: "short",
                size: (12, 8),
                queries: &[(
                    "sum by (source) (rate(ambidex_tokens_total[$__rate_interval]))",
                    "{{source}}",
                )],
            },
        ],
    },
    Dashboard {
        file: "routing.json",
        title: "Ambidex: Routing and compliance",
        about: "Where requests went by how sensitive they were, what was refused and why.",
        panels: &[
            Panel {
                title: "Decisions",
                about: "In the period shown.",
                kind: Kind::Stat,
                unit: "short",
                size: (6, 4),
                queries: &[("sum(increase(ambidex_decisions_total[$__range]))", "")],
            },
            Panel {
                title: "Restricted requests that left",
                about: "Decided for a zone outside our hosts and network. A policy has to say why.",
                kind: Kind::Stat,
                unit: "short",
                size: (6, 4),
                queries: &[(
                    "sum(increase(ambidex_decisions_total{sensitivity=\"restricted\",zone!~\"on-host|on-prem|none\"}[$__range])) or vector(0)",
                    "",
                )],
            },
            Panel {
                title: "Kept back because something failed",
                about: "A ledger, a scan or a masking failed, and the request stayed.",
                kind: Kind::Stat,
                unit: "short",
                size: (6, 4),
                queries: &[("sum(increase(ambidex_fail_closed_total[$__range]))", "")],
            },
            Panel {
                title: "Policy in force",
                about: "Its revision.",
                kind: Kind::Table,
                unit: "short",
                size: (6, 4),
                queries: &[("ambidex_policy_info", "{{rev}}")],
            },
            Panel {
                title: "Sensitivity and zone",
                about: "Decisions in the period shown.",
                kind: Kind::Matrix("sensitivity", "zone"),
                unit: "short",
                size: (12, 7),
                queries: &[(
                    "sum by (sensitivity, zone) (increase(ambidex_decisions_total[$__range]))",
                    "",
                )],
            },
            Panel {
                title: "Task and zone",
                about: "Decisions in the period shown.",
                kind: Kind::Matrix("task", "zone"),
                unit: "short",
                size: (12, 7),
                queries: &[(
                    "sum by (task, zone) (increase(ambidex_decisions_total[$__range]))",
                    "",
                )],
            },
            Panel {
                title: "Decisions per second by route",
                about: "The rule that won; none for refusals.",
                kind: Kind::Areas,
                unit: "reqps",
                size: (12, 8),
                queries: &[(
                    "sum by (rule) (rate(ambidex_decisions_total[$__rate_interval]))",
                    "{{rule}}",
                )],
            },
            Panel {
                title: "Decisions per second by zone",
                about: "Where requests were sent first.",
                kind: Kind::Areas,
                unit: "reqps",
                size: (12, 8),
                queries: &[(
                    "sum by (zone) (rate(ambidex_decisions_total[$__rate_interval]))",
                    "{{zone}}",
                )],
            },
            Panel {
                title: "Refused requests by limit",
                about: "Limits that applied to requests that were refused; one request can be under several.",
                kind: Kind::Bars,
                unit: "short",
                size: (12, 8),
                queries: &[(
                    "sum by (limit) (increase(ambidex_limits_applied_total{outcome=\"refused\"}[$__range]))",
                    "{{limit}}",
                )],
            },
            Panel {
                title: "Errors by reason",
                about: "In the period shown.",
                kind: Kind::Bars,
                unit: "short",
                size: (12, 8),
                queries: &[(
                    "sum by (reason) (increase(ambidex_refusals_total[$__range])) > 0",
                    "{{reason}}",
                )],
            },
            Panel {
                title: "Sensitive values found",
                about: "By kind, in the period shown.",
                kind: Kind::Bars,
                unit: "short",
                size: (12, 8),
                queries: &[(
                    "sum by (label) (increase(ambidex_findings_total[$__range]))",
                    "{{label}}",
                )],
            },
            Panel {
                title: "Policy in force and shadow",
                about: "Where each would send a request; rows: in force, columns: shadow.",
                kind: Kind::Matrix("live", "shadow"),
                unit: "short",
                size: (12, 8),
                queries: &[(
                    "sum by (live, shadow) (increase(ambidex_shadow_decisions_total[$__range]))",
                    "",
                )],
            },
            Panel {
                title: "Kept back, by cause",
                about: "Per minute.",
                kind: Kind::Lines,
                unit: "short",
                size: (8, 7),
                queries: &[(
                    "sum by (cause) (rate(ambidex_fail_closed_total[$__rate_interval])) * 60",
                    "{{cause}}",
                )],
            },
            Panel {
                title: "Ledger entries that were not written",
                about: "Per minute. Anything above zero needs somebody.",
                kind: Kind::Lines,
                unit: "short",
                size: (8, 7),
                queries: &[(
                    "sum by (reason) (rate(ambidex_dropped_records_total[$__rate_interval])) * 60",
                    "{{reason}}",
                )],
            },
            Panel {
                title: "Policy file",
                about: "Readings per minute by result; and 1 while the file is refused.",
                kind: Kind::Lines,
                unit: "short",
                size: (8, 7),
                queries: &[
                    (
                        "sum by (result) (rate(ambidex_policy_reloads_total[$__rate_interval])) * 60",
                        "{{result}}",
                    ),
                    ("max(ambidex_policy_file_refused)", "file refused"),
                ],
            },
        ],
    },
    Dashboard {
        file: "latency.json",
        title: "Ambidex: Latency and local engine",
        about: "How long requests take, what of it is ours, and how the local engine is doing.",
        panels: &[
            Panel {
                title: "Requests per second by outcome",
                about: "",
                kind: Kind::Areas,
                unit: "reqps",
                size: (12, 8),
                queries: &[(
                    "sum by (outcome) (rate(ambidex_requests_total[$__rate_interval]))",
                    "{{outcome}}",
                )],
            },
            Panel {
                title: "Targets that take requests",
                about: "0 while a target is left alone: it failed too often, or asked for a pause.",
                kind: Kind::Lines,
                unit: "none",
                size: (12, 8),
                queries: &[("min by (target) (ambidex_target_up)", "{{target}}")],
            },
            Panel {
                title: "Failed attempts by target",
                about: "Share of what was sent to a target.",
                kind: Kind::Lines,
                unit: "percentunit",
                size: (12, 8),
                queries: &[(
                    "sum by (target) (rate(ambidex_attempts_total{result=~\"missed|retried|target_failed|truncated\"}[$__rate_interval])) / sum by (target) (rate(ambidex_attempts_total[$__rate_interval]))",
                    "{{target}}",
                )],
            },
            Panel {
                title: "Our own work, median",
                about: "Seconds per stage.",
                kind: Kind::Lines,
                unit: "s",
                size: (12, 8),
                queries: &[(
                    "histogram_quantile(0.5, sum by (le, stage) (rate(ambidex_overhead_seconds_bucket[$__rate_interval])))",
                    "{{stage}}",
                )],
            },
            Panel {
                title: "Our own work, 99th percentile",
                about: "Seconds per stage.",
                kind: Kind::Lines,
                unit: "s",
                size: (12, 8),
                queries: &[(
                    "histogram_quantile(0.99, sum by (le, stage) (rate(ambidex_overhead_seconds_bucket[$__rate_interval])))",
                    "{{stage}}",
                )],
            },
            Panel {
                title: "Whole request by target, 95th percentile",
                about: "Seconds from the first byte of the request to the last of the answer.",
                kind: Kind::Lines,
                unit: "s",
                size: (8, 8),
                queries: &[(
                    "histogram_quantile(0.95, sum by (le, target) (rate(ambidex_request_duration_seconds_bucket[$__rate_interval])))",
                    "{{target}}",
                )],
            },
            Panel {
                title: "Time to the first token by target, 95th percentile",
                about: "Seconds, for streams.",
                kind: Kind::Lines,
                unit: "s",
                size: (8, 8),
                queries: &[(
                    "histogram_quantile(0.95, sum by (le, target) (rate(ambidex_time_to_first_token_seconds_bucket[$__rate_interval])))",
                    "{{target}}",
                )],
            },
            Panel {
                title: "Time per token by target, 95th percentile",
                about: "Seconds, after the first token of streams.",
                kind: Kind::Lines,
                unit: "s",
                size: (8, 8),
                queries: &[(
                    "histogram_quantile(0.95, sum by (le, target) (rate(ambidex_time_per_output_token_seconds_bucket[$__rate_interval])))",
                    "{{target}}",
                )],
            },
            Panel {
                title: "Local queue",
                about: "Requests that wait for the local engine.",
                kind: Kind::Lines,
                unit: "short",
                size: (8, 7),
                queries: &[("sum by (model) (ambidex_local_queue_depth)", "{{model}}")],
            },
            Panel {
                title: "Wait for the local engine, 95th percentile",
                about: "Seconds.",
                kind: Kind::Lines,
                unit: "s",
                size: (8, 7),
                queries: &[(
                    "histogram_quantile(0.95, sum by (le, model) (rate(ambidex_local_queue_wait_seconds_bucket[$__rate_interval])))",
                    "{{model}}",
                )],
            },
            Panel {
                title: "Batch",
                about: "Sequences moved forward together, on average.",
                kind: Kind::Lines,
                unit: "short",
                size: (8, 7),
                queries: &[(
                    "sum by (model) (rate(ambidex_local_batch_size_sum[$__rate_interval])) / sum by (model) (rate(ambidex_local_batch_size_count[$__rate_interval]))",
                    "{{model}}",
                )],
            },
            Panel {
                title: "Local tokens per second",
                about: "Of an answer, while the engine works on it: median.",
                kind: Kind::Lines,
                unit: "short",
                size: (8, 7),
                queries: &[(
                    "histogram_quantile(0.5, sum by (le, model) (rate(ambidex_local_tokens_per_second_bucket[$__rate_interval])))",
                    "{{model}}",
                )],
            },
            Panel {
                title: "Local answers that were looked at",
                about: "By verdict, per second.",
                kind: Kind::Areas,
                unit: "reqps",
                size: (8, 7),
                queries: &[(
                    "sum by (verdict) (rate(ambidex_cascade_answers_total[$__rate_interval]))",
                    "{{verdict}}",
                )],
            },
            Panel {
                title: "Answers looked for in the cache",
                about: "Per second. Nothing where the configuration has no `cache:`.",
                kind: Kind::Areas,
                unit: "reqps",
                size: (8, 7),
                queries: &[(
                    "sum by (result) (rate(ambidex_cache_lookups_total[$__rate_interval]))",
                    "{{result}}",
                )],
            },
            Panel {
                title: "Size of the cache",
                about: "Bytes of the answers that it keeps.",
                kind: Kind::Lines,
                unit: "bytes",
                size: (8, 7),
                queries: &[("ambidex_cache_bytes", "")],
            },
            Panel {
                title: "Answers that the cache let go",
                about: "By reason: `room` says that it is too small for what is asked.",
                kind: Kind::Lines,
                unit: "short",
                size: (8, 7),
                queries: &[(
                    "sum by (reason) (increase(ambidex_cache_dropped_total[$__rate_interval]))",
                    "{{reason}}",
                )],
            },
            Panel {
                title: "Agreement of local answers",
                about: "With the next target's, of those that were compared: mean by task.",
                kind: Kind::Lines,
                unit: "percentunit",
                size: (8, 7),
                queries: &[(
                    "sum by (task) (rate(ambidex_cascade_agreement_sum[$__rate_interval])) / sum by (task) (rate(ambidex_cascade_agreement_count[$__rate_interval]))",
                    "{{task}}",
                )],
            },
            Panel {
                title: "Memory of local models",
                about: "Weights, and sequences being answered.",
                kind: Kind::Areas,
                unit: "bytes",
                size: (8, 7),
                queries: &[(
                    "sum by (model, part) (ambidex_local_memory_bytes)",
                    "{{model}} {{part}}",
                )],
            },
            Panel {
                title: "Local models",
                about: "With licence and digest.",
                kind: Kind::Table,
                unit: "short",
                size: (24, 5),
                queries: &[("ambidex_local_model_info", "")],
            },
        ],
    },
];
