//! A conversation as the one instruction that a FLAN-style model was trained on.
//!
//! Such a model follows a sentence that says what to do, with the text it is about. It was never
//! shown roles, personas or long histories: they cost context and mislead it. So the last user
//! turn is the prompt, in the user's own words; what comes before it is kept only as far as that
//! turn leans on it, and an instruction is written only where nobody gave one.

mod parts;
mod ways;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::chat::Role;
use crate::inspect::Task;
use crate::money::Tokens;
pub use parts::cut;
use ways::Way;

/// A longer system text is a rule book, not an instruction: more than the model can follow.
const SYSTEM_CHARS_MAX: usize = 600;
/// Turns of history that are kept at most, the newest ones.
const HISTORY_TURNS_MAX: usize = 4;
/// How a question is put whose passage stands in the system text.
const PASSAGE_ABOVE: &str = "Answer the question from the passage.\n\nPassage: ";
/// A turn with more words than this stands on its own.
const LEANING_WORDS_MAX: usize = 12;
/// A longer line is text, not a request.
const TOLD_BYTES_MAX: usize = 240;
/// A question with more words than this, or of several lines, brings its passage.
const QUESTION_WORDS_MAX: usize = 60;

/// Words that point at something said before.
const POINTERS: [&str; 14] = [
    "it", "its", "that", "this", "these", "those", "them", "he", "she", "they", "again", "above",
    "shorter", "instead",
];

/// Beginnings of system texts that carry no instruction.
const PLEASANTRIES: [&str; 5] = [
    "you are a helpful assistant",
    "you are a helpful ai assistant",
    "you are a helpful, respectful and honest assistant",
    "you are an ai assistant",
    "you are chatgpt",
];

/// The installation's own way to ask for a task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    /// The prompt, with `{text}` for what the user says and `{system}` for the system text; without
    /// it, the built-in way.
    pub words: Option<String>,
    /// The longest answer, whatever the client allows.
    pub output_max: Option<Tokens>,
    /// The parts in which a text may be read that is longer than the model reads; `None` refuses it.
    pub parts_max: Option<usize>,
}

/// The installation's own ways to ask, by task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Templates(BTreeMap<Task, Template>);

impl Templates {
    /// Sets the way to ask for a task.
    pub fn set(&mut self, task: Task, template: Template) {
        self.0.insert(task, template);
    }

    /// The longest answer to a task, whatever the client allows.
    pub fn output_max(&self, task: Task) -> Option<Tokens> {
        self.0.get(&task)?.output_max
    }

    /// The longest answer to a task where the client does not say; `None` leaves it to the model.
    pub fn output_default(&self, task: Task) -> Option<Tokens> {
        self.output_max(task).or_else(|| Way::of(task).answer_max())
    }

    /// The parts in which a text that is too long may be read.
    pub fn parts_max(&self, task: Task) -> Option<usize> {
        self.0.get(&task)?.parts_max
    }

    fn words(&self, task: Task) -> Option<&str> {
        self.0.get(&task)?.words.as_deref()
    }
}

/// Renders a chat request for the local model.
///
/// `turns` are the conversation without its system text, oldest first. An empty conversation gives
/// an empty prompt. A template of the installation's own is filled with the last turn only.
pub fn render(
    system: Option<&str>,
    turns: &[(Role, &str)],
    task: Task,
    templates: &Templates,
) -> String {
    let asked = turns.iter().rposition(|(role, _)| *role == Role::User);
    let Some((before, (_, question))) =
        asked.and_then(|at| turns.get(..=at)?.split_last().map(|(last, before)| (before, last)))
    else {
        return String::new();
    };
    let question = question.trim();
    if let Some((head, tail)) = templates.words(task).and_then(|it| it.split_once("{text}")) {
        let system = system.unwrap_or_default().trim();
        let side = |side: &str| side.replace("{system}", system);
        return format!("{}{question}{}", side(head), side(tail));
    }
    let way = Way::of(task);
    let system = system.map(str::trim);
    // Long instructions to a question that brings no passage are the passage.
    let is_passage = |text: &str| !is_instruction(text) && !is_idle(text);
    let asks_elsewhere = task == Task::QaContext && is_bare_question(question);
    if let Some(passage) = system.filter(|text| asks_elsewhere && is_passage(text)) {
        return format!("{PASSAGE_ABOVE}{passage}\n\nQuestion: {question}");
    }
    let system = system.filter(|text| is_instruction(text));
    let history = if leans_back(question) { history(before) } else { Vec::new() };
    let is_told = system.is_some() || !history.is_empty() || way.is_said(question);
    let instruction = if is_told {
        Cow::Borrowed(question)
    } else {
        Cow::Owned(format!("{}\n\n{question}", way.instruction))
    };
    let mut parts: Vec<Cow<'_, str>> = Vec::new();
    parts.extend(system.map(Cow::Borrowed));
    if history.is_empty() {
        parts.push(instruction);
    } else {
        parts.push(Cow::Owned(format!("{}\nQuestion: {instruction}\nAnswer:", history.join("\n"))));
    }
    parts.join("\n\n")
}

