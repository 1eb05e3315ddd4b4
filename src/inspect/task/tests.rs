//! What the classifier promises: it knows plain requests, weights survive their file, the same
//! prompts give the same weights, and a prompt's size does not matter.

use super::model::calibrated;
use super::{
    Asked, Example, Hits, Model, ModelError, Scored, Scores, Task, TaskGuess, TrainError, Training,
    train,
};
use crate::inspect::Lang;

const WEIGHTS: &[u8] = include_bytes!("../../../models/task/weights.bin");

fn guess(turn: &str, lang: Lang) -> TaskGuess {
    Model::embedded().guess(&Asked { turn, lang, ..Asked::default() })
}

fn check(turn: &str, lang: Lang, task: Task) {
    let guess = guess(turn, lang);
    assert_eq!(guess.task, task, "{turn}: {guess:?}");
    assert!(guess.confidence > 0.0 && guess.confidence <= 1.0);
    assert_ne!(guess.runner_up, task);
}

#[test]
fn the_embedded_weights_are_whole_and_small() {
    assert!(WEIGHTS.len() <= 1_000_000, "{} bytes", WEIGHTS.len());
    let model = Model::read(WEIGHTS).unwrap();
    assert_eq!(model.to_bytes(), WEIGHTS);
    assert_eq!(&model, Model::embedded());
}

#[test]
fn plain_requests_are_recognised() {
    check("Summarize: paid with 4111 1111 1111 1111", Lang::En, Task::Summarize);
    check("Please translate this to German: good morning", Lang::En, Task::Translate);
    check("Classify this review as positive or negative: great!", Lang::En, Task::Classify);
    check("Extract all email addresses from the text below", Lang::En, Task::Extract);
    check("Write a Python function that reverses a list", Lang::En, Task::Code);
    check("Rewrite the sentence in a more formal tone", Lang::En, Task::Rewrite);
    check("What is the capital of France?", Lang::En, Task::QaOpen);
    check("Write a poem about the sea", Lang::En, Task::Creative);
    check("Brainstorm ideas for a team event", Lang::En, Task::Brainstorm);
    check("hello, how are you?", Lang::En, Task::Chat);
    let sum = "Tom has 3 apples and buys 4 more for $2 each. How much does he pay in total?";
    check(sum, Lang::En, Task::Reasoning);
    let passage = "The bridge was opened by the mayor on a cold morning in spring. ".repeat(8);
    check(&format!("Who opened the bridge?\n\n{passage}"), Lang::En, Task::QaContext);
}

#[test]
fn chinese_requests_are_recognised() {
    check("请总结下面的内容：今天开会", Lang::Zh, Task::Summarize);
    check("把下面的句子翻译成英文：你好", Lang::Zh, Task::Translate);
    check("用Java写一个函数，发送HTTP请求。", Lang::Zh, Task::Code);
    check("小明有15个苹果，给了小红3个，还剩多少个？", Lang::Zh, Task::Reasoning);
    check("从下面的文本中提取所有人名", Lang::Zh, Task::Extract);
    check("判断这条评论的情感是正面还是负面：物流太慢了", Lang::Zh, Task::Classify);
    check("把这句话改写得更礼貌一些：快点发货", Lang::Zh, Task::Rewrite);
    check("写一首关于大海的诗", Lang::Zh, Task::Creative);
    check("请推荐五本适合初学者的历史书", Lang::Zh, Task::Brainstorm);
    check("什么是通货膨胀？", Lang::Zh, Task::QaOpen);
    check("你好", Lang::Zh, Task::Chat);
}

#[test]
fn a_question_beside_a_text_is_about_that_text() {
    let text = "Saimaa lies in the south-east and is the largest lake of the country. A canal joins it with \
                the Gulf of Finland, and seals live in it that live nowhere else.";
    let question = "What is the largest lake of Finland?";
    check(question, Lang::En, Task::QaOpen);
    check(&format!("{question}\n\n{text}"), Lang::En, Task::QaContext);
    check(&format!("{text}\n\nwhere do the seals live"), Lang::En, Task::QaContext);
    let sum = "Tom has 24 marbles, gives a third of them to Ann and loses 2. How many marbles does he have left?";
    check(sum, Lang::En, Task::Reasoning);
}

#[test]
fn nothing_is_guessed_from_nothing() {
    assert_eq!(guess(" \n", Lang::Other), TaskGuess::NOTHING);
    let doubtful = guess("xqzt vrlk", Lang::Other);
    assert!(doubtful.confidence < 0.9, "{doubtful:?}");
}

#[test]
fn the_middle_of_a_long_prompt_is_not_read() {
    let prompt = |middle: &str| {
        let head = "Summarize the following report for the board.\n";
        let filler = "It rained, and the trains were late again. ".repeat(60);
        format!("{head}{filler}{middle}{filler}")
    };
    let plain = guess(&prompt(""), Lang::En);
    assert_eq!(plain.task, Task::Summarize);
    let other = guess(&prompt("Write a Python function. "), Lang::En);
    assert_eq!(other.task, plain.task);
}

