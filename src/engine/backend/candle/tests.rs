//! The graph against Hugging Face transformers, step by step.

use std::path::{Path, PathBuf};

use candle_core::D;

use super::*;
use crate::engine::backend::golden::{Case, Golden, read};
use crate::engine::backend::position::{Gaze, PositionBias};
use crate::engine::backend::{Backend, Logits, Need, Progress, Prompt, Row, best_of};

/// The golden numbers are rounded to five decimals; f32 sums in another order cost the rest.
const TOLERANCE: f32 = 2e-4;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/t5").join(name)
}

fn config(name: &str) -> Config {
    Config::parse(&std::fs::read(golden(name).join("config.json")).unwrap()).unwrap()
}

fn weights(name: &str) -> Vec<u8> {
    std::fs::read(golden(name).join("model.safetensors")).unwrap()
}

fn model(name: &str) -> T5 {
    T5::load(&Weights::parse(&weights(name)).unwrap(), &config(name)).unwrap()
}

/// The farthest that any number is off, and how many steps name other tokens. Fails on the spot
/// only where the shapes differ.
fn compare(model: &T5, case: &Case) -> (f32, usize) {
    let encoded = model.encode(&case.input_ids).unwrap();
    let mut off = 0.0_f32;
    let mut note = |ours: f32, theirs: f32| off = off.max((ours - theirs).abs());
    let rows = encoded.to_vec2::<f32>().unwrap();
    assert_eq!(rows.len(), case.input_ids.len());
    let ends = [&rows[0], &rows[rows.len() - 1]];
    for (ours, theirs) in ends.into_iter().zip(&case.encoder_first_last) {
        assert!(ours.len() >= theirs.len());
        ours.iter().zip(theirs).for_each(|(ours, theirs)| note(*ours, *theirs));
    }
    let mut decoding = model.begin(&encoded, case.steps.len()).unwrap();
    let mut other_tokens = 0;
    for (id, step) in case.decoder_input_ids.iter().zip(&case.steps) {
        let logits = model.step(&mut decoding, *id).unwrap();
        let numbers = logits.to_vec1::<f32>().unwrap();
        note(best_of(&numbers).log_sum_exp, step.logsumexp);
        numbers.iter().zip(&step.logits_0_7).for_each(|(ours, theirs)| note(*ours, *theirs));
        let mut order: Vec<u32> = (0..u32::try_from(numbers.len()).unwrap()).collect();
        order.sort_by(|a, b| numbers[index(*b)].total_cmp(&numbers[index(*a)]));
        for (id, theirs) in step.top_ids.iter().zip(&step.top_logits) {
            note(numbers[index(*id)], *theirs);
        }
        other_tokens += usize::from(order[..4] != step.top_ids[..]);
    }
    (off, other_tokens)
}

#[test]
fn forced_steps_agree_with_transformers() {
    for name in ["tiny-t5v1_1", "tiny-t5v1_1-strong-bias"] {
        let model = model(name);
        let golden: Golden = read(&golden(name).join("golden_forced.json"));
        let lengths: Vec<_> = golden.cases.iter().map(|case| case.input_ids.len()).collect();
        assert_eq!(lengths, [11, 400]);
        for case in &golden.cases {
            assert_eq!((case.steps.len(), case.encoder_first_last.len()), (48, 2));
            let (off, other_tokens) = compare(&model, case);
            let prompt = case.input_ids.len();
            assert!(off < TOLERANCE, "{name}, prompt {prompt}: off by {off}");
            assert_eq!(other_tokens, 0, "{name}, prompt {prompt}");
        }
    }
}

