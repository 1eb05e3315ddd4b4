//! Answers of this process for interfaces that are near to chat completions: written as those, then
//! translated.

use super::super::translate::{About, Translator};
use super::super::{Scribe, of, openai, sse, with_cost};
use crate::chat::{Answer, Event, Part, Surface, Usage};

#[derive(Debug)]
struct Through {
    surface: Surface,
    about: About,
    translator: Box<dyn Translator>,
}

/// The scribe of one of these interfaces; `None` for every other.
pub(in crate::dialect) fn scribe(surface: Surface, about: About) -> Option<Box<dyn Scribe>> {
    let translator = super::stream(surface, about.clone())?;
    Some(Box::new(Through { surface, about, translator }))
}

impl Through {
    fn told(&mut self, chunks: &[u8], usage: &Usage, cost: Option<&str>) -> Vec<u8> {
        let dialect = of(self.surface);
        let mut splitter = sse::Splitter::default();
        splitter.push(chunks);
        let mut out = Vec::new();
        while let Ok(Some(event)) = splitter.next_event() {
            let Some(data) = sse::data(&event) else { continue };
            for told in self.translator.hear(&data, usage) {
                let data = told.data.into_bytes();
                let data = match (told.part, cost) {
                    (Part::UsageOnly | Part::Final | Part::Last, Some(cost)) => {
                        with_cost(&data, cost).unwrap_or(data)
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
        // What we wrote ourselves can be read again.
        super::reply(&body, self.surface, &self.about, &answer.usage).unwrap_or_default()
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
