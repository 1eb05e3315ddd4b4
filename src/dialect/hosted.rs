//! Which tools a request lets its provider run, and how often: what they may cost is part of the bound.

use smallvec::SmallVec;

use super::walk::Step;
use crate::chat::usage::Extra;
use crate::chat::{Hosted, Uses};

/// What the tools of a request say, while its body is walked.
#[derive(Debug, Default)]
pub(super) struct Offers {
    tools: SmallVec<[Tool; 4]>,
    /// What is offered beside the tools, without a number.
    beside: SmallVec<[Extra; 2]>,
    /// The most calls of all tools of the provider together.
    calls_max: Option<u32>,
}

#[derive(Debug)]
struct Tool {
    index: usize,
    /// What it is billed by, if the provider runs it.
    piece: Option<Extra>,
    /// A shell that the client runs, after all.
    is_local: bool,
    uses_max: Option<u32>,
}

/// Tools that the client runs, or that cost nothing beside their tokens.
const WITHOUT_FEES: [&str; 6] =
    ["function", "custom", "local_shell", "apply_patch", "namespace", "programmatic_tool_calling"];
/// The same with a date or a version behind the name.
const WITHOUT_FEES_DATED: [&str; 5] =
    ["bash_", "text_editor_", "computer", "memory_", "tool_search"];

/// What a tool is billed by, if the provider runs it. One that nobody here has heard of is taken to be such.
fn piece(kind: &str) -> Option<Extra> {
    let dated = |known: &[&str]| known.iter().any(|known| kind.starts_with(known));
    if WITHOUT_FEES.contains(&kind) || dated(&WITHOUT_FEES_DATED) {
        None
    } else if dated(&["web_search"]) {
        // `web_search`, `web_search_preview`, `web_search_20250305` and what comes next.
        Some(Extra::WebSearch)
    } else if kind == "file_search" {
        Some(Extra::FileSearch)
    } else if dated(&["code_interpreter", "code_execution", "shell"]) {
        Some(Extra::CodeSession)
    } else {
        Some(Extra::ProviderTool)
    }
}

/// What a plugin of `OpenRouter` is billed by.
fn plugin(id: &str) -> Option<Extra> {
    match id {
        "web" => Some(Extra::WebSearch),
        "response-healing" | "context-compression" => None,
        _ => Some(Extra::ProviderTool),
    }
}

