//! A summary of a text that is longer than the model reads: of its parts first, then of what they say.
//!
//! Only where the configuration or the request asks for it: a summary of summaries is another answer than
//! a summary, and takes the engine as long as many requests. Otherwise what does not fit is not read.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;

use super::{Attended, Bill, Settlement, note_waiting};
use crate::app::App;
use crate::chat::{Request, Usage, UsageSource};
use crate::engine::prompt::{self, Templates};
use crate::engine::{Engine, EngineError, Event, Job, Summary, Unfit};
use crate::inspect::Task;
use crate::money::Tokens;

/// The field of `metadata` by which a request asks for a summary in parts, or against one.
const WISH: &str = "summarize_in_parts";
/// The most parts where the configuration names no number.
const PARTS_MAX: usize = 16;
/// The longest summary of a part.
const PART_TOKENS_MAX: Tokens = Tokens(128);
/// Parts that are read at the same time.
const AT_ONCE: usize = 4;
/// How often what the parts say may be cut again.
const ROUNDS_MAX: usize = 4;
/// Tokens left free: pieces together may be more than their sum.
const MARGIN: usize = 8;
/// The smallest part that is worth a summary, in tokens.
const PART_TOKENS_MIN: usize = 32;

/// A request for a summary, and whom it is put to.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) engine: &'a Engine,
    pub(super) request: &'a Request,
    pub(super) task: Task,
    pub(super) templates: &'a Templates,
}

/// What was spent before the answer itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    input: Tokens,
    output: Tokens,
    engine_time: Duration,
    /// How sure the model was of the part that it was least sure of.
    p10: f32,
}

impl Before {
    pub(super) const NOTHING: Self =
        Self { input: Tokens(0), output: Tokens(0), engine_time: Duration::ZERO, p10: 1.0 };

    fn add(&mut self, summary: &Summary) {
        self.input = self.input + summary.input;
        self.output = self.output + summary.output;
        self.engine_time += summary.engine_time;
        self.p10 = self.p10.min(summary.certainty.p10);
    }

    /// The end of the answer, with what came before it. An answer is as sure as its weakest part.
    pub(super) fn and(&self, mut summary: Summary) -> Summary {
        summary.input = self.input + summary.input;
        summary.output = self.output + summary.output;
        summary.engine_time += self.engine_time;
        summary.certainty.p10 = self.p10.min(summary.certainty.p10);
        summary
    }

    /// What the engine worked for it.
    pub(super) fn bill(&self) -> Bill {
        if self.input == Tokens(0) {
            return Bill::Nothing;
        }
        let usage = Usage {
            input_uncached: self.input,
            output: self.output,
            ..Usage::none(UsageSource::Counted)
        };
        Bill::Local(usage, self.engine_time)
    }
}

impl Reading<'_> {
    /// The prompts of a text's parts, in their order; `None` where the text fits, or nobody wants parts,
    /// or there would be too many.
    pub(super) fn prompts(self) -> Option<Vec<String>> {
        let most = self.parts_max()?;
        let whole = super::render(self.request, self.task, self.templates);
        if !self.is_too_long(&whole).ok()? {
            return None;
        }
        let question = super::question(self.request)?;
        let (told, text) = prompt::told_and_text(&question);
        self.cut(told, text).filter(|prompts| prompts.len() <= most)
    }

    fn parts_max(self) -> Option<usize> {
        let configured = self.templates.parts_max(self.task);
        match self.request.metadata(WISH) {
            _ if self.task != Task::Summarize => None,
            Some("false") => None,
            Some("true") => Some(configured.unwrap_or(PARTS_MAX)),
            Some(_) | None => configured,
        }
    }

    fn is_too_long(self, prompt: &str) -> Result<bool, EngineError> {
        let refusal = self.engine.measure(prompt)?.refusal;
        Ok(matches!(refusal, Some(Unfit::TooLong { .. })))
    }

    fn tokens(self, text: &str) -> usize {
        let tokens = self.engine.measure(text).map_or(u32::MAX, |fit| fit.tokens.0);
        usize::try_from(tokens).unwrap_or(usize::MAX)
    }

    /// The prompt for a part: what was told about the whole, above the part.
    fn prompt(self, told: &str, part: &str) -> String {
        let words = if told.is_empty() { part.to_owned() } else { format!("{told}\n\n{part}") };
        super::render_as(self.request, self.task, self.templates, Some(&words))
    }

    /// The prompts of the parts of a text, each as long as the model reads.
    fn cut(self, told: &str, text: &str) -> Option<Vec<String>> {
        let context = usize::try_from(self.engine.card().context_tokens.0).unwrap_or(usize::MAX);
        let taken = self.tokens(&self.prompt(told, "a")).saturating_add(MARGIN);
        let mut room = context.checked_sub(taken)?;
        while room >= PART_TOKENS_MIN {
            let parts = prompt::cut(text, |part| self.tokens(part), room);
            let prompts: Vec<String> = parts.iter().map(|part| self.prompt(told, part)).collect();
            if prompts.iter().all(|prompt| matches!(self.is_too_long(prompt), Ok(false))) {
                return Some(prompts);
            }
            room = room / 4 * 3;
        }
        None
    }

    /// Summarises the parts and gives back the prompt for the summary of all of them.
    pub(super) async fn combine(
        self,
        mut prompts: Vec<String>,
        settlement: &mut Settlement,
        before: &mut Before,
    ) -> Result<String, EngineError> {
        settlement.case().read_in.set(prompts.len());
        let question = super::question(self.request).unwrap_or_default();
        let (told, _) = prompt::told_and_text(&question);
        for _ in 0..ROUNDS_MAX {
            let app = Arc::clone(settlement.app());
            let answers = prompts.into_iter().map(|prompt| self.summary(&app, prompt));
            let mut answers = futures_util::stream::iter(answers).buffered(AT_ONCE);
            let mut said = Vec::new();
            while let Some(answer) = answers.next().await {
                let (text, summary) = answer?;
                before.add(&summary);
                note_waiting(settlement);
                said.extend(Some(text.trim().to_owned()).filter(|text| !text.is_empty()));
            }
            let said = said.join("\n");
            let whole = self.prompt(told, &said);
            let Some(unfit) = self.engine.measure(&whole)?.refusal else { return Ok(whole) };
            prompts = match (unfit, self.cut(told, &said)) {
                (Unfit::TooLong { .. }, Some(prompts)) => prompts,
                (unfit, _) => return Err(unfit.into()),
            };
        }
        let stuck = prompts.first().map(|prompt| self.engine.measure(prompt)).transpose()?;
        let (tokens, max) =
            (stuck.map_or(Tokens(0), |fit| fit.tokens), self.engine.card().context_tokens);
        Err(EngineError::TooLong { tokens, max })
    }

    /// The summary of one part.
    async fn summary(
        self,
        app: &Arc<App>,
        prompt: String,
    ) -> Result<(String, Summary), EngineError> {
        let generation = self.engine.generate(Job::greedy(prompt, PART_TOKENS_MAX))?;
        let model = self.engine.card().name.clone();
        let mut generation = Attended::of(generation, (app, model), Before::NOTHING);
        let mut text = String::new();
        loop {
            match generation.next().await {
                Some(Event::Text(piece)) => text.push_str(&piece.text),
                Some(Event::Ended { .. }) => {}
                Some(Event::Done(summary)) => return Ok((text, summary)),
                Some(Event::Failed(error)) => return Err(error),
                None => return Err(EngineError::Stopped),
            }
        }
    }
}
