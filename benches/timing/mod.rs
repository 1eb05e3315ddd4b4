//! What a call costs, for all benches: CPU time of this thread, the best of several rounds, so that what
//! else the machine does matters little.

use std::time::Duration;

/// Rounds, of which the best counts.
pub(crate) const ROUNDS: u32 = 5;

/// Seconds of CPU time of one call, the best of several rounds of at least this long. The clock is read
/// once for so many calls, which are told their number: reading it costs a system call, and it ticks
/// every few milliseconds only, so a round must be many times longer.
pub(crate) fn seconds(round: Duration, between: usize, mut call: impl FnMut(usize)) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let (start, mut calls) = (cpu_time(), 0_u32);
        let spent = loop {
            for index in 0..between {
                call(index);
                calls += 1;
            }
            let spent = cpu_time().saturating_sub(start);
            if spent >= round {
                break spent;
            }
        };
        best = best.min(spent.as_secs_f64() / f64::from(calls));
    }
    best
}

/// CPU time of this thread, from the kernel.
pub(crate) fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = stat.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0);
    Duration::from_nanos(nanos)
}
