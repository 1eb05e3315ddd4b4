//! A stream whose beginning takes long: nobody knows yet who will answer, but the client must not
//! take silence for a dead connection.
//!
//! An answer that is decided soon goes out as it is, with headers that say who gave it. Otherwise
//! the stream begins with comments, which clients of event streams skip, until there is an answer.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;

use super::local::error_event;
use super::{Answer, Content};
use crate::dialect::Dialect;
use crate::failure::{Code, Failure};
use crate::money::NanoUsd;
use crate::server::body::Pieces;

/// A comment in an event stream.
const COMMENT: &[u8] = b": waiting\n\n";

/// How long a client is left without a word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pauses {
    /// Before the stream begins with a comment instead of the answer.
    pub(super) first: Duration,
    /// Between two comments.
    pub(super) next: Duration,
}

impl Pauses {
    /// While a model thinks. Most answer sooner, and then the reply's head says who did.
    pub(super) const DEFAULT: Self =
        Self { first: Duration::from_secs(10), next: Duration::from_secs(10) };
    /// While a local answer is made and judged.
    pub(super) const JUDGED: Self =
        Self { first: Duration::from_secs(2), next: Duration::from_secs(5) };
}

/// The answer, if it is there soon; else a stream that waits for it. Dropping either drops the work.
pub(super) async fn answer<W>(
    mut work: W,
    pauses: Pauses,
    (dialect, decision): (&'static dyn Dialect, &str),
    cost_max: NanoUsd,
) -> Result<Answer, Failure>
where
    W: Future<Output = Result<Answer, Failure>> + Send + Unpin + 'static,
{
    if let Ok(done) = tokio::time::timeout(pauses.first, &mut work).await {
        return done;
    }
    let waiting = Waiting {
        stage: Stage::Begin(work),
        pause: pauses.next,
        dialect,
        decision: decision.to_owned(),
    };
    let pieces = futures_util::stream::unfold(waiting, |mut waiting| async move {
        waiting.next_piece().await.map(|piece| (piece, waiting))
    });
    Ok(Answer { target: None, content: Content::Events { pieces: Box::pin(pieces), cost_max } })
}

enum Stage<W> {
    Begin(W),
    Working(W),
    Telling(Pieces),
    Over,
}

struct Waiting<W> {
    stage: Stage<W>,
    pause: Duration,
    dialect: &'static dyn Dialect,
    decision: String,
}

impl<W> Waiting<W>
where
    W: Future<Output = Result<Answer, Failure>> + Unpin,
{
    async fn next_piece(&mut self) -> Option<Bytes> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Begin(work) => {
                self.stage = Stage::Working(work);
                Some(Bytes::from_static(COMMENT))
            }
            Stage::Working(mut work) => {
                let Ok(done) = tokio::time::timeout(self.pause, &mut work).await else {
                    self.stage = Stage::Working(work);
                    return Some(Bytes::from_static(COMMENT));
                };
                self.tell(done).await
            }
            Stage::Telling(mut pieces) => {
                let piece = pieces.next().await;
                self.stage = Stage::Telling(pieces);
                piece
            }
            Stage::Over => None,
        }
    }

    async fn tell(&mut self, done: Result<Answer, Failure>) -> Option<Bytes> {
        let failure = match done.map(|answer| answer.content) {
            Ok(Content::Events { mut pieces, .. }) => {
                let piece = pieces.next().await;
                self.stage = Stage::Telling(pieces);
                return piece;
            }
            Ok(Content::Whole { body, .. }) => return Some(body),
            Ok(Content::Refusal { status, .. }) => {
                let message = format!("the upstream answered with status {}", status.as_u16());
                Failure::upstream(Code::UpstreamError, message)
            }
            Err(failure) => failure,
        };
        Some(error_event(self.dialect, &failure, &self.decision))
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, COMMENT, Content, Pauses, answer};
    use crate::chat::Surface;
    use crate::dialect;
    use crate::failure::{Code, Failure};
    use crate::money::NanoUsd;
    use bytes::Bytes;
    use futures_util::StreamExt as _;
    use futures_util::stream;
    use std::time::Duration;
    use tokio::sync::oneshot;

    const SOON: Pauses = Pauses { first: Duration::ZERO, next: Duration::from_millis(1) };

    /// A stream that waits for what a test sends.
    async fn begun(work: oneshot::Receiver<Result<Answer, Failure>>) -> super::Pieces {
        let work = Box::pin(async move { work.await.expect("an answer") });
        let dialect = dialect::of(Surface::OpenAiChat);
        let answer = answer(work, SOON, (dialect, "dec-1"), NanoUsd::ZERO).await.expect("a stream");
        assert_eq!(answer.target, None);
        let Content::Events { pieces, .. } = answer.content else { panic!("no stream") };
        pieces
    }

    fn told(words: &'static [&'static str]) -> Answer {
        let pieces = stream::iter(words.iter().map(|word| Bytes::from_static(word.as_bytes())));
        let content = Content::Events { pieces: Box::pin(pieces), cost_max: NanoUsd::ZERO };
        Answer { target: None, content }
    }

    #[tokio::test]
    async fn comments_come_until_there_is_an_answer() {
        let (decided, work) = oneshot::channel();
        let mut pieces = begun(work).await;
        assert_eq!(pieces.next().await.unwrap(), COMMENT);
        assert_eq!(pieces.next().await.unwrap(), COMMENT);
        decided.send(Ok(told(&["data: a\n\n", "data: b\n\n"]))).expect("somebody waits");
        let rest: Vec<Bytes> =
            pieces.filter(|piece| std::future::ready(piece != COMMENT)).collect().await;
        assert_eq!(rest, ["data: a\n\n", "data: b\n\n"]);
    }

    #[tokio::test]
    async fn a_failure_ends_the_stream_with_an_error() {
        let (decided, work) = oneshot::channel();
        let mut pieces = begun(work).await;
        assert_eq!(pieces.next().await.unwrap(), COMMENT);
        let failure = Failure::ours(Code::TargetsUnavailable, "nobody can answer");
        decided.send(Err(failure)).expect("somebody waits");
        let rest: Vec<Bytes> =
            pieces.filter(|piece| std::future::ready(piece != COMMENT)).collect().await;
        let [error] = &rest[..] else { panic!("{rest:?}") };
        let error = std::str::from_utf8(error).unwrap();
        assert!(error.contains("nobody can answer") && error.contains("dec-1"), "{error}");
    }

    #[tokio::test]
    async fn a_client_that_leaves_stops_the_work() {
        let (mut decided, work) = oneshot::channel();
        drop(begun(work).await);
        decided.closed().await;
    }

    #[tokio::test]
    async fn an_answer_that_is_there_goes_out_as_it_is() {
        let work = Box::pin(async { Ok(told(&["data: a\n\n"])) });
        let dialect = dialect::of(Surface::OpenAiChat);
        let pauses = Pauses::DEFAULT;
        let answer = answer(work, pauses, (dialect, "dec-1"), NanoUsd::ZERO).await.expect("it");
        let Content::Events { mut pieces, .. } = answer.content else { panic!("no stream") };
        assert_eq!(pieces.next().await.unwrap(), "data: a\n\n");
    }
}
