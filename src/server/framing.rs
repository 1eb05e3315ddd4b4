//! How requests are framed on the wire, seen before the HTTP library tidies it up.
//!
//! hyper joins equal lengths, trims tabs and takes a bare line feed for the end of a line. Proxies in
//! front of us do not all agree, and where two servers cut a connection differently, a request can be
//! smuggled. So the bytes are followed beside hyper, at the cost of a look at each line of a head.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What hyper would let pass and other servers read differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misframed {
    /// `Content-Length` more than once, be it with the same number.
    LengthRepeated,
    /// A tab where the number should start.
    TabBeforeLength,
    /// A line of a head that ends without a carriage return.
    BareLineFeed,
}

/// What was seen first on one connection. It stays: who sent one such head gets no other request through.
#[derive(Clone, Debug, Default)]
pub(super) struct Verdict(Arc<OnceLock<Misframed>>);

impl Verdict {
    /// What was wrong with a head that was read until now, if anything.
    pub(super) fn get(&self) -> Option<Misframed> {
        self.0.get().copied()
    }

    fn set(&self, problem: Misframed) {
        // The first one counts.
        let _ = self.0.set(problem);
    }
}

/// A connection whose framing is followed while it is read.
#[derive(Debug)]
pub(super) struct Followed<S> {
    stream: S,
    follower: Follower,
}

impl<S> Followed<S> {
    pub(super) fn new(stream: S, verdict: Verdict) -> Self {
        Self { stream, follower: Follower::new(verdict) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Followed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if matches!(polled, Poll::Ready(Ok(()))) {
            self.follower.follow(buffer.filled().get(before..).unwrap_or_default());
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Followed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Where in a connection the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// In a line of a head.
    Head,
    /// In a body, with so many bytes to come.
    Body(u64),
    /// In the line that says how long a chunk is.
    Size,
    /// In a chunk, with so many bytes to come, its line end among them.
    Chunk(u64),
    /// In a line after the last chunk.
    Trailer,
}

/// The start of a line that is kept: enough for the name and the number of a length.
const LINE_KEPT: usize = 96;

/// Cuts a connection's bytes into heads and bodies, as RFC 9112 §6 says.
#[derive(Debug)]
struct Follower {
    verdict: Verdict,
    at: At,
    /// The line's start, without its end.
    line: Vec<u8>,
    /// How long the line is, and its last byte.
    length: usize,
    last: u8,
    /// Whether the head's first line was read.
    begun: bool,
    lengths: u32,
    body: u64,
    chunked: bool,
}

impl Follower {
    fn new(verdict: Verdict) -> Self {
        let line = Vec::with_capacity(LINE_KEPT);
        Self {
            verdict,
            at: At::Head,
            line,
            length: 0,
            last: 0,
            begun: false,
            lengths: 0,
            body: 0,
            chunked: false,
        }
    }

    fn follow(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = match self.at {
                At::Body(left) => self.skip(bytes, left, At::Head, At::Body),
                At::Chunk(left) => self.skip(bytes, left, At::Size, At::Chunk),
                At::Head | At::Size | At::Trailer => self.read_line(bytes),
            };
        }
    }

    /// Steps over `left` bytes; the rest of what was read is given back.
    fn skip<'a>(&mut self, bytes: &'a [u8], left: u64, then: At, still: fn(u64) -> At) -> &'a [u8] {
        let step = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let left = left.saturating_sub(u64::try_from(step).unwrap_or(u64::MAX));
        self.at = if left == 0 { then } else { still(left) };
        bytes.get(step..).unwrap_or_default()
    }

