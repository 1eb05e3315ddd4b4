//! The whole graph against Hugging Face transformers and against itself.

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::engine::backend::golden::{self, Case, Golden, Off};
use crate::engine::backend::{Logits, Need, Progress, Prompt, Row};
use crate::engine::settings::BackendChoice;
use crate::engine::tokenizer::Tokenizer;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn tiny(name: &str) -> PathBuf {
    root().join("tests/golden/t5").join(name)
}

fn load(folder: &Path, weights: Precision, threads: usize) -> Arc<Cpu> {
    load_for(Level::detect(), folder, weights, threads)
}

fn load_for(level: Level, folder: &Path, weights: Precision, threads: usize) -> Arc<Cpu> {
    let config = Config::parse(&std::fs::read(folder.join("config.json")).unwrap()).unwrap();
    let bytes = std::fs::read(folder.join("model.safetensors")).unwrap();
    let settings = EngineSettings {
        backend: BackendChoice::Cpu,
        weights,
        threads,
        ..EngineSettings::default()
    };
    let weights = Weights::parse(&bytes).unwrap();
    Arc::new(Cpu::load_for(level, &weights, &config, &settings, &[]).unwrap())
}

fn cases(path: PathBuf) -> Vec<Case> {
    golden::read::<Golden>(&path).cases
}

/// Reads prompts into slots 0, 1, ….
fn read(session: &mut dyn Sequences, prompts: &[(&[u32], usize)]) {
    let prompts: Vec<Prompt<'_>> = prompts
        .iter()
        .enumerate()
        .map(|(slot, (ids, steps_max))| Prompt { slot, ids, steps_max: *steps_max, adapter: None })
        .collect();
    session.read(&prompts).unwrap();
    while session.read_on().unwrap() == Progress::Onward {}
}

/// The farthest that any number is off.
fn off(model: &Arc<Cpu>, case: &Case) -> f32 {
    let mut session = Arc::clone(model).open(1).unwrap();
    let Off { hidden, logits, .. } = golden::compare(&mut *session, std::slice::from_ref(case));
    hidden.max(logits)
}

/// f32 throughout: what is left is the order of sums. Google's tiny checkpoint, the same with
/// strong position biases, and the starter model; prompts up to 400 tokens, 48 forced steps; on
/// every level that this processor has.
#[test]
fn in_f32_it_agrees_with_transformers() {
    for level in Level::available() {
        for name in ["tiny-t5v1_1", "tiny-t5v1_1-strong-bias"] {
            let model = load_for(level, &tiny(name), Precision::F32, 2);
            for case in cases(tiny(name).join("golden_forced.json")) {
                let off = off(&model, &case);
                assert!(off < 2e-4, "{name} on {level:?}: off by {off}");
            }
        }
        let starter = root().join("models/starter");
        let model = load_for(level, &starter, Precision::F32, 1);
        let forced = |case: &Case| !case.steps.is_empty();
        for case in cases(starter.join("golden.json")).iter().filter(|case| forced(case)) {
            let off = off(&model, case);
            assert!(off < 2e-3, "the starter on {level:?} is off by {off}");
        }
    }
}

/// Rounded weights move the logits, but not by much, and hardly ever the best token.
#[test]
fn rounded_weights_say_what_transformers_say() {
    let starter = root().join("models/starter");
    let cases = cases(starter.join("golden.json"));
    for (precision, disagreements_max) in
        [(Precision::Bf16, 0.04), (Precision::Int8, 0.07), (Precision::Int4, 0.2)]
    {
        let models =
            Level::available().into_iter().map(|level| load_for(level, &starter, precision, 1));
        for model in models {
            let (mut steps, mut other) = (0.0, 0.0);
            for case in &cases {
                let mut session = Arc::clone(&model).open(1).unwrap();
                read(&mut *session, &[(&case.input_ids, case.greedy_ids.len())]);
                let mut logits = Logits::default();
                for pair in case.greedy_ids.windows(2) {
                    session
                        .step(&[Row { slot: 0, id: pair[0], need: Need::Best }], &mut logits)
                        .unwrap();
                    steps += 1.0;
                    other += f32::from(u8::from(logits.best(0).id != pair[1]));
                }
            }
            assert!(steps > 20.0);
            assert!(other / steps <= disagreements_max, "{}: {other} of {steps}", model.describe());
        }
    }
}

