//! Relative position biases: which learned number is added to the attention between two places.
//!
//! Half of the buckets stand for one exact distance each, the others for distances that grow by a
//! constant factor up to the farthest one; everything beyond shares the last. The encoder looks
//! both ways and splits its buckets between past and future. The decoder never looks ahead and
//! spends all of them on the past: using the encoder's buckets there agrees for the first ten
//! tokens and is wrong ever after. Formula: `T5Attention._relative_position_bucket` of
//! Hugging Face transformers, after section 2.1 of the T5 paper (arXiv:1910.10683).

use crate::engine::config::Config;
use crate::engine::error::LoadError;
use crate::engine::weights::Weights;

/// Which way a stack looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gaze {
    /// To both sides: the encoder.
    BothWays,
    /// To itself and what came before: the decoder.
    Back,
}

/// How distances share buckets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Buckets {
    pub(super) count: u16,
    pub(super) distance_max: u16,
    pub(super) gaze: Gaze,
}

impl Buckets {
    /// The bucket for a key that stands `distance` places before the query.
    pub(super) fn back(self, distance: usize) -> usize {
        let count = match self.gaze {
            Gaze::BothWays => self.count / 2,
            Gaze::Back => self.count,
        };
        bucket(distance, count, self.distance_max)
    }

    /// The bucket for a key that stands `distance` places after the query. A gaze that only goes
    /// back sees nothing there: the masked place counts as distance zero.
    pub(super) fn ahead(self, distance: usize) -> usize {
        match self.gaze {
            Gaze::BothWays if distance > 0 => {
                let half = self.count / 2;
                usize::from(half) + bucket(distance, half, self.distance_max)
            }
            Gaze::BothWays | Gaze::Back => self.back(0),
        }
    }
}

/// Exact up to half of the buckets, then logarithmic. Computed in f32 as the reference does,
/// because on the borders the rounding decides.
fn bucket(distance: usize, count: u16, distance_max: u16) -> usize {
    let exact = count / 2;
    let Some(distance) = u16::try_from(distance).ok().filter(|d| *d < distance_max) else {
        return usize::from(count - 1);
    };
    if distance < exact {
        return usize::from(distance);
    }
    let steps = (f32::from(distance) / f32::from(exact)).ln()
        / (f32::from(distance_max) / f32::from(exact)).ln()
        * f32::from(count - exact);
    let whole = (1..count - exact).take_while(|step| f32::from(*step) <= steps).count();
    usize::from(exact) + whole
}

/// The learned biases of one stack: a number for every head and bucket.
#[derive(Clone, Debug)]
pub(super) struct PositionBias {
    buckets: Buckets,
    /// One row per head, one column per bucket.
    heads: Vec<Vec<f32>>,
}

impl PositionBias {
    /// Takes `relative_attention_bias` of the stack's first layer.
    pub(super) fn load(
        weights: &Weights<'_>,
        name: &str,
        config: &Config,
        gaze: Gaze,
    ) -> Result<Self, LoadError> {
        let (count, distance_max) = config.buckets;
        let heads = config.t5.num_heads;
        let table = weights.floats(name, &[usize::from(count), heads])?.to_vec();
        let heads = (0..heads)
            .map(|head| table.iter().skip(head).step_by(heads.max(1)).copied().collect())
            .collect();
        Ok(Self { buckets: Buckets { count, distance_max, gaze }, heads })
    }

    /// For each head, the biases of every distance in a text of this length: entry `length - 1` is
    /// distance zero, before it stand the keys further back, behind it the keys ahead. The row of
    /// query `q` is the window of `length` that begins at `length - 1 - q`.
    pub(super) fn diagonals(&self, length: usize) -> impl Iterator<Item = Vec<f32>> + '_ {
        self.heads.iter().map(move |head| {
            let value = |bucket: usize| head.get(bucket).copied().unwrap_or_default();
            let back = (1..length).rev().map(|distance| value(self.buckets.back(distance)));
            let ahead = (0..length).map(|distance| value(self.buckets.ahead(distance)));
            back.chain(ahead).collect()
        })
    }

    /// For each head, the biases of a last place towards everything before it, farthest first. A
    /// decoder that has seen `n` tokens needs the last `n` of them, whatever `n` is.
    pub(super) fn looking_back(&self, length: usize) -> impl Iterator<Item = Vec<f32>> + '_ {
        self.heads.iter().map(move |head| {
            let distances = (0..length).rev();
            let value = |distance| head.get(self.buckets.back(distance)).copied();
            distances.map(|distance| value(distance).unwrap_or_default()).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn buckets(gaze: Gaze) -> Buckets {
        Buckets { count: 32, distance_max: 128, gaze }
    }

    /// Expected values by transformers 5 (`_relative_position_bucket`, 32 buckets, distance 128).
    #[test]
    fn the_decoder_spends_all_buckets_on_the_past() {
        let cases = [(0, 0), (9, 9), (15, 15), (16, 16), (19, 17), (24, 19), (32, 21), (47, 24)];
        let far = [(48, 24), (64, 26), (100, 30), (127, 31), (128, 31), (70_000, 31)];
        for (distance, bucket) in cases.into_iter().chain(far) {
            assert_eq!(buckets(Gaze::Back).back(distance), bucket, "distance {distance}");
        }
        assert_eq!(buckets(Gaze::Back).ahead(3), 0);
    }

    #[test]
    fn the_encoder_splits_them_between_past_and_future() {
        let cases = [(0, 0), (7, 7), (8, 8), (11, 8), (12, 9), (16, 10), (32, 12), (64, 14)];
        let far = [(90, 14), (91, 15), (127, 15), (128, 15), (399, 15)];
        for (distance, bucket) in cases.into_iter().chain(far) {
            assert_eq!(buckets(Gaze::BothWays).back(distance), bucket, "distance {distance}");
            let ahead = if distance == 0 { 0 } else { bucket + 16 };
            assert_eq!(buckets(Gaze::BothWays).ahead(distance), ahead, "distance -{distance}");
        }
    }

    #[test]
    fn the_two_gazes_part_company_after_eight_places() {
        let first =
            (0..128).find(|d| buckets(Gaze::Back).back(*d) != buckets(Gaze::BothWays).back(*d));
        assert_eq!(first, Some(9));
    }
}
