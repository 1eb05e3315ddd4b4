//! A conversation as the one instruction that a FLAN-style model was trained on.
//!
//! Such a model follows a sentence that says what to do, with the text it is about. It was never
//! shown roles, personas or long histories: they cost context and mislead it. So the last user
//! turn is the prompt, in the user's own words; what comes before it is kept only as far as that
//! turn leans on it, and an instruction is written only where nobody gave one.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::chat::Role;
use crate::inspect::Task;
use crate::money::Tokens;

/// A longer system text is a rule book, not an instruction: more than the model can follow.
const SYSTEM_CHARS_MAX: usize = 600;
/// Turns of history that are kept at most, the newest ones.
const HISTORY_TURNS_MAX: usize = 4;
/// A turn with more words than this stands on its own.
const LEANING_WORDS_MAX: usize = 12;

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
}

/// The installation's own ways to ask, by task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Templates(BTreeMap<Task, Template>);

impl Templates {
    /// Sets the way to ask for a task.
    pub fn set(&mut self, task: Task, template: Template) {
        self.0.insert(task, template);
    }

    /// The longest answer to a task.
    pub fn output_max(&self, task: Task) -> Option<Tokens> {
        self.0.get(&task)?.output_max
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
    let system = system.map(str::trim).filter(|text| is_instruction(text));
    let history = if leans_back(question) { history(before) } else { Vec::new() };
    let instruction = match instruction_for(task, question) {
        Some(instruction) if system.is_none() && history.is_empty() => {
            Cow::Owned(format!("{instruction}\n\n{question}"))
        }
        _ => Cow::Borrowed(question),
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

/// Whether a system text says what to do, in a length the model can follow.
fn is_instruction(text: &str) -> bool {
    if text.is_empty() || text.chars().count() > SYSTEM_CHARS_MAX {
        return false;
    }
    let lower = text.to_lowercase();
    let rest = PLEASANTRIES.iter().find_map(|start| lower.strip_prefix(start));
    rest.is_none_or(|rest| rest.chars().filter(|character| character.is_alphabetic()).count() > 20)
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

/// The instruction to write above a text that carries none; `None` where the user's own words, or
/// the lack of a clear task, should stand.
fn instruction_for(task: Task, question: &str) -> Option<&'static str> {
    let (instruction, signs): (_, &[&str]) = match task {
        Task::Summarize => (
            "Summarize:",
            &[
                "summar",
                "tl;dr",
                "tldr",
                "shorten",
                "in short",
                "brief",
                "condense",
                "main point",
                "key point",
                "gist",
                "recap",
                "sentence",
                "headline",
                "overview",
            ],
        ),
        Task::Rewrite => (
            "Rewrite this text:",
            &[
                "rewrite",
                "rephrase",
                "paraphras",
                "reword",
                "correct",
                "improve",
                "fix",
                "polite",
                "formal",
                "edit",
                "simplif",
                "proofread",
            ],
        ),
        Task::Classify
        | Task::Extract
        | Task::QaContext
        | Task::QaOpen
        | Task::Translate
        | Task::Code
        | Task::Reasoning
        | Task::Creative
        | Task::Brainstorm
        | Task::Chat
        | Task::Unknown => return None,
    };
    let lower = question.to_lowercase();
    let is_told = question.ends_with('?') || signs.iter().any(|sign| lower.contains(sign));
    (!is_told).then_some(instruction)
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
        templates.set(Task::Summarize, Template { words, output_max: Some(Tokens(60)) });
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
        let bare = render(None, &[(User, text)], Task::Summarize);
        assert_eq!(bare, format!("Summarize:\n\n{text}"));
        assert_eq!(render(None, &[(User, text)], Task::Extract), text);
        let told =
            render(Some("Give the gist of what the user sends."), &[(User, text)], Task::Summarize);
        assert_eq!(told, format!("Give the gist of what the user sends.\n\n{text}"));
    }

    #[test]
    fn a_system_text_counts_if_it_instructs_and_is_short() {
        let ask =
            |system: &str| render(Some(system), &[(User, "I cannot log in.")], Task::Classify);
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
