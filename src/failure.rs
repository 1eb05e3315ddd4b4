//! What went wrong with one request, in words that every stage shares.
//!
//! INVARIANT: a failure's texts are ours. Nothing from a request's body and nothing from an
//! upstream's reply goes into `message`, because it is logged and shown.

use std::time::Duration;

/// Whose fault it is: decides between 4xx and 5xx, and who gets woken up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The caller can mend it.
    Client,
    /// A target failed.
    Upstream,
    /// We failed.
    Us,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The machine-readable reasons, a closed list: clients, metrics and docs use the names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word that clients see.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

codes! {
    /// The policy permits no target.
    PolicyRefused = "policy_refused",
    /// Money is the reason.
    BudgetExceeded = "budget_exceeded",
    /// Too long for every permitted target.
    RequestTooLong = "request_too_long",
    /// Every permitted target is down or busy.
    TargetsUnavailable = "targets_unavailable",
    /// The caller sends too fast.
    RateLimited = "rate_limited",
    /// No key, or one that we do not know.
    InvalidApiKey = "invalid_api_key",
    /// The key is good, but not for this model.
    ModelNotAllowed = "model_not_allowed",
    /// The idempotency key is in use, or was used for something else.
    IdempotencyConflict = "idempotency_conflict",
    /// The body or a header cannot be used.
    InvalidRequest = "invalid_request",
    /// The body is larger than the limit.
    BodyTooLarge = "body_too_large",
    /// The body did not arrive in time.
    RequestTimeout = "request_timeout",
    /// There is nothing at this path.
    NotFound = "not_found",
    /// The path knows other methods only.
    MethodNotAllowed = "method_not_allowed",
    /// The local engine's queue is full.
    LocalOverloaded = "local_overloaded",
    /// The local engine failed.
    LocalFailed = "local_failed",
    /// The upstream did not answer in time.
    UpstreamTimeout = "upstream_timeout",
    /// The upstream could not be reached.
    UpstreamUnreachable = "upstream_unreachable",
    /// The upstream answered with an error.
    UpstreamError = "upstream_error",
    /// The upstream's answer ended too early.
    UpstreamTruncated = "upstream_truncated",
    /// The decision could not be recorded, so nothing may be sent.
    LedgerUnavailable = "ledger_unavailable",
    /// The gateway is stopping.
    ShuttingDown = "shutting_down",
    /// A bug of ours.
    Internal = "internal_error",
}

/// Whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The same request will fail the same way.
    Never,
    /// Later, at the earliest after this long.
    After(Duration),
}

/// What went wrong, for the caller and for the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Whose fault it is.
    pub at_fault: Fault,
    /// Whether trying again can help.
    pub retry: Retry,
    /// The machine-readable reason.
    pub code: Code,
    /// One sentence with a way out.
    pub message: String,
}

impl Failure {
    /// The caller's fault; trying again does not help.
    pub fn client(code: Code, message: impl Into<String>) -> Self {
        Self { at_fault: Fault::Client, retry: Retry::Never, code, message: message.into() }
    }

    /// A target's fault; trying again may help.
    pub fn upstream(code: Code, message: impl Into<String>) -> Self {
        let retry = Retry::After(Duration::from_secs(1));
        Self { at_fault: Fault::Upstream, retry, code, message: message.into() }
    }

    /// Our own fault; trying again may help.
    pub fn ours(code: Code, message: impl Into<String>) -> Self {
        let retry = Retry::After(Duration::from_secs(1));
        Self { at_fault: Fault::Us, retry, code, message: message.into() }
    }
}
