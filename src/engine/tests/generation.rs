//! The ways to generate, through the scheduler and with real numbers.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::chat::Scored;

/// A folder with the strong-bias model, whose answers end with this token.
fn folder_ending_with(model: &str, end: u32) -> tempfile::TempDir {
    let folder = folder();
    std::fs::copy(golden(model).join("model.safetensors"), folder.path().join("model.safetensors"))
        .unwrap();
    let config = std::fs::read(golden(model).join("config.json")).unwrap();
    let mut config: serde_json::Value = serde_json::from_slice(&config).unwrap();
    config["eos_token_id"] = end.into();
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    folder
}

#[derive(Deserialize)]
struct Golden {
    embeddings: Vec<Embedding>,
    model: String,
    new_tokens: u32,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Embedding {
    text: String,
    vector: Vec<f32>,
}

fn made_by_transformers() -> Golden {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/engine/generation.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[derive(Deserialize)]
struct Case {
    prompt: String,
    end: u32,
    repetition_penalty: Option<f32>,
    no_repeat_ngram_size: Option<usize>,
    min_new_tokens: Option<u32>,
    num_beams: Option<usize>,
    num_return_sequences: Option<usize>,
    length_penalty: Option<f32>,
    early_stopping: Option<serde_json::Value>,
    ids: Vec<Vec<u32>>,
}

impl Case {
    fn job(&self, new_tokens: u32) -> Job {
        let patience = match &self.early_stopping {
            None => Patience::Likely,
            Some(serde_json::Value::Bool(true)) => Patience::First,
            Some(_) => Patience::Never,
        };
        Job {
            repetition_penalty: self.repetition_penalty.unwrap_or(1.0),
            no_repeat_ngram: self.no_repeat_ngram_size.unwrap_or(0),
            new_tokens_min: Tokens(self.min_new_tokens.unwrap_or(0)),
            choices: self.num_return_sequences.unwrap_or(1),
            search: self.num_beams.map(|beams| Search {
                beams,
                length_penalty: self.length_penalty.unwrap_or(1.0),
                patience,
            }),
            ..Job::greedy(&*self.prompt, Tokens(new_tokens))
        }
    }
}

/// A choice's text, its tokens if they were asked for, and why it ended.
type Said = (String, Vec<Scored>, Option<Finish>);

/// What each choice says.
fn choices(mut generation: Generation) -> (Vec<Said>, Summary) {
    let mut choices = BTreeMap::<usize, Said>::new();
    while let Some(event) = generation.next_blocking() {
        match event {
            Event::Text(piece) => {
                let choice = choices.entry(piece.choice).or_default();
                choice.0.push_str(&piece.text);
                choice.1.extend(piece.tokens);
            }
            Event::Ended { choice, finish } => {
                let before = choices.entry(choice).or_default().2.replace(finish);
                assert!(before.is_none(), "a choice ends once");
            }
            Event::Done(summary) => return (choices.into_values().collect(), summary),
            Event::Failed(error) => panic!("{error:?}"),
        }
    }
    panic!("no end");
}

#[test]
fn beams_and_penalties_say_what_transformers_says() {
    let golden = made_by_transformers();
    let mut engines = BTreeMap::new();
    let mut checked = 0;
    for case in &golden.cases {
        let engine = engines.entry(case.end).or_insert_with(|| {
            let folder = folder_ending_with(&golden.model, case.end);
            let source = ModelSource::Folder(folder.path().to_path_buf());
            Engine::load(source, settings()).unwrap()
        });
        let job = case.job(golden.new_tokens);
        let shape = format!("end {} {:?}", case.end, (&job.search, job.no_repeat_ngram));
        let (said, _) = choices(engine.generate(job).unwrap());
        assert_eq!(said.len(), case.ids.len(), "{shape}");
        for ((text, _, finish), ids) in said.iter().zip(&case.ids) {
            assert_eq!(*text, engine.handle.core.tokenizer.decode(ids), "{shape}");
            let is_whole = ids.len() < usize::try_from(golden.new_tokens).unwrap();
            assert_eq!(finish.unwrap() == Finish::Stop, is_whole, "{shape}");
        }
        checked += 1;
    }
    assert!(checked > 80, "{checked}");
}

#[tokio::test]
async fn embeddings_are_those_of_transformers() {
    let golden = made_by_transformers();
    let folder = folder_ending_with(&golden.model, 1);
    let source = ModelSource::Folder(folder.path().to_path_buf());
    let engine = Engine::load(source, settings()).unwrap();
    let texts: Vec<&str> = golden.embeddings.iter().map(|it| it.text.as_str()).collect();
    let vectors = engine.embed(&texts).await.unwrap().vectors;
    for (vector, expected) in vectors.iter().zip(&golden.embeddings) {
        let off = vector.iter().zip(&expected.vector).map(|(ours, theirs)| (ours - theirs).abs());
        assert!(off.fold(0.0, f32::max) < 1e-4, "{vector:?} for {:?}", expected.vector);
        assert_eq!(vector.len(), expected.vector.len());
    }
}

/// Every kind of job there is.
fn jobs() -> Vec<Job> {
    let plain = |tokens| Job::greedy(PROMPT, Tokens(tokens));
    let labels = ["billing", "technical problem", "account"].map(str::to_owned);
    let search = Search { beams: 3, length_penalty: 1.0, patience: Patience::Likely };
    vec![
        plain(12),
        Job { prompt: "word ".repeat(90), ..plain(5) },
        Job { temperature: 1.0, top_p: 0.9, seed: 7, ..plain(15) },
        Job { temperature: 1.3, top_k: 40, min_p: 0.01, seed: 1, choices: 3, ..plain(8) },
        Job { search: Some(search), choices: 2, no_repeat_ngram: 2, ..plain(9) },
        Job { guide: Some(Guide::Choice(labels.to_vec())), ..plain(20) },
        Job { guide: Some(Guide::Regex("[0-9]{2}:[0-9]{2}".to_owned())), seed: 3, ..plain(9) },
        Job { logprobs: Some(3), repetition_penalty: 1.4, ..plain(10) },
        Job { new_tokens_min: Tokens(4), stop: vec!["e".to_owned()], ..plain(30) },
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    /// An answer is the same alone, in a crowd and in any order of arrival.
    #[test]
    fn neighbours_do_not_matter(order in Just((0..9).collect::<Vec<usize>>()).prop_shuffle()) {
        static ENGINE: std::sync::LazyLock<Engine> = std::sync::LazyLock::new(|| {
            engine(EngineSettings { batch_max: 11, ..settings() })
        });
        static ALONE: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(|| {
            let say = |job| format!("{:?}", plainly(ENGINE.generate(job).unwrap()));
            jobs().into_iter().map(say).collect()
        });
        let jobs = jobs();
        let begun: Vec<_> =
            order.iter().map(|at| (*at, ENGINE.generate(jobs[*at].clone()).unwrap())).collect();
        for (at, generation) in begun {
            prop_assert_eq!(&format!("{:?}", plainly(generation)), &ALONE[at], "job {}", at);
        }
    }
}

/// Texts, ends and log-probabilities, without what depends on time.
fn plainly(generation: Generation) -> Vec<(String, Vec<f32>, Option<Finish>)> {
    let (said, summary) = choices(generation);
    assert!(summary.certainty.min > 0.0);
    let probable = |tokens: Vec<Scored>| tokens.iter().map(|it| it.token.logprob).collect();
    said.into_iter().map(|(text, tokens, finish)| (text, probable(tokens), finish)).collect()
}

#[test]
fn choices_differ_and_each_repeats() {
    let engine = engine(settings());
    let job = || Job { temperature: 1.0, seed: 5, choices: 4, ..Job::greedy(PROMPT, Tokens(10)) };
    let first = plainly(engine.generate(job()).unwrap());
    assert_eq!(first.len(), 4);
    assert!(first.iter().skip(1).all(|choice| choice.0 != first[0].0));
    assert_eq!(format!("{first:?}"), format!("{:?}", plainly(engine.generate(job()).unwrap())));
    let alone = plainly(engine.generate(Job { choices: 1, ..job() }).unwrap());
    assert_eq!(alone[0].0, first[0].0, "the first choice is what one alone would be");
}

#[test]
fn log_probabilities_belong_to_the_text() {
    let engine = engine(settings());
    let job = Job { logprobs: Some(4), ..Job::greedy(PROMPT, Tokens(8)) };
    let (said, summary) = choices(engine.generate(job).unwrap());
    let [(text, tokens, _)] = &said[..] else { panic!("one choice") };
    assert_eq!(tokens.len(), 8);
    let spelt: String = tokens.iter().map(|token| token.token.text.as_str()).collect();
    assert_eq!(spelt, *text);
    for token in tokens {
        assert_eq!(token.top.len(), 4);
        assert_eq!(token.top[0], token.token, "greedy takes the likeliest");
        assert!(token.top.is_sorted_by(|a, b| a.logprob >= b.logprob));
        assert!(token.top.iter().map(|other| other.logprob.exp()).sum::<f32>() < 1.0);
    }
    let least = tokens.iter().map(|token| token.token.logprob.exp()).fold(1.0, f32::min);
    assert!((least - summary.certainty.min).abs() < 1e-9);
    let without = Job { logprobs: Some(0), ..Job::greedy(PROMPT, Tokens(2)) };
    assert!(choices(engine.generate(without).unwrap()).0[0].1[0].top.is_empty());
}

#[test]
fn parameters_that_do_not_go_together_are_refused_by_name() {
    let engine = engine(settings());
    let search = Search { beams: 2, length_penalty: 1.0, patience: Patience::First };
    let guide = Some(Guide::Choice(vec!["yes".to_owned()]));
    let plain = || Job::greedy(PROMPT, Tokens(4));
    for (job, sentence) in [
        (Job { top_p: 0.0, ..plain() }, "`top_p` must be above 0 and at most 1"),
        (Job { min_p: 1.5, ..plain() }, "`min_p` must be between 0 and 1"),
        (
            Job { repetition_penalty: 0.0, ..plain() },
            "`repetition_penalty` must be between 0.1 and 10",
        ),
        (Job { temperature: f32::NAN, ..plain() }, "`temperature` must be between 0 and 2"),
        (Job { logprobs: Some(21), ..plain() }, "`top_logprobs` must be between 0 and 20"),
        (Job { choices: 0, ..plain() }, "`n` must be between 1 and 32 for the local model"),
        (
            Job { search: Some(search), choices: 3, ..plain() },
            "`num_beams` must be between `n` (3) and 32 for the local model",
        ),
        (
            Job { search: Some(search), logprobs: Some(1), ..plain() },
            "`logprobs` must be left out where `num_beams` is given",
        ),
        (
            Job { guide: guide.clone(), stop: vec!["x".to_owned()], ..plain() },
            "`stop` must be left out where `guided_choice` is given",
        ),
        (
            Job { guide, new_tokens_min: Tokens(2), ..plain() },
            "`min_tokens` must be left out where `guided_choice` is given",
        ),
    ] {
        assert_eq!(engine.generate(job).unwrap_err().to_string(), sentence);
    }
}

const WORDS: &[&str] = &[
    "billing",
    "technical",
    "account",
    "yes",
    "no",
    "No",
    "not sure",
    "A",
    "B-2",
    "refund, please",
    "Straße",
    "C'est la vie",
    "42",
    "yesterday",
    "noon",
    "a",
    "I don't know.",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// However little the model knows, its answer is one of the labels.
    #[test]
    fn a_guided_answer_is_one_of_the_labels(
        labels in prop::sample::subsequence(WORDS, 1..WORDS.len()),
        temperature in prop_oneof![Just(0.0_f32), 0.5_f32..2.0],
        seed: u64,
        beams in 1_usize..4,
    ) {
        static ENGINE: std::sync::LazyLock<Engine> =
            std::sync::LazyLock::new(|| engine(settings()));
        let labels: Vec<String> = labels.into_iter().map(str::to_owned).collect();
        let search = Search { beams, length_penalty: 1.0, patience: Patience::Likely };
        let job = Job {
            guide: Some(Guide::Choice(labels.clone())),
            temperature,
            seed,
            search: (temperature <= 0.0 && beams > 1).then_some(search),
            ..Job::greedy(PROMPT, Tokens(12))
        };
        let (said, _) = choices(ENGINE.generate(job).unwrap());
        prop_assert!(labels.contains(&said[0].0), "{:?} of {labels:?}", said[0].0);
        prop_assert_eq!(said[0].2, Some(Finish::Stop));
    }
}

#[test]
fn a_guided_answer_matches_its_pattern_within_its_tokens() {
    let engine = engine(settings());
    for (pattern, tokens) in [
        (r"[0-9]{4}-[0-9]{2}-[0-9]{2}", 12),
        (r"(yes|no|maybe)", 3),
        (r"[A-Z][a-z]+( [a-z]+)*\.", 6),
        (r"-?(0|[1-9][0-9]*)(\.[0-9]{1,2})?", 4),
        (r".{1,60}", 20),
        (r"(?i)urgent|normal", 4),
    ] {
        for seed in 0..6 {
            let job = Job {
                guide: Some(Guide::Regex(pattern.to_owned())),
                temperature: 1.5,
                seed,
                ..Job::greedy(PROMPT, Tokens(tokens))
            };
            let (said, summary) = choices(engine.generate(job).unwrap());
            let whole = regex::Regex::new(&format!("^(?:{pattern})$")).unwrap();
            assert!(whole.is_match(&said[0].0), "{:?} is not {pattern}", said[0].0);
            assert_eq!(said[0].2, Some(Finish::Stop));
            assert!(summary.output <= Tokens(tokens));
        }
    }
}

#[test]
fn guides_that_cannot_be_kept_to_are_refused_at_once() {
    let engine = engine(settings());
    let refusal = |guide: Guide, tokens| {
        let begun = Instant::now();
        let job = Job { guide: Some(guide), ..Job::greedy(PROMPT, Tokens(tokens)) };
        let refused = engine.generate(job).map(|_| ()).unwrap_err().to_string();
        assert!(begun.elapsed() < Duration::from_secs(5), "{refused}");
        refused
    };
    let labels =
        |labels: &[&str]| Guide::Choice(labels.iter().map(|it| (*it).to_owned()).collect());
    let pattern = |pattern: &str| Guide::Regex(pattern.to_owned());
    assert_eq!(
        refusal(labels(&["fine", "很好"]), 9),
        "`guided_choice` has a label at place 1 that the local model's vocabulary cannot write"
    );
    assert_eq!(
        refusal(labels(&[]), 9),
        "`guided_choice` must be a list of labels, none of them empty"
    );
    assert_eq!(
        refusal(labels(&["international cooperation agreement"]), 2),
        "`max_tokens` must be at least 3, the shortest answer that `guided_choice` allows"
    );
    assert_eq!(
        refusal(pattern("[中文]+"), 9),
        "`guided_regex` matches nothing that the local model's vocabulary can write"
    );
    assert!(
        refusal(pattern("(unclosed"), 9).starts_with("`guided_regex` is not a regular expression")
    );
    assert!(refusal(pattern(r"\bword\b"), 9).contains("word borders"));
    for hostile in [
        "(a{1000}){1000}".to_owned(),
        "(a|b)*a(a|b){20}".to_owned(),
        format!("({})", [".{0,300}"; 6].join("x")),
        "(".repeat(2_000) + &")".repeat(2_000),
    ] {
        let refused = refusal(pattern(&hostile), 400);
        assert!(refused.starts_with("`guided_regex` is "), "{refused}");
    }
}
