//! A messages request as a conversation that any vendor can be asked to continue.

use std::borrow::Cow;

use crate::chat::Role;
use crate::chat::talk::{Call, Choosing, Format, Given, Kind, Media, Part, Talk, Tool, ToolAnswer};
use crate::dialect::json::Json;
use crate::dialect::translate::{Fields, MALFORMED, UNKNOWN, Untranslatable, no};
use crate::money::Tokens;

pub(super) fn read(body: &[u8]) -> Result<Talk<'_>, Untranslatable> {
    let top = Json::read(body).ok_or_else(|| no("body", MALFORMED))?;
    let mut top = Fields::of(top, "")?;
    let mut talk = Talk { list: "messages", ..Talk::default() };
    // The target's own model answers.
    top.take("model");
    if let Some(system) = top.take("system") {
        let texts = texts(system, "system")?;
        if !texts.is_empty() {
            let part = |text| Part { turn: None, kind: Kind::Text(text) };
            talk.say(Role::System, texts.into_iter().map(part));
        }
    }
    for (index, message) in top.list("messages")?.into_iter().enumerate() {
        turn(message, index, &mut talk)?;
    }
    for (index, it) in top.list("tools")?.into_iter().enumerate() {
        talk.tools.push(tool(it, index)?);
    }
    if let Some(choice) = top.take("tool_choice") {
        tool_choice(choice, &mut talk)?;
    }
    talk.streams = top.truth("stream")? == Some(true);
    talk.temperature = top.real("temperature")?;
    talk.top_p = top.real("top_p")?;
    talk.top_k = top.number("top_k", serde_json::Number::as_u64)?;
    talk.stop = stops(&mut top)?;
    let limit = |it: &serde_json::Number| it.as_u64().and_then(|it| u32::try_from(it).ok());
    talk.output_max = top.number("max_tokens", limit)?.map(|it| Tokens(it.value));
    if let Some(Json::Object(labels)) = top.take("metadata") {
        // The caller's other labels are for us.
        let user = labels.into_iter().find(|(key, _)| key == "user_id");
        if let Some((_, Json::Text(user))) = user {
            talk.user = Some(user);
        }
    }
    if let Some(config) = top.take("output_config") {
        let mut config = Fields::of(config, "output_config")?;
        let value = config.take("format").map(format).transpose()?;
        talk.format = value.map(|value| Given { name: "output_config.format", value });
        config.done()?;
    }
    top.done_but(is_without_effect)?;
    Ok(talk)
}

fn is_without_effect(key: &str, value: &Json<'_>) -> bool {
    match key {
        "thinking" => value.get("type").and_then(Json::as_text) == Some("disabled"),
        "service_tier" => matches!(value.as_text(), Some("auto" | "standard_only")),
        _ => false,
    }
}

fn stops<'a>(top: &mut Fields<'a>) -> Result<Option<Given<Vec<Cow<'a, str>>>>, Untranslatable> {
    let name = "stop_sequences";
    let texts =
        top.list(name)?.into_iter().map(|item| item.into_text().ok_or_else(|| no(name, MALFORMED)));
    let value = texts.collect::<Result<Vec<_>, _>>()?;
    Ok((!value.is_empty()).then_some(Given { name, value }))
}

fn turn<'a>(message: Json<'a>, index: usize, talk: &mut Talk<'a>) -> Result<(), Untranslatable> {
    let mut message = Fields::of(message, format!("messages[{index}]"))?;
    let role = message.text("role")?;
    let role = match &*role {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        _ => return Err(no(message.path("role"), UNKNOWN)),
    };
    let at = message.path("content");
    let part = |kind| Part { turn: Some(index), kind };
    let parts = match message.take("content") {
        Some(Json::Text(text)) => vec![part(Kind::Text(text))],
        Some(Json::List(items)) => {
            let mut parts = Vec::with_capacity(items.len());
            for (number, item) in items.into_iter().enumerate() {
                let kind = block(item, role, format!("{at}[{number}]"))?;
                parts.extend(kind.map(part));
            }
            parts
        }
        _ => return Err(no(at, MALFORMED)),
    };
    talk.say(role, parts);
    message.done()
}