/// Says what f32 says, token by token along the answer that f32 gives, on prompts that the starter
/// was not trained on.
#[test]
fn rounded_weights_choose_the_tokens_that_f32_chooses() {
    let folder = root().join("models/starter");
    let config = Config::parse(&std::fs::read(folder.join("config.json")).unwrap()).unwrap();
    let spelling = std::fs::read(folder.join("tokenizer.json")).unwrap();
    let tokenizer = Tokenizer::load(&spelling, config.end_id, config.t5.vocab_size).unwrap();
    let rows = std::fs::read_to_string(root().join("examples/train-starter/eval.jsonl")).unwrap();
    let prompts: Vec<Vec<u32>> = rows
        .lines()
        .step_by(13)
        .map(|row| {
            let row: serde_json::Value = serde_json::from_str(row).unwrap();
            tokenizer.encode(row["input"].as_str().unwrap()).unwrap().ids
        })
        .collect();
    let models = [
        (Precision::F32, 1.0),
        (Precision::Bf16, 0.99),
        (Precision::Int8, 0.97),
        (Precision::Int4, 0.92),
    ]
    .map(|(precision, least)| (load(&folder, precision, 1), least));
    let (mut steps, mut alike) = (0, [0; 4]);
    for prompt in &prompts {
        let mut sessions = models.each_ref().map(|(model, _)| {
            let mut session = Arc::clone(model).open(1).unwrap();
            read(&mut *session, &[(prompt, 32)]);
            session
        });
        let (mut id, mut logits) = (config.start_id, Logits::default());
        for _ in 0..32 {
            let said = sessions.each_mut().map(|session| {
                session.step(&[Row { slot: 0, id, need: Need::Best }], &mut logits).unwrap();
                logits.best(0).id
            });
            steps += 1;
            for (alike, other) in alike.iter_mut().zip(said) {
                *alike += i32::from(other == said[0]);
            }
            id = said[0];
            if id == config.end_id {
                break;
            }
        }
    }
    assert!(steps > 300, "{steps}");
    for ((model, least), alike) in models.iter().zip(alike) {
        let share = f64::from(alike) / f64::from(steps);
        assert!(share >= *least, "{}: {alike} of {steps}", model.describe());
    }
}

