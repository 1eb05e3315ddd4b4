//! The vendor's other interfaces: completions, responses and embeddings.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use smallvec::SmallVec;

use super::chat::edit::{Changes, edited};
use super::chat::{Vendor, hear};
use super::{Ear, Heard, OPENAI, Part, Place, Provider, Refusal, Written, said_in_error};
use crate::chat::talk::{Said, Talk};
use crate::chat::usage::{Extra, Extras};
use crate::chat::{Request, Surface, Usage};
use crate::dialect::json::{Maybe, Text};
use crate::dialect::translate::{UNKNOWN, Untranslatable, no};
use crate::money::Tokens;

pub(super) static COMPLETIONS: More =
    More { surface: Surface::OpenAiCompletions, path: "/completions", limit: "max_tokens" };

pub(super) static RESPONSES: More =
    More { surface: Surface::OpenAiResponses, path: "/responses", limit: "max_output_tokens" };

pub(super) static EMBEDDINGS: More = More {
    surface: Surface::OpenAiEmbeddings,
    path: "/embeddings",
    // Nothing is generated, so no limit is ever missing.
    limit: "max_tokens",
};

/// One of the interfaces: what it calls things differs, and how it streams.
#[derive(Debug)]
pub(super) struct More {
    surface: Surface,
    path: &'static str,
    limit: &'static str,
}

impl Provider for More {
    fn name(&self) -> &'static str {
        OPENAI.name()
    }

    fn surface(&self) -> Option<Surface> {
        Some(self.surface)
    }

    fn base_url(&self) -> &'static str {
        OPENAI.base_url()
    }

    fn path(&self, _: &Place<'_>) -> String {
        self.path.to_owned()
    }

    fn authorization(&self, key: &str) -> (&'static str, String) {
        OPENAI.authorization(key)
    }

    fn outgoing(
        &self,
        request: &Request,
        model: &str,
        output_max: Tokens,
    ) -> Result<Bytes, Untranslatable> {
        let limit = (self.limit, output_max);
        edited(request, Changes { model, limit, asks_usage: true, ..Changes::NONE })
    }

    fn write(&self, _: &Talk<'_>, _: &str, _: Tokens) -> Result<Written, Untranslatable> {
        // Requests of other interfaces go where chat completions are spoken.
        Err(no("model", UNKNOWN))
    }

    fn usage(&self, reply: &[u8]) -> Option<Usage> {
        let usage = hear::usage(&Vendor::USUAL, reply)?;
        let is_response = self.surface == Surface::OpenAiResponses;
        Some(if is_response { usage.with_pieces(Tools::of(reply).pieces) } else { usage })
    }

    fn whole<'a>(&self, reply: &'a [u8]) -> Option<Vec<Said<'a>>> {
        let Reply { choices, output } = serde_json::from_slice(reply).ok()?;
        // Thoughts of a response are no words of its answer.
        let items =
            output.into_iter().filter(|item| item.kind.as_ref().is_none_or(|it| it.0 == "message"));
        let words = choices.into_iter().chain(items.flat_map(|item| item.content));
        Some(words.filter_map(|words| words.text).map(|text| Said::Text(text.0)).collect())
    }

    fn ear(&self) -> Box<dyn Ear> {
        if self.surface == Surface::OpenAiResponses {
            Box::new(Listening::default())
        } else {
            Box::new(hear::Listening::new(hear::Ways::of(&Vendor::USUAL)))
        }
    }

    fn refusal(&self, body: &[u8]) -> Option<Refusal> {
        said_in_error(body)
    }
}

/// The words of a whole reply: the choices of a completion, or what a response puts out.
#[derive(Deserialize)]
struct Reply<'a> {
    #[serde(borrow, default)]
    choices: Vec<Words<'a>>,
    #[serde(borrow, default)]
    output: Vec<Item<'a>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    content: Vec<Words<'a>>,
}

#[derive(Deserialize)]
struct Words<'a> {
    #[serde(borrow)]
    text: Option<Text<'a>>,
}

/// What tools of the provider's did for a response: the usage does not say, what it puts out does.
#[derive(Clone, Debug, Default)]
struct Tools {
    pieces: Extras,
    /// The containers in which programs ran; each is billed once.
    containers: SmallVec<[u64; 2]>,
}

