//! Makes weights from labelled prompts: some minutes of one processor core for 70,000; all cores take part.
//!
//! Confidence is calibrated on prompts of sources that the weights have not seen: the sources are
//! dealt into folds, each fold is guessed by weights trained on the others, and the curve says how
//! often guesses of each share were right there. Only then are the final weights trained on all.
//! The same prompts and seed give the same weights, bit by bit.

use super::features::{self, Zone};
use super::model::{CLASSES, Model, POINTS, Row, WAYS, best, place, share_of, softmax};
use super::{Asked, Task};
use crate::inspect::Lang;
use rayon::prelude::*;

/// Times that every prompt is looked at.
const ROUNDS: u8 = 6;
/// The length of a step.
const RATE: f32 = 0.12;
/// The share of features that is left out at each look, so that none is relied on alone.
const LEFT_OUT: f32 = 0.35;
/// The share of looks at which nothing between the first and the last sentence is read: what is pasted must
/// not tell what is wanted of it.
const PASSED_OVER: f32 = 0.3;
/// What every look takes from a weight.
const DECAY: f32 = 2e-6;
/// A feature of fewer prompts is not learned.
const PROMPTS_MIN: u32 = 3;
/// A feature of fewer sources is not learned: it is a habit of that source.
const SOURCES_MIN: usize = 2;
/// Prompts of one source that a calibration curve listens to: the largest source is not the world.
const VOICES_MAX: usize = 1000;
/// Sets of places in the table: 12 weights and a tag for 4 features each, 917 KB in all.
const SETS: usize = 1 << 14;
/// Guesses below this confidence are called unknown.
const FLOOR: f32 = 0.25;
/// How to train.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Training {
    /// Where the dice begin.
    pub seed: u64,
    /// Parts into which the sources are dealt for calibration; below 2, confidence is not calibrated.
    pub folds: usize,
}

impl Default for Training {
    fn default() -> Self {
        Self { seed: 1, folds: 6 }
    }
}

/// A labelled prompt.
#[derive(Clone, Debug)]
pub struct Example {
    /// The system prompt; may be empty.
    pub system: String,
    /// What the user says.
    pub text: String,
    /// The language of the prose.
    pub lang: Lang,
    /// Whether pictures are attached.
    pub has_images: bool,
    /// Whether tools are offered.
    pub has_tools: bool,
    /// What is asked for.
    pub task: Task,
    /// Where it comes from. Prompts of one source stay together when sources are held out.
    pub source: String,
}

impl Example {
    /// What is classified.
    pub fn asked(&self) -> Asked<'_> {
        Asked {
            system: &self.system,
            turn: &self.text,
            lang: self.lang,
            has_images: self.has_images,
            has_tools: self.has_tools,
        }
    }
}

/// Why no weights can be trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrainError {
    /// There are too few prompts.
    #[error("{have} labelled prompts are too few to train on; 200 is the least")]
    TooFew {
        /// How many there are.
        have: usize,
    },
    /// All prompts have one task.
    #[error("all prompts have the same task: there is nothing to tell apart")]
    OneTask,
}

/// What training made.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The weights.
    pub model: Model,
    /// The features that have a place.
    pub features: usize,
}

/// Trains on labelled prompts. Prompts labelled [`Task::Unknown`] are not learned from.
pub fn train(examples: &[Example], training: Training) -> Result<Trained, TrainError> {
    let known: Vec<&Example> =
        examples.iter().filter(|example| example.task != Task::Unknown).collect();
    if known.len() < 200 {
        return Err(TrainError::TooFew { have: known.len() });
    }
    if known.iter().all(|example| Some(example.task) == known.first().map(|it| it.task)) {
        return Err(TrainError::OneTask);
    }
    let curves = calibrate(&known, training);
    let fit = Fit::of(&known, training.seed);
    let features = fit.table.tags.as_flattened().iter().filter(|tag| **tag != 0).count();
    Ok(Trained { model: fit.model(curves), features })
}

/// One prompt as the places of its features.
struct Seen {
    /// Zone by zone.
    places: [Vec<u32>; Zone::COUNT],
    class: usize,
    weight: f32,
}

/// Weights in full precision.
struct Fit {
    table: Table,
    weights: Vec<Row>,
    bias: Row,
}

/// Which features have a place.
struct Table {
    tags: Vec<[u16; WAYS]>,
}