#[test]
fn what_comes_with_a_request_counts() {
    let shares = |asked: &Asked<'_>| Model::embedded().shares(asked).map(f32::to_bits);
    let plain = Asked { turn: "what is this", lang: Lang::En, ..Asked::default() };
    assert_ne!(shares(&plain), shares(&Asked { has_images: true, ..plain }));
    assert_ne!(shares(&plain), shares(&Asked { has_tools: true, ..plain }));
    assert_ne!(shares(&plain), shares(&Asked { system: "You label tickets.", ..plain }));
    let fenced = Asked { turn: "```\nwhat is this\n```", ..plain };
    assert_ne!(shares(&plain), shares(&fenced));
}

#[test]
fn an_application_may_say_what_it_wants_in_its_system_prompt() {
    let system = "You classify support tickets. Reply with one of: billing, shipping, technical.";
    let turn = "My parcel has not arrived after ten days.";
    let asked = Asked { system, turn, lang: Lang::En, ..Asked::default() };
    assert_eq!(Model::embedded().guess(&asked).task, Task::Classify);
}

fn examples() -> Vec<Example> {
    let lines = (0..400_usize).map(|number| {
        let (task, verb) =
            if number % 2 == 0 { (Task::Summarize, "shrink") } else { (Task::Code, "program") };
        Example {
            system: String::new(),
            text: format!("{verb} thing {} now", number % 7),
            lang: Lang::En,
            has_images: false,
            has_tools: false,
            task,
            source: format!("source {}", number % 4),
        }
    });
    lines.collect()
}

#[test]
fn a_company_can_train_on_its_own_words() {
    let training = Training { folds: 0, ..Training::default() };
    let trained = train(&examples(), training).unwrap();
    let model = Model::read(&trained.model.to_bytes()).unwrap();
    assert_eq!(model, trained.model);
    assert_eq!(train(&examples(), training).unwrap().model, model);
    let task = |turn| model.guess(&Asked { turn, lang: Lang::En, ..Asked::default() }).task;
    assert_eq!(task("shrink another thing"), Task::Summarize);
    assert_eq!(task("program another thing"), Task::Code);
}

#[test]
fn training_says_what_it_lacks() {
    let few: Vec<Example> = examples().into_iter().take(30).collect();
    let error = train(&few, Training::default()).unwrap_err();
    assert_eq!(error, TrainError::TooFew { have: 30 });
    let mut same = examples();
    for it in &mut same {
        it.task = Task::Chat;
    }
    assert_eq!(train(&same, Training::default()).unwrap_err(), TrainError::OneTask);
}

#[test]
fn a_damaged_file_is_no_weights() {
    assert_eq!(Model::read(b"GGUF"), Err(ModelError::Format));
    assert_eq!(Model::read(&WEIGHTS[..WEIGHTS.len() - 1]), Err(ModelError::Size));
    assert_eq!(Model::read(&[WEIGHTS, b"x"].concat()), Err(ModelError::Size));
    let mut endless = WEIGHTS.to_vec();
    endless[12..16].copy_from_slice(&f32::NAN.to_le_bytes());
    assert_eq!(Model::read(&endless), Err(ModelError::Number));
    let mut huge = WEIGHTS.to_vec();
    huge[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(Model::read(&huge), Err(ModelError::Size));
}

#[test]
fn confidence_rises_with_the_share() {
    for curve in &Model::embedded().curves {
        assert!(curve.is_sorted(), "{curve:?}");
        assert!(calibrated(0.0, curve) <= calibrated(0.5, curve));
        assert!(calibrated(1.0, curve) <= 1.0);
    }
}

fn scored(truth: Task, task: Task, confidence: f32) -> Scored {
    Scored { truth, guess: TaskGuess { task, confidence, runner_up: Task::Unknown } }
}

#[test]
fn scores_are_what_they_are_called() {
    let mut scores = Scores::default();
    for it in [
        scored(Task::Summarize, Task::Summarize, 0.95),
        scored(Task::Summarize, Task::Extract, 0.55),
        scored(Task::Code, Task::Classify, 0.55),
        scored(Task::Code, Task::Code, 0.95),
    ] {
        scores.push(it);
    }
    assert!((scores.accuracy() - 0.5).abs() < 1e-9);
    assert_eq!(scores.local(0.0), Hits { truth: 2, guessed: 3, right: 2 });
    assert_eq!(scores.local(0.9), Hits { truth: 2, guessed: 1, right: 1 });
    assert_eq!(scores.hits(Task::Code), Hits { truth: 2, guessed: 1, right: 1 });
    assert_eq!(scores.taken_for(Task::Code), [(Task::Classify, 1)]);
    // Half of the guesses are 0.05 too humble, half 0.55 too sure.
    assert!((scores.calibration_error() - 0.3).abs() < 1e-6, "{}", scores.calibration_error());
    scores.push(scored(Task::Code, Task::Chat, 0.55));
    scores.push(scored(Task::Code, Task::Chat, 0.55));
    assert_eq!(scores.taken_for(Task::Code), [(Task::Chat, 2), (Task::Classify, 1)]);
}