/// The logits of forced steps, for each of several sequences that join and leave at their own time.
fn together(model: &Arc<Cpu>, prompts: &[Vec<u32>], starts: &[usize]) -> Vec<Vec<Vec<f32>>> {
    let mut session = Arc::clone(model).open(prompts.len()).unwrap();
    let (mut logits, mut out) = (Logits::default(), vec![Vec::new(); prompts.len()]);
    for time in 0..12 {
        for (slot, ids) in prompts.iter().enumerate().filter(|(slot, _)| starts[*slot] == time) {
            session.read(&[Prompt { slot, ids, steps_max: 4, adapter: None }]).unwrap();
            while session.read_on().unwrap() == Progress::Onward {}
        }
        let active: Vec<usize> = (0..prompts.len())
            .filter(|slot| (starts[*slot]..starts[*slot] + 4).contains(&time))
            .collect();
        let rows: Vec<Row> = active
            .iter()
            .map(|slot| {
                let id = u32::try_from((time - starts[*slot]) * 7 + slot).unwrap();
                Row { slot: *slot, id, need: if slot % 2 == 0 { Need::All } else { Need::Best } }
            })
            .collect();
        session.step(&rows, &mut logits).unwrap();
        for (row, slot) in active.iter().enumerate() {
            out[*slot].push(logits.row(row).to_vec());
        }
        for slot in active {
            if time + 1 == starts[slot] + 4 {
                session.free(slot);
            }
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// The same bits alone and among others, with one thread and with three.
    #[test]
    fn neighbours_do_not_matter(
        prompts in prop::collection::vec(prop::collection::vec(2_u32..32_000, 1..40), 1..5),
        starts in prop::collection::vec(0_usize..8, 5),
        kind in prop::sample::select(vec![Precision::Int8, Precision::Int4, Precision::Bf16, Precision::F32]),
    ) {
        let (one, three) = (load(&tiny("tiny-t5v1_1-strong-bias"), kind, 1), load(&tiny("tiny-t5v1_1-strong-bias"), kind, 3));
        let all = together(&three, &prompts, &starts);
        for (slot, prompt) in prompts.iter().enumerate() {
            // The slot's number decides which tokens are forced, so the others are kept, but elsewhere in time.
            let mut apart = vec![100; prompts.len()];
            apart[slot] = 0;
            let alone = together(&one, &prompts, &apart);
            prop_assert_eq!(&alone[slot], &all[slot], "slot {} of {:?}", slot, prompt);
        }
    }
}

#[test]
fn a_copy_goes_its_own_way() {
    let model = load(&tiny("tiny-t5v1_1-strong-bias"), Precision::Int8, 1);
    let mut session = Arc::clone(&model).open(3).unwrap();
    let mut logits = Logits::default();
    read(&mut *session, &[(&[9, 8, 7, 1], 6)]);
    let row = |slot, id| Row { slot, id, need: Need::All };
    session.step(&[row(0, 0)], &mut logits).unwrap();
    session.fork(0, 2).unwrap();
    session.step(&[row(0, 5), row(2, 6)], &mut logits).unwrap();
    let (five, six) = (logits.row(0).to_vec(), logits.row(1).to_vec());
    assert_ne!(five, six);
    session.free(0);
    session.step(&[row(2, 5)], &mut logits).unwrap();
    let mut session = Arc::clone(&model).open(1).unwrap();
    read(&mut *session, &[(&[9, 8, 7, 1], 6)]);
    let after = |session: &mut dyn Sequences, id: u32, logits: &mut Logits| {
        session.step(&[row(0, id)], logits).unwrap();
        logits.row(0).to_vec()
    };
    after(&mut *session, 0, &mut logits);
    assert_eq!(after(&mut *session, 6, &mut logits), six);
}

#[test]
fn impossible_steps_are_errors() {
    let model = load(&tiny("tiny-t5v1_1"), Precision::Int8, 1);
    let mut session = Arc::clone(&model).open(1).unwrap();
    let mut logits = Logits::default();
    let row = |id| [Row { slot: 0, id, need: Need::Best }];
    assert!(session.step(&row(0), &mut logits).is_err(), "nothing was read");
    let prompt = |ids: &'static [u32], slot| [Prompt { slot, ids, steps_max: 1, adapter: None }];
    assert!(session.read(&prompt(&[32_128], 0)).is_err());
    assert!(session.read(&prompt(&[], 0)).is_err());
    assert!(session.read(&prompt(&[1], 1)).is_err());
    assert!(session.fork(0, 0).is_err());
    read(&mut *session, &[(&[3, 1], 1)]);
    assert!(session.step(&row(40_000), &mut logits).is_err());
    session.step(&row(0), &mut logits).unwrap();
    assert!(session.step(&row(0), &mut logits).is_err(), "a second step of one");
    session.read(&prompt(&[1], 0)).unwrap();
    session.free(0);
    while session.read_on().unwrap() == Progress::Onward {}
    assert!(session.step(&row(0), &mut logits).is_err(), "it was freed while it was read");
}

/// What a step needs was made when the prompt was read, or by the first steps.
#[test]
fn a_step_allocates_nothing() {
    for precision in [Precision::Int8, Precision::Int4, Precision::Bf16, Precision::F32] {
        let model = load(&root().join("models/starter"), precision, 1);
        let mut session = Arc::clone(&model).open(3).unwrap();
        let prompt: Vec<u32> = (3..90).collect();
        read(&mut *session, &[(&prompt, 40), (&prompt[..9], 40), (&prompt[..40], 40)]);
        let mut logits = Logits::default();
        let mut rows = [0, 1, 2].map(|slot| Row { slot, id: 0, need: Need::Best });
        rows[1].need = Need::All;
        session.step(&rows, &mut logits).unwrap();
        let counted = allocation_counter::measure(|| {
            for id in 4..36 {
                for row in &mut rows {
                    row.id = id;
                }
                session.step(&rows, &mut logits).unwrap();
            }
        });
        assert_eq!(counted.count_total, 0, "{}", model.describe());
    }
}

/// Prompts that are read together, more places than attention looks at in one go: the same bits as each alone.
#[test]
fn prompts_read_together_are_those_read_alone() {
    let model = load(&tiny("tiny-t5v1_1-strong-bias"), Precision::Int8, 2);
    let prompts: Vec<Vec<u32>> =
        [300, 5, 260, 700, 1].map(|length| (3..3 + length).collect()).into();
    let first = |session: &mut dyn Sequences, slots: usize| -> Vec<Vec<f32>> {
        let row = |slot| Row { slot, id: 0, need: Need::All };
        let mut logits = Logits::default();
        session.step(&(0..slots).map(row).collect::<Vec<_>>(), &mut logits).unwrap();
        (0..slots).map(|row| logits.row(row).to_vec()).collect()
    };
    let mut session = Arc::clone(&model).open(prompts.len()).unwrap();
    read(&mut *session, &prompts.iter().map(|ids| (&ids[..], 1)).collect::<Vec<_>>());
    let together = first(&mut *session, prompts.len());
    for (prompt, together) in prompts.iter().zip(together) {
        let mut session = Arc::clone(&model).open(1).unwrap();
        read(&mut *session, &[(prompt, 1)]);
        let alone = first(&mut *session, 1).remove(0);
        assert_eq!(alone, together, "{} tokens", prompt.len());
    }
    let all: Vec<&[u32]> = prompts.iter().map(Vec::as_slice).collect();
    let together = session.encode(&all).unwrap();
    for (prompt, together) in all.iter().zip(together) {
        assert_eq!(session.encode(&[prompt]).unwrap(), [together]);
    }
}
