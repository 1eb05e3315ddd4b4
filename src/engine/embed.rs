//! Texts as vectors: the encoder alone, between the decode steps of answers.

use super::backend::Session;
use super::core::Core;
use super::error::EngineError;
use super::queue::Texts;
use super::worker::guarded;

/// Tokens read between two decode steps.
const TOKENS_MAX: usize = 256;

/// The scheduler's reader of texts; it has one request in hand at a time.
#[derive(Debug, Default)]
pub(super) struct Reader {
    in_hand: Option<InHand>,
}

#[derive(Debug)]
struct InHand {
    texts: Texts,
    vectors: Vec<Vec<f32>>,
}

impl Reader {
    /// Whether nothing is in hand.
    pub(super) const fn is_idle(&self) -> bool {
        self.in_hand.is_none()
    }

    /// Reads a few texts, if some are waiting.
    pub(super) fn turn(&mut self, core: &Core, session: &mut dyn Session) {
        let next = || core.queue.texts().map(|texts| InHand { texts, vectors: Vec::new() });
        let Some(mut in_hand) = self.in_hand.take().or_else(next) else { return };
        if in_hand.texts.answer.is_closed() || core.is_stopped() {
            return;
        }
        match guarded(|| in_hand.read(core, session)) {
            Err(error) => drop(in_hand.texts.answer.send(Err(error))),
            Ok(()) if in_hand.vectors.len() == in_hand.texts.ids.len() => {
                drop(in_hand.texts.answer.send(Ok(in_hand.vectors)));
            }
            Ok(()) => self.in_hand = Some(in_hand),
        }
    }
}

impl InHand {
    fn read(&mut self, core: &Core, session: &mut dyn Session) -> Result<(), EngineError> {
        let mut tokens = 0_usize;
        let rest = self.texts.ids.iter().skip(self.vectors.len()).map(Vec::as_slice);
        let part: Vec<&[u32]> = rest
            .take_while(|ids| {
                let is_first = tokens == 0;
                tokens = tokens.saturating_add(ids.len());
                is_first || tokens <= TOKENS_MAX
            })
            .collect();
        let hidden = session.encode(&part)?;
        self.vectors.extend(hidden.iter().map(|states| pooled(states, core.config.t5.d_model)));
        Ok(())
    }
}

/// The mean of some rows, scaled to length 1.
fn pooled(rows: &[f32], width: usize) -> Vec<f32> {
    let mut mean = vec![0.0; width];
    for row in rows.chunks_exact(width.max(1)) {
        for (sum, number) in mean.iter_mut().zip(row) {
            *sum += number;
        }
    }
    // The direction of the mean is the direction of the sum.
    let length = mean.iter().map(|number| number * number).sum::<f32>().sqrt();
    if length > 0.0 {
        for number in &mut mean {
            *number /= length;
        }
    }
    mean
}

#[cfg(test)]
mod tests {
    use super::pooled;

    #[test]
    fn vectors_are_means_of_length_one() {
        assert_eq!(pooled(&[3.0, 0.0, 3.0, 8.0], 2), [0.6, 0.8]);
        assert_eq!(pooled(&[], 2), [0.0, 0.0]);
    }
}