impl Fit {
    /// Learns twice: once with every feature, to see which matter, and once with those.
    fn of(examples: &[&Example], seed: u64) -> Self {
        let all: Vec<Vec<(Zone, u32)>> = examples.iter().map(|it| features_of(it)).collect();
        let counts = frequent(examples, &all);
        let index = |feature: u32| counts.binary_search_by_key(&feature, |(it, _)| *it).ok();
        let prompts = lay_out(examples, &all, index);
        let (first, _) = descend(&prompts, counts.len(), seed);
        let mut ranked: Vec<(f32, u32)> = counts
            .iter()
            .zip(&first)
            .map(|((feature, count), row)| (importance(row, *count), *feature))
            .collect();
        ranked.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(&right.1)));
        let table = Table::of(ranked.iter().map(|(_, feature)| *feature));
        let prompts = lay_out(examples, &all, |feature| table.place_of(feature));
        let (weights, bias) = descend(&prompts, SETS * WAYS, seed);
        Self { table, weights, bias }
    }

    fn model(&self, curves: [[f32; POINTS]; 2]) -> Model {
        let largest =
            self.weights.as_flattened().iter().fold(0.0_f32, |most, it| most.max(it.abs()));
        let step = largest.max(f32::MIN_POSITIVE) / 127.0;
        let mut model = Model {
            tags: self.table.tags.clone(),
            weights: vec![[[0; CLASSES]; WAYS]; SETS],
            step,
            bias: self.bias,
            floor: FLOOR,
            curves,
        };
        for (row, weights) in model.weights.as_flattened_mut().iter_mut().zip(&self.weights) {
            for (small, weight) in row.iter_mut().zip(weights) {
                *small = nearest(weight / step);
            }
        }
        model
    }
}

#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "clamped to what fits")]
fn nearest(value: f32) -> i8 {
    value.round().clamp(-127.0, 127.0) as i8
}

impl Table {
    /// Gives places to features, the most important first.
    fn of(features: impl Iterator<Item = u32>) -> Self {
        let mut tags = vec![[0_u16; WAYS]; SETS];
        for feature in features {
            let (set, tag) = place(feature, SETS);
            if let Some(ways) = tags.get_mut(set)
                && !ways.contains(&tag)
                && let Some(free) = ways.iter_mut().find(|way| **way == 0)
            {
                *free = tag;
            }
        }
        Self { tags }
    }

    fn place_of(&self, feature: u32) -> Option<usize> {
        let (set, tag) = place(feature, SETS);
        let way = self.tags.get(set)?.iter().position(|other| *other == tag)?;
        Some(set * WAYS + way)
    }
}

fn features_of(example: &Example) -> Vec<(Zone, u32)> {
    let mut found = Vec::new();
    features::visit(&example.asked(), |zone, feature| found.push((zone, feature)));
    found
}

/// The features of enough prompts from different sources, in order, with the number of prompts.
fn frequent(examples: &[&Example], all: &[Vec<(Zone, u32)>]) -> Vec<(u32, u32)> {
    let mut names: Vec<&str> = examples.iter().map(|example| example.source.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let sources_min = if names.len() < SOURCES_MIN { 1 } else { SOURCES_MIN };
    let mut every: Vec<(u32, u16)> = Vec::new();
    for (example, features) in examples.iter().zip(all) {
        let source = names.binary_search(&example.source.as_str()).unwrap_or(0);
        let source = u16::try_from(source).unwrap_or(u16::MAX);
        let mut own: Vec<u32> = features.iter().map(|(_, feature)| *feature).collect();
        own.sort_unstable();
        own.dedup();
        every.extend(own.into_iter().map(|feature| (feature, source)));
    }
    every.sort_unstable();
    let mut counts = Vec::new();
    for same in every.chunk_by(|left, right| left.0 == right.0) {
        let count = u32::try_from(same.len()).unwrap_or(u32::MAX);
        let sources = same.chunk_by(|left, right| left.1 == right.1).count();
        if let Some((feature, _)) = same.first()
            && count >= PROMPTS_MIN
            && sources >= sources_min
        {
            counts.push((*feature, count));
        }
    }
    counts
}

fn lay_out(
    examples: &[&Example],
    all: &[Vec<(Zone, u32)>],
    index: impl Fn(u32) -> Option<usize>,
) -> Vec<Seen> {
    let class_of = |task: Task| Task::ALL.iter().position(|it| *it == task).unwrap_or(0);
    let mut sizes = [0_u32; CLASSES * 2];
    let group =
        |example: &Example| class_of(example.task) * 2 + usize::from(example.lang == Lang::Zh);
    for example in examples {
        if let Some(size) = sizes.get_mut(group(example)) {
            *size += 1;
        }
    }
    let mean = mean_of(&sizes);
    let rows = examples.iter().zip(all).map(|(example, features)| {
        let mut places = [const { Vec::new() }; Zone::COUNT];
        for (zone, feature) in features {
            if let Some(place) = index(*feature).and_then(|it| u32::try_from(it).ok())
                && let Some(places) = places.get_mut(zone.index())
            {
                places.push(place);
            }
        }
        let size = sizes.get(group(example)).copied().unwrap_or(1).max(1);
        // Rare tasks count more, but not as much as if all were equally frequent.
        let weight = (mean / small(size)).sqrt().clamp(0.3, 3.0);
        Seen { places, class: class_of(example.task), weight }
    });
    rows.collect()
}

fn mean_of(sizes: &[u32]) -> f32 {
    let filled = sizes.iter().filter(|size| **size > 0).count();
    small(sizes.iter().sum()) / small(u32::try_from(filled).unwrap_or(1).max(1))
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "exact below 16 million")]
const fn small(count: u32) -> f32 {
    count as f32
}

