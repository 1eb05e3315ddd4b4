//! A limit on everything that a peer could make grow.

use std::time::Duration;

/// Limits of a listener. Each is a setting with this default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest request body.
    pub body_bytes_max: usize,
    /// Longest wait for a request's head.
    pub header_timeout: Duration,
    /// Longest wait for a request's body.
    pub body_timeout: Duration,
    /// Most header lines.
    pub headers_max: usize,
    /// Largest request head, and the size of the read buffer.
    pub header_bytes_max: usize,
    /// Most connections at a time.
    pub connections_max: usize,
    /// How long shutdown waits for open requests.
    pub grace: Duration,
    /// How long ended requests have to say so.
    pub abort_grace: Duration,
    /// Pause after a failed accept.
    pub accept_pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 8 << 20,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            headers_max: 64,
            header_bytes_max: 64 << 10,
            connections_max: 4_096,
            grace: Duration::from_secs(30),
            abort_grace: Duration::from_secs(2),
            accept_pause: Duration::from_millis(50),
        }
    }
}