impl Tools {
    /// Those of a whole response.
    fn of(response: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Response<'a> {
            #[serde(borrow, default)]
            output: Vec<Put<'a>>,
        }
        let response = serde_json::from_slice::<Response<'_>>(response);
        let mut tools = Self::default();
        for put in response.map(|it| it.output).unwrap_or_default() {
            tools.hear(&put);
        }
        tools
    }

    fn hear(&mut self, put: &Put<'_>) {
        let Some(piece) = put.piece() else { return };
        if piece == Extra::CodeSession {
            let mut digest = DefaultHasher::new();
            put.container_id.0.hash(&mut digest);
            let container = digest.finish();
            if self.containers.contains(&container) {
                return;
            }
            self.containers.push(container);
        }
        self.pieces = self.pieces.and_one(piece);
    }
}

/// Something that a response puts out.
#[derive(Deserialize)]
struct Put<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    action: Option<&'a RawValue>,
    #[serde(borrow, default)]
    container_id: Maybe<'a>,
    /// Where a shell runs.
    #[serde(borrow)]
    environment: Option<&'a RawValue>,
}

impl Put<'_> {
    /// What it is billed by, if it is the call of a tool that the provider runs.
    fn piece(&self) -> Option<Extra> {
        match &*self.kind.as_ref()?.0 {
            "web_search_call" => (!self.reads()).then_some(Extra::WebSearch),
            "file_search_call" => Some(Extra::FileSearch),
            "code_interpreter_call" => Some(Extra::CodeSession),
            "function_call" | "custom_tool_call" | "computer_call" | "local_shell_call"
            | "apply_patch_call" | "tool_search_call" => None,
            "shell_call" => {
                let environment = self.environment.map_or("", RawValue::get);
                environment.contains("container").then_some(Extra::CodeSession)
            }
            other => other.ends_with("_call").then_some(Extra::ProviderTool),
        }
    }

    /// Whether it reads a page that was found: that costs its tokens, not another search.
    fn reads(&self) -> bool {
        #[derive(Deserialize)]
        struct Action<'a> {
            #[serde(borrow, rename = "type")]
            kind: Cow<'a, str>,
        }
        let action = self.action.and_then(|it| serde_json::from_str::<Action<'_>>(it.get()).ok());
        action.is_some_and(|it| matches!(&*it.kind, "open_page" | "find_in_page"))
    }
}

/// Listens to the events of a response. The last one says everything again, but for servers that leave
/// out what they have sent.
#[derive(Debug, Default)]
struct Listening {
    tools: Tools,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    /// A text in every event that has one.
    #[serde(borrow)]
    delta: Option<&'a RawValue>,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
    #[serde(borrow)]
    item: Option<&'a RawValue>,
}