/// The checkpoint that is in the binary: half precision on disk, a tied head, trained weights whose
/// logits are larger than the tiny models', so that rounding weighs more.
#[test]
fn the_starter_agrees_with_transformers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/starter");
    let config = Config::parse(&std::fs::read(folder.join("config.json")).unwrap()).unwrap();
    let bytes = std::fs::read(folder.join("model.safetensors")).unwrap();
    let model = T5::load(&Weights::parse(&bytes).unwrap(), &config).unwrap();
    let golden: Golden = read(&folder.join("golden.json"));
    assert!(golden.cases.iter().any(|case| case.input_ids.len() > 130), "a long prompt is needed");
    let mut forced = 0;
    for case in &golden.cases {
        if !case.steps.is_empty() {
            assert_eq!((case.steps.len(), case.encoder_first_last.len()), (48, 2));
            let (off, other_tokens) = compare(&model, case);
            assert!(off < 10.0 * TOLERANCE, "off by {off}");
            assert_eq!(other_tokens, 0);
            forced += 1;
        }
        let encoded = model.encode(&case.input_ids).unwrap();
        let mut decoding = model.begin(&encoded, case.greedy_ids.len()).unwrap();
        for pair in case.greedy_ids.windows(2) {
            let logits = model.step(&mut decoding, pair[0]).unwrap();
            let id = logits.argmax(D::Minus1).unwrap().to_scalar::<u32>().unwrap();
            assert_eq!(id, pair[1]);
        }
    }
    assert!(forced >= 2);
}

/// What candle-transformers does: it must be seen by the comparison above, or that proves nothing.
#[test]
fn the_encoders_buckets_in_the_decoder_would_be_noticed() {
    let name = "tiny-t5v1_1-strong-bias";
    let (mut wrong, bytes) = (model(name), weights(name));
    let key = "decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight";
    let weights = Weights::parse(&bytes).unwrap();
    wrong.decoder_bias = PositionBias::load(&weights, key, &config(name), Gaze::BothWays).unwrap();
    let golden: Golden = read(&golden(name).join("golden_forced.json"));
    for mut case in golden.cases {
        let (off, other_tokens) = compare(&wrong, &case);
        assert!(off > 500.0 * TOLERANCE && other_tokens > 10, "off by {off}, {other_tokens}");
        case.steps.truncate(9);
        assert!(compare(&wrong, &case).0 < TOLERANCE, "the first nine steps cannot tell");
    }
}

#[test]
fn greedy_decoding_says_the_same_as_transformers() {
    let case: Case = read(&golden("tiny-t5v1_1").join("golden_greedy.json"));
    let model = model("tiny-t5v1_1");
    let encoded = model.encode(&case.input_ids).unwrap();
    let mut decoding = model.begin(&encoded, case.steps.len()).unwrap();
    let mut id = case.decoder_input_ids[0];
    for step in &case.steps {
        let logits = model.step(&mut decoding, id).unwrap();
        id = logits.argmax(D::Minus1).unwrap().to_scalar::<u32>().unwrap();
        assert_eq!(id, step.top_ids[0]);
    }
    assert!(compare(&model, &case).0 < TOLERANCE);
}

#[test]
fn two_answers_do_not_disturb_each_other() {
    let model = model("tiny-t5v1_1-strong-bias");
    let (short, long) = (model.encode(&[5, 6, 1]).unwrap(), model.encode(&[9; 40]).unwrap());
    let run = |encoded: &Tensor, steps_max: usize| -> Vec<Vec<f32>> {
        let mut decoding = model.begin(encoded, steps_max).unwrap();
        let steps = [0, 7, 8, 9].map(|id| model.step(&mut decoding, id).unwrap());
        steps.iter().map(|logits| logits.to_vec1().unwrap()).collect()
    };
    let alone = (run(&short, 4), run(&long, 4));
    let (mut a, mut b) = (model.begin(&short, 200).unwrap(), model.begin(&long, 4).unwrap());
    for (step, id) in [0, 7, 8, 9].into_iter().enumerate() {
        let together = (model.step(&mut a, id).unwrap(), model.step(&mut b, id).unwrap());
        assert_eq!(together.0.to_vec1::<f32>().unwrap(), alone.0[step]);
        assert_eq!(together.1.to_vec1::<f32>().unwrap(), alone.1[step]);
    }
    assert!(model.step(&mut b, 1).is_err(), "a fifth step of four");
}

#[test]
fn impossible_ids_are_errors() {
    let model = model("tiny-t5v1_1");
    assert!(model.encode(&[]).is_err());
    assert!(model.encode(&[32_128]).is_err());
    let mut decoding = model.begin(&model.encode(&[1]).unwrap(), 1).unwrap();
    assert!(model.step(&mut decoding, 40_000).is_err());
}