    /// Reads up to the end of a line; the rest is given back.
    fn read_line<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let end = memchr::memchr(b'\n', bytes);
        let (part, rest) = match end {
            Some(end) => (bytes.get(..end), bytes.get(end + 1..)),
            None => (Some(bytes), None),
        };
        let part = part.unwrap_or_default();
        let room = LINE_KEPT.saturating_sub(self.line.len()).min(part.len());
        self.line.extend_from_slice(part.get(..room).unwrap_or_default());
        self.length = self.length.saturating_add(part.len());
        self.last = part.last().copied().unwrap_or(self.last);
        if end.is_some() {
            self.end_line();
        }
        rest.unwrap_or_default()
    }

    fn end_line(&mut self) {
        let is_bare = self.length == 0 || self.last != b'\r';
        let is_empty = self.length == 0 || (self.length == 1 && self.last == b'\r');
        match self.at {
            // Empty lines before a request are nobody's.
            At::Head if is_empty && !self.begun => {}
            At::Head => {
                if is_bare {
                    self.verdict.set(Misframed::BareLineFeed);
                }
                if is_empty {
                    self.end_head();
                } else if self.begun {
                    self.read_field();
                }
                self.begun = !is_empty;
            }
            At::Size => {
                let digits = self.line.iter().map_while(|byte| char::from(*byte).to_digit(16));
                let size = digits.fold(0_u64, |size, digit| {
                    size.saturating_mul(16).saturating_add(u64::from(digit))
                });
                self.at = if size == 0 { At::Trailer } else { At::Chunk(size.saturating_add(2)) };
            }
            At::Trailer if is_empty => self.at = At::Head,
            At::Trailer | At::Body(_) | At::Chunk(_) => {}
        }
        self.line.clear();
        self.length = 0;
        self.last = 0;
    }

    fn read_field(&mut self) {
        let Some(colon) = memchr::memchr(b':', &self.line) else { return };
        let (name, value) = self.line.split_at(colon);
        let value = value.get(1..).unwrap_or_default();
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.chunked = true;
        } else if name.eq_ignore_ascii_case(b"content-length") {
            self.lengths += 1;
            let digits = value.trim_ascii();
            let blanks = value.len() - value.trim_ascii_start().len();
            if value.get(..blanks).unwrap_or_default().contains(&b'\t') {
                self.verdict.set(Misframed::TabBeforeLength);
            }
            // hyper refuses what is no number, so what we take it for is of no consequence.
            self.body = digits.iter().fold(0_u64, |number, digit| {
                number.saturating_mul(10).saturating_add(u64::from(digit.wrapping_sub(b'0')))
            });
        }
    }

    fn end_head(&mut self) {
        if self.lengths > 1 {
            self.verdict.set(Misframed::LengthRepeated);
        }
        self.at = match (self.chunked, self.body) {
            (true, _) => At::Size,
            (false, 0) => At::Head,
            (false, bytes) => At::Body(bytes),
        };
        (self.lengths, self.body, self.chunked) = (0, 0, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is seen in bytes that come in pieces of `piece`.
    fn seen(bytes: &[u8], piece: usize) -> (Option<Misframed>, At) {
        let mut follower = Follower::new(Verdict::default());
        for part in bytes.chunks(piece) {
            follower.follow(part);
        }
        (follower.verdict.get(), follower.at)
    }

    const PLAIN: &str = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n\n\n\n\n\n";
    const CHUNKS: &str = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
                          3;a=b\r\n\n\n\n\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n";

    #[test]
    fn what_everybody_reads_alike_passes_however_it_is_cut() {
        let many = format!("\r\n{PLAIN}{CHUNKS}GET / HTTP/1.1\r\nHost: a\r\n\r\n{PLAIN}");
        for piece in 1..many.len() {
            assert_eq!(seen(many.as_bytes(), piece), (None, At::Head), "pieces of {piece}");
        }
    }

    #[test]
    fn what_servers_read_differently_is_seen_in_any_request_of_a_connection() {
        for (problem, head) in [
            (Misframed::LengthRepeated, "Content-Length: 1\r\ncontent-length: 1\r\n\r\nx"),
            (Misframed::TabBeforeLength, "Content-Length: \t1\r\n\r\nx"),
            (Misframed::TabBeforeLength, "Content-Length:\t1\r\n\r\nx"),
            (Misframed::BareLineFeed, "Host: a\n\r\n"),
            (Misframed::BareLineFeed, "Host: a\r\n\n"),
        ] {
            for before in ["", PLAIN, CHUNKS] {
                let all = format!("{before}POST / HTTP/1.1\r\n{head}");
                for piece in 1..all.len() {
                    let found = seen(all.as_bytes(), piece);
                    assert_eq!(found, (Some(problem), At::Head), "{all:?} by {piece}");
                }
            }
        }
    }

    #[test]
    fn long_lines_are_not_kept() {
        let mut follower = Follower::new(Verdict::default());
        follower.follow(b"POST / HTTP/1.1\r\nX: ");
        for _ in 0..1_000 {
            follower.follow(&[b'y'; 1_000]);
        }
        assert_eq!(follower.line.capacity(), LINE_KEPT);
    }
}