impl Offers {
    /// A text of the body: `tools[0].type` of Anthropic, OpenAI and others, `plugins[0].id` of `OpenRouter`,
    /// `mcp_servers[0].url` of Anthropic.
    pub(super) fn text(&mut self, path: &[Step<'_>], text: &str) {
        match path {
            [Step::Key(tools), Step::Index(index), Step::Key(key)]
                if tools == "tools" && key == "type" =>
            {
                let piece = piece(text);
                self.tool(*index, |tool| tool.piece = tool.piece.or(piece));
            }
            [Step::Key(tools), Step::Index(index), Step::Key(environment), Step::Key(key)]
                if tools == "tools" && environment == "environment" && key == "type" =>
            {
                self.tool(*index, |tool| tool.is_local = text == "local");
            }
            [Step::Key(plugins), Step::Index(_), Step::Key(key)]
                if plugins == "plugins" && key == "id" =>
            {
                self.beside.extend(plugin(text));
            }
            [Step::Key(servers), Step::Index(_), ..] if servers == "mcp_servers" => {
                self.beside.push(Extra::ProviderTool);
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
        if matches!(path, [Step::Key(key)] if key == "web_search_options") {
            self.beside.push(Extra::WebSearch);
        }
    }

    fn tool(&mut self, index: usize, tell: impl FnOnce(&mut Tool)) {
        if !self.tools.iter().any(|it| it.index == index) {
            self.tools.push(Tool { index, piece: None, is_local: false, uses_max: None });
        }
        if let Some(tool) = self.tools.iter_mut().find(|it| it.index == index) {
            tell(tool);
        }
    }

    /// All of it together.
    pub(super) fn told(&self) -> Hosted {
        Hosted {
            searches: self.uses(Extra::WebSearch),
            files: self.uses(Extra::FileSearch),
            code: self.uses(Extra::CodeSession),
            others: self.uses(Extra::ProviderTool),
        }
    }

    fn uses(&self, piece: Extra) -> Uses {
        let is_beside = self.beside.contains(&piece);
        let is_it = |tool: &&Tool| tool.piece == Some(piece) && !tool.is_local;
        let mut tools = self.tools.iter().filter(is_it).peekable();
        if tools.peek().is_none() && !is_beside {
            return Uses::None;
        }
        let sum = tools.try_fold(0_u32, |sum, tool| Some(sum.saturating_add(tool.uses_max?)));
        let sum = sum.filter(|_| !is_beside);
        match (sum, self.calls_max) {
            (Some(sum), Some(most)) => Uses::AtMost(sum.min(most)),
            (Some(most), None) | (None, Some(most)) => Uses::AtMost(most),
            (None, None) => Uses::Unstated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Surface;
    use crate::dialect;
    use serde_json::{Value, json};

    fn told(surface: Surface, more: Value) -> Hosted {
        let mut body = json!({ "model": "m" });
        let asked = if surface == Surface::OpenAiResponses { "input" } else { "messages" };
        body[asked] = json!([{ "role": "user", "content": "x" }]);
        for (key, value) in more.as_object().unwrap() {
            body[key.as_str()] = value.clone();
        }
        dialect::of(surface).read(body.to_string().into_bytes().into()).unwrap().hosted
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
            (Messages, json!({}), Uses::None),
            (Messages, json!({ "tools": [claude(json!(3))] }), Uses::AtMost(3)),
            (Messages, json!({ "tools": [claude(Value::Null)] }), Uses::Unstated),
            (Messages, json!({ "tools": [claude(json!(3)), claude(json!(2))] }), Uses::AtMost(5)),
            (
                Messages,
                json!({ "tools": [{ "max_uses": 4, "name": "w", "type": "web_search_20260209" }] }),
                Uses::AtMost(4),
            ),
            (
                Messages,
                json!({ "tools": [{ "name": "web_search", "input_schema": {} }] }),
                Uses::None,
            ),
            (Responses, json!({ "tools": [{ "type": "web_search" }] }), Uses::Unstated),
            (
                Responses,
                json!({ "tools": [{ "type": "web_search_preview" }], "max_tool_calls": 2 }),
                Uses::AtMost(2),
            ),
            (
                Responses,
                json!({ "tools": [{ "type": "web_search", "max_uses": 5 }], "max_tool_calls": 2 }),
                Uses::AtMost(2),
            ),
            (
                Responses,
                json!({ "tools": [{ "type": "web_search", "max_uses": 1 }], "max_tool_calls": 2 }),
                Uses::AtMost(1),
            ),
            (Responses, json!({ "max_tool_calls": 2 }), Uses::None),
            (Chat, json!({ "tools": [function] }), Uses::None),
            (Chat, json!({ "web_search_options": {} }), Uses::Unstated),
            (Chat, json!({ "web_search_options": null }), Uses::None),
            (Chat, json!({ "plugins": [{ "id": "web" }] }), Uses::Unstated),
            (Chat, json!({ "plugins": [{ "id": "file-parser" }] }), Uses::None),
        ] {
            let hosted = told(surface, more.clone());
            assert_eq!(hosted, Hosted { searches, ..hosted }, "{more}");
        }
    }

    #[test]
    fn what_a_provider_runs_is_told_from_what_the_client_runs() {
        use Surface::{
            AnthropicMessages as Messages, OpenAiChat as Chat, OpenAiResponses as Responses,
        };
        let one = |kind: &str| json!({ "tools": [{ "type": kind, "name": "t" }] });
        let none = Hosted::default();
        let (code, files) =
            (Hosted { code: Uses::Unstated, ..none }, Hosted { files: Uses::Unstated, ..none });
        let others = Hosted { others: Uses::Unstated, ..none };
        let mut rows = vec![
            (Responses, one("file_search"), files),
            (Responses, one("code_interpreter"), code),
            (Responses, one("shell"), code),
            (
                Responses,
                json!({ "tools": [{ "type": "shell", "environment": { "type": "local" } }] }),
                none,
            ),
            (Responses, one("image_generation"), others),
            (Responses, one("mcp"), others),
            (Responses, one("what_comes_next"), others),
            (Messages, one("code_execution_20250825"), code),
            (Messages, one("web_fetch_20250910"), others),
            (
                Messages,
                json!({ "mcp_servers": [{ "type": "url", "url": "https://a.example", "name": "a" }] }),
                others,
            ),
            (Messages, json!({ "mcp_servers": [] }), none),
            (Messages, json!({ "tools": [{ "name": "mine", "input_schema": {} }] }), none),
            (Chat, json!({ "plugins": [{ "id": "file-parser" }] }), others),
            (Chat, json!({ "plugins": [{ "id": "response-healing" }] }), none),
            (Chat, one("retrieval"), others),
            (
                Messages,
                json!({ "tools": [{ "type": "web_fetch_20250910", "max_uses": 2 }] }),
                Hosted { others: Uses::AtMost(2), ..none },
            ),
            (
                Responses,
                json!({ "tools": [{ "type": "file_search" }, { "type": "mcp" }], "max_tool_calls": 4 }),
                Hosted { files: Uses::AtMost(4), others: Uses::AtMost(4), ..none },
            ),
        ];
        rows.extend(
            ["function", "custom", "computer_use_preview", "local_shell", "apply_patch"]
                .map(|kind| (Responses, one(kind), none)),
        );
        rows.extend(
            ["bash_20250124", "text_editor_20250728", "computer_20250124", "memory_20250818"]
                .map(|kind| (Messages, one(kind), none)),
        );
        for (surface, more, hosted) in rows {
            assert_eq!(told(surface, more.clone()), hosted, "{more}");
        }
    }
}
