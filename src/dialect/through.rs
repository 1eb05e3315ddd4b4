//! Answers of this process for interfaces that are near to chat completions: written as those, then
//! translated. So the local engine and a provider that speaks chat completions sound alike.

use super::translate::{self, About, Translator};
use super::{Scribe, openai, sse};
use crate::chat::{Answer, Event, Part, Surface, Usage};

#[derive(Debug)]
struct Through {
    surface: Surface,
    about: About,
    translator: Box<dyn Translator>,
}

/// The scribe of one of these interfaces.
pub(super) fn scribe(surface: Surface, about: About) -> Box<dyn Scribe> {
    let translator = translate::stream((Surface::OpenAiChat, surface), about.clone());
    Box::new(Through { surface, about, translator })
}

impl Through {
    fn told(&mut self, chunks: &[u8], usage: &Usage, cost: Option<&str>) -> Vec<u8> {
        let dialect = super::of(self.surface);
        let mut splitter = sse::Splitter::default();
        splitter.push(chunks);
        let mut out = Vec::new();
        while let Ok(Some(event)) = splitter.next_event() {
            let Some(data) = sse::data(&event) else { continue };
            for told in self.translator.hear(&data, usage) {
                let data = told.data.into_bytes();
                let data = match (told.part, cost) {
                    (Part::UsageOnly | Part::Final | Part::Last, Some(cost)) => {
                        super::with_cost(&data, cost).unwrap_or(data)
                    }
                    _ => data,
                };
                out.extend(dialect.frame(&data));
            }
        }
        out
    }
}

impl Scribe for Through {
    fn whole(&mut self, answer: &Answer) -> Vec<u8> {
        let body = openai::Writer.whole(answer);
        let pair = (Surface::OpenAiChat, self.surface);
        // What we wrote ourselves can be read again.
        translate::reply(&body, pair, &self.about, &answer.usage).unwrap_or_default()
    }

    fn opening(&mut self, answer: &Answer) -> Vec<u8> {
        self.told(&openai::Writer.opening(answer), &answer.usage, None)
    }

    fn event(&mut self, answer: &Answer, event: &Event) -> Vec<u8> {
        self.told(&openai::Writer.event(answer, event), &answer.usage, None)
    }

    fn closing(&mut self, answer: &Answer, cost_usd: Option<&str>) -> Vec<u8> {
        self.told(&openai::Writer.closing(answer, cost_usd), &answer.usage, cost_usd)
    }
}