fn importance(row: &Row, count: u32) -> f32 {
    let mean = row.iter().sum::<f32>() / 12.0;
    let spread: f32 = row.iter().map(|weight| (weight - mean) * (weight - mean)).sum();
    (spread * small(count)).sqrt()
}

/// Stochastic gradient descent with steps that shrink for weights that moved much (`AdaGrad`).
fn descend(prompts: &[Seen], size: usize, seed: u64) -> (Vec<Row>, Row) {
    let mut weights = vec![[0.0_f32; CLASSES]; size];
    let mut moved = vec![[1e-2_f32; CLASSES]; size];
    let (mut bias, mut bias_moved) = ([0.0_f32; CLASSES], [1e-2_f32; CLASSES]);
    let mut dice = Dice(seed | 1);
    let mut order: Vec<usize> = (0..prompts.len()).collect();
    let mut kept: Vec<(usize, f32)> = Vec::new();
    for round in 0..ROUNDS {
        dice.shuffle(&mut order);
        let rate = RATE * (1.0 - f32::from(round) / f32::from(ROUNDS));
        for one in order.iter().filter_map(|index| prompts.get(*index)) {
            kept.clear();
            let is_passed_over = dice.share() < PASSED_OVER;
            for (zone, places) in one.places.iter().enumerate() {
                if is_passed_over && zone == Zone::Between.index() {
                    continue;
                }
                let from = kept.len();
                for place in places.iter().filter(|_| dice.share() >= LEFT_OUT) {
                    kept.push((usize::try_from(*place).unwrap_or(0), 0.0));
                }
                let count = u16::try_from(kept.len() - from).unwrap_or(u16::MAX);
                let value = share_of(zone, count);
                // What is left out must not make the rest quieter.
                let value =
                    if zone == Zone::Shape.index() { value / (1.0 - LEFT_OUT) } else { value };
                for feature in kept.iter_mut().skip(from) {
                    feature.1 = value;
                }
            }
            let mut scores = bias;
            for (place, value) in &kept {
                let Some(row) = weights.get(*place) else { continue };
                for (score, weight) in scores.iter_mut().zip(row) {
                    *score += weight * value;
                }
            }
            softmax(&mut scores);
            if let Some(right) = scores.get_mut(one.class) {
                *right -= 1.0;
            }
            for error in &mut scores {
                *error *= one.weight;
            }
            step(&mut bias, &mut bias_moved, &scores, 1.0, rate);
            for (place, value) in &kept {
                if let (Some(row), Some(moved)) = (weights.get_mut(*place), moved.get_mut(*place)) {
                    step(row, moved, &scores, *value, rate);
                }
            }
        }
    }
    (weights, bias)
}

#[inline]
fn step(row: &mut Row, moved: &mut Row, errors: &Row, value: f32, rate: f32) {
    for ((weight, moved), error) in row.iter_mut().zip(moved).zip(errors) {
        let slope = error * value + DECAY * *weight;
        *moved += slope * slope;
        *weight -= rate * slope / moved.sqrt();
    }
}

/// The curves by which shares become confidence, from prompts of sources that were held out.
fn calibrate(examples: &[&Example], training: Training) -> [[f32; POINTS]; 2] {
    let mut curves = [identity(); 2];
    if training.folds < 2 {
        return curves;
    }
    let judged = held_out(examples, training);
    for (curve, is_chinese) in curves.iter_mut().zip([true, false]) {
        let own: Vec<(f32, bool)> = judged
            .iter()
            .filter(|it| (it.lang == Lang::Zh) == is_chinese)
            .map(|it| (it.share, it.is_right))
            .collect();
        if own.len() >= 100 {
            *curve = isotonic(own);
        }
    }
    curves
}

/// The curve that changes nothing.
pub(super) fn identity() -> [f32; POINTS] {
    let mut curve = [0.0; POINTS];
    for (index, point) in (0_u8..).zip(&mut curve) {
        *point = f32::from(index) / f32::from(u8::try_from(POINTS - 1).unwrap_or(1));
    }
    curve
}

