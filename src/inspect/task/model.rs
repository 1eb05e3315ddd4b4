//! The weights and how a guess is made of them: a multinomial logistic regression over hashed
//! features, with weights of 8 bits.
//!
//! A feature has a place in the table only if training found it useful, and a tag tells it from
//! others that fall on the same place: words that training never saw count nothing instead of
//! adding noise. Confidence is calibrated: of the guesses given 0.8, about four in five are right.

use std::sync::LazyLock;

use super::features::{self, Zone};
use super::{Asked, Task, TaskGuess};
use crate::inspect::Lang;

/// The tasks that are told apart: all but [`Task::Unknown`].
pub(super) const CLASSES: usize = 12;
/// Places that a feature may have.
pub(super) const WAYS: usize = 4;
/// Points of a calibration curve.
pub(super) const POINTS: usize = 16;
/// The first bytes of a file of weights.
const MAGIC: &[u8; 8] = b"AMBXTSK1";
/// Most sets of places: a file is at most 4 MB.
const SETS_MAX: usize = 1 << 16;

/// One number for every task.
pub(super) type Row = [f32; CLASSES];

/// A trained classifier.
#[derive(Clone, PartialEq)]
pub struct Model {
    /// Two bytes that tell features on the same place apart; 0 is an empty place.
    pub(super) tags: Vec<[u16; WAYS]>,
    pub(super) weights: Vec<[[i8; CLASSES]; WAYS]>,
    /// What one step of a weight is worth.
    pub(super) step: f32,
    pub(super) bias: Row,
    /// Guesses below this confidence are [`Task::Unknown`].
    pub(super) floor: f32,
    /// The confidence at shares of 0/15, 1/15, …: for Chinese, and for everything else.
    pub(super) curves: [[f32; POINTS]; 2],
}

/// Why a file of weights cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// It begins with something else.
    #[error("this is not a file of task weights")]
    Format,
    /// It is shorter or longer than it says.
    #[error("the file of task weights is damaged: its size is not what it says")]
    Size,
    /// A number in it is none.
    #[error("the file of task weights is damaged: a number in it is not finite")]
    Number,
}

static EMBEDDED: LazyLock<Option<Model>> =
    LazyLock::new(|| Model::read(include_bytes!("../../../models/task/weights.bin")).ok());

impl Model {
    /// The weights in the binary.
    pub fn embedded() -> &'static Self {
        static EMPTY: LazyLock<Model> = LazyLock::new(Model::empty);
        // A test reads them; a build with broken weights would know no task at all.
        EMBEDDED.as_ref().unwrap_or_else(|| &EMPTY)
    }

    /// Weights that know nothing: every guess is [`Task::Unknown`].
    pub(super) fn empty() -> Self {
        Self {
            tags: vec![[0; WAYS]],
            weights: vec![[[0; CLASSES]; WAYS]],
            step: 0.0,
            bias: [0.0; CLASSES],
            floor: 1.0,
            curves: [[0.0; POINTS]; 2],
        }
    }

    /// Reads a file of weights.
    pub fn read(bytes: &[u8]) -> Result<Self, ModelError> {
        let mut rest = bytes.strip_prefix(MAGIC).ok_or(ModelError::Format)?;
        let sets = usize::try_from(u32::from_le_bytes(take(&mut rest)?)).unwrap_or(usize::MAX);
        if sets == 0 || sets > SETS_MAX {
            return Err(ModelError::Size);
        }
        let step = number(&mut rest)?;
        let floor = number(&mut rest)?;
        let mut bias = [0.0; CLASSES];
        for value in &mut bias {
            *value = number(&mut rest)?;
        }
        let mut curves = [[0.0; POINTS]; 2];
        for value in curves.as_flattened_mut() {
            *value = number(&mut rest)?;
        }
        let mut tags = vec![[0_u16; WAYS]; sets];
        for tag in tags.as_flattened_mut() {
            *tag = u16::from_le_bytes(take(&mut rest)?);
        }
        let mut weights = vec![[[0_i8; CLASSES]; WAYS]; sets];
        for weight in weights.as_flattened_mut().as_flattened_mut() {
            *weight = i8::from_le_bytes(take(&mut rest)?);
        }
        if !rest.is_empty() {
            return Err(ModelError::Size);
        }
        Ok(Self { tags, weights, step, bias, floor, curves })
    }

    /// The file of these weights.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend(u32::try_from(self.tags.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend(self.step.to_le_bytes());
        out.extend(self.floor.to_le_bytes());
        let numbers = self.bias.iter().chain(self.curves.as_flattened());
        out.extend(numbers.flat_map(|value| value.to_le_bytes()));
        out.extend(self.tags.as_flattened().iter().flat_map(|tag| tag.to_le_bytes()));
        let weights = self.weights.as_flattened().as_flattened();
        out.extend(weights.iter().flat_map(|weight| weight.to_le_bytes()));
        out
    }

    /// Guesses the task. Nothing to go by yields [`Task::Unknown`] with confidence 0.
    pub fn guess(&self, asked: &Asked<'_>) -> TaskGuess {
        if features::trimmed(asked.turn).is_empty() {
            return TaskGuess::NOTHING;
        }
        let guess = best(&self.shares(asked), &self.curves, asked.lang);
        if guess.confidence < self.floor {
            return TaskGuess { task: Task::Unknown, runner_up: guess.task, ..guess };
        }
        guess
    }

    /// The share of belief in each task, not calibrated.
    pub(super) fn shares(&self, asked: &Asked<'_>) -> Row {
        let mut sums = [[0_i32; CLASSES]; Zone::COUNT];
        let mut counts = [0_u16; Zone::COUNT];
        features::visit(asked, |zone, feature| {
            if let Some(weights) = self.weights_of(feature)
                && let (Some(sums), Some(count)) =
                    (sums.get_mut(zone.index()), counts.get_mut(zone.index()))
            {
                *count = count.saturating_add(1);
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum += i32::from(*weight);
                }
            }
        });
        let mut scores = self.bias;
        for ((zone, sums), count) in sums.iter().enumerate().zip(counts) {
            let scale = self.step * share_of(zone, count);
            for (score, sum) in scores.iter_mut().zip(sums) {
                *score += scale * exact(*sum);
            }
        }
        softmax(&mut scores);
        scores
    }

    fn weights_of(&self, feature: u32) -> Option<&[i8; CLASSES]> {
        let (set, tag) = place(feature, self.tags.len());
        let way = self.tags.get(set)?.iter().position(|other| *other == tag)?;
        self.weights.get(set)?.get(way)
    }
}