/// What a request for a summary says should be done, and the text that it is about. The request is a short
/// line at the beginning or the end, or the words before a colon; it may be empty.
pub fn told_and_text(question: &str) -> (&str, &str) {
    let question = question.trim();
    let way = Way::of(Task::Summarize);
    let is_told = |line: &str| {
        line.len() <= TOLD_BYTES_MAX
            && (way.has_sign(line) || line.trim_end().ends_with([':', '?']))
    };
    if let Some((head, rest)) = question.split_once('\n')
        && is_told(head)
    {
        return (head.trim(), rest.trim());
    }
    if let Some((rest, tail)) = question.rsplit_once('\n')
        && is_told(tail)
    {
        return (tail.trim(), rest.trim());
    }
    match question.split_once(':') {
        Some((head, rest)) if head.len() <= TOLD_BYTES_MAX && way.has_sign(head) => {
            (question.get(..=head.len()).unwrap_or(head), rest.trim())
        }
        _ => ("", question),
    }
}

/// Whether a system text says what to do, in a length the model can follow.
fn is_instruction(text: &str) -> bool {
    text.chars().count() <= SYSTEM_CHARS_MAX && !is_idle(text)
}

/// Whether a system text says nothing.
fn is_idle(text: &str) -> bool {
    let lower = text.to_lowercase();
    let rest = PLEASANTRIES.iter().find_map(|start| lower.strip_prefix(start));
    let is_more = |rest: &str| rest.chars().filter(|letter| letter.is_alphabetic()).count() > 20;
    text.is_empty() || rest.is_some_and(|rest| !is_more(rest))
}

/// Whether a turn asks about something that stands elsewhere.
fn is_bare_question(question: &str) -> bool {
    !question.contains('\n') && question.split_whitespace().count() <= QUESTION_WORDS_MAX
}

/// Whether a turn cannot be understood without what came before it.
fn leans_back(question: &str) -> bool {
    let words = || {
        let word = |part: &'_ str| part.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        question.split_whitespace().map(word)
    };
    words().count() <= LEANING_WORDS_MAX
        && !question.contains('\n')
        && words().any(|word| POINTERS.contains(&&*word))
}