/// A block of content; nothing for what another vendor's model has no use for.
fn block(block: Json<'_>, role: Role, at: String) -> Result<Option<Kind<'_>>, Untranslatable> {
    let mut block = Fields::of(block, at)?;
    // Marks for the provider's cache change no answer.
    block.take("cache_control");
    let kind = block.text("type")?;
    let read = match (&*kind, role) {
        ("text", _) => {
            // Where an answer came from is told with it, not asked.
            block.take("citations");
            Kind::Text(block.text("text")?)
        }
        ("image", Role::User) => Kind::Image(source(&mut block)?),
        ("document", Role::User) => {
            let name = block.text_if_any("title")?;
            Kind::File(source(&mut block)?, name)
        }
        ("tool_result", Role::User) => {
            let id = block.text("tool_use_id")?;
            let at = block.path("content");
            let texts = block.take("content").map_or(Ok(Vec::new()), |it| texts(it, &at))?;
            let is_error = block.truth("is_error")? == Some(true);
            Kind::Answer(ToolAnswer { id, texts, is_error })
        }
        ("tool_use", Role::Assistant) => {
            let (id, name) = (block.text("id")?, block.text("name")?);
            let input = block.take("input").map_or_else(|| "{}".to_owned(), |it| it.written());
            Kind::Call(Call { id, name, arguments: input.into(), signature: None })
        }
        ("thinking" | "redacted_thinking", Role::Assistant) => return Ok(None),
        _ => return Err(no(block.path("type"), UNKNOWN)),
    };
    block.done()?;
    Ok(Some(read))
}

/// A text, or blocks of text.
fn texts<'a>(content: Json<'a>, at: &str) -> Result<Vec<Cow<'a, str>>, Untranslatable> {
    match content {
        Json::Text(text) => Ok(vec![text]),
        Json::List(items) => {
            let items = items.into_iter().enumerate();
            items.map(|(number, it)| text_block(it, format!("{at}[{number}]"))).collect()
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => Err(no(at, MALFORMED)),
    }
}

fn text_block(block: Json<'_>, at: String) -> Result<Cow<'_, str>, Untranslatable> {
    let mut block = Fields::of(block, at)?;
    block.take("cache_control");
    if block.text("type")? != "text" {
        return Err(no(block.path("type"), UNKNOWN));
    }
    let text = block.text("text")?;
    block.done()?;
    Ok(text)
}

fn source<'a>(block: &mut Fields<'a>) -> Result<Media<'a>, Untranslatable> {
    let mut source = block.object("source")?;
    let media = match &*source.text("type")? {
        "url" => Media::At(source.text("url")?),
        "base64" => {
            Media::Here { media_type: source.text("media_type")?, data: source.text("data")? }
        }
        _ => return Err(no(source.path("type"), UNKNOWN)),
    };
    source.done()?;
    Ok(media)
}

fn tool(tool: Json<'_>, index: usize) -> Result<Tool<'_>, Untranslatable> {
    let mut tool = Fields::of(tool, format!("tools[{index}]"))?;
    // The vendor's own tools (search, code execution) have other types.
    if tool.text_if_any("type")?.is_some_and(|it| it != "custom") {
        return Err(no(tool.path("type"), UNKNOWN));
    }
    tool.take("cache_control");
    let out = Tool {
        name: tool.text("name")?,
        description: tool.text_if_any("description")?,
        schema: tool.take("input_schema").map(|it| it.written()),
        strict: tool.truth("strict")?,
    };
    tool.done()?;
    Ok(out)
}

fn tool_choice<'a>(choice: Json<'a>, talk: &mut Talk<'a>) -> Result<(), Untranslatable> {
    let mut choice = Fields::of(choice, "tool_choice")?;
    talk.choice = Some(match &*choice.text("type")? {
        "auto" => Choosing::Auto,
        "any" => Choosing::Any,
        "none" => Choosing::Never,
        "tool" => Choosing::One(choice.text("name")?),
        _ => return Err(no(choice.path("type"), UNKNOWN)),
    });
    let is_one = choice.truth("disable_parallel_tool_use")? == Some(true);
    let name = "tool_choice.disable_parallel_tool_use";
    talk.calls_one = (is_one && !talk.tools.is_empty()).then_some(Given { name, value: () });
    choice.done()
}

fn format(format: Json<'_>) -> Result<Format<'_>, Untranslatable> {
    let mut format = Fields::of(format, "output_config.format")?;
    if format.text("type")? != "json_schema" {
        return Err(no(format.path("type"), UNKNOWN));
    }
    let schema = format.take("schema").map(|it| it.written());
    let schema = schema.ok_or_else(|| no(format.path("schema"), MALFORMED))?;
    format.done()?;
    Ok(Format::Schema { name: None, description: None, schema })
}
