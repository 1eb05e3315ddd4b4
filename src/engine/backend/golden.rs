//! Figures that Hugging Face transformers computed, and how far a backend is from them.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::{Logits, Need, Progress, Prompt, Row, Session};

#[derive(Deserialize)]
pub(super) struct Golden {
    /// Sums of some tensors, where the checkpoint is made by the test.
    #[serde(default)]
    pub(super) sums: BTreeMap<String, f64>,
    pub(super) cases: Vec<Case>,
}

#[derive(Deserialize)]
pub(super) struct Case {
    pub(super) input_ids: Vec<u32>,
    #[serde(default)]
    pub(super) decoder_input_ids: Vec<u32>,
    #[serde(default)]
    pub(super) encoder_first_last: Vec<Vec<f32>>,
    #[serde(default)]
    pub(super) steps: Vec<Step>,
    #[serde(default)]
    pub(super) greedy_ids: Vec<u32>,
}

#[derive(Deserialize)]
pub(super) struct Step {
    pub(super) top_ids: Vec<u32>,
    pub(super) top_logits: Vec<f32>,
    pub(super) logits_0_7: Vec<f32>,
    pub(super) logsumexp: f32,
}

/// Reads a file of figures.
pub(super) fn read<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// How far a backend is off.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Off {
    /// The farthest of a hidden state.
    pub(super) hidden: f32,
    /// The farthest of a logit or of the log of their sum.
    pub(super) logits: f32,
    /// Steps that name another best token.
    pub(super) other: usize,
}

/// Reads each prompt alone in slot 0 and forces the steps.
pub(super) fn compare(session: &mut dyn Session, cases: &[Case]) -> Off {
    let mut off = Off::default();
    let farther = |most: &mut f32, ours: f32, theirs: f32| *most = most.max((ours - theirs).abs());
    for case in cases {
        let hidden = session.encode(&[&case.input_ids]).unwrap().remove(0);
        let width = hidden.len() / case.input_ids.len();
        let ends = [&hidden[..width], &hidden[hidden.len() - width..]];
        for (ours, theirs) in ends.into_iter().zip(&case.encoder_first_last) {
            for (ours, theirs) in ours.iter().zip(theirs) {
                farther(&mut off.hidden, *ours, *theirs);
            }
        }
        let steps_max = case.steps.len();
        let prompt = Prompt { slot: 0, ids: &case.input_ids, steps_max, adapter: None };
        session.read(&[prompt]).unwrap();
        while session.read_on().unwrap() == Progress::Onward {}
        let mut logits = Logits::default();
        for (id, step) in case.decoder_input_ids.iter().zip(&case.steps) {
            session.step(&[Row { slot: 0, id: *id, need: Need::All }], &mut logits).unwrap();
            let row = logits.row(0);
            farther(&mut off.logits, logits.best(0).log_sum_exp, step.logsumexp);
            for (ours, theirs) in row.iter().zip(&step.logits_0_7) {
                farther(&mut off.logits, *ours, *theirs);
            }
            for (id, theirs) in step.top_ids.iter().zip(&step.top_logits) {
                farther(&mut off.logits, row[usize::try_from(*id).unwrap()], *theirs);
            }
            off.other += usize::from(logits.best(0).id != step.top_ids[0]);
        }
    }
    off
}
