//! When a target is left alone for a while, and who finds out whether it works again.
//!
//! A breaker opens when requests fail one after another, or when half of many do; it stays open a
//! little longer each time. Then one request at a time goes through as a probe, and its end decides. A
//! server that names a time to come back is left alone until then. Clients who leave say nothing about
//! a target.
//!
//! Time is an argument: how long ago some fixed moment was.

use std::time::Duration;

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Failures one after another that open it.
    pub in_a_row: u32,
    /// Requests in a window from which on their share counts.
    pub count_min: u32,
    /// The share of failures that opens it, in percent.
    pub percent: u32,
    /// How long a request is remembered, at least; at most twice as long.
    pub window: Duration,
    /// How long it stays open the first time; twice as long after each failed probe.
    pub open: Duration,
    /// The longest that it stays open, and the longest rest that a server can ask for.
    pub open_max: Duration,
    /// After this time another probe may go, should one not have said how it ended.
    pub probe_max: Duration,
}

impl Rules {
    /// What holds for every target.
    pub const DEFAULT: Self = Self {
        in_a_row: 5,
        count_min: 20,
        percent: 50,
        window: Duration::from_secs(15),
        open: Duration::from_secs(5),
        open_max: Duration::from_mins(1),
        probe_max: Duration::from_secs(30),
    };
}

/// What a breaker says about its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It takes requests.
    Up,
    /// It asked to be left alone for a while.
    Resting,
    /// It failed too often.
    Open,
    /// One request may find out whether it works again.
    Probing,
}

impl Standing {
    /// Every standing.
    pub const ALL: [Self; 4] = [Self::Up, Self::Resting, Self::Open, Self::Probing];

    /// The word that `/readyz` and metrics use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Resting => "resting",
            Self::Open => "open",
            Self::Probing => "probing",
        }
    }
}

/// Leave to send one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Like any other.
    Plain,
    /// Its end decides whether others may follow.
    Probe,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed,
    Open { until: Duration, lasted: Duration },
    HalfOpen { probe_until: Option<Duration>, lasted: Duration },
}

/// Requests and failures in one window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    all: u32,
    failed: u32,
}

/// The breaker of one target.
#[derive(Clone, Copy, Debug)]
pub struct Breaker {
    rules: Rules,
    state: State,
    in_a_row: u32,
    window_ends: Duration,
    current: Counts,
    before: Counts,
    rests_until: Duration,
}

impl Breaker {
    /// A breaker that has seen nothing.
    pub const fn new(rules: Rules) -> Self {
        let none = Counts { all: 0, failed: 0 };
        Self {
            rules,
            state: State::Closed,
            in_a_row: 0,
            window_ends: Duration::ZERO,
            current: none,
            before: none,
            rests_until: Duration::ZERO,
        }
    }

    /// How the target stands.
    pub fn standing(&self, now: Duration) -> Standing {
        match self.state {
            State::Open { until, .. } if now < until => Standing::Open,
            _ if now < self.rests_until => Standing::Resting,
            State::Closed => Standing::Up,
            State::Open { .. } | State::HalfOpen { .. } => Standing::Probing,
        }
    }

    /// Whether a request could be sent now.
    pub fn admits(&self, now: Duration) -> bool {
        match self.standing(now) {
            Standing::Up => true,
            Standing::Open | Standing::Resting => false,
            Standing::Probing => match self.state {
                State::HalfOpen { probe_until: Some(until), .. } => now >= until,
                State::HalfOpen { probe_until: None, .. } | State::Open { .. } | State::Closed => {
                    true
                }
            },
        }
    }

    /// Leave to send a request now, if there is any.
    pub fn pass(&mut self, now: Duration) -> Option<Pass> {
        if !self.admits(now) {
            return None;
        }
        let (State::Open { lasted, .. } | State::HalfOpen { lasted, .. }) = self.state else {
            return Some(Pass::Plain);
        };
        let probe_until = Some(now.saturating_add(self.rules.probe_max));
        self.state = State::HalfOpen { probe_until, lasted };
        Some(Pass::Probe)
    }

    /// The target answered.
    pub fn answered(&mut self, pass: Pass, now: Duration) {
        self.count(now, 0);
        self.in_a_row = 0;
        if pass == Pass::Probe {
            *self = Self { rests_until: self.rests_until, ..Self::new(self.rules) };
        }
    }

    /// The target failed.
    pub fn failed(&mut self, pass: Pass, now: Duration) {
        self.count(now, 1);
        self.in_a_row = self.in_a_row.saturating_add(1);
        let lasted = match (pass, self.state) {
            (Pass::Probe, State::HalfOpen { lasted, .. }) => {
                Some(lasted.saturating_mul(2).min(self.rules.open_max))
            }
            (_, State::Closed) if self.is_bad() => Some(self.rules.open),
            _ => None,
        };
        if let Some(lasted) = lasted {
            self.state = State::Open { until: now.saturating_add(lasted), lasted };
            (self.in_a_row, self.current, self.before) = (0, Counts::default(), Counts::default());
        }
    }

    /// Nobody knows what the target would have said: the client left, or nothing was sent.
    pub const fn unknown(&mut self, pass: Pass) {
        if let (Pass::Probe, State::HalfOpen { lasted, .. }) = (pass, self.state) {
            self.state = State::HalfOpen { probe_until: None, lasted };
        }
    }

