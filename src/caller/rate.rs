//! How fast somebody may ask: requests and tokens per minute, and requests at a time.
//!
//! Counted by this process, exactly; where gateways share a ledger, each counts its share of the whole,
//! which is the limit divided by how many they are, rounded up. Tokens are those that a request may use, the estimate of its
//! prompt and the longest answer it asks for, because they are counted before it is sent.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::failure::{Code, Failure, Fault, Retry};

type Limiter = RateLimiter<NotKeyed, InMemoryState, DefaultClock, StateInformationMiddleware>;

/// The most of everything; `None` is without limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Requests in a minute.
    pub requests_per_minute: Option<NonZeroU32>,
    /// Tokens in a minute, prompts and longest answers together.
    pub tokens_per_minute: Option<NonZeroU32>,
    /// Requests at the same time.
    pub concurrent: Option<NonZeroU32>,
}

/// What is left of a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// The most in a minute.
    pub limit: u32,
    /// How much can be had at once now.
    pub remaining: u32,
    /// When all of it can be had again.
    pub reset: Duration,
}

/// What is left of the rates that bind first, for the reply's headers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Of requests.
    pub requests: Option<Left>,
    /// Of tokens.
    pub tokens: Option<Left>,
}

impl Standing {
    /// The tighter of both, each by itself.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            requests: tighter(self.requests, other.requests),
            tokens: tighter(self.tokens, other.tokens),
        }
    }
}

fn tighter(one: Option<Left>, other: Option<Left>) -> Option<Left> {
    match (one, other) {
        (Some(one), Some(other)) if other.remaining < one.remaining => Some(other),
        (Some(one), _) => Some(one),
        (None, other) => other,
    }
}

/// The places that a running request takes. They are free when this is dropped.
#[derive(Debug, Default)]
pub struct Seats(Vec<OwnedSemaphorePermit>);

impl Seats {
    /// Both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }
}

/// Counts against [`Rates`].
#[derive(Debug)]
pub struct Meter {
    /// Whose rates these are, for people: `this key`, `team support`.
    whose: String,
    rates: Rates,
    counters: ArcSwap<Counters>,
}

/// The counters of one process of so many.
#[derive(Debug)]
struct Counters {
    gateways: u32,
    rates: Rates,
    requests: Option<Limiter>,
    tokens: Option<Limiter>,
    seats: Option<Arc<Semaphore>>,
}

impl Counters {
    fn new(rates: Rates, gateways: u32) -> Self {
        let limiter = |limit| {
            RateLimiter::direct(Quota::per_minute(limit))
                .with_middleware::<StateInformationMiddleware>()
        };
        let rates = rates.shared_by(gateways);
        let seats = rates.concurrent.and_then(|it| usize::try_from(it.get()).ok());
        Self {
            gateways,
            rates,
            requests: rates.requests_per_minute.map(limiter),
            tokens: rates.tokens_per_minute.map(limiter),
            seats: seats.map(|count| Arc::new(Semaphore::new(count))),
        }
    }
}

impl Rates {
    /// The share of one of so many gateways, rounded up: a limit never becomes nothing.
    fn shared_by(self, gateways: u32) -> Self {
        let share = |limit: Option<NonZeroU32>| {
            limit.and_then(|limit| NonZeroU32::new(limit.get().div_ceil(gateways.max(1))))
        };
        Self {
            requests_per_minute: share(self.requests_per_minute),
            tokens_per_minute: share(self.tokens_per_minute),
            concurrent: share(self.concurrent),
        }
    }
}

impl Meter {
    /// Counts from nothing. `whose` is for people: `this key`, `team support`.
    pub fn new(whose: String, rates: Rates) -> Self {
        Self { whose, rates, counters: ArcSwap::from_pointee(Counters::new(rates, 1)) }
    }

    /// From now on this process counts its share of what so many gateways may do together. What was
    /// counted before is forgotten when their number changes.
    pub fn share_among(&self, gateways: u32) {
        if self.counters.load().gateways != gateways {
            self.counters.store(Arc::new(Counters::new(self.rates, gateways)));
        }
    }

    /// Counts a request, and gives it a place.
    ///
    /// # Errors
    /// There were too many; nothing was counted.
    pub fn request(&self) -> Result<(Seats, Standing), Failure> {
        let (whose, counters) = (&self.whose, self.counters.load());
        let mut standing = Standing::default();
        let limit = counters.rates.requests_per_minute;
        if let (Some(limiter), Some(limit)) = (&counters.requests, limit) {
            match limiter.check() {
                Ok(snapshot) => {
                    let remaining = snapshot.remaining_burst_capacity();
                    standing.requests = Some(left(limit, remaining));
                }
                Err(refused) => {
                    let wait = refused.wait_time_from(DefaultClock::default().now());
                    return Err(too_fast(wait, |pause| {
                        format!("too many requests for {whose}; try again in {pause} s")
                    }));
                }
            }
        }
        let Some(seats) = &counters.seats else { return Ok((Seats::default(), standing)) };
        match Arc::clone(seats).try_acquire_owned() {
            Ok(seat) => Ok((Seats(vec![seat]), standing)),
            Err(_) => Err(too_fast(Duration::ZERO, |_| {
                format!("too many requests at a time for {whose}; wait for one to end")
            })),
        }
    }