/// The newest turns, as questions and answers.
fn history(before: &[(Role, &str)]) -> Vec<String> {
    let said = before.iter().filter_map(|(role, text)| match role {
        Role::User => Some(format!("Question: {}", text.trim())),
        Role::Assistant => Some(format!("Answer: {}", text.trim())),
        Role::System | Role::Tool => None,
    });
    let said: Vec<String> = said.collect();
    let skip = said.len().saturating_sub(HISTORY_TURNS_MAX);
    said.into_iter().skip(skip).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Role::{Assistant, Tool, User};

    /// With the built-in ways to ask.
    fn render(system: Option<&str>, turns: &[(Role, &str)], task: Task) -> String {
        super::render(system, turns, task, &Templates::default())
    }

    #[test]
    fn an_installation_may_ask_in_its_own_way() {
        let mut templates = Templates::default();
        let words = Some("{system} Shorten this {system}:\n\n{text}\n\nShort:".to_owned());
        let output_max = Some(Tokens(60));
        templates.set(Task::Summarize, Template { words, output_max, parts_max: None });
        let ask = |text| super::render(Some("Now."), &[(User, text)], Task::Summarize, &templates);
        assert_eq!(ask(" a {system} "), "Now. Shorten this Now.:\n\na {system}\n\nShort:");
        assert_eq!(templates.output_max(Task::Summarize), Some(Tokens(60)));
        assert_eq!(templates.output_max(Task::Chat), None);
        let other = super::render(None, &[(User, "Hi")], Task::Chat, &templates);
        assert_eq!(other, "Hi");
    }

    #[test]
    fn the_users_own_words_are_the_prompt() {
        let text = "Summarize: paid with 4111 1111 1111 1111";
        assert_eq!(render(None, &[(User, text)], Task::Summarize), text);
        let text = "Is this ticket about billing or access?\n\nI cannot log in.";
        assert_eq!(render(None, &[(User, &format!("  {text}\n"))], Task::Classify), text);
        assert_eq!(render(None, &[], Task::Chat), "");
        assert_eq!(render(Some("Be brief."), &[(Assistant, "Hello!")], Task::Chat), "");
    }

    #[test]
    fn an_instruction_is_written_only_where_there_is_none() {
        let text = "The shipment left Rotterdam on Monday. It arrives on Friday.";
        // A text and nothing else; only the first four are for a small model.
        for (task, above) in [
            (Task::Summarize, "Summarize this text briefly."),
            (Task::Classify, "Classify this text."),
            (Task::Extract, "Extract the names, dates and numbers from this text."),
            (Task::QaContext, ""),
            (Task::Rewrite, "Rewrite this text:"),
            (Task::Translate, ""),
            (Task::QaOpen, ""),
            (Task::Code, ""),
            (Task::Reasoning, ""),
            (Task::Creative, ""),
            (Task::Brainstorm, ""),
            (Task::Chat, ""),
            (Task::Unknown, ""),
        ] {
            let expected =
                if above.is_empty() { text.to_owned() } else { format!("{above}\n\n{text}") };
            assert_eq!(render(None, &[(User, text)], task), expected, "{task:?}");
        }
        for (task, said) in [
            (Task::Summarize, "The gist, please"),
            (Task::Summarize, "TL;DR"),
            (Task::Classify, "Sort into: billing, access"),
            (Task::Extract, "Pull out the city"),
            (Task::Rewrite, "Make it polite"),
        ] {
            for asked in [format!("{said}\n\n{text}"), format!("{text}\n\n{said}")] {
                assert_eq!(render(None, &[(User, &asked)], task), asked, "{said}");
            }
        }
        let told =
            render(Some("Give the gist of what the user sends."), &[(User, text)], Task::Summarize);
        assert_eq!(told, format!("Give the gist of what the user sends.\n\n{text}"));
    }

    /// A passage is never left out because it is long.
    #[test]
    fn the_passage_of_a_question_may_stand_in_the_system_text() {
        let passage = "The work was led by Ana Silva. ".repeat(30);
        let (passage, question) = (passage.trim(), "Who led the work?");
        let asked = render(Some(passage), &[(User, question)], Task::QaContext);
        let expected = format!(
            "Answer the question from the passage.\n\nPassage: {passage}\n\nQuestion: {question}"
        );
        assert_eq!(asked, expected);
        let own = format!("{question}\n\nIt was led by Bo Li.");
        assert_eq!(render(Some(passage), &[(User, &own)], Task::QaContext), own);
        assert_eq!(render(Some(passage), &[(User, question)], Task::QaOpen), question);
    }

    #[test]
    fn answers_have_a_usual_length_where_nobody_names_one() {
        let mut templates = Templates::default();
        let usual = |templates: &Templates, task| templates.output_default(task).map(|it| it.0);
        let lengths = [Task::Classify, Task::QaContext, Task::Extract, Task::Summarize, Task::Chat]
            .map(|task| usual(&templates, task));
        assert_eq!(lengths, [Some(32), Some(128), Some(256), Some(256), None]);
        templates
            .set(Task::Classify, Template { output_max: Some(Tokens(9)), ..Template::default() });
        assert_eq!(usual(&templates, Task::Classify), Some(9));
    }

    #[test]
    fn what_is_told_is_kept_apart_from_the_text() {
        let text = "The river rose: it flooded the town.\nIt fell again.";
        for told in ["Summarize this in two sentences:", "What happened?", "TL;DR please"] {
            assert_eq!(told_and_text(&format!("{told}\n\n{text}")), (told, text));
            assert_eq!(told_and_text(&format!("{text}\n\n{told}")), (told, text));
        }
        let line = "The river rose. It fell again.";
        assert_eq!(told_and_text(&format!("Summarize: {line}")), ("Summarize:", line));
        assert_eq!(told_and_text(line), ("", line));
        assert_eq!(told_and_text(text), ("", text));
        assert_eq!(told_and_text(""), ("", ""));
    }

    #[test]
    fn a_system_text_counts_if_it_instructs_and_is_short() {
        let ask = |system: &str| render(Some(system), &[(User, "I cannot log in.")], Task::Chat);
        let instruction = "Answer with one word: billing, access or other.";
        assert_eq!(ask(instruction), format!("{instruction}\n\nI cannot log in."));
        for idle in
            ["", "  ", "You are a helpful assistant.", "You are ChatGPT!", &"Rule. ".repeat(200)]
        {
            assert_eq!(ask(idle), "I cannot log in.", "{idle}");
        }
        let useful = "You are a helpful assistant. Answer with one word: billing or access.";
        assert!(ask(useful).starts_with(useful));
    }

    #[test]
    fn history_is_kept_when_the_question_leans_on_it() {
        let turns = [
            (User, "Who wrote the minutes?"),
            (Assistant, "Tom Okafor."),
            (Tool, "{\"room\": 12}"),
            (User, "When did he send them?"),
        ];
        let prompt = render(None, &turns, Task::QaContext);
        let expected = "Question: Who wrote the minutes?\nAnswer: Tom Okafor.\nQuestion: When did he send them?\nAnswer:";
        assert_eq!(prompt, expected);
        let fresh = [turns[0], turns[1], (User, "Translate to German: good morning")];
        assert_eq!(render(None, &fresh, Task::Translate), "Translate to German: good morning");
        let long: Vec<_> = std::iter::repeat_n([turns[0], turns[1]], 9).flatten().collect();
        let long = [&long[..], &[(User, "And what is that?")]].concat();
        assert_eq!(render(None, &long, Task::Chat).matches("Answer: Tom").count(), 2);
    }
}