    /// The target asks to be left alone.
    pub fn rest(&mut self, pause: Duration, now: Duration) {
        let until = now.saturating_add(pause.min(self.rules.open_max));
        self.rests_until = self.rests_until.max(until);
    }

    fn is_bad(&self) -> bool {
        let all = self.current.all.saturating_add(self.before.all);
        let failed = self.current.failed.saturating_add(self.before.failed);
        self.in_a_row >= self.rules.in_a_row
            || (all >= self.rules.count_min
                && failed.saturating_mul(100) >= all.saturating_mul(self.rules.percent))
    }

    fn count(&mut self, now: Duration, failed: u32) {
        if now >= self.window_ends {
            let is_next = now < self.window_ends.saturating_add(self.rules.window);
            self.before = if is_next { self.current } else { Counts::default() };
            self.current = Counts::default();
            self.window_ends = now.saturating_add(self.rules.window);
        }
        self.current.all = self.current.all.saturating_add(1);
        self.current.failed = self.current.failed.saturating_add(failed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RULES: Rules = Rules::DEFAULT;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn failing(times: u32, now: Duration) -> Breaker {
        let mut breaker = Breaker::new(RULES);
        for _ in 0..times {
            let pass = breaker.pass(now).unwrap();
            breaker.failed(pass, now);
        }
        breaker
    }

    #[test]
    fn failures_in_a_row_open_it_and_an_answer_forgets_them() {
        assert_eq!(failing(4, at(1)).standing(at(1)), Standing::Up);
        let open = failing(5, at(1));
        assert_eq!((open.standing(at(1)), open.admits(at(5))), (Standing::Open, false));
        assert_eq!(open.standing(at(6)), Standing::Probing);
        let mut forgiven = failing(4, at(1));
        forgiven.answered(Pass::Plain, at(1));
        forgiven.failed(Pass::Plain, at(1));
        assert_eq!(forgiven.standing(at(1)), Standing::Up);
    }

    #[test]
    fn half_of_many_open_it_too() {
        let mut breaker = Breaker::new(RULES);
        for round in 0..10 {
            assert!(breaker.admits(at(1)), "round {round}");
            breaker.answered(Pass::Plain, at(1));
            breaker.failed(Pass::Plain, at(1));
        }
        assert_eq!(breaker.standing(at(1)), Standing::Open);
        // What was long ago does not count.
        let mut breaker = Breaker::new(RULES);
        for round in 0..10 {
            let now = at(round * 60);
            breaker.answered(Pass::Plain, now);
            breaker.failed(Pass::Plain, now);
        }
        assert_eq!(breaker.standing(at(600)), Standing::Up);
    }

    #[test]
    fn one_probe_at_a_time_decides_and_each_failure_doubles_the_pause() {
        let mut breaker = failing(5, at(0));
        let mut now = at(5);
        for lasted in [10, 20, 40, 60, 60] {
            assert_eq!(breaker.pass(now), Some(Pass::Probe));
            assert_eq!(breaker.pass(now), None, "one at a time");
            breaker.failed(Pass::Probe, now);
            assert!(!breaker.admits(now + at(lasted - 1)));
            now += at(lasted);
            assert!(breaker.admits(now), "{lasted}");
        }
        assert_eq!(breaker.pass(now), Some(Pass::Probe));
        breaker.answered(Pass::Probe, now);
        assert_eq!(breaker.pass(now), Some(Pass::Plain));
    }

    #[test]
    fn a_probe_that_says_nothing_makes_room_for_the_next() {
        let mut breaker = failing(5, at(0));
        assert_eq!(breaker.pass(at(5)), Some(Pass::Probe));
        breaker.unknown(Pass::Probe);
        assert_eq!(breaker.pass(at(5)), Some(Pass::Probe));
        assert_eq!(breaker.pass(at(34)), None);
        assert_eq!(breaker.pass(at(35)), Some(Pass::Probe), "the one before is given up");
    }

    #[test]
    fn a_server_is_left_alone_as_long_as_it_asks_within_a_bound() {
        let mut breaker = Breaker::new(RULES);
        breaker.rest(at(10), at(1));
        assert_eq!((breaker.standing(at(10)), breaker.admits(at(10))), (Standing::Resting, false));
        assert!(breaker.admits(at(11)));
        breaker.rest(at(100_000), at(20));
        assert!(!breaker.admits(at(79)) && breaker.admits(at(80)));
    }

    proptest! {
        /// Whatever happens, it admits again within its longest pause, and what clients do who leave
        /// never opens it.
        #[test]
        fn nobody_is_shut_out_for_ever(steps in proptest::collection::vec((0_u64..20, 0_u8..4), 0..200)) {
            let mut breaker = Breaker::new(RULES);
            let mut quiet = Breaker::new(RULES);
            let mut now = Duration::ZERO;
            for (pause, what) in steps {
                now += at(pause);
                if let Some(pass) = quiet.pass(now) {
                    quiet.unknown(pass);
                }
                let Some(pass) = breaker.pass(now) else { continue };
                match what {
                    0 => breaker.answered(pass, now),
                    1 => breaker.failed(pass, now),
                    2 => breaker.unknown(pass),
                    _ => breaker.rest(at(u64::from(what)), now),
                }
            }
            prop_assert!(breaker.admits(now + RULES.open_max));
            prop_assert_eq!(quiet.standing(now), Standing::Up);
        }
    }
}