    /// Counts the tokens that a request may use.
    ///
    /// # Errors
    /// There were too many; nothing was counted.
    pub fn tokens(&self, count: u32) -> Result<Standing, Failure> {
        let (whose, counters) = (&self.whose, self.counters.load());
        let limit = counters.rates.tokens_per_minute;
        let (Some(limiter), Some(limit)) = (&counters.tokens, limit) else {
            return Ok(Standing::default());
        };
        let Some(wanted) = NonZeroU32::new(count) else { return Ok(Standing::default()) };
        match limiter.check_n(wanted) {
            Ok(Ok(snapshot)) => {
                let remaining = snapshot.remaining_burst_capacity();
                Ok(Standing { tokens: Some(left(limit, remaining)), requests: None })
            }
            Ok(Err(refused)) => {
                let wait = refused.wait_time_from(DefaultClock::default().now());
                Err(too_fast(wait, |pause| {
                    format!("too many tokens for {whose}; try again in {pause} s")
                }))
            }
            Err(_) => Err(Failure {
                retry: Retry::Never,
                ..too_fast(Duration::ZERO, |_| {
                    format!(
                        "this request may use {count} tokens, and {whose} has {limit} in a minute; \
                         shorten it or set a lower `max_tokens`"
                    )
                })
            }),
        }
    }
}

fn left(limit: NonZeroU32, remaining: u32) -> Left {
    let limit = limit.get();
    let used = u64::from(limit.saturating_sub(remaining));
    // A rate refills evenly over its minute.
    let millis = used.saturating_mul(60_000).div_ceil(u64::from(limit));
    Left { limit, remaining, reset: Duration::from_millis(millis) }
}

fn too_fast(wait: Duration, message: impl FnOnce(u64) -> String) -> Failure {
    let pause = Duration::from_secs(wait.as_secs().saturating_add(1));
    Failure {
        at_fault: Fault::Client,
        retry: Retry::After(pause),
        code: Code::RateLimited,
        message: message(pause.as_secs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(requests: u32, tokens: u32, concurrent: u32) -> Meter {
        let rates = Rates {
            requests_per_minute: NonZeroU32::new(requests),
            tokens_per_minute: NonZeroU32::new(tokens),
            concurrent: NonZeroU32::new(concurrent),
        };
        Meter::new("this key".to_owned(), rates)
    }

    #[test]
    fn a_rate_of_requests_says_what_is_left_and_when_to_come_back() {
        let meter = meter(2, 0, 0);
        let left = |standing: Standing| standing.requests.unwrap();
        let (_, first) = meter.request().unwrap();
        assert_eq!((left(first).limit, left(first).remaining), (2, 1));
        assert_eq!(left(first).reset, Duration::from_secs(30));
        let (_, second) = meter.request().unwrap();
        assert_eq!(left(second).remaining, 0);
        let refused = meter.request().unwrap_err();
        assert_eq!(refused.code, Code::RateLimited);
        assert!(matches!(refused.retry, Retry::After(pause) if pause.as_secs() <= 31));
    }

    #[test]
    fn a_rate_of_tokens_holds_and_a_request_above_it_is_told_that_waiting_does_not_help() {
        let meter = meter(0, 1_000, 0);
        assert_eq!(meter.tokens(600).unwrap().tokens.unwrap().remaining, 400);
        let refused = meter.tokens(600).unwrap_err();
        assert!(matches!(refused.retry, Retry::After(pause) if pause.as_secs() <= 13));
        let refused = meter.tokens(1_001).unwrap_err();
        assert_eq!(refused.retry, Retry::Never);
        assert!(refused.message.contains("1001 tokens") && refused.message.contains("1000"));
        assert!(meter.tokens(400).is_ok(), "what was refused is not counted");
    }

    #[test]
    fn gateways_that_share_a_ledger_permit_their_share() {
        let meter = meter(7, 1_000, 4);
        meter.share_among(3);
        let permitted = (0..10).filter(|_| meter.request().is_ok()).count();
        assert_eq!(permitted, 3, "a third of seven, rounded up");
        assert!(meter.tokens(334).is_ok() && meter.tokens(334).is_err());
        let seats: Vec<_> = std::iter::repeat_with(|| meter.request()).take(2).collect();
        assert!(seats.iter().all(Result::is_err), "the requests of this minute are used up");
        // The others are gone: all of it is this one's again.
        meter.share_among(1);
        let seats: Vec<_> = (0..10).filter_map(|_| meter.request().ok()).collect();
        assert_eq!(seats.len(), 4, "as many as may run at a time");
    }

    #[test]
    fn places_are_free_again_when_a_request_ends() {
        let meter = meter(0, 0, 2);
        let first = meter.request().unwrap();
        let _second = meter.request().unwrap();
        assert_eq!(meter.request().unwrap_err().code, Code::RateLimited);
        drop(first);
        assert!(meter.request().is_ok());
    }
}