struct Judged {
    lang: Lang,
    share: f32,
    is_right: bool,
}

fn held_out(examples: &[&Example], training: Training) -> Vec<Judged> {
    let Training { seed, folds } = training;
    let fold = deal(examples, folds);
    let judge_fold = |number: usize| -> Vec<Judged> {
        let belongs = |index: usize| fold.get(index) == Some(&number);
        let part = |inside: bool| -> Vec<&Example> {
            let of_part = |(index, _): &(usize, &&Example)| belongs(*index) == inside;
            examples.iter().enumerate().filter(of_part).map(|(_, it)| *it).collect()
        };
        let (unseen, others) = (part(true), part(false));
        if unseen.is_empty() || others.is_empty() {
            return Vec::new();
        }
        let model = Fit::of(&others, seed).model([identity(); 2]);
        let mut voices = std::collections::BTreeMap::<&str, usize>::new();
        let heard = unseen.into_iter().filter(|example| {
            let voices = voices.entry(&example.source).or_default();
            *voices += 1;
            *voices <= VOICES_MAX
        });
        let judge = |example: &Example| {
            let guess = best(&model.shares(&example.asked()), &model.curves, example.lang);
            let is_right = guess.task == example.task;
            Judged { lang: example.lang, share: guess.confidence, is_right }
        };
        heard.map(judge).collect()
    };
    (0..folds).into_par_iter().flat_map_iter(judge_fold).collect()
}

/// Deals whole sources into folds, the largest first into the emptiest. A single source is dealt
/// prompt by prompt.
fn deal(examples: &[&Example], folds: usize) -> Vec<usize> {
    let mut sizes = std::collections::BTreeMap::<&str, usize>::new();
    for example in examples {
        *sizes.entry(&example.source).or_default() += 1;
    }
    if sizes.len() < 2 {
        return (0..examples.len()).map(|index| index % folds).collect();
    }
    let mut order: Vec<(&str, usize)> = sizes.into_iter().collect();
    order.sort_by(|left, right| right.1.cmp(&left.1).then(left.0.cmp(right.0)));
    let mut full = vec![0_usize; folds];
    let mut fold_of = std::collections::BTreeMap::new();
    for (source, size) in order {
        let emptiest = (0..folds).min_by_key(|index| full.get(*index).copied()).unwrap_or(0);
        if let Some(fullness) = full.get_mut(emptiest) {
            *fullness += size;
        }
        fold_of.insert(source, emptiest);
    }
    let fold = |example: &&Example| fold_of.get(example.source.as_str()).copied().unwrap_or(0);
    examples.iter().map(fold).collect()
}

/// The rising curve nearest to what happened (pool adjacent violators over bins of shares).
fn isotonic(judged: Vec<(f32, bool)>) -> [f32; POINTS] {
    let last = f32::from(u8::try_from(POINTS - 1).unwrap_or(1));
    // A prompt belongs to the two points around it; a little belief in the share itself fills bins
    // that are nearly empty.
    let mut bins: Vec<(f32, f32)> = identity().iter().map(|point| (point * 5.0, 5.0)).collect();
    for (share, is_right) in judged {
        for (index, (right, all)) in (0_u8..).zip(&mut bins) {
            let near = (1.0 - (share * last - f32::from(index)).abs()).max(0.0);
            *all += near;
            *right += if is_right { near } else { 0.0 };
        }
    }
    let mut pools: Vec<(f32, f32, usize)> = Vec::new();
    for (right, all) in bins {
        let mut pool = (right, all, 1);
        while let Some(before) = pools.last()
            && before.0 / before.1 >= pool.0 / pool.1
        {
            pool = (pool.0 + before.0, pool.1 + before.1, pool.2 + before.2);
            pools.pop();
        }
        pools.push(pool);
    }
    let mut curve = [0.0; POINTS];
    let values = pools.iter().flat_map(|pool| std::iter::repeat_n(pool.0 / pool.1, pool.2));
    for (point, value) in curve.iter_mut().zip(values) {
        *point = value;
    }
    curve
}

/// Numbers that look random and are the same every time (xorshift64*).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        u32::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32).unwrap_or(0)
    }

    /// From 0 up to, not including, 1.
    fn share(&mut self) -> f32 {
        small(self.roll() >> 8) / 16_777_216.0
    }

    fn shuffle(&mut self, items: &mut [usize]) {
        for last in (1..items.len()).rev() {
            let roll = (u64::from(self.roll()) * u64::try_from(last + 1).unwrap_or(1)) >> 32;
            items.swap(last, usize::try_from(roll).unwrap_or(0));
        }
    }
}