impl Ear for Listening {
    fn hear<'a>(&mut self, data: &'a [u8]) -> Heard<'a> {
        let Ok(event) = serde_json::from_slice::<Event<'a>>(data) else { return Heard::default() };
        let mut heard = Heard::default();
        if let Some(delta) = event.delta {
            let text = serde_json::from_str::<Text<'a>>(delta.get());
            heard.said.push(Said::Text(text.map_or(Cow::Borrowed(delta.get()), |it| it.0)));
        }
        let seen = self.tools.pieces;
        let usage = || {
            let response = event.response?.get().as_bytes();
            let usage = hear::usage(&Vendor::USUAL, response)?;
            Some(usage.with_pieces(Tools::of(response).pieces.max(seen)))
        };
        match &*event.kind {
            "response.completed" | "response.incomplete" => {
                heard.usage = usage();
                heard.part = Part::Last;
            }
            "response.failed" | "response.cancelled" => {
                heard.usage = usage();
                heard.part = Part::Error;
            }
            "error" => heard.part = Part::Error,
            "response.output_item.done" => {
                let item = event.item.and_then(|it| serde_json::from_str::<Put<'_>>(it.get()).ok());
                if let Some(put) = item {
                    self.tools.hear(&put);
                }
            }
            _ => {}
        }
        heard
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect;
    use serde_json::{Value, json};
    use smallvec::SmallVec;

    fn sent(more: &More, body: &Value) -> (Bytes, Bytes) {
        let bytes = Bytes::from(body.to_string());
        let request = dialect::of(more.surface).read(bytes.clone()).unwrap();
        (bytes, more.outgoing(&request, "m", Tokens(99)).unwrap())
    }

    #[test]
    fn bodies_are_forwarded_as_they_came_but_for_model_and_limit() {
        for (more, body) in [
            (&COMPLETIONS, json!({"model": "m", "prompt": "é", "max_tokens": 5, "x": 1.50})),
            (&RESPONSES, json!({"model": "m", "input": "é", "max_output_tokens": 5, "x": [{}]})),
            (&EMBEDDINGS, json!({"model": "m", "input": ["é", "f"], "dimensions": 7})),
        ] {
            let (came, left) = sent(more, &body);
            assert_eq!(left.as_ptr(), came.as_ptr(), "{}: the very same memory", more.path);
        }
        for (more, body, added) in [
            (&COMPLETIONS, json!({"prompt": "x"}), json!({"max_tokens": 99})),
            (&COMPLETIONS, json!({"prompt": "x", "max_tokens": null}), json!({"max_tokens": 99})),
            (
                &COMPLETIONS,
                json!({"prompt": "x", "max_tokens": 3, "stream": true}),
                json!({"stream_options": {"include_usage": true}}),
            ),
            (
                &RESPONSES,
                json!({"input": "x", "stream": true, "max_output_tokens": null}),
                json!({"max_output_tokens": 99}),
            ),
            (&EMBEDDINGS, json!({"input": "x"}), json!({})),
        ] {
            let mut body = body;
            body["model"] = "auto".into();
            let (_, left) = sent(more, &body);
            body["model"] = "m".into();
            for (key, value) in added.as_object().unwrap() {
                body[key.as_str()] = value.clone();
            }
            assert_eq!(serde_json::from_slice::<Value>(&left).unwrap(), body, "{}", more.path);
            let doubled = String::from_utf8(left.to_vec()).unwrap();
            assert_eq!(doubled.matches(&format!("\"{}\"", more.limit)).count().max(1), 1);
        }
    }

    #[test]
    fn the_words_of_whole_replies_are_read() {
        let said = |more: &More, body: Value| -> Vec<String> {
            let body = body.to_string();
            let said = more.whole(body.as_bytes()).unwrap();
            said.iter().filter_map(Said::text).map(str::to_owned).collect()
        };
        let completion =
            json!({"object": "text_completion", "choices": [{"text": "bill\"ing", "index": 0}]});
        assert_eq!(said(&COMPLETIONS, completion), ["bill\"ing"]);
        let response = json!({"object": "response", "output": [
            {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "hm"}]},
            {"type": "message", "content": [{"type": "output_text", "text": "billing"}, {"type": "refusal"}]},
            {"type": "function_call", "name": "f"}]});
        assert_eq!(said(&RESPONSES, response), ["billing"]);
        assert_eq!(RESPONSES.whole(b"{"), None);
    }

    #[test]
    fn the_events_of_a_response_are_heard() {
        let delta =
            json!({"type": "response.output_text.delta", "delta": "Hello \"there\""}).to_string();
        let mut ear = RESPONSES.ear();
        let heard = ear.hear(delta.as_bytes());
        let said: Vec<&str> = heard.said.iter().filter_map(Said::text).collect();
        assert_eq!((said, heard.part), (vec!["Hello \"there\""], Part::Answer));
        let hear = |event: Value| {
            let event = event.to_string();
            let heard = RESPONSES.ear().hear(event.as_bytes());
            Heard {
                said: SmallVec::new(),
                usage: heard.usage,
                ..Heard { part: heard.part, ..Heard::default() }
            }
        };
        let usage = json!({"input_tokens": 7, "output_tokens": 3, "total_tokens": 10,
            "output_tokens_details": {"reasoning_tokens": 1}});
        for kind in ["response.completed", "response.incomplete"] {
            let heard = hear(json!({"type": kind, "response": {"usage": usage}}));
            assert_eq!(heard.part, Part::Last);
            let usage = heard.usage.unwrap();
            assert_eq!(
                (usage.input_uncached, usage.output, usage.reasoning),
                (Tokens(7), Tokens(2), Tokens(1))
            );
        }
        assert_eq!(hear(json!({"type": "response.failed", "response": {}})).part, Part::Error);
        assert_eq!(hear(json!({"type": "error", "message": "x"})).part, Part::Error);
        assert_eq!(hear(json!({"type": "response.created", "response": {}})).part, Part::Answer);
        let mut ear = COMPLETIONS.ear();
        let heard = ear.hear(br#"{"choices":[{"text":"Hello there"}]}"#);
        assert!(heard.said.contains(&Said::Text("Hello there".into())));
        let whole = br#"{"data":[],"usage":{"prompt_tokens":8,"total_tokens":8}}"#;
        assert_eq!(EMBEDDINGS.usage(whole).unwrap().input_uncached, Tokens(8));
    }
}