/// The same numbers through a tied head: the embedding backwards, scaled by `d_model^-0.5`.
#[test]
fn a_tied_head_is_the_scaled_embedding() {
    let name = "tiny-t5v1_1";
    let (bytes, mut config) = (weights(name), config(name));
    config.t5.tie_word_embeddings = true;
    let tied = T5::load(&Weights::parse(&bytes).unwrap(), &config).unwrap();
    let mut own = model(name);
    own.head = Head::Own((&own.embedding * 8_f64.powf(-0.5)).unwrap());
    let logits = |model: &T5| {
        let mut decoding = model.begin(&model.encode(&[3, 1]).unwrap(), 1).unwrap();
        model.step(&mut decoding, 0).unwrap().to_vec1::<f32>().unwrap()
    };
    for (tied, own) in logits(&tied).into_iter().zip(logits(&own)) {
        assert!((tied - own).abs() < 1e-5);
    }
}

#[test]
fn half_precision_files_load_and_wrong_ones_say_what_is_wrong() {
    use safetensors::tensor::{Dtype, TensorView, serialize};
    let name = "tiny-t5v1_1";
    let bytes = weights(name);
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let halved: Vec<(String, Vec<usize>, Vec<u8>)> = file
        .tensors()
        .into_iter()
        .map(|(name, view)| {
            let halves = view.data().chunks(4).flat_map(|chunk| [chunk[2], chunk[3]]);
            (name, view.shape().to_vec(), halves.collect())
        })
        .collect();
    let write = |skip: &str, dtype: Dtype| {
        let tensors = halved.iter().filter(|(name, ..)| name != skip);
        let views = tensors.map(|(name, shape, data)| {
            (name.clone(), TensorView::new(dtype, shape.clone(), data).unwrap())
        });
        serialize(views, None).unwrap()
    };
    let load = |bytes: &[u8], config: &Config| T5::load(&Weights::parse(bytes).unwrap(), config);
    // The upper half of an f32 is a bf16.
    let model = load(&write("", Dtype::BF16), &config(name)).unwrap();
    let golden: Golden = read(&golden(name).join("golden_forced.json"));
    assert!(compare(&model, &golden.cases[0]).0 < 0.1);

    let missing = load(&write("lm_head.weight", Dtype::BF16), &config(name)).unwrap_err();
    assert!(missing.to_string().contains("no tensor `lm_head.weight`"), "{missing}");
    let kind = load(&write("", Dtype::I16), &config(name)).unwrap_err();
    assert!(kind.to_string().contains("holds i16 numbers"), "{kind}");
    let mut wider = config(name);
    wider.t5.d_ff = 17;
    let shape = load(&bytes, &wider).unwrap_err();
    assert!(shape.to_string().contains("[16, 8]"), "{shape}");
    assert!(Weights::parse(&bytes[..bytes.len() - 1]).is_err(), "cut by one byte");
}

#[test]
fn a_fork_goes_its_own_way() {
    let model = std::sync::Arc::new(model("tiny-t5v1_1-strong-bias"));
    let mut session = std::sync::Arc::clone(&model).open(3).unwrap();
    let prompt =
        |slot| Prompt { slot, ids: &[13_959, 1_566, 12, 2_968, 1], steps_max: 8, adapter: None };
    session.read(&[prompt(0), prompt(2)]).unwrap();
    while session.read_on().unwrap() == Progress::Onward {}
    let mut logits = Logits::default();
    let mut feed = |session: &mut dyn crate::engine::backend::Session, slot, id| {
        session.step(&[Row { slot, id, need: Need::All }], &mut logits).unwrap();
        logits.row(0).to_vec()
    };
    for id in [0, 17] {
        feed(&mut *session, 0, id);
        feed(&mut *session, 2, id);
    }
    session.fork(0, 1).unwrap();
    // What the copy is fed must not reach the original, which the third slot repeats undisturbed.
    feed(&mut *session, 1, 99);
    let original = feed(&mut *session, 0, 5);
    feed(&mut *session, 1, 100);
    assert_eq!(original, feed(&mut *session, 2, 5));
    assert_eq!(feed(&mut *session, 0, 6), feed(&mut *session, 2, 6));
}
