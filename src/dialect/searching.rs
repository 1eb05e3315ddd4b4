//! Whether a request lets its provider search the web, and how often: what that may cost is part of the bound.

use smallvec::SmallVec;

use super::walk::Step;
use crate::chat::request::Searches;

/// What the tools of a request say, while its body is walked.
#[derive(Debug, Default)]
pub(super) struct Searching {
    tools: SmallVec<[Tool; 4]>,
    /// A search is offered beside the tools, without a number.
    is_offered: bool,
    /// The most calls of all tools of the provider together.
    calls_max: Option<u32>,
}

#[derive(Debug)]
struct Tool {
    index: usize,
    searches: bool,
    uses_max: Option<u32>,
}

impl Searching {
    /// A text of the body: `tools[0].type` of Anthropic, OpenAI and others, `plugins[0].id` of `OpenRouter`.
    pub(super) fn text(&mut self, path: &[Step<'_>], text: &str) {
        match path {
            [Step::Key(tools), Step::Index(index), Step::Key(key)]
                if tools == "tools" && key == "type" =>
            {
                // `web_search`, `web_search_preview`, `web_search_20250305` and what comes next.
                let searches = text.starts_with("web_search");
                self.tool(*index, |tool| tool.searches |= searches);
            }
            [Step::Key(plugins), Step::Index(_), Step::Key(key)]
                if plugins == "plugins" && key == "id" && text == "web" =>
            {
                self.is_offered = true;
            }
            _ => {}
        }
    }

    /// A whole number of the body.
    pub(super) fn number(&mut self, path: &[Step<'_>], number: u64) {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        match path {
            [Step::Key(tools), Step::Index(index), Step::Key(key)]
                if tools == "tools" && key == "max_uses" =>
            {
                self.tool(*index, |tool| tool.uses_max = Some(number));
            }
            [Step::Key(key)] if key == "max_tool_calls" => self.calls_max = Some(number),
            _ => {}
        }
    }

    /// An object of the body.
    pub(super) fn open(&mut self, path: &[Step<'_>]) {
        self.is_offered |= matches!(path, [Step::Key(key)] if key == "web_search_options");
    }

    fn tool(&mut self, index: usize, tell: impl FnOnce(&mut Tool)) {
        if !self.tools.iter().any(|it| it.index == index) {
            self.tools.push(Tool { index, searches: false, uses_max: None });
        }
        if let Some(tool) = self.tools.iter_mut().find(|it| it.index == index) {
            tell(tool);
        }
    }

    /// All of it together.
    pub(super) fn told(&self) -> Searches {
        let mut searching = self.tools.iter().filter(|tool| tool.searches).peekable();
        if searching.peek().is_none() && !self.is_offered {
            return Searches::None;
        }
        let sum = searching.try_fold(0_u32, |sum, tool| Some(sum.saturating_add(tool.uses_max?)));
        let sum = sum.filter(|_| !self.is_offered);
        match (sum, self.calls_max) {
            (Some(sum), Some(most)) => Searches::AtMost(sum.min(most)),
            (Some(most), None) | (None, Some(most)) => Searches::AtMost(most),
            (None, None) => Searches::Unstated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Surface;
    use crate::dialect;
    use serde_json::{Value, json};

    fn told(surface: Surface, more: Value) -> Searches {
        let mut body = json!({ "model": "m" });
        let asked = if surface == Surface::OpenAiResponses { "input" } else { "messages" };
        body[asked] = json!([{ "role": "user", "content": "x" }]);
        for (key, value) in more.as_object().unwrap() {
            body[key.as_str()] = value.clone();
        }
        dialect::of(surface).read(body.to_string().into_bytes().into()).unwrap().searches
    }

    #[test]
    fn a_request_says_how_often_its_provider_may_search() {
        use Surface::{
            AnthropicMessages as Messages, OpenAiChat as Chat, OpenAiResponses as Responses,
        };
        let claude = |uses: Value| json!({ "type": "web_search_20250305", "name": "web_search", "max_uses": uses });
        let function =
            json!({ "type": "function", "function": { "name": "web_search", "max_uses": 9 } });
        for (surface, more, searches) in [
            (Messages, json!({}), Searches::None),
            (Messages, json!({ "tools": [claude(json!(3))] }), Searches::AtMost(3)),
            (Messages, json!({ "tools": [claude(Value::Null)] }), Searches::Unstated),
            (
                Messages,
                json!({ "tools": [claude(json!(3)), claude(json!(2))] }),
                Searches::AtMost(5),
            ),
            (
                Messages,
                json!({ "tools": [{ "max_uses": 4, "name": "w", "type": "web_search_20260209" }] }),
                Searches::AtMost(4),
            ),
            (
                Messages,
                json!({ "tools": [{ "name": "web_search", "input_schema": {} }] }),
                Searches::None,
            ),
            (Responses, json!({ "tools": [{ "type": "web_search" }] }), Searches::Unstated),
            (
                Responses,
                json!({ "tools": [{ "type": "web_search_preview" }], "max_tool_calls": 2 }),
                Searches::AtMost(2),
            ),
            (
                Responses,
                json!({ "tools": [{ "type": "web_search", "max_uses": 5 }], "max_tool_calls": 2 }),
                Searches::AtMost(2),
            ),
            (
                Responses,
                json!({ "tools": [{ "type": "web_search", "max_uses": 1 }], "max_tool_calls": 2 }),
                Searches::AtMost(1),
            ),
            (Responses, json!({ "max_tool_calls": 2 }), Searches::None),
            (Chat, json!({ "tools": [function] }), Searches::None),
            (Chat, json!({ "web_search_options": {} }), Searches::Unstated),
            (Chat, json!({ "web_search_options": null }), Searches::None),
            (Chat, json!({ "plugins": [{ "id": "web" }] }), Searches::Unstated),
            (Chat, json!({ "plugins": [{ "id": "file-parser" }] }), Searches::None),
        ] {
            assert_eq!(told(surface, more.clone()), searches, "{more}");
        }
    }
}