/// Sizes only.
impl std::fmt::Debug for Model {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Model({} sets of {WAYS})", self.tags.len())
    }
}

/// Where a feature may stand, and the tag by which it is known there.
pub(super) fn place(feature: u32, sets: usize) -> (usize, u16) {
    let spread = u64::from(feature.wrapping_mul(0x9E37_79B1));
    let set = (spread * u64::try_from(sets).unwrap_or(1)) >> 32;
    let tag = u16::try_from(feature & 0xFFFF).unwrap_or(0);
    (usize::try_from(set).unwrap_or(0), tag.max(1))
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a few thousand features of 127 at most"
)]
const fn exact(sum: i32) -> f32 {
    sum as f32
}

/// How much one of so many features in a zone counts: long texts shall not shout.
pub(super) fn share_of(zone: usize, count: u16) -> f32 {
    if zone == Zone::Shape.index() { 1.0 } else { 1.0 / f32::from(count.max(1)).sqrt() }
}

/// Makes shares of belief of scores.
pub(super) fn softmax(scores: &mut Row) {
    let best = scores.iter().copied().fold(f32::MIN, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - best).exp();
        sum += *score;
    }
    for score in scores {
        *score /= sum;
    }
}

/// The best two tasks by their shares, with the confidence that the curve says.
pub(super) fn best(shares: &Row, curves: &[[f32; POINTS]; 2], lang: Lang) -> TaskGuess {
    let (mut first, mut second) = ((Task::Unknown, 0.0), (Task::Unknown, 0.0));
    for (task, share) in Task::ALL.into_iter().zip(*shares) {
        if share > first.1 {
            (second, first) = (first, (task, share));
        } else if share > second.1 {
            second = (task, share);
        }
    }
    let [chinese, other] = curves;
    let curve = if lang == Lang::Zh { chinese } else { other };
    TaskGuess { task: first.0, confidence: calibrated(first.1, curve), runner_up: second.0 }
}

/// Reads a curve between its points.
pub(super) fn calibrated(share: f32, curve: &[f32; POINTS]) -> f32 {
    let last = f32::from(u8::try_from(POINTS - 1).unwrap_or(1));
    let place = share.clamp(0.0, 1.0) * last;
    let mut value = 0.0;
    for (index, point) in (0_u8..).zip(curve) {
        value += point * (1.0 - (place - f32::from(index)).abs()).max(0.0);
    }
    value.clamp(0.0, 1.0)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], ModelError> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or(ModelError::Size)?;
    *rest = tail;
    Ok(*head)
}

fn number(rest: &mut &[u8]) -> Result<f32, ModelError> {
    let value = f32::from_le_bytes(take(rest)?);
    if value.is_finite() { Ok(value) } else { Err(ModelError::Number) }
}
